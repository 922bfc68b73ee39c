#include "reports/html.h"
#include "reports/subject.h"

enum { ONE_ROW = 8 }; /* more stops than this stand in two rows */

/* The line behind a stop is dashed where the path is broken: at this stop or at the next. */
static bool is_cut(const struct xr_step *step)
{
    return step->status == XR_ERROR || step->status == XR_SKIPPED ||
           (step->next && step->next->status == XR_SKIPPED);
}

static void put_stop(const struct xr_page *page, const struct xr_step *step)
{
    (void)fprintf(page->out, "<li class=\"%s%s\"><a href=\"#%s\">", xr_status_name(step->status),
        is_cut(step) ? " cut" : "", xr_page_anchor(page, step));
    xr_page_icon(page, step->status);
    (void)fputs("<span class=\"n\">", page->out);
    xr_html_text(page->out, step->title);
    (void)fprintf(page->out, "</span><span class=\"w\">%s", xr_status_word(step->status));
    if (step->status != XR_SKIPPED) {
        (void)fputs(", ", page->out);
        xr_page_ms(page, step->elapsed_us);
    }
    (void)fputs("</span></a></li>\n", page->out);
}

static void put_track(const struct xr_page *page)
{
    int count = 0;

    for (const struct xr_step *step = page->run->root->first; step; step = step->next)
        count++;
    if (!count)
        return;
    (void)fprintf(page->out, "<nav aria-label=\"The path, step by step\"><ol class=\"track%s\">\n",
        count > ONE_ROW ? " many" : "");
    for (const struct xr_step *step = page->run->root->first; step; step = step->next)
        put_stop(page, step);
    (void)fputs("</ol></nav>\n", page->out);
}

static void put_kicker(const struct xr_page *page)
{
    const struct xr_verdict *verdict = &page->run->verdict;
    const char *place = xr_subject_of_place(page->run->arena, page->run->target);

    (void)fprintf(page->out, "<p class=\"kick\"><span class=\"st\">%s</span>",
        xr_status_word(verdict->status));
    if (place) {
        (void)fputs("<b>", page->out);
        xr_html_remote(page->out, place);
        (void)fputs("</b>", page->out);
    }
    if (verdict->finding) {
        (void)fputs("<a href=\"#cause\"><code>", page->out);
        xr_html_text(page->out, verdict->finding);
        (void)fputs("</code></a>", page->out);
    }
    (void)fputs("<span class=\"soft\">", page->out);
    if (verdict->step) {
        (void)fputs("in step ", page->out);
        xr_page_step_link(page, verdict->step);
    } else {
        xr_page_ms(page, page->run->elapsed_us);
    }
    (void)fputs("</span></p>\n", page->out);
}

static const char *default_title(enum xr_status status)
{
    static const char *const titles[XR_STATUS_COUNT] = {
        [XR_SKIPPED] = "Nothing was tested.",
        [XR_SUCCESS] = "Everything that was tested is in order.",
        [XR_WARNING] = "It works, with a warning.",
        [XR_ERROR] = "The test failed.",
    };

    return titles[status];
}

void xr_page_hero(const struct xr_page *page)
{
    const struct xr_verdict *verdict = &page->run->verdict;

    (void)fprintf(page->out, "<div class=\"hero %s\"><div class=\"wrap\">\n<div class=\"say\">",
        xr_status_name(verdict->status));
    xr_page_icon(page, verdict->status);
    put_kicker(page);
    (void)fputs("<h1>", page->out);
    xr_html_prose(page->out, verdict->title ? verdict->title : default_title(verdict->status));
    (void)fputs("</h1>\n", page->out);
    if (verdict->meaning) {
        (void)fputs("<p class=\"lead\">", page->out);
        xr_html_prose(page->out, verdict->meaning);
        (void)fputs("</p>\n", page->out);
    }
    (void)fputs("</div>\n", page->out);
    put_track(page);
    (void)fputs("</div></div>\n", page->out);
}
