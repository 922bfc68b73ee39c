#include "probes/answers.h"

#include <string.h>

#include "analyzer/base/text.h"
#include "probes/ask.h"

/* The driver below IIS, which answers by itself where no application does. */
static const char http_sys[] = "Microsoft-HTTPAPI";

bool xr_is_from_exchange(const struct xr_http_response *response)
{
    static const char *const names[] = { "X-FEServer", "X-BEServer", "X-DiagInfo",
        "X-CalculatedBETarget", "X-TargetBEServer", "request-id", "X-OWA-Version", NULL };

    for (const char *const *name = names; *name; name++)
        if (xr_http_header(response->headers, *name))
            return true;
    return false;
}

bool xr_may_be_from_exchange(const struct xr_http_response *response)
{
    const char *server = xr_http_header(response->headers, "Server");

    return xr_is_from_exchange(response) ||
           (server && (xr_starts(server, "Microsoft-IIS") || xr_starts(server, http_sys)));
}

/* Pre-authentication devices and sign-in services, by what their Location holds (TMG, F5, ADFS,
 * Entra, OWA). */
static bool is_login_location(const char *location)
{
    static const char *const marks[] = { "/owa/auth", "/CookieAuth.dll", "/my.policy", "/adfs/ls",
        "/adfs/oauth2", "login.microsoftonline.", "wa=wsignin", "/InternalSite/", "logon.aspx",
        "/signin", "/login", NULL };

    for (const char *const *mark = marks; location && *mark; mark++)
        if (xr_contains(location, *mark))
            return true;
    return false;
}

