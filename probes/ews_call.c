#include "probes/ews_call.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/model/ews_codes.h"
#include "analyzer/wire/scrub.h"
#include "probes/answers.h"
#include "probes/faults.h"

enum { DAY_S = 24 * 60 * 60 };

static const char *operation_name(enum xr_ews_operation operation)
{
    static const char *const names[] = {
        [XR_EWS_GET_FOLDER] = "GetFolder",
        [XR_EWS_RESOLVE_NAMES] = "ResolveNames",
    };

    return names[operation];
}

static enum xr_ews_identity identity_of(const struct xr_ctx *ctx, const struct xr_ews_call *call)
{
    static const enum xr_ews_identity identities[] = {
        [XR_BY_SMTP_ADDRESS] = XR_EWS_SMTP_ADDRESS,
        [XR_BY_PRIMARY_SMTP_ADDRESS] = XR_EWS_PRIMARY_SMTP_ADDRESS,
        [XR_BY_UPN] = XR_EWS_PRINCIPAL_NAME,
        [XR_BY_SID] = XR_EWS_SID,
    };

    return call->impersonate ? identities[ctx->target->identify_by] : XR_EWS_AS_ITSELF;
}

static const char *envelope(const struct xr_ctx *ctx, const struct xr_ews_call *call)
{
    struct xr_ews_caller caller = { *ctx->version, identity_of(ctx, call),
        ctx->target->impersonate };

    return call->operation == XR_EWS_GET_FOLDER
               ? xr_ews_get_folder(ctx->arena, &caller, &call->folder)
               : xr_ews_resolve_names(ctx->arena, &caller, call->address);
}

static struct xr_header *header(
    struct xr_arena *arena, const char *name, const char *value, struct xr_header *next)
{
    struct xr_header *made = xr_new(arena, struct xr_header);

    *made = (struct xr_header){ next, name, value };
    return made;
}

static void note_server(
    struct xr_ctx *ctx, const struct xr_ews_reply *reply, const struct xr_http_response *response)
{
    struct xr_facts *facts = &ctx->run->facts;
    const char *server = xr_http_header(response->headers, "X-FEServer");
    const char *id = xr_http_header(response->headers, "request-id");

    if (server)
        facts->server_name = server;
    if (id)
        facts->request_id = id;
    if (reply->major < 0)
        return;
    facts->server_version = xr_printf(
        ctx->arena, "%d.%d.%d.%d", reply->major, reply->minor, reply->build, reply->revision);
    facts->server_product =
        xr_exchange_product(ctx->arena, reply->major, reply->minor, reply->build, reply->revision);
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

/* Retry-After in seconds (RFC 9110 10.2.3); the form with a date is not what Exchange sends. */
static void note_retry_after(struct xr_ctx *ctx, const struct xr_http_response *response)
{
    const char *seconds = xr_http_header(response->headers, "Retry-After");
    long value = seconds ? strtol(seconds, NULL, 10) : 0;

    if ((response->status == 429 || response->status == 503) && value > 0 && value <= DAY_S)
        ctx->back_off_ms = value * 1000;
}

static const char *scrubbed(
    struct xr_ctx *ctx, const struct xr_scrubber *scrubber, const char *text)
{
    char *copy = text ? xr_strdup(ctx->arena, text) : NULL;

    if (copy)
        xr_scrub(scrubber, copy, strlen(copy));
    return copy;
}

/* The bytes were scrubbed as they came; what a parser makes of them may show the secret again. */
static void scrub_reply(
    struct xr_ctx *ctx, const struct xr_scrubber *scrubber, struct xr_ews_reply *reply)
{
    const char **texts[] = { &reply->code, &reply->text, &reply->other_address, &reply->inner_code,
        &reply->inner_text, &reply->folder_name, &reply->folder_class };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        *texts[i] = scrubbed(ctx, scrubber, *texts[i]);
    for (struct xr_ews_resolution *at = reply->resolutions; at; at = at->next) {
        at->name = scrubbed(ctx, scrubber, at->name);
        at->address = scrubbed(ctx, scrubber, at->address);
        at->mailbox_type = scrubbed(ctx, scrubber, at->mailbox_type);
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
    note_retry_after(ctx, response);
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
        note_server(ctx, ret, response);
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

bool xr_ews_call(struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_call *call,
    struct xr_ews_reply *ret)
{
    const char *operation = operation_name(call->operation);
    struct xr_question question = {
        .method = "POST",
        .url = &ctx->ews,
        .what = xr_printf(ctx->arena, "EWS request %s", operation),
        .auth = ctx->auth,
        .headers = header(ctx->arena, "Content-Type", "text/xml; charset=utf-8",
            header(ctx->arena, "Accept", "text/xml",
                header(ctx->arena, "X-AnchorMailbox", call->anchor, NULL))),
    };

    for (;;) {
        struct xr_http_response response;
        question.body = envelope(ctx, call);
        const struct xr_err *err = xr_ask(ctx->ews_leg, step, &question, &response);
        if (err) {
            (void)xr_fault_error(step, err);
            return false;
        }
        if (!read_reply(ctx, step, operation, &response, ret))
            return false;
        if (!wants_older_version(ret) || !ctx->version[1])
            return true;
        ctx->version++;
        xr_step_detail(step, "Version", "the server refuses %s; asked again as %s",
            ctx->version[-1], ctx->version[0]);
    }
}

enum xr_status xr_ews_error(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    const struct xr_ews_code *known = reply->code ? xr_ews_code_find(reply->code) : NULL;
    enum xr_finding_code code = known ? known->code : XR_FINDING_EWS_ERROR;
    const char *name = reply->code ? reply->code : "a SOAP fault without a code";

    if (wants_older_version(reply))
        code = XR_FINDING_EWS_VERSION_UNSUPPORTED;
    xr_step_decisive(step, reply->code ? reply->code : reply->text);
    if (reply->back_off_ms > 0)
        ctx->back_off_ms = reply->back_off_ms;
    if (reply->back_off_ms >= 0)
        xr_step_detail(step, "Asked to wait", "%lld ms", (long long)reply->back_off_ms);
    if (reply->other_address) {
        xr_step_detail(step, "Address offered", "%s", reply->other_address);
        ctx->run->facts.primary_smtp_address = reply->other_address;
    }
    struct xr_finding *finding =
        xr_find(step, code, known ? known->status : XR_ERROR, "Exchange answers %s%s%s", name,
            *reply->text ? ": " : ".", *reply->text ? xr_sentence(step->arena, reply->text) : "");
    step->message = finding->message;
    finding->cause = known ? known->cause : NULL;
    finding->code_name = name;
    return finding->status;
}
