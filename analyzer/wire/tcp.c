#include "analyzer/wire/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/icmp.h"
#include "analyzer/wire/net.h"

enum { TUNNEL_REPLY_MAX = 8192, FAILURES_NAMED = 3 };

static socklen_t socket_address(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    memset(ret, 0, sizeof(*ret));
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
        memcpy(ret, &four, sizeof(four));
        return sizeof(four);
    }
    if (inet_pton(AF_INET6, text, &six.sin6_addr) != 1)
        return 0;
    memcpy(ret, &six, sizeof(six));
    return sizeof(six);
}

static bool is_link_local(const char *address)
{
    struct in6_addr six;

    return inet_pton(AF_INET6, address, &six) == 1 && IN6_IS_ADDR_LINKLOCAL(&six);
}

/* What an errno means, in one of the two ways in which it can come. */
struct cause {
    int code;
    enum xr_fault fault;
    const char *text;
};

static const struct xr_err *err_of(
    struct xr_arena *arena, const struct cause *causes, size_t n, int code, int native)
{
    for (size_t i = 0; i < n; i++)
        if (causes[i].code == code)
            return xr_err(arena, causes[i].fault, native, "%s", causes[i].text);
    return xr_err(arena, XR_FAULT_TCP_UNREACHABLE, code, "%s", strerrordesc_np(code));
}

/* What connect() says itself, before anything has left this machine. */
static const struct xr_err *local_err(struct xr_arena *arena, const char *address, int code)
{
    static const struct cause rows[] = {
        { ECONNREFUSED, XR_FAULT_TCP_REFUSED, "connection refused: nothing listens on the port" },
        { ECONNRESET, XR_FAULT_TCP_RESET, "the connection was reset as soon as it was open" },
        { EHOSTUNREACH, XR_FAULT_TCP_NO_ROUTE,
            "a route of this machine declares this address unreachable" },
        { EACCES, XR_FAULT_TCP_LOCAL_RULE,
            "a rule on this machine forbids the connection (a \"prohibit\" route or a policy)" },
        { EPERM, XR_FAULT_TCP_LOCAL_RULE,
            "the firewall of this machine forbids the connection: it does not let it out" },
        { EINVAL, XR_FAULT_TCP_NO_ROUTE,
            "a route of this machine throws everything for this address away (blackhole)" },
        { EMFILE, XR_FAULT_LOCAL_NETWORK, "this process has too many open files" },
        { ENFILE, XR_FAULT_LOCAL_NETWORK, "this machine has too many open files" },
        { EAFNOSUPPORT, XR_FAULT_TCP_NO_ROUTE, "this machine does not speak this address family" },
        { EADDRNOTAVAIL, XR_FAULT_TCP_NO_ROUTE,
            "this machine has no address of its own to start from" },
    };

    if (code == EINVAL && is_link_local(address))
        return xr_err(arena, XR_FAULT_TCP_NO_ROUTE, code,
            "a link-local address says nothing about the network it is in (fe80::1%%eth0 would): "
            "from DNS it is of no use");
    if (code == ENETUNREACH)
        return xr_err(arena, XR_FAULT_TCP_NO_ROUTE, code,
            "this machine has no %s route to this network", strchr(address, ':') ? "IPv6" : "IPv4");
    return err_of(arena, rows, sizeof(rows) / sizeof(*rows), code, code);
}

/* What came back from the network, when it was no ICMP message that could be read. */
static const struct xr_err *remote_err(struct xr_arena *arena, int code)
{
    static const struct cause rows[] = {
        { ECONNREFUSED, XR_FAULT_TCP_REFUSED, "connection refused: nothing listens on the port" },
        { ECONNRESET, XR_FAULT_TCP_RESET, "the connection was reset as soon as it was open" },
        { ETIMEDOUT, XR_FAULT_TCP_TIMEOUT, "no answer: something drops the packets" },
        { EHOSTUNREACH, XR_FAULT_TCP_UNREACHABLE,
            "host unreachable: a router, a firewall or the neighbourhood said so" },
        { EHOSTDOWN, XR_FAULT_TCP_UNREACHABLE, "host unreachable: a router does not know it" },
        { ENETUNREACH, XR_FAULT_TCP_UNREACHABLE, "network unreachable: a router said so" },
        { EACCES, XR_FAULT_TCP_REJECTED, "rejected: a firewall on the way forbids the connection" },
        { EPERM, XR_FAULT_TCP_LOCAL_RULE,
            "the firewall of this machine forbids the connection: it does not let it out" },
    };

    return err_of(arena, rows, sizeof(rows) / sizeof(*rows), code, code == ENETUNREACH ? 0 : code);
}

