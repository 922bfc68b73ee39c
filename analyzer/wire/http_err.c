#include "analyzer/wire/http_err.h"

#include <errno.h>
#include <string.h>

#include "analyzer/wire/http.h"

const struct xr_err *xr_http_time_err(
    struct xr_arena *arena, enum xr_time_state state, bool answered)
{
    if (state == XR_TIME_CANCELLED)
        return xr_err(arena, XR_FAULT_LOCAL_CANCELLED, 0, "cancelled");
    if (state == XR_TIME_RUN_PASSED)
        return xr_err(arena, XR_FAULT_LOCAL_TIMEOUT, 0, "the time limit of the run passed");
    return xr_err(arena, XR_FAULT_HTTP_TIMEOUT, 0, "%s",
        answered ? "the answer did not come to its end in time" : "no answer came in time");
}

const struct xr_err *xr_http_lost_err(struct xr_arena *arena, bool credentials)
{
    return xr_err(arena, XR_FAULT_HTTP_BROKEN, 0, "%s",
        credentials
            ? "the server closed the connection on the credentials, which are not sent twice"
            : "the server closed the connection on a request that changes something, which is not "
              "sent twice");
}

const struct xr_err *xr_http_unclear_err(struct xr_arena *arena)
{
    return xr_err(arena, XR_FAULT_HTTP_BROKEN, 0,
        "the credentials went out once without a clear answer, and are not sent twice");
}

const struct xr_err *xr_http_large_err(struct xr_arena *arena, bool headers)
{
    if (headers)
        return xr_err(arena, XR_FAULT_HTTP_TOO_LARGE, 0,
            "the answer has more than %d lines or %d bytes of headers", XR_HTTP_HEADER_LINES_MAX,
            XR_HTTP_HEADERS_MAX);
    return xr_err(
        arena, XR_FAULT_HTTP_TOO_LARGE, 0, "the answer has more than %d bytes", XR_HTTP_BODY_MAX);
}

const struct xr_err *xr_http_untrusted_err(
    struct xr_arena *arena, const struct xr_tls_session *session, bool ignore_trust)
{
    const struct xr_tls_flaw *flaw = session ? session->flaws : NULL;

    while (flaw && (xr_flaw_is_mild(flaw->flaw) || (ignore_trust && xr_flaw_is_trust(flaw->flaw))))
        flaw = flaw->next;
    return xr_err(arena, XR_FAULT_TLS_UNTRUSTED, flaw ? (int)flaw->flaw : XR_FLAW_UNTRUSTED_ROOT,
        "nothing was sent over this connection: %s",
        flaw ? flaw->text : "its certificate was not judged");
}

const struct xr_err *xr_http_curl_err(struct xr_arena *arena, CURL *easy, CURLcode code)
{
    static const struct {
        CURLcode code;
        enum xr_fault fault;
    } rows[] = {
        { CURLE_COULDNT_CONNECT, XR_FAULT_TCP_REFUSED },
        { CURLE_COULDNT_RESOLVE_PROXY, XR_FAULT_PROXY },
        { CURLE_COULDNT_RESOLVE_HOST, XR_FAULT_DNS_NAME_NOT_FOUND },
        { CURLE_PROXY, XR_FAULT_PROXY },
        { CURLE_SSL_CONNECT_ERROR, XR_FAULT_TLS_HANDSHAKE },
        { CURLE_OPERATION_TIMEDOUT, XR_FAULT_HTTP_TIMEOUT },
    };
    long os_errno = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_errno);
    if (code == CURLE_COULDNT_CONNECT && os_errno != ECONNREFUSED)
        return xr_err(
            arena, XR_FAULT_TCP_UNREACHABLE, (int)os_errno, "%s", strerrordesc_np((int)os_errno));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].code == code)
            return xr_err(arena, rows[i].fault, (int)code, "%s", curl_easy_strerror(code));
    return xr_err(arena, XR_FAULT_HTTP_BROKEN, (int)code, "the answer broke off or is not HTTP: %s",
        curl_easy_strerror(code));
}
