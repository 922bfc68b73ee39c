#include <string.h>

#include "tests/org/store_check_world.h"
#include "tests/unit.h"

/* Which checks there are side by side, which of them goes on, and whose results count. */

static void unfinished_is(struct checking *s, int64_t check)
{
    int64_t found = 0, started;
    const struct xr_store_err *err =
        xr_store_check_unfinished(s->world.store, s->world.arena, s->org.id, &found, &started);

    if (check)
        fine(err);
    else
        fails(err, XR_STORE_NOT_FOUND, "no unfinished check");
    ck_assert_int_eq(found, check);
}

static void last_is(struct checking *s, int number, enum xr_status status)
{
    struct xr_check_user last;
    struct xr_user user = user_number(s, number);

    fine(xr_store_last_result(s->world.store, s->world.arena, user.id, &last));
    ck_assert_int_eq(last.status, status);
}

static void never_checked(struct checking *s, int number)
{
    struct xr_check_user last;
    struct xr_user user = user_number(s, number);

    fails(xr_store_last_result(s->world.store, s->world.arena, user.id, &last), XR_STORE_NOT_FOUND,
        "not been checked");
}

/* The check that s->check stands for now has this user in it. */
static void select_number(struct checking *s, int number)
{
    struct xr_check_entry entry = { user_number(s, number).id, 0 };

    fine(xr_store_check_select(s->world.store, s->world.arena, s->check, &entry, 1));
}

static void end(struct checking *s)
{
    fine(xr_store_check_end(s->world.store, s->world.arena, s->check));
}

/* A check of one user from its beginning to its end. */
static void check_part(struct checking *s, int number, enum xr_status status)
{
    s->check = begin_check(s, XR_CHECK_PART, 2000);
    select_number(s, number);
    put_number(s, number, result(status, NULL));
    end(s);
}

START_TEST(a_check_of_some_users_leaves_the_unfinished_one_to_be_resumed)
{
    auto_checking s = checking(3, 1);
    int64_t all = s.check;
    struct xr_check sums = { 0 };
    struct xr_user users[10];

    put_number(&s, 0, result(XR_ERROR, "ews.error"));
    s.check = begin_check(&s, XR_CHECK_PART, 2000);
    unfinished_is(&s, all);
    select_number(&s, 0);
    ck_assert_uint_eq(pending(&s, -1, NULL, users, 10), 1);
    put_number(&s, 0, result(XR_SUCCESS, NULL));
    ck_assert_uint_eq(pending(&s, -1, NULL, users, 10), 0);
    end(&s);
    last_is(&s, 0, XR_SUCCESS);
    unfinished_is(&s, all);
    s.check = all;
    ck_assert_uint_eq(pending(&s, -1, NULL, users, 10), 2);
    fine(xr_store_check_sums(s.world.store, s.world.arena, all, &sums));
    ck_assert_int_eq(sums.selected, 3);
    ck_assert_int_eq(sums.summary[XR_ERROR], 1);
}
END_TEST

START_TEST(a_check_of_some_users_can_be_resumed_where_no_other_is)
{
    auto_checking s = checking(1, 1);

    put_number(&s, 0, result(XR_SUCCESS, NULL));
    end(&s);
    s.check = begin_check(&s, XR_CHECK_PART, 2000);
    select_number(&s, 0);
    unfinished_is(&s, s.check);
    int64_t part = s.check;
    (void)begin_check(&s, XR_CHECK_PART, 3000);
    unfinished_is(&s, part);
}
END_TEST

START_TEST(an_unfinished_check_of_users_who_are_gone_is_in_nobodys_way)
{
    auto_checking s = checking(2, 1);
    struct xr_user user = user_number(&s, 0), other = user_number(&s, 1);

    s.check = begin_check(&s, XR_CHECK_ALL, 2000);
    struct xr_check_entry entry = { user.id, 0 };
    fine(xr_store_check_select(s.world.store, s.world.arena, s.check, &entry, 1));
    fine(xr_store_remove_user(s.world.store, s.world.arena, &user));
    s.check = begin_check(&s, XR_CHECK_PART, 3000);
    entry.user_id = other.id;
    fine(xr_store_check_select(s.world.store, s.world.arena, s.check, &entry, 1));
    unfinished_is(&s, s.check);
}
END_TEST

