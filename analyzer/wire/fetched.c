#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/revocation_parts.h"

/* One address that was asked, and what came of it. Once "done" nothing in it changes. */
struct entry {
    struct entry *next;
    struct xr_arena *arena;
    const char *key;
    struct xr_answer answer;
    const struct xr_err *err;
    bool done;
};

struct xr_fetched {
    pthread_mutex_t lock;
    pthread_cond_t some_done;
    struct entry *entries;
    size_t n, bytes;
};

struct xr_fetched *xr_fetched_new(void)
{
    struct xr_fetched *fetched = calloc(1, sizeof(*fetched));
    pthread_condattr_t attributes;

    if (!fetched)
        abort();
    (void)pthread_mutex_init(&fetched->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&fetched->some_done, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return fetched;
}

void xr_fetched_free(struct xr_fetched *fetched)
{
    if (!fetched)
        return;
    for (struct entry *entry = fetched->entries, *next; entry; entry = next) {
        next = entry->next;
        xr_arena_free(entry->arena);
    }
    (void)pthread_cond_destroy(&fetched->some_done);
    (void)pthread_mutex_destroy(&fetched->lock);
    free(fetched);
}

static const char *key_of(struct xr_arena *arena, const struct xr_fetch *fetch, const char *about)
{
    const char *class = fetch->tested_address ? xr_fetch_class(fetch->tested_address) : NULL;

    return xr_printf(arena, "%s %zu %s %s", class ? class : "", fetch->max, about, fetch->url);
}

static struct entry *find(const struct xr_fetched *fetched, const char *key)
{
    struct entry *entry = fetched->entries;

    while (entry && strcmp(entry->key, key))
        entry = entry->next;
    return entry;
}

static struct entry *add(struct xr_fetched *fetched, const char *key)
{
    struct xr_arena *arena = xr_arena_new();
    struct entry *entry = xr_new(arena, struct entry);

    *entry = (struct entry){ .next = fetched->entries, .arena = arena };
    entry->key = xr_strdup(arena, key);
    fetched->entries = entry;
    fetched->n++;
    return entry;
}

static struct xr_der copy(struct xr_arena *arena, struct xr_der der)
{
    unsigned char *bytes = xr_alloc(arena, der.length + 1);

    if (der.length)
        memcpy(bytes, der.bytes, der.length);
    return (struct xr_der){ bytes, der.length };
}

/* xr_deadline_within() begins a new step; this one may not outlast the step that asks. */
struct xr_deadline xr_deadline_part(struct xr_deadline deadline, size_t parts, int64_t most_ms)
{
    int64_t until_us = deadline.step_us < deadline.run_us ? deadline.step_us : deadline.run_us;
    int64_t left_ms = (until_us - xr_now_us()) / 1000 / (int64_t)parts;

    if (most_ms && left_ms > most_ms)
        left_ms = most_ms;
    struct xr_deadline ret = xr_deadline_within(deadline, left_ms > 0 ? left_ms : 0);
    return ret.step_us < deadline.step_us ? ret : deadline;
}

void xr_asked_add(struct xr_asked *asked, const char *url)
{
    for (size_t i = 0; i < XR_ASKED_MAX; i++) {
        if (asked->urls[i] && strcmp(asked->urls[i], url))
            continue;
        asked->urls[i] = url;
        return;
    }
}

/* Called without the lock: others go on meanwhile, and nobody but us touches an entry that is not
 * done. */
static void fill(
    struct entry *entry, const struct xr_inquiry *inquiry, const struct xr_fetch *fetch)
{
    entry->answer.request = copy(entry->arena, fetch->body);
    entry->err = xr_fetch(entry->arena, inquiry->net, fetch,
        xr_deadline_part(inquiry->deadline, 1, XR_FETCH_MS), &entry->answer.body);
}

static void wait_a_tick(struct xr_fetched *fetched, struct xr_deadline deadline)
{
    int64_t until_us = xr_now_us() + xr_tick_ms(deadline) * 1000LL;
    struct timespec until = { until_us / 1000000, until_us % 1000000 * 1000 };

    (void)pthread_cond_timedwait(&fetched->some_done, &fetched->lock, &until);
}

static const struct xr_err *wait_for(struct xr_arena *arena, struct xr_fetched *fetched,
    const struct entry *entry, const struct xr_fetch *fetch, struct xr_deadline deadline)
{
    while (!entry->done) {
        if (xr_time_state(deadline) != XR_TIME_LEFT)
            return xr_err(arena, XR_FAULT_HTTP_TIMEOUT, 0, "%s: no answer came in time",
                xr_excerpt(arena, fetch->url, XR_QUOTED_MAX));
        wait_a_tick(fetched, deadline);
    }
    return entry->err;
}

static bool is_full(const struct xr_fetched *fetched, const struct xr_fetch *fetch)
{
    return fetched->n >= XR_FETCHED_MAX || fetched->bytes + fetch->max > XR_FETCHED_BYTES_MAX;
}

/* Another asker has another deadline: that ours passed says nothing to him. */
static bool is_worth_keeping(const struct xr_err *err)
{
    return !err || (err->fault != XR_FAULT_HTTP_TIMEOUT && err->fault != XR_FAULT_TCP_TIMEOUT &&
                       err->fault != XR_FAULT_DNS_TIMEOUT && err->fault != XR_FAULT_LOCAL_TIMEOUT);
}

/* With the lock, which it lays down while it asks. */
static const struct xr_err *get(struct xr_arena *arena, const struct xr_inquiry *inquiry,
    const struct xr_fetch *fetch, const char *key, struct entry **ret)
{
    struct xr_fetched *fetched = inquiry->fetched;
    struct entry *entry = find(fetched, key);

    *ret = entry;
    if (entry)
        return wait_for(arena, fetched, entry, fetch, inquiry->deadline);
    if (is_full(fetched, fetch))
        return xr_err(arena, XR_FAULT_CONTENT, 0,
            "%s: not fetched, because this run has fetched from too many addresses already",
            xr_excerpt(arena, fetch->url, XR_QUOTED_MAX));
    *ret = entry = add(fetched, key);
    fetched->bytes += fetch->max; /* kept free for it */
    (void)pthread_mutex_unlock(&fetched->lock);
    fill(entry, inquiry, fetch);
    (void)pthread_mutex_lock(&fetched->lock);
    entry->done = true;
    entry->key = is_worth_keeping(entry->err) ? entry->key : "";
    fetched->bytes += entry->answer.body.length;
    fetched->bytes -= fetch->max;
    (void)pthread_cond_broadcast(&fetched->some_done);
    return entry->err;
}

const struct xr_err *xr_fetched_get(struct xr_arena *arena, const struct xr_inquiry *inquiry,
    const struct xr_fetch *fetch, const char *about, const struct xr_answer **ret)
{
    const char *key = key_of(arena, fetch, about);
    struct entry *entry;

    (void)pthread_mutex_lock(&inquiry->fetched->lock);
    const struct xr_err *err = get(arena, inquiry, fetch, key, &entry);
    (void)pthread_mutex_unlock(&inquiry->fetched->lock);
    if (!err)
        *ret = &entry->answer;
    return err;
}
