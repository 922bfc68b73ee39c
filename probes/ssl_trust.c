#include "probes/ssl_trust.h"

#include <string.h>
#include <unistd.h>

#include "analyzer/base/pool.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/revocation.h"
#include "probes/faults.h"
#include "probes/policy.h"

/* One handshake with one address, and what others say about the chain that it showed. */
struct meeting {
    struct xr_arena *arena;
    const struct xr_tcp_try *try;
    const struct xr_err *err;
    struct xr_tls_session session;
};

/* The questions of the scan, and after them the certificate without SNI. */
enum { WITHOUT_NAME = XR_ASK_COUNT, ASKED };

/* All that is asked of the host at once: side by side, so that the user waits for the slowest. */
struct meetings {
    struct xr_leg *leg;
    struct xr_fetched *fetched;
    struct meeting all[XR_DNS_ADDRESSES_MAX];
    size_t n;
    struct xr_scan scan;
    struct xr_arena *scan_arenas[ASKED];
};

static bool looks_further(const struct xr_leg *leg)
{
    return leg->ctx->target->scan;
}

static void meet(struct meetings *meetings, struct meeting *meeting)
{
    struct xr_leg *leg = meetings->leg;
    struct xr_inquiry inquiry = { .net = leg->ctx->net,
        .fetched = meetings->fetched,
        .host = leg->host,
        .tested_address = meeting->try->address,
        .deadline = leg->ctx->deadline };

    meeting->err = xr_leg_handshake(leg, meeting->arena, meeting->try->address, &meeting->session);
    if (meeting->err || !looks_further(leg))
        return;
    xr_complete_chain(meeting->arena, &inquiry, &meeting->session);
    xr_check_revocation(meeting->arena, &inquiry, &meeting->session);
}

static void ask(struct meetings *meetings, int what)
{
    struct xr_leg *leg = meetings->leg;
    struct xr_scan *scan = &meetings->scan;
    struct xr_arena *arena = meetings->scan_arenas[what];
    const struct xr_err *err = NULL;
    int fd = xr_leg_connect_one(leg, arena, scan->address, &err);

    if (fd < 0 && what < WITHOUT_NAME)
        scan->offers[what] = (struct xr_offer){ .answer = XR_ANSWER_NONE, .text = err->text };
    if (fd < 0)
        return;
    if (what < WITHOUT_NAME)
        xr_offer_ask(
            arena, (enum xr_question)what, leg->host, fd, leg->ctx->deadline, &scan->offers[what]);
    else if (xr_tls_default_certificate(arena, fd, leg->ctx->deadline, &scan->default_certificate))
        scan->default_certificate = NULL;
    (void)close(fd);
}

static void meet_or_ask(void *arg, size_t i)
{
    struct meetings *meetings = arg;

    if (i < meetings->n)
        meet(meetings, &meetings->all[i]);
    else
        ask(meetings, (int)(i - meetings->n));
}