START_TEST(of_an_interrupted_check_aside_the_results_count_and_nothing_goes_on)
{
    auto_checking s = checking(3, 1);
    int64_t all = s.check, aside;
    struct xr_user users[10];

    aside = s.check = begin_check(&s, XR_CHECK_PART, 2000);
    select_users(&s, 1);
    put_number(&s, 1, result(XR_WARNING, "address.alias"));
    world_reopen(&s.world);
    unfinished_is(&s, all);
    s.check = begin_check(&s, XR_CHECK_PART, 3000);
    last_is(&s, 1, XR_WARNING);
    s.check = aside;
    ck_assert_uint_eq(pending(&s, -1, NULL, users, 10), 0);
    fails(xr_store_check_end(s.world.store, s.world.arena, aside), XR_STORE_NOT_FOUND, "its place");
    unfinished_is(&s, all);
}
END_TEST

START_TEST(the_later_result_is_the_last_one_whichever_check_began_first)
{
    auto_checking s = checking(3, 1);
    int64_t all = s.check;

    put_number(&s, 0, result(XR_ERROR, "ews.error"));
    check_part(&s, 0, XR_SUCCESS);
    check_part(&s, 1, XR_SUCCESS);
    last_is(&s, 1, XR_SUCCESS);
    s.check = all;
    put_number(&s, 1, result(XR_ERROR, "ews.error"));
    put_number(&s, 2, result(XR_ERROR, "ews.error"));
    last_is(&s, 0, XR_SUCCESS);
    last_is(&s, 1, XR_ERROR);
    end(&s);
    s.check = begin_check(&s, XR_CHECK_ALL, 4000);
    ck_assert_str_eq(raw_text(&s.world, "SELECT count(*) FROM check_user"), "3");
    last_is(&s, 0, XR_SUCCESS);
    last_is(&s, 1, XR_ERROR);
    last_is(&s, 2, XR_ERROR);
}
END_TEST

START_TEST(a_candidate_counts_from_its_end_on)
{
    auto_checking s = checking(2, 1);
    int64_t all = s.check;

    put_number(&s, 0, result(XR_SUCCESS, NULL));
    s.check = begin_check(&s, XR_CHECK_CANDIDATE, 2000);
    unfinished_is(&s, all);
    select_users(&s, 1);
    put_number(&s, 0, result(XR_ERROR, "ews.error"));
    put_number(&s, 1, result(XR_ERROR, "ews.error"));
    last_is(&s, 0, XR_SUCCESS);
    never_checked(&s, 1);
    end(&s);
    last_is(&s, 0, XR_ERROR);
    last_is(&s, 1, XR_ERROR);
    unfinished_is(&s, all);
}
END_TEST

START_TEST(a_candidate_that_was_killed_leaves_nothing)
{
    auto_checking s = checking(2, 1);
    int64_t all = s.check, candidate;
    struct xr_user users[10];

    put_number(&s, 0, result(XR_SUCCESS, NULL));
    candidate = s.check = begin_check(&s, XR_CHECK_CANDIDATE, 2000);
    select_users(&s, 1);
    put_number(&s, 0, result(XR_ERROR, "ews.error"));
    world_reopen(&s.world);
    unfinished_is(&s, all);
    last_is(&s, 0, XR_SUCCESS);
    (void)begin_check(&s, XR_CHECK_PART, 3000);
    ck_assert_str_eq(raw_text(&s.world, "SELECT count(*) FROM check_user"), "2");
    fails(xr_store_check_end(s.world.store, s.world.arena, candidate), XR_STORE_NOT_FOUND, "ended");
    last_is(&s, 0, XR_SUCCESS);
    s.check = all;
    ck_assert_uint_eq(pending(&s, -1, NULL, users, 10), 1);
}
END_TEST

