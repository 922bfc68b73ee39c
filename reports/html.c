#include "reports/html.h"

#include <openssl/evp.h>

#include "analyzer/base/clock.h"
#include "reports/assets.h"
#include "reports/subject.h"

static const struct xr_section *const SECTIONS[] = {
    &xr_section_cause,
    &xr_section_learned,
    &xr_section_watch,
    &xr_section_facts,
    &xr_section_steps,
    &xr_section_timeline,
    &xr_section_discovery,
    &xr_section_answers,
    &xr_section_addresses,
    &xr_section_chain,
    &xr_section_protocols,
    &xr_section_sent,
    &xr_section_environment,
    &xr_section_json,
};

enum { SECTION_COUNT = sizeof(SECTIONS) / sizeof(*SECTIONS), HASH_TEXT_MAX = 48 };

/* The source expression of the content security policy for an inline style or script. */
static void put_hash(FILE *out, struct xr_asset asset)
{
    unsigned char digest[EVP_MAX_MD_SIZE], text[HASH_TEXT_MAX];
    unsigned length = 0;

    if (!EVP_Digest(asset.at, asset.length, digest, &length, EVP_sha256(), NULL))
        return;
    (void)EVP_EncodeBlock(text, digest, (int)length);
    (void)fprintf(out, "'sha256-%s'", (const char *)text);
}

static void put_asset(FILE *out, struct xr_asset asset)
{
    (void)fwrite(asset.at, 1, asset.length, out);
}

/* The page's icon in the browser's tab: the shape of the verdict. */
static void put_tab_icon(FILE *out, enum xr_status status)
{
    static const struct {
        const char *color, *shape;
    } icons[XR_STATUS_COUNT] = {
        [XR_SKIPPED] = { "%23545e6d", "%3Cpath d='M2 7h12v2H2z'/%3E" },
        [XR_SUCCESS] = { "%230b6a3d", "%3Ccircle cx='8' cy='8' r='7'/%3E" },
        [XR_WARNING] = { "%23b07400", "%3Cpath d='M8 1l7.5 14H.5z'/%3E" },
        [XR_ERROR] = { "%23ad0f24", "%3Cpath d='M5 1h6l4 4v6l-4 4H5l-4-4V5z'/%3E" },
    };

    (void)fprintf(out,
        "<link rel=\"icon\" href=\"data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' "
        "viewBox='0 0 16 16' fill='%s'%%3E%s%%3C/svg%%3E\">\n",
        icons[status].color, icons[status].shape);
}

static void put_hashes(FILE *out, const struct xr_asset *assets)
{
    for (size_t i = 0; assets[i].at; i++) {
        (void)fputs(i ? " " : "", out);
        put_hash(out, assets[i]);
    }
}

static void put_policy(const struct xr_document *document)
{
    FILE *out = document->out;

    (void)fputs("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src ",
        out);
    put_hashes(out, document->styles);
    (void)fputs("; script-src ", out);
    put_hashes(out, document->scripts);
    (void)fputs("; img-src data:; base-uri 'none'; form-action 'none'\">\n", out);
}

static void put_embedded(FILE *out, const char *element, const struct xr_asset *assets)
{
    for (; assets->at; assets++) {
        (void)fprintf(out, "<%s>", element);
        put_asset(out, *assets);
        (void)fprintf(out, "</%s>\n", element);
    }
}

