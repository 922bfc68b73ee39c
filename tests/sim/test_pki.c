#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixtures/pki.h"
#include "tests/unit.h"

struct chain {
    struct sim_cert root, intermediate, leaf;
};

static struct chain make_chain(const struct sim_cert_spec *leaf)
{
    struct sim_cert_spec root = { .cn = "Root", .ca = true, .pathlen = -1 };
    struct sim_cert_spec intermediate = { .cn = "Issuing", .ca = true, .pathlen = 0 };
    struct chain chain = { .root = sim_pki_issue(&root, NULL) };

    chain.intermediate = sim_pki_issue(&intermediate, &chain.root);
    chain.leaf = sim_pki_issue(leaf, &chain.intermediate);
    return chain;
}

static void free_chain(struct chain *chain)
{
    sim_pki_free(&chain->root);
    sim_pki_free(&chain->intermediate);
    sim_pki_free(&chain->leaf);
}

/* X509_V_OK, or what OpenSSL has against the leaf as the certificate of this host. */
static int verdict(const struct chain *chain, const char *host)
{
    X509_STORE *trusted = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *sent = sk_X509_new_null();

    sk_X509_push(sent, chain->intermediate.cert);
    X509_STORE_add_cert(trusted, chain->root.cert);
    X509_STORE_CTX_init(context, trusted, chain->leaf.cert, sent);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set1_host(param, host, 0);
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
    X509_verify_cert(context);
    int error = X509_STORE_CTX_get_error(context);
    sk_X509_free(sent);
    X509_STORE_CTX_free(context);
    X509_STORE_free(trusted);
    return error;
}

START_TEST(each_specification_gets_the_verdict_it_was_made_for)
{
    static const struct {
        struct sim_cert_spec leaf;
        int error;
    } cases[] = {
        { { .cn = "a", .san = "DNS:mail.contoso.test" }, X509_V_OK },
        { { .cn = "a", .san = "DNS:mail.contoso.test", .key = "P-384" }, X509_V_OK },
        { { .cn = "a", .san = "DNS:mail.contoso.test", .key = "RSA:1024" }, X509_V_OK },
        { { .cn = "a", .san = "DNS:mail.contoso.test", .key = "ED25519" }, X509_V_OK },
        { { .cn = "a", .san = "DNS:www.contoso.test" }, X509_V_ERR_HOSTNAME_MISMATCH },
        { { .cn = "a", .san = "DNS:mail.contoso.test", .from_days = -10, .to_days = -1 },
            X509_V_ERR_CERT_HAS_EXPIRED },
        { { .cn = "a", .san = "DNS:mail.contoso.test", .from_days = 1, .to_days = 9 },
            X509_V_ERR_CERT_NOT_YET_VALID },
        { { .cn = "a", .san = "DNS:mail.contoso.test", .eku = "clientAuth" },
            X509_V_ERR_INVALID_PURPOSE },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct chain chain = make_chain(&cases[i].leaf);
        ck_assert_msg(verdict(&chain, "mail.contoso.test") == cases[i].error, "case %zu: %s", i,
            X509_verify_cert_error_string(verdict(&chain, "mail.contoso.test")));
        free_chain(&chain);
    }
}
END_TEST

START_TEST(a_weak_digest_is_used)
{
    struct sim_cert_spec spec = { .cn = "old", .digest = "SHA1" };
    struct sim_cert made = sim_pki_issue(&spec, NULL);

    ck_assert_int_eq(X509_get_signature_nid(made.cert), NID_ecdsa_with_SHA1);
    ck_assert_int_eq(X509_verify(made.cert, made.key), 1);
    sim_pki_free(&made);
}
END_TEST

START_TEST(serial_numbers_differ)
{
    struct sim_cert_spec spec = { .cn = "a" };
    struct sim_cert one = sim_pki_issue(&spec, NULL), two = sim_pki_issue(&spec, NULL);

    ck_assert_int_ne(
        ASN1_INTEGER_cmp(X509_get_serialNumber(one.cert), X509_get_serialNumber(two.cert)), 0);
    sim_pki_free(&one);
    sim_pki_free(&two);
}
END_TEST

static int ocsp_status(const unsigned char *der, int length, const struct chain *chain)
{
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &der, length);
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), chain->leaf.cert, chain->intermediate.cert);
    int status = -1;

    ck_assert_int_eq(OCSP_response_status(response), OCSP_RESPONSE_STATUS_SUCCESSFUL);
    ck_assert_int_eq(OCSP_resp_find_status(basic, id, &status, NULL, NULL, NULL, NULL), 1);
    OCSP_CERTID_free(id);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    return status;
}

START_TEST(ocsp_tells_good_and_revoked)
{
    struct sim_cert_spec spec = { .cn = "a", .san = "DNS:mail.contoso.test" };
    struct chain chain = make_chain(&spec);

    for (int revoked = 0; revoked <= 1; revoked++) {
        int length = 0;
        unsigned char *der = sim_pki_ocsp(&chain.leaf, &chain.intermediate, revoked, &length);
        ck_assert_int_eq(ocsp_status(der, length, &chain),
            revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD);
        OPENSSL_free(der);
    }
    free_chain(&chain);
}
END_TEST

START_TEST(a_pem_file_is_for_its_owner_alone)
{
    char path[] = "/tmp/exray-pki.XXXXXX";
    struct sim_cert_spec spec = { .cn = "a" };
    struct sim_cert made = sim_pki_issue(&spec, NULL);
    struct stat state;

    close(mkstemp(path));
    unlink(path);
    X509 *const certs[] = { made.cert, made.cert };
    sim_pki_write_pem(path, certs, 2, made.key);
    ck_assert_int_eq(stat(path, &state), 0);
    ck_assert_int_eq(state.st_mode & 0777, 0600);
    FILE *file = fopen(path, "r");
    for (int i = 0; i < 2; i++) {
        X509 *read = PEM_read_X509(file, NULL, NULL, NULL);
        ck_assert_int_eq(X509_cmp(read, made.cert), 0);
        X509_free(read);
    }
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    ck_assert_int_eq(EVP_PKEY_eq(key, made.key), 1);
    EVP_PKEY_free(key);
    fclose(file);
    unlink(path);
    sim_pki_free(&made);
}
END_TEST

XR_UNIT_MAIN("pki", each_specification_gets_the_verdict_it_was_made_for, a_weak_digest_is_used,
    serial_numbers_differ, ocsp_tells_good_and_revoked, a_pem_file_is_for_its_owner_alone)
