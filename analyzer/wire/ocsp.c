#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ocsperr.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/revocation_parts.h"

enum { SERIAL_MAX = 20 }; /* octets (RFC 5280 4.1.2.2) */

static void request_done(OCSP_REQUEST **request)
{
    OCSP_REQUEST_free(*request);
}

static void response_done(OCSP_RESPONSE **response)
{
    OCSP_RESPONSE_free(*response);
}

static void basic_done(OCSP_BASICRESP **basic)
{
    OCSP_BASICRESP_free(*basic);
    ERR_clear_error();
}

#define xr_auto_request  __attribute__((cleanup(request_done))) OCSP_REQUEST
#define xr_auto_response __attribute__((cleanup(response_done))) OCSP_RESPONSE
#define xr_auto_basic    __attribute__((cleanup(basic_done))) OCSP_BASICRESP

static struct xr_statement unknown(const char *why)
{
    return (struct xr_statement){ XR_REVOCATION_UNKNOWN, why };
}

/* RFC 6960 2.3 and 4.2.1. */
static const char *status_words(int status)
{
    static const struct {
        int status;
        const char *words;
    } rows[] = {
        { OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, "it cannot read the request (malformedRequest)" },
        { OCSP_RESPONSE_STATUS_INTERNALERROR, "it has an error of its own (internalError)" },
        { OCSP_RESPONSE_STATUS_TRYLATER, "it asks to try later (tryLater)" },
        { OCSP_RESPONSE_STATUS_SIGREQUIRED, "it answers signed requests only (sigRequired)" },
        { OCSP_RESPONSE_STATUS_UNAUTHORIZED,
            "it does not answer about certificates of this issuer (unauthorized)" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].status == status)
            return rows[i].words;
    return "its answer has a status that does not exist";
}

/* Why OCSP_basic_verify() failed. */
static const char *signature_flaw(void)
{
    static const struct {
        int reason;
        const char *words;
    } rows[] = {
        { OCSP_R_SIGNER_CERTIFICATE_NOT_FOUND,
            "it is signed neither by the issuer nor by somebody whose certificate it holds" },
        { OCSP_R_SIGNATURE_FAILURE, "its signature is not valid" },
        { OCSP_R_NO_SIGNER_KEY, "the key of its signer cannot be read" },
        { OCSP_R_CERTIFICATE_VERIFY_ERROR,
            "the certificate of its signer was not issued by the issuer, or is out of date" },
        { OCSP_R_MISSING_OCSPSIGNING_USAGE,
            "the certificate of its signer is not meant for signing OCSP answers" },
    };
    unsigned long code = ERR_peek_last_error();

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (ERR_GET_LIB(code) == ERR_LIB_OCSP && ERR_GET_REASON(code) == rows[i].reason)
            return rows[i].words;
    return "its signer is neither the issuer nor appointed by it";
}

/* Only the issuer may answer, or whom it has appointed by a certificate for just that (RFC 6960
 * 4.2.2.2): nothing that the peer sent or this machine trusts can widen that. */
static bool is_signed_well(const struct xr_question *question, OCSP_BASICRESP *basic)
{
    STACK_OF(X509) *issuers = sk_X509_new_null();
    X509_STORE *store = xr_question_store(question);

    (void)sk_X509_push(issuers, question->issuer);
    ERR_clear_error();
    bool good = OCSP_basic_verify(basic, issuers, store, OCSP_NOEXPLICIT) == 1;
    X509_STORE_free(store);
    sk_X509_free(issuers);
    return good;
}

/* By the hash that the responder chose: it need not be the one of the request. */
static bool is_about(const struct xr_question *question, const OCSP_SINGLERESP *single)
{
    OCSP_CERTID *id = OCSP_CERTID_dup(OCSP_SINGLERESP_get0_id(single)), *ours = NULL;
    ASN1_OBJECT *hash = NULL;

    if (id && OCSP_id_get0_info(NULL, &hash, NULL, NULL, id) == 1 && EVP_get_digestbyobj(hash))
        ours = OCSP_cert_to_id(EVP_get_digestbyobj(hash), question->subject, question->issuer);
    bool same = ours && !OCSP_id_cmp(ours, id);
    OCSP_CERTID_free(ours);
    OCSP_CERTID_free(id);
    return same;
}

