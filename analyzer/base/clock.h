#ifndef XR_CLOCK_H
#define XR_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "analyzer/base/arena.h"

int64_t xr_now_us(void);  /* monotonic, microseconds */
int64_t xr_wall_ms(void); /* since 1970, milliseconds */

/* "2026-11-21T20:00:00.000Z" (RFC 3339). */
const char *xr_rfc3339(struct xr_arena *arena, int64_t wall_ms);

/*
 * When a blocking call must give up: the step's own time, or the end of the
 * whole run, whichever comes first. Every wait polls it at least every
 * XR_TICK_MS, so that cancelling takes effect at once.
 */
enum { XR_TICK_MS = 100 };

struct xr_deadline {
    int64_t step_us, run_us;    /* on the scale of xr_now_us() */
    const atomic_bool *no_need; /* true: what is waited for is not wanted any more; NULL: it is */
};

enum xr_time_state {
    XR_TIME_LEFT,
    XR_TIME_STEP_PASSED,
    XR_TIME_RUN_PASSED,
    XR_TIME_CANCELLED, /* by xr_cancel() or no_need */
};

enum xr_time_state xr_time_state(struct xr_deadline deadline);

/* Milliseconds to wait before looking again: 0 to XR_TICK_MS; much less where another thread may
 * end the wait (no_need). */
int xr_tick_ms(struct xr_deadline deadline);

/* The same end of the run, but a step that ends ms from now at the latest. */
struct xr_deadline xr_deadline_within(struct xr_deadline deadline, int64_t ms);

/*
 * For what must not be left half done: the same deadline, but the end of the
 * run, and xr_cancel(), take effect XR_GRACE_MS later.
 */
enum { XR_GRACE_MS = 2000 };
struct xr_deadline xr_deadline_with_grace(struct xr_deadline deadline);

/* Ends every wait of the process, for good. Safe in a signal handler. */
void xr_cancel(void);
bool xr_cancelled(void);

#endif
