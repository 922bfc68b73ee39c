#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "reports/check_html.h"
#include "reports/check_words.h"

/*
 * The matrix is built for a hundred thousand rows in one page: chunks of a few
 * hundred rows, of which the browser lays out only those near the window, and
 * few elements a row. Neighbouring steps that passed are one cell, and marks
 * are drawn by the style sheet. Filtering hides whole groups, never rows.
 */
enum { CHUNK = 200, SAID_MAX = 160, PLAIN_MAX = 120, SHORT = 24 };

struct matrix {
    const struct xr_check_page *page;
    FILE *rows; /* of the chunk that is being filled */
    char *text;
    size_t length;
    struct xr_arena *arena; /* of this chunk */
    int in_chunk;
    int64_t in_group;
    bool in_any;                 /* a group is open */
    enum xr_status status;       /* of the group */
    const char *id;              /* of its finding; NULL: none, or not of our catalogue */
    bool seen[XR_FINDING_COUNT]; /* groups that have a place to link to */
};

static const char *const STEP_TITLES[XR_CHECK_STEPS] = { "Input", "Autodiscover", "Endpoint",
    "SSL trust", "Logon", "Inbox", "SMTP address" };

static void begin_chunk(struct matrix *matrix)
{
    matrix->rows = open_memstream(&matrix->text, &matrix->length);
    if (!matrix->rows)
        abort();
    matrix->arena = xr_arena_new();
    matrix->in_chunk = 0;
}

/* Each table has the whole head, so that it can be read alone; it is shown once, above them all. */
static void put_table_head(FILE *out)
{
    (void)fputs("<colgroup><col class=\"u\"><col class=\"r\"><col class=\"s\" span=\"7\"><col "
                "class=\"w\"><col class=\"t\"></colgroup><thead class=\"sr\" "
                "role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\">User</th><th "
                "role=\"columnheader\">Result</th>",
        out);
    for (int i = 0; i < XR_CHECK_STEPS; i++)
        (void)fprintf(out, "<th role=\"columnheader\">%s</th>", STEP_TITLES[i]);
    (void)fputs("<th role=\"columnheader\">What came back</th><th "
                "role=\"columnheader\">Took</th></tr></thead>\n<tbody role=\"rowgroup\">\n",
        out);
}

static void end_chunk(struct matrix *matrix)
{
    FILE *out = matrix->page->out;

    (void)fclose(matrix->rows);
    if (matrix->in_chunk) {
        (void)fprintf(out, "<div class=\"chunk%s\"><table role=\"table\"><caption class=\"sr\">%s",
            matrix->in_chunk == CHUNK ? " full" : "", xr_status_word(matrix->status));
        if (matrix->id)
            (void)fprintf(out, ", %s", matrix->id);
        (void)fputs(": users ", out);
        xr_html_number(out, matrix->in_group - matrix->in_chunk + 1);
        (void)fputs(" to ", out);
        xr_html_number(out, matrix->in_group);
        (void)fputs("</caption>", out);
        put_table_head(out);
        (void)fwrite(matrix->text, 1, matrix->length, out);
        (void)fputs("</tbody></table></div>\n", out);
    }
    free(matrix->text);
    xr_arena_free(matrix->arena);
}

/* The cause that all users of this group share, as the page tells it further up; or NULL. */
static const struct xr_check_cause *cause_of(const struct matrix *matrix)
{
    const struct xr_check *check = matrix->page->check;

    for (size_t i = 0; matrix->id && i < check->cause_count; i++)
        if (xr_finding_kind(check->causes[i].code)->id == matrix->id)
            return &check->causes[i];
    return NULL;
}

/* -1: not known, for users of one finding may have different statuses. */
static int64_t users_of(const struct matrix *matrix, const struct xr_check_user *user)
{
    const struct xr_check_cause *cause = cause_of(matrix);

    if (!user->finding)
        return matrix->page->check->summary[user->status];
    return cause && cause->status == user->status ? cause->users : -1;
}

static void put_group_title(struct matrix *matrix, const struct xr_check_user *user)
{
    static const char *const without[XR_STATUS_COUNT] = {
        [XR_SKIPPED] = "switched off in the user list",
        [XR_SUCCESS] = "reachable",
        [XR_WARNING] = "for no cause in the catalogue",
        [XR_ERROR] = "for no cause in the catalogue",
    };
    FILE *out = matrix->page->out;
    int64_t users = users_of(matrix, user);

    (void)fputs("<h3>", out);
    xr_page_status(&matrix->page->page, user->status);
    if (cause_of(matrix))
        (void)fprintf(out, " <a href=\"#cause-%s\"><code>%s</code></a>", matrix->id, matrix->id);
    else
        (void)fprintf(out, " <span>%s</span>", matrix->id ? matrix->id : without[user->status]);
    if (users >= 0)
        (void)fprintf(out, " <span class=\"soft\">%s</span>",
            xr_check_users(matrix->page->check->arena, users));
    (void)fputs("</h3>\n", out);
}

