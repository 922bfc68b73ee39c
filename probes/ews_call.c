#include "probes/ews_call.h"

#include <string.h>
#include <time.h>

#include "analyzer/base/text.h"
#include "analyzer/model/ews_codes.h"
#include "analyzer/wire/scrub.h"
#include "probes/answers.h"
#include "probes/busy.h"
#include "probes/faults.h"

enum { TRIES_MAX = 3, FIRST_WAIT_MS = 1000, ROOM_MS = 5000 };

static const char asked_to_wait[] = "Asked to wait";

static enum xr_ews_identity identity_of(const struct xr_ctx *ctx, const struct xr_ews_call *call)
{
    static const enum xr_ews_identity identities[] = {
        [XR_BY_SMTP_ADDRESS] = XR_EWS_SMTP_ADDRESS,
        [XR_BY_PRIMARY_SMTP_ADDRESS] = XR_EWS_PRIMARY_SMTP_ADDRESS,
        [XR_BY_UPN] = XR_EWS_PRINCIPAL_NAME,
        [XR_BY_SID] = XR_EWS_SID,
    };

    if (call->acting)
        return XR_EWS_SMTP_ADDRESS;
    return call->impersonate ? identities[ctx->target->identify_by] : XR_EWS_AS_ITSELF;
}

static const char *envelope(const struct xr_ctx *ctx, const struct xr_ews_call *call)
{
    struct xr_ews_caller caller = { *ctx->version, identity_of(ctx, call),
        call->acting ? call->acting : ctx->target->impersonate };

    return xr_ews_envelope(ctx->arena, &caller, &call->request);
}

static struct xr_header *header(
    struct xr_arena *arena, const char *name, const char *value, struct xr_header *next)
{
    struct xr_header *made = xr_new(arena, struct xr_header);

    *made = (struct xr_header){ next, name, value };
    return made;
}

/* Has a step failed already? Then the answers behind it decide nothing. */
static bool is_decided(const struct xr_run *run)
{
    for (const struct xr_step *step = run->root->first; step; step = step->next)
        if (step->status == XR_ERROR)
            return true;
    return false;
}

static void note_headers(struct xr_ctx *ctx, const struct xr_http_response *response)
{
    struct xr_facts *facts = &ctx->run->facts;
    const struct {
        const char *header;
        const char **fact;
    } rows[] = {
        { "X-FEServer", &facts->server_name },
        { "X-CalculatedBETarget", &facts->backend_target },
        { "X-BEServer", &facts->backend_name },
        { "X-DiagInfo", &facts->diagnostic_name },
        { "X-BackEndHttpStatus", &facts->backend_status },
    };
    const char *id = xr_http_header(response->headers, "request-id");

    if (id && !is_decided(ctx->run))
        facts->request_id = id;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *value = xr_http_header(response->headers, rows[i].header);
        if (value)
            *rows[i].fact = value;
    }
}

static void note_version(struct xr_ctx *ctx, const struct xr_ews_reply *reply)
{
    struct xr_facts *facts = &ctx->run->facts;

    if (reply->major < 0)
        return;
    facts->server_version = xr_printf(
        ctx->arena, "%d.%d.%d.%d", reply->major, reply->minor, reply->build, reply->revision);
    facts->server_product =
        xr_exchange_product(ctx->arena, reply->major, reply->minor, reply->build, reply->revision);
    facts->server_support_end = xr_exchange_support_end(reply->major, reply->minor, reply->build);
}

/* 403 behind a good logon: Exchange knows the account and says no to EWS. */
static enum xr_status ews_forbidden(struct xr_step *step, const struct xr_http_response *response)
{
    enum xr_status status = xr_answer_error(step, "The EWS address", response);
    struct xr_finding *finding = step->last_finding;

    if (finding->code == XR_FINDING_HTTP_FORBIDDEN && xr_is_from_exchange(response))
        finding->code = XR_FINDING_EWS_DISABLED;
    return status;
}

/* The bytes were scrubbed as they came; what a parser makes of them may show the secret again. */
static void scrub_reply(
    struct xr_ctx *ctx, const struct xr_scrubber *scrubber, struct xr_ews_reply *reply)
{
    size_t n = xr_ews_texts(reply, NULL, 0);
    const char ***texts = xr_new_n(ctx->arena, const char **, n);

    (void)xr_ews_texts(reply, texts, n);
    for (size_t i = 0; i < n; i++) {
        char *copy = *texts[i] ? xr_strdup(ctx->arena, *texts[i]) : NULL;
        if (copy)
            xr_scrub(scrubber, copy, strlen(copy));
        *texts[i] = copy;
    }
}

static bool is_soap_status(int status)
{
    return status == 200 || status == 500;
}

