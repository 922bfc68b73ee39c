#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/org/store_sqlite.h"

const struct xr_store_err *xr_store_fail(
    struct xr_arena *arena, enum xr_store_fault fault, const char *fmt, ...)
{
    struct xr_store_err *err = xr_new(arena, struct xr_store_err);
    va_list args;

    va_start(args, fmt);
    *err = (struct xr_store_err){ fault, xr_vprintf(arena, fmt, args) };
    va_end(args);
    return err;
}

/* What an errno means, when it says more than SQLite's own code. */
static bool fault_of_errno(int error, enum xr_store_fault *ret)
{
    static const struct {
        int error;
        enum xr_store_fault fault;
    } rows[] = {
        { ENOSPC, XR_STORE_FULL },
        { EDQUOT, XR_STORE_FULL },
        { EFBIG, XR_STORE_FULL },
        { EROFS, XR_STORE_READ_ONLY },
        { EACCES, XR_STORE_UNREADABLE },
        { EPERM, XR_STORE_UNREADABLE },
        { ENOENT, XR_STORE_UNREADABLE },
        { ENOTDIR, XR_STORE_UNREADABLE },
        { EISDIR, XR_STORE_UNREADABLE },
        { ELOOP, XR_STORE_UNREADABLE },
        { ENAMETOOLONG, XR_STORE_UNREADABLE },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].error == error) {
            *ret = rows[i].fault;
            return true;
        }
    }
    return false;
}

const struct xr_store_err *xr_store_os_err(struct xr_arena *arena, int error, const char *what)
{
    enum xr_store_fault fault = XR_STORE_IO;

    (void)fault_of_errno(error, &fault);
    return xr_store_fail(arena, fault, "%s: %s", what, strerrordesc_np(error));
}

/* By the extended code where there is a row for it, else by the primary one. */
static const struct code {
    int rc;
    enum xr_store_fault fault;
    const char *cause; /* NULL: what SQLite says */
} codes[] = {
    { SQLITE_BUSY, XR_STORE_BUSY, "another program has been writing to it for 5 seconds" },
    { SQLITE_LOCKED, XR_STORE_BUSY, "another program is using it" },
    { SQLITE_PROTOCOL, XR_STORE_BUSY, "another program is using it" },
    { SQLITE_CONSTRAINT_FOREIGNKEY, XR_STORE_NOT_FOUND,
        "the organisation was removed in the meantime" },
    { SQLITE_FULL, XR_STORE_FULL, "the disk is full; nothing was changed" },
    { SQLITE_READONLY, XR_STORE_READ_ONLY,
        "it cannot be written: the file, its folder or the "
        "file system is read-only" },
    { SQLITE_NOTADB, XR_STORE_FOREIGN, "this is not a store of exray: it is not a SQLite file" },
    { SQLITE_CORRUPT, XR_STORE_CORRUPT, "the file is damaged: restore it from a backup" },
    { SQLITE_TOOBIG, XR_STORE_CORRUPT, "the file holds a value that is larger than any of exray" },
    { SQLITE_SCHEMA, XR_STORE_CORRUPT, NULL },
    { SQLITE_MISMATCH, XR_STORE_CORRUPT, NULL },
    { SQLITE_CONSTRAINT, XR_STORE_CORRUPT, NULL },
    { SQLITE_ERROR, XR_STORE_CORRUPT, NULL },
    { SQLITE_CANTOPEN, XR_STORE_UNREADABLE, "it cannot be opened" },
    { SQLITE_PERM, XR_STORE_UNREADABLE, NULL },
    { SQLITE_AUTH, XR_STORE_UNREADABLE, NULL },
};

static const struct code *code_of(int rc)
{
    static const struct code other = { 0, XR_STORE_IO, NULL };

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (codes[i].rc == rc || codes[i].rc == (rc & 0xff))
            return &codes[i];
    return &other;
}

/*
 * The errno behind an error of a file. SQLite keeps one for the connection, but
 * not from within a commit; each of its files has one of its own, but the journal
 * in which a new file turns to WAL mode is closed by now. The callers clear errno
 * first, so what is there comes from the failed call, or from tidying up after it.
 */
static int last_errno(sqlite3 *db)
{
    int left = errno, error = 0;
    sqlite3_file *file = NULL;

    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    if (file && file->pMethods)
        (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error);
    if (!error)
        (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &error);
    if (!error)
        error = sqlite3_system_errno(db);
    return error || left == ENOENT ? error : left;
}

const struct xr_store_err *xr_store_db_err(struct xr_store *store, struct xr_arena *arena, int rc)
{
    const struct code *code = code_of(rc);
    enum xr_store_fault fault = code->fault;
    bool of_file = fault == XR_STORE_IO || fault == XR_STORE_FULL || fault == XR_STORE_UNREADABLE;
    int error = store->db && of_file ? last_errno(store->db) : 0;
    const char *said = store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc);

    if (fault != XR_STORE_FULL)
        (void)fault_of_errno(error, &fault);
    /* A message of SQLite may quote names out of a hostile file. */
    said = xr_excerpt(arena, xr_utf8(arena, said, strlen(said)), XR_QUOTED_MAX);
    return xr_store_fail(arena, fault, "%s: %s%s%s%s", store->path,
        code->cause ? code->cause : said, error ? " (" : "", error ? strerrordesc_np(error) : "",
        error ? ")" : "");
}

