#include <string.h>

#include "analyzer/model/verdict.h"
#include "tests/unit.h"

static struct xr_arena *arena;

/* What the next run knows of the chain, and the proxy that it went through. */
static struct xr_fact_certificate *certificates;
static const char *proxy;

/* A run with one step, and one finding in it unless that is XR_FINDING_COUNT. */
static struct xr_run run_of(const struct xr_target *target, enum xr_finding_code code)
{
    arena = xr_arena_new();
    struct xr_run run = { .arena = arena,
        .target = target,
        .origin = { .proxy = proxy },
        .facts = { .certificates = certificates } };

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

static size_t commands_with(const struct xr_run *run, const char *needle)
{
    size_t n = 0;

    for (const struct xr_advice *advice = run->verdict.remedy; advice->text; advice++)
        n += advice->command && strstr(advice->command, needle);
    return n;
}

static const struct xr_target unnamed = { .chain_file = "mailed/cha in.pem" };

START_TEST(without_a_host_a_chain_is_told_of_the_name_that_it_is_for)
{
    const struct {
        const char *names, *subject, *title;
    } rows[] = {
        { "192.0.2.1, mail.contoso.test, b.test", "CN=old", "mail.contoso.test has" },
        { "*.contoso.test", "CN=x", "*.contoso.test has" },
        { "", "O=Contoso, CN=ex01.contoso.test, C=AT", "ex01.contoso.test has" },
        { "", "O=Contoso\\, CN Ltd, CN=My device", "cha in.pem has" },
        { "192.0.2.1", "", "cha in.pem has" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct xr_fact_certificate root = { .role = "root", .names = "no.test", .subject = "" };
        struct xr_fact_certificate leaf = {
            .role = "leaf", .names = rows[i].names, .subject = rows[i].subject
        };
        root.next = &leaf;
        certificates = &root;
        struct xr_run run = run_of(&unnamed, XR_FINDING_TLS_EXPIRED);
        ck_assert_msg(
            strstr(run.verdict.title, rows[i].title) != NULL, "row %zu: %s", i, run.verdict.title);
        ck_assert(!has_command(&run, "'cha in.pem'"));
        certificates = NULL;
        xr_arena_free(arena);
    }
}
END_TEST

START_TEST(a_chain_in_a_file_is_looked_at_in_the_file)
{
    for (int code = 0; code < XR_FINDING_COUNT; code++) {
        struct xr_run run = run_of(&unnamed, (enum xr_finding_code)code);
        ck_assert_msg(!has_command(&run, "s_client"), "%s", run.verdict.finding);
        ck_assert_msg(commands_with(&run, "-print_certs") <= 1, "%s", run.verdict.finding);
        xr_arena_free(arena);
    }
    struct xr_run run = run_of(&unnamed, XR_FINDING_TLS_CHAIN_INCOMPLETE);
    ck_assert(has_command(&run,
        "openssl crl2pkcs7 -nocrl -certfile 'mailed/cha in.pem' | openssl pkcs7 -print_certs"));
    for (const struct xr_advice *advice = run.verdict.remedy; advice->text; advice++)
        ck_assert(!advice->expect || !strstr(advice->expect, "i:"));
    xr_arena_free(arena);
    run = run_of(&unnamed, XR_FINDING_TLS_EXPIRED);
    ck_assert(
        has_command(&run, "date -u\nopenssl x509 -in 'mailed/cha in.pem' -noout -subject -dates"));
    xr_arena_free(arena);
    run = run_of(&host, XR_FINDING_TLS_CHAIN_INCOMPLETE);
    ck_assert_uint_eq(commands_with(&run, "s_client"), 2);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_chain_of_several_files_is_named_whole)
{
    static const char *const more[] = { "it's.pem", XR_STANDARD_INPUT, NULL };
    static const struct xr_target several = { .chain_file = "a.pem", .more_chain_files = more };
    struct xr_run run = run_of(&several, XR_FINDING_LOCAL_CANCELLED);

    ck_assert(
        has_command(&run, "exray test ssl-trust --chain 'a.pem' --chain 'it'\\''s.pem' --chain -"));
    xr_arena_free(arena);
    run = run_of(&several, XR_FINDING_TLS_UNTRUSTED_ROOT);
    ck_assert(
        has_command(&run, " -certfile 'a.pem' -certfile 'it'\\''s.pem' -certfile FILE.pem |"));
    xr_arena_free(arena);
}
END_TEST

static bool rules_out(const struct xr_run *run, const char *what)
{
    for (const char *const *one = run->verdict.ruled_out; *one; one++)
        if (!strcmp(*one, what))
            return true;
    return false;
}

static struct xr_run run_with_endpoint(void)
{
    struct xr_run run = run_of(&host, XR_FINDING_TLS_EXPIRED);
    struct xr_step *step = xr_step_add(arena, run.root, "endpoint", "Endpoint");

    step->status = xr_success(step, "Fine.");
    xr_verdict(&run);
    return run;
}

START_TEST(a_proxy_that_answers_says_nothing_about_the_host_behind)
{
    struct xr_run run = run_with_endpoint();

    ck_assert(rules_out(&run, "name resolution") && rules_out(&run, "network and firewall"));
    xr_arena_free(arena);
    proxy = "http://proxy.test:3128/";
    run = run_with_endpoint();
    ck_assert(!rules_out(&run, "name resolution") && !rules_out(&run, "network and firewall"));
    ck_assert(rules_out(&run, "the way to the proxy") && !rules_out(&run, ""));
    xr_arena_free(arena);
    run = run_of(&host, XR_FINDING_COUNT);
    ck_assert_ptr_null(strstr(run.verdict.meaning, "every address"));
    proxy = NULL;
    xr_arena_free(arena);
}
END_TEST

/* Texts on certificates are told of runs in which no credential existed. */
START_TEST(nothing_is_said_of_a_password_that_nobody_had)
{
    static const char *const told[] = { "No password was sent", "The account's password",
        "<account>", NULL };

    for (int code = XR_FINDING_TLS_HANDSHAKE_FAILED; code <= XR_FINDING_TLS_TRUST_IGNORED; code++) {
        struct xr_run run = run_of(&host, (enum xr_finding_code)code);
        for (const char *const *text = told; *text; text++) {
            ck_assert_msg(!strstr(run.verdict.meaning, *text), "%s", run.verdict.finding);
            for (const struct xr_advice *at = run.verdict.remedy; at->text; at++)
                ck_assert_msg(!strstr(at->text, *text), "%s: %s", run.verdict.finding, at->text);
        }
        xr_arena_free(arena);
    }
}
END_TEST

static size_t place_of(const struct xr_run *run, const char *needle)
{
    size_t i = 0;

    while (run->verdict.remedy[i].text &&
           (!run->verdict.remedy[i].command || !strstr(run->verdict.remedy[i].command, needle)))
        i++;
    return i;
}

/* The certificate that fits no name is most often the one that Exchange Setup made. */
START_TEST(a_proper_certificate_comes_before_another_name)
{
    struct xr_run run = run_of(&host, XR_FINDING_TLS_NAME_MISMATCH);
    size_t other_name = place_of(&run, "-ExternalUrl");

    ck_assert_uint_lt(place_of(&run, "Enable-ExchangeCertificate"), other_name);
    ck_assert_uint_lt(place_of(&run, "New-ExchangeCertificate"), other_name);
    ck_assert_ptr_nonnull(run.verdict.remedy[other_name].text);
    ck_assert_ptr_nonnull(strstr(run.verdict.remedy[other_name].text, "only if"));
    xr_arena_free(arena);
}
END_TEST

/* ---- findings about the server as such ---- */

/* The steps of a mailbox on a server out of support, and what one of them found; NULL: none. */
static struct xr_run run_on_old_server(const char *id, enum xr_finding_code code)
{
    arena = xr_arena_new();
    struct xr_run run = { .arena = arena, .target = &mailbox };

    run.root = xr_step_add(arena, NULL, "service-account", "Service account");
    struct xr_step *logon = xr_step_add(arena, run.root, "logon", "Logon");
    struct xr_step *inbox = xr_step_add(arena, run.root, "inbox", "Inbox");
    struct xr_step *last = xr_step_add(arena, run.root, "write", "Writing");
    (void)xr_success(logon, "Was authenticated.");
    (void)xr_find(logon, XR_FINDING_EWS_SERVER_OUT_OF_SUPPORT, XR_WARNING, "Support has ended.");
    inbox->status = xr_success(inbox, "Fine.");
    last->status = xr_success(last, "Fine.");
    for (struct xr_step *step = run.root->first; step && id; step = step->next)
        if (!strcmp(step->id, id))
            (void)xr_find(step, code, xr_finding_kind(code)->status, "Not fine.");
    xr_verdict(&run);
    return run;
}

START_TEST(the_age_of_the_server_gives_way_to_any_other_warning)
{
    const struct {
        const char *step;
        enum xr_finding_code code;
    } rows[] = {
        { "write", XR_FINDING_WRITE_LEFTOVER },
        { "logon", XR_FINDING_ADDRESS_ALIAS }, /* later in the same step */
        { "inbox", XR_FINDING_IMPERSONATION_DENIED },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct xr_run run = run_on_old_server(rows[i].step, rows[i].code);
        ck_assert_str_eq(run.verdict.finding, xr_finding_kind(rows[i].code)->id);
        ck_assert_str_eq(run.verdict.step, rows[i].step);
        ck_assert_int_eq(run.verdict.status, xr_finding_kind(rows[i].code)->status);
        xr_arena_free(arena);
    }
}
END_TEST

START_TEST(alone_the_age_of_the_server_is_the_verdict)
{
    struct xr_run run = run_on_old_server(NULL, XR_FINDING_COUNT);

    ck_assert_str_eq(run.verdict.finding, "ews.server-out-of-support");
    ck_assert_str_eq(run.verdict.step, "logon");
    ck_assert_int_eq(run.verdict.status, XR_WARNING);
    ck_assert_int_eq(run.summary[XR_WARNING], 1);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_step_passed_whose_server_is_merely_old)
{
    struct xr_run run = run_on_old_server(NULL, XR_FINDING_COUNT);

    ck_assert(rules_out(&run, "account and password"));
    ck_assert(rules_out(&run, "Exchange is up and EWS is on"));
    xr_arena_free(arena);
    run = run_on_old_server("write", XR_FINDING_WRITE_LEFTOVER);
    ck_assert(rules_out(&run, "account and password"));
    xr_arena_free(arena);
    run = run_on_old_server("logon", XR_FINDING_ADDRESS_ALIAS);
    ck_assert(!rules_out(&run, "account and password"));
    xr_arena_free(arena);
}
END_TEST

/* Of many mailboxes a part of the steps is judged: what lies behind it must not count. */
START_TEST(what_lies_behind_the_part_does_not_take_its_place)
{
    struct xr_run run = run_on_old_server("write", XR_FINDING_WRITE_LEFTOVER);
    const struct xr_step *inbox = run.root->first->next, *step;
    const char *near;
    const struct xr_finding *finding = xr_verdict_cause(run.root->first, inbox, &step, &near);

    ck_assert_int_eq(finding->code, XR_FINDING_EWS_SERVER_OUT_OF_SUPPORT);
    ck_assert_ptr_eq(step, run.root->first);
    ck_assert_int_eq(xr_verdict_cause(inbox, NULL, &step, &near)->code, XR_FINDING_WRITE_LEFTOVER);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("verdict", the_age_of_the_server_gives_way_to_any_other_warning,
    alone_the_age_of_the_server_is_the_verdict, a_step_passed_whose_server_is_merely_old,
    what_lies_behind_the_part_does_not_take_its_place,
    without_a_host_a_chain_is_told_of_the_name_that_it_is_for,
    a_chain_in_a_file_is_looked_at_in_the_file, a_chain_of_several_files_is_named_whole,
    a_proxy_that_answers_says_nothing_about_the_host_behind,
    nothing_is_said_of_a_password_that_nobody_had, a_proper_certificate_comes_before_another_name,
    the_same_test_is_one_of_the_host, what_else_the_command_says_stays,
    a_file_is_named_as_one_word_of_the_shell, commands_go_to_the_port_that_was_tested,
    a_hosts_own_domain_stands_in_for_that_of_a_mailbox, a_mailbox_keeps_its_commands,
    nothing_is_said_of_a_mailbox_that_was_not_asked_for, success_is_told_of_what_was_tested)
