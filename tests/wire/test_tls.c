#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit.h"
#include "tests/wire/forge.h"

enum { STEP_MS = 600, ANSWER_MAX = 16 * 1024 };

/* What the other end of a pair of sockets does in a thread of its own. */
struct server {
    SSL_CTX *ctx; /* NULL: no TLS at all, only "raw" */
    const char *raw;
    bool asks_anew;             /* HelloRequests without end */
    int renegotiates;           /* so often, a byte being read after each time */
    size_t passes;              /* bytes of the answer that come through; 0: all */
    bool then_resets;           /* behind them; else silence until the client goes */
    bool closes;                /* at once, without an answer */
    struct forged plain, named; /* leaf by default; with a server name indicated */
    size_t started;
    pthread_t threads[2];
};

static void reset(int fd)
{
    struct linger none = { 1, 0 };

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    (void)close(fd);
}

static void wait_for_end(int fd)
{
    char bytes[1024];

    while (read(fd, bytes, sizeof(bytes)) > 0)
        ;
}

static int on_name(SSL *ssl, int *alert, void *arg)
{
    struct server *server = arg;

    (void)alert;
    if (!server->named.certificate || !SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
        return SSL_TLSEXT_ERR_OK;
    (void)SSL_use_certificate(ssl, server->named.certificate);
    (void)SSL_use_PrivateKey(ssl, server->named.key);
    return SSL_TLSEXT_ERR_OK;
}

/* The answer to the greeting, cut off after so many bytes. */
static void answer_in_part(struct server *server, SSL *ssl, int fd)
{
    char greeting[ANSWER_MAX], answer[ANSWER_MAX];
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    ssize_t got = read(fd, greeting, sizeof(greeting));

    SSL_set_bio(ssl, in, out);
    (void)BIO_write(in, greeting, (int)got);
    (void)SSL_accept(ssl);
    int n = BIO_read(out, answer, sizeof(answer));
    size_t part = (size_t)n < server->passes ? (size_t)n : server->passes;
    (void)!write(fd, answer, part);
    if (server->then_resets)
        reset(fd);
    else
        wait_for_end(fd);
}

static void renegotiate(struct server *server, SSL *ssl, int fd)
{
    char byte;

    (void)SSL_set_fd(ssl, fd);
    int went = SSL_accept(ssl);
    for (int i = 0; went == 1 && i < server->renegotiates; i++) {
        (void)SSL_renegotiate(ssl);
        if (SSL_do_handshake(ssl) != 1 || SSL_read(ssl, &byte, 1) != 1)
            return;
        went = SSL_write(ssl, "y", 1);
    }
}

static void ask_anew(int fd)
{
    static const char hello_request[] = "\x16\3\3\0\4\0\0\0\0";
    char greeting[ANSWER_MAX];

    if (read(fd, greeting, sizeof(greeting)) > 0)
        while (write(fd, hello_request, sizeof(hello_request) - 1) > 0)
            ;
}

static void serve_tls(struct server *server, int fd)
{
    SSL *ssl = SSL_new(server->ctx);
    char byte;

    if (server->passes) {
        answer_in_part(server, ssl, fd);
    } else if (server->renegotiates) {
        renegotiate(server, ssl, fd);
    } else {
        (void)SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1)
            (void)SSL_read(ssl, &byte, 1);
    }
    SSL_free(ssl);
}

struct call {
    struct server *server;
    int fd;
};

static void *serve(void *arg)
{
    struct call *call = arg;
    struct server *server = call->server;
    int fd = call->fd;

    free(call);
    if (server->ctx)
        serve_tls(server, fd);
    else if (server->asks_anew)
        ask_anew(fd);
    else if (server->raw)
        (void)!write(fd, server->raw, strlen(server->raw));
    char byte;
    if (server->closes) /* having read all, else the end is a reset */
        while (recv(fd, &byte, 1, 0) == 1 && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1)
            ;
    else if (!server->ctx)
        wait_for_end(fd);
    if (!server->then_resets)
        (void)close(fd);
    return NULL;
}

/* Over TCP: only there a connection can be reset. */
static void pair_up(int *pair)
{
    struct sockaddr_storage address = { .ss_family = AF_INET };
    socklen_t length = sizeof(struct sockaddr_storage);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr *at = (struct sockaddr *)&address;

    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, at, &length), 0);
    pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(pair[0], at, length), 0);
    pair[1] = accept(listener, NULL, NULL);
    ck_assert_int_ge(pair[1], 0);
    (void)close(listener);
    (void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
}

/* A new connection to the server; the tested code's end of it. */
static int call_server(void *arg)
{
    struct server *server = arg;
    struct call *call = malloc(sizeof(*call));
    int pair[2];

    (void)signal(SIGPIPE, SIG_IGN); /* as the program does */
    pair_up(pair);
    *call = (struct call){ server, pair[1] };
    ck_assert_int_eq(pthread_create(&server->threads[server->started++], NULL, serve, call), 0);
    return pair[0];
}

static void end_server(struct server *server)
{
    for (size_t i = 0; i < server->started; i++)
        (void)pthread_join(server->threads[i], NULL);
    SSL_CTX_free(server->ctx);
    forge_free();
}

