/* What the DNS client makes of answers that fail or look strange, finer than "no answer". */
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/dns.h"
#include "analyzer/wire/start.h"
#include "fixtures/dns.h"
#include "tests/unit.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static struct xr_arena *arena;
static struct sim_dns *server;
static struct sim_seen *seen;
static struct sim_world world;
static struct xr_net net;

static void start(const char *const *lines, size_t n)
{
    int port = 0;

    arena = xr_arena_new();
    xr_wire_start();
    world.dns.at = lines;
    world.dns.n = n;
    seen = sim_seen_new(&world);
    server = sim_dns_start(&world, seen, &port);
    ck_assert_ptr_nonnull(server);
    net = (struct xr_net){ .dns_server = xr_printf(arena, "127.0.0.1:%d", port) };
}

static void stop(void)
{
    sim_dns_stop(server);
    sim_seen_free(seen);
    xr_arena_free(arena);
}

static struct xr_deadline soon(int64_t ms)
{
    int64_t now = xr_now_us();

    return (struct xr_deadline){ now + ms * 1000, now + 60000000, NULL };
}

static const struct xr_err *look_up(const char *host, int64_t ms, struct xr_dns_hosts *ret)
{
    *ret = (struct xr_dns_hosts){ 0 };
    return xr_dns_lookup(arena, &net, host, 443, soon(ms), ret);
}

static void assert_fails(const char *host, int64_t ms, enum xr_fault fault, const char *words)
{
    struct xr_dns_hosts hosts;
    const struct xr_err *err = look_up(host, ms, &hosts);

    ck_assert_msg(err && err->fault == fault, "%s: %s", host, err ? err->text : "no error");
    ck_assert_msg(strstr(err->text, words) != NULL, "%s: %s", host, err->text);
}

START_TEST(a_closed_port_of_the_name_server_is_not_silence)
{
    static const char *const lines[] = { "any.contoso.test A refuse" };

    start(lines, LENGTH(lines));
    int64_t started = xr_now_us();
    assert_fails("mail.contoso.test", 5000, XR_FAULT_DNS_UNREACHABLE, "nothing listens");
    ck_assert_int_lt(xr_now_us() - started, 1000000); /* it is known at once */
    stop();
}
END_TEST

START_TEST(a_cut_off_answer_without_tcp_is_told_from_silence)
{
    static const char *const lines[] = { "mail.contoso.test ANY tcp-refuse" };
    static const char *const silent[] = { "mail.contoso.test ANY tcp-drop",
        "good.contoso.test A truncate 127.0.0.4", "good.contoso.test AAAA nodata" };
    struct xr_dns_hosts hosts;

    start(lines, LENGTH(lines));
    assert_fails("mail.contoso.test", 5000, XR_FAULT_DNS_TCP_BLOCKED, "nothing listens");
    stop();
    start(silent, LENGTH(silent));
    assert_fails("mail.contoso.test", 700, XR_FAULT_DNS_TCP_BLOCKED, "does not answer");
    ck_assert_ptr_null(look_up("good.contoso.test", 5000, &hosts));
    ck_assert(hosts.over_tcp);
    ck_assert_ptr_nonnull(strstr(hosts.oddity, "over TCP"));
    ck_assert_uint_eq(hosts.warnings_n, 0);
    stop();
}
END_TEST

START_TEST(answers_that_were_not_taken_are_told)
{
    static const char *const lines[] = { "id.contoso.test ANY wrong-id 127.0.0.9",
        "question.contoso.test ANY wrong-question 127.0.0.9", "short.contoso.test ANY short",
        "garbage.contoso.test ANY garbage", "silent.contoso.test ANY drop" };

    start(lines, LENGTH(lines));
    assert_fails("id.contoso.test", 400, XR_FAULT_DNS_MALFORMED, "forged");
    assert_fails("question.contoso.test", 400, XR_FAULT_DNS_MALFORMED, "do not repeat");
    assert_fails("short.contoso.test", 400, XR_FAULT_DNS_MALFORMED, "too short");
    assert_fails("garbage.contoso.test", 400, XR_FAULT_DNS_MALFORMED, "do not repeat");
    assert_fails("silent.contoso.test", 400, XR_FAULT_DNS_TIMEOUT, "127.0.0.1:");
    stop();
}
END_TEST

