#ifndef XR_CATALOGUE_TEXT_H
#define XR_CATALOGUE_TEXT_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/model/finding.h"

/* Rules for texts of the catalogue; each returns NULL when they are kept, else what is wrong. */

/* The length of "{word}" at the brace, 0 when it is only a brace. */
static inline size_t slot_length(const char *brace)
{
    size_t length = 1;

    while (islower((unsigned char)brace[length]) || brace[length] == '_')
        length++;
    return length > 1 && brace[length] == '}' ? length + 1 : 0;
}

static inline bool is_known_slot(const char *brace, size_t length)
{
    static const char *const known[] = { "{mailbox}", "{account}", "{domain}", "{host}",
        "{ews_url}", "{folder}", "{impersonated}", "{primary}", "{code}" };

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strlen(known[i]) == length && strncmp(brace, known[i], length) == 0)
            return true;
    return false;
}

static inline const char *wrong_slots(const char *text)
{
    int depth = 0;

    for (; *text; text++) {
        depth += (*text == '{') - (*text == '}');
        if (depth < 0)
            return "a brace is closed that was never opened";
        size_t length = *text == '{' ? slot_length(text) : 0;
        if (length && !is_known_slot(text, length))
            return "a slot that xr_expand() does not know";
    }
    return depth ? "a brace is never closed" : NULL;
}

static inline const char *wrong_words(const char *text)
{
    static const char *const banned[] = { "TITLE", "MEANING", "CAUSE", "REMEDY", "TODO", "FIXME",
        "\xe2\x80\x94" /* em dash */, "  " };

    for (size_t i = 0; i < sizeof(banned) / sizeof(*banned); i++)
        if (strstr(text, banned[i]))
            return banned[i];
    return strchr(text, '\n') ? "a line end" : NULL;
}

static inline const char *wrong_prose(const char *text)
{
    if (!text || !*text)
        return "it is missing";
    if (!strchr(".?:", text[strlen(text) - 1]))
        return "it does not end like a sentence";
    const char *wrong = wrong_words(text);
    return wrong ? wrong : wrong_slots(text);
}

/* A slot becomes a quoted word: inside quotes it would end them, glued to others in PowerShell it
 * would make two arguments. */
static inline const char *wrong_command(const char *command, enum xr_shell shell)
{
    char quote = 0;

    for (const char *at = command; *at; at++) {
        if (quote ? *at == quote : *at == '\'' || *at == '"')
            quote = quote ? 0 : *at;
        size_t length = *at == '{' ? slot_length(at) : 0;
        if (!length)
            continue;
        if (quote)
            return "a slot inside quotes";
        if (shell != XR_SHELL_SH && !strchr(" (", at[-1]))
            return "a slot glued to what stands before it";
        if (shell != XR_SHELL_SH && at[length] && !strchr(" ),\n", at[length]))
            return "a slot glued to what stands behind it";
    }
    if (quote)
        return "a quote is never closed";
    return wrong_slots(command);
}

#endif
