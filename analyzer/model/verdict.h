#ifndef XR_VERDICT_H
#define XR_VERDICT_H

#include "analyzer/model/run.h"

/*
 * Fills run->verdict and run->summary from the steps (CONTRACT section 8): the
 * first top-level step with the worst status; within it the finding that caused
 * that status, first in order, the step's own before its children's. A background
 * finding (model/finding.h) counts only where no other has that status.
 */
void xr_verdict(struct xr_run *run);

/*
 * That finding and its step alone, without the texts of the verdict, among the
 * steps from "first" up to "end" (not with it; NULL: to the last). NULL: nothing
 * is wrong; *ret_step is the step with the worst status, NULL when there is none.
 */
const struct xr_finding *xr_verdict_cause(const struct xr_step *first, const struct xr_step *end,
    const struct xr_step **ret_step, const char **ret_host);

#endif
