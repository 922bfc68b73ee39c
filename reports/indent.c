#include "reports/indent.h"

#include <stdbool.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"

/* Deeper levels stay at this indentation: a hostile body must not make lines of spaces. */
enum { DEEPEST = 16, INDENTED_MAX = 512 * 1024 };

static const char SPACE[] = " \t\r\n";

struct layout {
    struct xr_buf *to;
    int depth;
    bool leaf; /* only an opening tag, and perhaps its text, are on the current line */
};

static bool looks_like_xml(const char *text)
{
    text += strspn(text, SPACE);
    return *text == '<' && !xr_starts(text, "<!doctype") && !xr_starts(text, "<html");
}

/* Where the construct that begins with '<' ends, its '>' included; NULL: it is cut off. */
static const char *markup_end(const char *at)
{
    static const struct {
        const char *open, *close;
    } kinds[] = { { "<!--", "-->" }, { "<![CDATA[", "]]>" }, { "<?", "?>" } };
    char quote = '\0';

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (strncmp(at, kinds[i].open, strlen(kinds[i].open)))
            continue;
        const char *close = strstr(at, kinds[i].close);
        return close ? close + strlen(kinds[i].close) : NULL;
    }
    for (; *at; at++) {
        if (quote)
            quote = *at == quote ? '\0' : quote;
        else if (*at == '"' || *at == '\'')
            quote = *at;
        else if (*at == '>')
            return at + 1;
    }
    return NULL;
}

static void new_line(struct layout *layout)
{
    int depth = layout->depth < DEEPEST ? layout->depth : DEEPEST;

    if (layout->to->length)
        (void)xr_buf_printf(layout->to, "\n%*s", depth * 2, "");
}

/* Behind the declaration's value, or NULL if no namespace declaration begins here. */
static const char *declaration_end(const char *at, const char *end)
{
    const char *name = at + strspn(at, SPACE);

    if (name == at || strncmp(name, "xmlns", 5) || (name[5] != '=' && name[5] != ':'))
        return NULL;
    const char *quote = name + strcspn(name, "\"'>");
    if (quote >= end || *quote == '>')
        return NULL;
    const char *close = strchr(quote + 1, *quote);
    return close && close < end ? close + 1 : NULL;
}

static void put_tag(struct layout *layout, const char *at, const char *end)
{
    while (at < end) {
        const char *behind = declaration_end(at, end);
        if (!behind)
            (void)xr_buf_add(layout->to, at, 1);
        at = behind ? behind : at + 1;
    }
}

static void put_markup(struct layout *layout, const char *at, const char *end)
{
    bool closing = at[1] == '/';
    bool opening = !closing && at[1] != '!' && at[1] != '?' && end[-2] != '/';

    if (closing && layout->depth > 0)
        layout->depth--;
    if (!closing || !layout->leaf)
        new_line(layout);
    put_tag(layout, at, end);
    if (opening)
        layout->depth++;
    layout->leaf = opening;
}

/* Text behind an opening tag stays on its line; elsewhere it gets one of its own. */
static void put_text(struct layout *layout, const char *at, const char *end)
{
    while (at < end && strchr(SPACE, *at))
        at++;
    while (end > at && strchr(SPACE, end[-1]))
        end--;
    if (at == end)
        return;
    if (!layout->leaf)
        new_line(layout);
    (void)xr_buf_add(layout->to, at, (size_t)(end - at));
}

const char *xr_indent_xml(struct xr_arena *arena, const char *text)
{
    xr_auto_buf to;
    struct layout layout = { .to = &to };

    xr_buf_init(&to, INDENTED_MAX);
    if (!text || !looks_like_xml(text))
        return NULL;
    while (*text) {
        const char *end = *text == '<' ? markup_end(text) : text + strcspn(text, "<");
        if (!end)
            end = text + strlen(text);
        if (*text == '<' && end[-1] == '>')
            put_markup(&layout, text, end);
        else
            put_text(&layout, text, end);
        text = end;
    }
    return to.overflow ? NULL : xr_strndup(arena, to.at, to.length);
}
