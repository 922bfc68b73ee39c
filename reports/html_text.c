#include "reports/html_text.h"

#include <stdbool.h>
#include <string.h>

#include "analyzer/base/text.h"

enum { LONG_NAME = 24, REPLACEMENT = 0xfffd };

static const char BREAK_BEHIND[] = "/.@\\_:";

static const char *entity(uint32_t code)
{
    switch (code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case REPLACEMENT:
        return "\xef\xbf\xbd";
    default:
        return NULL;
    }
}

/* Bytes that are not UTF-8 read as U+FFFD, so the raw bytes between from and end never pass. */
static void put_code_point(FILE *out, uint32_t code, const char *from, const char *end)
{
    const char *replacement = entity(code);

    if (replacement)
        (void)fputs(replacement, out);
    else if (xr_is_invisible(code))
        (void)fprintf(out, "<span class=\"ctl\">U+%04X</span>", (unsigned)code);
    else
        (void)fwrite(from, 1, (size_t)(end - from), out);
}

static void put_range(FILE *out, const char *at, const char *end)
{
    while (at < end) {
        const char *from = at;
        uint32_t code = xr_utf8_next(&at);
        put_code_point(out, code, from, at);
    }
}

void xr_html_text(FILE *out, const char *text)
{
    if (text)
        put_range(out, text, text + strlen(text));
}

/* One character of preformatted text. The CR of a CR LF is what HTTP bodies end their lines with.
 */
static const char *put_pre_character(FILE *out, const char *at)
{
    const char *from = at;
    uint32_t code = xr_utf8_next(&at);

    if (code == '\r' && *at == '\n')
        return at;
    if (code == '\n' || code == '\t')
        (void)fputc((int)code, out);
    else
        put_code_point(out, code, from, at);
    return at;
}

void xr_html_pre(FILE *out, const char *text)
{
    while (text && *text)
        text = put_pre_character(out, text);
}

void xr_html_attribute(FILE *out, const char *text)
{
    while (text && *text) {
        const char *from = text;
        uint32_t code = xr_utf8_next(&text);
        if (xr_is_invisible(code))
            (void)fprintf(out, "U+%04X", (unsigned)code);
        else
            put_code_point(out, code, from, text);
    }
}

void xr_html_name(FILE *out, const char *text)
{
    if (!text)
        return;
    (void)fputs("<bdi>", out);
    xr_html_text(out, text);
    (void)fputs("</bdi>", out);
}

static bool is_ascii(const char *at, const char *end)
{
    for (; at < end; at++)
        if ((unsigned char)*at >= 0x80)
            return false;
    return true;
}

/* "https://" stays in one piece. */
static bool may_break_behind(const char *at, const char *next, const char *end)
{
    return *at && strchr(BREAK_BEHIND, *at) && next < end && *next != '/' &&
           !(*at == ':' && *next == '/');
}

static void put_name(FILE *out, const char *at, const char *end)
{
    bool breakable = end - at > LONG_NAME;

    (void)fputs(is_ascii(at, end) ? "<bdi>" : "<bdi dir=\"ltr\">", out);
    while (at < end) {
        const char *from = at;
        uint32_t code = xr_utf8_next(&at);
        put_code_point(out, code, from, at);
        if (breakable && may_break_behind(from, at, end))
            (void)fputs("<wbr>", out);
    }
    (void)fputs("</bdi>", out);
}

void xr_html_remote(FILE *out, const char *text)
{
    if (text)
        put_name(out, text, text + strlen(text));
}

/* Hebrew, Arabic and their neighbours: the ranges whose default direction is right to left. */
static bool is_right_to_left(const char *at, const char *end)
{
    while (at < end) {
        uint32_t code = xr_utf8_next(&at);
        if ((code >= 0x590 && code <= 0x8ff) || (code >= 0xfb1d && code <= 0xfefe) ||
            (code >= 0x10800 && code <= 0x10fff) || (code >= 0x1e800 && code <= 0x1efff))
            return true;
    }
    return false;
}

/* Something with @ \ / or a dot inside: an address, an account, a URL or a host. */
static bool looks_like_name(const char *at, const char *end)
{
    for (const char *c = at + 1; c < end - 1; c++)
        if (strchr("@\\/._", *c))
            return end - at > LONG_NAME || !is_ascii(at, end);
    return false;
}

static const char *without_punctuation(const char *at, const char *end)
{
    while (end > at && strchr(".,;:!?)'\"", end[-1]))
        end--;
    return end;
}

void xr_html_prose(FILE *out, const char *text)
{
    bool isolated = false; /* inside a run of right-to-left words */

    while (text && *text) {
        size_t gap = strspn(text, " ");
        const char *word = text + gap;
        const char *end = word + strcspn(word, " ");
        const char *core = without_punctuation(word, end);
        bool name = looks_like_name(word, core);
        bool foreign = !name && is_right_to_left(word, end);
        if (isolated && !foreign)
            (void)fputs("</bdi>", out);
        put_range(out, text, word);
        if (!isolated && foreign)
            (void)fputs("<bdi>", out);
        isolated = foreign;
        if (name)
            put_name(out, word, core);
        put_range(out, name ? core : word, end);
        text = end;
    }
    if (isolated)
        (void)fputs("</bdi>", out);
}

static size_t decisive_length(const char *at, const struct xr_decisive *decisive)
{
    size_t longest = 0;

    for (; decisive; decisive = decisive->next) {
        size_t length = decisive->text ? strlen(decisive->text) : 0;
        if (length > longest && !strncmp(at, decisive->text, length))
            longest = length;
    }
    return longest;
}

static size_t redacted_length(const char *at)
{
    if (strncmp(at, "[redacted", strlen("[redacted")))
        return 0;
    size_t length = strcspn(at, "]\r\n");
    return at[length] == ']' ? length + 1 : 0;
}

/* Captured lines are long: they may break between a tag and what stands beside it. */
static const char *put_captured_character(FILE *out, const char *at)
{
    char first = *at;

    (void)fputs(first == '<' ? "<wbr>" : "", out);
    at = put_pre_character(out, at);
    (void)fputs(first == '>' ? "<wbr>" : "", out);
    return at;
}

static const char *put_wrapped(
    FILE *out, const char *at, size_t length, const char *open, const char *close)
{
    const char *end = at + length;

    (void)fputs(open, out);
    while (at < end)
        at = put_captured_character(out, at);
    (void)fputs(close, out);
    return at;
}

void xr_html_captured(FILE *out, const char *text, const struct xr_decisive *decisive)
{
    while (text && *text) {
        size_t length = decisive_length(text, decisive);
        if (length) {
            text = put_wrapped(out, text, length, "<mark>", "</mark>");
            continue;
        }
        length = redacted_length(text);
        if (length)
            text = put_wrapped(out, text, length, "<span class=\"redacted\">", "</span>");
        else
            text = put_captured_character(out, text);
    }
}

const char *xr_html_slug(struct xr_arena *arena, const char *text)
{
    char *slug = xr_strdup(arena, text ? text : "");

    for (char *c = slug; *c; c++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-", *c))
            *c = '-';
    return slug;
}

void xr_html_number(FILE *out, int64_t number)
{
    if (number >= 1000) {
        xr_html_number(out, number / 1000);
        (void)fprintf(out, ",%03d", (int)(number % 1000));
    } else {
        (void)fprintf(out, "%d", (int)number);
    }
}
