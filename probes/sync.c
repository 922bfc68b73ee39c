#include <string.h>

#include "probes/with.h"

enum { EXTRA_MS = 2000 }; /* to clean up in, when the time of the step has passed */

static bool applies(const struct xr_target *target)
{
    return target->with & 1u << XR_WITH_SYNC;
}

/* ---- changes ---- */

static enum xr_status judge_changes(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    if (!xr_with_succeeded(reply))
        return xr_with_error(ctx, step, reply, XR_FINDING_SYNC_UNAVAILABLE);
    if (!reply->sync_state)
        return xr_error(step, XR_FINDING_SYNC_UNAVAILABLE,
            "Exchange answers with success, but without the state to go on from.");
    return xr_success(
        step, "The first changes came%s.", reply->changes == 0 ? ": the folder is empty" : "");
}

static void ask_for_changes(struct xr_ctx *ctx, struct xr_step *parent)
{
    struct xr_step *step = xr_with_child(ctx, parent, "changes", "Ask for changes");
    struct xr_ews_call call =
        xr_with_folder_call(ctx, XR_EWS_SYNC_ITEMS, ctx->target->folder, ctx->target->folder_id);
    struct xr_ews_reply reply;

    if (xr_ews_call(ctx, step, &call, &reply))
        (void)judge_changes(ctx, step, &reply);
    xr_with_child_done(step);
}

/* ---- notifications ---- */

static enum xr_status judge_subscription(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply, bool pull)
{
    if (!xr_with_succeeded(reply))
        return xr_with_error(ctx, step, reply, XR_FINDING_SYNC_NOTIFICATIONS_UNAVAILABLE);
    if (!reply->subscription_id)
        return xr_warning(step, XR_FINDING_SYNC_NOTIFICATIONS_UNAVAILABLE,
            "Exchange answers with success, but without a subscription.");
    return xr_success(step, "A subscription was opened (%s).", pull ? "pull" : "streaming");
}

/* The id of the subscription, or NULL. */
static const char *subscribe(struct xr_ctx *ctx, struct xr_step *parent)
{
    struct xr_step *step = xr_with_child(ctx, parent, "subscribe", "Subscribe to changes");
    struct xr_ews_call call =
        xr_with_folder_call(ctx, XR_EWS_SUBSCRIBE, ctx->target->folder, ctx->target->folder_id);
    struct xr_ews_reply reply = { .subscription_id = NULL };

    call.request.pull = xr_ews_is_older(*ctx->version, "Exchange2010_SP1");
    if (xr_ews_call(ctx, step, &call, &reply))
        (void)judge_subscription(ctx, step, &reply, call.request.pull);
    xr_with_child_done(step);
    return reply.subscription_id;
}

/* Each open subscription counts against the limit of the account. */
static void unsubscribe(struct xr_ctx *ctx, struct xr_step *parent, const char *id)
{
    struct xr_step *step = xr_with_child(ctx, parent, "unsubscribe", "End the subscription");
    struct xr_ews_call call = xr_with_call(ctx, XR_EWS_UNSUBSCRIBE);
    struct xr_ews_reply reply;

    call.request.subscription_id = id;
    if (xr_time_state(ctx->deadline) == XR_TIME_STEP_PASSED)
        ctx->deadline = xr_deadline_within(ctx->deadline, EXTRA_MS);
    if (xr_ews_call(ctx, step, &call, &reply)) {
        if (xr_with_succeeded(&reply))
            (void)xr_success(step, "The subscription was ended.");
        else
            (void)xr_with_error(ctx, step, &reply, XR_FINDING_SYNC_NOTIFICATIONS_UNAVAILABLE);
    }
    if (!ctx->gate_closed_by && step->findings)
        xr_with_soften(step);
    xr_with_child_done(step);
}

/* Can the folder be synchronised, and changes in it be subscribed to? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    if (xr_with_gate_closed(ctx, step))
        return XR_SKIPPED;
    ask_for_changes(ctx, step);
    if (ctx->gate_closed_by || xr_time_state(ctx->deadline) != XR_TIME_LEFT)
        return xr_with_worst(step, "The folder can be synchronised.");
    struct xr_deadline own = ctx->deadline;
    ctx->deadline = xr_deadline_with_grace(own);
    const char *id = subscribe(ctx, step);
    if (id && !ctx->gate_closed_by)
        unsubscribe(ctx, step, id);
    xr_with_grace_end(ctx, step, own);
    return xr_with_worst(
        step, "The folder can be synchronised, and changes in it can be subscribed to.");
}

const struct xr_probe xr_probe_sync = {
    .id = "sync",
    .title = "Synchronisation",
    .about = "Can the folder be synchronised, and changes in it be subscribed to?",
    .needs = XR_FACT_LOGON,
    .applies = applies,
    .run = run,
};
