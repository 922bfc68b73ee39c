#include "analyzer/org/bytes.h"

#include <string.h>

#include "analyzer/base/text.h"

static const char digits[] = "0123456789abcdef";

bool xr_is_utf8(const char *text)
{
    while (*text) {
        const char *from = text;
        if (!((unsigned char)*text & 0x80))
            text++;
        else if (xr_utf8_next(&text) == 0xfffd && strncmp(from, "\xef\xbf\xbd", 3) != 0)
            return false; /* not a U+FFFD that somebody wrote */
    }
    return true;
}

const char *xr_hex(struct xr_arena *arena, const unsigned char *bytes, size_t length)
{
    char *text = xr_alloc(arena, 2 * length + 1);

    for (size_t i = 0; i < length; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return text;
}

bool xr_is_hex(const char *text, size_t n)
{
    return strlen(text) == n && strspn(text, digits) == n;
}

static unsigned char half(char digit)
{
    return (unsigned char)(strchr(digits, digit) - digits);
}

const unsigned char *xr_hex_bytes(struct xr_arena *arena, const char *text, size_t *ret_length)
{
    size_t length = strlen(text) / 2;
    unsigned char *bytes;

    if (!xr_is_hex(text, 2 * length))
        return NULL;
    bytes = xr_alloc(arena, length + 1);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)(half(text[2 * i]) << 4 | half(text[2 * i + 1]));
    *ret_length = length;
    return bytes;
}
