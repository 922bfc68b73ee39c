#include <string.h>

#include "reports/html.h"
#include "reports/occurrence.h"

static bool has_cause(const struct xr_page *page)
{
    return page->run->verdict.finding != NULL || page->run->verdict.cause != NULL;
}

/* Where the first sentence ends, if another follows it; else NULL. */
static const char *first_sentence_end(const char *text)
{
    for (const char *at = strchr(text, '.'); at; at = strchr(at + 1, '.'))
        if (at[1] == ' ' && at[2] >= 'A' && at[2] <= 'Z')
            return at + 1;
    return NULL;
}

/* Text of the catalogue: one <p> a line, the first sentence of all stands out. */
static void put_paragraphs(const struct xr_page *page, const char *text)
{
    struct xr_arena *arena = page->run->arena;

    for (bool first = true; *text; first = false) {
        const char *line = xr_strndup(arena, text, strcspn(text, "\n"));
        const char *rest = first ? first_sentence_end(line) : NULL;
        text += strlen(line) + strspn(text + strlen(line), "\n");
        (void)fputs("<p>", page->out);
        if (rest) {
            (void)fputs("<strong>", page->out);
            xr_html_prose(page->out, xr_strndup(arena, line, (size_t)(rest - line)));
            (void)fputs("</strong>", page->out);
        }
        xr_html_prose(page->out, rest ? rest : line);
        (void)fputs("</p>\n", page->out);
    }
}

static void put_occurrence(const struct xr_page *page)
{
    struct xr_occurrence found = xr_verdict_occurrence(page->run);

    if (!found.finding || !found.finding->message)
        return;
    (void)fputs("<p><span class=\"soft\">In this run:</span> ", page->out);
    xr_html_prose(page->out, found.finding->message);
    (void)fprintf(page->out, " <a class=\"small\" href=\"#%s\">See the evidence</a></p>\n",
        xr_page_anchor(page, found.step));
}

static void put_ruled_out(const struct xr_page *page)
{
    const char *const *text = page->run->verdict.ruled_out;

    if (!*text)
        return;
    (void)fputs("<h3>Ruled out by this run</h3><ul class=\"ruled\">", page->out);
    for (; *text; text++) {
        (void)fputs("<li>", page->out);
        xr_page_icon(page, XR_SUCCESS);
        (void)fputs("<span>", page->out);
        xr_html_prose(page->out, *text);
        (void)fputs("</span></li>", page->out);
    }
    (void)fputs("</ul>\n", page->out);
}

static void put_side(const struct xr_page *page)
{
    const struct xr_verdict *verdict = &page->run->verdict;

    (void)fputs("<div class=\"side\">", page->out);
    if (verdict->owner_title) {
        (void)fputs("<h3>Who must act</h3><strong>", page->out);
        xr_html_text(page->out, verdict->owner_title);
        (void)fputs("</strong>\n", page->out);
    }
    put_ruled_out(page);
    if (verdict->reference) {
        (void)fputs("<h3>Reference</h3><p>", page->out);
        xr_html_prose(page->out, verdict->reference);
        (void)fputs("</p>", page->out);
    }
    (void)fputs("</div>\n", page->out);
}

static void put_remedy(const struct xr_page *page)
{
    const struct xr_advice *advice = page->run->verdict.remedy;

    if (!advice->text)
        return;
    (void)fputs("<ol class=\"fix\">\n", page->out);
    for (; advice->text; advice++) {
        (void)fputs("<li><p>", page->out);
        xr_html_prose(page->out, advice->text);
        (void)fputs("</p>\n", page->out);
        if (advice->command)
            xr_page_command(page, advice->shell ? advice->shell : "Command", advice->command);
        if (advice->expect) {
            (void)fputs("<p class=\"then\">", page->out);
            xr_html_prose(page->out, advice->expect);
            (void)fputs("</p>", page->out);
        }
        (void)fputs("</li>\n", page->out);
    }
    (void)fputs("</ol>\n", page->out);
}

static void put_ticket(const struct xr_page *page)
{
    const char *ticket = xr_verdict_ticket(page->run);
    const char *owner = page->run->verdict.owner_title;

    if (!ticket)
        return;
    (void)fputs("<details class=\"more\"><summary>Text for a ticket", page->out);
    if (owner) {
        (void)fputs(", for the ", page->out);
        xr_html_text(page->out, owner);
    }
    (void)fputs("</summary><div class=\"in\">", page->out);
    xr_page_command(page, "Plain text", ticket);
    (void)fputs("</div></details>\n", page->out);
}

static void put_also(const struct xr_page *page)
{
    struct xr_occurrence also[XR_ALSO_MAX];
    size_t count = xr_verdict_also(page->run, also);

    if (!count)
        return;
    (void)fputs("<div class=\"also card\"><h3>Also found, not the cause</h3><ul>\n", page->out);
    for (size_t i = 0; i < count; i++) {
        const struct xr_finding *finding = also[i].finding;
        (void)fprintf(page->out, "<li class=\"%s\">", xr_status_name(finding->status));
        xr_page_icon(page, finding->status);
        (void)fprintf(
            page->out, "<span><b class=\"st\">%s</b> · ", xr_status_word(finding->status));
        xr_html_prose(page->out, finding->message);
        (void)fprintf(page->out, "</span><a href=\"#%s\"><code>%s</code></a></li>\n",
            xr_page_anchor(page, also[i].step), xr_finding_kind(finding->code)->id);
    }
    (void)fputs("</ul></div>\n", page->out);
}

static void put_cause(const struct xr_page *page)
{
    const struct xr_verdict *verdict = &page->run->verdict;

    xr_page_section(page, "cause", "Cause and remedy", NULL);
    (void)fputs("</div>\n<div class=\"card\">\n<div class=\"pad cause\">\n<div>", page->out);
    if (verdict->cause)
        put_paragraphs(page, verdict->cause);
    put_occurrence(page);
    (void)fputs("</div>\n", page->out);
    put_side(page);
    (void)fputs("</div>\n", page->out);
    put_remedy(page);
    put_ticket(page);
    (void)fputs("</div>\n", page->out);
    put_also(page);
    xr_page_section_end(page);
}

const struct xr_section xr_section_cause = {
    .id = "cause",
    .title = "Cause and remedy",
    .wanted = has_cause,
    .write = put_cause,
};
