#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/user_settings.h"
#include "probes/answers.h"
#include "probes/discovery.h"
#include "probes/faults.h"

/* ---- the four ways ---- */

static void connect_and_ask(struct xr_method *method, struct xr_leg *leg)
{
    const char *path =
        xr_method_may(method, XR_WAY_POX) ? XR_AUTODISCOVER_PATH : XR_USER_SETTINGS_PATH;
    struct xr_url url;

    if (xr_url_parse(method->arena, xr_printf(method->arena, "https://%s%s", leg->host, path),
            &url)) /* a domain that no URL can hold */
        return;
    if (xr_method_connect(method, leg))
        xr_method_ask_anonymously(method, leg, &url);
}

static void prepare_https(struct xr_method *method)
{
    const char *host = method->way == XR_WAY_HOST
                           ? xr_printf(method->arena, "autodiscover.%s", method->domain)
                           : method->domain;

    connect_and_ask(method, xr_method_leg(method, method->step, host, 443));
}

static void prepare_redirect(struct xr_method *method)
{
    static const char *const only_request[] = { "request", NULL };
    static const char *const tcp_and_request[] = { "tcp", "request", NULL };
    const char *host = xr_printf(method->arena, "autodiscover.%s", method->domain);
    struct xr_leg *leg = xr_method_leg(method, method->step, host, 80);
    struct xr_http_response response;
    struct xr_url url, to;

    if (xr_url_parse(method->arena,
            xr_printf(method->arena, "http://%s" XR_AUTODISCOVER_PATH, host), &url) ||
        !xr_method_reach(method, leg, tcp_and_request, only_request))
        return;
    struct xr_step *step = xr_method_request(method, leg, &url, NULL, &response);
    if (!step)
        return;
    const char *location = xr_http_header(response.headers, "Location");
    if (!xr_is_redirect(&response) || !location || xr_method_resolve(method, &url, location, &to) ||
        xr_is_login_page(&response)) {
        xr_method_no_service(method, leg, &url, &response);
        return;
    }
    (void)xr_success(step, "Redirects (%d) to %s.", response.status, to.text);
    (void)xr_method_follow(method, &to, XR_NAMED_BY_REDIRECT, "target");
}

/* RFC 2782: the lowest priority number first, then the highest weight; only port 443 can be
 * Autodiscover over TLS. */
static bool is_better(const struct xr_dns_record *one, const struct xr_dns_record *other)
{
    return !other || one->priority < other->priority ||
           (one->priority == other->priority && one->weight > other->weight);
}

static struct xr_dns_record *take_best(struct xr_dns_record *records)
{
    struct xr_dns_record *best = NULL;

    for (struct xr_dns_record *at = records; at; at = at->next)
        if (at->type == XR_DNS_SRV && at->port == 443 && *at->data && is_better(at, best))
            best = at;
    return best;
}

static struct xr_dns_record *find_records(struct xr_method *method, struct xr_step *step)
{
    const char *name = xr_printf(method->arena, "_autodiscover._tcp.%s", method->domain);
    struct xr_dns_answer answer = { 0 };
    const struct xr_err *err = xr_dns_query(
        method->arena, method->own.net, name, XR_DNS_SRV, method->own.deadline, &answer);

    xr_method_add_sent(method,
        err ? "the DNS server" : xr_printf(method->arena, "DNS server %s", answer.servers),
        xr_printf(method->arena, "the question for the service record %s", name));
    if (err) {
        (void)xr_fault_error(step, err);
        return NULL;
    }
    for (const struct xr_dns_record *at = answer.records; at; at = at->next)
        if (at->type == XR_DNS_SRV)
            xr_step_detail(step, "Record", "priority %u, weight %u, port %u, %s, TTL %u s",
                at->priority, at->weight, at->port, at->data, at->ttl);
    if (!take_best(answer.records))
        (void)xr_error(step, XR_FINDING_DNS_NO_ADDRESS, "%s has no record for port 443.", name);
    return answer.records;
}

/* The host of a record, if it may be asked; NULL: the method has its verdict. */
static const char *host_of(struct xr_method *method, const struct xr_dns_record *record)
{
    struct xr_own_hosts own = xr_own_hosts(&method->own);
    const char *why, *host = xr_host_ascii(method->arena, record->data, &why);
    struct xr_passage passage = { NULL, XR_NAMED_BY_DNS, true, host, XR_CARGO_SECRET };

    if (host && xr_policy(&own, &passage).permit == XR_SEND_SECRETS)
        return host;
    method->step->host = record->data;
    (void)xr_method_fail(method, XR_GOT_SERVICE, XR_FINDING_AUTODISCOVER_SRV_FOREIGN_DOMAIN,
        "The service record names %s, which is outside %s; nothing was sent there.", record->data,
        method->own.mail_domain);
    return NULL;
}

void xr_method_forget(struct xr_method *method)
{
    method->step->findings = method->step->last_finding = NULL;
    method->step->status = XR_SKIPPED;
    method->step->message = NULL;
}

/* A host that cannot be spoken to gives way to the next record (RFC 2782). */
static void prepare_srv(struct xr_method *method)
{
    struct xr_step *step = xr_method_place(method, "record", xr_leg_title("srv"));
    struct xr_dns_record *records = find_records(method, step), *record = take_best(records);

    step->elapsed_us = xr_now_us() - step->started_us;
    if (!record) {
        (void)xr_method_fail_as(method, XR_GOT_NOTHING, step);
        return;
    }
    (void)xr_success(step, "Names %s port 443.", record->data);
    for (int tries = 0; record && tries < XR_HOPS_MAX; tries++) {
        const char *host = host_of(method, record);
        if (!host)
            return;
        struct xr_step *place =
            tries ? xr_method_place(method, "next", record->data) : method->step;
        connect_and_ask(method, xr_method_leg(method, place, host, 443));
        if (place != method->step)
            place->status = xr_step_worst(place);
        if (method->step->status != XR_ERROR || method->progress > XR_GOT_CONNECTED ||
            xr_time_state(method->own.deadline) != XR_TIME_LEFT)
            return;
        record->port = 0; /* was tried */
        record = take_best(records);
        if (record)
            xr_method_forget(method);
    }
}

void xr_method_prepare(struct xr_method *method)
{
    static void (*const prepare[])(struct xr_method *) = {
        [XR_WAY_ROOT] = prepare_https,
        [XR_WAY_HOST] = prepare_https,
        [XR_WAY_REDIRECT] = prepare_redirect,
        [XR_WAY_SRV] = prepare_srv,
    };

    method->step->started_us = xr_now_us();
    prepare[method->way](method);
    method->step->elapsed_us = xr_now_us() - method->step->started_us;
}
