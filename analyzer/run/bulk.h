#ifndef XR_BULK_H
#define XR_BULK_H

#include "analyzer/model/check.h"
#include "analyzer/org/vault.h"
#include "probes/probe.h"

/*
 * "Check Users Exchange Impersonated Access": every user of an organisation.
 *
 * Users who are opened by the same account, with the same secret, on the same
 * host are a lane; so are users who log on themselves on the same host. A lane
 * begins with one whole service-account test, for its first user: discovery,
 * certificate and logon are learned once. Then the lane's users are checked
 * side by side, each by the two probes that differ from user to user. Where the
 * way was found by Autodiscover that speaks SOAP, one of its workers at a time
 * asks it for the primary addresses of the next hundred users instead of opening
 * a mailbox; whom it tells nothing of is looked for in the directory. Lanes run
 * one after another, so that no account has two logons in the air before the
 * first has been accepted; an account that was refused once is not used again.
 *
 * Results go to the store as they come: whoever has one is not asked again by
 * a check that is resumed.
 */
enum {
    XR_JOBS_DEFAULT = 4,
    XR_JOBS_MAX = 27,      /* the EWSMaxConcurrency of Exchange's default throttling policy */
    XR_JOBS_MAX_2010 = 10, /* of Exchange 2010 */
};

/* Which users. */
struct xr_bulk_choice {
    const char *const *users; /* addresses, NULL-ended; NULL: all */
    bool only_failed;         /* whose last result is an error */
    int64_t sample;           /* so many enabled ones, drawn at random; 0: all */
    bool resume;              /* go on with the unfinished check; the rest does not count then */
};

/* Called from the threads of the check, one at a time. */
struct xr_bulk_listener {
    /* Before the first user: how many were selected, and how many of them have a result already. */
    void (*begun)(void *arg, int64_t selected, int64_t done);
    void (*user_done)(void *arg, const struct xr_check_user *user);
    void (*pausing)(void *arg, int64_t ms); /* the server asked us to wait */
    void *arg;
};

struct xr_bulk {
    struct xr_arena *arena; /* for what lives as long as the check's head */
    struct xr_store *store;
    struct xr_vault *vault; /* NULL: none of the secrets is in it */
    const struct xr_org *org;
    struct xr_secret password,
        token; /* of the organisation, in place of the stored ones; or empty */
    const struct xr_net *net;
    const struct xr_target *form; /* what holds for every user: trust, schemes, redirects, days */
    int64_t step_ms;
    struct xr_deadline deadline;
    int jobs;
    bool candidate;      /* the organisation is not saved as it stands here */
    const char *options; /* struct xr_check */
    const struct xr_bulk_listener *listener;
};

enum xr_bulk_outcome {
    XR_BULK_DONE,        /* *ret is filled; ret->end tells whether all were checked */
    XR_BULK_NO_USER,     /* ret_text: the address that is not in the list */
    XR_BULK_NO_CHECK,    /* nothing to resume */
    XR_BULK_CANCELLED,   /* before anybody was selected: there is nothing to resume */
    XR_BULK_STORE_ERROR, /* *ret_err */
};

/* *ret_check: the id of the check in the store, for reading its rows. */
xr_must_check enum xr_bulk_outcome xr_bulk_run(const struct xr_bulk *bulk,
    const struct xr_bulk_choice *choice, struct xr_check *ret, int64_t *ret_check,
    const char **ret_text, const struct xr_store_err **ret_err);

#endif
