#ifndef XR_BYTES_H
#define XR_BYTES_H

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/base/arena.h"

/* Bytes as files hold them. */

bool xr_is_utf8(const char *text);

const char *xr_hex(struct xr_arena *arena, const unsigned char *bytes, size_t length);
/* NULL: not an even number of hexadecimal digits. */
const unsigned char *xr_hex_bytes(struct xr_arena *arena, const char *text, size_t *ret_length);
/* So many lower-case hexadecimal digits, as uids and key ids have them. */
bool xr_is_hex(const char *text, size_t digits);

#endif
