#include "probes/discovery.h"

#include <stdarg.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/user_settings.h"
#include "probes/answers.h"
#include "probes/faults.h"
#include "probes/patience.h"

enum { HELD_US = 50000 }; /* a connection that waited for its turn so long may be dead */

static const char *const after_dns[] = { "tcp", "tls", "request", NULL };
static const char *const after_tcp[] = { "tls", "request", NULL };
static const char *const after_tls[] = { "request", NULL };

static const char *title(struct xr_arena *arena, enum xr_way way, const char *domain)
{
    static const char *const formats[XR_PLACES] = {
        [XR_WAY_ROOT] = "https://",
        [XR_WAY_HOST] = "https://autodiscover.",
        [XR_WAY_REDIRECT] = "http://autodiscover.",
        [XR_WAY_SRV] = "_autodiscover._tcp.",
        [XR_WAY_V2] = "Autodiscover V2 at autodiscover.",
        [XR_WAY_MICROSOFT_365] = "Records of Microsoft 365 for ",
    };

    return xr_printf(arena, "%s%s", formats[way], domain);
}

void xr_method_init(struct xr_method *method, enum xr_way way, const struct xr_ctx *ctx,
    const char *prefix, const char *domain)
{
    struct xr_arena *arena = xr_arena_new();
    const char *id = xr_printf(arena, "%s.%s", prefix, xr_way_name(way));

    *method = (struct xr_method){ .way = way, .own = *ctx, .arena = arena, .domain = domain };
    method->own.arena = arena;
    method->step = xr_step_add(arena, NULL, id, title(arena, way, domain));
}

void xr_method_done(struct xr_method *method)
{
    for (size_t i = 0; i < method->legs_n; i++)
        xr_leg_done(method->legs[i]);
}

bool xr_method_may(const struct xr_method *method, enum xr_way protocol)
{
    return !(method->own.target->no_ways & 1u << protocol);
}

enum xr_status xr_method_fail(struct xr_method *method, enum xr_progress progress,
    enum xr_finding_code code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const char *message = xr_vprintf(method->arena, fmt, args);
    va_end(args);
    method->ready = NULL;
    method->progress = progress;
    return xr_error(method->step, code, "%s", message);
}

enum xr_status xr_method_fail_as(
    struct xr_method *method, enum xr_progress progress, const struct xr_step *child)
{
    const struct xr_finding *worst = child->findings;

    if (!worst)
        return xr_method_fail(
            method, progress, XR_FINDING_TLS_HANDSHAKE_FAILED, "%s came to nothing.", child->id);
    for (const struct xr_finding *at = worst; at; at = at->next)
        if (at->status > worst->status)
            worst = at;
    (void)xr_method_fail(method, progress, worst->code, "%s", worst->message);
    method->step->last_finding->cause = worst->cause;
    return XR_ERROR;
}

struct xr_step *xr_method_place(struct xr_method *method, const char *suffix, const char *title)
{
    const char *id = xr_printf(method->arena, "%s.%s", method->step->id, suffix);
    size_t same = 1;

    for (const struct xr_step *at = method->step->first; at; at = at->next)
        same += xr_starts(at->id, id);
    if (same > 1)
        id = xr_printf(method->arena, "%s-%zu", id, same);
    struct xr_step *step = xr_step_add(method->arena, method->step, id, title);
    step->started_us = xr_now_us();
    return step;
}

/* Called by a request on its open connection. */
static bool is_my_turn(void *arg)
{
    struct xr_method *method = arg;
    bool mine = xr_race_turn(method->race, method->way);

    method->turn_us = xr_now_us();
    return mine;
}

struct xr_leg *xr_method_leg(
    struct xr_method *method, struct xr_step *step, const char *host, uint16_t port)
{
    struct xr_leg *leg = xr_new(method->arena, struct xr_leg);

    method->legs[method->legs_n++] = leg;
    xr_leg_init(leg, &method->own, method->arena, step, host, port);
    leg->keeps = true;
    leg->connect_ms = method->own.step_ms / 2; /* time for three attempts, as a rule */
    method->gate = (struct xr_http_gate){ is_my_turn, method };
    leg->gate = method->race ? &method->gate : NULL;
    leg->ignore_trust =
        method->own.target->ignore_trust && xr_policy_may_receive(&method->own, host);
    return leg;
}

void xr_method_add_sent(struct xr_method *method, const char *to, const char *what)
{
    struct xr_sent *sent = xr_new(method->arena, struct xr_sent);

    *sent = (struct xr_sent){ method->sent, to, what, "none", "nothing (DNS)" };
    method->sent = sent;
}

