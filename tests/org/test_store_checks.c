#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/org/store_check_world.h"
#include "tests/unit.h"

enum { MANY = 20000 };

static const char *rows(struct checking *s, int64_t check, enum xr_rows_order order)
{
    struct xr_store_rows *rows;
    struct xr_check_user user;
    const char *text = "";

    fine(xr_store_rows_open(s->world.store, s->world.arena, check, order, &rows));
    while (xr_store_rows_next(rows, &user))
        text = xr_printf(s->world.arena, "%s%.7s %s %s\n", text, user.email,
            xr_status_name(user.status), user.finding ? user.finding : "-");
    fine(xr_store_rows_done(rows));
    return text;
}

START_TEST(pending_users_come_by_lane_and_address_until_they_have_a_result)
{
    auto_checking s = checking(6, 2);
    struct xr_user users[10];

    ck_assert_uint_eq(pending(&s, 1, NULL, users, 10), 3);
    ck_assert_str_eq(users[0].email, "u000001@contoso.test");
    ck_assert_uint_eq(pending(&s, 1, "u000001@contoso.test", users, 1), 1);
    ck_assert_str_eq(users[0].email, "u000003@contoso.test");
    put_number(&s, 3, result(XR_SUCCESS, NULL));
    ck_assert_uint_eq(pending(&s, 1, "u000001@contoso.test", users, 10), 1);
    ck_assert_uint_eq(pending(&s, -1, NULL, users, 10), 5);
    ck_assert_str_eq(users[3].email, "u000004@contoso.test");
    ck_assert_uint_eq(pending(&s, 2, NULL, users, 10), 0);
}
END_TEST

START_TEST(selecting_again_moves_to_another_lane)
{
    auto_checking s = checking(2, 1);
    struct xr_user users[10];

    ck_assert_uint_eq(pending(&s, 0, NULL, users, 10), 2);
    struct xr_check_entry entries[] = { { users[1].id, 7 }, { 4711, 7 } };
    fine(xr_store_check_select(s.world.store, s.world.arena, s.check, entries, 2));
    ck_assert_uint_eq(pending(&s, 0, NULL, users, 10), 1);
    ck_assert_uint_eq(pending(&s, 7, NULL, users, 10), 1);
}
END_TEST

START_TEST(a_check_is_resumed_after_the_program_was_gone)
{
    auto_checking s = checking(3, 1);
    struct xr_user users[10];
    int64_t check, started;

    put_number(&s, 0, result(XR_SUCCESS, NULL));
    world_reopen(&s.world);
    fine(xr_store_check_unfinished(s.world.store, s.world.arena, s.org.id, &check, &started));
    ck_assert_int_eq(check, s.check);
    ck_assert_int_eq(started, 1000);
    ck_assert_uint_eq(pending(&s, -1, NULL, users, 10), 2);
    for (int i = 1; i < 3; i++)
        put_number(&s, i, result(XR_SUCCESS, NULL));
    fine(xr_store_check_end(s.world.store, s.world.arena, check));
    fails(xr_store_check_unfinished(s.world.store, s.world.arena, s.org.id, &check, &started),
        XR_STORE_NOT_FOUND, "unfinished");
    fails(xr_store_check_end(s.world.store, s.world.arena, s.check), XR_STORE_NOT_FOUND, "ended");
}
END_TEST

START_TEST(a_new_check_takes_the_place_of_an_unfinished_one)
{
    auto_checking s = checking(3, 1);
    struct xr_user user;
    struct xr_check_user last, late = result(XR_SUCCESS, NULL);
    int64_t check, started, former = s.check;

    put_number(&s, 1, result(XR_ERROR, "impersonation.denied"));
    s.check = begin_check(&s, XR_CHECK_ALL, 2000);
    fine(xr_store_check_unfinished(s.world.store, s.world.arena, s.org.id, &check, &started));
    ck_assert_int_eq(check, s.check);
    ck_assert_int_eq(started, 2000);
    fine(xr_store_user(s.world.store, s.world.arena, s.org.id, "u000001@contoso.test", &user));
    fails(xr_store_check_results(s.world.store, s.world.arena, former, &user.id, &late, 1),
        XR_STORE_NOT_FOUND, "took its place");
    fine(xr_store_last_result(s.world.store, s.world.arena, user.id, &last));
    ck_assert_int_eq(last.status, XR_ERROR);
    fine(xr_store_user(s.world.store, s.world.arena, s.org.id, "u000002@contoso.test", &user));
    fails(xr_store_last_result(s.world.store, s.world.arena, user.id, &last), XR_STORE_NOT_FOUND,
        "not been checked");
}
END_TEST

