#include <stddef.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "reports/html.h"

enum { SHOWN_MAX = 400 }; /* of a value that is longer than any address should be */

/* What an answer may tell: one thing, or two of a kind that share a cell. */
struct column {
    const char *title;
    struct part {
        size_t value;      /* where in the answer; the second may be 0: there is none */
        const char *label; /* NULL: the title says it */
    } parts[2];
    /* WHERE_BOTH_TELL: one protocol may lack it. NEVER: one has none, or writes it its own way. */
    enum compared { WHERE_BOTH_TELL, ALWAYS, NEVER } compared;
};

enum { PARTS = 2 };

#define OF(field) offsetof(struct xr_fact_settings, field)

static const struct column COLUMNS[] = {
    { "External EWS", { { OF(external_ews), NULL } }, ALWAYS },
    { "Internal EWS", { { OF(internal_ews), NULL } }, WHERE_BOTH_TELL },
    { "EXHTTP, interop", { { OF(exhttp_ews), "EXHTTP" }, { OF(interop_ews), "interop" } }, NEVER },
    { "Outlook on the web", { { OF(external_owa), "outside" }, { OF(internal_owa), "inside" } },
        WHERE_BOTH_TELL },
    { "Primary address", { { OF(smtp_address), NULL } }, WHERE_BOTH_TELL },
    { "Server", { { OF(server_version), "version" }, { OF(online), "in Exchange Online" } },
        NEVER },
};

enum { COLUMN_COUNT = sizeof(COLUMNS) / sizeof(*COLUMNS) };

static const char *value_of(const struct xr_fact_settings *answer, size_t offset)
{
    const char *value;

    memcpy(&value, (const char *)answer + offset, sizeof(value));
    return value && *value ? value : NULL;
}

static bool has_answers(const struct xr_page *page)
{
    return page->run->facts.settings != NULL;
}

static bool tells(const struct xr_fact_settings *answer, const struct column *column)
{
    for (size_t i = 0; i < PARTS; i++)
        if (column->parts[i].value && value_of(answer, column->parts[i].value))
            return true;
    return false;
}

static bool is_told(const struct xr_page *page, const struct column *column)
{
    const struct xr_fact_settings *answer = page->run->facts.settings;

    while (answer && !tells(answer, column))
        answer = answer->next;
    return answer;
}

/* V2 is a hint for those who have not logged on: it is no second opinion. */
static bool may_be_compared(const struct xr_fact_settings *a, const struct xr_fact_settings *b)
{
    return !xr_same(a->protocol, b->protocol) && !xr_same(a->protocol, "V2") &&
           !xr_same(b->protocol, "V2") && xr_same(a->address, b->address);
}

/* The protocol of an answer that tells something else about the same address; NULL: none does. */
static const char *differs_from(const struct xr_page *page, const struct xr_fact_settings *answer,
    size_t offset, enum compared compared)
{
    const char *value = value_of(answer, offset);
    const struct xr_fact_settings *other = page->run->facts.settings;

    for (; other; other = other->next) {
        const char *its = value_of(other, offset);
        bool comparable = compared == ALWAYS || (compared == WHERE_BOTH_TELL && value && its);
        if (comparable && may_be_compared(answer, other) && !xr_same(value, its))
            return other->protocol;
    }
    return NULL;
}

static void put_value(const struct xr_page *page, const char *value)
{
    if (strlen(value) > SHOWN_MAX)
        value = xr_excerpt(page->run->arena, value, SHOWN_MAX);
    xr_html_remote(page->out, value);
}

static void put_difference(const struct xr_page *page, const char *protocol)
{
    if (!protocol)
        return;
    (void)fputs("<span class=\"differs warning\">", page->out);
    xr_page_icon(page, XR_WARNING);
    (void)fputs("differs from ", page->out);
    xr_html_text(page->out, protocol);
    (void)fputs("</span>", page->out);
}

