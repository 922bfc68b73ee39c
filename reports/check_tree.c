#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "reports/check.h"
#include "reports/check_words.h"
#include "reports/wrap.h"

enum { WIDTH = 100, LABEL = 16, HEAD = 11, COUNT = 9, GROUPS_MAX = 10 };

static const struct {
    const char *icon, *word, *color;
} LOOKS[XR_STATUS_COUNT] = {
    [XR_SKIPPED] = { "○", "Skipped", "\x1b[2m" },
    [XR_SUCCESS] = { "✔", "Passed", "\x1b[32m" },
    [XR_WARNING] = { "▲", "Warning", "\x1b[33m" },
    [XR_ERROR] = { "✖", "Failed", "\x1b[31m" },
};

static const char BOLD[] = "\x1b[1m", PLAIN[] = "\x1b[0m";

struct terminal {
    FILE *out;
    struct xr_arena *arena;
    bool color, verbose;
};

static void paint(const struct terminal *to, const char *code)
{
    if (to->color)
        (void)fputs(code, to->out);
}

/* The cursor is at the indentation already. */
static void put_hanging(const struct terminal *to, const char *text, int indent)
{
    const char *line = xr_wrapped(to->arena, xr_visible(to->arena, text), WIDTH - indent);

    for (;;) {
        size_t length = strcspn(line, "\n");
        (void)fprintf(to->out, "%.*s\n", (int)length, line);
        if (!line[length])
            return;
        line += length + 1;
        (void)fprintf(to->out, "%*s", indent, "");
    }
}

static void put_indented(const struct terminal *to, const char *text, int indent)
{
    if (!text)
        return;
    (void)fprintf(to->out, "%*s", indent, "");
    put_hanging(to, text, indent);
}

static void put_status(const struct terminal *to, enum xr_status status)
{
    paint(to, LOOKS[status].color);
    (void)fprintf(to->out, "%s %-7s", LOOKS[status].icon, LOOKS[status].word);
    paint(to, PLAIN);
    (void)fputs("  ", to->out);
}

static void put_title(const struct terminal *to, const char *title)
{
    paint(to, BOLD);
    (void)fprintf(to->out, "\n  %s\n", title);
    paint(to, PLAIN);
}

static void put_labelled(const struct terminal *to, const char *label, const char *text)
{
    paint(to, BOLD);
    (void)fprintf(to->out, "  %-*s", LABEL - 2, label);
    paint(to, PLAIN);
    put_hanging(to, text, LABEL);
}

/* A command is printed as it is to be typed: never wrapped, only made harmless. */
static void put_command(const struct terminal *to, const char *command, int indent)
{
    while (command && *command) {
        size_t length = strcspn(command, "\n");
        (void)fprintf(to->out, "%*s%s\n", indent, "",
            xr_visible(to->arena, xr_strndup(to->arena, command, length)));
        command += length + (command[length] == '\n');
    }
}

static void put_headline(const struct terminal *to, const struct xr_check *check)
{
    const char *unfinished = xr_check_unfinished(check);

    (void)fputc('\n', to->out);
    put_status(to, xr_check_status(check));
    paint(to, BOLD);
    put_hanging(to, xr_check_headline(check), HEAD);
    paint(to, PLAIN);
    if (unfinished) {
        put_status(to, XR_WARNING);
        put_hanging(to, xr_printf(to->arena, "UNFINISHED. %s", unfinished), HEAD);
    }
}

static void put_remarks(const struct terminal *to, const struct xr_remark *remark)
{
    if (remark)
        put_title(to, "Settings of the organisation");
    for (; remark; remark = remark->next) {
        (void)fputs("  ", to->out);
        put_status(to, remark->status);
        put_hanging(to,
            xr_printf(to->arena, "[%s] %s", xr_finding_kind(remark->code)->id, remark->message),
            HEAD + 2);
    }
}

static void put_causes(const struct terminal *to, const struct xr_check *check)
{
    if (check->cause_count)
        put_title(to, "   Users  Status     Cause");
    for (size_t i = 0; i < check->cause_count; i++) {
        const struct xr_check_cause *cause = &check->causes[i];
        struct xr_check_told told = xr_check_told(check, cause);
        (void)fprintf(to->out, "  %*s  ", COUNT - 1, xr_check_number(to->arena, cause->users));
        put_status(to, cause->status);
        put_hanging(to, xr_printf(to->arena, "[%s] %s", told.id, told.title), COUNT + HEAD + 3);
    }
}

static void put_advice(
    const struct terminal *to, const struct xr_advice *advice, int indent, bool whole)
{
    put_hanging(to, advice->text, indent);
    if (!whole)
        return;
    if (advice->command && advice->shell)
        put_indented(to, xr_printf(to->arena, "%s:", advice->shell), indent);
    put_command(to, advice->command, indent + 2);
    put_indented(to, advice->expect, indent);
}

