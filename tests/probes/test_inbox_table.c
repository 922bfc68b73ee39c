#include <string.h>

#include "probes/inbox.h"
#include "tests/unit.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- one line for each thing that the table has to tell apart ---- */

struct expected {
    const char *name;
    struct xr_difference is;
    enum xr_finding_code code;
    const char *cause; /* words of the cause; NULL: the catalogue's own */
};

static const struct expected lines[] = {
    { "scope, without a right of its own",
        { XR_REFUSAL_DENIED, XR_REACH_NO, XR_REACH_YES, 0, 0, false, false },
        XR_FINDING_IMPERSONATION_OUT_OF_SCOPE, NULL },
    { "scope, with a right of its own",
        { XR_REFUSAL_DENIED, XR_REACH_YES, XR_REACH_YES, 0, 0, false, false },
        XR_FINDING_IMPERSONATION_OUT_OF_SCOPE, "FullAccess" },
    { "full access, no role", { XR_REFUSAL_DENIED, XR_REACH_YES, XR_REACH_NO, 0, 0, false, false },
        XR_FINDING_IMPERSONATION_DENIED, "full access does not stand in" },
    { "full access, role open",
        { XR_REFUSAL_DENIED, XR_REACH_YES, XR_REACH_OPEN, 0, 0, false, false },
        XR_FINDING_IMPERSONATION_DENIED, "full access does not stand in" },
    { "not even itself", { XR_REFUSAL_DENIED, XR_REACH_NO, XR_REACH_NO, 0, 0, false, false },
        XR_FINDING_IMPERSONATION_DENIED, "act for itself either" },
    { "full access on Exchange 2007",
        { XR_REFUSAL_DENIED_BY_RIGHT, XR_REACH_YES, XR_REACH_OPEN, 0, 0, false, false },
        XR_FINDING_IMPERSONATION_DENIED, "ms-Exch-EPI-Impersonation" },
    { "EWS off for the mailbox alone",
        { XR_REFUSAL_FORBIDDEN, 0, 0, XR_REACH_YES, 0, false, false },
        XR_FINDING_MAILBOX_EWS_DISABLED, NULL },
    { "EWS off for all meanwhile", { XR_REFUSAL_FORBIDDEN, 0, 0, XR_REACH_NO, 0, false, false },
        XR_FINDING_EWS_DISABLED, "account itself" },
    { "in the cloud, whatever the directory says",
        { XR_REFUSAL_NO_MAILBOX, 0, 0, 0, XR_ENTRY_CONTACT, true, false },
        XR_FINDING_MAILBOX_ELSEWHERE, NULL },
    { "entry without a mailbox", { XR_REFUSAL_NO_MAILBOX, 0, 0, 0, XR_ENTRY_MAILBOX, false, false },
        XR_FINDING_MAILBOX_ELSEWHERE, "hybrid" },
    { "contact", { XR_REFUSAL_NO_MAILBOX, 0, 0, 0, XR_ENTRY_CONTACT, false, false },
        XR_FINDING_MAILBOX_NOT_FOUND, "contact" },
    { "list", { XR_REFUSAL_NO_MAILBOX, 0, 0, 0, XR_ENTRY_LIST, false, false },
        XR_FINDING_MAILBOX_NOT_FOUND, "distribution group" },
    { "nobody", { XR_REFUSAL_NO_MAILBOX, 0, 0, 0, XR_ENTRY_NOBODY, false, false },
        XR_FINDING_MAILBOX_NOT_FOUND, "misspelt" },
    { "moved already", { XR_REFUSAL_MOVING, 0, 0, 0, 0, true, false }, XR_FINDING_MAILBOX_ELSEWHERE,
        "completed" },
    { "another user, who has no right", { XR_REFUSAL_NO_RIGHT, XR_REACH_NO, 0, 0, 0, false, true },
        XR_FINDING_FOLDER_ACCESS_DENIED, "act as {mailbox}" },
    { "another user, and the account has the right",
        { XR_REFUSAL_NO_RIGHT, XR_REACH_YES, 0, 0, 0, false, true },
        XR_FINDING_FOLDER_ACCESS_DENIED, "without impersonation it opens" },
};

/* What says no more than the answer did: its own finding stays. */
static const struct xr_difference nothing_more[] = {
    { XR_REFUSAL_NONE, XR_REACH_YES, XR_REACH_YES, XR_REACH_YES, XR_ENTRY_MAILBOX, true, true },
    { XR_REFUSAL_DENIED, XR_REACH_NO, XR_REACH_OPEN, 0, 0, false, false },
    { XR_REFUSAL_DENIED, XR_REACH_OPEN, XR_REACH_OPEN, XR_REACH_YES, 0, true, true },
    { XR_REFUSAL_DENIED_BY_RIGHT, XR_REACH_NO, XR_REACH_YES, 0, 0, false, false },
    { XR_REFUSAL_FORBIDDEN, XR_REACH_YES, XR_REACH_YES, XR_REACH_OPEN, 0, true, false },
    { XR_REFUSAL_NO_MAILBOX, XR_REACH_YES, 0, 0, XR_ENTRY_OPEN, false, false },
    { XR_REFUSAL_NO_MAILBOX, 0, 0, 0, XR_ENTRY_OTHER, false, false },
    { XR_REFUSAL_MOVING, 0, 0, 0, XR_ENTRY_MAILBOX, false, false },
    { XR_REFUSAL_NO_RIGHT, XR_REACH_NO, 0, 0, 0, false, false },
};

