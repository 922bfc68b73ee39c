#include <errno.h>

#include "analyzer/base/text.h"
#include "probes/faults.h"
#include "probes/legs.h"
#include "probes/policy.h"

/* An address as part of a step id. */
static const char *slug(struct xr_arena *arena, const char *address)
{
    char *text = xr_strdup(arena, address);

    for (char *at = text; *at; at++)
        if (*at == ':')
            *at = '-';
    return text;
}

static void note_address(struct xr_ctx *ctx, const struct xr_tcp_try *try)
{
    struct xr_facts *facts = &ctx->run->facts;
    struct xr_fact_address *address = xr_new(ctx->arena, struct xr_fact_address);

    *address = (struct xr_fact_address){
        .address = try->address,
        .status = try->err ? XR_ERROR : XR_SUCCESS,
        .connect_us = try->err ? -1 : try->elapsed_us,
        .message = try->err          ? try->err->text
                   : ctx->net->proxy ? "accepted by the proxy"
                                     : "accepted",
        .handshake_us = -1,
    };
    if (facts->last_address)
        facts->last_address->next = address;
    else
        facts->addresses = address;
    facts->last_address = address;
}

static void tell_address(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_tcp_try *try, bool others_work)
{
    const char *id = xr_printf(ctx->arena, "endpoint.tcp.%s", slug(ctx->arena, try->address));
    const char *title =
        xr_printf(ctx->arena, "%s port %u", xr_bracketed(ctx->arena, try->address), try->port);
    struct xr_step *child = xr_step_add(ctx->arena, step, id, title);

    child->started_us = xr_now_us() - try->elapsed_us;
    child->elapsed_us = try->elapsed_us;
    if (!try->err)
        (void)xr_success(child, "Accepted.");
    else if (others_work)
        (void)xr_warning(child, xr_fault_finding(try->err->fault), "%s",
            xr_sentence(ctx->arena, try->err->text));
    else
        (void)xr_fault_error(child, try->err);
    note_address(ctx, try);
}

/* No address could be reached, and for each it was this machine that has no way out. */
static bool has_no_network(const struct xr_leg *leg)
{
    for (size_t i = 0; i < leg->tries_n; i++)
        if (leg->tries[i].err->native != ENETUNREACH)
            return false;
    return true;
}

static enum xr_status none_connected(struct xr_leg *leg, struct xr_step *step)
{
    if (has_no_network(leg))
        return xr_error(step, XR_FINDING_LOCAL_NETWORK_UNAVAILABLE,
            "This machine has no route to any address of %s.", xr_leg_peer(leg));
    if (leg->tries[0].err->fault == XR_FAULT_PROXY)
        return xr_fault_error(step, leg->tries[0].err);
    return xr_error(step, xr_fault_finding(leg->tries[0].err->fault),
        "No address of %s accepts connections on port %u: %s.", leg->host, leg->tries[0].port,
        leg->tries[0].err->text);
}

/* Behind a proxy nothing is known about the host itself. */
static const char *accepted(const struct xr_leg *leg)
{
    struct xr_arena *arena = leg->arena;
    const char *peer = xr_leg_peer(leg), *plural = leg->tries_n == 1 ? "" : "es";

    if (!leg->ctx->net->proxy)
        return xr_printf(arena, "%s accepts connections on port %u at %zu address%s.", peer,
            leg->tries[0].port, leg->tries_n, plural);
    return xr_sentence(
        arena, xr_printf(arena, "%s accepts connections at %zu address%s; it looks up %s by itself",
                   peer, leg->tries_n, plural, leg->host));
}

static enum xr_status connect_all(struct xr_ctx *ctx, struct xr_leg *leg, struct xr_step *step)
{
    size_t failed = 0;

    xr_leg_connect(leg);
    for (size_t i = 0; i < leg->tries_n; i++) {
        failed += leg->tries[i].err != NULL;
        tell_address(ctx, step, &leg->tries[i], leg->address != NULL);
    }
    if (!leg->address)
        return none_connected(leg, step);
    ctx->run->facts.known |= XR_FACT_REACHABLE;
    if (failed) {
        step->host = xr_leg_peer_host(leg);
        return xr_warning(step, XR_FINDING_TCP_SOME_ADDRESSES_FAILED,
            "%zu of %zu addresses of %s do not accept connections. %s", failed, leg->tries_n,
            xr_leg_peer(leg),
            xr_sentence(ctx->arena, xr_tcp_failures(ctx->arena, leg->tries, leg->tries_n)));
    }
    enum xr_status worst = xr_step_worst(step);
    (void)xr_success(step, "%s", accepted(leg));
    return worst;
}

/* Can the EWS host be resolved and connected to, at every one of its addresses? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_leg *leg = xr_new(ctx->arena, struct xr_leg);

    xr_leg_init(leg, ctx, ctx->arena, step, ctx->ews.host, ctx->ews.port);
    leg->ignore_trust = ctx->target->ignore_trust && xr_policy_may_receive(ctx, leg->host);
    ctx->ews_leg = leg;
    xr_step_detail(step, "Host", "%s port %u", leg->host, leg->port);
    if (ctx->net->proxy)
        xr_step_detail(step, "Proxy", "%s", ctx->net->proxy);
    if (xr_leg_dns(leg))
        return connect_all(ctx, leg, step);
    return xr_error(step, step->first->findings->code, "%s", step->first->message);
}

const struct xr_probe xr_probe_endpoint = {
    .id = "endpoint",
    .title = "Endpoint",
    .about = "Can the EWS host be resolved and connected to?",
    .needs = XR_FACT_EWS_URL | XR_FACT_FORM,
    .provides = XR_FACT_REACHABLE,
    .run = run,
};
