#include "probes/ask.h"

#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/scrub.h"
#include "probes/answers.h"
#include "probes/policy.h"

static enum xr_http_auth wire_auth(enum xr_auth auth)
{
    static const enum xr_http_auth schemes[XR_AUTH_COUNT] = {
        [XR_AUTH_NONE] = XR_HTTP_ANONYMOUS,
        [XR_AUTH_BASIC] = XR_HTTP_BASIC,
        [XR_AUTH_NTLM] = XR_HTTP_NTLM,
        [XR_AUTH_NEGOTIATE] = XR_HTTP_NEGOTIATE,
        [XR_AUTH_OAUTH] = XR_HTTP_BEARER,
    };

    return schemes[auth];
}

static const char *credentials_text(enum xr_auth auth)
{
    static const char *const texts[XR_AUTH_COUNT] = {
        [XR_AUTH_NONE] = "none",
        [XR_AUTH_BASIC] = "account and password",
        [XR_AUTH_NTLM] = "account, and proof of the password (NTLM)",
        [XR_AUTH_NEGOTIATE] = "Kerberos ticket",
        [XR_AUTH_OAUTH] = "token",
    };

    return texts[auth];
}

static const char *protection(struct xr_arena *arena, const struct xr_http_trace *trace)
{
    const struct xr_tls_session *session = trace->session;

    if (!session)
        return "nothing (plain HTTP)";
    if (!session->version)
        return "TLS";
    return xr_printf(arena, "%s, certificate %s", session->version,
        session->trusted ? "verified" : "not trusted, ignored on request");
}

enum { CLOCKS_AGREE_MS = 5 * 60 * 1000, MINUTE_MS = 60 * 1000 };

static void tell_clock(struct xr_step *step, int64_t server_ms)
{
    int64_t ahead_ms = server_ms - xr_wall_ms();
    int64_t apart_ms = ahead_ms < 0 ? -ahead_ms : ahead_ms;

    if (server_ms && apart_ms > CLOCKS_AGREE_MS)
        xr_step_detail(step, "Clock difference",
            "the server is %lld minutes %s; Kerberos and tokens allow five",
            (long long)(apart_ms / MINUTE_MS), ahead_ms < 0 ? "behind" : "ahead");
}

/* Who is behind the address, by the first challenge of NTLM that came from there. */
static void tell_logon(struct xr_step *step, const struct xr_http_logon *logon)
{
    const char *netbios = logon->netbios_domain, *dns = logon->dns_domain;

    if (logon->server_name)
        xr_step_detail(step, "Server, by NTLM", "%s%s%s", logon->server_name,
            logon->windows ? ", Windows " : "", logon->windows ? logon->windows : "");
    if (netbios || dns)
        xr_step_detail(step, "Domain, by NTLM", "%s%s%s", netbios ? netbios : "",
            netbios && dns ? ", " : "", dns ? dns : "");
    tell_clock(step, logon->server_clock_ms);
    if (logon->why_unbound)
        xr_step_detail(step, "Channel binding", "none: %s", logon->why_unbound);
}

static void note_answer(struct xr_leg *leg, struct xr_step *step, const struct xr_http_trace *trace,
    const struct xr_http_response *response)
{
    leg->seen = trace->session;
    leg->proved = trace->proved;
    if (trace->logon && trace->logon->server_name && !(leg->logon && leg->logon->server_name))
        tell_logon(step, trace->logon);
    if (trace->logon)
        leg->logon = trace->logon;
    leg->from_exchange = leg->from_exchange || (response && xr_may_be_from_exchange(response)) ||
                         (trace->logon && trace->logon->windows);
}

/* A dialogue that came to no proof: what was asked anonymously is all that went out. */
static bool took_nothing(const struct xr_http_trace *trace)
{
    return trace->ntlm_unanswered || (trace->logon && !trace->logon->proof_sent);
}

static void note_attempt(struct xr_attempt *attempt, const struct xr_http_trace *trace,
    const struct xr_err *err, const struct xr_http_response *response)
{
    attempt->err = err;
    attempt->proved = attempt->proved || trace->proved;
    attempt->clear = !err && xr_is_clear(response);
}

const struct xr_err *xr_ask(struct xr_leg *leg, struct xr_step *step,
    const struct xr_question *question, struct xr_http_response *ret)
{
    const struct xr_ctx *ctx = leg->ctx;
    struct xr_http_trace trace = { 0 };
    bool by_token = question->auth == XR_AUTH_OAUTH;
    struct xr_http_request request = {
        .method = question->method,
        .url = question->url,
        .address = leg->address,
        .headers = question->headers,
        .body = question->body,
        .auth = wire_auth(question->auth),
        .account = ctx->target->account,
        .kerberos = ctx->kerberos,
        .unbound = ctx->unbound,
        .secret = by_token ? ctx->token : ctx->password,
        .also_hide = by_token ? ctx->password : ctx->token,
        .ignore_trust = leg->ignore_trust,
        .gate = leg->gate,
        .fd = leg->keeps ? &leg->fd : NULL,
        .known_right = ctx->proved || ctx->run->facts.known & XR_FACT_LOGON,
        .changes = question->changes,
        .repeated = ctx->repeated,
    };

    if (!leg->http)
        leg->http = xr_http_new(ctx->net);
    const struct xr_err *err =
        xr_http_perform(leg->http, leg->arena, &request, ctx->deadline, &trace, ret);
    leg->requests++;
    note_answer(leg, step, &trace, err ? NULL : ret);
    if (leg->attempt)
        note_attempt(leg->attempt, &trace, err, ret);
    if (trace.exchange)
        xr_step_exchange(step, trace.exchange);
    if (trace.sent)
        xr_leg_sent(leg, xr_receiver(leg->arena, leg->host, leg->address, leg->port),
            question->what, took_nothing(&trace) ? "none" : credentials_text(question->auth),
            protection(leg->arena, &trace));
    return err;
}

