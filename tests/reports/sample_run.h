#ifndef XR_SAMPLE_RUN_H
#define XR_SAMPLE_RUN_H

#include <stdbool.h>

#include "analyzer/model/run.h"

/*
 * Runs as probes would leave them, made by hand. All in the arena.
 * broken: the service account may log on but not impersonate.
 * healthy: every step passed.
 * hostile: the broken run, but each string that a server, a resolver or a user
 * can choose is an attack on the report, different each time.
 */
struct xr_run *sample_broken(struct xr_arena *arena);
struct xr_run *sample_healthy(struct xr_arena *arena);
struct xr_run *sample_hostile(struct xr_arena *arena);

/* What the hostile strings are made of; ends with NULL. */
extern const char *const sample_attacks[];

#endif
