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

#define BIT(way) (1u << (way))

/* Lists of --method and --exclude-method, NULL-ended. -1: refused. */
static int64_t ways_of(const char *const *methods, const char *const *excluded)
{
    struct xr_form form;
    uint32_t no_ways = 0;

    arena = xr_arena_new();
    xr_form_init(&form);
    for (; *methods; methods++)
        form.method.items[form.method.n++] = *methods;
    for (; *excluded; excluded++)
        form.exclude_method.items[form.exclude_method.n++] = *excluded;
    int code = xr_form_ways(arena, &form, &no_ways);
    xr_arena_free(arena);
    ck_assert(code == 0 || code == XR_EXIT_USAGE);
    return code ? -1 : (int64_t)no_ways;
}

#define METHODS(...) ((const char *const[]){ __VA_ARGS__, NULL })
static const char *const none[] = { NULL };

START_TEST(without_a_choice_every_way_is_gone)
{
    ck_assert_int_eq(ways_of(none, none), 0);
}
END_TEST

START_TEST(a_chosen_place_leaves_out_the_other_places_and_no_protocol)
{
    uint32_t places = BIT(XR_PLACES) - 1;

    ck_assert_int_eq(ways_of(METHODS("host"), none), places & ~BIT(XR_WAY_HOST));
    ck_assert_int_eq(
        ways_of(METHODS("srv", "ROOT"), none), places & ~BIT(XR_WAY_SRV) & ~BIT(XR_WAY_ROOT));
}
END_TEST

START_TEST(a_chosen_protocol_leaves_out_the_other_one_and_no_place)
{
    ck_assert_int_eq(ways_of(METHODS("soap"), none), BIT(XR_WAY_POX));
    ck_assert_int_eq(ways_of(METHODS("pox", "soap"), none), 0);
}
END_TEST

START_TEST(every_way_can_be_left_out)
{
    for (int way = 0; way < XR_WAYS; way++)
        ck_assert_int_eq(ways_of(none, METHODS(xr_way_name((enum xr_way)way))), (int64_t)BIT(way));
    ck_assert_int_eq(ways_of(METHODS("host", "srv"), METHODS("srv")) & BIT(XR_WAY_SRV),
        (int64_t)BIT(XR_WAY_SRV));
}
END_TEST

START_TEST(without_a_protocol_only_places_remain_that_need_none)
{
    int64_t no_ways = ways_of(none, METHODS("pox", "soap"));

    ck_assert(no_ways & BIT(XR_WAY_HOST) && no_ways & BIT(XR_WAY_SRV));
    ck_assert(!(no_ways & BIT(XR_WAY_V2)) && !(no_ways & BIT(XR_WAY_MICROSOFT_365)));
}
END_TEST

START_TEST(a_choice_that_leaves_nothing_is_refused)
{
    ck_assert_int_eq(ways_of(METHODS("host"), METHODS("host")), -1);
    ck_assert_int_eq(ways_of(METHODS("host", "pox"), METHODS("pox")), -1);
    ck_assert_int_eq(ways_of(none, METHODS("pox", "soap", "v2", "microsoft-365")), -1);
    ck_assert_int_eq(ways_of(METHODS("v2"), METHODS("pox", "soap")) & BIT(XR_WAY_V2), 0);
}
END_TEST

START_TEST(unknown_methods_and_the_one_of_active_directory_are_refused)
{
    ck_assert_int_eq(ways_of(METHODS("hosts"), none), -1);
    ck_assert_int_eq(ways_of(none, METHODS("")), -1);
    ck_assert_int_eq(ways_of(METHODS("scp"), none), -1);
    ck_assert_int_eq(ways_of(none, METHODS("SCP")), -1);
}
END_TEST

static struct xr_target discovery_of(const struct xr_form *form, int expected)
{
    struct xr_target target;

    ck_assert_int_eq(xr_form_discovery_target(arena, form, &target), expected);
    return target;
}

START_TEST(autodiscover_is_asked_without_an_account_too)
{
    struct xr_form form;

    arena = xr_arena_new();
    xr_form_init(&form);
    (void)discovery_of(&form, XR_EXIT_USAGE);
    form.mailbox = "anna@contoso.test";
    struct xr_target target = discovery_of(&form, XR_EXIT_OK);
    ck_assert_ptr_null(target.account);
    ck_assert_ptr_null(target.folder);
    ck_assert_ptr_null(target.ews_url);
    ck_assert(!target.impersonation);
    form.account = "CONTOSO\\svc";
    ck_assert_str_eq(discovery_of(&form, XR_EXIT_OK).account, "CONTOSO\\svc");
    xr_arena_free(arena);
}
END_TEST

/* To compare two answers takes a second logon; whoever wants the URL alone is not made to wait. */
START_TEST(both_protocols_are_asked_unless_the_url_alone_is_wanted)
{
    struct xr_form form;

    arena = xr_arena_new();
    xr_form_init(&form);
    form.mailbox = "anna@contoso.test";
    ck_assert(discovery_of(&form, XR_EXIT_OK).both_protocols);
    form.print_ews_url = true;
    ck_assert(!discovery_of(&form, XR_EXIT_OK).both_protocols);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("form", without_a_choice_every_way_is_gone,
    a_chosen_place_leaves_out_the_other_places_and_no_protocol,
    a_chosen_protocol_leaves_out_the_other_one_and_no_place, every_way_can_be_left_out,
    without_a_protocol_only_places_remain_that_need_none, a_choice_that_leaves_nothing_is_refused,
    unknown_methods_and_the_one_of_active_directory_are_refused,
    autodiscover_is_asked_without_an_account_too,
    both_protocols_are_asked_unless_the_url_alone_is_wanted,
    thresholds_that_were_typed_are_taken_as_they_are, a_bare_word_is_no_proxy,
    the_proxy_of_the_environment_is_named_but_not_used, on_request_it_is_used,
    a_certificate_that_ends_soon_is_a_warning_where_the_test_says_no_more,
    one_threshold_makes_room_for_the_other, both_the_wrong_way_round_are_refused)
