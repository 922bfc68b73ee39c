#ifndef XR_BULK_PARTS_H
#define XR_BULK_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "analyzer/org/lint.h"
#include "analyzer/run/bulk.h"

/* What the files of the bulk check share; for analyzer/run/bulk*.c alone. */

/* Users who are opened by the same account on the same host, or who log on themselves there. */
struct lane {
    const char *key;
    struct lane *next_alike; /* the same account and host, another secret of users' own */
    struct xr_secret own;    /* that secret; none: the organisation's, each user's, or unreadable */
    bool own_known;
    int number;
    bool impersonates;
    struct xr_check_group *group; /* what is told about it */
};

/* An account that a server refused. */
struct refused {
    struct refused *next;
    const char *account, *finding, *step;
};

/* Results on their way to the store, in two halves: one fills while the other is written. */
enum { BATCH_MAX = 2 * XR_JOBS_MAX + 2, PAGE_MAX = 256 };

struct batch {
    struct xr_arena *arena;
    struct xr_check_user users[BATCH_MAX];
    int64_t ids[BATCH_MAX];
    size_t n;
};

struct state {
    const struct xr_bulk *bulk;
    struct xr_arena *arena; /* of the check's head */
    int64_t check, started_wall_ms;
    struct lane **lanes;
    size_t lane_n, lane_room;
    void *lane_tree;            /* by key: tsearch(3) */
    pthread_mutex_t store_lock; /* the store and the vault */
    pthread_mutex_t lock;       /* what follows, and the listener; wanted before store_lock */
    pthread_cond_t written, let_go;
    const char *claimed[XR_JOBS_MAX]; /* accounts of users who are logging on themselves; or NULL */
    struct batch *filling, *spare;    /* spare NULL: it is being written */
    size_t writing_n;
    const struct xr_store_err *store_err;
    int64_t back_offs, bulk_us, written_us;
    enum xr_check_end end;
    /* Looked at for every user, so without the lock; changed with it. */
    _Atomic(struct refused *) refused;
    atomic_int_least64_t pause_until_us, pauses_in_a_row, requests, asked;
    atomic_bool stop;
};

/* ---- bulk_select.c: who is checked, and in which lane ---- */

/* Fills state->check and the lanes; users who need no traffic get their result at once. *ret_text:
 * see XR_BULK_NO_USER. */
enum xr_bulk_outcome xr_bulk_select(
    struct state *state, const struct xr_bulk_choice *choice, const char **ret_text);

/* ---- bulk_queue.c: the users of a lane, handed out one by one ---- */

struct queue;
struct page;
struct settings;

/* A user who is in work, and where he came from. */
struct taken {
    const struct xr_user *user; /* until he is given back */
    struct queue *queue;
    struct page *page;
};

struct queue *xr_bulk_queue_new(struct state *state, int lane);
void xr_bulk_queue_free(struct queue *queue);

/* From now on Autodiscover is asked about those who are not taken yet, by whoever takes one. NULL:
 * not any more; nobody may be at work then. */
void xr_bulk_queue_ask(struct queue *queue, struct settings *settings);

/* false: there are no more. */
bool xr_bulk_take(struct queue *queue, struct taken *ret);
void xr_bulk_give_back(struct taken *taken);

/* Waits for the answer when it is under way. NULL: Autodiscover was not asked, or told nothing. */
const char *xr_bulk_primary_address(const struct taken *taken);

/* ---- bulk_lane.c ---- */

/* All users of a lane who have no result yet. */
void xr_bulk_run_lane(struct state *state, const struct lane *lane);

/* ---- bulk_mailbox.c: one user ---- */

/* What the first users of a lane have learned, and every other user of it starts from. */
struct start {
    struct xr_arena *arena;
    struct xr_target target;
    struct xr_run run;
    struct xr_ctx ctx;
    struct xr_secret password, token;
    char steps[XR_CHECK_STEPS + 1];
    bool known; /* the way is clear: the others can be checked side by side */
};

struct outcome {
    struct xr_check_user user;
    const char *lane_finding, *lane_message; /* of what all users of the lane share; or NULL */
    enum xr_status lane_status;
    bool refused;     /* the credential was */
    bool about_user;  /* what is wrong may be right for the next user of the lane */
    bool lost;        /* no answer of Exchange: the way to it is disturbed */
    bool passing;     /* in a manner that may pass by itself, and a second look proves no password
                         twice to who may not have taken it */
    bool unclear;     /* a password went out, and nothing shows that it was taken or refused */
    bool interrupted; /* no result: the check is over */
    bool throttled;   /* no result: to be asked again after back_off_ms (0: not told how long) */
    int64_t back_off_ms;
};

/* A whole service-account test for one user, in start->arena. Ends with xr_bulk_start_done(). */
void xr_bulk_explore(struct state *state, struct start *start, const struct xr_user *user,
    const struct xr_effective *effective, struct outcome *ret);
void xr_bulk_start_done(struct start *start);

/* The mailbox alone. http: this worker's, or NULL for a user who logs on himself. */
void xr_bulk_mailbox(struct state *state, const struct start *start, struct xr_arena *arena,
    const struct taken *taken, const struct xr_effective *effective, struct xr_http **http,
    struct outcome *ret);

/* The secret that the user's access uses; ends with xr_secret_done(). NULL, or why it cannot be
 * had: *ret_code says as which finding. */
const char *xr_bulk_secret(struct state *state, struct xr_arena *arena, const struct xr_user *user,
    const struct xr_effective *effective, struct xr_secret *ret, enum xr_finding_code *ret_code);

/* What became of a user who was not asked, because of what is known already. */
struct xr_check_user xr_bulk_not_asked(const struct xr_user *user, enum xr_status status,
    const char *finding, const char *step, const char *message);

/* ---- bulk_settings.c: what Autodiscover tells of many users at once ---- */

/* NULL: the lane has no place where that can be asked with its account. */
struct settings *xr_bulk_settings_new(struct state *state, const struct start *start);
void xr_bulk_settings_free(struct settings *settings); /* NULL is fine */

/* ret[i]: the primary address of users[i]; NULL: Autodiscover does not tell. At most
 * XR_USER_SETTINGS_MAX users, and one caller at a time. */
void xr_bulk_settings_ask(struct settings *settings, struct xr_arena *arena,
    const struct xr_user *users, size_t n, const char **ret);

/* ---- bulk_sink.c: where results go, and when to wait ---- */

void xr_bulk_record(struct state *state, int64_t user_id, const struct xr_check_user *user);
void xr_bulk_flush(struct state *state); /* all that was recorded is in the store */
void xr_bulk_store_failed(struct state *state, const struct xr_store_err *err);
void xr_bulk_stop(struct state *state, enum xr_check_end end);
/* Waits as long as the server asked us to. false: the check is over. */
bool xr_bulk_may_go_on(struct state *state);
void xr_bulk_throttled(struct state *state, int64_t back_off_ms);
void xr_bulk_pause(struct state *state, int64_t ms);
void xr_bulk_answered(struct state *state, int64_t requests);
/* Until xr_bulk_let_go() nobody else logs on as this account: a wrong password goes out once. */
void xr_bulk_claim(struct state *state, const char *account);
void xr_bulk_let_go(struct state *state, const char *account);
/* NULL: this account has not been refused in this check. */
const struct refused *xr_bulk_refused(struct state *state, const char *account);
void xr_bulk_note_refused(
    struct state *state, const char *account, const struct xr_check_user *user);

#endif
