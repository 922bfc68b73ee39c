#include "analyzer/wire/capture.h"

#include <stdbool.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/http.h"
#include "analyzer/wire/http_blob.h"

struct xr_header *xr_capture_header(struct xr_arena *arena, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);

    if (!colon || colon == line)
        return NULL;
    struct xr_header *header = xr_new(arena, struct xr_header);
    size_t left = (size_t)(line + length - colon - 1);
    header->name = xr_utf8(arena, line, (size_t)(colon - line));
    header->value = xr_trimmed(arena, xr_utf8(arena, colon + 1, left));
    return header;
}

void xr_header_add(struct xr_header **list, struct xr_header *header)
{
    while (*list)
        list = &(*list)->next;
    *list = header;
}

enum { VALUE_MAX = 8 * 1024, REDACTED_MAX = 16 * XR_HTTP_HEADERS_MAX };

/* Shown whole. Everything else is shown by name alone. */
static const char *const shown[] = { "Accept", "Accept-Encoding", "Age", "Allow", "Cache-Control",
    "client-request-id", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Date",
    "Expect", "Host", "jsonerror", "Keep-Alive", "Location", "MS-Diagnostics-Public",
    "Persistent-Auth", "Pragma", "request-id", "Restrict-Access-Confirm", "Retry-After",
    "return-client-request-id", "Server", "SOAPAction", "Transfer-Encoding", "User-Agent", "Vary",
    "Via", "X-AnchorMailbox", "X-AspNet-Version", "X-AutoDiscovery-Error", "X-BackEndHttpStatus",
    "X-BEServer", "X-CalculatedBETarget", "X-CalculatedFETarget", "X-CasErrorCode", "X-DiagInfo",
    "X-EWS-Policy-Reason", "X-FEEFZInfo", "X-FEProxyInfo", "X-FEServer", "X-FirstHopCafeEFZ",
    "X-MS-Diagnostics", "X-OAuth-Enabled", "X-OWA-Version", "X-Powered-By",
    "X-Proxy-BackendServerStatus", "X-Proxy-RoutingCorrectness", "X-RUM-Validated",
    "X-SOAP-Enabled", "X-TargetBEServer", "X-WSSecurity-Enabled", NULL };

static bool is_shown(const char *name)
{
    for (const char *const *at = shown; *at; at++)
        if (xr_same(*at, name))
            return true;
    return false;
}

static const char *first_word(struct xr_arena *arena, const char *text)
{
    return xr_strndup(arena, text, strcspn(text, " ,=;"));
}

/* A challenge is shown, the blob behind NTLM and Negotiate is not: it names internal hosts. */
static const char *redacted_blobs(struct xr_arena *arena, const char *value, const char *scheme)
{
    xr_auto_buf done;
    const char *blob;
    size_t length;

    xr_buf_init(&done, REDACTED_MAX);
    for (; !done.overflow && (blob = xr_http_blob(value, scheme, &length)); value = blob + length) {
        (void)xr_buf_add(&done, value, (size_t)(blob - value));
        (void)xr_buf_printf(&done, "[message of %zu characters]", length);
    }
    (void)xr_buf_puts(&done, value);
    return xr_strndup(arena, done.at, done.length);
}

static const char *redacted_challenge(struct xr_arena *arena, const char *value)
{
    return redacted_blobs(arena, redacted_blobs(arena, value, "NTLM"), "Negotiate");
}

static const char *redacted_value(struct xr_arena *arena, const struct xr_header *header)
{
    if (xr_same(header->name, "Authorization") || xr_same(header->name, "Proxy-Authorization"))
        return xr_printf(arena, "%s [redacted]", first_word(arena, header->value));
    if (xr_same(header->name, "WWW-Authenticate"))
        return redacted_challenge(arena, header->value);
    if (xr_same(header->name, "Set-Cookie"))
        return xr_printf(arena, "%s=[redacted]", first_word(arena, header->value));
    return is_shown(header->name) ? header->value : "[not shown]";
}

static const char *cut_off(struct xr_arena *arena, const char *value)
{
    size_t length = strlen(value), shown_n = VALUE_MAX;

    if (length <= VALUE_MAX)
        return value;
    while ((value[shown_n] & 0xc0) == 0x80) /* inside of a character */
        shown_n--;
    return xr_printf(arena, "%.*s [cut off: %zu bytes in all]", (int)shown_n, value, length);
}

struct xr_header *xr_redacted_header(struct xr_arena *arena, const struct xr_header *header)
{
    struct xr_header *copy = xr_new(arena, struct xr_header);

    copy->name = header->name;
    copy->value = cut_off(arena, redacted_value(arena, header));
    return copy;
}
