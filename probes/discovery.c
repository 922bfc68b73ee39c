#include "probes/discovery.h"

#include <stdarg.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "probes/answers.h"
#include "probes/faults.h"
#include "probes/policy.h"

static const char *const after_dns[] = { "tcp", "tls", "request", NULL };
static const char *const after_tcp[] = { "tls", "request", NULL };
static const char *const after_tls[] = { "request", NULL };

const char *xr_method_name(enum xr_method_kind kind)
{
    static const char *const names[] = { "root", "host", "redirect", "srv" };

    return names[kind];
}

static const char *title(struct xr_arena *arena, enum xr_method_kind kind, const char *domain)
{
    static const char *const formats[] = { "https://", "https://autodiscover.",
        "http://autodiscover.", "_autodiscover._tcp." };

    return xr_printf(arena, "%s%s", formats[kind], domain);
}

void xr_method_init(struct xr_method *method, enum xr_method_kind kind, const struct xr_ctx *ctx,
    const char *prefix, const char *domain)
{
    struct xr_arena *arena = xr_arena_new();
    const char *id = xr_printf(arena, "%s.%s", prefix, xr_method_name(kind));

    *method = (struct xr_method){ .kind = kind, .ctx = ctx, .arena = arena, .domain = domain };
    method->step = xr_step_add(arena, NULL, id, title(arena, kind, domain));
}

