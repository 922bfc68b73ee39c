#include <string.h>

#include "analyzer/base/clock.h"
#include "tests/org/store_world.h"
#include "tests/unit.h"

START_TEST(an_organization_comes_back_as_it_was_saved)
{
    auto_world world = world_open();
    struct xr_org org = sample_org("Contoso"), found;

    org.ews_url = "https://mail.contoso.test/EWS/Exchange.asmx";
    org.notes = "two\nlines, \xc3\xa4";
    fine(xr_store_save_org(world.store, world.arena, &org));
    world_reopen(&world);
    fine(xr_store_org(world.store, world.arena, "CONTOSO", &found));
    ck_assert_int_eq(found.id, org.id);
    ck_assert_str_eq(found.uid, org.uid);
    ck_assert_uint_eq(strlen(found.uid), 32);
    ck_assert_int_eq(found.generation, 1);
    ck_assert_str_eq(found.name, "Contoso");
    ck_assert_str_eq(found.domains[0], "contoso.test");
    ck_assert_str_eq(found.domains[1], "fabrikam.test");
    ck_assert_ptr_null(found.domains[2]);
    ck_assert_int_eq(found.access, XR_ORG_IMPERSONATION);
    ck_assert_str_eq(found.account, "CONTOSO\\svc");
    ck_assert_str_eq(found.ews_url, org.ews_url);
    ck_assert_ptr_null(found.folder);
    ck_assert_int_eq(found.group_kind, XR_GROUP_SECURITY);
    ck_assert_ptr_null(found.scope_name);
    ck_assert_str_eq(found.notes, org.notes);
    ck_assert(!found.has[XR_SECRET_PASSWORD] && !found.has[XR_SECRET_TOKEN]);
    ck_assert_int_le(xr_wall_ms() - found.changed_ms, 60000);
    ck_assert_ptr_nonnull(strchr(found.changed_by, '@'));
    ck_assert_str_eq(raw_text(&world, "PRAGMA journal_mode"), "wal");
}
END_TEST

START_TEST(names_are_unique_whatever_their_letter_case)
{
    auto_world world = world_open();
    struct xr_org contoso = saved_org(&world, "Contoso"), other = sample_org("cOnTOSO");
    struct xr_org fabrikam = saved_org(&world, "Fabrikam");
    struct xr_user anna = saved_user(&world, &contoso, "Anna@contoso.test");
    struct xr_user again = sample_user(&contoso, "anna@CONTOSO.test");
    struct xr_org *all;
    size_t n;

    fails(xr_store_save_org(world.store, world.arena, &other), XR_STORE_EXISTS, "cOnTOSO");
    ck_assert_int_eq(other.id, 0);
    fails(xr_store_save_user(world.store, world.arena, &again), XR_STORE_EXISTS, "anna@CONTOSO");
    (void)saved_user(&world, &fabrikam, "anna@contoso.test");
    fabrikam.name = "CONTOSO";
    fails(xr_store_save_org(world.store, world.arena, &fabrikam), XR_STORE_EXISTS, "already");
    again = sample_user(&contoso, "bert@contoso.test");
    again.uid = anna.uid;
    fails(xr_store_save_user(world.store, world.arena, &again), XR_STORE_EXISTS, "uid");
    fine(xr_store_orgs(world.store, world.arena, &all, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(all[0].name, "Contoso");
    ck_assert_str_eq(all[1].name, "Fabrikam");
}
END_TEST

START_TEST(what_is_not_there_is_told_by_name)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    struct xr_user user = sample_user(&org, "bert@contoso.test");

    fails(xr_store_org(world.store, world.arena, "Fabrikam", &org), XR_STORE_NOT_FOUND, "Fabrikam");
    fails(xr_store_user(world.store, world.arena, org.id, "bert@contoso.test", &user),
        XR_STORE_NOT_FOUND, "bert@contoso.test");
    user.org_id = 77;
    fails(xr_store_save_user(world.store, world.arena, &user), XR_STORE_NOT_FOUND, "removed");
    user.id = 77;
    fails(xr_store_remove_user(world.store, world.arena, &user), XR_STORE_NOT_FOUND, "bert");
}
END_TEST

START_TEST(a_stale_save_is_refused_and_tells_who_changed_what)
{
    auto_world world = world_open();
    struct xr_org mine = saved_org(&world, "Contoso"), theirs = mine;

    theirs.account = "CONTOSO\\other";
    theirs.notes = "moved";
    fine(xr_store_save_org(world.store, world.arena, &theirs));
    theirs.folder = "calendar";
    fine(xr_store_save_org(world.store, world.arena, &theirs));
    ck_assert_int_eq(theirs.generation, 3);
    mine.notes = "mine";
    const struct xr_store_err *err = xr_store_save_org(world.store, world.arena, &mine);
    fails(err, XR_STORE_STALE, "Contoso");
    ck_assert_ptr_nonnull(strstr(err->text, "(account, notes)"));
    ck_assert_ptr_nonnull(strstr(err->text, "(folder)"));
    ck_assert_ptr_nonnull(strstr(err->text, theirs.changed_by));
    ck_assert_ptr_nonnull(strstr(err->text, xr_rfc3339(world.arena, theirs.changed_ms)));
    ck_assert_int_eq(mine.generation, 1);
    fails(xr_store_remove_org(world.store, world.arena, &mine), XR_STORE_STALE, "Contoso");
    fine(xr_store_remove_org(world.store, world.arena, &theirs));
    fails(xr_store_save_org(world.store, world.arena, &mine), XR_STORE_NOT_FOUND, "removed by");
}
END_TEST

START_TEST(a_stale_user_is_refused_too)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    struct xr_user mine = saved_user(&world, &org, "anna@contoso.test"), theirs = mine;

    theirs.enabled = false;
    fine(xr_store_save_user(world.store, world.arena, &theirs));
    mine.account = "CONTOSO\\anna";
    fails(xr_store_save_user(world.store, world.arena, &mine), XR_STORE_STALE, "(enabled)");
    fails(xr_store_remove_user(world.store, world.arena, &mine), XR_STORE_STALE, "anna@");
    fine(xr_store_remove_user(world.store, world.arena, &theirs));
    fails(xr_store_remove_user(world.store, world.arena, &theirs), XR_STORE_NOT_FOUND, "removed");
}
END_TEST

