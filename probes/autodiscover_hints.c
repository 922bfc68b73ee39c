#include "analyzer/base/pool.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/autodiscover_v2.h"
#include "probes/answers.h"
#include "probes/autodiscover_parts.h"
#include "probes/faults.h"
#include "probes/patience.h"

/*
 * What is learned without a logon: records of Microsoft 365, and Autodiscover V2. Both are hints,
 * asked for only when nothing better answered.
 */

enum { V2_HOPS_MAX = 3 };

/* ---- records ---- */

/* A question for records, asked beside the other one. */
struct lookup {
    struct xr_method *method;
    struct xr_arena *arena;
    const char *name;
    enum xr_dns_type type;
    struct xr_dns_answer answer;
    const struct xr_err *err;
};

static void look_up(void *arg, size_t i)
{
    struct lookup *lookup = (struct lookup *)arg + i;

    lookup->err = xr_dns_query(lookup->arena, lookup->method->own.net, lookup->name, lookup->type,
        lookup->method->own.deadline, &lookup->answer);
}

static void tell_records(
    struct xr_method *method, struct xr_step *step, const struct lookup *lookup)
{
    bool mx = lookup->type == XR_DNS_MX;
    const char *type = mx ? "MX" : "CNAME";

    xr_method_add_sent(method,
        lookup->err ? "the DNS server"
                    : xr_printf(method->arena, "DNS server %s", lookup->answer.servers),
        xr_printf(method->arena, "the question for the %s record of %s", type, lookup->name));
    for (const struct xr_dns_record *at = lookup->answer.records; at; at = at->next) {
        if (at->type != lookup->type)
            continue;
        const struct xr_cloud *cloud = mx ? xr_cloud_of_mx(at->data) : xr_cloud_of_cname(at->data);
        xr_step_detail(step, type, "%s: %s", lookup->name, at->data);
        if (!cloud || method->cloud)
            continue;
        method->cloud = cloud;
        method->cloud_by_mx = mx;
        method->cloud_because =
            xr_printf(method->arena, "the %s record of %s names %s", type, lookup->name, at->data);
    }
}

static bool is_no_record(const struct xr_err *err)
{
    return err->fault == XR_FAULT_DNS_NAME_NOT_FOUND || err->fault == XR_FAULT_DNS_NO_ADDRESS;
}

void xr_find_cloud_records(struct xr_method *method)
{
    struct xr_step *step = xr_method_place(method, "records", xr_leg_title("records"));
    struct lookup lookups[] = {
        { .type = XR_DNS_CNAME,
            .name = xr_printf(method->arena, "autodiscover.%s", method->domain) },
        { .type = XR_DNS_MX, .name = method->domain },
    };
    enum { N = sizeof(lookups) / sizeof(*lookups) };
    const struct xr_err *err = NULL;

    method->step->started_us = step->started_us;
    for (size_t i = 0; i < N; i++) {
        lookups[i].method = method;
        lookups[i].arena = xr_arena_new();
    }
    xr_pool_run(N, N, look_up, lookups);
    for (size_t i = 0; i < N; i++) {
        xr_arena_absorb(method->arena, lookups[i].arena);
        tell_records(method, step, &lookups[i]);
        if (lookups[i].err && !is_no_record(lookups[i].err))
            err = lookups[i].err;
    }
    if (method->cloud)
        (void)xr_success(step, "%s", xr_sentence(method->arena, method->cloud_because));
    else if (err) {
        (void)xr_fault_error(step, err);
        (void)xr_method_fail_as(method, XR_GOT_NOTHING, step);
    } else
        (void)xr_success(step, "None of them names Microsoft 365.");
    step->elapsed_us = method->step->elapsed_us = xr_now_us() - step->started_us;
}

/* By the MX record alone it is not sure: mail may come in there and be passed on. */
static void recognise(
    struct xr_discovery *discovery, const struct xr_cloud *cloud, bool sure, const char *because)
{
    struct xr_fact_cloud *fact = &discovery->ctx->run->facts.cloud;

    if (!cloud || discovery->cloud)
        return;
    discovery->cloud = cloud;
    discovery->cloud_is_sure = sure;
    *fact = (struct xr_fact_cloud){ cloud->name, cloud->ews_url, because };
}

