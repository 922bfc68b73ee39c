#include <string.h>

#include "analyzer/org/store_sqlite.h"

/*
 * States of a check: "open", the one to resume; "aside", of some users while an
 * open one waits; "candidate", which does not count yet; "ended"; "dropped", not
 * ended and not to be resumed, but its results count.
 */
struct running {
    int64_t check, org_id;
    /* The newest check of the organisation: an open one may get results after those that were
     * begun later, so the number of a check does not tell which result is the newer one. */
    int64_t turn;
};

static const struct xr_store_err *running_check(
    struct xr_store *store, struct xr_arena *arena, int64_t check, struct running *ret)
{
    xr_auto_sql sql = xr_sql(store,
        "SELECT org_id, (SELECT max(id) FROM check_run newest"
        "  WHERE newest.org_id = check_run.org_id)"
        " FROM check_run WHERE id = ?1 AND state IN ('open', 'aside', 'candidate')",
        xr_int(check));

    if (xr_sql_row(&sql)) {
        *ret = (struct running){ check, xr_sql_int(&sql, 0), xr_sql_int(&sql, 1) };
        return NULL;
    }
    const struct xr_store_err *err = xr_sql_err(&sql, arena);
    if (err)
        return err;
    return xr_store_fail(arena, XR_STORE_NOT_FOUND,
        "this check has ended, or another check of the same organisation took its place");
}

static const struct xr_store_err *unfinished(struct xr_store *store, struct xr_arena *arena,
    int64_t org_id, int64_t *ret_check, int64_t *ret_started_wall_ms)
{
    xr_auto_sql sql = xr_sql(store,
        "SELECT id, started_ms FROM check_run WHERE org_id = ?1 AND state = 'open'"
        " ORDER BY id DESC LIMIT 1",
        xr_int(org_id));

    if (xr_sql_row(&sql)) {
        *ret_check = xr_sql_int(&sql, 0);
        *ret_started_wall_ms = xr_sql_int(&sql, 1);
    }
    return xr_sql_err(&sql, arena);
}

static const struct xr_store_err *run_all(struct xr_store *store, struct xr_arena *arena,
    const char *const *texts, size_t n, int64_t org_id)
{
    const struct xr_store_err *err = NULL;

    for (size_t i = 0; !err && i < n; i++)
        err = xr_sql_run(store, arena, texts[i], xr_int(org_id));
    return err;
}

/* Candidates that were killed: whatever they found out never counted. */
static const struct xr_store_err *forget_candidates(
    struct xr_store *store, struct xr_arena *arena, int64_t org_id)
{
    static const char *const texts[] = {
        "DELETE FROM check_user WHERE check_id IN"
        " (SELECT id FROM check_run WHERE org_id = ?1 AND state = 'candidate')",
        "DELETE FROM check_run WHERE org_id = ?1 AND state = 'candidate'",
    };

    return run_all(store, arena, texts, sizeof(texts) / sizeof(*texts), org_id);
}

/*
 * Of older checks only what is the last result of a user stays; the open one
 * stays whole. SQLite looks each row up by its user, so this costs as much as
 * the older checks are long.
 */
static const struct xr_store_err *prune(
    struct xr_store *store, struct xr_arena *arena, int64_t org_id)
{
    static const char *const texts[] = {
        "UPDATE check_run SET state = 'dropped' WHERE org_id = ?1 AND state = 'aside'",
        "DELETE FROM check_user WHERE check_id IN"
        "  (SELECT id FROM check_run WHERE org_id = ?1 AND state <> 'open')"
        " AND (status IS NULL"
        "  OR NOT EXISTS (SELECT 1 FROM user WHERE user.id = check_user.user_id)"
        "  OR EXISTS (SELECT 1 FROM check_user newer WHERE newer.user_id = check_user.user_id"
        "   AND newer.status IS NOT NULL AND (newer.turn > check_user.turn"
        "    OR (newer.turn = check_user.turn AND newer.check_id < check_user.check_id))))",
        "DELETE FROM check_run WHERE org_id = ?1"
        " AND NOT EXISTS (SELECT 1 FROM check_user WHERE check_id = check_run.id)",
    };

