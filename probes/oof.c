#include <string.h>

#include "probes/with.h"

static bool applies(const struct xr_target *target)
{
    return target->with & 1u << XR_WITH_OOF;
}

static enum xr_status judge(struct xr_step *step, const struct xr_ews_reply *reply)
{
    if (!reply->oof_state)
        return xr_warning(step, XR_FINDING_OOF_UNAVAILABLE,
            "Exchange answers with success, but without the settings.");
    if (reply->oof_audience)
        xr_step_detail(step, "Replies to senders outside", "%s", reply->oof_audience);
    xr_step_detail(step, "State", "%s", reply->oof_state);
    return xr_success(step, "The settings can be read: automatic replies are %s.",
        !strcmp(reply->oof_state, "Disabled")    ? "off"
        : !strcmp(reply->oof_state, "Scheduled") ? "scheduled"
                                                 : "on");
}

/* Can the out-of-office settings of the mailbox be read? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_ews_call call = xr_with_call(ctx, XR_EWS_GET_OOF);
    struct xr_ews_reply reply;

    if (xr_with_gate_closed(ctx, step))
        return XR_SKIPPED;
    if (!xr_ews_call(ctx, step, &call, &reply))
        return step->status;
    if (!xr_with_succeeded(&reply))
        return xr_with_error(ctx, step, &reply, XR_FINDING_OOF_UNAVAILABLE);
    return judge(step, &reply);
}

const struct xr_probe xr_probe_oof = {
    .id = "oof",
    .title = "Out of office",
    .about = "Can the out-of-office settings of the mailbox be read?",
    .needs = XR_FACT_LOGON,
    .applies = applies,
    .run = run,
};
