#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include "analyzer/base/pool.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/revocation_parts.h"

enum { ASKED_MAX = 10 };

#define MINUTE_MS (60 * 1000LL)
#define DAY_MS    (24 * 60 * MINUTE_MS)

/* One certificate of the chain; each is asked about by a thread and in an arena of its own. */
struct asked {
    struct xr_arena *arena;
    const struct xr_certificate *certificate, *issuer; /* issuer NULL: not known */
    struct xr_der staple;                              /* of the leaf; else empty */
    const char *sources, *why_not; /* who has been asked so far, and why each does not count */
    struct xr_revocation *row;     /* NULL: nothing to tell */
    struct xr_asked whom;          /* over http */
    const char *elsewhere;         /* what it names that is not http; NULL: nothing */
    bool staple_counts, failed;    /* failed: somebody was asked, and none could say */
};

struct round {
    struct xr_inquiry inquiry; /* with the time that it may take */
    struct asked all[ASKED_MAX];
    size_t n;
};

int64_t xr_question_at_ms(const struct xr_question *question)
{
    int64_t at_ms = question->inquiry->net->at_ms;

    return at_ms ? at_ms : xr_wall_ms();
}

const char *xr_question_date(const struct xr_question *question, const ASN1_TIME *time)
{
    return xr_strndup(
        question->arena, xr_rfc3339(question->arena, xr_asn1_time_ms(time)), strlen("2026-11-21"));
}

const char *xr_question_date_flaw(
    const struct xr_question *question, const ASN1_TIME *this, const ASN1_TIME *next)
{
    const int64_t skew = 5 * MINUTE_MS, most = 10 * DAY_MS, at = xr_question_at_ms(question);
    int64_t from = this ? xr_asn1_time_ms(this) : 0;

    if (from > at + skew)
        return xr_printf(question->arena, "its answer is of the future: it counts from %s on",
            xr_question_date(question, this));
    if (next && xr_asn1_time_ms(next) + skew < at)
        return xr_printf(question->arena, "its answer is out of date: it counted until %s",
            xr_question_date(question, next));
    if (!next && from + most < at)
        return "its answer is too old, and names no end of its own";
    return NULL;
}

X509_STORE *xr_question_store(const struct xr_question *question)
{
    X509_STORE *store = X509_STORE_new();

    (void)X509_STORE_add_cert(store, question->issuer);
    (void)X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(
        X509_STORE_get0_param(store), (time_t)(xr_question_at_ms(question) / 1000));
    return store;
}

struct xr_statement xr_statement_by(
    const struct xr_question *question, const char *url, struct xr_statement told)
{
    if (told.state == XR_REVOCATION_UNKNOWN)
        told.text = xr_printf(
            question->arena, "%s: %s", xr_excerpt(question->arena, url, XR_QUOTED_MAX), told.text);
    return told;
}

static const char *name_of(struct xr_arena *arena, const struct xr_certificate *certificate)
{
    return xr_excerpt(arena, certificate->common_name, XR_QUOTED_MAX);
}

static void settle(
    struct asked *asked, enum xr_revocation_state state, const char *source, const char *text)
{
    asked->row = xr_new(asked->arena, struct xr_revocation);
    *asked->row = (struct xr_revocation){
        .depth = asked->certificate->depth, .state = state, .source = source, .text = text
    };
}

static void note_failure(struct asked *asked, const char *source, const char *why)
{
    struct xr_arena *arena = asked->arena;

    asked->sources = asked->sources ? xr_printf(arena, "%s, %s", asked->sources, source) : source;
    asked->why_not = asked->why_not ? xr_printf(arena, "%s; %s", asked->why_not, why) : why;
}

/* Who was asked before in vain: a responder that is down is news even when another source answers.
 */
static const char *in_vain(const struct asked *asked)
{
    return asked->why_not
               ? xr_printf(asked->arena, " Without an answer that counts: %s.", asked->why_not)
               : "";
}

/* true: the source could say. Else it is noted among those that could not. */
static bool heard(
    struct asked *asked, const char *source, const char *kind, struct xr_statement told)
{
    struct xr_arena *arena = asked->arena;
    const char *name = name_of(arena, asked->certificate);

    if (told.state == XR_REVOCATION_GOOD)
        settle(asked, told.state, source,
            xr_printf(arena, "The certificate of %s has not been revoked (%s, as of %s).%s", name,
                source, told.text, in_vain(asked)));
    if (told.state == XR_REVOCATION_REVOKED)
        settle(asked, told.state, source,
            xr_printf(arena, "The certificate of %s was revoked on %s, says %s.%s", name, told.text,
                source, in_vain(asked)));
    if (!asked->row)
        note_failure(asked, source, xr_printf(arena, "%s%s", kind, told.text));
    return asked->row != NULL;
}

