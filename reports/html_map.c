#include <string.h>

#include "analyzer/base/text.h"
#include "reports/html.h"

static bool has_discovery(const struct xr_page *page)
{
    return page->run->facts.discovery != NULL;
}

/* In their rank. */
static const struct {
    const char *method, *title;
} METHODS[] = {
    { "root", "https, the domain itself" },
    { "host", "https, the Autodiscover host" },
    { "redirect", "http, redirect" },
    { "srv", "SRV record" },
    { "v2", "JSON service, without a logon" },
    { "microsoft-365", "Microsoft 365, by its records" },
};

enum { METHOD_COUNT = sizeof(METHODS) / sizeof(*METHODS) };

enum { DRAWN_MAX = 8 }; /* more ways than this are a list, without lines */

static size_t rank_of(const char *method)
{
    size_t i = 0;

    while (i < METHOD_COUNT && !xr_same(method, METHODS[i].method))
        i++;
    return i;
}

static const char *method_title(const char *method)
{
    size_t rank = rank_of(method);

    return rank < METHOD_COUNT ? METHODS[rank].title : method;
}

/* After an answer named another address, the ways begin again for its domain. */
static bool begins_again(
    const struct xr_fact_discovery *before, const struct xr_fact_discovery *way)
{
    return before && rank_of(way->method) <= rank_of(before->method);
}

static bool gave_the_same(const struct xr_page *page, const struct xr_fact_discovery *way)
{
    return way->led_to && xr_same(way->led_to, page->run->facts.ews_url);
}

static void put_way(const struct xr_page *page, const struct xr_fact_discovery *way, int hop)
{
    (void)fprintf(page->out, "<li%s><div class=\"box %s\"><small>",
        way->won ? " class=\"won\"" : "", xr_status_name(way->status));
    if (hop)
        (void)fprintf(page->out, "Redirection %d: ", hop);
    xr_html_text(page->out, method_title(way->method));
    (void)fputs("</small><b>", page->out);
    xr_html_remote(page->out, way->url);
    (void)fputs("</b><br>", page->out);
    xr_page_status(page, way->status);
    if (way->outcome) {
        (void)fputs(" <span class=\"soft\">· ", page->out);
        xr_html_prose(page->out, way->outcome);
        (void)fputs("</span>", page->out);
    }
    if (way->led_to && !gave_the_same(page, way)) {
        (void)fputs("<br><span class=\"soft\">led to ", page->out);
        xr_html_remote(page->out, way->led_to);
        (void)fputs("</span>", page->out);
    }
    (void)fputs("</div></li>\n", page->out);
}

static void put_ways(const struct xr_page *page)
{
    const struct xr_fact_discovery *before = NULL;
    int hop = 0;

    (void)fputs("<ol class=\"ways\">\n", page->out);
    for (const struct xr_fact_discovery *way = page->run->facts.discovery; way; way = way->next) {
        hop += begins_again(before, way);
        put_way(page, way, hop);
        before = way;
    }
    (void)fputs("</ol>\n", page->out);
}

static void put_wire(
    const struct xr_page *page, const char *css, int x1, int x2, int y1, int y2, int whole)
{
    (void)fprintf(page->out, "<line class=\"%s\" x1=\"%d%%\" x2=\"%d%%\"", css, x1, x2);
    xr_page_percent(page, "y1", y1, whole);
    xr_page_percent(page, "y2", y2, whole);
    (void)fputs("/>", page->out);
}

/* The height of the way that won, in halves of a row; the middle if none did. */
static int won_height(const struct xr_page *page, int count)
{
    int y = 1;

    for (const struct xr_fact_discovery *way = page->run->facts.discovery; way; way = way->next) {
        if (way->won)
            return y;
        y += 2;
    }
    return count;
}

/*
 * The lines beside the ways, which are rows of one height: way i stands at
 * (2i + 1) / 2n of the height, the boxes at both sides stand at one half. The
 * way that won leads to the middle; the others lead to its line, so that no
 * line is drawn over another.
 */
static void put_wires(const struct xr_page *page, int count, bool right)
{
    const struct xr_fact_discovery *way = page->run->facts.discovery;
    const int won = won_height(page, count), whole = 2 * count;
    const int low = won < count ? won : count, high = won > count ? won : count;
    const char *main_css = right ? "same" : "way";

    (void)fprintf(page->out, "<svg class=\"wires %s\" aria-hidden=\"true\" focusable=\"false\">",
        right ? "r" : "l");
    for (int y = 1; way; way = way->next, y += 2) {
        if (right && !way->won && !gave_the_same(page, way))
            continue;
        const char *css = way->won ? "won" : right ? "same" : "way";
        put_wire(page, css, right ? 0 : 50, right ? 50 : 100, y, y, whole);
        put_wire(page, css, 50, 50, y, y < low ? low : y > high ? high : y, whole);
        if (way->won)
            main_css = "won";
    }
    put_wire(page, main_css, 50, 50, low, high, whole);
    put_wire(page, main_css, right ? 50 : 0, right ? 100 : 50, count, count, whole);
    (void)fputs("</svg>\n", page->out);
}

static void put_addresses(const struct xr_page *page)
{
    const struct xr_fact_address *address = page->run->facts.addresses;

    if (!address)
        return;
    (void)fputs("<ul class=\"addr\">", page->out);
    for (; address; address = address->next) {
        (void)fprintf(page->out, "<li class=\"%s\">", xr_status_name(address->status));
        xr_page_icon(page, address->status);
        (void)fprintf(page->out, "<span class=\"sr\">%s: </span>", xr_status_word(address->status));
        xr_html_remote(page->out, address->address);
        (void)fputs("</li>", page->out);
    }
    (void)fputs("</ul>", page->out);
}

static void put_result(const struct xr_page *page)
{
    const struct xr_facts *facts = &page->run->facts;

    (void)fprintf(page->out, "<div class=\"box %s\"><small>EWS address</small><b>",
        facts->ews_url ? "found" : "lost");
    if (facts->ews_url)
        xr_html_remote(page->out, facts->ews_url);
    else
        (void)fputs("not found", page->out);
    (void)fputs("</b>", page->out);
    if (facts->ews_url && facts->ews_url_is_internal)
        (void)fputs("<br><span class=\"soft\">for the internal network only</span>", page->out);
    put_addresses(page);
    (void)fputs("</div>\n", page->out);
}

static void put_discovery(const struct xr_page *page)
{
    const struct xr_fact_discovery *ways = page->run->facts.discovery;
    int count = 0;
    bool found = false;

    for (const struct xr_fact_discovery *way = ways; way; way = way->next, count++)
        found = found || way->won || gave_the_same(page, way);
    xr_page_section(page, "discovery", "How the address was found",
        "The Autodiscover methods are alternatives: the first in order that answers is used, and "
        "the rest is cancelled.");
    (void)fprintf(page->out,
        "</div>\n<div class=\"map%s\">\n<div class=\"box\"><small>Asked for</small><b>",
        count > DRAWN_MAX ? " tall" : "");
    xr_html_remote(page->out, page->run->target->mailbox);
    (void)fputs("</b></div>\n<div class=\"net\">\n", page->out);
    put_wires(page, count, false);
    put_ways(page);
    if (found)
        put_wires(page, count, true);
    (void)fputs("</div>\n", page->out);
    put_result(page);
    (void)fputs("</div>\n", page->out);
    xr_page_section_end(page);
}

const struct xr_section xr_section_discovery = {
    .id = "discovery",
    .title = "Discovery",
    .wanted = has_discovery,
    .write = put_discovery,
};
