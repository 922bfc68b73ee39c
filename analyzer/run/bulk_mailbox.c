#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/model/verdict.h"
#include "analyzer/run/bulk_parts.h"
#include "analyzer/run/engine.h"
#include "probes/legs.h"

enum { LOGON = 4, INBOX = 5 }; /* columns of the matrix */

struct xr_check_user xr_bulk_not_asked(const struct xr_user *user, enum xr_status status,
    const char *finding, const char *step, const char *message)
{
    struct xr_check_user result = { .email = user->email,
        .status = status,
        .finding = finding,
        .step = step,
        .message = message,
        .at_wall_ms = xr_wall_ms() };

    memset(result.steps, '-', XR_CHECK_STEPS);
    return result;
}

static void mark_steps(char *steps, const struct xr_step *root)
{
    static const char letters[XR_STATUS_COUNT] = {
        [XR_SKIPPED] = '-', [XR_SUCCESS] = 's', [XR_WARNING] = 'w', [XR_ERROR] = 'e'
    };

    for (const struct xr_step *step = root->first; step; step = step->next)
        for (size_t i = 0; i < XR_CHECK_STEPS; i++)
            if (!strcmp(step->id, xr_check_step_ids[i]))
                steps[i] = letters[step->status];
}

/* A discovery that does not know this address may know the next one; who logs on himself speaks
 * for himself from there on. */
static bool is_about_user(
    const struct xr_finding *finding, const struct xr_step *step, bool impersonates)
{
    const char *id = finding ? xr_finding_kind(finding->code)->id : "";
    bool own =
        !impersonates && (xr_starts(id, "logon.") || !strcmp(step->id, "logon") ||
                             !strcmp(step->id, "inbox") || !strcmp(step->id, "smtp-address"));

    return finding && (own || finding->code == XR_FINDING_AUTODISCOVER_ADDRESS_NOT_FOUND ||
                          finding->code == XR_FINDING_INPUT_ADDRESS_INVALID);
}

static bool is_of(const struct xr_finding *finding, const char *const *classes)
{
    for (; finding && *classes; classes++)
        if (xr_starts(xr_finding_kind(finding->code)->id, *classes))
            return true;
    return false;
}

/* Not the fault of the mailbox, but of the way to it. */
static const char *const of_the_way[] = { "tcp.", "tls.", "http.", "dns.", NULL };
/* It may pass by itself. */
static const char *const passing[] = { "tcp.", "http.server-error", "http.pool-stopped",
    "http.timeout", "dns.timeout", "dns.server-failure", "dns.unreachable", NULL };

static bool ended_by_time(const struct xr_finding *finding)
{
    return finding && (finding->code == XR_FINDING_LOCAL_CANCELLED ||
                          finding->code == XR_FINDING_LOCAL_TIMEOUT);
}

/* A refused credential outweighs whatever another step found: nothing works without it. */
static void prefer_refusal(
    const struct xr_ctx *ctx, const struct xr_finding **finding, const struct xr_step **step)
{
    for (const struct xr_step *at = ctx->run->root->first; at && ctx->gate_closed_by; at = at->next)
        if (!strcmp(at->id, ctx->gate_closed_by) && at->findings) {
            *finding = at->last_finding;
            *step = at;
        }
}

