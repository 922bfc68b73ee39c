/*
 * What routers and routing tables say about a connection, in a network of our own: this process is
 * the client and a child is the router. Skipped, with a word, where namespaces are not permitted.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/dns.h"
#include "analyzer/wire/start.h"
#include "analyzer/wire/tcp.h"
#include "tests/unit.h"

static struct xr_arena *arena;

static bool put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ok;
}

/* Runs "ip" with these words. */
static bool ip(const char *words)
{
    char line[200], *argv[20] = { NULL }, *rest = line;
    size_t n = 0;
    int status = -1;

    (void)snprintf(line, sizeof(line), "ip %s", words);
    while (n < 19 && (argv[n] = strsep(&rest, " ")))
        n++;
    pid_t child = fork();
    if (!child) {
        (void)execvp("ip", argv);
        _exit(127);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool all(const char *const *lines)
{
    for (; *lines; lines++)
        if (!ip(*lines))
            return false;
    return true;
}

/* Becomes root of an empty network. */
static bool leave_the_network(void)
{
    unsigned uid = getuid(), gid = getgid();
    char map[40];

    arena = xr_arena_new();
    xr_wire_start();
    if (!unshare(CLONE_NEWNET))
        return ip("link set lo up");
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
        return false;
    (void)snprintf(map, sizeof(map), "0 %u 1", uid);
    bool ok = put("/proc/self/setgroups", "deny") && put("/proc/self/uid_map", map);
    (void)snprintf(map, sizeof(map), "0 %u 1", gid);
    return ok && put("/proc/self/gid_map", map) && ip("link set lo up");
}

static bool skipped(const char *test)
{
    printf("%s: skipped, network namespaces or \"ip\" are not to be had here\n", test);
    return true;
}

/* Waits on the pipe for the other side; 0: it is gone. */
static bool take(int fd)
{
    char byte;

    return read(fd, &byte, 1) == 1;
}

static const char *const router_lines[] = { "addr add 10.9.0.1/24 dev r0",
    "-6 addr add fd00:9::1/64 dev r0 nodad", "link set r0 up", "link set lo up",
    "route add unreachable 10.8.1.0/24", "route add prohibit 10.8.2.0/24",
    "route add blackhole 10.8.3.0/24", "-6 route add unreachable fd00:8:1::/64",
    "-6 route add prohibit fd00:8:2::/64", NULL };

static const char *const client_lines[] = { "addr add 10.9.0.2/24 dev c0",
    "-6 addr add fd00:9::2/64 dev c0 nodad", "link set c0 up", "route add default via 10.9.0.1",
    "-6 route add default via fd00:9::1", "route add unreachable 10.7.1.0/24",
    "route add prohibit 10.7.2.0/24", "route add blackhole 10.7.3.0/24", NULL };

static void route(int from_client, int to_client)
{
    bool ok = !unshare(CLONE_NEWNET) && write(to_client, "n", 1) == 1 && take(from_client) &&
              all(router_lines) && put("/proc/sys/net/ipv4/ip_forward", "1") &&
              put("/proc/sys/net/ipv6/conf/all/forwarding", "1");

    ok = ok && write(to_client, "r", 1) == 1;
    while (ok && take(from_client)) {
    }
    _exit(0);
}

/* false: it cannot be built here. The router ends when *ret_fd is closed. */
static bool build_network(int *ret_fd)
{
    int down[2], up[2];
    char line[80];

    if (!leave_the_network() || pipe(down) || pipe(up))
        return false;
    pid_t router = fork();
    if (!router) {
        close(down[1]);
        close(up[0]);
        route(down[0], up[1]);
    }
    close(down[0]);
    close(up[1]);
    *ret_fd = down[1];
    (void)snprintf(line, sizeof(line), "link add c0 type veth peer name r0 netns %d", (int)router);
    return take(up[0]) && ip(line) && write(down[1], "l", 1) == 1 && take(up[0]) &&
           all(client_lines);
}

static bool tells_senders(void)
{
    struct utsname name;

    return !uname(&name) && strtol(name.release, NULL, 10) >= 6;
}

struct row {
    const char *address;
    enum xr_fault fault;
    const char *words;
};

static void assert_rows(const struct row *rows, size_t n, int64_t ms)
{
    struct xr_tcp_try tries[16] = { 0 };
    int64_t now = xr_now_us();

    for (size_t i = 0; i < n; i++)
        tries[i] = (struct xr_tcp_try){ .address = rows[i].address, .port = 443 };
    xr_tcp_connect(arena, tries, n, (struct xr_deadline){ now + ms * 1000, now + 60000000, NULL });
    for (size_t i = 0; i < n; i++) {
        const struct xr_err *err = tries[i].err;
        ck_assert_msg(err != NULL, "%s: connected", rows[i].address);
        bool wrong = err->fault != rows[i].fault;
        wrong |= tells_senders() && !strstr(err->text, rows[i].words);
        ck_assert_msg(!wrong, "%s: fault %d, %s", rows[i].address, (int)err->fault, err->text);
    }
}

START_TEST(who_says_no_is_told)
{
    static const struct row rows[] = {
        { "10.8.1.1", XR_FAULT_TCP_UNREACHABLE, "told by 10.9.0.1" },
        { "10.8.2.1", XR_FAULT_TCP_REJECTED, "prohibited (told by 10.9.0.1" },
        { "10.8.3.1", XR_FAULT_TCP_TIMEOUT, "no answer" },
        { "10.9.0.1", XR_FAULT_TCP_REFUSED, "nothing listens" },
        { "10.9.0.77", XR_FAULT_TCP_UNREACHABLE, "no neighbour" },
        { "10.7.1.1", XR_FAULT_TCP_NO_ROUTE, "unreachable" },
        { "10.7.2.1", XR_FAULT_TCP_LOCAL_RULE, "prohibit" },
        { "10.7.3.1", XR_FAULT_TCP_NO_ROUTE, "blackhole" },
        { "fd00:8:1::1", XR_FAULT_TCP_UNREACHABLE, "told by fd00:9::1" },
        { "fd00:8:2::1", XR_FAULT_TCP_REJECTED, "told by fd00:9::1" },
        { "fd00:9::77", XR_FAULT_TCP_UNREACHABLE, "no neighbour" },
    };
    int router = -1;

    if (build_network(&router))
        assert_rows(rows, sizeof(rows) / sizeof(*rows), 5000);
    else
        ck_assert(skipped("who_says_no_is_told"));
    close(router);
    xr_arena_free(arena);
}
END_TEST

/* Without RECVERR such a name server looks silent, and costs the whole time. */
START_TEST(a_name_server_that_the_network_does_not_reach_is_no_silent_one)
{
    static const struct row rows[] = {
        { "10.9.0.1", XR_FAULT_DNS_UNREACHABLE, "nothing listens" },
        { "10.8.1.1", XR_FAULT_DNS_UNREACHABLE, "says that it is unreachable" },
        { "10.7.1.1", XR_FAULT_DNS_UNREACHABLE, "says that it is unreachable" },
        { "10.7.3.1", XR_FAULT_DNS_UNREACHABLE, "throws its packets away" },
        { "10.8.3.1", XR_FAULT_DNS_TIMEOUT, "asked: 10.8.3.1:53" },
    };
    int router = -1;
    bool built = build_network(&router);

    ck_assert(built || skipped("a_name_server_that_the_network_does_not_reach"));
    for (size_t i = 0; built && i < sizeof(rows) / sizeof(*rows); i++) {
        struct xr_net net = { .dns_server = rows[i].address };
        struct xr_dns_hosts hosts;
        int64_t now = xr_now_us();
        const struct xr_err *err = xr_dns_lookup(arena, &net, "mail.contoso.test", 443,
            (struct xr_deadline){ now + 2500000, now + 60000000, NULL }, &hosts);
        ck_assert_msg(err && err->fault == rows[i].fault && strstr(err->text, rows[i].words),
            "%s: %s", rows[i].address, err ? err->text : "no error");
        ck_assert(strncmp(rows[i].address, "10.7.", 5) || xr_now_us() - now < 1000000);
    }
    close(router);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_machine_without_a_route_says_so_for_each_family)
{
    static const struct row rows[] = {
        { "192.0.2.1", XR_FAULT_TCP_NO_ROUTE, "no IPv4 route" },
        { "2001:db8::1", XR_FAULT_TCP_NO_ROUTE, "no IPv6 route" },
        { "fe80::1", XR_FAULT_TCP_NO_ROUTE, "" },
    };

    if (leave_the_network())
        assert_rows(rows, sizeof(rows) / sizeof(*rows), 1000);
    else
        ck_assert(skipped("a_machine_without_a_route_says_so_for_each_family"));
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("tcp routes", who_says_no_is_told,
    a_name_server_that_the_network_does_not_reach_is_no_silent_one,
    a_machine_without_a_route_says_so_for_each_family)
