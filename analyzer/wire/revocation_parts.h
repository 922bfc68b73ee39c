#ifndef XR_REVOCATION_PARTS_H
#define XR_REVOCATION_PARTS_H

#include "analyzer/wire/certificate.h"
#include "analyzer/wire/revocation.h"

/* The parts of wire/revocation: fetched.c, issuer.c, ocsp.c, crl.c. Included by them alone. */

/* What was sent to an address and came back. Lives as long as struct xr_fetched, never changed. */
struct xr_answer {
    struct xr_der request, body;
};

enum {
    XR_FETCHED_MAX = 64,                     /* addresses that one run asks */
    XR_FETCHED_BYTES_MAX = 64 * 1024 * 1024, /* after which no further one is asked */
    XR_FETCH_MS = 5000,                      /* for one inquiry, however many it asks */
};

/* The part of the time that is left until the deadline; never later than that. most_ms 0: no
 * matter. */
struct xr_deadline xr_deadline_part(struct xr_deadline deadline, size_t parts, int64_t most_ms);

/* Notes whom was asked, unless that is noted already. */
void xr_asked_add(struct xr_asked *asked, const char *url);

/*
 * xr_fetch(), but once for each URL and "about" (what is asked of it; "" for a file): one thread
 * asks, others wait for its answer or error. Who comes second gets the request of the first. The
 * class of the tested address counts too, because it decides what may be asked.
 */
xr_must_check const struct xr_err *xr_fetched_get(struct xr_arena *arena,
    const struct xr_inquiry *inquiry, const struct xr_fetch *fetch, const char *about,
    const struct xr_answer **ret);

/* One certificate to ask about. "subject" and "issuer" belong to this thread alone. */
struct xr_question {
    struct xr_arena *arena;
    const struct xr_inquiry *inquiry;
    const struct xr_certificate *certificate;
    X509 *subject, *issuer;
};

/*
 * What one source says. text: of GOOD the day that it speaks of ("2026-11-21"), of REVOKED the day
 * and the reason ("2026-11-21 (keyCompromise)"), of UNKNOWN why it does not count (a phrase, which
 * xr_ocsp_ask() and xr_crl_ask() begin with the URL).
 */
struct xr_statement {
    enum xr_revocation_state state;
    const char *text;
};

/* request: NULL for a staple, which answers no request. */
struct xr_statement xr_ocsp_read(
    const struct xr_question *question, struct xr_der answer, const struct xr_der *request);
struct xr_statement xr_ocsp_ask(const struct xr_question *question, const char *url);
struct xr_statement xr_crl_read(const struct xr_question *question, struct xr_der list);
struct xr_statement xr_crl_ask(const struct xr_question *question, const char *url);

/* The URL in front of why an answer of there does not count. */
struct xr_statement xr_statement_by(
    const struct xr_question *question, const char *url, struct xr_statement told);

/* The moment as of which answers are judged. */
int64_t xr_question_at_ms(const struct xr_question *question);

/* A store of its own that trusts this one issuer and nobody else, as of at_ms: no lock is needed.
 * The caller ends it with X509_STORE_free(). */
X509_STORE *xr_question_store(const struct xr_question *question);

/* NULL: an answer of these dates counts, give or take five minutes; else why not, as a phrase. next
 * NULL: names no end, and then counts for ten days. */
const char *xr_question_date_flaw(
    const struct xr_question *question, const ASN1_TIME *this, const ASN1_TIME *next);

/* "2026-11-21" */
const char *xr_question_date(const struct xr_question *question, const ASN1_TIME *time);

#endif
