#include "analyzer/model/expand.h"

#include <stddef.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"

/* Catalogue texts stay below 4 KiB; values come from the form and from servers. */
enum { EXPANDED_MAX = 64 * 1024 };

static const struct {
    const char *name;
    size_t offset;
} slot_names[] = {
    { "account", offsetof(struct xr_slots, account) },
    { "code", offsetof(struct xr_slots, code) },
    { "domain", offsetof(struct xr_slots, domain) },
    { "ews_url", offsetof(struct xr_slots, ews_url) },
    { "folder", offsetof(struct xr_slots, folder) },
    { "host", offsetof(struct xr_slots, host) },
    { "impersonated", offsetof(struct xr_slots, impersonated) },
    { "mailbox", offsetof(struct xr_slots, mailbox) },
    { "primary", offsetof(struct xr_slots, primary) },
};

enum { SLOT_COUNT = sizeof(slot_names) / sizeof(*slot_names), NO_SLOT = SLOT_COUNT };

/* The slot that starts at the brace, or NO_SLOT: PowerShell blocks have braces too. */
static size_t slot_at(const char *brace)
{
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        size_t length = strlen(slot_names[i].name);
        if (strncmp(brace + 1, slot_names[i].name, length) == 0 && brace[1 + length] == '}')
            return i;
    }
    return NO_SLOT;
}

static const char *slot_value(struct xr_arena *arena, const struct xr_slots *slots, size_t slot)
{
    const char *value;

    memcpy(&value, (const char *)slots + slot_names[slot].offset, sizeof(value));
    return value && *value ? value : xr_printf(arena, "<%s>", slot_names[slot].name);
}

/* PowerShell takes the typographic single quotes for the ASCII one. */
static bool is_powershell_quote(uint32_t code_point)
{
    return code_point == '\'' || (code_point >= 0x2018 && code_point <= 0x201b);
}

static void add_quoted(struct xr_buf *buf, const char *value, enum xr_shell shell)
{
    xr_buf_puts(buf, "'");
    for (const char *at = value, *next = value; *at; at = next) {
        uint32_t code_point = xr_utf8_next(&next);
        size_t length = (size_t)(next - at);
        if (shell == XR_SHELL_SH && code_point == '\'') {
            xr_buf_puts(buf, "'\\''");
            continue;
        }
        xr_buf_add(buf, at, length);
        if (shell != XR_SHELL_SH && is_powershell_quote(code_point))
            xr_buf_add(buf, at, length);
    }
    xr_buf_puts(buf, "'");
}

static bool has_invisible(const char *value)
{
    while (*value)
        if (xr_is_invisible(xr_utf8_next(&value)))
            return true;
    return false;
}

/* false: the value must not stand in a command. */
static bool add_value(struct xr_buf *buf, const char *value, enum xr_shell shell)
{
    if (shell != XR_SHELL_NONE && has_invisible(value))
        return false;
    if (shell == XR_SHELL_NONE)
        xr_buf_puts(buf, value);
    else
        add_quoted(buf, value, shell);
    return true;
}

const char *xr_quote(struct xr_arena *arena, const char *value, enum xr_shell shell)
{
    xr_auto_buf buf;

    xr_buf_init(&buf, EXPANDED_MAX);
    if (!add_value(&buf, value, shell) || buf.overflow)
        return NULL;
    return xr_strndup(arena, buf.at, buf.length);
}

const char *xr_expand(
    struct xr_arena *arena, const char *text, const struct xr_slots *slots, enum xr_shell shell)
{
    xr_auto_buf buf;

    xr_buf_init(&buf, EXPANDED_MAX);
    while (*text) {
        size_t literal = strcspn(text, "{");
        xr_buf_add(&buf, text, literal);
        text += literal;
        if (!*text)
            break;
        size_t slot = slot_at(text);
        if (slot == NO_SLOT) {
            xr_buf_add(&buf, text++, 1);
            continue;
        }
        if (!add_value(&buf, slot_value(arena, slots, slot), shell))
            return NULL;
        text += strlen(slot_names[slot].name) + 2;
    }
    /* A command that was cut would be another command. */
    if (buf.overflow && shell != XR_SHELL_NONE)
        return NULL;
    return xr_strndup(arena, buf.at, buf.length);
}
