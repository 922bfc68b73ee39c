#include "analyzer/base/clock.h"
#include "tests/unit.h"

enum { LONG_MS = 60000, US_PER_MS = 1000 };

static struct xr_deadline in(int64_t step_ms, int64_t run_ms)
{
    int64_t now = xr_now_us();

    return (struct xr_deadline){ now + step_ms * US_PER_MS, now + run_ms * US_PER_MS, NULL };
}

START_TEST(cancelling_ends_a_wait)
{
    struct xr_deadline deadline = in(LONG_MS, LONG_MS);

    ck_assert_int_eq(xr_time_state(deadline), XR_TIME_LEFT);
    xr_cancel();
    ck_assert_int_eq(xr_time_state(deadline), XR_TIME_CANCELLED);
    ck_assert_int_eq(xr_tick_ms(deadline), 0);
}
END_TEST

START_TEST(grace_lasts_for_a_while)
{
    struct xr_deadline deadline = xr_deadline_with_grace(in(LONG_MS, LONG_MS));

    xr_cancel();
    ck_assert_int_eq(xr_time_state(deadline), XR_TIME_LEFT);
    ck_assert_int_gt(xr_tick_ms(deadline), 0);
    ck_assert_int_eq(xr_time_state(xr_deadline_within(deadline, LONG_MS)), XR_TIME_LEFT);
    int64_t start = xr_now_us();
    while (xr_time_state(deadline) == XR_TIME_LEFT && xr_now_us() < start + LONG_MS * US_PER_MS)
        xr_cancel(); /* once more, it does not begin anew */
    ck_assert_int_eq(xr_time_state(deadline), XR_TIME_CANCELLED);
    ck_assert_int_eq(xr_tick_ms(deadline), 0);
    ck_assert_int_le(xr_now_us() - start, 2 * XR_GRACE_MS * US_PER_MS);
}
END_TEST

START_TEST(the_end_of_the_run_is_later_the_end_of_the_step_is_not)
{
    struct xr_deadline over = in(-1, -1);

    ck_assert_int_eq(xr_time_state(over), XR_TIME_RUN_PASSED);
    ck_assert_int_eq(xr_time_state(xr_deadline_with_grace(over)), XR_TIME_STEP_PASSED);
    struct xr_deadline renewed = xr_deadline_within(xr_deadline_with_grace(over), LONG_MS);
    ck_assert_int_eq(xr_time_state(renewed), XR_TIME_LEFT);
    ck_assert_int_eq(
        xr_time_state(xr_deadline_with_grace(in(LONG_MS, -LONG_MS))), XR_TIME_RUN_PASSED);
}
END_TEST

XR_UNIT_MAIN("deadline", cancelling_ends_a_wait, grace_lasts_for_a_while,
    the_end_of_the_run_is_later_the_end_of_the_step_is_not)
