#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit.h"
#include "tests/wire/forge.h"

/* In a file of its own; the caller has it removed by read_text(). */
static const struct xr_err *read_text(
    struct xr_arena *arena, const char *text, size_t length, struct xr_chain *ret)
{
    char path[] = "/tmp/exray-chain-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");

    ck_assert(file && fwrite(text, 1, length, file) == length && !fclose(file));
    const struct xr_err *err = xr_chain_read(arena, path, ret);
    (void)unlink(path);
    return err;
}

static const char *pem(struct xr_arena *arena, const struct forged *made, bool trusted)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *at;

    ck_assert_int_eq(trusted ? PEM_write_bio_X509_AUX(bio, made->certificate)
                             : PEM_write_bio_X509(bio, made->certificate),
        1);
    long length = BIO_get_mem_data(bio, &at);
    const char *text = xr_strndup(arena, at, (size_t)length);
    BIO_free(bio);
    return text;
}

static void expect_error(struct xr_arena *arena, const char *text, const char *part)
{
    struct xr_chain chain;
    const struct xr_err *err = read_text(arena, text, strlen(text), &chain);

    ck_assert_msg(err != NULL, "%s", part);
    ck_assert_int_eq(err->fault, XR_FAULT_CONTENT);
    ck_assert_msg(strstr(err->text, part) != NULL, "%s", err->text);
    ck_assert_msg(strstr(err->text, "exray-chain-") != NULL, "%s", err->text);
}

START_TEST(all_certificates_are_read_in_their_order_and_nothing_else)
{
    struct xr_arena *arena = xr_arena_new();
    struct forged root = forge(&(struct forge_spec){ .cn = "root", .ca = true }, NULL);
    struct forged leaf = forge(&(struct forge_spec){ .cn = "mail" }, &root);
    const char *key = "-----BEGIN PRIVATE KEY-----\nbm90aGluZw==\n-----END PRIVATE KEY-----\n";
    const char *text = xr_printf(arena, "subject=CN=mail\r\n%s%s\nsome words\n%s",
        pem(arena, &leaf, false), key, pem(arena, &root, true));
    struct xr_chain chain;

    ck_assert_ptr_null(read_text(arena, text, strlen(text), &chain));
    ck_assert_uint_eq(chain.sent_n, 2);
    for (size_t i = 0; i < 2; i++) {
        X509 *read = xr_certificate_read(chain.sent[i]);
        ck_assert_int_eq(X509_cmp(read, i ? root.certificate : leaf.certificate), 0);
        X509_free(read);
    }
    xr_arena_free(arena);
    forge_free();
}
END_TEST

START_TEST(what_is_wrong_with_a_file_is_told_with_its_place)
{
    struct xr_arena *arena = xr_arena_new();
    struct forged leaf = forge(&(struct forge_spec){ .cn = "mail" }, NULL);
    const char *good = pem(arena, &leaf, false);
    size_t lines = 0;

    for (const char *at = good; *at; at++)
        lines += *at == '\n';
    expect_error(arena, "", "the file is empty");
    expect_error(arena, "hello\n", "no certificate in PEM");
    expect_error(arena,
        xr_printf(arena,
            "%s\n-----BEGIN CERTIFICATE-----\n!!!\n"
            "-----END CERTIFICATE-----\n",
            good),
        xr_printf(arena, "line %zu: certificate number 2 is damaged: it is not base64", lines + 2));
    expect_error(arena, "\n-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
        "line 2: certificate number 1 is malformed: clients cannot read it");
    expect_error(arena, xr_strndup(arena, good, strlen(good) - 40), "line 1: the block");
    expect_error(arena, "-----BEGIN CERT", "first line is damaged");
    expect_error(arena, "-----BEGIN \x1b[31mX-----\n", "\\x1b");
    xr_arena_free(arena);
    forge_free();
}
END_TEST

START_TEST(files_that_are_no_text_or_too_large_are_refused)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_chain chain;
    size_t length = XR_CHAIN_FILE_MAX + 1;
    char *large = xr_alloc(arena, length);

    const struct xr_err *err = read_text(arena, "0\x82\0\0abc", 7, &chain);
    ck_assert_msg(strstr(err->text, "binary") != NULL, "%s", err->text);
    memset(large, '\n', length);
    err = read_text(arena, large, length, &chain);
    ck_assert_msg(strstr(err->text, "larger than 4 MiB") != NULL, "%s", err->text);
    err = xr_chain_read(arena, "/nonexistent/chain.pem", &chain);
    ck_assert_msg(strstr(err->text, "/nonexistent/chain.pem: the file cannot be read") != NULL,
        "%s", err->text);
    err = xr_chain_read(arena, "/tmp", &chain);
    ck_assert_msg(strstr(err->text, "cannot be read") != NULL, "%s", err->text);
    xr_arena_free(arena);
}
END_TEST

START_TEST(certificates_without_pem_are_read_and_a_bundle_is_named)
{
    struct xr_arena *arena = xr_arena_new();
    struct forged root = forge(&(struct forge_spec){ .cn = "root", .ca = true }, NULL);
    struct forged leaf = forge(&(struct forge_spec){ .cn = "mail" }, &root);
    BIO *both = BIO_new(BIO_s_mem()), *bundle = BIO_new(BIO_s_mem());
    PKCS7 *message = PKCS7_new();
    struct xr_chain chain;
    char *at;

    ck_assert_int_eq(i2d_X509_bio(both, leaf.certificate), 1);
    ck_assert_int_eq(i2d_X509_bio(both, root.certificate), 1);
    long length = BIO_get_mem_data(both, &at);
    ck_assert_ptr_null(read_text(arena, at, (size_t)length, &chain));
    ck_assert_uint_eq(chain.sent_n, 2);
    ck_assert_int_eq(PKCS7_set_type(message, NID_pkcs7_signed), 1);
    ck_assert_int_eq(PKCS7_content_new(message, NID_pkcs7_data), 1);
    ck_assert_int_eq(PKCS7_add_certificate(message, leaf.certificate), 1);
    ck_assert_int_eq(i2d_PKCS7_bio(bundle, message), 1);
    length = BIO_get_mem_data(bundle, &at);
    const struct xr_err *err = read_text(arena, at, (size_t)length, &chain);
    ck_assert_msg(err && strstr(err->text, "binary p7b"), "%s", err ? err->text : "no error");
    (void)BIO_reset(bundle);
    ck_assert_int_eq(PEM_write_bio_PKCS7(bundle, message), 1);
    length = BIO_get_mem_data(bundle, &at);
    expect_error(arena, xr_strndup(arena, at, (size_t)length),
        "line 1: this is a p7b (PKCS #7): \"openssl pkcs7 -print_certs\"");
    PKCS7_free(message);
    BIO_free(both);
    BIO_free(bundle);
    xr_arena_free(arena);
    forge_free();
}
END_TEST

XR_UNIT_MAIN("chain_file", certificates_without_pem_are_read_and_a_bundle_is_named,
    all_certificates_are_read_in_their_order_and_nothing_else,
    what_is_wrong_with_a_file_is_told_with_its_place,
    files_that_are_no_text_or_too_large_are_refused)