/* What the steps from "first" on say about the user. */
static void conclude(const struct xr_ctx *ctx, const struct xr_step *first, struct outcome *ret)
{
    const struct xr_run *run = ctx->run;
    const struct xr_step *step;
    const char *host;
    const struct xr_finding *finding = xr_verdict_cause(first, NULL, &step, &host);
    bool own = !ctx->target->impersonation;

    prefer_refusal(ctx, &finding, &step);
    ret->user = (struct xr_check_user){
        .email = ctx->target->mailbox,
        .status = step->status,
        .finding = finding ? xr_finding_kind(finding->code)->id : NULL,
        .step = finding ? step->id : NULL,
        .code = finding ? finding->code_name : NULL,
        .message = finding ? finding->message : NULL,
        .account = ctx->target->account,
        .host = ctx->ews.host,
        .primary_smtp_address = run->facts.primary_smtp_address,
        .server = run->facts.server_name,
        .elapsed_us = run->elapsed_us,
        .at_wall_ms = run->started_wall_ms,
    };
    if (own && finding && finding->code == XR_FINDING_LOGON_NO_MAILBOX) { /* his own is the one */
        ret->user.status = XR_ERROR;
        ret->user.finding = xr_finding_kind(XR_FINDING_MAILBOX_NOT_FOUND)->id;
    }
    ret->refused = ctx->gate_closed_by != NULL;
    ret->about_user = is_about_user(finding, step, !own);
    ret->lost = is_of(finding, of_the_way);
    ret->unclear = ctx->proof_unclear;
    ret->passing = is_of(finding, passing) && !ctx->proof_unclear;
    ret->interrupted = ended_by_time(finding);
    ret->back_off_ms = ctx->back_off_ms;
    ret->throttled = !ret->interrupted && !ret->refused &&
                     (ctx->back_off_ms || (finding && finding->code == XR_FINDING_EWS_THROTTLED));
}

static const enum xr_auth by_token[XR_AUTH_COUNT] = { XR_AUTH_OAUTH };

static struct xr_target target_of(
    const struct xr_target *form, const struct xr_user *user, const struct xr_effective *effective)
{
    struct xr_target target = *form;

    target.mailbox = user->email;
    target.account = effective->account.value ? effective->account.value : user->email;
    target.ews_url = effective->ews_url.value;
    target.folder = effective->folder.value;
    target.impersonation = xr_mode_impersonates(effective->mode);
    target.impersonate = user->email;
    target.identify_by = XR_BY_SMTP_ADDRESS;
    if (xr_mode_secret(effective->mode) == XR_SECRET_TOKEN)
        memcpy(target.auth, by_token, sizeof(by_token));
    return target;
}

/* The organisation's secret may be one that is not saved yet. */
static struct xr_secret given_secret(
    const struct xr_bulk *bulk, const struct xr_effective *effective)
{
    bool token = xr_mode_secret(effective->mode) == XR_SECRET_TOKEN;

    if (effective->secret_from != XR_OF_ORG)
        return (struct xr_secret){ NULL };
    return token ? bulk->token : bulk->password;
}

const char *xr_bulk_secret(struct state *state, struct xr_arena *arena, const struct xr_user *user,
    const struct xr_effective *effective, struct xr_secret *ret, enum xr_finding_code *ret_code)
{
    const struct xr_bulk *bulk = state->bulk;
    const char *uid = effective->secret_from == XR_OF_ORG ? bulk->org->uid : user->uid;
    const struct xr_vault_err *err = NULL;
    struct xr_secret given = given_secret(bulk, effective);

    if (xr_secret_given(given)) {
        *ret = xr_secret_copy(given);
        return NULL;
    }
    (void)pthread_mutex_lock(&state->store_lock);
    if (bulk->vault)
        err = xr_vault_get(bulk->vault, arena, uid, xr_mode_secret(effective->mode), ret);
    (void)pthread_mutex_unlock(&state->store_lock);
    if (bulk->vault && !err)
        return NULL;
    *ret_code = !err || err->fault == XR_VAULT_NO_SECRET ? XR_FINDING_CONFIG_INCOMPLETE
                                                         : XR_FINDING_CONFIG_SECRET_UNREADABLE;
    return err ? err->text : "none is stored";
}

/* false: it cannot be had, and ret holds the user's result. */
static bool take_secret(struct state *state, struct xr_arena *arena, const struct xr_user *user,
    const struct xr_effective *effective, struct xr_secret *ret_secret, struct outcome *ret)
{
    enum xr_finding_code code;
    const char *why = xr_bulk_secret(state, arena, user, effective, ret_secret, &code);

    if (!why)
        return true;
    ret->user = xr_bulk_not_asked(user, XR_ERROR, xr_finding_kind(code)->id, "input",
        xr_printf(arena, "The %s cannot be used: %s.",
            xr_secret_kind_name(xr_mode_secret(effective->mode)), why));
    ret->about_user = effective->secret_from != XR_OF_ORG;
    return false;
}

