#include <string.h>

#include "analyzer/base/text.h"
#include "probes/ssl_trust.h"

enum { PRIME_BITS_MIN = 2048 }; /* RFC 9325, section 4.2.1 */

static const char *answer_name(enum xr_answer answer)
{
    static const char *const names[] = {
        [XR_ANSWER_NO] = "no", [XR_ANSWER_YES] = "yes", [XR_ANSWER_NONE] = "unknown"
    };

    return names[answer];
}

/* What a yes to each question is worth. */
static const struct {
    enum xr_status yes;
    enum xr_finding_code code; /* when yes is no success */
} worth[XR_ASK_COUNT] = {
    [XR_ASK_TLS_1_0] = { XR_WARNING, XR_FINDING_TLS_OLD_PROTOCOLS_OFFERED },
    [XR_ASK_TLS_1_1] = { XR_WARNING, XR_FINDING_TLS_OLD_PROTOCOLS_OFFERED },
    [XR_ASK_TLS_1_2] = { XR_SUCCESS, XR_FINDING_COUNT },
    [XR_ASK_TLS_1_3] = { XR_SUCCESS, XR_FINDING_COUNT },
    [XR_ASK_NO_PROTECTION] = { XR_WARNING, XR_FINDING_TLS_WEAK_CIPHERS_OFFERED },
    [XR_ASK_BROKEN] = { XR_WARNING, XR_FINDING_TLS_WEAK_CIPHERS_OFFERED },
    [XR_ASK_NO_SECRECY] = { XR_SUCCESS, XR_FINDING_COUNT },
    [XR_ASK_NO_AEAD] = { XR_SUCCESS, XR_FINDING_COUNT },
    [XR_ASK_FINITE_FIELD] = { XR_SUCCESS, XR_FINDING_COUNT },
};

static bool has_short_prime(const struct xr_scan *scan)
{
    const struct xr_offer *offer = &scan->offers[XR_ASK_FINITE_FIELD];

    return offer->answer == XR_ANSWER_YES && offer->prime_bits &&
           offer->prime_bits < PRIME_BITS_MIN;
}

static enum xr_status status_of(const struct xr_scan *scan, enum xr_question question)
{
    if (scan->offers[question].answer != XR_ANSWER_YES)
        return XR_SUCCESS;
    return question == XR_ASK_FINITE_FIELD && has_short_prime(scan) ? XR_WARNING
                                                                    : worth[question].yes;
}

static const char *detail_of(struct xr_arena *arena, const struct xr_offer *offer)
{
    if (offer->answer != XR_ANSWER_YES)
        return offer->text;
    if (offer->prime_bits)
        return xr_printf(arena, "%s, %d bit prime", offer->cipher, offer->prime_bits);
    return offer->cipher;
}

static void note_offer(struct xr_ctx *ctx, const struct xr_scan *scan, enum xr_question question)
{
    struct xr_facts *facts = &ctx->run->facts;
    struct xr_fact_offer *fact = xr_new(ctx->arena, struct xr_fact_offer);

    *fact = (struct xr_fact_offer){
        .question = xr_question_text(question),
        .answer = answer_name(scan->offers[question].answer),
        .detail = detail_of(ctx->arena, &scan->offers[question]),
        .status = status_of(scan, question),
    };
    if (facts->last_offer)
        facts->last_offer->next = fact;
    else
        facts->offers = fact;
    facts->last_offer = fact;
}

/* ---- what speaks against the answers of one address ---- */

/* A server's weaknesses, as sentences; those that "known" has too are left out. */
struct complaint {
    struct xr_step *step;
    const char *where; /* in front of each sentence: "" or "At 192.0.2.1: " */
    const struct xr_scan *scan, *known;
};

static bool is_yes(const struct xr_scan *scan, enum xr_question question)
{
    return scan && scan->offers[question].answer == XR_ANSWER_YES;
}

static bool is_news(const struct complaint *complaint, enum xr_question question)
{
    return is_yes(complaint->scan, question) && !is_yes(complaint->known, question);
}

static bool is_newest_only(const struct xr_scan *scan)
{
    return is_yes(scan, XR_ASK_TLS_1_3) && scan->offers[XR_ASK_TLS_1_2].answer == XR_ANSWER_NO;
}

static void find_protocols(const struct complaint *complaint)
{
    for (enum xr_question question = XR_ASK_TLS_1_0; question <= XR_ASK_TLS_1_1; question++)
        if (is_news(complaint, question))
            (void)xr_find(complaint->step, worth[question].code, XR_WARNING,
                "%sThe server still agrees to %s.", complaint->where, xr_question_text(question));
    if (is_newest_only(complaint->scan) && !is_newest_only(complaint->known))
        (void)xr_find(complaint->step, XR_FINDING_TLS_NEWEST_PROTOCOL_ONLY, XR_WARNING,
            "%sThe server agrees to TLS 1.3 alone: clients that end at TLS 1.2 cannot connect.",
            complaint->where);
}

static void find_ciphers(const struct complaint *complaint)
{
    const struct xr_offer *offers = complaint->scan->offers;

    for (enum xr_question question = XR_ASK_NO_PROTECTION; question <= XR_ASK_BROKEN; question++)
        if (is_news(complaint, question))
            (void)xr_find(complaint->step, worth[question].code, XR_WARNING,
                "%sThe server agrees to %s: %s, %s.", complaint->where, xr_question_text(question),
                offers[question].version, offers[question].cipher);
    if (has_short_prime(complaint->scan) &&
        !(complaint->known && has_short_prime(complaint->known)))
        (void)xr_find(complaint->step, XR_FINDING_TLS_WEAK_CIPHERS_OFFERED, XR_WARNING,
            "%sThe server's Diffie-Hellman prime has %d bits; %d are needed.", complaint->where,
            offers[XR_ASK_FINITE_FIELD].prime_bits, PRIME_BITS_MIN);
}