    return run_all(store, arena, texts, sizeof(texts) / sizeof(*texts), org_id);
}

/* Of what was before: what the new check ends, and in which state that lets it begin. */
static const struct xr_store_err *make_room(struct xr_store *store, struct xr_arena *arena,
    int64_t org_id, enum xr_check_kind kind, const char **ret_state)
{
    int64_t open = 0, started = 0;
    const struct xr_store_err *err = forget_candidates(store, arena, org_id);

    *ret_state = kind == XR_CHECK_CANDIDATE ? "candidate" : "open";
    if (err || kind == XR_CHECK_CANDIDATE)
        return err;
    if (kind == XR_CHECK_ALL)
        err = xr_sql_run(store, arena,
            "UPDATE check_run SET state = 'dropped' WHERE org_id = ?1 AND state = 'open'",
            xr_int(org_id));
    if (!err)
        err = prune(store, arena, org_id);
    if (!err)
        err = unfinished(store, arena, org_id, &open, &started);
    if (open)
        *ret_state = "aside";
    return err;
}

static const struct xr_store_err *begin(struct xr_store *store, struct xr_arena *arena,
    int64_t org_id, enum xr_check_kind kind, int64_t started_wall_ms, int64_t *ret_check)
{
    const char *state;
    const struct xr_store_err *err = make_room(store, arena, org_id, kind, &state);

    if (!err)
        err = xr_sql_run(store, arena,
            "INSERT INTO check_run (org_id, started_ms, state) VALUES (?1, ?2, ?3)", xr_int(org_id),
            xr_int(started_wall_ms), xr_text(state));
    if (err)
        return err;
    *ret_check = sqlite3_last_insert_rowid(store->db);
    return NULL;
}

const struct xr_store_err *xr_store_check_begin(struct xr_store *store, struct xr_arena *arena,
    int64_t org_id, enum xr_check_kind kind, int64_t started_wall_ms, int64_t *ret_check)
{
    const struct xr_store_err *err = xr_tx_begin(store, arena);

    return err ? err
               : xr_tx_end(
                     store, arena, begin(store, arena, org_id, kind, started_wall_ms, ret_check));
}

static const struct xr_store_err *select_one(struct xr_store *store, struct xr_arena *arena,
    const struct running *running, const struct xr_check_entry *entry)
{
    xr_auto_sql sql = xr_sql(store, "SELECT email FROM user WHERE id = ?1 AND org_id = ?2",
        xr_int(entry->user_id), xr_int(running->org_id));

    if (!xr_sql_row(&sql))
        return xr_sql_err(&sql, arena);
    /* INSERT ... SELECT would be one statement less, but SQLite copies pages to undo such a one. */
    const char *email = xr_sql_must(&sql, arena, 0, XR_FIELD_MAX);
    const struct xr_store_err *err = xr_sql_err(&sql, arena);
    if (err)
        return err;
    return xr_sql_run(store, arena,
        "INSERT INTO check_user (check_id, user_id, email, lane) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (check_id, user_id) DO UPDATE SET lane = excluded.lane",
        xr_int(running->check), xr_int(entry->user_id), xr_text(email), xr_int(entry->lane));
}

static const struct xr_store_err *select_all(struct xr_store *store, struct xr_arena *arena,
    int64_t check, const struct xr_check_entry *entries, size_t n)
{
    struct running running = { 0 };
    const struct xr_store_err *err = running_check(store, arena, check, &running);

    for (size_t i = 0; !err && i < n; i++)
        err = select_one(store, arena, &running, &entries[i]);
    return err;
}

const struct xr_store_err *xr_store_check_select(struct xr_store *store, struct xr_arena *arena,
    int64_t check, const struct xr_check_entry *entries, size_t n)
{
    const struct xr_store_err *err = xr_tx_begin(store, arena);

    return err ? err : xr_tx_end(store, arena, select_all(store, arena, check, entries, n));
}

