#include <string.h>
#include <time.h>

#include "analyzer/base/text.h"
#include "analyzer/run/bulk_parts.h"

enum {
    PAUSES_MAX = 8, /* in a row, without an answer in between */
    PAUSE_LONGEST_MS = 10 * 60 * 1000,
    WRITE_AFTER_US = 20 * 1000,
    PAUSE_FIRST_MS = 1000, /* where the server does not say how long; doubled each time */
};

static const char *copy(struct xr_arena *arena, const char *text)
{
    return text ? xr_strdup(arena, text) : NULL;
}

static struct xr_check_user kept(struct xr_arena *arena, const struct xr_check_user *user)
{
    struct xr_check_user kept = *user;

    kept.email = copy(arena, user->email);
    kept.code = copy(arena, user->code);
    kept.message = copy(arena, user->message);
    kept.account = copy(arena, user->account);
    kept.host = copy(arena, user->host);
    kept.primary_smtp_address = copy(arena, user->primary_smtp_address);
    kept.server = copy(arena, user->server);
    return kept; /* finding and step are constants of the catalogue and the probes */
}

void xr_bulk_stop(struct state *state, enum xr_check_end end)
{
    (void)pthread_mutex_lock(&state->lock);
    if (!atomic_exchange(&state->stop, true))
        state->end = end;
    (void)pthread_mutex_unlock(&state->lock);
}

void xr_bulk_store_failed(struct state *state, const struct xr_store_err *err)
{
    (void)pthread_mutex_lock(&state->lock);
    if (!state->store_err) {
        struct xr_store_err *kept_err = xr_new(state->arena, struct xr_store_err);
        *kept_err = (struct xr_store_err){ err->fault, xr_strdup(state->arena, err->text) };
        state->store_err = kept_err;
    }
    (void)pthread_mutex_unlock(&state->lock);
    xr_bulk_stop(state, XR_CHECK_CANCELLED);
}

/* Called without any lock held. */
static void write_batch(struct state *state, struct batch *batch)
{
    (void)pthread_mutex_lock(&state->store_lock);
    const struct xr_store_err *err = xr_store_check_results(
        state->bulk->store, batch->arena, state->check, batch->ids, batch->users, batch->n);
    (void)pthread_mutex_unlock(&state->store_lock);
    if (err)
        xr_bulk_store_failed(state, err);
    xr_arena_free(batch->arena);
    batch->arena = xr_arena_new();
    batch->n = 0;
}

/* Takes what is there to the store; others go on recording meanwhile. Called and ends with the
 * lock held. */
static void write_what_is_there(struct state *state)
{
    struct batch *batch = state->filling;

    state->filling = state->spare;
    state->spare = NULL;
    state->writing_n = batch->n;
    (void)pthread_mutex_unlock(&state->lock);
    write_batch(state, batch);
    (void)pthread_mutex_lock(&state->lock);
    state->spare = batch;
    state->writing_n = 0;
    state->written_us = xr_now_us();
    (void)pthread_cond_broadcast(&state->written);
}

static bool is_time_to_write(const struct state *state)
{
    return state->filling->n >= (size_t)state->bulk->jobs * 3 / 4 ||
           xr_now_us() - state->written_us > WRITE_AFTER_US;
}

/* Results that come fast share a commit. No more than there are jobs are waiting for theirs, who
 * adds one more waits with it: when the process is killed, at most twice as many users as there are
 * jobs are asked again. */
void xr_bulk_record(struct state *state, int64_t user_id, const struct xr_check_user *user)
{
    const struct xr_bulk_listener *listener = state->bulk->listener;

    (void)pthread_mutex_lock(&state->lock);
    struct batch *batch = state->filling;
    batch->users[batch->n] = kept(batch->arena, user);
    batch->ids[batch->n++] = user_id;
    if (listener && listener->user_done)
        listener->user_done(listener->arg, user);
    while (!state->spare && state->writing_n + state->filling->n >= (size_t)state->bulk->jobs)
        (void)pthread_cond_wait(&state->written, &state->lock);
    if (state->spare && is_time_to_write(state))
        write_what_is_there(state);
    (void)pthread_mutex_unlock(&state->lock);
}

void xr_bulk_flush(struct state *state)
{
    (void)pthread_mutex_lock(&state->lock);
    while (!state->spare)
        (void)pthread_cond_wait(&state->written, &state->lock);
    if (state->filling->n)
        write_what_is_there(state);
    (void)pthread_mutex_unlock(&state->lock);
}

