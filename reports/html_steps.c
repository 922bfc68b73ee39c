#include <string.h>

#include "reports/html.h"

static bool has_steps(const struct xr_page *page)
{
    return page->run->root->first != NULL;
}

static void put_class(const struct xr_page *page, enum xr_status status, bool spared)
{
    (void)fprintf(page->out, " class=\"%s%s\"", xr_status_name(status),
        spared && status > XR_SUCCESS ? " alt" : "");
}

/* A verdict call gives the step and its finding one message: once is enough. */
static bool says_more(const struct xr_step *step, const struct xr_finding *finding)
{
    return finding->message && (!step->message || strcmp(step->message, finding->message) != 0);
}

static void put_findings(const struct xr_page *page, const struct xr_step *step, bool spared)
{
    if (!step->findings)
        return;
    (void)fputs("<ul class=\"fnd\">", page->out);
    for (const struct xr_finding *finding = step->findings; finding; finding = finding->next) {
        (void)fputs("<li", page->out);
        put_class(page, finding->status, spared);
        (void)fputs(">", page->out);
        xr_page_status(page, finding->status);
        (void)fprintf(page->out, " <code>%s</code>", xr_finding_kind(finding->code)->id);
        if (says_more(step, finding)) {
            (void)fputs("<br>", page->out);
            xr_html_prose(page->out, finding->message);
        }
        if (finding->cause) {
            (void)fputs("<br><span class=\"soft\">", page->out);
            xr_html_prose(page->out, finding->cause);
            (void)fputs("</span>", page->out);
        }
        (void)fputs("</li>", page->out);
    }
    (void)fputs("</ul>\n", page->out);
}

static void put_details(const struct xr_page *page, const struct xr_step *step)
{
    if (!step->details && !step->blocked_by)
        return;
    (void)fputs("<dl class=\"kv\">\n", page->out);
    if (step->blocked_by) {
        (void)fputs("<dt>Blocked by</dt><dd>", page->out);
        xr_page_step_link(page, step->blocked_by);
        (void)fputs("</dd>\n", page->out);
    }
    for (const struct xr_detail *detail = step->details; detail; detail = detail->next) {
        (void)fputs("<dt>", page->out);
        xr_html_text(page->out, detail->name);
        (void)fputs("</dt><dd>", page->out);
        xr_html_prose(page->out, detail->value);
        (void)fputs("</dd>\n", page->out);
    }
    (void)fputs("</dl>\n", page->out);
}

static void put_meta(const struct xr_page *page, const struct xr_step *step)
{
    (void)fprintf(
        page->out, "<p class=\"meta\"><a href=\"#%s\"><code>", xr_page_anchor(page, step));
    xr_html_text(page->out, step->id);
    (void)fputs("</code></a>", page->out);
    if (!xr_page_has_run(step)) {
        (void)fputs("<span>not run</span></p>\n", page->out);
        return;
    }
    (void)fputs("<span>started at ", page->out);
    xr_page_ms(page, step->started_us - page->run->started_us);
    (void)fputs("</span><span>took ", page->out);
    xr_page_ms(page, step->elapsed_us);
    (void)fputs("</span></p>\n", page->out);
}

static void put_summary(const struct xr_page *page, const struct xr_step *step)
{
    (void)fputs("<summary>", page->out);
    xr_page_icon(page, step->status);
    (void)fputs("<span class=\"tx\"><b>", page->out);
    xr_html_prose(page->out, step->title);
    (void)fputs("</b> <span class=\"msg\">", page->out);
    xr_html_prose(page->out, step->message);
    (void)fprintf(page->out, "</span></span><span class=\"st\">%s</span><span class=\"num\">",
        xr_status_word(step->status));
    if (!xr_page_has_run(step))
        (void)fputs(
            "<span aria-hidden=\"true\">–</span><span class=\"sr\">not run</span>", page->out);
    else
        xr_page_ms(page, step->elapsed_us);
    (void)fputs("</span></summary>\n", page->out);
}

/* The reader finds open what explains the verdict, and what it kept from running. */
static bool is_open(const struct xr_step *step, bool spared, bool top)
{
    return (step->status >= XR_WARNING && !spared) || (step->status == XR_SKIPPED && top);
}

/* The id stands inside <details>: browsers then open a closed one for a #fragment themselves. */
static void put_step(const struct xr_page *page, const struct xr_step *parent,
    const struct xr_step *step, bool spared)
{
    spared = xr_page_is_spared(parent, step, spared);
    (void)fputs("<details", page->out);
    put_class(page, step->status, spared);
    (void)fputs(is_open(step, spared, parent == NULL) ? " open>" : ">", page->out);
    put_summary(page, step);
    (void)fprintf(page->out, "<div class=\"body\" id=\"%s\">\n", xr_page_anchor(page, step));
    put_findings(page, step, spared);
    put_details(page, step);
    for (const struct xr_exchange *exchange = step->exchanges; exchange; exchange = exchange->next)
        xr_page_exchange(page, exchange);
    if (step->first)
        (void)fputs("<div class=\"kids\">", page->out);
    for (const struct xr_step *child = step->first; child; child = child->next)
        put_step(page, step, child, spared);
    if (step->first)
        (void)fputs("</div>\n", page->out);
    put_meta(page, step);
    (void)fputs("</div></details>\n", page->out);
}

static void put_steps(const struct xr_page *page)
{
    xr_page_section(page, "steps", "Steps",
        page->run->verdict.status == XR_SUCCESS
            ? "All passed. Open one to see what was tried and what came back."
            : "Failed and warned steps are open. Everything else opens on demand.");
    (void)fputs("<span class=\"tools\"></span></div>\n<div class=\"steps card\">\n", page->out);
    for (const struct xr_step *step = page->run->root->first; step; step = step->next)
        put_step(page, NULL, step, false);
    (void)fputs("</div>\n", page->out);
    xr_page_section_end(page);
}

const struct xr_section xr_section_steps = {
    .id = "steps",
    .title = "Steps",
    .wanted = has_steps,
    .write = put_steps,
};