/* false: the step has its verdict. */
static bool read_reply(struct xr_ctx *ctx, struct xr_step *step, const char *operation,
    const struct xr_http_response *response, struct xr_ews_reply *ret)
{
    if (xr_is_refusal(response)) {
        (void)xr_refused(ctx, step, ctx->auth, response);
        return false;
    }
    if (response->status == 403) {
        (void)ews_forbidden(step, response);
        return false;
    }
    const char *type = xr_http_header(response->headers, "Content-Type");
    bool html = xr_contains(type, "html") || xr_starts(response->body, "<!DOCTYPE html") ||
                xr_starts(response->body, "<html");
    if (!is_soap_status(response->status) || html) {
        (void)xr_answer_error(step, "The EWS address", response);
        return false;
    }
    const struct xr_err *err =
        xr_ews_parse(step->arena, operation, response->body, response->body_length, ret);
    if (!err) {
        scrub_reply(ctx, response->scrubber, ret);
        note_version(ctx, ret);
        return true;
    }
    if (response->status == 500)
        (void)xr_answer_error(step, "The EWS address", response);
    else
        (void)xr_error(step, XR_FINDING_EWS_MALFORMED, "The answer to %s cannot be read: %s.",
            operation, err->text);
    return false;
}

static bool wants_older_version(const struct xr_ews_reply *reply)
{
    static const char *const codes[] = { "ErrorInvalidServerVersion", "ErrorIncorrectSchemaVersion",
        "ErrorInvalidSchemaVersionForMailboxVersion", NULL };

    for (const char *const *code = codes; *code; code++)
        if (reply->code && !strcmp(reply->code, *code))
            return true;
    return false;
}

static bool step_down(struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    if (!wants_older_version(reply) || !ctx->version[1])
        return false;
    ctx->version++;
    xr_step_detail(step, "Version", "the server refuses %s; asked again as %s", ctx->version[-1],
        ctx->version[0]);
    return true;
}

/* ---- a busy server ---- */

static enum xr_time_state wait_ms(struct xr_deadline deadline, int64_t ms)
{
    struct xr_deadline end = xr_deadline_within(deadline, ms);
    enum xr_time_state state = xr_time_state(end);

    for (; state == XR_TIME_LEFT; state = xr_time_state(end))
        (void)nanosleep(&(struct timespec){ 0, xr_tick_ms(end) * 1000000L }, NULL);
    return state;
}

/* Does a repetition prove no password that the server may just have counted as a wrong one? An
 * answer by EWS itself comes from behind the logon; one by HTTP may come from a device in front. */
static bool is_harmless(const struct xr_ctx *ctx, const struct xr_http_response *response)
{
    bool by_password = ctx->ews_leg->proved && xr_auth_is_by_password(ctx->auth);

    return !by_password || ctx->proved || ctx->run->facts.known & XR_FACT_LOGON ||
           xr_is_from_exchange(response);
}

/* Why the server is not asked again behind the pause that it wants; NULL: it is. */
static const char *why_not(const struct xr_ctx *ctx, int64_t ms, int tries, bool harmless)
{
    int64_t left_ms = (ctx->deadline.run_us - xr_now_us()) / 1000;

    if (!harmless)
        return "not asked again: nothing shows whether the password was taken";
    if (tries == TRIES_MAX)
        return "not asked again: it stays so";
    return ms + ROOM_MS > left_ms ? "longer than this test may still take" : NULL;
}

enum busy { BUSY_ASK_AGAIN, BUSY_STILL, BUSY_CUT_SHORT };

static enum busy be_patient(
    struct xr_ctx *ctx, struct xr_step *step, struct xr_busy busy, int tries, bool harmless)
{
    int64_t ms = busy.ms ? busy.ms : FIRST_WAIT_MS << (tries - 1);
    const char *told =
        busy.ms ? xr_printf(ctx->arena, "%lld ms", (long long)busy.ms) : "without saying how long";
    bool by_itself = ctx->repeated || ctx->of_many; /* the bulk check waits for all its users */
    const char *reason = by_itself ? "" : why_not(ctx, ms, tries, harmless);

    if (reason) {
        ctx->back_off_ms = busy.ms;
        xr_step_detail(step, asked_to_wait, "%s%s%s", told, *reason ? "; " : "", reason);
        return BUSY_STILL;
    }
    xr_step_detail(step, asked_to_wait, "%s, waited%s", told,
        busy.ms ? "" : xr_printf(ctx->arena, " %lld ms", (long long)ms));
    if (wait_ms(ctx->deadline, ms) != XR_TIME_STEP_PASSED) {
        (void)xr_fault_error(
            step, xr_cancelled() ? xr_err(ctx->arena, XR_FAULT_LOCAL_CANCELLED, 0, "cancelled")
                                 : xr_err(ctx->arena, XR_FAULT_LOCAL_TIMEOUT, 0,
                                       "the time limit of the run passed"));
        return BUSY_CUT_SHORT;
    }
    ctx->deadline = xr_deadline_within(ctx->deadline, ctx->step_ms);
    return BUSY_ASK_AGAIN;
}

