#include <string.h>

#include "reports/html.h"
#include "reports/occurrence.h"

/* The bars take their colours from these; the key under the picture explains them. */
enum phase { PHASE_DNS, PHASE_TCP, PHASE_TLS, PHASE_REQUEST, PHASE_OWN, PHASE_SPAN, PHASE_COUNT };

static const struct {
    const char *css, *shown, *explained;
} PHASES[PHASE_COUNT] = {
    [PHASE_DNS] = { "dns", "DNS", "DNS" },
    [PHASE_TCP] = { "tcp", "TCP", "TCP connect" },
    [PHASE_TLS] = { "tls", "TLS", "TLS handshake" },
    [PHASE_REQUEST] = { "req", "request", "request, until the last byte" },
    [PHASE_OWN] = { "own", "", "exray itself" },
    [PHASE_SPAN] = { "span", "", "the whole group" },
};

struct timeline {
    const struct xr_page *page;
    int64_t total_us, tick_us;
    bool used[PHASE_COUNT], failed;
};

static bool has_time(const struct xr_page *page)
{
    return page->run->root->first && page->run->elapsed_us >= 1000;
}

/* The part of an id that ends at the next dot names a phase; PHASE_COUNT: it does not. */
static enum phase phase_named(const char *part)
{
    static const struct {
        const char *name;
        enum phase phase;
    } names[] = { { "dns", PHASE_DNS }, { "record", PHASE_DNS }, { "records", PHASE_DNS },
        { "tcp", PHASE_TCP }, { "tls", PHASE_TLS }, { "request", PHASE_REQUEST },
        { "soap", PHASE_REQUEST } };
    size_t length = strcspn(part, ".");

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strlen(names[i].name) == length && !strncmp(part, names[i].name, length))
            return names[i].phase;
    return PHASE_COUNT;
}

/* The first part behind the top-level id that names a phase: endpoint.tcp.192.0.2.1 is TCP. */
static enum phase phase_of(const char *id)
{
    static const struct {
        const char *id;
        enum phase phase;
    } whole[] = { { "input", PHASE_OWN }, { "endpoint", PHASE_TCP }, { "ssl-trust", PHASE_TLS } };

    for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
        if (!strcmp(id, whole[i].id))
            return whole[i].phase;
    for (const char *dot = strchr(id, '.'); dot; dot = strchr(dot + 1, '.'))
        if (phase_named(dot + 1) != PHASE_COUNT)
            return phase_named(dot + 1);
    return strncmp(id, "ssl-trust.", strlen("ssl-trust.")) ? PHASE_REQUEST : PHASE_TLS;
}

static bool is_phase_step(const struct xr_step *step)
{
    const char *dot = step->id ? strrchr(step->id, '.') : NULL;

    return dot && xr_page_has_run(step) && phase_named(dot + 1) != PHASE_COUNT;
}

/* A method that was led to another host has the phases of that host one level deeper. */
static bool has_phases(const struct xr_step *step)
{
    for (const struct xr_step *child = step->first; child; child = child->next)
        if (is_phase_step(child) || has_phases(child))
            return true;
    return false;
}

/* Only what runs side by side deserves lines of its own: the methods, the addresses. */
static bool has_rows(const struct xr_step *step)
{
    return step->first && step->id && (xr_is_search(step) || !strcmp(step->id, "endpoint"));
}

static void put_rect(struct timeline *line, const struct xr_step *step, const char *css, int height)
{
    const struct xr_page *page = line->page;
    int64_t shortest_us = line->total_us / 250; /* what can still be seen */

    (void)fprintf(page->out, "<rect class=\"%s\"", css);
    xr_page_percent(page, "x", step->started_us - page->run->started_us, line->total_us);
    xr_page_percent(page, "width", step->elapsed_us > shortest_us ? step->elapsed_us : shortest_us,
        line->total_us);
    (void)fprintf(page->out, " y=\"50%%\" height=\"%d\" rx=\"3\" transform=\"translate(0 -%d)\"/>",
        height, height / 2);
}

