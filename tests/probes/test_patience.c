#include <string.h>

#include "analyzer/model/run.h"
#include "probes/patience.h"
#include "tests/unit.h"

/* A run of "run_ms" that is asked to pause. */
struct bench {
    struct xr_arena *arena;
    struct xr_run run;
    struct xr_leg leg;
    struct xr_ctx ctx;
    struct xr_step *step;
    struct xr_patience patience;
};

static void setup(struct bench *bench, int64_t run_ms)
{
    int64_t now_us = xr_now_us();

    *bench = (struct bench){ .arena = xr_arena_new() };
    bench->run.arena = bench->arena;
    bench->ctx = (struct xr_ctx){ .arena = bench->arena,
        .run = &bench->run,
        .step_ms = 1000,
        .deadline = { now_us + 1000000, now_us + run_ms * 1000, NULL } };
    bench->step = xr_step_add(bench->arena, NULL, "step", "Step");
    bench->patience = (struct xr_patience){ .leg = &bench->leg, .asked_us = now_us };
}

static enum xr_pause ask(struct bench *bench, int64_t ms)
{
    struct xr_busy busy = { true, true, ms };

    bench->patience.asked_us = xr_now_us();
    return xr_be_patient(&bench->ctx, bench->step, &bench->patience, busy, true);
}

static void check_last(const struct bench *bench, const char *expected)
{
    const struct xr_detail *at = bench->step->details;

    while (at && at->next)
        at = at->next;
    ck_assert_ptr_nonnull(at);
    ck_assert_str_eq(at->value, expected);
}

START_TEST(two_pauses_are_taken_per_request_and_five_per_run)
{
    struct bench bench;

    setup(&bench, 60000);
    for (int request = 0; request < 2; request++) {
        bench.patience.tries = 0;
        ck_assert_int_eq(ask(&bench, 1), XR_PAUSE_OVER);
        ck_assert_int_eq(ask(&bench, 1), XR_PAUSE_OVER);
        ck_assert_int_eq(ask(&bench, 1), XR_PAUSE_STAYS);
        check_last(&bench, "1 ms; not asked again: it stays so");
    }
    bench.patience.tries = 0;
    ck_assert_int_eq(ask(&bench, 1), XR_PAUSE_OVER);
    ck_assert_int_eq(ask(&bench, 1), XR_PAUSE_STAYS);
    check_last(&bench, "1 ms; not asked again: this test has waited five times already");
    xr_arena_free(bench.arena);
}
END_TEST

START_TEST(the_room_behind_a_pause_is_that_of_another_request)
{
    static const struct {
        int64_t run_ms, took_ms, ms;
        enum xr_pause pause;
    } rows[] = {
        { 1000, 0, 100, XR_PAUSE_OVER },
        { 1000, 0, 800, XR_PAUSE_STAYS }, /* 250 ms at least */
        { 1000, 600, 100, XR_PAUSE_STAYS } /* twice the time of the last one */,
        { 5000, 600, 100, XR_PAUSE_OVER },
        { 1000, 0, INT64_C(999999999000), XR_PAUSE_STAYS },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct bench bench;
        struct xr_busy busy = { true, true, rows[i].ms };
        setup(&bench, rows[i].run_ms);
        bench.patience.asked_us -= rows[i].took_ms * 1000;
        ck_assert_int_eq(
            xr_be_patient(&bench.ctx, bench.step, &bench.patience, busy, true), rows[i].pause);
        xr_arena_free(bench.arena);
    }
}
END_TEST

START_TEST(a_pause_that_is_not_taken_is_told)
{
    struct bench bench;

    setup(&bench, 1000);
    ck_assert_int_eq(ask(&bench, 7000), XR_PAUSE_STAYS);
    ck_assert_int_eq(bench.ctx.back_off_ms, 7000);
    check_last(&bench, "7000 ms; longer than this test may still take");
    xr_arena_free(bench.arena);
}
END_TEST

START_TEST(a_bulk_check_never_waits_here)
{
    struct bench bench;

    setup(&bench, 60000);
    bench.ctx.repeated = true;
    ck_assert_int_eq(ask(&bench, 5), XR_PAUSE_STAYS);
    ck_assert_int_eq(bench.ctx.back_off_ms, 5);
    ck_assert_int_eq(bench.ctx.pauses, 0);
    xr_arena_free(bench.arena);
}
END_TEST

START_TEST(a_password_that_may_have_been_counted_is_not_repeated)
{
    struct xr_header busy = { NULL, "Retry-After", "1" };
    struct xr_header exchange = { &busy, "X-FEServer", "EX01" };
    const struct {
        struct xr_header *headers;
        enum xr_auth auth;
        bool proof, proved_before;
        enum xr_pause pause;
    } rows[] = {
        { &busy, XR_AUTH_BASIC, true, false, XR_PAUSE_STAYS },
        { &busy, XR_AUTH_NTLM, true, false, XR_PAUSE_STAYS },
        { &busy, XR_AUTH_BASIC, false, false, XR_PAUSE_CUT },
        { &busy, XR_AUTH_BASIC, true, true, XR_PAUSE_CUT },
        { &busy, XR_AUTH_NEGOTIATE, true, false, XR_PAUSE_CUT },
        { &busy, XR_AUTH_NONE, false, false, XR_PAUSE_CUT },
        { &exchange, XR_AUTH_BASIC, true, false, XR_PAUSE_CUT },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct bench bench;
        atomic_bool no_need = true; /* a pause that is begun ends at once */
        struct xr_http_response response = { .status = 503, .headers = rows[i].headers };
        setup(&bench, 60000);
        bench.ctx.deadline.no_need = &no_need;
        bench.ctx.proved = rows[i].proved_before;
        bench.leg.proved = rows[i].proof;
        bench.patience.auth = rows[i].auth;
        enum xr_pause pause = xr_pause_for(&bench.ctx, bench.step, &bench.patience, &response);
        ck_assert_msg(pause == rows[i].pause, "row %zu: %d", i, pause);
        xr_arena_free(bench.arena);
    }
}
END_TEST

XR_UNIT_MAIN("patience", two_pauses_are_taken_per_request_and_five_per_run,
    the_room_behind_a_pause_is_that_of_another_request, a_pause_that_is_not_taken_is_told,
    a_bulk_check_never_waits_here, a_password_that_may_have_been_counted_is_not_repeated)