void xr_judge_cloud(struct xr_discovery *discovery)
{
    struct xr_arena *arena = discovery->ctx->arena;
    const struct xr_method *records = &discovery->methods[XR_WAY_MICROSOFT_365];
    const char *domain = discovery->domain;

    recognise(discovery, xr_cloud_of_mail_domain(domain), true,
        xr_printf(arena, "%s is a domain of Microsoft 365", domain));
    if (!records->cloud_by_mx)
        recognise(discovery, records->cloud, true, records->cloud_because);
    for (int way = 0; way < XR_WAY_V2; way++) {
        const struct xr_step *step = discovery->methods[way].step;
        if (step->status == XR_ERROR && step->host)
            recognise(discovery, xr_cloud_of_host(step->host), true,
                xr_printf(arena, "%s leads to %s", step->id, step->host));
    }
    recognise(discovery, records->cloud, false, records->cloud_because);
}

/* ---- a URL that nobody had to log on for ---- */

/* No host of the organisation's own is known to have an Autodiscover service; nor, if only mail
 * points to the cloud, one that was meant to have it and is broken. */
static bool is_best_hint(const struct xr_discovery *discovery)
{
    for (int way = 0; way < XR_WAY_MICROSOFT_365; way++) {
        const struct xr_method *method = &discovery->methods[way];
        const char *host = method->step->host;
        bool leads_there = host && (xr_cloud_of_host(host) || xr_cloud_of_mail_domain(host));
        bool is_there = way != XR_WAY_ROOT && method->progress >= XR_GOT_NAME;
        if (!leads_there &&
            (method->progress >= XR_GOT_SERVICE || (is_there && !discovery->cloud_is_sure)))
            return false;
    }
    return true;
}

static void fail_as_cloud(
    struct xr_discovery *discovery, struct xr_method *method, const struct xr_cloud *cloud)
{
    method->step->host = cloud->host;
    (void)xr_method_fail(method, is_best_hint(discovery) ? XR_GOT_ANSWER : XR_GOT_NOTHING,
        XR_FINDING_AUTODISCOVER_MICROSOFT_365,
        discovery->cloud_is_sure
            ? "%s is in %s: %s. EWS is at %s; nothing was sent there."
            : "Mail of %s comes in at %s: %s. EWS would be at %s; nothing was sent there.",
        discovery->domain, cloud->name, discovery->ctx->run->facts.cloud.because, cloud->ews_url);
}

static void use_hint(struct xr_discovery *discovery, struct xr_method *method, struct xr_step *step,
    const char *from, const char *text)
{
    struct xr_own_hosts own = xr_own_hosts(discovery->ctx);
    struct xr_said said = { .ews_url = text, .external_ews = text };
    struct xr_url url;
    const char *why = xr_url_parse(method->arena, text, &url);

    if (why || !url.https) {
        (void)xr_error(step, XR_FINDING_AUTODISCOVER_NO_EWS_URL,
            "The EWS URL that V2 gives cannot be used: %s.", text);
        (void)xr_method_fail_as(method, XR_GOT_SERVICE, step);
        return;
    }
    struct xr_passage passage = { from, XR_NAMED_BY_HINT, true, url.host, XR_CARGO_SECRET };
    struct xr_fact_settings *fact = xr_note_said(discovery, step, "V2", &said);
    (void)xr_success(step, "Answered with %s.", url.text);
    if (xr_policy(&own, &passage).permit == XR_SEND_SECRETS) {
        fact->used = true;
        xr_discovery_use(discovery, method, &said);
        return;
    }
    const struct xr_cloud *cloud = xr_cloud_of_host(url.host);
    recognise(discovery, cloud, true, xr_printf(method->arena, "%s names %s", step->id, url.host));
    if (cloud) {
        fail_as_cloud(discovery, method, cloud);
        return;
    }
    method->step->host = url.host;
    (void)xr_method_fail(method, XR_GOT_SERVICE, XR_FINDING_AUTODISCOVER_REDIRECT_NOT_ALLOWED,
        "Autodiscover V2 names %s, which is outside %s; anybody could have answered so.", url.text,
        discovery->ctx->mail_domain);
}

/* ---- V2 ---- */

static void v2_error(
    struct xr_method *method, struct xr_step *step, const struct xr_v2_reply *reply)
{
    bool unknown = reply->error == XR_V2_USER_NOT_FOUND;
    const char *code =
        xr_excerpt(step->arena, reply->error_code ? reply->error_code : "no code", XR_QUOTED_MAX);
    const char *message =
        reply->error_message ? xr_excerpt(step->arena, reply->error_message, XR_QUOTED_MAX) : NULL;

