#ifndef XR_REPORT_H
#define XR_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "analyzer/model/run.h"

/* How a sink should look; the same for all of them. */
struct xr_style {
    bool color;  /* ANSI colours are welcome */
    int verbose; /* 0 usual, -1 quiet, 1 all details */
};

/* A sink: a pure function of a finished run. */
struct xr_report {
    const char *name, *about, *media_type;
    /* The terminal: called as each top-level step ends. NULL: only at the end. */
    void (*live)(FILE *out, const struct xr_step *step, const struct xr_style *style);
    /* The same with a line for each child, whatever came of it: for the step that a test is about,
       "autodiscover" of the test of that name. NULL where live is. */
    void (*live_whole)(FILE *out, const struct xr_step *step, const struct xr_style *style);
    void (*write)(FILE *out, const struct xr_run *run, const struct xr_style *style);
};

extern const struct xr_report *const xr_reports[]; /* ends with NULL */

const struct xr_report *xr_report_by_name(const char *name); /* NULL: unknown */

#endif
