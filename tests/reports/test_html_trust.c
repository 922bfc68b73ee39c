#include <string.h>

#include "reports/html_chain.h"
#include "reports/occurrence.h"
#include "reports/subject.h"
#include "tests/reports/markup.h"
#include "tests/reports/sample_trust.h"
#include "tests/reports/written.h"
#include "tests/unit.h"

static const struct xr_style USUAL = { .verbose = 0 };
static const struct xr_style QUIET = { .verbose = -1 };
static const struct xr_style LOUD = { .verbose = 1 };

static const char *page_of(struct xr_run *run)
{
    const char *page = written(run, "html", USUAL);

    markup_check(page);
    ck_assert(!text_holds(page, "(null)"));
    return page;
}

START_TEST(test_page_of_a_host)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = page_of(sample_trust_missing(arena));

    ck_assert(
        text_holds(page, "<title>Failed: tls.chain-incomplete, " SAMPLE_HOST " - exray</title>"));
    ck_assert(text_holds(page, "<dt>Host</dt><dd><bdi>" SAMPLE_HOST "</bdi>"));
    ck_assert(!text_holds(page, "Target mailbox") && !text_holds(page, "Service account"));
    ck_assert(!text_holds(page, "EWS address") && !text_holds(page, "no: Autodiscover"));
    ck_assert(!text_holds(page, "Judged as of"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_missing_place_is_drawn_between_its_neighbours)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = page_of(sample_trust_missing(arena));
    const char *picture = text_between(arena, page, "<ol class=\"chain\"", "</ol>");
    const char *gap = text_between(arena, picture, "<li class=\"gap\">", "</li>");

    ck_assert_int_eq(text_count(picture, "<li"), 3);
    ck_assert(strstr(picture, "Server certificate") < strstr(picture, "cert error gone"));
    ck_assert(strstr(picture, "cert error gone") < strstr(picture, "<span>Root</span>"));
    ck_assert(text_holds(gap, "Missing</span>"));
    ck_assert(
        text_holds(gap, "not sent by the server; fetched from "
                        "<bdi>http://<wbr>pki.<wbr>contoso.<wbr>example/<wbr>issuing-2.<wbr>cer"
                        "</bdi> to see"));
    ck_assert(text_holds(gap, "2,600 days left"));
    ck_assert(text_holds(gap, "any (not limited)"));
    ck_assert(text_holds(gap, "Unknown</span>"));
    ck_assert(
        text_holds(picture, "from the trusted roots of this machine; not sent by the server"));
    ck_assert(text_holds(picture, "Trusted</span>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_words_and_table_say_what_the_picture_says)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = page_of(sample_trust_missing(arena));
    const char *words = text_between(arena, page, "id=\"chain-words\"", "</p>");
    const char *table = text_between(arena, page, "id=\"chain-table\"", "</details>");

    ck_assert(
        text_holds(words, "In words: the chain begins with <b><bdi>mail.contoso.example</bdi></b> "
                          "(In order: sent by the server, number 1; 165 days left). "));
    ck_assert(
        text_holds(words, "It is signed by <b><bdi>Contoso Issuing CA 2</bdi></b> (Missing: "));
    ck_assert(text_holds(words, "It is signed by <b><bdi>Contoso Root CA</bdi></b> (Trusted: "));
    ck_assert(text_holds(words, "1 more certificate was sent that stands in no path."));
    ck_assert(!text_holds(words, "without a trusted root"));
    ck_assert_int_eq(text_count(table, "<tbody"), 4);
    ck_assert(text_holds(table, "<code class=\"fp\">" SAMPLE_LEAF "</code>"));
    ck_assert(text_holds(table, "<dt>Purposes</dt><dd><bdi>TLS Web Server Authentication</bdi>"));
    ck_assert(text_holds(table, "stapled OCSP answer"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_chain_that_ends_nowhere_says_so)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_trust_missing(arena);
    struct xr_fact_certificate *leaf = run->facts.certificates;
    struct xr_fact_certificate *missing = leaf->next->next;

    leaf->next = missing;
    missing->fetched = false;
    const char *page = page_of(run);
    ck_assert(text_holds(page, "not sent by the server; nothing here holds it"));
    ck_assert(text_holds(page, "There it ends, without a trusted root."));
    ck_assert(!text_holds(text_between(arena, page, "<li class=\"gap\">", "</li>"), "<dt>Valid"));
    xr_arena_free(arena);
}
END_TEST

/* A root that ends soon is a root all the same: what stands in its corner does not decide. */
START_TEST(test_chain_ends_at_a_trusted_root_whatever_its_dates)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_trust_file(arena);
    struct xr_fact_certificate *leaf = run->facts.certificates;

    leaf->next->next->not_after_ms = SAMPLE_AT_MS + 9 * SAMPLE_DAY_MS;
    const char *words = text_between(arena, page_of(run), "id=\"chain-words\"", "</p>");
    ck_assert(!text_holds(words, "without a trusted root"));
    ck_assert(
        text_holds(words, "(9 days left: in the file, number 3; it is one of the trusted roots)."));
    leaf->next = NULL;
    leaf->issuer = leaf->subject;
    words = text_between(arena, page_of(run), "id=\"chain-words\"", "</p>");
    ck_assert(!text_holds(words, "without a trusted root"));
    ck_assert(text_holds(words, "number 1; it is one of the trusted roots"));
    leaf->trusted = false;
    words = text_between(arena, page_of(run), "id=\"chain-words\"", "</p>");
    ck_assert(text_holds(words, "(Not trusted: ") && text_holds(words, "without a trusted root"));
    xr_arena_free(arena);
}
END_TEST

/* A root need not be sent: one that was fetched to see is unknown, not missing. */
START_TEST(test_fetched_root_is_not_called_missing)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_trust_missing(arena);
    struct xr_fact_certificate *root = run->facts.certificates->next;

    root->missing = root->fetched = true;
    root->trusted = false;
    const char *page = page_of(run);
    ck_assert_int_eq(text_count(page, "cert error gone"), 1);
    ck_assert(text_holds(page, "Not trusted</span>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_worst_of_one_certificate_is_shown)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_trust_trusted(arena);
    struct xr_fact_certificate *leaf = run->facts.certificates;
    const int64_t now = SAMPLE_WALL_MS, day = SAMPLE_DAY_MS;
    const struct {
        int64_t before, after;
        const char *revocation, *said;
    } cases[] = {
        { now - day, now + 30 * day, "good", "cert success\"" },
        { now - day, now + 29 * day, "good", "29 days left</span>" },
        { now - day, now + 29 * day, "good", "cert warning\"" },
        { now - day, now + 6 * day, "good", "cert error\"" },
        { now - day, now + 1 * day, "unknown", "1 day left</span>" },
        { now - day, now + 90 * day, "unknown", "Revocation unknown</span>" },
        { now - day, now - 3 * day, "good", "Expired</span>" },
        { now - day, now - 3 * day, "good", "ended 3 days ago" },
        { now - day, now - 3 * day, "revoked", "Revoked</span>" },
        { now + 5 * day, now + 90 * day, "good", "Not valid yet</span>" },
        { now + 5 * day, now + 90 * day, "good", "begins in 5 days" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        leaf->not_before_ms = cases[i].before;
        leaf->not_after_ms = cases[i].after;
        leaf->revocation = cases[i].revocation;
        const char *box = text_between(arena, page_of(run), "<ol class=\"chain\"", "</li>");
        ck_assert_msg(
            text_holds(box, cases[i].said), "case %zu: no %s in %s", i, cases[i].said, box);
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_addresses_that_differ_are_seen_at_once)
{
    struct xr_arena *arena = xr_arena_new();
    const char *part = text_between(
        arena, page_of(sample_trust_missing(arena)), "<section id=\"addresses\"", "</section>");

    ck_assert(text_holds(part, "They show 2 different certificates"));
    ck_assert_int_eq(text_count(part, "<b class=\"leaf l0\">A</b> <code>9C417E5D…A1234</code>"), 2);
    ck_assert_int_eq(text_count(part, "<b class=\"leaf l1\">B</b> <code>51D0C8F7…25678</code>"), 1);
    ck_assert(text_holds(part, "data-l=\"Handshake\">41 ms</td>"));
    ck_assert(text_holds(part, "data-l=\"Handshake\">–</td>"));
    ck_assert(text_holds(part, "it expired 3 days ago"));
    ck_assert(text_holds(part, "no route to host"));
    part = text_between(
        arena, page_of(sample_trust_trusted(arena)), "<section id=\"addresses\"", "</section>");
    ck_assert(text_holds(part, "All that shook hands show the same certificate."));
    ck_assert(!text_holds(part, "class=\"leaf"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_offers_are_told_by_icon_and_word)
{
    struct xr_arena *arena = xr_arena_new();
    const char *part = text_between(
        arena, page_of(sample_trust_missing(arena)), "<section id=\"protocols\"", "</section>");

    ck_assert(text_holds(part, "<dt>Agreed on</dt><dd><bdi>TLS 1.3</bdi>"));
    ck_assert(text_holds(part, "TLS_<wbr>RSA_<wbr>WITH_<wbr>3DES_<wbr>EDE_<wbr>CBC_<wbr>SHA"));
    ck_assert(text_holds(part, "data-l=\"Answer\">Not known</td>"));
    ck_assert_int_eq(text_count(part, "<use href=\"#i-"), 6);
    ck_assert(text_holds(part, "<use href=\"#i-warning\"/></svg>Warning</span>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_page_of_a_trusted_host)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = page_of(sample_trust_trusted(arena));

    ck_assert(text_holds(page, "<h3>Host</h3>"));
    ck_assert(text_holds(page, "<p class=\"big\">2 <small>of 2</small>"));
    ck_assert(text_holds(page, "Not revoked"));
    ck_assert(text_holds(page, "Renew the certificate.") && !text_holds(page, "second mailbox"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_file_judged_as_of_another_day_says_so_everywhere)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_trust_file(arena);
    const char *page = page_of(run), *tree = written(run, "tree", QUIET);

    ck_assert(
        text_holds(page, "tls.expires-soon, chain.pem for mail.contoso.example - exray</title>"));
    ck_assert(
        text_holds(page, "<strong>Judged as of 13 August 2026, 20:00:00 UTC, not as of the day"));
    ck_assert(text_holds(page, "12 days left</span>"));
    ck_assert(text_holds(page, "in the file, number 3; it is one of the trusted roots"));
    ck_assert(
        !text_holds(page, "sent by the server") && !text_holds(page, "Renew the certificate."));
    ck_assert(!text_holds(page, "id=\"addresses\"") && !text_holds(page, "id=\"protocols\""));
    ck_assert(text_holds(tree, "JUDGED AS OF 2026-08-13T20:00:00.000Z (--at)"));
    ck_assert(text_holds(written(run, "json", USUAL), "\"at\": \"2026-08-13T20:00:00.000Z\""));
    ck_assert(text_holds(xr_verdict_ticket(run), "Judged as of     2026-08-13"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_headline_on_the_terminal_names_the_host)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_trust_missing(arena);
    const char *text = written(run, "tree", USUAL);

    ck_assert(
        text_holds(text, "✖ Failed   " SAMPLE_HOST ": The server does not send a certificate"));
    ck_assert(text_holds(text, "  Host        " SAMPLE_HOST "\n"));
    ck_assert(text_holds(text, "  Agreed on   TLS 1.3, TLS_AES_256_GCM_SHA384\n"));
    ck_assert(!text_holds(text, "(null)") && !text_holds(text, "JUDGED"));
    run->verdict.title = "The certificate of " SAMPLE_HOST " is trusted.";
    text = written(run, "tree", QUIET);
    ck_assert(text_holds(text, "✖ Failed   The certificate of " SAMPLE_HOST " is trusted.\n"));
    run = sample_trust_file(arena);
    ck_assert(
        text_holds(written(run, "tree", USUAL), "▲ Warning  chain.pem for mail.contoso.example: "));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_ticket_names_the_certificate)
{
    struct xr_arena *arena = xr_arena_new();
    const char *ticket = xr_verdict_ticket(sample_trust_missing(arena));

    ck_assert(text_holds(ticket, "Host             " SAMPLE_HOST "\n"));
    ck_assert(text_holds(ticket, "Certificate      CN=mail.contoso.example, O=Contoso\n"));
    ck_assert(text_holds(ticket, "SHA-256          " SAMPLE_LEAF "\n"));
    ck_assert(!text_holds(ticket, "Mailbox") && !text_holds(ticket, "Service account"));
    xr_arena_free(arena);
}
END_TEST

/* The picture stays small, the table has all; nothing of what strangers wrote becomes markup. */
START_TEST(test_crowd_is_drawn_in_part_and_listed_in_full)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_trust_crowded(arena);
    const char *page = page_of(run);

    const char *picture = text_between(arena, page, "<ol class=\"chain tall\"", "</ol>");
    const char *table = text_between(arena, page, "id=\"chain-table\"", "</details>");
    ck_assert(!has_invisible(page, "\n\t"));
    ck_assert(!text_holds(page, "owned</h1>"));
    ck_assert_int_eq(text_count(picture, "<div class=\"cert "), XR_CHAIN_DRAWN_MAX);
    ck_assert(text_holds(picture, "50 more, all in the <a href=\"#chain-table\">"));
    ck_assert(text_holds(picture, "<span class=\"soft\">and 9,996 more</span>"));
    ck_assert_int_eq(text_count(table, "<tbody"), SAMPLE_CROWD);
    ck_assert(text_holds(table, "<span class=\"soft\">and 9,950 more</span>"));
    ck_assert(text_holds(page, "<li>and 30 more, all in the"));
    ck_assert(text_holds(page, "50 more follow, which the table lists"));
    ck_assert(text_holds(page, "31 Dec 9999"));
    ck_assert(
        text_holds(page, "Certificate trust was ignored") && text_holds(page, "Judged as of 13"));
    ck_assert(!has_invisible(written(run, "tree", LOUD), "\n"));
    ck_assert(!has_invisible(written(run, "json", USUAL), "\n"));
    xr_arena_free(arena);
}
END_TEST

static const char *names_shown(struct xr_run *run, const char *names, int most)
{
    char *made = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&made, &length);
    struct xr_page page = { .out = out, .run = run };

    ck_assert_ptr_nonnull(out);
    xr_chain_names(&page, names, most);
    (void)fclose(out);
    const char *copy = xr_strndup(run->arena, made, length);
    free(made);
    return copy;
}

/* What was already cut where the certificate was read is counted as well. */
START_TEST(test_names_are_capped_and_counted)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_trust_trusted(arena);

    ck_assert_str_eq(names_shown(run, "a, b", 4), "<bdi>a</bdi>, <bdi>b</bdi>");
    ck_assert_str_eq(
        names_shown(run, "a, b, c", 1), "<bdi>a</bdi> <span class=\"soft\">and 2 more</span>");
    ck_assert_str_eq(names_shown(run, "a, b and 1900 more", 1),
        "<bdi>a</bdi> <span class=\"soft\">and 1,901 more</span>");
    ck_assert_str_eq(names_shown(run, "a, b and 7 more", 4),
        "<bdi>a</bdi>, <bdi>b</bdi> <span class=\"soft\">and 7 more</span>");
    ck_assert_str_eq(names_shown(run, "a and b", 4), "<bdi>a and b</bdi>");
    ck_assert_str_eq(names_shown(run, "a and 2 less", 4), "<bdi>a and 2 less</bdi>");
    ck_assert_str_eq(names_shown(run, "", 4), "");
    ck_assert_str_eq(names_shown(run, NULL, 4), "");
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_subject_is_what_the_user_named)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_target target = { .mailbox = "a@b.c", .host = "h" };

    ck_assert_str_eq(xr_subject(arena, &target), "a@b.c");
    ck_assert_ptr_null(xr_subject_of_place(arena, &target));
    target.mailbox = NULL;
    ck_assert_str_eq(xr_subject(arena, &target), "h");
    target.chain_file = "x/y.pem";
    ck_assert_str_eq(xr_subject(arena, &target), "y.pem for h");
    target.host = NULL;
    ck_assert_str_eq(xr_subject(arena, &target), "y.pem");
    target.chain_file = NULL;
    ck_assert_ptr_null(xr_subject(arena, &target));
    ck_assert_str_eq(xr_file_name("y/"), "y/");
    ck_assert_ptr_null(xr_file_name(NULL));
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("trust", test_page_of_a_host, test_missing_place_is_drawn_between_its_neighbours,
    test_words_and_table_say_what_the_picture_says, test_chain_that_ends_nowhere_says_so,
    test_chain_ends_at_a_trusted_root_whatever_its_dates, test_fetched_root_is_not_called_missing,
    test_worst_of_one_certificate_is_shown, test_addresses_that_differ_are_seen_at_once,
    test_offers_are_told_by_icon_and_word, test_page_of_a_trusted_host,
    test_file_judged_as_of_another_day_says_so_everywhere,
    test_headline_on_the_terminal_names_the_host, test_ticket_names_the_certificate,
    test_crowd_is_drawn_in_part_and_listed_in_full, test_names_are_capped_and_counted,
    test_subject_is_what_the_user_named)
