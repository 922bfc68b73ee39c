#include <stdlib.h>
#include <string.h>

#include "analyzer/base/pool.h"
#include "analyzer/base/text.h"
#include "analyzer/run/bulk_parts.h"
#include "probes/ews_call.h"
#include "probes/legs.h"

enum {
    EXCHANGE_2010 = 14,
    LOOKS_MAX = 3,       /* at a server that does not answer, before its users are given up */
    LOOKS_MAX_LATER = 4, /* at one that did answer before: each pause twice as long */
    LOOK_AGAIN_MS = 1000,
    LOST_MAX = 8, /* in a row, before the server itself is looked at again */
};

/* A lane at work. */
struct feed {
    struct state *state;
    const struct lane *lane;
    const struct start *start;
    struct xr_http *first; /* the connection that showed the way: for the first worker */
    struct queue *queue;
    atomic_int lost; /* users in a row whom the server did not answer */
};

static const char *copy(struct xr_arena *arena, const char *text)
{
    return text ? xr_strdup(arena, text) : NULL;
}

/* For what outlives his turn. */
static struct xr_user kept_user(struct xr_arena *arena, const struct xr_user *user)
{
    struct xr_user kept = *user;

    kept.email = copy(arena, user->email);
    kept.uid = copy(arena, user->uid);
    kept.user_name = copy(arena, user->user_name);
    kept.account = copy(arena, user->account);
    kept.ews_url = copy(arena, user->ews_url);
    return kept;
}

static struct xr_check_user known_to_be_refused(struct xr_arena *arena,
    const struct refused *refused, const struct xr_user *user, const char *account)
{
    struct xr_check_user result = xr_bulk_not_asked(user, XR_ERROR, refused->finding, refused->step,
        xr_printf(arena, "Not tried: %s was refused already, and one wrong password is enough.",
            account));

    result.account = account;
    return result;
}

/* A mailbox that opens may still stand in the list by mistake. */
static void add_remark(const struct state *state, struct xr_arena *arena,
    const struct xr_user *user, struct xr_check_user *result)
{
    const struct xr_remark *remark =
        result->status == XR_SUCCESS ? xr_lint_user(arena, state->bulk->org, user) : NULL;

    if (!remark)
        return;
    result->status = remark->status;
    result->finding = xr_finding_kind(remark->code)->id;
    result->step = "input";
    result->message = remark->message;
    result->steps[0] = 'w';
}

/* Trust that was ignored has shown nothing: the best that can be said is a warning. */
static void temper(const struct state *state, struct xr_check_user *result)
{
    if (!state->bulk->form->ignore_trust || result->status != XR_SUCCESS)
        return;
    result->status = XR_WARNING;
    result->finding = xr_finding_kind(XR_FINDING_TLS_TRUST_IGNORED)->id;
    result->step = "ssl-trust";
    result->message = "Reached, but whether the server is the right one was not verified.";
}

/* What is known of a refusal must outlive the process: who goes on later must not try again. */
static void record_answer(struct feed *feed, struct xr_arena *arena, const struct xr_user *user,
    const char *account, struct outcome *outcome)
{
    struct state *state = feed->state;

    if (outcome->refused)
        xr_bulk_note_refused(state, account, &outcome->user);
    add_remark(state, arena, user, &outcome->user);
    temper(state, &outcome->user);
    xr_bulk_record(state, user->id, &outcome->user);
    if (outcome->refused)
        xr_bulk_flush(state);
}

