#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "analyzer/wire/ntlm.h"
#include "tests/unit.h"
#include "tests/wire/forge.h"
#include "tests/wire/hex.h"
#include "tests/wire/ntlm_vectors.h"

static struct xr_arena *arena;
static const char *why = "";

static struct xr_ntlm_binding binding_of(X509 *certificate)
{
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);
    struct xr_ntlm_binding binding;

    ck_assert_msg(
        xr_ntlm_binding(arena, (struct xr_der){ der, (size_t)length }, &binding, &why), "%s", why);
    OPENSSL_free(der);
    return binding;
}

START_TEST(the_binding_that_microsoft_published)
{
    arena = xr_arena_new();
    size_t length;
    uint8_t *der = from_hex(bound_certificate, &length);
    struct xr_ntlm_binding binding;

    ck_assert_msg(
        xr_ntlm_binding(arena, (struct xr_der){ der, length }, &binding, &why), "%s", why);
    ck_assert_str_eq(hex_of(arena, binding.bytes, sizeof(binding.bytes)), bound_value);
    ck_assert_str_eq(binding.hash, "SHA256"); /* it is signed with SHA-1 */
    ck_assert(!binding.is_disputed);
    free(der);
    xr_arena_free(arena);
}
END_TEST

/* RFC 5929 4.1, computed in the test from the certificate's bytes. */
START_TEST(the_hash_is_that_of_the_signature)
{
    static const struct {
        const char *key, *digest, *hash;
        bool disputed;
    } cases[] = {
        { "P-256", "SHA256", "SHA256", false },
        { "P-256", "SHA384", "SHA384", false },
        { "RSA:2048", "SHA1", "SHA256", false },
        { "RSA:2048", "MD5", "SHA256", false },
        { "RSA:2048", "SHA256", "SHA256", false },
        { "RSA:2048", "SHA384", "SHA384", true },
        { "RSA:2048", "SHA512", "SHA512", true },
    };

    arena = xr_arena_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct forge_spec spec = { .cn = "a", .key = cases[i].key, .digest = cases[i].digest };
        X509 *certificate = forge(&spec, NULL).certificate;
        struct xr_ntlm_binding binding = binding_of(certificate);
        unsigned char bindings[128] = { 0 }, wanted[EVP_MAX_MD_SIZE];
        unsigned length = 0;
        memcpy(bindings + 20, "tls-server-end-point:", 21);
        ck_assert_int_eq(
            X509_digest(certificate, EVP_get_digestbyname(cases[i].hash), bindings + 41, &length),
            1);
        bindings[16] = (unsigned char)(21 + length);
        ck_assert_int_eq(EVP_Digest(bindings, 41 + length, wanted, NULL, EVP_md5(), NULL), 1);
        ck_assert_mem_eq(binding.bytes, wanted, sizeof(binding.bytes));
        ck_assert_str_eq(binding.hash, cases[i].hash);
        ck_assert_int_eq(binding.is_disputed, cases[i].disputed);
    }
    forge_free();
    xr_arena_free(arena);
}
END_TEST

START_TEST(the_hash_of_a_pss_signature_stands_in_its_parameters)
{
    arena = xr_arena_new();
    struct forge_spec spec = { .cn = "a", .key = "RSA:2048" };
    struct forged made = forge(&spec, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx;

    ck_assert_int_eq(EVP_DigestSignInit(ctx, &key_ctx, EVP_sha384(), NULL, made.key), 1);
    ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING), 0);
    ck_assert_int_gt(X509_sign_ctx(made.certificate, ctx), 0);
    EVP_MD_CTX_free(ctx);
    struct xr_ntlm_binding binding = binding_of(made.certificate);
    ck_assert_str_eq(binding.hash, "SHA384");
    ck_assert(!binding.is_disputed);
    forge_free();
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_certificate_without_a_binding_is_told_so)
{
    arena = xr_arena_new();
    struct forge_spec spec = { .cn = "a", .key = "ED25519" };
    unsigned char *der = NULL;
    int length = i2d_X509(forge(&spec, NULL).certificate, &der);
    struct xr_ntlm_binding binding;

    ck_assert(!xr_ntlm_binding(arena, (struct xr_der){ der, (size_t)length }, &binding, &why));
    ck_assert_str_eq(why, "the server's certificate is signed by ED25519, for which RFC 5929 "
                          "defines no binding");
    ck_assert(!xr_ntlm_binding(arena, (struct xr_der){ der, 10 }, &binding, &why));
    ck_assert_str_eq(why, "the server's certificate cannot be read");
    OPENSSL_free(der);
    forge_free();
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("ntlm_binding", the_binding_that_microsoft_published,
    the_hash_is_that_of_the_signature, the_hash_of_a_pss_signature_stands_in_its_parameters,
    a_certificate_without_a_binding_is_told_so)
