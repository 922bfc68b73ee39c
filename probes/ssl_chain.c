#include <string.h>

#include "analyzer/base/text.h"
#include "probes/faults.h"
#include "probes/ssl_trust.h"

enum { DAY_MS = 24 * 3600 * 1000 };

struct xr_step *xr_trust_part(struct xr_step *step, const char *suffix, const char *title)
{
    const char *id = xr_printf(step->arena, "%s.%s", step->id, suffix);
    struct xr_step *child = xr_step_add(step->arena, step, id, title);

    child->started_us = step->started_us;
    return child;
}

const struct xr_certificate *xr_chain_end(const struct xr_tls_session *session)
{
    const struct xr_certificate *end = NULL;

    for (const struct xr_certificate *at = session->certificates; at; at = at->next)
        if (at->depth >= 0 && (!end || at->depth > end->depth))
            end = at;
    return end;
}

static const struct xr_certificate *link_at(const struct xr_tls_session *session, int depth)
{
    const struct xr_certificate *at = session->certificates;

    while (at && at->depth != depth)
        at = at->next;
    return at;
}

static int64_t moment_ms(const struct xr_ctx *ctx)
{
    return ctx->target->at_ms ? ctx->target->at_ms : xr_wall_ms();
}

/* ---- what is said of a part that has no flaw ---- */

struct view {
    struct xr_ctx *ctx;
    struct xr_arena *arena;
    const char *host;
    bool ignore_trust;
    const struct xr_tls_session *session;
    const struct xr_certificate *leaf;
};

static void praise_name(const struct view *view, struct xr_step *child)
{
    if (view->host)
        (void)xr_success(child, "The certificate is valid for %s.", view->host);
    else
        (void)xr_skipped(child, NULL, "Not judged: no host was named.");
}

static void praise_chain(const struct view *view, struct xr_step *child)
{
    int sent = view->session->sent_n;

    (void)xr_success(child, "%d certificate%s sent, %snone missing.", sent, sent == 1 ? "" : "s",
        sent == 1 ? "" : "in order, ");
}

static void praise_trust(const struct view *view, struct xr_step *child)
{
    const struct xr_certificate *end = xr_chain_end(view->session);

    if (view->session->trusted && view->ignore_trust)
        (void)xr_warning(child, XR_FINDING_TLS_TRUST_IGNORED,
            "On request, trust was not required; %s would have been trusted without that.",
            view->host ? view->host : "this chain");
    else if (view->session->trusted)
        (void)xr_success(child, "The chain ends at \"%s\", which %s.", end->common_name,
            view->ctx->target->chain_file ? "is trusted" : "this machine trusts");
    else
        (void)xr_skipped(child, xr_printf(view->arena, "%s.chain", "ssl-trust"), "%s",
            view->session->completion ? view->session->completion
                                      : "Not decided: the chain does not reach a root.");
}

static void praise_dates(const struct view *view, struct xr_step *child)
{
    (void)xr_success(child, "%lld days left.",
        (long long)((view->leaf->not_after_ms - moment_ms(view->ctx)) / DAY_MS));
}

/* Why nobody knows; a reader must not take silence for an answer. */
static const char *why_not_judged(const struct view *view)
{
    if (view->ctx->target->chain_file)
        return "Not judged: a file does not tell, and nobody is asked about one.";
    if (view->ctx->net->no_revocation)
        return "Not judged: --no-revocation was given, and the server staples no answer.";
    return view->ctx->target->enquire
               ? "Not judged: the chain ends with the first certificate."
               : "Not judged: this test asks no authority, and the server staples no answer.";
}

static void praise_revocation(const struct view *view, struct xr_step *child)
{
    const struct xr_revocation *leaf = view->session->revocations;

    if (leaf && leaf->state == XR_REVOCATION_GOOD)
        (void)xr_success(child, "%s", leaf->text);
    else if (leaf)
        (void)xr_skipped(child, NULL, "%s", leaf->text);
    else if (view->session->staple)
        (void)xr_success(child, "The stapled OCSP answer: %s.", view->session->staple);
    else
        (void)xr_skipped(child, NULL, "%s", why_not_judged(view));
}

static void praise_purpose(const struct view *view, struct xr_step *child)
{
    (void)xr_success(child, "%s.",
        *view->leaf->purposes ? view->leaf->purposes : "Not limited to certain purposes");
}

static void praise_strength(const struct view *view, struct xr_step *child)
{
    (void)xr_success(child, "%s, signed with %s.", view->leaf->key, view->leaf->signature);
}

/* ---- the parts ---- */

