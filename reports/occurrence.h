#ifndef XR_OCCURRENCE_H
#define XR_OCCURRENCE_H

#include "analyzer/model/run.h"

/* A finding, and the step that it stands under. */
struct xr_occurrence {
    const struct xr_finding *finding;
    const struct xr_step *step;
};

/* What the verdict rests on; finding NULL: the run has no such finding (success). */
struct xr_occurrence xr_verdict_occurrence(const struct xr_run *run);

enum { XR_ALSO_MAX = 12 };

/*
 * Warnings and errors that are not the verdict's finding: each kind once, at
 * most XR_ALSO_MAX. A step that is worse than its parent is an alternative
 * (another discovery method, a second address): what it found does not count,
 * its parent has judged it. Returns how many.
 */
size_t xr_verdict_also(const struct xr_run *run, struct xr_occurrence ret[XR_ALSO_MAX]);

/*
 * A text that the administrator who must act can be sent: what fails, for whom,
 * since when, what is in order, what to do. NULL when nobody else must act.
 */
const char *xr_verdict_ticket(const struct xr_run *run);

#endif
