#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/assets.h"
#include "reports/html_text.h"
#include "reports/indent.h"
#include "reports/occurrence.h"
#include "tests/reports/markup.h"
#include "tests/reports/sample_discovery.h"
#include "tests/reports/sample_parts.h"
#include "tests/reports/sample_run.h"
#include "tests/reports/sample_trust.h"
#include "tests/reports/written.h"
#include "tests/unit.h"

static const struct xr_style USUAL = { .verbose = 0 };

static bool holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* For tests/browser: pages as a browser gets them. */
static void keep(const char *name, const char *page)
{
    static const char *const folders[] = { "", "/once", "/crowd" };
    const char *build = getenv("EXRAY_BUILD");
    char path[4096];

    if (!build)
        return;
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        (void)snprintf(path, sizeof(path), "%s/pages%s", build, folders[i]);
        (void)mkdir(path, 0777);
    }
    (void)snprintf(path, sizeof(path), "%s/pages/%s.html", build, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    (void)fputs(page, file);
    ck_assert_int_eq(fclose(file), 0);
}

static const char *shown(
    struct xr_arena *arena, void (*escape)(FILE *, const char *), const char *text)
{
    char *made = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&made, &length);

    ck_assert_ptr_nonnull(out);
    escape(out, text);
    (void)fclose(out);
    const char *copy = xr_strndup(arena, made, length);
    free(made);
    return copy;
}

static const char *captured(
    struct xr_arena *arena, const char *text, const struct xr_decisive *decisive)
{
    char *made = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&made, &length);

    ck_assert_ptr_nonnull(out);
    xr_html_captured(out, text, decisive);
    (void)fclose(out);
    const char *copy = xr_strndup(arena, made, length);
    free(made);
    return copy;
}

