#ifndef XR_CERTIFICATE_H
#define XR_CERTIFICATE_H

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "analyzer/wire/chain.h"

/* The parts of wire/tls, wire/chain and wire/revocation that speak OpenSSL's types. */

struct xr_trust {
    X509_STORE *store;
    bool only; /* made of files that were named one by one: each certificate in them is an anchor */
    struct xr_judge_memo *memo; /* NULL: nothing is remembered; see wire/judge.h */
};

/* NULL: these bytes are no certificate, or more than one. The caller ends it with X509_free(). */
X509 *xr_certificate_read(struct xr_der der);

/*
 * Whoever looks into a store holds this lock meanwhile, for as short a time as can be: OpenSSL 3.0
 * loads roots from a folder on demand, and compares their names while another thread may still be
 * filling them in (TSan). Not recursive; xr_chain_judge() and xr_judge_staple() take it themselves.
 */
void xr_verify_lock(void);
void xr_verify_unlock(void);

/* Adds a flaw, unless the session has one of its kind at this depth. */
void xr_flaw_add(struct xr_arena *arena, struct xr_tls_session *session, enum xr_flaw flaw,
    int depth, int code, const char *text);

/* The certificate at this depth of the chain that was built, or NULL. */
const struct xr_certificate *xr_certificate_at(const struct xr_tls_session *session, int depth);

/* Everything about one certificate that reports show. position and depth are -1. */
struct xr_certificate *xr_certificate_describe(struct xr_arena *arena, X509 *certificate);
const char *xr_certificate_sha256(struct xr_arena *arena, const X509 *certificate);
const char *xr_certificate_name(struct xr_arena *arena, const X509_NAME *name);

/* What a certificate names to fetch something from: of http addresses the first three, none twice.
 */
enum { XR_URLS_MAX = 3 };

enum xr_url_kind { XR_URL_ISSUER, XR_URL_OCSP, XR_URL_CRL };

struct xr_urls {
    const char *http[XR_URLS_MAX]; /* NULL behind the last */
    size_t n;
    const char *other; /* the first that nobody is asked by: "ldap:///..."; NULL: none */
};

struct xr_urls xr_certificate_urls(
    struct xr_arena *arena, X509 *certificate, enum xr_url_kind kind);
const char *xr_days(struct xr_arena *arena, int64_t n); /* "1 day", "2 days" */
int64_t xr_asn1_time_ms(const ASN1_TIME *time);

/* The same as xr_chain_judge(), of certificates that are read already: sent as they came, leaf
 * first. */
void xr_judge(struct xr_arena *arena, const struct xr_net *net, const char *host,
    STACK_OF(X509) * sent, struct xr_tls_session *ret);

/* What the stapled OCSP answer says about the leaf; keeps it, and adds XR_FLAW_REVOKED. Needs
 * xr_judge() before. */
void xr_judge_staple(struct xr_arena *arena, const struct xr_net *net, const unsigned char *der,
    long length, struct xr_tls_session *session);

#endif