static bool is_insecure(const struct xr_scan *scan)
{
    for (enum xr_question question = XR_ASK_TLS_1_0; question <= XR_ASK_TLS_1_2; question++)
        if (is_yes(scan, question) && !scan->offers[question].secure_renegotiation)
            return true;
    return false;
}

static void find_renegotiation(const struct complaint *complaint)
{
    if (is_insecure(complaint->scan) && !is_insecure(complaint->known))
        (void)xr_find(complaint->step, XR_FINDING_TLS_RENEGOTIATION_INSECURE, XR_WARNING,
            "%sThe server does not protect renegotiation (RFC 5746).", complaint->where);
}

static void complain(const struct complaint *complaint)
{
    find_protocols(complaint);
    find_ciphers(complaint);
    find_renegotiation(complaint);
}

/* ---- the certificate for clients that name no host ---- */

static bool differs(const struct xr_scan *scan, const struct xr_tls_session *session)
{
    const struct xr_certificate *shown = scan->default_certificate;

    return shown && session->leaf_sha256 && strcmp(shown->sha256, session->leaf_sha256) != 0;
}

static void find_default(struct xr_step *step, const char *where, const struct xr_scan *scan)
{
    (void)xr_find(step, XR_FINDING_TLS_DEFAULT_CERTIFICATE_DIFFERS, XR_WARNING,
        "%sA client that names no host is shown the certificate of %s, signed by itself.", where,
        scan->default_certificate->common_name);
}

/* Another one is usual where many names share an address; one that nobody signed was forgotten. */
static void tell_default(
    struct xr_step *step, const struct xr_scan *scan, const struct xr_tls_session *session)
{
    const struct xr_certificate *shown = scan->default_certificate;

    if (!shown || !session->leaf_sha256)
        return;
    struct xr_step *child =
        xr_trust_part(step, "default-certificate", "Certificate without a host name");
    xr_step_detail(child, "Address", "%s", scan->address);
    if (!differs(scan, session)) {
        (void)xr_success(child, "The same certificate is shown to clients that name no host.");
    } else if (shown->self_issued) {
        find_default(child, "", scan);
        child->message = child->findings->message;
    } else {
        (void)xr_success(child, "A client that names no host is shown the certificate of %s.",
            shown->common_name);
    }
}

/* ---- what is told ---- */

/* "TLS 1.2, TLS 1.3", or NULL */
static const char *protocols_text(struct xr_arena *arena, const struct xr_scan *scan)
{
    const char *text = NULL;

    for (enum xr_question question = XR_ASK_TLS_1_0; question <= XR_ASK_TLS_1_3; question++)
        if (is_yes(scan, question))
            text = text ? xr_printf(arena, "%s, %s", text, xr_question_text(question))
                        : xr_question_text(question);
    return text;
}

static void list_answers(struct xr_ctx *ctx, struct xr_step *child, const struct xr_scan *scan)
{
    xr_step_detail(child, "Address", "%s", scan->address);
    for (enum xr_question question = 0; question < XR_ASK_COUNT; question++) {
        const char *detail = detail_of(child->arena, &scan->offers[question]);
        note_offer(ctx, scan, question);
        xr_step_detail(child, xr_question_text(question), detail ? "%s (%s)" : "%s",
            answer_name(scan->offers[question].answer), detail);
    }
}

static void say_what_is_agreed(
    struct xr_step *child, const struct xr_scan *scan, const struct xr_tls_session *session)
{
    const char *agreed = scan ? protocols_text(child->arena, scan) : NULL;

    if (agreed)
        (void)xr_success(child, "The server agrees to %s.", agreed);
    else if (session->version && !scan)
        (void)xr_success(child,
            "%s was agreed on. (exray test ssl-trust asks what else the server would agree to.)",
            session->version);
    else
        (void)xr_skipped(child, "ssl-trust.handshake",
            "Not known: the server agreed to none of the protocols that were asked for.");
}

void xr_tell_scan(struct xr_ctx *ctx, struct xr_step *step, const struct xr_scan *scan,
    const struct xr_tls_session *session)
{
    struct xr_step *child = xr_trust_part(step, "protocols", "Protocols and ciphers");

    if (scan) {
        list_answers(ctx, child, scan);
        complain(&(struct complaint){ child, "", scan, NULL });
    }
    if (session->version && !session->forward_secret)
        (void)xr_find(child, XR_FINDING_TLS_WEAK_CIPHERS_OFFERED, XR_WARNING,
            "The cipher in use, %s, has no forward secrecy.", session->cipher);
    if (child->findings)
        child->message = child->findings->message;
    else
        say_what_is_agreed(child, scan, session);
    if (scan)
        tell_default(step, scan, session);
}

void xr_find_scan(struct xr_step *step, const char *where, const struct xr_scan *scan,
    const struct xr_tls_session *session, const struct xr_scan *known)
{
    complain(&(struct complaint){ step, where, scan, known });
    if (differs(scan, session) && scan->default_certificate->self_issued)
        find_default(step, where, scan);
}
