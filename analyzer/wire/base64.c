#include "analyzer/wire/base64.h"

#include <stdint.h>
#include <string.h>

enum { BYTES = 3, DIGITS = 4, BITS = 6, DIGIT_MASK = 63, BYTE_MASK = 255 };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool xr_base64_encode(struct xr_buf *to, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;

    for (size_t n; length; at += n, length -= n) {
        char group[DIGITS] = { '=', '=', '=', '=' };
        uint32_t word = 0;
        n = length < BYTES ? length : BYTES;
        for (size_t i = 0; i < BYTES; i++)
            word = word << 8 | (i < n ? at[i] : 0U);
        for (size_t i = 0; i <= n; i++)
            group[i] = digits[word >> (BYTES - i) * BITS & DIGIT_MASK];
        if (!xr_buf_add(to, group, sizeof(group)))
            return false;
    }
    return true;
}

/* n: its digits without padding. */
static bool decode_group(struct xr_buf *to, const char *group, size_t n)
{
    uint8_t bytes[BYTES];
    uint32_t word = 0;

    for (size_t i = 0; i < DIGITS; i++) {
        const char *digit = i < n ? memchr(digits, group[i], sizeof(digits) - 1) : digits;
        if (!digit)
            return false;
        word = word << BITS | (uint32_t)(digit - digits);
    }
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (uint8_t)(word >> (BYTES - 1 - i) * 8 & BYTE_MASK);
    for (size_t i = n - 1; i < BYTES; i++)
        if (bytes[i])
            return false;
    return xr_buf_add(to, bytes, n - 1);
}

bool xr_base64_decode(struct xr_buf *to, const char *text, size_t length)
{
    if (length % DIGITS)
        return false;
    for (; length; text += DIGITS, length -= DIGITS) {
        size_t n = DIGITS;
        while (length == DIGITS && n > DIGITS - 2 && text[n - 1] == '=')
            n--;
        if (!decode_group(to, text, n))
            return false;
    }
    return true;
}