static bool ask_staple(struct asked *asked, const struct xr_question *question)
{
    static const char source[] = "stapled OCSP answer";

    if (!asked->staple.length)
        return false;
    asked->staple_counts =
        heard(asked, source, "stapled OCSP answer: ", xr_ocsp_read(question, asked->staple, NULL));
    asked->failed = !asked->staple_counts;
    return asked->staple_counts;
}

/* The places of one kind: "OCSP " or "CRL ". */
struct sources {
    const char *kind;
    struct xr_statement (*ask)(const struct xr_question *, const char *);
    struct xr_urls urls;
};

/* One after the other, each for its share of the time. */
static bool ask_kind(struct asked *asked, const struct xr_question *question,
    const struct sources *sources, struct xr_deadline deadline)
{
    for (size_t i = 0; i < sources->urls.n; i++) {
        const char *url = sources->urls.http[i];
        const char *source = xr_printf(
            asked->arena, "%s%s", sources->kind, xr_excerpt(asked->arena, url, XR_QUOTED_MAX));
        struct xr_inquiry inquiry = *question->inquiry;
        struct xr_question narrowed = *question;
        inquiry.deadline = xr_deadline_part(deadline, sources->urls.n - i, 0);
        narrowed.inquiry = &inquiry;
        if (xr_time_state(inquiry.deadline) != XR_TIME_LEFT) {
            note_failure(
                asked, source, xr_printf(asked->arena, "%s: not asked: no time was left", source));
            continue;
        }
        asked->failed = true;
        xr_asked_add(&asked->whom, url);
        if (heard(asked, source, sources->kind, sources->ask(&narrowed, url)))
            return true;
    }
    return false;
}

/* A responder that is silent must leave time for the list. */
static bool ask_sources(struct asked *asked, const struct xr_question *question)
{
    struct xr_deadline deadline = question->inquiry->deadline;
    const struct sources ocsp = { "OCSP ", xr_ocsp_ask,
        xr_certificate_urls(asked->arena, question->subject, XR_URL_OCSP) };
    const struct sources crl = { "CRL ", xr_crl_ask,
        xr_certificate_urls(asked->arena, question->subject, XR_URL_CRL) };

    asked->elsewhere = ocsp.urls.other ? ocsp.urls.other : crl.urls.other;
    return ask_kind(asked, question, &ocsp, xr_deadline_part(deadline, crl.urls.n ? 2 : 1, 0)) ||
           ask_kind(asked, question, &crl, deadline);
}

/* CA/Browser Forum Baseline Requirements 1.6.1: such certificates need no way to be revoked. */
static int64_t short_life_ms(const struct xr_certificate *certificate)
{
    const int64_t march_2026 = 1773532800000LL; /* 2026-03-15 */

    return certificate->not_before_ms < march_2026 ? 10 * DAY_MS : 7 * DAY_MS;
}

static bool is_short_lived(const struct xr_certificate *certificate)
{
    return certificate->not_after_ms - certificate->not_before_ms <= short_life_ms(certificate);
}

static void tell_unknown(struct asked *asked)
{
    const char *name = name_of(asked->arena, asked->certificate);

    settle(asked, XR_REVOCATION_UNKNOWN, asked->sources,
        asked->failed ? xr_printf(asked->arena,
                            "Nobody could say whether the certificate of %s has been revoked: %s. "
                            "Most clients go on all the same.",
                            name, asked->why_not)
                      : xr_printf(asked->arena,
                            "Nobody was asked whether the certificate of %s has been revoked: %s.",
                            name, asked->why_not));
}

static void tell_no_source(struct asked *asked)
{
    const char *name = name_of(asked->arena, asked->certificate);

    settle(asked, XR_REVOCATION_NO_SOURCE, NULL,
        asked->elsewhere
            ? xr_printf(asked->arena,
                  "Whether the certificate of %s has been revoked was not asked: for that it names "
                  "\"%s\", and exray asks over http only.",
                  name, xr_excerpt(asked->arena, asked->elsewhere, XR_QUOTED_MAX))
            : xr_printf(asked->arena,
                  "The certificate of %s names nobody who could say whether it has been revoked.",
                  name));
}

static void tell_short_lived(struct asked *asked)
{
    const struct xr_certificate *certificate = asked->certificate;
    int64_t life_ms = certificate->not_after_ms - certificate->not_before_ms + 1000;

    settle(asked, XR_REVOCATION_NO_SOURCE, NULL,
        xr_printf(asked->arena,
            "The certificate of %s is valid for %s only; of such nobody is asked whether it has "
            "been revoked.",
            name_of(asked->arena, certificate),
            life_ms < DAY_MS ? "less than a day" : xr_days(asked->arena, life_ms / DAY_MS)));
}

