#ifndef XR_TREE_H
#define XR_TREE_H

#include "reports/report.h"

/*
 * For a terminal. live() prints a top-level step when it has ended, write() the
 * verdict alone: who has no live run (a saved report) calls live() for each
 * step first. No control character of a server reaches the terminal.
 */
extern const struct xr_report xr_report_tree;

#endif
