#ifndef XR_EXPAND_H
#define XR_EXPAND_H

#include "analyzer/base/arena.h"
#include "analyzer/model/finding.h"

/* What the slots of catalogue texts stand for. NULL: not known, shown as <name>. */
struct xr_slots {
    const char *mailbox, *account, *domain, *host, *ews_url, *folder, *impersonated, *primary,
        *code;
};

/*
 * Fills {mailbox}, {account}, {domain}, {host}, {ews_url}, {folder},
 * {impersonated}, {primary} and {code}. For a shell the value is quoted: '...'
 * with quotes doubled (PowerShell, also U+2018 to U+201B) or as '\'' (sh).
 * Returns NULL when a value has a control character and shell is not
 * XR_SHELL_NONE: such a command must not be shown.
 */
const char *xr_expand(
    struct xr_arena *arena, const char *text, const struct xr_slots *slots, enum xr_shell shell);

/*
 * One value, quoted for the shell as above; for XR_SHELL_NONE as it is. NULL:
 * it has a control or invisible character, or is too long; it must not stand in
 * a command.
 */
const char *xr_quote(struct xr_arena *arena, const char *value, enum xr_shell shell);

#endif
