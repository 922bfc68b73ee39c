#ifndef XR_NET_H
#define XR_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/base/err.h"

/* --resolve HOST:PORT:ADDR[,ADDR]: these addresses instead of DNS. */
struct xr_resolve {
    struct xr_resolve *next;
    const char *host;
    uint16_t port;
    const char *const *addresses; /* NULL-ended */
};

/* --connect-to HOST1:PORT1:HOST2:PORT2: connect elsewhere; name, SNI and Host header stay. */
struct xr_connect_to {
    struct xr_connect_to *next;
    const char *host;    /* "" matches every host */
    uint16_t port;       /* 0 matches every port */
    const char *to_host; /* "" keeps the host */
    uint16_t to_port;    /* 0 keeps the port */
};

struct xr_trust;

/* How this run reaches the network. Made once, constant during a run, shared by its threads. */
struct xr_net {
    const char *dns_server; /* "ADDR" or "ADDR:PORT", IPv6 in brackets; NULL: the system's */
    struct xr_resolve *resolves;
    struct xr_connect_to *connect_to;
    const struct xr_trust *trust;
    const char *proxy; /* "http://HOST:PORT"; NULL: none */
    const char
        *ignored_proxy; /* of the environment, not used, without its credentials; NULL: none */
    const char *user_agent;
    int warn_days; /* a certificate that ends earlier than this is flawed: XR_FLAW_EXPIRES_SOON */
    bool days_as_given; /* else warn_days is at most a third of the certificate's own life */
    int64_t at_ms;      /* judge dates as of this moment, since 1970; 0: now */
    bool no_revocation; /* ask nobody whether a certificate was revoked */
};

/* "ADDR" or "ADDR:PORT", IPv6 in brackets: NULL, or why it is not valid. */
const char *xr_dns_server_flaw(struct xr_arena *arena, const char *text);

/* Both add to net, and return NULL or why the text is not valid (a phrase). curl's syntax. */
const char *xr_net_add_resolve(struct xr_arena *arena, struct xr_net *net, const char *text);
const char *xr_net_add_connect_to(struct xr_arena *arena, struct xr_net *net, const char *text);

/* Where to connect for host and port, after --connect-to. */
struct xr_route {
    const char *host;
    uint16_t port;
};

struct xr_route xr_net_route(const struct xr_net *net, const char *host, uint16_t port);

/* The addresses that --resolve gives, or NULL. */
const char *const *xr_net_resolved(const struct xr_net *net, const char *host, uint16_t port);

/* "192.0.2.1" or "[2001:db8::1]", as it stands in URLs. */
const char *xr_bracketed(struct xr_arena *arena, const char *address);

#endif
