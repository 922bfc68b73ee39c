#include <string.h>

#include "analyzer/base/text.h"
#include "probes/answers.h"
#include "probes/ews_call.h"
#include "probes/faults.h"
#include "probes/logon_moves.h"
#include "probes/logon_parts.h"

/* Which schemes does the server offer? Asked without any credential. */
static bool see_challenge(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_http_response response;

    if (ctx->challenge.any) /* a bulk check has asked once for all */
        return true;
    if (!xr_ews_ask_anonymously(ctx, step, &response))
        return false;
    if (response.status == 200 && xr_is_from_exchange(&response)) {
        (void)xr_answer_unasked(step, "The EWS address", &response);
        return false;
    }
    if (response.status != 401) {
        (void)xr_answer_error(step, "The EWS address", &response);
        return false;
    }
    xr_challenge_parse(ctx->arena, response.headers, &ctx->challenge);
    return true;
}

/* Codes that only an authenticated account without a mailbox of its own meets. */
static bool has_no_mailbox(const struct xr_ews_reply *reply)
{
    return reply->code && (!strcmp(reply->code, "ErrorMissingEmailAddress") ||
                              !strcmp(reply->code, "ErrorNonExistentMailbox"));
}

static enum xr_status judge(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    const char *account = ctx->target->account;

    if (has_no_mailbox(reply)) {
        ctx->account_has_no_mailbox = true;
        ctx->run->facts.known |= XR_FACT_LOGON;
        xr_step_decisive(step, reply->code);
        return xr_warning(step, XR_FINDING_LOGON_NO_MAILBOX,
            "%s was authenticated (%s), but has no mailbox of its own: Exchange answers %s.",
            account, xr_auth_name(ctx->auth), reply->code);
    }
    if (reply->code && !strcmp(reply->code, "ErrorAccountDisabled")) {
        xr_step_decisive(step, reply->code);
        return xr_error(step, XR_FINDING_LOGON_ACCOUNT_DISABLED,
            "The password was accepted, but Exchange answers %s.", reply->code);
    }
    if (reply->fault || (reply->class_ && !strcmp(reply->class_, "Error")))
        return xr_ews_error(ctx, step, reply);
    ctx->run->facts.known |= XR_FACT_LOGON;
    if (ctx->run->facts.server_version)
        xr_step_detail(step, "Server", "%s, build %s", ctx->run->facts.server_product,
            ctx->run->facts.server_version);
    return xr_success(step, "%s was authenticated with %s.", account, xr_auth_name(ctx->auth));
}

/* ---- one try ---- */

struct logon {
    struct xr_ctx *ctx;
    struct xr_step *step;  /* of the probe */
    struct xr_step *of;    /* of the last try: the probe's, or a child */
    const char *proved_by; /* where the password was accepted before this step; NULL: nowhere */
    bool ntlm_refused, was_unbound;
    unsigned refused; /* the schemes that were, a bit for each enum xr_auth */
    struct xr_attempt attempt;
    struct xr_ews_reply reply; /* of the try that was accepted */
    /* What was accepted before the first try was made again: */
    struct xr_step *taken_in; /* NULL: it was not */
    enum xr_auth taken_by;
    bool taken_unbound;
    struct xr_ews_reply taken;
};

static enum xr_logon_way way_of(const struct logon *tried)
{
    static const enum xr_logon_way ways[XR_AUTH_COUNT] = {
        [XR_AUTH_BASIC] = XR_LOGON_BY_BASIC,
        [XR_AUTH_NTLM] = XR_LOGON_BY_BOUND,
        [XR_AUTH_NEGOTIATE] = XR_LOGON_BY_TICKET,
        [XR_AUTH_OAUTH] = XR_LOGON_BY_TOKEN,
    };
    const struct xr_ctx *ctx = tried->ctx;
    const struct xr_http_logon *logon = ctx->ews_leg->logon;
    bool unbound = ctx->unbound || (logon && logon->proof_sent && !logon->bound);

    if (tried->taken_in)
        return XR_LOGON_BY_SAME;
    return ctx->auth == XR_AUTH_NTLM && unbound ? XR_LOGON_BY_UNBOUND : ways[ctx->auth];
}

/* An answer by SOAP comes from behind the logon; a fault without a code may come from anywhere. */
static bool is_behind_logon(const struct xr_ews_reply *reply)
{
    return reply->code || !reply->fault;
}