bool xr_method_reach(struct xr_method *method, struct xr_leg *leg, const char *const *without_dns,
    const char *const *without_tcp)
{
    if (!xr_leg_dns(leg)) {
        const struct xr_step *dns = leg->step->last;
        xr_leg_skip(leg, without_dns, "dns");
        (void)xr_method_fail_as(method, XR_GOT_NOTHING, dns);
        return false;
    }
    if (!xr_leg_tcp(leg)) {
        const struct xr_step *tcp = leg->step->last;
        xr_leg_skip(leg, without_tcp, "tcp");
        (void)xr_method_fail_as(method, XR_GOT_NAME, tcp);
        return false;
    }
    return true;
}

bool xr_method_connect(struct xr_method *method, struct xr_leg *leg)
{
    return xr_method_reach(method, leg, after_dns, after_tcp);
}

/* ---- the anonymous question ---- */

static const struct xr_err *send(struct xr_leg *leg, const struct xr_url *url,
    const struct xr_question *question, struct xr_http_response *ret)
{
    return question ? xr_ask(leg, leg->request, question, ret)
                    : xr_ask_anonymously(leg, leg->request, url, ret);
}

/* The request itself shook hands: that is told before it. */
static void tell_handshake(struct xr_leg *leg, struct xr_step *tls)
{
    struct xr_step *request = leg->request;
    const struct xr_exchange *exchange = request->exchanges;

    xr_leg_tell_tls(leg, tls, leg->seen);
    tls->elapsed_us = exchange && exchange->timings.tls_us > 0 ? exchange->timings.tls_us : 0;
    request->started_us = tls->started_us + tls->elapsed_us;
    xr_step_attach(leg->step, tls);
    xr_step_attach(leg->step, request);
}

/* What is wrong with TLS is told best by a handshake alone, with each address until one is good.
 * false: the method has its verdict; else *err is what the request came to, perhaps elsewhere. */
static bool look_closer(struct xr_method *method, struct xr_leg *leg, const struct xr_url *url,
    const struct xr_question *question, struct xr_http_response *ret, const struct xr_err **err)
{
    const char *address = leg->address;
    bool held = method->turn_us > leg->request->started_us + HELD_US;

    if (!xr_leg_tls(leg)) {
        const struct xr_step *tls = leg->step->last;
        xr_leg_skip(leg, after_tls, "tls");
        (void)xr_method_fail_as(method, XR_GOT_CONNECTED, tls);
        return false;
    }
    xr_step_attach(leg->step, leg->request);
    if (strcmp(address, leg->address) != 0 || held) { /* who is kept waiting may hang up */
        xr_http_free(leg->http);
        leg->http = NULL;
        leg->gate = NULL;
        leg->request->started_us = xr_now_us();
        *err = send(leg, url, question, ret);
    }
    return true;
}

/* A server that demands a client certificate may say so only now. */
static bool may_be_tls(const struct xr_err *err)
{
    return err && (err->fault == XR_FAULT_HTTP_BROKEN || err->fault <= XR_FAULT_TLS_UNTRUSTED);
}

/* true: tls and request are in the tree. */
static bool first_request(struct xr_method *method, struct xr_leg *leg, const struct xr_url *url,
    const struct xr_question *question, struct xr_http_response *ret, const struct xr_err **err)
{
    struct xr_step *tls = xr_leg_step(leg, "tls");

    *err = send(leg, url, question, ret);
    bool agreed = leg->seen && leg->seen->version; /* else it was cut off in the middle */
    bool secure = agreed && xr_tls_may_carry(leg->seen, leg->ignore_trust);
    bool cancelled = *err && (*err)->fault == XR_FAULT_LOCAL_CANCELLED;
    if (secure && !may_be_tls(*err)) {
        tell_handshake(leg, tls);
        return true;
    }
    bool silent = xr_time_state(method->own.deadline) == XR_TIME_STEP_PASSED;
    if (!cancelled && !silent)
        return look_closer(method, leg, url, question, ret, err);
    xr_step_attach(leg->step, tls);
    tls->elapsed_us = xr_now_us() - tls->started_us;
    if (silent) {
        (void)xr_error(tls, XR_FINDING_TLS_HANDSHAKE_FAILED,
            "%s fell silent in the middle of the handshake.", leg->host);
        xr_leg_skip(leg, after_tls, "tls");
    } else {
        (void)xr_fault_error(tls, *err);
    }
    (void)xr_method_fail_as(method, XR_GOT_CONNECTED, tls);
    return false;
}

