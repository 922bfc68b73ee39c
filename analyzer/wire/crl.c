#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/revocation_parts.h"

static void crl_done(X509_CRL **list)
{
    X509_CRL_free(*list);
    ERR_clear_error();
}

#define xr_auto_crl __attribute__((cleanup(crl_done))) X509_CRL

static struct xr_statement unknown(const char *why)
{
    return (struct xr_statement){ XR_REVOCATION_UNKNOWN, why };
}

static X509_CRL *from_pem(struct xr_der list)
{
    BIO *bio = BIO_new_mem_buf(list.bytes, (int)list.length);
    X509_CRL *ret = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return ret;
}

static X509_CRL *parse(struct xr_der list)
{
    const unsigned char *at = list.bytes;

    if (!list.length || list.length > XR_FETCH_CRL_MAX)
        return NULL;
    /* One at a time: what OpenSSL makes of a list takes ten times its bytes. */
    static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;
    (void)pthread_mutex_lock(&parsing);
    X509_CRL *ret = d2i_X509_CRL(NULL, &at, (long)list.length);
    ret = ret ? ret : from_pem(list);
    (void)pthread_mutex_unlock(&parsing);
    return ret;
}

static bool is_indirect(const X509_CRL *list)
{
    ISSUING_DIST_POINT *part =
        X509_CRL_get_ext_d2i(list, NID_issuing_distribution_point, NULL, NULL);
    bool indirect = part && part->indirectCRL > 0;

    ISSUING_DIST_POINT_free(part);
    return indirect;
}

/* What OpenSSL would tell by one code for all: that it finds no list. */
static const char *kind_flaw(const struct xr_question *question, const X509_CRL *list)
{
    const X509_NAME *signer = X509_CRL_get_issuer(list);

    if (is_indirect(list))
        return "it is an indirect list, in which others than its signer revoke; such are not used";
    if (X509_CRL_get_ext_by_NID(list, NID_delta_crl, -1) >= 0)
        return "it holds changes only (a delta CRL), which alone say nothing";
    if (!X509_NAME_cmp(signer, X509_get_subject_name(question->issuer)))
        return NULL;
    return xr_printf(question->arena, "it is the list of \"%s\", who is not the issuer",
        xr_excerpt(question->arena, xr_certificate_name(question->arena, signer), XR_QUOTED_MAX));
}

static const char *words_of(int code)
{
    static const struct {
        int code;
        const char *words;
    } rows[] = {
        { X509_V_ERR_UNABLE_TO_GET_CRL, "it is not about certificates like this one" },
        { X509_V_ERR_DIFFERENT_CRL_SCOPE, "it is not about certificates like this one" },
        { X509_V_ERR_CRL_SIGNATURE_FAILURE, "its signature is not that of the issuer" },
        { X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, "its signature is not that of the issuer" },
        { X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, "its signer is not the issuer" },
        { X509_V_ERR_CRL_PATH_VALIDATION_ERROR, "its signer is not the issuer" },
        { X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, "the issuer may not sign lists of revocations" },
        { X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
            "it has a critical extension that is not known here" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].code == code)
            return rows[i].words;
    return NULL;
}

/* The certificate itself is judged elsewhere: of its own errors none counts here. */
static int keep_flaw(int ok, X509_STORE_CTX *context)
{
    const char **flaw = X509_STORE_CTX_get_app_data(context);
    const char *words = words_of(X509_STORE_CTX_get_error(context));

    if (!ok && words)
        *flaw = words;
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
}

/* Signature, scope, distribution point and critical extensions, by OpenSSL (RFC 5280 6.3.3). */
static const char *verify_flaw(const struct xr_question *question, X509_CRL *list)
{
    STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
    X509_STORE *store = xr_question_store(question);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    const char *flaw = NULL;

    (void)sk_X509_CRL_push(lists, list);
    if (X509_STORE_CTX_init(context, store, question->subject, NULL) != 1)
        flaw = "it could not be verified";
    X509_STORE_CTX_set0_crls(context, lists);
    X509_STORE_CTX_set_flags(context, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_NO_CHECK_TIME);
    X509_STORE_CTX_set_app_data(context, &flaw);
    X509_STORE_CTX_set_verify_cb(context, keep_flaw);
    if (X509_verify_cert(context) != 1 && !flaw)
        flaw = "it could not be verified";
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    sk_X509_CRL_free(lists);
    return flaw;
}

static struct xr_statement revoked(const struct xr_question *question, const X509_REVOKED *entry)
{
    const char *date = xr_question_date(question, X509_REVOKED_get0_revocationDate(entry));
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    const char *text = date;

    if (reason)
        text = xr_printf(
            question->arena, "%s (%s)", date, OCSP_crl_reason_str(ASN1_ENUMERATED_get(reason)));
    ASN1_ENUMERATED_free(reason);
    return (struct xr_statement){ XR_REVOCATION_REVOKED, text };
}

struct xr_statement xr_crl_read(const struct xr_question *question, struct xr_der bytes)
{
    enum { REVOKED = 1 };
    xr_auto_crl *list = parse(bytes);
    X509_REVOKED *entry = NULL;

    if (!list)
        return unknown("what came is no list of revocations");
    const char *flaw = kind_flaw(question, list);
    if (!flaw)
        flaw = verify_flaw(question, list);
    if (!flaw)
        flaw = xr_question_date_flaw(
            question, X509_CRL_get0_lastUpdate(list), X509_CRL_get0_nextUpdate(list));
    if (flaw)
        return unknown(flaw);
    if (X509_CRL_get0_by_cert(list, &entry, question->subject) == REVOKED)
        return revoked(question, entry);
    return (struct xr_statement){ XR_REVOCATION_GOOD,
        xr_question_date(question, X509_CRL_get0_lastUpdate(list)) };
}

struct xr_statement xr_crl_ask(const struct xr_question *question, const char *url)
{
    struct xr_fetch fetch = {
        .url = url,
        .tested_address = question->inquiry->tested_address,
        .max = XR_FETCH_CRL_MAX,
    };
    const struct xr_answer *answer;
    const struct xr_err *err =
        xr_fetched_get(question->arena, question->inquiry, &fetch, "", &answer);

    return err ? unknown(err->text)
               : xr_statement_by(question, fetch.url, xr_crl_read(question, answer->body));
}
