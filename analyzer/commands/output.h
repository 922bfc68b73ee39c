#ifndef XR_OUTPUT_H
#define XR_OUTPUT_H

#include "reports/report.h"

/*
 * Writes a report: "-" is stdout; else a temporary file beside the target,
 * mode 0600, synced and renamed, so that a reader sees the old report or the
 * new one. A symbolic link at the place is replaced, never followed; what is
 * no regular file is refused. 0, or an exit code after telling why on stderr.
 */
int xr_output(const struct xr_report *report, const struct xr_run *run, const char *path);

#endif
