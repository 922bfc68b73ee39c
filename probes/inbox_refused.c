#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/model/ews_codes.h"
#include "analyzer/wire/microsoft_365.h"
#include "probes/inbox.h"

static bool is_code(const struct xr_ews_reply *reply, const char *const *codes)
{
    for (; reply->code && *codes; codes++)
        if (!strcmp(reply->code, *codes))
            return true;
    return false;
}

static bool succeeded(const struct xr_ews_reply *reply)
{
    return !reply->fault && reply->class_ && !strcmp(reply->class_, "Success");
}

bool xr_is_denied(const struct xr_ews_reply *reply)
{
    const struct xr_ews_code *known = xr_ews_code_find(reply->code);

    return known && known->code == XR_FINDING_IMPERSONATION_DENIED;
}

/* "No" is an answer of its own, and no other fault of the account: it has no finding. */
static enum xr_reach is_refused(struct xr_step *step, const char *message)
{
    step->message = message;
    step->status = XR_ERROR;
    return XR_REACH_NO;
}

/* ---- the questions ---- */

static void ask_own_mailbox(struct xr_ctx *ctx, struct xr_step *step, struct xr_difference *ret)
{
    (void)ret;
    step->status =
        ctx->account_has_no_mailbox
            ? xr_skipped(step, "logon", "%s has no mailbox of its own.", ctx->target->account)
            : xr_success(step, "Opened at the logon: EWS serves %s.", ctx->target->account);
}

static void ask_delegate(struct xr_ctx *ctx, struct xr_step *step, struct xr_difference *ret)
{
    static const char *const refusals[] = { "ErrorAccessDenied", "ErrorFolderNotFound", NULL };
    const struct xr_target *target = ctx->target;
    const struct xr_ews_call call = {
        .request = { .operation = XR_EWS_GET_FOLDER,
            .folder = { target->folder, target->folder_id, target->mailbox } },
        .anchor = target->mailbox,
    };
    struct xr_ews_reply reply;

    if (!xr_ews_call(ctx, step, &call, &reply))
        return;
    bool opens = succeeded(&reply);
    if (opens && (!reply.rights.known || reply.rights.read)) {
        ret->delegate = XR_REACH_YES;
        step->status = xr_success(step,
            "Without impersonation %s opens the folder of %s: it has a right of its own there.",
            target->account, target->mailbox);
        return;
    }
    if (opens || is_code(&reply, refusals))
        ret->delegate = is_refused(step,
            xr_printf(ctx->arena, "Without impersonation %s may not open the folder either: %s.",
                target->account, opens ? "the right to read is missing" : reply.code));
    else
        step->status = xr_ews_error(ctx, step, &reply);
}

/* The account's own address, so far as its name tells: a UPN is mostly the address too. NULL: it
 * does not tell. */
static const char *own_address(const struct xr_ctx *ctx)
{
    const char *account = ctx->target->account, *user = strchr(account, '\\');
    const char *address =
        user ? xr_printf(ctx->arena, "%s%s", user + 1, strrchr(ctx->target->mailbox, '@'))
             : account;
    struct xr_address parts;
    const char *why;

    if (user && xr_starts(account, ".\\")) /* local to one server */
        return NULL;
    return xr_address_parse(ctx->arena, address, &parts, &why) ? address : NULL;
}

/*
 * The directory is asked, not a folder: if the address is another person's
 * after all, nothing of the mailbox is touched, and what Exchange says of the
 * impersonation is worth the same.
 */
static void ask_self(struct xr_ctx *ctx, struct xr_step *step, struct xr_difference *ret)
{
    static const char *const unknown[] = { "ErrorNonExistentMailbox", "ErrorInvalidSmtpAddress",
        NULL };
    const char *self = own_address(ctx);
    const struct xr_ews_call call = {
        .request = { .operation = XR_EWS_RESOLVE_NAMES, .address = self },
        .acting = self,
        .anchor = self,
    };
    struct xr_ews_reply reply;

    if (ctx->account_has_no_mailbox)
        step->status = xr_skipped(
            step, "logon", "Not asked: %s has no mailbox of its own.", ctx->target->account);
    else if (!self)
        step->status = xr_skipped(
            step, NULL, "Not asked: the address of %s is not known.", ctx->target->account);
    if (ctx->account_has_no_mailbox || !self || !xr_ews_call(ctx, step, &call, &reply))
        return;
    if (xr_is_denied(&reply)) {
        ret->self =
            is_refused(step, xr_printf(ctx->arena, "%s may not act for itself (%s) either: %s.",
                                 ctx->target->account, self, reply.code));
    } else if (is_code(&reply, unknown)) {
        step->status = xr_skipped(step, NULL,
            "Not told: no mailbox of the account is known as %s (%s).", self, reply.code);
    } else if (!reply.fault && (succeeded(&reply) || xr_starts(reply.code, "ErrorNameRes"))) {
        ret->self = XR_REACH_YES;
        step->status = xr_success(
            step, "%s may act for itself (%s): the role is assigned.", ctx->target->account, self);
    } else {
        step->status = xr_ews_error(ctx, step, &reply);
    }
}