/* Who is busy is asked again: no credential is at stake. false: the request has its verdict. */
static bool wait_for_busy(struct xr_method *method, struct xr_leg *leg, const struct xr_url *url,
    const struct xr_question *question, struct xr_http_response *ret, int64_t asked_us)
{
    bool waited_for_turn = method->turn_us > asked_us;
    struct xr_patience patience = {
        .leg = leg, .auth = XR_AUTH_NONE, .asked_us = waited_for_turn ? method->turn_us : asked_us
    };
    enum xr_pause pause = xr_pause_for(&method->own, leg->request, &patience, ret);

    while (pause == XR_PAUSE_OVER) {
        patience.asked_us = xr_now_us();
        const struct xr_err *err = send(leg, url, question, ret);
        if (err) {
            (void)xr_fault_error(leg->request, err);
            return false;
        }
        pause = xr_pause_for(&method->own, leg->request, &patience, ret);
    }
    return pause != XR_PAUSE_CUT;
}

struct xr_step *xr_method_request(struct xr_method *method, struct xr_leg *leg,
    const struct xr_url *url, const struct xr_question *question, struct xr_http_response *ret)
{
    const struct xr_err *err = NULL;
    bool first = !leg->request;
    int64_t asked_us = xr_now_us();

    if (first)
        leg->request = xr_leg_step(leg, "request");
    if (first && !url->https)
        xr_step_attach(leg->step, leg->request);
    if (!first || !url->https)
        err = send(leg, url, question, ret);
    else if (!first_request(method, leg, url, question, ret, &err))
        return NULL;
    if (method->turn_us > leg->request->started_us)
        leg->request->started_us = method->turn_us;
    if (err)
        (void)xr_fault_error(leg->request, err);
    bool answered = !err && wait_for_busy(method, leg, url, question, ret, asked_us);
    leg->request->elapsed_us = xr_now_us() - leg->request->started_us;
    if (answered)
        return leg->request;
    (void)xr_method_fail_as(method, XR_GOT_CONNECTED, leg->request);
    return NULL;
}

static bool is_path(const struct xr_url *url, const char *begin, const char *end)
{
    size_t length = strcspn(url->path, "?"), tail = strlen(end);

    return xr_starts(url->path, begin) && length >= tail &&
           xr_starts(url->path + length - tail, end);
}

/* Only https to .../autodiscover.xml, or to its SOAP sister, is a redirect of discovery (PROTOCOL
 * facts 1.5). */
static bool is_discovery_url(const struct xr_url *url)
{
    return is_path(url, "/autodiscover/", "/autodiscover.xml") ||
           is_path(url, "/autodiscover/", "/autodiscover.svc");
}

static bool is_soap_url(const struct xr_url *url)
{
    return is_path(url, "/", ".svc");
}

bool xr_method_is_soap(const struct xr_method *method)
{
    return is_soap_url(&method->url);
}

const char *xr_method_resolve(const struct xr_method *method, const struct xr_url *base,
    const char *reference, struct xr_url *ret)
{
    const char *why = base ? xr_url_resolve(method->arena, base, reference, ret)
                           : xr_url_parse(method->arena, reference, ret);

    if (why || (base && xr_same(ret->host, base->host)))
        return why;
    return xr_shows_secret(&method->own, ret->text) ? "it shows a secret" : NULL;
}

static bool was_visited(struct xr_method *method, const char *url)
{
    for (size_t i = 0; i < method->visited_n; i++)
        if (xr_same(method->visited[i], url))
            return true;
    return false;
}

/* What a redirect to "to" means under the rules; true: it may be followed. */
static bool may_follow(struct xr_method *method, const struct xr_url *to, enum xr_named_by by)
{
    struct xr_own_hosts own = xr_own_hosts(&method->own);
    const char *from = method->legs_n ? method->legs[method->legs_n - 1]->host : NULL;
    struct xr_passage passage = { from, by, to->https, to->host, XR_CARGO_SECRET };
    struct xr_ruling ruling = xr_policy(&own, &passage);

    if (ruling.permit == XR_SEND_SECRETS)
        return true;
    method->step->host = to->host;
    if (!to->https)
        (void)xr_method_fail(method, XR_GOT_SERVICE, XR_FINDING_AUTODISCOVER_REDIRECT_INSECURE,
            "%s redirects to %s, which is not https.", method->step->title, to->text);
    else
        (void)xr_method_fail(method, XR_GOT_SERVICE, XR_FINDING_AUTODISCOVER_REDIRECT_NOT_ALLOWED,
            "%s redirects to %s, which is outside %s; nothing was sent there.", method->step->title,
            to->host, method->own.mail_domain);
    return false;
}

