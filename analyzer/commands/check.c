#include "analyzer/commands/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/option_rows.h"
#include "analyzer/commands/output.h"
#include "analyzer/commands/progress.h"
#include "analyzer/commands/screen.h"
#include "analyzer/commands/signals.h"
#include "analyzer/run/bulk.h"
#include "analyzer/wire/start.h"
#include "analyzer/wire/tls.h"
#include "reports/check.h"

enum { DAY_S = 86400 };

struct check_form {
    struct xr_form form; /* first, so that its option rows fit */
    struct xr_list user, csv;
    const char *jsonl;
    bool only_failed, resume;
    long sample, jobs;
};

#define AT(field) offsetof(struct check_form, field)

/* clang-format off: a row a line */
static const struct xr_option users[] = {
    LIST("user", "ADDR", "this user only (repeat for more)", user),
    FLAG("only-failed", "those whose last result is a failure", only_failed),
    NUMBER("sample", "N", "so many users, drawn at random", sample, 1, 10000000),
    FLAG("resume", "go on with the check that was interrupted: nobody is asked twice", resume),
    NUMBER(
        "jobs", "N", "users at a time for one account and host (default: 4)", jobs, 1, XR_JOBS_MAX),
    FLAG("ignore-trust", "ignore trust for SSL: never name or date; loudly marked",
        form.ignore_trust),
    LIST("auth", "SCHEME", "basic, ntlm, negotiate or oauth; repeat in order of preference",
        form.auth),
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

static const struct xr_option_group options[] = {
    { "Which users", users },
    { "Store", xr_form_store },
    { "Network", xr_form_network },
    { "Output", output },
    { NULL, NULL },
};
/* clang-format on */

/* All that one check owns. */
struct session {
    struct xr_arena *arena;
    struct xr_stored *stored;
    struct xr_net net;
    struct xr_target target; /* what holds for every user */
    struct xr_org org;
    struct xr_progress progress;
    FILE *jsonl;
    bool jsonl_lost;
    struct xr_secret password, token; /* of a candidate; the session does not own them */
};

static void free_trust(struct xr_net *net)
{
    union {
        const struct xr_trust *shared;
        struct xr_trust *own;
    } trust = { net->trust };

    xr_trust_free(trust.own);
}

static void on_begun(void *arg, int64_t selected, int64_t done)
{
    struct session *session = arg;

    xr_progress_begin(&session->progress, selected, done);
}

/* Each line is written out at once: whoever watches the file sees users as they finish, and what
 * was told is not lost with the process. */
static void on_user_done(void *arg, const struct xr_check_user *user)
{
    struct session *session = arg;

    xr_progress_user(&session->progress, user->status == XR_ERROR);
    if (!session->jsonl)
        return;
    xr_check_json_user(session->jsonl, user);
    session->jsonl_lost |= fflush(session->jsonl) || ferror(session->jsonl);
}

static void on_pausing(void *arg, int64_t ms)
{
    struct session *session = arg;

    xr_progress_pause(&session->progress, ms);
}

static int open_jsonl(const struct check_form *form, FILE **ret)
{
    int how = form->resume ? O_APPEND : O_TRUNC;

    if (!form->jsonl)
        return 0;
    if (!strcmp(form->jsonl, "-")) {
        *ret = stdout;
        return 0;
    }
    int fd = open(form->jsonl, O_WRONLY | O_CREAT | O_CLOEXEC | how, 0600);
    *ret = fd >= 0 ? fdopen(fd, "a") : NULL;
    if (*ret)
        return 0;
    return xr_failed(XR_EXIT_UNAVAILABLE, "%s cannot be written: %s", form->jsonl, strerror(errno));
}

static int close_jsonl(const struct check_form *form, struct session *session)
{
    bool lost = session->jsonl_lost;

    if (session->jsonl && session->jsonl != stdout)
        lost |= fclose(session->jsonl) != 0;
    session->jsonl = NULL;
    return lost ? xr_failed(XR_EXIT_UNAVAILABLE, "%s could not be written to its end", form->jsonl)
                : 0;
}

/* A check in the store, as a report reads it. */
struct reading {
    struct session *session;
    const struct xr_check *check;
    int64_t id;
    enum xr_rows_order order;
    void (*write)(FILE *out, const struct xr_check *check, struct xr_check_rows rows);
};

static int write_reading(FILE *out, void *arg)
{
    const struct reading *reading = arg;
    struct xr_store_rows *rows;
    const struct xr_store_err *err = xr_store_rows_open(reading->session->stored->store,
        reading->session->arena, reading->id, reading->order, &rows);

    if (err)
        return xr_stored_error(err);
    reading->write(out, reading->check, (struct xr_check_rows){ xr_store_rows_next, rows });
    err = xr_store_rows_done(rows);
    return err ? xr_stored_error(err) : 0;
}

static void write_csv(FILE *out, const struct xr_check *check, struct xr_check_rows rows)
{
    (void)check;
    xr_check_csv(out, rows);
}

/* One that fails keeps none of the others from being written. */
static int write_list(const struct xr_list *paths, struct reading *reading, int code)
{
    for (size_t i = 0; i < paths->n; i++) {
        int one = xr_write_file(paths->items[i], write_reading, reading);
        code = code ? code : one;
    }
    return code;
}

static bool has_dash(const struct xr_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->items[i], "-"))
            return true;
    return false;
}