static void note_proof(struct logon *logon, bool answered)
{
    struct xr_ctx *ctx = logon->ctx;
    const struct xr_attempt *attempt = &logon->attempt;
    bool taken = answered && is_behind_logon(&logon->reply);

    if (attempt->proved && !taken && !attempt->clear)
        ctx->proof_unclear = true;
    if (!attempt->proved || !taken || ctx->proved || !xr_auth_is_by_password(ctx->auth))
        return;
    ctx->proved = true;
    ctx->proved_by = logon->step->id;
}

static enum xr_logon_outcome outcome_of(
    const struct xr_ctx *ctx, const struct xr_attempt *attempt, bool answered)
{
    if (answered)
        return XR_LOGON_ACCEPTED;
    if (attempt->refused)
        return XR_LOGON_REFUSED;
    return attempt->err && xr_is_without_ticket(ctx, attempt->err) ? XR_LOGON_FAILED_HERE
                                                                   : XR_LOGON_ENDED;
}

static const char broken_at_the_proof[] =
    "The connection ended just when NTLM's proof of the password had gone out, without an answer "
    "to "
    "it. Most likely a load balancer or proxy closes connections behind the server's challenge "
    "(keep-alive switched off, connections shared among clients), so that no logon by NTLM can "
    "succeed there. Otherwise the server process died, or an intrusion protection cuts such "
    "requests. Nothing shows whether the proof was looked at, so it was not sent again.";

/* What the fault means in the middle of a logon. */
static void judge_failure(struct logon *logon)
{
    const struct xr_http_logon *dialogue = logon->ctx->ews_leg->logon;
    enum xr_fault fault = logon->attempt.err->fault;
    struct xr_finding *finding = logon->of->last_finding;

    if (fault == XR_FAULT_CONTENT) /* of NTLM's second message */
        finding->code = XR_FINDING_LOGON_SCHEME_NOT_OFFERED;
    if (fault == XR_FAULT_HTTP_BROKEN && logon->ctx->auth == XR_AUTH_NTLM && dialogue &&
        dialogue->proof_sent && logon->ctx->ews_leg->proved)
        finding->cause = broken_at_the_proof;
    if (xr_is_refused_by_kdc(logon->attempt.err))
        xr_close_gate(logon->ctx, logon->step);
}

/* GetFolder as the account itself, without impersonation, by the scheme of the context. */
static enum xr_logon_outcome try(struct logon *logon)
{
    struct xr_ctx *ctx = logon->ctx;
    const struct xr_target *target = ctx->target;
    struct xr_ews_call call = {
        .request = { .operation = XR_EWS_GET_FOLDER, .folder = { .name = "inbox" } },
        .anchor = strchr(target->account, '@') ? target->account : target->mailbox,
    };

    logon->attempt = (struct xr_attempt){ 0 };
    ctx->run->facts.auth_scheme = xr_auth_name(ctx->auth);
    ctx->ews_leg->attempt = ctx->auth == XR_AUTH_OAUTH ? NULL : &logon->attempt;
    bool answered = xr_ews_call(ctx, logon->of, &call, &logon->reply);
    ctx->ews_leg->attempt = NULL;
    if (logon->attempt.err)
        judge_failure(logon);
    note_proof(logon, answered);
    return outcome_of(logon->ctx, &logon->attempt, answered);
}

/* ---- one after the other ---- */

static struct xr_step *child(struct logon *logon, const char *suffix, const char *title)
{
    const char *id = xr_printf(logon->ctx->arena, "logon.%s", suffix);
    struct xr_step *step = xr_step_add(logon->ctx->arena, logon->step, id, title);

    step->started_us = xr_now_us();
    logon->ctx->deadline = xr_deadline_within(logon->ctx->deadline, logon->ctx->step_ms);
    return step;
}

/* The child ends as its request did; what a refusal means is said by the parent. */
static void end_child(const struct logon *logon, enum xr_logon_outcome outcome)
{
    struct xr_step *of = logon->of;

    if (of == logon->step)
        return;
    of->elapsed_us = xr_now_us() - of->started_us;
    if (outcome == XR_LOGON_REFUSED && !of->message)
        (void)xr_success(of, "Tried; the server refused it (401).");
    if (outcome == XR_LOGON_ACCEPTED)
        (void)xr_success(of, "Tried; the server accepted it.");
}

