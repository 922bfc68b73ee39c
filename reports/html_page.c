#include <string.h>
#include <time.h>

#include "analyzer/base/text.h"
#include "reports/html.h"
#include "reports/occurrence.h"

static const char *const RESERVED[] = { "main", "cause", "learned", "facts", "watch", "steps",
    "timeline", "discovery", "answers", "addresses", "chain", "chain-table", "chain-words",
    "protocols", "sent", "environment", "json" };

static size_t count_steps(const struct xr_step *step)
{
    size_t count = 0;

    for (; step; step = step->next)
        count += 1 + count_steps(step->first);
    return count;
}

static bool is_taken(const struct xr_page *page, const char *id)
{
    for (size_t i = 0; i < sizeof(RESERVED) / sizeof(*RESERVED); i++)
        if (!strcmp(RESERVED[i], id))
            return true;
    for (size_t i = 0; i < page->anchor_count; i++)
        if (!strcmp(page->anchors[i].id, id))
            return true;
    return false;
}

static void add_anchors(struct xr_page *page, const struct xr_step *step)
{
    for (; step; step = step->next) {
        const char *slug = xr_html_slug(page->run->arena, step->id);
        const char *id = slug;
        for (int n = 2; is_taken(page, id); n++)
            id = xr_printf(page->run->arena, "%s-%d", slug, n);
        page->anchors[page->anchor_count++] = (struct xr_anchor){ .step = step, .id = id };
        add_anchors(page, step->first);
    }
}

void xr_page_anchors(struct xr_page *page)
{
    size_t count = count_steps(page->run->root->first);

    page->anchors = xr_new_n(page->run->arena, struct xr_anchor, count + 1);
    page->anchor_count = 0;
    add_anchors(page, page->run->root->first);
}

const char *xr_page_anchor(const struct xr_page *page, const struct xr_step *step)
{
    for (size_t i = 0; i < page->anchor_count; i++)
        if (page->anchors[i].step == step)
            return page->anchors[i].id;
    return "steps";
}

const char *xr_page_anchor_of(const struct xr_page *page, const char *step_id)
{
    for (size_t i = 0; i < page->anchor_count; i++)
        if (step_id && page->anchors[i].step->id && !strcmp(page->anchors[i].step->id, step_id))
            return page->anchors[i].id;
    return NULL;
}

void xr_page_step_link(const struct xr_page *page, const char *step_id)
{
    const char *anchor = xr_page_anchor_of(page, step_id);

    if (anchor)
        (void)fprintf(page->out, "<a href=\"#%s\">", anchor);
    (void)fputs("<code>", page->out);
    xr_html_text(page->out, step_id);
    (void)fputs(anchor ? "</code></a>" : "</code>", page->out);
}

const char *xr_status_word(enum xr_status status)
{
    static const char *const words[XR_STATUS_COUNT] = {
        [XR_SKIPPED] = "Skipped",
        [XR_SUCCESS] = "Passed",
        [XR_WARNING] = "Warning",
        [XR_ERROR] = "Failed",
    };

    return words[status];
}

void xr_page_icon(const struct xr_page *page, enum xr_status status)
{
    (void)fprintf(page->out,
        "<svg class=\"i\" aria-hidden=\"true\" focusable=\"false\"><use href=\"#i-%s\"/></svg>",
        xr_status_name(status));
}

void xr_page_status(const struct xr_page *page, enum xr_status status)
{
    (void)fputs("<span class=\"st\">", page->out);
    xr_page_icon(page, status);
    (void)fprintf(page->out, "%s</span>", xr_status_word(status));
}

void xr_page_ms(const struct xr_page *page, int64_t us)
{
    if (us > 0 && us < 1000)
        (void)fputs("&lt;1", page->out);
    else
        xr_html_number(page->out, us > 0 ? us / 1000 : 0);
    (void)fputs(" ms", page->out);
}

void xr_page_date(const struct xr_page *page, int64_t wall_ms, bool long_month)
{
    static const char *const months[] = { "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December" };
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc = { 0 };

    (void)gmtime_r(&seconds, &utc);
    (void)fprintf(page->out, "%d %.*s %d", utc.tm_mday, long_month ? 9 : 3, months[utc.tm_mon],
        utc.tm_year + 1900);
}