static void put_bar(struct timeline *line, const struct xr_step *step, enum phase phase)
{
    line->used[phase] = true;
    put_rect(line, step, PHASES[phase].css, phase == PHASE_SPAN ? 6 : 12);
    if (step->status != XR_ERROR || phase == PHASE_SPAN)
        return;
    line->failed = true;
    put_rect(line, step, "bad", 16);
}

static void put_phases(struct timeline *line, const struct xr_step *step)
{
    for (const struct xr_step *child = step->first; child; child = child->next)
        if (is_phase_step(child))
            put_bar(line, child, phase_of(child->id));
        else
            put_phases(line, child);
}

static void put_bars(struct timeline *line, const struct xr_step *step)
{
    if (!xr_page_has_run(step))
        return;
    if (has_rows(step)) {
        put_bar(line, step, PHASE_SPAN);
        return;
    }
    if (!has_phases(step)) {
        put_bar(line, step, phase_of(step->id ? step->id : ""));
        return;
    }
    put_phases(line, step);
}

static void put_phase_note(const struct xr_page *page, const struct xr_step *step)
{
    const char *between = "";

    for (const struct xr_step *child = step->first; child; child = child->next) {
        if (!is_phase_step(child))
            continue;
        (void)fprintf(page->out, "%s%s ", between, PHASES[phase_of(child->id)].shown);
        xr_html_number(page->out, child->elapsed_us / 1000);
        between = " · ";
    }
}

static void put_row_note(const struct xr_page *page, const struct xr_step *step)
{
    bool blocked = !xr_page_has_run(step);

    if (!blocked && (has_rows(step) || !has_phases(step)))
        return;
    (void)fputs("<small>", page->out);
    if (!blocked) {
        put_phase_note(page, step);
    } else {
        (void)fputs("not run", page->out);
        if (step->blocked_by) {
            (void)fputs(": needs ", page->out);
            xr_html_text(page->out, step->blocked_by);
        }
    }
    (void)fputs("</small>", page->out);
}

static void put_number_cell(
    const struct xr_page *page, const struct xr_step *step, const char *label, int64_t us)
{
    (void)fprintf(page->out, "<td role=\"cell\" class=\"num\" data-l=\"%s \">", label);
    if (!xr_page_has_run(step))
        (void)fputs("–", page->out);
    else
        xr_html_number(page->out, us > 0 ? us / 1000 : 0);
    (void)fputs("</td>", page->out);
}

static void put_grid(const struct timeline *line)
{
    for (int64_t at_us = 0; at_us <= line->total_us; at_us += line->tick_us) {
        (void)fputs("<line", line->page->out);
        xr_page_percent(line->page, "x1", at_us, line->total_us);
        xr_page_percent(line->page, "x2", at_us, line->total_us);
        (void)fputs(" y1=\"0\" y2=\"100%\"/>", line->page->out);
    }
}

static void put_row(struct timeline *line, const struct xr_step *parent, const struct xr_step *step)
{
    const struct xr_page *page = line->page;

    (void)fprintf(page->out,
        "<tr role=\"row\" class=\"%s%s\"><th role=\"rowheader\" scope=\"row\" class=\"nm "
        "l%d\"><div>",
        xr_status_name(step->status), xr_page_is_spared(parent, step, false) ? " alt" : "",
        parent ? 1 : 0);
    xr_page_icon(page, step->status);
    (void)fprintf(page->out, "<span><span class=\"sr\">%s: </span><a href=\"#%s\">",
        xr_status_word(step->status), xr_page_anchor(page, step));
    xr_html_prose(page->out, step->title);
    (void)fputs("</a>", page->out);
    put_row_note(page, step);
    (void)fputs("</span></div></th><td role=\"cell\" class=\"tl\"><svg class=\"bar\" "
                "aria-hidden=\"true\" focusable=\"false\">",
        page->out);
    put_grid(line);
    put_bars(line, step);
    (void)fputs("</svg></td>", page->out);
    put_number_cell(page, step, "at", step->started_us - page->run->started_us);
    put_number_cell(page, step, "took", step->elapsed_us);
    (void)fputs("</tr>\n", page->out);
}

