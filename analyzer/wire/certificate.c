#include "analyzer/wire/certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"

enum {
    NAMES_SHOWN = 100,
    PURPOSES_SHOWN = 20,
    TEXT_MAX = 8192,
    COMMON_NAME_MAX = 1024,
    URL_MAX = 2048,
    MUST_STAPLE = 5, /* RFC 7633: status_request of RFC 6066 */
};

static void bio_done(BIO **bio)
{
    BIO_free(*bio);
}

static const char *bio_text(struct xr_arena *arena, BIO *bio)
{
    char *bytes;
    long length = BIO_get_mem_data(bio, &bytes);

    return length <= 0 ? ""
                       : xr_utf8(arena, bytes, (size_t)(length < TEXT_MAX ? length : TEXT_MAX));
}

const char *xr_certificate_name(struct xr_arena *arena, const X509_NAME *name)
{
    __attribute__((cleanup(bio_done))) BIO *bio = BIO_new(BIO_s_mem());

    (void)X509_NAME_print_ex(bio, name, 0,
        (XN_FLAG_RFC2253 | XN_FLAG_SEP_CPLUS_SPC) & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    return bio_text(arena, bio);
}

static const char *common_name(struct xr_arena *arena, const X509_NAME *name)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    unsigned char *utf8 = NULL;

    if (at < 0)
        return NULL;
    int length =
        ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (length > COMMON_NAME_MAX)
        length = COMMON_NAME_MAX;
    const char *text = length < 0 ? NULL : xr_utf8(arena, (const char *)utf8, (size_t)length);
    OPENSSL_free(utf8);
    return text;
}

int64_t xr_asn1_time_ms(const ASN1_TIME *time)
{
    struct tm utc = { 0 };

    return ASN1_TIME_to_tm(time, &utc) == 1 ? (int64_t)timegm(&utc) * 1000 : 0;
}

static const char *hexadecimal(struct xr_arena *arena, const unsigned char *bytes, size_t length)
{
    char *text = xr_alloc(arena, length * 2 + 1);

    for (size_t i = 0; i < length; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return text;
}

static const char *key_text(struct xr_arena *arena, X509 *certificate)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    char group[80] = "";

    if (!key)
        return "unreadable";
    const char *type = EVP_PKEY_get0_type_name(key);
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
        return xr_printf(arena, "EC %d bit (%s)", EVP_PKEY_get_bits(key), group);
    return xr_printf(arena, "%s %d bit", type ? type : "unknown", EVP_PKEY_get_bits(key));
}

static const char *address_text(struct xr_arena *arena, const ASN1_OCTET_STRING *address)
{
    int length = ASN1_STRING_length(address);
    char text[INET6_ADDRSTRLEN];

    if ((length == 4 || length == 16) && inet_ntop(length == 4 ? AF_INET : AF_INET6,
                                             ASN1_STRING_get0_data(address), text, sizeof(text)))
        return xr_strdup(arena, text);
    return xr_printf(arena, "a malformed address (of %d bytes)", length);
}

static const char *alternative_name(struct xr_arena *arena, const GENERAL_NAME *name)
{
    if (name->type == GEN_IPADD)
        return address_text(arena, name->d.iPAddress);
    if (name->type != GEN_DNS)
        return NULL;
    return xr_utf8(arena, (const char *)ASN1_STRING_get0_data(name->d.dNSName),
        (size_t)ASN1_STRING_length(name->d.dNSName));
}

static const char *names_text(struct xr_arena *arena, X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    xr_auto_buf list;
    int shown = 0, all = sk_GENERAL_NAME_num(names);

    xr_buf_init(&list, 64 * 1024);
    for (int i = 0; i < all && shown < NAMES_SHOWN; i++) {
        const char *name = alternative_name(arena, sk_GENERAL_NAME_value(names, i));
        if (name && xr_buf_printf(&list, "%s%s", shown ? ", " : "", name))
            shown++;
    }
    if (shown == NAMES_SHOWN && all > shown)
        (void)xr_buf_printf(&list, " and %d more", all - shown);
    GENERAL_NAMES_free(names);
    return xr_strndup(arena, list.at, list.length);
}

