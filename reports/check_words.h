#ifndef XR_CHECK_WORDS_H
#define XR_CHECK_WORDS_H

#include "analyzer/model/check.h"
#include "analyzer/model/run.h"

/* What all reports of a bulk check say in the same words. Texts live in check->arena. */

int64_t xr_check_done(const struct xr_check *check);          /* users with a result */
bool xr_check_is_refused(const struct xr_check *check);       /* by a remark: nothing was tried */
bool xr_check_is_open(const struct xr_check *check);          /* users lack a result */
bool xr_check_is_trust_ignored(const struct xr_check *check); /* for all or some, on request */
enum xr_status xr_check_status(const struct xr_check *check); /* of the check as a whole */

const char *xr_check_headline(const struct xr_check *check);
const char *xr_check_lead(const struct xr_check *check);       /* NULL: nothing to add */
const char *xr_check_unfinished(const struct xr_check *check); /* NULL: every user has a result */

/*
 * Commands to copy, "exray check 'Contoso EMEA' --resume" and "exray user list
 * --org 'Contoso EMEA' --failed". NULL: the name has a control character, or
 * the check is of values that nobody saved.
 */
const char *xr_check_command(const struct xr_check *check, const char *options);
const char *xr_check_list_command(const struct xr_check *check);

const char *xr_check_number(struct xr_arena *arena, int64_t number); /* "12,345" */
const char *xr_check_duration(struct xr_arena *arena, int64_t us);   /* "31 min 40 s" */
const char *xr_check_users(struct xr_arena *arena, int64_t users);   /* "1 user", "2 users" */
/* "21 users a second"; NULL: too few were asked in this run, a rate would say nothing. */
const char *xr_check_rate(const struct xr_check *check);

/* A cause as it is told: the catalogue's words about all of its users. */
struct xr_check_told {
    const char *id, *title, *meaning, *cause, *owner, *owner_title, *reference;
    const struct xr_advice *remedy; /* ends with text NULL */
    struct xr_advice bulk;          /* for all of its users at once; text NULL: there is none */
};

struct xr_check_told xr_check_told(
    const struct xr_check *check, const struct xr_check_cause *cause);

#endif
