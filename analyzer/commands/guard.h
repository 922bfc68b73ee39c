#ifndef XR_GUARD_H
#define XR_GUARD_H

#include "analyzer/commands/options.h"
#include "analyzer/commands/stored.h"

/* What a command must not overwrite by mistake. */

/* 0, or XR_EXIT_USAGE after telling: one of the paths is the store, a file that belongs to it, or
 * its key, under whatever name. "-" and NULL are fine. */
int xr_guard_output(const struct xr_stored *stored, const char *path);
int xr_guard_outputs(const struct xr_stored *stored, const struct xr_list *paths);

#endif
