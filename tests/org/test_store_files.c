#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/org/store_world.h"
#include "tests/unit.h"

static void write_file(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

static unsigned char *read_file(struct world *world, const char *path, size_t *ret_length)
{
    struct stat facts;
    FILE *file = fopen(path, "rb");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(stat(path, &facts), 0);
    *ret_length = (size_t)facts.st_size;
    unsigned char *bytes = xr_alloc(world->arena, *ret_length + 1);
    ck_assert_uint_eq(fread(bytes, 1, *ret_length, file), *ret_length);
    ck_assert_int_eq(fclose(file), 0);
    return bytes;
}

static int mode_of(const char *path)
{
    struct stat facts;

    ck_assert_msg(stat(path, &facts) == 0, "%s", path);
    return (int)(facts.st_mode & 0777);
}

/* Opening fails so, and the text names the file. */
static void cannot_open(struct world *world, enum xr_store_fault fault, const char *part)
{
    struct xr_store *store;
    const struct xr_store_err *err = xr_store_open(world->arena, world->path, &store);

    fails(err, fault, part);
    fails(err, fault, world->path);
    ck_assert_ptr_null(store);
}

START_TEST(file_and_folders_are_private_whatever_the_umask)
{
    auto_world world = world_new();
    const char *folder = xr_printf(world.arena, "%s/a/b", world.folder);

    (void)umask(0);
    world.path = xr_printf(world.arena, "%s/store.db", folder);
    world_reopen(&world);
    (void)saved_org(&world, "Contoso");
    ck_assert_int_eq(mode_of(xr_printf(world.arena, "%s/a", world.folder)), 0700);
    ck_assert_int_eq(mode_of(folder), 0700);
    ck_assert_int_eq(mode_of(world.path), 0600);
    ck_assert_int_eq(mode_of(xr_printf(world.arena, "%s-wal", world.path)), 0600);
    ck_assert_int_eq(mode_of(xr_printf(world.arena, "%s-shm", world.path)), 0600);
    ck_assert_int_eq(chmod(world.path, 0644), 0);
    world_reopen(&world);
    ck_assert_int_eq(mode_of(world.path), 0600);
}
END_TEST

START_TEST(a_symbolic_link_is_refused_but_not_one_among_the_folders)
{
    auto_world world = world_open();
    const char *link = xr_printf(world.arena, "%s/link", world.folder);

    ck_assert_int_eq(symlink(world.path, link), 0);
    const char *real = world.path;
    world.path = link;
    cannot_open(&world, XR_STORE_UNREADABLE, "symbolic link");
    ck_assert_int_eq(unlink(link), 0);
    ck_assert_int_eq(symlink(world.folder, link), 0);
    world.path = xr_printf(world.arena, "%s/store.db", link);
    world_reopen(&world);
    (void)saved_org(&world, "Contoso");
    world.path = real;
    world_reopen(&world);
    struct xr_org org;
    fine(xr_store_org(world.store, world.arena, "Contoso", &org));
}
END_TEST

START_TEST(what_is_no_file_or_no_store_is_told_apart)
{
    auto_world world = world_new();
    static const char words[] = "name,email\nanna,anna@contoso.test\n";

    ck_assert_int_eq(mkdir(world.path, 0700), 0);
    cannot_open(&world, XR_STORE_UNREADABLE, "not a file");
    ck_assert_int_eq(rmdir(world.path), 0);
    write_file(world.path, words, sizeof(words));
    cannot_open(&world, XR_STORE_FOREIGN, "not a SQLite file");
    ck_assert_int_eq(unlink(world.path), 0);
    raw(world.path, "CREATE TABLE org (id INTEGER)");
    cannot_open(&world, XR_STORE_FOREIGN, "another application");
    raw(world.path, "PRAGMA application_id = 1145850188");
    cannot_open(&world, XR_STORE_FOREIGN, "another application");
    ck_assert_str_eq(raw_text(&world, "PRAGMA journal_mode"), "delete");
    world.path = xr_printf(world.arena, "%s/store.db/store.db", world.folder);
    struct xr_store *store;
    fails(xr_store_open(world.arena, world.path, &store), XR_STORE_UNREADABLE, "store.db");
}
END_TEST

START_TEST(a_store_of_a_newer_version_is_left_alone)
{
    auto_world world = world_open();

    raw(world.path, "PRAGMA user_version = 77");
    xr_store_close(world.store);
    world.store = NULL;
    cannot_open(&world, XR_STORE_FOREIGN, "version 77");
    ck_assert_str_eq(raw_text(&world, "PRAGMA user_version"), "77");
}
END_TEST

START_TEST(an_empty_file_becomes_a_store_unless_its_log_tells_of_more)
{
    auto_world world = world_new();

    write_file(world.path, "", 0);
    write_file(xr_printf(world.arena, "%s-wal", world.path), "frames", 6);
    cannot_open(&world, XR_STORE_CORRUPT, "-wal");
    ck_assert_int_eq(unlink(xr_printf(world.arena, "%s-wal", world.path)), 0);
    world_reopen(&world);
    (void)saved_org(&world, "Contoso");
}
END_TEST

static void schema_damage(const char *sql)
{
    auto_world world = world_open();
    struct xr_org *all;
    size_t n;

    xr_store_close(world.store);
    world.store = NULL;
    raw(world.path, "PRAGMA foreign_keys = OFF");
    raw(world.path, sql);
    const struct xr_store_err *err = xr_store_open(world.arena, world.path, &world.store);
    if (!err)
        err = xr_store_orgs(world.store, world.arena, &all, &n);
    fails(err, XR_STORE_CORRUPT, world.path);
}

START_TEST(a_schema_that_is_not_ours_is_corrupt_and_runs_nothing)
{
    schema_damage("DROP TABLE org");
    schema_damage("ALTER TABLE org RENAME COLUMN notes TO remarks");
    schema_damage("DROP TABLE secret; CREATE VIEW secret AS WITH RECURSIVE n (uid) AS "
                  "(SELECT 1 UNION ALL SELECT uid + 1 FROM n) SELECT uid, 'password' kind FROM n");
    schema_damage("CREATE TRIGGER t AFTER INSERT ON org BEGIN DELETE FROM user; END");
    schema_damage("CREATE VIRTUAL TABLE v USING fts5 (x)");
    schema_damage("PRAGMA user_version = -3");
}
END_TEST

static void org_damage(const char *sql)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");

    raw(world.path, sql);
    fails(xr_store_org(world.store, world.arena, "Contoso", &org), XR_STORE_CORRUPT, world.path);
}

