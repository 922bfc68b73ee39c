#include "analyzer/base/clock.h"

#include <time.h>

enum { SHORT_TICK_MS = 5 };

static _Atomic int64_t cancelled_us; /* when; 0: not */

/* As no_need: cancelling does not end the wait at once. Only its address counts. */
static const atomic_bool grace;

int64_t xr_now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t xr_wall_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *xr_rfc3339(struct xr_arena *arena, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc = { 0 };

    (void)gmtime_r(&seconds, &utc);
    return xr_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
        utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(wall_ms % 1000));
}

static bool is_cancelled(struct xr_deadline deadline)
{
    if (deadline.no_need == &grace)
        return xr_cancelled() &&
               xr_now_us() >= atomic_load(&cancelled_us) + (int64_t)XR_GRACE_MS * 1000;
    return xr_cancelled() || (deadline.no_need && atomic_load(deadline.no_need));
}

enum xr_time_state xr_time_state(struct xr_deadline deadline)
{
    int64_t now = xr_now_us();

    if (is_cancelled(deadline))
        return XR_TIME_CANCELLED;
    if (now >= deadline.run_us)
        return XR_TIME_RUN_PASSED;
    return now >= deadline.step_us ? XR_TIME_STEP_PASSED : XR_TIME_LEFT;
}

int xr_tick_ms(struct xr_deadline deadline)
{
    int64_t end = deadline.step_us < deadline.run_us ? deadline.step_us : deadline.run_us;
    int64_t left_ms = (end - xr_now_us() + 999) / 1000;

    int tick_ms = deadline.no_need ? SHORT_TICK_MS : XR_TICK_MS;

    if (left_ms < 0 || is_cancelled(deadline))
        return 0;
    return left_ms < tick_ms ? (int)left_ms : tick_ms;
}

struct xr_deadline xr_deadline_within(struct xr_deadline deadline, int64_t ms)
{
    int64_t step_us = xr_now_us() + ms * 1000;

    return (struct xr_deadline){ step_us, deadline.run_us, deadline.no_need };
}

struct xr_deadline xr_deadline_with_grace(struct xr_deadline deadline)
{
    int64_t run_us = deadline.run_us + (int64_t)XR_GRACE_MS * 1000;

    return (struct xr_deadline){ deadline.step_us, run_us, &grace };
}

void xr_cancel(void)
{
    int64_t not_yet = 0;

    (void)atomic_compare_exchange_strong(&cancelled_us, &not_yet, xr_now_us());
}

bool xr_cancelled(void)
{
    return atomic_load(&cancelled_us) != 0;
}
