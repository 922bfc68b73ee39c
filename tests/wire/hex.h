#ifndef XR_TESTS_HEX_H
#define XR_TESTS_HEX_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/arena.h"

static inline const char *hex_of(struct xr_arena *arena, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    char *text = xr_alloc(arena, 2 * length + 1);

    for (size_t i = 0; i < length; i++) {
        text[2 * i] = "0123456789abcdef"[at[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[at[i] & 15];
    }
    return text;
}

/* For free(), and not a byte longer than what it holds: whoever reads on is caught by ASan. */
static inline uint8_t *from_hex(const char *hex, size_t *ret_length)
{
    size_t length = strlen(hex) / 2;
    uint8_t *bytes = malloc(length ? length : 1);

    for (size_t i = 0; i < length; i++) {
        char digits[] = { hex[2 * i], hex[2 * i + 1], '\0' };
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    *ret_length = length;
    return bytes;
}

#endif