static void meet_all(struct xr_ctx *ctx, struct meetings *meetings)
{
    struct xr_leg *leg = ctx->ews_leg;
    size_t asked = looks_further(leg) ? ASKED : 0;

    meetings->leg = leg;
    meetings->scan.address = leg->address;
    meetings->fetched = xr_fetched_new();
    for (size_t i = 0; i < leg->tries_n; i++)
        if (!leg->tries[i].err)
            meetings->all[meetings->n++] =
                (struct meeting){ .arena = xr_arena_new(), .try = &leg->tries[i] };
    for (size_t i = 0; i < asked; i++)
        meetings->scan_arenas[i] = xr_arena_new();
    xr_pool_run(XR_DNS_ADDRESSES_MAX + ASKED, meetings->n + asked, meet_or_ask, meetings);
    for (size_t i = 0; i < meetings->n; i++)
        xr_arena_absorb(ctx->arena, meetings->all[i].arena);
    for (size_t i = 0; i < asked; i++)
        xr_arena_absorb(ctx->arena, meetings->scan_arenas[i]);
    xr_fetched_free(meetings->fetched);
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

static void tell_client_certificate(struct xr_step *step, const struct xr_tls_session *session)
{
    if (session->client_certificate == XR_CLIENT_CERTIFICATE_NOT_ASKED)
        return;
    struct xr_step *child = xr_trust_part(step, "client-certificate", "Client certificate");
    if (session->client_certificate == XR_CLIENT_CERTIFICATE_REQUIRED)
        (void)xr_error(child, XR_FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED,
            "The server demands a client certificate and ends the connection without one.");
    else
        (void)xr_warning(child, XR_FINDING_TLS_CLIENT_CERTIFICATE_REQUESTED,
            "The server asks for a client certificate, but goes on without one.");
}

static void tell_handshake(struct xr_ctx *ctx, struct xr_step *step, const struct meeting *meeting)
{
    struct xr_step *child = xr_trust_part(step, "handshake", "Handshake");
    const struct xr_tls_session *session = &meeting->session;
    struct xr_facts *facts = &ctx->run->facts;

    if (meeting->err) {
        (void)xr_fault_error(child, meeting->err);
        return;
    }
    child->elapsed_us = session->elapsed_us;
    facts->tls_protocol = session->version;
    facts->tls_cipher = session->cipher;
    facts->tls_group = session->group;
    facts->tls_alpn = session->alpn;
    (void)xr_success(child, "%s, %s%s%s.", session->version, session->cipher,
        session->group ? ", " : "", session->group ? session->group : "");
    xr_step_detail(child, "Address", "%s", meeting->try->address);
    if (session->alpn)
        xr_step_detail(child, "ALPN", "%s", session->alpn);
}

static struct xr_fact_address *fact_of(struct xr_ctx *ctx, const char *address)
{
    struct xr_fact_address *fact = ctx->run->facts.addresses;

    while (fact && strcmp(fact->address, address))
        fact = fact->next;
    return fact;
}

/* The first thing that speaks against an address; what clients tolerate counts last. NULL: nothing.
 */
static const char *objection(const struct meeting *meeting, enum xr_finding_code *ret_code)
{
    const struct xr_tls_flaw *flaw = meeting->session.flaws;

    if (meeting->err) {
        *ret_code = xr_fault_finding(meeting->err->fault);
        return meeting->err->text;
    }
    while (flaw && xr_flaw_is_mild(flaw->flaw))
        flaw = flaw->next;
    if (!flaw && meeting->session.client_certificate == XR_CLIENT_CERTIFICATE_REQUIRED) {
        *ret_code = XR_FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED;
        return "it demands a client certificate";
    }
    if (!flaw)
        flaw = meeting->session.flaws;
    if (!flaw)
        return NULL;
    *ret_code = xr_flaw_finding(flaw->flaw);
    return flaw->text;
}

static void note_address(
    struct xr_fact_address *fact, const struct meeting *meeting, bool good, const char *against)
{
    const struct xr_tls_session *session = &meeting->session;

    if (!fact)
        return;
    fact->may_carry_credentials = good;
    fact->verdict = against ? against : "trusted";
    if (meeting->err)
        return;
    fact->handshake_us = session->elapsed_us;
    fact->protocol = session->version;
    fact->leaf_sha256 = session->leaf_sha256;
}

static void detail_address(struct xr_step *step, const struct meeting *meeting, const char *against)
{
    const char *verdict = against ? against : "trusted";

    if (meeting->err)
        xr_step_detail(step, "Address", "%s: connected in %lld ms: %s", meeting->try->address,
            (long long)meeting->try->elapsed_us / 1000, verdict);
    else
        xr_step_detail(step, "Address", "%s: connected in %lld ms, %s in %lld ms: %s",
            meeting->try->address, (long long)meeting->try->elapsed_us / 1000,
            meeting->session.version, (long long)meeting->session.elapsed_us / 1000, verdict);
}

/* The other addresses: a client that meets one of them sees something else. */
static void tell_addresses(struct xr_ctx *ctx, struct xr_step *step,
    const struct meetings *meetings, const struct meeting *chosen)
{
    bool ignore = ctx->ews_leg->ignore_trust;

    for (size_t i = 0; i < meetings->n; i++) {
        const struct meeting *meeting = &meetings->all[i];
        struct xr_fact_address *fact = fact_of(ctx, meeting->try->address);
        enum xr_finding_code code = XR_FINDING_COUNT;
        const char *against = objection(meeting, &code);
        bool good = is_good(meeting, ignore);
        note_address(fact, meeting, good, against);
        detail_address(step, meeting, against);
        if (!against || good || !is_good(chosen, ignore))
            continue;
        if (fact)
            fact->status = XR_WARNING;
        (void)xr_find(step, code, XR_WARNING, "At %s: %s", meeting->try->address,
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
                "%s and %s show different certificates.", known->try->address,
                meeting->try->address);
            return;
        }
    }
}

/* The address, and who was asked about its chain, for the list of receivers. */
static void note_receivers(struct xr_leg *leg, const struct meeting *meeting)
{
    static const char plain[] = "nothing (http)";
    const struct xr_tls_session *session = &meeting->session;
    const struct xr_certificate *at = session->certificates;

    xr_leg_sent(leg, xr_receiver(leg->arena, leg->host, meeting->try->address, meeting->try->port),
        "TLS handshakes without content", "none", "nothing (handshake)");
    for (; session->completion && at; at = at->next)
        if (at->depth >= 0 && at->issuer_url && !at->self_issued)
            xr_leg_sent(
                leg, at->issuer_url, "the request for a missing certificate", "none", plain);
    for (const struct xr_revocation *asked = session->revocations; asked; asked = asked->next) {
        const char *url = asked->source ? strstr(asked->source, "http://") : NULL;
        if (url)
            xr_leg_sent(leg, url, "the question whether a certificate was revoked", "none", plain);
    }
}

static void take_into_use(struct xr_ctx *ctx, const struct meeting *chosen)
{
    if (!is_good(chosen, ctx->ews_leg->ignore_trust) ||
        !xr_policy_may_receive(ctx, ctx->ews_leg->host))
        return;
    ctx->ews_leg->address = chosen->try->address;
    ctx->ews_leg->session = chosen->session;
    ctx->run->facts.known |= XR_FACT_SECURE;
}

/* May this machine trust the EWS host with a password? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct meetings meetings = { 0 };
    struct xr_leg *leg = ctx->ews_leg;

    meet_all(ctx, &meetings);
    const struct meeting *chosen = choose(&meetings, leg->ignore_trust);
    tell_handshake(ctx, step, chosen);
    if (!chosen->err)
        xr_tell_chain(ctx, step, leg->host, leg->ignore_trust, &chosen->session);
    if (looks_further(leg))
        xr_tell_scan(ctx, step, &meetings.scan, &chosen->session);
    if (!chosen->err)
        tell_client_certificate(step, &chosen->session);
    tell_addresses(ctx, step, &meetings, chosen);
    compare_leaves(step, &meetings);
    for (size_t i = 0; i < meetings.n; i++)
        note_receivers(leg, &meetings.all[i]);
    take_into_use(ctx, chosen);
    return xr_trust_conclude(
        step, xr_printf(ctx->arena, "The certificate of %s is trusted.", leg->host));
}

const struct xr_probe xr_probe_ssl_trust = {
    .id = "ssl-trust",
    .title = "SSL trust",
    .about = "May this machine trust the EWS host with a password?",
    .needs = XR_FACT_REACHABLE,
    .provides = XR_FACT_SECURE,
    .run = run,
};
