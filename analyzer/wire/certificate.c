#include "analyzer/wire/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"

enum { NAMES_SHOWN = 100, TEXT_MAX = 8192 };

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
    const unsigned char *at = ASN1_STRING_get0_data(address);
    int length = ASN1_STRING_length(address);

    if (length == 4)
        return xr_printf(arena, "%d.%d.%d.%d", at[0], at[1], at[2], at[3]);
    return length == 16 ? xr_printf(arena, "IPv6 %s", hexadecimal(arena, at, 16)) : NULL;
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

struct xr_certificate *xr_certificate_describe(struct xr_arena *arena, X509 *certificate)
{
    struct xr_certificate *ret = xr_new(arena, struct xr_certificate);
    const X509_NAME *subject = X509_get_subject_name(certificate);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    (void)X509_digest(certificate, EVP_sha256(), digest, &length);
    *ret = (struct xr_certificate){
        .subject = xr_certificate_name(arena, subject),
        .issuer = xr_certificate_name(arena, X509_get_issuer_name(certificate)),
        .common_name = common_name(arena, subject),
        .serial = serial_text(arena, certificate),
        .sha256 = hexadecimal(arena, digest, length),
        .key = key_text(arena, certificate),
        .signature = OBJ_nid2ln(X509_get_signature_nid(certificate)),
        .names = names_text(arena, certificate),
        .not_before_ms = xr_asn1_time_ms(X509_get0_notBefore(certificate)),
        .not_after_ms = xr_asn1_time_ms(X509_get0_notAfter(certificate)),
        .position = -1,
        .depth = -1,
        .authority = X509_check_ca(certificate) > 0,
        .self_issued = !X509_NAME_cmp(subject, X509_get_issuer_name(certificate)),
    };
    if (!ret->common_name)
        ret->common_name = ret->subject;
    return ret;
}