START_TEST(test_escapes_by_context)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(shown(arena, xr_html_text, "<&>\"'\n"),
        "&lt;&amp;&gt;&quot;&#39;<span class=\"ctl\">U+000A</span>");
    ck_assert_str_eq(shown(arena, xr_html_text, "\xe2\x80\xae\xff"),
        "<span class=\"ctl\">U+202E</span>\xef\xbf\xbd");
    ck_assert_str_eq(
        shown(arena, xr_html_pre, "a\r\nb\tc\rd"), "a\nb\tc<span class=\"ctl\">U+000D</span>d");
    ck_assert_str_eq(shown(arena, xr_html_attribute, "\"\xe2\x80\xae<"), "&quot;U+202E&lt;");
    ck_assert_str_eq(shown(arena, xr_html_name, "<b>"), "<bdi>&lt;b&gt;</bdi>");
    ck_assert_str_eq(shown(arena, xr_html_remote, "a@b.c"), "<bdi>a@b.c</bdi>");
    ck_assert_str_eq(shown(arena, xr_html_remote, "https://mail.contoso.example/"),
        "<bdi>https://<wbr>mail.<wbr>contoso.<wbr>example/</bdi>");
    ck_assert_str_eq(
        shown(arena, xr_html_remote, "\xd7\xa9@x.y"), "<bdi dir=\"ltr\">\xd7\xa9@x.y</bdi>");
    ck_assert_str_eq(shown(arena, xr_html_text, NULL), "");
    ck_assert_str_eq(xr_html_slug(arena, "a.b-C:d<e\"\xe2\x80\xae"), "a.b-C-d-e----");
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_prose_isolates_what_it_quotes)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(
        shown(arena, xr_html_prose, "It may not. Ask <it>."), "It may not. Ask &lt;it&gt;.");
    ck_assert_str_eq(shown(arena, xr_html_prose, "for \xd7\xa9@x.y, now"),
        "for <bdi dir=\"ltr\">\xd7\xa9@x.y</bdi>, now");
    ck_assert_str_eq(shown(arena, xr_html_prose, "by \xd7\xa9 \xd7\xaa is"),
        "by <bdi>\xd7\xa9 \xd7\xaa</bdi> is");
    ck_assert_str_eq(shown(arena, xr_html_prose, "\xd7\xa9"), "<bdi>\xd7\xa9</bdi>");
    ck_assert_str_eq(shown(arena, xr_html_prose, "see https://mail.contoso.example/a."),
        "see <bdi>https://<wbr>mail.<wbr>contoso.<wbr>example/<wbr>a</bdi>.");
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_marks_what_decided)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_decisive decisive = { .text = "<a>" };

    ck_assert_str_eq(captured(arena, "x<a>y", &decisive), "x<mark><wbr>&lt;a&gt;<wbr></mark>y");
    ck_assert_str_eq(captured(arena, "C: [redacted: 2 <b>]!", NULL),
        "C: <span class=\"redacted\">[redacted: 2 <wbr>&lt;b&gt;<wbr>]</span>!");
    ck_assert_str_eq(captured(arena, "[redacted", NULL), "[redacted");
    decisive.text = "";
    ck_assert_str_eq(captured(arena, "ab", &decisive), "ab");
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_indents_xml)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(
        xr_indent_xml(arena, "<?xml version='1.0'?><a xmlns=\"u\" xmlns:b='v' c='d>'><b:e> t "
                             "</b:e><f/><g></g></a>"),
        "<?xml version='1.0'?>\n<a c='d>'>\n  <b:e>t</b:e>\n  <f/>\n  <g></g>\n</a>");
    ck_assert_str_eq(xr_indent_xml(arena, "<a><b>cut"), "<a>\n  <b>cut");
    ck_assert_str_eq(xr_indent_xml(arena, "<a><b c=\"cu"), "<a><b c=\"cu");
    ck_assert_str_eq(xr_indent_xml(arena, "</a></b>"), "</a>\n</b>");
    ck_assert_ptr_null(xr_indent_xml(arena, "{\"a\": 1}"));
    ck_assert_ptr_null(xr_indent_xml(arena, "<!DOCTYPE html><html>"));
    ck_assert_ptr_null(xr_indent_xml(arena, NULL));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_deep_xml_stays_small)
{
    struct xr_arena *arena = xr_arena_new();
    char *deep = xr_alloc(arena, XR_CAPTURED_BODY_MAX + 1);

    for (size_t i = 0; i + 3 <= XR_CAPTURED_BODY_MAX; i += 3)
        memcpy(deep + i, "<a>", 3);
    const char *made = xr_indent_xml(arena, deep);
    ck_assert(!made || strlen(made) <= 512 * 1024);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_broken_page)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = written(sample_broken(arena), "html", USUAL);

    keep("broken", page);
    markup_check(page);
    ck_assert(holds(page, "<div class=\"hero error\">"));
    ck_assert(holds(page, "<a href=\"#cause\"><code>impersonation.denied</code></a>"));
    ck_assert(holds(page, "<li class=\"error cut\"><a href=\"#inbox\">"));
    ck_assert(holds(page, "<strong>Exchange administrator</strong>"));
    ck_assert(holds(page, "Text for a ticket, for the Exchange administrator"));
    ck_assert(holds(page, "<mark>ErrorImpersonateUserDenied</mark>"));
    ck_assert(holds(page, "<span class=\"redacted\">[redacted: 2 cookies]</span>"));
    ck_assert(holds(page, "Also found, not the cause"));
    ck_assert(holds(page, "<details class=\"error\" open>"));
    ck_assert(holds(page, "<details class=\"error alt\">"));
    ck_assert(!holds(page, "banner warning"));
    ck_assert(!holds(page, "id=\"learned\""));
    ck_assert(holds(page, "<dt>Blocked by</dt><dd><a href=\"#inbox\">"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_healthy_page)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = written(sample_healthy(arena), "html", USUAL);

    keep("healthy", page);
    markup_check(page);
    ck_assert(holds(page, "<div class=\"hero success\">"));
    ck_assert(holds(page, "<p class=\"big\">214 <small>days left</small>"));
    ck_assert(holds(page, "id=\"watch\""));
    ck_assert(!holds(page, "id=\"cause\""));
    ck_assert(!holds(page, "href=\"#cause\""));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_hostile_page)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_hostile(arena);
    const char *page = written(run, "html", USUAL);

    keep("hostile", page);
    markup_check(page);
    ck_assert(!has_invisible(page, "\n\t"));
    ck_assert(holds(page, "Certificate trust was ignored in this run."));
    ck_assert(holds(page, "<span class=\"ctl\">U+202E</span>"));
    ck_assert(!holds(page, "owned</h1>"));
    xr_arena_free(arena);
}
END_TEST

/* What stands on them is looked at by test_html_trust.c and test_html_discovery.c; here they are
 * kept for the browser. */
