#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/assets.h"
#include "reports/check.h"
#include "tests/reports/markup.h"
#include "tests/reports/sample_check.h"
#include "tests/reports/sample_run.h"
#include "tests/reports/written.h"
#include "tests/unit.h"

enum { FLAT_BYTES = 1024 * 1024 };

static const struct sample_part NOBODY[] = { { 0 } };

static bool holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static int count(const char *text, const char *part)
{
    int found = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        found++;
    return found;
}

/* For tests/browser: pages as a browser gets them; those in matrix/ are for matrix.mjs alone. NULL:
 * nobody asked for them. */
static FILE *page_file(const char *name)
{
    const char *build = getenv("EXRAY_BUILD");
    char path[4096];

    if (!build)
        return NULL;
    (void)snprintf(path, sizeof(path), "%s/pages", build);
    (void)mkdir(path, 0777);
    (void)snprintf(path, sizeof(path), "%s/pages/matrix", build);
    (void)mkdir(path, 0777);
    (void)snprintf(path, sizeof(path), "%s/pages/%s.html", build, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    return file;
}

static void keep(const char *name, const char *page)
{
    FILE *file = page_file(name);

    if (!file)
        return;
    (void)fputs(page, file);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(test_page_of_failures)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = check_html(sample_check_small(arena));

    keep("matrix/check-failed", page);
    markup_check_matrix(page);
    ck_assert(
        holds(page, "<h1>223 of 258 users cannot be reached. Three causes explain them all."));
    ck_assert_int_eq(count(page, "<tr role=\"row\"><th role=\"rowheader\">"), 258);
    ck_assert_int_eq(count(page, "<li class=\"error\" id=\"cause-impersonation.denied\">"), 1);
    ck_assert_int_eq(
        count(page, "Add-DistributionGroupMember -Identity &#39;RIAG&#39; -Member $_"), 1);
    ck_assert(holds(page, "<a href=\"#rows-address.alias\">12 users</a>"));
    ck_assert(!holds(page, "Unfinished."));
    xr_arena_free(arena);
}
END_TEST

/* 210 failed for one cause: a full chunk, which the browser may skip, and one of the rest. */
START_TEST(test_rows_come_in_chunks)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = check_html(sample_check_small(arena));

    ck_assert_int_eq(count(page, "<div class=\"chunk full\">"), 1);
    ck_assert_int_eq(count(page, "<div class=\"chunk\">"), 6);
    ck_assert_int_eq(count(page, "<div class=\"g "), 6);
    ck_assert(holds(page, "Failed, impersonation.denied: users 201 to 210</caption>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_neighbours_share_a_cell)
{
    static const struct sample_part parts[] = {
        { 1, XR_ERROR, "mailbox.not-found", "inbox", NULL, NULL, NULL, "sssw-e-" },
        { 1, XR_SUCCESS, NULL, NULL, NULL, NULL, NULL, "sssssss" },
        { 0 },
    };
    struct xr_arena *arena = xr_arena_new();
    const char *page = check_html(sample_check_of(arena, parts));

    ck_assert(holds(page, "<td role=\"cell\" class=\"p\" colspan=\"3\">Passed</td>"
                          "<td role=\"cell\" class=\"c warning\" data-l=\"SSL trust\">Warning</td>"
                          "<td role=\"cell\" class=\"k\">Skipped</td>"
                          "<td role=\"cell\" class=\"c error\" data-l=\"Inbox\">Failed</td>"
                          "<td role=\"cell\" class=\"k\">Skipped</td>"));
    ck_assert(holds(page, "<td role=\"cell\" class=\"p\" colspan=\"7\">Passed</td>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_hostile_page)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = check_html(sample_check_hostile(arena));

    keep("check-hostile", page);
    markup_check_matrix(page);
    ck_assert(!has_invisible(page, "\n"));
    ck_assert(holds(page, "&lt;script&gt;alert(1)&lt;/script&gt;@"));
    ck_assert(holds(page, "R&#39;&#39;; Remove-Mailbox *"));
    ck_assert(holds(page, "<span class=\"ctl\">U+202E</span>"));
    ck_assert(holds(page, "The organisation’s name has a control character"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_page_of_success)
{
    static const struct sample_part parts[] = {
        { 31, XR_SUCCESS, NULL, NULL, NULL, NULL, NULL, "sssssss" },
        { 0 },
    };
    struct xr_arena *arena = xr_arena_new();
    const char *page = check_html(sample_check_of(arena, parts));

    keep("check-passed", page);
    markup_check_matrix(page);
    ck_assert(holds(page, "<div class=\"hero success\">"));
    ck_assert(!holds(page, "id=\"causes\"") && !holds(page, "id=\"again\""));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_page_of_ignored_trust)
{
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_untrusted(arena);
    const char *page = check_html(check);

    keep("check-untrusted", page);
    markup_check_matrix(page);
    ck_assert(holds(page, "<strong>Certificate trust was ignored in this check.</strong>"));
    ck_assert(holds(page, "<div class=\"hero warning\">"));
    ck_assert(
        holds(page, "<dt>Holds for all of them</dt>") &&
        holds(page, "<a href=\"#cause-tls.trust-ignored\"><code>tls.trust-ignored</code></a>"));
    ck_assert(!holds(page, "id=\"again\""));
    ck_assert(!holds(check_html(sample_check_small(arena)), "trust was ignored"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_page_of_an_unfinished_check)
{
    static const struct sample_part parts[] = {
        { 2, XR_ERROR, "mailbox.not-found", "inbox", "ErrorNonExistentMailbox", NULL, NULL,
            "sssssee" },
        { 1, XR_SUCCESS, NULL, NULL, NULL, NULL, NULL, "sssssss" },
        { 0 },
    };
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_of(arena, parts);

    check->head.selected = 40000;
    check->head.end = XR_CHECK_CANCELLED;
    check->head.options = " --store 's.db'";
    const char *page = check_html(check);
    keep("check-unfinished", page);
    markup_check_matrix(page);
    ck_assert(holds(page, "<h1>2 of the 3 users checked so far cannot be reached."));
    ck_assert(holds(page, "<strong>Unfinished.</strong> The check was stopped before its end. "
                          "39,997 of 40,000 users have no result yet."));
    ck_assert(holds(page, "exray check &#39;Contoso EMEA&#39; --resume --html check.html --csv "
                          "check.csv --store &#39;s.db&#39;"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_page_of_nobody)
{
    static const struct xr_remark remark = { .code = XR_FINDING_INPUT_EWS_URL_NOT_HTTPS,
        .status = XR_ERROR,
        .field = "ews_url",
        .message = "The EWS URL begins with http." };
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_of(arena, NOBODY);

    check->head.groups = NULL;
    check->head.median_us = check->head.p99_us = -1;
    check->head.elapsed_us = check->head.bulk_us = 0;
    markup_check_matrix(check_html(check));
    check->head.remarks = &remark;
    check->head.selected = 12;
    const char *page = check_html(check);
    keep("check-refused", page);
    markup_check_matrix(page);
    ck_assert(holds(page, "The EWS URL begins with http."));
    ck_assert(!holds(page, "id=\"users\""));
    xr_arena_free(arena);
}
END_TEST

/* The policy names the bytes between the tags, and nothing else may run. */
START_TEST(test_policy_fits_the_page)
{
    struct xr_arena *arena = xr_arena_new();
    const char *page = check_html(sample_check_small(arena));
    const struct xr_asset assets[] = { xr_asset_css(), xr_asset_check_css(), xr_asset_js(),
        xr_asset_check_js() };

    for (size_t i = 0; i < 4; i++) {
        unsigned char digest[EVP_MAX_MD_SIZE], text[EVP_MAX_MD_SIZE * 2];
        unsigned length = 0;
        ck_assert(EVP_Digest(assets[i].at, assets[i].length, digest, &length, EVP_sha256(), NULL));
        (void)EVP_EncodeBlock(text, digest, (int)length);
        ck_assert(holds(page, xr_printf(arena, "'sha256-%s'", (char *)text)));
        ck_assert(
            holds(page, xr_printf(arena, "<%s>%.*s</%s>", i > 1 ? "script" : "style",
                            (int)assets[i].length, assets[i].at, i > 1 ? "script" : "style")));
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_a_hundred_thousand_take_no_more_memory)
{
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_large(arena);
    FILE *out = page_file("matrix/check-100000");

    if (!out)
        out = fopen("/dev/null", "w");
    ck_assert_ptr_nonnull(out);
    xr_check_html(out, &check->head, sample_check_rows(check));
    ck_assert_int_lt(ftell(out), 25 * 1000 * 1000);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_int_lt(check->most_bytes - check->first_bytes, FLAT_BYTES);
    xr_arena_free(arena);
}
END_TEST

/* The worst case for a browser: everybody failed, with a full row each. */
START_TEST(test_a_hundred_thousand_failures)
{
    static const struct sample_part parts[] = {
        { 100000, XR_ERROR, "impersonation.denied", "inbox", "ErrorImpersonateUserDenied", NULL,
            "EX19-MBX02", "ssssses" },
        { 0 },
    };
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_of(arena, parts);
    FILE *out = page_file("matrix/check-100000-failed");

    if (!out)
        out = fopen("/dev/null", "w");
    ck_assert_ptr_nonnull(out);
    xr_check_html(out, &check->head, sample_check_rows(check));
    ck_assert_int_lt(ftell(out), 40 * 1000 * 1000);
    ck_assert_int_eq(fclose(out), 0);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("check_html", test_page_of_failures, test_rows_come_in_chunks,
    test_neighbours_share_a_cell, test_hostile_page, test_page_of_success,
    test_page_of_ignored_trust, test_page_of_an_unfinished_check, test_page_of_nobody,
    test_policy_fits_the_page, test_a_hundred_thousand_take_no_more_memory,
    test_a_hundred_thousand_failures)
