#include <string.h>
#include <time.h>

#include "analyzer/model/ews_codes.h"
#include "probes/busy.h"
#include "probes/with.h"
#include "probes/write_subject.h"

/*
 * The only step that changes anything in a mailbox. What it writes it finds
 * again by a subject that nobody else has, so that nothing is left behind when
 * an answer was lost, and the next run removes what a killed one left. The
 * subject tells who wrote it: the draft of a test that runs now is not touched.
 */
enum {
    EXTRA_MS = 2000, /* to clean up in, when the time of the step has passed */
    PAUSE_MS = 500,  /* before what failed, or cannot be seen yet, is tried once more */
    LOOKS = 3,       /* for what may still be on its way */
    ATTEMPTS = 2,    /* to delete one item */
    ROUNDS_MAX = 10, /* of deleting, should the same subject be there several times */
};

struct draft {
    struct xr_ctx *ctx;
    struct xr_step *parent;
    const char *subject;
    const char *id; /* NULL: not told yet */
    bool had_more;  /* the time of the step was longer once */
};

enum presence { PRESENCE_UNKNOWN, ABSENT, PRESENT };
enum written { NOT_WRITTEN, PERHAPS_WRITTEN, WRITTEN };

static bool applies(const struct xr_target *target)
{
    return target->with & 1u << XR_WITH_WRITE;
}

/* ---- time ---- */

/* A step that was too slow gets a little more time once: what was begun is cleaned up. */
static bool may_clean_up(struct draft *draft)
{
    struct xr_ctx *ctx = draft->ctx;

    if (ctx->gate_closed_by)
        return false;
    enum xr_time_state state = xr_time_state(ctx->deadline);
    if (state == XR_TIME_STEP_PASSED && !draft->had_more) {
        draft->had_more = true;
        ctx->deadline = xr_deadline_within(ctx->deadline, EXTRA_MS);
        state = xr_time_state(ctx->deadline);
    }
    return state == XR_TIME_LEFT;
}

static void pause_a_little(const struct draft *draft)
{
    struct xr_deadline pause = xr_deadline_within(draft->ctx->deadline, PAUSE_MS);

    while (xr_time_state(pause) == XR_TIME_LEFT) {
        struct timespec tick = { 0, (long)xr_tick_ms(pause) * 1000000 };
        (void)nanosleep(&tick, NULL);
    }
}

/* ---- requests ---- */

/* true: *ret holds an answer, or an EWS error. */
static bool find(struct draft *draft, struct xr_step *step, const char *subject, bool starts_so,
    struct xr_ews_reply *ret)
{
    struct xr_ews_call call = xr_with_folder_call(draft->ctx, XR_EWS_FIND_ITEM, "drafts", NULL);

    call.request.subject = subject;
    call.request.starts_so = starts_so;
    return xr_ews_call(draft->ctx, step, &call, ret);
}

/* The server was asked for this subject alone. One that answers with other items would have exray
 * delete what is not its own. */
static bool are_all_ours(const struct draft *draft, const struct xr_ews_reply *reply)
{
    for (const struct xr_ews_item *item = reply->items; item; item = item->next)
        if (!item->subject || strcmp(item->subject, draft->subject) != 0)
            return false;
    return true;
}

/* Notes the id of what is there. Where nothing can be seen, the step has a finding. */
static enum presence look(struct draft *draft, struct xr_step *step)
{
    struct xr_ews_reply reply;

    if (!find(draft, step, draft->subject, false, &reply))
        return PRESENCE_UNKNOWN;
    if (!xr_with_succeeded(&reply)) {
        (void)xr_ews_error(draft->ctx, step, &reply);
        return PRESENCE_UNKNOWN;
    }
    if (reply.item_count < 0 || (reply.item_count > 0 && !reply.item_id)) {
        (void)xr_error(step, XR_FINDING_EWS_MALFORMED,
            "Exchange answers FindItem with success, but without ids of items.");
        return PRESENCE_UNKNOWN;
    }
    if (!are_all_ours(draft, &reply)) {
        (void)xr_error(step, XR_FINDING_EWS_MALFORMED,
            "Exchange was asked for the draft by its subject and answers with other items, which "
            "were left alone.");
        return PRESENCE_UNKNOWN;
    }
    if (!reply.item_count)
        return ABSENT;
    draft->id = reply.item_id;
    return PRESENT;
}

