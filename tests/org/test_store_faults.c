#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/org/store_version1.h"
#include "tests/org/store_world.h"
#include "tests/unit.h"

/*
 * Two programs in one: unit tests about several processes on one store, and,
 * as `test_store_faults --drive OPERATION FILE`, the program that
 * tests/store_kills.py kills and lets fail at every system call.
 */

enum { USERS = 200, BEFORE = 20 };

static int tell(const struct xr_store_err *err)
{
    if (err)
        (void)fprintf(stderr, "%s\n", err->text);
    return err != NULL;
}

/* ---- what is done to a store ---- */

static const struct xr_store_err *make(struct xr_store *store, struct xr_arena *arena)
{
    struct xr_org org = sample_org("Contoso");
    const struct xr_store_err *err = xr_store_save_org(store, arena, &org);

    for (int i = 0; !err && i < BEFORE; i++) {
        struct xr_user user = sample_user(&org, xr_printf(arena, "u%03d@contoso.test", i));
        err = xr_store_save_user(store, arena, &user);
    }
    return err;
}

static const struct xr_store_err *save(struct xr_store *store, struct xr_arena *arena)
{
    struct xr_org org;
    char *notes = xr_alloc(arena, XR_NOTES_MAX + 1);
    const struct xr_store_err *err = xr_store_org(store, arena, "Contoso", &org);

    if (err)
        return err;
    memset(notes, 'n', XR_NOTES_MAX);
    org.notes = notes;
    org.account = "CONTOSO\\new";
    org.name = "Contoso Ltd";
    return xr_store_save_org(store, arena, &org);
}

static const struct xr_store_err *import_users(
    struct xr_store *store, struct xr_arena *arena, const struct xr_org *org)
{
    const struct xr_store_err *err = NULL;

    for (int i = 0; !err && i < USERS; i++) {
        const char *email = xr_printf(arena, "u%03d@contoso.test", i);
        struct xr_user user = sample_user(org, email);
        if (i < BEFORE)
            err = xr_store_user(store, arena, org->id, email, &user);
        user.account = "CONTOSO\\imported";
        if (!err)
            err = xr_store_save_user(store, arena, &user);
    }
    return err;
}

static const struct xr_store_err *import(struct xr_store *store, struct xr_arena *arena)
{
    struct xr_org org;
    const struct xr_store_err *err = xr_store_org(store, arena, "Contoso", &org);

    if (!err)
        err = xr_store_begin(store, arena);
    if (err)
        return err;
    err = import_users(store, arena, &org);
    if (!err)
        return xr_store_commit(store, arena);
    xr_store_roll_back(store);
    return err;
}

/* Opening is what migrates, or makes the file. */
static const struct xr_store_err *only_open(struct xr_store *store, struct xr_arena *arena)
{
    (void)store;
    (void)arena;
    return NULL;
}

/* ---- what is found afterwards ---- */

static void show_value(sqlite3 *db, const char *name, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    const char *text = NULL;
    bool row = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
               sqlite3_step(stmt) == SQLITE_ROW;

    if (row)
        text = (const char *)sqlite3_column_text(stmt, 0);
    (void)printf("%s %s\n", name, row ? text ? text : "-" : sqlite3_errmsg(db));
    (void)sqlite3_finalize(stmt);
}

static void look(const char *path)
{
    sqlite3 *db = NULL;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        (void)printf("no file\n");
        (void)sqlite3_close(db);
        return;
    }
    show_value(db, "integrity", "PRAGMA integrity_check");
    show_value(db, "orphans", "SELECT count(*) FROM pragma_foreign_key_check");
    show_value(db, "version", "PRAGMA user_version");
    show_value(db, "objects", "SELECT count(*) FROM sqlite_schema");
    show_value(db, "columns", "SELECT count(*) FROM pragma_table_info('check_user')");
    show_value(db, "org",
        "SELECT name || ' ' || generation || ' ' || account || ' ' || coalesce(length(notes), 0) "
        "FROM org");
    show_value(db, "users",
        "SELECT count(*) || ' ' || sum(generation) || ' ' || count(account) FROM user");
    show_value(db, "trail", "SELECT count(*) || ' ' || coalesce(max(generation), 0) FROM change");
    (void)sqlite3_close(db);
}

static const struct xr_store_err *read_all(struct xr_store *store, struct xr_arena *arena)
{
    struct xr_org *orgs;
    struct xr_user user;
    size_t n, users;
    const struct xr_store_err *err = xr_store_orgs(store, arena, &orgs, &n);

    for (size_t i = 0; !err && i < n; i++)
        err = xr_store_users(store, arena, orgs[i].id, NULL, 1, &user, &users);
    return err;
}

