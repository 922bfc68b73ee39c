#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/base/clock.h"
#include "probes/write_subject.h"
#include "tests/unit.h"

enum { MINUTE_MS = 60 * 1000 };

static struct xr_write_origin own(struct xr_arena *arena)
{
    struct xr_write_origin origin;

    ck_assert(xr_write_origin_of(xr_write_subject(arena), &origin));
    return origin;
}

START_TEST(what_is_written_is_known_again)
{
    struct xr_arena *arena = xr_arena_new();
    int64_t now_ms = xr_wall_ms();
    const char *one = xr_write_subject(arena), *two = xr_write_subject(arena);
    struct xr_write_origin first, second;

    ck_assert(xr_write_origin_of(one, &first) && xr_write_origin_of(two, &second));
    ck_assert_str_ne(one, two);
    ck_assert_ptr_eq(strstr(one, XR_WRITE_SUBJECT), one);
    ck_assert_uint_eq(first.machine, second.machine);
    ck_assert_int_eq(first.pid, getpid());
    ck_assert(first.wall_ms >= now_ms && first.wall_ms < now_ms + MINUTE_MS);
    xr_arena_free(arena);
}
END_TEST

START_TEST(what_a_user_wrote_is_not_ours)
{
#define ITEM "exray test item "
    static const char *const others[] = {
        "",
        ITEM,
        ITEM "list",
        ITEM "2026-11-22T10:30:00.000Z",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d-12345",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d-12345-",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d-12345-9f8e7d6",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d-12345-9f8e7d6c5",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d-12345-9f8e7d6c ",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d-12345-9F8E7D6C",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4-12345-9f8e7d6c",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d--9f8e7d6c",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d--1-9f8e7d6c",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d-0-9f8e7d6c",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d-2147483648-9f8e7d6c",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d-12345678901-9f8e7d6c",
        ITEM "2026-11-22 10:30:00.000Z 1a2b3c4d-12345-9f8e7d6c",
        ITEM "2O26-11-22T10:30:00.000Z 1a2b3c4d-12345-9f8e7d6c",
        ITEM "2026-13-22T10:30:00.000Z 1a2b3c4d-12345-9f8e7d6c",
        ITEM "2026-11-31T10:30:00.000Z 1a2b3c4d-12345-9f8e7d6c",
        ITEM "1969-11-22T10:30:00.000Z 1a2b3c4d-12345-9f8e7d6c",
        "Exray test item 2026-11-22T10:30:00.000Z 1a2b3c4d-12345-9f8e7d6c",
        "Re: " ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d-12345-9f8e7d6c",
        ITEM "2026-11-22T10:30:00.000Z 1a2b3c4d-12345-9f8e7d\xc3\xa4",
    };
    struct xr_write_origin origin;

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        ck_assert_msg(!xr_write_origin_of(others[i], &origin), "%s", others[i]);
    ck_assert(!xr_write_origin_of(NULL, &origin));
    ck_assert(xr_write_origin_of(ITEM "2026-11-22T10:30:00.250Z 1a2b3c4d-12345-9f8e7d6c", &origin));
    ck_assert_int_eq(origin.wall_ms, 1795343400250);
    ck_assert_uint_eq(origin.machine, 0x1a2b3c4d);
    ck_assert_int_eq(origin.pid, 12345);
}
END_TEST

START_TEST(a_test_that_runs_here_is_not_over)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_write_origin origin = own(arena);

    ck_assert(!xr_write_is_over(&origin));
    origin.pid = getppid();
    ck_assert(!xr_write_is_over(&origin));
    origin.wall_ms -= 61 * MINUTE_MS;
    ck_assert(xr_write_is_over(&origin));
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_process_that_ended_here_is_over)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_write_origin origin = own(arena);
    pid_t child = fork();

    if (!child)
        _exit(0);
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    origin.pid = child;
    ck_assert(xr_write_is_over(&origin));
    xr_arena_free(arena);
}
END_TEST

/* This process is younger than a minute, so another one had its number then. */
START_TEST(a_number_that_was_given_again_is_over)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_write_origin origin = own(arena);

    origin.wall_ms -= 50 * MINUTE_MS;
    ck_assert(xr_write_is_over(&origin));
    xr_arena_free(arena);
}
END_TEST

START_TEST(what_another_machine_does_is_not_known)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_write_origin origin = own(arena);

    origin.machine ^= 1;
    origin.wall_ms -= 59 * MINUTE_MS;
    ck_assert(!xr_write_is_over(&origin));
    origin.wall_ms -= 2 * MINUTE_MS;
    ck_assert(xr_write_is_over(&origin));
    origin.wall_ms = xr_wall_ms() + 120 * MINUTE_MS; /* its clock is fast */
    ck_assert(!xr_write_is_over(&origin));
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("write-subject", what_is_written_is_known_again, what_a_user_wrote_is_not_ours,
    a_test_that_runs_here_is_not_over, a_process_that_ended_here_is_over,
    a_number_that_was_given_again_is_over, what_another_machine_does_is_not_known)
