#include <errno.h>
#include <string.h>
#include <time.h>

#include "analyzer/org/store_sqlite.h"

/* "EXRY", in the header of the file: whose it is. */
enum { APPLICATION_ID = 0x45585259 };

/*
 * Step n makes version n + 1 out of version n. A step that was released never
 * changes any more; tests/org/test_store_schema.c keeps each version as it was.
 *
 * Ids are never used again (AUTOINCREMENT): results and the audit trail outlive
 * the records that they are about.
 */
static const char *const steps[] = {
    "CREATE TABLE setting (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)"
    " STRICT, WITHOUT ROWID;"

    "CREATE TABLE org (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE,"
    " generation INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE UNIQUE,"
    " domains TEXT NOT NULL, access TEXT NOT NULL, account TEXT, ews_url TEXT, folder TEXT,"
    " group_kind TEXT NOT NULL, scope_name TEXT, notes TEXT, changed_ms INTEGER NOT NULL,"
    " changed_by TEXT NOT NULL) STRICT;"

    "CREATE TABLE user (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE,"
    " org_id INTEGER NOT NULL REFERENCES org (id) ON DELETE CASCADE,"
    " generation INTEGER NOT NULL, email TEXT NOT NULL COLLATE NOCASE, access TEXT NOT NULL,"
    " user_name TEXT, account TEXT, ews_url TEXT, enabled INTEGER NOT NULL,"
    " invalidated_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL, changed_by TEXT NOT NULL,"
    " UNIQUE (org_id, email)) STRICT;"

    "CREATE TABLE secret (uid TEXT NOT NULL, kind TEXT NOT NULL, key_id TEXT NOT NULL,"
    " bytes BLOB NOT NULL, org_id INTEGER REFERENCES org (id) ON DELETE CASCADE,"
    " user_id INTEGER REFERENCES user (id) ON DELETE CASCADE, PRIMARY KEY (uid, kind))"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX secret_of_org ON secret (org_id) WHERE org_id IS NOT NULL;"
    "CREATE INDEX secret_of_user ON secret (user_id) WHERE user_id IS NOT NULL;"

    "CREATE TABLE change (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL,"
    " author TEXT NOT NULL, org_uid TEXT NOT NULL, what TEXT NOT NULL,"
    " record_id INTEGER NOT NULL, generation INTEGER NOT NULL, name TEXT NOT NULL,"
    " field TEXT NOT NULL, old TEXT, new TEXT) STRICT;"
    "CREATE INDEX change_of_org ON change (org_uid);"

    "CREATE TABLE check_run (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " org_id INTEGER NOT NULL REFERENCES org (id) ON DELETE CASCADE,"
    " started_ms INTEGER NOT NULL, state TEXT NOT NULL) STRICT;"
    "CREATE INDEX check_run_of_org ON check_run (org_id);"

    /* status NULL: not checked yet. The address is a copy: a row outlives its user. It leads the
     * key because results come in its order: those of one batch lie on the same pages. */
    "CREATE TABLE check_user ("
    " check_id INTEGER NOT NULL REFERENCES check_run (id) ON DELETE CASCADE,"
    " user_id INTEGER NOT NULL, email TEXT NOT NULL COLLATE NOCASE, lane INTEGER NOT NULL,"
    " status INTEGER, finding TEXT, step TEXT, code TEXT, message TEXT, account TEXT, host TEXT,"
    " primary_smtp_address TEXT, elapsed_us INTEGER, at_ms INTEGER, steps TEXT,"
    " PRIMARY KEY (check_id, email, user_id)) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX check_user_of_user ON check_user (user_id, check_id);"
    "CREATE INDEX check_user_pending ON check_user (check_id, lane, email)"
    " WHERE status IS NULL;",

    /* Version 2: which mailbox server answered; which of two results of a user is the newer one
     * (store_checks.c); who changed a record since when. */
    "ALTER TABLE check_user ADD COLUMN server TEXT;"
    "ALTER TABLE check_user ADD COLUMN turn INTEGER;"
    "UPDATE check_user SET turn = check_id WHERE status IS NOT NULL;"
    "CREATE INDEX change_of_record ON change (what, record_id, generation);",
};
enum { VERSION = sizeof(steps) / sizeof(*steps) };

struct head {
    int64_t application_id, version, objects;
    int64_t strange; /* what could run code of the file's author */
};