static void check_line(const struct expected *line)
{
    struct xr_diagnosis got = { 0 };

    ck_assert_msg(xr_diagnose(&line->is, &got), "%s", line->name);
    ck_assert_msg(got.code == line->code, "%s: %s", line->name, xr_finding_kind(got.code)->id);
    ck_assert_msg(!got.cause == !line->cause, "%s: %s", line->name, got.cause ? got.cause : "");
    ck_assert_msg(!got.cause || strstr(got.cause, line->cause), "%s: %s", line->name, got.cause);
}

START_TEST(each_cause_is_told_apart)
{
    for (size_t i = 0; i < COUNT(lines); i++)
        check_line(&lines[i]);
}
END_TEST

START_TEST(an_open_answer_decides_nothing)
{
    struct xr_diagnosis got = { 0 };

    for (size_t i = 0; i < COUNT(nothing_more); i++)
        ck_assert_msg(
            !xr_diagnose(&nothing_more[i], &got), "%zu: %s", i, xr_finding_kind(got.code)->id);
}
END_TEST

/* ---- every combination there is ---- */

static void for_every_difference(void (*check)(const struct xr_difference *))
{
    struct xr_difference is = { 0 };

    for (int n = 0; n < XR_REFUSALS * 3 * 3 * 3 * 6 * 4; n++) {
        int left = n;
        is.refusal = (enum xr_refusal)(left % XR_REFUSALS), left /= XR_REFUSALS;
        is.delegate = (enum xr_reach)(left % 3), left /= 3;
        is.self = (enum xr_reach)(left % 3), left /= 3;
        is.without = (enum xr_reach)(left % 3), left /= 3;
        is.entry = (enum xr_entry)(left % 6), left /= 6;
        is.in_cloud = left & 1;
        is.for_other = left & 2;
        check(&is);
    }
}

static bool denied(const struct xr_difference *is)
{
    return is->refusal == XR_REFUSAL_DENIED_BY_RIGHT ||
           (is->refusal == XR_REFUSAL_DENIED && is->self != XR_REACH_YES);
}

static bool out_of_scope(const struct xr_difference *is)
{
    return is->refusal == XR_REFUSAL_DENIED && is->self == XR_REACH_YES;
}

static bool closed_for_one(const struct xr_difference *is)
{
    return is->refusal == XR_REFUSAL_FORBIDDEN && is->without == XR_REACH_YES;
}

static bool closed_for_all(const struct xr_difference *is)
{
    return is->refusal == XR_REFUSAL_FORBIDDEN && is->without == XR_REACH_NO;
}

static bool elsewhere(const struct xr_difference *is)
{
    return (is->refusal == XR_REFUSAL_NO_MAILBOX &&
               (is->in_cloud || is->entry == XR_ENTRY_MAILBOX)) ||
           (is->refusal == XR_REFUSAL_MOVING && is->in_cloud);
}

static bool not_found(const struct xr_difference *is)
{
    return is->refusal == XR_REFUSAL_NO_MAILBOX && !is->in_cloud;
}

static bool no_right(const struct xr_difference *is)
{
    return is->refusal == XR_REFUSAL_NO_RIGHT;
}

/* To say "out of scope" is to say "the role is there": only what shows it may lead there. */
static const struct {
    enum xr_finding_code code;
    bool (*was_seen)(const struct xr_difference *is);
} claims[] = {
    { XR_FINDING_IMPERSONATION_OUT_OF_SCOPE, out_of_scope },
    { XR_FINDING_IMPERSONATION_DENIED, denied },
    { XR_FINDING_MAILBOX_EWS_DISABLED, closed_for_one },
    { XR_FINDING_EWS_DISABLED, closed_for_all },
    { XR_FINDING_MAILBOX_ELSEWHERE, elsewhere },
    { XR_FINDING_MAILBOX_NOT_FOUND, not_found },
    { XR_FINDING_FOLDER_ACCESS_DENIED, no_right },
};

static void claims_no_more_than_was_seen(const struct xr_difference *is)
{
    struct xr_diagnosis got;
    size_t i = 0;

    if (!xr_diagnose(is, &got))
        return;
    while (i < COUNT(claims) && claims[i].code != got.code)
        i++;
    ck_assert_msg(i < COUNT(claims), "%s is not of access", xr_finding_kind(got.code)->id);
    ck_assert_msg(claims[i].was_seen(is), "%s", xr_finding_kind(got.code)->id);
}

START_TEST(no_combination_claims_more_than_was_seen)
{
    for_every_difference(claims_no_more_than_was_seen);
}
END_TEST

XR_UNIT_MAIN("inbox_table", each_cause_is_told_apart, an_open_answer_decides_nothing,
    no_combination_claims_more_than_was_seen)
