#include "analyzer/wire/capture.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"

/* Shorter secrets occur by chance in every text; scrubbing them would only spoil the evidence. */
enum { SCRUB_MIN = 4 };

/* Numbers of neighbouring elements can be a short secret by chance. */
enum { SPLIT_MIN = 8 };

struct xr_header *xr_capture_header(struct xr_arena *arena, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);

    if (!colon || colon == line)
        return NULL;
    struct xr_header *header = xr_new(arena, struct xr_header);
    size_t left = (size_t)(line + length - colon - 1);
    header->name = xr_utf8(arena, line, (size_t)(colon - line));
    header->value = xr_trimmed(arena, xr_utf8(arena, colon + 1, left));
    return header;
}

void xr_header_add(struct xr_header **list, struct xr_header *header)
{
    while (*list)
        list = &(*list)->next;
    *list = header;
}

/* Shown whole. Everything else is shown by name alone. */
static const char *const shown[] = { "Accept", "Accept-Encoding", "Age", "Allow", "Cache-Control",
    "client-request-id", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Date",
    "Expect", "Host", "jsonerror", "Keep-Alive", "Location", "MS-Diagnostics-Public",
    "Persistent-Auth", "Pragma", "request-id", "Restrict-Access-Confirm", "Retry-After",
    "return-client-request-id", "Server", "SOAPAction", "Transfer-Encoding", "User-Agent", "Vary",
    "Via", "X-AnchorMailbox", "X-AspNet-Version", "X-AutoDiscovery-Error", "X-BackEndHttpStatus",
    "X-BEServer", "X-CalculatedBETarget", "X-CalculatedFETarget", "X-CasErrorCode", "X-DiagInfo",
    "X-EWS-Policy-Reason", "X-FEEFZInfo", "X-FEProxyInfo", "X-FEServer", "X-FirstHopCafeEFZ",
    "X-MS-Diagnostics", "X-OAuth-Enabled", "X-OWA-Version", "X-Powered-By",
    "X-Proxy-BackendServerStatus", "X-Proxy-RoutingCorrectness", "X-RUM-Validated",
    "X-SOAP-Enabled", "X-TargetBEServer", "X-WSSecurity-Enabled", NULL };

static bool is_shown(const char *name)
{
    for (const char *const *at = shown; *at; at++)
        if (xr_same(*at, name))
            return true;
    return false;
}

static const char *first_word(struct xr_arena *arena, const char *text)
{
    return xr_strndup(arena, text, strcspn(text, " ,=;"));
}

/* A challenge is shown, the blob behind NTLM and Negotiate is not: it names internal hosts. */
static const char *redacted_challenge(struct xr_arena *arena, const char *value)
{
    const char *scheme = first_word(arena, value);
    bool blob = xr_same(scheme, "NTLM") || xr_same(scheme, "Negotiate");

    return blob && strlen(value) > strlen(scheme) && value[strlen(scheme)] == ' '
               ? xr_printf(arena, "%s [message of %zu characters]", scheme,
                     strlen(value) - strlen(scheme) - 1)
               : value;
}

static const char *redacted_value(struct xr_arena *arena, const struct xr_header *header)
{
    if (xr_same(header->name, "Authorization") || xr_same(header->name, "Proxy-Authorization"))
        return xr_printf(arena, "%s [redacted]", first_word(arena, header->value));
    if (xr_same(header->name, "WWW-Authenticate"))
        return redacted_challenge(arena, header->value);
    if (xr_same(header->name, "Set-Cookie"))
        return xr_printf(arena, "%s=[redacted]", first_word(arena, header->value));
    return is_shown(header->name) ? header->value : "[not shown]";
}

struct xr_header *xr_redacted_header(struct xr_arena *arena, const struct xr_header *header)
{
    struct xr_header *copy = xr_new(arena, struct xr_header);

    copy->name = header->name;
    copy->value = redacted_value(arena, header);
    return copy;
}

static void overwrite(char *bytes, size_t length, const char *needle, size_t needle_length)
{
    if (needle_length < SCRUB_MIN)
        return;
    for (char *at = bytes; (at = memmem(at, length - (size_t)(at - bytes), needle, needle_length));)
        memset(at, '*', needle_length);
}

/* Basic's own form begins with the account and is padded. Else only the characters count that do
 * not depend on what stands around the text: prefix stands for the bytes before it. */
