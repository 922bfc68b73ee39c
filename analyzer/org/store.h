#ifndef XR_STORE_H
#define XR_STORE_H

#include "analyzer/base/err.h"
#include "analyzer/model/check.h"
#include "analyzer/org/organisation.h"

/*
 * Where organisations, users, their sealed secrets, the audit trail and check
 * results live. Narrow on purpose: one more backend fits behind it. Every
 * function that changes something is one transaction: after a crash the old or
 * the new state is there, never a mixture. A store is used by one thread at a
 * time; other processes may use the same file.
 *
 * Names and addresses are unique, and ordered, with the letter case of ASCII
 * ignored. A file is not trusted: what exray never stores (a longer text, an
 * unknown word, a view or trigger) is XR_STORE_CORRUPT, never a crash.
 */
enum xr_store_fault {
    XR_STORE_NOT_FOUND,  /* no such organisation, user, secret or check */
    XR_STORE_EXISTS,     /* the name or address is taken */
    XR_STORE_STALE,      /* somebody saved in between: text says who, when and what */
    XR_STORE_UNREADABLE, /* the file cannot be opened: permissions, a folder, not there */
    XR_STORE_FOREIGN,    /* not a store of ours, or of a newer version */
    XR_STORE_CORRUPT,
    XR_STORE_BUSY, /* locked by another process for too long */
    XR_STORE_FULL, /* disk full, quota */
    XR_STORE_READ_ONLY,
    XR_STORE_IO,
    XR_STORE_REFUSED, /* a value that no record may have: text names it; nothing was changed */
};

/* NULL means success. text is a phrase that names the file (or the record) and the cause. */
struct xr_store_err {
    enum xr_store_fault fault;
    const char *text;
};

struct xr_store;

/*
 * Makes the file, 0600, and its folders, 0700, when they are not there; an
 * empty file becomes a store. A file of our own with wider permissions is closed to
 * others. The file must not be a symbolic link (its folders may be). What an
 * older exray made is brought to this version, as one transaction. What cannot be
 * written is opened for reading; saving is XR_STORE_READ_ONLY then.
 */
xr_must_check const struct xr_store_err *xr_store_open(
    struct xr_arena *arena, const char *path, struct xr_store **ret);
void xr_store_close(struct xr_store *store); /* NULL is fine */
const char *xr_store_path(const struct xr_store *store);

/* ---- organisations ---- */

/* By name, letter case ignored. */
xr_must_check const struct xr_store_err *xr_store_org(
    struct xr_store *store, struct xr_arena *arena, const char *name, struct xr_org *ret);
/* All, by name; *ret_n of them. */
xr_must_check const struct xr_store_err *xr_store_orgs(
    struct xr_store *store, struct xr_arena *arena, struct xr_org **ret, size_t *ret_n);
/*
 * org->id 0: adds, and sets id, uid (when NULL) and generation. Else saves what was read with that
 * generation, and moves it on; XR_STORE_STALE when it was not the newest. When no field differs
 * nothing is written, and generation, changed_ms and the audit trail stay as they are. Secrets are
 * not part of it: "has" is not looked at, and storing a secret does not move the generation.
 * *org changes on success only.
 */
xr_must_check const struct xr_store_err *xr_store_save_org(
    struct xr_store *store, struct xr_arena *arena, struct xr_org *org);
/* With its users, secrets and results. */
xr_must_check const struct xr_store_err *xr_store_remove_org(
    struct xr_store *store, struct xr_arena *arena, const struct xr_org *org);

/* ---- users ---- */

xr_must_check const struct xr_store_err *xr_store_user(struct xr_store *store,
    struct xr_arena *arena, int64_t org_id, const char *email, struct xr_user *ret);
/* As xr_store_save_org(). invalidated_ms is not saved: see xr_store_invalidate() and
 * xr_store_put_secret(). Under a new address a user stays in the unfinished check. */
xr_must_check const struct xr_store_err *xr_store_save_user(
    struct xr_store *store, struct xr_arena *arena, struct xr_user *user);
/* With its secrets. Results stay in the reports of checks until the next check begins. */
xr_must_check const struct xr_store_err *xr_store_remove_user(
    struct xr_store *store, struct xr_arena *arena, const struct xr_user *user);
xr_must_check const struct xr_store_err *xr_store_user_count(
    struct xr_store *store, struct xr_arena *arena, int64_t org_id, int64_t *ret);

/*
 * A page of users in the order of their addresses: at most "most" of those
 * behind "after" (NULL: from the beginning). *ret_n 0: the end. Keyset paging:
 * memory stays flat, and no transaction stays open between pages.
 */