START_TEST(a_killed_candidate_supersedes_no_result_and_is_of_its_own_organization)
{
    auto_checking s = checking(1, 1);
    struct xr_org other = saved_org(&s.world, "Fabrikam");
    int64_t check;

    put_number(&s, 0, result(XR_SUCCESS, NULL));
    end(&s);
    s.check = begin_check(&s, XR_CHECK_CANDIDATE, 2000);
    select_users(&s, 1);
    put_number(&s, 0, result(XR_ERROR, "ews.error"));
    fine(xr_store_check_begin(
        s.world.store, s.world.arena, other.id, XR_CHECK_CANDIDATE, 2000, &check));
    s.check = begin_check(&s, XR_CHECK_ALL, 3000);
    last_is(&s, 0, XR_SUCCESS);
    fine(xr_store_check_end(s.world.store, s.world.arena, check));
}
END_TEST

START_TEST(a_check_does_not_end_before_everybody_has_a_result)
{
    auto_checking s = checking(3, 1);
    struct xr_user user;

    put_number(&s, 0, result(XR_SUCCESS, NULL));
    fails(xr_store_check_end(s.world.store, s.world.arena, s.check), XR_STORE_STALE,
        "2 of the selected users");
    unfinished_is(&s, s.check);
    put_number(&s, 1, result(XR_SUCCESS, NULL));
    user = user_number(&s, 2);
    fine(xr_store_remove_user(s.world.store, s.world.arena, &user));
    end(&s);
}
END_TEST

static void forgotten_while_it_runs(enum xr_check_kind kind)
{
    auto_checking s = checking(2, 1);
    struct xr_user users[10];

    s.check = begin_check(&s, kind, 2000);
    select_users(&s, 1);
    for (int i = 0; i < 2; i++)
        put_number(&s, i, result(XR_SUCCESS, NULL));
    fine(xr_store_forget_results(s.world.store, s.world.arena, s.org.id, user_number(&s, 1).id));
    fails(xr_store_check_end(s.world.store, s.world.arena, s.check), XR_STORE_STALE,
        "1 of the selected users");
    ck_assert_uint_eq(pending(&s, -1, NULL, users, 10), 1);
    put_number(&s, 1, result(XR_ERROR, "logon.rejected"));
    end(&s);
    last_is(&s, 1, XR_ERROR);
}

START_TEST(who_got_a_new_password_during_a_check_is_asked_again)
{
    forgotten_while_it_runs(XR_CHECK_ALL);
    forgotten_while_it_runs(XR_CHECK_PART);
}
END_TEST

START_TEST(what_a_candidate_found_out_outlives_the_saving_of_its_password)
{
    auto_checking s = checking(1, 1);

    put_number(&s, 0, result(XR_ERROR, "logon.rejected"));
    end(&s);
    s.check = begin_check(&s, XR_CHECK_CANDIDATE, 2000);
    select_users(&s, 1);
    put_number(&s, 0, result(XR_SUCCESS, NULL));
    fine(xr_store_begin(s.world.store, s.world.arena));
    fine(xr_store_forget_results(s.world.store, s.world.arena, s.org.id, 0));
    never_checked(&s, 0);
    end(&s);
    fine(xr_store_commit(s.world.store, s.world.arena));
    last_is(&s, 0, XR_SUCCESS);
}
END_TEST

XR_UNIT_MAIN("store_kinds", a_check_of_some_users_leaves_the_unfinished_one_to_be_resumed,
    a_check_of_some_users_can_be_resumed_where_no_other_is,
    an_unfinished_check_of_users_who_are_gone_is_in_nobodys_way,
    of_an_interrupted_check_aside_the_results_count_and_nothing_goes_on,
    the_later_result_is_the_last_one_whichever_check_began_first,
    a_candidate_counts_from_its_end_on, a_candidate_that_was_killed_leaves_nothing,
    a_killed_candidate_supersedes_no_result_and_is_of_its_own_organization,
    a_check_does_not_end_before_everybody_has_a_result,
    who_got_a_new_password_during_a_check_is_asked_again,
    what_a_candidate_found_out_outlives_the_saving_of_its_password)
