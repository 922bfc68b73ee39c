#include "analyzer/commands/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/check_parts.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/screen.h"
#include "analyzer/commands/shell_word.h"
#include "analyzer/commands/signals.h"
#include "analyzer/run/bulk.h"
#include "analyzer/wire/start.h"
#include "analyzer/wire/tls.h"
#include "reports/check.h"

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
    struct xr_check_session *session = arg;

    xr_progress_begin(&session->progress, selected, done);
}

/* Each line is written out at once: whoever watches the file sees users as they finish, and what
 * was told is not lost with the process. */
static void on_user_done(void *arg, const struct xr_check_user *user)
{
    struct xr_check_session *session = arg;

    xr_progress_user(&session->progress, user->status == XR_ERROR);
    if (!session->jsonl)
        return;
    xr_check_json_user(session->jsonl, user);
    session->jsonl_lost |= fflush(session->jsonl) || ferror(session->jsonl);
}

static void on_pausing(void *arg, int64_t ms)
{
    struct xr_check_session *session = arg;

    xr_progress_pause(&session->progress, ms);
}

static bool is_our_network(const struct xr_check *check)
{
    for (const struct xr_check_group *group = check->groups; group; group = group->next)
        if (group->finding && !strcmp(group->finding, "local.network-unavailable"))
            return true;
    return false;
}

/* What is told once, of a group, instead of every user of it. */
static bool warns_of_all(const struct xr_check *check)
{
    for (const struct xr_check_group *group = check->groups; group; group = group->next)
        if (group->finding && group->status >= XR_WARNING)
            return true;
    return false;
}

static int exit_code(const struct xr_check_form *form, const struct xr_check *check)
{
    static const int ends[] = {
        [XR_CHECK_FINISHED] = 0,
        [XR_CHECK_CANCELLED] = XR_EXIT_SIGINT,
        [XR_CHECK_THROTTLED] = XR_EXIT_THROTTLED,
        [XR_CHECK_TIMEOUT] = XR_EXIT_TIMEOUT,
        [XR_CHECK_CHANGED] = XR_EXIT_THROTTLED,
    };
    int signal_number = xr_signals_caught();

    if (signal_number)
        return 128 + signal_number;
    if (ends[check->end])
        return ends[check->end];
    if (is_our_network(check))
        return XR_EXIT_UNAVAILABLE;
    bool bad = check->summary[XR_ERROR] ||
               (form->form.fail_on && (check->summary[XR_WARNING] || warns_of_all(check)));
    return bad ? XR_EXIT_VERDICT_ERROR : XR_EXIT_OK;
}

