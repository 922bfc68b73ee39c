#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/org/store_version1.h"
#include "tests/org/store_world.h"
#include "tests/unit.h"

static const char whole_schema[] =
    "SELECT group_concat(sql, char(10)) FROM (SELECT sql FROM sqlite_schema"
    " WHERE sql IS NOT NULL ORDER BY type, name)";

static struct world version1(void)
{
    struct world world = world_new();

    raw(world.path, store_version1);
    raw(world.path, store_version1_rows);
    return world;
}

START_TEST(an_old_store_becomes_what_a_new_one_is)
{
    auto_world old = version1();
    auto_world new = world_open();

    ck_assert_str_eq(raw_text(&old, "PRAGMA user_version"), "1");
    world_reopen(&old);
    ck_assert_str_eq(raw_text(&old, "PRAGMA user_version"), raw_text(&new, "PRAGMA user_version"));
    ck_assert_str_eq(raw_text(&old, whole_schema), raw_text(&new, whole_schema));
    ck_assert_str_eq(raw_text(&old, "PRAGMA integrity_check"), "ok");
    ck_assert_str_eq(raw_text(&old, "PRAGMA foreign_key_check"), "");
}
END_TEST

START_TEST(an_old_store_keeps_everything_that_was_in_it)
{
    auto_world world = version1();
    struct xr_org org;
    struct xr_user user;
    struct xr_sealed sealed;
    struct xr_check_user result;
    struct xr_check sums = { 0 };
    int64_t count;
    const char *value;

    world_reopen(&world);
    fine(xr_store_org(world.store, world.arena, "contoso", &org));
    ck_assert_int_eq(org.generation, 3);
    ck_assert_str_eq(org.domains[1], "fabrikam.test");
    ck_assert_str_eq(org.notes, "notes");
    ck_assert(org.has[XR_SECRET_PASSWORD]);
    fine(xr_store_user_count(world.store, world.arena, org.id, &count));
    ck_assert_int_eq(count, 50);
    fine(xr_store_user(world.store, world.arena, org.id, "u000001@contoso.test", &user));
    fine(xr_store_last_result(world.store, world.arena, user.id, &result));
    ck_assert_str_eq(result.code, "ErrorImpersonateUserDenied");
    ck_assert_ptr_null(result.server);
    ck_assert_str_eq(raw_text(&world, "SELECT group_concat(turn) FROM check_user"), "1");
    fine(xr_store_check_sums(world.store, world.arena, 1, &sums));
    ck_assert_int_eq(sums.selected, 2);
    ck_assert_int_eq(sums.causes[0].users, 1);
    fine(xr_store_secret(world.store, world.arena, org.uid, XR_SECRET_PASSWORD, &sealed));
    ck_assert_uint_eq(sealed.length, 3);
    fine(xr_store_setting(world.store, world.arena, "key", &value));
    ck_assert_str_eq(value, "file");
    ck_assert_str_eq(trail(&world, org.uid), "Contoso added\n");
    org.notes = "new";
    fine(xr_store_save_org(world.store, world.arena, &org));
    ck_assert_int_eq(org.generation, 4);
}
END_TEST

START_TEST(ids_are_not_used_again)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    struct xr_user user = saved_user(&world, &org, "anna@contoso.test");
    int64_t former_org = org.id, former_user = user.id;

    fine(xr_store_remove_org(world.store, world.arena, &org));
    world_reopen(&world);
    org = saved_org(&world, "Contoso");
    user = saved_user(&world, &org, "anna@contoso.test");
    ck_assert_int_gt(org.id, former_org);
    ck_assert_int_gt(user.id, former_user);
}
END_TEST

START_TEST(a_migration_that_cannot_be_done_changes_nothing)
{
    auto_world world = version1();
    struct xr_store *store;

    raw(world.path, "CREATE TABLE change_of_record (x)");
    const char *before = raw_text(&world, whole_schema);
    fails(xr_store_open(world.arena, world.path, &store), XR_STORE_CORRUPT, world.path);
    ck_assert_str_eq(raw_text(&world, "PRAGMA user_version"), "1");
    ck_assert_str_eq(raw_text(&world, whole_schema), before);
}
END_TEST

START_TEST(an_old_store_that_cannot_be_written_is_told)
{
    auto_world world = version1();
    struct xr_store *store;

    if (!geteuid()) {
        ck_assert_int_eq(chown(world.folder, 65534, 65534), 0);
        ck_assert_int_eq(chown(world.path, 65534, 65534), 0);
        ck_assert_int_eq(seteuid(65534), 0);
    }
    ck_assert_int_eq(chmod(world.path, 0400), 0);
    fails(xr_store_open(world.arena, world.path, &store), XR_STORE_READ_ONLY, "version 2");
    (void)seteuid(0);
}
END_TEST

XR_UNIT_MAIN("store_schema", an_old_store_becomes_what_a_new_one_is,
    an_old_store_keeps_everything_that_was_in_it, ids_are_not_used_again,
    a_migration_that_cannot_be_done_changes_nothing, an_old_store_that_cannot_be_written_is_told)