START_TEST(test_pages_of_other_tests)
{
    struct xr_arena *arena = xr_arena_new();
    const struct {
        const char *name;
        struct xr_run *run;
    } pages[] = {
        { "trust-missing", sample_trust_missing(arena) },
        { "once/trust-trusted", sample_trust_trusted(arena) },
        { "once/trust-file", sample_trust_file(arena) },
        { "crowd/trust-crowded", sample_trust_crowded(arena) },
        { "discovery-found", sample_discovery_found(arena) },
        { "discovery-moved", sample_discovery_moved(arena) },
        { "once/discovery-anonymous", sample_discovery_anonymous(arena) },
        { "crowd/discovery-hostile", sample_discovery_hostile(arena) },
    };

    for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
        const char *page = written(pages[i].run, "html", USUAL);
        keep(pages[i].name, page);
        markup_check(page);
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_bare_run)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_healthy(arena);
    static const char *const nobody[] = { NULL };
    static const struct xr_target nothing = { .allow_redirect = nobody };

    run->target = &nothing;
    run->facts = (struct xr_facts){ .total_count = -1, .unread_count = -1 };
    run->origin.host = NULL;
    run->sent = NULL;
    run->root->first = NULL;
    run->elapsed_us = 0;
    run->verdict.title = run->verdict.meaning = NULL;
    for (int status = XR_SKIPPED; status <= XR_ERROR; status++) {
        run->verdict.status = (enum xr_status)status;
        const char *page = written(run, "html", USUAL);
        markup_check(page);
        ck_assert(!holds(page, "id=\"timeline\"") && !holds(page, "id=\"chain\""));
        (void)written(run, "tree", USUAL);
        (void)written(run, "json", USUAL);
    }
    xr_arena_free(arena);
}
END_TEST

/* The policy names the bytes between the tags, and nothing else may run. */
START_TEST(test_policy_fits_the_page)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = written(sample_broken(arena), "html", USUAL);
    const struct xr_asset assets[] = { xr_asset_css(), xr_asset_js() };
    const char *const kinds[] = { "style-src", "script-src" };

    for (size_t i = 0; i < 2; i++) {
        unsigned char digest[EVP_MAX_MD_SIZE], text[EVP_MAX_MD_SIZE * 2];
        unsigned length = 0;
        ck_assert(EVP_Digest(assets[i].at, assets[i].length, digest, &length, EVP_sha256(), NULL));
        (void)EVP_EncodeBlock(text, digest, (int)length);
        ck_assert(holds(page, xr_printf(arena, "%s 'sha256-%s'", kinds[i], (char *)text)));
        ck_assert(holds(page, xr_printf(arena, "<%s>%.*s</%s>", i ? "script" : "style",
                                  (int)assets[i].length, assets[i].at, i ? "script" : "style")));
    }
    ck_assert(holds(page, "content=\"default-src 'none'; "));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_ticket_is_for_somebody_else)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_broken(arena);
    const char *ticket = xr_verdict_ticket(run);

    ck_assert(holds(ticket, "(impersonation.denied)"));
    ck_assert(holds(ticket, "Service account  " SAMPLE_ACCOUNT "\n"));
    ck_assert(holds(ticket, "\n2. Assign the role"));
    run->verdict.owner = "you";
    ck_assert_ptr_null(xr_verdict_ticket(run));
    xr_arena_free(arena);
}
END_TEST

/* Two steps may bear one id (a method that was redirected): their places must differ. */
START_TEST(test_ids_are_unique)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_run *run = sample_broken(arena);

    for (int i = 0; i < 3; i++)
        (void)xr_success(xr_step_add(arena, run->root, i ? "inbox" : "chain", "Again"), "fine");
    const char *page = written(run, "html", USUAL);
    markup_check(page);
    ck_assert(holds(page, "id=\"inbox-2\"") && holds(page, "id=\"inbox-3\""));
    ck_assert(holds(page, "id=\"chain-2\""));
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("html", test_escapes_by_context, test_prose_isolates_what_it_quotes,
    test_marks_what_decided, test_indents_xml, test_deep_xml_stays_small, test_broken_page,
    test_healthy_page, test_hostile_page, test_pages_of_other_tests, test_bare_run,
    test_policy_fits_the_page, test_ticket_is_for_somebody_else, test_ids_are_unique)
