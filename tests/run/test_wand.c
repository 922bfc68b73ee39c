#include <string.h>

#include "analyzer/run/wand.h"
#include "tests/unit.h"

#define URL       "https://mail.contoso.test/EWS/Exchange.asmx"
#define CLOUD_URL "https://outlook.office365.com/EWS/Exchange.asmx"

static struct xr_arena *arena;

static const struct xr_fact_cloud cloud = { "Microsoft 365", CLOUD_URL,
    "the MX record of contoso.test names contoso-test.mail.protection.outlook.com" };

static void setup(void)
{
    arena = xr_arena_new();
}

static void teardown(void)
{
    xr_arena_free(arena);
}

static struct xr_run run_that_ended(const char *finding)
{
    struct xr_run run = { .arena = arena };

    run.verdict.finding = finding;
    run.verdict.step = finding ? "autodiscover" : NULL;
    run.verdict.title = "The headline.";
    return run;
}

/* Of a run that found this out; url NULL: no EWS URL. */
static struct xr_wand wand_of(const char *url, const char *from, struct xr_fact_cloud tells)
{
    struct xr_run run = run_that_ended(url          ? NULL
                                       : tells.name ? "autodiscover.microsoft-365"
                                                    : "autodiscover.no-method");

    run.facts.ews_url = url;
    run.facts.ews_url_from = from;
    run.facts.cloud = tells;
    return xr_wand(&run, "contoso.test");
}

static void expect(struct xr_wand wand, enum xr_wand_source source, const char *url)
{
    ck_assert_int_eq(wand.source, source);
    ck_assert_str_eq(wand.url, url);
}

START_TEST(what_a_server_named_comes_first)
{
    setup();
    struct xr_wand wand = wand_of(URL, "autodiscover.host", cloud);
    expect(wand, XR_WAND_AUTODISCOVER, URL);
    ck_assert_str_eq(wand.because, "by Autodiscover: autodiscover.host gave it");
    expect(wand_of(URL, "autodiscover.v2", (struct xr_fact_cloud){ 0 }), XR_WAND_AUTODISCOVER, URL);
    expect(wand_of(URL, "autodiscover.hop-1.root", cloud), XR_WAND_AUTODISCOVER, URL);
    teardown();
}
END_TEST

START_TEST(an_internal_url_is_called_so_once)
{
    setup();
    struct xr_run run = run_that_ended("autodiscover.internal-url-only");
    run.verdict.title = "It is for the internal network only.";
    run.facts.ews_url = URL;
    run.facts.ews_url_from = "autodiscover.root";
    run.facts.ews_url_is_internal = true;
    struct xr_wand wand = xr_wand(&run, "contoso.test");
    ck_assert_str_eq(xr_wand_line(&run, &wand, " (asked for anna)"),
        "by Autodiscover: autodiscover.root gave it, for the internal network only (asked for "
        "anna) (exray explain autodiscover.internal-url-only)");
    run.verdict.finding = "autodiscover.answers-disagree";
    run.verdict.title = "Two answers differ.";
    ck_assert_str_eq(xr_wand_line(&run, &wand, ""),
        "by Autodiscover: autodiscover.root gave it, for the internal network only. Two answers "
        "differ. (exray explain autodiscover.answers-disagree)");
    run.verdict.finding = NULL;
    ck_assert_str_eq(xr_wand_line(&run, &wand, ""), wand.because);
    teardown();
}
END_TEST

START_TEST(names_that_lead_to_microsoft_come_next)
{
    setup();
    struct xr_wand wand = wand_of(NULL, NULL, cloud);
    expect(wand, XR_WAND_MICROSOFT_365, CLOUD_URL);
    ck_assert_str_eq(wand.because,
        "by Microsoft 365: the MX record of contoso.test names "
        "contoso-test.mail.protection.outlook.com; no server was asked with a logon");
    struct xr_fact_cloud other = { "Microsoft 365 GCC High", "https://outlook.office365.us/",
        NULL };
    wand = wand_of(NULL, NULL, other);
    expect(wand, XR_WAND_MICROSOFT_365, "https://outlook.office365.us/");
    ck_assert_msg(strstr(wand.because, "by Microsoft 365 GCC High: ") != NULL, "%s", wand.because);
    teardown();
}
END_TEST

