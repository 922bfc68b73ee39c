#include "analyzer/wire/xml_scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/xml.h"

static const char blanks[] = " \t\r\n";

/* The document is cleaned in place: what is kept moves from "from" to "to". */
struct scan {
    struct xr_arena *arena;
    const char *start, *from, *end; /* "end" points at the closing NUL */
    char *to;
};

static size_t lines(const char *start, const char *end)
{
    size_t n = 1;

    while ((start = memchr(start, '\n', (size_t)(end - start)))) {
        start++;
        n++;
    }
    return n;
}

static const struct xr_err *malformed(struct xr_arena *arena, size_t line, const char *reason)
{
    return xr_err(arena, XR_FAULT_CONTENT, 0, "not XML: line %zu: %s", line, reason);
}

static const struct xr_err *refused(const struct scan *scan, const char *reason)
{
    return xr_err(scan->arena, XR_FAULT_CONTENT, 0, "XML that is not accepted: line %zu: %s",
        lines(scan->start, scan->to), reason);
}

/* ---- encodings ---- */

enum encoding { UTF_8, UTF_16_LITTLE, UTF_16_BIG };

/* By the byte order mark, else by how the first "<" is written. */
static enum encoding detect(const char *bytes, size_t length, size_t *ret_mark)
{
    static const struct {
        const char *first;
        size_t length, mark;
        enum encoding encoding;
    } beginnings[] = {
        { "\xef\xbb\xbf", 3, 3, UTF_8 },
        { "\xff\xfe", 2, 2, UTF_16_LITTLE },
        { "\xfe\xff", 2, 2, UTF_16_BIG },
        { "<\0", 2, 0, UTF_16_LITTLE },
        { "\0<", 2, 0, UTF_16_BIG },
    };

    for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
        if (length < beginnings[i].length ||
            memcmp(bytes, beginnings[i].first, beginnings[i].length) != 0)
            continue;
        *ret_mark = beginnings[i].mark;
        return beginnings[i].encoding;
    }
    *ret_mark = 0;
    return UTF_8;
}

static void add_code_point(struct xr_buf *to, uint32_t code)
{
    static const struct {
        uint32_t below;
        unsigned char lead, shift;
    } forms[] = { { 0x80, 0x00, 0 }, { 0x800, 0xc0, 6 }, { 0x10000, 0xe0, 12 },
        { 0x110000, 0xf0, 18 } };
    char bytes[4];
    size_t form = 0, n = 0;

    while (code >= forms[form].below)
        form++;
    bytes[n++] = (char)(forms[form].lead | code >> forms[form].shift);
    for (unsigned shift = forms[form].shift; shift; shift -= 6)
        bytes[n++] = (char)(0x80 | (code >> (shift - 6) & 0x3f));
    (void)xr_buf_add(to, bytes, n);
}

static uint32_t unit_at(const char *bytes, enum encoding encoding)
{
    uint32_t first = (unsigned char)bytes[0], second = (unsigned char)bytes[1];

    return encoding == UTF_16_BIG ? first << 8 | second : second << 8 | first;
}

/* Returns what is wrong, or NULL. */
static const char *add_utf16(
    struct xr_buf *to, const char *bytes, size_t length, enum encoding encoding)
{
    if (length % 2)
        return "it is UTF-16, cut off in the middle of a character";
    for (size_t i = 0; i < length && !to->overflow; i += 2) {
        uint32_t code = unit_at(bytes + i, encoding);
        if (code >= 0xd800 && code < 0xdc00 && i + 2 < length) {
            uint32_t low = unit_at(bytes + i + 2, encoding);
            if (low < 0xdc00 || low > 0xdfff)
                return "a surrogate stands alone in its UTF-16";
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        } else if (code >= 0xd800 && code < 0xe000) {
            return "a surrogate stands alone in its UTF-16";
        }
        add_code_point(to, code);
    }
    return NULL;
}

