/* Peers that libcurl alone would not survive, or not in time. */
#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "analyzer/base/buf.h"
#include "analyzer/wire/http.h"
#include "analyzer/wire/start.h"
#include "tests/unit.h"

enum { STEP_MS = 500, SLACK_MS = 500 };

/* Answers the first request with "head", then with "endless" for as long as somebody reads. */
struct peer {
    const char *head, *endless;
    size_t endless_n; /* its length when it is no text; 0: it is */
    int listener;
    uint16_t port;
    pthread_t thread;
};

static bool send_all(int fd, const char *bytes, size_t n)
{
    return send(fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static void *serve(void *arg)
{
    struct peer *peer = arg;
    char request[4096];
    int fd = accept(peer->listener, NULL, NULL);

    size_t n = peer->endless && !peer->endless_n ? strlen(peer->endless) : peer->endless_n;

    if (recv(fd, request, sizeof(request), 0) > 0 && send_all(fd, peer->head, strlen(peer->head)))
        while (peer->endless && send_all(fd, peer->endless, n))
            ;
    (void)close(fd);
    return NULL;
}

static void start(struct peer *peer)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(address);

    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(peer->listener, (const struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(peer->listener, 4), 0);
    (void)getsockname(peer->listener, (struct sockaddr *)&address, &length);
    peer->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

static void stop(struct peer *peer)
{
    (void)pthread_join(peer->thread, NULL);
    (void)close(peer->listener);
}

static const struct xr_err *ask(struct xr_arena *arena, const struct xr_net *net, const char *text)
{
    struct xr_deadline deadline =
        xr_deadline_within((struct xr_deadline){ 0, xr_now_us() + 60 * 1000000LL, NULL }, STEP_MS);
    struct xr_http *http = xr_http_new(net);
    struct xr_http_response response;
    struct xr_http_trace trace;
    struct xr_url url;

    ck_assert_ptr_null(xr_url_parse(arena, text, &url));
    struct xr_http_request request = { .method = "GET", .url = &url, .address = "127.0.0.1" };
    const struct xr_err *err = xr_http_perform(http, arena, &request, deadline, &trace, &response);
    ck_assert_int_lt((int)((xr_now_us() - deadline.step_us) / 1000), SLACK_MS);
    xr_http_free(http);
    return err;
}

START_TEST(a_flood_of_headers_is_cut_off)
{
    struct peer peer = { .head = "HTTP/1.1 401 Unauthorized\r\n", .endless = "a:\n" };
    struct xr_arena *arena = xr_arena_new();
    struct xr_net net = { .user_agent = "test" };

    xr_wire_start();
    start(&peer);
    const char *url = xr_printf(arena, "http://mail.contoso.test:%u/", peer.port);
    const struct xr_err *err = ask(arena, &net, url);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(err->fault, XR_FAULT_HTTP_TOO_LARGE);
    stop(&peer);
    xr_arena_free(arena);
}
END_TEST

/* libcurl reads the body of a refused CONNECT in a loop of its own. */
START_TEST(an_endless_proxy_ends_with_the_step)
{
    struct peer peer = { .head = "HTTP/1.1 407 No\r\nContent-Length: 999999999999\r\n\r\n",
        .endless = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" };
    struct xr_arena *arena = xr_arena_new();
    struct xr_net net = { .user_agent = "test" };

    xr_wire_start();
    start(&peer);
    /* Its name is not in any DNS: it must be the address that was given. */
    net.proxy = xr_printf(arena, "http://proxy.invalid:%u", peer.port);
    const struct xr_err *err = ask(arena, &net, "https://mail.contoso.test/");
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(err->fault, XR_FAULT_HTTP_TIMEOUT);
    stop(&peer);
    xr_arena_free(arena);
}
END_TEST

/* OpenSSL skips each HelloRequest (RFC 5246 7.4.1.1) inside of one call of libcurl's. */
START_TEST(a_server_that_begins_its_handshake_without_end_is_cut_off)
{
    static const char hello_requests[] = "\x16\3\3\0\4\0\0\0\0\x16\3\3\0\4\0\0\0\0";
    struct peer peer = {
        .head = "", .endless = hello_requests, .endless_n = sizeof(hello_requests) - 1
    };
    struct xr_arena *arena = xr_arena_new();
    struct xr_net net = { .user_agent = "test" };

    xr_wire_start();
    start(&peer);
    const char *url = xr_printf(arena, "https://mail.contoso.test:%u/", peer.port);
    const struct xr_err *err = ask(arena, &net, url);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(err->fault, XR_FAULT_TLS_HANDSHAKE);
    ck_assert_msg(strstr(err->text, "HelloRequest") != NULL, "%s", err->text);
    stop(&peer);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("http", a_flood_of_headers_is_cut_off, an_endless_proxy_ends_with_the_step,
    a_server_that_begins_its_handshake_without_end_is_cut_off)
