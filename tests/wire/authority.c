#include "tests/wire/authority.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit.h"

enum { DAY_S = 24 * 60 * 60, MINUTE_S = 60 };

static void must(bool made)
{
    ck_assert_msg(made, "this could not be made for the test");
}

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    if (!value)
        return;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    must(extension && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void extend_all(X509 *certificate, X509 *issuer, const struct identity_spec *spec)
{
    char access[512] = "", list[256] = "", name[256];

    if (spec->issuer_url)
        (void)snprintf(access, sizeof(access), "caIssuers;URI:%s", spec->issuer_url);
    if (spec->ocsp_url)
        (void)snprintf(access + strlen(access), sizeof(access) - strlen(access), "%sOCSP;URI:%s",
            *access ? "," : "", spec->ocsp_url);
    if (spec->crl_url)
        (void)snprintf(list, sizeof(list), "URI:%s", spec->crl_url);
    (void)snprintf(name, sizeof(name), "DNS:%s", spec->name);
    extend(certificate, issuer, NID_basic_constraints,
        spec->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(certificate, issuer, NID_key_usage,
        spec->authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    if (spec->same_subject)
        must(X509_add1_ext_i2d(certificate, NID_subject_key_identifier,
                 (void *)(uintptr_t)X509_get0_subject_key_id(spec->same_subject), 0, 0) == 1);
    else
        extend(certificate, issuer, NID_subject_key_identifier, "hash");
    if (issuer != certificate)
        extend(certificate, issuer, NID_authority_key_identifier, "keyid");
    if (!spec->authority)
        extend(certificate, issuer, NID_subject_alt_name, name);
    if (!spec->authority)
        extend(
            certificate, issuer, NID_ext_key_usage, spec->purpose ? spec->purpose : "serverAuth");
    extend(certificate, issuer, NID_info_access, *access ? access : NULL);
    extend(certificate, issuer, NID_crl_distribution_points, *list ? list : NULL);
    extend(certificate, issuer, NID_tlsfeature, spec->must_staple ? "status_request" : NULL);
}

static void set_names(X509 *certificate, const struct identity_spec *spec, X509 *issuer)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    const unsigned char *name = (const unsigned char *)spec->name;

    if (spec->same_subject)
        must(X509_set_subject_name(certificate, X509_get_subject_name(spec->same_subject)) == 1);
    else
        must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name, -1, -1, 0) == 1);
    must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
}

struct identity identity_make(const struct identity_spec *spec, const struct identity *issuer)
{
    struct identity made = { X509_new(), spec->key ? spec->key : EVP_EC_gen("P-256") };
    X509 *by = issuer ? issuer->certificate : made.certificate;
    bool given = spec->from_days || spec->to_days;
    uint64_t serial = 0;

    if (spec->key)
        must(EVP_PKEY_up_ref(spec->key) == 1);
    must(RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1);
    must(X509_set_version(made.certificate, X509_VERSION_3) == 1);
    must(ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.certificate), serial >> 1) == 1);
    (void)X509_gmtime_adj(
        X509_getm_notBefore(made.certificate), (long)DAY_S * (given ? spec->from_days : -20));
    (void)X509_gmtime_adj(
        X509_getm_notAfter(made.certificate), (long)DAY_S * (given ? spec->to_days : 70));
    set_names(made.certificate, spec, by);
    must(X509_set_pubkey(made.certificate, made.key) == 1);
    extend_all(made.certificate, by, spec);
    must(X509_sign(made.certificate, issuer ? issuer->key : made.key, EVP_sha256()) > 0);
    return made;
}

void identity_free(struct identity *identity)
{
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
    *identity = (struct identity){ 0 };
}

static struct xr_der kept(struct xr_arena *arena, unsigned char *bytes, int length)
{
    unsigned char *copy = xr_alloc(arena, (size_t)length + 1);

    must(length > 0);
    memcpy(copy, bytes, (size_t)length);
    OPENSSL_free(bytes);
    return (struct xr_der){ copy, (size_t)length };
}

struct xr_der identity_der(struct xr_arena *arena, X509 *certificate)
{
    unsigned char *bytes = NULL;
    int length = i2d_X509(certificate, &bytes);

    return kept(arena, bytes, length);
}

struct xr_trust *identity_trust(struct xr_arena *arena, const struct identity *root)
{
    char path[] = "/tmp/exray-root-XXXXXX";
    const char *const files[] = { path, NULL };
    struct xr_trust *trust = NULL;
    FILE *file = fdopen(mkstemp(path), "w");

    must(file && PEM_write_X509(file, root->certificate) == 1 && !fclose(file));
    const struct xr_err *err = xr_trust_only(arena, files, &trust);
    (void)unlink(path);
    ck_assert_msg(err == NULL, "%s", err ? err->text : "");
    return trust;
}

static void add_nonce(OCSP_BASICRESP *basic, const struct ocsp_spec *spec)
{
    unsigned char other[16] = "not this request";
    const unsigned char *at = spec->request.bytes;

    if (spec->wrong_nonce)
        must(OCSP_basic_add1_nonce(basic, other, sizeof(other)) == 1);
    if (!spec->request.length)
        return;
    OCSP_REQUEST *request = d2i_OCSP_REQUEST(NULL, &at, (long)spec->request.length);
    must(request && OCSP_copy_nonce(basic, request) == 1);
    OCSP_REQUEST_free(request);
}