/* true: *ret holds the answer. */
static bool remove_item(
    struct draft *draft, struct xr_step *step, const char *id, struct xr_ews_reply *ret)
{
    struct xr_ews_call call = xr_with_call(draft->ctx, XR_EWS_DELETE_ITEM);

    call.request.item_id = id;
    return xr_ews_call(draft->ctx, step, &call, ret);
}

/* Somebody else may have been faster. */
static bool is_removed(const struct xr_ews_reply *reply)
{
    return xr_with_succeeded(reply) || (reply->code && !strcmp(reply->code, "ErrorItemNotFound"));
}

/* ---- left-overs of earlier tests ---- */

/* By EWS, or by HTTP: xr_ews_call() has waited already, as long as it may. */
static bool is_busy(const struct xr_step *step, const struct xr_ews_reply *reply)
{
    const struct xr_finding *last = step->last_finding;

    if (reply && reply->code)
        return xr_busy_reply(reply).is;
    return last && last->code == XR_FINDING_EWS_THROTTLED;
}

static const char *cause_of(bool busy, const char *code)
{
    const struct xr_ews_code *known = xr_ews_code_find(code);

    if (busy)
        return "The server was too busy when the draft was to be deleted: it asked to wait longer "
               "or more often than this test may. Nothing shows that a right is missing or that "
               "the mailbox is on hold.";
    return known && known->code == XR_FINDING_WRITE_LEFTOVER ? known->cause : NULL;
}

/* Exchange's refusal stays; a fault of the server may be the one or the other. */
static unsigned chances(bool busy, const char *code)
{
    const struct xr_ews_code *known = xr_ews_code_find(code);
    bool refused = known && (known->code == XR_FINDING_WRITE_LEFTOVER ||
                                known->code == XR_FINDING_FOLDER_ACCESS_DENIED);

    if (busy || !code)
        return XR_WHEN_PASSING;
    return refused ? XR_WHEN_LASTING : XR_WHEN_PASSING | XR_WHEN_LASTING;
}

/* reply NULL: no answer. */
static enum xr_status leftover(const struct draft *draft, struct xr_step *step, const char *subject,
    const char *id, const struct xr_ews_reply *reply)
{
    const char *code = reply ? reply->code : NULL;
    bool busy = is_busy(step, reply);

    if (busy) /* what is left matters more than why */
        step->findings = step->last_finding = NULL;
    (void)xr_warning(step, XR_FINDING_WRITE_LEFTOVER,
        "The draft \"%s\" may be left in the mailbox %s%s%s%s%s.", subject,
        draft->ctx->target->mailbox, id ? ", with the id " : "",
        id ? xr_ews_shown_id(draft->ctx, id) : "",
        code   ? ": deleting it ends in "
        : busy ? ": the server is too busy to delete it"
               : "",
        code ? code : "");
    step->last_finding->code_name = code;
    step->last_finding->cause = cause_of(busy, code);
    step->last_finding->when = chances(busy, code);
    step->status = xr_step_worst(step);
    return step->status;
}

static enum xr_status denied(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    enum xr_status status = xr_ews_error(ctx, step, reply);
    enum xr_finding_code code = step->last_finding->code;

    if (code == XR_FINDING_FOLDER_ACCESS_DENIED || code == XR_FINDING_FOLDER_NOT_FOUND)
        return xr_with_rename(step, XR_FINDING_WRITE_DENIED);
    return status;
}

