#include <string.h>
#include <time.h>

#include "analyzer/base/text.h"
#include "probes/autodiscover_parts.h"
#include "probes/faults.h"

enum { BUSY_MS = 500 }; /* a moment, before a busy server is asked once more */

/* What one request came to: an error of the protocol is judged when it is clear that it stays. */
struct outcome {
    struct xr_settings_error error; /* of the user, else of the call; text cleaned */
    bool fault;
    const char *redirect;
};

static struct xr_said said_by(struct xr_arena *arena, const struct xr_user_settings *user,
    const struct xr_http_response *response)
{
    const char *values[XR_SETTING_COUNT];

    for (int i = 0; i < XR_SETTING_COUNT; i++)
        values[i] = xr_clean_url(arena, response, user->values[i]);
    return (struct xr_said){
        .external_ews = values[XR_SETTING_EXTERNAL_EWS],
        .internal_ews = values[XR_SETTING_INTERNAL_EWS],
        .interop_ews = values[XR_SETTING_INTEROP_EWS],
        .ews_url = xr_clean_url(arena, response, user->ews_url),
        .is_internal = user->is_internal,
        .smtp_address = values[XR_SETTING_SMTP_ADDRESS],
        .display_name = values[XR_SETTING_DISPLAY_NAME],
        .server_version = values[XR_SETTING_CAS_VERSION],
        .online = values[XR_SETTING_ONLINE],
    };
}

static void tell(struct xr_step *step, const struct xr_user_settings *user,
    const struct xr_http_response *response)
{
    for (int i = 0; i < XR_SETTING_COUNT; i++) {
        const char *name = xr_user_setting_name((enum xr_user_setting)i);
        const struct xr_settings_error *error = &user->errors[i];
        if (user->values[i])
            xr_step_detail(step, name, "%s", xr_clean(step->arena, response, user->values[i]));
        else if (error->text)
            xr_step_detail(step, name, "not sent: %s%s%s", error->text,
                error->message && *error->message ? ": " : "",
                error->message ? xr_clean(step->arena, response, error->message) : "");
    }
}

static struct xr_settings_error cleaned(struct xr_arena *arena,
    const struct xr_http_response *response, const struct xr_settings_error *error)
{
    struct xr_settings_error ret = *error;

    ret.text = xr_clean(arena, response, error->text);
    ret.message = xr_clean(arena, response, error->message);
    return ret;
}

static void understand(struct xr_discovery *discovery, const char *address,
    const struct xr_http_response *response, struct xr_told *told, struct outcome *ret)
{
    struct xr_arena *arena = told->step->arena;
    struct xr_user_settings_reply reply;
    const struct xr_err *err =
        xr_user_settings_parse(arena, &address, 1, response->body, response->body_length, &reply);

    if (err) {
        (void)xr_error(told->step, XR_FINDING_AUTODISCOVER_MALFORMED,
            "The answer is not what GetUserSettings answers: %s.",
            xr_clean(arena, response, err->text));
        xr_told_no(told, XR_TOLD_NOTHING, XR_GOT_ANSWER);
        return;
    }
    const struct xr_user_settings *user = reply.users_n ? &reply.users[0] : NULL;
    bool of_user = user && (user->error.code != XR_SETTINGS_NO_ERROR || !reply.error.text ||
                               reply.error.code == XR_SETTINGS_NO_ERROR);
    ret->error = cleaned(arena, response, of_user ? &user->error : &reply.error);
    ret->fault = reply.fault;
    if (user)
        ret->redirect = user->error.code == XR_SETTINGS_REDIRECT_ADDRESS
                            ? xr_clean_address(arena, response, user->redirect)
                            : xr_clean_url(arena, response, user->redirect);
    if (reply.deviation)
        xr_step_detail(told->step, "Deviation", "%s", xr_clean(arena, response, reply.deviation));
    if (!user || ret->error.code != XR_SETTINGS_NO_ERROR || ret->fault)
        return;
    tell(told->step, user, response);
    told->said = said_by(arena, user, response);
    xr_told_settings(told, arena);
    told->fact = xr_note_said(discovery, told->step, "SOAP", &told->said);
}

/* told->kind stays XR_TOLD_UNASKED when the answer is an error of the protocol. */
static void ask_once(struct xr_discovery *discovery, struct xr_method *method, const char *version,
    struct xr_told *told, struct outcome *ret)
{
    struct xr_arena *arena = method->arena;
    struct xr_url url;
    struct xr_header action = { NULL, "SOAPAction", "\"" XR_USER_SETTINGS_ACTION "\"" };
    struct xr_header type = { &action, "Content-Type", "text/xml; charset=utf-8" };
    struct xr_http_response response;

    if (xr_url_resolve(arena, &method->url, XR_USER_SETTINGS_PATH, &url)) /* it was one before */
        return;
    struct xr_question question = {
        .url = &url,
        .what = "the mailbox address, to Autodiscover (SOAP)",
        .body = xr_user_settings_request(arena, version, url.text, &discovery->address, 1),
        .headers = &type,
        .faults = true,
    };
    if (xr_ask_settings(discovery, method, &question, &response, told))
        understand(discovery, discovery->address, &response, told, ret);
}

/* An older server refuses the version, or settings that it does not know. */
static bool wants_older_version(const struct outcome *outcome)
{
    return outcome->fault || outcome->error.code == XR_SETTINGS_INVALID_SETTING ||
           outcome->error.code == XR_SETTINGS_INVALID_REQUEST;
}

