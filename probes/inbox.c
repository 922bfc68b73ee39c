#include "probes/inbox.h"

#include <string.h>

#include "analyzer/base/text.h"

static void note_folder(struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    struct xr_facts *facts = &ctx->run->facts;
    const struct xr_ews_rights *rights = &reply->rights;

    facts->known |= XR_FACT_MAILBOX;
    if (ctx->target->folder && xr_same(ctx->target->folder, "inbox"))
        ctx->inbox_id = reply->folder_id;
    facts->folder_name = reply->folder_name;
    facts->total_count = reply->total;
    facts->unread_count = reply->unread;
    xr_step_detail(
        step, "Folder", "%s", reply->folder_name ? reply->folder_name : "(without a name)");
    if (reply->folder_class)
        xr_step_detail(step, "Class", "%s", reply->folder_class);
    if (reply->total >= 0)
        xr_step_detail(step, "Items", "%lld, of them %lld unread", (long long)reply->total,
            (long long)(reply->unread < 0 ? 0 : reply->unread));
    if (rights->known)
        xr_step_detail(step, "Effective rights", "%s, %s, %s, %s",
            rights->read ? "read" : "no read", rights->create_contents ? "create" : "no create",
            rights->modify ? "modify" : "no modify", rights->remove ? "delete" : "no delete");
}

static struct xr_ews_call question(const struct xr_ctx *ctx)
{
    const struct xr_target *target = ctx->target;
    bool names_mailbox = !target->impersonation || strcmp(target->impersonate, target->mailbox);

    return (struct xr_ews_call){
        .request = { .operation = XR_EWS_GET_FOLDER,
            .folder = { target->folder, target->folder_id,
                names_mailbox ? target->mailbox : NULL } },
        .impersonate = target->impersonation,
        .anchor = target->mailbox,
    };
}

/* A folder that the account may see, but not read, is of no use to a sync engine. */
static enum xr_status judge_rights(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    const char *how = ctx->target->impersonation ? "by impersonation" : "by delegate access";

    if (reply->rights.known && !reply->rights.read)
        return xr_error(step, XR_FINDING_FOLDER_ACCESS_DENIED,
            "The folder %s was found %s, but the right to read it is missing.",
            reply->folder_name ? reply->folder_name : "(without a name)", how);
    const char *items =
        reply->total < 0 ? "" : xr_printf(ctx->arena, ": %lld items", (long long)reply->total);
    return xr_success(step, "%s of %s was opened %s%s.",
        reply->folder_name ? reply->folder_name : "The folder", ctx->target->mailbox, how, items);
}

static bool failed(const struct xr_ews_reply *reply)
{
    return reply->fault || (reply->class_ && strcmp(reply->class_, "Success") != 0);
}

/* A folder may show itself and its counters, and not what is in it. */
static enum xr_status look_inside(struct xr_ctx *ctx, struct xr_step *step)
{
    const char *message = step->message, *folder = ctx->run->facts.folder_name;
    struct xr_ews_call call = question(ctx);
    struct xr_ews_reply reply;

    call.request.operation = XR_EWS_FIND_ITEM;
    if (!xr_ews_call(ctx, step, &call, &reply))
        return XR_ERROR;
    if (failed(&reply)) {
        (void)xr_ews_error(ctx, step, &reply);
        if (step->last_finding->code == XR_FINDING_FOLDER_ACCESS_DENIED)
            step->message = step->last_finding->message = xr_printf(ctx->arena,
                "The folder %s was opened, but what is in it may not be listed: Exchange answers "
                "%s.",
                folder ? folder : "(without a name)", reply.code);
        return step->status;
    }
    if (reply.items_total >= 0)
        xr_step_detail(step, "Items seen", "%lld of %lld",
            (long long)(reply.item_count < 0 ? 0 : reply.item_count), (long long)reply.items_total);
    step->message = message;
    return XR_SUCCESS;
}

static enum xr_status refused(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    (void)xr_ews_error(ctx, step, reply);
    if (reply->other_address)
        step->message = step->last_finding->message = xr_printf(ctx->arena,
            "%s is not the primary address. Exchange offers %s, the one to use (%s).",
            ctx->target->impersonate, reply->other_address, reply->code);
    xr_inbox_difference(ctx, step, reply);
    return step->status;
}

/* Can the service account act as this user and open the folder? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_ews_call call = question(ctx);
    struct xr_ews_reply reply;

    if (!xr_ews_call(ctx, step, &call, &reply)) {
        xr_inbox_difference(ctx, step, NULL);
        return XR_ERROR;
    }
    if (failed(&reply))
        return refused(ctx, step, &reply);
    note_folder(ctx, step, &reply);
    enum xr_status status = judge_rights(ctx, step, &reply);
    /* A check of many may ask two questions for a mailbox, and the directory is the second. */
    bool is_of_many = ctx->repeated || ctx->of_many;
    return status == XR_SUCCESS && !is_of_many ? look_inside(ctx, step) : status;
}

const struct xr_probe xr_probe_inbox = {
    .id = "inbox",
    .title = "Inbox",
    .about = "Can the service account act as this user and open the folder?",
    .needs = XR_FACT_LOGON,
    .provides = XR_FACT_MAILBOX,
    .run = run,
};
