#include <string.h>

#include "analyzer/model/verdict.h"
#include "tests/unit.h"

static struct xr_arena *arena;

/* A run with one step, and one finding in it unless that is XR_FINDING_COUNT. */
static struct xr_run run_of(const struct xr_target *target, enum xr_finding_code code)
{
    arena = xr_arena_new();
    struct xr_run run = { .arena = arena, .target = target };

    run.root = xr_step_add(arena, NULL, "ssl-trust", "SSL trust");
    struct xr_step *step = xr_step_add(arena, run.root, "ssl-trust", "SSL trust");
    step->status =
        code == XR_FINDING_COUNT ? xr_success(step, "Fine.") : xr_error(step, code, "Not fine.");
    xr_verdict(&run);
    return run;
}

static bool has_command(const struct xr_run *run, const char *needle)
{
    for (const struct xr_advice *advice = run->verdict.remedy; advice->text; advice++)
        if (advice->command && strstr(advice->command, needle))
            return true;
    return false;
}

static const struct xr_target host = { .host = "mail.contoso.test:8443" };
static const struct xr_target file = { .chain_file = "it's.pem", .host = "mail.contoso.test" };
static const struct xr_target mailbox = { .mailbox = "anna@contoso.test",
    .account = "CONTOSO\\svc" };

START_TEST(the_same_test_is_one_of_the_host)
{
    struct xr_run run = run_of(&host, XR_FINDING_LOCAL_CANCELLED);

    ck_assert(has_command(&run, "exray test ssl-trust --host 'mail.contoso.test:8443'"));
    ck_assert(!has_command(&run, "service-account"));
    ck_assert(!has_command(&run, "mailbox"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(what_else_the_command_says_stays)
{
    struct xr_run run = run_of(&host, XR_FINDING_LOCAL_TIMEOUT);

    ck_assert(
        has_command(&run, "exray test ssl-trust --host 'mail.contoso.test:8443' --timeout 180"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_file_is_named_as_one_word_of_the_shell)
{
    struct xr_run run = run_of(&file, XR_FINDING_LOCAL_CANCELLED);

    ck_assert(has_command(
        &run, "exray test ssl-trust --chain 'it'\\''s.pem' --host 'mail.contoso.test'"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(commands_go_to_the_port_that_was_tested)
{
    struct xr_run run = run_of(&host, XR_FINDING_TLS_CHAIN_INCOMPLETE);

    ck_assert(has_command(&run, "-connect 'mail.contoso.test':8443 "));
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_hosts_own_domain_stands_in_for_that_of_a_mailbox)
{
    struct xr_run run = run_of(&host, XR_FINDING_TLS_NAME_MISMATCH);

    ck_assert(has_command(&run, "'contoso.test'"));
    ck_assert(!has_command(&run, "<domain>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_mailbox_keeps_its_commands)
{
    struct xr_run run = run_of(&mailbox, XR_FINDING_LOCAL_CANCELLED);

    ck_assert(has_command(
        &run, "exray test service-account --mailbox 'anna@contoso.test' --account 'CONTOSO\\svc'"));
    xr_arena_free(arena);
}
END_TEST

/* Of every finding: no text and no command may hold what a missing mailbox would print. */
START_TEST(nothing_is_said_of_a_mailbox_that_was_not_asked_for)
{
    for (int code = 0; code < XR_FINDING_COUNT; code++) {
        struct xr_run run = run_of(&host, (enum xr_finding_code)code);
        ck_assert(!has_command(&run, "(null)"));
        ck_assert_ptr_null(strstr(run.verdict.title, "(null)"));
        xr_arena_free(arena);
    }
}
END_TEST

START_TEST(success_is_told_of_what_was_tested)
{
    const struct {
        const struct xr_target *target;
        const char *title;
    } rows[] = {
        { &host, "The certificate of mail.contoso.test:8443 is trusted." },
        { &file, "The chain of it's.pem is trusted for mail.contoso.test." },
        { &mailbox, "CONTOSO\\svc can open the folder of anna@contoso.test." },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct xr_run run = run_of(rows[i].target, XR_FINDING_COUNT);
        ck_assert_str_eq(run.verdict.title, rows[i].title);
        xr_arena_free(arena);
    }
}
END_TEST

XR_UNIT_MAIN("verdict", the_same_test_is_one_of_the_host, what_else_the_command_says_stays,
    a_file_is_named_as_one_word_of_the_shell, commands_go_to_the_port_that_was_tested,
    a_hosts_own_domain_stands_in_for_that_of_a_mailbox, a_mailbox_keeps_its_commands,
    nothing_is_said_of_a_mailbox_that_was_not_asked_for, success_is_told_of_what_was_tested)
