#ifndef XR_PROBES_HOST_H
#define XR_PROBES_HOST_H

#include "probes/probe.h"

/*
 * "HOST" or "HOST:PORT" of the form, IPv6 in brackets. host: A-labels, lower
 * case, an IPv6 address without brackets; port: 443 unless given. NULL, or why
 * it is not valid (a phrase).
 */
const char *xr_host_parse(
    struct xr_arena *arena, const char *text, const char **ret_host, uint16_t *ret_port);

/* The address in its usual form; NULL: it is none. Where no port can follow, it needs no brackets.
 */
const char *xr_host_ipv6(struct xr_arena *arena, const char *text);

/* Tells the finding of a host that is not valid. */
enum xr_status xr_host_refuse(struct xr_step *step, const char *text, const char *why);

#endif
