#ifndef XR_OUTPUT_H
#define XR_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "reports/report.h"

/*
 * Writes a file: "-" is stdout; else a temporary file beside the target,
 * mode 0600, synced and renamed, so that a reader sees the old file or the
 * new one. A symbolic link at the place is replaced, never followed; what is
 * no regular file is refused. "write" returns 0, or an exit code after telling
 * why on stderr: then the old file stays. 0, or an exit code after telling why on stderr.
 */
int xr_write_file(const char *path, int (*write)(FILE *out, void *arg), void *arg);

/* Whoever read our standard output has closed the pipe: what cannot be written there is no fault.
 */
bool xr_reader_left(void);

/* The same with a report. */
int xr_output(const struct xr_report *report, const struct xr_run *run, const char *path);

#endif
