#ifndef XR_TCP_H
#define XR_TCP_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/err.h"

/* One address to connect to, and what came of it. */
struct xr_tcp_try {
    const char *address; /* in text */
    uint16_t port;
    const struct xr_err *err; /* NULL: connected */
    int fd;                   /* non-blocking; -1 when not connected. The caller closes it. */
    int64_t elapsed_us;
};

/*
 * Connects to all of them side by side; returns when each has connected or failed. Errors, by who
 * says no: this machine (TCP_NO_ROUTE, TCP_LOCAL_RULE: native is errno), the machine itself
 * (TCP_REFUSED, TCP_RESET), a router or firewall by ICMP (TCP_UNREACHABLE, TCP_REJECTED: native is
 * -(256 * type + code), and the text names its address), nobody (TCP_TIMEOUT).
 */
void xr_tcp_connect(
    struct xr_arena *arena, struct xr_tcp_try *tries, size_t n, struct xr_deadline deadline);

/* "IPv4 works and IPv6 does not: 2001:db8::1 (no answer: ...)"; NULL: none has failed. */
const char *xr_tcp_failures(struct xr_arena *arena, const struct xr_tcp_try *tries, size_t n);

void xr_tcp_close(struct xr_tcp_try *tries, size_t n);

/* Waits until fd is ready for "events" (poll(2)). NULL: it is. "doing" names the wait in the error.
 */
xr_must_check const struct xr_err *xr_tcp_wait(struct xr_arena *arena, int fd, short events,
    struct xr_deadline deadline, enum xr_fault timeout_fault, const char *doing);

/* Asks the HTTP proxy at the other end of fd for a tunnel (RFC 9110 9.3.6). No credentials are
 * sent. */
xr_must_check const struct xr_err *xr_tcp_tunnel(
    struct xr_arena *arena, int fd, const char *host, uint16_t port, struct xr_deadline deadline);

#endif
