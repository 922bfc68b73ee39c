#include <pthread.h>
#include <time.h>

#include "probes/race.h"
#include "tests/unit.h"

enum { SHORT_US = 100 * 1000 };

static void enter(struct xr_race *race, enum xr_way last)
{
    xr_race_init(race);
    for (int way = 0; way <= (int)last; way++)
        xr_race_enter(race, (enum xr_way)way);
}

/* As if the head start had ended long ago. */
static void pass(struct xr_race *race)
{
    race->head_start_us = xr_now_us();
}

START_TEST(the_best_one_goes_at_once)
{
    struct xr_race race;

    enter(&race, XR_WAY_SRV);
    ck_assert(xr_race_turn(&race, XR_WAY_ROOT));
    ck_assert_int_lt(xr_now_us(), race.head_start_us);
    xr_race_done(&race);
}
END_TEST

START_TEST(a_lower_one_goes_when_all_better_ones_are_out)
{
    struct xr_race race;

    enter(&race, XR_WAY_SRV);
    xr_race_ended(&race, XR_WAY_ROOT, false);
    xr_race_ended(&race, XR_WAY_HOST, false);
    ck_assert(xr_race_turn(&race, XR_WAY_REDIRECT));
    ck_assert_int_lt(xr_now_us(), race.head_start_us);
    xr_race_done(&race);
}
END_TEST

START_TEST(a_lower_one_lets_the_better_ones_have_their_head_start)
{
    struct xr_race race;

    enter(&race, XR_WAY_HOST);
    race.head_start_us = xr_now_us() + SHORT_US;
    ck_assert(xr_race_turn(&race, XR_WAY_HOST));
    ck_assert_int_ge(xr_now_us(), race.head_start_us);
    xr_race_done(&race);
}
END_TEST

static void *end_root_later(void *arg)
{
    struct timespec later = { 0, SHORT_US * 1000L };

    (void)nanosleep(&later, NULL);
    xr_race_ended(arg, XR_WAY_ROOT, false);
    return NULL;
}

/* It is being asked, and may win at any moment: no request goes out beside it. */
START_TEST(a_better_one_that_is_ready_is_waited_for_beyond_the_head_start)
{
    struct xr_race race;
    pthread_t root;

    enter(&race, XR_WAY_HOST);
    pass(&race);
    xr_race_ended(&race, XR_WAY_ROOT, true);
    int64_t begun_us = xr_now_us();
    ck_assert_int_eq(pthread_create(&root, NULL, end_root_later, &race), 0);
    ck_assert(xr_race_turn(&race, XR_WAY_HOST));
    ck_assert_int_ge(xr_now_us() - begun_us, SHORT_US / 2);
    (void)pthread_join(root, NULL);
    xr_race_done(&race);
}
END_TEST

/* However long that one takes to be asked, or if nobody asks it at all. */
START_TEST(patience_with_one_that_is_ready_ends)
{
    struct xr_race race;

    enter(&race, XR_WAY_HOST);
    pass(&race);
    race.patience_us = xr_now_us() + SHORT_US;
    xr_race_ended(&race, XR_WAY_ROOT, true);
    ck_assert(xr_race_turn(&race, XR_WAY_HOST));
    ck_assert_int_ge(xr_now_us(), race.patience_us);
    xr_race_done(&race);
}
END_TEST

START_TEST(a_hint_is_waited_for_as_long_as_the_head_start_lasts)
{
    struct xr_race race;

    enter(&race, XR_WAY_MICROSOFT_365);
    race.head_start_us = xr_now_us() + SHORT_US;
    xr_race_wait(&race, XR_WAY_MICROSOFT_365);
    ck_assert_int_ge(xr_now_us(), race.head_start_us);
    xr_race_ended(&race, XR_WAY_MICROSOFT_365, false);
    race.head_start_us = xr_now_us() + 1000LL * SHORT_US;
    xr_race_wait(&race, XR_WAY_MICROSOFT_365);
    ck_assert_int_lt(xr_now_us(), race.head_start_us);
    xr_race_done(&race);
}
END_TEST

static void *win(void *arg)
{
    xr_race_won(arg);
    return NULL;
}

START_TEST(nobody_goes_on_once_somebody_has_won)
{
    struct xr_race race;
    pthread_t winner;

    enter(&race, XR_WAY_SRV);
    ck_assert_int_eq(pthread_create(&winner, NULL, win, &race), 0);
    ck_assert(!xr_race_turn(&race, XR_WAY_SRV)); /* it waits for root until then */
    ck_assert_int_lt(xr_now_us(), race.head_start_us);
    (void)pthread_join(winner, NULL);
    struct xr_deadline deadline = { INT64_MAX, INT64_MAX, &race.no_need };
    ck_assert_int_eq(xr_time_state(deadline), XR_TIME_CANCELLED);
    ck_assert_int_eq(xr_tick_ms(deadline), 0);
    xr_race_done(&race);
}
END_TEST

START_TEST(the_best_that_is_ready_is_asked_first)
{
    struct xr_race race;

    enter(&race, XR_WAY_SRV);
    xr_race_ended(&race, XR_WAY_SRV, true);
    xr_race_ended(&race, XR_WAY_HOST, true);
    xr_race_ended(&race, XR_WAY_REDIRECT, false);
    xr_race_ended(&race, XR_WAY_ROOT, false);
    ck_assert_int_eq(xr_race_next(&race), XR_WAY_HOST);
    xr_race_ended(&race, XR_WAY_HOST, false);
    ck_assert_int_eq(xr_race_next(&race), XR_WAY_SRV);
    xr_race_ended(&race, XR_WAY_SRV, false);
    ck_assert_int_eq(xr_race_next(&race), XR_PLACES);
    xr_race_done(&race);
}
END_TEST

/* The root domain swallows packets: the host that answers is not kept waiting for it. */
START_TEST(after_the_head_start_who_is_ready_goes_first)
{
    struct xr_race race;

    enter(&race, XR_WAY_HOST);
    race.head_start_us = xr_now_us() + SHORT_US;
    xr_race_ended(&race, XR_WAY_HOST, true);
    ck_assert_int_eq(xr_race_next(&race), XR_WAY_HOST);
    ck_assert_int_ge(xr_now_us(), race.head_start_us);
    pass(&race);
    ck_assert_int_eq(xr_race_next(&race), XR_WAY_HOST);
    xr_race_done(&race);
}
END_TEST

static void *end_root(void *arg)
{
    xr_race_ended(arg, XR_WAY_ROOT, true);
    return NULL;
}

START_TEST(who_asks_waits_for_the_last_one_however_long_it_takes)
{
    struct xr_race race;
    pthread_t root;

    enter(&race, XR_WAY_ROOT);
    pass(&race);
    ck_assert_int_eq(pthread_create(&root, NULL, end_root, &race), 0);
    ck_assert_int_eq(xr_race_next(&race), XR_WAY_ROOT);
    (void)pthread_join(root, NULL);
    xr_race_done(&race);
}
END_TEST

XR_UNIT_MAIN("race", the_best_one_goes_at_once, a_lower_one_goes_when_all_better_ones_are_out,
    a_lower_one_lets_the_better_ones_have_their_head_start,
    a_better_one_that_is_ready_is_waited_for_beyond_the_head_start,
    patience_with_one_that_is_ready_ends, a_hint_is_waited_for_as_long_as_the_head_start_lasts,
    nobody_goes_on_once_somebody_has_won, the_best_that_is_ready_is_asked_first,
    after_the_head_start_who_is_ready_goes_first,
    who_asks_waits_for_the_last_one_however_long_it_takes)