/* The first group of a finding is where links to it lead: it has the worst of its users. */
static void begin_group(struct matrix *matrix, const struct xr_check_user *user)
{
    enum xr_finding_code code;
    bool known = user->finding && xr_finding_by_id(user->finding, &code);

    matrix->in_any = true;
    matrix->in_group = 0;
    matrix->status = user->status;
    matrix->id = known ? xr_finding_kind(code)->id : NULL;
    (void)fprintf(matrix->page->out, "<div class=\"g %s\" data-s=\"%s\"",
        xr_status_name(user->status), xr_status_name(user->status));
    if (known)
        (void)fprintf(matrix->page->out, " data-f=\"%s\"", matrix->id);
    if (known && !matrix->seen[code])
        (void)fprintf(matrix->page->out, " id=\"rows-%s\"", matrix->id);
    if (known)
        matrix->seen[code] = true;
    (void)fputs(">\n", matrix->page->out);
    put_group_title(matrix, user);
    begin_chunk(matrix);
}

static void end_group(struct matrix *matrix)
{
    if (!matrix->in_any)
        return;
    end_chunk(matrix);
    (void)fputs("</div>\n", matrix->page->out);
}

static bool is_same_group(const struct matrix *matrix, const struct xr_check_user *user)
{
    if (!matrix->in_any || matrix->status != user->status)
        return false;
    enum xr_finding_code code;
    bool known = user->finding && xr_finding_by_id(user->finding, &code);
    return known ? matrix->id == xr_finding_kind(code)->id : !matrix->id;
}

/* Most addresses need nothing but themselves; elements for each of them would slow the page. */
static bool is_plain(const char *text)
{
    const char *at = text;

    while (*at > 0x20 && *at < 0x7f)
        at++;
    return !*at && at - text <= PLAIN_MAX;
}

/* Long ones may break behind the @. */
static void put_address(struct matrix *matrix, const char *address)
{
    const char *domain = strlen(address) > SHORT ? strchr(address, '@') : NULL;
    size_t local = domain ? (size_t)(domain + 1 - address) : 0;

    if (!is_plain(address)) {
        xr_html_remote(matrix->rows, address);
        return;
    }
    if (domain) {
        xr_html_text(matrix->rows, xr_strndup(matrix->arena, address, local));
        (void)fputs("<wbr>", matrix->rows);
    }
    xr_html_text(matrix->rows, address + local);
}

static const char *mark_of(char letter)
{
    switch (letter) {
    case 's':
        return " class=\"p\"";
    case 'w':
        return " class=\"c warning\"";
    case 'e':
        return " class=\"c error\"";
    default:
        return " class=\"k\"";
    }
}

static const char *word_of(char letter)
{
    switch (letter) {
    case 's':
        return "Passed";
    case 'w':
        return "Warning";
    case 'e':
        return "Failed";
    default:
        return "Skipped";
    }
}

/* Neighbours that passed, or were skipped, are one cell. */
static int run_length(const char steps[XR_CHECK_STEPS + 1], int from)
{
    int to = from + 1;

    if (steps[from] == 'w' || steps[from] == 'e')
        return 1;
    while (to < XR_CHECK_STEPS && steps[to] == steps[from])
        to++;
    return to - from;
}

static void put_steps(FILE *out, const struct xr_check_user *user)
{
    char steps[XR_CHECK_STEPS + 1] = "-------";

    for (int i = 0; i < XR_CHECK_STEPS && user->steps[i]; i++)
        steps[i] = strchr("swe", user->steps[i]) ? user->steps[i] : '-';
    for (int i = 0, length; i < XR_CHECK_STEPS; i += length) {
        length = run_length(steps, i);
        (void)fprintf(out, "<td role=\"cell\"%s", mark_of(steps[i]));
        if (length > 1)
            (void)fprintf(out, " colspan=\"%d\"", length);
        if (steps[i] == 'e' || steps[i] == 'w')
            (void)fprintf(out, " data-l=\"%s\"", STEP_TITLES[i]);
        (void)fprintf(out, ">%s</td>", word_of(steps[i]));
    }
}

static bool is_finding(const struct xr_check_user *user, enum xr_finding_code code)
{
    return user->finding && !strcmp(user->finding, xr_finding_kind(code)->id);
}

static bool is_other_primary(const struct xr_check_user *user)
{
    return user->primary_smtp_address && user->status == XR_WARNING &&
           is_finding(user, XR_FINDING_ADDRESS_ALIAS);
}

