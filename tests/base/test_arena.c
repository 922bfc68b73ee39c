#include <limits.h>
#include <stdint.h>
#include <stdio.h>
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

/* Room that a text did not fit into, and what was there before clearing, must not shine through. */
START_TEST(memory_is_zeroed_again_after_texts_and_clearing)
{
    struct xr_arena *arena = xr_arena_new();
    char text[5000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 40; i++) {
            const char *made = xr_printf(arena, "%.*s", (int)(i * 120), text);
            ck_assert_uint_eq(strlen(made), i * 120);
            const char *zeroed = xr_alloc(arena, 64);
            for (size_t k = 0; k < 64; k++)
                ck_assert_int_eq(zeroed[k], 0);
        }
        xr_arena_clear(arena);
    }
    xr_arena_free(arena);
}
END_TEST

#define ck_assert_format(fmt, ...)                                      \
    do {                                                                \
        char expected[64];                                              \
        (void)snprintf(expected, sizeof(expected), fmt, __VA_ARGS__);   \
        ck_assert_str_eq(xr_printf(arena, fmt, __VA_ARGS__), expected); \
    } while (0)

/* Simple formats do not go through the C library: nobody must see that. */
START_TEST(formats_come_out_as_in_the_c_library)
{
    struct xr_arena *arena = xr_arena_new();

    for (size_t round = 0; round < 100; round++) { /* at the end of a block too */
        ck_assert_format("%s", "");
        ck_assert_format("a%sb%s", "x", "yz");
        ck_assert_format("%d %u %d", 0, 4294967295u, INT_MAX);
        ck_assert_format("%d and %d", -1, INT_MIN);
        ck_assert_format("%04d-%02d %03u %02d", 2026, 7, 5u, 12345);
        ck_assert_format("%09d %01d", 7, 7);
        ck_assert_format("%03d|%-3d|%3d|%+d", -7, 7, 7, 7);
        ck_assert_format("100%% of %s", "it");
        ck_assert_format("%zu %lld %x %c %.2s %5s", (size_t)7, 8LL, 255u, 'c', "xyz", "ab");
        ck_assert_uint_eq(strlen(xr_printf(arena, "%s", "odd")), 3);
    }
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("arena", formats_come_out_as_in_the_c_library,
    memory_is_zeroed_again_after_texts_and_clearing, memory_is_zeroed_aligned_and_apart,
    an_absorbed_arena_goes_on_serving, strings_are_copied_to_their_length)