static const struct {
    const char *name;
    const struct xr_store_err *(*run)(struct xr_store *store, struct xr_arena *arena);
} operations[] = {
    { "make", make },
    { "save", save },
    { "import", import },
    { "open", only_open },
    { "read", read_all },
};

static int operate(const char *name, const char *path)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_store *store = NULL;
    const struct xr_store_err *err = xr_store_open(arena, path, &store);
    int failed = 2;

    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
        if (!strcmp(operations[i].name, name))
            failed = tell(err ? err : operations[i].run(store, arena));
    xr_store_close(store);
    xr_arena_free(arena);
    return failed;
}

static int make_version1(const char *path)
{
    sqlite3 *db = NULL;
    bool made = sqlite3_open(path, &db) == SQLITE_OK &&
                sqlite3_exec(db, store_version1, NULL, NULL, NULL) == SQLITE_OK &&
                sqlite3_exec(db, store_version1_rows, NULL, NULL, NULL) == SQLITE_OK;

    return sqlite3_close(db) != SQLITE_OK || !made;
}

static int drive(const char *name, const char *path)
{
    if (!strcmp(name, "make-version1"))
        return make_version1(path);
    if (strcmp(name, "look") != 0)
        return operate(name, path);
    /* What lies there, then what the store makes of it when it is opened the next time. */
    look(path);
    (void)printf("opened\n");
    (void)fflush(stdout);
    int failed = operate("read", path);
    look(path);
    return failed;
}

/* ---- several processes ---- */

/* Each adds to what he finds; who comes too late reads again. */
static int add_notes(const char *path, int times)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_store *store = NULL;
    struct xr_org org;

    if (xr_store_open(arena, path, &store))
        return 1;
    for (int done = 0; done < times;) {
        if (xr_store_org(store, arena, "Contoso", &org))
            return 2;
        org.notes = xr_printf(arena, "%sx", org.notes ? org.notes : "");
        const struct xr_store_err *err = xr_store_save_org(store, arena, &org);
        if (err && err->fault != XR_STORE_STALE && err->fault != XR_STORE_BUSY)
            return 3;
        done += !err;
    }
    xr_store_close(store);
    xr_arena_free(arena);
    return 0;
}

static int make_store(const char *path, int unused)
{
    (void)unused;
    return operate("open", path);
}

static void side_by_side(
    int processes, int (*work)(const char *path, int times), const char *path, int times)
{
    for (int i = 0; i < processes; i++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (!child)
            _exit(work(path, times));
    }
    for (int i = 0; i < processes; i++) {
        int status = -1;
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
}

START_TEST(processes_that_write_at_once_lose_no_update)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");

    side_by_side(3, add_notes, world.path, 100);
    fine(xr_store_org(world.store, world.arena, "Contoso", &org));
    ck_assert_uint_eq(strlen(org.notes), 300);
    ck_assert_int_eq(org.generation, 301);
    ck_assert_str_eq(raw_text(&world, "SELECT count(*) FROM change WHERE field = 'notes'"), "300");
}
END_TEST

START_TEST(processes_that_make_the_same_store_at_once_all_succeed)
{
    auto_world world = world_new();

    side_by_side(8, make_store, world.path, 1);
    world_reopen(&world);
    (void)saved_org(&world, "Contoso");
}
END_TEST

START_TEST(processes_that_migrate_at_once_all_succeed)
{
    auto_world world = world_new();

    ck_assert_int_eq(drive("make-version1", world.path), 0);
    side_by_side(6, make_store, world.path, 1);
    ck_assert_str_eq(raw_text(&world, "PRAGMA user_version"), "2");
    ck_assert_str_eq(raw_text(&world, "PRAGMA integrity_check"), "ok");
}
END_TEST

static int unit_tests(void)
{
    Suite *suite = suite_create("store_faults");
    TCase *tcase = tcase_create("store_faults");

    tcase_add_test(tcase, processes_that_write_at_once_lose_no_update);
    tcase_add_test(tcase, processes_that_make_the_same_store_at_once_all_succeed);
    tcase_add_test(tcase, processes_that_migrate_at_once_all_succeed);
    tcase_set_timeout(tcase, 30);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "--drive"))
        return drive(argv[2], argv[3]);
    return unit_tests();
}
