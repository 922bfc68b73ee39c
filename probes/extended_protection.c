#include "probes/ews_call.h"
#include "probes/legs.h"

static bool applies(const struct xr_target *target)
{
    return target->with & 1u << XR_WITH_EXTENDED_PROTECTION;
}

/* What the EWS address demands shows only behind a logon by NTLM that was bound, and accepted. */
static const char *why_not(const struct xr_ctx *ctx)
{
    const struct xr_http_logon *logon = ctx->ews_leg->logon;

    if (ctx->unbound)
        return "Not tried: only a logon without the binding is accepted here, as the logon step "
               "tells.";
    if (ctx->auth == XR_AUTH_NEGOTIATE)
        return "Not tried: the logon was by Kerberos. Ask for it with --auth ntlm.";
    if (ctx->auth != XR_AUTH_NTLM)
        return "Not tried: Extended Protection is for NTLM and Kerberos; the logon was by another "
               "scheme.";
    if (!logon || !logon->bound)
        return "Not tried: the logon could not be bound to this certificate.";
    return NULL;
}

static enum xr_status judge(
    const struct xr_ctx *ctx, struct xr_step *step, bool answered, bool refused)
{
    const struct xr_http_logon *logon = ctx->ews_leg->logon;

    if (refused && logon && logon->challenged_again)
        return xr_skipped(step, NULL,
            "Not told: %s began the dialogue anew, as if it came to another server.",
            ctx->ews.host);
    if (refused)
        return xr_success(step,
            "Extended Protection is required, and intact from here to Exchange: %s accepts the "
            "logon that is bound to its certificate, and refuses an unbound one.",
            ctx->ews.host);
    if (answered)
        return xr_success(step,
            "Extended Protection is not required: %s accepts a logon without the binding too (None "
            "or Allow).",
            ctx->ews.host);
    return XR_ERROR;
}

/* Does the EWS address demand a logon that is bound to the TLS connection? One more logon, without
 * the binding, with a password that is known to be right: refused, it is no bad logon. */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    const char *reason = why_not(ctx);

    if (ctx->gate_closed_by)
        return xr_skipped(step, ctx->gate_closed_by,
            "Not tried: the credentials were refused meanwhile, and once is enough.");
    if (reason)
        return xr_skipped(step, NULL, "%s", reason);

    /* A context and a handle of its own: the connection of the others stays as it is, and what
     * becomes of this logon closes no gate for them. */
    struct xr_attempt attempt = { 0 };
    struct xr_ctx alone = *ctx;
    struct xr_leg leg = *ctx->ews_leg;
    struct xr_ews_call call = {
        .request = { .operation = XR_EWS_GET_FOLDER, .folder = { .name = "inbox" } },
        .anchor = ctx->target->mailbox,
    };
    struct xr_ews_reply reply;

    alone.unbound = true;
    alone.ews_leg = &leg;
    leg.ctx = &alone;
    leg.http = NULL;
    leg.fd = -1;
    leg.attempt = &attempt;
    leg.sent = leg.last_sent = NULL;
    bool answered = xr_ews_call(&alone, step, &call, &reply);
    xr_http_free(leg.http);
    xr_run_add_sent(ctx->run, leg.sent);
    ctx->ews_leg->requests = leg.requests;
    return judge(&alone, step, answered, attempt.refused);
}

const struct xr_probe xr_probe_extended_protection = {
    .id = "extended-protection",
    .title = "Extended Protection",
    .about = "Does the EWS address demand a logon that is bound to the TLS connection?",
    .needs = XR_FACT_LOGON,
    .applies = applies,
    .run = run,
};
