/*
 * exray setup-plan ORG: what the administrator of Exchange has to do, from the
 * organisation's own values; with --fix, what to do after a check.
 */
#include "analyzer/org/setup_plan.h"

#include <stddef.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/form.h"
#include "analyzer/commands/option_rows.h"
#include "analyzer/commands/output.h"

struct plan_form {
    struct xr_form form; /* first, so that its option rows fit */
    const char *fix, *output;
};

#define AT(field) offsetof(struct plan_form, field)

/* clang-format off: a row a line */
static const struct xr_option what[] = {
    TEXT("format", "NAME", "ps1, the script, or md, the checklist (default)", form.format),
    TEXT("fix", "REPORT.json", "the commands for the causes that a check found (exray.check/1)",
        fix),
    TEXT("output", "F", "write this file (default: '-', stdout)", output),
    { "help", 'h', NULL, "this text", XR_OPTION_FLAG, AT(form.help), 0, 0 },
    END,
};

static const struct xr_option_group options[] = {
    { "What is written", what },
    { "Store", xr_form_store },
    { NULL, NULL },
};
/* clang-format on */

/* What is being written. */
struct work {
    struct xr_stored *stored;
    const struct plan_form *form;
    struct xr_plan plan;
    enum xr_plan_format format;
};

static int failed(const struct xr_plan_err *err)
{
    static const enum xr_exit codes[] = {
        [XR_PLAN_VALUE] = XR_EXIT_CONFIG,
        [XR_PLAN_STORE] = XR_EXIT_CONFIG,
        [XR_PLAN_REPORT] = XR_EXIT_INPUT,
    };

    return err->store ? xr_stored_error(err->store)
                      : xr_failed((int)codes[err->fault], "%s", err->text);
}

static int write_plan(FILE *out, void *arg)
{
    const struct work *work = arg;
    struct xr_store *store = work->stored->store;
    struct xr_arena *arena = work->stored->arena;
    const char *report = work->form->fix;
    const struct xr_plan_err *err =
        report ? xr_plan_fix(store, arena, &work->plan, report, work->format, out)
               : xr_plan_write(store, arena, &work->plan, work->format, out);

    return err ? failed(err) : 0;
}

static int help(void)
{
    (void)puts("exray setup-plan ORG [options] - what the administrator of Exchange has to do\n\n"
               "  exray setup-plan Contoso > contoso.md\n"
               "  exray setup-plan Contoso --format ps1 --output contoso.ps1\n"
               "  exray setup-plan Contoso --fix check.json\n\n"
               "Service account, group of all users, management scope and role, for the mailboxes\n"
               "on premises and in Exchange Online. Nothing is sent and nothing is changed.");
    xr_options_help(options);
    return XR_EXIT_OK;
}

static int plan_for(struct work *work, const char *name)
{
    struct xr_arena *arena = work->stored->arena;
    const struct xr_stored_options *at = &work->form->form.stored;
    struct xr_org org;
    int code = xr_stored_open(work->stored, arena, at);

    if (!code)
        code = xr_stored_org(work->stored, name, &org);
    if (code)
        return code;
    const struct xr_plan_err *err =
        xr_plan_make(work->stored->store, arena, &org, at->store, &work->plan);
    if (err)
        return failed(err);
    return xr_write_file(work->form->output ? work->form->output : "-", write_plan, work);
}

int xr_command_setup_plan(int argc, char **argv)
{
    struct plan_form form = { 0 };
    struct xr_stored stored = { 0 };
    struct work work = { &stored, &form, { 0 }, XR_PLAN_MD };
    int rest = 0;
    int code = xr_options_parse(options, argc, argv, &form, &rest);

    if (code)
        return code;
    if (form.form.help)
        return help();
    if (argc - rest != 1)
        return xr_usage_error("exray setup-plan takes the name of one organisation");
    if (form.form.format && !xr_plan_format_by_name(form.form.format, &work.format))
        return xr_usage_error("--format takes ps1 or md, not '%s'", form.form.format);
    stored.arena = xr_arena_new();
    code = plan_for(&work, argv[rest]);
    struct xr_arena *arena = stored.arena;
    xr_stored_done(&stored);
    xr_arena_free(arena);
    return code;
}
