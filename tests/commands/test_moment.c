#include "analyzer/commands/form.h"
#include "tests/unit.h"

#define ASSERT_MOMENT(text, expected)                  \
    do {                                               \
        int64_t ms = -1;                               \
        ck_assert_ptr_null(xr_form_moment(text, &ms)); \
        ck_assert_int_eq(ms, expected);                \
    } while (0)

START_TEST(a_moment_is_counted_from_1970)
{
    ASSERT_MOMENT("1970-01-01T00:00:00Z", 0);
    ASSERT_MOMENT("2026-11-22T03:04:05Z", 1795316645000);
    ASSERT_MOMENT("1969-12-31T23:59:59Z", -1000);
    ASSERT_MOMENT("9999-12-31T23:59:59Z", 253402300799000);
    ASSERT_MOMENT("2024-02-29t12:00:00z", 1709208000000);
}
END_TEST

START_TEST(offsets_and_fractions_count)
{
    ASSERT_MOMENT("2026-11-22T04:04:05+01:00", 1795316645000);
    ASSERT_MOMENT("2026-11-21T21:34:05-05:30", 1795316645000);
    ASSERT_MOMENT("2026-11-22T03:04:05-00:00", 1795316645000);
    ASSERT_MOMENT("2026-11-22T03:04:05.25Z", 1795316645250);
    ASSERT_MOMENT("2026-11-22T03:04:05.123456789123456789Z", 1795316645123);
    ASSERT_MOMENT("9999-12-31T23:59:59-23:59", 253402300799000 + (23 * 60 + 59) * 60000);
}
END_TEST

START_TEST(a_leap_second_is_the_start_of_the_next_minute)
{
    ASSERT_MOMENT("2016-12-31T23:59:60Z", 1483228800000);
}
END_TEST

/* Lenient parsers take each of these for some moment or other. */
START_TEST(whatever_else_is_no_moment)
{
    static const char *const others[] = { "", "now", "2026-11-22", "2026-11-22T03:04:05",
        "2026-11-22T03:04Z", "2026-11-22 03:04:05Z", "2026-11-22T03:04:05 Z",
        "2026-11-22T03:04:05+0100", "2026-11-22T03:04:05+01", "2026-11-22T03:04:05+24:00",
        "2026-11-22T03:04:05+01:60", "2026-11-22T03:04:05.Z", "2026-11-22T03:04:05,5Z",
        "2026-11-22T24:00:00Z", "2026-11-22T23:60:00Z", "2026-11-22T23:59:61Z",
        "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
        "26-11-22T03:04:05Z", "12026-11-22T03:04:05Z", "-026-11-22T03:04:05Z",
        "2026-1-22T03:04:05Z", " 2026-11-22T03:04:05Z", "2026-11-22T03:04:05Zx", "1795316645" };

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        int64_t ms;
        ck_assert_msg(xr_form_moment(others[i], &ms) != NULL, "%s", others[i]);
    }
}
END_TEST

XR_UNIT_MAIN("moment", a_moment_is_counted_from_1970, offsets_and_fractions_count,
    a_leap_second_is_the_start_of_the_next_minute, whatever_else_is_no_moment)
