#include "tests/org/store_world.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct world world_new(void)
{
    struct world world = { .arena = xr_arena_new() };
    const char *tmp = getenv("TMPDIR");
    char *folder = xr_printf(world.arena, "%s/store-XXXXXX", tmp ? tmp : "/tmp");

    ck_assert_ptr_nonnull(mkdtemp(folder));
    world.folder = folder;
    world.path = xr_printf(world.arena, "%s/store.db", folder);
    return world;
}

struct world world_open(void)
{
    struct world world = world_new();

    world_reopen(&world);
    return world;
}

void world_reopen(struct world *world)
{
    xr_store_close(world->store);
    fine(xr_store_open(world->arena, world->path, &world->store));
}

static int take_away(const char *path, const struct stat *facts, int kind, struct FTW *walk)
{
    (void)facts;
    (void)kind;
    (void)walk;
    return remove(path);
}

void world_done(struct world *world)
{
    xr_store_close(world->store);
    (void)nftw(world->folder, take_away, 8, FTW_DEPTH | FTW_PHYS);
    xr_arena_free(world->arena);
}

void fine(const struct xr_store_err *err)
{
    ck_assert_msg(!err, "%s", err ? err->text : "");
}

void fails(const struct xr_store_err *err, enum xr_store_fault fault, const char *part)
{
    ck_assert_msg(err != NULL, "it did not fail");
    if (!err)
        return;
    ck_assert_msg(err->fault == fault, "fault %d: %s", (int)err->fault, err->text);
    ck_assert_msg(strstr(err->text, part) != NULL, "'%s' is not in: %s", part, err->text);
}

struct xr_org sample_org(const char *name)
{
    static const char *const domains[] = { "contoso.test", "fabrikam.test", NULL };

    return (struct xr_org){ .name = name,
        .domains = domains,
        .access = XR_ORG_IMPERSONATION,
        .account = "CONTOSO\\svc",
        .group_kind = XR_GROUP_SECURITY };
}

struct xr_org saved_org(struct world *world, const char *name)
{
    struct xr_org org = sample_org(name);

    fine(xr_store_save_org(world->store, world->arena, &org));
    return org;
}

struct xr_user sample_user(const struct xr_org *org, const char *email)
{
    return (struct xr_user){ .org_id = org->id, .email = email, .enabled = true };
}

struct xr_user saved_user(struct world *world, const struct xr_org *org, const char *email)
{
    struct xr_user user = sample_user(org, email);

    fine(xr_store_save_user(world->store, world->arena, &user));
    return user;
}

void save_users(struct world *world, const struct xr_org *org, int from, int to)
{
    fine(xr_store_begin(world->store, world->arena));
    for (int i = from; i < to; i++) {
        struct xr_arena *scratch = xr_arena_new();
        struct xr_user user = sample_user(org, xr_printf(scratch, "u%06d@contoso.test", i));
        fine(xr_store_save_user(world->store, scratch, &user));
        xr_arena_free(scratch);
    }
    fine(xr_store_commit(world->store, world->arena));
}

void seal(struct world *world, const char *uid, enum xr_secret_kind kind, const char *bytes)
{
    struct xr_sealed sealed = { uid, kind, "0123456789abcdef", (const unsigned char *)bytes,
        strlen(bytes) };

    fine(xr_store_put_secret(world->store, world->arena, &sealed));
}

const char *trail(struct world *world, const char *org_uid)
{
    struct xr_change changes[50];
    size_t n = 0;
    const char *text = "";

    fine(xr_store_changes(world->store, world->arena, org_uid, 0, 50, changes, &n));
    while (n-- > 0) {
        const struct xr_change *change = &changes[n];
        const char *from = change->from ? change->from : "-";
        const char *to = change->to ? change->to : "-";
        bool whole = !change->from && !change->to;
        text = whole ? xr_printf(world->arena, "%s%s %s\n", text, change->name, change->field)
                     : xr_printf(world->arena, "%s%s %s:%s>%s\n", text, change->name, change->field,
                           from, to);
    }
    return text;
}

long peak_memory(void)
{
    struct rusage usage;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 0;
#endif
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

void raw(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *error = NULL;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    (void)sqlite3_exec(db, sql, NULL, NULL, &error);
    ck_assert_msg(!error, "%s", error);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

const char *raw_text(struct world *world, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;

    ck_assert_int_eq(sqlite3_open(world->path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
        sqlite3_errmsg(db));
    const char *text = "";
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
        text = xr_strdup(world->arena, (const char *)sqlite3_column_text(stmt, 0));
    (void)sqlite3_finalize(stmt);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    return text;
}
