#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "analyzer/org/store_sqlite.h"

enum { SETTING_MAX = 4096 };

static const struct xr_store_err *os_err(struct xr_arena *arena, const char *path, const char *did)
{
    int error = errno;

    return xr_store_os_err(arena, error, xr_printf(arena, "%s: %s", path, did));
}

/* Every folder on the way, 0700 where it is made. */
static const struct xr_store_err *make_folders(struct xr_arena *arena, const char *folder)
{
    char *path = xr_strdup(arena, folder);

    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        (void)mkdir(path, 0700);
        *at = '/';
    }
    if (mkdir(path, 0700) && errno != EEXIST)
        return os_err(arena, path, "the folder of the store cannot be made");
    return NULL;
}

/* Links among the folders are the user's own business; the file itself must not be one. */
static const struct xr_store_err *resolve(struct xr_store *store, struct xr_arena *arena)
{
    const char *slash = strrchr(store->path, '/');
    const char *name = slash ? slash + 1 : store->path;
    const char *folder =
        slash ? xr_strndup(arena, store->path, (size_t)(slash - store->path) + 1) : "./";
    char *real = realpath(folder, NULL);

    if (!real && errno == ENOENT) {
        const struct xr_store_err *err = make_folders(arena, folder);
        if (err)
            return err;
        real = realpath(folder, NULL);
    }
    if (!real)
        return os_err(arena, folder, "the folder of the store cannot be opened");
    store->real = xr_printf(store->arena, "%s/%s", strcmp(real, "/") != 0 ? real : "", name);
    free(real);
    return NULL;
}

/*
 * Made before SQLite opens it, so that it never has other permissions, whatever
 * the umask. O_EXCL: closing a file that is open elsewhere in this process would
 * drop SQLite's locks on it.
 */
static const struct xr_store_err *make_file(struct xr_store *store, struct xr_arena *arena)
{
    int file = open(store->real, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (file < 0 && errno == EEXIST)
        return NULL;
    if (file < 0)
        return os_err(arena, store->path, "the store cannot be made");
    bool private = !fchmod(file, 0600);
    const struct xr_store_err *err =
        private ? NULL : os_err(arena, store->path, "the store cannot be made private");
    (void)close(file);
    return err;
}

static const char *beside(struct xr_store *store, const char *suffix)
{
    return xr_printf(store->arena, "%s%s", store->real, suffix);
}

static int64_t size_of(const char *path)
{
    struct stat facts;

    return lstat(path, &facts) ? 0 : (int64_t)facts.st_size;
}

/* What an older umask or a copy left readable for others is closed. */
static void make_private(const char *path)
{
    struct stat facts;

    if (!lstat(path, &facts) && S_ISREG(facts.st_mode) && facts.st_uid == geteuid() &&
        (facts.st_mode & 077))
        (void)chmod(path, 0600);
}

static const struct xr_store_err *look_at_file(struct xr_store *store, struct xr_arena *arena)
{
    struct stat facts;

    if (lstat(store->real, &facts)) {
        if (errno == ENOENT)
            return make_file(store, arena);
        return os_err(arena, store->path, "the store cannot be opened");
    }
    if (S_ISLNK(facts.st_mode))
        return xr_store_fail(arena, XR_STORE_UNREADABLE,
            "%s: this is a symbolic link: name the file that it leads to", store->path);
    if (!S_ISREG(facts.st_mode))
        return xr_store_fail(arena, XR_STORE_UNREADABLE,
            "%s: this is not a file: name one for the store", store->path);
    /* Whoever can write it could name a server of their own and be sent the password. */
    if (facts.st_uid != geteuid() && facts.st_uid != 0)
        return xr_store_fail(arena, XR_STORE_UNREADABLE,
            "%s: the store belongs to another user, who could change it", store->path);
    /* SQLite would throw the log away, and with it what it holds. */
    if (!facts.st_size && size_of(beside(store, "-wal")) > 0)
        return xr_store_fail(arena, XR_STORE_CORRUPT,
            "%s: the file is empty, but its log %s-wal is not: it was cut off; restore both from "
            "a backup",
            store->path, store->path);
    make_private(store->real);
    make_private(beside(store, "-wal"));
    make_private(beside(store, "-shm"));
    return NULL;
}

static bool is_writable(struct xr_store *store)
{
    const char *slash = strrchr(store->real, '/');
    const char *folder = xr_strndup(store->arena, store->real, (size_t)(slash - store->real) + 1);

    return !faccessat(AT_FDCWD, store->real, W_OK, AT_EACCESS) &&
           !faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS);
}

/* "file:PATH?immutable=1": what cannot be written needs no locks, and has no place for them. */
static const char *immutable_uri(struct xr_store *store)
{
    char *uri = xr_alloc(store->arena, 3 * strlen(store->real) + sizeof("file:?immutable=1"));
    char *to = stpcpy(uri, "file:");

    for (const char *at = store->real; *at; at++) {
        if (!strchr("%?#", *at)) {
            *to++ = *at;
            continue;
        }
        *to++ = '%';
        *to++ = "0123456789ABCDEF"[(unsigned char)*at >> 4];
        *to++ = "0123456789ABCDEF"[(unsigned char)*at & 15];
    }
    (void)stpcpy(to, "?immutable=1");
    return uri;
}

