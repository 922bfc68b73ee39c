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

/* ---- one more logon ---- */

/* A context and a handle of its own: the connection of the others stays as it is, and what becomes
 * of this logon closes no gate for them. */
struct trial {
    struct xr_attempt attempt;
    struct xr_ctx alone;
    struct xr_leg leg;
};

static void begin(struct trial *trial, const struct xr_ctx *ctx)
{
    *trial = (struct trial){ .alone = *ctx, .leg = *ctx->ews_leg };
    trial->alone.ews_leg = &trial->leg;
    trial->leg.ctx = &trial->alone;
    trial->leg.http = NULL;
    trial->leg.fd = -1;
    trial->leg.attempt = &trial->attempt;
    trial->leg.sent = trial->leg.last_sent = NULL;
}

/* true: accepted. Over a new connection, as every other kind of logon than the one before. */
static bool log_on(struct trial *trial, struct xr_step *step, bool unbound)
{
    struct xr_ews_call call = {
        .request = { .operation = XR_EWS_GET_FOLDER, .folder = { .name = "inbox" } },
        .anchor = trial->alone.target->mailbox,
    };
    struct xr_ews_reply reply;

    trial->attempt = (struct xr_attempt){ 0 };
    trial->alone.unbound = unbound;
    return xr_ews_call(&trial->alone, step, &call, &reply);
}

static void end(struct trial *trial, struct xr_ctx *ctx)
{
    xr_http_free(trial->leg.http);
    xr_run_add_sent(ctx->run, trial->leg.sent);
    ctx->ews_leg->requests = trial->leg.requests;
}

/* ---- what they show ---- */

/* Refused without the binding. A bound logon right afterwards tells whether the server has begun to
 * refuse every logon meanwhile; that costs no second entry in its log. */
static enum xr_status compare(struct trial *trial, struct xr_step *step)
{
    const char *host = trial->alone.ews.host;
    const struct xr_http_logon *logon = trial->leg.logon;

    if (logon && logon->challenged_again)
        return xr_skipped(step, NULL,
            "Not told: %s began the dialogue anew, as if it came to another server.", host);
    if (log_on(trial, step, false))
        return xr_success(step,
            "%s accepts a logon that is bound to its certificate, and refused an unbound one "
            "between two that were bound: Extended Protection is required, and intact from "
            "here to Exchange.",
            host);
    if (!trial->attempt.refused)
        return XR_ERROR;
    return xr_warning(step, XR_FINDING_LOGON_UNSTEADY,
        "%s refused an unbound logon, and then a bound one too, which it had accepted before: what "
        "it demands cannot be told.",
        host);
}

static enum xr_status judge(struct trial *trial, struct xr_step *step)
{
    if (log_on(trial, step, true))
        return xr_success(step,
            "Extended Protection is not required: %s accepts a logon without the binding too (None "
            "or Allow).",
            trial->alone.ews.host);
    return trial->attempt.refused ? compare(trial, step) : XR_ERROR;
}

/* Does the EWS address demand a logon that is bound to the TLS connection? One more logon, without
 * the binding, with a password that is known to be right: refused, it is no bad logon. */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    const char *reason = why_not(ctx);
    struct trial trial;

    if (ctx->gate_closed_by)
        return xr_skipped(step, ctx->gate_closed_by,
            "Not tried: the credentials were refused meanwhile, and once is enough.");
    if (reason)
        return xr_skipped(step, NULL, "%s", reason);
    begin(&trial, ctx);
    enum xr_status status = judge(&trial, step);
    end(&trial, ctx);
    return status;
}

const struct xr_probe xr_probe_extended_protection = {
    .id = "extended-protection",
    .title = "Extended Protection",
    .about = "Does the EWS address demand a logon that is bound to the TLS connection?",
    .needs = XR_FACT_LOGON,
    .applies = applies,
    .run = run,
};
