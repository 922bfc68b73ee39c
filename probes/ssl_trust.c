#include <string.h>

#include "analyzer/base/pool.h"
#include "analyzer/base/text.h"
#include "probes/faults.h"
#include "probes/legs.h"
#include "probes/policy.h"

/* One handshake with one address; all of them run side by side. */
struct meeting {
    struct xr_arena *arena;
    const char *address;
    const struct xr_err *err;
    struct xr_tls_session session;
};

struct meetings {
    struct xr_leg *leg;
    struct meeting all[XR_DNS_ADDRESSES_MAX];
    size_t n;
};

static void meet(void *arg, size_t i)
{
    struct meetings *meetings = arg;
    struct meeting *meeting = &meetings->all[i];

    meeting->err =
        xr_leg_handshake(meetings->leg, meeting->arena, meeting->address, &meeting->session);
}

static void meet_all(struct xr_ctx *ctx, struct meetings *meetings)
{
    struct xr_leg *leg = ctx->ews_leg;

    meetings->leg = leg;
    for (size_t i = 0; i < leg->tries_n; i++)
        if (!leg->tries[i].err)
            meetings->all[meetings->n++] =
                (struct meeting){ .arena = xr_arena_new(), .address = leg->tries[i].address };
    xr_pool_run(XR_DNS_ADDRESSES_MAX, meetings->n, meet, meetings);
    for (size_t i = 0; i < meetings->n; i++)
        xr_arena_absorb(ctx->arena, meetings->all[i].arena);
}

static bool is_good(const struct meeting *meeting, bool ignore_trust)
{
    return !meeting->err && xr_tls_may_carry(&meeting->session, ignore_trust) &&
           meeting->session.client_certificate != XR_CLIENT_CERTIFICATE_REQUIRED;
}

/* The address to use: the first that may carry credentials, else the first that shook hands, else
 * any. */
static const struct meeting *choose(const struct meetings *meetings, bool ignore_trust)
{
    for (size_t i = 0; i < meetings->n; i++)
        if (is_good(&meetings->all[i], ignore_trust))
            return &meetings->all[i];
    for (size_t i = 0; i < meetings->n; i++)
        if (!meetings->all[i].err)
            return &meetings->all[i];
    return &meetings->all[0];
}

static struct xr_step *part(struct xr_step *step, const char *suffix, const char *title)
{
    const char *id = xr_printf(step->arena, "%s.%s", step->id, suffix);
    struct xr_step *child = xr_step_add(step->arena, step, id, title);

    child->started_us = step->started_us;
    return child;
}

static bool is_name(enum xr_flaw flaw)
{
    return flaw == XR_FLAW_NAME_MISMATCH;
}

static bool is_chain(enum xr_flaw flaw)
{
    return flaw == XR_FLAW_CHAIN_INCOMPLETE || flaw == XR_FLAW_CHAIN_DISORDERED;
}

static bool is_trust(enum xr_flaw flaw)
{
    return flaw == XR_FLAW_SELF_SIGNED || flaw == XR_FLAW_UNTRUSTED_ROOT ||
           flaw == XR_FLAW_BAD_PURPOSE;
}

static bool is_date(enum xr_flaw flaw)
{
    return flaw == XR_FLAW_EXPIRED || flaw == XR_FLAW_NOT_YET_VALID || flaw == XR_FLAW_EXPIRES_SOON;
}

static bool is_revocation(enum xr_flaw flaw)
{
    return flaw == XR_FLAW_REVOKED;
}

static bool is_strength(enum xr_flaw flaw)
{
    return flaw == XR_FLAW_WEAK_KEY || flaw == XR_FLAW_WEAK_SIGNATURE;
}

static const struct xr_certificate *root_of(const struct xr_tls_session *session)
{
    const struct xr_certificate *root = NULL;

    for (const struct xr_certificate *at = session->certificates; at; at = at->next)
        if (at->depth >= 0 && (!root || at->depth > root->depth))
            root = at;
    return root;
}

static size_t count_sent(const struct xr_tls_session *session)
{
    size_t n = 0;

    for (const struct xr_certificate *at = session->certificates; at; at = at->next)
        n += at->position >= 0;
    return n;
}

static long long days_left(const struct xr_certificate *certificate)
{
    return (certificate->not_after_ms - xr_wall_ms()) / (24 * 3600 * 1000LL);
}

