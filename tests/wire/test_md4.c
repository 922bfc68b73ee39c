#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/wire/md4.h"
#include "tests/unit.h"
#include "tests/wire/hex.h"

static void check(const char *text, const char *wanted)
{
    struct xr_arena *arena = xr_arena_new();
    uint8_t digest[XR_MD4_BYTES];

    xr_md4(text, strlen(text), digest);
    ck_assert_str_eq(hex_of(arena, digest, sizeof(digest)), wanted);
    xr_arena_free(arena);
}

/* Appendix A.5. */
START_TEST(the_test_suite_of_rfc_1320)
{
    check("", "31d6cfe0d16ae931b73c59d7e0c089c0");
    check("a", "bde52cb31de33e46245e05fbdbd6fb24");
    check("abc", "a448017aaf21d8525fc10ae87aa6729d");
    check("message digest", "d9130a8164549fe818874806e1c7014b");
    check("abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9");
    check("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        "043f8582f241db351ce627e153e7f0e4");
    check("12345678901234567890123456789012345678901234567890123456789012345678901234567890",
        "e33b4ddc9c38f2199c3e7b164fcc0536");
}
END_TEST

START_TEST(every_length_around_a_block_is_as_openssl_has_it)
{
    enum { LENGTHS = 260 };
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(context, "legacy");
    EVP_MD *md4 = legacy ? EVP_MD_fetch(context, "MD4", NULL) : NULL;

    if (!md4)
        puts("skipped: this OpenSSL has no MD4 to compare with");
    for (size_t length = 0; md4 && length <= LENGTHS; length++) {
        uint8_t *bytes = malloc(length + 1), ours[XR_MD4_BYTES], theirs[XR_MD4_BYTES];
        for (size_t i = 0; i < length; i++)
            bytes[i] = (uint8_t)(i * 7 + length);
        bytes = realloc(bytes, length ? length : 1);
        xr_md4(bytes, length, ours);
        ck_assert_int_eq(EVP_Digest(bytes, length, theirs, NULL, md4, NULL), 1);
        ck_assert_msg(!memcmp(ours, theirs, sizeof(ours)), "%zu bytes", length);
        free(bytes);
    }
    EVP_MD_free(md4);
    if (legacy)
        OSSL_PROVIDER_unload(legacy);
    OSSL_LIB_CTX_free(context);
}
END_TEST

XR_UNIT_MAIN("md4", the_test_suite_of_rfc_1320, every_length_around_a_block_is_as_openssl_has_it)
