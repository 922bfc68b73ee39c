#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/scrub.h"
#include "probes/answers.h"
#include "probes/autodiscover_parts.h"
#include "probes/faults.h"
#include "probes/patience.h"

/* ---- one question ---- */

void xr_told_no(struct xr_told *ret, enum xr_told_kind kind, enum xr_progress progress)
{
    ret->kind = kind;
    ret->progress = progress;
}

const char *xr_clean(
    struct xr_arena *arena, const struct xr_http_response *response, const char *text)
{
    char *copy = text ? xr_strdup(arena, text) : NULL;

    if (copy)
        xr_scrub(response->scrubber, copy, strlen(copy));
    return copy;
}

/* What is no secret as it was sent may become one when a host name is made ready for DNS. */
static bool shows_secret(
    struct xr_arena *arena, const struct xr_http_response *response, const char *normal)
{
    return strcmp(normal, xr_clean(arena, response, normal)) != 0;
}

const char *xr_clean_url(
    struct xr_arena *arena, const struct xr_http_response *response, const char *text)
{
    const char *clean = xr_clean(arena, response, text);
    struct xr_url url;

    if (!clean || xr_url_parse(arena, clean, &url) || !shows_secret(arena, response, url.text))
        return clean;
    return "a URL that shows the secret";
}

const char *xr_clean_address(
    struct xr_arena *arena, const struct xr_http_response *response, const char *text)
{
    const char *why, *clean = xr_clean(arena, response, text);
    struct xr_address address;

    if (!clean || !xr_address_parse(arena, clean, &address, &why) ||
        !shows_secret(arena, response, address.domain))
        return clean;
    return "an address that shows the secret";
}

static const char *usable_url(struct xr_arena *arena, const char *text)
{
    struct xr_url url;

    return text && !xr_url_parse(arena, text, &url) && url.https ? url.text : NULL;
}

void xr_told_settings(struct xr_told *ret, struct xr_arena *arena)
{
    const char *named = ret->said.ews_url, *url = usable_url(arena, named);

    if (!url) {
        (void)xr_error(ret->step, XR_FINDING_AUTODISCOVER_NO_EWS_URL,
            named ? "The EWS URL that Autodiscover gives cannot be used: %s."
                  : "The settings hold no EWS URL%s.",
            named ? named : "");
        xr_told_no(ret, XR_TOLD_NOTHING, XR_GOT_ANSWER);
        return;
    }
    xr_step_decisive(ret->step, named);
    (void)xr_success(ret->step, "Answered with %s.", url);
    ret->said.ews_url = url;
    ret->kind = XR_TOLD_SETTINGS;
}

/* An HTTP redirect behind the logon is judged like any other: its target must be one of the
 * organisation's. */
static void judge_other_answer(
    const struct xr_method *method, const struct xr_http_response *response, struct xr_told *ret)
{
    const char *location = xr_http_header(response->headers, "Location");

    if (xr_is_redirect(response) && !xr_is_login_page(response) && location) {
        ret->kind = XR_TOLD_URL;
        ret->redirect = xr_clean_url(ret->step->arena, response, location);
        ret->by = XR_NAMED_BY_REDIRECT;
        return;
    }
    (void)xr_throttled(ret->step, method->ready->host, response);
    struct xr_finding *finding = ret->step->last_finding;
    if (finding->code == XR_FINDING_HTTP_NOT_FOUND)
        finding->code = XR_FINDING_AUTODISCOVER_NOT_FOUND;
    bool throttled = finding->code == XR_FINDING_EWS_THROTTLED; /* by either protocol */
    xr_told_no(ret, throttled ? XR_TOLD_NO : XR_TOLD_NOTHING, XR_GOT_SERVICE);
}

/*
 * Exchange's own words, which nobody says who has not accepted the credential. But others speak
 * them too: a hoster's web server that takes any password by Basic. Its word must not lead to
 * further tries with a wrong one.
 */
static bool is_behind_logon(const struct xr_http_response *response, enum xr_auth auth)
{
    return (response->status == 200 || response->status == 500) &&
           xr_contains(response->body, "schemas.microsoft.com/exchange/") &&
           (auth == XR_AUTH_NTLM || xr_is_from_exchange(response));
}

static const char *kept(struct xr_arena *arena, const char *text)
{
    return text ? xr_strdup(arena, text) : NULL;
}

