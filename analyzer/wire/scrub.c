#include "analyzer/wire/scrub.h"

#include <ctype.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"

/* Shorter secrets occur by chance in every text; scrubbing them would only spoil the evidence. */
enum { SCRUB_MIN = 4 };

/* Numbers of neighbouring elements can be a short secret by chance. */
enum { SPLIT_MIN = 8 };

/* What one decoding of JSON lays bare may be encoded itself: XML, or JSON once more. */
enum { JSON_DEPTH = 1 };

struct form {
    char *bytes;
    size_t length;
    bool plain; /* the secret as it is */
};

struct xr_scrubber {
    struct form *forms; /* the longest first: a secret may be a part of another one */
    size_t n;
    /* Horspool's search for all forms at once: how far the window, as long as the shortest form,
     * moves on when it ends in this byte. 0: a form may be there. */
    size_t window;
    unsigned char skip[UCHAR_MAX + 1];
    const struct xr_proofs *proofs; /* NULL: none */
};

static void add_form(struct xr_scrubber *scrubber, const char *bytes, size_t length, bool plain)
{
    if (length < SCRUB_MIN)
        return;
    scrubber->forms = realloc(scrubber->forms, (scrubber->n + 1) * sizeof(*scrubber->forms));
    struct form form = { malloc(length), length, plain };
    if (!scrubber->forms || !form.bytes)
        abort();
    memcpy(form.bytes, bytes, length);
    scrubber->forms[scrubber->n++] = form;
}

/* Basic's own form begins with the account and is padded. Else only the characters count that do
 * not depend on what stands around the text: prefix stands for the bytes before it. */
static void add_base64(
    struct xr_scrubber *scrubber, const char *prefix, const char *text, bool basic)
{
    size_t before = strlen(prefix), all = before + strlen(text);
    size_t from = basic ? 0 : (before * 8 + 5) / 6;
    size_t to = basic ? (all + 2) / 3 * 4 : all * 8 / 6;
    char *pair = NULL;
    unsigned char *encoded = calloc(1, all * 4 / 3 + 8);

    if (!encoded || asprintf(&pair, "%s%s", prefix, text) < 0)
        abort();
    (void)EVP_EncodeBlock(encoded, (const unsigned char *)pair, (int)all);
    if (to > from)
        add_form(scrubber, (const char *)encoded + from, to - from, false);
    explicit_bzero(pair, all);
    explicit_bzero(encoded, all * 4 / 3);
    free(pair);
    free(encoded);
}

static size_t put_utf16(unsigned char *to, uint32_t unit, bool big_endian)
{
    to[big_endian] = (unsigned char)(unit & 0xff);
    to[!big_endian] = (unsigned char)(unit >> 8);
    return 2;
}

/* A server may convert what it echoes; characters beyond the first plane are two units. */
static void add_utf16(struct xr_scrubber *scrubber, const char *text, bool big_endian)
{
    size_t size = strlen(text) * 2 + 4, n = 0;
    unsigned char *wide = calloc(1, size);

    if (!wide)
        abort();
    for (const char *at = text; *at;) {
        uint32_t code = xr_utf8_next(&at);
        if (code > 0xffff)
            n += put_utf16(wide + n, 0xd800 + ((code - 0x10000) >> 10), big_endian);
        n += put_utf16(wide + n, code > 0xffff ? 0xdc00 + (code & 0x3ff) : code, big_endian);
    }
    add_form(scrubber, (const char *)wide, n, false);
    explicit_bzero(wide, size);
    free(wide);
}

static void add_utf32(struct xr_scrubber *scrubber, const char *text, bool big_endian)
{
    size_t size = strlen(text) * 4 + 4, n = 0;
    unsigned char *wide = calloc(1, size);

    if (!wide)
        abort();
    for (const char *at = text; *at; n += 4) {
        uint32_t code = xr_utf8_next(&at);
        for (size_t i = 0; i < 4; i++)
            wide[n + (big_endian ? 3 - i : i)] = (unsigned char)(code >> (8 * i));
    }
    add_form(scrubber, (const char *)wide, n, false);
    explicit_bzero(wide, size);
    free(wide);
}

static int longest_first(const void *a, const void *b)
{
    size_t left = ((const struct form *)a)->length, right = ((const struct form *)b)->length;

    return (left < right) - (left > right);
}

