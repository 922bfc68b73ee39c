#include "analyzer/wire/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"

enum { URL_MAX = 2048 };

static void handle_done(CURLU **handle)
{
    curl_url_cleanup(*handle);
}

#define xr_auto_url __attribute__((cleanup(handle_done))) CURLU

static const char *part(struct xr_arena *arena, CURLU *handle, CURLUPart which)
{
    unsigned flags = which == CURLUPART_URL ? CURLU_NO_DEFAULT_PORT : CURLU_DEFAULT_PORT;
    char *text = NULL;

    if (curl_url_get(handle, which, &text, flags))
        return NULL;
    const char *copy = xr_strdup(arena, text);
    curl_free(text);
    return copy;
}

static const char *character_flaw(const char *text)
{
    if (strlen(text) > URL_MAX)
        return "it is longer than 2048 characters";
    for (const char *at = text; *at;) {
        uint32_t code = xr_utf8_next(&at);
        if (code == ' ' || code == '\\' || xr_is_invisible(code))
            return "it has a space, a backslash or an invisible character";
    }
    return NULL;
}

/* "127.1": libcurl, and others, would take it for 127.0.0.1 (WHATWG URL, "ends in a number"). */
static bool is_half_a_number(const char *host)
{
    const char *last = strrchr(host, '.');
    struct in_addr unused;

    last = last ? last + 1 : host;
    bool number = strspn(last, "0123456789") == strlen(last) ||
                  (!strncasecmp(last, "0x", 2) &&
                      strspn(last + 2, "0123456789abcdefABCDEF") == strlen(last + 2));
    return !strchr(host, ':') && number && inet_pton(AF_INET, host, &unused) != 1;
}

static const char *take_apart(struct xr_arena *arena, CURLU *handle, struct xr_url *ret)
{
    const char *scheme = part(arena, handle, CURLUPART_SCHEME), *why = NULL;
    const char *host = part(arena, handle, CURLUPART_HOST);
    const char *query = part(arena, handle, CURLUPART_QUERY);
    const char *path = part(arena, handle, CURLUPART_PATH);

    if (!xr_same(scheme, "https") && !xr_same(scheme, "http"))
        return "it is neither https nor http";
    if (part(arena, handle, CURLUPART_USER) || part(arena, handle, CURLUPART_PASSWORD))
        return "it has a user name in it; credentials do not belong into an address";
    if (!host || !path)
        return "it has no host";
    if (host[0] == '[')
        host = xr_strndup(arena, host + 1, strlen(host) - 2);
    host = xr_host_ascii(arena, host, &why);
    if (!host)
        return xr_printf(arena, "its host name is not valid: %s", why);
    if (is_half_a_number(host))
        return "its host looks like an IPv4 address and is none";
    /* libcurl would convert the name by the character set of the locale, and fail in C's. */
    if (!strchr(host, ':'))
        (void)curl_url_set(handle, CURLUPART_HOST, host, 0);
    const char *port = part(arena, handle, CURLUPART_PORT);
    *ret = (struct xr_url){
        .text = part(arena, handle, CURLUPART_URL),
        .host = host,
        .path = query ? xr_printf(arena, "%s?%s", path, query) : path,
        .port = (uint16_t)strtoul(port ? port : "0", NULL, 10),
        .https = xr_same(scheme, "https"),
    };
    return NULL;
}

const char *xr_url_parse(struct xr_arena *arena, const char *text, struct xr_url *ret)
{
    xr_auto_url *handle = curl_url();
    const char *why = character_flaw(text);

    if (why)
        return why;
    const char *host = strstr(text, "://");
    if (!host || host[3] == '/') /* libcurl takes the next segment for the host, as browsers do */
        return "it does not begin with https:// and a host";
    CURLUcode code = curl_url_set(handle, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code)
        return xr_printf(arena, "%s", curl_url_strerror(code));
    return take_apart(arena, handle, ret);
}

const char *xr_url_resolve(
    struct xr_arena *arena, const struct xr_url *base, const char *reference, struct xr_url *ret)
{
    xr_auto_url *handle = curl_url();
    const char *why = character_flaw(reference);

    if (why)
        return why;
    CURLUcode code = curl_url_set(handle, CURLUPART_URL, base->text, 0);
    if (!code)
        code = curl_url_set(handle, CURLUPART_URL, reference, CURLU_NON_SUPPORT_SCHEME);
    if (code)
        return xr_printf(arena, "%s", curl_url_strerror(code));
    return take_apart(arena, handle, ret);
}
