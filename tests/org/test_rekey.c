#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/org/vault_bench.h"
#include "tests/unit.h"

enum { USERS = 150, KILLS = 25 };

/* The organisation has two secrets, and each user a password: his own address. */
static void fill(int users)
{
    open_vault(NULL, true);
    ck_assert_ptr_null(xr_store_begin(bench.store, bench.arena));
    put(bench.org.uid, XR_SECRET_PASSWORD, "secret");
    put(bench.org.uid, XR_SECRET_TOKEN, "token");
    for (int i = 0; i < users; i++) {
        struct xr_user user = { .org_id = bench.org.id, .enabled = true };
        user.email = xr_printf(bench.arena, "user%03d@contoso.com", i);
        ck_assert_ptr_null(xr_store_save_user(bench.store, bench.arena, &user));
        put(user.uid, XR_SECRET_PASSWORD, user.email);
    }
    ck_assert_ptr_null(xr_store_commit(bench.store, bench.arena));
}

static void check_all(int users)
{
    struct xr_user page[USERS];
    size_t n;

    check_secret(bench.org.uid, XR_SECRET_PASSWORD, "secret");
    check_secret(bench.org.uid, XR_SECRET_TOKEN, "token");
    ck_assert_ptr_null(
        xr_store_users(bench.store, bench.arena, bench.org.id, NULL, USERS, page, &n));
    ck_assert_int_eq((int)n, users);
    for (size_t i = 0; i < n; i++)
        check_secret(page[i].uid, XR_SECRET_PASSWORD, page[i].email);
}

static const char *key_id(void)
{
    return xr_strdup(bench.arena, stored().key_id);
}

START_TEST(every_secret_gets_a_new_key_file)
{
    set_up();
    fill(USERS);
    const char *before = key_id();
    struct rekeyed rekeyed = rekey(NULL, NULL);
    ck_assert_int_eq(rekeyed.done, USERS + 2);
    ck_assert_int_eq(rekeyed.lost, 0);
    ck_assert_pstr_eq(rekeyed.made, bench.key_path);
    ck_assert_int_eq(files("store.db.key", false), 1);
    open_vault(NULL, false);
    check_all(USERS);
    ck_assert_str_ne(key_id(), before);
    tear_down();
}
END_TEST

START_TEST(a_passphrase_takes_over_and_is_asked_for)
{
    struct xr_key_source right = { 0 }, wrong = { 0 };

    set_up();
    fill(1);
    right.passphrase = secret_of("open sesame");
    wrong.passphrase = secret_of("open sesamE");
    ck_assert(!xr_vault_wants_passphrase(bench.store, bench.arena));
    struct rekeyed rekeyed = rekey(NULL, &right);
    ck_assert_int_eq(rekeyed.done, 3);
    ck_assert_ptr_null(rekeyed.made);
    ck_assert(xr_vault_wants_passphrase(bench.store, bench.arena));
    check_fault(try_open(NULL, true), XR_VAULT_NO_KEY, "passphrase");
    check_fault(try_open(&wrong, true), XR_VAULT_WRONG_KEY, "passphrase");
    check_fault(try_rekey(&wrong, NULL, &rekeyed), XR_VAULT_WRONG_KEY, "passphrase");
    open_vault(&right, false);
    check_all(1);

    /* The same passphrase again is another key: the salt is new. */
    const char *before = key_id();
    (void)rekey(&right, &right);
    ck_assert_str_ne(key_id(), before);
    (void)rekey(&right, NULL);
    ck_assert(!xr_vault_wants_passphrase(bench.store, bench.arena));
    open_vault(NULL, false);
    check_all(1);
    xr_secret_done(&right.passphrase);
    xr_secret_done(&wrong.passphrase);
    tear_down();
}
END_TEST

