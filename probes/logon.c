#include <string.h>

#include "analyzer/base/text.h"
#include "probes/answers.h"
#include "probes/ews_call.h"
#include "probes/faults.h"

/* Which schemes does the server offer? Asked without any credential. */
static bool see_challenge(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_http_response response;

    if (ctx->challenge.any) /* a bulk check has asked once for all */
        return true;
    const struct xr_err *err = xr_ask_anonymously(ctx->ews_leg, step, &ctx->ews, &response);
    if (err) {
        (void)xr_fault_error(step, err);
        return false;
    }
    if (response.status != 401) {
        (void)xr_answer_error(step, "The EWS address", &response);
        return false;
    }
    xr_challenge_parse(ctx->arena, response.headers, &ctx->challenge);
    return true;
}

static bool choose_scheme(struct xr_ctx *ctx, struct xr_step *step)
{
    ctx->auth = xr_choose_auth(ctx, step, &ctx->challenge);
    if (ctx->auth != XR_AUTH_NONE)
        ctx->run->facts.auth_scheme = xr_auth_name(ctx->auth);
    return ctx->auth != XR_AUTH_NONE;
}

/* Codes that only an authenticated account without a mailbox of its own meets. */
static bool has_no_mailbox(const struct xr_ews_reply *reply)
{
    return reply->code && (!strcmp(reply->code, "ErrorMissingEmailAddress") ||
                              !strcmp(reply->code, "ErrorNonExistentMailbox"));
}

static enum xr_status judge(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    const char *account = ctx->target->account;

    if (has_no_mailbox(reply)) {
        ctx->account_has_no_mailbox = true;
        ctx->run->facts.known |= XR_FACT_LOGON;
        xr_step_decisive(step, reply->code);
        return xr_warning(step, XR_FINDING_LOGON_NO_MAILBOX,
            "%s was authenticated (%s), but has no mailbox of its own: Exchange answers %s.",
            account, xr_auth_name(ctx->auth), reply->code);
    }
    if (reply->code && !strcmp(reply->code, "ErrorAccountDisabled")) {
        xr_step_decisive(step, reply->code);
        return xr_error(step, XR_FINDING_LOGON_ACCOUNT_DISABLED,
            "The password was accepted, but Exchange answers %s.", reply->code);
    }
    if (reply->fault || (reply->class_ && !strcmp(reply->class_, "Error")))
        return xr_ews_error(ctx, step, reply);
    ctx->run->facts.known |= XR_FACT_LOGON;
    if (ctx->run->facts.server_version)
        xr_step_detail(step, "Server", "%s, build %s", ctx->run->facts.server_product,
            ctx->run->facts.server_version);
    return xr_success(step, "%s was authenticated with %s.", account, xr_auth_name(ctx->auth));
}

/* Does the server accept the account, and by which scheme? GetFolder as itself, without
 * impersonation. */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_ews_call call = {
        .operation = XR_EWS_GET_FOLDER,
        .folder = { .name = "inbox" },
        .anchor = strchr(ctx->target->account, '@') ? ctx->target->account : ctx->target->mailbox,
    };
    struct xr_ews_reply reply;

    if (ctx->gate_closed_by)
        return xr_skipped(step, ctx->gate_closed_by,
            "Not tried: the credentials were refused already, and one wrong password is enough.");
    if (!ctx->version)
        ctx->version = xr_ews_versions;
    if (!see_challenge(ctx, step) || !choose_scheme(ctx, step) ||
        !xr_ews_call(ctx, step, &call, &reply))
        return XR_ERROR;
    return judge(ctx, step, &reply);
}

const struct xr_probe xr_probe_logon = {
    .id = "logon",
    .title = "Logon",
    .about = "Does the server accept the account, and by which scheme?",
    .needs = XR_FACT_SECURE,
    .provides = XR_FACT_LOGON,
    .run = run,
};
