#ifndef XR_LINT_H
#define XR_LINT_H

#include "analyzer/model/check.h"
#include "analyzer/org/access.h"

/*
 * What is wrong with a configuration, told before any traffic: account form,
 * URL shape, http, account and password against Microsoft 365, missing values,
 * overrides that contradict, addresses outside of the organisation's domains
 * (what lies below one of them is inside; without domains nothing is outside).
 * A secret that is left from a former access type is never sent: a warning.
 * (Duplicate addresses cannot be stored; import tells of them.)
 */

/* NULL: nothing to remark. field of the remarks: as xr_field_name() says, or "access_type",
 * "email", "folder", "domain". */
struct xr_remark *xr_lint_org(struct xr_arena *arena, const struct xr_org *org);
/* Of the user's own values and of what results from both; the organisation's own are not judged
 * again. What is missing is told with the command that sets it. */
struct xr_remark *xr_lint_user(
    struct xr_arena *arena, const struct xr_org *org, const struct xr_user *user);

#endif