/* What is said of a part of the judgement when it has no flaw. */
static const char *praise(
    const char *suffix, const struct xr_leg *leg, const struct xr_tls_session *session)
{
    const struct xr_certificate *leaf = session->certificates, *root = root_of(session);
    struct xr_arena *arena = leg->arena;

    if (!strcmp(suffix, "name"))
        return xr_printf(arena, "The certificate is valid for %s.", leg->host);
    if (!strcmp(suffix, "chain"))
        return xr_printf(
            arena, "%zu certificates sent, in order, none missing.", count_sent(session));
    if (!strcmp(suffix, "trust"))
        return xr_printf(
            arena, "The chain ends at \"%s\", which this machine trusts.", root->common_name);
    if (!strcmp(suffix, "dates"))
        return xr_printf(arena, "%lld days left.", days_left(leaf));
    if (!strcmp(suffix, "revocation"))
        return xr_printf(arena, "The stapled OCSP answer: %s.", session->staple);
    return xr_printf(arena, "%s, signed with %s.", leaf->key, leaf->signature);
}

/* The judgement of one connection, part by part: all that is wrong at once, not the first only. */
static void tell_parts(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_tls_session *session)
{
    static const struct {
        const char *suffix, *title;
        bool (*which)(enum xr_flaw);
    } parts[] = {
        { "name", "Name", is_name },
        { "chain", "Chain", is_chain },
        { "trust", "Trust", is_trust },
        { "dates", "Dates", is_date },
        { "revocation", "Revocation", is_revocation },
        { "strength", "Strength", is_strength },
    };

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        if (parts[i].which == is_revocation && !session->staple)
            continue;
        struct xr_step *child = part(step, parts[i].suffix, parts[i].title);
        xr_flaws_find(child, session, ctx->ews_leg->ignore_trust, parts[i].which);
        if (child->findings)
            child->message = child->findings->message;
        else if (parts[i].which == is_trust && ctx->ews_leg->ignore_trust && session->trusted)
            (void)xr_warning(child, XR_FINDING_TLS_TRUST_IGNORED,
                "On request, trust was not required; %s would have been trusted without that.",
                ctx->ews_leg->host);
        else if (parts[i].which == is_trust && !session->trusted)
            (void)xr_skipped(child, xr_printf(step->arena, "%s.chain", step->id),
                "Not decided: the chain does not reach a root.");
        else
            (void)xr_success(child, "%s", praise(parts[i].suffix, ctx->ews_leg, session));
    }
}

static void tell_client_certificate(struct xr_step *step, const struct xr_tls_session *session)
{
    if (session->client_certificate == XR_CLIENT_CERTIFICATE_NOT_ASKED)
        return;
    struct xr_step *child = part(step, "client-certificate", "Client certificate");
    if (session->client_certificate == XR_CLIENT_CERTIFICATE_REQUIRED)
        (void)xr_error(child, XR_FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED,
            "The server demands a client certificate and ends the connection without one.");
    else
        (void)xr_warning(child, XR_FINDING_TLS_CLIENT_CERTIFICATE_REQUESTED,
            "The server asks for a client certificate, but goes on without one.");
}

static void tell_handshake(struct xr_step *step, const struct meeting *meeting)
{
    struct xr_step *child = part(step, "handshake", "Handshake");
    const struct xr_tls_session *session = &meeting->session;

    if (meeting->err) {
        (void)xr_fault_error(child, meeting->err);
        return;
    }
    child->elapsed_us = session->elapsed_us;
    (void)xr_success(child, "%s, %s%s%s.", session->version, session->cipher,
        session->group ? ", " : "", session->group ? session->group : "");
    xr_step_detail(child, "Address", "%s", meeting->address);
    if (session->alpn)
        xr_step_detail(child, "ALPN", "%s", session->alpn);
}

static const char *role_of(const struct xr_certificate *certificate)
{
    if (certificate->depth < 0)
        return "extra";
    if (certificate->depth == 0)
        return "leaf";
    return certificate->self_issued ? "root" : "intermediate";
}

static void note_certificate(struct xr_facts *facts, struct xr_fact_certificate *certificate)
{
    if (facts->last_certificate)
        facts->last_certificate->next = certificate;
    else
        facts->certificates = certificate;
    facts->last_certificate = certificate;
}

static void note_missing(struct xr_ctx *ctx, const struct xr_tls_session *session)
{
    const struct xr_certificate *last = root_of(session);

    for (const struct xr_tls_flaw *flaw = session->flaws; flaw && last; flaw = flaw->next) {
        if (flaw->flaw != XR_FLAW_CHAIN_INCOMPLETE)
            continue;
        struct xr_fact_certificate *missing = xr_new(ctx->arena, struct xr_fact_certificate);
        *missing = (struct xr_fact_certificate){
            .role = "intermediate", .subject = last->issuer, .position = -1, .missing = true
        };
        note_certificate(&ctx->run->facts, missing);
    }
}