/* What tells this user from the others of its cause: the code, the server, the other address. */
static void put_said(struct matrix *matrix, const struct xr_check_user *user)
{
    FILE *out = matrix->rows;

    if (user->status == XR_SUCCESS || is_finding(user, XR_FINDING_TLS_TRUST_IGNORED))
        return;
    if (is_other_primary(user)) {
        (void)fputs("primary: ", out);
        put_address(matrix, xr_excerpt(matrix->arena, user->primary_smtp_address, SAID_MAX));
        return;
    }
    if (user->code) {
        (void)fputs("<code>", out);
        put_address(matrix, xr_excerpt(matrix->arena, user->code, SAID_MAX));
        (void)fputs("</code>", out);
    } else if (user->message) {
        xr_html_prose(out, xr_excerpt(matrix->arena, user->message, SAID_MAX));
    } else if (user->status == XR_SKIPPED) {
        (void)fputs("switched off in the user list", out);
    }
    if (user->server) {
        (void)fputs(user->code || user->message ? " · " : "", out);
        put_address(matrix, xr_excerpt(matrix->arena, user->server, SAID_MAX));
    }
}

static void put_row(struct matrix *matrix, const struct xr_check_user *user)
{
    FILE *out = matrix->rows;

    matrix->in_chunk++;
    matrix->in_group++;
    (void)fputs("<tr role=\"row\"><th role=\"rowheader\">", out);
    put_address(matrix, user->email);
    (void)fprintf(out, "</th><td role=\"cell\">%s</td>", xr_status_word(user->status));
    put_steps(out, user);
    (void)fputs("<td role=\"cell\">", out);
    put_said(matrix, user);
    (void)fputs("</td><td role=\"cell\">", out);
    if (user->status != XR_SKIPPED && user->elapsed_us >= 0) {
        xr_html_number(out, user->elapsed_us / 1000);
        (void)fputs(" ms", out);
    }
    (void)fputs("</td></tr>\n", out);
}

static void put_rows(const struct xr_check_page *page, struct xr_check_rows rows)
{
    struct matrix matrix = { .page = page };
    struct xr_check_user user;

    while (rows.next(rows.arg, &user)) {
        if (!is_same_group(&matrix, &user)) {
            end_group(&matrix);
            begin_group(&matrix, &user);
        }
        if (matrix.in_chunk == CHUNK) {
            end_chunk(&matrix);
            begin_chunk(&matrix);
        }
        put_row(&matrix, &user);
    }
    end_group(&matrix);
}

static void put_pill(const struct xr_check_page *page, const char *id, enum xr_status status)
{
    (void)fprintf(page->out,
        "<label class=\"pill %s\"><input type=\"radio\" name=\"show\" id=\"f-%s\">", id, id);
    xr_page_icon(&page->page, status);
    (void)fprintf(page->out, "%s <small>", xr_status_word(status));
    xr_html_number(page->out, page->check->summary[status]);
    (void)fputs("</small></label>\n", page->out);
}

static void put_filter(const struct xr_check_page *page)
{
    static const enum xr_status order[] = { XR_ERROR, XR_WARNING, XR_SKIPPED, XR_SUCCESS };

    (void)fputs("<div class=\"bar-f\"><fieldset><legend>Show</legend><label class=\"pill\"><input "
                "type=\"radio\" name=\"show\" id=\"f-all\" checked=\"\">All <small>",
        page->out);
    xr_html_number(page->out, xr_check_done(page->check));
    (void)fputs("</small></label>\n", page->out);
    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
        if (page->check->summary[order[i]])
            put_pill(page, xr_status_name(order[i]), order[i]);
    (void)fputs("</fieldset><div class=\"end\"></div></div>\n", page->out);
}

/* The head that is seen; to those who hear, each table has its own. Script makes buttons of it. */
static void put_visible_head(FILE *out)
{
    (void)fputs(
        "<div class=\"mxh\" aria-hidden=\"true\"><span>User</span><span>Result</span>", out);
    for (int i = 0; i < XR_CHECK_STEPS; i++)
        (void)fprintf(out, "<span class=\"s\">%s%s</span>", i == 1 ? "Auto&shy;" : "",
            i == 1 ? "discover" : STEP_TITLES[i]);
    (void)fputs("<span>What came back</span><span class=\"t\">Took</span></div>\n", out);
}

void xr_check_page_matrix(const struct xr_check_page *page, struct xr_check_rows by_cause)
{
    xr_page_section(&page->page, "users", "Users", "Grouped by cause, failures first.");
    (void)fputs("</div>\n<div class=\"card mx\">\n", page->out);
    put_filter(page);
    put_visible_head(page->out);
    put_rows(page, by_cause);
    (void)fputs("</div>\n", page->out);
    xr_page_section_end(&page->page);
}
