#include "analyzer/wire/http_blob.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char blanks[] = " \t";

/* To the comma behind this challenge or parameter, or to the end. A quoted string may hold some. */
static const char *end_of(const char *at)
{
    for (bool quoted = false; *at && (quoted || *at != ','); at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (quoted && *at == '\\' && at[1])
            at++;
    }
    return at;
}

const char *xr_http_blob(const char *value, const char *scheme, size_t *ret_length)
{
    size_t length = strlen(scheme);

    for (const char *at = value, *end; *at; at = *end ? end + 1 : end) {
        end = end_of(at);
        at += strspn(at, blanks);
        if (strncasecmp(at, scheme, length) != 0 || !at[length] || !strchr(blanks, at[length]))
            continue;
        at += length + strspn(at + length, blanks);
        *ret_length = end > at ? (size_t)(end - at) : 0;
        while (*ret_length && strchr(blanks, at[*ret_length - 1]))
            --*ret_length;
        if (*ret_length)
            return at;
    }
    return NULL;
}
