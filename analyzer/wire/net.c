#include "analyzer/wire/net.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"

/* Takes one part up to the next colon, minding [IPv6]. Moves *at behind the colon; NULL: no more.
 */
static const char *take_part(struct xr_arena *arena, const char **at)
{
    const char *from = *at;

    if (!from)
        return NULL;
    if (*from == '[') {
        const char *close = strchr(from, ']');
        if (!close || (close[1] && close[1] != ':'))
            return NULL;
        *at = close[1] ? close + 2 : NULL;
        return xr_strndup(arena, from + 1, (size_t)(close - from - 1));
    }
    size_t length = strcspn(from, ":");
    *at = from[length] ? from + length + 1 : NULL;
    return xr_strndup(arena, from, length);
}

/* "" is 0. */
static bool parse_port(const char *text, uint16_t *ret)
{
    char *end;

    if (!text)
        return false;
    if (!*text) {
        *ret = 0;
        return true;
    }
    long port = strtol(text, &end, 10);
    if (*end || port < 1 || port > 65535)
        return false;
    *ret = (uint16_t)port;
    return true;
}

static const char *const *split_addresses(struct xr_arena *arena, const char *text)
{
    size_t n = 1;

    for (const char *at = text; *at; at++)
        n += *at == ',';
    const char **list = xr_new_n(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        unsigned char bytes[16];
        size_t length = strcspn(text, ",");
        bool bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
        list[i] = xr_strndup(arena, text + bracketed, length - 2 * bracketed);
        if (inet_pton(AF_INET, list[i], bytes) != 1 && inet_pton(AF_INET6, list[i], bytes) != 1)
            return NULL;
        text += length + (text[length] == ',');
    }
    return list;
}

const char *xr_dns_server_flaw(struct xr_arena *arena, const char *text)
{
    unsigned char bytes[16];
    const char *at = text, *address = take_part(arena, &at);
    uint16_t port;

    if (!address)
        return "it is not ADDR or ADDR:PORT";
    if (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) != 1)
        return "it is not an IP address (IPv6 in brackets)";
    return at && (!parse_port(at, &port) || !port) ? "the port is not a number from 1 to 65535"
                                                   : NULL;
}

const char *xr_net_add_resolve(struct xr_arena *arena, struct xr_net *net, const char *text)
{
    struct xr_resolve *resolve = xr_new(arena, struct xr_resolve);
    const char *at = text;

    resolve->host = take_part(arena, &at);
    if (!resolve->host || !*resolve->host || !at)
        return "it is not HOST:PORT:ADDRESS";
    if (!parse_port(take_part(arena, &at), &resolve->port) || !resolve->port)
        return "the port is not a number from 1 to 65535";
    resolve->addresses = at ? split_addresses(arena, at) : NULL;
    if (!resolve->addresses)
        return "what stands behind the port is not a list of IP addresses";
    resolve->next = net->resolves;
    net->resolves = resolve;
    return NULL;
}

const char *xr_net_add_connect_to(struct xr_arena *arena, struct xr_net *net, const char *text)
{
    struct xr_connect_to *rule = xr_new(arena, struct xr_connect_to);
    const char *at = text;

    rule->host = take_part(arena, &at);
    const char *port = take_part(arena, &at);
    rule->to_host = take_part(arena, &at);
    const char *to_port = take_part(arena, &at);
    if (!rule->host || !rule->to_host || !to_port || at)
        return "it is not HOST1:PORT1:HOST2:PORT2";
    if (!parse_port(port, &rule->port) || !parse_port(to_port, &rule->to_port))
        return "a port is not a number from 1 to 65535";
    struct xr_connect_to **end = &net->connect_to;
    while (*end)
        end = &(*end)->next;
    *end = rule;
    return NULL;
}

struct xr_route xr_net_route(const struct xr_net *net, const char *host, uint16_t port)
{
    for (const struct xr_connect_to *rule = net->connect_to; rule; rule = rule->next) {
        if (*rule->host && !xr_same(rule->host, host))
            continue;
        if (rule->port && rule->port != port)
            continue;
        return (struct xr_route){ *rule->to_host ? rule->to_host : host,
            rule->to_port ? rule->to_port : port };
    }
    return (struct xr_route){ host, port };
}

const char *const *xr_net_resolved(const struct xr_net *net, const char *host, uint16_t port)
{
    for (const struct xr_resolve *resolve = net->resolves; resolve; resolve = resolve->next)
        if (resolve->port == port && xr_same(resolve->host, host))
            return resolve->addresses;
    return NULL;
}

const char *xr_bracketed(struct xr_arena *arena, const char *address)
{
    return strchr(address, ':') ? xr_printf(arena, "[%s]", address) : address;
}