static bool is_declared_well(const char *name, enum encoding encoding)
{
    static const struct {
        const char *name;
        bool wide;
    } known[] = {
        { "utf-8", false },
        { "utf8", false },
        { "us-ascii", false },
        { "utf-16", true },
        { "utf-16le", true },
        { "utf-16be", true },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (xr_same(name, known[i].name))
            return known[i].wide == (encoding != UTF_8);
    return false;
}

/*
 * The parser is given UTF-8 whatever the document was: the encoding that the
 * XML declaration names is checked here and blanked out.
 */
static const struct xr_err *settle_declaration(
    struct xr_arena *arena, struct xr_buf *text, enum encoding encoding)
{
    if (strncmp(text->at, "<?xml", 5) != 0 || !strchr(blanks, text->at[5]))
        return NULL;
    const char *end = strstr(text->at, "?>");
    char *at = end ? memmem(text->at, (size_t)(end - text->at), "encoding", 8) : NULL;
    if (!at)
        return NULL;
    char *value = at + strlen("encoding");
    value += strspn(value, blanks);
    value += strspn(value, "=");
    value += strspn(value, blanks);
    char quote = *value++;
    size_t length = strcspn(value, "\"'?<>");
    if ((quote != '"' && quote != '\'') || value[length] != quote)
        return malformed(arena, 1, "the encoding in the XML declaration is not quoted");
    const char *name = xr_strndup(arena, value, length);
    if (!is_declared_well(name, encoding))
        return xr_err(arena, XR_FAULT_CONTENT, 0,
            "not XML: line 1: it says that its encoding is %s, but it is %s",
            xr_excerpt(arena, name, XR_QUOTED_MAX),
            encoding == UTF_8 ? "not (only UTF-8 and UTF-16 are read)" : "UTF-16");
    memset(at, ' ', (size_t)(value + length + 1 - at));
    return NULL;
}

static const struct xr_err *decode(
    struct xr_arena *arena, const char *bytes, size_t length, struct xr_buf *text)
{
    size_t mark;
    enum encoding encoding = detect(bytes, length, &mark);
    const char *flaw = NULL;

    if (encoding == UTF_8)
        (void)xr_buf_add(text, bytes + mark, length - mark);
    else
        flaw = add_utf16(text, bytes + mark, length - mark, encoding);
    if (text->overflow)
        return xr_err(arena, XR_FAULT_CONTENT, 0,
            "XML that is not accepted: it is larger than %zu bytes", text->limit);
    const char *nul = memchr(text->at, '\0', text->length);
    if (nul)
        return malformed(arena, lines(text->at, nul), "it has a NUL character");
    if (flaw)
        return malformed(arena, lines(text->at, text->at + text->length), flaw);
    if (text->at[strspn(text->at, blanks)] == '\0')
        return malformed(arena, 1, "it is empty");
    return settle_declaration(arena, text, encoding);
}

/* ---- markup ---- */

static void keep(struct scan *scan, size_t length)
{
    if (scan->to != scan->from)
        memmove(scan->to, scan->from, length);
    scan->to += length;
    scan->from += length;
}

static const char *find(const char *from, const char *end, const char *mark)
{
    const size_t length = strlen(mark);

    while ((from = memchr(from, *mark, (size_t)(end - from))) && strncmp(from, mark, length) != 0)
        from++;
    return from;
}

/* What is never closed is kept as a whole; the parser will complain. */
static void keep_through(struct scan *scan, const char *mark)
{
    const char *found = find(scan->from, scan->end, mark);

    keep(scan, (size_t)((found ? found + strlen(mark) : scan->end) - scan->from));
}

/* The Char production of XML 1.0. */
static bool is_character(uint32_t code)
{
    if (code < 0x20)
        return code == '\t' || code == '\n' || code == '\r';
    return code < 0xd800 || (code >= 0xe000 && code < 0xfffe) ||
           (code >= 0x10000 && code < 0x110000);
}

static int digit_of(char c, uint32_t base)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return base == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The length of "&#...;" when it stands for a character that XML forbids, else 0. */
static size_t forbidden_length(const char *at)
{
    uint32_t base = at[1] == '#' && at[2] == 'x' ? 16 : 10, code = 0;
    const char *first = at + (base == 16 ? 3 : 2), *digit = first;

    if (at[1] != '#')
        return 0;
    for (; digit_of(*digit, base) >= 0; digit++)
        if (code < 0x110000)
            code = code * base + (uint32_t)digit_of(*digit, base);
    if (digit == first || *digit != ';' || is_character(code))
        return 0;
    return (size_t)(digit + 1 - at);
}

static void reference(struct scan *scan)
{
    size_t forbidden = forbidden_length(scan->from);

    scan->from += forbidden;
    if (!forbidden)
        keep(scan, 1);
}

/* A start tag or an end tag. Every attribute has an equals sign outside quotation marks. */
static const struct xr_err *tag(struct scan *scan)
{
    static const char outside[] = "&\"'>=";
    const char *ends = outside;
    size_t attributes = 0;

    for (;;) {
        keep(scan, strcspn(scan->from, ends));
        char c = *scan->from;
        if (scan->from == scan->end)
            return NULL;
        if (c == '&') {
            reference(scan);
            continue;
        }
        keep(scan, 1);
        if (c == '>')
            return NULL;
        if (c != '=')
            ends = ends != outside ? outside : c == '"' ? "&\"" : "&'";
        else if (++attributes > XR_XML_ATTRIBUTES_MAX)
            return refused(scan,
                xr_printf(scan->arena, "a tag has more than %d attributes", XR_XML_ATTRIBUTES_MAX));
    }
}

static const struct xr_err *markup(struct scan *scan)
{
    static const struct {
        const char *opening, *closing;
    } passages[] = { { "<!--", "-->" }, { "<![CDATA[", "]]>" }, { "<?", "?>" } };

    if (scan->from[1] != '!' && scan->from[1] != '?')
        return tag(scan);
    for (size_t i = 0; i < sizeof(passages) / sizeof(*passages); i++) {
        if (strncmp(scan->from, passages[i].opening, strlen(passages[i].opening)) != 0)
            continue;
        keep(scan, strlen(passages[i].opening));
        keep_through(scan, passages[i].closing);
        return NULL;
    }
    if (xr_starts(scan->from, "<!doctype html"))
        return malformed(scan->arena, lines(scan->start, scan->to), "it is an HTML page");
    return refused(scan, "it has a DOCTYPE");
}

static const struct xr_err *clean(struct scan *scan)
{
    const struct xr_err *err = NULL;

    while (!err && scan->from < scan->end) {
        if (*scan->from == '<')
            err = markup(scan);
        else if (*scan->from == '&')
            reference(scan);
        else
            keep(scan, strcspn(scan->from, "<&"));
    }
    return err;
}

const struct xr_err *xr_xml_scan(
    struct xr_arena *arena, const char *bytes, size_t length, struct xr_buf *ret_text)
{
    const struct xr_err *err = decode(arena, bytes, length, ret_text);

    if (err)
        return err;
    struct scan scan = { arena, ret_text->at, ret_text->at, ret_text->at + ret_text->length,
        ret_text->at };
    err = clean(&scan);
    ret_text->length = (size_t)(scan.to - ret_text->at);
    return err;
}
