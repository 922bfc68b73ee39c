#include <string.h>

#include "analyzer/model/verdict.h"
#include "tests/unit.h"

static struct xr_arena *arena;

static const struct xr_target by_impersonation = {
    .mailbox = "anna@contoso.test",
    .account = "CONTOSO\\svc",
    .folder = "inbox",
    .impersonation = true,
    .impersonate = "anna@contoso.test",
};

/* The verdict of a run about this mailbox, with one finding. */
static const struct xr_advice *advice_for(
    const struct xr_target *target, enum xr_finding_code code, unsigned when)
{
    arena = xr_arena_new();
    struct xr_run run = { .arena = arena, .target = target };

    run.facts.ews_url = "https://mail.contoso.test/EWS/Exchange.asmx";
    run.root = xr_step_add(arena, NULL, "service-account", "Service account");
    struct xr_step *step = xr_step_add(arena, run.root, "write", "Write");
    step->status = xr_error(step, code, "Not fine.");
    step->last_finding->when = when;
    xr_verdict(&run);
    return run.verdict.remedy;
}

static bool holds(const struct xr_advice *advice, const char *needle)
{
    for (; advice->text; advice++)
        if (advice->command && strstr(advice->command, needle))
            return true;
    return false;
}

static const char url_and[] = "--ews-url 'https://mail.contoso.test/EWS/Exchange.asmx'";

START_TEST(the_usual_way_in_is_not_told)
{
    const struct xr_advice *advice = advice_for(&by_impersonation, XR_FINDING_LOGON_REJECTED, 0);

    ck_assert(holds(advice, url_and));
    ck_assert(!holds(advice, "impersonat") && !holds(advice, "--folder"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(the_same_test_has_the_same_way_in)
{
    struct xr_target target = by_impersonation;
    target.impersonation = false;
    ck_assert(holds(advice_for(&target, XR_FINDING_LOGON_REJECTED, 0),
        "/EWS/Exchange.asmx' --no-impersonation"));
    xr_arena_free(arena);

    ck_assert(holds(advice_for(&target, XR_FINDING_WRITE_LEFTOVER, XR_WHEN_PASSING),
        "--with write --no-impersonation"));
    xr_arena_free(arena);

    target = by_impersonation;
    target.impersonate = "S-1-5-21-1";
    target.identify_by = XR_BY_SID;
    target.folder = "calendar";
    ck_assert(holds(advice_for(&target, XR_FINDING_LOGON_REJECTED, 0),
        "--folder 'calendar' --impersonate 'S-1-5-21-1' --impersonate-by 'sid'"));
    xr_arena_free(arena);
}
END_TEST

/* "Run the test without --no-impersonation" must not give a command with it. */
START_TEST(what_the_remedy_names_is_its_own_matter)
{
    struct xr_target target = by_impersonation;
    target.impersonation = false;
    const struct xr_advice *advice = advice_for(&target, XR_FINDING_OOF_UNAVAILABLE, 0);
    ck_assert(holds(advice, "--with oof") && !holds(advice, "--no-impersonation"));
    xr_arena_free(arena);

    target = by_impersonation;
    target.impersonate = "anna.berg@corp.test";
    target.identify_by = XR_BY_UPN;
    ck_assert(!holds(
        advice_for(&target, XR_FINDING_IMPERSONATION_INVALID_IDENTIFIER, 0), "--impersonate"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_value_stays_one_word_of_the_shell)
{
    struct xr_target target = by_impersonation;

    target.impersonate = "{account}'; id #@contoso.test";
    const struct xr_advice *advice = advice_for(&target, XR_FINDING_LOGON_REJECTED, 0);
    ck_assert(holds(advice, "--impersonate '{account}'\\''; id #@contoso.test'"));
    xr_arena_free(arena);

    target.impersonate = "anna\x1b[2J@contoso.test";
    advice = advice_for(&target, XR_FINDING_LOGON_REJECTED, 0);
    ck_assert(!holds(advice, "exray test service-account"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(remedies_are_of_use_where_they_are_given)
{
    struct xr_target delegate = by_impersonation;

    delegate.impersonation = false;
    ck_assert(!holds(advice_for(&by_impersonation, XR_FINDING_OOF_UNAVAILABLE, 0), "--with oof"));
    xr_arena_free(arena);
    ck_assert(holds(
        advice_for(&delegate, XR_FINDING_IMPERSONATION_SCOPE_OPEN, 0), "Remove-MailboxPermission"));
    xr_arena_free(arena);
    ck_assert(!holds(advice_for(&by_impersonation, XR_FINDING_IMPERSONATION_SCOPE_OPEN, 0),
        "Remove-MailboxPermission"));
    xr_arena_free(arena);
    ck_assert(!holds(
        advice_for(&by_impersonation, XR_FINDING_WRITE_LEFTOVER, XR_WHEN_LASTING), "exray test s"));
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("advice", the_usual_way_in_is_not_told, the_same_test_has_the_same_way_in,
    what_the_remedy_names_is_its_own_matter, a_value_stays_one_word_of_the_shell,
    remedies_are_of_use_where_they_are_given)