static enum xr_status tell_left(struct xr_step *step, int removed, int alone)
{
    if (!removed && !alone)
        return xr_success(step, "There is none.");
    const char *first = !removed ? ""
                                 : xr_printf(step->arena, "%d left by an earlier test %s removed.",
                                       removed, removed == 1 ? "was" : "were");
    if (!alone)
        return xr_success(step, "%s", first);
    return xr_success(step,
        "%s%s%d %s left alone: %s another test's that runs now. What is older than an hour is "
        "removed.",
        first, removed ? " " : "", alone, alone == 1 ? "is" : "are",
        alone == 1 ? "it may be" : "they may be");
}

static enum xr_status remove_leftovers(
    struct draft *draft, struct xr_step *step, const struct xr_ews_reply *found)
{
    int removed = 0, alone = 0;

    if (found->item_count < 0)
        return xr_error(step, XR_FINDING_EWS_MALFORMED,
            "Exchange answers FindItem with success, but without a list of items.");
    for (const struct xr_ews_item *item = found->items; item; item = item->next) {
        struct xr_write_origin origin;
        struct xr_ews_reply reply;
        if (!xr_write_origin_of(item->subject, &origin))
            continue;
        if (!xr_write_is_over(&origin)) {
            xr_step_detail(step, "Left alone", "%s", item->subject);
            alone++;
            continue;
        }
        if (!remove_item(draft, step, item->id, &reply))
            return leftover(draft, step, item->subject, item->id, NULL);
        if (!is_removed(&reply))
            return leftover(draft, step, item->subject, item->id, &reply);
        xr_step_detail(step, "Removed", "%s", item->subject);
        removed++;
    }
    return tell_left(step, removed, alone);
}

/* false: nothing may be written, since it could not be found or removed afterwards. */
static bool begin(struct draft *draft)
{
    struct xr_step *step = xr_with_child(
        draft->ctx, draft->parent, "leftovers", "Look for left-overs of earlier tests");
    struct xr_ews_reply reply;

    if (find(draft, step, XR_WRITE_SUBJECT, true, &reply))
        (void)(xr_with_succeeded(&reply) ? remove_leftovers(draft, step, &reply)
                                         : denied(draft->ctx, step, &reply));
    xr_with_child_done(step);
    return step->status == XR_SUCCESS;
}

/* ---- the draft ---- */

static enum written judge_written(
    struct draft *draft, struct xr_step *step, const struct xr_ews_reply *reply)
{
    if (xr_with_succeeded(reply)) {
        draft->id = reply->item_id;
        (void)xr_success(step, "A draft was written.");
        return WRITTEN;
    }
    (void)denied(draft->ctx, step, reply);
    return step->last_finding->code == XR_FINDING_WRITE_DENIED ? NOT_WRITTEN : PERHAPS_WRITTEN;
}

static enum written create(struct draft *draft, struct xr_step **ret_step)
{
    struct xr_ctx *ctx = draft->ctx;
    struct xr_step *step = xr_with_child(ctx, draft->parent, "create", "Write a draft");
    struct xr_ews_call call = xr_with_folder_call(ctx, XR_EWS_CREATE_ITEM, "drafts", NULL);
    struct xr_ews_reply reply;
    enum written written = PERHAPS_WRITTEN;

    call.request.subject = draft->subject;
    xr_step_detail(step, "Subject", "%s", draft->subject);
    if (xr_ews_call(ctx, step, &call, &reply))
        written = judge_written(draft, step, &reply);
    else if (ctx->gate_closed_by) /* who is not logged on has written nothing */
        written = NOT_WRITTEN;
    xr_with_child_done(step);
    *ret_step = step;
    return written;
}

static enum xr_status judge_presence(
    const struct draft *draft, struct xr_step *step, enum presence presence, enum written written)
{
    if (presence == PRESENT) {
        xr_with_soften(step);
        return step->findings ? step->status : xr_success(step, "It is among the drafts.");
    }
    if (presence == PRESENCE_UNKNOWN && !draft->id)
        return leftover(draft, step, draft->subject, NULL, NULL);
    if (presence == PRESENCE_UNKNOWN) {
        xr_with_soften(step);
        return step->status;
    }
    if (written != WRITTEN)
        return xr_success(step, "It is not among the drafts. Should it still appear, the next test "
                                "of writing removes it.");
    return xr_warning(step, XR_FINDING_WRITE_VANISHED,
        "Exchange said that the draft was written, but does not show it among the drafts.");
}