/* Another scheme comes next, so that no ticket, or a refused one, is a remark. */
static void remark_ticket(struct logon *logon)
{
    struct xr_step *of = logon->of;

    if (logon->attempt.refused)
        (void)xr_logon_tell_ticket(logon->ctx, of, XR_WARNING, &logon->attempt.response);
    for (struct xr_finding *at = of->findings; at; at = at->next)
        at->status = XR_WARNING;
    of->status = XR_WARNING;
}

static bool differs(const char *a, const char *b)
{
    return a && b && !xr_same(a, b);
}

/* A server of another domain that accepted the password says nothing of this one's directory. */
static bool is_proved_here(const struct logon *logon)
{
    const struct xr_http_logon *there = logon->ctx->proved_at, *here = logon->ctx->ews_leg->logon;
    bool foreign = there && here &&
                   (differs(there->netbios_domain, here->netbios_domain) ||
                       differs(there->dns_domain, here->dns_domain));

    return logon->proved_by && !foreign;
}

static struct xr_logon_state state_of(
    const struct logon *logon, enum xr_logon_outcome outcome, enum xr_auth next)
{
    const struct xr_ctx *ctx = logon->ctx;

    return (struct xr_logon_state){
        .way = way_of(logon),
        .outcome = outcome,
        .proved = is_proved_here(logon),
        .again = logon->ntlm_refused,
        .second = ctx->target->second_attempt,
        .basic = xr_may_use(ctx, &ctx->challenge, XR_AUTH_BASIC),
        .next = next != XR_AUTH_NONE,
        .by_basic = logon->taken_by == XR_AUTH_BASIC,
    };
}

/* The password is right, as the last try shows, so that one more cannot count as a bad one. */
static void prepare_the_same(struct logon *logon)
{
    struct xr_ctx *ctx = logon->ctx;

    logon->taken_in = logon->of;
    logon->taken_by = ctx->auth;
    logon->taken_unbound = ctx->unbound;
    logon->taken = logon->reply;
    ctx->auth = XR_AUTH_NTLM;
    ctx->unbound = logon->was_unbound;
    logon->of = child(logon, "again", "Log on as at first once more");
}

/* false: that was the last one. */
static bool prepare(struct logon *logon, enum xr_logon_move move, enum xr_auth next)
{
    struct xr_ctx *ctx = logon->ctx;

    if (move == XR_LOGON_TRY_NEXT) {
        remark_ticket(logon);
        ctx->auth = next;
        ctx->deadline = xr_deadline_within(ctx->deadline, ctx->step_ms);
        logon->of = logon->step;
        return true;
    }
    if (move == XR_LOGON_TRY_AGAIN) {
        prepare_the_same(logon);
        return true;
    }
    if (move != XR_LOGON_TRY_UNBOUND && move != XR_LOGON_TRY_BASIC)
        return false;
    logon->ntlm_refused = true;
    if (move == XR_LOGON_TRY_UNBOUND) {
        ctx->unbound = true;
        logon->of = child(logon, "unbound", "Log on without channel binding");
    } else {
        ctx->auth = XR_AUTH_BASIC;
        logon->of = child(logon, "basic", "Log on with Basic");
    }
    return true;
}

/* A try that ended by something else than a refusal: that is the verdict. */
static void repeat(const struct logon *logon)
{
    struct xr_step *step = logon->step;
    const struct xr_finding *of = logon->of == step ? NULL : logon->of->last_finding;

    if (!of)
        return;
    (void)xr_error(step, of->code, "%s", of->message);
    step->last_finding->cause = of->cause;
    step->last_finding->code_name = of->code_name;
}

/* The run goes on with what was accepted. */
static enum xr_status tell_protection(struct logon *logon, enum xr_logon_move move)
{
    struct xr_ctx *ctx = logon->ctx;

    ctx->auth = logon->taken_by;
    ctx->unbound = move == XR_LOGON_TELL_UNBOUND && logon->taken_unbound;
    ctx->run->facts.auth_scheme = xr_auth_name(ctx->auth);
    logon->taken_in->status = judge(ctx, logon->taken_in, &logon->taken);
    return move == XR_LOGON_TELL_UNBOUND ? xr_logon_tell_unbound(ctx, logon->step, logon->proved_by)
                                         : xr_logon_tell_basic(ctx, logon->step);
}