static void prepare_search(struct xr_scrubber *scrubber)
{
    size_t window = scrubber->n ? UCHAR_MAX : 0;

    for (size_t i = 0; i < scrubber->n; i++)
        if (scrubber->forms[i].length < window)
            window = scrubber->forms[i].length;
    scrubber->window = window;
    memset(scrubber->skip, (int)window, sizeof(scrubber->skip));
    for (size_t i = 0; i < scrubber->n; i++)
        for (size_t j = 0; j < window; j++) {
            unsigned char *skip = &scrubber->skip[(unsigned char)scrubber->forms[i].bytes[j]];
            if (window - 1 - j < *skip)
                *skip = (unsigned char)(window - 1 - j);
        }
}

static void add_secret(struct xr_scrubber *scrubber, const char *account, const char *plain)
{
    static const char *const alignments[] = { "", "x", "xx" };

    add_form(scrubber, plain, strlen(plain), true);
    add_utf16(scrubber, plain, false);
    add_utf16(scrubber, plain, true);
    add_utf32(scrubber, plain, false);
    add_utf32(scrubber, plain, true);
    if (account) {
        char *prefix = NULL;
        if (asprintf(&prefix, "%s:", account) < 0)
            abort();
        add_base64(scrubber, prefix, plain, true);
        free(prefix);
    }
    for (size_t i = 0; i < sizeof(alignments) / sizeof(*alignments); i++)
        add_base64(scrubber, alignments[i], plain, false);
    if (scrubber->n)
        qsort(scrubber->forms, scrubber->n, sizeof(*scrubber->forms), longest_first);
    prepare_search(scrubber);
}

struct xr_scrubber *xr_scrubber_new(const char *account, struct xr_secret secret)
{
    struct xr_scrubber *scrubber = calloc(1, sizeof(*scrubber));

    if (!scrubber)
        abort();
    if (xr_secret_given(secret))
        add_secret(scrubber, account, xr_reveal(secret));
    return scrubber;
}

void xr_scrubber_also(struct xr_scrubber *scrubber, const char *account, struct xr_secret secret)
{
    if (xr_secret_given(secret))
        add_secret(scrubber, account, xr_reveal(secret));
}

void xr_scrubber_proofs(struct xr_scrubber *scrubber, const struct xr_proofs *proofs)
{
    scrubber->proofs = proofs;
}

void xr_scrubber_free(struct xr_scrubber *scrubber)
{
    if (!scrubber)
        return;
    for (size_t i = 0; i < scrubber->n; i++) {
        explicit_bzero(scrubber->forms[i].bytes, scrubber->forms[i].length);
        free(scrubber->forms[i].bytes);
    }
    explicit_bzero(scrubber->skip, sizeof(scrubber->skip));
    free(scrubber->forms);
    free(scrubber);
}

static bool starts_with_form(const struct xr_scrubber *scrubber, const char *bytes, size_t left)
{
    for (size_t i = 0; i < scrubber->n; i++) {
        const struct form *form = &scrubber->forms[i];
        if (form->length <= left && *bytes == *form->bytes &&
            !memcmp(bytes, form->bytes, form->length))
            return true;
    }
    return false;
}

static bool holds_form(const struct xr_scrubber *scrubber, const char *bytes, size_t length)
{
    size_t window = scrubber->window, skip;

    for (size_t i = 0; scrubber->n && i + window <= length; i += skip) {
        skip = scrubber->skip[(unsigned char)bytes[i + window - 1]];
        if (!skip && starts_with_form(scrubber, bytes + i, length - i))
            return true;
        skip += !skip;
    }
    return false;
}

static void overwrite(char *bytes, size_t length, const struct form *form)
{
    for (char *at = bytes;
         (at = memmem(at, length - (size_t)(at - bytes), form->bytes, form->length));)
        memset(at, '*', form->length);
}

/* The ways to write a character that a reader of the answer undoes. */
struct view {
    bool references; /* "&#65;" */
    bool percent;    /* "%41" */
    bool markup;     /* text that tags, comments or CDATA marks split counts as one */
    bool json;       /* "\u0041" */
};

static size_t put_utf8(char *to, uint32_t code)
{
    static const unsigned char heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = n; i-- > 1; code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3f));
    to[0] = (char)(n == 1 ? code : heads[n] | code);
    return n;
}

/* "&#112;" or "&#x0070;", with as many zeros as somebody likes. Never shorter than its character.
 */
