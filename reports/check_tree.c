#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "reports/check.h"
#include "reports/check_words.h"
#include "reports/terminal.h"

enum { LABEL_WIDTH = 16, COUNT_WIDTH = 9, GROUPS_MAX = 10 };

static void put_title(const struct xr_terminal *to, const char *title)
{
    xr_paint(to, XR_BOLD);
    (void)fprintf(to->out, "\n  %s\n", title);
    xr_paint(to, XR_PLAIN);
}

static void put_headline(const struct xr_terminal *to, const struct xr_check *check)
{
    const char *unfinished = xr_check_unfinished(check);

    (void)fputc('\n', to->out);
    xr_put_status(to, xr_check_status(check), false);
    xr_paint(to, XR_BOLD);
    xr_put_hanging(to, xr_check_headline(check), XR_STATUS_WIDTH);
    xr_paint(to, XR_PLAIN);
    if (unfinished) {
        xr_put_status(to, XR_WARNING, false);
        xr_put_hanging(to, xr_printf(to->arena, "UNFINISHED. %s", unfinished), XR_STATUS_WIDTH);
    }
    if (!xr_check_is_trust_ignored(check))
        return;
    xr_put_status(to, XR_WARNING, false);
    xr_put_hanging(to,
        "CERTIFICATE TRUST WAS IGNORED in this check (--ignore-trust): whoever sits between could "
        "have read what was sent.",
        XR_STATUS_WIDTH);
}

static void put_remarks(const struct xr_terminal *to, const struct xr_remark *remark)
{
    if (remark)
        put_title(to, "Settings of the organisation");
    for (; remark; remark = remark->next) {
        (void)fputs("  ", to->out);
        xr_put_status(to, remark->status, false);
        xr_put_hanging(to,
            xr_printf(to->arena, "[%s] %s", xr_finding_kind(remark->code)->id, remark->message),
            XR_STATUS_WIDTH + 2);
    }
}

static void put_causes(const struct xr_terminal *to, const struct xr_check *check)
{
    if (check->cause_count)
        put_title(to, "   Users  Status     Cause");
    for (size_t i = 0; i < check->cause_count; i++) {
        const struct xr_check_cause *cause = &check->causes[i];
        struct xr_check_told told = xr_check_told(check, cause);
        (void)fprintf(
            to->out, "  %*s  ", COUNT_WIDTH - 1, xr_check_number(to->arena, cause->users));
        xr_put_status(to, cause->status, false);
        xr_put_hanging(to, xr_printf(to->arena, "[%s] %s", told.id, told.title),
            COUNT_WIDTH + XR_STATUS_WIDTH + 3);
    }
}

static void put_advice(
    const struct xr_terminal *to, const struct xr_advice *advice, int indent, bool whole)
{
    xr_put_hanging(to, advice->text, indent);
    if (whole)
        xr_put_how(to, advice, indent);
}

/* The commands of one user's repair are many lines: they come with -v, or with exray explain. */
static void put_fix(
    const struct xr_terminal *to, const struct xr_check *check, const struct xr_check_cause *cause)
{
    struct xr_check_told told = xr_check_told(check, cause);
    int number = 1;

    (void)fputs(cause > check->causes ? "\n" : "", to->out);
    xr_paint(to, XR_BOLD);
    xr_put_indented(to,
        xr_printf(to->arena, "%s: %s. Who must act: %s", told.id,
            xr_check_users(to->arena, cause->users), told.owner_title),
        2);
    xr_paint(to, XR_PLAIN);
    if (told.bulk.text) {
        (void)fprintf(to->out, "%4s", "");
        put_advice(to, &told.bulk, 4, true);
    }
    for (const struct xr_advice *advice = told.remedy; advice->text; advice++, number++) {
        (void)fprintf(to->out, "%5d. ", number);
        put_advice(to, advice, 7, to->style->verbose > 0);
    }
}

static void put_fixes(const struct xr_terminal *to, const struct xr_check *check)
{
    if (!check->cause_count)
        return;
    put_title(to, "What to do, once for each cause");
    for (size_t i = 0; i < check->cause_count; i++)
        put_fix(to, check, &check->causes[i]);
    if (to->style->verbose <= 0)
        xr_put_indented(to,
            xr_printf(to->arena, "The commands of these steps: exray explain %s%s.",
                xr_finding_kind(check->causes[0].code)->id, check->candidate ? "" : ", or -v here"),
            2);
}

static const char *date_of(struct xr_arena *arena, int64_t wall_ms)
{
    return xr_strndup(arena, xr_rfc3339(arena, wall_ms), strlen("2026-11-21"));
}

/* What is to be known about all users of the group. */
static void put_found(const struct xr_terminal *to, const struct xr_check_group *group)
{
    enum xr_finding_code code;
    const char *said = group->message ? group->message : "";

    if (!group->finding)
        return;
    if (xr_finding_by_id(group->finding, &code))
        said = xr_printf(to->arena, "[%s] %s", xr_finding_kind(code)->id, said);
    (void)fprintf(to->out, "%*s", LABEL_WIDTH, "");
    xr_put_status(to, group->status, false);
    xr_put_hanging(to, said, LABEL_WIDTH + XR_STATUS_WIDTH);
}