static OCSP_SINGLERESP *find(const struct xr_question *question, OCSP_BASICRESP *basic)
{
    for (int i = 0; i < OCSP_resp_count(basic); i++)
        if (is_about(question, OCSP_resp_get0(basic, i)))
            return OCSP_resp_get0(basic, i);
    return NULL;
}

static struct xr_statement revoked(
    const struct xr_question *question, const ASN1_TIME *since, int reason)
{
    const char *date = xr_question_date(question, since);

    return (struct xr_statement){ XR_REVOCATION_REVOKED,
        reason < 0 ? date
                   : xr_printf(question->arena, "%s (%s)", date, OCSP_crl_reason_str(reason)) };
}

static struct xr_statement read_single(const struct xr_question *question, OCSP_BASICRESP *basic)
{
    ASN1_GENERALIZEDTIME *since = NULL, *this = NULL, *next = NULL;
    OCSP_SINGLERESP *single = find(question, basic);
    int reason = -1;

    if (!single)
        return unknown("its answer is about another certificate");
    int status = OCSP_single_get0_status(single, &reason, &since, &this, &next);
    const char *flaw = xr_question_date_flaw(question, this, next);
    if (flaw)
        return unknown(flaw);
    if (status == V_OCSP_CERTSTATUS_REVOKED)
        return revoked(question, since, reason);
    if (status != V_OCSP_CERTSTATUS_GOOD)
        return unknown("it does not know this certificate");
    return (struct xr_statement){ XR_REVOCATION_GOOD, xr_question_date(question, this) };
}

/* An answer without a nonce is a stored one: most public responders send no others. */
static bool answers_another_request(OCSP_BASICRESP *basic, const struct xr_der *request)
{
    const unsigned char *at = request ? request->bytes : NULL;
    xr_auto_request *sent = at ? d2i_OCSP_REQUEST(NULL, &at, (long)request->length) : NULL;

    return sent && OCSP_check_nonce(sent, basic) == 0;
}

struct xr_statement xr_ocsp_read(
    const struct xr_question *question, struct xr_der answer, const struct xr_der *request)
{
    const unsigned char *at = answer.bytes;
    xr_auto_response *response =
        answer.length ? d2i_OCSP_RESPONSE(NULL, &at, (long)answer.length) : NULL;

    ERR_clear_error();
    if (!response)
        return unknown("what came is no OCSP answer");
    int status = OCSP_response_status(response);
    if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return unknown(status_words(status));
    xr_auto_basic *basic = OCSP_response_get1_basic(response);
    if (!basic)
        return unknown("its answer is of an unknown kind");
    if (!is_signed_well(question, basic))
        return unknown(signature_flaw());
    if (answers_another_request(basic, request))
        return unknown("its answer belongs to another request (the nonce differs)");
    return read_single(question, basic);
}

/* SHA-1 names the certificate, it protects nothing; many responders know no other (RFC 5019 2.1.1).
 */
static struct xr_der make_request(const struct xr_question *question)
{
    xr_auto_request *request = OCSP_REQUEST_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), question->subject, question->issuer);
    unsigned char *bytes = NULL;
    struct xr_der ret = { 0 };

    if (!id || !request || !OCSP_request_add0_id(request, id))
        OCSP_CERTID_free(id);
    else if (OCSP_request_add1_nonce(request, NULL, -1) == 1) {
        int length = i2d_OCSP_REQUEST(request, &bytes);
        if (length > 0)
            ret = (struct xr_der){ (const unsigned char *)xr_strndup(
                                       question->arena, (const char *)bytes, (size_t)length),
                (size_t)length };
    }
    OPENSSL_free(bytes);
    return ret;
}

struct xr_statement xr_ocsp_ask(const struct xr_question *question, const char *url)
{
    struct xr_fetch fetch = {
        .url = url,
        .tested_address = question->inquiry->tested_address,
        .content_type = "application/ocsp-request",
        .body = make_request(question),
        .max = XR_FETCH_OCSP_MAX,
    };
    const struct xr_answer *answer;

    /* The serial number goes out as it stands: it must not be a message of somebody's to others. */
    if (!fetch.body.length || strlen(question->certificate->serial) > 2 * SERIAL_MAX)
        return unknown("no OCSP request could be made for this certificate");
    const struct xr_err *err = xr_fetched_get(
        question->arena, question->inquiry, &fetch, question->certificate->sha256, &answer);
    if (err)
        return unknown(err->text);
    struct xr_statement told = xr_ocsp_read(question, answer->body, &answer->request);
    return xr_statement_by(question, fetch.url, told);
}