START_TEST(the_audit_trail_has_every_changed_field_and_no_other)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    struct xr_user anna = saved_user(&world, &org, "anna@contoso.test");

    org.access = XR_ORG_M365_OAUTH;
    org.account = NULL;
    org.notes = "n";
    fine(xr_store_save_org(world.store, world.arena, &org));
    fine(xr_store_save_org(world.store, world.arena, &org));
    ck_assert_int_eq(org.generation, 2);
    anna.email = "Anna@contoso.test";
    anna.access = XR_USER_PASSWORD;
    fine(xr_store_save_user(world.store, world.arena, &anna));
    seal(&world, anna.uid, XR_SECRET_PASSWORD, "cipher one");
    seal(&world, anna.uid, XR_SECRET_PASSWORD, "cipher two");
    fine(xr_store_remove_user(world.store, world.arena, &anna));
    ck_assert_str_eq(trail(&world, org.uid),
        "Contoso added\n"
        "anna@contoso.test added\n"
        "Contoso access_type:exchange-impersonation>m365-oauth-impersonated\n"
        "Contoso account:CONTOSO\\svc>-\n"
        "Contoso notes:->n\n"
        "Anna@contoso.test email:anna@contoso.test>Anna@contoso.test\n"
        "Anna@contoso.test access_type:inherit>password\n"
        "Anna@contoso.test password:->changed\n"
        "Anna@contoso.test password:changed>changed\n"
        "Anna@contoso.test removed\n");
    fine(xr_store_remove_org(world.store, world.arena, &org));
    ck_assert_ptr_nonnull(strstr(trail(&world, org.uid), "Contoso removed\n"));
}
END_TEST