START_TEST(only_results_that_nothing_supersedes_outlive_the_next_check)
{
    auto_checking s = checking(3, 1);
    int64_t first = s.check;

    for (int i = 0; i < 3; i++)
        put_number(&s, i, result(XR_SUCCESS, NULL));
    fine(xr_store_check_end(s.world.store, s.world.arena, first));
    s.check = begin_check(&s, XR_CHECK_ALL, 2000);
    select_users(&s, 1);
    put_number(&s, 1, result(XR_ERROR, "mailbox.not-found"));
    ck_assert_str_eq(rows(&s, first, XR_ROWS_BY_EMAIL),
        "u000000 success -\nu000001 success -\nu000002 success -\n");
    s.check = begin_check(&s, XR_CHECK_ALL, 3000);
    ck_assert_str_eq(rows(&s, first, XR_ROWS_BY_EMAIL), "u000000 success -\nu000002 success -\n");
    select_users(&s, 1);
    for (int i = 0; i < 3; i++)
        put_number(&s, i, result(XR_SUCCESS, NULL));
    s.check = begin_check(&s, XR_CHECK_ALL, 4000);
    ck_assert_str_eq(raw_text(&s.world, "SELECT count(*) FROM check_run"), "2");
    ck_assert_str_eq(raw_text(&s.world, "SELECT count(*) FROM check_user"), "3");
}
END_TEST

START_TEST(a_removed_user_stays_in_the_report_but_is_not_asked)
{
    auto_checking s = checking(3, 1);
    struct xr_check sums = { 0 };
    struct xr_user user, users[10];

    put_number(&s, 1, result(XR_SUCCESS, NULL));
    for (int i = 1; i < 3; i++) {
        const char *email = xr_printf(s.world.arena, "u%06d@contoso.test", i);
        fine(xr_store_user(s.world.store, s.world.arena, s.org.id, email, &user));
        fine(xr_store_remove_user(s.world.store, s.world.arena, &user));
    }
    ck_assert_uint_eq(pending(&s, -1, NULL, users, 10), 1);
    ck_assert_str_eq(rows(&s, s.check, XR_ROWS_BY_EMAIL), "u000001 success -\n");
    fine(xr_store_check_sums(s.world.store, s.world.arena, s.check, &sums));
    ck_assert_int_eq(sums.selected, 2);
    struct xr_check_user late = result(XR_SUCCESS, NULL);
    fine(xr_store_check_results(s.world.store, s.world.arena, s.check, &user.id, &late, 1));
    (void)begin_check(&s, XR_CHECK_ALL, 2000);
    ck_assert_str_eq(raw_text(&s.world, "SELECT count(*) FROM check_user"), "0");
}
END_TEST

START_TEST(a_renamed_user_is_still_asked)
{
    auto_checking s = checking(3, 1);
    struct xr_user user, users[10];

    fine(xr_store_user(s.world.store, s.world.arena, s.org.id, "u000000@contoso.test", &user));
    user.email = "z@contoso.test";
    fine(xr_store_save_user(s.world.store, s.world.arena, &user));
    ck_assert_uint_eq(pending(&s, -1, "u000002@contoso.test", users, 10), 1);
    ck_assert_str_eq(users[0].email, "z@contoso.test");
    struct xr_check_user late = result(XR_SUCCESS, NULL);
    late.email = "u000000@contoso.test";
    fine(xr_store_check_results(s.world.store, s.world.arena, s.check, &user.id, &late, 1));
    ck_assert_uint_eq(pending(&s, -1, NULL, users, 10), 2);
}
END_TEST

