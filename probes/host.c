#include "probes/host.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"

enum { HTTPS_PORT = 443, PORT_DIGITS_MAX = 5 };

static const char *parse_port(const char *text, uint16_t *ret)
{
    size_t digits = strspn(text, "0123456789");
    long port = digits <= PORT_DIGITS_MAX ? strtol(text, NULL, 10) : 0;

    if (text[digits] || port < 1 || port > UINT16_MAX)
        return "what stands behind the colon is not a port from 1 to 65535";
    *ret = (uint16_t)port;
    return NULL;
}

const char *xr_host_ipv6(struct xr_arena *arena, const char *text)
{
    unsigned char bytes[16];
    char normal[INET6_ADDRSTRLEN];

    if (inet_pton(AF_INET6, text, bytes) != 1)
        return NULL;
    return xr_strdup(arena, inet_ntop(AF_INET6, bytes, normal, sizeof(normal)));
}

static const char *parse_bracketed(
    struct xr_arena *arena, const char *text, const char **ret_host, uint16_t *ret_port)
{
    const char *close = strchr(text, ']');
    const char *inside = close ? xr_strndup(arena, text + 1, (size_t)(close - text - 1)) : "";
    const char *host = xr_host_ipv6(arena, inside);

    if (!host)
        return "what stands in the brackets is not an IPv6 address";
    *ret_host = host;
    if (!close[1])
        return NULL;
    return close[1] == ':' ? parse_port(close + 2, ret_port)
                           : "only :PORT may stand behind the closing bracket";
}

/* What people write instead of a host, and what they should write. */
static const char *habit(struct xr_arena *arena, const char *text)
{
    const char *scheme = strstr(text, "://"), *from = scheme ? scheme + 3 : text;
    const char *at = strrchr(from, '@');

    from = at ? at + 1 : from;
    const char *alone = xr_strndup(arena, from, strcspn(from, "/?#"));
    if (scheme)
        return xr_printf(arena, "it is a URL; give the host alone, %s", alone);
    if (at)
        return xr_printf(arena, "it has an @ in it; give the host alone, %s", alone);
    if (strpbrk(text, "/?#"))
        return xr_printf(arena, "it has a path; give the host alone, %s", alone);
    return NULL;
}

const char *xr_host_parse(
    struct xr_arena *arena, const char *text, const char **ret_host, uint16_t *ret_port)
{
    const char *why = habit(arena, text), *colon = strchr(text, ':');

    *ret_port = HTTPS_PORT;
    if (why)
        return why;
    if (*text == '[')
        return parse_bracketed(arena, text, ret_host, ret_port);
    if (colon && strchr(colon + 1, ':'))
        return "it has more than one colon; an IPv6 address stands in brackets, "
               "[2001:db8::1] or [2001:db8::1]:443";
    *ret_host =
        xr_host_ascii(arena, colon ? xr_strndup(arena, text, (size_t)(colon - text)) : text, &why);
    if (!*ret_host)
        return why;
    return colon ? parse_port(colon + 1, ret_port) : NULL;
}

enum xr_status xr_host_refuse(struct xr_step *step, const char *text, const char *why)
{
    return xr_error(step, XR_FINDING_INPUT_HOST_INVALID, "\"%s\" is not a host to test: %s.",
        xr_excerpt(step->arena, text, XR_QUOTED_MAX), xr_excerpt(step->arena, why, XR_QUOTED_MAX));
}

/* Is what was asked for sound, before a single packet leaves? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    const char *text = ctx->target->host, *host;
    uint16_t port;
    const char *why = xr_host_parse(ctx->arena, text, &host, &port);

    if (!why)
        why = xr_url_parse(ctx->arena,
            xr_printf(ctx->arena, "https://%s:%u/", xr_bracketed(ctx->arena, host), port),
            &ctx->ews);
    if (why)
        return xr_host_refuse(step, text, why);
    host = step->host = ctx->named_host = ctx->ews.host;
    xr_step_detail(step, "Host", "%s port %u", host, port);
    if (strcmp(host, text) != 0)
        xr_step_detail(step, "As entered", "%s", text);
    if (ctx->target->ignore_trust)
        xr_step_detail(step, "Trust for SSL", "ignored on request");
    if (ctx->net->ignored_proxy)
        xr_step_detail(step, "Proxy of the environment", "%s, ignored; --proxy env uses it",
            ctx->net->ignored_proxy);
    ctx->run->facts.known |= XR_FACT_FORM | XR_FACT_EWS_URL;
    return xr_success(step, "%s, port %u.", host, port);
}

const struct xr_probe xr_probe_host = {
    .id = "input",
    .title = "Input",
    .about = "Is what was asked for sound?",
    .provides = XR_FACT_FORM | XR_FACT_EWS_URL,
    .run = run,
};
