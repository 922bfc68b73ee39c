#include "probes/with.h"

#include <string.h>

#include "probes/smtp_address.h"

bool xr_with_gate_closed(struct xr_ctx *ctx, struct xr_step *step)
{
    if (!ctx->gate_closed_by)
        return false;
    (void)xr_skipped(step, ctx->gate_closed_by,
        "Not tried: the credentials were refused meanwhile, and once is enough.");
    return true;
}

struct xr_ews_call xr_with_call(const struct xr_ctx *ctx, enum xr_ews_operation operation)
{
    return (struct xr_ews_call){
        .request = { .operation = operation, .address = ctx->target->mailbox },
        .impersonate = ctx->target->impersonation,
        .anchor = ctx->target->mailbox,
    };
}

/* Who is impersonated need not be told whose folder it is, unless it is somebody else's. */
struct xr_ews_call xr_with_folder_call(
    const struct xr_ctx *ctx, enum xr_ews_operation operation, const char *name, const char *id)
{
    const struct xr_target *target = ctx->target;
    bool names_mailbox =
        !target->impersonation || strcmp(target->impersonate, target->mailbox) != 0;
    struct xr_ews_call call = xr_with_call(ctx, operation);

    call.request.folder =
        (struct xr_ews_folder){ name, id, names_mailbox ? target->mailbox : NULL };
    return call;
}

bool xr_with_owner(const struct xr_ctx *ctx)
{
    const struct xr_target *target = ctx->target;
    bool by_address = target->identify_by == XR_BY_SMTP_ADDRESS ||
                      target->identify_by == XR_BY_PRIMARY_SMTP_ADDRESS;

    return target->impersonation &&
           (!by_address || xr_same_mailbox(ctx->arena, target->impersonate, target->mailbox));
}

bool xr_with_succeeded(const struct xr_ews_reply *reply)
{
    return !reply->fault && reply->class_ && !strcmp(reply->class_, "Success");
}

static bool says_only_no(const struct xr_finding *finding)
{
    return finding->code == XR_FINDING_FOLDER_ACCESS_DENIED ||
           finding->code == XR_FINDING_EWS_ERROR;
}

enum xr_status xr_with_rename(struct xr_step *step, enum xr_finding_code own)
{
    struct xr_finding *finding = step->last_finding;

    finding->code = own;
    finding->status = xr_finding_kind(own)->status;
    step->status = xr_step_worst(step);
    return step->status;
}

enum xr_status xr_with_error(struct xr_ctx *ctx, struct xr_step *step,
    const struct xr_ews_reply *reply, enum xr_finding_code own)
{
    enum xr_status status = xr_ews_error(ctx, step, reply);

    return says_only_no(step->last_finding) ? xr_with_rename(step, own) : status;
}

void xr_with_soften(struct xr_step *step)
{
    for (struct xr_finding *at = step->findings; at; at = at->next)
        if (at->status == XR_ERROR && !xr_finding_is_local(at->code))
            at->status = XR_WARNING;
    step->status = xr_step_worst(step);
}

struct xr_step *xr_with_child(
    struct xr_ctx *ctx, struct xr_step *step, const char *suffix, const char *title)
{
    struct xr_step *child =
        xr_step_add(ctx->arena, step, xr_printf(ctx->arena, "%s.%s", step->id, suffix), title);

    child->started_us = xr_now_us();
    return child;
}

void xr_with_child_done(struct xr_step *child)
{
    child->elapsed_us = xr_now_us() - child->started_us;
}

enum xr_status xr_with_worst(struct xr_step *step, const char *success)
{
    const struct xr_step *child = step->first;

    step->status = xr_step_worst(step);
    while (child && child->status != step->status)
        child = child->next;
    if (step->status == XR_SUCCESS)
        step->message = success;
    else
        step->message = child ? child->message : step->last_finding->message;
    return step->status;
}

static bool says_why_it_ended(const struct xr_step *step)
{
    for (const struct xr_step *child = step->first; child; child = child->next)
        for (const struct xr_finding *at = child->findings; at; at = at->next)
            if (xr_finding_is_local(at->code))
                return true;
    return false;
}

void xr_with_grace_end(struct xr_ctx *ctx, struct xr_step *step, struct xr_deadline own)
{
    enum xr_time_state state = xr_time_state(own);

    ctx->deadline = own;
    if (says_why_it_ended(step))
        return;
    if (state == XR_TIME_RUN_PASSED)
        (void)xr_find(step, XR_FINDING_LOCAL_TIMEOUT, XR_ERROR,
            "The time limit of the run passed. What had been begun was brought to its end.");
    if (state == XR_TIME_CANCELLED)
        (void)xr_find(step, XR_FINDING_LOCAL_CANCELLED, XR_ERROR,
            "The test was cancelled. What had been begun was brought to its end.");
}