START_TEST(sums_count_users_causes_and_times)
{
    auto_checking s = checking(100, 1);
    struct xr_check sums = { 0 };

    for (int i = 0; i < 90; i++) {
        struct xr_check_user user = result(XR_SUCCESS, NULL);
        if (i < 10)
            user = result(XR_ERROR, "mailbox.not-found");
        if (i >= 10 && i < 40)
            user = result(XR_ERROR, "impersonation.denied");
        if (i >= 40 && i < 80)
            user = result(XR_WARNING, "address.alias");
        if (i == 80)
            user = result(XR_WARNING, "mailbox.not-found");
        if (i == 89)
            user = result(XR_SKIPPED, NULL);
        user.elapsed_us = i == 89 ? 0 : 1000 + i;
        if (i == 0)
            user.step = "autodiscover";
        put_number(&s, i, user);
    }
    fine(xr_store_check_sums(s.world.store, s.world.arena, s.check, &sums));
    ck_assert_int_eq(sums.selected, 100);
    ck_assert_int_eq(sums.summary[XR_ERROR], 40);
    ck_assert_int_eq(sums.summary[XR_WARNING], 41);
    ck_assert_int_eq(sums.summary[XR_SUCCESS], 8);
    ck_assert_int_eq(sums.summary[XR_SKIPPED], 1);
    ck_assert_uint_eq(sums.cause_count, 3);
    ck_assert_int_eq(sums.causes[0].code, XR_FINDING_IMPERSONATION_DENIED);
    ck_assert_int_eq(sums.causes[0].users, 30);
    ck_assert_str_eq(sums.causes[0].step, "inbox");
    ck_assert_int_eq(sums.causes[1].code, XR_FINDING_MAILBOX_NOT_FOUND);
    ck_assert_int_eq(sums.causes[1].users, 11);
    ck_assert_int_eq(sums.causes[1].status, XR_ERROR);
    ck_assert_str_eq(sums.causes[1].step, "autodiscover");
    ck_assert_str_eq(sums.causes[1].title, xr_finding_kind(XR_FINDING_MAILBOX_NOT_FOUND)->title);
    ck_assert_int_eq(sums.causes[2].code, XR_FINDING_ADDRESS_ALIAS);
    ck_assert_int_eq(sums.median_us, 1044);
    ck_assert_int_eq(sums.p99_us, 1088);
}
END_TEST

START_TEST(sums_of_nothing_say_so)
{
    auto_checking s = checking(1, 1);
    struct xr_check sums = { 0 };

    fine(xr_store_check_sums(s.world.store, s.world.arena, s.check, &sums));
    ck_assert_int_eq(sums.selected, 1);
    ck_assert_uint_eq(sums.cause_count, 0);
    ck_assert_int_eq(sums.median_us, -1);
    ck_assert_int_eq(sums.p99_us, -1);
    fails(xr_store_check_sums(s.world.store, s.world.arena, 4711, &sums), XR_STORE_NOT_FOUND,
        "no such check");
}
END_TEST

