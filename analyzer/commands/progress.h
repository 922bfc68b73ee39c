#ifndef XR_PROGRESS_H
#define XR_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* One line on standard error that is overwritten: for people who wait, never for a file. */
struct xr_progress {
    bool shown; /* standard error is a terminal, and people want it */
    int64_t selected, done, failed;
    int64_t began_us, began_done, drawn_us;
};

void xr_progress_begin(struct xr_progress *progress, int64_t selected, int64_t done);
void xr_progress_user(struct xr_progress *progress, bool failed);
void xr_progress_pause(struct xr_progress *progress, int64_t ms);
void xr_progress_end(struct xr_progress *progress); /* takes the line away */

#endif