static const char *serial_text(struct xr_arena *arena, const X509 *certificate)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);

    return hexadecimal(arena, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
}

const char *xr_certificate_sha256(struct xr_arena *arena, const X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    (void)X509_digest(certificate, EVP_sha256(), digest, &length);
    return hexadecimal(arena, digest, length);
}

static const char *purposes_text(struct xr_arena *arena, X509 *certificate)
{
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    xr_auto_buf list;

    xr_buf_init(&list, TEXT_MAX);
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages) && i < PURPOSES_SHOWN; i++) {
        char name[80] = "";
        (void)OBJ_obj2txt(name, sizeof(name), sk_ASN1_OBJECT_value(usages, i), 0);
        (void)xr_buf_printf(&list, "%s%s", i ? ", " : "", name);
    }
    EXTENDED_KEY_USAGE_free(usages);
    return xr_strndup(arena, list.at ? list.at : "", list.length);
}

/* Not http, or with something in it that no URL has: nobody can be asked there. */
static bool is_http_url(const char *text, int length)
{
    if (length < 8 || length > URL_MAX || strncasecmp(text, "http://", 7) != 0)
        return false;
    for (int i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return true;
}

static bool is_listed(const struct xr_urls *urls, const char *url)
{
    for (size_t i = 0; i < urls->n; i++)
        if (!strcmp(urls->http[i], url))
            return true;
    return false;
}

static void put_url(struct xr_arena *arena, const GENERAL_NAME *name, struct xr_urls *urls)
{
    if (name->type != GEN_URI) {
        urls->other = urls->other ? urls->other : "a name that is no address";
        return;
    }
    const char *text = (const char *)ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
    int length = ASN1_STRING_length(name->d.uniformResourceIdentifier);
    const char *url = xr_utf8(arena, text,
        (size_t)(length < 0         ? 0
                 : length < URL_MAX ? length
                                    : URL_MAX));
    if (!is_http_url(text, length))
        urls->other = urls->other ? urls->other : url;
    else if (urls->n < XR_URLS_MAX && !is_listed(urls, url))
        urls->http[urls->n++] = url;
}

static void put_access_urls(
    struct xr_arena *arena, X509 *certificate, int kind, struct xr_urls *urls)
{
    AUTHORITY_INFO_ACCESS *list = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);

    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(list); i++) {
        const ACCESS_DESCRIPTION *at = sk_ACCESS_DESCRIPTION_value(list, i);
        if (OBJ_obj2nid(at->method) == kind)
            put_url(arena, at->location, urls);
    }
    AUTHORITY_INFO_ACCESS_free(list);
}

static void put_crl_urls(struct xr_arena *arena, X509 *certificate, struct xr_urls *urls)
{
    CRL_DIST_POINTS *points =
        X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);

    for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
        const DIST_POINT_NAME *point = sk_DIST_POINT_value(points, i)->distpoint;
        const GENERAL_NAMES *names = point && point->type == 0 ? point->name.fullname : NULL;
        for (int k = 0; k < sk_GENERAL_NAME_num(names); k++)
            put_url(arena, sk_GENERAL_NAME_value(names, k), urls);
    }
    CRL_DIST_POINTS_free(points);
}

struct xr_urls xr_certificate_urls(struct xr_arena *arena, X509 *certificate, enum xr_url_kind kind)
{
    struct xr_urls urls = { 0 };

    if (kind == XR_URL_CRL)
        put_crl_urls(arena, certificate, &urls);
    else
        put_access_urls(
            arena, certificate, kind == XR_URL_OCSP ? NID_ad_OCSP : NID_ad_ca_issuers, &urls);
    ERR_clear_error();
    return urls;
}