/* Why there is no check to tell about; 0: there is. */
static int explain_outcome(const struct xr_check_session *session, enum xr_bulk_outcome outcome,
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

/* For commands that people copy. */
static const char *store_options(const struct xr_check_session *session)
{
    const struct xr_stored_options *given = session->stored->options;
    struct xr_arena *arena = session->arena;
    const char *store = given->store, *key = given->key_file;

    return xr_printf(arena, "%s%s%s%s", store ? " --store " : "",
        store ? xr_shell_word(arena, store) : "", key ? " --key-file " : "",
        key ? xr_shell_word(arena, key) : "");
}

static int bulk(struct xr_check_session *session, const struct xr_form *form, int jobs,
    const struct xr_bulk_choice *choice, struct xr_check *ret, int64_t *ret_id)
{
    struct xr_bulk_listener listener = { on_begun, on_user_done, on_pausing, session };
    int64_t seconds = form->timeout ? form->timeout : XR_TIMEOUT_CHECK_S;
    int64_t end = xr_now_us() + seconds * 1000000;
    struct xr_bulk bulk = {
        .arena = session->arena,
        .store = session->stored->store,
        .vault = session->stored->vault,
        .org = &session->org,
        .password = session->password,
        .token = session->token,
        .net = &session->net,
        .form = &session->target,
        .candidate = session->candidate,
        .options = store_options(session),
        .step_ms = form->step_timeout * 1000,
        .deadline = { end, end, NULL },
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

/* Without any, there need not be a key either. */
static bool has_secrets(const struct xr_check_session *session)
{
    struct xr_sealed first;
    size_t n = 0;
    const struct xr_store_err *err =
        xr_store_secrets(session->stored->store, session->arena, NULL, 1, &first, &n);

    return err || n;
}

static int prepare(struct xr_check_session *session, const struct xr_form *form)
{
    int code = common_target(session->arena, form, &session->target);

    if (!code)
        code = xr_form_net(session->arena, form, &session->net);
    if (!code && !session->stored->vault && has_secrets(session))
        code = xr_stored_vault(session->stored, false);
    return code;
}

static int judge_choice(const struct xr_check_form *form)
{
    int choices = (form->user.n > 0) + form->only_failed + (form->sample > 0) + form->resume;

    if (choices > 1 && !(choices == 2 && form->only_failed && form->sample))
        return xr_usage_error("--user, --only-failed, --sample and --resume exclude one another "
                              "(--sample goes with --only-failed)");
    if (form->form.fail_on && strcmp(form->form.fail_on, "warning") != 0)
        return xr_usage_error("--fail-on takes warning, not '%s'", form->form.fail_on);
    for (size_t i = 0; i < form->form.auth.n; i++)
        if (xr_same(form->form.auth.items[i], "negotiate"))
            return xr_usage_error(
                "--auth negotiate is not part of the bulk check in this version (%s)",
                EXRAY_VERSION);
    return 0;
}

/* For a command that reads it, on whatever machine. */
static const char *csv_name(const struct xr_check_form *form)
{
    const char *path = form->csv.n ? form->csv.items[0] : "-";
    const char *slash = strrchr(path, '/');

    return strcmp(path, "-") != 0 ? (slash ? slash + 1 : path) : NULL;
}

static int check_org(const struct xr_check_form *form, struct xr_check_session *session)
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
        code = xr_check_judge_outputs(form, session->stored);
    if (!code)
        code = xr_check_open_jsonl(form, &session->jsonl);
    if (code)
        return code;
    code = bulk(session, &form->form, (int)form->jobs, &choice, &check, &id);
    int lost = xr_check_close_jsonl(form, session);
    if (code)
        return code;
    if (!check.selected && !form->only_failed)
        return xr_failed(XR_EXIT_CONFIG, "'%s' has no users: exray user import --org adds them",
            session->org.name);
    check.csv = csv_name(form);
    code = xr_check_write(form, session, &check, id);
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
    xr_options_help(xr_check_options);
    say_what_is_sent();
    return XR_EXIT_OK;
}

static int check_named(
    const struct xr_check_form *form, struct xr_check_session *session, const char *name)
{
    int code = judge_choice(form);

    session->progress.shown = !form->form.quiet && xr_screen_is_terminal(STDERR_FILENO);
    if (!code)
        code = xr_stored_open(session->stored, session->arena, &form->form.stored);
    if (!code)
        code = xr_stored_org(session->stored, name, &session->org);
    return code ? code : check_org(form, session);
}

static void session_done(struct xr_check_session *session)
{
    free_trust(&session->net);
    xr_stored_done(session->stored);
    xr_arena_free(session->arena);
}

int xr_command_check(int argc, char **argv)
{
    struct xr_check_form form = { .jobs = XR_JOBS_DEFAULT };
    struct xr_stored stored = { 0 };
    __attribute__((cleanup(session_done))) struct xr_check_session session = {
        .arena = xr_arena_new(), .stored = &stored
    };
    int rest = 0;

    xr_form_init(&form.form);
    form.form.timeout = 0;
    int code = xr_options_parse(xr_check_options, argc, argv, &form, &rest);
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
    struct xr_check_session session = { .arena = stored->arena,
        .stored = stored,
        .org = *candidate,
        .candidate = true,
        .password = password,
        .token = token };
    struct xr_bulk_choice choice = { .sample = sample };
    struct xr_check_form form = { .form = *network };
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