static void detail_chain(const struct view *view, struct xr_step *child)
{
    if (view->session->completion)
        xr_step_detail(child, "Missing issuer", "%s", view->session->completion);
    for (const struct xr_certificate *at = view->session->certificates; at; at = at->next)
        if (at->position >= 0 && at->depth > 0 && at->depth == xr_chain_end(view->session)->depth &&
            at->self_issued && view->session->trusted)
            xr_step_detail(child, "Root", "sent as well; it need not be");
}

static void detail_dates(const struct view *view, struct xr_step *child)
{
    for (const struct xr_certificate *at = view->session->certificates; at; at = at->next)
        if (at->depth >= 0)
            xr_step_detail(child, at->common_name, "%s to %s",
                xr_strndup(view->arena, xr_rfc3339(view->arena, at->not_before_ms), 10),
                xr_strndup(view->arena, xr_rfc3339(view->arena, at->not_after_ms), 10));
}

static void detail_revocation(const struct view *view, struct xr_step *child)
{
    for (const struct xr_revocation *at = view->session->revocations; at; at = at->next) {
        const struct xr_certificate *link = link_at(view->session, at->depth);
        xr_step_detail(child, link ? link->common_name : "Certificate", "%s", at->text);
    }
    if (view->session->staple)
        xr_step_detail(child, "Stapled OCSP answer", "%s", view->session->staple);
}

static void detail_leaf(const struct view *view, struct xr_step *child)
{
    xr_step_detail(child, "Names", "%s", *view->leaf->names ? view->leaf->names : "none");
    xr_step_detail(child, "Subject", "%s", view->leaf->subject);
    xr_step_detail(child, "Issuer", "%s", view->leaf->issuer);
    xr_step_detail(child, "Serial number", "%s", view->leaf->serial);
    xr_step_detail(child, "SHA-256", "%s", view->leaf->sha256);
}

#define KIND(name) XR_FLAW_BIT(XR_FLAW_##name)

static const struct part {
    const char *suffix, *title;
    void (*praise)(const struct view *, struct xr_step *);
    void (*detail)(const struct view *, struct xr_step *); /* NULL: none */
    uint32_t kinds;
} parts[] = {
    { "name", "Name", praise_name, detail_leaf, KIND(NAME_MISMATCH) },
    { "chain", "Chain", praise_chain, detail_chain,
        KIND(CHAIN_INCOMPLETE) | KIND(CHAIN_DISORDERED) | KIND(CHAIN_EXTRA) |
            KIND(PATH_AMBIGUOUS) },
    { "trust", "Trust", praise_trust, NULL,
        KIND(SELF_SIGNED) | KIND(UNTRUSTED_ROOT) | KIND(INTERCEPTED) },
    { "dates", "Dates", praise_dates, detail_dates,
        KIND(EXPIRED) | KIND(NOT_YET_VALID) | KIND(EXPIRES_SOON) | KIND(VALIDITY_TOO_LONG) },
    { "revocation", "Revocation", praise_revocation, detail_revocation,
        KIND(REVOKED) | KIND(REVOCATION_UNKNOWN) | KIND(STAPLE_MISSING) },
    { "purpose", "Purpose", praise_purpose, NULL, KIND(BAD_PURPOSE) | KIND(NONCONFORMING) },
    { "strength", "Strength", praise_strength, NULL,
        KIND(WEAK_KEY) | KIND(WEAK_SIGNATURE) | KIND(KEY_UNUSUAL) },
};

/* Of a certificate that lives for days, the last week is no alarm. */
static int64_t critical_ms(const struct xr_target *target, const struct xr_certificate *link)
{
    int64_t asked = target->crit_days * (int64_t)DAY_MS;
    int64_t tenth = (link->not_after_ms - link->not_before_ms) / 10;

    return target->days_as_given || asked < tenth ? asked : tenth;
}

/* Below the critical threshold nearing expiry is an error; the connection stays usable. */
static void raise_expiry(const struct view *view, struct xr_step *child)
{
    for (const struct xr_tls_flaw *flaw = view->session->flaws; flaw; flaw = flaw->next) {
        const struct xr_certificate *link = link_at(view->session, flaw->depth);
        if (flaw->flaw != XR_FLAW_EXPIRES_SOON || !link ||
            link->not_after_ms - moment_ms(view->ctx) >= critical_ms(view->ctx->target, link))
            continue;
        for (struct xr_finding *at = child->findings; at; at = at->next)
            if (at->code == XR_FINDING_TLS_EXPIRES_SOON && !strcmp(at->message, flaw->text))
                at->status = child->status = XR_ERROR;
    }
}

static void tell_part(const struct view *view, struct xr_step *step, const struct part *part)
{
    struct xr_step *child = xr_trust_part(step, part->suffix, part->title);

    xr_flaws_find(child, view->session, view->ignore_trust, part->kinds);
    if (part->detail)
        part->detail(view, child);
    if (!child->findings) {
        part->praise(view, child);
        return;
    }
    raise_expiry(view, child);
    for (const struct xr_finding *at = child->findings; at; at = at->next)
        if (at->status == child->status) {
            child->message = at->message;
            return;
        }
}

