#ifndef XR_ORG_SEEN_H
#define XR_ORG_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which texts were met already, and in which line; ASCII letter case ignored.
 * Keeps 128 bits of each (SipHash with a random key: nobody can make two texts
 * fall together) and not the text: 24 bytes a slot.
 */
struct xr_seen {
    struct xr_seen_slot *slots_;
    size_t capacity_, n;
    uint64_t key_[2];
};

void xr_seen_init(struct xr_seen *seen);
void xr_seen_done(struct xr_seen *seen);
/* true: new, and noted. false: *ret_line (from 0) is where it was noted first. */
bool xr_seen_add(struct xr_seen *seen, const char *text, int64_t line, int64_t *ret_line);

#endif