xr_must_check const struct xr_store_err *xr_store_users(struct xr_store *store,
    struct xr_arena *arena, int64_t org_id, const char *after, size_t most, struct xr_user *ret,
    size_t *ret_n);

/* ---- many changes as one ---- */

/* Everything between is one transaction; xr_store_roll_back() undoes it. Do not nest. After
 * XR_STORE_NOT_FOUND, EXISTS, STALE or REFUSED it can go on; after any other error it cannot: the
 * commit then returns that error and rolls back. */
xr_must_check const struct xr_store_err *xr_store_begin(
    struct xr_store *store, struct xr_arena *arena);
xr_must_check const struct xr_store_err *xr_store_commit(
    struct xr_store *store, struct xr_arena *arena);
void xr_store_roll_back(struct xr_store *store);

/* ---- sealed secrets: the store knows ciphertext only (see vault.h) ---- */

struct xr_sealed {
    const char *uid; /* of the organisation or user that it belongs to */
    enum xr_secret_kind kind;
    const char *key_id; /* 16 hexadecimal digits */
    const unsigned char *bytes;
    size_t length;
};

/* length 0 removes it. Part of the record: counts as its change in the audit trail ("changed"), and
 * a new one ends invalidated_ms; the generation stays. XR_STORE_NOT_FOUND: no such uid. */
xr_must_check const struct xr_store_err *xr_store_put_secret(
    struct xr_store *store, struct xr_arena *arena, const struct xr_sealed *sealed);
/* XR_STORE_NOT_FOUND: there is none. */
xr_must_check const struct xr_store_err *xr_store_secret(struct xr_store *store,
    struct xr_arena *arena, const char *uid, enum xr_secret_kind kind, struct xr_sealed *ret);
/* All of them, by (uid, kind), in pages behind *after (NULL: from the beginning): for rekey and
 * export. */
xr_must_check const struct xr_store_err *xr_store_secrets(struct xr_store *store,
    struct xr_arena *arena, const struct xr_sealed *after, size_t most, struct xr_sealed *ret,
    size_t *ret_n);
/* The same secret, sealed with another key: no change of the record, so the audit trail says
 * nothing. XR_STORE_NOT_FOUND: it is not there any more. */
xr_must_check const struct xr_store_err *xr_store_reseal(
    struct xr_store *store, struct xr_arena *arena, const struct xr_sealed *sealed);
/* Deletes the secrets of a user and notes when (FEATURES D8). XR_STORE_NOT_FOUND: the user has
 * none of his own. */
xr_must_check const struct xr_store_err *xr_store_invalidate(
    struct xr_store *store, struct xr_arena *arena, struct xr_user *user);

/* Small settings of the store itself, for the vault: key kind, salt, check value. NULL: none;
 * value NULL deletes. */
xr_must_check const struct xr_store_err *xr_store_setting(
    struct xr_store *store, struct xr_arena *arena, const char *name, const char **ret);
xr_must_check const struct xr_store_err *xr_store_put_setting(
    struct xr_store *store, struct xr_arena *arena, const char *name, const char *value);

/* ---- the audit trail ---- */

struct xr_change {
    int64_t id, at_ms;
    const char *by;        /* "root@host" */
    const char *what;      /* "organization", "user" */
    const char *name;      /* of the record */
    const char *field;     /* "added", "removed", or the field's name */
    const char *from, *to; /* NULL: not set; secrets: "changed" */
};

/* The newest first, of one organisation (by its uid; also of one that was removed); id < before (0:
 * the newest). */
xr_must_check const struct xr_store_err *xr_store_changes(struct xr_store *store,
    struct xr_arena *arena, const char *org_uid, int64_t before, size_t most, struct xr_change *ret,
    size_t *ret_n);

/* ---- checks ---- */

/* A selected user of a check; lane: which group of users it belongs to (run/bulk.c). */
struct xr_check_entry {
    int64_t user_id;
    int lane;
};

enum xr_check_kind {
    XR_CHECK_ALL, /* takes the place of an older unfinished one, which is dropped */
    /* Of some users: where an older one is unfinished that stays so, whole, and this one cannot be
     * resumed. Where none is this one is it. */
    XR_CHECK_PART,
    /* Of values that are not saved yet: it touches no other check, cannot be resumed, and its
     * results count as the last ones of their users from xr_store_check_end() on. */
    XR_CHECK_CANDIDATE,
};