START_TEST(values_that_no_store_holds_are_corrupt)
{
    org_damage("UPDATE org SET access = 'root'");
    org_damage("UPDATE org SET group_kind = ''");
    org_damage("UPDATE org SET account = hex(zeroblob(2000))");
    org_damage("UPDATE org SET notes = hex(zeroblob(10000))");
    org_damage("UPDATE org SET notes = hex(zeroblob(1000000))");
    org_damage("UPDATE org SET uid = ''");
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    raw(world.path, "UPDATE org SET notes = CAST(x'41ff00c328' AS TEXT)");
    fine(xr_store_org(world.store, world.arena, "Contoso", &org));
    ck_assert_str_eq(org.notes, "A\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd(");
}
END_TEST

START_TEST(a_file_that_was_cut_off_is_corrupt)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    size_t length;

    save_users(&world, &org, 0, 2000);
    xr_store_close(world.store);
    world.store = NULL;
    (void)read_file(&world, world.path, &length);
    ck_assert_int_eq(truncate(world.path, (off_t)length / 2), 0);
    cannot_open(&world, XR_STORE_CORRUPT, "damaged");
    ck_assert_int_eq(truncate(world.path, 100), 0);
    cannot_open(&world, XR_STORE_CORRUPT, "damaged");
}
END_TEST