/* Outlives the leg. */
static const struct xr_http_logon *domain_of(const struct xr_ctx *ctx, const struct xr_leg *leg)
{
    struct xr_http_logon *copy = leg->logon ? xr_new(ctx->arena, struct xr_http_logon) : NULL;

    if (copy) {
        copy->netbios_domain = kept(ctx->arena, leg->logon->netbios_domain);
        copy->dns_domain = kept(ctx->arena, leg->logon->dns_domain);
    }
    return copy;
}

static void note_proof(struct xr_discovery *discovery, const struct xr_step *step,
    const struct xr_leg *leg, const struct xr_http_response *response)
{
    struct xr_ctx *ctx = discovery->ctx;

    if (!leg->proved)
        return;
    if (!response || !xr_is_clear(response)) {
        ctx->proof_unclear = true;
        discovery->unclear_in = step->id;
        return;
    }
    if (ctx->proved || !xr_auth_is_by_password(discovery->auth) ||
        !is_behind_logon(response, discovery->auth))
        return;
    ctx->proved = true;
    ctx->proved_by = step->id;
    ctx->proved_at = discovery->auth == XR_AUTH_NTLM ? domain_of(ctx, leg) : NULL;
}

/* Without a ticket, or with one that is refused, the next scheme may work: no password was sent. */
static bool goes_on(struct xr_discovery *discovery, struct xr_method *method,
    const struct xr_question *question, const struct xr_err *err,
    const struct xr_http_response *response, struct xr_step *step)
{
    const struct xr_ctx *ctx = discovery->ctx;
    bool without = err && xr_is_without_ticket(ctx, err);
    bool refused = !err && response->status == 401 && question->auth == XR_AUTH_NEGOTIATE;

    if (!without && !refused)
        return false;
    discovery->auth = xr_next_auth(ctx, &method->challenge, question->auth);
    if (discovery->auth == XR_AUTH_NONE)
        return false;
    (void)xr_find(step,
        without ? xr_fault_finding(err->fault) : XR_FINDING_LOGON_KERBEROS_KEY_MISMATCH, XR_WARNING,
        "%s Next: %s.",
        without ? xr_sentence(step->arena, err->text) : "The server refuses the Kerberos ticket.",
        xr_auth_name(discovery->auth));
    method->own.deadline = xr_deadline_within(ctx->deadline, ctx->step_ms);
    return true;
}

/* *ret_pause: XR_PAUSE_CUT: the step has its verdict. */
static const struct xr_err *ask(struct xr_discovery *discovery, struct xr_method *method,
    struct xr_question *question, struct xr_step *step, struct xr_http_response *response,
    enum xr_pause *ret_pause)
{
    struct xr_patience patience = { .leg = method->ready };
    const struct xr_err *err;

    method->own.proved = discovery->ctx->proved;
    do {
        question->auth = patience.auth = discovery->auth;
        patience.asked_us = xr_now_us();
        err = xr_ask(method->ready, step, question, response);
        *ret_pause = err ? XR_PAUSE_NONE : xr_pause_for(&method->own, step, &patience, response);
    } while (
        *ret_pause == XR_PAUSE_OVER || goes_on(discovery, method, question, err, response, step));
    discovery->auth = question->auth;
    return err;
}

bool xr_ask_settings(struct xr_discovery *discovery, struct xr_method *method,
    struct xr_question *question, struct xr_http_response *response, struct xr_told *ret)
{
    struct xr_ctx *ctx = discovery->ctx;
    struct xr_header *plain = question->headers;
    struct xr_header anchor = { question->headers, "X-AnchorMailbox", discovery->address };

