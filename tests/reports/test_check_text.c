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
    ck_assert_str_eq(headline(arena, 7, 0, 0, 1),
        "None of the 7 users can be reached. One cause explains them all.");
    ck_assert_str_eq(headline(arena, 1, 0, 2, 0), "1 of 3 users cannot be reached.");
    ck_assert_str_eq(headline(arena, 1, 0, 0, 0), "The user cannot be reached.");
    ck_assert_str_eq(headline(arena, 0, 1, 0, 0), "The user can be reached, with a warning.");
    ck_assert_str_eq(headline(arena, 0, 0, 1, 0), "The user can be reached.");
    ck_assert_str_eq(headline(arena, 0, 0, 1200, 0), "All 1,200 users can be reached.");
    ck_assert_str_eq(
        headline(arena, 0, 0, 12, 1), "All 12 users that are switched on can be reached.");
    ck_assert_str_eq(
        headline(arena, 0, 3, 9, 0), "All 12 users can be reached, 3 of them with a warning.");
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
    ck_assert(holds(
        xr_check_lead(&check->head), "Address, network, certificate and logon are in order."));
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
    test_settings_that_forbid_the_check, test_fix_is_told_once, test_group_that_stopped_is_named,
    test_terminal_is_safe, test_quiet_is_the_sentence, test_csv_cells, test_csv_has_no_formula)
