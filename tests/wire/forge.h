#ifndef XR_TESTS_FORGE_H
#define XR_TESTS_FORGE_H

#include "analyzer/wire/certificate.h"

/*
 * Certificates with any defect, made while a test runs: what authority.h does not make. What
 * cannot be made ends the test. All of it ends with forge_free().
 */
struct forged {
    X509 *certificate;
    EVP_PKEY *key;
};

enum { FORGED_EXTENSIONS = 4 };

struct forged_extension {
    int nid;
    const char *value; /* OpenSSL's notation, "critical,DER:30:00"; NULL: the one by default is left
                          out */
};

struct forge_spec {
    const char *cn;  /* NULL: an empty name */
    const char *san; /* "DNS:a,IP:127.0.0.1"; NULL: none */
    bool ca;
    int64_t from_s, to_s;    /* since 1970; both 0: 2020 to 2060 */
    const char *key;         /* "P-256" (also NULL), "RSA:1024", "ED25519", "DSA" */
    const struct forged *as; /* has the key of this one */
    const char *issuer_cn;   /* NULL: that of the issuer */
    long version;            /* 0: X509_VERSION_3 */
    int serial;              /* 0: a random one; -1: zero; -2: negative; -3: of 22 octets */
    const char *digest;      /* NULL: SHA256 */
    struct forged_extension extensions[FORGED_EXTENSIONS]; /* nid 0: the end */
};

/* issuer NULL: signed by itself. */
struct forged forge(const struct forge_spec *spec, const struct forged *issuer);
void forge_free(void);

/* A chain as it would be sent, a trust in these roots alone, and the judgement. */
#define SENT(...)  ((const struct forged[]){ __VA_ARGS__, { NULL, NULL } })
#define ROOTS(...) SENT(__VA_ARGS__)

struct verdict {
    struct xr_arena *arena;
    struct xr_tls_session session;
};

struct verdict judged_at(const struct forged *sent, const struct forged *roots, const char *host,
    int64_t at_ms, int warn_days);
struct verdict judged(const struct forged *sent, const struct forged *roots, const char *host);
void verdict_free(struct verdict *verdict);

/* The text of this flaw at this depth, or NULL. depth -1: any. */
const char *told(const struct verdict *verdict, enum xr_flaw flaw, int depth);
/* All that was told, one line each: for the message of an assertion. */
const char *all_told(const struct verdict *verdict);
bool is_usable(const struct verdict *verdict);

#define DAYS(n) ((int64_t)(n)*24 * 3600)
#define NOW_S   (1774000000) /* 2026-03-20: the moment at which tests judge */
#define NOW_MS  (NOW_S * 1000LL)

#endif
