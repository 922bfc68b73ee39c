#ifndef XR_TRANSFERRING_H
#define XR_TRANSFERRING_H

#include <stdio.h>

#include "analyzer/commands/verb.h"
#include "analyzer/org/transfer.h"

/* What imports and exports of organisations and users share. */

/* Tells the errors and warnings of an import, "FILE:LINE: field: text" on stderr. err: as the
 * import returned it. 0, or the exit code. */
int xr_transferring_import(
    const char *path, const struct xr_import *import, const struct xr_transfer_err *err);
/* The exit code of an export to "out", told. */
int xr_transferring_export(const struct xr_transfer_err *err, const FILE *out);
/* "3 users: 1 added, 1 changed, 1 unchanged" */
const char *xr_transferring_sum(struct xr_arena *arena, const struct xr_import *import);

#endif
