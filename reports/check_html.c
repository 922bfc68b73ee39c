#include "reports/check_html.h"

#include "analyzer/base/clock.h"
#include "reports/check.h"
#include "reports/check_words.h"

/* In the order of the bar: from left to right. */
static const enum xr_status SHOWN[XR_STATUS_COUNT] = { XR_SUCCESS, XR_WARNING, XR_ERROR,
    XR_SKIPPED };

enum { WHOLE = 10000, LEAST = 60 }; /* of the bar, in hundredths of a percent */

static void put_top(const struct xr_check_page *page)
{
    const struct xr_check *check = page->check;

    (void)fputs("<div class=\"wrap top\"><b>e<i>x</i>ray</b><span>Check Users Exchange "
                "Impersonated Access</span><span>",
        page->out);
    xr_html_name(page->out, check->organization);
    (void)fprintf(page->out, "</span><time datetime=\"%s\">",
        xr_rfc3339(check->arena, check->started_wall_ms));
    xr_page_date(&page->page, check->started_wall_ms, true);
    (void)fputs(", ", page->out);
    xr_page_clock(&page->page, check->started_wall_ms);
    (void)fputs("</time></div>\n", page->out);
}

static void put_unfinished(const struct xr_check_page *page)
{
    const char *text = xr_check_unfinished(page->check);

    if (!text)
        return;
    (void)fputs("<div class=\"banner warning\"><p class=\"wrap\">", page->out);
    xr_page_icon(&page->page, XR_WARNING);
    (void)fputs("<span><strong>Unfinished.</strong> ", page->out);
    xr_html_text(page->out, text);
    if (xr_check_page_wants_again(page))
        (void)fputs(" <a href=\"#again\">How to go on</a>", page->out);
    (void)fputs("</span></p></div>\n", page->out);
}

static void put_trust(const struct xr_check_page *page)
{
    if (!xr_check_is_trust_ignored(page->check))
        return;
    (void)fputs("<div class=\"banner warning\"><p class=\"wrap\">", page->out);
    xr_page_icon(&page->page, XR_WARNING);
    (void)fputs("<span><strong>Certificate trust was ignored in this check.</strong> Whoever sits "
                "between this machine and the server could have read what was "
                "sent.</span></p></div>\n",
        page->out);
}

/* Hundredths of a percent; what is there at all gets a sliver that can be seen. */
static int share(int64_t part, int64_t whole)
{
    int hundredths = (int)((double)part * WHOLE / (double)whole);

    return part && hundredths < LEAST ? LEAST : hundredths;
}

static void put_bar(const struct xr_check_page *page, int64_t done)
{
    const int64_t *summary = page->check->summary;
    int sum = 0, x = 0;

    for (int i = 0; i < XR_STATUS_COUNT; i++)
        sum += share(summary[SHOWN[i]], done);
    (void)fputs("<svg class=\"split\" aria-hidden=\"true\" focusable=\"false\">", page->out);
    for (int i = 0; i < XR_STATUS_COUNT; i++) {
        int width = share(summary[SHOWN[i]], done) * WHOLE / sum;
        if (!width)
            continue;
        (void)fprintf(page->out,
            "<rect class=\"%s\" x=\"%d.%02d%%\" width=\"%d.%02d%%\" height=\"16\"/>",
            xr_status_name(SHOWN[i]), x / 100, x % 100, (width - LEAST / 4) / 100,
            (width - LEAST / 4) % 100);
        x += width;
    }
    (void)fputs("</svg>\n", page->out);
}

static void put_keys(const struct xr_check_page *page, int64_t done)
{
    (void)fputs("<dl class=\"keys\">", page->out);
    for (int i = 0; i < XR_STATUS_COUNT; i++) {
        int64_t users = page->check->summary[SHOWN[i]];
        int tenths = (int)((double)users * 1000.0 / (double)done);
        (void)fprintf(page->out, "<div class=\"%s\"><dt>", xr_status_name(SHOWN[i]));
        xr_page_status(&page->page, SHOWN[i]);
        (void)fputs("</dt><dd>", page->out);
        xr_html_number(page->out, users);
        if (users && !tenths)
            (void)fputs(" <small>&lt;0.1%</small>", page->out);
        else
            (void)fprintf(page->out, " <small>%d.%d%%</small>", tenths / 10, tenths % 10);
        (void)fputs("</dd></div>\n", page->out);
    }
    (void)fputs("</dl>\n", page->out);
}