static struct xr_der wrapped(int status, OCSP_BASICRESP *basic)
{
    OCSP_RESPONSE *response = OCSP_response_create(status, basic);
    unsigned char *der = NULL;
    int length = i2d_OCSP_RESPONSE(response, &der);
    unsigned char *copy = malloc((size_t)length);

    must(length > 0 && copy);
    memcpy(copy, der, (size_t)length);
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    return (struct xr_der){ copy, (size_t)length };
}

struct xr_der ocsp_refusal(int status)
{
    return wrapped(status, NULL);
}

struct xr_der ocsp_make(const struct ocsp_spec *spec)
{
    const struct identity *signer = spec->signer ? spec->signer : spec->issuer;
    const EVP_MD *hash = spec->id_hash ? spec->id_hash : EVP_sha1();
    bool given = spec->from_minutes || spec->to_minutes;
    bool revoked = spec->status == V_OCSP_CERTSTATUS_REVOKED;
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(hash, spec->subject->certificate, spec->issuer->certificate);
    ASN1_TIME *from = X509_gmtime_adj(NULL, MINUTE_S * (given ? spec->from_minutes : -60));
    ASN1_TIME *to = X509_gmtime_adj(NULL, MINUTE_S * (given ? spec->to_minutes : 60));
    ASN1_TIME *since = ASN1_TIME_new();

    must(ASN1_TIME_set_string(since, "20260102030405Z") == 1);
    must(OCSP_basic_add1_status(basic, id, spec->status,
             revoked ? OCSP_REVOKED_STATUS_KEYCOMPROMISE : 0, revoked ? since : NULL, from,
             spec->no_end ? NULL : to) != NULL);
    add_nonce(basic, spec);
    must(OCSP_basic_sign(basic, signer->certificate, signer->key, EVP_sha256(), NULL, 0) == 1);
    struct xr_der ret = wrapped(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    ASN1_TIME_free(since);
    return ret;
}

static void add_revoked(X509_CRL *list, X509 *certificate)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
    ASN1_TIME *since = ASN1_TIME_new();

    must(ASN1_TIME_set_string(since, "260102030405Z") == 1);
    must(ASN1_ENUMERATED_set(reason, OCSP_REVOKED_STATUS_SUPERSEDED) == 1);
    must(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate)) == 1);
    must(X509_REVOKED_set_revocationDate(entry, since) == 1);
    must(X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1);
    must(X509_CRL_add0_revoked(list, entry) == 1);
    ASN1_ENUMERATED_free(reason);
    ASN1_TIME_free(since);
}

static void extend_list(X509_CRL *list, const struct crl_spec *spec, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, spec->issuer->certificate, NULL, NULL, list, 0);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    must(extension && X509_CRL_add_ext(list, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void add_unknown(X509_CRL *list)
{
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *object = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);

    must(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2) == 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, value);
    must(extension && X509_CRL_add_ext(list, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OBJECT_free(object);
    ASN1_OCTET_STRING_free(value);
}

static struct xr_der written(struct xr_arena *arena, X509_CRL *list, bool pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes;

    must((pem ? PEM_write_bio_X509_CRL(bio, list) : i2d_X509_CRL_bio(bio, list)) == 1);
    long length = BIO_get_mem_data(bio, &bytes);
    unsigned char *copy = xr_alloc(arena, (size_t)length + 1);
    memcpy(copy, bytes, (size_t)length);
    BIO_free(bio);
    return (struct xr_der){ copy, (size_t)length };
}

struct xr_der crl_make(struct xr_arena *arena, const struct crl_spec *spec)
{
    bool given = spec->from_minutes || spec->to_minutes;
    X509_CRL *list = X509_CRL_new();
    ASN1_INTEGER *base = ASN1_INTEGER_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, MINUTE_S * (given ? spec->from_minutes : -60));
    ASN1_TIME *to = X509_gmtime_adj(NULL, MINUTE_S * (given ? spec->to_minutes : 60));

    must(X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1);
    must(X509_CRL_set_issuer_name(list, X509_get_subject_name(spec->issuer->certificate)) == 1);
    must(X509_CRL_set1_lastUpdate(list, from) == 1 && X509_CRL_set1_nextUpdate(list, to) == 1);
    extend_list(list, spec, NID_authority_key_identifier, "keyid");
    if (spec->revoked)
        add_revoked(list, spec->revoked);
    if (spec->part)
        extend_list(list, spec, NID_issuing_distribution_point, spec->part);
    if (spec->delta)
        must(X509_CRL_add1_ext_i2d(list, NID_delta_crl, base, 1, 0) == 1);
    if (spec->critical_unknown)
        add_unknown(list);
    must(X509_CRL_sort(list) == 1);
    must(X509_CRL_sign(list, spec->key ? spec->key : spec->issuer->key, EVP_sha256()) > 0);
    struct xr_der ret = written(arena, list, spec->pem);
    X509_CRL_free(list);
    ASN1_INTEGER_free(base);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return ret;
}