START_TEST(a_named_key_takes_over_and_must_be_named)
{
    set_up();
    fill(1);
    struct xr_key_source named = { .key_file = key_file("a", 'a') }, gone = { .key_file = "gone" };
    struct rekeyed rekeyed = rekey(NULL, &named);
    ck_assert_int_eq(rekeyed.done, 3);
    ck_assert_int_eq(unlink(bench.key_path), 0);
    check_fault(try_open(NULL, true), XR_VAULT_NO_KEY, "--key-file");
    check_fault(try_rekey(NULL, NULL, &rekeyed), XR_VAULT_NO_KEY, "--key-file");
    check_fault(try_rekey(&gone, NULL, &rekeyed), XR_VAULT_NO_KEY, "gone");
    check_fault(try_rekey(&named, &gone, &rekeyed), XR_VAULT_NO_KEY, "gone");
    open_vault(&named, false);
    check_all(1);
    tear_down();
}
END_TEST

START_TEST(what_the_lost_key_sealed_is_removed_and_counted)
{
    struct xr_user user;

    set_up();
    fill(2);
    ck_assert_int_eq(unlink(bench.key_path), 0);
    struct rekeyed rekeyed = rekey(NULL, NULL);
    ck_assert_int_eq(rekeyed.done, 0);
    ck_assert_int_eq(rekeyed.lost, 4);
    ck_assert_ptr_null(
        xr_store_user(bench.store, bench.arena, bench.org.id, "user001@contoso.com", &user));
    ck_assert(!user.has[XR_SECRET_PASSWORD]);
    open_vault(NULL, false);
    check_no_secret(XR_VAULT_NO_SECRET, "no password");
    tear_down();
}
END_TEST

START_TEST(after_a_loss_what_was_entered_anew_is_kept)
{
    set_up();
    fill(2);
    ck_assert_int_eq(unlink(bench.key_path), 0);
    open_vault(NULL, true);
    put(bench.org.uid, XR_SECRET_PASSWORD, "new");
    struct rekeyed rekeyed = rekey(NULL, NULL);
    ck_assert_int_eq(rekeyed.done, 1);
    ck_assert_int_eq(rekeyed.lost, 3);
    open_vault(NULL, false);
    check_secret(bench.org.uid, XR_SECRET_PASSWORD, "new");
    tear_down();
}
END_TEST

/* A key file of another store, by mistake: nothing must be thrown away. */
START_TEST(a_key_that_opens_nothing_removes_nothing)
{
    struct rekeyed rekeyed;

    set_up();
    fill(2);
    struct xr_key_source other = { .key_file = key_file("other", 'b') };
    check_fault(try_rekey(&other, NULL, &rekeyed), XR_VAULT_WRONG_KEY, "nothing was changed");
    ck_assert_int_eq(files("store.db.key", false), 1);
    open_vault(NULL, false);
    check_all(2);

    /* Secrets that were imported with their organisation, before this store had a key. */
    ck_assert_ptr_null(xr_store_put_setting(bench.store, bench.arena, "vault.key", NULL));
    const char *elsewhere = xr_printf(bench.arena, "%s/elsewhere", bench.folder);
    ck_assert_int_eq(rename(bench.key_path, elsewhere), 0);
    check_fault(try_rekey(NULL, NULL, &rekeyed), XR_VAULT_NO_KEY, "--key-file");
    struct xr_key_source found = { .key_file = elsewhere };
    ck_assert_int_eq(rekey(&found, NULL).done, 4);
    open_vault(NULL, false);
    check_all(2);
    tear_down();
}
END_TEST

START_TEST(a_damaged_secret_does_not_stop_the_others)
{
    set_up();
    fill(2);
    struct xr_sealed bad = stored();
    bad.length--;
    ck_assert_ptr_null(xr_store_put_secret(bench.store, bench.arena, &bad));
    struct rekeyed rekeyed = rekey(NULL, NULL);
    ck_assert_int_eq(rekeyed.done, 3);
    ck_assert_int_eq(rekeyed.lost, 1);
    open_vault(NULL, false);
    check_secret(bench.org.uid, XR_SECRET_TOKEN, "token");
    tear_down();
}
END_TEST

/* Between the commit and the new key file's taking its place, all is there to finish it. */
START_TEST(who_opens_behind_a_crash_finishes_the_rekey)
{
    set_up();
    fill(2);
    const char *old = xr_printf(bench.arena, "%s/old", bench.folder);
    ck_assert_int_eq(link(bench.key_path, old), 0);
    (void)rekey(NULL, NULL);
    const char *waiting = xr_printf(bench.arena, "%s.%s", bench.key_path, key_id());
    ck_assert_int_eq(rename(bench.key_path, waiting), 0);
    ck_assert_int_eq(rename(old, bench.key_path), 0);
    open_vault(NULL, false);
    check_all(2);
    ck_assert_int_eq(files("store.db.key", false), 1);
    tear_down();
}
END_TEST

