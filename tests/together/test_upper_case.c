#include <locale.h>
#include <stdio.h>
#include <wchar.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/utf16.h"
#include "fixtures/utf16.h"
#include "tests/unit.h"

/* The program has Windows' table, the simulator a rule for the scripts it knows: two ways that have
 * to meet, or a name is another one on each side. */

static bool is_known_to_the_simulator(uint32_t c)
{
    return c < 0x180 || (c >= 0x386 && c < 0x3cf) || (c >= 0x400 && c < 0x524) ||
           (c >= 0x531 && c < 0x588) || (c >= 0x1e00 && c < 0x2000);
}

static const char *utf8_of(uint32_t c, char text[4])
{
    size_t n = 0;

    if (c < 0x80) {
        text[n++] = (char)c;
    } else if (c < 0x800) {
        text[n++] = (char)(0xc0 | c >> 6);
        text[n++] = (char)(0x80 | (c & 63));
    } else {
        text[n++] = (char)(0xe0 | c >> 12);
        text[n++] = (char)(0x80 | (c >> 6 & 63));
        text[n++] = (char)(0x80 | (c & 63));
    }
    text[n] = '\0';
    return text;
}

START_TEST(both_sides_have_the_same_upper_case)
{
    size_t changed = 0;

    for (uint32_t c = 1; c < 0x2000; c++) {
        char text[4];
        xr_auto_buf wide;
        if (!is_known_to_the_simulator(c))
            continue;
        xr_buf_init(&wide, 8);
        ck_assert(sim_utf16_encode(&wide, utf8_of(c, text), true));
        unsigned upper = (unsigned)(uint8_t)wide.at[0] | (unsigned)(uint8_t)wide.at[1] << 8;
        ck_assert_msg(upper == xr_utf16_upper((uint16_t)c), "U+%04X: %04X, %04X", (unsigned)c,
            upper, (unsigned)xr_utf16_upper((uint16_t)c));
        changed += upper != c;
    }
    ck_assert_uint_gt(changed, 400);
}
END_TEST

XR_UNIT_MAIN("upper case", both_sides_have_the_same_upper_case)