/* The commands of one user's repair are many lines: they come with -v, or with exray explain. */
static void put_fix(
    const struct terminal *to, const struct xr_check *check, const struct xr_check_cause *cause)
{
    struct xr_check_told told = xr_check_told(check, cause);
    int number = 1;

    (void)fputs(cause > check->causes ? "\n" : "", to->out);
    paint(to, BOLD);
    put_indented(to,
        xr_printf(to->arena, "%s: %s. Who must act: %s", told.id,
            xr_check_users(to->arena, cause->users), told.owner_title),
        2);
    paint(to, PLAIN);
    if (told.bulk.text) {
        (void)fprintf(to->out, "%4s", "");
        put_advice(to, &told.bulk, 4, true);
    }
    for (const struct xr_advice *advice = told.remedy; advice->text; advice++, number++) {
        (void)fprintf(to->out, "%5d. ", number);
        put_advice(to, advice, 7, to->verbose);
    }
}

static void put_fixes(const struct terminal *to, const struct xr_check *check)
{
    if (!check->cause_count)
        return;
    put_title(to, "What to do, once for each cause");
    for (size_t i = 0; i < check->cause_count; i++)
        put_fix(to, check, &check->causes[i]);
    if (!to->verbose)
        put_indented(to,
            xr_printf(to->arena, "The commands of these steps: exray explain %s, or -v here.",
                xr_finding_kind(check->causes[0].code)->id),
            2);
}

static const char *date_of(struct xr_arena *arena, int64_t wall_ms)
{
    return xr_strndup(arena, xr_rfc3339(arena, wall_ms), strlen("2026-11-21"));
}

static void put_group(const struct terminal *to, const struct xr_check_group *group, bool first)
{
    const char *parts[] = { group->ews_url ? group->ews_url : "no EWS address known",
        group->server_product ? group->server_product : group->server_version, group->auth_scheme,
        group->certificate_expires_ms ? xr_printf(to->arena, "certificate until %s",
                                            date_of(to->arena, group->certificate_expires_ms))
                                      : NULL,
        xr_check_users(to->arena, group->users), group->message };
    const char *line = group->account ? group->account : "account not known";

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (parts[i])
            line = xr_printf(to->arena, "%s%s%s", line, i ? ", " : " at ", parts[i]);
    put_labelled(to, first ? "Checked once" : "", line);
}

static void put_groups(const struct terminal *to, const struct xr_check *check)
{
    const struct xr_check_group *group = check->groups;
    int shown = 0, more = 0;

    for (; group && (shown < GROUPS_MAX || to->verbose); group = group->next)
        put_group(to, group, !shown++);
    for (; group; group = group->next)
        more++;
    if (more)
        put_labelled(
            to, "", xr_printf(to->arena, "and %d more accounts and hosts (-v lists them)", more));
}

static void put_counts(const struct terminal *to, const struct xr_check *check)
{
    const int64_t *summary = check->summary;

    (void)fputc('\n', to->out);
    put_labelled(to, "Users",
        xr_printf(to->arena, "%s failed, %s with a warning, %s passed, %s skipped, of %s",
            xr_check_number(to->arena, summary[XR_ERROR]),
            xr_check_number(to->arena, summary[XR_WARNING]),
            xr_check_number(to->arena, summary[XR_SUCCESS]),
            xr_check_number(to->arena, summary[XR_SKIPPED]),
            xr_check_number(to->arena, check->selected)));
    put_labelled(to, "Run",
        xr_printf(to->arena, "%s, %s, %d at a time, %s requests, asked to wait: %s",
            xr_check_duration(to->arena, check->elapsed_us), xr_check_rate(check), check->jobs,
            xr_check_number(to->arena, check->requests),
            xr_check_number(to->arena, check->back_offs)));
}

static void put_next(const struct terminal *to, const struct xr_check *check)
{
    bool unfinished = xr_check_done(check) < check->selected && !xr_check_is_refused(check);
    const char *go_on = unfinished ? xr_check_command(check, "--resume") : NULL;
    const char *again = check->summary[XR_ERROR] ? xr_check_command(check, "--only-failed") : NULL;

    if (!go_on && !again)
        return;
    put_title(to, "What next");
    if (go_on)
        put_indented(to, "Check the users without a result:", 4);
    put_command(to, go_on, 6);
    if (again)
        put_indented(to, "After the repair, check again those that failed:", 4);
    put_command(to, again, 6);
}

void xr_check_summary(FILE *out, const struct xr_check *check, const struct xr_style *style)
{
    struct terminal to = {
        .out = out, .arena = xr_arena_new(), .color = style->color, .verbose = style->verbose > 0
    };

    put_headline(&to, check);
    if (style->verbose >= 0) {
        put_indented(&to, xr_check_lead(check), HEAD);
        put_remarks(&to, check->remarks);
        put_causes(&to, check);
        put_fixes(&to, check);
        put_counts(&to, check);
        put_groups(&to, check);
        put_next(&to, check);
    }
    xr_arena_free(to.arena);
}