void xr_method_done(struct xr_method *method)
{
    for (size_t i = 0; i < method->legs_n; i++)
        xr_leg_done(&method->legs[i]);
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

static struct xr_leg *add_leg(
    struct xr_method *method, struct xr_step *step, const char *host, uint16_t port)
{
    struct xr_leg *leg = &method->legs[method->legs_n++];

    xr_leg_init(leg, method->ctx, method->arena, step, host, port);
    leg->ignore_trust =
        method->ctx->target->ignore_trust && xr_policy_may_receive(method->ctx, host);
    return leg;
}

static bool dns_and_tcp(struct xr_method *method, struct xr_leg *leg,
    const char *const *without_dns, const char *const *without_tcp)
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

static bool tls(struct xr_method *method, struct xr_leg *leg)
{
    if (xr_leg_tls(leg))
        return true;
    const struct xr_step *step = leg->step->last;
    xr_leg_skip(leg, after_tls, "tls");
    (void)xr_method_fail_as(method, XR_GOT_CONNECTED, step);
    return false;
}

static struct xr_step *request_step(struct xr_leg *leg)
{
    const char *id = xr_printf(leg->arena, "%s.request", leg->step->id);

    leg->request = xr_step_add(leg->arena, leg->step, id, xr_leg_title("request"));
    leg->request->started_us = xr_now_us();
    return leg->request;
}

static void request_ended(struct xr_leg *leg)
{
    leg->request->elapsed_us = xr_now_us() - leg->request->started_us;
}

/* Only https to .../autodiscover.xml is a redirect of discovery (PROTOCOL facts 1.5). */
static bool is_discovery_url(const struct xr_url *url)
{
    const char *path = url->path;
    size_t length = strcspn(path, "?");

    return xr_starts(path, "/autodiscover/") && length >= 17 &&
           !strncasecmp(path + length - 17, "/autodiscover.xml", 17);
}

/* What a redirect to "to" means under the rules; true: it may be followed. */
static bool may_follow(struct xr_method *method, const struct xr_url *to)
{
    method->step->host = to->host;
    if (!to->https) {
        (void)xr_method_fail(method, XR_GOT_SERVICE, XR_FINDING_AUTODISCOVER_REDIRECT_INSECURE,
            "%s redirects to %s, which is not https.", method->step->title, to->text);
        return false;
    }
    if (xr_policy_may_receive(method->ctx, to->host))
        return true;
    (void)xr_method_fail(method, XR_GOT_SERVICE, XR_FINDING_AUTODISCOVER_REDIRECT_NOT_ALLOWED,
        "%s redirects to %s, which is outside %s; nothing was sent there.", method->step->title,
        to->host, method->ctx->mail_domain);
    return false;
}

static void ask_anonymously(struct xr_method *method, struct xr_leg *leg, const struct xr_url *url);

bool xr_method_follow(struct xr_method *method, const struct xr_url *to, const char *suffix)
{
    if (method->legs_n == sizeof(method->legs) / sizeof(*method->legs)) {
        (void)xr_method_fail(method, XR_GOT_SERVICE, XR_FINDING_AUTODISCOVER_REDIRECT_LOOP,
            "%s redirects once more, to %s; one redirect of a method is followed.",
            method->step->title, to->text);
        return false;
    }
    if (!may_follow(method, to))
        return false;
    const char *id = xr_printf(method->arena, "%s.%s", method->step->id, suffix);
    struct xr_step *step = xr_step_add(method->arena, method->step, id, to->text);
    step->started_us = xr_now_us();
    struct xr_leg *leg = add_leg(method, step, to->host, to->port);
    method->ready = NULL;
    if (dns_and_tcp(method, leg, after_dns, after_tcp) && tls(method, leg))
        ask_anonymously(method, leg, to);
    step->status = xr_step_worst(step);
    step->message = method->ready ? leg->request->message : method->step->message;
    step->elapsed_us = xr_now_us() - step->started_us;
    return method->ready != NULL;
}

static bool follow_location(
    struct xr_method *method, const struct xr_url *from, const struct xr_http_response *response)
{
    const char *location = xr_http_header(response->headers, "Location");
    struct xr_url to;

    if (!location || xr_url_resolve(method->arena, from, location, &to) || !is_discovery_url(&to))
        return false;
    (void)xr_method_follow(method, &to, "target");
    return true;
}

static void not_a_service(
    struct xr_method *method, struct xr_leg *leg, const struct xr_http_response *response)
{
    enum xr_progress progress = xr_is_from_exchange(response) ? XR_GOT_SERVICE : XR_GOT_WEB;

    (void)xr_answer_error(leg->request, leg->host, response);
    if (leg->request->last_finding->code == XR_FINDING_HTTP_NOT_FOUND)
        leg->request->last_finding->code = XR_FINDING_AUTODISCOVER_NOT_FOUND;
    (void)xr_method_fail_as(method, progress, leg->request);
}

static void ask_anonymously(struct xr_method *method, struct xr_leg *leg, const struct xr_url *url)
{
    struct xr_http_response response;
    struct xr_step *step = request_step(leg);
    const struct xr_err *err = xr_ask_anonymously(leg, step, url, &response);

    request_ended(leg);
    if (err) {
        (void)xr_fault_error(step, err);
        (void)xr_method_fail_as(method, XR_GOT_CONNECTED, step);
        return;
    }
    if (response.status == 401) {
        (void)xr_success(step, "Asks for a logon.");
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
    not_a_service(method, leg, &response);
}

static void prepare_https(struct xr_method *method)
{
    const char *host = method->kind == XR_METHOD_HOST
                           ? xr_printf(method->arena, "autodiscover.%s", method->domain)
                           : method->domain;
    struct xr_leg *leg = add_leg(method, method->step, host, 443);
    struct xr_url url;
    const char *text = xr_printf(method->arena, "https://%s" XR_AUTODISCOVER_PATH, host);

    if (xr_url_parse(method->arena, text, &url)) /* a domain that no URL can hold */
        return;
    if (dns_and_tcp(method, leg, after_dns, after_tcp) && tls(method, leg))
        ask_anonymously(method, leg, &url);
}

static void prepare_redirect(struct xr_method *method)
{
    static const char *const only_request[] = { "request", NULL };
    static const char *const tcp_and_request[] = { "tcp", "request", NULL };
    const char *host = xr_printf(method->arena, "autodiscover.%s", method->domain);
    struct xr_leg *leg = add_leg(method, method->step, host, 80);
    struct xr_http_response response;
    struct xr_url url;

    (void)xr_url_parse(
        method->arena, xr_printf(method->arena, "http://%s" XR_AUTODISCOVER_PATH, host), &url);
    if (!dns_and_tcp(method, leg, tcp_and_request, only_request))
        return;
    struct xr_step *step = request_step(leg);
    const struct xr_err *err = xr_ask_anonymously(leg, step, &url, &response);
    request_ended(leg);
    if (err) {
        (void)xr_fault_error(step, err);
        (void)xr_method_fail_as(method, XR_GOT_CONNECTED, step);
        return;
    }
    const char *location = xr_http_header(response.headers, "Location");
    struct xr_url to;
    if (!xr_is_redirect(&response) || !location ||
        xr_url_resolve(method->arena, &url, location, &to) || xr_is_login_page(&response)) {
        not_a_service(method, leg, &response);
        return;
    }
    (void)xr_success(step, "Redirects (%d) to %s.", response.status, to.text);
    (void)xr_method_follow(method, &to, "target");
}

/* RFC 2782: the lowest priority number, then the highest weight; only port 443 can be Autodiscover
 * over TLS. */
static const struct xr_dns_record *best_record(const struct xr_dns_record *records)
{
    const struct xr_dns_record *best = NULL;

    for (; records; records = records->next) {
        if (records->type != XR_DNS_SRV || records->port != 443 || !*records->data)
            continue;
        if (!best || records->priority < best->priority ||
            (records->priority == best->priority && records->weight > best->weight))
            best = records;
    }
    return best;
}

static const struct xr_dns_record *find_record(struct xr_method *method, struct xr_step *step)
{
    const char *name = xr_printf(method->arena, "_autodiscover._tcp.%s", method->domain);
    struct xr_dns_answer answer = { 0 };
    const struct xr_err *err = xr_dns_query(
        method->arena, method->ctx->net, name, XR_DNS_SRV, method->ctx->deadline, &answer);

    method->sent = xr_new(method->arena, struct xr_sent);
    *method->sent = (struct xr_sent){
        .to = err ? "the DNS server" : xr_printf(method->arena, "DNS server %s", answer.servers),
        .what = xr_printf(method->arena, "the question for the service record %s", name),
        .credentials = "none",
        .protected_by = "nothing (DNS)",
    };
    if (err) {
        (void)xr_fault_error(step, err);
        return NULL;
    }
    for (const struct xr_dns_record *at = answer.records; at; at = at->next)
        if (at->type == XR_DNS_SRV)
            xr_step_detail(step, "Record", "priority %u, weight %u, port %u, %s, TTL %u s",
                at->priority, at->weight, at->port, at->data, at->ttl);
    const struct xr_dns_record *best = best_record(answer.records);
    if (!best)
        (void)xr_error(step, XR_FINDING_DNS_NO_ADDRESS, "%s has no record for port 443.", name);
    return best;
}

static void prepare_srv(struct xr_method *method)
{
    const char *id = xr_printf(method->arena, "%s.record", method->step->id);
    struct xr_step *step = xr_step_add(method->arena, method->step, id, xr_leg_title("srv"));
    const char *why;

    step->started_us = xr_now_us();
    const struct xr_dns_record *record = find_record(method, step);
    step->elapsed_us = xr_now_us() - step->started_us;
    if (!record) {
        (void)xr_method_fail_as(method, XR_GOT_NOTHING, step);
        return;
    }
    const char *host = xr_host_ascii(method->arena, record->data, &why);
    if (!host || !xr_policy_may_receive(method->ctx, host)) {
        (void)xr_success(step, "Names %s.", record->data);
        method->step->host = record->data;
        (void)xr_method_fail(method, XR_GOT_SERVICE, XR_FINDING_AUTODISCOVER_SRV_FOREIGN_DOMAIN,
            "The service record names %s, which is outside %s; nothing was sent there.",
            record->data, method->ctx->mail_domain);
        return;
    }
    (void)xr_success(step, "Names %s port 443.", host);
    struct xr_leg *leg = add_leg(method, method->step, host, 443);
    struct xr_url url;
    (void)xr_url_parse(
        method->arena, xr_printf(method->arena, "https://%s" XR_AUTODISCOVER_PATH, host), &url);
    if (dns_and_tcp(method, leg, after_dns, after_tcp) && tls(method, leg))
        ask_anonymously(method, leg, &url);
}

void xr_method_prepare(struct xr_method *method)
{
    static void (*const prepare[XR_METHOD_COUNT])(struct xr_method *) = {
        [XR_METHOD_ROOT] = prepare_https,
        [XR_METHOD_HOST] = prepare_https,
        [XR_METHOD_REDIRECT] = prepare_redirect,
        [XR_METHOD_SRV] = prepare_srv,
    };

    method->step->started_us = xr_now_us();
    prepare[method->kind](method);
    method->step->elapsed_us = xr_now_us() - method->step->started_us;
}