START_TEST(a_server_failure_is_asked_for_its_reason)
{
    static const char *const lines[] = { "signed.contoso.test ANY bogus 127.0.0.9",
        "lame.contoso.test ANY ede 22", "own.contoso.test ANY ede 4711 upstream\x1b[2J",
        "plain.contoso.test ANY rcode 2" };
    struct xr_dns_hosts hosts;

    start(lines, LENGTH(lines));
    assert_fails("signed.contoso.test", 5000, XR_FAULT_DNS_DNSSEC, "7 (Signature Expired)");
    assert_fails(
        "lame.contoso.test", 5000, XR_FAULT_DNS_SERVER_FAILURE, "22 (No Reachable Authority)");
    assert_fails("own.contoso.test", 5000, XR_FAULT_DNS_SERVER_FAILURE, "4711: upstream\\x1b");
    const struct xr_err *err = look_up("plain.contoso.test", 5000, &hosts);
    ck_assert_int_eq(err->fault, XR_FAULT_DNS_SERVER_FAILURE);
    ck_assert_ptr_null(strstr(err->text, "reason"));
    stop();
}
END_TEST

START_TEST(failures_that_look_like_no_data_are_told)
{
    static const char *const lines[] = { "other.contoso.test ANY referral",
        "nobody.contoso.test ANY rcode 9", "none.contoso.test A nodata" };

    start(lines, LENGTH(lines));
    assert_fails("other.contoso.test", 5000, XR_FAULT_DNS_REFUSED, "only refers");
    assert_fails("nobody.contoso.test", 5000, XR_FAULT_DNS_SERVER_FAILURE, "9 (NOTAUTH)");
    assert_fails("none.contoso.test", 5000, XR_FAULT_DNS_NO_ADDRESS, "neither");
    stop();
}
END_TEST

START_TEST(a_slow_name_server_is_a_warning)
{
    static const char *const lines[] = { "slow.contoso.test A delay 2300 a 127.0.0.9",
        "slow.contoso.test AAAA delay 2300 nodata", "quick.contoso.test A delay 300 a 127.0.0.9",
        "quick.contoso.test AAAA nodata" };
    struct xr_dns_hosts hosts;

    start(lines, LENGTH(lines));
    ck_assert_ptr_null(look_up("slow.contoso.test", 10000, &hosts));
    ck_assert_uint_eq(hosts.warnings_n, 1);
    ck_assert_int_eq(hosts.warnings[0]->fault, XR_FAULT_DNS_SLOW);
    ck_assert_ptr_eq(hosts.half, hosts.warnings[0]);
    ck_assert_int_ge(hosts.elapsed_us, 2300000);
    ck_assert_ptr_null(look_up("quick.contoso.test", 10000, &hosts));
    ck_assert_uint_eq(hosts.warnings_n, 0);
    stop();
}
END_TEST

START_TEST(an_unanswered_family_does_not_make_the_server_slow)
{
    static const char *const lines[] = { "half.contoso.test A a 127.0.0.9",
        "half.contoso.test AAAA drop" };
    struct xr_dns_hosts hosts;

    start(lines, LENGTH(lines));
    ck_assert_ptr_null(look_up("half.contoso.test", 10000, &hosts));
    ck_assert_uint_eq(hosts.warnings_n, 1);
    ck_assert_int_eq(hosts.warnings[0]->fault, XR_FAULT_DNS_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(hosts.warnings[0]->text, "AAAA (IPv6)"));
    ck_assert_int_lt(hosts.elapsed_us, 1000000);
    stop();
}
END_TEST