/*
 * Whoever checks an organisation holds its lock, from before the check begins
 * or goes on until after it has ended. It ends with the process, too. It lies in
 * a file beside the store, PATH.lock, which stays. XR_STORE_BUSY: the text says
 * which process has it; XR_STORE_READ_ONLY: no check can be kept in this store.
 */
struct xr_check_lock; /* in the arena */
xr_must_check const struct xr_store_err *xr_store_check_lock(
    struct xr_store *store, struct xr_arena *arena, int64_t org_id, struct xr_check_lock **ret);
void xr_store_check_unlock(struct xr_check_lock *lock); /* NULL is fine */

/* One check is unfinished at most. Of older checks those results stay that nothing supersedes: they
 * are the last results of their users. Candidates that never ended are deleted. */
xr_must_check const struct xr_store_err *xr_store_check_begin(struct xr_store *store,
    struct xr_arena *arena, int64_t org_id, enum xr_check_kind kind, int64_t started_wall_ms,
    int64_t *ret_check);
/* In batches, before the first result; replaces a former lane of the same user. Users who are not
 * of the organisation (any more) are passed over. XR_STORE_NOT_FOUND, also below: the check has
 * ended, or a newer one took its place. */
xr_must_check const struct xr_store_err *xr_store_check_select(struct xr_store *store,
    struct xr_arena *arena, int64_t check, const struct xr_check_entry *entries, size_t n);
/* The one to resume; XR_STORE_NOT_FOUND: none. */
xr_must_check const struct xr_store_err *xr_store_check_unfinished(struct xr_store *store,
    struct xr_arena *arena, int64_t org_id, int64_t *ret_check, int64_t *ret_started_wall_ms);
/* The next users of a lane without a result, in the order of their addresses, behind "after"
 * (NULL: from the beginning). lane -1: of all lanes. Users removed since are left out. */
xr_must_check const struct xr_store_err *xr_store_check_pending(struct xr_store *store,
    struct xr_arena *arena, int64_t check, int lane, const char *after, size_t most,
    struct xr_user *ret, size_t *ret_n);
/* As one transaction. ids[i] belongs to users[i]; who was removed meanwhile is passed over. The
 * address is that of the selection. Texts longer than XR_FIELD_MAX are cut. */
xr_must_check const struct xr_store_err *xr_store_check_results(struct xr_store *store,
    struct xr_arena *arena, int64_t check, const int64_t *ids, const struct xr_check_user *users,
    size_t n);
/* XR_STORE_STALE: selected users have no result, or lost it to xr_store_forget_results(); the check
 * goes on. */
xr_must_check const struct xr_store_err *xr_store_check_end(
    struct xr_store *store, struct xr_arena *arena, int64_t check);
/* As if it had not been made: the last results of its users are those of before. */
xr_must_check const struct xr_store_err *xr_store_check_drop(
    struct xr_store *store, struct xr_arena *arena, int64_t check);
/* ret->selected, summary, causes, cause_count, median_us, p99_us (of those who were asked: without
 * the skipped ones). A finding that this catalogue does not know counts as ews.error, here and in
 * rows, where it also becomes "code". */
xr_must_check const struct xr_store_err *xr_store_check_sums(
    struct xr_store *store, struct xr_arena *arena, int64_t check, struct xr_check *ret);

enum xr_rows_order {
    XR_ROWS_BY_EMAIL,
    XR_ROWS_BY_CAUSE, /* errors first, then warnings, skipped, success; by finding; by e-mail */
};

/* A reading of the results of a check. Ends with xr_store_rows_done(), which returns the error that
 * ended it early, or NULL. */
struct xr_store_rows;
xr_must_check const struct xr_store_err *xr_store_rows_open(struct xr_store *store,
    struct xr_arena *arena, int64_t check, enum xr_rows_order order, struct xr_store_rows **ret);
bool xr_store_rows_next(void *rows, struct xr_check_user *ret); /* fits struct xr_check_rows */
xr_must_check const struct xr_store_err *xr_store_rows_done(struct xr_store_rows *rows);

/* The last result of a user, whichever check it came from (but a candidate that has not ended);
 * XR_STORE_NOT_FOUND: never checked. */
xr_must_check const struct xr_store_err *xr_store_last_result(
    struct xr_store *store, struct xr_arena *arena, int64_t user_id, struct xr_check_user *ret);
/* Forgets the last results of a user, or of all users of an organisation (user_id 0): after a new
 * password they say nothing any more. In a check that has not ended they are pending again; a
 * candidate, which has tried the new password, keeps its results. */
xr_must_check const struct xr_store_err *xr_store_forget_results(
    struct xr_store *store, struct xr_arena *arena, int64_t org_id, int64_t user_id);

#endif