    question->method = "POST";
    discovery->auth = xr_choose_auth(ctx, ret->step, &method->challenge);
    if (discovery->auth == XR_AUTH_OAUTH) /* without it Exchange does not find the way */
        question->headers = &anchor;
    if (discovery->auth == XR_AUTH_NONE) {
        xr_told_no(ret, XR_TOLD_NO, XR_GOT_SERVICE);
        return false;
    }
    ret->asked = question->url->text;
    enum xr_pause pause;
    const struct xr_err *err = ask(discovery, method, question, ret->step, response, &pause);
    question->headers = plain;
    note_proof(discovery, ret->step, method->ready, err ? NULL : response);
    ret->step->elapsed_us = xr_now_us() - ret->step->started_us;
    if (err) {
        (void)xr_ask_failed(ctx, ret->step, err);
        xr_told_no(ret, XR_TOLD_NO, XR_GOT_SERVICE);
        return false;
    }
    if (pause == XR_PAUSE_CUT) {
        xr_told_no(ret, XR_TOLD_NO, XR_GOT_SERVICE);
        return false;
    }
    if (xr_is_refusal(response)) {
        (void)xr_refused_on(ctx, method->ready, ret->step, question->auth, response);
        xr_told_no(ret, XR_TOLD_NO, XR_GOT_ANSWER);
        return false;
    }
    if (response->unasked && (response->status == 200 || response->status == 500)) {
        (void)xr_answer_unasked(ret->step, method->ready->host, response);
        xr_told_no(ret, XR_TOLD_NOTHING, XR_GOT_SERVICE);
        return false;
    }
    if (response->status == 200 || (response->status == 500 && question->faults))
        return true;
    judge_other_answer(method, response, ret);
    return false;
}

/* ---- where answers lead to ---- */

/* Seen before, or one too many? Then the method's verdict is a loop. Two ways may lead to the same
 * URL; "by" is NULL for what none may lead to twice. */
static bool is_loop(struct xr_discovery *discovery, struct xr_method *method,
    const struct xr_method *by, const char *asked, const char *to)
{
    bool loop = discovery->hops >= XR_HOPS_MAX;

    for (int i = 0; i < discovery->hops && !loop; i++)
        loop = discovery->asked_by[i] == by && xr_same(discovery->asked[i], to);
    loop = loop || xr_same(discovery->ctx->target->mailbox, to) || xr_same(asked, to);
    if (loop) {
        (void)xr_method_fail(method, XR_GOT_ANSWER, XR_FINDING_AUTODISCOVER_REDIRECT_LOOP,
            "Autodiscover leads round in a circle: it names %s %s.", to,
            discovery->hops >= XR_HOPS_MAX ? "after ten redirections" : "again");
        return true;
    }
    discovery->asked_by[discovery->hops] = by;
    discovery->asked[discovery->hops++] = to;
    return false;
}

static bool malformed(struct xr_method *method, const struct xr_told *told, const char *why)
{
    (void)xr_method_fail(method, XR_GOT_ANSWER, XR_FINDING_AUTODISCOVER_MALFORMED,
        "Autodiscover redirects to \"%s\": %s.", told->redirect, why);
    return false;
}

/* What an answer behind a logon names may receive what was sent to the one that named it. */
static bool go_to_url(
    struct xr_discovery *discovery, struct xr_method *method, const struct xr_told *told)
{
    bool answer = told->by == XR_NAMED_BY_ANSWER;
    struct xr_url to;
    const char *why = xr_method_resolve(method, answer ? NULL : &method->url, told->redirect, &to);

    if (why)
        return malformed(method, told, why);
    (void)xr_success(told->step, "Redirects to %s.", to.text);
    if (is_loop(discovery, method, method, told->asked, to.text))
        return false;
    bool followed = xr_method_follow(method, &to, told->by, answer ? "redirect-url" : "target");
    discovery->ctx->vouched = method->own.vouched;
    return followed;
}

static void go_to_address(
    struct xr_discovery *discovery, struct xr_method *method, const struct xr_told *told)
{
    struct xr_address address;
    const char *why;

    if (!xr_address_parse(method->arena, told->redirect, &address, &why)) {
        (void)malformed(method, told, why);
        return;
    }
    (void)xr_success(told->step, "Redirects to the address %s.", told->redirect);
    if (is_loop(discovery, method, NULL, discovery->address, told->redirect))
        return;
    (void)xr_success(method->step, "Redirects to the address %s.", told->redirect);
    discovery->next_address = told->redirect;
}

/* ---- a place ---- */

void xr_discovery_use(
    struct xr_discovery *discovery, struct xr_method *method, const struct xr_said *said)
{
    const char *why = xr_url_parse(method->arena, said->ews_url, &discovery->ctx->ews);

    if (why) /* judged before */
        return;
    discovery->said = *said;
    discovery->winner = method;
    method->led_to = discovery->ctx->ews.text;
    method->progress = XR_GOT_URL;
    (void)xr_success(method->step, "Answered with the EWS URL.");
}

