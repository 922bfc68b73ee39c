#include <openssl/evp.h>
#include <openssl/x509.h>

#include "analyzer/wire/certificate.h"
#include "tests/unit.h"

/* Signed by itself; for nobody in particular. */
static X509 *make_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();

    (void)X509_set_version(certificate, X509_VERSION_3);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 365L * 86400);
    (void)X509_set_pubkey(certificate, key);
    (void)X509_sign(certificate, key, EVP_sha256());
    EVP_PKEY_free(key);
    return certificate;
}

static int broken_lookup(X509 **issuer, X509_STORE_CTX *context, X509 *certificate)
{
    (void)issuer, (void)context, (void)certificate;
    return -1;
}

/* When OpenSSL gives up without telling a flaw, silence must not pass for a good certificate. */
START_TEST(a_verification_that_breaks_off_carries_nothing)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_trust trust = { X509_STORE_new() };
    struct xr_net net = { .trust = &trust };
    STACK_OF(X509) *sent = sk_X509_new_null();
    struct xr_tls_session session = { 0 };

    (void)sk_X509_push(sent, make_certificate());
    X509_STORE_set_get_issuer(trust.store, broken_lookup);
    xr_judge(arena, &net, "mail.contoso.test", sent, &session);
    ck_assert_ptr_nonnull(session.certificates);
    ck_assert(!session.trusted);
    ck_assert(!xr_tls_may_carry(&session, false));
    ck_assert(!xr_tls_may_carry(&session, true));
    sk_X509_pop_free(sent, X509_free);
    X509_STORE_free(trust.store);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("judge", a_verification_that_breaks_off_carries_nothing)