START_TEST(rows_come_whole_and_in_both_orders)
{
    auto_checking s = checking(5, 1);
    struct xr_check_user whole = result(XR_ERROR, "impersonation.denied"), found;
    struct xr_user user;

    whole.code = "ErrorImpersonateUserDenied";
    whole.account = "CONTOSO\\svc";
    whole.primary_smtp_address = "anna.first@contoso.test";
    whole.server = "EX01";
    put_number(&s, 4, whole);
    put_number(&s, 0, result(XR_SUCCESS, NULL));
    put_number(&s, 1, result(XR_SKIPPED, NULL));
    put_number(&s, 2, result(XR_WARNING, "address.alias"));
    put_number(&s, 3, result(XR_ERROR, "mailbox.not-found"));
    ck_assert_str_eq(rows(&s, s.check, XR_ROWS_BY_EMAIL),
        "u000000 success -\nu000001 skipped -\nu000002 warning address.alias\n"
        "u000003 error mailbox.not-found\nu000004 error impersonation.denied\n");
    ck_assert_str_eq(rows(&s, s.check, XR_ROWS_BY_CAUSE),
        "u000004 error impersonation.denied\nu000003 error mailbox.not-found\n"
        "u000002 warning address.alias\nu000001 skipped -\nu000000 success -\n");
    fine(xr_store_user(s.world.store, s.world.arena, s.org.id, "u000004@contoso.test", &user));
    fine(xr_store_last_result(s.world.store, s.world.arena, user.id, &found));
    ck_assert_str_eq(found.email, "u000004@contoso.test");
    ck_assert_str_eq(found.step, whole.step);
    ck_assert_str_eq(found.code, whole.code);
    ck_assert_str_eq(found.message, whole.message);
    ck_assert_str_eq(found.account, whole.account);
    ck_assert_str_eq(found.host, whole.host);
    ck_assert_str_eq(found.primary_smtp_address, whole.primary_smtp_address);
    ck_assert_str_eq(found.server, whole.server);
    ck_assert_str_eq(found.steps, whole.steps);
    ck_assert_int_eq(found.elapsed_us, 1000);
    ck_assert_int_eq(found.at_wall_ms, 5);
}
END_TEST

START_TEST(forgotten_results_are_gone_or_pending_again)
{
    auto_checking s = checking(3, 1);
    struct xr_user users[10];
    struct xr_check_user last;

    for (int i = 0; i < 3; i++)
        put_number(&s, i, result(XR_ERROR, "logon.rejected"));
    ck_assert_uint_eq(pending(&s, -1, NULL, users, 10), 0);
    fine(xr_store_forget_results(s.world.store, s.world.arena, s.org.id, 0));
    ck_assert_uint_eq(pending(&s, 0, NULL, users, 10), 3);
    for (int i = 0; i < 3; i++)
        put_number(&s, i, result(XR_SUCCESS, NULL));
    fine(xr_store_check_end(s.world.store, s.world.arena, s.check));
    fine(xr_store_forget_results(s.world.store, s.world.arena, s.org.id, users[1].id));
    fails(xr_store_last_result(s.world.store, s.world.arena, users[1].id, &last),
        XR_STORE_NOT_FOUND, "not been checked");
    fine(xr_store_last_result(s.world.store, s.world.arena, users[2].id, &last));
}
END_TEST

START_TEST(a_long_text_of_a_stranger_is_cut_between_characters)
{
    auto_checking s = checking(1, 1);
    struct xr_check_user user = result(XR_ERROR, "ews.error"), found;
    char text[XR_FIELD_MAX + 4];
    struct xr_user who;

    memset(text, 'x', sizeof(text));
    memcpy(text + XR_FIELD_MAX - 1, "\xc3\xa4.", 4);
    user.message = text;
    put_number(&s, 0, user);
    fine(xr_store_user(s.world.store, s.world.arena, s.org.id, "u000000@contoso.test", &who));
    fine(xr_store_last_result(s.world.store, s.world.arena, who.id, &found));
    ck_assert_uint_eq(strlen(found.message), XR_FIELD_MAX - 1);
}
END_TEST

START_TEST(a_finding_that_nobody_knows_becomes_the_general_one)
{
    auto_checking s = checking(2, 1);
    struct xr_check sums = { 0 };
    struct xr_check_user found;
    struct xr_user who;

    put_number(&s, 0, result(XR_ERROR, "of.the-future"));
    put_number(&s, 1, result(XR_ERROR, "ews.error"));
    fine(xr_store_check_sums(s.world.store, s.world.arena, s.check, &sums));
    ck_assert_uint_eq(sums.cause_count, 1);
    ck_assert_int_eq(sums.causes[0].code, XR_FINDING_EWS_ERROR);
    ck_assert_int_eq(sums.causes[0].users, 2);
    fine(xr_store_user(s.world.store, s.world.arena, s.org.id, "u000000@contoso.test", &who));
    fine(xr_store_last_result(s.world.store, s.world.arena, who.id, &found));
    ck_assert_str_eq(found.finding, "ews.error");
    ck_assert_str_eq(found.code, "of.the-future");
}
END_TEST

