#include <stdint.h>
#include <string.h>

#include "analyzer/base/arena.h"
#include "tests/unit.h"

START_TEST(memory_is_zeroed_aligned_and_apart)
{
    struct xr_arena *arena = xr_arena_new();
    unsigned char *last = NULL;

    for (size_t size = 1; size < 200000; size = size * 2 + 1) {
        unsigned char *at = xr_alloc(arena, size);
        ck_assert_uint_eq((uintptr_t)at % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            ck_assert_uint_eq(at[i], 0);
        memset(at, 0xff, size);
        ck_assert(at != last);
        last = at;
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(an_absorbed_arena_goes_on_serving)
{
    struct xr_arena *run = xr_arena_new(), *leg = xr_arena_new();
    const char *before = xr_strdup(leg, "before");

    xr_arena_absorb(run, leg);
    const char *after = xr_printf(leg, "%s and %d", before, 7);
    ck_assert_str_eq(before, "before");
    ck_assert_str_eq(after, "before and 7");
    xr_arena_free(run); /* frees both: the leak check of the asan preset sees to it */
}
END_TEST

START_TEST(strings_are_copied_to_their_length)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(xr_strndup(arena, "abcdef", 3), "abc");
    ck_assert_str_eq(xr_strdup(arena, ""), "");
    xr_arena_free(arena);
    xr_arena_free(NULL);
}
END_TEST

XR_UNIT_MAIN("arena", memory_is_zeroed_aligned_and_apart, an_absorbed_arena_goes_on_serving,
    strings_are_copied_to_their_length)
