#ifndef XR_ICMP_H
#define XR_ICMP_H

#include <stdbool.h>

#include "analyzer/base/err.h"

/*
 * What routers and firewalls say about a connection that is being opened. errno alone mixes a
 * machine that is switched off up with a firewall that forbids; the message itself tells them apart
 * and names its sender. Kernels before 6.0 don't hand it out: then errno must do.
 */
void xr_icmp_listen(int fd, int family, bool on);

/* The message that ended this connection; NULL: there is none. */
const struct xr_err *xr_icmp_err(struct xr_arena *arena, int fd);

#endif
