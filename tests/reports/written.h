#ifndef XR_WRITTEN_H
#define XR_WRITTEN_H

#include "reports/report.h"

/* What a sink writes for a run, as a text in the run's arena. */
const char *written(const struct xr_run *run, const char *sink, struct xr_style style);

/* The same for the live part of the terminal: every top-level step. */
const char *written_live(const struct xr_run *run, struct xr_style style);

/* true: an invisible or bidirectional character stands in it raw ("but" are allowed). */
bool has_invisible(const char *text, const char *but);

bool text_holds(const char *text, const char *part);
int text_count(const char *text, const char *part); /* how often */
/* From one part of a page to another: what stands between two marks. Fails the test without them.
 */
const char *text_between(
    struct xr_arena *arena, const char *page, const char *from, const char *to);

#endif