static void note_settings_place(struct xr_discovery *discovery, const struct xr_method *method)
{
    const struct xr_leg *leg = method->ready;
    struct xr_settings_place *place = xr_new(discovery->ctx->arena, struct xr_settings_place);

    if (!method->speaks_soap || !xr_method_may(method, XR_WAY_SOAP) ||
        xr_url_resolve(method->arena, &method->url, XR_USER_SETTINGS_PATH, &place->url))
        return;
    place->address = leg->address;
    place->ignore_trust = leg->ignore_trust;
    place->auth = discovery->auth;
    discovery->ctx->settings_place = place;
}

/* true: the answer leads to another place, and that one is ready. */
static bool conclude(
    struct xr_discovery *discovery, struct xr_method *method, const struct xr_told *told)
{
    switch (told->kind) {
    case XR_TOLD_SETTINGS:
        told->fact->used = true;
        note_settings_place(discovery, method);
        xr_discovery_use(discovery, method, &told->said);
        return false;
    case XR_TOLD_URL:
        return go_to_url(discovery, method, told);
    case XR_TOLD_ADDRESS:
        go_to_address(discovery, method, told);
        return false;
    case XR_TOLD_NO:
    case XR_TOLD_NOTHING:
        (void)xr_method_fail_as(method, told->progress, told->step);
        return false;
    case XR_TOLD_UNASKED:
        (void)xr_method_fail(method, XR_GOT_SERVICE, XR_FINDING_AUTODISCOVER_NOT_FOUND,
            "%s speaks none of the protocols that were asked for.", method->ready->host);
        return false;
    }
    return false;
}

/* The place that a redirect led to ends as its request does. */
static void place_ended(
    const struct xr_method *method, struct xr_step *place, const struct xr_told *told)
{
    if (place == method->step)
        return;
    place->status = told->kind >= XR_TOLD_URL ? XR_SUCCESS : xr_step_worst(place);
    place->message = told->step ? told->step->message : method->step->message;
    place->elapsed_us = xr_now_us() - place->started_us;
}

static bool wants_soap(
    const struct xr_discovery *discovery, const struct xr_method *method, const struct xr_told *pox)
{
    bool open = pox->kind <= XR_TOLD_NOTHING ||
                (pox->kind == XR_TOLD_SETTINGS && discovery->ctx->target->both_protocols);

    return open && method->speaks_soap && xr_method_may(method, XR_WAY_SOAP) &&
           !discovery->ctx->gate_closed_by && !discovery->ctx->proof_unclear;
}

static void compare(
    struct xr_discovery *discovery, const struct xr_told *pox, const struct xr_told *soap)
{
    struct xr_arena *arena = discovery->ctx->arena;

    if (pox->kind != XR_TOLD_SETTINGS || soap->kind == XR_TOLD_UNASKED)
        return;
    if (soap->kind == XR_TOLD_SETTINGS)
        discovery->disagreement = xr_disagreement(arena, &pox->said, &soap->said);
    else
        discovery->soap_failure = soap->step;
}

void xr_note_pauses(struct xr_discovery *discovery, const struct xr_method *method)
{
    if (method->own.pauses > discovery->ctx->pauses)
        discovery->ctx->pauses = method->own.pauses;
}

static bool ask_place(struct xr_discovery *discovery, struct xr_method *method)
{
    struct xr_step *place = method->ready->step;
    struct xr_told pox = { .kind = XR_TOLD_UNASKED }, soap = { .kind = XR_TOLD_UNASKED };

    xr_note_pauses(discovery, method);
    method->own = *discovery->ctx;
    method->own.arena = method->arena;
    method->race = NULL; /* it is this one's turn */
    method->ready->gate = NULL;
    method->own.deadline = xr_deadline_within(discovery->ctx->deadline, discovery->ctx->step_ms);
    if (xr_method_may(method, XR_WAY_POX) && !xr_method_is_soap(method))
        pox = xr_ask_pox(discovery, method);
    if (wants_soap(discovery, method, &pox))
        soap = xr_ask_soap(discovery, method);
    compare(discovery, &pox, &soap);
    const struct xr_told *told = soap.kind > pox.kind ? &soap : &pox;
    bool moved = conclude(discovery, method, told);
    place_ended(method, place, told);
    return moved;
}

void xr_discovery_ask(struct xr_discovery *discovery, struct xr_method *method)
{
    while (ask_place(discovery, method))
        ;
    method->ready = NULL;
    method->step->elapsed_us = xr_now_us() - method->step->started_us;
}
