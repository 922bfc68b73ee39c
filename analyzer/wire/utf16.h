#ifndef XR_UTF16_H
#define XR_UTF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/base/arena.h"

/* UTF-16, little-endian, without a byte order mark: the text of Windows' protocols. */

/* More than a user principal name can have (1,024), or a password (256). */
enum { XR_UTF16_UNITS_MAX = 1024, XR_UTF16_BYTES_MAX = 2 * XR_UTF16_UNITS_MAX };

struct xr_utf16 {
    uint8_t bytes[XR_UTF16_BYTES_MAX];
    size_t length; /* in bytes */
};

/*
 * From UTF-8; characters beyond the first plane become two units. upper: in upper case as Windows
 * has it, see xr_utf16_upper(). false: *ret_why says why not, as "is not valid UTF-8"; *ret then
 * holds what was converted so far. When the text was a secret, the caller overwrites *ret.
 */
bool xr_utf16_encode(const char *utf8, bool upper, struct xr_utf16 *ret, const char **ret_why);

/*
 * Upper case of one unit, by the Windows 8 table that MS-UCODEREF 3.1.5.3 refers to: what a domain
 * controller makes of a user's name. One unit becomes one unit, whatever the language. It has only
 * mappings that lead back, so that sharp s, dotless i, long s, the micro sign, title-case digraphs,
 * Georgian, and the Greek final sigma (since Windows 7; Unicode maps it) stay as they are.
 */
uint16_t xr_utf16_upper(uint16_t unit);

/* As valid UTF-8: U+FFFD for a lone surrogate, for NUL, and for an odd byte at the end. */
const char *xr_utf16_decode(struct xr_arena *arena, const uint8_t *bytes, size_t length);

#endif