static bool is_over(struct state *state)
{
    enum xr_time_state time = xr_time_state(
        (struct xr_deadline){ state->bulk->deadline.run_us, state->bulk->deadline.run_us, NULL });

    if (time != XR_TIME_LEFT)
        xr_bulk_stop(state, time == XR_TIME_CANCELLED ? XR_CHECK_CANCELLED : XR_CHECK_TIMEOUT);
    return atomic_load(&state->stop);
}

bool xr_bulk_may_go_on(struct state *state)
{
    while (!is_over(state)) {
        int64_t left_us = atomic_load(&state->pause_until_us) - xr_now_us();
        if (left_us <= 0)
            return true;
        int64_t tick_us = left_us < XR_TICK_MS * 1000 ? left_us : XR_TICK_MS * 1000;
        (void)nanosleep(&(struct timespec){ 0, tick_us * 1000 }, NULL);
    }
    return false;
}

void xr_bulk_pause(struct state *state, int64_t ms)
{
    atomic_store(&state->pause_until_us, xr_now_us() + ms * 1000);
}

/* Several that were under way may be told the same: that is one pause. */
void xr_bulk_throttled(struct state *state, int64_t back_off_ms)
{
    const struct xr_bulk_listener *listener = state->bulk->listener;
    int64_t now = xr_now_us();
    bool too_much;

    (void)pthread_mutex_lock(&state->lock);
    state->back_offs++;
    bool fresh = atomic_load(&state->pause_until_us) <= now;
    int64_t times = atomic_load(&state->pauses_in_a_row) + fresh;
    int64_t ms = back_off_ms ? back_off_ms : PAUSE_FIRST_MS << times;
    too_much = times > PAUSES_MAX || ms > PAUSE_LONGEST_MS;
    atomic_store(&state->pauses_in_a_row, times);
    if (!too_much && atomic_load(&state->pause_until_us) < now + ms * 1000)
        atomic_store(&state->pause_until_us, now + ms * 1000);
    if (!too_much && fresh && listener && listener->pausing)
        listener->pausing(listener->arg, ms);
    (void)pthread_mutex_unlock(&state->lock);
    if (too_much)
        xr_bulk_stop(state, XR_CHECK_THROTTLED);
}

void xr_bulk_answered(struct state *state, int64_t requests)
{
    (void)atomic_fetch_add(&state->requests, requests);
    (void)atomic_fetch_add(&state->asked, 1);
    atomic_store(&state->pauses_in_a_row, 0);
}

/* Called with the lock. NULL: nobody has it. */
static const char **claim_of(struct state *state, const char *account)
{
    for (size_t i = 0; i < XR_JOBS_MAX; i++)
        if (state->claimed[i] && xr_same_account(state->claimed[i], account))
            return &state->claimed[i];
    return NULL;
}

void xr_bulk_claim(struct state *state, const char *account)
{
    size_t free = 0;

    (void)pthread_mutex_lock(&state->lock);
    while (claim_of(state, account))
        (void)pthread_cond_wait(&state->let_go, &state->lock);
    while (state->claimed[free]) /* there is a place for every job */
        free++;
    state->claimed[free] = account;
    (void)pthread_mutex_unlock(&state->lock);
}

void xr_bulk_let_go(struct state *state, const char *account)
{
    (void)pthread_mutex_lock(&state->lock);
    *claim_of(state, account) = NULL;
    (void)pthread_cond_broadcast(&state->let_go);
    (void)pthread_mutex_unlock(&state->lock);
}

const struct refused *xr_bulk_refused(struct state *state, const char *account)
{
    const struct refused *at = atomic_load(&state->refused);

    while (at && !xr_same_account(at->account, account))
        at = at->next;
    return at;
}

void xr_bulk_note_refused(
    struct state *state, const char *account, const struct xr_check_user *user)
{
    (void)pthread_mutex_lock(&state->lock);
    struct refused *refused = xr_new(state->arena, struct refused);
    *refused = (struct refused){ atomic_load(&state->refused), xr_strdup(state->arena, account),
        xr_strdup(state->arena, user->finding), xr_strdup(state->arena, user->step) };
    atomic_store(&state->refused, refused);
    (void)pthread_mutex_unlock(&state->lock);
}
