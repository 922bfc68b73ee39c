#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/org/store_world.h"
#include "tests/unit.h"

static const char *lock_path(struct world *world)
{
    return xr_printf(world->arena, "%s.lock", world->path);
}

static struct xr_check_lock *locked(struct world *world, int64_t org)
{
    struct xr_check_lock *lock = NULL;

    fine(xr_store_check_lock(world->store, world->arena, org, &lock));
    ck_assert_ptr_nonnull(lock);
    return lock;
}

static void is_busy(struct world *world, struct xr_store *store, int64_t org, pid_t owner)
{
    struct xr_check_lock *lock;

    fails(xr_store_check_lock(store, world->arena, org, &lock), XR_STORE_BUSY,
        xr_printf(world->arena, "a check of this organisation is running (process %d)", owner));
    ck_assert_ptr_null(lock);
}

START_TEST(one_at_a_time_checks_an_organisation_and_others_beside_it)
{
    auto_world world = world_open();
    struct xr_store *other;
    struct stat facts;
    struct xr_check_lock *first = locked(&world, 1), *second = locked(&world, 2);

    fine(xr_store_open(world.arena, world.path, &other));
    is_busy(&world, world.store, 1, getpid());
    is_busy(&world, other, 2, getpid());
    xr_store_check_unlock(first);
    xr_store_check_unlock(first);
    first = NULL;
    fine(xr_store_check_lock(other, world.arena, 1, &first));
    is_busy(&world, world.store, 1, getpid());
    xr_store_check_unlock(first);
    xr_store_check_unlock(second);
    xr_store_check_unlock(NULL);
    xr_store_close(other);
    ck_assert_int_eq(stat(lock_path(&world), &facts), 0);
    ck_assert_uint_eq(facts.st_mode & 07777, 0600);
}
END_TEST

/* In a process of its own, with a store of its own: says that it has the lock, and waits. */
static void hold(struct world *world, int64_t org, int said)
{
    struct xr_store *store;
    struct xr_check_lock *lock;

    if (xr_store_open(world->arena, world->path, &store) ||
        xr_store_check_lock(store, world->arena, org, &lock))
        _exit(1);
    if (write(said, "!", 1) != 1)
        _exit(1);
    for (;;)
        (void)pause();
}

START_TEST(the_lock_of_a_process_that_was_killed_is_free)
{
    auto_world world = world_open();
    int said[2], status = 0;
    char byte;

    ck_assert_int_eq(pipe(said), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child)
        hold(&world, 7, said[1]);
    (void)close(said[1]);
    ck_assert_int_eq(read(said[0], &byte, 1), 1);
    is_busy(&world, world.store, 7, child);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    xr_store_check_unlock(locked(&world, 7));
    (void)close(said[0]);
}
END_TEST

START_TEST(organisations_of_any_number_are_locked_and_the_file_stays_small)
{
    auto_world world = world_open();
    struct xr_check_lock *lock, *none;
    struct stat facts;

    for (int64_t org = 1; org < INT64_MAX / 32; org *= 10) {
        lock = locked(&world, org);
        fails(xr_store_check_lock(world.store, world.arena, org, &none), XR_STORE_BUSY, "running");
        xr_store_check_unlock(lock);
    }
    lock = locked(&world, INT64_MAX);
    fails(
        xr_store_check_lock(world.store, world.arena, INT64_MAX, &none), XR_STORE_BUSY, "running");
    xr_store_check_unlock(lock);
    ck_assert_int_eq(stat(lock_path(&world), &facts), 0);
    ck_assert_int_le(facts.st_size, 1024 * 1024);
}
END_TEST

static void refused(struct world *world)
{
    struct xr_check_lock *lock;

    fails(xr_store_check_lock(world->store, world->arena, 1, &lock), XR_STORE_UNREADABLE,
        lock_path(world));
    ck_assert_ptr_null(lock);
    ck_assert_int_eq(remove(lock_path(world)), 0);
}

START_TEST(what_is_not_a_file_of_its_own_is_not_taken_for_the_lock)
{
    auto_world world = world_open();
    const char *path = lock_path(&world);

    ck_assert_int_eq(symlink(world.path, path), 0);
    refused(&world);
    ck_assert_int_eq(link(world.path, path), 0);
    refused(&world);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    refused(&world);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    refused(&world);
    xr_store_check_unlock(locked(&world, 1));
}
END_TEST

START_TEST(a_lock_file_with_strange_words_in_it_locks_as_well)
{
    auto_world world = world_open();
    struct xr_check_lock *lock, *none;

    lock = locked(&world, 1);
    FILE *file = fopen(lock_path(&world), "r+");
    ck_assert_ptr_nonnull(file);
    (void)fputs("\033]0;strange words here, and here, and here", file);
    ck_assert_int_eq(fclose(file), 0);
    const struct xr_store_err *err = xr_store_check_lock(world.store, world.arena, 1, &none);
    fails(err, XR_STORE_BUSY, "a check of this organisation is running");
    ck_assert_ptr_null(strchr(err->text, '('));
    xr_store_check_unlock(lock);
}
END_TEST

START_TEST(in_a_store_that_cannot_be_written_nothing_is_locked)
{
    auto_world world = world_open();
    struct xr_check_lock *lock;

    if (!geteuid()) {
        ck_assert_int_eq(chown(world.folder, 65534, 65534), 0);
        ck_assert_int_eq(chown(world.path, 65534, 65534), 0);
    }
    xr_store_close(world.store);
    world.store = NULL;
    ck_assert_int_eq(chmod(world.folder, 0500), 0);
    if (!geteuid())
        ck_assert_int_eq(seteuid(65534), 0);
    world_reopen(&world);
    fails(xr_store_check_lock(world.store, world.arena, 1, &lock), XR_STORE_READ_ONLY,
        "cannot be written");
    ck_assert_int_ne(access(lock_path(&world), F_OK), 0);
    (void)seteuid(0);
    ck_assert_int_eq(chmod(world.folder, 0700), 0);
}
END_TEST

START_TEST(what_root_locks_stays_the_owners_to_lock)
{
    auto_world world = world_open();
    struct stat facts;

    if (geteuid())
        return;
    ck_assert_int_eq(chown(world.path, 65534, 65534), 0);
    xr_store_check_unlock(locked(&world, 1));
    ck_assert_int_eq(stat(lock_path(&world), &facts), 0);
    ck_assert_uint_eq(facts.st_uid, 65534);
}
END_TEST

XR_UNIT_MAIN("store_lock", one_at_a_time_checks_an_organisation_and_others_beside_it,
    the_lock_of_a_process_that_was_killed_is_free,
    organisations_of_any_number_are_locked_and_the_file_stays_small,
    what_is_not_a_file_of_its_own_is_not_taken_for_the_lock,
    a_lock_file_with_strange_words_in_it_locks_as_well,
    in_a_store_that_cannot_be_written_nothing_is_locked, what_root_locks_stays_the_owners_to_lock)
