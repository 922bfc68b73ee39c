#include "tests/reports/markup.h"

#include <check.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 32, DEPTH_MAX = 64, IDS_MAX = 2000, ID_MAX_LENGTH = 200 };

static const char ELEMENTS[] =
    " html head meta title link style body a svg symbol path circle use rect line text header div "
    "b i "
    "span time nav h1 h2 h3 p ol ul li strong code section main footer script figure figcaption "
    "pre details summary dl dt dd small table thead tbody tr th td mark bdi wbr br "
    "fieldset legend label input caption colgroup col ";
static const char ATTRIBUTES[] =
    " lang charset http-equiv content name rel href class id aria-label aria-labelledby "
    "aria-hidden focusable role scope tabindex datetime dir open data-l width height viewbox fill "
    "fill-rule d cx cy r stroke stroke-width stroke-dasharray x y x1 x2 y1 y2 rx transform "
    "data-s data-f type name checked colspan span aria-describedby ";
static const char VOID[] = " meta link br wbr input col ";

struct markup {
    const char *at, *page;
    char open[DEPTH_MAX][NAME_MAX_LENGTH];
    int depth;
    char ids[IDS_MAX][ID_MAX_LENGTH];
    int id_count;
    int styles, scripts;
};

static bool listed(const char *list, const char *word)
{
    char padded[NAME_MAX_LENGTH + 2];

    (void)snprintf(padded, sizeof(padded), " %s ", word);
    return strstr(list, padded) != NULL;
}

static void read_name(struct markup *markup, char name[NAME_MAX_LENGTH])
{
    size_t length = 0;

    while (isalnum((unsigned char)*markup->at) || *markup->at == '-') {
        ck_assert_uint_lt(length, NAME_MAX_LENGTH - 1);
        name[length++] = (char)tolower((unsigned char)*markup->at++);
    }
    name[length] = '\0';
    ck_assert_msg(length > 0, "a bare < at: %.80s", markup->at);
}

static void note_id(struct markup *markup, const char *value)
{
    for (int i = 0; i < markup->id_count; i++)
        ck_assert_msg(strcmp(markup->ids[i], value) != 0, "id twice: %s", value);
    ck_assert_int_lt(markup->id_count, IDS_MAX);
    ck_assert_uint_lt(strlen(value), ID_MAX_LENGTH);
    memcpy(markup->ids[markup->id_count++], value, strlen(value) + 1);
}

static void check_attribute(
    struct markup *markup, const char *element, const char *name, const char *value)
{
    ck_assert_msg(listed(ATTRIBUTES, name), "attribute %s of %s", name, element);
    ck_assert_msg(strncmp(name, "on", 2) != 0, "handler %s", name);
    ck_assert_msg(!strchr(value, '<'), "a raw < in %s", name);
    if (!strcmp(name, "id"))
        note_id(markup, value);
    if (!strcmp(name, "href") && strcmp(element, "link") != 0)
        ck_assert_msg(value[0] == '#', "a reference that leaves the page: %s", value);
}

/* name, or name="value"; the cursor is behind the element's name or the last attribute. */
static bool read_attribute(struct markup *markup, const char *element)
{
    char name[NAME_MAX_LENGTH], value[8192] = "";

    markup->at += strspn(markup->at, " \n");
    if (*markup->at == '>' || *markup->at == '/')
        return false;
    read_name(markup, name);
    if (*markup->at == '=') {
        ck_assert_msg(markup->at[1] == '"', "unquoted attribute %s", name);
        size_t length = strcspn(markup->at + 2, "\"");
        ck_assert_uint_lt(length, sizeof(value));
        memcpy(value, markup->at + 2, length);
        value[length] = '\0';
        markup->at += length + 3;
    }
    check_attribute(markup, element, name, value);
    return true;
}

static void skip_raw(struct markup *markup, const char *close, int *count)
{
    (*count)++;
    markup->at = strstr(markup->at, close);
    ck_assert_ptr_nonnull(markup->at);
}

static void read_opening(struct markup *markup)
{
    char name[NAME_MAX_LENGTH];

    read_name(markup, name);
    ck_assert_msg(listed(ELEMENTS, name), "element %s", name);
    while (read_attribute(markup, name))
        continue;
    bool closed = *markup->at == '/';
    markup->at += closed;
    ck_assert_int_eq(*markup->at++, '>');
    if (closed || listed(VOID, name))
        return;
    ck_assert_int_lt(markup->depth, DEPTH_MAX);
    (void)snprintf(markup->open[markup->depth++], NAME_MAX_LENGTH, "%s", name);
    if (!strcmp(name, "style"))
        skip_raw(markup, "</style>", &markup->styles);
    if (!strcmp(name, "script"))
        skip_raw(markup, "</script>", &markup->scripts);
}

static void read_closing(struct markup *markup)
{
    char name[NAME_MAX_LENGTH];

    read_name(markup, name);
    ck_assert_int_gt(markup->depth, 0);
    ck_assert_msg(!strcmp(markup->open[--markup->depth], name), "</%s> closes <%s> before: %.80s",
        name, markup->open[markup->depth], markup->at);
    ck_assert_int_eq(*markup->at++, '>');
}

static void check_targets(const struct markup *markup)
{
    for (const char *at = strstr(markup->page, "href=\"#"); at; at = strstr(at + 1, "href=\"#")) {
        char id[ID_MAX_LENGTH];
        bool found = false;
        (void)snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 7, "\""), at + 7);
        for (int i = 0; i < markup->id_count && !found; i++)
            found = !strcmp(markup->ids[i], id);
        ck_assert_msg(found, "a link to nowhere: #%s", id);
    }
}

static void check_page(const char *page, int assets)
{
    static const char doctype[] = "<!DOCTYPE html>";
    static struct markup markup;

    markup = (struct markup){ .page = page, .at = page + strlen(doctype) };
    ck_assert(!strncmp(page, doctype, strlen(doctype)));
    while ((markup.at = strchr(markup.at, '<'))) {
        markup.at++;
        if (*markup.at == '/') {
            markup.at++;
            read_closing(&markup);
        } else {
            read_opening(&markup);
        }
    }
    ck_assert_int_eq(markup.depth, 0);
    ck_assert_int_eq(markup.styles, assets);
    ck_assert_int_eq(markup.scripts, assets);
    check_targets(&markup);
}

void markup_check(const char *page)
{
    check_page(page, 1);
}

void markup_check_matrix(const char *page)
{
    check_page(page, 2);
}