static bool is_stdout_taken(const struct check_form *form)
{
    return has_dash(&form->form.json) || has_dash(&form->csv) || has_dash(&form->form.html) ||
           (form->jsonl && !strcmp(form->jsonl, "-"));
}

static int write_all(const struct check_form *form, struct session *session,
    const struct xr_check *check, int64_t id)
{
    struct reading json = { session, check, id, XR_ROWS_BY_EMAIL, xr_check_json };
    struct reading csv = { session, check, id, XR_ROWS_BY_EMAIL, write_csv };
    struct reading html = { session, check, id, XR_ROWS_BY_CAUSE, xr_check_html };
    struct xr_style style = { xr_screen_has_color(form->form.no_color), form->form.verbose };

    if (!form->form.quiet && !is_stdout_taken(form))
        xr_check_summary(stdout, check, &style);
    int code = write_list(&form->form.json, &json, 0);
    code = write_list(&form->csv, &csv, code);
    return write_list(&form->form.html, &html, code);
}

static bool is_our_network(const struct xr_check *check)
{
    for (const struct xr_check_group *group = check->groups; group; group = group->next)
        if (group->finding && !strcmp(group->finding, "local.network-unavailable"))
            return true;
    return false;
}

static int exit_code(const struct check_form *form, const struct xr_check *check)
{
    static const int ends[] = {
        [XR_CHECK_FINISHED] = 0,
        [XR_CHECK_CANCELLED] = XR_EXIT_SIGINT,
        [XR_CHECK_THROTTLED] = XR_EXIT_THROTTLED,
        [XR_CHECK_TIMEOUT] = XR_EXIT_TIMEOUT,
    };
    int signal_number = xr_signals_caught();

    if (signal_number)
        return 128 + signal_number;
    if (ends[check->end])
        return ends[check->end];
    if (is_our_network(check))
        return XR_EXIT_UNAVAILABLE;
    bool bad = check->summary[XR_ERROR] || (form->form.fail_on && check->summary[XR_WARNING]);
    return bad ? XR_EXIT_VERDICT_ERROR : XR_EXIT_OK;
}

/* Why there is no check to tell about; 0: there is. */
static int explain_outcome(const struct session *session, enum xr_bulk_outcome outcome,
    const char *text, const struct xr_store_err *err)
{
    switch (outcome) {
    case XR_BULK_DONE:
        return 0;
    case XR_BULK_NO_USER:
        return xr_failed(XR_EXIT_CONFIG, "'%s' has no user %s", session->org.name, text);
    case XR_BULK_NO_CHECK:
        return xr_failed(XR_EXIT_CONFIG, "there is no interrupted check of '%s' to go on with",
            session->org.name);
    case XR_BULK_CANCELLED:
        return 128 + xr_signals_caught();
    case XR_BULK_STORE_ERROR:
        break;
    }
    return xr_stored_error(err);
}

static int bulk(struct session *session, const struct xr_form *form, int jobs,
    const struct xr_bulk_choice *choice, struct xr_check *ret, int64_t *ret_id)
{
    struct xr_bulk_listener listener = { on_begun, on_user_done, on_pausing, session };
    int64_t end = xr_now_us() + form->timeout * 1000000;
    struct xr_bulk bulk = {
        .arena = session->arena,
        .store = session->stored->store,
        .vault = session->stored->vault,
        .org = &session->org,
        .password = session->password,
        .token = session->token,
        .net = &session->net,
        .form = &session->target,
        .step_ms = form->step_timeout * 1000,
        .deadline = { end, end },
        .jobs = jobs,
        .listener = &listener,
    };
    const char *text = NULL;
    const struct xr_store_err *err = NULL;

    xr_signals_catch();
    xr_wire_start();
    enum xr_bulk_outcome outcome = xr_bulk_run(&bulk, choice, ret, ret_id, &text, &err);
    xr_progress_end(&session->progress);
    return explain_outcome(session, outcome, text, err);
}

/* What holds for every user; mailbox and account are each user's. */
static int common_target(struct xr_arena *arena, const struct xr_form *form, struct xr_target *ret)
{
    struct xr_form filled = *form;

    filled.mailbox = "user@example.com";
    filled.account = "user@example.com";
    filled.ews_url = NULL;
    filled.folder = NULL;
    return xr_form_target(arena, &filled, ret);
}

