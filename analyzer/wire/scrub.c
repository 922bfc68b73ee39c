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

enum { FORMS_MAX = 7 }; /* as it is, UTF-16 twice, Basic, base64 at three alignments */

struct form {
    char *bytes;
    size_t length;
};

struct xr_scrubber {
    struct form forms[FORMS_MAX];
    size_t n;
    /* Horspool's search for all forms at once: how far the window, as long as the shortest form,
     * moves on when it ends in this byte. 0: a form may be there. */
    size_t window;
    unsigned char skip[UCHAR_MAX + 1];
};

static void add_form(struct xr_scrubber *scrubber, const char *bytes, size_t length)
{
    struct form *form = &scrubber->forms[scrubber->n];

    if (length < SCRUB_MIN)
        return;
    *form = (struct form){ malloc(length), length };
    if (!form->bytes)
        abort();
    memcpy(form->bytes, bytes, length);
    scrubber->n++;
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
        add_form(scrubber, (const char *)encoded + from, to - from);
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
    add_form(scrubber, (const char *)wide, n);
    explicit_bzero(wide, size);
    free(wide);
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

struct xr_scrubber *xr_scrubber_new(const char *account, struct xr_secret secret)
{
    static const char *const alignments[] = { "", "x", "xx" };
    const char *plain = xr_reveal(secret);
    struct xr_scrubber *scrubber = calloc(1, sizeof(*scrubber));

    if (!scrubber)
        abort();
    if (!xr_secret_given(secret))
        return scrubber;
    add_form(scrubber, plain, strlen(plain));
    add_utf16(scrubber, plain, false);
    add_utf16(scrubber, plain, true);
    if (account) {
        char *prefix = NULL;
        if (asprintf(&prefix, "%s:", account) < 0)
            abort();
        add_base64(scrubber, prefix, plain, true);
        free(prefix);
    }
    for (size_t i = 0; i < 3; i++)
        add_base64(scrubber, alignments[i], plain, false);
    prepare_search(scrubber);
    return scrubber;
}

void xr_scrubber_free(struct xr_scrubber *scrubber)
{
    for (size_t i = 0; scrubber && i < scrubber->n; i++) {
        explicit_bzero(scrubber->forms[i].bytes, scrubber->forms[i].length);
        free(scrubber->forms[i].bytes);
    }
    if (scrubber)
        explicit_bzero(scrubber->skip, sizeof(scrubber->skip));
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

    for (size_t i = 0; i + window <= length; i += skip) {
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
    bool percent; /* "%41" too */
    bool markup;  /* text that tags, comments or CDATA marks split counts as one */
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

/* A tag, a comment, or what opens (*cdata becomes true) or closes a CDATA section, in which only
 * its end counts. 0: text. */
static size_t markup_length(const char *at, size_t left, bool *cdata)
{
    static const char open[] = "<![CDATA[", close[] = "]]>";

    if (*cdata && left >= 3 && !memcmp(at, close, 3)) {
        *cdata = false;
        return 3;
    }
    if (*cdata || *at != '<')
        return 0;
    bool declared = left >= 4 && at[1] == '!'; /* what most tags are not */
    if (declared && left >= 9 && !memcmp(at, open, 9)) {
        *cdata = true;
        return 9;
    }
    bool comment = declared && !memcmp(at, "<!--", 4);
    const char *end = comment ? memmem(at, left, "-->", 3) : memchr(at, '>', left);
    return end ? (size_t)(end - at) + (comment ? 3 : 1) : 0;
}

/* How far the bytes mean themselves. */
static size_t plain_length(const char *at, size_t left, struct view view)
{
    enum { ALWAYS = 1, PERCENT = 2, MARKUP = 4 };
    static const unsigned char special[UCHAR_MAX + 1] = {
        ['&'] = ALWAYS, ['%'] = PERCENT, ['<'] = MARKUP, [']'] = MARKUP
    };
    int mask = ALWAYS | (view.percent ? PERCENT : 0) | (view.markup ? MARKUP : 0);
    size_t n = 0;

    while (n < left && !(special[(unsigned char)at[n]] & mask))
        n++;
    return n;
}

/* Decodes into "to", which is as long as bytes. Returns the length. */
static size_t decode(const char *bytes, size_t length, struct view view, char *to)
{
    bool cdata = false;
    size_t n = 0;

    for (size_t i = 0; i < length;) {
        const char *at = bytes + i;
        size_t left = length - i, used = 0;
        size_t plain = plain_length(at, left, view), written = 1;
        size_t markup = view.markup && !plain ? markup_length(at, left, &cdata) : 0;
        i += markup;
        if (markup)
            continue;
        if (plain) {
            memcpy(to + n, at, plain);
            n += plain;
            i += plain;
            continue;
        }
        if (*at == '&' && !cdata)
            used = decode_reference(at, left, to + n, &written);
        else if (*at == '%' && view.percent)
            used = decode_percent(at, left, to + n);
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
    return view.percent  ? memchr(bytes, '%', length) != NULL
           : view.markup ? memchr(bytes, '<', length) != NULL
                         : memchr(bytes, '&', length) != NULL;
}

static bool shows_when_decoded(const char *bytes, size_t length, const struct form *secret)
{
    static const struct view views[] = { { false, false }, { true, false }, { false, true } };
    size_t needle = secret->length;
    char *decoded = NULL;
    bool found = false;

    for (size_t i = 0; i < sizeof(views) / sizeof(*views) && !found; i++) {
        if ((views[i].markup && needle < SPLIT_MIN) || !is_worth_a_look(bytes, length, views[i]))
            continue;
        decoded = decoded ? decoded : malloc(length);
        if (!decoded)
            abort();
        size_t n = decode(bytes, length, views[i], decoded);
        found = memmem(decoded, n, secret->bytes, needle) != NULL;
    }
    if (decoded)
        explicit_bzero(decoded, length);
    free(decoded);
    return found;
}

void xr_scrub(const struct xr_scrubber *scrubber, char *bytes, size_t length)
{
    bool there = scrubber->n && holds_form(scrubber, bytes, length);

    for (size_t i = 0; i < scrubber->n && there; i++)
        overwrite(bytes, length, &scrubber->forms[i]);
    /* The first form is the secret as it is. */
    if (scrubber->n && shows_when_decoded(bytes, length, &scrubber->forms[0]))
        memset(bytes, '*', length);
}