static size_t decode_number(const char *at, size_t left, char *to, size_t *ret_n)
{
    bool hexadecimal = left > 2 && (at[2] == 'x' || at[2] == 'X');
    uint32_t base = hexadecimal ? 16 : 10, code = 0;
    size_t i = 2 + hexadecimal, first = i;

    for (; i < left && isxdigit((unsigned char)at[i]); i++) {
        int digit = isdigit((unsigned char)at[i]) ? at[i] - '0' : tolower(at[i]) - 'a' + 10;
        if ((uint32_t)digit >= base || code > 0x10ffff)
            return 0;
        code = code * base + (uint32_t)digit;
    }
    if (i == first || i == left || at[i] != ';' || !code || code > 0x10ffff)
        return 0;
    *ret_n = put_utf8(to, code);
    return i + 1;
}

/* Returns how much was read, 0: it is no reference; *ret_n: how much was written to "to". */
static size_t decode_reference(const char *at, size_t left, char *to, size_t *ret_n)
{
    static const struct {
        const char *name;
        char character;
    } names[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' },
        { "&apos;", '\'' } };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        size_t length = strlen(names[i].name);
        if (left >= length && !memcmp(at, names[i].name, length)) {
            *to = names[i].character;
            *ret_n = 1;
            return length;
        }
    }
    return left > 3 && at[1] == '#' ? decode_number(at, left, to, ret_n) : 0;
}

static size_t decode_percent(const char *at, size_t left, char *ret)
{
    char digits[3] = "", *end;

    if (left < 3)
        return 0;
    memcpy(digits, at + 1, 2);
    unsigned long code = strtoul(digits, &end, 16);
    *ret = (char)code;
    return end == digits + 2 && code ? 3 : 0;
}

/* "\u0041": one unit of UTF-16. */
static bool read_unit(const char *at, size_t left, uint32_t *ret)
{
    char digits[5] = "";

    if (left < 6 || at[0] != '\\' || at[1] != 'u')
        return false;
    memcpy(digits, at + 2, 4);
    if (strspn(digits, "0123456789abcdefABCDEF") != 4)
        return false;
    *ret = (uint32_t)strtoul(digits, NULL, 16);
    return true;
}

/* RFC 8259, 7, and what JavaScript does to an apostrophe. As decode_reference(). */
static size_t decode_json(const char *at, size_t left, char *to, size_t *ret_n)
{
    static const char escapes[UCHAR_MAX + 1] = { ['"'] = '"',
        ['\''] = '\'',
        ['\\'] = '\\',
        ['/'] = '/',
        ['b'] = '\b',
        ['f'] = '\f',
        ['n'] = '\n',
        ['r'] = '\r',
        ['t'] = '\t' };
    uint32_t unit, low = 0;

    *to = left > 1 ? escapes[(unsigned char)at[1]] : '\0';
    *ret_n = 1;
    if (*to)
        return 2;
    if (!read_unit(at, left, &unit))
        return 0;
    bool pair = unit >> 10 == 0xd800 >> 10 && read_unit(at + 6, left - 6, &low) &&
                low >> 10 == 0xdc00 >> 10;
    *ret_n = put_utf8(to, pair ? 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff) : unit);
    return pair ? 12 : 6;
}

/* Where markup stands. An end that is not there is looked for once: else an answer full of
 * beginnings would take for ever. */
struct markup {
    bool cdata; /* inside of a CDATA section, in which only its end counts */
    bool no_tag_ends, no_comment_ends;
};

static size_t length_to(const char *at, size_t left, const char *end, bool *none)
{
    const char *found = *none ? NULL : memmem(at, left, end, strlen(end));

    *none = !found;
    return found ? (size_t)(found - at) + strlen(end) : 0;
}

/* A tag, a comment, or what opens or closes a CDATA section. 0: text. */
static size_t markup_length(const char *at, size_t left, struct markup *markup)
{
    static const char open[] = "<![CDATA[", close[] = "]]>";

    if (markup->cdata && left >= 3 && !memcmp(at, close, 3)) {
        markup->cdata = false;
        return 3;
    }
    if (markup->cdata || *at != '<')
        return 0;
    bool declared = left >= 4 && at[1] == '!'; /* what most tags are not */
    if (declared && left >= 9 && !memcmp(at, open, 9)) {
        markup->cdata = true;
        return 9;
    }
    return declared && !memcmp(at, "<!--", 4) ? length_to(at, left, "-->", &markup->no_comment_ends)
                                              : length_to(at, left, ">", &markup->no_tag_ends);
}

