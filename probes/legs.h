#ifndef XR_LEGS_H
#define XR_LEGS_H

#include "analyzer/wire/challenge.h"
#include "analyzer/wire/dns.h"
#include "analyzer/wire/tcp.h"
#include "probes/probe.h"

/*
 * What repeats below every Autodiscover method and the EWS endpoint: resolve,
 * connect, agree on TLS, ask. Each function adds one child step to leg->step.
 * A leg has an arena and a tree of its own, so that several run side by side.
 */
struct xr_leg {
    const struct xr_ctx *ctx;
    struct xr_arena *arena;
    struct xr_step *step; /* the parent of the children */
    const char *host;
    uint16_t port;
    bool ignore_trust; /* what applies to this host */
    struct xr_dns_hosts names;
    struct xr_tcp_try tries[XR_DNS_ADDRESSES_MAX];
    size_t tries_n;
    const char
        *address; /* in use: the first that connected (dns, tcp), then the first that may carry */
    struct xr_tls_session session; /* of that address */
    int fd;             /* the open connection to it, for the first request; -1: none is kept */
    int64_t connect_ms; /* to connect, if that is less than the step may take; 0: it is not */
    bool keeps;         /* the connection that showed that the address accepts some */
    const struct xr_http_gate *gate;   /* of requests; NULL: none */
    bool proved;                       /* the last request took a credential along */
    const struct xr_http_logon *logon; /* what the last one by NTLM or Negotiate learned, or NULL */
    bool from_exchange; /* some answer came from Exchange, or from a Windows that may be its own */
    struct xr_attempt *attempt; /* the refusals to be judged by who made it; NULL: each is final */
    const struct xr_tls_session *seen; /* the last request's; until the next one */
    struct xr_http *http;
    struct xr_step *request; /* the child of all requests */
    int64_t requests;        /* sent so far */
    struct xr_sent *sent, *last_sent;
};

void xr_leg_init(struct xr_leg *leg, const struct xr_ctx *ctx, struct xr_arena *arena,
    struct xr_step *step, const char *host, uint16_t port);
void xr_leg_done(struct xr_leg *leg);

/* false: the child's verdict is error, and nothing further can be done. */
bool xr_leg_dns(struct xr_leg *leg);
bool xr_leg_tcp(struct xr_leg *leg);
bool xr_leg_tls(struct xr_leg *leg);

/* The child "tls" of a handshake that was made elsewhere: by the first request. */
void xr_leg_tell_tls(
    struct xr_leg *leg, struct xr_step *step, const struct xr_tls_session *session);
/* A child of the leg's step that is not attached yet. */
struct xr_step *xr_leg_step(struct xr_leg *leg, const char *suffix);

/* Adds the children that will not run, each naming "because" (a child's suffix, "dns") as its
 * blocker. */
void xr_leg_skip(struct xr_leg *leg, const char *const *suffixes, const char *because);

/* The title of a child by its suffix: one word list for every leg. */
const char *xr_leg_title(const char *suffix);

/* Resolves and connects without steps of its own: for endpoint, which draws them its own way. */
const struct xr_err *xr_leg_resolve(struct xr_leg *leg);
void xr_leg_connect(struct xr_leg *leg);
void xr_leg_detail_names(struct xr_leg *leg, struct xr_step *step);

/* Who is resolved and connected to, as messages name it: the host, or "the proxy proxy.test:3128".
 */
const char *xr_leg_peer(const struct xr_leg *leg);
/* The host of that, for xr_step.host; of the proxy, its own name. */
const char *xr_leg_peer_host(const struct xr_leg *leg);

/* A connected fd to one address, through the proxy's tunnel if there is one; the caller closes it.
 * -1: *ret_err says why. */
int xr_leg_connect_one(
    struct xr_leg *leg, struct xr_arena *arena, const char *address, const struct xr_err **ret_err);

/* One handshake with one address. The connection is closed afterwards. */
xr_must_check const struct xr_err *xr_leg_handshake(
    struct xr_leg *leg, struct xr_arena *arena, const char *address, struct xr_tls_session *ret);

/* Notes a receiver; the same receiver, content and protection are noted once. All but questions to
 * name servers go through the proxy, if there is one: then that is told too. */
void xr_leg_sent(struct xr_leg *leg, const char *to, const char *what, const char *credentials,
    const char *protected_by);
void xr_run_add_sent(struct xr_run *run, const struct xr_sent *sent);

/* "mail.contoso.test (192.0.2.1) port 443" */
const char *xr_receiver(
    struct xr_arena *arena, const char *host, const char *address, uint16_t port);

#endif
