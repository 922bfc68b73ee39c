#ifndef XR_CAPTURE_H
#define XR_CAPTURE_H

#include <stddef.h>

#include "analyzer/base/arena.h"
#include "analyzer/base/exchange.h"

/*
 * What enters a report is decided here. Headers pass an allow-list: of others
 * only the name is shown. Of credentials the scheme stays. (What a server
 * echoes of the secret has been scrubbed before: wire/scrub.h.) No more than
 * 8 KiB of a value are shown.
 */

/* One header line "Name: value" without its line end; NULL when it is not a header line. */
struct xr_header *xr_capture_header(struct xr_arena *arena, const char *line, size_t length);

/* Adds at the end of the list. */
void xr_header_add(struct xr_header **list, struct xr_header *header);

/* The same header as a report may show it. */
struct xr_header *xr_redacted_header(struct xr_arena *arena, const struct xr_header *header);

#endif
