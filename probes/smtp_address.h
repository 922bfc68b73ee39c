#ifndef XR_SMTP_ADDRESS_H
#define XR_SMTP_ADDRESS_H

#include <stdbool.h>

#include "analyzer/wire/ews.h"

/* What the directory holds under an address. */
enum xr_entry {
    XR_ENTRY_OPEN, /* not asked, not told, or more than one */
    XR_ENTRY_MAILBOX,
    XR_ENTRY_CONTACT, /* also mail users, on some servers */
    XR_ENTRY_LIST,
    XR_ENTRY_OTHER, /* a public folder, a group of Microsoft 365 ... */
    XR_ENTRY_NOBODY,
};

/* By an answer to ResolveNames for that address. */
enum xr_entry xr_entry_of(
    struct xr_arena *arena, const struct xr_ews_reply *reply, const char *address);

/* The same mailbox: letter case of ASCII does not count, and a domain may be given as U-labels or
 * as A-labels. NULL is no mailbox. */
bool xr_same_mailbox(struct xr_arena *arena, const char *a, const char *b);

/* Who has the address among those that the directory found by parts of it: *ret_matches entries,
 * the first of them is returned; NULL: nobody. */
const struct xr_ews_resolution *xr_who_has(struct xr_arena *arena, const struct xr_ews_reply *reply,
    const char *address, size_t *ret_matches);

#endif
