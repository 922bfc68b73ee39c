#ifndef XR_TESTS_SAMPLES_H
#define XR_TESTS_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/arena.h"

/* Recorded answers, which live outside of the project: $EXRAY_SHARED, else "shared" beside it. */
static inline const char *sample_path(struct xr_arena *arena, const char *name)
{
    const char *shared = getenv("EXRAY_SHARED"), *source = getenv("EXRAY_SOURCE");

    if (!shared)
        shared = xr_printf(arena, "%s/../shared", source ? source : ".");
    return xr_printf(arena, "%s/samples/%s", shared, name);
}

/* NULL: there is no such sample. */
static inline char *sample(struct xr_arena *arena, const char *name, size_t *ret_length)
{
    enum { SAMPLE_MAX = 64 * 1024 };
    FILE *file = fopen(sample_path(arena, name), "re");

    if (!file)
        return NULL;
    char *bytes = xr_alloc(arena, SAMPLE_MAX + 1);
    *ret_length = fread(bytes, 1, SAMPLE_MAX, file);
    (void)fclose(file);
    return bytes;
}

static inline bool samples_are_here(struct xr_arena *arena)
{
    size_t length;

    if (sample(arena, "MANIFEST.tsv", &length))
        return true;
    puts("skipped: the recorded samples are not here (set EXRAY_SHARED)");
    return false;
}

/* Xorshift: the same numbers on every machine. */
static inline uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

#endif