static void put_kicker(const struct xr_check_page *page, enum xr_status status)
{
    const struct xr_check *check = page->check;

    (void)fprintf(
        page->out, "<p class=\"kick\"><span class=\"st\">%s</span>", xr_status_word(status));
    (void)fprintf(
        page->out, "<span class=\"soft\">%s", xr_check_users(check->arena, xr_check_done(check)));
    if (xr_check_done(check) < check->selected)
        (void)fprintf(page->out, " of %s", xr_check_number(check->arena, check->selected));
    (void)fprintf(
        page->out, ", %s</span></p>\n", xr_check_duration(check->arena, check->elapsed_us));
}

static void put_hero(const struct xr_check_page *page)
{
    const struct xr_check *check = page->check;
    enum xr_status status = xr_check_status(check);
    const char *lead = xr_check_lead(check);
    int64_t done = xr_check_done(check);

    (void)fprintf(page->out, "<div class=\"hero %s\"><div class=\"wrap\">\n<div class=\"say\">",
        xr_status_name(status));
    xr_page_icon(&page->page, status);
    put_kicker(page, status);
    (void)fputs("<h1>", page->out);
    xr_html_text(page->out, xr_check_headline(check));
    (void)fputs("</h1>\n", page->out);
    if (lead) {
        (void)fputs("<p class=\"lead\">", page->out);
        xr_html_prose(page->out, lead);
        (void)fputs("</p>\n", page->out);
    }
    (void)fputs("</div>\n", page->out);
    if (done) {
        put_bar(page, done);
        put_keys(page, done);
    }
    (void)fputs("</div></div>\n", page->out);
}

static void put_contents(const struct xr_check_page *page)
{
    const struct {
        const char *id, *title;
        bool wanted;
    } sections[] = {
        { "remarks", "Settings", page->check->remarks != NULL },
        { "causes", "Causes", page->check->cause_count > 0 },
        { "users", "Users", xr_check_done(page->check) > 0 },
        { "once", "Checked once", true },
        { "again", "Check again", xr_check_page_wants_again(page) },
    };

    (void)fputs("<nav class=\"toc\" aria-label=\"On this page\">\n<h2>On this page</h2>\n<ul>\n",
        page->out);
    for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
        if (sections[i].wanted)
            (void)fprintf(
                page->out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id, sections[i].title);
    (void)fputs("</ul>\n</nav>\n", page->out);
}

static void put_footer(const struct xr_check_page *page)
{
    const struct xr_check *check = page->check;
    int64_t end_ms = check->started_wall_ms + check->elapsed_us / 1000;

    (void)fputs("<footer><div class=\"wrap\"><span>exray ", page->out);
    xr_html_text(page->out, check->tool_version);
    (void)fprintf(page->out, "</span><span>schema exray.check/1</span><span>run %s to %s</span>",
        xr_rfc3339(check->arena, check->started_wall_ms), xr_rfc3339(check->arena, end_ms));
    (void)fputs("<span>Passwords, tokens and cookies are not in this file. Names and addresses "
                "are: look it through before you share it.</span></div></footer>\n",
        page->out);
}

static void put_body(const struct xr_check_page *page, struct xr_check_rows rows)
{
    (void)fputs("<header>\n", page->out);
    put_top(page);
    put_trust(page);
    put_unfinished(page);
    put_hero(page);
    (void)fputs("</header>\n<div class=\"wrap page wide\">\n", page->out);
    put_contents(page);
    (void)fputs("<main id=\"main\" tabindex=\"-1\">\n", page->out);
    if (page->check->remarks)
        xr_check_page_remarks(page);
    if (page->check->cause_count)
        xr_check_page_causes(page);
    if (xr_check_done(page->check))
        xr_check_page_matrix(page, rows);
    xr_check_page_once(page);
    if (xr_check_page_wants_again(page))
        xr_check_page_again(page);
    (void)fputs("</main>\n</div>\n", page->out);
    put_footer(page);
}

void xr_check_html(FILE *out, const struct xr_check *check, struct xr_check_rows by_cause)
{
    const struct xr_asset styles[] = { xr_asset_css(), xr_asset_check_css(), { NULL, 0 } };
    const struct xr_asset scripts[] = { xr_asset_js(), xr_asset_check_js(), { NULL, 0 } };
    struct xr_check_page page = { .page = { .out = out }, .out = out, .check = check };
    struct xr_document document = {
        .out = out,
        .status = xr_check_status(check),
        .title = xr_printf(check->arena, "%s of %s, %s",
            xr_check_number(check->arena, check->summary[XR_ERROR]),
            xr_check_users(check->arena, check->selected), check->organization),
        .styles = styles,
        .scripts = scripts,
    };

    xr_document_open(&document);
    put_body(&page, by_cause);
    xr_document_close(&document);
}