static int prepare(struct session *session, const struct xr_form *form)
{
    int code = common_target(session->arena, form, &session->target);

    if (!code)
        code = xr_form_net(session->arena, form, &session->net);
    if (!code && !session->stored->vault)
        code = xr_stored_vault(session->stored, false);
    return code;
}

static int judge_choice(const struct check_form *form)
{
    int choices = (form->user.n > 0) + form->only_failed + (form->sample > 0) + form->resume;

    if (choices > 1 && !(choices == 2 && form->only_failed && form->sample))
        return xr_usage_error("--user, --only-failed, --sample and --resume exclude one another "
                              "(--sample goes with --only-failed)");
    if (form->form.fail_on && strcmp(form->form.fail_on, "warning") != 0)
        return xr_usage_error("--fail-on takes warning, not '%s'", form->form.fail_on);
    return 0;
}

/* For a command that reads it, on whatever machine. */
static const char *csv_name(const struct check_form *form)
{
    const char *path = form->csv.n ? form->csv.items[0] : "-";
    const char *slash = strrchr(path, '/');

    return strcmp(path, "-") != 0 ? (slash ? slash + 1 : path) : NULL;
}

static int check_org(const struct check_form *form, struct session *session)
{
    struct xr_bulk_choice choice = {
        .users = form->user.n ? form->user.items : NULL,
        .only_failed = form->only_failed,
        .sample = form->sample,
        .resume = form->resume,
    };
    struct xr_check check;
    int64_t id;
    int code = prepare(session, &form->form);

    if (!code)
        code = open_jsonl(form, &session->jsonl);
    if (code)
        return code;
    code = bulk(session, &form->form, (int)form->jobs, &choice, &check, &id);
    int lost = close_jsonl(form, session);
    if (code)
        return code;
    if (!check.selected && !form->only_failed)
        return xr_failed(XR_EXIT_CONFIG, "'%s' has no users: exray user import --org adds them",
            session->org.name);
    check.csv = csv_name(form);
    code = write_all(form, session, &check, id);
    code = code ? code : lost;
    return code ? code : exit_code(form, &check);
}

static void say_what_is_sent(void)
{
    (void)puts("\nSent: for each user the mailbox address, with the credentials that 'exray user "
               "show --origin'\ntells, to the organisation's own hosts, over verified TLS. Nothing "
               "is changed in any mailbox.");
}

static int help(void)
{
    (void)puts("exray check NAME - can every user of an organisation be reached?");
    xr_options_help(options);
    say_what_is_sent();
    return XR_EXIT_OK;
}

static int check_named(const struct check_form *form, struct session *session, const char *name)
{
    int code = judge_choice(form);

    session->progress.shown = !form->form.quiet && xr_screen_is_terminal(STDERR_FILENO);
    if (!code)
        code = xr_stored_open(session->stored, session->arena, &form->form.stored);
    if (!code)
        code = xr_stored_org(session->stored, name, &session->org);
    return code ? code : check_org(form, session);
}

static void session_done(struct session *session)
{
    free_trust(&session->net);
    xr_stored_done(session->stored);
    xr_arena_free(session->arena);
}

int xr_command_check(int argc, char **argv)
{
    struct check_form form = { .jobs = XR_JOBS_DEFAULT };
    struct xr_stored stored = { 0 };
    __attribute__((cleanup(session_done))) struct session session = { .arena = xr_arena_new(),
        .stored = &stored };
    int rest = 0;

    xr_form_init(&form.form);
    form.form.timeout = DAY_S;
    int code = xr_options_parse(options, argc, argv, &form, &rest);
    if (code)
        return code;
    if (form.form.help)
        return help();
    if (argc - rest != 1)
        return xr_usage_error("exray check takes the name of one organisation");
    form.form.stored.no_input = form.form.no_input;
    return check_named(&form, &session, argv[rest]);
}

/* The candidate is checked as it will be; what was found out counts only once it is saved. */
int xr_check_candidate(struct xr_stored *stored, const struct xr_org *candidate,
    struct xr_secret password, struct xr_secret token, const struct xr_form *network, long sample)
{
    struct session session = { .arena = stored->arena,
        .stored = stored,
        .org = *candidate,
        .password = password,
        .token = token };
    struct xr_bulk_choice choice = { .sample = sample };
    struct check_form form = { .form = *network };
    struct xr_style style = { .color = xr_screen_has_color(network->no_color) };
    struct xr_check check;
    int64_t id = 0;
    int code = prepare(&session, network);

    session.progress.shown = !network->quiet && xr_screen_is_terminal(STDERR_FILENO);
    if (!code)
        code = bulk(&session, network, XR_JOBS_DEFAULT, &choice, &check, &id);
    free_trust(&session.net);
    if (!code) {
        xr_check_summary(stdout, &check, &style);
        code = exit_code(&form, &check);
    }
    const struct xr_store_err *err =
        code && id ? xr_store_check_drop(stored->store, stored->arena, id) : NULL;
    return err ? xr_stored_error(err) : code;
}
