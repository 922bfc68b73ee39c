#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "analyzer/wire/dns.h"
#include "analyzer/wire/tcp.h"
#include "tests/unit.h"

static struct xr_deadline soon(int64_t ms)
{
    int64_t now = xr_now_us();

    return (struct xr_deadline){ now + ms * 1000, now + 60000000, NULL };
}

/* A bound socket of 127.0.0.1, listening with this backlog; -1: not listening. */
static int bound(int backlog, uint16_t *ret_port)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t length = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert(!bind(fd, (const struct sockaddr *)&at, sizeof(at)));
    ck_assert(backlog < 0 || !listen(fd, backlog));
    ck_assert(!getsockname(fd, (struct sockaddr *)&at, &length));
    *ret_port = ntohs(at.sin_port);
    return fd;
}

START_TEST(a_closed_port_is_refused_by_the_machine_itself)
{
    struct xr_arena *arena = xr_arena_new();
    uint16_t port;
    int fd = bound(-1, &port);
    struct xr_tcp_try try = { .address = "127.0.0.1", .port = port };

    xr_tcp_connect(arena, &try, 1, soon(2000));
    ck_assert_int_eq(try.err->fault, XR_FAULT_TCP_REFUSED);
    ck_assert_int_eq(try.err->native, ECONNREFUSED);
    ck_assert_int_eq(try.fd, -1);
    close(fd);
    xr_arena_free(arena);
}
END_TEST

/* As an overloaded server: the kernel drops the first packet of a newcomer. */
START_TEST(a_full_backlog_is_silence)
{
    struct xr_arena *arena = xr_arena_new();
    uint16_t port;
    int fd = bound(0, &port);
    struct xr_tcp_try tries[4];

    for (size_t i = 0; i < 4; i++)
        tries[i] = (struct xr_tcp_try){ .address = "127.0.0.1", .port = port };
    xr_tcp_connect(arena, tries, 4, soon(600));
    ck_assert_ptr_null(tries[0].err);
    ck_assert_int_eq(tries[3].err->fault, XR_FAULT_TCP_TIMEOUT);
    xr_tcp_close(tries, 4);
    close(fd);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_link_local_address_of_no_network_is_named)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_tcp_try try = { .address = "fe80::1", .port = 443 };

    xr_tcp_connect(arena, &try, 1, soon(2000));
    ck_assert_ptr_nonnull(try.err);
    ck_assert(try.err->fault == XR_FAULT_TCP_NO_ROUTE); /* also where IPv6 is off */
    if (try.err->native == EINVAL)
        ck_assert_ptr_nonnull(strstr(try.err->text, "link-local"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(failures_are_named_with_their_family)
{
    struct xr_arena *arena = xr_arena_new();
    const struct xr_err *err = xr_err(arena, XR_FAULT_TCP_TIMEOUT, ETIMEDOUT, "no answer");
    struct xr_tcp_try tries[] = { { "192.0.2.1", 443, NULL, -1, 0 },
        { "2001:db8::1", 443, err, -1, 0 }, { "192.0.2.2", 443, err, -1, 0 },
        { "192.0.2.3", 443, err, -1, 0 }, { "192.0.2.4", 443, err, -1, 0 } };

    ck_assert_ptr_null(xr_tcp_failures(arena, tries, 1));
    ck_assert_str_eq(
        xr_tcp_failures(arena, tries, 2), "IPv4 works and IPv6 does not: 2001:db8::1 (no answer)");
    ck_assert_str_eq(
        xr_tcp_failures(arena, tries, 3), "2001:db8::1 (no answer), 192.0.2.2 (no answer)");
    ck_assert_ptr_nonnull(strstr(xr_tcp_failures(arena, tries, 5), " and 1 more"));
    ck_assert_ptr_null(strstr(xr_tcp_failures(arena, tries + 1, 1), "works"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(addresses_are_known_by_their_kind)
{
    static const struct {
        const char *text;
        enum xr_address_kind kind;
    } rows[] = {
        { "8.8.8.8", XR_ADDRESS_PUBLIC },
        { "0.0.0.0", XR_ADDRESS_UNSPECIFIED },
        { "0.1.2.3", XR_ADDRESS_UNSPECIFIED },
        { "127.255.0.1", XR_ADDRESS_LOOPBACK },
        { "128.0.0.1", XR_ADDRESS_PUBLIC },
        { "169.254.0.1", XR_ADDRESS_LINK_LOCAL },
        { "169.253.0.1", XR_ADDRESS_PUBLIC },
        { "10.0.0.1", XR_ADDRESS_PRIVATE },
        { "172.15.0.1", XR_ADDRESS_PUBLIC },
        { "172.16.0.1", XR_ADDRESS_PRIVATE },
        { "172.31.255.255", XR_ADDRESS_PRIVATE },
        { "172.32.0.1", XR_ADDRESS_PUBLIC },
        { "192.168.1.1", XR_ADDRESS_PRIVATE },
        { "100.63.0.1", XR_ADDRESS_PUBLIC },
        { "100.127.0.1", XR_ADDRESS_PRIVATE },
        { "203.0.113.9", XR_ADDRESS_DOCUMENTATION },
        { "224.0.0.1", XR_ADDRESS_MULTICAST },
        { "239.1.1.1", XR_ADDRESS_MULTICAST },
        { "255.255.255.255", XR_ADDRESS_RESERVED },
        { "::", XR_ADDRESS_UNSPECIFIED },
        { "::1", XR_ADDRESS_LOOPBACK },
        { "::2", XR_ADDRESS_PUBLIC },
        { "::ffff:127.0.0.1", XR_ADDRESS_LOOPBACK },
        { "::ffff:8.8.8.8", XR_ADDRESS_PUBLIC },
        { "fe80::1", XR_ADDRESS_LINK_LOCAL },
        { "febf::1", XR_ADDRESS_LINK_LOCAL },
        { "fec0::1", XR_ADDRESS_PUBLIC },
        { "fc00::1", XR_ADDRESS_PRIVATE },
        { "fdff::1", XR_ADDRESS_PRIVATE },
        { "2001:db8::1", XR_ADDRESS_DOCUMENTATION },
        { "2001:db9::1", XR_ADDRESS_PUBLIC },
        { "ff02::1", XR_ADDRESS_MULTICAST },
        { "100::1", XR_ADDRESS_RESERVED },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        ck_assert_msg(xr_address_kind(rows[i].text) == rows[i].kind, "%s", rows[i].text);
        ck_assert_int_eq(rows[i].kind == XR_ADDRESS_PUBLIC, xr_address_note(rows[i].text) == NULL);
    }
}
END_TEST

XR_UNIT_MAIN("tcp", a_closed_port_is_refused_by_the_machine_itself, a_full_backlog_is_silence,
    a_link_local_address_of_no_network_is_named, failures_are_named_with_their_family,
    addresses_are_known_by_their_kind)
