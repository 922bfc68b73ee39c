#ifndef XR_STORE_SQLITE_H
#define XR_STORE_SQLITE_H

#include <sqlite3.h>

#include "analyzer/org/store.h"

/*
 * What the store_*.c files share, and nobody else sees. SQLite's types stay
 * here, so that another backend can stand beside this one.
 */

/* A batch is what lies between xr_store_begin() and xr_store_commit(). */
enum { XR_STATEMENTS_MAX = 96, XR_BUSY_MS = 5000 };

struct xr_store {
    struct xr_arena *arena; /* lives as long as the store */
    sqlite3 *db;
    const char *path; /* as the caller wrote it: for messages */
    const char *real; /* without symbolic links in its folders: for opening */
    const char *by_;  /* see xr_store_by() */
    bool read_only;
    bool in_batch;
    /* Why the batch cannot be committed: an error left it half done. NULL: it can. */
    const struct xr_store_err *spoiled;
    size_t statements;
    struct {
        const char *text;
        sqlite3_stmt *stmt;
    } cache[XR_STATEMENTS_MAX];
};

const struct xr_store_err *xr_store_fail(struct xr_arena *arena, enum xr_store_fault fault,
    const char *fmt, ...) __attribute__((format(printf, 3, 4), returns_nonnull));
/* Of a call of the operating system; "what" names the file and what was tried. */
const struct xr_store_err *xr_store_os_err(struct xr_arena *arena, int error, const char *what)
    __attribute__((returns_nonnull));
/* Of the last call of SQLite, which returned rc. */
const struct xr_store_err *xr_store_db_err(struct xr_store *store, struct xr_arena *arena, int rc)
    __attribute__((returns_nonnull));

/* NULL, or XR_STORE_READ_ONLY. */
const struct xr_store_err *xr_store_writable(struct xr_store *store, struct xr_arena *arena);

/* "user@host" of this process. */
const char *xr_store_by(struct xr_store *store);

/* ---- statements ---- */

struct xr_value {
    int type; /* SQLITE_INTEGER, SQLITE_TEXT, SQLITE_BLOB */
    int64_t number;
    const void *bytes; /* NULL: NULL */
    size_t length;     /* of a text 0: up to its NUL */
};

#define xr_int(value)  ((struct xr_value){ .type = SQLITE_INTEGER, .number = (value) })
#define xr_text(value) ((struct xr_value){ .type = SQLITE_TEXT, .bytes = (value) })
#define xr_blob(value, size) \
    ((struct xr_value){ .type = SQLITE_BLOB, .bytes = (value), .length = (size) })

/* A statement in use. Errors stay in it until xr_sql_err() tells them. */
struct xr_sql {
    struct xr_store *store;
    sqlite3_stmt *stmt;
    int rc;
    bool cached;
    const char *flaw; /* a value that no store of ours can hold: a phrase */
};

#define xr_auto_sql __attribute__((cleanup(xr_sql_done))) struct xr_sql

/*
 * Prepares "text" (or takes it from the cache, where its address finds it: it
 * must be a literal) and binds the values to ?1, ?2 ... They are not copied.
 * Every statement ends with xr_sql_done(), by way of xr_auto_sql.
 */
struct xr_sql xr_sql_of(
    struct xr_store *store, const char *text, const struct xr_value *values, int n);
/* The same, not cached: for a reading that stays open while others go on. */
struct xr_sql xr_sql_alone(
    struct xr_store *store, const char *text, const struct xr_value *values, int n);
void xr_sql_bind(struct xr_sql *sql, const struct xr_value *values, int n);
void xr_sql_done(struct xr_sql *sql);

#define XR_VALUES(...)                        \
    (const struct xr_value[]){ __VA_ARGS__ }, \
        (int)(sizeof((const struct xr_value[]){ __VA_ARGS__ }) / sizeof(struct xr_value))
#define xr_sql(store, text, ...) xr_sql_of((store), (text), XR_VALUES(__VA_ARGS__))

/* true: a row is there. false: the end, or an error. */
bool xr_sql_row(struct xr_sql *sql);
/* NULL: there was no error. */
const struct xr_store_err *xr_sql_err(struct xr_sql *sql, struct xr_arena *arena);
/* Of a statement without rows: to its end. */
const struct xr_store_err *xr_sql_finish(struct xr_sql *sql, struct xr_arena *arena);
/* The same; XR_STORE_EXISTS when a record of that name, or its uid, is there already. */
const struct xr_store_err *xr_sql_finish_unique(
    struct xr_sql *sql, struct xr_arena *arena, const char *what, const char *name);
