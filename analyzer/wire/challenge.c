#include "analyzer/wire/challenge.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"

/*
 * RFC 9110 11.6.1 lets several challenges stand in one header, separated by
 * the commas that also separate their parameters; IIS and what stands in front
 * of it do that. A word is a scheme when it opens the header or follows a
 * comma and no "=" follows, and when it is one of the schemes we know. Any
 * other word without "=" is the blob of NTLM or Negotiate.
 */

enum { SCHEMES_LENGTH_MAX = 400, SCHEME_NAME_MAX = 40 };

static const char blanks[] = " \t";

struct tokens {
    struct xr_arena *arena;
    const char *at;
    struct xr_challenge *challenge;
    struct xr_buf *schemes;
    const char *scheme; /* whose parameters are being read, or NULL */
};

static bool is_known(const char *word)
{
    static const char *const known[] = { "Basic", "NTLM", "Negotiate", "Bearer", "Digest",
        "Kerberos", "Nego2" };

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (xr_same(word, known[i]))
            return true;
    return false;
}

static bool is_token(const char *word)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "!#$%&'*+-.^_`|~";
    size_t length = strspn(word, token);

    return length && length <= SCHEME_NAME_MAX && !word[length];
}

/* Is the word in the list already? Entries are separated by ", ". */
static bool is_listed(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; *at; at += strspn(at, ", ")) {
        size_t entry = strcspn(at, ",");
        if (entry == length && !strncasecmp(at, word, length))
            return true;
        at += entry;
    }
    return false;
}

static void begin_scheme(struct tokens *tokens, const char *word)
{
    struct xr_challenge *challenge = tokens->challenge;

    tokens->scheme = NULL;
    if (!is_token(word))
        return;
    tokens->scheme = word;
    challenge->basic |= xr_same(word, "Basic");
    challenge->ntlm |= xr_same(word, "NTLM");
    challenge->negotiate |= xr_same(word, "Negotiate");
    challenge->bearer |= xr_same(word, "Bearer");
    if (!is_listed(tokens->schemes->at, word))
        (void)xr_buf_printf(tokens->schemes, "%s%s", tokens->schemes->length ? ", " : "", word);
}

/* A quoted string without its quotation marks and backslashes. */
static const char *quoted_string(struct tokens *tokens)
{
    const char *end = tokens->at + 1;

    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    char *value = xr_alloc(tokens->arena, (size_t)(end - tokens->at)), *to = value;
    for (const char *from = tokens->at + 1; from < end; from++) {
        if (*from == '\\' && from[1])
            from++;
        *to++ = *from;
    }
    tokens->at = *end ? end + 1 : end;
    return value;
}

static const char *word(struct tokens *tokens)
{
    size_t length = strcspn(tokens->at, " \t,=\"");
    const char *text = xr_strndup(tokens->arena, tokens->at, length);

    tokens->at += length;
    tokens->at += strspn(tokens->at, blanks);
    return text;
}

static void read_parameter(struct tokens *tokens, const char *name)
{
    struct xr_challenge *challenge = tokens->challenge;

    tokens->at += strspn(tokens->at, "=");
    tokens->at += strspn(tokens->at, blanks);
    const char *value = *tokens->at == '"' ? quoted_string(tokens) : word(tokens);
    if (xr_same(tokens->scheme, "Basic") && xr_same(name, "realm") && !challenge->realm)
        challenge->realm = value;
    if (xr_same(tokens->scheme, "Bearer") && xr_same(name, "authorization_uri") &&
        !challenge->authority)
        challenge->authority = value;
}

static void read_header(struct tokens *tokens)
{
    bool opening = true;

    while (*tokens->at) {
        size_t between = strspn(tokens->at, " \t,=");
        if (between) {
            opening |= memchr(tokens->at, ',', between) != NULL;
            tokens->at += between;
        } else if (*tokens->at == '"') {
            (void)quoted_string(tokens);
        } else {
            const char *text = word(tokens);
            if (*tokens->at == '=')
                read_parameter(tokens, text);
            else if (opening || is_known(text))
                begin_scheme(tokens, text);
            opening = false;
        }
    }
}

void xr_challenge_parse(
    struct xr_arena *arena, const struct xr_header *headers, struct xr_challenge *ret)
{
    xr_auto_buf schemes;

    xr_buf_init(&schemes, SCHEMES_LENGTH_MAX);
    *ret = (struct xr_challenge){ .any = false };
    for (; headers; headers = headers->next) {
        if (!xr_same(headers->name, "WWW-Authenticate"))
            continue;
        struct tokens tokens = { arena, headers->value, ret, &schemes, NULL };
        ret->any = true;
        read_header(&tokens);
    }
    ret->schemes = xr_strdup(arena, schemes.at);
}
