#include "reports/html_chain.h"

#include <string.h>

enum { NAMES_MAX = 4, EXTRAS_MAX = 10, SIDE_BY_SIDE = 3 };

static bool has_chain(const struct xr_page *page)
{
    return page->run->facts.certificates != NULL;
}

void xr_page_life(const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    int64_t whole = certificate->not_after_ms - certificate->not_before_ms;
    int64_t used = xr_page_now_ms(page) - certificate->not_before_ms;

    if (whole <= 0)
        return;
    (void)fprintf(page->out,
        "<svg class=\"life %s\" aria-hidden=\"true\" focusable=\"false\"><rect class=\"all\" "
        "width=\"100%%\" height=\"8\" rx=\"4\"/><rect class=\"used\"",
        xr_status_name(xr_chain_dates_status(page, certificate)));
    xr_page_percent(page, "width", used, whole);
    (void)fputs(" height=\"8\" rx=\"4\"/><rect class=\"now\"", page->out);
    xr_page_percent(page, "x", used - whole / 200, whole);
    (void)fputs(" y=\"-2\" width=\"3\" height=\"12\" rx=\"1\"/></svg>", page->out);
}

static void put_row(const struct xr_page *page, const char *label, const char *value)
{
    if (!value || !*value)
        return;
    (void)fprintf(page->out, "<dt>%s</dt><dd>", label);
    xr_html_remote(page->out, value);
    (void)fputs("</dd>", page->out);
}

static const char *key_and_signature(
    struct xr_arena *arena, const struct xr_fact_certificate *certificate)
{
    if (!certificate->key || !certificate->signature)
        return certificate->key ? certificate->key : certificate->signature;
    return xr_printf(arena, "%s, %s", certificate->key, certificate->signature);
}

static void put_rows(const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    struct xr_arena *arena = page->run->arena;

    xr_page_life(page, certificate);
    (void)fputs("<dl><dt>Valid</dt><dd>", page->out);
    xr_chain_dates(page, certificate);
    (void)fputs("<br>", page->out);
    xr_chain_days(page, certificate);
    (void)fputs("</dd>", page->out);
    if (certificate->names && *certificate->names) {
        (void)fputs("<dt>Names</dt><dd>", page->out);
        xr_chain_names(page, certificate->names, NAMES_MAX);
        (void)fputs("</dd>", page->out);
    }
    put_row(page, "Key", key_and_signature(arena, certificate));
    put_row(page, "For", xr_chain_purposes(certificate));
    if (certificate->revocation) {
        (void)fputs("<dt>Revocation</dt><dd>", page->out);
        xr_chain_revocation(page, certificate);
        (void)fputs("</dd>", page->out);
    }
    put_row(page, "SHA-256", xr_page_short_digest(arena, certificate->sha256));
    (void)fputs("</dl>", page->out);
}

static void put_box(const struct xr_page *page, const struct xr_chain_link *link)
{
    const struct xr_fact_certificate *certificate = link->certificate;
    bool gap = xr_chain_is_gap(certificate);

    (void)fprintf(page->out,
        "<li%s><div class=\"cert %s%s\"><p class=\"role\"><span>%s</span><span class=\"st\">",
        gap ? " class=\"gap\"" : "", xr_status_name(link->status), gap ? " gone" : "",
        xr_chain_role(certificate));
    xr_page_icon(page, link->status);
    (void)fprintf(page->out, "%s</span></p><h3>", link->word);
    xr_html_remote(page->out, xr_chain_common_name(page->run->arena, certificate->subject));
    (void)fputs("</h3><p class=\"xs soft\">", page->out);
    xr_chain_origin(page, link);
    (void)fputs("</p>", page->out);
    if (xr_chain_is_known(certificate))
        put_rows(page, certificate);
    (void)fputs("</div></li>\n", page->out);
}

static void put_left_out(const struct xr_page *page, size_t count)
{
    (void)fputs("<li class=\"gap\"><p class=\"left-out\">", page->out);
    xr_html_number(page->out, (int64_t)count);
    (void)fputs(" more, all in the <a href=\"#chain-table\">table below</a></p></li>\n", page->out);
}

static void put_picture(const struct xr_page *page, const struct xr_chain_view *view)
{
    if (!view->count)
        return;
    (void)fprintf(page->out, "<ol class=\"chain%s\" aria-describedby=\"chain-words\">\n",
        view->count > SIDE_BY_SIDE ? " tall" : "");
    for (size_t i = 0; i < view->count; i++)
        if (xr_chain_is_drawn(view, i))
            put_box(page, &view->links[i]);
        else if (xr_chain_is_drawn(view, i - 1))
            put_left_out(page, xr_chain_left_out(view));
    (void)fputs("</ol>\n", page->out);
}

static void put_extra(const struct xr_page *page, const struct xr_chain_link *link)
{
    (void)fputs("<li><code>", page->out);
    xr_html_name(
        page->out, link->certificate->subject ? link->certificate->subject : "(no subject)");
    (void)fputs("</code> <span class=\"soft\">", page->out);
    xr_chain_origin(page, link);
    (void)fputs("; ", page->out);
    xr_chain_dates(page, link->certificate);
    (void)fputs("</span></li>", page->out);
}

static void put_extras(const struct xr_page *page, const struct xr_chain_view *view)
{
    if (!view->extra_count)
        return;
    (void)fputs("<div class=\"extra\"><b>Part of no path.</b> Harmless to most clients; better "
                "removed from what the server sends.<ul>",
        page->out);
    for (size_t i = 0; i < view->extra_count && i < EXTRAS_MAX; i++)
        put_extra(page, &view->extras[i]);
    if (view->extra_count > EXTRAS_MAX) {
        (void)fputs("<li>and ", page->out);
        xr_html_number(page->out, (int64_t)(view->extra_count - EXTRAS_MAX));
        (void)fputs(" more, all in the <a href=\"#chain-table\">table below</a></li>", page->out);
    }
    (void)fputs("</ul></div>\n", page->out);
}

static const char *note(const struct xr_page *page)
{
    const struct xr_target *target = page->run->target;

    if (target->chain_file)
        return "As the file holds it, from the server’s certificate to the root.";
    return target->host ? "As the host showed it, from the server’s certificate to the root."
                        : "As the EWS host showed it, from the server’s certificate to the root.";
}

static void put_chain(const struct xr_page *page)
{
    struct xr_chain_view view = xr_chain_view(page);

    xr_page_section(page, "chain", "Certificate chain", note(page));
    (void)fputs("</div>\n", page->out);
    put_picture(page, &view);
    put_extras(page, &view);
    xr_chain_words(page, &view);
    xr_chain_table(page, &view);
    xr_page_section_end(page);
}

const struct xr_section xr_section_chain = {
    .id = "chain",
    .title = "Certificate chain",
    .wanted = has_chain,
    .write = put_chain,
};