/* What went on without an answer may still be at work, and a list may lag behind: one look that
 * finds nothing is not enough. */
static enum presence verify(struct draft *draft, enum written written)
{
    struct xr_step *step = xr_with_child(draft->ctx, draft->parent, "find", "Find it again");
    enum presence presence = look(draft, step);

    for (int i = 1; presence == ABSENT && i < LOOKS; i++) {
        pause_a_little(draft);
        presence = look(draft, step);
    }
    (void)judge_presence(draft, step, presence, written);
    xr_with_child_done(step);
    return presence;
}

/* ---- and its end ---- */

/* One request to delete it and, if there is time, a look. true: it is gone. */
static bool delete_once(struct draft *draft, struct xr_step *step, struct xr_ews_reply *ret)
{
    *ret = (struct xr_ews_reply){ .code = NULL };
    if (!remove_item(draft, step, draft->id, ret))
        return false;
    if (!is_removed(ret)) {
        xr_step_detail(
            step, "Not deleted", "Exchange answers %s", ret->code ? ret->code : ret->text);
        return false;
    }
    return xr_cancelled() || look(draft, step) != PRESENT;
}

static bool delete_all(struct draft *draft, struct xr_step *step, struct xr_ews_reply *ret)
{
    for (int failed = 0, rounds = 0; rounds < ROUNDS_MAX && may_clean_up(draft); rounds++) {
        const char *id = draft->id;
        if (delete_once(draft, step, ret))
            return true;
        if (strcmp(id, draft->id) != 0) /* one more with this subject */
            continue;
        if (++failed == ATTEMPTS || is_busy(step, ret))
            return false;
        pause_a_little(draft);
    }
    return false;
}

static void end(struct draft *draft)
{
    struct xr_step *step = xr_with_child(draft->ctx, draft->parent, "delete", "Delete it for good");
    struct xr_ews_reply reply = { .code = NULL };

    if (!delete_all(draft, step, &reply))
        (void)leftover(draft, step, draft->subject, draft->id, reply.code ? &reply : NULL);
    else if (step->findings)
        xr_with_soften(step);
    else
        (void)xr_success(step, "It was deleted.");
    xr_with_child_done(step);
}

static void write_and_delete(struct draft *draft)
{
    struct xr_step *created;
    enum written written = create(draft, &created);
    enum presence presence = written == WRITTEN ? PRESENT : PRESENCE_UNKNOWN;

    if (written == NOT_WRITTEN)
        return;
    (void)may_clean_up(draft);
    if (!xr_cancelled() || !draft->id)
        presence = verify(draft, written);
    if (presence == PRESENT && written == PERHAPS_WRITTEN)
        xr_with_soften(created);
    if (draft->id)
        end(draft);
}

/* Can the account create an item in the mailbox, and remove it without a trace? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_deadline own = ctx->deadline;
    struct draft draft = { .ctx = ctx, .parent = step, .subject = xr_write_subject(ctx->arena) };

    if (xr_with_gate_closed(ctx, step))
        return XR_SKIPPED;
    if (begin(&draft)) {
        ctx->deadline = xr_deadline_with_grace(ctx->deadline);
        write_and_delete(&draft);
        xr_with_grace_end(ctx, step, own);
    }
    return xr_with_worst(step, "A draft was written, found again and deleted for good.");
}

const struct xr_probe xr_probe_write = {
    .id = "write",
    .title = "Write",
    .about = "Can the account create an item in the mailbox, and remove it without a trace?",
    .needs = XR_FACT_LOGON,
    .applies = applies,
    .run = run,
};