bool xr_is_redirect(const struct xr_http_response *response)
{
    int status = response->status;

    return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

bool xr_is_login_page(const struct xr_http_response *response)
{
    if (response->status == 440)
        return true;
    if (xr_is_redirect(response))
        return is_login_location(xr_http_header(response->headers, "Location"));
    return xr_contains(response->body, "type=\"password\"") ||
           xr_contains(response->body, "type='password'") ||
           xr_contains(response->body, "/owa/auth");
}

static const char *sender(struct xr_step *step, const struct xr_http_response *response)
{
    const char *server = xr_http_header(response->headers, "Server");

    if (xr_is_from_exchange(response))
        return "the answer comes from Exchange itself";
    return server ? xr_printf(step->arena,
                        "the answer comes from \"%s\", not recognisably from Exchange", server)
                  : "nothing in the answer shows that it comes from Exchange";
}

static enum xr_status forbidden(
    struct xr_step *step, const char *at, const struct xr_http_response *response)
{
    const char *policy = xr_http_header(response->headers, "X-EWS-Policy-Reason");

    xr_step_decisive(step, "403");
    if (xr_contains(response->body, "client certificate"))
        return xr_error(step, XR_FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED,
            "The server answers 403 and demands a client certificate.");
    if (policy)
        return xr_error(step, XR_FINDING_EWS_BLOCKED_BY_POLICY,
            "Exchange answers 403 and names a policy: %s.", policy);
    if (xr_contains(response->body, "[RAOP]"))
        return xr_error(step, XR_FINDING_EWS_BLOCKED_BY_POLICY,
            "Exchange answers 403: an application access policy blocks the request.");
    return xr_error(step, XR_FINDING_HTTP_FORBIDDEN, "%s answers 403 Forbidden; %s.", at,
        sender(step, response));
}

static enum xr_status redirected(
    struct xr_step *step, const char *at, const struct xr_http_response *response)
{
    const char *location = xr_http_header(response->headers, "Location");

    xr_step_decisive(step, location);
    return xr_error(step, XR_FINDING_HTTP_REDIRECT, "%s redirects (%d) to %s.", at,
        response->status, location ? location : "nowhere: there is no Location header");
}

/* ---- by status ---- */

enum origin { ANYBODY, EXCHANGE, NOT_EXCHANGE };

/* The first row that fits. */
struct row {
    int low, high;
    enum origin origin;
    const char *server; /* Server begins so; NULL: whatever */
    const char *body;   /* is in the body; NULL: whatever */
    enum xr_finding_code finding;
    const char *cause; /* what is known better than by the catalogue; NULL: nothing */
};

static const char invalid_host[] =
    "The web server of Windows (http.sys) has no site for this host name. Most likely the binding "
    "of the web site in IIS is limited to other names, or a load balancer passes another Host "
    "header on than the one it got.";

static const char too_long[] =
    "The headers of the request were too long for the server. With Negotiate that is the Kerberos "
    "ticket of an account that is in very many groups: raise MaxFieldLength and MaxRequestBytes of "
    "http.sys on the server (and the same limit on a device in front), or test with NTLM.";

static const char no_directory[] =
    "IIS itself answers, and nothing of Exchange is behind this path. Most likely the path of the "
    "URL is wrong, or the EWS virtual directory is missing on this server.";

static const char no_server_behind[] =
    "A reverse proxy or load balancer answers in place of Exchange, because it does not reach any "
    "server behind it, or got no answer from it in time.";

static const struct row rows[] = {
    { 400, 400, ANYBODY, NULL, "Invalid Hostname", XR_FINDING_HTTP_UNEXPECTED_CONTENT,
        invalid_host },
    { 400, 400, ANYBODY, NULL, "Request Too Long", XR_FINDING_HTTP_UNEXPECTED_CONTENT, too_long },
    { 400, 400, ANYBODY, NULL, "request headers is too long", XR_FINDING_HTTP_UNEXPECTED_CONTENT,
        too_long },
    { 404, 404, NOT_EXCHANGE, "Microsoft-IIS", NULL, XR_FINDING_HTTP_NOT_FOUND, no_directory },
    { 404, 405, ANYBODY, NULL, NULL, XR_FINDING_HTTP_NOT_FOUND, NULL },
    { 407, 407, ANYBODY, NULL, NULL, XR_FINDING_HTTP_PROXY_FAILED, NULL },
    { 410, 410, ANYBODY, NULL, NULL, XR_FINDING_HTTP_NOT_FOUND, NULL },
    { 413, 413, ANYBODY, NULL, NULL, XR_FINDING_HTTP_UNEXPECTED_CONTENT, too_long },
    { 429, 429, ANYBODY, NULL, NULL, XR_FINDING_EWS_THROTTLED, NULL },
    { 431, 431, ANYBODY, NULL, NULL, XR_FINDING_HTTP_UNEXPECTED_CONTENT, too_long },
    { 456, 456, ANYBODY, NULL, NULL, XR_FINDING_LOGON_LOCKED_OUT, NULL },
    { 457, 457, ANYBODY, NULL, NULL, XR_FINDING_LOGON_PASSWORD_EXPIRED, NULL },
    { 502, 502, NOT_EXCHANGE, NULL, NULL, XR_FINDING_HTTP_SERVER_ERROR, no_server_behind },
    { 503, 503, NOT_EXCHANGE, http_sys, NULL, XR_FINDING_HTTP_POOL_STOPPED, NULL },
    /* The page of http.sys, behind something that takes the header out. */
    { 503, 503, NOT_EXCHANGE, NULL, "HTTP Error 503. The service is unavailable",
        XR_FINDING_HTTP_POOL_STOPPED, NULL },
    { 504, 504, NOT_EXCHANGE, NULL, NULL, XR_FINDING_HTTP_SERVER_ERROR, no_server_behind },
    { 500, 599, ANYBODY, NULL, NULL, XR_FINDING_HTTP_SERVER_ERROR, NULL },
    { 0, 999, ANYBODY, NULL, NULL, XR_FINDING_HTTP_UNEXPECTED_CONTENT, NULL },
};

static bool fits(const struct row *row, const struct xr_http_response *response)
{
    const char *server = xr_http_header(response->headers, "Server");
    enum origin origin = xr_is_from_exchange(response) ? EXCHANGE : NOT_EXCHANGE;

    return response->status >= row->low && response->status <= row->high &&
           (row->origin == ANYBODY || row->origin == origin) &&
           (!row->server || (server && xr_starts(server, row->server))) &&
           (!row->body || xr_contains(response->body, row->body));
}

/* The two services run in pools of their own. */
static const char *cause_of_stop(const struct xr_step *step)
{
    const struct xr_exchange *asked = step->last_exchange;
    bool discovery = asked && xr_contains(asked->url, "/autodiscover/");

    return xr_printf(step->arena, "%s %s was asked, whose pool is %s.",
        xr_finding_kind(XR_FINDING_HTTP_POOL_STOPPED)->cause, discovery ? "Autodiscover" : "EWS",
        discovery ? "MSExchangeAutodiscoverAppPool" : "MSExchangeServicesAppPool");
}

static enum xr_status by_status(
    struct xr_step *step, const char *at, const struct xr_http_response *response)
{
    const struct row *row = rows;
    const struct row *last = rows + sizeof(rows) / sizeof(*rows) - 1;

    while (row < last && !fits(row, response))
        row++;
    enum xr_status status = xr_error(
        step, row->finding, "%s answers %d; %s.", at, response->status, sender(step, response));
    step->last_finding->cause =
        row->finding == XR_FINDING_HTTP_POOL_STOPPED ? cause_of_stop(step) : row->cause;
    return status;
}

/* ---- what headers tell beside ---- */

static const char app_password[] =
    "The account wants a second factor, which a password alone cannot give: the server asks for an "
    "app password, or better for OAuth. The account is not locked.";

/* X-AutoDiscovery-Error, "LiveIdBasicAuth:AppPasswordRequired:<RequestId=...>". */
static const struct {
    const char *text, *cause;
} live_id_errors[] = {
    { "AppPasswordRequired", app_password },
    { "FederatedSts",
        "Microsoft 365 passed the password on to the organisation's own sign-in service (AD FS), "
        "which could not be asked or refused it." },
};

static void tell_live_id(struct xr_step *step, const struct xr_http_response *response)
{
    const char *text = xr_http_header(response->headers, "X-AutoDiscovery-Error");

    if (!text || (response->status != 456 && response->status != 457))
        return;
    xr_step_decisive(step, text);
    for (size_t i = 0; i < sizeof(live_id_errors) / sizeof(*live_id_errors); i++)
        if (xr_contains(text, live_id_errors[i].text))
            step->last_finding->cause = live_id_errors[i].cause;
}

static void tell_headers(struct xr_step *step, const struct xr_http_response *response)
{
    static const struct {
        const char *header, *title;
    } told[] = {
        { "X-BackEndHttpStatus", "Status of the back end" },
        { "X-CasErrorCode", "Error of the front end" },
        { "X-AutoDiscovery-Error", "Error of the logon" },
    };

    for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
        const char *value = xr_http_header(response->headers, told[i].header);
        if (value)
            xr_step_detail(step, told[i].title, "%s", value);
    }
}