/* ---- facts ---- */

static const char *role_of(const struct xr_certificate *certificate)
{
    if (certificate->depth < 0)
        return "extra";
    if (certificate->depth == 0)
        return "leaf";
    return certificate->self_signed ? "root" : "intermediate";
}

static void note_certificate(struct xr_facts *facts, struct xr_fact_certificate *certificate)
{
    if (facts->last_certificate)
        facts->last_certificate->next = certificate;
    else
        facts->certificates = certificate;
    facts->last_certificate = certificate;
}

/* The place that nothing fills: what is known of it stands in the certificate below. */
static void note_missing(struct xr_ctx *ctx, const struct xr_tls_session *session)
{
    const struct xr_certificate *last = xr_chain_end(session);

    for (const struct xr_tls_flaw *flaw = session->flaws; flaw && last; flaw = flaw->next) {
        if (flaw->flaw != XR_FLAW_CHAIN_INCOMPLETE || last->fetched || last->self_signed)
            continue;
        struct xr_fact_certificate *missing = xr_new(ctx->arena, struct xr_fact_certificate);
        *missing = (struct xr_fact_certificate){ .role = "intermediate",
            .subject = last->issuer,
            .position = -1,
            .missing = true,
            .issuer_url = last->issuer_url };
        note_certificate(&ctx->run->facts, missing);
        return;
    }
}

static const char *revocation_name(enum xr_revocation_state state)
{
    static const char *const names[] = { [XR_REVOCATION_GOOD] = "good",
        [XR_REVOCATION_REVOKED] = "revoked",
        [XR_REVOCATION_UNKNOWN] = "unknown",
        [XR_REVOCATION_NO_SOURCE] = "no-source" };

    return names[state];
}

static void note_revocation(
    const struct xr_tls_session *session, int depth, struct xr_fact_certificate *fact)
{
    for (const struct xr_revocation *at = session->revocations; at; at = at->next)
        if (at->depth == depth && depth >= 0) {
            fact->revocation = revocation_name(at->state);
            fact->revocation_source = at->source;
        }
}

static struct xr_fact_certificate *fact_of(struct xr_arena *arena,
    const struct xr_tls_session *session, const struct xr_certificate *certificate)
{
    struct xr_fact_certificate *fact = xr_new(arena, struct xr_fact_certificate);

    *fact = (struct xr_fact_certificate){
        .role = role_of(certificate),
        .subject = certificate->subject,
        .issuer = certificate->issuer,
        .serial = certificate->serial,
        .sha256 = certificate->sha256,
        .key = certificate->key,
        .signature = certificate->signature,
        .names = certificate->names,
        .not_before_ms = certificate->not_before_ms,
        .not_after_ms = certificate->not_after_ms,
        .position = certificate->position,
        .sent = certificate->position >= 0,
        .used = certificate->depth >= 0,
        .trusted = session->trusted && certificate->depth >= 0,
        .missing = certificate->fetched,
        .fetched = certificate->fetched,
        .must_staple = certificate->must_staple,
        .purposes = certificate->purposes,
        .issuer_url = certificate->issuer_url,
        .ocsp_url = certificate->ocsp_url,
        .crl_url = certificate->crl_url,
    };
    note_revocation(session, certificate->depth, fact);
    return fact;
}

static void note_certificates(struct xr_ctx *ctx, const struct xr_tls_session *session)
{
    for (const struct xr_certificate *at = session->certificates; at; at = at->next)
        note_certificate(&ctx->run->facts, fact_of(ctx->arena, session, at));
    note_missing(ctx, session);
    ctx->run->facts.certificate_expires_ms = session->certificates->not_after_ms;
}

void xr_tell_chain(struct xr_ctx *ctx, struct xr_step *step, const char *host, bool ignore_trust,
    const struct xr_tls_session *session)
{
    struct view view = { ctx, step->arena, host, ignore_trust, session, session->certificates };

    for (size_t i = 0; view.leaf && i < sizeof(parts) / sizeof(*parts); i++)
        tell_part(&view, step, &parts[i]);
    if (view.leaf)
        note_certificates(ctx, session);
}

enum xr_status xr_trust_conclude(struct xr_step *step, const char *good)
{
    enum xr_status worst = xr_step_worst(step);

    if (worst <= XR_SUCCESS)
        return xr_success(step, "%s", good);
    for (const struct xr_step *child = step->first; child; child = child->next)
        if (child->status == worst) {
            step->message = child->message;
            return worst;
        }
    step->message = step->findings->message;
    return worst;
}