/* Any answer of EWS will do: also that the account has no mailbox. */
static void ask_without(struct xr_ctx *ctx, struct xr_step *step, struct xr_difference *ret)
{
    const char *account = ctx->target->account;
    const struct xr_ews_call call = {
        .request = { .operation = XR_EWS_GET_FOLDER, .folder = { .name = "inbox" } },
        .anchor = strchr(account, '@') ? account : ctx->target->mailbox,
    };
    struct xr_ews_reply reply;

    if (!xr_ews_call(ctx, step, &call, &reply)) {
        if (step->last_finding && step->last_finding->code == XR_FINDING_EWS_DISABLED)
            ret->without = XR_REACH_NO;
        return;
    }
    ret->without = XR_REACH_YES;
    step->status = xr_success(step, "Without impersonation EWS answers %s.", account);
}

static const char *what_it_is(enum xr_entry entry)
{
    static const char *const texts[] = {
        [XR_ENTRY_OPEN] = "does not tell what it is",
        [XR_ENTRY_MAILBOX] = "a user with a mailbox, here or elsewhere",
        [XR_ENTRY_CONTACT] = "a contact",
        [XR_ENTRY_LIST] = "a distribution group",
        [XR_ENTRY_OTHER] = "something else than a mailbox",
        [XR_ENTRY_NOBODY] = "nobody",
    };

    return texts[entry];
}

/* The answer is kept: smtp-address asks the same. */
static void ask_directory(struct xr_ctx *ctx, struct xr_step *step, struct xr_difference *ret)
{
    const struct xr_ews_call call = {
        .request = { .operation = XR_EWS_RESOLVE_NAMES, .address = ctx->target->mailbox },
        .anchor = ctx->target->mailbox,
    };
    struct xr_ews_reply *reply = xr_new(ctx->arena, struct xr_ews_reply);

    if (ctx->account_has_no_mailbox) {
        step->status = xr_skipped(step, "logon",
            "Not asked: the directory answers only those who have a mailbox, and %s has none.",
            ctx->target->account);
        return;
    }
    if (!xr_ews_call(ctx, step, &call, reply))
        return;
    ret->entry = xr_entry_of(ctx->arena, reply, ctx->target->mailbox);
    ctx->directory = reply;
    if (ret->entry == XR_ENTRY_OPEN && reply->resolution_count == 0)
        step->status = xr_ews_error(ctx, step, reply);
    else if (ret->entry == XR_ENTRY_NOBODY)
        (void)is_refused(step,
            xr_printf(ctx->arena, "The directory shows nobody with %s.", ctx->target->mailbox));
    else
        step->status = xr_success(step, "The directory, asked for %s, shows %s.",
            ctx->target->mailbox, what_it_is(ret->entry));
}

/* ---- which of them are asked ---- */

static const struct question {
    const char *id, *title;
    void (*ask)(struct xr_ctx *ctx, struct xr_step *step, struct xr_difference *ret);
    uint32_t when; /* bits of enum xr_refusal */
} questions[] = {
    { "inbox.own-mailbox", "The account's own mailbox", ask_own_mailbox,
        1u << XR_REFUSAL_DENIED | 1u << XR_REFUSAL_DENIED_BY_RIGHT },
    { "inbox.delegate", "The folder without impersonation", ask_delegate,
        1u << XR_REFUSAL_DENIED | 1u << XR_REFUSAL_DENIED_BY_RIGHT | 1u << XR_REFUSAL_NO_RIGHT },
    { "inbox.self", "Impersonation of the account itself", ask_self, 1u << XR_REFUSAL_DENIED },
    { "inbox.without", "EWS without impersonation", ask_without, 1u << XR_REFUSAL_FORBIDDEN },
    { "inbox.directory", "The entry in the directory", ask_directory, 1u << XR_REFUSAL_NO_MAILBOX },
};

static enum xr_refusal refusal_of(const struct xr_step *step, const struct xr_ews_reply *reply)
{
    static const struct {
        const char *code;
        enum xr_refusal refusal;
    } refusals[] = {
        { "ErrorImpersonateUserDenied", XR_REFUSAL_DENIED },
        { "ErrorImpersonationDenied", XR_REFUSAL_DENIED_BY_RIGHT },
        { "ErrorNonExistentMailbox", XR_REFUSAL_NO_MAILBOX },
        { "ErrorMailboxMoveInProgress", XR_REFUSAL_MOVING },
        { "ErrorAccessDenied", XR_REFUSAL_NO_RIGHT },
    };

