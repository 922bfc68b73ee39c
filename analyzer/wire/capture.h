#ifndef XR_CAPTURE_H
#define XR_CAPTURE_H

#include <stddef.h>

#include "analyzer/base/arena.h"
#include "analyzer/base/exchange.h"
#include "analyzer/base/secret.h"

/*
 * What enters a report is decided here. Headers pass an allow-list: of others
 * only the name is shown. Of credentials the scheme stays. And whatever a
 * server echoes of the secret is scrubbed, in plain text or as it was sent.
 */

/* One header line "Name: value" without its line end; NULL when it is not a header line. */
struct xr_header *xr_capture_header(struct xr_arena *arena, const char *line, size_t length);

/* Adds at the end of the list. */
void xr_header_add(struct xr_header **list, struct xr_header *header);

/* The same header as a report may show it. */
struct xr_header *xr_redacted_header(struct xr_arena *arena, const struct xr_header *header);

/*
 * Overwrites with asterisks every occurrence of the secret: as it is, in base64 (alone, or as Basic
 * sends it behind the account), in UTF-16. When it shows only after decoding (character references,
 * percent-encoding, split by markup), all of the bytes are overwritten: where it stood is not
 * known.
 */
void xr_scrub(char *bytes, size_t length, const char *account, struct xr_secret secret);

#endif