/* The verdict of an answer by HTTP that asks to wait. */
static void throttled(struct xr_step *step, const struct xr_http_response *response)
{
    (void)xr_answer_error(step, "The EWS address", response);
    if (step->last_finding->code == XR_FINDING_HTTP_SERVER_ERROR)
        step->last_finding->code = XR_FINDING_EWS_THROTTLED;
}

bool xr_ews_call(struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_call *call,
    struct xr_ews_reply *ret)
{
    const char *operation = xr_ews_operation_name(call->request.operation);
    struct xr_question question = {
        .method = "POST",
        .url = &ctx->ews,
        .what = xr_printf(ctx->arena, "EWS request %s", operation),
        .auth = ctx->auth,
        .headers = header(ctx->arena, "Content-Type", "text/xml; charset=utf-8",
            header(ctx->arena, "Accept", "text/xml",
                header(ctx->arena, "X-AnchorMailbox", call->anchor, NULL))),
    };

    for (int tries = 1;;) {
        struct xr_http_response response;
        question.body = envelope(ctx, call);
        const struct xr_err *err = xr_ask(ctx->ews_leg, step, &question, &response);
        if (err) {
            (void)xr_fault_error(step, err);
            return false;
        }
        note_headers(ctx, &response);
        struct xr_busy busy = xr_busy_response(&response, xr_wall_ms());
        bool by_http = busy.is;
        if (!by_http && !read_reply(ctx, step, operation, &response, ret))
            return false;
        if (!by_http)
            busy = xr_busy_reply(ret);
        if (!busy.is && step_down(ctx, step, ret))
            continue;
        if (!busy.is)
            return true;
        bool harmless = !by_http || is_harmless(ctx, &response);
        enum busy then = be_patient(ctx, step, busy, tries++, harmless);
        if (then == BUSY_STILL && by_http)
            throttled(step, &response);
        if (then != BUSY_ASK_AGAIN)
            return then == BUSY_STILL && !by_http;
    }
}

/* What an answer means: a general failure with a reason inside means that reason. */
static const struct xr_ews_code *meaning_of(const struct xr_ews_reply *reply)
{
    const struct xr_ews_code *inner = xr_ews_code_find(reply->inner_code);
    const struct xr_ews_code *outer = xr_ews_code_find(reply->code);

    if (xr_busy_reply(reply).is && !(outer && outer->code == XR_FINDING_EWS_THROTTLED))
        return xr_ews_code_find("ErrorServerBusy");
    return inner && outer && outer->code == XR_FINDING_EWS_ERROR ? inner : outer;
}

enum xr_status xr_ews_error(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    const struct xr_ews_code *known = meaning_of(reply);
    enum xr_finding_code code = known ? known->code : XR_FINDING_EWS_ERROR;
    const char *name = reply->code ? reply->code : "a SOAP fault without a code";

    if (wants_older_version(reply))
        code = XR_FINDING_EWS_VERSION_UNSUPPORTED;
    xr_step_decisive(step, reply->code ? reply->code : reply->text);
    if (reply->inner_code)
        xr_step_detail(step, "Inner error", "%s%s%s", reply->inner_code,
            reply->inner_text ? ": " : "", reply->inner_text ? reply->inner_text : "");
    if (reply->other_address) {
        xr_step_detail(step, "Address offered", "%s", reply->other_address);
        ctx->run->facts.primary_smtp_address = reply->other_address;
    }
    struct xr_finding *finding =
        xr_find(step, code, known ? known->status : XR_ERROR, "Exchange answers %s%s%s", name,
            *reply->text ? ": " : ".", *reply->text ? xr_sentence(step->arena, reply->text) : "");
    step->message = finding->message;
    finding->cause = known && code == known->code ? known->cause : NULL;
    finding->code_name = name;
    return finding->status;
}

enum xr_status xr_ews_support(struct xr_ctx *ctx, struct xr_step *step, enum xr_status status)
{
    const struct xr_facts *facts = &ctx->run->facts;
    const char *now = xr_rfc3339(step->arena, xr_wall_ms());
    const char *end = facts->server_support_end;
    bool tells_each = ctx->repeated || (ctx->of_many && !ctx->target->impersonation);

    if (!(facts->known & XR_FACT_LOGON) || !end || strncmp(now, end, strlen(end)) <= 0 ||
        tells_each)
        return status;
    (void)xr_find(step, XR_FINDING_EWS_SERVER_OUT_OF_SUPPORT, XR_WARNING,
        "The server is %s (build %s). Microsoft's support for it ended on %s.",
        facts->server_product, facts->server_version, end);
    return xr_worse(status, XR_WARNING);
}
