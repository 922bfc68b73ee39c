#include <string.h>

#include "probes/with.h"

static bool applies(const struct xr_target *target)
{
    return target->with & 1u << XR_WITH_ROOMS;
}

/* A room list is a distribution group: without one the answer is empty, however many rooms there
 * are. */
static enum xr_status is_empty(struct xr_step *step)
{
    enum xr_status status = xr_warning(step, XR_FINDING_ROOMS_UNAVAILABLE,
        "Exchange answers with an empty list: this organisation has no room list.");

    step->last_finding->cause =
        "No room list was ever created, so far as {account} can see: rooms alone are not enough. "
        "The account itself was served.";
    return status;
}

static enum xr_status judge(struct xr_step *step, const struct xr_ews_reply *reply)
{
    size_t n = reply->resolution_count;

    for (const struct xr_ews_resolution *at = reply->resolutions; at; at = at->next)
        xr_step_detail(step, "Room list", "%s <%s>", at->name ? at->name : "",
            at->address ? at->address : "address not told");
    if (!n)
        return is_empty(step);
    return xr_success(step, "Exchange gives %zu room %s.", n, n == 1 ? "list" : "lists");
}

/* About the account itself, so that what else is about the mailbox of the form is about rooms. */
static bool is_about_the_account(const struct xr_finding *finding)
{
    return finding->code == XR_FINDING_MAILBOX_NOT_FOUND ||
           finding->code == XR_FINDING_LOGON_NO_MAILBOX ||
           finding->code == XR_FINDING_ADDRESS_NOT_RESOLVED;
}

static enum xr_status refused(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    enum xr_status status = xr_with_error(ctx, step, reply, XR_FINDING_ROOMS_UNAVAILABLE);

    if (is_about_the_account(step->last_finding)) {
        step->last_finding->cause = NULL;
        status = xr_with_rename(step, XR_FINDING_ROOMS_UNAVAILABLE);
    }
    if (step->last_finding->code == XR_FINDING_ROOMS_UNAVAILABLE)
        step->last_finding->when = XR_WHEN_LASTING;
    if (ctx->account_has_no_mailbox)
        xr_step_detail(step, "Account", "has no mailbox");
    return status;
}

/* Does Exchange give the service account the room lists? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    const struct xr_target *target = ctx->target;
    struct xr_ews_call call = {
        .request = { .operation = XR_EWS_GET_ROOM_LISTS },
        .anchor = strchr(target->account, '@') ? target->account : target->mailbox,
    };
    struct xr_ews_reply reply;

    if (xr_with_gate_closed(ctx, step))
        return XR_SKIPPED;
    if (xr_ews_is_older(*ctx->version, "Exchange2010"))
        return xr_skipped(step, NULL, "Not asked: there are room lists since Exchange 2010.");
    if (!xr_ews_call(ctx, step, &call, &reply))
        return step->status;
    return xr_with_succeeded(&reply) ? judge(step, &reply) : refused(ctx, step, &reply);
}

const struct xr_probe xr_probe_rooms = {
    .id = "rooms",
    .title = "Rooms",
    .about = "Does Exchange give the service account the room lists?",
    .needs = XR_FACT_LOGON,
    .applies = applies,
    .run = run,
};