    (void)xr_error(step,
        unknown ? XR_FINDING_AUTODISCOVER_ADDRESS_NOT_FOUND
                : XR_FINDING_AUTODISCOVER_ERROR_RESPONSE,
        "Autodiscover V2 answers %s%s%s", code, message ? ": " : ".",
        message ? xr_sentence(step->arena, message) : "");
    if (!unknown)
        step->last_finding->cause =
            "The JSON service (V2) does not know the protocol or the address's form, or failed "
            "inside. Older versions of Exchange know V2 for a few protocols only.";
    (void)xr_method_fail_as(method, unknown ? XR_GOT_ANSWER : XR_GOT_SERVICE, step);
}

static void place_ended(const struct xr_method *method, struct xr_step *place)
{
    if (place == method->step)
        return;
    place->status = xr_step_worst(place);
    place->message = place->last->message;
    place->elapsed_us = xr_now_us() - place->started_us;
}

/* The place that a redirect of V2 names, connected; NULL: the method has its verdict. */
static struct xr_leg *follow_v2(
    struct xr_discovery *discovery, struct xr_method *method, const struct xr_url *to)
{
    struct xr_own_hosts own = xr_own_hosts(discovery->ctx);
    struct xr_passage passage = { NULL, XR_NAMED_BY_REDIRECT, to->https, to->host,
        XR_CARGO_ADDRESS };

    if (method->legs_n > V2_HOPS_MAX) {
        (void)xr_method_fail(method, XR_GOT_SERVICE, XR_FINDING_AUTODISCOVER_REDIRECT_LOOP,
            "Autodiscover V2 redirects more than %d times.", V2_HOPS_MAX);
        return NULL;
    }
    method->step->host = to->host;
    if (xr_policy(&own, &passage).permit == XR_REFUSE) {
        (void)xr_method_fail(method, XR_GOT_SERVICE,
            to->https ? XR_FINDING_AUTODISCOVER_REDIRECT_NOT_ALLOWED
                      : XR_FINDING_AUTODISCOVER_REDIRECT_INSECURE,
            "Autodiscover V2 redirects to %s, which is %s; nothing was sent there.", to->host,
            to->https ? xr_printf(method->arena, "outside %s", discovery->ctx->mail_domain)
                      : "not https");
        return NULL;
    }
    struct xr_step *place = xr_method_place(method, "target", to->text);
    struct xr_leg *leg = xr_method_leg(method, place, to->host, to->port);

    if (xr_method_connect(method, leg))
        return leg;
    place_ended(method, place);
    return NULL;
}

/* false: the method has its verdict. */
static bool ask_v2(
    struct xr_method *method, struct xr_leg *leg, const struct xr_url *url, struct xr_v2_reply *ret)
{
    struct xr_header accept = { NULL, "Accept", "application/json" };
    struct xr_question question = {
        .method = "GET",
        .url = url,
        .what = "the mailbox address, to Autodiscover V2",
        .headers = &accept,
    };
    struct xr_http_response response;
    struct xr_step *step = xr_method_request(method, leg, url, &question, &response);

    if (!step)
        return false;
    struct xr_v2_answer answer = { response.status, xr_http_header(response.headers, "Location"),
        response.body, response.body_length };
    const struct xr_err *err = xr_v2_parse(method->arena, XR_V2_PROTOCOL, &answer, ret);
    if (!err) { /* an own host may know the secret from a logon, and show it here */
        ret->url = xr_clean_url(method->arena, &response, ret->url);
        ret->error_code = xr_clean(method->arena, &response, ret->error_code);
        ret->error_message = xr_clean(method->arena, &response, ret->error_message);
        return true;
    }
    if (response.status != 200)
        (void)xr_throttled(step, leg->host, &response);
    else
        (void)xr_error(step, XR_FINDING_AUTODISCOVER_MALFORMED, "%s",
            xr_sentence(method->arena, xr_clean(method->arena, &response, err->text)));
    bool stopped = xr_met_stopped_service(method, leg);
    (void)xr_method_fail_as(method, stopped ? XR_GOT_SERVICE : XR_GOT_WEB, step);
    return false;
}