enum xr_status xr_answer_unasked(
    struct xr_step *step, const char *at, const struct xr_http_response *response)
{
    if (!xr_is_from_exchange(response))
        return xr_answer_error(step, at, response);
    xr_step_decisive(step, xr_printf(step->arena, "%d", response->status));
    (void)xr_error(step, XR_FINDING_HTTP_UNEXPECTED_CONTENT,
        "Exchange answers %d to a request without any credential, instead of asking for one.",
        response->status);
    step->last_finding->cause =
        "Most likely a load balancer or reverse proxy in front uses one connection to Exchange "
        "for several clients. Exchange binds a logon by NTLM to the connection, so that whoever "
        "comes next over it is let in as the one who logged on first: anybody may read that "
        "mailbox. Else anonymous authentication is on for the virtual directory. Let the "
        "device keep a connection of its own for each client, or pass TLS through.";
    return XR_ERROR;
}

enum xr_status xr_answer_error(
    struct xr_step *step, const char *at, const struct xr_http_response *response)
{
    const char *type = xr_http_header(response->headers, "Content-Type");

    tell_headers(step, response);
    if (xr_is_login_page(response)) {
        xr_step_decisive(step, xr_http_header(response->headers, "Location"));
        return xr_error(step, XR_FINDING_HTTP_LOGIN_PAGE,
            "%s answers with a sign-in page (status %d) instead of a challenge.", at,
            response->status);
    }
    if (xr_is_redirect(response))
        return redirected(step, at, response);
    if (response->status == 403)
        return forbidden(step, at, response);
    if (response->status == 200)
        return xr_error(step, XR_FINDING_HTTP_UNEXPECTED_CONTENT,
            "%s answers 200 with %s, %zu bytes, which is not what Exchange answers here.", at,
            type ? type : "no content type", response->body_length);
    enum xr_status status = by_status(step, at, response);
    tell_live_id(step, response);
    return status;
}
