#include <string.h>

#include "analyzer/base/pool.h"
#include "analyzer/base/text.h"
#include "probes/answers.h"
#include "probes/discovery.h"
#include "probes/faults.h"
#include "probes/policy.h"

/* MS-OXDISCO and Microsoft's own client stop after ten redirections. */
enum { HOPS_MAX = 10 };

struct discovery {
    struct xr_ctx *ctx;
    struct xr_step *step; /* of the probe */
    const char *address;  /* asked for now; another one after redirectAddr */
    const char *asked[HOPS_MAX + 1];
    const struct xr_method *asked_by[HOPS_MAX + 1]; /* NULL: an address, for all methods */
    int hops;
    struct xr_method *furthest; /* of the failed ones */
    struct xr_method *telling;  /* a host that is there, but could not be trusted or spoken to */
    struct xr_method *winner;
    const char *next_address;  /* redirectAddr: start again with this one */
    struct xr_pox_reply reply; /* the winner's */
};

/* The hosts of another domain must be allowed one by one; of the mail domain they are. */
static bool domain_may_be_asked(struct xr_method *method)
{
    const char *host = xr_printf(method->arena, "autodiscover.%s", method->domain);
    bool by_name = method->kind == XR_METHOD_ROOT || method->kind == XR_METHOD_HOST;

    if (method->kind == XR_METHOD_ROOT)
        host = method->domain;
    if (!by_name || xr_policy_may_receive(method->ctx, host))
        return true;
    method->step->host = host;
    (void)xr_method_fail(method, XR_GOT_SERVICE, XR_FINDING_AUTODISCOVER_REDIRECT_NOT_ALLOWED,
        "Autodiscover redirects to the domain %s; its host %s is outside %s, so no address and no "
        "credentials were sent there.",
        method->domain, host, method->ctx->mail_domain);
    return false;
}

static void prepare_one(void *arg, size_t i)
{
    struct xr_method *methods = arg;

    if (domain_may_be_asked(&methods[i]))
        xr_method_prepare(&methods[i]);
}

static void keep_furthest(struct discovery *discovery, struct xr_method *method)
{
    bool further = !discovery->furthest || method->progress > discovery->furthest->progress;

    if (method->step->status != XR_ERROR)
        return;
    if (further)
        discovery->furthest = method;
    /* The root domain is mostly a web site: what is wrong with it tells nothing of Exchange. */
    if (method->kind != XR_METHOD_ROOT && method->progress == XR_GOT_CONNECTED)
        discovery->telling = method;
}

/* Seen before, or one too many? Then the method's verdict is a loop. Two methods may lead to the
 * same URL; "by" is NULL for what none may lead to twice. */
static bool is_loop(struct discovery *discovery, struct xr_method *method,
    const struct xr_method *by, const char *to)
{
    bool loop = discovery->hops >= HOPS_MAX;

    for (int i = 0; i < discovery->hops && !loop; i++)
        loop = discovery->asked_by[i] == by && xr_same(discovery->asked[i], to);
    loop = loop || xr_same(discovery->address, to);
    if (loop)
        (void)xr_method_fail(method, XR_GOT_ANSWER, XR_FINDING_AUTODISCOVER_REDIRECT_LOOP,
            "Autodiscover leads round in a circle: it names %s %s.", to,
            discovery->hops >= HOPS_MAX ? "after ten redirections" : "again");
    if (loop)
        return true;
    discovery->asked_by[discovery->hops] = by;
    discovery->asked[discovery->hops++] = to;
    return false;
}

static void settings(
    struct discovery *discovery, struct xr_method *method, const struct xr_pox_reply *reply)
{
    struct xr_step *step = method->ready->request;
    struct xr_url url;

    if (reply->deviation)
        xr_step_detail(step, "Deviation", "%s", reply->deviation);
    if (reply->internal_ews)
        xr_step_detail(step, "EWS URL, internal (EXCH)", "%s", reply->internal_ews);
    if (reply->external_ews)
        xr_step_detail(step, "EWS URL, external (EXPR)", "%s", reply->external_ews);
    if (reply->exhttp_ews)
        xr_step_detail(step, "EWS URL (EXHTTP)", "%s", reply->exhttp_ews);
    const char *why = reply->ews_url ? xr_url_parse(step->arena, reply->ews_url, &url) : NULL;
    if (!reply->ews_url || why || !url.https) {
        (void)xr_method_fail(method, XR_GOT_ANSWER, XR_FINDING_AUTODISCOVER_NO_EWS_URL,
            reply->ews_url ? "The EWS URL that Autodiscover gives cannot be used: %s."
                           : "The settings hold no EWS URL%s.",
            reply->ews_url ? reply->ews_url : "");
        return;
    }
    xr_step_decisive(step, reply->ews_url);
    (void)xr_success(step, "Answered with %s.", url.text);
    method->led_to = url.text;
    method->progress = XR_GOT_URL;
    discovery->ctx->ews = url;
    discovery->reply = *reply;
    discovery->winner = method;
}

