#ifndef XR_PLAN_FIX_H
#define XR_PLAN_FIX_H

#include "analyzer/org/plan_text.h"

/* What the parts of `setup-plan --fix` share; not for others. */
struct xr_plan_fixing {
    struct xr_arena *arena;
    const struct xr_plan *plan;
    const struct xr_plan_report *report;
    FILE *out;
    bool script; /* PowerShell, where all but the adding of members is a comment; else Markdown */
};

void xr_fix_heading(const struct xr_plan_fixing *fixing, int level, const char *text);
void xr_fix_text(const struct xr_plan_fixing *fixing, const char *text);
/* Commands stand between the two. */
void xr_fix_begin(const struct xr_plan_fixing *fixing, enum xr_shell shell);
void xr_fix_command(const struct xr_plan_fixing *fixing, const char *command);
void xr_fix_end(const struct xr_plan_fixing *fixing);

/* What is to be done for one cause. */
void xr_fix_cause(const struct xr_plan_fixing *fixing, enum xr_finding_code code);

#endif
