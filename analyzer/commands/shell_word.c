#include "analyzer/commands/shell_word.h"

#include <ctype.h>
#include <string.h>

#include "analyzer/model/expand.h"

static bool is_plain(const char *text)
{
    bool plain = *text && *text != '-';

    for (; *text; text++)
        plain = plain && (isalnum((unsigned char)*text) || strchr("@%+=:,./-_", *text));
    return plain;
}

const char *xr_shell_word(struct xr_arena *arena, const char *text)
{
    const char *word = is_plain(text) ? text : xr_quote(arena, text, XR_SHELL_SH);

    return word ? word : "...";
}
