#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/base/pool.h"
#include "analyzer/run/bulk_parts.h"
#include "analyzer/wire/user_settings.h"
#include "tests/unit.h"

/* The queue alone: a store that counts, and an Autodiscover that answers as it is told to. */

enum { JOBS = 8, MANY = 1234, LATE_MS = 30 };

static struct {
    size_t users;   /* in the store */
    int fail_after; /* pages; 0: never */
    int pages;      /* read so far */
    int late_ms;    /* before each answer */
    atomic_int asking, calls, most_at_once;
    int asked_about[MANY + 1]; /* how often, by number */
} world;

static size_t number_of(const char *email)
{
    return strtoul(email + strlen("user"), NULL, 10);
}

const struct xr_store_err *xr_store_check_pending(struct xr_store *store, struct xr_arena *arena,
    int64_t check, int lane, const char *after, size_t most, struct xr_user *ret, size_t *ret_n)
{
    static const struct xr_store_err broken = { XR_STORE_IO, "the disk is gone" };
    size_t number = after ? number_of(after) : 0;

    (void)store, (void)check, (void)lane;
    if (world.fail_after && world.pages++ == world.fail_after)
        return &broken;
    for (*ret_n = 0; *ret_n < most && number < world.users;) {
        number++;
        ret[(*ret_n)++] = (struct xr_user){ .id = (int64_t)number,
            .email = xr_printf(arena, "user%04zu@contoso.test", number) };
    }
    return NULL;
}

void xr_bulk_store_failed(struct state *state, const struct xr_store_err *err)
{
    state->store_err = err;
}

static void wait_ms(int ms)
{
    (void)nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

/* Every fifth user is an alias, every seventh is not told of. */
static const char *told_of(struct xr_arena *arena, const char *email)
{
    size_t number = number_of(email);

    if (number % 7 == 0)
        return NULL;
    return number % 5 ? xr_strdup(arena, email) : xr_printf(arena, "other%zu@contoso.test", number);
}

void xr_bulk_settings_ask(struct settings *settings, struct xr_arena *arena,
    const struct xr_user *users, size_t n, const char **ret)
{
    int now = atomic_fetch_add(&world.asking, 1) + 1;

    (void)settings;
    if (now > atomic_load(&world.most_at_once))
        atomic_store(&world.most_at_once, now);
    (void)atomic_fetch_add(&world.calls, 1);
    ck_assert(n > 0 && n <= XR_USER_SETTINGS_MAX);
    wait_ms(world.late_ms);
    for (size_t i = 0; i < n; i++) {
        world.asked_about[users[i].id]++;
        ret[i] = told_of(arena, users[i].email);
    }
    (void)atomic_fetch_sub(&world.asking, 1);
}

/* ---- a crew at work ---- */

struct crew {
    struct state state;
    struct xr_bulk bulk;
    struct queue *queue;
    bool asks;
    atomic_int taken_n, while_asking;
    atomic_int times[MANY + 1], wrong;
};

static void crew_init(struct crew *crew, size_t users, int late_ms)
{
    memset(&world, 0, sizeof(world));
    world.users = users;
    world.late_ms = late_ms;
    memset(crew, 0, sizeof(*crew));
    crew->state.bulk = &crew->bulk;
    (void)pthread_mutex_init(&crew->state.store_lock, NULL);
    crew->queue = xr_bulk_queue_new(&crew->state, 0);
}

static void crew_done(struct crew *crew)
{
    xr_bulk_queue_free(crew->queue);
    (void)pthread_mutex_destroy(&crew->state.store_lock);
}

static struct settings *somebody(void)
{
    static int place;

    return (struct settings *)(void *)&place; /* nobody looks into it here */
}

static bool is_right(const struct crew *crew, struct xr_arena *arena, const struct taken *taken)
{
    const char *told = xr_bulk_primary_address(taken);
    const char *expected = crew->asks ? told_of(arena, taken->user->email) : NULL;

    return told && expected ? !strcmp(told, expected) : told == expected;
}

static void work(void *arg, size_t i)
{
    struct crew *crew = arg;
    struct xr_arena *arena = xr_arena_new();
    struct taken taken;

    (void)i;
    while (xr_bulk_take(crew->queue, &taken)) {
        (void)atomic_fetch_add(&crew->taken_n, 1);
        (void)atomic_fetch_add(&crew->times[taken.user->id], 1);
        (void)atomic_fetch_add(&crew->while_asking, atomic_load(&world.asking) > 0);
        if (!is_right(crew, arena, &taken))
            (void)atomic_fetch_add(&crew->wrong, 1);
        xr_bulk_give_back(&taken);
        xr_arena_clear(arena);
    }
    xr_arena_free(arena);
}

static void expect_each_once(const struct crew *crew, size_t n, bool asked)
{
    ck_assert_int_eq(atomic_load(&crew->taken_n), (int)n);
    ck_assert_int_eq(atomic_load(&crew->wrong), 0);
    for (size_t i = 1; i <= n; i++) {
        ck_assert_msg(atomic_load(&crew->times[i]) == 1, "user %zu", i);
        ck_assert_msg(world.asked_about[i] == asked, "user %zu was asked about %d times", i,
            world.asked_about[i]);
    }
    ck_assert(atomic_load(&world.most_at_once) <= 1);
}

START_TEST(everybody_is_handed_out_once_and_asked_about_once)
{
    static const size_t counts[] = { 0, 1, 99, 100, 101, 200, 1000, MANY };

    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        size_t n = counts[i];
        struct crew crew;
        crew_init(&crew, n, 0);
        crew.asks = true;
        xr_bulk_queue_ask(crew.queue, somebody());
        xr_pool_run(JOBS, JOBS, work, &crew);
        expect_each_once(&crew, n, true);
        ck_assert_int_eq(atomic_load(&world.calls),
            (int)((n + XR_USER_SETTINGS_MAX - 1) / XR_USER_SETTINGS_MAX));
        crew_done(&crew);
    }
}
END_TEST