static void start(struct xr_arena *arena, struct xr_tcp_try *try)
{
    struct sockaddr_storage address;
    socklen_t length = socket_address(try->address, try->port, &address);

    try->fd = -1;
    try->err = NULL;
    if (!length) {
        try->err = local_err(arena, try->address, EAFNOSUPPORT);
        return;
    }
    try->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (try->fd >= 0)
        xr_icmp_listen(try->fd, address.ss_family, true);
    if (try->fd >= 0 &&
        (!connect(try->fd, (const struct sockaddr *)&address, length) || errno == EINPROGRESS))
        return;
    try->err = local_err(arena, try->address, errno);
    if (try->fd >= 0)
        (void)close(try->fd);
    try->fd = -1;
}

/* Connected: from here on a passing ICMP message shall not end it. */
static void settle(struct xr_arena *arena, struct xr_tcp_try *try, int code)
{
    if (!code) {
        xr_icmp_listen(try->fd, strchr(try->address, ':') ? AF_INET6 : AF_INET, false);
        return;
    }
    try->err = code == ETIMEDOUT ? NULL : xr_icmp_err(arena, try->fd);
    if (!try->err)
        try->err = remote_err(arena, code);
    (void)close(try->fd);
    try->fd = -1;
}

static int connect_result(int fd)
{
    int code = 0;
    socklen_t length = sizeof(code);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) ? errno : code;
}

static void give_up(struct xr_arena *arena, struct xr_tcp_try *try, enum xr_time_state state)
{
    settle(arena, try, ETIMEDOUT);
    if (state == XR_TIME_CANCELLED)
        try->err = xr_err(arena, XR_FAULT_LOCAL_CANCELLED, 0, "cancelled");
    if (state == XR_TIME_RUN_PASSED)
        try->err = xr_err(arena, XR_FAULT_LOCAL_TIMEOUT, 0, "the time limit of the run passed");
}

void xr_tcp_connect(
    struct xr_arena *arena, struct xr_tcp_try *tries, size_t n, struct xr_deadline deadline)
{
    struct pollfd *polls = xr_new_n(arena, struct pollfd, n);
    int64_t started = xr_now_us();
    size_t open = 0;