static enum xr_status conclude(struct logon *logon, enum xr_logon_move move)
{
    struct xr_ctx *ctx = logon->ctx;
    struct xr_step *step = logon->step;
    const struct xr_http_response *refusal = &logon->attempt.response;

    if (move == XR_LOGON_DONE)
        return judge(ctx, step, &logon->reply);
    if (move == XR_LOGON_TELL_UNBOUND || move == XR_LOGON_TELL_BASIC)
        return tell_protection(logon, move);
    ctx->unbound = logon->was_unbound;
    if (move == XR_LOGON_TELL_UNSTEADY)
        return xr_logon_tell_unsteady(ctx, step, judge(ctx, step, &logon->reply));
    if (move == XR_LOGON_TELL_RIGHT)
        return xr_logon_tell_right(ctx, step, logon->proved_by, logon->refused, refusal);
    if (move == XR_LOGON_TELL_TICKET)
        return xr_logon_tell_ticket(ctx, step, XR_ERROR, refusal);
    if (move == XR_LOGON_TELL_REJECTED)
        return xr_refused(ctx, step, ctx->auth, refusal);
    repeat(logon);
    return XR_ERROR;
}

/* What the try learned becomes the step's own. */
static void adopt(struct xr_step *step, const struct xr_step *of)
{
    for (struct xr_exchange *at = of->exchanges, *next; at; at = next) {
        next = at->next;
        at->next = NULL;
        xr_step_exchange(step, at);
    }
    for (const struct xr_detail *at = of->details; at; at = at->next)
        xr_step_detail(step, at->name, "%s", at->value);
    for (const struct xr_finding *at = of->findings; at; at = at->next) {
        struct xr_finding *copy = xr_find(step, at->code, at->status, "%s", at->message);
        copy->cause = at->cause;
        copy->code_name = at->code_name;
    }
    if (of->message)
        step->message = of->message;
}

/* A ticket may be useless where something else works: then the report shows both. */
static enum xr_logon_outcome try_ticket(struct logon *logon)
{
    struct xr_step *step = logon->step;
    struct xr_step *of =
        xr_step_add(logon->ctx->arena, NULL, "logon.negotiate", "Log on with Kerberos");

    of->started_us = xr_now_us();
    logon->of = of;
    enum xr_logon_outcome outcome = try(logon);
    if (outcome == XR_LOGON_REFUSED || outcome == XR_LOGON_FAILED_HERE) {
        xr_step_attach(step, of);
        return outcome;
    }
    adopt(step, of);
    logon->of = step;
    return outcome;
}

static enum xr_status log_on(struct logon *logon)
{
    struct xr_ctx *ctx = logon->ctx;
    enum xr_logon_move move;
    enum xr_auth next;

    do {
        next = xr_next_auth(ctx, &ctx->challenge, ctx->auth);
        bool ticket = ctx->auth == XR_AUTH_NEGOTIATE && next != XR_AUTH_NONE;
        enum xr_logon_outcome outcome = ticket ? try_ticket(logon) : try(logon);
        if (outcome == XR_LOGON_REFUSED)
            logon->refused |= 1u << ctx->auth;
        const struct xr_logon_state state = state_of(logon, outcome, next);
        move = xr_logon_next(&state);
        end_child(logon, outcome);
    } while (prepare(logon, move, next));
    return conclude(logon, move);
}

/* Does the server accept the account, and by which scheme? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct logon logon = {
        .ctx = ctx,
        .step = step,
        .of = step,
        .proved_by = ctx->proved ? ctx->proved_by : NULL,
        .was_unbound = ctx->unbound,
    };

    if (ctx->gate_closed_by)
        return xr_skipped(step, ctx->gate_closed_by,
            "Not tried: the credentials were refused already, and one wrong password is enough.");
    if (!ctx->version)
        ctx->version = xr_ews_versions;
    if (!see_challenge(ctx, step))
        return XR_ERROR;
    ctx->auth = xr_choose_auth(ctx, step, &ctx->challenge);
    return ctx->auth == XR_AUTH_NONE ? XR_ERROR : xr_ews_support(ctx, step, log_on(&logon));
}

const struct xr_probe xr_probe_logon = {
    .id = "logon",
    .title = "Logon",
    .about = "Does the server accept the account, and by which scheme?",
    .needs = XR_FACT_SECURE,
    .provides = XR_FACT_LOGON,
    .run = run,
};