const struct xr_store_err *xr_sql_run_of(struct xr_store *store, struct xr_arena *arena,
    const char *text, const struct xr_value *values, int n);
#define xr_sql_run(store, arena, text, ...) \
    xr_sql_run_of((store), (arena), (text), XR_VALUES(__VA_ARGS__))

/*
 * Columns of the row. A file may hold anything: text becomes valid UTF-8, and
 * what is longer than "most" bytes, or missing where it must not be, is a flaw,
 * which ends the reading with XR_STORE_CORRUPT.
 */
int64_t xr_sql_int(struct xr_sql *sql, int column);
const char *xr_sql_text(struct xr_sql *sql, struct xr_arena *arena, int column, size_t most);
const char *xr_sql_must(struct xr_sql *sql, struct xr_arena *arena, int column, size_t most);

/* ---- transactions ---- */

/* Within a batch they do nothing, but an error that may have left something half done spoils it. */
const struct xr_store_err *xr_tx_begin(struct xr_store *store, struct xr_arena *arena);
/* err NULL: commits. Returns err, or why it could not be committed. */
const struct xr_store_err *xr_tx_end(
    struct xr_store *store, struct xr_arena *arena, const struct xr_store_err *err);

/* ---- the schema ---- */

/* Makes it, or brings it to this version; tells foreign, newer and corrupt files. */
const struct xr_store_err *xr_schema_ready(struct xr_store *store, struct xr_arena *arena);

/* ---- the audit trail ---- */

struct xr_record {
    const char *what; /* "organization", "user" */
    int64_t id, org_id;
    int64_t generation; /* that the change makes */
    const char *name;
    int64_t at_ms;
};

const struct xr_store_err *xr_audit(struct xr_store *store, struct xr_arena *arena,
    const struct xr_record *record, const char *field, const char *from, const char *to);
/* A row for each field that differs. */
const struct xr_store_err *xr_audit_fields(struct xr_store *store, struct xr_arena *arena,
    const struct xr_record *record, const char *const *names, const char *const *from,
    const char *const *to, size_t n);
bool xr_fields_differ(const char *const *a, const char *const *b, size_t n);
/*
 * After the reading of the record as it is stored, which has that generation:
 * NULL; XR_STORE_NOT_FOUND when it was not there: who removed it, if that is
 * known; XR_STORE_STALE when *record was read before somebody changed it: who, and what.
 */
const struct xr_store_err *xr_audit_current(
    struct xr_sql *sql, struct xr_arena *arena, const struct xr_record *record, int64_t generation);
/* record: as it was until now. */
const struct xr_store_err *xr_audit_removed(
    struct xr_store *store, struct xr_arena *arena, struct xr_record record);

/* XR_STORE_REFUSED when a text is longer than allowed. */
const struct xr_store_err *xr_text_fits(
    struct xr_arena *arena, const char *record, const char *field, const char *text, size_t most);

/* ---- users ---- */

/* Columns of a user from the table "u", as xr_user_row() reads them. */
#define XR_USER_COLUMNS                                                                           \
    "u.id, u.uid, u.org_id, u.generation, u.email, u.access, u.user_name, u.account, u.ews_url, " \
    "u.enabled, u.invalidated_ms, u.changed_ms, u.changed_by, "                                   \
    "EXISTS (SELECT 1 FROM secret WHERE uid = u.uid AND kind = 'password'), "                     \
    "EXISTS (SELECT 1 FROM secret WHERE uid = u.uid AND kind = 'token') "
struct xr_user xr_user_row(struct xr_sql *sql, struct xr_arena *arena);

/* ---- checks ---- */

/* Columns of a result from the table "check_user", as xr_result_row() reads them. */
#define XR_RESULT_COLUMNS                                                                \
    "email, status, finding, step, code, message, account, host, primary_smtp_address, " \
    "server, elapsed_us, at_ms, steps "
struct xr_check_user xr_result_row(struct xr_sql *sql, struct xr_arena *arena);

#endif
