#ifndef XR_RACE_H
#define XR_RACE_H

#include <pthread.h>
#include <stdatomic.h>

#include "analyzer/base/clock.h"
#include "analyzer/model/target.h"

/*
 * Whose turn is it? Several ways to one goal start side by side; each has a rank, the first is the
 * best. A way of lower rank may go on only when all better ones are out, or have had a head start;
 * as soon as one has won, nobody needs the others.
 */
enum {
    XR_HEAD_START_MS = 300, /* for one that is under way */
    XR_PATIENCE_MS = 1300,  /* with one that is ready, and so may win at any moment */
};

struct xr_race {
    pthread_mutex_t lock; /* of all that follows but no_need */
    pthread_cond_t changed;
    int64_t head_start_us, patience_us; /* end then, on the scale of xr_now_us() */
    enum { XR_RUNNER_RUNNING, XR_RUNNER_READY, XR_RUNNER_OUT } runners[XR_PLACES];
    atomic_bool no_need; /* for struct xr_deadline: somebody has won */
};

void xr_race_init(struct xr_race *race); /* nobody is in it yet */
void xr_race_done(struct xr_race *race);
void xr_race_enter(struct xr_race *race, enum xr_way way); /* before the threads start */

/* For a runner: blocks until it may go on: nobody better is on the way with a head start, nor ready
 * while patience lasts. false: nobody needs it any more. */
bool xr_race_turn(struct xr_race *race, enum xr_way way);
/* A runner has done its part: it is ready for the last step, or out. */
void xr_race_ended(struct xr_race *race, enum xr_way way, bool ready);

/* For who takes the last step: blocks until one is ready whose turn it is. XR_PLACES: all are out.
 */
enum xr_way xr_race_next(struct xr_race *race);
/* Until this one is out, but no longer than the head start. */
void xr_race_wait(struct xr_race *race, enum xr_way way);
void xr_race_won(struct xr_race *race);

#endif