    for (size_t i = 0; i < n; i++) {
        start(arena, &tries[i]);
        tries[i].elapsed_us = xr_now_us() - started;
        polls[i] = (struct pollfd){ tries[i].fd, POLLOUT, 0 };
        open += tries[i].fd >= 0;
    }
    while (open && xr_time_state(deadline) == XR_TIME_LEFT) {
        if (poll(polls, n, xr_tick_ms(deadline)) <= 0)
            continue;
        for (size_t i = 0; i < n; i++) {
            if (polls[i].fd < 0 || !polls[i].revents)
                continue;
            settle(arena, &tries[i], connect_result(polls[i].fd));
            tries[i].elapsed_us = xr_now_us() - started;
            polls[i].fd = -1;
            open--;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (polls[i].fd >= 0) {
            give_up(arena, &tries[i], xr_time_state(deadline));
            tries[i].elapsed_us = xr_now_us() - started;
        }
}

/* Whether all addresses of one family work and all of the other fail. */
static bool is_one_family(const struct xr_tcp_try *tries, size_t n, bool six_fails)
{
    bool fails = false, works = false;

    for (size_t i = 0; i < n; i++) {
        bool is_six = strchr(tries[i].address, ':') != NULL;
        if ((tries[i].err != NULL) != (is_six == six_fails))
            return false;
        fails |= tries[i].err != NULL;
        works |= tries[i].err == NULL;
    }
    return fails && works;
}

const char *xr_tcp_failures(struct xr_arena *arena, const struct xr_tcp_try *tries, size_t n)
{
    xr_auto_buf list;
    size_t failed = 0;

    xr_buf_init(&list, 4096);
    if (is_one_family(tries, n, true))
        (void)xr_buf_puts(&list, "IPv4 works and IPv6 does not: ");
    if (is_one_family(tries, n, false))
        (void)xr_buf_puts(&list, "IPv6 works and IPv4 does not: ");
    for (size_t i = 0; i < n; i++) {
        if (!tries[i].err)
            continue;
        if (failed++ < FAILURES_NAMED)
            (void)xr_buf_printf(
                &list, "%s%s (%s)", failed > 1 ? ", " : "", tries[i].address, tries[i].err->text);
    }
    if (failed > FAILURES_NAMED)
        (void)xr_buf_printf(&list, " and %zu more", failed - FAILURES_NAMED);
    return failed ? xr_strndup(arena, list.at, list.length) : NULL;
}

void xr_tcp_close(struct xr_tcp_try *tries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (tries[i].fd >= 0)
            (void)close(tries[i].fd);
        tries[i].fd = -1;
    }
}

const struct xr_err *xr_tcp_wait(struct xr_arena *arena, int fd, short events,
    struct xr_deadline deadline, enum xr_fault timeout_fault, const char *doing)
{
    for (;;) {
        struct pollfd one = { fd, events, 0 };
        enum xr_time_state state = xr_time_state(deadline);
        if (state == XR_TIME_CANCELLED)
            return xr_err(arena, XR_FAULT_LOCAL_CANCELLED, 0, "cancelled while %s", doing);
        if (state == XR_TIME_RUN_PASSED)
            return xr_err(arena, XR_FAULT_LOCAL_TIMEOUT, 0,
                "the time limit of the run passed while %s", doing);
        if (state == XR_TIME_STEP_PASSED)
            return xr_err(arena, timeout_fault, ETIMEDOUT, "no answer in time while %s", doing);
        if (poll(&one, 1, xr_tick_ms(deadline)) > 0)
            return NULL;
    }
}

static const struct xr_err *read_tunnel_reply(
    struct xr_arena *arena, int fd, struct xr_deadline deadline, char *reply)
{
    size_t have = 0;

    /* Byte by byte: what follows the head belongs to TLS. */
    while (have < TUNNEL_REPLY_MAX && !(have >= 4 && !memcmp(reply + have - 4, "\r\n\r\n", 4))) {
        const struct xr_err *err = xr_tcp_wait(
            arena, fd, POLLIN, deadline, XR_FAULT_PROXY, "waiting for the proxy's answer");
        if (err)
            return err;
        ssize_t got = recv(fd, reply + have, 1, 0);
        if (got < 0 && errno == EAGAIN)
            continue;
        if (got <= 0)
            return xr_err(arena, XR_FAULT_PROXY, 0, "the proxy closed the connection");
        have++;
    }
    reply[have] = '\0';
    return NULL;
}

const struct xr_err *xr_tcp_tunnel(
    struct xr_arena *arena, int fd, const char *host, uint16_t port, struct xr_deadline deadline)
{
    const char *name = xr_bracketed(arena, host);
    const char *request =
        xr_printf(arena, "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n\r\n", name, port, name, port);
    char *reply = xr_alloc(arena, TUNNEL_REPLY_MAX + 1);

    if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
        return xr_err(arena, XR_FAULT_PROXY, errno, "the proxy does not take the request");
    const struct xr_err *err = read_tunnel_reply(arena, fd, deadline, reply);
    if (err)
        return err;
    const char *line = xr_utf8(arena, reply, strcspn(reply, "\r\n"));
    if (!xr_starts(line, "HTTP/1.") || strlen(line) < 12)
        return xr_err(arena, XR_FAULT_PROXY, 0, "the proxy does not speak HTTP");
    if (line[9] != '2')
        return xr_err(arena, XR_FAULT_PROXY, (int)strtol(line + 9, NULL, 10),
            "the proxy refuses the tunnel: %s", line + 9);
    return NULL;
}
