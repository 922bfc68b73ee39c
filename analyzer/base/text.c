#include "analyzer/base/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <idn2.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "analyzer/base/buf.h"

enum { HOST_MAX = 253, LABEL_MAX = 63, LOCAL_MAX = 64, REPLACEMENT = 0xfffd };

/* Most text is ASCII: worth a quick way. */
static size_t ascii_length(const unsigned char *at, size_t left)
{
    size_t n = 0;

    while (n < left && at[n] >= 0x01 && at[n] <= 0x7f)
        n++;
    return n;
}

/* The length of the well-formed sequence at "at" (Unicode table 3-7), 0 if there is none. */
static size_t sequence_length(const unsigned char *at, size_t left)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, length;
    } forms[] = {
        { 0x01, 0x7f, 0, 0, 1 },
        { 0xc2, 0xdf, 0x80, 0xbf, 2 },
        { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 },
        { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4 },
        { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        if (at[0] < forms[i].first_low || at[0] > forms[i].first_high)
            continue;
        size_t length = forms[i].length;
        if (length > left)
            return 0;
        if (length > 1 && (at[1] < forms[i].second_low || at[1] > forms[i].second_high))
            return 0;
        for (size_t k = 2; k < length; k++)
            if ((at[k] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

const char *xr_utf8(struct xr_arena *arena, const char *bytes, size_t length)
{
    static const char replacement[] = "\xef\xbf\xbd";
    const unsigned char *at = (const unsigned char *)bytes;
    if (ascii_length(at, length) == length)
        return xr_strndup(arena, bytes, length);
    char *copy = xr_alloc(arena, length * 3 + 1);
    char *to = copy;

    for (size_t i = 0; i < length;) {
        size_t plain = ascii_length(at + i, length - i);
        memcpy(to, bytes + i, plain);
        to += plain;
        i += plain;
        if (i == length)
            break;
        size_t n = sequence_length(at + i, length - i);
        memcpy(to, n ? bytes + i : replacement, n ? n : 3);
        to += n ? n : 3;
        i += n ? n : 1;
    }
    return copy;
}

uint32_t xr_utf8_next(const char **at)
{
    const unsigned char *from = (const unsigned char *)*at;

    if (from[0] <= 0x7f) { /* most of it is */
        *at += from[0] != 0;
        return from[0];
    }
    size_t n = sequence_length(from, strnlen(*at, 4));
    uint32_t code = n ? from[0] & (0xffu >> (n + 1)) : REPLACEMENT;

    for (size_t i = 1; i < n; i++)
        code = code << 6 | (from[i] & 0x3f);
    *at += n ? n : 1;
    return code;
}

bool xr_is_invisible(uint32_t code)
{
    static const struct {
        uint32_t low, high;
    } ranges[] = {
        { 0x00, 0x1f },
        { 0x7f, 0x9f },
        { 0xad, 0xad },
        { 0x61c, 0x61c },
        { 0x180e, 0x180e },
        { 0x200b, 0x200f },
        { 0x2028, 0x202e },
        { 0x2060, 0x206f },
        { 0xd800, 0xf8ff },
        { 0xfeff, 0xfeff },
        { 0xfff9, 0xfffb },
        { 0xfffe, 0xffff },
        { 0xe0000, 0x10ffff },
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
        if (code >= ranges[i].low && code <= ranges[i].high)
            return true;
    return false;
}

static void add_visible(struct xr_buf *to, uint32_t code, const char *from, const char *end)
{
    if (code == REPLACEMENT) /* also for bytes that are not UTF-8 */
        (void)xr_buf_puts(to, "\xef\xbf\xbd");
    else if (!xr_is_invisible(code))
        (void)xr_buf_add(to, from, (size_t)(end - from));
    else if (code == '\n' || code == '\t' || code == '\r')
        (void)xr_buf_puts(to, code == '\n' ? "\\n" : code == '\t' ? "\\t" : "\\r");
    else
        (void)xr_buf_printf(to,
            code < 0x100     ? "\\x%02x"
            : code < 0x10000 ? "\\u%04x"
                             : "\\U%08x",
            code);
}

const char *xr_visible(struct xr_arena *arena, const char *text)
{
    xr_auto_buf to;

    xr_buf_init(&to, strlen(text) * 10 + 1);
    for (const char *at = text, *from = at; *at; from = at) {
        uint32_t code = xr_utf8_next(&at);
        add_visible(&to, code, from, at);
    }
    return xr_strndup(arena, to.at, to.length);
}

const char *xr_excerpt(struct xr_arena *arena, const char *text, size_t most)
{
    size_t length = strnlen(text, most + 1);
    const char *start = xr_utf8(arena, text, length < most ? length : most);

    return xr_printf(arena, "%s%s", xr_visible(arena, start), length > most ? "..." : "");
}

bool xr_same(const char *a, const char *b)
{
    return a == b || (a && b && !strcasecmp(a, b));
}

bool xr_starts(const char *text, const char *prefix)
{
    return text && !strncasecmp(text, prefix, strlen(prefix));
}

bool xr_contains(const char *text, const char *needle)
{
    return text && strcasestr(text, needle);
}

const char *xr_trimmed(struct xr_arena *arena, const char *text)
{
    size_t length;

    text += strspn(text, " \t\r\n");
    for (length = strlen(text); length && strchr(" \t\r\n", text[length - 1]); length--)
        ;
    return xr_strndup(arena, text, length);
}

static size_t length_without_dot(const char *name)
{
    size_t length = strlen(name);

    return length && name[length - 1] == '.' ? length - 1 : length;
}

bool xr_is_in_domain(const char *name, const char *domain)
{
    size_t n = length_without_dot(name), d = length_without_dot(domain);

    if (!d || n < d || strncasecmp(name + n - d, domain, d))
        return false;
    return n == d || name[n - d - 1] == '.';
}

static bool is_ip_address(const char *name)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* Letters, digits, hyphens; underscores too, which real internal host names have. */
static const char *label_flaw(const char *name)
{
    for (const char *at = name; *at;) {
        size_t length = strcspn(at, ".");
        if (!length)
            return "it has an empty label";
        if (length > LABEL_MAX)
            return "a label is longer than 63 characters";
        for (size_t i = 0; i < length; i++)
            if (!isalnum((unsigned char)at[i]) && at[i] != '-' && at[i] != '_')
                return "it has a character that no host name may have";
        at += length;
        if (*at == '.' && !*++at)
            return "it has an empty label";
    }
    return NULL;
}

static bool is_ascii(const char *text)
{
    while (*text && !((unsigned char)*text & 0x80))
        text++;
    return !*text;
}

const char *xr_host_ascii(struct xr_arena *arena, const char *name, const char **ret_why)
{
    char *ascii = NULL;

    *ret_why = NULL;
    if (is_ip_address(name))
        return xr_strdup(arena, name);
    const char *bare = xr_strndup(arena, name, length_without_dot(name));
    char *host = xr_strdup(arena, bare);
    /* ASCII is left alone: libidn2 silently drops the underscores that internal names do have. */
    if (!is_ascii(bare)) {
        int rc = idn2_to_ascii_8z(bare, &ascii, IDN2_NONTRANSITIONAL);
        if (rc != IDN2_OK) {
            *ret_why = idn2_strerror(rc);
            return NULL;
        }
        host = xr_strdup(arena, ascii);
        idn2_free(ascii);
    }
    for (char *at = host; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    if (!*host)
        *ret_why = "it is empty";
    else if (strlen(host) > HOST_MAX)
        *ret_why = "it is longer than 253 characters";
    else
        *ret_why = label_flaw(host);
    return *ret_why ? NULL : host;
}

static const char *local_flaw(const char *local)
{
    size_t length = strlen(local);

    if (!length)
        return "nothing stands before the @";
    if (length > LOCAL_MAX)
        return "more than 64 characters stand before the @";
    if (local[0] == '"')
        return length > 2 && local[length - 1] == '"' ? NULL : "a quotation mark is not closed";
    if (local[0] == '.' || local[length - 1] == '.' || strstr(local, ".."))
        return "a dot stands at an end of the name, or two stand together";
    if (strpbrk(local, "()<>[]:;@\\,\""))
        return "it has a character that needs quotation marks";
    return NULL;
}

static const char *character_flaw(const char *text)
{
    for (const char *at = text; *at;) {
        uint32_t code = xr_utf8_next(&at);
        if (code == REPLACEMENT)
            return "it is not valid UTF-8";
        if (xr_is_invisible(code))
            return "it has a control character or an invisible character";
        if (code == ' ')
            return "it has a space";
    }
    return NULL;
}

bool xr_address_parse(
    struct xr_arena *arena, const char *text, struct xr_address *ret, const char **ret_why)
{
    const char *at = strrchr(text, '@');

    *ret_why = character_flaw(text);
    if (*ret_why)
        return false;
    if (!at) {
        *ret_why = "it has no @";
        return false;
    }
    const char *local = xr_strndup(arena, text, (size_t)(at - text));
    *ret_why = local_flaw(local);
    if (*ret_why)
        return false;
    const char *domain = xr_host_ascii(arena, at + 1, ret_why);
    if (domain && (is_ip_address(domain) || !strchr(domain, '.'))) {
        *ret_why = "what stands behind the @ is not a domain";
        return false;
    }
    if (!domain) {
        *ret_why = xr_printf(arena, "the domain is not valid: %s", *ret_why);
        return false;
    }
    *ret = (struct xr_address){ local, domain };
    return true;
}

/* Most names and addresses: nothing to escape, nothing to leave out. */
static bool is_plain(const char *text)
{
    while (*text >= ' ' && *text <= '~' && !strchr("&<>\"'", *text))
        text++;
    return !*text;
}

const char *xr_xml_escape(struct xr_arena *arena, const char *text)
{
    static const struct {
        char character;
        const char *entity;
    } entities[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" },
        { '\'', "&#39;" } };
    xr_auto_buf to = { 0 };

    if (is_plain(text))
        return xr_strdup(arena, text);
    xr_buf_init(&to, strlen(text) * 6);
    for (const char *at = text, *from = at; *at; from = at) {
        uint32_t code = xr_utf8_next(&at);
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof(entities) / sizeof(*entities); i++)
            if (code == (unsigned char)entities[i].character)
                entity = entities[i].entity;
        bool writable = code >= 0x20 || code == '\t' || code == '\n';
        if (entity)
            (void)xr_buf_puts(&to, entity);
        else if (writable && code != 0xfffe && code != 0xffff)
            (void)xr_buf_add(&to, from, (size_t)(at - from));
    }
    return xr_strndup(arena, to.at, to.length);
}

/* Levenshtein, for words of up to 63 characters. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[64], n = strlen(b);

    if (n >= 64)
        return n;
    for (size_t k = 0; k <= n; k++)
        row[k] = k;
    for (size_t i = 1; *a; a++, i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= n; k++) {
            size_t change = diagonal + (*a != b[k - 1]);
            diagonal = row[k];
            size_t shorter = row[k] < row[k - 1] ? row[k] : row[k - 1];
            row[k] = change < shorter + 1 ? change : shorter + 1;
        }
    }
    return row[n];
}

/* At most half of the shorter word may differ: any letter is as near to 'X' as 'M' is. */
static bool is_near(const char *word, const char *candidate, size_t distance)
{
    size_t a = strlen(word), b = strlen(candidate);

    return distance * 2 <= (a < b ? a : b) || xr_same(word, candidate);
}

const char *xr_nearest(const char *word, const char *const *candidates)
{
    const char *nearest = NULL;
    size_t least = strlen(word) < 4 ? 2 : 3; /* must be below */

    for (; *candidates; candidates++) {
        size_t distance = edit_distance(word, *candidates);
        if (distance < least && is_near(word, *candidates, distance)) {
            least = distance;
            nearest = *candidates;
        }
    }
    return nearest;
}
