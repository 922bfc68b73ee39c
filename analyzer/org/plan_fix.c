/* What to do after a check, cause by cause: the frame. What is done for a cause: plan_fix_causes.c.
 */
#include "analyzer/org/plan_fix.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"

static const char script_head[] =
    "#Requires -Version 3.0\n"
    "# What to do after a check. Written by exray setup-plan --fix.\n"
    "# Read it before you run it: it adds users to the group, nothing else. What is left to be\n"
    "# decided stands here as comments. -WhatIf shows what would be done.\n"
    "\n"
    "[CmdletBinding(SupportsShouldProcess = $true)]\n"
    "param(\n";

static const char script_values[] = "\n)\n"
                                    "\n"
                                    "$ErrorActionPreference = 'Stop'\n"
                                    "$dryRun = [bool] $WhatIfPreference\n"
                                    "\n";

/* ---- writing ---- */

void xr_fix_heading(const struct xr_plan_fixing *fixing, int level, const char *text)
{
    static const char marks[] = "######";

    if (fixing->script) {
        (void)fprintf(fixing->out, "\n# ---- %s ----\n", xr_visible(fixing->arena, text));
        return;
    }
    (void)fprintf(fixing->out, "%.*s ", level, marks);
    xr_plan_prose(fixing->out, xr_visible(fixing->arena, text));
    (void)fputs("\n\n", fixing->out);
}

void xr_fix_text(const struct xr_plan_fixing *fixing, const char *text)
{
    const char *line = xr_visible(fixing->arena, text);

    if (fixing->script) {
        (void)fprintf(fixing->out, "# %s\n", line);
        return;
    }
    xr_plan_prose(fixing->out, line);
    (void)fputs("\n\n", fixing->out);
}

void xr_fix_begin(const struct xr_plan_fixing *fixing, enum xr_shell shell)
{
    const char *title = xr_shell_title(shell);

    if (fixing->script)
        (void)fprintf(fixing->out, "#   %s:\n", title ? title : "Command");
    else
        (void)fprintf(fixing->out, "```%s\n", shell == XR_SHELL_SH ? "sh" : "powershell");
}

void xr_fix_command(const struct xr_plan_fixing *fixing, const char *command)
{
    for (const char *line = command; *line;) {
        int length = (int)strcspn(line, "\n");
        (void)fprintf(fixing->out, "%s%.*s\n", fixing->script ? "#     " : "", length, line);
        line += length;
        line += *line == '\n';
    }
}

void xr_fix_end(const struct xr_plan_fixing *fixing)
{
    (void)fputs(fixing->script ? "" : "```\n\n", fixing->out);
}

/* ---- the whole ---- */

struct ranked {
    enum xr_finding_code code;
    enum xr_status status;
    int64_t users;
};

/* Errors first, then what most users share, then as the catalogue has it. */
static int by_weight(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->status != y->status)
        return x->status > y->status ? -1 : 1;
    if (x->users != y->users)
        return x->users > y->users ? -1 : 1;
    return x->code < y->code ? -1 : 1;
}

static size_t rank_causes(const struct xr_plan_report *report, struct ranked ret[XR_FINDING_COUNT])
{
    size_t n = 0;

    for (enum xr_finding_code code = 0; code < XR_FINDING_COUNT; code++)
        if (report->causes[code].users)
            ret[n++] =
                (struct ranked){ code, xr_finding_kind(code)->status, report->causes[code].users };
    qsort(ret, n, sizeof(*ret), by_weight);
    return n;
}

static void write_script_head(const struct xr_plan_fixing *fixing)
{
    const struct xr_plan *plan = fixing->plan;
    bool hybrid = plan->has_side[XR_PLAN_ON_PREMISES] && plan->has_side[XR_PLAN_ONLINE];
    enum xr_plan_side side =
        plan->has_side[XR_PLAN_ON_PREMISES] ? XR_PLAN_ON_PREMISES : XR_PLAN_ONLINE;
    struct xr_plan_words words;

    xr_plan_words(fixing->arena, plan, side, &words);
    (void)fprintf(fixing->out, "%s%s", xr_plan_bom, script_head);
    xr_plan_fill(fixing->out, hybrid ? xr_plan_both_parts_ps1 : xr_plan_one_part_ps1, &words);
    (void)fputs(script_values, fixing->out);
    for (const char *const *function = xr_plan_member_ps1; *function; function++)
        xr_plan_fill(fixing->out, *function, &words);
}

static void write_unknown(const struct xr_plan_fixing *fixing)
{
    if (fixing->report->unknown)
        xr_fix_text(fixing,
            xr_printf(fixing->arena, "With findings that this version (%s) does not know: %s.",
                EXRAY_VERSION, xr_plan_count(fixing->arena, fixing->report->unknown)));
}

static void write_again(const struct xr_plan_fixing *fixing)
{
    const struct xr_plan_option options[] = { { NULL, fixing->plan->org->name }, { NULL, NULL } };

    xr_fix_heading(fixing, 2, "Then check again");
    xr_fix_text(
        fixing, "Changes in Exchange take minutes, at most some hours, to reach every server.");
    xr_fix_begin(fixing, XR_SHELL_SH);
    xr_fix_command(
        fixing, xr_plan_exray(fixing->arena, fixing->plan, "check --only-failed", options));
    xr_fix_end(fixing);
}

static void write_all(const struct xr_plan_fixing *fixing)
{
    struct ranked causes[XR_FINDING_COUNT];
    size_t n = rank_causes(fixing->report, causes);
    const char *name = fixing->plan->org->name;

    if (fixing->script)
        write_script_head(fixing);
    xr_fix_heading(
        fixing, 1, xr_printf(fixing->arena, "After the check of the organisation %s", name));
    xr_fix_text(
        fixing, n ? xr_printf(fixing->arena, "%s in the report; causes that are to be mended: %zu.",
                        xr_plan_count(fixing->arena, fixing->report->users), n)
                  : xr_printf(fixing->arena, "%s in the report, and nothing is to be mended.",
                        xr_plan_count(fixing->arena, fixing->report->users)));
    write_unknown(fixing);
    for (size_t i = 0; i < n; i++)
        xr_fix_cause(fixing, causes[i].code);
    if (n)
        write_again(fixing);
}

const struct xr_plan_err *xr_plan_fix(struct xr_store *store, struct xr_arena *arena,
    const struct xr_plan *plan, const char *report_path, enum xr_plan_format format, FILE *out)
{
    struct xr_plan_report report;
    struct xr_plan_fixing fixing = { arena, plan, &report, out, format == XR_PLAN_PS1 };
    const struct xr_plan_err *err = xr_plan_read_report(store, arena, plan, report_path, &report);

    if (!err)
        write_all(&fixing);
    return err;
}