/* The URL that follows from the reply in *url and *leg; false: the method has its verdict. */
static bool go_on(struct xr_discovery *discovery, struct xr_method *method,
    const struct xr_v2_reply *reply, struct xr_url *url, struct xr_leg **leg)
{
    struct xr_step *step = (*leg)->request;
    struct xr_url from = *url;
    const char *why;

    switch (reply->kind) {
    case XR_V2_SETTINGS:
        use_hint(discovery, method, step, (*leg)->host, reply->url);
        return false;
    case XR_V2_ERROR:
        v2_error(method, step, reply);
        return false;
    case XR_V2_NO_SERVICE:
        (void)xr_error(
            step, XR_FINDING_AUTODISCOVER_NOT_FOUND, "%s has no Autodiscover V2.", (*leg)->host);
        (void)xr_method_fail_as(method, XR_GOT_WEB, step);
        return false;
    case XR_V2_REDIRECT:
        break;
    }
    why = xr_method_resolve(method, &from, reply->url, url);
    if (why) {
        (void)xr_error(step, XR_FINDING_AUTODISCOVER_MALFORMED,
            "Autodiscover V2 redirects to \"%s\": %s.", reply->url, why);
        (void)xr_method_fail_as(method, XR_GOT_SERVICE, step);
        return false;
    }
    (void)xr_success(step, "Redirects to %s.", url->text);
    *leg = follow_v2(discovery, method, url);
    return *leg != NULL;
}

static void ask_host(struct xr_discovery *discovery, struct xr_method *method, const char *host)
{
    struct xr_leg *leg = xr_method_leg(method, method->step, host, 443);
    struct xr_url url;
    const char *text = xr_v2_url(method->arena, host, discovery->address, XR_V2_PROTOCOL, 0);

    if (!text || xr_url_parse(method->arena, text, &url) || !xr_method_connect(method, leg))
        return;
    for (bool more = true; more;) {
        struct xr_v2_reply reply;
        struct xr_step *place = leg->step;
        more = ask_v2(method, leg, &url, &reply) && go_on(discovery, method, &reply, &url, &leg);
        place_ended(method, place);
    }
}

static void begin(struct xr_discovery *discovery, struct xr_method *method)
{
    method->own = *discovery->ctx;
    method->own.arena = method->arena;
    method->race = NULL; /* it is over */
    method->own.deadline = xr_deadline_within(discovery->ctx->deadline, discovery->ctx->step_ms);
    if (!method->step->started_us)
        method->step->started_us = xr_now_us();
}

static void ended(struct xr_method *method)
{
    method->step->elapsed_us = xr_now_us() - method->step->started_us;
}

/* V2 runs in the same application pool: the address would be sent for nothing. */
static bool is_v2_stopped(const struct xr_method *sister)
{
    return sister->legs_n == 1 && sister->legs[0]->request &&
           xr_met_stopped_service(sister, sister->legs[0]);
}

void xr_ask_v2(struct xr_discovery *discovery, struct xr_method *method)
{
    const struct xr_method *sister = &discovery->methods[XR_WAY_HOST];
    const struct xr_finding *finding = sister->step->last_finding;

    if (finding && finding->code == XR_FINDING_EWS_THROTTLED) {
        (void)xr_skipped(method->step, sister->step->id,
            "Not asked: the host asked for a pause (%s).", sister->step->id);
        return;
    }
    if (is_v2_stopped(sister)) {
        (void)xr_skipped(method->step, sister->step->id, "Not asked: %s shows that it is stopped.",
            sister->step->id);
        return;
    }
    if (sister->step->status == XR_ERROR && sister->progress < XR_GOT_WEB) {
        (void)xr_skipped(method->step, sister->step->id, "Not asked: %s failed.",
            sister->step->id); /* the same host */
        return;
    }
    begin(discovery, method);
    ask_host(discovery, method, xr_printf(method->arena, "autodiscover.%s", method->domain));
    ended(method);
}

void xr_ask_cloud(struct xr_discovery *discovery, struct xr_method *method)
{
    const struct xr_cloud *cloud = discovery->cloud;
    struct xr_own_hosts own = xr_own_hosts(discovery->ctx);

    if (!cloud && method->step->status == XR_ERROR)
        return;
    if (!cloud) {
        (void)xr_skipped(
            method->step, NULL, "No record of %s names Microsoft 365.", method->domain);
        return;
    }
    struct xr_passage passage = { NULL, XR_NAMED_BY_DNS, true, cloud->host, XR_CARGO_SECRET };
    if (xr_policy(&own, &passage).permit != XR_SEND_SECRETS) {
        fail_as_cloud(discovery, method, cloud);
        return;
    }
    begin(discovery, method);
    ask_host(discovery, method, cloud->host);
    if (method->step->status == XR_ERROR && method->progress < XR_GOT_SERVICE)
        method->progress =
            XR_GOT_SERVICE; /* the one place that was allowed: what is wrong there counts */
    ended(method);
}
