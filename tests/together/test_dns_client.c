/* Our DNS client against the simulator's name server, which shares no line with it. */
#include <string.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/dns.h"
#include "analyzer/wire/start.h"
#include "fixtures/dns.h"
#include "tests/unit.h"

static const char *const lines[] = {
    "mail.contoso.test A a 127.0.0.2 127.0.0.3",
    "mail.contoso.test AAAA aaaa ::1",
    "four.contoso.test A a 127.0.0.4",
    "contoso.test MX mx 10 mail.contoso.test",
    "alias.contoso.test CNAME cname mail.contoso.test",
    "_autodiscover._tcp.contoso.test SRV srv 10 5 443 mail.contoso.test",
    "_autodiscover._tcp.contoso.test SRV srv 20 7 8443 other.contoso.test",
    "dangling.contoso.test CNAME cname gone.contoso.test",
    "loop.contoso.test CNAME cname pool.contoso.test",
    "pool.contoso.test CNAME cname loop.contoso.test",
    "servfail.contoso.test ANY rcode 2",
    "notimp.contoso.test ANY rcode 4",
    "refused.contoso.test ANY rcode 5",
    "silent.contoso.test ANY drop",
    "pointer.contoso.test ANY pointer-loop",
    "big.contoso.test A many 58",
    "big.contoso.test AAAA nodata",
    "half.contoso.test A a 127.0.0.6",
    "half.contoso.test AAAA drop",
    "lame.contoso.test A a 127.0.0.7",
    "lame.contoso.test AAAA rcode 2",
    "odd.contoso.test A a 127.0.0.8",
    "odd.contoso.test AAAA rcode 3",
};

static struct xr_arena *arena;
static struct sim_dns *server;
static struct sim_seen *seen;
static struct sim_world world;
static struct xr_net net;

static void start(void)
{
    int port = 0;

    arena = xr_arena_new();
    xr_wire_start();
    world.dns.at = lines;
    world.dns.n = sizeof(lines) / sizeof(*lines);
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

START_TEST(both_families_are_found_in_one_look_up)
{
    struct xr_dns_hosts hosts;

    start();
    ck_assert_ptr_null(xr_dns_lookup(arena, &net, "mail.contoso.test", 443, soon(5000), &hosts));
    ck_assert_uint_eq(hosts.n, 3);
    ck_assert_str_eq(hosts.addresses[0].text, "127.0.0.2");
    ck_assert_str_eq(hosts.addresses[2].text, "::1");
    ck_assert_uint_gt(hosts.addresses[0].ttl, 0);
    ck_assert_ptr_null(hosts.half);
    ck_assert_ptr_null(hosts.aliases);
    stop();
}
END_TEST

START_TEST(aliases_are_followed_and_told)
{
    struct xr_dns_hosts hosts;

    start();
    ck_assert_ptr_null(xr_dns_lookup(arena, &net, "alias.contoso.test", 443, soon(5000), &hosts));
    ck_assert_uint_eq(hosts.n, 3);
    ck_assert_str_eq(hosts.aliases, "mail.contoso.test");
    stop();
}
END_TEST

/* Told apart, never one "could not resolve" (CONTRACT section 6). */
START_TEST(every_way_of_failing_has_its_own_fault)
{
    static const struct {
        const char *name;
        enum xr_fault fault;
    } rows[] = {
        { "nowhere.contoso.test", XR_FAULT_DNS_NAME_NOT_FOUND },
        { "contoso.test", XR_FAULT_DNS_NO_ADDRESS },
        { "dangling.contoso.test", XR_FAULT_DNS_NAME_NOT_FOUND },
        { "loop.contoso.test", XR_FAULT_DNS_CNAME_LOOP },
        { "servfail.contoso.test", XR_FAULT_DNS_SERVER_FAILURE },
        { "notimp.contoso.test", XR_FAULT_DNS_SERVER_FAILURE },
        { "refused.contoso.test", XR_FAULT_DNS_REFUSED },
        { "silent.contoso.test", XR_FAULT_DNS_TIMEOUT },
        { "pointer.contoso.test", XR_FAULT_DNS_MALFORMED },
    };
    struct xr_dns_hosts hosts;

    start();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct xr_err *err =
            xr_dns_lookup(arena, &net, rows[i].name, 443, soon(1000), &hosts);
        ck_assert_msg(err && err->fault == rows[i].fault, "%s: %s", rows[i].name,
            err ? err->text : "no error");
    }
    stop();
}
END_TEST

