#ifndef XR_WORDS_H
#define XR_WORDS_H

#include "analyzer/model/expand.h"
#include "analyzer/model/run.h"

/*
 * What stands in the slots of a verdict's texts and of its commands. The two
 * differ where a text may say "the account" or name a file, and a command may
 * hold what can be typed alone.
 */
struct xr_words {
    struct xr_slots texts, commands;
};

/* host: the one that the finding is about; NULL: find it in the run. */
struct xr_words xr_words_of(
    const struct xr_run *run, const struct xr_finding *finding, const char *host);

/* A text of the catalogue with its slots filled; NULL stays NULL. */
const char *xr_filled_in(struct xr_arena *arena, const char *text, const struct xr_words *words);

/* The test of Autodiscover alone: EWS is not asked in it, and an account may be missing. */
bool xr_is_of_discovery(const struct xr_run *run);

#endif
