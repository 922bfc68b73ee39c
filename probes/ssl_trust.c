#include "probes/ssl_trust.h"

#include <string.h>
#include <unistd.h>

#include "analyzer/base/pool.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/revocation.h"
#include "probes/faults.h"
#include "probes/policy.h"

/* What one address is asked, each over a connection of its own: the questions of the scan, what it
 * shows without SNI, and the handshake that counts. */
enum { WITHOUT_NAME = XR_ASK_COUNT, HANDSHAKE, ASKED };

enum { SCANNED_MAX = 8 }; /* addresses; behind one name they are alike, and each costs the server */

/* One address: the handshake, what others say about the chain that it showed, and the scan. */
struct meeting {
    struct xr_arena *arenas[ASKED];
    const struct xr_tcp_try *try;
    const struct xr_err *err;
    struct xr_tls_session session;
    struct xr_scan scan;
};

struct meetings {
    struct xr_leg *leg;
    struct xr_fetched *fetched;
    struct meeting all[XR_DNS_ADDRESSES_MAX];
    size_t n, scanned; /* the first so many are asked everything */
};

/* Behind a proxy the address is the proxy's, and says nothing of where the host is. */
static const char *tested_address(const struct xr_leg *leg, const struct meeting *meeting)
{
    bool is_address =
        strchr(leg->host, ':') || strspn(leg->host, "0123456789.") == strlen(leg->host);

    if (!leg->ctx->net->proxy)
        return meeting->try->address;
    return is_address ? leg->host : NULL;
}

static void meet(struct meetings *meetings, struct meeting *meeting)
{
    struct xr_leg *leg = meetings->leg;
    struct xr_arena *arena = meeting->arenas[HANDSHAKE];
    struct xr_inquiry inquiry = { .net = leg->ctx->net,
        .fetched = meetings->fetched,
        .host = leg->host,
        .tested_address = tested_address(leg, meeting),
        .deadline = leg->ctx->deadline };

    meeting->err = xr_leg_handshake(leg, arena, meeting->try->address, &meeting->session);
    if (meeting->err || !leg->ctx->target->enquire)
        return;
    xr_complete_chain(arena, &inquiry, &meeting->session);
    xr_check_revocation(arena, &inquiry, &meeting->session);
}

