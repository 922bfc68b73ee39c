#include <string.h>

#include "probes/inbox.h"
#include "probes/with.h"

static bool applies(const struct xr_target *target)
{
    return target->outside;
}

static const char *way(const struct xr_ctx *ctx)
{
    return ctx->target->impersonation ? "by impersonation" : "by delegate access";
}

static enum xr_status out_of_reach(struct xr_ctx *ctx, struct xr_step *step, const char *why)
{
    /* A delegate may have a right to another folder, which was not asked for. */
    const char *what = ctx->target->impersonation ? "" : "The Inbox of ";
    const char *outside = ctx->target->outside;

    if (ctx->run->facts.known & XR_FACT_MAILBOX)
        return xr_success(
            step, "%s%s is out of reach %s, as it should be: %s.", what, outside, way(ctx), why);
    return xr_success(step,
        "%s%s is out of reach %s, as it should be (%s). %s could not be opened either, so this "
        "says little about the scope.",
        what, outside, way(ctx), why, ctx->target->mailbox);
}

static enum xr_status is_open(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    static const char by_right[] =
        "It was asked without impersonation, so {account} has a right of its own there. Most "
        "likely it, or a group that it is in, was given full access to that mailbox or to a whole "
        "database, or the user shares the Inbox with it. Which mailboxes it could open by "
        "impersonation was not asked.";

    xr_step_decisive(step, "Success");
    enum xr_status status = xr_error(step, XR_FINDING_IMPERSONATION_SCOPE_OPEN,
        "%s opened %s of %s %s, which it should not be able to.", ctx->target->account,
        reply->folder_name ? reply->folder_name : "the Inbox", ctx->target->outside, way(ctx));
    step->last_finding->cause = ctx->target->impersonation ? NULL : by_right;
    return status;
}

/* Whatever else it was, Exchange did not say no to the access. */
static enum xr_status proves_nothing(
    struct xr_ctx *ctx, struct xr_step *step, const char *what, const char *code)
{
    enum xr_status status = xr_warning(step, XR_FINDING_IMPERSONATION_SCOPE_UNPROVED,
        "The control proves nothing: %s for %s.", what, ctx->target->outside);

    step->last_finding->code_name = code;
    return status;
}

static enum xr_status is_same_mailbox(struct xr_ctx *ctx, struct xr_step *step)
{
    enum xr_status status =
        proves_nothing(ctx, step, "the mailbox of the test itself was opened", NULL);

    step->last_finding->cause =
        "The address behind --outside is another one, mostly an alias, of the mailbox that is "
        "tested: both have the same Inbox.";
    return status;
}

/* Exchange does not tell a delegate without a right whether there is such a folder. */
static bool is_denied(const struct xr_ctx *ctx, const struct xr_ews_reply *reply)
{
    static const char *const codes[] = { "ErrorAccessDenied", "ErrorFolderNotFound",
        "ErrorItemNotFound", NULL };

    if (ctx->target->impersonation)
        return xr_is_denied(reply);
    for (const char *const *code = codes; reply->code && *code; code++)
        if (!strcmp(reply->code, *code))
            return true;
    return false;
}

/* Who may act as the owner is inside, whatever the folder's own rights are. */
static bool is_hidden(const struct xr_ctx *ctx, const struct xr_ews_reply *reply)
{
    return !ctx->target->impersonation && xr_with_succeeded(reply) && reply->rights.known &&
           !reply->rights.read;
}

/* By another address of it, an alias mostly. */
static bool is_mailbox_of_test(const struct xr_ctx *ctx, const struct xr_ews_reply *reply)
{
    return ctx->inbox_id && reply->folder_id && !strcmp(ctx->inbox_id, reply->folder_id);
}

static enum xr_status judge(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    const char *code = reply->code ? reply->code : "a fault without a code";

    if (is_hidden(ctx, reply))
        return out_of_reach(ctx, step, "it may be seen, but not read");
    if (xr_with_succeeded(reply) && is_mailbox_of_test(ctx, reply))
        return is_same_mailbox(ctx, step);
    if (xr_with_succeeded(reply))
        return is_open(ctx, step, reply);
    xr_step_decisive(step, reply->code);
    if (is_denied(ctx, reply))
        return out_of_reach(ctx, step, reply->code);
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

/* Is a mailbox that must not be reachable really out of reach, in the way in which the test opens
 * mailboxes? Asks for the folder alone: no item of a stranger's mailbox is ever read. */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    const char *outside = ctx->target->outside;
    bool impersonates = ctx->target->impersonation;
    const struct xr_ews_call call = {
        .request = { .operation = XR_EWS_GET_FOLDER,
            .folder = { .name = "inbox", .mailbox = impersonates ? NULL : outside } },
        .acting = impersonates ? outside : NULL,
        .anchor = outside,
    };
    struct xr_ews_reply reply;

    if (xr_with_gate_closed(ctx, step))
        return XR_SKIPPED;
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
