#ifndef XR_SAMPLE_CHECK_H
#define XR_SAMPLE_CHECK_H

#include "analyzer/model/check.h"

/* A bulk check as the engine would leave it, made by hand: a head, and users that are made while
 * they are read. */
struct sample_check {
    struct xr_check head;
    struct xr_check_cause causes[8];
    const struct sample_part *parts; /* ends with users 0 */
    bool hostile;
    int64_t from, at; /* of the part that is being read */
    int64_t first_bytes,
        most_bytes; /* allocated at the first user, and at most while it was read */
    char email[4096], primary[128];
};

/* Users of one status and finding, in the order of XR_ROWS_BY_CAUSE. */
struct sample_part {
    int64_t users;
    enum xr_status status;
    const char *finding, *step, *code, *message, *server;
    const char *steps;
};

/* 40,000 users with four causes and a warning, as the design has it. */
struct sample_check *sample_check_mixed(struct xr_arena *arena);
/* The same causes with so few users that a browser test can look at each of them. */
struct sample_check *sample_check_small(struct xr_arena *arena);
/* All were reached while certificate trust was ignored. */
struct sample_check *sample_check_untrusted(struct xr_arena *arena);
/* A hundred thousand: 90,000 passed, 10,000 failed for one cause. */
struct sample_check *sample_check_large(struct xr_arena *arena);
/* Every text that a stranger can choose is an attack. */
struct sample_check *sample_check_hostile(struct xr_arena *arena);
/* Other parts, under the same head; counts and causes follow from them. */
struct sample_check *sample_check_of(struct xr_arena *arena, const struct sample_part *parts);

/* The users from the first one on. */
struct xr_check_rows sample_check_rows(struct sample_check *check);

/* What a report of it says, as a text in the arena. */
const char *check_html(struct sample_check *check);
const char *check_json(struct sample_check *check);
const char *check_csv(struct sample_check *check);
const char *check_summary(struct sample_check *check, int verbose, bool color);

#endif
