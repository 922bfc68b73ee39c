#include "probes/ews_call.h"

#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/model/ews_codes.h"
#include "analyzer/wire/scrub.h"
#include "probes/answers.h"
#include "probes/faults.h"
#include "probes/patience.h"

static const char ews_address[] = "The EWS address";

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
    enum xr_status status = xr_answer_error(step, ews_address, response);
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

/* What goes back to the server must be what it said, whatever secret stands in it by chance. */
static void keep_ids(struct xr_arena *arena, const char *operation,
    const struct xr_http_response *response, struct xr_ews_reply *reply)
{
    struct xr_ews_reply raw;

    if (!response->raw ||
        xr_ews_parse(arena, operation, response->raw, response->body_length, &raw))
        return;
    reply->item_id = raw.item_id;
    reply->subscription_id = raw.subscription_id;
    for (struct xr_ews_item *to = reply->items, *from = raw.items; to && from;
         to = to->next, from = from->next)
        to->id = from->id;
}

const char *xr_ews_shown_id(const struct xr_ctx *ctx, const char *id)
{
    return id ? xr_http_clean(ctx->ews_leg->http, ctx->arena, id) : NULL;
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
        (void)xr_answer_error(step, ews_address, response);
        return false;
    }
    const struct xr_err *err =
        xr_ews_parse(step->arena, operation, response->body, response->body_length, ret);
    if (response->unasked && (!err || response->status == 200)) {
        (void)xr_answer_unasked(step, ews_address, response);
        return false;
    }
    if (!err) {
        scrub_reply(ctx, response->scrubber, ret);
        keep_ids(step->arena, operation, response, ret);
        note_version(ctx, ret);
        return true;
    }
    if (response->status == 500)
        (void)xr_answer_error(step, ews_address, response);
    else
        (void)xr_error(step, XR_FINDING_EWS_MALFORMED, "The answer to %s cannot be read: %s.",
            operation, xr_http_clean(ctx->ews_leg->http, step->arena, err->text));
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

/* false: the step has its verdict. */
static bool ask(struct xr_ctx *ctx, struct xr_step *step, const struct xr_question *question,
    struct xr_patience *patience, struct xr_http_response *ret)
{
    patience->asked_us = xr_now_us();
    const struct xr_err *err = xr_ask(ctx->ews_leg, step, question, ret);

    if (err)
        (void)xr_fault_error(step, err);
    return !err;
}

static bool changes(enum xr_ews_operation operation)
{
    return operation == XR_EWS_CREATE_ITEM || operation == XR_EWS_DELETE_ITEM ||
           operation == XR_EWS_SUBSCRIBE;
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
        .changes = changes(call->request.operation),
        .headers = header(ctx->arena, "Content-Type", "text/xml; charset=utf-8",
            header(ctx->arena, "Accept", "text/xml",
                header(ctx->arena, "X-AnchorMailbox", call->anchor, NULL))),
    };

    struct xr_patience patience = { .leg = ctx->ews_leg, .auth = ctx->auth };
    enum xr_pause pause = XR_PAUSE_NONE;

    do {
        struct xr_http_response response;
        question.body = envelope(ctx, call);
        if (!ask(ctx, step, &question, &patience, &response))
            return false;
        note_headers(ctx, &response);
        pause = xr_pause_for(ctx, step, &patience, &response);
        if (pause == XR_PAUSE_STAYS)
            (void)xr_throttled(step, ews_address, &response);
        if (pause == XR_PAUSE_OVER)
            continue;
        if (pause != XR_PAUSE_NONE || !read_reply(ctx, step, operation, &response, ret))
            return false;
        pause = xr_be_patient(ctx, step, &patience, xr_busy_reply(ret), true);
    } while (pause == XR_PAUSE_OVER || (pause == XR_PAUSE_NONE && step_down(ctx, step, ret)));
    return pause != XR_PAUSE_CUT;
}

bool xr_ews_ask_anonymously(struct xr_ctx *ctx, struct xr_step *step, struct xr_http_response *ret)
{
    struct xr_patience patience = { .leg = ctx->ews_leg, .auth = XR_AUTH_NONE };
    enum xr_pause pause;

    do {
        patience.asked_us = xr_now_us();
        const struct xr_err *err = xr_ask_anonymously(ctx->ews_leg, step, &ctx->ews, ret);
        if (err) {
            (void)xr_fault_error(step, err);
            return false;
        }
        pause = xr_pause_for(ctx, step, &patience, ret);
    } while (pause == XR_PAUSE_OVER);
    if (pause == XR_PAUSE_STAYS)
        (void)xr_throttled(step, ews_address, ret);
    return pause == XR_PAUSE_NONE;
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

const char *xr_ews_support_ended(struct xr_arena *arena, const struct xr_facts *facts)
{
    const char *now = xr_rfc3339(arena, xr_wall_ms()), *end = facts->server_support_end;

    if (!end || strncmp(now, end, strlen(end)) <= 0)
        return NULL;
    return xr_printf(arena, "The server is %s (build %s). Microsoft's support for it ended on %s.",
        facts->server_product, facts->server_version, end);
}

enum xr_status xr_ews_support(struct xr_ctx *ctx, struct xr_step *step, enum xr_status status)
{
    const struct xr_facts *facts = &ctx->run->facts;
    bool tells_each = ctx->repeated || (ctx->of_many && !ctx->target->impersonation);
    const char *ended = tells_each ? NULL : xr_ews_support_ended(step->arena, facts);

    if (!(facts->known & XR_FACT_LOGON) || !ended)
        return status;
    (void)xr_find(step, XR_FINDING_EWS_SERVER_OUT_OF_SUPPORT, XR_WARNING, "%s", ended);
    return xr_worse(status, XR_WARNING);
}
