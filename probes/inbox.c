#include <string.h>

#include "probes/ews_call.h"

static void note_folder(struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    struct xr_facts *facts = &ctx->run->facts;
    const struct xr_ews_rights *rights = &reply->rights;

    facts->known |= XR_FACT_MAILBOX;
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
        .operation = XR_EWS_GET_FOLDER,
        .impersonate = target->impersonation,
        .folder = { target->folder, target->folder_id, names_mailbox ? target->mailbox : NULL },
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

/* Can the service account act as this user and open the folder? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_ews_call call = question(ctx);
    struct xr_ews_reply reply;

    if (!xr_ews_call(ctx, step, &call, &reply))
        return XR_ERROR;
    if (reply.fault || (reply.class_ && strcmp(reply.class_, "Success")))
        return xr_ews_error(ctx, step, &reply);
    note_folder(ctx, step, &reply);
    return judge_rights(ctx, step, &reply);
}

const struct xr_probe xr_probe_inbox = {
    .id = "inbox",
    .title = "Inbox",
    .about = "Can the service account act as this user and open the folder?",
    .needs = XR_FACT_LOGON,
    .provides = XR_FACT_MAILBOX,
    .run = run,
};
