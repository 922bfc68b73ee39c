#ifndef XR_URL_H
#define XR_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/base/arena.h"

/* An absolute http or https URL (RFC 3986), taken apart by libcurl. */
struct xr_url {
    const char *text; /* normalised */
    const char *host; /* A-labels, lower case; an IPv6 address without brackets */
    const char *path; /* with the query; starts with / */
    uint16_t port;
    bool https;
};

/*
 * NULL: valid. Else why not, as a phrase. Refused besides what is malformed:
 * other schemes, user information (it would be a credential), spaces, control
 * characters.
 */
const char *xr_url_parse(struct xr_arena *arena, const char *text, struct xr_url *ret);

/* The same for a reference that stands in an answer of "base", such as Location. */
const char *xr_url_resolve(
    struct xr_arena *arena, const struct xr_url *base, const char *reference, struct xr_url *ret);

#endif