/* Something else was met: mail that comes in at Microsoft does not tell where the mailboxes are. */
START_TEST(names_are_no_answer_to_another_verdict)
{
    static const char *const others[] = { "autodiscover.no-method", "autodiscover.not-asked",
        "autodiscover.address-not-found", "logon.rejected", "tls.expired", "tcp.refused",
        "local.timeout", NULL };

    setup();
    for (const char *const *other = others; *other; other++) {
        struct xr_run run = run_that_ended(*other);
        run.facts.cloud = cloud;
        struct xr_wand wand = xr_wand(&run, "contoso.test");
        expect(wand, XR_WAND_PATTERN, URL);
        ck_assert_ptr_null(strstr(wand.because, "logon"));
    }
    teardown();
}
END_TEST

/* The organisation's server names an address in the cloud, and its answer was behind a logon. */
START_TEST(a_logon_is_not_denied)
{
    struct xr_sent with_logon = { .credentials = "account and password" };
    struct xr_sent question = { .next = &with_logon, .credentials = "none" };

    setup();
    struct xr_run run = run_that_ended("autodiscover.microsoft-365");
    run.facts.cloud = cloud;
    run.sent = &question;
    ck_assert_ptr_null(strstr(xr_wand(&run, NULL).because, "no server was asked with a logon"));
    run.facts.ews_url = CLOUD_URL;
    run.facts.ews_url_from = "autodiscover.microsoft-365";
    ck_assert_ptr_null(strstr(xr_wand(&run, NULL).because, "no server was asked with a logon"));
    question.next = NULL;
    ck_assert_ptr_nonnull(strstr(xr_wand(&run, NULL).because, "no server was asked with a logon"));
    teardown();
}
END_TEST

/* With --allow-redirect the way by names wins, and no server of the organisation has said a word.
 */
START_TEST(a_way_by_names_is_no_word_of_the_organisation)
{
    static const char *const by_names[] = { "autodiscover.microsoft-365",
        "autodiscover.microsoft-365.request", "autodiscover.hop-2.microsoft-365", NULL };

    setup();
    for (const char *const *step = by_names; *step; step++)
        expect(wand_of(CLOUD_URL, *step, cloud), XR_WAND_MICROSOFT_365, CLOUD_URL);
    expect(wand_of(URL, "autodiscover.microsoft-3650", cloud), XR_WAND_AUTODISCOVER, URL);
    teardown();
}
END_TEST

START_TEST(the_pattern_is_the_last_resort_and_called_a_guess)
{
    setup();
    struct xr_wand wand = wand_of(NULL, NULL, (struct xr_fact_cloud){ 0 });
    expect(wand, XR_WAND_PATTERN, URL);
    ck_assert_ptr_nonnull(strstr(wand.because, "by the pattern"));
    ck_assert_ptr_nonnull(strstr(wand.because, "not tested"));
    teardown();
}
END_TEST

/* What somebody typed was found by nobody. */
START_TEST(a_url_of_another_origin_is_not_found)
{
    setup();
    expect(wand_of("https://typed.contoso.test/", "--ews-url", (struct xr_fact_cloud){ 0 }),
        XR_WAND_PATTERN, URL);
    teardown();
}
END_TEST

START_TEST(without_a_domain_there_is_no_pattern)
{
    setup();
    struct xr_run run = run_that_ended("autodiscover.microsoft-365");
    ck_assert_ptr_null(xr_wand(&run, NULL).url);
    run.facts.cloud = cloud;
    ck_assert_str_eq(xr_wand(&run, NULL).url, CLOUD_URL);
    teardown();
}
END_TEST

/* ---- whether the pattern is more than a guess ---- */

/* A run without a method, whose ways are those that way() adds. */
static struct xr_run run_without_a_method(void)
{
    struct xr_run run = run_that_ended("autodiscover.no-method");

    run.root = xr_step_add(arena, NULL, "autodiscover", "");
    (void)xr_success(xr_step_add(arena, run.root, "input", ""), "Sound.");
    (void)xr_error(xr_step_add(arena, run.root, "autodiscover", ""),
        XR_FINDING_AUTODISCOVER_NO_METHOD, "No method found a service.");
    return run;
}

static struct xr_step *way(const struct xr_run *run, const char *id)
{
    return xr_step_add(arena, run->root->last, id, "");
}