START_TEST(one_family_may_fail_alone)
{
    struct xr_dns_hosts hosts;

    start();
    int64_t started = xr_now_us();
    ck_assert_ptr_null(xr_dns_lookup(arena, &net, "half.contoso.test", 443, soon(30000), &hosts));
    ck_assert_int_lt(
        xr_now_us() - started, 4000000); /* the good family does not wait for the bad one */
    ck_assert_uint_eq(hosts.n, 1);
    ck_assert_int_eq(hosts.half->fault, XR_FAULT_DNS_TIMEOUT);
    ck_assert_ptr_null(xr_dns_lookup(arena, &net, "lame.contoso.test", 443, soon(5000), &hosts));
    ck_assert_int_eq(hosts.half->fault, XR_FAULT_DNS_SERVER_FAILURE);
    ck_assert_ptr_null(xr_dns_lookup(arena, &net, "odd.contoso.test", 443, soon(5000), &hosts));
    ck_assert_ptr_null(hosts.half);
    ck_assert_ptr_nonnull(hosts.oddity);
    stop();
}
END_TEST

START_TEST(too_many_addresses_are_cut_and_said_to_be)
{
    struct xr_dns_hosts hosts;

    start(); /* 58 records do not fit into UDP: this is the fall-back to TCP too */
    ck_assert_ptr_null(xr_dns_lookup(arena, &net, "big.contoso.test", 443, soon(5000), &hosts));
    ck_assert_uint_eq(hosts.n, XR_DNS_ADDRESSES_MAX);
    ck_assert(hosts.cut);
    stop();
}
END_TEST

START_TEST(service_and_mail_records_come_with_their_numbers)
{
    struct xr_dns_answer answer;

    start();
    ck_assert_ptr_null(xr_dns_query(
        arena, &net, "_autodiscover._tcp.contoso.test", XR_DNS_SRV, soon(5000), &answer));
    ck_assert_uint_eq(answer.records->priority, 10);
    ck_assert_uint_eq(answer.records->weight, 5);
    ck_assert_uint_eq(answer.records->port, 443);
    ck_assert_str_eq(answer.records->data, "mail.contoso.test");
    ck_assert_str_eq(answer.records->next->data, "other.contoso.test");
    ck_assert(strstr(answer.servers, "127.0.0.1:"));
    ck_assert_ptr_null(xr_dns_query(arena, &net, "contoso.test", XR_DNS_MX, soon(5000), &answer));
    ck_assert_uint_eq(answer.records->priority, 10);
    ck_assert_str_eq(answer.records->data, "mail.contoso.test");
    ck_assert_ptr_null(
        xr_dns_query(arena, &net, "alias.contoso.test", XR_DNS_CNAME, soon(5000), &answer));
    ck_assert_str_eq(answer.records->data, "mail.contoso.test");
    stop();
}
END_TEST

START_TEST(what_is_given_is_not_asked_for)
{
    struct xr_dns_hosts hosts;

    start();
    ck_assert_ptr_null(xr_net_add_resolve(arena, &net, "fixed.test:443:192.0.2.9"));
    ck_assert_ptr_null(xr_dns_lookup(arena, &net, "fixed.test", 443, soon(1000), &hosts));
    ck_assert_str_eq(hosts.source, "--resolve");
    ck_assert_ptr_null(xr_dns_lookup(arena, &net, "2001:db8::1", 443, soon(1000), &hosts));
    ck_assert_str_eq(hosts.addresses[0].text, "2001:db8::1");
    net.dns_server = NULL;
    if (!access("/etc/hosts", R_OK)) { /* a minimal container has none */
        ck_assert_ptr_null(xr_dns_lookup(arena, &net, "localhost", 443, soon(5000), &hosts));
        ck_assert_str_eq(hosts.source, "/etc/hosts");
    }
    stop();
}
END_TEST

START_TEST(a_dead_name_server_costs_no_more_than_the_deadline)
{
    struct xr_dns_hosts hosts;

    start();
    int64_t started = xr_now_us();
    const struct xr_err *err =
        xr_dns_lookup(arena, &net, "silent.contoso.test", 443, soon(700), &hosts);
    ck_assert_int_eq(err->fault, XR_FAULT_DNS_TIMEOUT);
    ck_assert_int_lt(xr_now_us() - started, 1500000);
    stop();
}
END_TEST

XR_UNIT_MAIN("dns client", both_families_are_found_in_one_look_up, aliases_are_followed_and_told,
    every_way_of_failing_has_its_own_fault, one_family_may_fail_alone,
    too_many_addresses_are_cut_and_said_to_be, service_and_mail_records_come_with_their_numbers,
    what_is_given_is_not_asked_for, a_dead_name_server_costs_no_more_than_the_deadline)
