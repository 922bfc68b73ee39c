#include "analyzer/commands/check_parts.h"
#include "analyzer/commands/option_rows.h"
#include "analyzer/run/bulk.h"

#define AT(field) offsetof(struct xr_check_form, field)

/* clang-format off: a row a line */
static const struct xr_option users[] = {
    LIST("user", "ADDR", "this user only (repeat for more)", user),
    FLAG("only-failed", "those whose last result is a failure", only_failed),
    NUMBER("sample", "N", "so many users, drawn at random", sample, 1, 10000000),
    FLAG("resume", "go on with the check that was interrupted: who has a result is not asked again",
        resume),
    NUMBER(
        "jobs", "N", "users at a time for one account and host (default: 4)", jobs, 1, XR_JOBS_MAX),
    FLAG("ignore-trust", "ignore trust for SSL: never name or date; loudly marked",
        form.ignore_trust),
    LIST("auth", "SCHEME", "basic, ntlm or oauth; repeat in order of preference", form.auth),
    END,
};

static const struct xr_option output[] = {
    LIST("json", "F", "write the result, exray.check/1 ('-': stdout)", form.json),
    TEXT("jsonl", "F", "a line of JSON for each user as it finishes; --resume appends", jsonl),
    LIST("csv", "F", "a line for each user, for spreadsheets ('-': stdout)", csv),
    LIST("html", "F", "write the matrix of users and steps ('-': stdout)", form.html),
    TEXT("fail-on", "warning", "exit 1 on a warning too", form.fail_on),
    { "quiet", 'q', NULL, "no summary", XR_OPTION_FLAG, AT(form.quiet), 0, 0 },
    { "verbose", 'v', NULL, "the commands of every remedy too", XR_OPTION_COUNT, AT(form.verbose),
        0, 0 },
    FLAG("no-color", "no colours (NO_COLOR is honoured too)", form.no_color),
    FLAG("no-input", "never ask", form.no_input),
    { "help", 'h', NULL, "this text", XR_OPTION_FLAG, AT(form.help), 0, 0 },
    END,
};

const struct xr_option_group xr_check_options[] = {
    { "Which users", users },
    { "Store", xr_form_store },
    { "Network", xr_form_network },
    { "Output", output },
    { NULL, NULL },
};
/* clang-format on */