/* What is to be known about the lane: what stopped it, or the worst that all its users share. */
static void conclude_lane(
    const struct start *start, const struct xr_step *mailbox, struct outcome *ret)
{
    const struct xr_step *step;
    const char *host;
    const struct xr_finding *finding =
        xr_verdict_cause(start->run.root->first, start->known ? mailbox : NULL, &step, &host);

    if (!finding || (!start->known && ret->about_user))
        return;
    ret->lane_finding = xr_finding_kind(finding->code)->id;
    ret->lane_status = finding->status;
    ret->lane_message = finding->message;
}

/* A throttled exploration is made again from the beginning. */
static void start_close(struct start *start)
{
    xr_run_done(&start->ctx);
    xr_secret_done(&start->password);
    xr_secret_done(&start->token);
}

/* Who logs on himself needs nothing of the others' logon. */
static bool is_way_known(const struct start *start)
{
    uint32_t known = start->run.facts.known;

    return start->target.impersonation ? known & XR_FACT_LOGON
                                       : (known & XR_FACT_SECURE) && start->ctx.challenge.any;
}

void xr_bulk_explore(struct state *state, struct start *start, const struct xr_user *user,
    const struct xr_effective *effective, struct outcome *ret)
{
    const struct xr_bulk *bulk = state->bulk;
    struct xr_arena *arena = start->arena;
    bool by_bearer = xr_mode_secret(effective->mode) == XR_SECRET_TOKEN;

    start_close(start);
    *ret = (struct outcome){ 0 };
    *start = (struct start){ .arena = arena, .target = target_of(bulk->form, user, effective) };
    memset(start->steps, '-', XR_CHECK_STEPS);
    if (!take_secret(
            state, arena, user, effective, by_bearer ? &start->token : &start->password, ret))
        return;
    start->run =
        (struct xr_run){ .arena = arena, .tool_version = EXRAY_VERSION, .target = &start->target };
    start->ctx = (struct xr_ctx){ .arena = arena,
        .target = &start->target,
        .net = bulk->net,
        .password = start->password,
        .token = start->token,
        .run = &start->run,
        .step_ms = bulk->step_ms,
        .of_many = true,
        .deadline = bulk->deadline };
    xr_run_steps(&start->ctx, xr_tests[0], NULL);
    start->known = is_way_known(start);
    mark_steps(start->steps, start->run.root);
    const struct xr_step *mailbox = start->run.root->first;
    const char *first = start->target.impersonation ? "inbox" : "logon";
    while (strcmp(mailbox->id, first) != 0)
        mailbox = mailbox->next; /* what all users of the lane share is told once, of the lane */
    conclude(&start->ctx, start->known ? mailbox : start->run.root->first, ret);
    conclude_lane(start, mailbox, ret);
    memcpy(ret->user.steps, start->steps, sizeof(start->steps));
    if (!ret->throttled && !ret->interrupted)
        xr_bulk_answered(state, start->ctx.ews_leg ? start->ctx.ews_leg->requests : 0);
}

void xr_bulk_start_done(struct start *start)
{
    start_close(start);
    xr_arena_free(start->arena);
}

/* Who logs on himself has still to do so; it will open his mailbox too. */
static struct xr_facts facts_to_begin_with(const struct start *start, bool own)
{
    const struct xr_facts *learned = &start->run.facts;
    uint32_t way = learned->known & ~(uint32_t)(XR_FACT_LOGON | XR_FACT_MAILBOX);

    return (struct xr_facts){
        .known = way | (own ? XR_FACT_MAILBOX : XR_FACT_LOGON),
        .ews_url = learned->ews_url,
        .ews_url_from = learned->ews_url_from,
    };
}

