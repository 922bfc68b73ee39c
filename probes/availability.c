#include <string.h>

#include "analyzer/model/ews_codes.h"
#include "probes/with.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static bool applies(const struct xr_target *target)
{
    return target->with & 1u << XR_WITH_AVAILABILITY;
}

/*
 * Asked as a sync engine asks: by impersonation it is the owner who reads his
 * own calendar, whatever that shows to others. A code that names something else
 * keeps its cause.
 */
static void tell_cause(const struct xr_ctx *ctx, struct xr_step *step, const char *code)
{
    static const char as_owner[] =
        "The question was asked in the name of {mailbox}, and everybody may see his own times: "
        "the permissions of the calendar are not the cause. Most likely the calendar or the "
        "mailbox has a fault, or the Availability service of the server. Otherwise the mailbox is "
        "in another organisation that does not share such times.";
    const struct xr_ews_code *known = xr_ews_code_find(code);
    struct xr_finding *finding = step->last_finding;
    bool names_another = known && known->code == XR_FINDING_AVAILABILITY_UNAVAILABLE &&
                         !known->by_class && strcmp(code, "ErrorNoFreeBusyAccess") != 0;

    if (finding->code == XR_FINDING_AVAILABILITY_UNAVAILABLE && xr_with_owner(ctx) &&
        !names_another)
        finding->cause = as_owner;
}

static enum xr_status judge(struct xr_step *step, const struct xr_ews_reply *reply)
{
    if (!reply->free_busy || !strcmp(reply->free_busy, "None"))
        return xr_warning(step, XR_FINDING_AVAILABILITY_UNAVAILABLE,
            "Exchange answers with success, but without free/busy times.");
    xr_step_detail(step, "View", "%s", reply->free_busy);
    return xr_success(step, "The free/busy times can be read: %lld %s in the next 24 hours.",
        (long long)reply->events, reply->events == 1 ? "entry" : "entries");
}

/* Can the free and busy times of the mailbox be read? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_ews_call call = xr_with_call(ctx, XR_EWS_GET_AVAILABILITY);
    struct xr_ews_reply reply;

    if (xr_with_gate_closed(ctx, step))
        return XR_SKIPPED;
    call.request.from_ms = xr_wall_ms();
    call.request.to_ms = call.request.from_ms + DAY_MS;
    if (!xr_ews_call(ctx, step, &call, &reply))
        return step->status;
    enum xr_status status = xr_with_succeeded(&reply) ? judge(step, &reply)
                                                      : xr_with_error(ctx, step, &reply,
                                                            XR_FINDING_AVAILABILITY_UNAVAILABLE);
    if (step->last_finding)
        tell_cause(ctx, step, reply.code);
    return status;
}

const struct xr_probe xr_probe_availability = {
    .id = "availability",
    .title = "Availability",
    .about = "Can the free and busy times of the mailbox be read?",
    .needs = XR_FACT_LOGON,
    .applies = applies,
    .run = run,
};