static const struct xr_store_err *read_head(
    struct xr_store *store, struct xr_arena *arena, struct head *ret)
{
    xr_auto_sql sql = xr_sql_of(store,
        "SELECT (SELECT application_id FROM pragma_application_id),"
        " (SELECT user_version FROM pragma_user_version), count(*),"
        " coalesce(sum(type IN ('view', 'trigger') OR rootpage = 0 OR rootpage IS NULL), 0)"
        " FROM sqlite_schema",
        NULL, 0);

    if (xr_sql_row(&sql))
        *ret = (struct head){ xr_sql_int(&sql, 0), xr_sql_int(&sql, 1), xr_sql_int(&sql, 2),
            xr_sql_int(&sql, 3) };
    return xr_sql_err(&sql, arena);
}

static bool is_new(const struct head *head)
{
    return !head->application_id && !head->version && !head->objects;
}

static const struct xr_store_err *judge(
    struct xr_store *store, struct xr_arena *arena, const struct head *head)
{
    if (is_new(head))
        return NULL;
    if (head->application_id != APPLICATION_ID)
        return xr_store_fail(arena, XR_STORE_FOREIGN,
            "%s: this is not a store of exray: it is a SQLite file of another application",
            store->path);
    if (head->version > VERSION)
        return xr_store_fail(arena, XR_STORE_FOREIGN,
            "%s: a newer exray made this store (version %lld; this one knows up to %d): use that "
            "one",
            store->path, (long long)head->version, (int)VERSION);
    if (head->version < 1 || head->strange)
        return xr_store_fail(arena, XR_STORE_CORRUPT,
            "%s: the file is damaged: its schema is not one that exray makes; restore it from a "
            "backup",
            store->path);
    return NULL;
}

static const struct xr_store_err *execute(
    struct xr_store *store, struct xr_arena *arena, const char *text)
{
    errno = 0;
    int rc = sqlite3_exec(store->db, text, NULL, NULL, NULL);
    return rc == SQLITE_OK ? NULL : xr_store_db_err(store, arena, rc);
}

/*
 * SQLite does not wait for this lock by itself. Where shared memory does not
 * work the file keeps its roll-back journal, which needs more care to survive a
 * power cut.
 */
static const struct xr_store_err *use_log(struct xr_store *store, struct xr_arena *arena)
{
    const char *mode = "";
    int rc = SQLITE_BUSY;

    for (int waited = 0; rc == SQLITE_BUSY && waited < XR_BUSY_MS; waited += 20) {
        sqlite3_stmt *stmt = NULL;
        if (waited)
            (void)nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
        errno = 0;
        rc = sqlite3_prepare_v2(store->db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
        if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
            mode = xr_strdup(arena, (const char *)sqlite3_column_text(stmt, 0));
        rc = stmt ? sqlite3_finalize(stmt) : rc;
        rc = (rc & 0xff) == SQLITE_BUSY ? SQLITE_BUSY : rc;
    }
    if (rc != SQLITE_OK)
        return xr_store_db_err(store, arena, rc);
    return execute(store, arena,
        strcmp(mode, "wal") == 0 ? "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;"
                                   " PRAGMA journal_size_limit = 16777216"
                                 : "PRAGMA synchronous = FULL");
}

/* Looks again, under the lock: another process may have been faster. */
static const struct xr_store_err *migrate(struct xr_store *store, struct xr_arena *arena)
{
    struct head head = { 0 };
    const struct xr_store_err *err = read_head(store, arena, &head);

    if (!err)
        err = judge(store, arena, &head);
    for (int64_t version = head.version; !err && version < VERSION; version++)
        err = execute(store, arena, steps[version]);
    if (err || head.version == VERSION)
        return err;
    return execute(store, arena,
        xr_printf(arena, "PRAGMA application_id = %d; PRAGMA user_version = %d",
            (int)APPLICATION_ID, (int)VERSION));
}

const struct xr_store_err *xr_schema_ready(struct xr_store *store, struct xr_arena *arena)
{
    struct head head = { 0 };
    const struct xr_store_err *err = read_head(store, arena, &head);

    if (!err)
        err = judge(store, arena, &head);
    if (err || (store->read_only && head.version == VERSION))
        return err;
    if (store->read_only)
        return xr_store_fail(arena, XR_STORE_READ_ONLY,
            "%s: the store must be brought to version %d, but it cannot be written", store->path,
            (int)VERSION);
    err = use_log(store, arena);
    if (err || head.version == VERSION)
        return err;
    err = xr_tx_begin(store, arena);
    return err ? err : xr_tx_end(store, arena, migrate(store, arena));
}