START_TEST(negative_answers_raise_no_doubt)
{
    static const enum xr_finding_code negative[] = { XR_FINDING_DNS_NAME_NOT_FOUND,
        XR_FINDING_DNS_NO_ADDRESS, XR_FINDING_AUTODISCOVER_NOT_FOUND, XR_FINDING_HTTP_FORBIDDEN,
        XR_FINDING_HTTP_NOT_FOUND };

    setup();
    struct xr_run run = run_without_a_method();
    for (size_t i = 0; i < sizeof(negative) / sizeof(*negative); i++)
        (void)xr_error(way(&run, "autodiscover.host"), negative[i], "Nobody.");
    struct xr_step *cloud_way = way(&run, "autodiscover.microsoft-365");
    (void)xr_error(xr_step_add(arena, cloud_way, "autodiscover.microsoft-365.records", ""),
        XR_FINDING_DNS_TIMEOUT, "Silent.");
    (void)xr_skipped(cloud_way, NULL, "No record names Microsoft 365.");
    ck_assert_ptr_null(xr_wand_doubt(&run).finding);
    teardown();
}
END_TEST

START_TEST(whatever_else_a_way_met_raises_doubt)
{
    static const enum xr_finding_code others[] = { XR_FINDING_DNS_TIMEOUT, XR_FINDING_TLS_EXPIRED,
        XR_FINDING_TCP_REFUSED, XR_FINDING_HTTP_SERVER_ERROR, XR_FINDING_HTTP_UNEXPECTED_CONTENT,
        XR_FINDING_LOCAL_CANCELLED };

    setup();
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        struct xr_run run = run_without_a_method();
        (void)xr_error(way(&run, "autodiscover.root"), XR_FINDING_DNS_NAME_NOT_FOUND, "Nobody.");
        (void)xr_error(way(&run, "autodiscover.host"), others[i], "It is there.");
        struct xr_wand_doubt doubt = xr_wand_doubt(&run);
        ck_assert_str_eq(doubt.finding, xr_finding_kind(others[i])->id);
        ck_assert_str_eq(doubt.message, "It is there.");
    }
    teardown();
}
END_TEST

/* That an answer led to an address there is more than "not here". */
START_TEST(where_an_answer_led_to_raises_doubt)
{
    setup();
    struct xr_run run = run_without_a_method();
    struct xr_step *hop = way(&run, "autodiscover.hop-1");
    (void)xr_error(xr_step_add(arena, hop, "autodiscover.hop-1.root", ""),
        XR_FINDING_DNS_NAME_NOT_FOUND, "Nobody.");
    hop->status = XR_ERROR;
    struct xr_wand_doubt doubt = xr_wand_doubt(&run);
    ck_assert_str_eq(doubt.finding, "autodiscover.no-method");
    ck_assert_str_eq(doubt.message, "No method found a service.");
    teardown();
}
END_TEST

START_TEST(another_verdict_raises_doubt_whatever_the_ways_met)
{
    static const char *const others[] = { "autodiscover.address-not-found",
        "autodiscover.no-ews-url", "autodiscover.redirect-not-allowed", "autodiscover.not-asked",
        "logon.rejected", NULL };

    setup();
    for (const char *const *other = others; *other; other++) {
        struct xr_run run = run_without_a_method();
        run.verdict.finding = *other;
        (void)xr_error(way(&run, "autodiscover.host"), XR_FINDING_DNS_NAME_NOT_FOUND, "Nobody.");
        ck_assert_str_eq(xr_wand_doubt(&run).finding, *other);
        ck_assert_str_eq(xr_wand_doubt(&run).message, "No method found a service.");
    }
    struct xr_run run = run_that_ended("input.address-invalid"); /* no step tells more */
    ck_assert_str_eq(xr_wand_doubt(&run).message, "The headline.");
    run.verdict.finding = NULL;
    ck_assert_ptr_null(xr_wand_doubt(&run).finding);
    teardown();
}
END_TEST

START_TEST(sources_have_names_for_programs)
{
    ck_assert_str_eq(xr_wand_source_name(XR_WAND_AUTODISCOVER), "autodiscover");
    ck_assert_str_eq(xr_wand_source_name(XR_WAND_MICROSOFT_365), "microsoft-365");
    ck_assert_str_eq(xr_wand_source_name(XR_WAND_PATTERN), "pattern");
}
END_TEST

XR_UNIT_MAIN("wand", what_a_server_named_comes_first, an_internal_url_is_called_so_once,
    names_that_lead_to_microsoft_come_next, names_are_no_answer_to_another_verdict,
    a_logon_is_not_denied, a_way_by_names_is_no_word_of_the_organisation,
    the_pattern_is_the_last_resort_and_called_a_guess, a_url_of_another_origin_is_not_found,
    without_a_domain_there_is_no_pattern, negative_answers_raise_no_doubt,
    whatever_else_a_way_met_raises_doubt, where_an_answer_led_to_raises_doubt,
    another_verdict_raises_doubt_whatever_the_ways_met, sources_have_names_for_programs)
