#ifndef XR_IMPORT_SOURCE_H
#define XR_IMPORT_SOURCE_H

#include "analyzer/org/transfer.h"

/* A file that can be read several times. */
struct xr_source {
    FILE *in;
    const char *name;           /* for sentences */
    bool json;                  /* its first character that is no space is [ or { */
    int64_t size_, changed_ns_; /* when it was opened */
};

/* path "-": the standard input. A pipe is first copied into a file without a name. */
const struct xr_transfer_err *xr_source_open(
    struct xr_arena *arena, const char *path, struct xr_source *ret);
void xr_source_close(struct xr_source *source);

/* To its beginning. */
void xr_source_rewind(const struct xr_source *source);
/* Why reading it failed, or that somebody wrote to it since it was opened; NULL: neither. */
const struct xr_transfer_err *xr_source_err(struct xr_arena *arena, const struct xr_source *source);

#endif