START_TEST(addresses_that_cannot_be_right_are_a_warning)
{
    static const char *const lines[] = { "zero.contoso.test A a 0.0.0.0",
        "zero.contoso.test AAAA nodata", "apipa.contoso.test A a 169.254.7.1 127.0.0.9",
        "apipa.contoso.test AAAA aaaa fe80::1", "mine.contoso.test A a 127.0.0.9",
        "mine.contoso.test AAAA aaaa ::1", "inside.contoso.test A a 10.1.2.3",
        "inside.contoso.test AAAA nodata", "mixed.contoso.test A a 10.1.2.3 8.8.8.8",
        "mixed.contoso.test AAAA nodata" };
    struct xr_dns_hosts hosts;

    start(lines, LENGTH(lines));
    ck_assert_ptr_null(look_up("zero.contoso.test", 5000, &hosts));
    ck_assert_int_eq(hosts.warnings[0]->fault, XR_FAULT_DNS_BOGUS_ADDRESS);
    ck_assert_ptr_null(look_up("apipa.contoso.test", 5000, &hosts));
    ck_assert_ptr_nonnull(strstr(hosts.warnings[0]->text, "169.254.7.1"));
    ck_assert_ptr_nonnull(strstr(hosts.warnings[0]->text, "1 more"));
    ck_assert_int_eq(hosts.addresses[1].kind, XR_ADDRESS_LOOPBACK);
    ck_assert_ptr_null(look_up("mine.contoso.test", 5000, &hosts));
    ck_assert_uint_eq(hosts.warnings_n, 0); /* the user named a name server on loopback */
    ck_assert_ptr_null(look_up("inside.contoso.test", 5000, &hosts));
    ck_assert_uint_eq(hosts.warnings_n, 0);
    ck_assert_ptr_null(hosts.oddity);
    ck_assert_int_eq(hosts.addresses[0].kind, XR_ADDRESS_PRIVATE);
    ck_assert_ptr_null(look_up("mixed.contoso.test", 5000, &hosts));
    ck_assert_ptr_nonnull(strstr(hosts.oddity, "private and public"));
    ck_assert_ptr_null(xr_net_add_resolve(arena, &net, "zero.contoso.test:443:0.0.0.0"));
    ck_assert_ptr_null(look_up("zero.contoso.test", 5000, &hosts));
    ck_assert_uint_eq(hosts.warnings_n, 0); /* the user said it himself */
    stop();
}
END_TEST

START_TEST(several_warnings_hold_at_once)
{
    static const char *const lines[] = { "bad.contoso.test A delay 2300 a 0.0.0.0",
        "bad.contoso.test AAAA rcode 2" };
    struct xr_dns_hosts hosts;

    start(lines, LENGTH(lines));
    ck_assert_ptr_null(look_up("bad.contoso.test", 10000, &hosts));
    ck_assert_uint_eq(hosts.warnings_n, 3);
    ck_assert_int_eq(hosts.warnings[0]->fault, XR_FAULT_DNS_SERVER_FAILURE);
    ck_assert_int_eq(hosts.warnings[1]->fault, XR_FAULT_DNS_BOGUS_ADDRESS);
    ck_assert_int_eq(hosts.warnings[2]->fault, XR_FAULT_DNS_SLOW);
    stop();
}
END_TEST

/* The library goes on to the next one; the user is to know why his look-ups are slow. */
START_TEST(one_dead_name_server_of_two_is_mentioned)
{
    static const char *const lines[] = { "mail.contoso.test A a 127.0.0.2",
        "mail.contoso.test AAAA nodata" };
    struct xr_dns_hosts hosts;

    start(lines, LENGTH(lines));
    net.dns_server = xr_printf(arena, "127.0.0.1:9,%s", net.dns_server);
    ck_assert_ptr_null(look_up("mail.contoso.test", 5000, &hosts));
    ck_assert_ptr_nonnull(hosts.oddity);
    ck_assert_ptr_nonnull(strstr(hosts.oddity, "one of the name servers 127.0.0.1:9"));
    stop();
}
END_TEST