static void put_group(const struct xr_terminal *to, const struct xr_check_group *group, bool first)
{
    bool told = group->finding != NULL; /* the message has a line of its own */
    const char *parts[] = { group->ews_url ? NULL : "EWS address not found",
        group->server_product ? group->server_product : group->server_version, group->auth_scheme,
        group->certificate_expires_ms ? xr_printf(to->arena, "certificate until %s",
                                            date_of(to->arena, group->certificate_expires_ms))
                                      : NULL,
        xr_check_users(to->arena, group->users), told ? NULL : group->message };
    const char *line = group->account ? group->account : "account not known";

    if (group->ews_url)
        line = xr_printf(to->arena, "%s at %s", line, group->ews_url);
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (parts[i])
            line = xr_printf(to->arena, "%s, %s", line, parts[i]);
    xr_put_labelled(to, first ? "Checked once" : "", line);
    put_found(to, group);
}

static void put_groups(const struct xr_terminal *to, const struct xr_check *check)
{
    const struct xr_check_group *group = check->groups;
    int shown = 0, more = 0;

    for (; group && (shown < GROUPS_MAX || to->style->verbose > 0); group = group->next)
        put_group(to, group, !shown++);
    for (; group; group = group->next)
        more++;
    if (more)
        xr_put_labelled(to, "",
            xr_printf(
                to->arena, "and %d more such group%s (-v lists all)", more, more == 1 ? "" : "s"));
}

static void put_run(const struct xr_terminal *to, const struct xr_check *check)
{
    const char *rate = xr_check_rate(check);

    xr_put_labelled(to, "Run",
        xr_printf(to->arena, "%s%s%s, %d at a time, %s request%s, asked to wait: %s",
            xr_check_duration(to->arena, check->elapsed_us), rate ? ", " : "", rate ? rate : "",
            check->jobs, xr_check_number(to->arena, check->requests),
            check->requests == 1 ? "" : "s", xr_check_number(to->arena, check->back_offs)));
}

static void put_counts(const struct xr_terminal *to, const struct xr_check *check)
{
    const int64_t *summary = check->summary;

    (void)fputc('\n', to->out);
    xr_put_labelled(to, "Users",
        xr_printf(to->arena, "%s failed, %s with a warning, %s passed, %s skipped, of %s",
            xr_check_number(to->arena, summary[XR_ERROR]),
            xr_check_number(to->arena, summary[XR_WARNING]),
            xr_check_number(to->arena, summary[XR_SUCCESS]),
            xr_check_number(to->arena, summary[XR_SKIPPED]),
            xr_check_number(to->arena, check->selected)));
    put_run(to, check);
}

/* Addresses are not for a terminal: there may be thousands of them. */
static void put_which(const struct xr_terminal *to, const struct xr_check *check)
{
    if (check->csv) {
        xr_put_indented(
            to, xr_printf(to->arena, "Which users: %s has a line for each.", check->csv), 4);
        return;
    }
    xr_put_indented(
        to, "Which users failed (with --csv F, a check writes a line for each user):", 4);
    xr_put_command(to, xr_check_list_command(check), 6);
}

static void put_command(const struct xr_terminal *to, const char *text, const char *command)
{
    if (!command)
        return;
    xr_put_indented(to, text, 4);
    xr_put_command(to, command, 6);
}

static void put_next(const struct xr_terminal *to, const struct xr_check *check)
{
    bool open = xr_check_is_open(check), failed = check->summary[XR_ERROR] > 0;

    if (!open && !failed)
        return;
    if (!check->candidate && !xr_check_list_command(check)) /* nothing of it can be typed */
        return;
    put_title(to, "What next");
    if (check->candidate) {
        xr_put_indented(
            to, "Nothing was saved. Correct the values, and run the same command again.", 4);
        return;
    }
    if (failed)
        put_which(to, check);
    if (open)
        put_command(to, "Check the users without a result:", xr_check_command(check, "--resume"));
    if (failed)
        put_command(to, "After the repair, check again those that failed:",
            xr_check_command(check, "--only-failed"));
}

void xr_check_summary(FILE *out, const struct xr_check *check, const struct xr_style *style)
{
    struct xr_terminal to = {
        .out = out, .arena = xr_arena_new(), .style = style, .label_width = LABEL_WIDTH
    };

    put_headline(&to, check);
    if (style->verbose >= 0) {
        xr_put_indented(&to, xr_check_lead(check), XR_STATUS_WIDTH);
        put_remarks(&to, check->remarks);
        put_causes(&to, check);
        put_fixes(&to, check);
        put_counts(&to, check);
        put_groups(&to, check);
        put_next(&to, check);
    }
    xr_arena_free(to.arena);
}