/* How far the bytes mean themselves. */
static size_t plain_length(const char *at, size_t left, struct view view)
{
    enum { REFERENCES = 1, PERCENT = 2, MARKUP = 4, JSON = 8 };
    static const unsigned char special[UCHAR_MAX + 1] = {
        ['&'] = REFERENCES, ['%'] = PERCENT, ['<'] = MARKUP, [']'] = MARKUP, ['\\'] = JSON
    };
    int mask = (view.references ? REFERENCES : 0) | (view.percent ? PERCENT : 0) |
               (view.markup ? MARKUP : 0) | (view.json ? JSON : 0);
    size_t n = 0;

    while (n < left && !(special[(unsigned char)at[n]] & mask))
        n++;
    return n;
}

/* A special character that plain_length() stopped at. As decode_reference(). */
static size_t decode_character(const char *at, size_t left, bool cdata, char *to, size_t *ret_n)
{
    *ret_n = 1;
    switch (*at) {
    case '&':
        return cdata ? 0 : decode_reference(at, left, to, ret_n);
    case '%':
        return decode_percent(at, left, to);
    case '\\':
        return decode_json(at, left, to, ret_n);
    default:
        return 0;
    }
}

/* Decodes into "to", which is as long as bytes. Returns the length. */
static size_t decode(const char *bytes, size_t length, struct view view, char *to)
{
    struct markup markup = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < length;) {
        const char *at = bytes + i;
        size_t left = length - i, written;
        size_t plain = plain_length(at, left, view);
        size_t skipped = view.markup && !plain ? markup_length(at, left, &markup) : 0;
        i += skipped + plain;
        memcpy(to + n, at, plain);
        n += plain;
        if (skipped || plain)
            continue;
        size_t used = decode_character(at, left, markup.cdata, to + n, &written);
        if (!used)
            to[n] = *at;
        n += used ? written : 1;
        i += used ? used : 1;
    }
    return n;
}

/* Without what it undoes, a view shows what another has shown already. */
static bool is_worth_a_look(const char *bytes, size_t length, struct view view)
{
    bool encoded = view.percent  ? memchr(bytes, '%', length) != NULL
                   : view.markup ? memchr(bytes, '<', length) != NULL
                   : view.json   ? memchr(bytes, '\\', length) != NULL
                                 : true;
    bool optional = view.percent || view.markup;

    return encoded && (!view.references || optional || memchr(bytes, '&', length));
}

static bool holds_split_secret(const struct xr_scrubber *scrubber, const char *bytes, size_t length)
{
    for (size_t i = 0; i < scrubber->n; i++) {
        const struct form *form = &scrubber->forms[i];
        if (form->plain && form->length >= SPLIT_MIN &&
            memmem(bytes, length, form->bytes, form->length))
            return true;
    }
    return false;
}

/* depth: how often what JSON hid is looked through again. */
static bool shows_when_decoded(
    const struct xr_scrubber *scrubber, const char *bytes, size_t length, int depth)
{
    static const struct view views[] = {
        { .references = true },
        { .references = true, .percent = true },
        { .references = true, .markup = true },
        { .json = true },
        { .references = true, .json = true },
    };
    char *decoded = NULL;
    bool found = false;

    for (size_t i = 0; i < sizeof(views) / sizeof(*views) && !found; i++) {
        if (!is_worth_a_look(bytes, length, views[i]))
            continue;
        decoded = decoded ? decoded : malloc(length);
        if (!decoded)
            abort();
        size_t n = decode(bytes, length, views[i], decoded);
        found = views[i].markup ? holds_split_secret(scrubber, decoded, n)
                                : holds_form(scrubber, decoded, n);
        found = found || xr_proofs_hide(scrubber->proofs, decoded, n);
        if (!found && views[i].json && depth)
            found = shows_when_decoded(scrubber, decoded, n, depth - 1);
    }
    if (decoded)
        explicit_bzero(decoded, length);
    free(decoded);
    return found;
}

void xr_scrub(const struct xr_scrubber *scrubber, char *bytes, size_t length)
{
    bool there = holds_form(scrubber, bytes, length);

    for (size_t i = 0; i < scrubber->n && there; i++)
        overwrite(bytes, length, &scrubber->forms[i]);
    (void)xr_proofs_hide(scrubber->proofs, bytes, length);
    if ((scrubber->n || scrubber->proofs) &&
        shows_when_decoded(scrubber, bytes, length, JSON_DEPTH))
        memset(bytes, '*', length);
}