static const char *const chain[] = { "a0.contoso.test CNAME cname a1.contoso.test",
    "a1.contoso.test CNAME cname a2.contoso.test", "a2.contoso.test CNAME cname a3.contoso.test",
    "a3.contoso.test CNAME cname a4.contoso.test", "a4.contoso.test CNAME cname a5.contoso.test",
    "a5.contoso.test CNAME cname a6.contoso.test", "a6.contoso.test CNAME cname a7.contoso.test",
    "a7.contoso.test CNAME cname a8.contoso.test", "a8.contoso.test CNAME cname a9.contoso.test",
    "a9.contoso.test CNAME cname b0.contoso.test", "b0.contoso.test CNAME cname b1.contoso.test",
    "b1.contoso.test CNAME cname b2.contoso.test", "b2.contoso.test CNAME cname b3.contoso.test",
    "b3.contoso.test A a 127.0.0.9", "b3.contoso.test AAAA nodata",
    "x.contoso.test CNAME cname x.contoso.test", "y.contoso.test CNAME cname z.contoso.test",
    "z.contoso.test CNAME cname y.contoso.test" };

START_TEST(twelve_aliases_are_followed_and_no_more)
{
    struct xr_dns_hosts hosts;

    start(chain, LENGTH(chain));
    ck_assert_ptr_null(look_up("a1.contoso.test", 5000, &hosts));
    ck_assert_str_eq(hosts.addresses[0].text, "127.0.0.9");
    assert_fails("a0.contoso.test", 5000, XR_FAULT_DNS_CNAME_LOOP, "longer than 12");
    assert_fails("x.contoso.test", 5000, XR_FAULT_DNS_CNAME_LOOP, "circle");
    assert_fails("y.contoso.test", 5000, XR_FAULT_DNS_CNAME_LOOP, "circle: z.contoso.test");
    stop();
}
END_TEST

START_TEST(a_huge_answer_is_read_up_to_its_limit)
{
    static const char *const lines[] = { "huge.contoso.test A many 900",
        "huge.contoso.test AAAA nodata", "fits.contoso.test A many 64" };
    struct xr_dns_answer answer;
    struct xr_dns_hosts hosts;
    size_t n = 0;

    start(lines, LENGTH(lines));
    ck_assert_ptr_null(
        xr_dns_query(arena, &net, "huge.contoso.test", XR_DNS_A, soon(5000), &answer));
    for (const struct xr_dns_record *at = answer.records; at; at = at->next)
        n++;
    ck_assert_uint_eq(n, 64);
    ck_assert(answer.cut);
    ck_assert_ptr_null(
        xr_dns_query(arena, &net, "fits.contoso.test", XR_DNS_A, soon(5000), &answer));
    ck_assert(!answer.cut);
    ck_assert_ptr_null(look_up("huge.contoso.test", 5000, &hosts));
    ck_assert_uint_eq(hosts.n, XR_DNS_ADDRESSES_MAX);
    ck_assert(hosts.cut);
    stop();
}
END_TEST

START_TEST(a_service_that_is_decidedly_not_there_has_no_target)
{
    static const char *const lines[] = { "_autodiscover._tcp.contoso.test SRV srv 0 0 443 ." };
    struct xr_dns_answer answer;

    start(lines, LENGTH(lines));
    ck_assert_ptr_null(xr_dns_query(
        arena, &net, "_autodiscover._tcp.contoso.test", XR_DNS_SRV, soon(5000), &answer));
    ck_assert_str_eq(answer.records->data, "");
    stop();
}
END_TEST

XR_UNIT_MAIN("dns faults", a_closed_port_of_the_name_server_is_not_silence,
    a_cut_off_answer_without_tcp_is_told_from_silence, answers_that_were_not_taken_are_told,
    a_server_failure_is_asked_for_its_reason, failures_that_look_like_no_data_are_told,
    a_slow_name_server_is_a_warning, an_unanswered_family_does_not_make_the_server_slow,
    addresses_that_cannot_be_right_are_a_warning, several_warnings_hold_at_once,
    one_dead_name_server_of_two_is_mentioned, twelve_aliases_are_followed_and_no_more,
    a_huge_answer_is_read_up_to_its_limit, a_service_that_is_decidedly_not_there_has_no_target)
