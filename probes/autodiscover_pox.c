#include "analyzer/base/text.h"
#include "probes/autodiscover_parts.h"
#include "probes/faults.h"

static void error_reply(
    struct xr_told *told, const struct xr_pox_reply *reply, const struct xr_http_response *response)
{
    struct xr_arena *arena = told->step->arena;
    bool unknown = reply->error_code == 500 || reply->error_code == 501;
    const char *message = xr_clean(arena, response, reply->error_message);

    xr_step_decisive(told->step, xr_printf(arena, "%d", reply->error_code));
    (void)xr_error(told->step,
        unknown ? XR_FINDING_AUTODISCOVER_ADDRESS_NOT_FOUND
                : XR_FINDING_AUTODISCOVER_ERROR_RESPONSE,
        "Autodiscover answers error %d: %s", reply->error_code,
        message ? xr_sentence(arena, message) : "without a message.");
    xr_told_no(told, unknown ? XR_TOLD_NO : XR_TOLD_NOTHING, XR_GOT_ANSWER);
}

static struct xr_said said_by(struct xr_arena *arena, const struct xr_pox_reply *reply,
    const struct xr_http_response *response)
{
    return (struct xr_said){
        .external_ews = xr_clean_url(arena, response, reply->external_ews),
        .internal_ews = xr_clean_url(arena, response, reply->internal_ews),
        .exhttp_ews = xr_clean_url(arena, response, reply->exhttp_ews),
        .external_owa = xr_clean(arena, response, reply->external_owa),
        .internal_owa = xr_clean(arena, response, reply->internal_owa),
        .ews_url = xr_clean_url(arena, response, reply->ews_url),
        .is_internal = reply->is_internal,
        .smtp_address = xr_clean(arena, response, reply->smtp_address),
        .display_name = xr_clean(arena, response, reply->display_name),
        .server_version = reply->server_version,
        .online = xr_clean(arena, response, reply->online),
    };
}

static void tell(struct xr_step *step, const struct xr_said *said)
{
    const struct {
        const char *name, *value;
    } rows[] = {
        { "EWS URL, internal (EXCH)", said->internal_ews },
        { "EWS URL, external (EXPR)", said->external_ews },
        { "EWS URL (EXHTTP)", said->exhttp_ews },
        { "Outlook on the web, internal (WEB)", said->internal_owa },
        { "Outlook on the web, external (WEB)", said->external_owa },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].value)
            xr_step_detail(step, rows[i].name, "%s", rows[i].value);
}

static void understand(struct xr_discovery *discovery, struct xr_arena *arena,
    const struct xr_http_response *response, struct xr_told *told)
{
    struct xr_pox_reply reply;
    const struct xr_err *err = xr_pox_parse(arena, response->body, response->body_length, &reply);

    if (err) {
        (void)xr_error(told->step, XR_FINDING_AUTODISCOVER_MALFORMED,
            "The answer is not what Autodiscover answers: %s.",
            xr_clean(arena, response, err->text));
        xr_told_no(told, XR_TOLD_NOTHING, XR_GOT_ANSWER);
        return;
    }
    if (reply.deviation)
        xr_step_detail(told->step, "Deviation", "%s", xr_clean(arena, response, reply.deviation));
    told->redirect = reply.kind == XR_POX_REDIRECT_ADDRESS
                         ? xr_clean_address(arena, response, reply.redirect)
                         : xr_clean_url(arena, response, reply.redirect);
    switch (reply.kind) {
    case XR_POX_SETTINGS:
        told->said = said_by(arena, &reply, response);
        tell(told->step, &told->said);
        xr_told_settings(told, arena);
        told->fact = xr_note_said(discovery, told->step, "POX", &told->said);
        return;
    case XR_POX_ERROR:
        error_reply(told, &reply, response);
        return;
    case XR_POX_REDIRECT_URL:
        told->kind = XR_TOLD_URL;
        told->by = XR_NAMED_BY_ANSWER;
        return;
    case XR_POX_REDIRECT_ADDRESS:
        told->kind = XR_TOLD_ADDRESS;
        return;
    }
}

struct xr_told xr_ask_pox(struct xr_discovery *discovery, struct xr_method *method)
{
    struct xr_told told = { .step = method->ready->request };
    struct xr_header type = { NULL, "Content-Type", "text/xml; charset=utf-8" };
    struct xr_question question = {
        .url = &method->url,
        .what = "the mailbox address, to Autodiscover",
        .body = xr_pox_request(method->arena, discovery->address),
        .headers = &type,
    };
    struct xr_http_response response;

    if (xr_ask_settings(discovery, method, &question, &response, &told))
        understand(discovery, method->arena, &response, &told);
    return told;
}