static void put_rows(
    struct timeline *line, const struct xr_step *parent, const struct xr_step *step)
{
    put_row(line, parent, step);
    for (const struct xr_step *child = step->first; child && has_rows(step); child = child->next)
        put_rows(line, step, child);
}

/* The largest of 1, 2, 5, 10, ... ms that divides the time into at least four. */
static int64_t tick_for(int64_t total_us)
{
    int64_t tick_us = 1000, best_us = 1000;
    static const int64_t factors[] = { 2, 5, 10 };

    for (; tick_us * 4 <= total_us; tick_us *= 10)
        for (size_t i = 0; i < sizeof(factors) / sizeof(*factors); i++)
            if (tick_us * factors[i] * 4 <= total_us)
                best_us = tick_us * factors[i];
    return best_us;
}

static void put_axis(const struct timeline *line)
{
    const struct xr_page *page = line->page;

    (void)fputs(
        "<div class=\"card pad\"><table class=\"wf\" role=\"table\">\n<thead role=\"rowgroup\">"
        "<tr role=\"row\"><th role=\"columnheader\" scope=\"col\" class=\"nm\">Step</th>"
        "<th role=\"columnheader\" scope=\"col\" class=\"tl\"><span class=\"sr\">Timeline, "
        "milliseconds since the start</span><svg class=\"axis\" aria-hidden=\"true\" "
        "focusable=\"false\">",
        page->out);
    for (int64_t at_us = 0; at_us + line->tick_us / 3 < line->total_us; at_us += line->tick_us) {
        (void)fputs("<text", page->out);
        xr_page_percent(page, "x", at_us, line->total_us);
        (void)fputs(" y=\"12\">", page->out);
        xr_html_number(page->out, at_us / 1000);
        (void)fputs("</text>", page->out);
    }
    (void)fputs("</svg></th><th role=\"columnheader\" scope=\"col\" class=\"num\">Start, ms</th>"
                "<th role=\"columnheader\" scope=\"col\" class=\"num\">Took, ms</th></tr></thead>\n"
                "<tbody role=\"rowgroup\">\n",
        page->out);
}

static void put_key(const struct timeline *line)
{
    FILE *out = line->page->out;

    (void)fputs("</tbody></table>\n<p class=\"lg\">", out);
    for (enum phase phase = PHASE_DNS; phase < PHASE_COUNT; phase++)
        if (line->used[phase])
            (void)fprintf(out,
                "<span><svg class=\"bar\" aria-hidden=\"true\" focusable=\"false\"><rect "
                "class=\"%s\" width=\"12.8\" height=\"12.8\" rx=\"2\"/></svg>%s</span>",
                PHASES[phase].css, PHASES[phase].explained);
    if (line->failed)
        (void)fputs("<span><svg class=\"bar\" aria-hidden=\"true\" focusable=\"false\"><rect "
                    "class=\"bad\" x=\"1\" y=\"1\" width=\"10.8\" height=\"10.8\" "
                    "rx=\"3\"/></svg>outlined: failed</span>",
            out);
    (void)fputs("</p></div>\n", out);
}

static void put_timeline(const struct xr_page *page)
{
    int64_t total_us = page->run->elapsed_us;
    struct timeline line = { .page = page, .total_us = total_us, .tick_us = tick_for(total_us) };

    xr_page_section(
        page, "timeline", "Timeline", "Where the time went. Bars that overlap ran side by side.");
    (void)fputs("</div>\n", page->out);
    put_axis(&line);
    for (const struct xr_step *step = page->run->root->first; step; step = step->next)
        put_rows(&line, NULL, step);
    put_key(&line);
    xr_page_section_end(page);
}

const struct xr_section xr_section_timeline = {
    .id = "timeline",
    .title = "Timeline",
    .wanted = has_time,
    .write = put_timeline,
};