const struct xr_store_err *xr_store_check_unfinished(struct xr_store *store, struct xr_arena *arena,
    int64_t org_id, int64_t *ret_check, int64_t *ret_started_wall_ms)
{
    *ret_check = 0;
    const struct xr_store_err *err =
        unfinished(store, arena, org_id, ret_check, ret_started_wall_ms);

    if (err || *ret_check)
        return err;
    return xr_store_fail(arena, XR_STORE_NOT_FOUND, "this organisation has no unfinished check");
}

#define PENDING(by, condition)                                                          \
    "SELECT " XR_USER_COLUMNS "FROM check_user c " by                                   \
    " CROSS JOIN user u ON u.id = c.user_id WHERE c.check_id = ?1 AND c.status IS NULL" \
    " AND c.email > ?2" condition " ORDER BY c.email LIMIT ?3"

const struct xr_store_err *xr_store_check_pending(struct xr_store *store, struct xr_arena *arena,
    int64_t check, int lane, const char *after, size_t most, struct xr_user *ret, size_t *ret_n)
{
    static const char of_all[] = PENDING("NOT INDEXED", " AND ?4 < 0");
    static const char of_lane[] = PENDING("INDEXED BY check_user_pending", " AND c.lane = ?4");
    xr_auto_sql sql = xr_sql(store, lane < 0 ? of_all : of_lane, xr_int(check),
        xr_text(after ? after : ""), xr_int((int64_t)most), xr_int(lane));

    *ret_n = 0;
    while (*ret_n < most && xr_sql_row(&sql))
        ret[(*ret_n)++] = xr_user_row(&sql, arena);
    return xr_sql_err(&sql, arena);
}

/* What strangers wrote is cut, between two characters. */
static struct xr_value cut(const char *text)
{
    size_t length = text ? strnlen(text, XR_FIELD_MAX + 1) : 0;

