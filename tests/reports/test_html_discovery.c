#include <string.h>

#include "tests/reports/markup.h"
#include "tests/reports/sample_discovery.h"
#include "tests/reports/written.h"
#include "tests/unit.h"

static const struct xr_style USUAL = { .verbose = 0 };

/* As a reader sees it: without the places where a long name may break. */
static const char *unbroken(struct xr_arena *arena, const char *text)
{
    char *made = xr_strdup(arena, text), *to = made;

    for (const char *at = made; *at; *to++ = *at++)
        while (!strncmp(at, "<wbr>", 5))
            at += 5;
    *to = '\0';
    return made;
}

static const char *page_of(struct xr_run *run)
{
    const char *page = written(run, "html", USUAL);

    markup_check(page);
    ck_assert(!text_holds(page, "(null)"));
    return page;
}

START_TEST(test_every_way_is_on_the_map)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = page_of(sample_discovery_found(arena));
    const char *map = unbroken(arena, text_between(arena, page, "<ol class=\"ways\">", "</ol>"));

    ck_assert_int_eq(text_count(map, "<li"), 6);
    ck_assert_int_eq(text_count(map, "Cancelled: autodiscover.host has answered."), 3);
    ck_assert_int_eq(text_count(map, "Not needed: autodiscover.host has answered."), 2);
    ck_assert_int_eq(text_count(map, "<div class=\"box skipped\">"), 5);
    ck_assert(text_holds(map, "<li class=\"won\"><div class=\"box success\">"
                              "<small>https, the Autodiscover host</small>"));
    ck_assert(text_holds(map, "<small>JSON service, without a logon</small>"));
    ck_assert(text_holds(map, "<small>Microsoft 365, by its records</small>"));
    ck_assert(!text_holds(map, "Redirection"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_ways_of_another_address_are_told_apart)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = page_of(sample_discovery_moved(arena));
    const char *map = unbroken(arena, text_between(arena, page, "<ol class=\"ways\">", "</ol>"));

    ck_assert_int_eq(text_count(map, "<li"), 3);
    ck_assert(text_holds(map, "<small>Redirection 1: https, the domain itself</small>"));
    ck_assert(text_holds(map, "<small>Redirection 1: https, the Autodiscover host</small>"));
    ck_assert(
        text_holds(map, "<li><div class=\"box success\"><small>https, the Autodiscover host"));
    xr_arena_free(arena);
}
END_TEST