static void ask(struct asked *asked, const struct xr_question *question)
{
    bool may_ask = !question->inquiry->net->no_revocation;

    if (ask_staple(asked, question))
        return;
    if (may_ask && is_short_lived(asked->certificate))
        tell_short_lived(asked);
    else if (may_ask && ask_sources(asked, question))
        asked->failed = false;
    else if (asked->why_not)
        tell_unknown(asked);
    else if (may_ask)
        tell_no_source(asked);
}

static void tell_no_issuer(struct asked *asked)
{
    settle(asked, XR_REVOCATION_UNKNOWN, NULL,
        xr_printf(asked->arena,
            "Whether the certificate of %s has been revoked was not asked: its issuer's "
            "certificate, by which an answer is verified, is not known.",
            name_of(asked->arena, asked->certificate)));
}

static void ask_one(void *arg, size_t i)
{
    struct round *round = arg;
    struct asked *asked = &round->all[i];
    struct xr_question question = {
        .arena = asked->arena,
        .inquiry = &round->inquiry,
        .certificate = asked->certificate,
        .subject = xr_certificate_read(asked->certificate->der),
        .issuer = asked->issuer ? xr_certificate_read(asked->issuer->der) : NULL,
    };

    if (question.subject && question.issuer)
        ask(asked, &question);
    else if (!round->inquiry.net->no_revocation)
        tell_no_issuer(asked);
    if (asked->row)
        asked->row->asked = asked->whom;
    X509_free(question.subject);
    X509_free(question.issuer);
}

static const struct xr_certificate *at_depth(const struct xr_tls_session *session, int depth)
{
    const struct xr_certificate *certificate = session->certificates;

    while (certificate && certificate->depth != depth)
        certificate = certificate->next;
    return certificate;
}

/* The last of its chain, which nobody revokes: a root, or what this machine trusts by itself. */
static bool is_end(const struct xr_certificate *certificate)
{
    return certificate->self_signed || (certificate->position < 0 && !certificate->fetched);
}

static void gather(struct round *round, const struct xr_tls_session *session)
{
    for (int depth = 0; depth < ASKED_MAX; depth++) {
        const struct xr_certificate *certificate = at_depth(session, depth);
        if (!certificate)
            return;
        const struct xr_certificate *issuer = at_depth(session, depth + 1);
        if (!issuer && is_end(certificate))
            return;
        round->all[round->n++] = (struct asked){
            .arena = xr_arena_new(),
            .certificate = certificate,
            .issuer = issuer,
            .staple = depth ? (struct xr_der){ 0 } : session->staple_der,
        };
    }
}

static void note(struct xr_arena *arena, struct xr_tls_session *session, const struct asked *asked)
{
    struct xr_revocation **end = &session->revocations;
    struct xr_revocation *row = asked->row;

    if (!row)
        return;
    while (*end)
        end = &(*end)->next;
    *end = row;
    if (row->state == XR_REVOCATION_REVOKED)
        xr_flaw_add(
            arena, session, XR_FLAW_REVOKED, row->depth, X509_V_ERR_CERT_REVOKED, row->text);
    if (row->state == XR_REVOCATION_UNKNOWN && asked->failed)
        xr_flaw_add(arena, session, XR_FLAW_REVOCATION_UNKNOWN, row->depth, 0, row->text);
}

/* RFC 7633: a client that heeds the demand ends the handshake. */
static void check_must_staple(
    struct xr_arena *arena, struct xr_tls_session *session, const struct asked *leaf)
{
    const struct xr_certificate *certificate = session->certificates;
    bool there = session->staple_der.length > 0;

    if (!certificate || !certificate->must_staple || (leaf && leaf->staple_counts))
        return;
    xr_flaw_add(arena, session, XR_FLAW_STAPLE_MISSING, 0, 0,
        xr_printf(arena,
            "The certificate of %s demands a stapled OCSP answer (must-staple), but %s; some "
            "clients, Firefox among them, refuse it.",
            name_of(arena, certificate),
            there ? "the one that the server sends does not count" : "the server sends none"));
}

void xr_check_revocation(
    struct xr_arena *arena, const struct xr_inquiry *inquiry, struct xr_tls_session *session)
{
    struct round round = { .inquiry = *inquiry };

    round.inquiry.deadline = xr_deadline_part(inquiry->deadline, 2, XR_FETCH_MS);
    gather(&round, session);
    xr_pool_run(ASKED_MAX, round.n, ask_one, &round);
    session->revocations = NULL;
    for (size_t i = 0; i < round.n; i++) {
        xr_arena_absorb(arena, round.all[i].arena);
        note(arena, session, &round.all[i]);
    }
    check_must_staple(arena, session, round.n ? &round.all[0] : NULL);
}
