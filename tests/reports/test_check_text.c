#include <stdio.h>
#include <string.h>

#include "reports/check.h"
#include "reports/check_words.h"
#include "tests/reports/sample_check.h"
#include "tests/reports/written.h"
#include "tests/unit.h"

static const char DENIED[] = "impersonation.denied";

static bool holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* The headline of a check of so many users by status. */
static const char *headline(
    struct xr_arena *arena, int64_t failed, int64_t warned, int64_t passed, int64_t off)
{
    const struct sample_part all[] = {
        { failed, XR_ERROR, DENIED, "inbox", NULL, NULL, NULL, "ssssses" },
        { warned, XR_WARNING, "address.alias", "smtp-address", NULL, NULL, NULL, "ssssssw" },
        { passed, XR_SUCCESS, NULL, NULL, NULL, NULL, NULL, "sssssss" },
        { off, XR_SKIPPED, NULL, NULL, NULL, NULL, NULL, "-------" },
    };
    struct sample_part parts[5] = { 0 };
    size_t count = 0;

    for (size_t i = 0; i < 4; i++)
        if (all[i].users)
            parts[count++] = all[i];
    return xr_check_headline(&sample_check_of(arena, parts)->head);
}

START_TEST(test_headline_fits_the_numbers)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(xr_check_headline(&sample_check_mixed(arena)->head),
        "453 of 40,000 users cannot be reached. Four causes explain them all.");
    ck_assert_str_eq(headline(arena, 2, 0, 5, 1),
        "2 of 8 users cannot be reached. One cause explains them all.");
    ck_assert_str_eq(headline(arena, 7, 0, 0, 0),
        "None of the 7 users can be reached. One cause explains them all.");
    ck_assert_str_eq(headline(arena, 2, 0, 0, 1),
        "Neither of the 2 users that are switched on can be reached. One cause explains them all.");
    ck_assert_str_eq(
        headline(arena, 1, 0, 0, 1), "The one user that is switched on cannot be reached.");
    ck_assert_str_eq(headline(arena, 1, 0, 2, 0), "1 of 3 users cannot be reached.");
    ck_assert_str_eq(headline(arena, 1, 0, 0, 0), "The one user cannot be reached.");
    ck_assert_str_eq(headline(arena, 0, 1, 0, 0), "The one user can be reached, with a warning.");
    ck_assert_str_eq(headline(arena, 0, 0, 1, 0), "The one user can be reached.");
    ck_assert_str_eq(headline(arena, 0, 0, 2, 0), "Both users can be reached.");
    ck_assert_str_eq(
        headline(arena, 0, 2, 0, 0), "Both users can be reached, both with a warning.");
    ck_assert_str_eq(
        headline(arena, 0, 1, 1, 0), "Both users can be reached, one of them with a warning.");
    ck_assert_str_eq(
        headline(arena, 0, 0, 1, 1), "The one user that is switched on can be reached.");
    ck_assert_str_eq(headline(arena, 0, 0, 1200, 0), "All 1,200 users can be reached.");
    ck_assert_str_eq(
        headline(arena, 0, 0, 12, 1), "All 12 users that are switched on can be reached.");
    ck_assert_str_eq(
        headline(arena, 0, 3, 9, 0), "All 12 users can be reached, 3 of them with a warning.");
    ck_assert_str_eq(
        headline(arena, 0, 12, 0, 0), "All 12 users can be reached, all of them with a warning.");
    ck_assert_str_eq(headline(arena, 0, 0, 0, 2), "No user was checked: both are switched off.");
    ck_assert_str_eq(headline(arena, 0, 0, 0, 4), "No user was checked: all 4 are switched off.");
    ck_assert_str_eq(
        headline(arena, 0, 0, 0, 1), "No user was checked: the only one is switched off.");
    ck_assert_str_eq(headline(arena, 0, 0, 0, 0), "No user was checked: there is none to check.");
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_unfinished_says_so_and_how_to_go_on)
{
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_small(arena);

    ck_assert_ptr_null(xr_check_unfinished(&check->head));
    check->head.selected = 40000;
    check->head.end = XR_CHECK_THROTTLED;
    const char *text = check_summary(check, 0, false);
    ck_assert(holds(text, "223 of the 258 users checked so far cannot be reached."));
    ck_assert(holds(text, "UNFINISHED. The check ended itself: the server kept asking to wait. "));
    ck_assert(holds(text, "39,742 of 40,000"));
    ck_assert(holds(text, "\n      exray check 'Contoso EMEA' --resume\n"));
    check->head.organization = "O'Brien";
    ck_assert(holds(check_summary(check, 0, false), "exray check 'O'\\''Brien' --resume\n"));
    check->head.organization = "a\nb";
    ck_assert(!holds(check_summary(check, 0, false), "--resume"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_settings_that_changed_meanwhile)
{
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_small(arena);

    check->head.end = XR_CHECK_CHANGED;
    check->head.selected = 270;
    ck_assert_str_eq(xr_check_unfinished(&check->head),
        "Settings were changed while the check ran: 12 users have no result any more.");
    ck_assert(holds(check_summary(check, 0, false), "exray check 'Contoso EMEA' --resume\n"));
    check->head.selected = 259;
    ck_assert_str_eq(xr_check_unfinished(&check->head),
        "Settings were changed while the check ran: 1 user has no result any more.");
    check->head.selected = 258;
    ck_assert_str_eq(xr_check_unfinished(&check->head),
        "Settings were changed while the check ran. Every user has a result all the same.");
    xr_arena_free(arena);
}
END_TEST

/* Without the option, a copied command would look into another store. */
START_TEST(test_commands_lead_to_the_same_store)
{
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_small(arena);

    check->head.options = " --store 's.db'";
    check->head.selected = 300;
    const char *text = check_summary(check, 0, false);
    ck_assert(holds(text, "exray user list --org 'Contoso EMEA' --failed --store 's.db'\n"));
    ck_assert(holds(text, "exray check 'Contoso EMEA' --resume --store 's.db'\n"));
    ck_assert(holds(text, "exray check 'Contoso EMEA' --only-failed --store 's.db'\n"));
    check->head.csv = "who.csv";
    text = check_summary(check, 0, false);
    ck_assert(holds(text, "Which users: who.csv has a line for each.\n"));
    ck_assert(!holds(text, "exray user list"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_candidate_cannot_be_checked_again)
{
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_small(arena);

    check->head.candidate = true;
    check->head.selected = 300;
    const char *text = check_summary(check, 0, false);
    ck_assert(
        holds(text, "Nothing was saved. Correct the values, and run the same command again."));
    ck_assert(!holds(text, "--resume") && !holds(text, "--only-failed") && !holds(text, "--org"));
    ck_assert(!holds(text, "CSV") && !holds(text, "-v here"));
    xr_arena_free(arena);
}
END_TEST

/* Of results from before, and of a handful of users, no speed can be told. */
START_TEST(test_rate_is_of_this_run)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_check *check = &sample_check_small(arena)->head;

    check->fresh = 200;
    check->bulk_us = 10000000;
    ck_assert_str_eq(xr_check_rate(check), "20 users a second");
    check->bulk_us = INT64_C(200000000);
    ck_assert_str_eq(xr_check_rate(check), "60 users a minute");
    check->bulk_us = INT64_C(7200000000000);
    ck_assert_ptr_null(xr_check_rate(check));
    check->bulk_us = 10000000;
    check->fresh = 49;
    ck_assert_ptr_null(xr_check_rate(check));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_ignored_trust_is_loud)
{
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_untrusted(arena);
    const char *text = check_summary(check, 0, false);

    ck_assert(
        holds(text, "▲ Warning  All 30 users can be reached, with certificate trust ignored."));
    ck_assert(holds(text, "▲ Warning  CERTIFICATE TRUST WAS IGNORED in this check"));
    ck_assert(holds(text, "▲ Warning  [tls.trust-ignored] Trust in the certificate of mail."));
    check->head.causes = NULL; /* everybody failed behind it */
    check->head.cause_count = 0;
    ck_assert(holds(check_summary(check, -1, false), "CERTIFICATE TRUST WAS IGNORED"));
    ck_assert(!holds(check_summary(sample_check_small(arena), 1, false), "TRUST WAS IGNORED"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_failures_lead_beside_ignored_trust)
{
    static const struct sample_part parts[] = {
        { 2, XR_ERROR, DENIED, "inbox", NULL, NULL, NULL, "ssswses" },
        { 9, XR_WARNING, "tls.trust-ignored", "ssl-trust", NULL, NULL, NULL, "ssswsss" },
        { 0 },
    };
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_of(arena, parts);

    ck_assert_str_eq(xr_check_headline(&check->head),
        "2 of 11 users cannot be reached. One cause explains them all.");
    ck_assert_str_eq(xr_check_lead(&check->head),
        "A client that checks certificates may fail where this check did not.");
    xr_arena_free(arena);
}
END_TEST

static bool says_in_order(
    struct xr_arena *arena, const char *finding, const char *step, enum xr_status status)
{
    const struct sample_part parts[] = {
        { 3, XR_ERROR, DENIED, "inbox", NULL, NULL, NULL, "ssssses" },
        { 2, status, finding, step, NULL, NULL, NULL, "ssssses" },
        { 9, XR_SUCCESS, NULL, NULL, NULL, NULL, NULL, "sssssss" },
        { 0 },
    };
    const char *lead = xr_check_lead(&sample_check_of(arena, parts)->head);

    return lead && holds(lead, "Address, network, certificate and logon are in order.");
}

START_TEST(test_in_order_only_if_nothing_speaks_against_it)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert(says_in_order(arena, "mailbox.moving", "inbox", XR_ERROR));
    ck_assert(says_in_order(arena, "address.alias", "smtp-address", XR_WARNING));
    ck_assert(!says_in_order(arena, "http.server-error", "inbox", XR_ERROR));
    ck_assert(!says_in_order(arena, "tls.trust-ignored", "ssl-trust", XR_WARNING));
    ck_assert(!says_in_order(arena, "config.outside-domains", "input", XR_WARNING));
    ck_assert(!says_in_order(arena, "local.network-unavailable", "inbox", XR_ERROR));
    ck_assert(!says_in_order(arena, "ews.disabled", "logon", XR_ERROR));
    xr_arena_free(arena);
}
END_TEST

/* Where the servers differ, no one of them is named. */
START_TEST(test_prose_without_a_host)
{
    static const struct sample_part parts[] = {
        { 2, XR_ERROR, "tcp.refused", "endpoint", NULL, NULL, NULL, "sse----" },
        { 2, XR_ERROR, "autodiscover.no-method", "autodiscover", NULL, NULL, NULL, "se-----" },
        { 0 },
    };
    struct xr_arena *arena = xr_arena_new();
    struct xr_check *check = &sample_check_of(arena, parts)->head;

    check->slots.host = check->slots.domain = NULL;
    ck_assert_str_eq(xr_check_told(check, &check->causes[0]).title,
        "The server refuses connections on this port.");
    struct xr_check_told told = xr_check_told(check, &check->causes[1]);
    ck_assert_str_eq(told.title, "No Autodiscover service was found for the mail domain.");
    ck_assert(holds(told.cause, "no DNS record for autodiscover.<domain>, or"));
    xr_arena_free(arena);
}
END_TEST

/* Microsoft 365 has no management shell of its own server; the line about it leads there. */
START_TEST(test_online_remedy_comes_first)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_check *check = &sample_check_small(arena)->head;
    const struct xr_check_cause *denied = &check->causes[0];

    ck_assert(holds(xr_check_told(check, denied).remedy[0].command, "Get-User"));
    check->access_type = "m365-oauth-impersonated";
    struct xr_check_told told = xr_check_told(check, denied);
    ck_assert(holds(told.remedy[0].text, "Microsoft 365 is different"));
    ck_assert(holds(told.remedy[1].text, "run the same test again"));
    ck_assert_ptr_null(told.remedy[2].text);
    ck_assert(!holds(told.cause, "steps 1 and 2"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_settings_that_forbid_the_check)
{
    static const struct sample_part nobody[] = { { 0 } };
    static const struct xr_remark remark = { .code = XR_FINDING_INPUT_EWS_URL_NOT_HTTPS,
        .status = XR_ERROR,
        .field = "ews_url",
        .message = "The EWS URL begins with http." };
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_of(arena, nobody);

    check->head.selected = 40;
    check->head.remarks = &remark;
    const char *text = check_summary(check, 0, false);
    ck_assert(
        holds(text, "Nothing was checked: the settings of the organisation do not allow it."));
    ck_assert(holds(text, "[input.ews-url-not-https] The EWS URL begins with http."));
    ck_assert(!holds(text, "--resume") && !holds(text, "UNFINISHED"));
    xr_arena_free(arena);
}
END_TEST

static int count(const char *text, const char *part)
{
    int found = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        found++;
    return found;
}

/* 210 users are denied: the fix is told once, and nobody's own address is in it. */
START_TEST(test_fix_is_told_once)
{
    struct xr_arena *arena = xr_arena_new();
    const char *text = check_summary(sample_check_small(arena), 0, false);

    ck_assert_int_eq(
        count(text, "Add-DistributionGroupMember -Identity 'RIAG' -Member $_.email"), 1);
    ck_assert_int_eq(
        count(text, "impersonation.denied: 210 users. Who must act: Exchange administrator"), 1);
    ck_assert(!holds(text, "{mailbox}") && !holds(text, "contoso.example\n"));
    ck_assert(!holds(text, "Get-ManagementScope"));
    ck_assert(holds(check_summary(sample_check_small(arena), 1, false), "Get-ManagementScope"));
    ck_assert(holds(text, "--only-failed"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_group_that_stopped_is_named)
{
    static const struct xr_check_group stopped = { .account = "CONTOSO\\svc",
        .users = 5,
        .finding = "logon.rejected",
        .status = XR_ERROR,
        .message = "The account was refused." };
    static const struct xr_check_group expiring = { .account = "CONTOSO\\svc",
        .users = 5,
        .finding = "tls.expires-soon",
        .status = XR_WARNING,
        .message = "The certificate ends soon." };
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_small(arena);

    check->head.groups = &stopped;
    ck_assert_str_eq(xr_check_lead(&check->head),
        "The account was refused. One repair brings back 210 of the 223. 3 users are switched off "
        "in the user list and were not asked.");
    check->head.groups = &expiring;
    const char *text = check_summary(check, 0, false);
    ck_assert(holds(text, "CONTOSO\\svc, EWS address not found, 5 users\n"));
    ck_assert(holds(text, "▲ Warning  [tls.expires-soon] The certificate ends soon.\n"));
    xr_arena_free(arena);
}
END_TEST

/* No control or bidirectional character of a stranger reaches a terminal. */
START_TEST(test_terminal_is_safe)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert(!has_invisible(check_summary(sample_check_hostile(arena), 1, false), "\n"));
    ck_assert(has_invisible(check_summary(sample_check_hostile(arena), 1, true), "\n"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_quiet_is_the_sentence)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(check_summary(sample_check_mixed(arena), -1, false),
        "\n✖ Failed   453 of 40,000 users cannot be reached. Four causes explain them all.\n");
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_csv_cells)
{
    static const struct sample_part parts[] = {
        { 1, XR_ERROR, "mailbox.not-found", "inbox", "ErrorNonExistentMailbox",
            "No such mailbox, sorry.", "EX1", "sssssee" },
        { 1, XR_SKIPPED, NULL, NULL, NULL, NULL, NULL, "-------" },
        { 0 },
    };
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(check_csv(sample_check_of(arena, parts)),
        "email,status,finding,step,code,message,primary_smtp_address,account,host,server,"
        "elapsed_ms,checked_at\r\n"
        "anna.kovacs0@contoso.example,error,mailbox.not-found,inbox,ErrorNonExistentMailbox,"
        "\"No such mailbox, sorry.\",,CONTOSO\\MasterImpersonation,mail.contoso.example,EX1,48,"
        "2026-11-21T20:00:00.000Z\r\n"
        "hanna.novak1@contoso.example,skipped,,,,,,,,,,\r\n");
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_csv_has_no_formula)
{
    struct xr_arena *arena = xr_arena_new();
    const char *text = check_csv(sample_check_hostile(arena));

    ck_assert(holds(text, "\r\n'=cmd|'/c calc'!A1@contoso.example,error,"));
    ck_assert(holds(text, "\r\n'@SUM(1)@contoso.example,"));
    ck_assert(!holds(text, "\r\n=") && !holds(text, ",=") && !holds(text, "\"="));
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("check_text", test_headline_fits_the_numbers, test_unfinished_says_so_and_how_to_go_on,
    test_settings_that_changed_meanwhile, test_commands_lead_to_the_same_store,
    test_candidate_cannot_be_checked_again, test_rate_is_of_this_run, test_ignored_trust_is_loud,
    test_failures_lead_beside_ignored_trust, test_in_order_only_if_nothing_speaks_against_it,
    test_prose_without_a_host, test_online_remedy_comes_first, test_settings_that_forbid_the_check,
    test_fix_is_told_once, test_group_that_stopped_is_named, test_terminal_is_safe,
    test_quiet_is_the_sentence, test_csv_cells, test_csv_has_no_formula)