static void error_reply(struct xr_method *method, const struct xr_pox_reply *reply)
{
    bool unknown = reply->error_code == 500 || reply->error_code == 501;

    xr_step_decisive(method->ready->request, xr_printf(method->arena, "%d", reply->error_code));
    (void)xr_error(method->ready->request,
        unknown ? XR_FINDING_AUTODISCOVER_ADDRESS_NOT_FOUND
                : XR_FINDING_AUTODISCOVER_ERROR_RESPONSE,
        "Autodiscover answers error %d: %s", reply->error_code,
        reply->error_message ? xr_sentence(method->arena, reply->error_message)
                             : "without a message.");
    (void)xr_method_fail_as(method, XR_GOT_ANSWER, method->ready->request);
}

static void ask_with_credentials(struct discovery *discovery, struct xr_method *method);

static void redirect_url(struct discovery *discovery, struct xr_method *method, const char *text)
{
    struct xr_ctx *ctx = discovery->ctx;
    struct xr_url to;
    const char *why = xr_url_parse(ctx->arena, text, &to);

    if (why) {
        (void)xr_method_fail(method, XR_GOT_ANSWER, XR_FINDING_AUTODISCOVER_MALFORMED,
            "Autodiscover redirects to \"%s\": %s.", text, why);
        return;
    }
    if (is_loop(discovery, method, method, to.text))
        return;
    if (to.https)
        ctx->vouched = to.host; /* an authenticated answer named it */
    ctx->deadline = xr_deadline_within(ctx->deadline, ctx->step_ms);
    if (xr_method_follow(method, &to, "redirect-url"))
        ask_with_credentials(discovery, method);
}

static void redirect_address(
    struct discovery *discovery, struct xr_method *method, const char *text)
{
    struct xr_address address;
    const char *why;

    if (!xr_address_parse(method->arena, text, &address, &why)) {
        (void)xr_method_fail(method, XR_GOT_ANSWER, XR_FINDING_AUTODISCOVER_MALFORMED,
            "Autodiscover redirects to the address \"%s\": %s.", text, why);
        return;
    }
    if (is_loop(discovery, method, NULL, text))
        return;
    (void)xr_success(method->ready->request, "Redirects to the address %s.", text);
    (void)xr_success(method->step, "Redirects to the address %s.", text);
    discovery->next_address = text;
}

static void understand(
    struct discovery *discovery, struct xr_method *method, const struct xr_http_response *response)
{
    struct xr_step *step = method->ready->request;
    struct xr_pox_reply reply;
    const struct xr_err *err =
        xr_pox_parse(method->arena, response->body, response->body_length, &reply);

    if (err) {
        (void)xr_error(step, XR_FINDING_AUTODISCOVER_MALFORMED,
            "The answer is not what Autodiscover answers: %s.", err->text);
        (void)xr_method_fail_as(method, XR_GOT_ANSWER, step);
        return;
    }
    switch (reply.kind) {
    case XR_POX_SETTINGS:
        settings(discovery, method, &reply);
        return;
    case XR_POX_ERROR:
        error_reply(method, &reply);
        return;
    case XR_POX_REDIRECT_URL:
        redirect_url(discovery, method, reply.redirect);
        return;
    case XR_POX_REDIRECT_ADDRESS:
        redirect_address(discovery, method, reply.redirect);
        return;
    }
}

/* An HTTP redirect behind the logon is judged like any other: its target must be one of the
 * organisation's. */
static bool follow_redirect(
    struct discovery *discovery, struct xr_method *method, const struct xr_http_response *response)
{
    const char *location = xr_http_header(response->headers, "Location");
    struct xr_url to;

    if (!xr_is_redirect(response) || xr_is_login_page(response) || !location ||
        xr_url_resolve(method->arena, &method->url, location, &to))
        return false;
    if (is_loop(discovery, method, method, to.text))
        return true;
    if (xr_method_follow(method, &to, "target"))
        ask_with_credentials(discovery, method);
    return true;
}

/* The place that a redirect led to ends as its request does. */
static void place_ended(
    const struct xr_method *method, struct xr_step *place, const struct xr_step *request)
{
    if (place == method->step)
        return;
    place->status = xr_step_worst(place);
    place->message = request->message;
    place->elapsed_us = xr_now_us() - place->started_us;
}

