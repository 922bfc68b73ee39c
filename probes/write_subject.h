#ifndef XR_WRITE_SUBJECT_H
#define XR_WRITE_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/base/arena.h"

/* How the subject of every item begins that exray writes. */
#define XR_WRITE_SUBJECT "exray test item "

/*
 * Where an item comes from, as its subject tells. "machine" is a number for
 * what shares its process ids: it names nobody, and a restart changes it.
 */
struct xr_write_origin {
    int64_t wall_ms;
    uint32_t machine;
    int pid;
};

/* "exray test item 2026-11-22T10:30:00.000Z 1a2b3c4d-12345-9f8e7d6c": time, machine, process, and
 * a number by chance. Never the same twice. */
const char *xr_write_subject(struct xr_arena *arena);

/* Exactly of that form? What a user named "exray test item list" is not ours to delete. */
bool xr_write_origin_of(const char *subject, struct xr_write_origin *ret);

/* The test that wrote it has ended: its process is gone, or it is older than an hour, whoever wrote
 * it. Else it may be the item of a test that runs now. */
bool xr_write_is_over(const struct xr_write_origin *origin);

#endif