START_TEST(the_audit_trail_comes_in_pages)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    struct xr_change page[2];
    size_t n;

    for (int i = 0; i < 3; i++)
        (void)saved_user(&world, &org, xr_printf(world.arena, "u%d@contoso.test", i));
    fine(xr_store_changes(world.store, world.arena, org.uid, 0, 2, page, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(page[0].name, "u2@contoso.test");
    ck_assert_str_eq(page[0].what, "user");
    fine(xr_store_changes(world.store, world.arena, org.uid, page[1].id, 2, page, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(page[0].name, "u0@contoso.test");
    ck_assert_str_eq(page[1].what, "organization");
    fine(xr_store_changes(world.store, world.arena, org.uid, page[1].id, 2, page, &n));
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(users_come_in_pages_by_address)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso"), other = saved_org(&world, "Fabrikam");
    struct xr_user page[3];
    const char *after = NULL, *seen = "";
    int64_t count;
    size_t n;

    (void)saved_user(&world, &other, "aa@contoso.test");
    for (const char *name = "dBfaCe"; *name; name++)
        (void)saved_user(&world, &org, xr_printf(world.arena, "%c@contoso.test", *name));
    do {
        fine(xr_store_users(world.store, world.arena, org.id, after, 3, page, &n));
        for (size_t i = 0; i < n; i++)
            seen = xr_printf(world.arena, "%s%c", seen, page[i].email[0]);
        after = n ? page[n - 1].email : NULL;
    } while (n);
    ck_assert_str_eq(seen, "aBCdef");
    fine(xr_store_user_count(world.store, world.arena, org.id, &count));
    ck_assert_int_eq(count, 6);
}
END_TEST

START_TEST(secrets_belong_to_their_record)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    struct xr_user anna = saved_user(&world, &org, "anna@contoso.test");
    struct xr_sealed found, page[8];
    size_t n;

    seal(&world, org.uid, XR_SECRET_TOKEN, "org token");
    seal(&world, anna.uid, XR_SECRET_PASSWORD, "anna");
    seal(&world, anna.uid, XR_SECRET_TOKEN, "anna's token");
    fine(xr_store_secret(world.store, world.arena, anna.uid, XR_SECRET_PASSWORD, &found));
    ck_assert_uint_eq(found.length, 4);
    ck_assert_mem_eq(found.bytes, "anna", 4);
    ck_assert_str_eq(found.key_id, "0123456789abcdef");
    fine(xr_store_org(world.store, world.arena, "Contoso", &org));
    ck_assert(!org.has[XR_SECRET_PASSWORD] && org.has[XR_SECRET_TOKEN]);
    ck_assert_int_eq(org.generation, 1);
    fine(xr_store_secrets(world.store, world.arena, NULL, 2, page, &n));
    ck_assert_uint_eq(n, 2);
    fine(xr_store_secrets(world.store, world.arena, &page[1], 8, page, &n));
    ck_assert_uint_eq(n, 1);
    fine(xr_store_remove_user(world.store, world.arena, &anna));
    fails(xr_store_secret(world.store, world.arena, anna.uid, XR_SECRET_PASSWORD, &found),
        XR_STORE_NOT_FOUND, "password");
    fine(xr_store_remove_org(world.store, world.arena, &org));
    ck_assert_str_eq(raw_text(&world, "SELECT count(*) FROM secret"), "0");
    struct xr_sealed stray = { "77", XR_SECRET_TOKEN, "k", (const unsigned char *)"x", 1 };
    fails(xr_store_put_secret(world.store, world.arena, &stray), XR_STORE_NOT_FOUND, "77");
}
END_TEST

START_TEST(a_secret_can_be_taken_away_and_sealed_anew)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    struct xr_sealed found,
        anew = { org.uid, XR_SECRET_TOKEN, "fedcba9876543210", (const unsigned char *)"new", 3 };

    fails(xr_store_reseal(world.store, world.arena, &anew), XR_STORE_NOT_FOUND, "token");
    seal(&world, org.uid, XR_SECRET_TOKEN, "old");
    const char *before = trail(&world, org.uid);
    fine(xr_store_reseal(world.store, world.arena, &anew));
    ck_assert_str_eq(trail(&world, org.uid), before);
    fine(xr_store_secret(world.store, world.arena, org.uid, XR_SECRET_TOKEN, &found));
    ck_assert_str_eq(found.key_id, "fedcba9876543210");
    ck_assert_mem_eq(found.bytes, "new", 3);
    seal(&world, org.uid, XR_SECRET_TOKEN, "");
    seal(&world, org.uid, XR_SECRET_TOKEN, "");
    fails(xr_store_secret(world.store, world.arena, org.uid, XR_SECRET_TOKEN, &found),
        XR_STORE_NOT_FOUND, "token");
    ck_assert_str_eq(trail(&world, org.uid),
        "Contoso added\nContoso token:->changed\nContoso token:changed>-\n");
}
END_TEST

START_TEST(invalidating_deletes_the_secrets_and_renewing_ends_it)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    struct xr_user anna = saved_user(&world, &org, "anna@contoso.test"), found;

    fails(xr_store_invalidate(world.store, world.arena, &anna), XR_STORE_NOT_FOUND, "anna@");
    ck_assert_int_eq(anna.invalidated_ms, 0);
    seal(&world, anna.uid, XR_SECRET_PASSWORD, "x");
    seal(&world, anna.uid, XR_SECRET_TOKEN, "y");
    fine(xr_store_invalidate(world.store, world.arena, &anna));
    fine(xr_store_user(world.store, world.arena, org.id, anna.email, &found));
    ck_assert(!found.has[XR_SECRET_PASSWORD] && !found.has[XR_SECRET_TOKEN]);
    ck_assert_int_gt(found.invalidated_ms, 0);
    ck_assert_int_eq(found.invalidated_ms, anna.invalidated_ms);
    found.account = "CONTOSO\\anna";
    found.invalidated_ms = 0;
    fine(xr_store_save_user(world.store, world.arena, &found));
    ck_assert_int_eq(found.invalidated_ms, anna.invalidated_ms);
    seal(&world, anna.uid, XR_SECRET_PASSWORD, "new");
    fine(xr_store_user(world.store, world.arena, org.id, anna.email, &found));
    ck_assert_int_eq(found.invalidated_ms, 0);
}
END_TEST