const struct xr_err *xr_ask_anonymously(struct xr_leg *leg, struct xr_step *step,
    const struct xr_url *url, struct xr_http_response *ret)
{
    struct xr_question question = {
        .method = "GET",
        .url = url,
        .what = "an anonymous request, without an address",
    };
    const struct xr_err *err = xr_ask(leg, step, &question, ret);

    if (err || ret->status != 405 || !url->https)
        return err;
    question.method = "POST"; /* EWS takes nothing else, and not every server challenges a GET */
    question.body = "";
    return xr_ask(leg, step, &question, ret);
}

static bool offered(const struct xr_challenge *challenge, enum xr_auth auth)
{
    const bool offers[XR_AUTH_COUNT] = {
        [XR_AUTH_BASIC] = challenge->basic,
        [XR_AUTH_NTLM] = challenge->ntlm,
        [XR_AUTH_NEGOTIATE] = challenge->negotiate,
        [XR_AUTH_OAUTH] = challenge->bearer,
    };

    return offers[auth];
}

static bool usable(const struct xr_ctx *ctx, enum xr_auth auth)
{
    if (auth == XR_AUTH_NEGOTIATE)
        return ctx->kerberos != NULL;
    if (auth == XR_AUTH_OAUTH)
        return xr_secret_given(ctx->token);
    return xr_secret_given(ctx->password);
}

static const char *usable_text(const struct xr_ctx *ctx, struct xr_arena *arena)
{
    const char *text = "";

    for (const enum xr_auth *auth = ctx->target->auth; *auth; auth++)
        if (usable(ctx, *auth))
            text = xr_printf(arena, "%s%s%s", text, *text ? ", " : "", xr_auth_name(*auth));
    return *text ? text : "none of those that were asked for";
}

bool xr_may_use(const struct xr_ctx *ctx, const struct xr_challenge *challenge, enum xr_auth auth)
{
    const enum xr_auth *wanted = ctx->target->auth;

    while (*wanted && *wanted != auth)
        wanted++;
    return *wanted && offered(challenge, auth) && usable(ctx, auth);
}

bool xr_auth_is_by_password(enum xr_auth auth)
{
    return auth == XR_AUTH_BASIC || auth == XR_AUTH_NTLM;
}

static enum xr_auth first_usable(
    const struct xr_ctx *ctx, const struct xr_challenge *challenge, const enum xr_auth *from)
{
    for (; *from; from++)
        if (offered(challenge, *from) && usable(ctx, *from))
            return *from;
    return XR_AUTH_NONE;
}

enum xr_auth xr_next_auth(
    const struct xr_ctx *ctx, const struct xr_challenge *challenge, enum xr_auth behind)
{
    const enum xr_auth *at = ctx->target->auth;

    while (*at && *at != behind)
        at++;
    return *at ? first_usable(ctx, challenge, at + 1) : XR_AUTH_NONE;
}

static bool is_only(const struct xr_ctx *ctx, enum xr_auth auth)
{
    return ctx->target->auth[0] == auth && !ctx->target->auth[1];
}

static void no_scheme(
    const struct xr_ctx *ctx, struct xr_step *step, const struct xr_challenge *challenge)
{
    if (is_only(ctx, XR_AUTH_BASIC))
        (void)xr_error(step, XR_FINDING_LOGON_BASIC_UNAVAILABLE,
            "Basic authentication is asked for, but the server offers %s only.",
            challenge->schemes);
    else if (is_only(ctx, XR_AUTH_NEGOTIATE) && challenge->negotiate)
        (void)xr_error(step, XR_FINDING_LOGON_KERBEROS_NO_TICKET,
            "Negotiate is asked for, but there is neither a ticket nor a keytab nor a password.");
    else
        (void)xr_error(step, XR_FINDING_LOGON_SCHEME_NOT_OFFERED,
            "The server offers %s; usable here would be %s.", challenge->schemes,
            usable_text(ctx, step->arena));
}

enum xr_auth xr_choose_auth(
    const struct xr_ctx *ctx, struct xr_step *step, const struct xr_challenge *challenge)
{
    if (!challenge->any) {
        (void)xr_error(step, XR_FINDING_LOGON_SCHEME_NOT_OFFERED,
            "The server answers 401 without saying how to log on (no WWW-Authenticate header).");
        return XR_AUTH_NONE;
    }
    xr_step_detail(step, "Schemes offered", "%s", challenge->schemes);
    enum xr_auth auth = first_usable(ctx, challenge, ctx->target->auth);
    if (auth == XR_AUTH_NONE)
        no_scheme(ctx, step, challenge);
    return auth;
}

bool xr_shows_secret(const struct xr_ctx *ctx, const char *text)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_scrubber *scrubber = xr_scrubber_new(ctx->target->account, ctx->password);
    char *copy = xr_strdup(arena, text);

    xr_scrubber_also(scrubber, NULL, ctx->token);
    xr_scrub(scrubber, copy, strlen(copy));
    bool shows = strcmp(copy, text) != 0;
    xr_scrubber_free(scrubber);
    xr_arena_free(arena);
    return shows;
}

bool xr_is_refusal(const struct xr_http_response *response)
{
    return response->status == 401 || response->status == 456 || response->status == 457;
}

bool xr_is_clear(const struct xr_http_response *response)
{
    bool page = xr_is_login_page(response);
    bool redirected = xr_is_redirect(response) && !page;

    return (response->status == 200 && !page) || response->status == 404 || redirected ||
           xr_is_refusal(response) || xr_is_from_exchange(response);
}