static bool must_staple(X509 *certificate)
{
    TLS_FEATURE *features = X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL);
    bool found = false;

    for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
        found = found || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == MUST_STAPLE;
    sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free);
    return found;
}

/* The CA/Browser Forum's policies for servers: 2.23.140.1.1 and 2.23.140.1.2.*. */
static bool names_public_policy(X509 *certificate)
{
    CERTIFICATEPOLICIES *policies =
        X509_get_ext_d2i(certificate, NID_certificate_policies, NULL, NULL);
    bool found = false;

    for (int i = 0; !found && i < sk_POLICYINFO_num(policies); i++) {
        char oid[80] = "";
        (void)OBJ_obj2txt(oid, sizeof(oid), sk_POLICYINFO_value(policies, i)->policyid, 1);
        found = !strncmp(oid, "2.23.140.1.", 11);
    }
    CERTIFICATEPOLICIES_free(policies);
    return found;
}

static int count_timestamps(X509 *certificate)
{
    STACK_OF(SCT) *list = X509_get_ext_d2i(certificate, NID_ct_precert_scts, NULL, NULL);
    int n = sk_SCT_num(list);

    SCT_LIST_free(list);
    return n > 0 ? n : 0;
}

static struct xr_der copy_of(struct xr_arena *arena, X509 *certificate)
{
    int length = i2d_X509(certificate, NULL);
    struct xr_der der = { NULL, 0 };

    if (length <= 0)
        return der;
    unsigned char *bytes = xr_alloc(arena, (size_t)length), *at = bytes;
    (void)i2d_X509(certificate, &at);
    return (struct xr_der){ bytes, (size_t)length };
}

static void describe_extensions(
    struct xr_arena *arena, X509 *certificate, struct xr_certificate *ret)
{
    ret->names = names_text(arena, certificate);
    ret->purposes = purposes_text(arena, certificate);
    ret->issuer_url = xr_certificate_urls(arena, certificate, XR_URL_ISSUER).http[0];
    ret->ocsp_url = xr_certificate_urls(arena, certificate, XR_URL_OCSP).http[0];
    ret->crl_url = xr_certificate_urls(arena, certificate, XR_URL_CRL).http[0];
    ret->must_staple = must_staple(certificate);
    ret->timestamps = count_timestamps(certificate);
    ret->is_public = ret->timestamps > 0 || names_public_policy(certificate);
}

struct xr_certificate *xr_certificate_describe(struct xr_arena *arena, X509 *certificate)
{
    struct xr_certificate *ret = xr_new(arena, struct xr_certificate);
    const X509_NAME *subject = X509_get_subject_name(certificate);

    *ret = (struct xr_certificate){
        .subject = xr_certificate_name(arena, subject),
        .issuer = xr_certificate_name(arena, X509_get_issuer_name(certificate)),
        .common_name = common_name(arena, subject),
        .serial = serial_text(arena, certificate),
        .sha256 = xr_certificate_sha256(arena, certificate),
        .key = key_text(arena, certificate),
        .signature = OBJ_nid2ln(X509_get_signature_nid(certificate)),
        .not_before_ms = xr_asn1_time_ms(X509_get0_notBefore(certificate)),
        .not_after_ms = xr_asn1_time_ms(X509_get0_notAfter(certificate)),
        .position = -1,
        .depth = -1,
        .authority = X509_check_ca(certificate) > 0,
        .self_issued = !X509_NAME_cmp(subject, X509_get_issuer_name(certificate)),
        .self_signed = X509_self_signed(certificate, 1) == 1,
        .der = copy_of(arena, certificate),
    };
    if (!ret->common_name || !*ret->common_name)
        ret->common_name = *ret->subject ? ret->subject : "(no name)";
    describe_extensions(arena, certificate, ret);
    ERR_clear_error();
    return ret;
}