START_TEST(without_a_place_nobody_is_asked_about)
{
    struct crew crew;

    crew_init(&crew, MANY, 0);
    xr_pool_run(JOBS, JOBS, work, &crew);
    expect_each_once(&crew, MANY, false);
    ck_assert_int_eq(atomic_load(&world.calls), 0);
    crew_done(&crew);
}
END_TEST

START_TEST(a_late_answer_keeps_the_others_from_nothing_but_it)
{
    struct crew crew;

    crew_init(&crew, MANY, LATE_MS);
    crew.asks = true;
    xr_bulk_queue_ask(crew.queue, somebody());
    xr_pool_run(JOBS, JOBS, work, &crew);
    expect_each_once(&crew, MANY, true);
    ck_assert_int_gt(atomic_load(&crew.while_asking), 0);
    crew_done(&crew);
}
END_TEST

/* As a lane does: first users, one after the other, whom nobody asks about. */
static void take_alone(struct crew *crew, size_t n)
{
    struct taken taken;

    for (size_t i = 1; i <= n; i++) {
        ck_assert(xr_bulk_take(crew->queue, &taken));
        ck_assert_int_eq(taken.user->id, (int64_t)i);
        ck_assert_ptr_null(xr_bulk_primary_address(&taken));
        (void)atomic_fetch_add(&crew->taken_n, 1);
        (void)atomic_fetch_add(&crew->times[i], 1);
        world.asked_about[i]++; /* so that all have the same count */
        xr_bulk_give_back(&taken);
    }
}

START_TEST(who_was_taken_before_is_not_asked_about)
{
    static const size_t before[] = { 1, 3, 99, 100, 101, 250 };

    for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
        struct crew crew;
        crew_init(&crew, 250, 0);
        take_alone(&crew, before[i]);
        crew.asks = true;
        xr_bulk_queue_ask(crew.queue, somebody());
        xr_pool_run(JOBS, JOBS, work, &crew);
        expect_each_once(&crew, 250, true);
        ck_assert_int_le(atomic_load(&world.calls), 3);
        crew_done(&crew);
    }
}
END_TEST

START_TEST(what_was_told_stays_known_when_the_asking_has_ended)
{
    struct crew crew;
    struct taken taken;

    crew_init(&crew, 150, 0);
    xr_bulk_queue_ask(crew.queue, somebody());
    ck_assert(xr_bulk_take(crew.queue, &taken));
    xr_bulk_give_back(&taken);
    xr_bulk_queue_ask(crew.queue, NULL);
    int calls = atomic_load(&world.calls);
    ck_assert(xr_bulk_take(crew.queue, &taken));
    ck_assert_str_eq(xr_bulk_primary_address(&taken), "user0002@contoso.test");
    xr_bulk_give_back(&taken);
    ck_assert_int_eq(atomic_load(&world.calls), calls);
    crew_done(&crew);
}
END_TEST

/* Whoever still has a user reads of him, however far the others have come. */
START_TEST(a_user_in_work_outlives_his_page)
{
    struct crew crew;
    struct taken first;

    crew_init(&crew, MANY, 0);
    crew.asks = true;
    xr_bulk_queue_ask(crew.queue, somebody());
    ck_assert(xr_bulk_take(crew.queue, &first));
    xr_pool_run(JOBS, JOBS, work, &crew);
    ck_assert_int_eq(atomic_load(&crew.taken_n), MANY - 1);
    ck_assert_str_eq(first.user->email, "user0001@contoso.test");
    ck_assert_str_eq(xr_bulk_primary_address(&first), "user0001@contoso.test");
    xr_bulk_give_back(&first);
    crew_done(&crew);
}
END_TEST

START_TEST(a_store_that_breaks_ends_the_queue_and_is_told)
{
    struct crew crew;

    crew_init(&crew, MANY, 0);
    world.fail_after = 3;
    crew.asks = true;
    xr_bulk_queue_ask(crew.queue, somebody());
    xr_pool_run(JOBS, JOBS, work, &crew);
    ck_assert_int_eq(atomic_load(&crew.taken_n), 3 * XR_USER_SETTINGS_MAX);
    ck_assert_ptr_nonnull(crew.state.store_err);
    crew_done(&crew);
}
END_TEST

XR_UNIT_MAIN("bulk queue", everybody_is_handed_out_once_and_asked_about_once,
    without_a_place_nobody_is_asked_about, a_late_answer_keeps_the_others_from_nothing_but_it,
    who_was_taken_before_is_not_asked_about, what_was_told_stays_known_when_the_asking_has_ended,
    a_user_in_work_outlives_his_page, a_store_that_breaks_ends_the_queue_and_is_told)