/* As often as the server asks us to wait. */
static void ask_user(struct feed *feed, struct xr_arena *arena, const struct taken *taken,
    const char *account, struct xr_http **http)
{
    const struct xr_user *user = taken->user;
    struct state *state = feed->state;
    struct xr_effective effective = xr_effective(state->bulk->org, user);
    struct outcome outcome;

    while (xr_bulk_may_go_on(state)) {
        const struct refused *refused = xr_bulk_refused(state, account);
        if (refused) {
            outcome.user = known_to_be_refused(arena, refused, user, account);
            xr_bulk_record(state, user->id, &outcome.user);
            return;
        }
        xr_bulk_mailbox(state, feed->start, arena, taken, &effective, http, &outcome);
        if (outcome.interrupted)
            continue; /* may_go_on knows why */
        if (outcome.throttled && !outcome.unclear) {
            xr_bulk_throttled(state, outcome.back_off_ms);
            continue;
        }
        atomic_store(&feed->lost, outcome.lost ? atomic_load(&feed->lost) + 1 : 0);
        record_answer(feed, arena, user, account, &outcome);
        return;
    }
}

static void check_user(
    struct feed *feed, struct xr_arena *arena, const struct taken *taken, struct xr_http **http)
{
    const struct xr_user *user = taken->user;
    struct xr_effective effective = xr_effective(feed->state->bulk->org, user);
    const char *account = effective.account.value ? effective.account.value : user->email;

    if (!feed->lane->impersonates)
        xr_bulk_claim(feed->state, account);
    ask_user(feed, arena, taken, account, http);
    if (!feed->lane->impersonates)
        xr_bulk_let_go(feed->state, account);
}

static bool goes_on(const struct feed *feed)
{
    return !atomic_load(&feed->state->stop) && atomic_load(&feed->lost) < LOST_MAX;
}

static void work(void *arg, size_t i)
{
    struct feed *feed = arg;
    struct xr_arena *arena = xr_arena_new();
    struct xr_http *http = i ? NULL : feed->first;
    struct taken taken;

    while (goes_on(feed) && xr_bulk_take(feed->queue, &taken)) {
        check_user(feed, arena, &taken, &http);
        xr_bulk_give_back(&taken);
        xr_arena_clear(arena);
    }
    xr_http_free(http);
    xr_arena_free(arena);
}

/* Nobody of the lane can be reached, for one and the same reason. */
static void tell_all(struct feed *feed, const struct xr_check_user *why)
{
    struct taken taken;

    while (!atomic_load(&feed->state->stop) && xr_bulk_take(feed->queue, &taken)) {
        struct xr_check_user result = *why;
        result.email = taken.user->email;
        result.primary_smtp_address = result.server = NULL;
        result.elapsed_us = 0;
        xr_bulk_record(feed->state, taken.user->id, &result);
        xr_bulk_give_back(&taken);
    }
}

/* What the lane's exploration says about all of its users. */
static void describe(struct state *state, const struct lane *lane, const struct start *start,
    const struct outcome *outcome)
{
    struct xr_check_group *group = lane->group;
    const struct xr_facts *facts = &start->run.facts;
    struct xr_arena *arena = state->arena;

    group->ews_url = copy(arena, facts->ews_url);
    group->ews_url_from = copy(arena, facts->ews_url_from);
    group->server_product = copy(arena, facts->server_product);
    group->server_version = copy(arena, facts->server_version);
    group->auth_scheme = copy(arena, facts->auth_scheme);
    group->certificate_expires_ms = facts->certificate_expires_ms;
    const char *ended = xr_ews_support_ended(start->arena, facts);
    bool is_old = !outcome->lane_finding && start->known && ended;
    group->finding =
        is_old ? xr_finding_kind(XR_FINDING_EWS_SERVER_OUT_OF_SUPPORT)->id : outcome->lane_finding;
    group->status = is_old ? XR_WARNING : outcome->lane_status;
    group->message = copy(arena, is_old ? ended : outcome->lane_message);
}

enum found {
    FOUND_WAY,     /* the others can be checked side by side */
    FOUND_BLOCKED, /* what stopped this one stops them all */
    FOUND_NOTHING, /* it was about this user alone: the next may know more */
    FOUND_END,     /* nobody is left, or the check is over */
};

/* The first users of a lane show the way, one after the other until it is known. */
static enum found explore_user(
    struct feed *feed, struct start *start, const struct xr_user *user, struct outcome *ret)
{
    struct state *state = feed->state;
    struct xr_effective effective = xr_effective(state->bulk->org, user);
    const char *account = effective.account.value ? effective.account.value : user->email;

