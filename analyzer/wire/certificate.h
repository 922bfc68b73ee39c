#ifndef XR_CERTIFICATE_H
#define XR_CERTIFICATE_H

#include <openssl/x509.h>

#include "analyzer/wire/tls.h"

/* The parts of wire/tls that speak OpenSSL's types. Included by tls.c, certificate.c and judge.c
 * only. */

struct xr_trust {
    X509_STORE *store;
};

/* Everything about one certificate that reports show. position and depth are -1. */
struct xr_certificate *xr_certificate_describe(struct xr_arena *arena, X509 *certificate);
const char *xr_certificate_name(struct xr_arena *arena, const X509_NAME *name);
int64_t xr_asn1_time_ms(const ASN1_TIME *time);

/* Fills certificates, flaws, leaf_sha256 and trusted from the chain as sent (leaf first). */
void xr_judge(struct xr_arena *arena, const struct xr_net *net, const char *host,
    STACK_OF(X509) * sent, struct xr_tls_session *ret);

/* What a stapled OCSP answer says about the leaf; adds XR_FLAW_REVOKED. Needs xr_judge() before. */
void xr_judge_staple(struct xr_arena *arena, const struct xr_net *net, STACK_OF(X509) * sent,
    const unsigned char *der, long length, struct xr_tls_session *session);

#endif
