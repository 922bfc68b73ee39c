#include <string.h>

#include "probes/with.h"

static bool applies(const struct xr_target *target)
{
    return target->with & 1u << XR_WITH_OOF;
}

/*
 * What a user says about his absence is nobody's business in a report. The
 * settings come before the replies (MS-OXWOOF): all from the first reply on is
 * left out. NULL: none can be seen in the text.
 */
static const char *without_replies(struct xr_arena *arena, const char *body)
{
    static const char note[] = "[the replies are left out of the report]";
    const char *inside = strstr(body, "InternalReply"), *outside = strstr(body, "ExternalReply");
    const char *first = !inside || (outside && outside < inside) ? outside : inside;
    const char *end = first ? strchr(first, '>') : NULL;

    if (!first)
        return NULL;
    return xr_printf(arena, "%.*s%s", end ? (int)(end + 1 - body) : 0, body, note);
}

/* read: the answer held settings. Where they cannot be seen as text, all of it is left out. */
static void leave_replies_out(struct xr_step *step, bool read)
{
    static const char no_text[] = "\xef\xbf\xbd"; /* U+FFFD stands for what is not UTF-8 */

    for (struct xr_exchange *at = step->exchanges; at; at = at->next) {
        const char *body = at->response_body;
        const char *less = body ? without_replies(step->arena, body) : NULL;
        bool is_hidden = body && (strstr(body, no_text) || (read && at == step->last_exchange));
        if (less)
            at->response_body = less;
        else if (is_hidden)
            at->response_body = "[left out of the report]";
    }
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
    bool answered = xr_ews_call(ctx, step, &call, &reply);
    leave_replies_out(step, answered && reply.oof_state);
    if (!answered)
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
