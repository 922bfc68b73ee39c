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
 * An alternative that failed where another one did not, so that it is not what
 * the reader looks for: anything below a step that passed; a way of Autodiscover
 * also where the search ended with a warning. parent may be NULL.
 */
bool xr_is_made_up_for(const struct xr_step *parent, const struct xr_step *step);

/* Autodiscover itself, or its ways for another address: the children are ways. */
bool xr_is_search(const struct xr_step *step);

/*
 * A text that the administrator who must act can be sent: what fails, for whom,
 * since when, what is in order, what to do. NULL when nobody else must act.
 */
const char *xr_verdict_ticket(const struct xr_run *run);

#endif
