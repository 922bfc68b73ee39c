#include <stdlib.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/form.h"
#include "analyzer/wire/tls.h"
#include "tests/unit.h"

static struct xr_arena *arena;

static struct xr_net net_with(const char *proxy_option)
{
    struct xr_form form;
    struct xr_net net;

    xr_form_init(&form);
    form.proxy = proxy_option;
    ck_assert_int_eq(xr_form_net(arena, &form, &net), 0);
    return net;
}

static void done(struct xr_net net)
{
    union {
        const struct xr_trust *shared;
        struct xr_trust *own;
    } trust = { net.trust };

    xr_trust_free(trust.own);
}

/* The proxy that is told as ignored. */
static const char *ignored_with(const char *proxy_option)
{
    struct xr_net net = net_with(proxy_option);

    done(net);
    return net.ignored_proxy;
}

START_TEST(the_proxy_of_the_environment_is_named_but_not_used)
{
    arena = xr_arena_new();
    ck_assert_int_eq(setenv("https_proxy", "http://joe:S3cret@proxy.test:3128", 1), 0);
    struct xr_net net = net_with(NULL);
    ck_assert_ptr_null(net.proxy);
    ck_assert_str_eq(net.ignored_proxy, "http://[redacted]@proxy.test:3128");
    ck_assert_ptr_nonnull(ignored_with("none"));
    ck_assert_ptr_nonnull(ignored_with("http://other.test:8080"));
    done(net);
    xr_arena_free(arena);
}
END_TEST

START_TEST(on_request_it_is_used)
{
    arena = xr_arena_new();
    ck_assert_int_eq(setenv("https_proxy", "http://proxy.test:3128", 1), 0);
    struct xr_net net = net_with("env");
    ck_assert_str_eq(net.proxy, "http://proxy.test:3128/");
    ck_assert_ptr_null(net.ignored_proxy);
    done(net);
    xr_arena_free(arena);
}
END_TEST

/* usual: of the test; -1: the option was not given. */
static struct xr_target days_of(long usual, long warn, long crit, int expected)
{
    struct xr_form form;
    struct xr_target target;

    arena = xr_arena_new();
    xr_form_init(&form);
    form.usual_crit_days = usual;
    form.warn_days = warn;
    form.crit_days = crit;
    ck_assert_int_eq(xr_form_any_target(arena, &form, &target), expected);
    xr_arena_free(arena);
    return target;
}

START_TEST(a_certificate_that_ends_soon_is_a_warning_where_the_test_says_no_more)
{
    ck_assert_int_eq(days_of(0, -1, -1, XR_EXIT_OK).warn_days, 30);
    ck_assert_int_eq(days_of(0, -1, -1, XR_EXIT_OK).crit_days, 0);
    ck_assert_int_eq(days_of(7, -1, -1, XR_EXIT_OK).crit_days, 7);
}
END_TEST

START_TEST(one_threshold_makes_room_for_the_other)
{
    ck_assert_int_eq(days_of(7, 3, -1, XR_EXIT_OK).crit_days, 3);
    ck_assert_int_eq(days_of(7, -1, 60, XR_EXIT_OK).warn_days, 60);
    ck_assert_int_eq(days_of(7, 0, -1, XR_EXIT_OK).crit_days, 0);
}
END_TEST

START_TEST(both_the_wrong_way_round_are_refused)
{
    (void)days_of(7, 10, 20, XR_EXIT_USAGE);
    ck_assert_int_eq(days_of(7, 20, 20, XR_EXIT_OK).crit_days, 20);
}
END_TEST

/* --crit-days of one who wants an error early moves the warning, so it holds for both. */
START_TEST(thresholds_that_were_typed_are_taken_as_they_are)
{
    const struct {
        long warn, crit;
        bool errors, warnings;
    } rows[] = { { -1, -1, false, false }, { 30, -1, false, true }, { -1, 7, true, true },
        { 0, 0, true, true } };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct xr_form form;
        struct xr_net net;
        ck_assert_int_eq(
            days_of(7, rows[i].warn, rows[i].crit, XR_EXIT_OK).days_as_given, rows[i].errors);
        arena = xr_arena_new();
        xr_form_init(&form);
        form.warn_days = rows[i].warn;
        form.crit_days = rows[i].crit;
        ck_assert_int_eq(xr_form_net(arena, &form, &net), 0);
        ck_assert_int_eq(net.days_as_given, rows[i].warnings);
        done(net);
        xr_arena_free(arena);
    }
}
END_TEST

START_TEST(a_bare_word_is_no_proxy)
{
    static const char *const refused[] = { "bad", "nonne", "[2001:db8::1]",
        "proxy.test:", "http://", "https://proxy.test:3128", "socks5://proxy.test:1080", NULL };
    struct xr_form form;
    struct xr_net net;

    arena = xr_arena_new();
    xr_form_init(&form);
    for (const char *const *text = refused; *text; text++) {
        form.proxy = *text;
        ck_assert_msg(xr_form_net(arena, &form, &net) == XR_EXIT_USAGE, "%s", *text);
    }
    net = net_with("proxy.test:3128");
    ck_assert_str_eq(net.proxy, "http://proxy.test:3128/");
    done(net);
    net = net_with("[2001:db8::1]:3128");
    ck_assert_str_eq(net.proxy, "http://[2001:db8::1]:3128/");
    done(net);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("form", thresholds_that_were_typed_are_taken_as_they_are, a_bare_word_is_no_proxy,
    the_proxy_of_the_environment_is_named_but_not_used, on_request_it_is_used,
    a_certificate_that_ends_soon_is_a_warning_where_the_test_says_no_more,
    one_threshold_makes_room_for_the_other, both_the_wrong_way_round_are_refused)