static void ask(struct meetings *meetings, struct meeting *meeting, size_t what)
{
    struct xr_leg *leg = meetings->leg;
    struct xr_scan *scan = &meeting->scan;
    struct xr_arena *arena = meeting->arenas[what];
    const struct xr_err *err = NULL;
    int fd = xr_leg_connect_one(leg, arena, meeting->try->address, &err);

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

/* Handshakes first: they decide, and threads may run short. */
static void meet_or_ask(void *arg, size_t i)
{
    struct meetings *meetings = arg;
    size_t question = i - meetings->n;

    if (i < meetings->n)
        meet(meetings, &meetings->all[i]);
    else
        ask(meetings, &meetings->all[question / HANDSHAKE], question % HANDSHAKE);
}

static void prepare(struct meetings *meetings)
{
    struct xr_leg *leg = meetings->leg;

    for (size_t i = 0; i < leg->tries_n; i++)
        if (!leg->tries[i].err)
            meetings->all[meetings->n++] = (struct meeting){ .try = &leg->tries[i],
                .scan = { .address = leg->tries[i].address } };
    if (leg->ctx->target->scan)
        meetings->scanned = meetings->n < SCANNED_MAX ? meetings->n : SCANNED_MAX;
    for (size_t i = 0; i < meetings->n; i++)
        for (size_t what = 0; what < ASKED; what++)
            if (what == HANDSHAKE || i < meetings->scanned)
                meetings->all[i].arenas[what] = xr_arena_new();
}

/* Side by side, so that the user waits for the slowest only. */
static void meet_all(struct xr_ctx *ctx, struct meetings *meetings)
{
    meetings->leg = ctx->ews_leg;
    meetings->fetched = xr_fetched_new();
    prepare(meetings);
    size_t tasks = meetings->n + meetings->scanned * HANDSHAKE;
    xr_pool_run(tasks, tasks, meet_or_ask, meetings);
    for (size_t i = 0; i < meetings->n; i++)
        for (size_t what = 0; what < ASKED; what++)
            if (meetings->all[i].arenas[what])
                xr_arena_absorb(ctx->arena, meetings->all[i].arenas[what]);
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
static const char *objection(const struct meeting *meeting)
{
    const struct xr_tls_flaw *flaw = meeting->session.flaws;

    if (meeting->err)
        return meeting->err->text;
    while (flaw && xr_flaw_is_mild(flaw->flaw))
        flaw = flaw->next;
    if (!flaw && meeting->session.client_certificate == XR_CLIENT_CERTIFICATE_REQUIRED)
        return "it demands a client certificate";
    flaw = flaw ? flaw : meeting->session.flaws;
    return flaw ? flaw->text : NULL;
}

static enum xr_status status_of(const struct meeting *meeting, bool good, bool another_is_good)
{
    if (!good)
        return another_is_good ? XR_WARNING : XR_ERROR;
    return meeting->session.flaws ? XR_WARNING : XR_SUCCESS;
}

static void note_address(struct xr_ctx *ctx, const struct meeting *meeting, bool another_is_good)
{
    struct xr_fact_address *fact = fact_of(ctx, meeting->try->address);
    const struct xr_tls_session *session = &meeting->session;
    const char *against = objection(meeting);

    if (!fact)
        return;
    fact->may_carry_credentials = is_good(meeting, ctx->ews_leg->ignore_trust);
    fact->status = status_of(meeting, fact->may_carry_credentials, another_is_good);
    fact->verdict = against ? against : "trusted";
    if (meeting->err)
        return;
    fact->handshake_us = session->elapsed_us;
    fact->protocol = session->version;
    fact->leaf_sha256 = session->leaf_sha256;
}

static void detail_address(struct xr_step *step, const struct meeting *meeting)
{
    const char *against = objection(meeting), *verdict = against ? against : "trusted";

    if (meeting->err)
        xr_step_detail(step, "Address", "%s: connected in %lld ms: %s", meeting->try->address,
            (long long)meeting->try->elapsed_us / 1000, verdict);
    else
        xr_step_detail(step, "Address", "%s: connected in %lld ms, %s in %lld ms: %s",
            meeting->try->address, (long long)meeting->try->elapsed_us / 1000,
            meeting->session.version, (long long)meeting->session.elapsed_us / 1000, verdict);
}

/* The same defect of the same certificate was told already. */
static bool is_known(
    const struct meeting *chosen, const struct meeting *meeting, const struct xr_tls_flaw *flaw)
{
    const struct xr_tls_flaw *at = chosen->session.flaws;

    if (chosen->err || !chosen->session.leaf_sha256 ||
        strcmp(chosen->session.leaf_sha256, meeting->session.leaf_sha256) != 0)
        return false;
    while (at && (at->flaw != flaw->flaw || at->depth != flaw->depth))
        at = at->next;
    return at != NULL;
}

/* Everything that a client meets at another address: beside a good one it is a warning. */
static void find_at(struct xr_step *child, const struct meeting *chosen,
    const struct meeting *meeting, bool ignore_trust)
{
    const char *where = xr_printf(child->arena, "At %s: ", meeting->try->address);
    enum xr_status bad = is_good(chosen, ignore_trust) ? XR_WARNING : XR_ERROR;

    if (meeting->err) {
        (void)xr_find(child, xr_fault_finding(meeting->err->fault), bad, "%s%s", where,
            xr_sentence(child->arena, meeting->err->text));
        return;
    }
    for (const struct xr_tls_flaw *flaw = meeting->session.flaws; flaw; flaw = flaw->next) {
        bool mild = xr_flaw_is_mild(flaw->flaw) || (ignore_trust && xr_flaw_is_trust(flaw->flaw));
        if (!is_known(chosen, meeting, flaw))
            (void)xr_find(child, xr_flaw_finding(flaw->flaw), mild ? XR_WARNING : bad, "%s%s",
                where, flaw->text);
    }
    if (meeting->session.client_certificate == XR_CLIENT_CERTIFICATE_REQUIRED &&
        chosen->session.client_certificate != XR_CLIENT_CERTIFICATE_REQUIRED)
        (void)xr_find(child, XR_FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED, bad,
            "%sIt demands a client certificate.", where);
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

/* A client that meets another address than the one in use sees something else. */
static void tell_addresses(struct xr_ctx *ctx, struct xr_step *step,
    const struct meetings *meetings, const struct meeting *chosen)
{
    bool ignore = ctx->ews_leg->ignore_trust;

    for (size_t i = 0; i < meetings->n; i++) {
        note_address(ctx, &meetings->all[i], is_good(chosen, ignore));
        detail_address(step, &meetings->all[i]);
    }
    if (meetings->n < 2)
        return;
    struct xr_step *child = xr_trust_part(step, "addresses", "The other addresses");
    for (size_t i = 0; i < meetings->n; i++) {
        const struct meeting *other = &meetings->all[i];
        if (other == chosen)
            continue;
        find_at(child, chosen, other, ignore);
        if (i < meetings->scanned && !other->err)
            xr_find_scan(child, xr_printf(ctx->arena, "At %s: ", other->try->address), &other->scan,
                &other->session, &chosen->scan);
    }
    compare_leaves(child, meetings);
    if (child->findings)
        child->message = child->findings->message;
    else
        (void)xr_success(child, "All %zu addresses show the same.", meetings->n);
}

static void note_asked(struct xr_leg *leg, const struct xr_asked *asked, const char *what)
{
    for (const char *const *url = asked->urls; *url; url++)
        xr_leg_sent(leg, *url, what, "none", "nothing (http)");
}

/* The address, and who was asked about its chain, for the list of receivers. */
static void note_receivers(struct xr_leg *leg, const struct meeting *meeting)
{
    const struct xr_tls_session *session = &meeting->session;

    xr_leg_sent(leg, xr_receiver(leg->arena, leg->host, meeting->try->address, meeting->try->port),
        "TLS handshakes without content", "none", "nothing (handshake)");
    note_asked(leg, &session->asked_for_issuers, "the request for a missing certificate");
    for (const struct xr_revocation *row = session->revocations; row; row = row->next)
        note_asked(leg, &row->asked, "the question whether a certificate was revoked");
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
    xr_tell_scan(ctx, step, chosen < &meetings.all[meetings.scanned] ? &chosen->scan : NULL,
        &chosen->session);
    if (!chosen->err)
        tell_client_certificate(step, &chosen->session);
    tell_addresses(ctx, step, &meetings, chosen);
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
