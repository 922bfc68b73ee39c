#include "probes/answers.h"

#include <string.h>

#include "analyzer/base/text.h"
#include "probes/ask.h"

bool xr_is_from_exchange(const struct xr_http_response *response)
{
    static const char *const names[] = { "X-FEServer", "X-BEServer", "X-DiagInfo",
        "X-CalculatedBETarget", "X-TargetBEServer", "request-id", "X-OWA-Version", NULL };

    for (const char *const *name = names; *name; name++)
        if (xr_http_header(response->headers, *name))
            return true;
    return false;
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

static enum xr_finding_code finding_of_status(int status)
{
    static const struct {
        int low, high;
        enum xr_finding_code finding;
    } rows[] = {
        { 404, 405, XR_FINDING_HTTP_NOT_FOUND },
        { 407, 407, XR_FINDING_HTTP_PROXY_FAILED },
        { 410, 410, XR_FINDING_HTTP_NOT_FOUND },
        { 429, 429, XR_FINDING_EWS_THROTTLED },
        { 456, 456, XR_FINDING_LOGON_LOCKED_OUT },
        { 457, 457, XR_FINDING_LOGON_PASSWORD_EXPIRED },
        { 500, 599, XR_FINDING_HTTP_SERVER_ERROR },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (status >= rows[i].low && status <= rows[i].high)
            return rows[i].finding;
    return XR_FINDING_HTTP_UNEXPECTED_CONTENT;
}

enum xr_status xr_answer_error(
    struct xr_step *step, const char *at, const struct xr_http_response *response)
{
    const char *type = xr_http_header(response->headers, "Content-Type");

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
    return xr_error(step, finding_of_status(response->status), "%s answers %d; %s.", at,
        response->status, sender(step, response));
}