void xr_page_clock(const struct xr_page *page, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc = { 0 };

    (void)gmtime_r(&seconds, &utc);
    (void)fprintf(page->out, "%02d:%02d:%02d UTC", utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/* Hundredths in integers: a decimal comma of some locale would break the drawing. */
void xr_page_percent(const struct xr_page *page, const char *attribute, int64_t part, int64_t whole)
{
    if (part < 0 || whole <= 0)
        part = 0;
    if (part > whole)
        part = whole > 0 ? whole : 0;
    int64_t hundredths = whole > 0 ? (int64_t)((double)part * 10000.0 / (double)whole) : 0;
    (void)fprintf(page->out, " %s=\"%d.%02d%%\"", attribute, (int)(hundredths / 100),
        (int)(hundredths % 100));
}

void xr_page_command(const struct xr_page *page, const char *caption, const char *text)
{
    (void)fputs("<figure class=\"cmd\"><figcaption><span>", page->out);
    xr_html_text(page->out, caption);
    (void)fputs("</span></figcaption><pre><code>", page->out);
    xr_html_pre(page->out, text);
    (void)fputs("</code></pre></figure>\n", page->out);
}

void xr_page_section(
    const struct xr_page *page, const char *id, const char *title, const char *note)
{
    (void)fprintf(page->out,
        "\n<section id=\"%s\" aria-labelledby=\"h-%s\">\n<div class=\"sec\"><h2 "
        "id=\"h-%s\">%s</h2>",
        id, id, id, title);
    if (note)
        (void)fprintf(page->out, "<p>%s</p>", note);
}

void xr_page_section_end(const struct xr_page *page)
{
    (void)fputs("</section>\n", page->out);
}

bool xr_page_is_spared(const struct xr_step *parent, const struct xr_step *step, bool spared)
{
    return spared || xr_is_made_up_for(parent, step);
}

/* Only what stands below a top-level step can be cancelled half-way. */
static bool was_cancelled(const struct xr_step *step)
{
    return step->elapsed_us >= 1000 && strchr(step->id, '.');
}

bool xr_page_has_run(const struct xr_step *step)
{
    const struct xr_step *child = step->first;

    while (child && !xr_page_has_run(child))
        child = child->next;
    return step->status != XR_SKIPPED || child || was_cancelled(step);
}

void xr_page_table_head(
    const struct xr_page *page, const char *css, const char *const *heads, size_t count)
{
    (void)fprintf(page->out,
        "<table class=\"tbl %s\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">", css);
    for (size_t i = 0; i < count; i++)
        (void)fprintf(page->out, "<th role=\"columnheader\" scope=\"col\">%s</th>", heads[i]);
    (void)fputs("</tr></thead>", page->out);
}

void xr_page_cell(const struct xr_page *page, const char *label, const char *value)
{
    (void)fprintf(page->out, "<td role=\"cell\" data-l=\"%s\">", label);
    xr_html_prose(page->out, value ? value : "–");
    (void)fputs("</td>", page->out);
}

const char *xr_page_short_digest(struct xr_arena *arena, const char *digest)
{
    size_t length = digest ? strlen(digest) : 0;

    if (length <= 24)
        return digest;
    return xr_printf(arena, "%.8s…%s", digest, digest + length - 5);
}

int64_t xr_page_now_ms(const struct xr_page *page)
{
    int64_t at_ms = page->run->target->at_ms;

    return at_ms ? at_ms : page->run->started_wall_ms;
}

void xr_page_days(const struct xr_page *page, int64_t days)
{
    xr_html_number(page->out, days < 0 ? -days : days);
    (void)fprintf(
        page->out, " %s%s", days == 1 || days == -1 ? "day " : "days ", days < 0 ? "ago" : "left");
}

int64_t xr_page_days_left(const struct xr_page *page, int64_t wall_ms)
{
    static const int64_t day_ms = 24 * 60 * 60 * 1000;
    int64_t left = wall_ms - xr_page_now_ms(page);

    return left < 0 ? -((day_ms - 1 - left) / day_ms) : left / day_ms;
}

const struct xr_fact_certificate *xr_page_leaf(const struct xr_page *page)
{
    const struct xr_fact_certificate *certificate = page->run->facts.certificates;

    for (; certificate; certificate = certificate->next)
        if (xr_same(certificate->role, "leaf") && !certificate->missing)
            return certificate;
    return NULL;
}