/* A crash before the commit leaves a key that seals nothing. */
START_TEST(a_key_that_a_crash_left_is_not_used_and_swept_later)
{
    struct timeval long_ago[2] = { { 0 }, { 0 } };

    set_up();
    fill(2);
    const char *young = key_file("store.db.key.0123456789abcdef", 'a');
    const char *left = key_file("store.db.key.fedcba9876543210", 'b');
    const char *other = key_file("store.db.key.backup", 'c');
    ck_assert_int_eq(utimes(left, long_ago), 0);
    ck_assert_int_eq(utimes(other, long_ago), 0);
    open_vault(NULL, false);
    check_all(2);
    (void)rekey(NULL, NULL);
    ck_assert_int_eq(access(young, F_OK), 0); /* of a process that is making its key, maybe */
    ck_assert_int_ne(access(left, F_OK), 0);
    ck_assert_int_eq(access(other, F_OK), 0);
    tear_down();
}
END_TEST

START_TEST(a_vault_that_was_open_during_a_rekey_seals_no_more)
{
    struct xr_secret secret = secret_of("new");

    set_up();
    fill(0);
    (void)rekey(NULL, NULL);
    check_fault(xr_vault_put(bench.vault, bench.arena, bench.org.uid, XR_SECRET_PASSWORD, secret),
        XR_VAULT_WRONG_KEY, "meanwhile");
    check_no_secret(XR_VAULT_WRONG_KEY, "sealed with key");
    open_vault(NULL, false);
    check_all(0);
    xr_secret_done(&secret);
    tear_down();
}
END_TEST

START_TEST(a_rekey_that_cannot_write_its_key_changes_nothing)
{
    struct rlimit limit, none;
    struct rekeyed rekeyed;

    set_up();
    fill(2);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    none = (struct rlimit){ 0, limit.rlim_max };
    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0); /* as if the disk were full */
    const struct xr_vault_err *err = try_rekey(NULL, NULL, &rekeyed);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    check_fault(err, XR_VAULT_NO_KEY, "cannot be made");
    ck_assert_int_eq(files("store.db.key", false), 1);
    open_vault(NULL, false);
    check_all(2);
    tear_down();
}
END_TEST

static void rekey_in_child(void)
{
    struct xr_key_source none = { 0 };
    struct xr_store *store;
    struct rekeyed rekeyed;

    if (xr_store_open(bench.arena, bench.path, &store) ||
        xr_vault_rekey(
            bench.arena, store, &none, &none, &rekeyed.done, &rekeyed.lost, &rekeyed.made))
        _exit(1);
    _exit(0);
}

START_TEST(kill_9_at_any_moment_loses_nothing)
{
    int killed = 0, status;

    set_up();
    fill(USERS);
    for (int i = 0; i < KILLS; i++) {
        close_store();
        pid_t child = fork();
        if (!child)
            rekey_in_child();
        (void)usleep((useconds_t)(i * 1000));
        (void)kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        killed += WIFSIGNALED(status);
        ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        open_store();
        open_vault(NULL, false);
        check_all(USERS);
    }
    ck_assert_int_gt(killed, 0);
    tear_down();
}
END_TEST

XR_UNIT_MAIN("rekey", every_secret_gets_a_new_key_file, a_passphrase_takes_over_and_is_asked_for,
    a_named_key_takes_over_and_must_be_named, what_the_lost_key_sealed_is_removed_and_counted,
    after_a_loss_what_was_entered_anew_is_kept, a_key_that_opens_nothing_removes_nothing,
    a_damaged_secret_does_not_stop_the_others, who_opens_behind_a_crash_finishes_the_rekey,
    a_key_that_a_crash_left_is_not_used_and_swept_later,
    a_vault_that_was_open_during_a_rekey_seals_no_more,
    a_rekey_that_cannot_write_its_key_changes_nothing, kill_9_at_any_moment_loses_nothing)