static void result_damage(const char *sql)
{
    auto_checking s = checking(1, 1);
    struct xr_store_rows *rows;
    struct xr_check_user user;

    put_number(&s, 0, result(XR_ERROR, "ews.error"));
    raw(s.world.path, sql);
    for (enum xr_rows_order order = XR_ROWS_BY_EMAIL; order <= XR_ROWS_BY_CAUSE; order++) {
        fine(xr_store_rows_open(s.world.store, s.world.arena, s.check, order, &rows));
        ck_assert(!xr_store_rows_next(rows, &user));
        ck_assert(!xr_store_rows_next(rows, &user));
        fails(xr_store_rows_done(rows), XR_STORE_CORRUPT, s.world.path);
    }
}

START_TEST(damaged_results_end_the_reading_with_an_error)
{
    result_damage("UPDATE check_user SET status = 77");
    result_damage("UPDATE check_user SET status = -1");
    result_damage("UPDATE check_user SET steps = 'sss'");
    result_damage("UPDATE check_user SET steps = 'sssssss'||char(7)");
    result_damage("UPDATE check_user SET steps = NULL");
    result_damage("UPDATE check_user SET message = hex(zeroblob(5000))");
    result_damage("UPDATE check_user SET email = ''");
}
END_TEST

static int64_t cpu_us(void)
{
    struct timespec now;

    ck_assert_int_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* In the order of a check: by address, twenty at a time. */
static void put_many(struct checking *s)
{
    struct xr_check_user results[20];
    struct xr_user page[20];
    int64_t ids[20];
    size_t n;

    for (const char *after = NULL;; after = page[n - 1].email) {
        n = pending(s, 0, after, page, 20);
        if (!n)
            return;
        for (size_t i = 0; i < n; i++) {
            ids[i] = page[i].id;
            results[i] =
                ids[i] % 3 ? result(XR_SUCCESS, NULL) : result(XR_ERROR, "impersonation.denied");
        }
        fine(xr_store_check_results(s->world.store, s->world.arena, s->check, ids, results, n));
    }
}

START_TEST(many_results_are_written_and_read_cheaply_with_flat_memory)
{
    auto_checking s = checking(MANY, 1);
    const char *factor = getenv("EXRAY_TIME_FACTOR");
    struct xr_store_rows *rows;
    struct xr_check_user user;
    int64_t n = 0, began = cpu_us();

    put_many(&s);
    /* With the reading of the pending ones; ten times what it takes, for busy machines. */
    ck_assert_int_lt((cpu_us() - began) / MANY, 100 * (factor ? strtol(factor, NULL, 10) : 1));
    long before = peak_memory();
    fine(xr_store_rows_open(s.world.store, s.world.arena, s.check, XR_ROWS_BY_CAUSE, &rows));
    for (; xr_store_rows_next(rows, &user); n++)
        ck_assert_int_eq(user.status, n < MANY / 3 ? XR_ERROR : XR_SUCCESS);
    fine(xr_store_rows_done(rows));
    ck_assert_int_eq(n, MANY);
    ck_assert_int_lt(peak_memory() - before, 8 * 1024);
}
END_TEST

XR_UNIT_MAIN("store_checks", pending_users_come_by_lane_and_address_until_they_have_a_result,
    selecting_again_moves_to_another_lane, a_check_is_resumed_after_the_program_was_gone,
    a_new_check_takes_the_place_of_an_unfinished_one,
    only_results_that_nothing_supersedes_outlive_the_next_check,
    a_removed_user_stays_in_the_report_but_is_not_asked, a_renamed_user_is_still_asked,
    sums_count_users_causes_and_times, sums_of_nothing_say_so, rows_come_whole_and_in_both_orders,
    forgotten_results_are_gone_or_pending_again,
    a_long_text_of_a_stranger_is_cut_between_characters,
    a_finding_that_nobody_knows_becomes_the_general_one,
    damaged_results_end_the_reading_with_an_error,
    many_results_are_written_and_read_cheaply_with_flat_memory)