    if (!reply)
        return step->last_finding && step->last_finding->code == XR_FINDING_EWS_DISABLED
                   ? XR_REFUSAL_FORBIDDEN
                   : XR_REFUSAL_NONE;
    for (size_t i = 0; reply->code && i < sizeof(refusals) / sizeof(*refusals); i++)
        if (!strcmp(reply->code, refusals[i].code))
            return refusals[i].refusal;
    return XR_REFUSAL_NONE;
}

/* Without impersonation what is left is where the mailbox is. */
enum { OF_ANY_ACCESS = 1 << XR_REFUSAL_NO_MAILBOX | 1 << XR_REFUSAL_MOVING };

static bool is_diagnosed(const struct xr_ctx *ctx, enum xr_refusal refusal)
{
    if (refusal == XR_REFUSAL_NONE || ctx->repeated || ctx->of_many || ctx->gate_closed_by)
        return false;
    return ctx->target->impersonation || 1 << refusal & OF_ANY_ACCESS;
}

static bool acts_as_owner(const struct xr_ctx *ctx)
{
    const struct xr_target *target = ctx->target;

    return !target->impersonation ||
           xr_same_mailbox(ctx->arena, target->impersonate, target->mailbox);
}

/* A UPN or a SID may be anybody's, the owner's too. */
static bool acts_as_other(const struct xr_ctx *ctx)
{
    enum xr_identify_by by = ctx->target->identify_by;
    bool by_address = by == XR_BY_SMTP_ADDRESS || by == XR_BY_PRIMARY_SMTP_ADDRESS;

    return by_address && !acts_as_owner(ctx);
}

static bool is_in_cloud(const struct xr_ctx *ctx)
{
    const struct xr_facts *facts = &ctx->run->facts;
    const struct xr_fact_settings *answer = facts->settings;

    if (xr_cloud_of_host(ctx->ews.host))
        return false;
    while (answer && !xr_same(answer->online, "True"))
        answer = answer->next;
    return answer || (facts->mailbox_home && strcmp(facts->mailbox_home, "on premises") != 0);
}

/* Something else went wrong, or the time is up: the answers so far have to do. */
static bool goes_on(const struct xr_ctx *ctx, const struct xr_step *child)
{
    return !(child && child->findings) && !ctx->gate_closed_by &&
           xr_time_state(ctx->deadline) == XR_TIME_LEFT;
}

/* The account's own mailbox is the one that is tested: the difference would be none. */
static bool is_own(const struct xr_ctx *ctx)
{
    const char *self = own_address(ctx);

    return self && (xr_same_mailbox(ctx->arena, self, ctx->target->mailbox) ||
                       xr_same_mailbox(ctx->arena, self, ctx->target->impersonate));
}

static void ask_all(struct xr_ctx *ctx, struct xr_step *step, struct xr_difference *ret)
{
    for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
        const struct question *question = &questions[i];
        if (!(question->when & 1u << ret->refusal) || !goes_on(ctx, step->last))
            continue;
        struct xr_step *child = xr_step_add(ctx->arena, step, question->id, question->title);
        child->started_us = xr_now_us();
        child->status = XR_ERROR; /* unless the question ends with a better one */
        question->ask(ctx, child, ret);
        child->elapsed_us = xr_now_us() - child->started_us;
    }
}

static const char *cloud_cause(const struct xr_ctx *ctx)
{
    const struct xr_facts *facts = &ctx->run->facts;

    if (!facts->mailbox_home_because || !strcmp(facts->mailbox_home, "on premises"))
        return NULL;
    return xr_printf(ctx->arena,
        "The mailbox is in %s (%s), and the Exchange that was asked is %s. The application has to "
        "ask the other side.",
        facts->mailbox_home, facts->mailbox_home_because, ctx->ews.host);
}

void xr_inbox_difference(struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    struct xr_difference difference = { .refusal = refusal_of(step, reply),
        .for_other = acts_as_other(ctx) };
    struct xr_finding *finding = step->last_finding;
    struct xr_diagnosis diagnosis;
    /* A fault is about who is impersonated, and only a denial is worth to be looked into there. */
    bool of_mailbox = acts_as_owner(ctx) || !reply || !reply->fault;

    if (!finding || !is_diagnosed(ctx, difference.refusal))
        return;
    if (!of_mailbox && difference.refusal != XR_REFUSAL_DENIED)
        return;
    difference.in_cloud = of_mailbox && is_in_cloud(ctx);
    if (!is_own(ctx))
        ask_all(ctx, step, &difference);
    if (!xr_diagnose(&difference, &diagnosis))
        return;
    finding->code = diagnosis.code;
    if (diagnosis.cause)
        finding->cause = diagnosis.cause;
    else if (diagnosis.code == XR_FINDING_MAILBOX_ELSEWHERE)
        finding->cause = cloud_cause(ctx);
}
