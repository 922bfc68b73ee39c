#ifndef XR_SETUP_PLAN_H
#define XR_SETUP_PLAN_H

#include <stdio.h>

#include "analyzer/org/store.h"

/*
 * Stage I (FEATURES 1.B) as a script and a checklist, from the organisation's
 * own values. Every value is quoted for PowerShell; one that cannot be is told
 * and the script refused.
 */
enum xr_plan_format {
    XR_PLAN_PS1, /* the script, for people to read and to run */
    XR_PLAN_MD,  /* the checklist */
};

struct xr_plan {
    const struct xr_org *org;
    int64_t on_premises, online; /* enabled users by where their mailbox is; both: hybrid */
    const char *group_alias, *group_name, *scope_name,
        *account_name; /* RIAG, RIapplicationGroup, ... */
};

/* Counts the users and fills the names. Streams; memory stays flat. */
xr_must_check const struct xr_store_err *xr_plan_make(
    struct xr_store *store, struct xr_arena *arena, const struct xr_org *org, struct xr_plan *ret);

/* NULL: written. Else why not, a phrase: a value has a control character. Members are written one
 * a line in the order of their addresses. */
xr_must_check const char *xr_plan_write(struct xr_store *store, struct xr_arena *arena,
    const struct xr_plan *plan, enum xr_plan_format format, FILE *out);

/* The commands for the causes that a check found, grouped: from a file of exray.check/1. NULL:
 * written. Else why not. */
xr_must_check const char *xr_plan_fix(struct xr_arena *arena, const struct xr_plan *plan,
    const char *report_path, enum xr_plan_format format, FILE *out);

#endif
