#include <string.h>

#include "analyzer/model/verdict.h"
#include "tests/unit.h"

static struct xr_arena *arena;

static const struct xr_target with_account = {
    .mailbox = "anna@contoso.test", .account = "CONTOSO\\svc", .folder = "inbox"
};
static const struct xr_target without_account = { .mailbox = "anna@contoso.test",
    .folder = "inbox" };

/* A test of Autodiscover in which one way has a verdict: DNS and TCP passed, as did what "legs"
 * names beside them; the finding is on the request. XR_FINDING_COUNT: it answered. */
static struct xr_run run_of(const struct xr_target *target, enum xr_finding_code code)
{
    arena = xr_arena_new();
    struct xr_run run = { .arena = arena, .test = "autodiscover", .target = target };

    run.root = xr_step_add(arena, NULL, "autodiscover", "Autodiscover");
    xr_step_add(arena, run.root, "input", "Input")->status = XR_SUCCESS;
    struct xr_step *step = xr_step_add(arena, run.root, "autodiscover", "Autodiscover");
    struct xr_step *way = xr_step_add(arena, step, "autodiscover.host", "https://a.contoso.test");
    way->host = "autodiscover.contoso.test";
    xr_step_add(arena, way, "autodiscover.host.dns", "Resolve")->status = XR_SUCCESS;
    xr_step_add(arena, way, "autodiscover.host.tcp", "Connect")->status = XR_SUCCESS;
    xr_step_add(arena, way, "autodiscover.host.tls", "Agree")->status = XR_SUCCESS;
    struct xr_step *request = xr_step_add(arena, way, "autodiscover.host.request", "Ask");
    step->status = way->status = code == XR_FINDING_COUNT ? xr_success(request, "Fine.")
                                                          : xr_error(request, code, "Not fine.");
    run.facts.ews_url_from = "autodiscover.host";
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

static bool rules_out(const struct xr_run *run, const char *what)
{
    for (const char *const *one = run->verdict.ruled_out; *one; one++)
        if (!strcmp(*one, what))
            return true;
    return false;
}

START_TEST(the_same_test_is_one_of_autodiscover)
{
    struct xr_run run = run_of(&with_account, XR_FINDING_LOCAL_CANCELLED);

    ck_assert(has_command(
        &run, "exray test autodiscover --mailbox 'anna@contoso.test' --account 'CONTOSO\\svc'"));
    ck_assert(!has_command(&run, "service-account") && !has_command(&run, "--ews-url"));
    xr_arena_free(arena);
    run = run_of(&without_account, XR_FINDING_LOCAL_TIMEOUT);
    ck_assert(
        has_command(&run, "exray test autodiscover --mailbox 'anna@contoso.test' --timeout 180"));
    ck_assert(!has_command(&run, "--account"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_test_with_a_url_of_its_own_stays_one_of_ews)
{
    struct xr_run run = run_of(&with_account, XR_FINDING_AUTODISCOVER_NO_METHOD);

    ck_assert(has_command(&run, "exray test service-account --mailbox 'anna@contoso.test' "
                                "--account 'CONTOSO\\svc' --ews-url \"$URL\""));
    xr_arena_free(arena);
}
END_TEST

START_TEST(an_account_that_was_not_given_is_filled_in_where_it_is_typed)
{
    struct xr_run run = run_of(&without_account, XR_FINDING_AUTODISCOVER_MICROSOFT_365);

    ck_assert(has_command(&run, "LOGON='CONTOSO\\svc-sync'\nexray test service-account --mailbox "
                                "'anna@contoso.test' --account \"$LOGON\" \\\n  --ews-url https"));
    ck_assert(has_command(&run, "LOGON='CONTOSO\\svc-sync'\nexray test autodiscover --mailbox "
                                "'anna@contoso.test' --account \"$LOGON\" \\\n  --allow-redirect"));
    xr_arena_free(arena);
    run = run_of(&without_account, XR_FINDING_AUTODISCOVER_SERVER_BUSY);
    ck_assert(has_command(&run, "$account = Read-Host 'Account'\nGet-ThrottlingPolicyAssociation "
                                "-Identity $account |"));
    xr_arena_free(arena);
    run = run_of(&without_account, XR_FINDING_LOGON_REJECTED);
    ck_assert_str_eq(
        run.verdict.title, "The server does not accept the account with this password.");
    xr_arena_free(arena);
}
END_TEST

static void check_text(const struct xr_run *run, const char *text)
{
    static const char *const open[] = { "<account>", "<ews_url>", "<host>", "<domain>", "<mailbox>",
        "{account}", "(null)", NULL };

    for (const char *const *slot = open; text && *slot; slot++)
        ck_assert_msg(!strstr(text, *slot), "%s: %s", run->verdict.finding, text);
}

static bool takes_no_such_option(const char *command)
{
    const char *at = command ? strstr(command, "exray test autodiscover") : NULL;

    return !at || (!strstr(at, " --ews-url") && !strstr(at, "''"));
}

/* Of every finding, with an account and without: no slot may be left open. */
START_TEST(no_slot_is_left_open)
{
    const struct xr_target *const targets[] = { &with_account, &without_account };

    for (int i = 0; i < 2 * XR_FINDING_COUNT; i++) {
        struct xr_run run = run_of(targets[i % 2], (enum xr_finding_code)(i / 2));
        check_text(&run, run.verdict.title);
        check_text(&run, run.verdict.meaning);
        check_text(&run, run.verdict.cause);
        for (const struct xr_advice *advice = run.verdict.remedy; advice->text; advice++) {
            check_text(&run, advice->text);
            check_text(&run, advice->command);
            check_text(&run, advice->expect);
            ck_assert_msg(takes_no_such_option(advice->command), "%s", advice->command);
        }
        xr_arena_free(arena);
    }
}
END_TEST

/* What passed on the way that failed, and nothing that this test does not do. */
START_TEST(what_passed_on_the_way_is_ruled_out)
{
    struct xr_run run = run_of(&with_account, XR_FINDING_HTTP_SERVER_ERROR);

    ck_assert(rules_out(&run, "name resolution") && rules_out(&run, "network and firewall"));
    ck_assert(rules_out(&run, "certificate"));
    ck_assert(!rules_out(&run, "account and password"));
    struct xr_step *way = run.root->last->first, *tls = way->first->next->next;
    ck_assert_str_eq(tls->id, "autodiscover.host.tls");
    tls->status = XR_SKIPPED;
    xr_verdict(&run);
    ck_assert(!rules_out(&run, "certificate") && rules_out(&run, "network and firewall"));
    way->last->findings = NULL;
    tls->status = xr_error(tls, XR_FINDING_TLS_EXPIRED, "Too old.");
    xr_verdict(&run);
    ck_assert(!rules_out(&run, "certificate") && rules_out(&run, "name resolution"));
    run.origin.proxy = "http://proxy.test:3128/";
    xr_verdict(&run);
    ck_assert(!rules_out(&run, "name resolution") && rules_out(&run, "the way to the proxy"));
    xr_arena_free(arena);
}
END_TEST

/* The search as a whole takes over what decided on one of its ways. */
START_TEST(a_finding_that_is_repeated_above_is_still_that_of_its_way)
{
    struct xr_run run = run_of(&with_account, XR_FINDING_HTTP_SERVER_ERROR);
    struct xr_step *step = run.root->last, *way = step->first;

    (void)xr_error(way, XR_FINDING_HTTP_SERVER_ERROR, "Not fine.");
    (void)xr_error(step, XR_FINDING_HTTP_SERVER_ERROR, "Not fine.");
    way->first->status = XR_SKIPPED;
    xr_verdict(&run);
    ck_assert(rules_out(&run, "certificate") && !rules_out(&run, "name resolution"));
    way->first->status = xr_error(way->first, XR_FINDING_HTTP_SERVER_ERROR, "Another one.");
    xr_verdict(&run);
    ck_assert(!rules_out(&run, "name resolution"));
    xr_arena_free(arena);
}
END_TEST

/* A verdict on all ways together has no way of its own to speak of. */
START_TEST(nothing_is_ruled_out_by_another_way)
{
    struct xr_run run = run_of(&with_account, XR_FINDING_HTTP_SERVER_ERROR);
    struct xr_step *step = run.root->last;

    (void)xr_find(step, XR_FINDING_AUTODISCOVER_NO_METHOD, XR_ERROR, "Nothing was found.");
    xr_verdict(&run);
    ck_assert_str_eq(run.verdict.finding, "autodiscover.no-method");
    ck_assert_ptr_null(run.verdict.ruled_out[0]);
    xr_arena_free(arena);
}
END_TEST

START_TEST(trust_that_was_ignored_rules_no_certificate_out)
{
    struct xr_target target = with_account;

    target.ignore_trust = true;
    struct xr_run run = run_of(&target, XR_FINDING_HTTP_SERVER_ERROR);
    struct xr_step *tls = run.root->last->first->first->next->next;
    ck_assert(rules_out(&run, "certificate"));
    tls->status = XR_WARNING;
    xr_verdict(&run);
    ck_assert(!rules_out(&run, "certificate"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(success_claims_no_more_than_the_url)
{
    static const char cloud[] = "autodiscover.hop-1.microsoft-365";
    const struct {
        const struct xr_target *target;
        const char *from, *protocol, *meaning;
    } rows[] = {
        { &with_account, "autodiscover.host", "POX", "Applications that ask Autodiscover with th" },
        { &with_account, "autodiscover.v2", "V2",
            "The EWS URL is told without a logon, so no acc" },
        { &without_account, "autodiscover.v2", "V2", "The EWS URL is told without a logon, so no" },
        { &with_account, cloud, NULL, "The mail domain is in Microsoft 365, where EWS has one" },
        { &without_account, cloud, NULL, "The mail domain is in Microsoft 365, where EWS has one" },
        { &with_account, cloud, "V2", "The EWS URL is told without a logon, so no account was tr" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct xr_run run = run_of(rows[i].target, XR_FINDING_COUNT);
        struct xr_fact_settings used = { .protocol = rows[i].protocol, .used = true };
        struct xr_fact_settings first = { .protocol = "V2", .next = &used };
        run.facts.ews_url_from = rows[i].from;
        run.facts.settings = rows[i].protocol ? &first : NULL;
        xr_verdict(&run);
        ck_assert_str_eq(
            run.verdict.title, "Autodiscover finds Exchange Web Services for anna@contoso.test.");
        ck_assert_ptr_nonnull(strstr(run.verdict.meaning, rows[i].meaning));
        ck_assert_ptr_nonnull(strstr(run.verdict.meaning, "he URL "));
        ck_assert_ptr_null(strstr(run.verdict.meaning, "ertificate"));
        ck_assert_ptr_null(strstr(run.verdict.meaning, "mpersonat"));
        ck_assert_ptr_null(run.verdict.ruled_out[0]);
        xr_arena_free(arena);
    }
}
END_TEST

XR_UNIT_MAIN("verdict_discovery", the_same_test_is_one_of_autodiscover,
    a_test_with_a_url_of_its_own_stays_one_of_ews,
    an_account_that_was_not_given_is_filled_in_where_it_is_typed, no_slot_is_left_open,
    what_passed_on_the_way_is_ruled_out, a_finding_that_is_repeated_above_is_still_that_of_its_way,
    nothing_is_ruled_out_by_another_way, trust_that_was_ignored_rules_no_certificate_out,
    success_claims_no_more_than_the_url)