static const struct xr_test *test_of(const struct xr_target *target)
{
    if (target->impersonation)
        return &xr_test_mailbox;
    return target->folder && xr_same(target->folder, "inbox") ? &xr_test_own_mailbox
                                                              : &xr_test_own_folder;
}

/* A user's run, and what joins it from outside. */
struct joining {
    struct state *state;
    struct xr_ctx *ctx;
    const struct taken *taken;
    int64_t waited_us;
    bool closed; /* the account was refused meanwhile, by another request */
};

static void nothing(void *arg, const struct xr_step *step)
{
    (void)arg, (void)step;
}

/* Behind a step, so that the time of waiting is not the next one's. */
static void join(void *arg, const struct xr_step *step)
{
    struct joining *joining = arg;
    struct xr_ctx *ctx = joining->ctx;
    int64_t began = xr_now_us();
    bool own = !ctx->target->impersonation;

    if (own || !strcmp(step->id, "smtp-address"))
        return;
    const char *address = xr_bulk_primary_address(joining->taken);
    ctx->run->facts.autodiscover_smtp_address = address ? xr_strdup(ctx->arena, address) : NULL;
    joining->waited_us = xr_now_us() - began;
    joining->closed = !ctx->gate_closed_by && xr_bulk_refused(joining->state, ctx->target->account);
    if (joining->closed)
        ctx->gate_closed_by = "autodiscover";
}

void xr_bulk_mailbox(struct state *state, const struct start *start, struct xr_arena *arena,
    const struct taken *taken, const struct xr_effective *effective, struct xr_http **http,
    struct outcome *ret)
{
    const struct xr_user *user = taken->user;
    struct xr_target target = target_of(state->bulk->form, user, effective);
    bool own = !target.impersonation;
    bool by_bearer = xr_mode_secret(effective->mode) == XR_SECRET_TOKEN;
    struct xr_secret secret = { NULL };
    struct xr_run run = { .arena = arena,
        .tool_version = EXRAY_VERSION,
        .target = &target,
        .facts = facts_to_begin_with(start, own) };
    struct xr_leg leg = *start->ctx.ews_leg;
    struct xr_ctx ctx = start->ctx;

    *ret = (struct outcome){ 0 };
    if (own && !take_secret(state, arena, user, effective, &secret, ret))
        return;
    ctx.arena = arena;
    ctx.target = &target;
    ctx.run = &run;
    ctx.deadline = state->bulk->deadline;
    ctx.ews_leg = &leg;
    ctx.repeated = true;
    ctx.back_off_ms = 0;
    ctx.proof_unclear = false;
    ctx.proved = ctx.proved && !own;
    ctx.gate_closed_by = NULL;
    ctx.account_has_no_mailbox = !own && start->ctx.account_has_no_mailbox;
    if (own)
        *(by_bearer ? &ctx.token : &ctx.password) = secret;
    leg.ctx = &ctx;
    leg.arena = arena;
    leg.http = own ? NULL : *http;
    leg.sent = leg.last_sent = NULL;
    leg.requests = 0;
    struct joining joining = { state, &ctx, taken, 0, false };
    const struct xr_listener listener = { nothing, join, &joining };
    xr_run_steps(&ctx, test_of(&target), &listener);
    run.elapsed_us -= joining.waited_us;
    conclude(&ctx, run.root->first, ret);
    if (joining.closed) {
        ret->refused = false;
        ret->interrupted = true;
    }
    memcpy(ret->user.steps, start->steps, sizeof(start->steps));
    if (own)
        ret->user.steps[INBOX] = '-';
    mark_steps(ret->user.steps, run.root);
    if (own && test_of(&target) == &xr_test_own_mailbox && ret->user.steps[LOGON] != 'e')
        ret->user.steps[INBOX] = ret->user.steps[LOGON];
    if (own)
        xr_http_free(leg.http);
    else
        *http = leg.http;
    if (!ret->throttled && !ret->interrupted)
        xr_bulk_answered(state, leg.requests);
    xr_secret_done(&secret);
}