static void put_part(const struct xr_page *page, const struct xr_fact_settings *answer,
    const struct column *column, const struct part *part)
{
    const char *value = part->value ? value_of(answer, part->value) : NULL;

    if (!value)
        return;
    (void)fputs("<span class=\"part\">", page->out);
    if (part->label)
        (void)fprintf(page->out, "<small>%s</small> ", part->label);
    put_value(page, value);
    put_difference(page, differs_from(page, answer, part->value, column->compared));
    (void)fputs("</span>", page->out);
}

static void put_answer_cell(
    const struct xr_page *page, const struct xr_fact_settings *answer, const struct column *column)
{
    (void)fprintf(page->out, "<td role=\"cell\" data-l=\"%s\">", column->title);
    if (!tells(answer, column)) {
        (void)fputs("<span class=\"soft\">–<span class=\"sr\"> not told</span></span>", page->out);
        put_difference(page, differs_from(page, answer, column->parts[0].value, column->compared));
    }
    for (size_t i = 0; i < PARTS; i++)
        put_part(page, answer, column, &column->parts[i]);
    (void)fputs("</td>", page->out);
}

static void put_answer_head(const struct xr_page *page, const struct xr_fact_settings *answer)
{
    (void)fputs("<th role=\"rowheader\" scope=\"row\">", page->out);
    xr_html_text(page->out, answer->protocol);
    if (answer->used) {
        (void)fputs(" <span class=\"success\"><span class=\"st\">", page->out);
        xr_page_icon(page, XR_SUCCESS);
        (void)fputs("Used</span></span>", page->out);
    }
    (void)fputs("<small>", page->out);
    xr_page_step_link(page, answer->step);
    if (answer->address && !xr_same(answer->address, page->run->target->mailbox)) {
        (void)fputs("<br>asked for ", page->out);
        put_value(page, answer->address);
    }
    (void)fputs("</small></th>", page->out);
}

static void put_rows(const struct xr_page *page)
{
    const struct xr_fact_settings *answer = page->run->facts.settings;

    (void)fputs("<tbody role=\"rowgroup\">\n", page->out);
    for (; answer; answer = answer->next) {
        (void)fprintf(page->out, "<tr role=\"row\"%s>", answer->used ? " class=\"used\"" : "");
        put_answer_head(page, answer);
        for (size_t i = 0; i < COLUMN_COUNT; i++)
            if (is_told(page, &COLUMNS[i]))
                put_answer_cell(page, answer, &COLUMNS[i]);
        (void)fputs("</tr>\n", page->out);
    }
    (void)fputs("</tbody></table></div>\n", page->out);
}

/* A column that is empty in all rows would only make the others narrow. */
static void put_untold(const struct xr_page *page)
{
    const char *all = NULL;

    for (size_t i = 0; i < COLUMN_COUNT; i++)
        if (!is_told(page, &COLUMNS[i]))
            all = all ? xr_printf(page->run->arena, "%s, %s", all, COLUMNS[i].title)
                      : COLUMNS[i].title;
    if (all)
        (void)fprintf(page->out, "<p class=\"words\">No answer tells: %s.</p>\n", all);
}

static void put_answers(const struct xr_page *page)
{
    const char *heads[COLUMN_COUNT + 1] = { "Answer" };
    size_t count = 1;

    for (size_t i = 0; i < COLUMN_COUNT; i++)
        if (is_told(page, &COLUMNS[i]))
            heads[count++] = COLUMNS[i].title;
    xr_page_section(page, "answers", "What Autodiscover answers",
        "One row an answer. External is EXPR of POX and ExternalEwsUrl of SOAP; internal is EXCH "
        "and InternalEwsUrl.");
    (void)fputs("</div>\n<div class=\"card clip\">", page->out);
    xr_page_table_head(page, "answers", heads, count);
    put_rows(page);
    put_untold(page);
    xr_page_section_end(page);
}

const struct xr_section xr_section_answers = {
    .id = "answers",
    .title = "Answers",
    .wanted = has_answers,
    .write = put_answers,
};
