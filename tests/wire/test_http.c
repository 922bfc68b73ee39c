/* Peers that libcurl alone would not survive, or not in time. */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "analyzer/base/buf.h"
#include "analyzer/wire/http.h"
#include "analyzer/wire/start.h"
#include "tests/unit.h"
#include "tests/wire/forge.h"

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

static int listen_anywhere(uint16_t *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(fd, 4), 0);
    (void)getsockname(fd, (struct sockaddr *)&address, &length);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void start(struct peer *peer)
{
    peer->listener = listen_anywhere(&peer->port);
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

/* Serves TLS and follows a script: one answer for each request, "" to hang up on it instead. */
struct script {
    const char *const *answers; /* NULL at the end, where nothing is served any more */
    SSL_CTX *ctx;
    int listener;
    uint16_t port;
    atomic_int proofs; /* requests with an Authorization */
    pthread_t thread;
};

/* false: the connection is over. */
static bool serve_one(struct script *script, SSL *ssl)
{
    char request[4096];
    int n = SSL_read(ssl, request, sizeof(request));

    if (n <= 0 || !*script->answers)
        return false;
    atomic_fetch_add(&script->proofs, memmem(request, (size_t)n, "\r\nAuthorization:", 16) != NULL);
    const char *answer = *script->answers++;
    return *answer && SSL_write(ssl, answer, (int)strlen(answer)) > 0;
}

static void *follow(void *arg)
{
    struct script *script = arg;

    for (int fd; (fd = accept(script->listener, NULL, NULL)) >= 0;) {
        SSL *ssl = SSL_new(script->ctx);
        (void)SSL_set_fd(ssl, fd);
        bool goes_on = SSL_accept(ssl) == 1;
        while (goes_on)
            goes_on = serve_one(script, ssl);
        SSL_free(ssl);
        (void)close(fd);
    }
    return NULL;
}

static void start_script(struct script *script, const char *const *answers)
{
    static const struct forge_spec spec = { .cn = "mail.test", .san = "DNS:mail.test" };
    struct forged leaf = forge(&spec, NULL);

    xr_wire_start();
    (void)signal(SIGPIPE, SIG_IGN); /* as the program does */
    *script = (struct script){ .answers = answers, .ctx = SSL_CTX_new(TLS_server_method()) };
    (void)SSL_CTX_use_certificate(script->ctx, leaf.certificate);
    (void)SSL_CTX_use_PrivateKey(script->ctx, leaf.key);
    script->listener = listen_anywhere(&script->port);
    ck_assert_int_eq(pthread_create(&script->thread, NULL, follow, script), 0);
}

static void stop_script(struct script *script)
{
    (void)shutdown(script->listener, SHUT_RDWR);
    (void)pthread_join(script->thread, NULL);
    (void)close(script->listener);
    SSL_CTX_free(script->ctx);
    forge_free();
}

/* One user of the scripted server, over one handle. */
struct user {
    struct xr_arena *arena;
    struct xr_trust trust;
    struct xr_net net;
    struct xr_http *http;
    struct xr_secret password;
    struct xr_http_trace trace;
    struct xr_http_response response;
};

static void user_start(struct user *user)
{
    *user = (struct user){ .arena = xr_arena_new(),
        .trust = { X509_STORE_new(), true, NULL },
        .password = xr_secret_new("hunter22", 8) };
    user->net = (struct xr_net){
        .user_agent = "test", .trust = &user->trust, .at_ms = NOW_MS, .no_revocation = true
    };
    user->http = xr_http_new(&user->net);
}

static void user_end(struct user *user)
{
    xr_http_free(user->http);
    xr_secret_done(&user->password);
    X509_STORE_free(user->trust.store);
    xr_arena_free(user->arena);
}

/* With Basic and whatever certificate, except for what "differs" says. */
static const struct xr_err *request_as(
    struct user *user, const struct script *script, const struct xr_http_request *differs)
{
    int64_t now = xr_now_us();
    struct xr_deadline deadline = { now + 5000000, now + 10000000, NULL };
    struct xr_http_request request = *differs;
    struct xr_url url;

    ck_assert_ptr_null(xr_url_parse(
        user->arena, xr_printf(user->arena, "https://mail.test:%u/", script->port), &url));
    request.method = "GET";
    request.url = &url;
    request.address = "127.0.0.1";
    request.account = "svc";
    return xr_http_perform(
        user->http, user->arena, &request, deadline, &user->trace, &user->response);
}

static const struct xr_err *log_in(struct user *user, const struct script *script)
{
    struct xr_http_request basic = {
        .auth = XR_HTTP_BASIC, .secret = user->password, .ignore_trust = true
    };

    return request_as(user, script, &basic);
}

#define ANSWER(status, length, body) \
    "HTTP/1.1 " status "\r\nContent-Length: " length "\r\n\r\n" body

/* The server answers the first proof, and hangs up on the second, should there be one. How many are
 * there in the end? */
static int proofs_after(const char *first)
{
    const char *const answers[] = { first, "", ANSWER("200 OK", "0", ""), NULL };
    struct script script;
    struct user user;

    start_script(&script, answers);
    user_start(&user);
    const struct xr_err *err = log_in(&user, &script);
    ck_assert_msg(!err, "%s", err ? err->text : "");
    err = log_in(&user, &script);
    int proofs = atomic_load(&script.proofs);
    ck_assert_msg((err != NULL) == (proofs == 1), "%d", proofs);
    ck_assert(user.trace.proved == !err);
    user_end(&user);
    stop_script(&script);
    return proofs;
}

/* Who was let in once may be asked again after a hang-up: then no wrong password counts twice. */
START_TEST(only_an_answer_to_a_user_who_was_let_in_allows_a_second_proof)
{
    ck_assert_int_eq(proofs_after(ANSWER("200 OK", "2", "ok")), 3);
    ck_assert_int_eq(proofs_after(ANSWER("500 Error", "14", "\n<s:Envelope/>")), 3);
    ck_assert_int_eq(proofs_after(ANSWER("500 Error", "14", "\xef\xbb\xbf<Envelope/>")), 3);
    ck_assert_int_eq(proofs_after(ANSWER("500 Error", "0", "")), 1);
    ck_assert_int_eq(proofs_after(ANSWER("500 Error", "17", "<p>no Envelope</p")), 1);
    ck_assert_int_eq(proofs_after(ANSWER("500 Error", "15", "no <Envelope/> ")), 1);
    ck_assert_int_eq(proofs_after(ANSWER("503 Busy", "13", "<s:Envelope/>")), 1);
}
END_TEST

START_TEST(a_password_that_is_known_to_be_right_is_proved_again)
{
    static const char *const answers[] = { ANSWER("503 Busy", "0", ""), ANSWER("200 OK", "0", ""),
        NULL };
    struct script script;
    struct user user;

    start_script(&script, answers);
    user_start(&user);
    struct xr_http_request basic = {
        .auth = XR_HTTP_BASIC, .secret = user.password, .ignore_trust = true
    };
    ck_assert_ptr_null(request_as(&user, &script, &basic));
    const struct xr_err *err = request_as(&user, &script, &basic);
    ck_assert(err && err->fault == XR_FAULT_HTTP_BROKEN);
    ck_assert_msg(strstr(err->text, "without a clear answer") != NULL, "%s", err->text);
    basic.known_right = true;
    ck_assert_ptr_null(request_as(&user, &script, &basic));
    ck_assert_int_eq(atomic_load(&script.proofs), 2);
    user_end(&user);
    stop_script(&script);
}
END_TEST

START_TEST(a_request_that_changes_something_goes_out_once)
{
    static const char *const answers[] = { ANSWER("200 OK", "0", ""), "", ANSWER("200 OK", "0", ""),
        NULL };
    struct script script;
    struct user user;

    start_script(&script, answers);
    user_start(&user);
    struct xr_http_request basic = {
        .auth = XR_HTTP_BASIC, .secret = user.password, .ignore_trust = true
    };
    ck_assert_ptr_null(request_as(&user, &script, &basic));
    basic.changes = true;
    const struct xr_err *err = request_as(&user, &script, &basic);
    ck_assert(err && err->fault == XR_FAULT_HTTP_BROKEN);
    ck_assert_int_eq(atomic_load(&script.proofs), 2);
    user_end(&user);
    stop_script(&script);
}
END_TEST

static bool stay(void *arg)
{
    (void)arg;
    return false;
}

START_TEST(a_trace_tells_whether_the_credential_went_out)
{
    static const char *const answers[] = { ANSWER("401 No", "0", ""), ANSWER("401 No", "0", ""), "",
        NULL };
    static const struct xr_http_gate closed = { .open = stay };
    struct script script;
    struct user user;

    start_script(&script, answers);
    user_start(&user);
    struct xr_http_request anonymous = { .ignore_trust = true };
    ck_assert_ptr_null(request_as(&user, &script, &anonymous));
    ck_assert(user.trace.sent && !user.trace.proved);
    struct xr_http_request untrusting = { .auth = XR_HTTP_BASIC, .secret = user.password };
    const struct xr_err *err = request_as(&user, &script, &untrusting);
    ck_assert(err && err->fault == XR_FAULT_TLS_UNTRUSTED && !user.trace.proved);
    struct xr_http_request waiting = {
        .auth = XR_HTTP_BASIC, .secret = user.password, .ignore_trust = true, .gate = &closed
    };
    ck_assert(request_as(&user, &script, &waiting) && !user.trace.proved);
    ck_assert_ptr_null(log_in(&user, &script));
    ck_assert(user.response.status == 401 && user.trace.proved);
    ck_assert(log_in(&user, &script) && user.trace.proved); /* the server hung up on it */
    ck_assert_int_eq(atomic_load(&script.proofs), 2);
    user_end(&user);
    stop_script(&script);
}
END_TEST

START_TEST(an_answer_brings_neither_of_two_secrets)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nX-Echo: eyJ0b2tlbg\r\nContent-Length: 23\r\n\r\n"
        "<hunter22> <eyJ0b2tlbg>",
        NULL
    };
    struct xr_secret token = xr_secret_new("eyJ0b2tlbg", 10);
    struct script script;
    struct user user;

    start_script(&script, answers);
    user_start(&user);
    struct xr_http_request request = {
        .auth = XR_HTTP_ANONYMOUS, .secret = user.password, .also_hide = token, .ignore_trust = true
    };
    ck_assert_ptr_null(request_as(&user, &script, &request));
    ck_assert_str_eq(user.response.body, "<********> <**********>");
    ck_assert_str_eq(user.response.raw, "<hunter22> <eyJ0b2tlbg>"); /* for the server alone */
    ck_assert_str_eq(xr_http_clean(user.http, user.arena, "x hunter22"), "x ********");
    ck_assert_str_eq(user.trace.exchange->response_body, "<********> <**********>");
    ck_assert_str_eq(xr_http_header(user.response.headers, "X-Echo"), "**********");
    ck_assert_int_eq(atomic_load(&script.proofs), 0);
    user_end(&user);
    stop_script(&script);
    xr_secret_done(&token);
}
END_TEST

XR_UNIT_MAIN("http", a_flood_of_headers_is_cut_off, an_endless_proxy_ends_with_the_step,
    a_server_that_begins_its_handshake_without_end_is_cut_off,
    only_an_answer_to_a_user_who_was_let_in_allows_a_second_proof,
    a_password_that_is_known_to_be_right_is_proved_again,
    a_request_that_changes_something_goes_out_once, a_trace_tells_whether_the_credential_went_out,
    an_answer_brings_neither_of_two_secrets)