bool xr_method_follow(
    struct xr_method *method, const struct xr_url *to, enum xr_named_by by, const char *suffix)
{
    if (method->visited_n == XR_HOPS_MAX || was_visited(method, to->text)) {
        (void)xr_method_fail(method, XR_GOT_SERVICE, XR_FINDING_AUTODISCOVER_REDIRECT_LOOP,
            "Autodiscover leads round in a circle: %s is named %s.", to->text,
            method->visited_n == XR_HOPS_MAX ? "after ten redirections" : "again");
        return false;
    }
    if (!may_follow(method, to, by))
        return false;
    if (by == XR_NAMED_BY_ANSWER)
        method->own.vouched = to->host;
    method->step->host = to->host;
    method->visited[method->visited_n++] = to->text;
    struct xr_step *step = xr_method_place(method, suffix, to->text);
    struct xr_leg *leg = xr_method_leg(method, step, to->host, to->port);
    method->ready = NULL;
    if (xr_method_connect(method, leg))
        xr_method_ask_anonymously(method, leg, to);
    step->status = xr_step_worst(step);
    step->message = leg->request ? leg->request->message : method->step->message;
    step->elapsed_us = xr_now_us() - step->started_us;
    return method->ready != NULL;
}

static bool follow_location(
    struct xr_method *method, const struct xr_url *from, const struct xr_http_response *response)
{
    const char *location = xr_http_header(response->headers, "Location");
    struct xr_url to;

    if (!location || xr_method_resolve(method, from, location, &to) || !is_discovery_url(&to))
        return false;
    (void)xr_method_follow(method, &to, XR_NAMED_BY_REDIRECT, "target");
    return true;
}

/* Exchange itself has no POX here: it may still speak SOAP. */
static bool ask_for_soap(struct xr_method *method, struct xr_leg *leg, const struct xr_url *url,
    const struct xr_http_response *response)
{
    struct xr_url soap;

    bool busy = xr_busy_response(response, xr_wall_ms()).is;
    bool missing = response->status >= 400 && !xr_is_login_page(response) && !busy;

    if (!missing || is_soap_url(url) || !xr_method_may(method, XR_WAY_SOAP) ||
        !xr_is_from_exchange(response) ||
        xr_url_resolve(method->arena, url, XR_USER_SETTINGS_PATH, &soap))
        return false;
    xr_method_ask_anonymously(method, leg, &soap);
    method->progress = XR_GOT_SERVICE; /* whatever answers there */
    return true;
}

bool xr_met_stopped_service(const struct xr_method *method, const struct xr_leg *leg)
{
    const struct xr_finding *finding = leg->request->last_finding;

    return finding &&
           (finding->code == XR_FINDING_HTTP_POOL_STOPPED ||
               finding->code == XR_FINDING_EWS_THROTTLED) &&
           !xr_same(leg->host, method->domain);
}

void xr_method_no_service(struct xr_method *method, struct xr_leg *leg, const struct xr_url *url,
    const struct xr_http_response *response)
{
    enum xr_progress progress = xr_is_from_exchange(response) ? XR_GOT_SERVICE : XR_GOT_WEB;

    if (ask_for_soap(method, leg, url, response))
        return;
    (void)xr_throttled(leg->request, leg->host, response);
    if (leg->request->last_finding->code == XR_FINDING_HTTP_NOT_FOUND)
        leg->request->last_finding->code = XR_FINDING_AUTODISCOVER_NOT_FOUND;
    if (xr_met_stopped_service(method, leg))
        progress = XR_GOT_SERVICE;
    (void)xr_method_fail_as(method, progress, leg->request);
}

/* PROTOCOL facts 1.8: what the service tells about itself to everybody. */
static void note_capabilities(
    struct xr_method *method, struct xr_step *step, const struct xr_http_response *response)
{
    static const char *const names[] = { "X-SOAP-Enabled", "X-WSSecurity-Enabled",
        "X-OAuth-Enabled", NULL };
    const char *text = "";

    for (const char *const *name = names; *name; name++) {
        const char *value = xr_http_header(response->headers, *name);
        if (value && *value)
            text = xr_printf(method->arena, "%s%s%s: %s", text, *text ? ", " : "", *name, value);
    }
    if (*text)
        xr_step_detail(step, "Capabilities", "%s", text);
    const char *soap = xr_http_header(response->headers, "X-SOAP-Enabled");
    if (soap && *soap && !xr_same(soap, "False"))
        method->speaks_soap = true;
}

void xr_method_ask_anonymously(
    struct xr_method *method, struct xr_leg *leg, const struct xr_url *url)
{
    struct xr_http_response response;
    struct xr_step *step = xr_method_request(method, leg, url, NULL, &response);

    if (!step)
        return;
    method->speaks_soap = is_soap_url(url);
    if (response.status == 401) {
        (void)xr_success(step, "Asks for a logon.");
        note_capabilities(method, step, &response);
        xr_challenge_parse(method->arena, response.headers, &method->challenge);
        method->url = *url;
        method->ready = leg;
        method->progress = XR_GOT_SERVICE;
        return;
    }
    if (xr_is_redirect(&response) && !xr_is_login_page(&response)) {
        (void)xr_success(step, "Redirects to %s.", xr_http_header(response.headers, "Location"));
        if (follow_location(method, url, &response))
            return;
    }
    xr_method_no_service(method, leg, url, &response);
}
