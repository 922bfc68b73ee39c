#include "analyzer/commands/progress.h"

#include <stdio.h>

#include "analyzer/base/clock.h"

enum { REDRAW_US = 200 * 1000, US = 1000 * 1000 };

/* "1:02:03" or "2:03" */
static void print_duration(int64_t seconds)
{
    if (seconds >= 3600)
        (void)fprintf(stderr, "%lld:%02d:", (long long)(seconds / 3600), (int)(seconds / 60 % 60));
    else
        (void)fprintf(stderr, "%d:", (int)(seconds / 60));
    (void)fprintf(stderr, "%02d", (int)(seconds % 60));
}

static void draw(struct xr_progress *progress)
{
    int64_t now = xr_now_us();
    int64_t done_now = progress->done - progress->began_done;
    double seconds = (double)(now - progress->began_us) / US;
    double rate = seconds > 0 ? (double)done_now / seconds : 0;

    progress->drawn_us = now;
    (void)fprintf(stderr, "\r\x1b[K%lld of %lld users, %lld failed", (long long)progress->done,
        (long long)progress->selected, (long long)progress->failed);
    if (rate > 0) {
        (void)fprintf(stderr, ", %.0f/s, ", rate);
        print_duration((int64_t)((double)(progress->selected - progress->done) / rate));
        (void)fputs(" left", stderr);
    }
    (void)fflush(stderr);
}

void xr_progress_begin(struct xr_progress *progress, int64_t selected, int64_t done)
{
    progress->selected = selected;
    progress->done = progress->began_done = done;
    progress->began_us = xr_now_us();
    if (progress->shown)
        draw(progress);
}

void xr_progress_user(struct xr_progress *progress, bool failed)
{
    progress->done++;
    progress->failed += failed;
    if (progress->shown && xr_now_us() - progress->drawn_us >= REDRAW_US)
        draw(progress);
}

void xr_progress_pause(struct xr_progress *progress, int64_t ms)
{
    if (progress->shown)
        (void)fprintf(stderr, "\r\x1b[KThe server asks to wait: going on in %lld s.",
            (long long)((ms + 999) / 1000));
    (void)fflush(stderr);
}

void xr_progress_end(struct xr_progress *progress)
{
    if (progress->shown)
        (void)fputs("\r\x1b[K", stderr);
    (void)fflush(stderr);
}