    if (length <= XR_FIELD_MAX)
        return xr_text(text);
    length = XR_FIELD_MAX;
    while (((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    return (struct xr_value){ .type = SQLITE_TEXT, .bytes = text, .length = length };
}

#define PUT_RESULT                                                                           \
    "UPDATE check_user SET status = ?4, finding = ?5, step = ?6, code = ?7, message = ?8,"   \
    " account = ?9, host = ?10, primary_smtp_address = ?11, server = ?12, elapsed_us = ?13," \
    " at_ms = ?14, steps = ?15, turn = ?16 WHERE check_id = ?1 AND "

/* The address leads to the row at once; the sign keeps SQLite from looking the user up in an index
 * before. Who got another address since has it under that one. */
static const struct xr_store_err *put_result(struct xr_store *store, struct xr_arena *arena,
    const struct running *running, int64_t id, const struct xr_check_user *user)
{
    static const char by_key[] = PUT_RESULT "email = ?3 AND +user_id = ?2";
    static const char by_id[] = PUT_RESULT "user_id = ?2 AND email IS NOT ?3";
    const struct xr_value values[] = { xr_int(running->check), xr_int(id), xr_text(user->email),
        xr_int(user->status), xr_text(user->finding), xr_text(user->step), cut(user->code),
        cut(user->message), cut(user->account), cut(user->host), cut(user->primary_smtp_address),
        cut(user->server), xr_int(user->elapsed_us), xr_int(user->at_wall_ms), xr_text(user->steps),
        xr_int(running->turn) };
    const int n = sizeof(values) / sizeof(*values);
    const struct xr_store_err *err = xr_sql_run_of(store, arena, by_key, values, n);

    if (err || sqlite3_changes64(store->db))
        return err;
    return xr_sql_run_of(store, arena, by_id, values, n);
}

static const struct xr_store_err *put_results(struct xr_store *store, struct xr_arena *arena,
    int64_t check, const int64_t *ids, const struct xr_check_user *users, size_t n)
{
    struct running running = { 0 };
    const struct xr_store_err *err = running_check(store, arena, check, &running);

    for (size_t i = 0; !err && i < n; i++)
        err = put_result(store, arena, &running, ids[i], &users[i]);
    return err;
}

const struct xr_store_err *xr_store_check_results(struct xr_store *store, struct xr_arena *arena,
    int64_t check, const int64_t *ids, const struct xr_check_user *users, size_t n)
{
    const struct xr_store_err *err = xr_tx_begin(store, arena);

    return err ? err : xr_tx_end(store, arena, put_results(store, arena, check, ids, users, n));
}

/* A password that was stored meanwhile makes those pending again who had their result. */
static const struct xr_store_err *nobody_is_pending(
    struct xr_store *store, struct xr_arena *arena, int64_t check)
{
    xr_auto_sql sql = xr_sql(store,
        "SELECT count(*) FROM check_user INDEXED BY check_user_pending WHERE check_id = ?1"
        " AND status IS NULL AND EXISTS (SELECT 1 FROM user WHERE user.id = check_user.user_id)",
        xr_int(check));
    int64_t n = xr_sql_row(&sql) ? xr_sql_int(&sql, 0) : 0;
    const struct xr_store_err *err = xr_sql_err(&sql, arena);

    if (err || !n)
        return err;
    return xr_store_fail(arena, XR_STORE_STALE,
        "%lld of the selected users have no result: they were not checked yet, or got a new "
        "password since",
        (long long)n);
}

static const struct xr_store_err *end(struct xr_store *store, struct xr_arena *arena, int64_t check)
{
    struct running running;
    const struct xr_store_err *err = running_check(store, arena, check, &running);

    if (!err)
        err = nobody_is_pending(store, arena, check);
    if (err)
        return err;
    return xr_sql_run(
        store, arena, "UPDATE check_run SET state = 'ended' WHERE id = ?1", xr_int(check));
}

const struct xr_store_err *xr_store_check_end(
    struct xr_store *store, struct xr_arena *arena, int64_t check)
{
    const struct xr_store_err *err = xr_tx_begin(store, arena);

    return err ? err : xr_tx_end(store, arena, end(store, arena, check));
}

static const struct xr_store_err *drop(
    struct xr_store *store, struct xr_arena *arena, int64_t check)
{
    const struct xr_store_err *err =
        xr_sql_run(store, arena, "DELETE FROM check_user WHERE check_id = ?1", xr_int(check));

    return err ? err
               : xr_sql_run(store, arena, "DELETE FROM check_run WHERE id = ?1", xr_int(check));
}

const struct xr_store_err *xr_store_check_drop(
    struct xr_store *store, struct xr_arena *arena, int64_t check)
{
    const struct xr_store_err *err = xr_tx_begin(store, arena);

    return err ? err : xr_tx_end(store, arena, drop(store, arena, check));
}

/* ?1: the organisation, ?2: the user, 0: all. What a candidate found out is not there to forget. */
#define OF_CHECKS(states)                                                       \
    "check_id IN (SELECT id FROM check_run WHERE org_id = ?1 AND state " states \
    ") AND status IS NOT NULL AND (?2 = 0 OR user_id = ?2)"

/* In a check that may go on such a user is to be asked again: nobody is forgotten. */
static const struct xr_store_err *forget(
    struct xr_store *store, struct xr_arena *arena, int64_t org_id, int64_t user_id)
{
    const struct xr_store_err *err = xr_sql_run(store, arena,
        "DELETE FROM check_user WHERE " OF_CHECKS("NOT IN ('open', 'aside', 'candidate')"),
        xr_int(org_id), xr_int(user_id));

    if (err)
        return err;
    return xr_sql_run(store, arena,
        "UPDATE check_user SET status = NULL, finding = NULL, step = NULL, code = NULL,"
        " message = NULL WHERE " OF_CHECKS("IN ('open', 'aside')"),
        xr_int(org_id), xr_int(user_id));
}

const struct xr_store_err *xr_store_forget_results(
    struct xr_store *store, struct xr_arena *arena, int64_t org_id, int64_t user_id)
{
    const struct xr_store_err *err = xr_tx_begin(store, arena);

    return err ? err : xr_tx_end(store, arena, forget(store, arena, org_id, user_id));
}