/* Whatever comes out of it: no crash, no endless loop, and errors only of the kinds below. */
static void use_all(struct world *world, const char *uid)
{
    struct xr_arena *scratch = xr_arena_new();
    static struct xr_user users[50];
    struct xr_change changes[50];
    struct xr_check sums = { 0 };
    struct xr_check_user user;
    struct xr_store_rows *rows;
    struct xr_sealed sealed[10];
    struct xr_org *orgs;
    size_t n;
    const struct xr_store_err *errs[10] = { xr_store_open(scratch, world->path, &world->store) };

    if (!errs[0]) {
        errs[1] = xr_store_orgs(world->store, scratch, &orgs, &n);
        errs[2] = xr_store_users(world->store, scratch, 1, NULL, 50, users, &n);
        errs[3] = xr_store_changes(world->store, scratch, uid, 0, 50, changes, &n);
        errs[4] = xr_store_check_sums(world->store, scratch, 1, &sums);
        errs[5] = xr_store_secrets(world->store, scratch, NULL, 10, sealed, &n);
        errs[6] = xr_store_rows_open(world->store, scratch, 1, XR_ROWS_BY_CAUSE, &rows);
        for (int i = 0; !errs[6] && i < 100000 && xr_store_rows_next(rows, &user);)
            i++;
        if (!errs[6])
            errs[6] = xr_store_rows_done(rows);
        struct xr_org org = sample_org("Fabrikam");
        errs[7] = xr_store_save_org(world->store, scratch, &org);
        errs[8] = xr_store_check_pending(world->store, scratch, 1, 0, NULL, 50, users, &n);
    }
    for (size_t i = 0; i < sizeof(errs) / sizeof(*errs); i++)
        ck_assert_msg(!errs[i] || errs[i]->fault == XR_STORE_CORRUPT ||
                          errs[i]->fault == XR_STORE_FOREIGN ||
                          errs[i]->fault == XR_STORE_NOT_FOUND ||
                          errs[i]->fault == XR_STORE_EXISTS || errs[i]->fault == XR_STORE_IO,
            "%zu: fault %d: %s", i, (int)(errs[i] ? errs[i]->fault : 0), errs[i]->text);
    xr_store_close(world->store);
    world->store = NULL;
    xr_arena_free(scratch);
}

/* A small one of everything. */
static const char *fill(struct world *world)
{
    struct xr_org org = saved_org(world, "Contoso");
    struct xr_check_user result = {
        .status = XR_ERROR, .finding = "ews.error", .steps = "sssss-e"
    };
    int64_t check;

    save_users(world, &org, 0, 60);
    seal(world, org.uid, XR_SECRET_PASSWORD, "cipher");
    fine(xr_store_check_begin(world->store, world->arena, org.id, XR_CHECK_ALL, 1, &check));
    for (int64_t id = 1; id <= 60; id++) {
        struct xr_check_entry entry = { id, 0 };
        fine(xr_store_check_select(world->store, world->arena, check, &entry, 1));
        if (id % 2)
            fine(xr_store_check_results(world->store, world->arena, check, &id, &result, 1));
    }
    xr_store_close(world->store);
    world->store = NULL;
    return org.uid;
}

START_TEST(a_damaged_file_is_told_and_never_crashes)
{
    auto_world world = world_open();
    const char *uid = fill(&world);
    size_t length;
    unsigned char *good = read_file(&world, world.path, &length);
    unsigned char *bad = xr_alloc(world.arena, length);

    srandom(4711);
    for (int round = 0; round < 150; round++) {
        memcpy(bad, good, length);
        for (long i = random() % 8; i >= 0; i--)
            bad[(size_t)random() % length] = (unsigned char)random();
        if (round % 5 == 0)
            memset(bad + (size_t)random() % (length / 512) * 512, round % 2 ? 0xff : 0, 512);
        (void)unlink(xr_printf(world.arena, "%s-wal", world.path));
        (void)unlink(xr_printf(world.arena, "%s-shm", world.path));
        write_file(world.path, bad, length);
        use_all(&world, uid);
    }
}
END_TEST