static void wait_a_moment(struct xr_deadline deadline)
{
    struct xr_deadline moment = xr_deadline_within(deadline, BUSY_MS);

    while (xr_time_state(moment) == XR_TIME_LEFT)
        (void)nanosleep(&(struct timespec){ 0, xr_tick_ms(moment) * 1000000L }, NULL);
}

/* The catalogue tells of the numbers of POX; NULL: its text fits here too. */
static const char *cause_of(enum xr_settings_code code, bool fault)
{
    static const struct {
        enum xr_settings_code code;
        const char *cause;
    } rows[] = {
        { XR_SETTINGS_INVALID_REQUEST, "The service did not understand the question. A device in "
                                       "front may change requests, or "
                                       "the server is not Exchange." },
        { XR_SETTINGS_INVALID_SETTING,
            "The service does not know a setting that every Exchange since 2010 has: it is another "
            "product, or a device in front changes requests." },
        { XR_SETTINGS_INVALID_DOMAIN,
            "The service does not answer for this domain. It may not be an accepted domain, or the "
            "question went to a server of another organisation." },
        { XR_SETTINGS_NOT_FEDERATED,
            "The service wants a federation trust that this organisation has not got. It is no "
            "answer that a question for a mailbox should get." },
        { XR_SETTINGS_INTERNAL_ERROR,
            "The service failed inside, often because it could not reach Active Directory or the "
            "mailbox's server. The event log of the server (source MSExchange Autodiscover) "
            "tells." },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && !fault; i++)
        if (rows[i].code == code)
            return rows[i].cause;
    return fault ? "The service refused the request as a whole. The fault's code in the report "
                   "tells why; the event log of the server tells more."
                 : NULL;
}

static void judge_error(struct xr_told *told, const struct outcome *outcome)
{
    static const struct {
        enum xr_settings_code error;
        enum xr_finding_code finding;
        enum xr_told_kind kind;
    } rows[] = {
        { XR_SETTINGS_INVALID_USER, XR_FINDING_AUTODISCOVER_ADDRESS_NOT_FOUND, XR_TOLD_NO },
        { XR_SETTINGS_SERVER_BUSY, XR_FINDING_AUTODISCOVER_SERVER_BUSY, XR_TOLD_NOTHING },
    };
    enum xr_finding_code finding = XR_FINDING_AUTODISCOVER_ERROR_RESPONSE;
    enum xr_told_kind kind = XR_TOLD_NOTHING;
    const struct xr_settings_error *error = &outcome->error;
    const char *message = error->message ? error->message : "";

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].error == error->code) {
            finding = rows[i].finding;
            kind = rows[i].kind;
        }
    xr_step_decisive(told->step, error->text);
    (void)xr_error(told->step, finding, "GetUserSettings answers %s%s%s%s",
        outcome->fault ? "a SOAP fault, " : "", error->text ? error->text : "without a code",
        *message ? ": " : ".", *message ? xr_sentence(told->step->arena, message) : "");
    told->step->last_finding->cause = cause_of(error->code, outcome->fault);
    xr_told_no(told, kind, XR_GOT_ANSWER);
}

static void judge(struct xr_told *told, const struct outcome *outcome)
{
    bool to_address = outcome->error.code == XR_SETTINGS_REDIRECT_ADDRESS;

    if (!to_address && outcome->error.code != XR_SETTINGS_REDIRECT_URL) {
        judge_error(told, outcome);
        return;
    }
    if (!outcome->redirect) {
        (void)xr_error(told->step, XR_FINDING_AUTODISCOVER_MALFORMED,
            "GetUserSettings redirects, but not to %s.", to_address ? "an address" : "a URL");
        xr_told_no(told, XR_TOLD_NOTHING, XR_GOT_ANSWER);
        return;
    }
    told->kind = to_address ? XR_TOLD_ADDRESS : XR_TOLD_URL;
    told->by = XR_NAMED_BY_ANSWER;
    told->redirect = outcome->redirect;
}

static struct xr_step *soap_step(struct xr_method *method)
{
    struct xr_step *place = method->ready->step;
    const char *id = xr_printf(method->arena, "%s.soap", place->id);
    struct xr_step *step = xr_step_add(method->arena, place, id, xr_leg_title("soap"));

    step->started_us = xr_now_us();
    return step;
}

struct xr_told xr_ask_soap(struct xr_discovery *discovery, struct xr_method *method)
{
    struct xr_told told = { .step = soap_step(method) };
    const char *const *version = xr_user_settings_versions;
    bool waited = false;

    for (;;) {
        struct outcome outcome = { 0 };
        ask_once(discovery, method, *version, &told, &outcome);
        if (told.kind != XR_TOLD_UNASKED)
            break;
        if (outcome.error.code == XR_SETTINGS_SERVER_BUSY && !waited) {
            xr_step_detail(told.step, "Busy", "the server answered ServerBusy; asked again");
            wait_a_moment(method->own.deadline);
            waited = true;
        } else if (wants_older_version(&outcome) && version[1]) {
            xr_step_detail(told.step, "Version", "the server refuses %s; asked again as %s",
                version[0], version[1]);
            version++;
        } else {
            judge(&told, &outcome);
            break;
        }
    }
    told.step->elapsed_us = xr_now_us() - told.step->started_us;
    return told;
}
