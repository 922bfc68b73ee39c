#ifndef XR_WRITE_SUBJECT_H
#define XR_WRITE_SUBJECT_H

#include <stdbool.h>

#include "analyzer/base/arena.h"

/* How the subject of every item begins that exray writes. */
#define XR_WRITE_SUBJECT "exray test item "

/* "exray test item 2026-11-22T10:30:00.000Z 1a2b3c4d": never the same twice. */
const char *xr_write_subject(struct xr_arena *arena);

/* Exactly of that form? What a user named "exray test item list" is not ours to delete. */
bool xr_write_is_ours(const char *subject);

#endif