START_TEST(a_locked_store_is_told_after_a_while)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    sqlite3 *other = NULL;

    ck_assert_int_eq(sqlite3_open(world.path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    fine(xr_store_org(world.store, world.arena, "Contoso", &org));
    org.notes = "n";
    fails(xr_store_save_org(world.store, world.arena, &org), XR_STORE_BUSY, world.path);
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    fine(xr_store_save_org(world.store, world.arena, &org));
}
END_TEST

START_TEST(a_file_that_may_not_grow_is_full_and_keeps_the_old_state)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    int64_t count;

    save_users(&world, &org, 0, 100);
    world_reopen(&world);
    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    struct rlimit limit = { 128 * 1024, 128 * 1024 };
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const struct xr_store_err *err = NULL;
    fine(xr_store_begin(world.store, world.arena));
    for (int i = 0; !err && i < 100000; i++) {
        struct xr_user user = sample_user(&org, xr_printf(world.arena, "full%d@contoso.test", i));
        err = xr_store_save_user(world.store, world.arena, &user);
    }
    fails(err, XR_STORE_FULL, world.path);
    struct xr_user user = sample_user(&org, "after@contoso.test");
    fails(xr_store_save_user(world.store, world.arena, &user), XR_STORE_FULL, world.path);
    fails(xr_store_commit(world.store, world.arena), XR_STORE_FULL, world.path);
    fine(xr_store_user_count(world.store, world.arena, org.id, &count));
    ck_assert_int_eq(count, 100);
}
END_TEST

/* Who may write anywhere is somebody else for this; the folder goes with him. */
static void lose_rights(struct world *world)
{
    if (geteuid())
        return;
    ck_assert_int_eq(chown(world->folder, 65534, 65534), 0);
    ck_assert_int_eq(chown(world->path, 65534, 65534), 0);
    ck_assert_int_eq(seteuid(65534), 0);
}

START_TEST(a_read_only_store_can_be_read)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");

    xr_store_close(world.store);
    world.store = NULL;
    lose_rights(&world);
    ck_assert_int_eq(chmod(world.path, 0400), 0);
    world_reopen(&world);
    fine(xr_store_org(world.store, world.arena, "Contoso", &org));
    org.notes = "n";
    fails(xr_store_save_org(world.store, world.arena, &org), XR_STORE_READ_ONLY, world.path);
    ck_assert_int_eq(chmod(world.path, 0600), 0);
    ck_assert_int_eq(chmod(world.folder, 0500), 0);
    world_reopen(&world);
    fine(xr_store_org(world.store, world.arena, "Contoso", &org));
    fails(xr_store_begin(world.store, world.arena), XR_STORE_READ_ONLY, "read-only");
    ck_assert_int_eq(chmod(world.path, 0), 0);
    cannot_open(&world, XR_STORE_UNREADABLE, "Permission denied");
    world.path = xr_printf(world.arena, "%s/new.db", world.folder);
    cannot_open(&world, XR_STORE_UNREADABLE, "Permission denied");
    ck_assert_int_eq(chmod(world.folder, 0700), 0);
    (void)seteuid(0);
}
END_TEST

XR_UNIT_MAIN("store_files", file_and_folders_are_private_whatever_the_umask,
    a_symbolic_link_is_refused_but_not_one_among_the_folders,
    what_is_no_file_or_no_store_is_told_apart, a_store_of_a_newer_version_is_left_alone,
    an_empty_file_becomes_a_store_unless_its_log_tells_of_more,
    a_schema_that_is_not_ours_is_corrupt_and_runs_nothing, values_that_no_store_holds_are_corrupt,
    a_file_that_was_cut_off_is_corrupt, a_damaged_file_is_told_and_never_crashes,
    a_locked_store_is_told_after_a_while, a_file_that_may_not_grow_is_full_and_keeps_the_old_state,
    a_read_only_store_can_be_read)