static int prepare(struct xr_store *store, const char *text, sqlite3_stmt **ret)
{
    return sqlite3_prepare_v3(store->db, text, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
}

/* A statement that is in the middle of its rows is not given out again. */
static sqlite3_stmt *cached(struct xr_store *store, const char *text, int *ret_rc)
{
    sqlite3_stmt *stmt = NULL;

    for (size_t i = 0; i < store->statements; i++)
        if (store->cache[i].text == text)
            return store->cache[i].stmt;
    *ret_rc = prepare(store, text, &stmt);
    if (!stmt)
        return NULL;
    if (store->statements == XR_STATEMENTS_MAX)
        abort();
    store->cache[store->statements].text = text;
    store->cache[store->statements++].stmt = stmt;
    return stmt;
}

void xr_sql_bind(struct xr_sql *sql, const struct xr_value *values, int n)
{
    for (int i = 0; sql->rc == SQLITE_OK && i < n; i++) {
        const struct xr_value *value = &values[i];
        if (value->type == SQLITE_INTEGER)
            sql->rc = sqlite3_bind_int64(sql->stmt, i + 1, value->number);
        if (value->type == SQLITE_TEXT && value->bytes)
            sql->rc = sqlite3_bind_text(sql->stmt, i + 1, value->bytes,
                value->length ? (int)value->length : -1, SQLITE_STATIC);
        if (value->type == SQLITE_BLOB && value->bytes)
            sql->rc = sqlite3_bind_blob64(
                sql->stmt, i + 1, value->bytes, (sqlite3_uint64)value->length, SQLITE_STATIC);
    }
}

struct xr_sql xr_sql_of(
    struct xr_store *store, const char *text, const struct xr_value *values, int n)
{
    struct xr_sql sql = { .store = store, .cached = true };

    sql.stmt = cached(store, text, &sql.rc);
    assert(!sql.stmt || !sqlite3_stmt_busy(sql.stmt));
    xr_sql_bind(&sql, values, n);
    return sql;
}

struct xr_sql xr_sql_alone(
    struct xr_store *store, const char *text, const struct xr_value *values, int n)
{
    struct xr_sql sql = { .store = store };

    sql.rc = prepare(store, text, &sql.stmt);
    xr_sql_bind(&sql, values, n);
    return sql;
}

void xr_sql_done(struct xr_sql *sql)
{
    if (!sql->stmt)
        return;
    if (sql->cached) {
        (void)sqlite3_reset(sql->stmt);
        (void)sqlite3_clear_bindings(sql->stmt);
    } else {
        (void)sqlite3_finalize(sql->stmt);
    }
    sql->stmt = NULL;
}

bool xr_sql_row(struct xr_sql *sql)
{
    if (sql->flaw || (sql->rc != SQLITE_OK && sql->rc != SQLITE_ROW))
        return false;
    errno = 0;
    sql->rc = sqlite3_step(sql->stmt);
    return sql->rc == SQLITE_ROW;
}

const struct xr_store_err *xr_sql_err(struct xr_sql *sql, struct xr_arena *arena)
{
    if (sql->flaw)
        return xr_store_fail(arena, XR_STORE_CORRUPT,
            "%s: the file is damaged: %s; restore it from a backup", sql->store->path, sql->flaw);
    if (sql->rc == SQLITE_OK || sql->rc == SQLITE_ROW || sql->rc == SQLITE_DONE)
        return NULL;
    return xr_store_db_err(sql->store, arena, sql->rc);
}

const struct xr_store_err *xr_sql_finish(struct xr_sql *sql, struct xr_arena *arena)
{
    while (xr_sql_row(sql))
        ;
    return xr_sql_err(sql, arena);
}

const struct xr_store_err *xr_sql_finish_unique(
    struct xr_sql *sql, struct xr_arena *arena, const char *what, const char *name)
{
    const struct xr_store_err *err = xr_sql_finish(sql, arena);

    if (sql->rc != SQLITE_CONSTRAINT_UNIQUE)
        return err;
    name = xr_excerpt(arena, name, XR_QUOTED_MAX);
    if (strstr(sqlite3_errmsg(sql->store->db), ".uid"))
        return xr_store_fail(arena, XR_STORE_EXISTS,
            "%s '%s' has the uid of one that is stored already, under another name", what, name);
    return xr_store_fail(arena, XR_STORE_EXISTS, "there is %s '%s' already",
        strcmp(what, "user") == 0 ? "a user" : "an organisation", name);
}

const struct xr_store_err *xr_sql_run_of(struct xr_store *store, struct xr_arena *arena,
    const char *text, const struct xr_value *values, int n)
{
    xr_auto_sql sql = xr_sql_of(store, text, values, n);

    return xr_sql_finish(&sql, arena);
}

int64_t xr_sql_int(struct xr_sql *sql, int column)
{
    return sqlite3_column_int64(sql->stmt, column);
}

const char *xr_sql_text(struct xr_sql *sql, struct xr_arena *arena, int column, size_t most)
{
    const char *text = (const char *)sqlite3_column_text(sql->stmt, column);
    size_t length = (size_t)sqlite3_column_bytes(sql->stmt, column);

    if (!text)
        return NULL;
    if (length > most) {
        sql->flaw = xr_printf(arena, "%s has %zu bytes, %zu are allowed",
            sqlite3_column_name(sql->stmt, column), length, most);
        return NULL;
    }
    return xr_utf8(arena, text, length);
}

const char *xr_sql_must(struct xr_sql *sql, struct xr_arena *arena, int column, size_t most)
{
    bool is_text = sqlite3_column_type(sql->stmt, column) == SQLITE_TEXT;
    const char *raw = (const char *)sqlite3_column_text(sql->stmt, column);
    bool whole = raw && strlen(raw) == (size_t)sqlite3_column_bytes(sql->stmt, column);
    const char *text = xr_sql_text(sql, arena, column, most);

    if (text && *text && whole && is_text)
        return text;
    /* A table of somebody else's making may hold bytes where we wrote text: paging by them would
     * not end. */
    if (raw && !sql->flaw && (!whole || !is_text))
        sql->flaw = xr_printf(arena, "%s is not text", sqlite3_column_name(sql->stmt, column));
    if (!sql->flaw)
        sql->flaw =
            xr_printf(arena, "%s of a record is empty", sqlite3_column_name(sql->stmt, column));
    return "?";
}

/* Decided before anything was changed: the batch can go on. */
static bool is_harmless(enum xr_store_fault fault)
{
    return fault == XR_STORE_NOT_FOUND || fault == XR_STORE_EXISTS || fault == XR_STORE_STALE ||
           fault == XR_STORE_REFUSED;
}

const struct xr_store_err *xr_store_writable(struct xr_store *store, struct xr_arena *arena)
{
    if (!store->read_only)
        return NULL;
    return xr_store_fail(arena, XR_STORE_READ_ONLY,
        "%s: it cannot be written: the file, its folder or the file system is read-only",
        store->path);
}

static const struct xr_store_err *start(struct xr_store *store, struct xr_arena *arena)
{
    const struct xr_store_err *err = xr_store_writable(store, arena);

    return err ? err : xr_sql_run_of(store, arena, "BEGIN IMMEDIATE", NULL, 0);
}

static void undo(struct xr_store *store)
{
    xr_auto_sql sql = xr_sql_of(store, "ROLLBACK", NULL, 0);

    /* SQLite has rolled back by itself after some errors; there is nothing to undo then. */
    if (!sqlite3_get_autocommit(store->db))
        (void)xr_sql_row(&sql);
}

static const struct xr_store_err *finish(struct xr_store *store, struct xr_arena *arena)
{
    const struct xr_store_err *err = xr_sql_run_of(store, arena, "COMMIT", NULL, 0);

    if (err)
        undo(store);
    return err;
}

const struct xr_store_err *xr_tx_begin(struct xr_store *store, struct xr_arena *arena)
{
    if (!store->in_batch)
        return start(store, arena);
    return store->spoiled;
}

const struct xr_store_err *xr_tx_end(
    struct xr_store *store, struct xr_arena *arena, const struct xr_store_err *err)
{
    if (store->in_batch) {
        if (err && !is_harmless(err->fault) && !store->spoiled)
            store->spoiled = xr_store_fail(store->arena, err->fault, "%s", err->text);
        return err;
    }
    if (!err)
        return finish(store, arena);
    undo(store);
    return err;
}

const struct xr_store_err *xr_store_begin(struct xr_store *store, struct xr_arena *arena)
{
    assert(!store->in_batch);
    const struct xr_store_err *err = start(store, arena);
    store->in_batch = !err;
    store->spoiled = NULL;
    return err;
}

const struct xr_store_err *xr_store_commit(struct xr_store *store, struct xr_arena *arena)
{
    assert(store->in_batch);
    const struct xr_store_err *err = store->spoiled;
    if (err) {
        xr_store_roll_back(store);
        return err;
    }
    store->in_batch = false;
    if (sqlite3_get_autocommit(store->db))
        return xr_store_fail(arena, XR_STORE_IO,
            "%s: an error undid the whole transaction; nothing was changed", store->path);
    return finish(store, arena);
}

void xr_store_roll_back(struct xr_store *store)
{
    store->in_batch = false;
    store->spoiled = NULL;
    undo(store);
}