static void overwrite_base64(
    char *bytes, size_t length, const char *prefix, const char *text, bool basic)
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
        overwrite(bytes, length, (const char *)encoded + from, to - from);
    explicit_bzero(pair, all);
    explicit_bzero(encoded, all * 4 / 3);
    free(pair);
    free(encoded);
}

static void overwrite_utf16(char *bytes, size_t length, const char *text)
{
    size_t n = strlen(text);
    char *wide = calloc(2, n + 1);

    if (!wide)
        abort();
    for (size_t i = 0; i < n; i++)
        wide[2 * i] = text[i];
    overwrite(bytes, length, wide, 2 * n - 1);
    explicit_bzero(wide, 2 * n);
    free(wide);
}

/* The ways to write a character that a reader of the answer undoes. */
struct view {
    bool percent; /* "%41" too */
    bool markup;  /* text that tags, comments or CDATA marks split counts as one */
};

static size_t decode_reference(const char *at, size_t left, char *ret)
{
    static const struct {
        const char *name;
        char character;
    } names[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' },
        { "&apos;", '\'' } };
    char copy[16] = "", *end;

    memcpy(copy, at, left < sizeof(copy) - 1 ? left : sizeof(copy) - 1);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!strncmp(copy, names[i].name, strlen(names[i].name))) {
            *ret = names[i].character;
            return strlen(names[i].name);
        }
    if (copy[1] != '#')
        return 0;
    bool hexadecimal = copy[2] == 'x';
    unsigned long code = strtoul(copy + 2 + hexadecimal, &end, hexadecimal ? 16 : 10);
    if (*end != ';' || !code || code > 0x7f)
        return 0;
    *ret = (char)code;
    return (size_t)(end + 1 - copy);
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
    if (left >= 9 && !memcmp(at, open, 9)) {
        *cdata = true;
        return 9;
    }
    bool comment = left >= 4 && !memcmp(at, "<!--", 4);
    const char *end = comment ? memmem(at, left, "-->", 3) : memchr(at, '>', left);
    return end ? (size_t)(end - at) + (comment ? 3 : 1) : 0;
}

/* Decodes into "to", which is as long as bytes. Returns the length. */
static size_t decode(const char *bytes, size_t length, struct view view, char *to)
{
    bool cdata = false;
    size_t n = 0;

    for (size_t i = 0; i < length;) {
        const char *at = bytes + i;
        size_t left = length - i, used = 0;
        char decoded = *at;
        size_t markup = view.markup ? markup_length(at, left, &cdata) : 0;
        i += markup;
        if (markup)
            continue;
        if (*at == '&' && !cdata)
            used = decode_reference(at, left, &decoded);
        else if (*at == '%' && view.percent)
            used = decode_percent(at, left, &decoded);
        to[n++] = used ? decoded : *at;
        i += used ? used : 1;
    }
    return n;
}

static bool shows_when_decoded(const char *bytes, size_t length, const char *secret)
{
    static const struct view views[] = { { false, false }, { true, false }, { false, true } };
    size_t needle = strlen(secret);
    bool found = false;

    if (needle < SCRUB_MIN || !length)
        return false;
    char *decoded = malloc(length);
    if (!decoded)
        abort();
    for (size_t i = 0; i < sizeof(views) / sizeof(*views) && !found; i++) {
        if (views[i].markup && needle < SPLIT_MIN)
            continue;
        size_t n = decode(bytes, length, views[i], decoded);
        found = memmem(decoded, n, secret, needle) != NULL;
    }
    explicit_bzero(decoded, length);
    free(decoded);
    return found;
}

void xr_scrub(char *bytes, size_t length, const char *account, struct xr_secret secret)
{
    static const char *const alignments[] = { "", "x", "xx" };
    const char *plain = xr_reveal(secret);

    if (!xr_secret_given(secret))
        return;
    overwrite(bytes, length, plain, strlen(plain));
    overwrite_utf16(bytes, length, plain);
    if (account) {
        char *prefix = NULL;
        if (asprintf(&prefix, "%s:", account) < 0)
            abort();
        overwrite_base64(bytes, length, prefix, plain, true);
        free(prefix);
    }
    for (size_t i = 0; i < 3; i++)
        overwrite_base64(bytes, length, alignments[i], plain, false);
    if (shows_when_decoded(bytes, length, plain))
        memset(bytes, '*', length);
}
