#ifndef XR_VERDICT_H
#define XR_VERDICT_H

#include "analyzer/model/run.h"

/*
 * Fills run->verdict and run->summary from the steps (CONTRACT section 8): the
 * first top-level step with the worst status; within it the finding that caused
 * that status, first in order, the step's own before its children's.
 */
void xr_verdict(struct xr_run *run);

#endif