/* A search that ended with a warning has found something: what failed beside it is no alarm. */
START_TEST(test_way_that_failed_beside_a_found_one_is_no_alarm)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_discovery_moved(arena);
    struct xr_step *search = run->root->last;

    ck_assert_int_eq(search->status, XR_WARNING);
    const char *page = page_of(run);
    ck_assert(text_holds(page, "<details class=\"error alt\">"));
    struct xr_step *srv = xr_step_add(arena, search, "autodiscover.srv", "SRV record");
    srv->status = xr_error(srv, XR_FINDING_DNS_NAME_NOT_FOUND, "No such record.");
    ck_assert(!text_holds(page_of(run), "<details class=\"error\" open>"));
    search->status = XR_ERROR;
    ck_assert(text_holds(page_of(run), "<details class=\"error\" open>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_many_ways_are_a_list)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_discovery_found(arena);

    ck_assert(text_holds(page_of(run), "<div class=\"map\">"));
    run->facts.last_discovery->next = run->facts.discovery->next->next;
    run->facts.discovery->next->next = NULL;
    struct xr_fact_discovery more[3] = { { .method = "root", .url = "a" },
        { .method = "host", .url = "b" }, { .method = "root", .url = "c" } };
    more[0].next = &more[1];
    more[1].next = &more[2];
    more[2].next = run->facts.last_discovery->next;
    run->facts.last_discovery->next = NULL;
    run->facts.discovery->next->next = more;
    const char *page = page_of(run);
    ck_assert(text_holds(page, "<div class=\"map tall\">"));
    ck_assert(text_holds(page, "<small>Redirection 2: https, the domain itself</small>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_answers_stand_in_one_table)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = page_of(sample_discovery_found(arena));
    const char *table =
        unbroken(arena, text_between(arena, page, "<table class=\"tbl answers\"", "</table>"));

    ck_assert(text_holds(page, "<li><a href=\"#answers\">Answers</a></li>"));
    ck_assert_int_eq(text_count(table, "role=\"rowheader\""), 2);
    ck_assert_int_eq(text_count(table, "Used</span>"), 1);
    ck_assert(strstr(table, "Used</span>") < strstr(table, ">SOAP"));
    ck_assert(text_holds(table, "<code>autodiscover.host.request</code>"));
    ck_assert(text_holds(table,
        "<td role=\"cell\" data-l=\"External EWS\"><span class=\"part\"><bdi>" SAMPLE_EWS_URL));
    ck_assert(
        text_holds(table, "<small>outside</small> <bdi>https://mail.contoso.example/owa/</bdi>"));
    ck_assert(
        text_holds(table, "<small>inside</small> <bdi>https://ex01.contoso.example/owa/</bdi>"));
    ck_assert(text_holds(table, "–<span class=\"sr\"> not told</span>"));
    ck_assert(!text_holds(table, "differs from") && !text_holds(table, "asked for"));
    ck_assert(!text_holds(table, "EXHTTP") && !text_holds(table, "in Exchange Online"));
    ck_assert(text_holds(page, "No answer tells: EXHTTP, interop."));
    xr_arena_free(arena);
}
END_TEST

static const char *row_of(struct xr_arena *arena, const char *page, const char *step)
{
    const char *from = text_between(arena, page, "<table class=\"tbl answers\"", "</table>");

    return unbroken(
        arena, text_between(arena, from, xr_printf(arena, "<code>%s</code>", step), "</tr>"));
}

START_TEST(test_cells_that_differ_say_so)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_discovery_moved(arena);
    const char *page = page_of(run);
    const char *pox = row_of(arena, page, "autodiscover.hop-1.host.request");
    const char *soap = row_of(arena, page, "autodiscover.hop-1.host.soap");

    ck_assert_int_eq(text_count(pox, "differs from SOAP"), 1);
    ck_assert_int_eq(text_count(soap, "differs from POX"), 1);
    /* In words and with an icon that no colour is needed for. */
    ck_assert(text_holds(text_between(arena, pox, "data-l=\"External EWS\"", "</td>"),
        "<span class=\"differs warning\"><svg class=\"i\""));
    ck_assert(text_holds(pox, "asked for <bdi>" SAMPLE_MOVED "</bdi>"));
    /* What one protocol cannot tell is no difference; a missing external URL is one. */
    ck_assert(
        !text_holds(text_between(arena, pox, "data-l=\"EXHTTP, interop\"", "</td>"), "differs"));
    run->facts.settings->next->external_ews = NULL;
    page = page_of(run);
    ck_assert_int_eq(text_count(page, "differs from POX"), 1);
    run->facts.settings->next->external_ews = SAMPLE_EWS_URL;
    ck_assert(!text_holds(page_of(run), "differs from"));
    /* Each protocol has its own way to write a version. */
    run->facts.settings->next->server_version = "15.01.0154.000";
    ck_assert(!text_holds(page_of(run), "differs from"));
    /* Nor is the hint of another protocol, or an answer about another address. */
    run->facts.settings->next->external_ews = "https://other.example/";
    run->facts.settings->next->protocol = "V2";
    ck_assert(!text_holds(page_of(run), "differs from"));
    run->facts.settings->next->protocol = "SOAP";
    run->facts.settings->next->address = SAMPLE_MAILBOX;
    ck_assert(!text_holds(page_of(run), "differs from"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_tells_where_the_mailbox_lives)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = page_of(sample_discovery_found(arena));

    ck_assert(
        text_holds(page, "<h3>The mailbox lives</h3><p class=\"url\"><bdi>on premises</bdi>"));
    ck_assert(!text_holds(page, "Cloud of the domain"));
    page = page_of(sample_discovery_moved(arena));
    ck_assert(
        text_holds(page, "<dt>The mailbox lives</dt><dd><bdi>on premises</bdi><small>the EWS"));
    ck_assert(
        text_holds(page, "<dt>Cloud of the domain</dt><dd><bdi>Microsoft 365</bdi><small>the MX"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_claims_only_what_was_done)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *runs[] = { sample_discovery_found(arena), sample_discovery_moved(arena),
        sample_discovery_anonymous(arena), sample_discovery_lost(arena) };

    for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
        const char *page = text_between(arena, page_of(runs[i]), "<body>", "<section id=\"json\"");
        ck_assert(!text_holds(page, "impersonat") && !text_holds(page, "second mailbox"));
        ck_assert(!text_holds(page, "folder inbox") && !text_holds(page, "EWS address given"));
        ck_assert(!text_holds(page, "&lt;account&gt;") && !text_holds(page, "service-account"));
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_success_is_told_as_what_it_is)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = page_of(sample_discovery_found(arena));

    ck_assert(text_holds(unbroken(arena, page),
        "<h1>Autodiscover finds Exchange Web Services for <bdi>" SAMPLE_MAILBOX "</bdi>.</h1>"));
    ck_assert(text_holds(page, "The URL itself was not tried."));
    ck_assert(text_holds(page, "Run it again, inside the network and outside."));
    ck_assert(text_holds(page, "<p class=\"note\">as Autodiscover tells it</p>"));
    page = page_of(sample_discovery_anonymous(arena));
    ck_assert(text_holds(page, "The EWS URL is told without a logon, so no account was tried."));
    ck_assert(text_holds(page, "none: no account was given"));
    ck_assert(!text_holds(page, "Service account"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_methods_that_were_left_out_are_named)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_discovery_found(arena);
    struct xr_target target = *run->target;

    ck_assert(!text_holds(page_of(run), "Methods left out"));
    target.no_ways = 1u << XR_WAY_ROOT | 1u << XR_WAY_MICROSOFT_365 | 1u << XR_WAY_SOAP;
    run->target = &target;
    ck_assert(text_holds(page_of(run), "<td role=\"cell\">root, microsoft-365, soap</td>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_internal_url_is_called_so)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_discovery_found(arena);

    ck_assert(!text_holds(page_of(run), "for the internal network only"));
    run->facts.ews_url_is_internal = true;
    ck_assert_int_eq(text_count(page_of(run), "for the internal network only"), 2);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_hostile_answers_stay_text)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_discovery_hostile(arena);
    const char *page = page_of(run);
    const char *table =
        unbroken(arena, text_between(arena, page, "<table class=\"tbl answers\"", "</table>"));

    ck_assert(!has_invisible(page, "\n\t"));
    ck_assert(text_holds(table, "&lt;script&gt;alert(1)"));
    /* A value of 10 KB is no address: the table holds its beginning, the JSON all of it. */
    ck_assert(!text_holds(table, xr_printf(arena, "%0600d", 0)));
    ck_assert(text_holds(table, "xxx..."));
    ck_assert_uint_lt(strlen(table), 400 * 1024);
    ck_assert(text_holds(text_between(arena, page, "<h3>", "id=\"json\""), "U+202E"));
    xr_arena_free(arena);
}
END_TEST

/* It was under way when another one answered: what it did by then took its time. */
START_TEST(test_cancelled_way_shows_how_far_it_came)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_discovery_found(arena);
    struct xr_step *root = run->root->last->first->next;
    const char *row = "<a href=\"#autodiscover.root\">";

    ck_assert_str_eq(root->id, "autodiscover.root");
    const char *page = text_between(arena, page_of(run), "id=\"timeline\"", "</section>");
    ck_assert(text_holds(text_between(arena, page, row, "</tr>"), "<small>not run</small>"));
    struct xr_step *dns = xr_step_add(arena, root, "autodiscover.root.dns", "Resolve the name");
    dns->status = XR_SUCCESS;
    dns->started_us = root->started_us = SAMPLE_US + 2000;
    dns->elapsed_us = root->elapsed_us = 17000;
    page = text_between(arena, page_of(run), "id=\"timeline\"", "</section>");
    row = text_between(arena, page, row, "</tr>");
    ck_assert(text_holds(row, "<small>DNS 17</small>") && text_holds(row, "class=\"dns\""));
    xr_arena_free(arena);
}
END_TEST

/* A way that leads through another host shows the time that it took there. */
START_TEST(test_timeline_holds_places_that_were_named)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_discovery_lost(arena);
    struct xr_step *host = run->root->last->last;
    const char *page = text_between(arena, page_of(run), "id=\"timeline\"", "</section>");
    int before = text_count(page, "class=\"tls\"");
    struct xr_step *target =
        xr_step_add(arena, host, "autodiscover.host.target", "https://mail.contoso.example");

    host->started_us = target->started_us = SAMPLE_US + 100000;
    struct xr_step *tls = xr_step_add(arena, target, "autodiscover.host.target.tls", "Agree");
    tls->status = target->status = XR_SUCCESS;
    tls->started_us = SAMPLE_US + 110000;
    tls->elapsed_us = 30000;
    page = text_between(arena, page_of(run), "id=\"timeline\"", "</section>");
    ck_assert_int_eq(text_count(page, "class=\"tls\""), before + 1);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("discovery", test_every_way_is_on_the_map, test_ways_of_another_address_are_told_apart,
    test_way_that_failed_beside_a_found_one_is_no_alarm, test_many_ways_are_a_list,
    test_answers_stand_in_one_table, test_cells_that_differ_say_so,
    test_tells_where_the_mailbox_lives, test_claims_only_what_was_done,
    test_success_is_told_as_what_it_is, test_methods_that_were_left_out_are_named,
    test_internal_url_is_called_so, test_hostile_answers_stay_text,
    test_cancelled_way_shows_how_far_it_came, test_timeline_holds_places_that_were_named)