static int open_file(struct xr_store *store)
{
    int flags = SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_PRIVATECACHE;

    store->read_only = !is_writable(store);
    if (!store->read_only)
        return sqlite3_open_v2(store->real, &store->db, flags | SQLITE_OPEN_READWRITE, NULL);
    /* With a log there are newer pages than those of the file: they need the log's index. */
    if (size_of(beside(store, "-wal")) > 0)
        return sqlite3_open_v2(store->real, &store->db, flags | SQLITE_OPEN_READONLY, NULL);
    return sqlite3_open_v2(
        immutable_uri(store), &store->db, flags | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
}

/* A file may be hostile: nothing in its schema is trusted or run, and sizes are bounded. */
static void distrust(sqlite3 *db)
{
    static const struct {
        int what, on;
    } switches[] = {
        { SQLITE_DBCONFIG_DEFENSIVE, 1 },
        { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
        { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
        { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
        { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
        { SQLITE_DBCONFIG_DQS_DDL, 0 },
        { SQLITE_DBCONFIG_DQS_DML, 0 },
        { SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
    };
    static const struct {
        int what, most;
    } limits[] = {
        { SQLITE_LIMIT_LENGTH, 1024 * 1024 },
        { SQLITE_LIMIT_SQL_LENGTH, 64 * 1024 },
        { SQLITE_LIMIT_COLUMN, 64 },
        { SQLITE_LIMIT_EXPR_DEPTH, 64 },
        { SQLITE_LIMIT_VDBE_OP, 25000 },
        { SQLITE_LIMIT_ATTACHED, 0 },
        { SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100 },
        { SQLITE_LIMIT_TRIGGER_DEPTH, 10 },
        { SQLITE_LIMIT_WORKER_THREADS, 0 },
    };

    for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++)
        (void)sqlite3_db_config(db, switches[i].what, switches[i].on, NULL);
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
        (void)sqlite3_limit(db, limits[i].what, limits[i].most);
}

/* Nobody asks how much memory SQLite uses: to count it takes a lock for each piece. */
static void configure(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static const struct xr_store_err *connect_db(struct xr_store *store, struct xr_arena *arena)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, configure);
    int rc = open_file(store);
    if (rc != SQLITE_OK)
        return xr_store_db_err(store, arena, rc);
    distrust(store->db);
    (void)sqlite3_busy_timeout(store->db, XR_BUSY_MS);
    rc = sqlite3_exec(store->db,
        "PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON; PRAGMA cache_size = -16384;", NULL,
        NULL, NULL);
    return rc == SQLITE_OK ? NULL : xr_store_db_err(store, arena, rc);
}

const struct xr_store_err *xr_store_open(
    struct xr_arena *arena, const char *path, struct xr_store **ret)
{
    struct xr_arena *own = xr_arena_new();
    struct xr_store *store = xr_new(own, struct xr_store);

    *ret = NULL;
    *store = (struct xr_store){ .arena = own, .path = xr_strdup(own, path) };
    const struct xr_store_err *err = resolve(store, arena);
    if (!err)
        err = look_at_file(store, arena);
    if (!err)
        err = connect_db(store, arena);
    if (!err)
        err = xr_schema_ready(store, arena);
    if (err) {
        xr_store_close(store);
        return err;
    }
    *ret = store;
    return NULL;
}

void xr_store_close(struct xr_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < store->statements; i++)
        (void)sqlite3_finalize(store->cache[i].stmt);
    (void)sqlite3_close_v2(store->db);
    xr_arena_free(store->arena);
}

const char *xr_store_path(const struct xr_store *store)
{
    return store->path;
}

const char *xr_store_by(struct xr_store *store)
{
    char host[256] = "", words[4096];
    struct passwd entry, *found = NULL;

    if (store->by_)
        return store->by_;
    (void)gethostname(host, sizeof(host) - 1);
    (void)getpwuid_r(geteuid(), &entry, words, sizeof(words), &found);
    const char *user = found ? found->pw_name : xr_printf(store->arena, "%u", (unsigned)geteuid());
    const char *by = xr_printf(store->arena, "%s@%s", user, host);
    store->by_ = xr_utf8(store->arena, by, strlen(by));
    return store->by_;
}

const struct xr_store_err *xr_store_setting(
    struct xr_store *store, struct xr_arena *arena, const char *name, const char **ret)
{
    xr_auto_sql sql = xr_sql(store, "SELECT value FROM setting WHERE name = ?1", xr_text(name));

    *ret = xr_sql_row(&sql) ? xr_sql_text(&sql, arena, 0, SETTING_MAX) : NULL;
    return xr_sql_err(&sql, arena);
}

static const struct xr_store_err *put_setting(
    struct xr_store *store, struct xr_arena *arena, const char *name, const char *value)
{
    if (!value)
        return xr_sql_run(store, arena, "DELETE FROM setting WHERE name = ?1", xr_text(name));
    const struct xr_store_err *err = xr_text_fits(arena, "the store", name, value, SETTING_MAX);
    if (err)
        return err;
    return xr_sql_run(store, arena,
        "INSERT INTO setting (name, value) VALUES (?1, ?2) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        xr_text(name), xr_text(value));
}

const struct xr_store_err *xr_store_put_setting(
    struct xr_store *store, struct xr_arena *arena, const char *name, const char *value)
{
    const struct xr_store_err *err = xr_tx_begin(store, arena);

    return err ? err : xr_tx_end(store, arena, put_setting(store, arena, name, value));
}
