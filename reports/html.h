#ifndef XR_HTML_H
#define XR_HTML_H

#include "reports/assets.h"
#include "reports/html_text.h"
#include "reports/report.h"

/* Where a step stands on the page: unique, and nothing of it comes from a stranger. */
struct xr_anchor {
    const struct xr_step *step;
    const char *id;
};

/* A page being written. Each section of it is a file; a section without facts writes nothing. */
struct xr_page {
    FILE *out;
    const struct xr_run *run;
    struct xr_anchor *anchors;
    size_t anchor_count;
};

extern const struct xr_report xr_report_html;

/*
 * html.c: the document around any page of ours. Its policy lets nothing run but
 * the styles and scripts named here; both lists end with an asset at NULL.
 */
struct xr_document {
    FILE *out;
    enum xr_status status;
    const char *title; /* of the tab, behind the status; may hold a stranger's text */
    const struct xr_asset *styles, *scripts;
};

void xr_document_open(const struct xr_document *document);  /* up to the icons in <body> */
void xr_document_close(const struct xr_document *document); /* the scripts and the end */

/* html_page.c: what several sections need. */
void xr_page_anchors(struct xr_page *page); /* gives every step its place */
const char *xr_page_anchor(const struct xr_page *page, const struct xr_step *step);
const char *xr_page_anchor_of(const struct xr_page *page, const char *step_id); /* NULL: none */
void xr_page_step_link(const struct xr_page *page, const char *step_id); /* text if there is none */
const char *xr_status_word(enum xr_status status);                       /* "Passed" */
void xr_page_icon(const struct xr_page *page, enum xr_status status);
void xr_page_status(const struct xr_page *page, enum xr_status status); /* icon and word */
void xr_page_ms(const struct xr_page *page, int64_t us);                /* "1,234 ms", "<1 ms" */
void xr_page_date(const struct xr_page *page, int64_t wall_ms, bool long_month);
void xr_page_clock(const struct xr_page *page, int64_t wall_ms); /* "20:00:00 UTC" */
void xr_page_percent(
    const struct xr_page *page, const char *attribute, int64_t part, int64_t whole);
void xr_page_command(const struct xr_page *page, const char *caption, const char *text);
void xr_page_section(
    const struct xr_page *page, const char *id, const char *title, const char *note);
void xr_page_section_end(const struct xr_page *page);

/* <table> and its head; rows are cards on a narrow screen, so every cell bears its column's name.
 */
void xr_page_table_head(
    const struct xr_page *page, const char *css, const char *const *heads, size_t count);
void xr_page_cell(const struct xr_page *page, const char *label, const char *value); /* NULL: – */

/* The ends of a fingerprint, enough to tell two apart. */
const char *xr_page_short_digest(struct xr_arena *arena, const char *digest);

/*
 * An alternative that failed under a parent that succeeded is shown in neutral
 * colours: red belongs to the verdict. "spared": an ancestor already is one.
 */
bool xr_page_is_spared(const struct xr_step *parent, const struct xr_step *step, bool spared);

/* Something of it ran: one that was cancelled is skipped, but took time before. */
bool xr_page_has_run(const struct xr_step *step);

/* The sections, in their order on the page. "wanted" tells whether it will write anything. */
struct xr_section {
    const char *id, *title; /* as in the list "On this page" */
    bool (*wanted)(const struct xr_page *page);
    void (*write)(const struct xr_page *page);
};

extern const struct xr_section xr_section_cause, xr_section_learned, xr_section_facts,
    xr_section_watch, xr_section_steps, xr_section_timeline, xr_section_discovery,
    xr_section_answers, xr_section_addresses, xr_section_chain, xr_section_protocols,
    xr_section_sent, xr_section_environment, xr_section_json;

void xr_page_hero(const struct xr_page *page);
void xr_page_exchange(const struct xr_page *page, const struct xr_exchange *exchange);
void xr_page_life(const struct xr_page *page, const struct xr_fact_certificate *certificate);

/* The moment as of which dates are judged: the start of the run, or what --at named. */
int64_t xr_page_now_ms(const struct xr_page *page);

/* Days until a moment, from that one; negative when it has passed. */
int64_t xr_page_days_left(const struct xr_page *page, int64_t wall_ms);

void xr_page_days(const struct xr_page *page, int64_t days); /* "19 days left", "1 day ago" */

/* The certificate of the server itself, or NULL. */
const struct xr_fact_certificate *xr_page_leaf(const struct xr_page *page);

#endif