static SSL_CTX *server_ctx(struct server *server, const char *key, const char *ciphers)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    SSL_CTX_set_security_level(ctx, 0);
    server->plain =
        forge(&(struct forge_spec){ .cn = "mail.test", .san = "DNS:mail.test", .key = key }, NULL);
    (void)SSL_CTX_use_certificate(ctx, server->plain.certificate);
    (void)SSL_CTX_use_PrivateKey(ctx, server->plain.key);
    (void)SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
    (void)SSL_CTX_set_tlsext_servername_arg(ctx, server);
    if (ciphers) {
        (void)SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
        ck_assert_int_eq(SSL_CTX_set_cipher_list(ctx, ciphers), 1);
    }
    return ctx;
}

static struct xr_deadline deadline(void)
{
    int64_t now = xr_now_us();

    return (struct xr_deadline){ now + STEP_MS * 1000, now + 10 * STEP_MS * 1000, NULL };
}

static const struct xr_err *shake(
    struct xr_arena *arena, struct server *server, bool again, struct xr_tls_session *ret)
{
    struct xr_trust trust = { X509_STORE_new(), true, NULL };
    struct xr_net net = { .trust = &trust, .at_ms = NOW_MS };
    struct xr_tls_again second = { call_server, server };
    int fd = call_server(server);

    (void)X509_STORE_add_cert(trust.store, server->plain.certificate);
    const struct xr_err *err =
        xr_tls_handshake(arena, &net, "mail.test", fd, again ? &second : NULL, deadline(), ret);
    (void)close(fd);
    X509_STORE_free(trust.store);
    return err;
}

static void expect_failure(struct server *server, bool again, enum xr_fault fault, const char *part)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_tls_session session = { 0 };
    const struct xr_err *err = shake(arena, server, again, &session);

    ck_assert_msg(err != NULL, "%s", part);
    ck_assert_msg(err->fault == fault && strstr(err->text, part), "%s", err->text);
    end_server(server);
    xr_arena_free(arena);
}

START_TEST(a_good_handshake_tells_what_was_agreed_on)
{
    struct xr_arena *arena = xr_arena_new();
    struct server server = { 0 };
    struct xr_tls_session session = { 0 };

    server.ctx = server_ctx(&server, NULL, NULL);
    const struct xr_err *err = shake(arena, &server, false, &session);
    ck_assert_msg(!err, "%s", err ? err->text : "");
    ck_assert_str_eq(session.version, "TLSv1.3");
    ck_assert(session.forward_secret && session.authenticated_cipher);
    ck_assert_msg(session.trusted && xr_tls_may_carry(&session, false), "%s", session.flaws->text);
    ck_assert_int_eq(session.sent_n, 1);
    end_server(&server);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_cipher_without_forward_secrecy_is_noticed)
{
    struct xr_arena *arena = xr_arena_new();
    struct server server = { 0 };
    struct xr_tls_session session = { 0 };

    server.ctx = server_ctx(&server, "RSA:2048", "AES128-SHA");
    ck_assert_ptr_null(shake(arena, &server, false, &session));
    ck_assert_str_eq(session.cipher, "AES128-SHA");
    ck_assert(!session.forward_secret && !session.authenticated_cipher);
    end_server(&server);
    xr_arena_free(arena);
}
END_TEST

START_TEST(without_a_name_the_default_certificate_is_shown)
{
    struct xr_arena *arena = xr_arena_new();
    struct server server = { 0 };
    const struct xr_certificate *shown = NULL;
    struct xr_tls_session session = { 0 };

    server.ctx = server_ctx(&server, NULL, NULL);
    server.named = forge(&(struct forge_spec){ .cn = "named.test", .san = "DNS:mail.test" }, NULL);
    int fd = call_server(&server);
    ck_assert_ptr_null(xr_tls_default_certificate(arena, fd, deadline(), &shown));
    (void)close(fd);
    ck_assert_str_eq(shown->common_name, "mail.test");
    ck_assert_ptr_null(shake(arena, &server, false, &session));
    ck_assert_str_eq(session.certificates->common_name, "named.test");
    end_server(&server);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_server_that_never_answers_is_told_from_one_that_stops_half_way)
{
    struct server mute = { 0 };
    expect_failure(&mute, false, XR_FAULT_TLS_HANDSHAKE,
        "silent in the middle of the handshake, after our greeting");
    struct server half = { .passes = 200 }; /* a whole ServerHello, and a part of what follows */
    half.ctx = server_ctx(&half, NULL, NULL);
    expect_failure(&half, false, XR_FAULT_TLS_HANDSHAKE,
        "silent in the middle of the handshake, after its ServerHello");
}
END_TEST

START_TEST(a_reset_is_told_from_a_close)
{
    struct server gone = { .closes = true };
    expect_failure(&gone, false, XR_FAULT_TLS_HANDSHAKE,
        "closed the connection in the middle of the handshake");
    struct server reset = { .passes = 200, .then_resets = true };
    reset.ctx = server_ctx(&reset, NULL, NULL);
    expect_failure(&reset, false, XR_FAULT_TLS_HANDSHAKE, "reset the connection");
}
END_TEST