static void ask_with_credentials(struct discovery *discovery, struct xr_method *method)
{
    struct xr_ctx *ctx = discovery->ctx;
    struct xr_step *place = method->ready->step, *step = method->ready->request;
    struct xr_header type = { NULL, "Content-Type", "text/xml; charset=utf-8" };
    enum xr_auth auth = xr_choose_auth(ctx, step, &method->challenge);
    struct xr_question question = {
        .method = "POST",
        .url = &method->url,
        .what = "the mailbox address, to Autodiscover",
        .body = xr_pox_request(method->arena, discovery->address),
        .headers = &type,
        .auth = auth,
    };
    struct xr_http_response response;

    if (auth == XR_AUTH_NONE) {
        (void)xr_method_fail_as(method, XR_GOT_SERVICE, step);
        place_ended(method, place, step);
        return;
    }
    ctx->deadline = xr_deadline_within(ctx->deadline, ctx->step_ms);
    const struct xr_err *err = xr_ask(method->ready, step, &question, &response);
    step->elapsed_us = xr_now_us() - step->started_us;
    if (err) {
        (void)xr_fault_error(step, err);
        (void)xr_method_fail_as(method, XR_GOT_SERVICE, step);
    } else if (xr_is_refusal(&response)) {
        (void)xr_refused(ctx, step, auth, &response);
        (void)xr_method_fail_as(method, XR_GOT_ANSWER, step);
    } else if (response.status == 200) {
        understand(discovery, method, &response);
    } else if (!follow_redirect(discovery, method, &response)) {
        (void)xr_answer_error(step, method->ready->host, &response);
        (void)xr_method_fail_as(method, XR_GOT_SERVICE, step);
    }
    place_ended(method, place, step);
}

/* Why a method that could be asked is not asked any more; NULL: it is. */
static const char *not_asked(const struct discovery *discovery)
{
    if (discovery->winner)
        return xr_printf(
            discovery->ctx->arena, "Not needed: %s has answered.", discovery->winner->step->id);
    if (discovery->next_address)
        return "Not needed: another address is asked for now.";
    return discovery->ctx->gate_closed_by
               ? "Not asked: the credentials were refused once, and once is enough."
               : NULL;
}

static void ask_in_order(struct discovery *discovery, struct xr_method *methods)
{
    for (size_t i = 0; i < XR_METHOD_COUNT; i++) {
        struct xr_method *method = &methods[i];
        const char *reason = not_asked(discovery);
        if (method->ready && reason) {
            (void)xr_skipped(method->step,
                discovery->winner ? NULL : discovery->ctx->gate_closed_by, "%s", reason);
        } else if (method->ready) {
            ask_with_credentials(discovery, method);
            method->step->elapsed_us = xr_now_us() - method->step->started_us;
        }
        if (discovery->winner == method)
            (void)xr_success(method->step, "Answered with the EWS URL.");
        keep_furthest(discovery, method);
    }
}

static void note_method(
    struct xr_ctx *ctx, const struct discovery *discovery, const struct xr_method *method)
{
    struct xr_facts *facts = &ctx->run->facts;
    struct xr_fact_discovery *fact = xr_new(ctx->arena, struct xr_fact_discovery);

    *fact = (struct xr_fact_discovery){
        .method = xr_method_name(method->kind),
        .url = method->step->title,
        .status = method->step->status,
        .outcome = method->step->message ? method->step->message : "",
        .led_to = method->led_to,
        .won = discovery->winner == method,
    };
    if (facts->last_discovery)
        facts->last_discovery->next = fact;
    else
        facts->discovery = fact;
    facts->last_discovery = fact;
    xr_run_add_sent(ctx->run, method->sent);
    for (size_t i = 0; i < method->legs_n; i++)
        xr_run_add_sent(ctx->run, method->legs[i].sent);
}

/* One round over the four methods, for one domain. parent: under which the methods are shown. */
static void round_of(struct discovery *discovery, struct xr_step *parent, const char *domain)
{
    struct xr_ctx *ctx = discovery->ctx;
    struct xr_method *methods = xr_new_n(ctx->arena, struct xr_method, XR_METHOD_COUNT);

    for (size_t i = 0; i < XR_METHOD_COUNT; i++)
        xr_method_init(&methods[i], (enum xr_method_kind)i, ctx, parent->id, domain);
    ctx->deadline = xr_deadline_within(ctx->deadline, ctx->step_ms);
    xr_pool_run(XR_METHOD_COUNT, XR_METHOD_COUNT, prepare_one, methods);
    for (size_t i = 0; i < XR_METHOD_COUNT; i++)
        xr_arena_absorb(ctx->arena, methods[i].arena);
    ask_in_order(discovery, methods);
    for (size_t i = 0; i < XR_METHOD_COUNT; i++) {
        xr_step_attach(parent, methods[i].step);
        note_method(ctx, discovery, &methods[i]);
        xr_method_done(&methods[i]);
    }
}

