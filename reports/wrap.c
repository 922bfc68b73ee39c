#include "reports/wrap.h"

#include <string.h>

#include "analyzer/base/text.h"

/* The blocks of Unicode that matter here; a whole table of widths would not pay. */
static int columns_of(uint32_t code)
{
    static const struct {
        uint32_t low, high;
        int columns;
    } ranges[] = {
        { 0x300, 0x36f, 0 },
        { 0x1100, 0x115f, 2 },
        { 0x2e80, 0xa4cf, 2 },
        { 0xac00, 0xd7a3, 2 },
        { 0xf900, 0xfaff, 2 },
        { 0xfe30, 0xfe6f, 2 },
        { 0xff01, 0xff60, 2 },
        { 0xffe0, 0xffe6, 2 },
        { 0x1f300, 0x1faff, 2 },
        { 0x20000, 0x3fffd, 2 },
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
        if (code >= ranges[i].low && code <= ranges[i].high)
            return ranges[i].columns;
    return 1;
}

static int columns_between(const char *at, const char *end)
{
    int columns = 0;

    while (at < end)
        columns += columns_of(xr_utf8_next(&at));
    return columns;
}

int xr_columns(const char *text)
{
    return columns_between(text, text + strlen(text));
}

const char *xr_wrapped(struct xr_arena *arena, const char *text, int width)
{
    char *copy = xr_strdup(arena, text);
    int column = 0;

    for (char *word = copy; *word;) {
        char *end = word + strcspn(word, " ");
        int columns = columns_between(word, end);
        if (word > copy && column + 1 + columns > width) {
            word[-1] = '\n';
            column = columns;
        } else {
            column += columns + (word > copy);
        }
        word = *end ? end + 1 : end;
    }
    return copy;
}
