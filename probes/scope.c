#include "analyzer/base/text.h"
#include "probes/inbox.h"

static bool applies(const struct xr_target *target)
{
    return target->outside;
}

static enum xr_status out_of_reach(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    const char *outside = ctx->target->outside;

    xr_step_decisive(step, reply->code);
    if (ctx->run->facts.known & XR_FACT_MAILBOX)
        return xr_success(step, "%s is out of reach, as it should be: %s.", outside, reply->code);
    return xr_success(step,
        "%s is out of reach, as it should be (%s). %s could not be opened either, so this says "
        "little about the scope.",
        outside, reply->code, ctx->target->mailbox);
}

static enum xr_status is_open(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    xr_step_decisive(step, "Success");
    return xr_error(step, XR_FINDING_IMPERSONATION_SCOPE_OPEN,
        "%s opened %s of %s by impersonation, which it should not be able to.",
        ctx->target->account, reply->folder_name ? reply->folder_name : "the Inbox",
        ctx->target->outside);
}

/* Whatever else it was, Exchange did not say no to the impersonation. */
static enum xr_status proves_nothing(
    struct xr_ctx *ctx, struct xr_step *step, const char *what, const char *code)
{
    enum xr_status status = xr_warning(step, XR_FINDING_IMPERSONATION_SCOPE_UNPROVED,
        "The control proves nothing: %s for %s.", what, ctx->target->outside);

    step->last_finding->code_name = code;
    return status;
}

static enum xr_status judge(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    const char *code = reply->code ? reply->code : "a fault without a code";

    if (xr_is_denied(reply))
        return out_of_reach(ctx, step, reply);
    if (!reply->fault && xr_same(reply->class_, "Success"))
        return is_open(ctx, step, reply);
    xr_step_decisive(step, reply->code);
    return proves_nothing(ctx, step, xr_printf(ctx->arena, "Exchange answers %s", code), code);
}

/* EWS that is switched off there says no more about the scope than any other answer. */
static enum xr_status without_answer(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_finding *finding = step->last_finding;

    if (!finding || finding->code != XR_FINDING_EWS_DISABLED)
        return XR_ERROR;
    step->findings = step->last_finding = NULL;
    return proves_nothing(ctx, step, "Exchange answers 403", "403");
}

/* Is a mailbox that must not be reachable really out of reach? Asks for the folder alone: no item
 * of a stranger's mailbox is ever read. */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    const struct xr_ews_call call = {
        .request = { .operation = XR_EWS_GET_FOLDER, .folder = { .name = "inbox" } },
        .acting = ctx->target->outside,
        .anchor = ctx->target->outside,
    };
    struct xr_ews_reply reply;

    if (ctx->gate_closed_by)
        return xr_skipped(step, ctx->gate_closed_by,
            "Not tried: the credentials were refused meanwhile, and once is enough.");
    if (!xr_ews_call(ctx, step, &call, &reply))
        return without_answer(ctx, step);
    return judge(ctx, step, &reply);
}

const struct xr_probe xr_probe_scope = {
    .id = "scope",
    .title = "Scope",
    .about = "Is a mailbox that must not be reachable really out of reach?",
    .needs = XR_FACT_LOGON,
    .applies = applies,
    .run = run,
};
