#include "probes/race.h"

#include <time.h>

void xr_race_init(struct xr_race *race)
{
    pthread_condattr_t attr;

    (void)pthread_mutex_init(&race->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* that of xr_now_us() */
    (void)pthread_cond_init(&race->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    race->head_start_us = xr_now_us() + XR_HEAD_START_MS * 1000;
    race->patience_us = xr_now_us() + XR_PATIENCE_MS * 1000;
    atomic_init(&race->no_need, false);
    for (int i = 0; i < XR_PLACES; i++)
        race->runners[i] = XR_RUNNER_OUT;
}

void xr_race_done(struct xr_race *race)
{
    (void)pthread_cond_destroy(&race->changed);
    (void)pthread_mutex_destroy(&race->lock);
}

void xr_race_enter(struct xr_race *race, enum xr_way way)
{
    race->runners[way] = XR_RUNNER_RUNNING;
}

/* Until something changes, or the head start ends, or patience. */
static void wait_for_change(struct xr_race *race)
{
    int64_t now_us = xr_now_us();
    int64_t until_us = now_us < race->head_start_us ? race->head_start_us : race->patience_us;
    struct timespec until = { until_us / 1000000, until_us % 1000000 * 1000 };

    if (now_us < until_us)
        (void)pthread_cond_timedwait(&race->changed, &race->lock, &until);
    else
        (void)pthread_cond_wait(&race->changed, &race->lock);
}

static bool has_better(const struct xr_race *race, enum xr_way way)
{
    int64_t now_us = xr_now_us();
    const bool counts[] = {
        [XR_RUNNER_RUNNING] = now_us < race->head_start_us,
        [XR_RUNNER_READY] = now_us < race->patience_us,
        [XR_RUNNER_OUT] = false,
    };

    for (int better = 0; better < (int)way; better++)
        if (counts[race->runners[better]])
            return true;
    return false;
}

bool xr_race_turn(struct xr_race *race, enum xr_way way)
{
    (void)pthread_mutex_lock(&race->lock);
    while (!atomic_load(&race->no_need) && has_better(race, way))
        wait_for_change(race);
    (void)pthread_mutex_unlock(&race->lock);
    return !atomic_load(&race->no_need);
}

void xr_race_ended(struct xr_race *race, enum xr_way way, bool ready)
{
    (void)pthread_mutex_lock(&race->lock);
    race->runners[way] = ready ? XR_RUNNER_READY : XR_RUNNER_OUT;
    (void)pthread_cond_broadcast(&race->changed);
    (void)pthread_mutex_unlock(&race->lock);
}

/* The best that is ready; while the head start lasts, only with nobody better on the way. */
static enum xr_way best(const struct xr_race *race, bool *ret_wait)
{
    bool head_start = xr_now_us() < race->head_start_us;

    *ret_wait = false;
    for (int i = 0; i < XR_PLACES; i++) {
        if (race->runners[i] == XR_RUNNER_READY && !(*ret_wait && head_start))
            return (enum xr_way)i;
        *ret_wait = *ret_wait || race->runners[i] != XR_RUNNER_OUT;
    }
    return XR_PLACES;
}

enum xr_way xr_race_next(struct xr_race *race)
{
    bool wait;

    (void)pthread_mutex_lock(&race->lock);
    enum xr_way way = best(race, &wait);
    while (way == XR_PLACES && wait) {
        wait_for_change(race);
        way = best(race, &wait);
    }
    (void)pthread_mutex_unlock(&race->lock);
    return way;
}

void xr_race_wait(struct xr_race *race, enum xr_way way)
{
    (void)pthread_mutex_lock(&race->lock);
    while (race->runners[way] == XR_RUNNER_RUNNING && xr_now_us() < race->head_start_us)
        wait_for_change(race);
    (void)pthread_mutex_unlock(&race->lock);
}

void xr_race_won(struct xr_race *race)
{
    (void)pthread_mutex_lock(&race->lock);
    atomic_store(&race->no_need, true);
    (void)pthread_cond_broadcast(&race->changed);
    (void)pthread_mutex_unlock(&race->lock);
}
