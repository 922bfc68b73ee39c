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
        .secret = by_token ? ctx->token : ctx->password,
        .also_hide = by_token ? ctx->password : ctx->token,
        .ignore_trust = leg->ignore_trust,
        .gate = leg->gate,
        .fd = leg->keeps ? &leg->fd : NULL,
        .repeated = ctx->repeated,
    };

    if (!leg->http)
        leg->http = xr_http_new(ctx->net);
    const struct xr_err *err =
        xr_http_perform(leg->http, leg->arena, &request, ctx->deadline, &trace, ret);
    leg->requests++;
    leg->seen = trace.session;
    leg->proved = trace.proved;
    if (trace.exchange)
        xr_step_exchange(step, trace.exchange);
    if (trace.sent)
        xr_leg_sent(leg, xr_receiver(leg->arena, leg->host, leg->address, leg->port),
            question->what, trace.ntlm_unanswered ? "none" : credentials_text(question->auth),
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

/* libcurl turns each byte into one character of UTF-16: beyond ASCII the proof would be wrong, and
 * the right password count as a failed logon. */
static bool fits_ntlm(const struct xr_ctx *ctx)
{
    for (const char *at = ctx->target->account; *at; at++)
        if ((unsigned char)*at > 0x7f)
            return false;
    return xr_secret_is_ascii(ctx->password);
}

static bool usable(const struct xr_ctx *ctx, enum xr_auth auth)
{
    if (auth == XR_AUTH_NEGOTIATE)
        return ctx->have_ticket;
    if (auth == XR_AUTH_OAUTH)
        return xr_secret_given(ctx->token);
    return xr_secret_given(ctx->password) && (auth != XR_AUTH_NTLM || fits_ntlm(ctx));
}

static const char *usable_text(const struct xr_ctx *ctx, struct xr_arena *arena)
{
    const char *text = "";

    for (const enum xr_auth *auth = ctx->target->auth; *auth; auth++)
        if (usable(ctx, *auth))
            text = xr_printf(arena, "%s%s%s", text, *text ? ", " : "", xr_auth_name(*auth));
    return *text ? text : "none of those that were asked for";
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
    if (challenge->ntlm && !fits_ntlm(ctx))
        xr_step_detail(
            step, "NTLM", "not used: this version sends account and password in ASCII only");
    for (const enum xr_auth *auth = ctx->target->auth; *auth; auth++)
        if (offered(challenge, *auth) && usable(ctx, *auth))
            return *auth;
    bool only_basic = ctx->target->auth[0] == XR_AUTH_BASIC && !ctx->target->auth[1];
    if (only_basic)
        (void)xr_error(step, XR_FINDING_LOGON_BASIC_UNAVAILABLE,
            "Basic authentication is asked for, but the server offers %s only.",
            challenge->schemes);
    else
        (void)xr_error(step, XR_FINDING_LOGON_SCHEME_NOT_OFFERED,
            "The server offers %s; usable here would be %s.", challenge->schemes,
            usable_text(ctx, step->arena));
    return XR_AUTH_NONE;
}

static const char extended_protection_cause[] =
    "The server refused the credentials. Most often the account name or the password is wrong. "
    "Open is Extended Protection: exray sends no channel binding yet, so a server that demands one "
    "(the default of Exchange 2019 CU14 and later may be set to Required) refuses the right "
    "password "
    "too. Event 4625 on the server tells them apart: status 0xC000006D is a wrong password, "
    "0xC000035B is a missing channel binding.";

static enum xr_status refused_credentials(
    struct xr_ctx *ctx, struct xr_step *step, enum xr_auth auth)
{
    enum xr_status status = xr_error(step, XR_FINDING_LOGON_REJECTED,
        "The server refused the credentials of %s (%s).", ctx->target->account, xr_auth_name(auth));

    if (auth == XR_AUTH_NTLM || auth == XR_AUTH_NEGOTIATE)
        step->last_finding->cause = extended_protection_cause;
    return status;
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

enum xr_status xr_refused(struct xr_ctx *ctx, struct xr_step *step, enum xr_auth auth,
    const struct xr_http_response *response)
{
    if (response->status != 401) {
        if (!ctx->gate_closed_by)
            ctx->gate_closed_by = step->id;
        return xr_answer_error(step, "The server", response);
    }
    xr_step_decisive(step, "401");
    if (response->ntlm_unanswered)
        return xr_error(step, XR_FINDING_LOGON_SCHEME_NOT_OFFERED,
            "The server offers NTLM, but does not answer the first NTLM message with a challenge.");
    if (!ctx->gate_closed_by)
        ctx->gate_closed_by = step->id;
    if (auth == XR_AUTH_OAUTH)
        return xr_error(step, XR_FINDING_LOGON_TOKEN_REJECTED, "The server refused the token.");
    if (xr_contains(response->body, "locked out"))
        return xr_error(step, XR_FINDING_LOGON_LOCKED_OUT,
            "The server says that the account %s is locked out.", ctx->target->account);
    return refused_credentials(ctx, step, auth);
}
