#include "analyzer/run/bulk.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/run/bulk_parts.h"

static const char *host_of(struct xr_arena *arena, const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;

    return host ? xr_strndup(arena, host + 3, strcspn(host + 3, "/:")) : NULL;
}

/* What is not the same for all of them has no place in a remedy for all of them. */
static struct xr_check_slots slots_of(const struct state *state)
{
    const struct xr_org *org = state->bulk->org;
    const char *url = state->lane_n ? state->lanes[0]->group->ews_url : NULL;

    for (size_t i = 1; i < state->lane_n && url; i++)
        if (!xr_same(url, state->lanes[i]->group->ews_url))
            url = NULL;
    return (struct xr_check_slots){
        .account = org->account,
        .ews_url = url,
        .host = host_of(state->arena, url),
        .domain = org->domains[0] && !org->domains[1] ? org->domains[0] : NULL,
        .folder = org->folder ? org->folder : "inbox",
        .group = org->group_kind == XR_GROUP_SECURITY ? "RISG" : "RIAG",
    };
}

static const struct xr_check_group *groups_of(struct state *state)
{
    struct xr_check_group *first = NULL, **end = &first;

    for (size_t i = 0; i < state->lane_n; i++) {
        if (!state->lanes[i]->group->users) /* none of them was drawn, or all are settled */
            continue;
        *end = state->lanes[i]->group;
        end = &(*end)->next;
    }
    return first;
}

static const struct xr_store_err *sum_up(
    struct state *state, int64_t started_us, struct xr_check *ret)
{
    const struct xr_bulk *bulk = state->bulk;

    *ret = (struct xr_check){
        .arena = state->arena,
        .tool_version = EXRAY_VERSION,
        .organization = bulk->org->name,
        .access_type = xr_org_access_name(bulk->org->access),
        .account = bulk->org->account,
        .slots = slots_of(state),
        .started_wall_ms = state->started_wall_ms,
        .elapsed_us = xr_now_us() - started_us,
        .end = atomic_load(&state->stop) ? state->end : XR_CHECK_FINISHED,
        .groups = groups_of(state),
        .remarks = xr_lint_org(state->arena, bulk->org),
        .bulk_us = state->bulk_us,
        .fresh = state->asked,
        .candidate = bulk->candidate,
        .options = bulk->options,
        .requests = state->requests,
        .back_offs = state->back_offs,
        .jobs = bulk->jobs,
    };
    const struct xr_store_err *err =
        xr_store_check_sums(bulk->store, state->arena, state->check, ret);
    if (err || ret->end != XR_CHECK_FINISHED)
        return err;
    err = xr_store_check_end(bulk->store, state->arena, state->check);
    if (!err || err->fault != XR_STORE_STALE)
        return err;
    ret->end = XR_CHECK_CHANGED; /* a new password took some results away */
    return NULL;
}

static struct batch *batch_new(void)
{
    struct batch *batch = calloc(1, sizeof(*batch));

    if (!batch)
        abort();
    batch->arena = xr_arena_new();
    return batch;
}

static void batch_free(struct batch *batch)
{
    xr_arena_free(batch->arena);
    free(batch);
}

static void state_init(struct state *state, const struct xr_bulk *bulk)
{
    *state = (struct state){
        .bulk = bulk, .arena = bulk->arena, .filling = batch_new(), .spare = batch_new()
    };
    (void)pthread_mutex_init(&state->lock, NULL);
    (void)pthread_mutex_init(&state->store_lock, NULL);
    (void)pthread_cond_init(&state->written, NULL);
    (void)pthread_cond_init(&state->let_go, NULL);
}

static void nothing(void *lane)
{
    (void)lane; /* the arena's */
}

static void state_done(struct state *state)
{
    tdestroy(state->lane_tree, nothing);
    batch_free(state->filling);
    batch_free(state->spare);
    for (size_t i = 0; i < state->lane_n; i++)
        xr_secret_done(&state->lanes[i]->own);
    free(state->lanes);
    (void)pthread_mutex_destroy(&state->lock);
    (void)pthread_mutex_destroy(&state->store_lock);
    (void)pthread_cond_destroy(&state->written);
    (void)pthread_cond_destroy(&state->let_go);
}

static const struct xr_store_err *announce(struct state *state)
{
    const struct xr_bulk_listener *listener = state->bulk->listener;
    struct xr_check so_far = { 0 };
    int64_t done = 0;

    if (!listener || !listener->begun)
        return NULL;
    const struct xr_store_err *err =
        xr_store_check_sums(state->bulk->store, state->arena, state->check, &so_far);
    for (int i = 0; i < XR_STATUS_COUNT; i++)
        done += so_far.summary[i];
    if (!err)
        listener->begun(listener->arg, so_far.selected, done);
    return err;
}

static enum xr_bulk_outcome run(struct state *state, const struct xr_bulk_choice *choice,
    struct xr_check *ret, const char **ret_text)
{
    int64_t started_us = xr_now_us();
    enum xr_bulk_outcome outcome = xr_bulk_select(state, choice, ret_text);
    const struct xr_store_err *err = NULL;

    xr_bulk_flush(state);
    if (outcome != XR_BULK_DONE || state->store_err)
        return state->store_err ? XR_BULK_STORE_ERROR : outcome;
    err = announce(state);
    for (size_t i = 0; i < state->lane_n && !atomic_load(&state->stop) && !err; i++)
        xr_bulk_run_lane(state, state->lanes[i]);
    xr_bulk_flush(state);
    if (!err && !state->store_err)
        err = sum_up(state, started_us, ret);
    if (err)
        xr_bulk_store_failed(state, err);
    return state->store_err ? XR_BULK_STORE_ERROR : XR_BULK_DONE;
}

enum xr_bulk_outcome xr_bulk_run(const struct xr_bulk *bulk, const struct xr_bulk_choice *choice,
    struct xr_check *ret, int64_t *ret_check, const char **ret_text,
    const struct xr_store_err **ret_err)
{
    __attribute__((cleanup(state_done))) struct state state;
    struct xr_check_lock *lock = NULL;

    state_init(&state, bulk);
    *ret_err = xr_store_check_lock(bulk->store, bulk->arena, bulk->org->id, &lock);
    if (*ret_err)
        return XR_BULK_STORE_ERROR;
    enum xr_bulk_outcome outcome = run(&state, choice, ret, ret_text);
    xr_store_check_unlock(lock);
    *ret_check = state.check;
    *ret_err = state.store_err;
    return outcome;
}