    for (int looks = 1; xr_bulk_may_go_on(state);) {
        const struct refused *refused = xr_bulk_refused(state, account);
        if (refused) {
            ret->user = known_to_be_refused(start->arena, refused, user, account);
            xr_bulk_record(state, user->id, &ret->user);
            return FOUND_NOTHING;
        }
        xr_bulk_explore(state, start, user, &effective, ret);
        if (ret->interrupted)
            continue;
        if (ret->throttled && !start->known &&
            ret->unclear) /* who is busy may count all the same */
            xr_bulk_stop(state, XR_CHECK_THROTTLED);
        else if (ret->throttled)
            xr_bulk_throttled(state, ret->back_off_ms);
        if (ret->throttled)
            continue;
        if (!start->known && ret->passing && looks < (feed->start ? LOOKS_MAX_LATER : LOOKS_MAX)) {
            xr_bulk_pause(state, feed->start ? LOOK_AGAIN_MS << looks : LOOK_AGAIN_MS);
            looks++;
            continue;
        }
        record_answer(feed, start->arena, user, account, ret);
        describe(state, feed->lane, start, ret);
        if (start->known)
            return FOUND_WAY;
        return ret->about_user ? FOUND_NOTHING : FOUND_BLOCKED;
    }
    return FOUND_END;
}

static enum found explore(struct feed *feed, struct start *start, struct outcome *ret)
{
    for (;;) {
        enum found found = FOUND_END;
        struct taken taken;
        *start = (struct start){ .arena = xr_arena_new() };
        if (xr_bulk_take(feed->queue, &taken)) {
            struct xr_user user = kept_user(start->arena, taken.user);
            xr_bulk_give_back(&taken);
            found = explore_user(feed, start, &user, ret);
        }
        if (found != FOUND_NOTHING)
            return found;
        xr_bulk_start_done(start);
    }
}

static size_t jobs_for(const struct state *state, const struct start *start)
{
    const char *version = start->run.facts.server_version;
    int jobs = state->bulk->jobs;
    bool is_2010 = version && strtol(version, NULL, 10) == EXCHANGE_2010;

    return (size_t)(is_2010 && jobs > XR_JOBS_MAX_2010 ? XR_JOBS_MAX_2010 : jobs);
}

static void check_side_by_side(struct feed *feed, struct start *start)
{
    int64_t began = xr_now_us();
    size_t jobs = jobs_for(feed->state, start);

    struct xr_leg *leg = start->ctx.ews_leg;
    feed->first = feed->lane->impersonates ? leg->http : NULL;
    if (!feed->first)
        xr_http_free(leg->http);
    leg->http = NULL;
    feed->start = start;
    atomic_store(&feed->lost, 0);
    struct settings *settings = xr_bulk_settings_new(feed->state, start);
    xr_bulk_queue_ask(feed->queue, settings);
    xr_pool_run(jobs, jobs, work, feed);
    xr_bulk_queue_ask(feed->queue, NULL);
    xr_bulk_settings_free(settings);
    feed->state->bulk_us += xr_now_us() - began;
}

/* A server that went away in the middle is looked at again, and given up only then. */
void xr_bulk_run_lane(struct state *state, const struct lane *lane)
{
    struct feed feed = {
        .state = state, .lane = lane, .queue = xr_bulk_queue_new(state, lane->number)
    };
    enum found found = FOUND_WAY;

    while (found == FOUND_WAY) {
        struct outcome outcome = { 0 };
        struct start start;
        found = explore(&feed, &start, &outcome);
        if (found == FOUND_WAY)
            check_side_by_side(&feed, &start);
        if (found == FOUND_BLOCKED)
            tell_all(&feed, &outcome.user);
        xr_bulk_start_done(&start);
    }
    xr_bulk_queue_free(feed.queue);
}