/* The methods of a hop are alternatives too: one that leads on is enough. */
static void judge_hop(const struct discovery *discovery, struct xr_step *hop)
{
    if (discovery->winner) {
        (void)xr_success(hop, "%s gave the EWS URL.", discovery->winner->step->id);
    } else if (discovery->next_address) {
        (void)xr_success(hop, "Redirects to the address %s.", discovery->next_address);
    } else {
        hop->status = XR_ERROR;
        hop->message = discovery->furthest ? discovery->furthest->step->message
                                           : "No method led on from here.";
    }
}

static void search(struct discovery *discovery)
{
    struct xr_step *parent = discovery->step;
    const char *domain = discovery->ctx->mail_domain;

    round_of(discovery, parent, domain);
    while (discovery->next_address && !discovery->winner && !discovery->ctx->gate_closed_by) {
        struct xr_address address;
        const char *why;
        discovery->address = discovery->next_address;
        discovery->next_address = NULL;
        discovery->furthest = NULL; /* what counts now is where the redirection leads */
        if (!xr_address_parse(discovery->ctx->arena, discovery->address, &address, &why))
            return;
        const char *id = xr_printf(discovery->ctx->arena, "autodiscover.hop-%d", discovery->hops);
        struct xr_step *hop =
            xr_step_add(discovery->ctx->arena, discovery->step, id, discovery->address);
        hop->started_us = xr_now_us();
        round_of(discovery, hop, address.domain);
        hop->elapsed_us = xr_now_us() - hop->started_us;
        judge_hop(discovery, hop);
    }
}

static enum xr_status found(struct discovery *discovery)
{
    struct xr_ctx *ctx = discovery->ctx;
    struct xr_facts *facts = &ctx->run->facts;

    ctx->vouched = ctx->ews.host;
    facts->known |= XR_FACT_EWS_URL;
    facts->ews_url = ctx->ews.text;
    facts->ews_url_from = discovery->winner->step->id;
    facts->autodiscover_smtp_address = discovery->reply.smtp_address;
    facts->display_name = discovery->reply.display_name;
    if (discovery->reply.smtp_address)
        xr_step_detail(discovery->step, "Primary address", "%s", discovery->reply.smtp_address);
    xr_step_detail(discovery->step, "EWS URL", "%s, from %s", ctx->ews.text, facts->ews_url_from);
    return xr_success(
        discovery->step, "%s gave the EWS URL %s.", facts->ews_url_from, ctx->ews.text);
}

static bool is_local(const struct xr_method *method)
{
    return method->step->last_finding && xr_finding_is_local(method->step->last_finding->code);
}

/* No discovery service answered: the most telling failure first, then what each method met. */
static const char *what_each_met(const struct discovery *discovery)
{
    const struct xr_method *telling = discovery->telling;
    struct xr_arena *arena = discovery->ctx->arena;
    const char *text = "No host of the mail domain answered as an Autodiscover service.";

    if (telling) {
        const struct xr_finding *finding = telling->step->last_finding;
        text = xr_printf(arena,
            "A host for Autodiscover is there, but could not be used: %s (exray explain %s tells "
            "how to mend that.)",
            finding->message, xr_finding_kind(finding->code)->id);
    }
    text = xr_printf(arena, "%s What each method met:", text);
    for (const struct xr_step *at = discovery->step->first; at; at = at->next)
        text = xr_printf(arena, "%s %s: %s", text, at->id, at->message ? at->message : "");
    return text;
}

static enum xr_status failed(struct discovery *discovery)
{
    struct xr_method *furthest = discovery->furthest;
    struct xr_step *step = discovery->step;

    if (!furthest || (furthest->progress < XR_GOT_SERVICE && !is_local(furthest))) {
        enum xr_status status = xr_error(step, XR_FINDING_AUTODISCOVER_NO_METHOD,
            "None of the four methods found an Autodiscover service for %s.",
            discovery->ctx->mail_domain);
        step->last_finding->cause = what_each_met(discovery);
        return status;
    }
    const struct xr_finding *finding = furthest->step->last_finding;
    enum xr_status status = xr_error(step, finding->code, "%s", finding->message);
    step->last_finding->cause = finding->cause;
    step->host = furthest->step->host;
    return status;
}

static const char *not_needed(const struct xr_ctx *ctx)
{
    return ctx->target->ews_url ? "Not needed: the EWS URL was given." : NULL;
}

/* Where is Exchange Web Services for this mailbox? Four methods, as alternatives: one success is
 * enough. */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct discovery discovery = { .ctx = ctx, .step = step, .address = ctx->target->mailbox };

    search(&discovery);
    return discovery.winner ? found(&discovery) : failed(&discovery);
}

const struct xr_probe xr_probe_autodiscover = {
    .id = "autodiscover",
    .title = "Autodiscover",
    .about = "Where is Exchange Web Services for this mailbox?",
    .needs = XR_FACT_FORM,
    .provides = XR_FACT_EWS_URL,
    .not_needed = not_needed,
    .run = run,
};
