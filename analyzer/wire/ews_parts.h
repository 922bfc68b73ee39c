#ifndef XR_EWS_PARTS_H
#define XR_EWS_PARTS_H

#include "analyzer/wire/ews.h"
#include "analyzer/wire/xml.h"

/* What the files of wire/ews share. */

/* A whole number of at most "most"; -1: the text is none. */
int64_t xr_ews_number(const char *text, int64_t most);

/* What the answer carries beside its outcome. message: its response message, which may be the
 * answer itself. */
void xr_ews_payload(struct xr_arena *arena, const char *operation, const struct xr_node *answer,
    const struct xr_node *message, struct xr_ews_reply *reply);

#endif