void xr_document_open(const struct xr_document *document)
{
    FILE *out = document->out;

    (void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
    put_policy(document);
    (void)fputs("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n"
                "<meta name=\"robots\" content=\"noindex\">\n",
        out);
    (void)fprintf(out, "<title>%s: ", xr_status_word(document->status));
    xr_html_attribute(out, document->title);
    (void)fputs(" - exray</title>\n", out);
    put_tab_icon(out, document->status);
    put_embedded(out, "style", document->styles);
    (void)fputs("</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n", out);
    put_asset(out, xr_asset_sprite());
}

void xr_document_close(const struct xr_document *document)
{
    put_embedded(document->out, "script", document->scripts);
    (void)fputs("</body>\n</html>\n", document->out);
}

static void put_top(const struct xr_page *page)
{
    const struct xr_run *run = page->run;

    (void)fputs("<div class=\"wrap top\"><b>e<i>x</i>ray</b><span>", page->out);
    xr_html_text(page->out, run->test_title);
    (void)fputs("</span><span>", page->out);
    xr_html_remote(page->out, xr_subject(run->arena, run->target));
    (void)fprintf(
        page->out, "</span><time datetime=\"%s\">", xr_rfc3339(run->arena, run->started_wall_ms));
    xr_page_date(page, run->started_wall_ms, true);
    (void)fputs(", ", page->out);
    xr_page_clock(page, run->started_wall_ms);
    (void)fputs("</time></div>\n", page->out);
}

static void put_trust_banner(const struct xr_page *page)
{
    if (!page->run->target->ignore_trust)
        return;
    (void)fputs("<div class=\"banner warning\"><p class=\"wrap\">", page->out);
    xr_page_icon(page, XR_WARNING);
    (void)fputs("<span><strong>Certificate trust was ignored in this run.</strong> ", page->out);
    if (page->run->target->mailbox)
        (void)fputs("Whoever sits between this machine and the server could have read what was "
                    "sent. ",
            page->out);
    (void)fputs("A client that checks certificates may fail where this run did "
                "not.</span></p></div>\n",
        page->out);
}

/* A verdict of another day must not be taken for one of today. */
static void put_date_banner(const struct xr_page *page)
{
    int64_t at_ms = page->run->target->at_ms;

    if (!at_ms)
        return;
    (void)fputs("<div class=\"banner warning\"><p class=\"wrap\">", page->out);
    xr_page_icon(page, XR_WARNING);
    (void)fputs("<span><strong>Judged as of ", page->out);
    xr_page_date(page, at_ms, true);
    (void)fputs(", ", page->out);
    xr_page_clock(page, at_ms);
    (void)fputs(", not as of the day of this run.</strong> Everything here that depends on a date, "
                "days left included, counts from then.</span></p></div>\n",
        page->out);
}

static void put_contents(const struct xr_page *page)
{
    (void)fputs("<nav class=\"toc\" aria-label=\"On this page\">\n<h2>On this page</h2>\n<ul>\n",
        page->out);
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (SECTIONS[i]->wanted(page))
            (void)fprintf(page->out, "<li><a href=\"#%s\">%s</a></li>\n", SECTIONS[i]->id,
                SECTIONS[i]->title);
    (void)fputs("</ul>\n</nav>\n", page->out);
}

static void put_footer(const struct xr_page *page)
{
    const struct xr_run *run = page->run;

    (void)fputs("<footer><div class=\"wrap\"><span>exray ", page->out);
    xr_html_text(page->out, run->tool_version);
    (void)fprintf(page->out, "</span><span>schema exray.report/1</span><span>run %s</span>",
        xr_rfc3339(run->arena, run->started_wall_ms));
    (void)fputs("<span>Passwords, tokens and cookies are not in this file. Names and addresses "
                "are: look it through before you share it.</span></div></footer>\n",
        page->out);
}

static void put_body(const struct xr_page *page)
{
    FILE *out = page->out;

    (void)fputs("<header>\n", out);
    put_top(page);
    put_trust_banner(page);
    put_date_banner(page);
    xr_page_hero(page);
    (void)fputs("</header>\n<div class=\"wrap page\">\n", out);
    put_contents(page);
    (void)fputs("<main id=\"main\" tabindex=\"-1\">\n", out);
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (SECTIONS[i]->wanted(page))
            SECTIONS[i]->write(page);
    (void)fputs("</main>\n</div>\n", out);
    put_footer(page);
}

static const char *title_of(const struct xr_run *run)
{
    const char *subject = run->verdict.finding ? run->verdict.finding : run->test_title;
    const char *about = xr_subject(run->arena, run->target);

    return about ? xr_printf(run->arena, "%s, %s", subject, about) : subject;
}

static void write_html(FILE *out, const struct xr_run *run, const struct xr_style *style)
{
    const struct xr_asset styles[] = { xr_asset_css(), { NULL, 0 } };
    const struct xr_asset scripts[] = { xr_asset_js(), { NULL, 0 } };
    struct xr_document document = {
        .out = out,
        .status = run->verdict.status,
        .title = title_of(run),
        .styles = styles,
        .scripts = scripts,
    };
    struct xr_page page = { .out = out, .run = run };

    (void)style;
    xr_page_anchors(&page);
    xr_document_open(&document);
    put_body(&page);
    xr_document_close(&document);
}

const struct xr_report xr_report_html = {
    .name = "html",
    .about = "one self-contained page, for people",
    .media_type = "text/html; charset=utf-8",
    .write = write_html,
};
