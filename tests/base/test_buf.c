#include <string.h>

#include "analyzer/base/buf.h"
#include "tests/unit.h"

START_TEST(what_does_not_fit_is_not_added)
{
    xr_auto_buf buf;

    xr_buf_init(&buf, 10);
    ck_assert(xr_buf_puts(&buf, "12345"));
    ck_assert(xr_buf_puts(&buf, "67890"));
    ck_assert(!xr_buf_puts(&buf, "x"));
    ck_assert(buf.overflow);
    ck_assert_str_eq(buf.at, "1234567890");
    ck_assert(
        !xr_buf_puts(&buf, "")); /* once over, it stays over: one check at the end is enough */
    xr_buf_clear(&buf);
    ck_assert(xr_buf_puts(&buf, "again"));
}
END_TEST

START_TEST(it_grows_and_keeps_nul_bytes)
{
    xr_auto_buf buf;

    xr_buf_init(&buf, 100000);
    for (int i = 0; i < 9000; i++)
        ck_assert(xr_buf_printf(&buf, "%d,", i % 10));
    ck_assert(xr_buf_add(&buf, "a\0b", 3));
    ck_assert_uint_eq(buf.length, 18003);
    ck_assert(!memcmp(buf.at + 18000, "a\0b", 4));
}
END_TEST

XR_UNIT_MAIN("buf", what_does_not_fit_is_not_added, it_grows_and_keeps_nul_bytes)
