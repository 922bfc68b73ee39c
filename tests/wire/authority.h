#ifndef XR_TESTS_AUTHORITY_H
#define XR_TESTS_AUTHORITY_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "analyzer/wire/tls.h"

/* Certificates, OCSP answers and lists of revocations, made while a test runs. What cannot be made
 * ends the test. */
struct identity {
    X509 *certificate;
    EVP_PKEY *key;
};

struct identity_spec {
    const char *name; /* CN */
    bool authority;
    const char *issuer_url, *ocsp_url, *crl_url, *purpose; /* NULL: none */
    bool must_staple;
    int from_days, to_days; /* from now; both 0: -20 to 70 */
    EVP_PKEY *key;          /* NULL: a new one */
    X509 *same_subject;     /* whose subject and key identifier it has, whatever "name" says */
};

/* issuer NULL: signed by itself. */
struct identity identity_make(const struct identity_spec *spec, const struct identity *issuer);
void identity_free(struct identity *identity);
struct xr_der identity_der(struct xr_arena *arena, X509 *certificate);

/* In a file of its own, for xr_trust_only(). */
struct xr_trust *identity_trust(struct xr_arena *arena, const struct identity *root);

struct ocsp_spec {
    const struct identity *subject, *issuer, *signer; /* signer NULL: the issuer */
    int status;                                       /* V_OCSP_CERTSTATUS_* */
    int from_minutes, to_minutes;                     /* from now; both 0: -60 to 60 */
    bool no_end;
    const EVP_MD *id_hash; /* NULL: SHA-1 */
    struct xr_der request; /* whose nonce is copied; empty: no nonce */
    bool wrong_nonce;
};

/* For malloc's free(). */
struct xr_der ocsp_make(const struct ocsp_spec *spec);
struct xr_der ocsp_refusal(int status); /* OCSP_RESPONSE_STATUS_* */

struct crl_spec {
    const struct identity *issuer;
    X509 *revoked;                /* NULL: none */
    int from_minutes, to_minutes; /* as above */
    const char *part;             /* issuingDistributionPoint, in OpenSSL's notation; NULL: none */
    bool delta, critical_unknown, pem;
    EVP_PKEY *key; /* NULL: the issuer's */
};

struct xr_der crl_make(struct xr_arena *arena, const struct crl_spec *spec);

#endif