static void note_certificates(struct xr_ctx *ctx, const struct xr_tls_session *session)
{
    for (const struct xr_certificate *at = session->certificates; at; at = at->next) {
        struct xr_fact_certificate *fact = xr_new(ctx->arena, struct xr_fact_certificate);
        *fact = (struct xr_fact_certificate){
            .role = role_of(at),
            .subject = at->subject,
            .issuer = at->issuer,
            .serial = at->serial,
            .sha256 = at->sha256,
            .key = at->key,
            .signature = at->signature,
            .names = at->names,
            .not_before_ms = at->not_before_ms,
            .not_after_ms = at->not_after_ms,
            .position = at->position,
            .sent = at->position >= 0,
            .used = at->depth >= 0,
            .trusted = session->trusted && at->depth >= 0,
        };
        note_certificate(&ctx->run->facts, fact);
    }
    note_missing(ctx, session);
    if (session->certificates)
        ctx->run->facts.certificate_expires_ms = session->certificates->not_after_ms;
}

static struct xr_fact_address *fact_of(struct xr_ctx *ctx, const char *address)
{
    struct xr_fact_address *fact = ctx->run->facts.addresses;

    while (fact && strcmp(fact->address, address))
        fact = fact->next;
    return fact;
}

/* The first thing that speaks against an address; NULL: nothing. */
static const char *objection(const struct meeting *meeting, enum xr_finding_code *ret_code)
{
    const struct xr_tls_flaw *flaw = meeting->session.flaws;

    if (meeting->err) {
        *ret_code = xr_fault_finding(meeting->err->fault);
        return meeting->err->text;
    }
    if (flaw) {
        *ret_code = xr_flaw_finding(flaw->flaw);
        return flaw->text;
    }
    if (meeting->session.client_certificate != XR_CLIENT_CERTIFICATE_REQUIRED)
        return NULL;
    *ret_code = XR_FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED;
    return "it demands a client certificate";
}

/* The other addresses: a client that meets one of them sees something else. */
static void tell_others(struct xr_ctx *ctx, struct xr_step *step, const struct meetings *meetings,
    const struct meeting *chosen)
{
    bool ignore = ctx->ews_leg->ignore_trust;

    for (size_t i = 0; i < meetings->n; i++) {
        const struct meeting *meeting = &meetings->all[i];
        struct xr_fact_address *fact = fact_of(ctx, meeting->address);
        enum xr_finding_code code = XR_FINDING_COUNT;
        const char *against = objection(meeting, &code);
        bool good = is_good(meeting, ignore);
        xr_step_detail(step, "Address", "%s: %s", meeting->address, against ? against : "trusted");
        if (fact)
            fact->may_carry_credentials = good;
        if (!against || good || !is_good(chosen, ignore))
            continue;
        if (fact)
            fact->status = XR_WARNING;
        (void)xr_find(step, code, XR_WARNING, "At %s: %s", meeting->address,
            xr_sentence(ctx->arena, against));
    }
}

static void compare_leaves(struct xr_step *step, const struct meetings *meetings)
{
    const struct meeting *known = NULL;

    for (size_t i = 0; i < meetings->n; i++) {
        const struct meeting *meeting = &meetings->all[i];
        if (meeting->err || !meeting->session.leaf_sha256)
            continue;
        known = known ? known : meeting;
        if (strcmp(known->session.leaf_sha256, meeting->session.leaf_sha256)) {
            (void)xr_find(step, XR_FINDING_TLS_ADDRESSES_DIFFER, XR_WARNING,
                "%s and %s show different certificates.", known->address, meeting->address);
            return;
        }
    }
}

static enum xr_status conclude(
    struct xr_ctx *ctx, struct xr_step *step, const struct meeting *chosen)
{
    enum xr_status worst = xr_step_worst(step);

    if (is_good(chosen, ctx->ews_leg->ignore_trust) &&
        xr_policy_may_receive(ctx, ctx->ews_leg->host)) {
        ctx->ews_leg->address = chosen->address;
        ctx->ews_leg->session = chosen->session;
        ctx->run->facts.known |= XR_FACT_SECURE;
    }
    if (worst <= XR_SUCCESS)
        return xr_success(step, "The certificate of %s is trusted.", ctx->ews_leg->host);
    for (const struct xr_step *child = step->first; child; child = child->next)
        if (child->status == worst) {
            step->message = child->message;
            return worst;
        }
    step->message = step->findings->message;
    return worst;
}

/* May this machine trust the EWS host with a password? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct meetings meetings = { 0 };

    meet_all(ctx, &meetings);
    const struct meeting *chosen = choose(&meetings, ctx->ews_leg->ignore_trust);
    tell_handshake(step, chosen);
    if (!chosen->err) {
        tell_parts(ctx, step, &chosen->session);
        tell_client_certificate(step, &chosen->session);
        note_certificates(ctx, &chosen->session);
    }
    tell_others(ctx, step, &meetings, chosen);
    compare_leaves(step, &meetings);
    return conclude(ctx, step, chosen);
}

const struct xr_probe xr_probe_ssl_trust = {
    .id = "ssl-trust",
    .title = "SSL trust",
    .about = "May this machine trust the EWS host with a password?",
    .needs = XR_FACT_REACHABLE,
    .provides = XR_FACT_SECURE,
    .run = run,
};