START_TEST(what_is_no_tls_is_quoted)
{
    struct server smtp = { .raw = "220 mail.test ESMTP\x1b[31m ready\r\n" };

    expect_failure(&smtp, false, XR_FAULT_TLS_NOT_TLS, "220 mail.test ESMTP\\x1b[31m ready");
}
END_TEST

/* Oakley group 2 (RFC 2409 6.2), of 1024 bits. */
static void set_small_dh(SSL_CTX *ctx)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *prime = BN_get_rfc2409_prime_1024(NULL), *generator = BN_new();
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    EVP_PKEY *parameters = NULL;

    (void)BN_set_word(generator, 2);
    (void)OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_P, prime);
    (void)OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_G, generator);
    OSSL_PARAM *all = OSSL_PARAM_BLD_to_param(builder);
    ck_assert_int_eq(EVP_PKEY_fromdata_init(make), 1);
    ck_assert_int_eq(EVP_PKEY_fromdata(make, &parameters, EVP_PKEY_KEY_PARAMETERS, all), 1);
    ck_assert_int_eq(SSL_CTX_set0_tmp_dh_pkey(ctx, parameters), 1);
    OSSL_PARAM_free(all);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(make);
    BN_free(prime);
    BN_free(generator);
}

START_TEST(what_no_client_accepts_any_more_is_told_in_words)
{
    struct server dh = { 0 };
    dh.ctx = server_ctx(&dh, "RSA:2048", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0");
    set_small_dh(dh.ctx);
    expect_failure(&dh, true, XR_FAULT_TLS_HANDSHAKE, "Diffie-Hellman group has 1024 bits");

    struct server curve = { 0 };
    curve.ctx = server_ctx(&curve, "P-192", "ALL:@SECLEVEL=0");
    expect_failure(&curve, true, XR_FAULT_TLS_HANDSHAKE, "EC 192 bit");

    struct server clear = { 0 };
    clear.ctx = server_ctx(&clear, "RSA:2048", "eNULL:@SECLEVEL=0");
    expect_failure(&clear, true, XR_FAULT_TLS_HANDSHAKE, "does not encrypt");

    struct server old = { 0 };
    old.ctx = server_ctx(&old, "RSA:2048", "ALL:@SECLEVEL=0");
    (void)SSL_CTX_set_min_proto_version(old.ctx, TLS1_VERSION);
    (void)SSL_CTX_set_max_proto_version(old.ctx, TLS1_1_VERSION);
    expect_failure(&old, true, XR_FAULT_TLS_TOO_OLD, "nothing newer than TLS 1.1");
}
END_TEST

/* OpenSSL skips them inside of one call, which no deadline would end. */
START_TEST(a_server_that_begins_its_handshake_without_end_is_cut_off)
{
    struct server server = { .asks_anew = true };
    int64_t started = xr_now_us();

    expect_failure(&server, true, XR_FAULT_TLS_HANDSHAKE, "HelloRequest");
    ck_assert_int_lt((int)((xr_now_us() - started) / 1000), 4 * STEP_MS);
}
END_TEST

static bool read_on(SSL *ssl, bool *ret_came)
{
    char byte;
    int result = SSL_read(ssl, &byte, 1);

    *ret_came = result == 1;
    return *ret_came || SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ;
}

START_TEST(no_second_handshake_follows_on_what_was_judged)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_trust trust = { X509_STORE_new(), true, NULL };
    struct xr_net net = { .trust = &trust, .at_ms = NOW_MS };
    struct xr_tls_watch watch = { .arena = arena, .net = &net, .host = "mail.test" };
    struct server server = { .renegotiates = 1 };
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    bool came = false;

    server.ctx = server_ctx(&server, NULL, "ECDHE+AESGCM");
    (void)SSL_CTX_set_options(server.ctx, SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    xr_tls_watch_attach(ctx, &watch);
    SSL *ssl = SSL_new(ctx);
    int fd = call_server(&server);
    (void)fcntl(fd, F_SETFL, 0);
    (void)SSL_set_fd(ssl, fd);
    ck_assert_int_eq(SSL_connect(ssl), 1);
    ck_assert(xr_tls_watch_is_of(&watch, ssl));
    const struct xr_tls_session *judged = watch.session;
    while (!came && read_on(ssl, &came))
        ;
    ck_assert(!came);
    ck_assert_ptr_eq(watch.session, judged);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    (void)close(fd);
    end_server(&server);
    X509_STORE_free(trust.store);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("tls", a_good_handshake_tells_what_was_agreed_on,
    a_cipher_without_forward_secrecy_is_noticed, without_a_name_the_default_certificate_is_shown,
    a_server_that_never_answers_is_told_from_one_that_stops_half_way, a_reset_is_told_from_a_close,
    what_is_no_tls_is_quoted, a_server_that_begins_its_handshake_without_end_is_cut_off,
    no_second_handshake_follows_on_what_was_judged,
    what_no_client_accepts_any_more_is_told_in_words)
