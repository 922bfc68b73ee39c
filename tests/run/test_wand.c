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

/* Of a run that found this out; url NULL: no EWS URL. */
static struct xr_wand wand_of(const char *url, const char *from, struct xr_fact_cloud tells)
{
    struct xr_run run = { .arena = arena };

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

START_TEST(an_internal_url_is_called_so)
{
    struct xr_run run = { .arena = NULL };

    setup();
    run.arena = arena;
    run.facts.ews_url = URL;
    run.facts.ews_url_from = "autodiscover.root";
    run.facts.ews_url_is_internal = true;
    ck_assert_ptr_nonnull(strstr(xr_wand(&run, "contoso.test").because, "internal network"));
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
    struct xr_run run = { .arena = NULL };

    setup();
    run.arena = arena;
    ck_assert_ptr_null(xr_wand(&run, NULL).url);
    run.facts.cloud = cloud;
    ck_assert_str_eq(xr_wand(&run, NULL).url, CLOUD_URL);
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

XR_UNIT_MAIN("wand", what_a_server_named_comes_first, an_internal_url_is_called_so,
    names_that_lead_to_microsoft_come_next, a_way_by_names_is_no_word_of_the_organisation,
    the_pattern_is_the_last_resort_and_called_a_guess, a_url_of_another_origin_is_not_found,
    without_a_domain_there_is_no_pattern, sources_have_names_for_programs)