START_TEST(a_batch_is_all_or_nothing)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    struct xr_user again = sample_user(&org, "u000003@contoso.test");
    int64_t count;

    fine(xr_store_begin(world.store, world.arena));
    for (int i = 0; i < 10; i++)
        (void)saved_user(&world, &org, xr_printf(world.arena, "v%d@contoso.test", i));
    xr_store_roll_back(world.store);
    fine(xr_store_user_count(world.store, world.arena, org.id, &count));
    ck_assert_int_eq(count, 0);
    save_users(&world, &org, 0, 10);
    fine(xr_store_begin(world.store, world.arena));
    fails(xr_store_save_user(world.store, world.arena, &again), XR_STORE_EXISTS, "u000003");
    (void)saved_user(&world, &org, "w@contoso.test");
    fine(xr_store_commit(world.store, world.arena));
    fine(xr_store_user_count(world.store, world.arena, org.id, &count));
    ck_assert_int_eq(count, 11);
}
END_TEST

START_TEST(settings_are_kept_replaced_and_deleted)
{
    auto_world world = world_open();
    const char *value;

    fine(xr_store_setting(world.store, world.arena, "salt", &value));
    ck_assert_ptr_null(value);
    fine(xr_store_put_setting(world.store, world.arena, "salt", "one"));
    fine(xr_store_put_setting(world.store, world.arena, "salt", "two"));
    world_reopen(&world);
    fine(xr_store_setting(world.store, world.arena, "salt", &value));
    ck_assert_str_eq(value, "two");
    fine(xr_store_put_setting(world.store, world.arena, "salt", NULL));
    fine(xr_store_setting(world.store, world.arena, "salt", &value));
    ck_assert_ptr_null(value);
}
END_TEST

START_TEST(values_that_no_record_may_have_are_refused)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");
    struct xr_user user = sample_user(&org, "anna@contoso.test");
    char *text = xr_alloc(world.arena, XR_NOTES_MAX + 2);

    memset(text, 'x', XR_NOTES_MAX + 1);
    org.notes = text;
    fails(xr_store_save_org(world.store, world.arena, &org), XR_STORE_REFUSED, "notes");
    text[XR_NOTES_MAX] = '\0';
    fine(xr_store_save_org(world.store, world.arena, &org));
    user.ews_url = text;
    fails(xr_store_save_user(world.store, world.arena, &user), XR_STORE_REFUSED, "ews_url");
    org.name = "";
    fails(xr_store_save_org(world.store, world.arena, &org), XR_STORE_REFUSED, "name");
    world_reopen(&world);
    fine(xr_store_org(world.store, world.arena, "contoso", &org));
    ck_assert_uint_eq(strlen(org.notes), XR_NOTES_MAX);
}
END_TEST

START_TEST(memory_stays_flat_while_many_users_are_saved)
{
    auto_world world = world_open();
    struct xr_org org = saved_org(&world, "Contoso");

    save_users(&world, &org, 0, 10000);
    long before = peak_memory();
    save_users(&world, &org, 10000, 40000);
    /* The page cache is bounded at 16 MiB; the log's index takes the rest. */
    ck_assert_int_lt(peak_memory() - before, 24 * 1024);
}
END_TEST

XR_UNIT_MAIN("store", an_organization_comes_back_as_it_was_saved,
    names_are_unique_whatever_their_letter_case, what_is_not_there_is_told_by_name,
    a_stale_save_is_refused_and_tells_who_changed_what, a_stale_user_is_refused_too,
    the_audit_trail_has_every_changed_field_and_no_other, the_audit_trail_comes_in_pages,
    users_come_in_pages_by_address, secrets_belong_to_their_record,
    a_secret_can_be_taken_away_and_sealed_anew,
    invalidating_deletes_the_secrets_and_renewing_ends_it, a_batch_is_all_or_nothing,
    settings_are_kept_replaced_and_deleted, values_that_no_record_may_have_are_refused,
    memory_stays_flat_while_many_users_are_saved)
