#include "analyzer/wire/tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/certificate.h"
#include "analyzer/wire/tcp.h"

/* In TLS 1.3 a refused client certificate shows only after the handshake: how long to listen for
 * it. */
enum { REFUSAL_MS = 250, BANNER_MAX = 80 };

/* Ten times OpenSSL's own limit: for certificates with thousands of names, and chains of a hundred.
 */
enum { CERTIFICATES_BYTES_MAX = 1024 * 1024, STRONG_DH_BITS = 2048 };

/* A server has no use for more: IIS asks once for a second handshake, to get a client certificate;
 * none is made. */
enum { HELLO_REQUESTS_MAX = 32 };

static void ssl_done(SSL **ssl)
{
    SSL_free(*ssl);
    ERR_clear_error();
}

static void ctx_done(SSL_CTX **ctx)
{
    SSL_CTX_free(*ctx);
}

#define xr_auto_ssl __attribute__((cleanup(ssl_done))) SSL
#define xr_auto_ctx __attribute__((cleanup(ctx_done))) SSL_CTX

/* What one handshake noticed, beside what OpenSSL keeps. */
struct notice {
    bool client_certificate_asked;
    int last_message;        /* of the peer's handshake messages (RFC 8446 4), 0: none yet */
    unsigned char header[5]; /* the first five bytes of the peer: no TLS record, when it speaks
                                something else */
    size_t header_length;
    int64_t heard_us; /* when the last bytes came; 0: none came */
    struct xr_tls_guard guard;
};

/* Verification happens after the handshake, in xr_judge(): it must not end it. */
static int accept_any(X509_STORE_CTX *context, void *arg)
{
    (void)arg;
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
}

static int on_client_certificate(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    struct notice *notice = SSL_get_app_data(ssl);

    (void)certificate;
    (void)key;
    if (notice)
        notice->client_certificate_asked = true;
    return 0;
}

/* From here on OpenSSL reads the end of the connection. That works for libcurl's transport too,
 * whose socket SSL_get_fd() does not know, and at once: a socket that is shut down still has all
 * that came before. */
static void cut_off(SSL *ssl)
{
    SSL_set0_rbio(ssl, BIO_new(BIO_s_null()));
}

/* Called for each record and message that came. */
static void watch_over(
    struct xr_tls_guard *guard, int type, const void *bytes, size_t length, SSL *ssl)
{
    if (guard->late || guard->flood)
        return;
    guard->hello_requests += type == SSL3_RT_HANDSHAKE && length &&
                             *(const unsigned char *)bytes == SSL3_MT_HELLO_REQUEST;
    if (guard->hello_requests > HELLO_REQUESTS_MAX)
        guard->flood = "the server never gets on with the handshake: it keeps asking to begin it "
                       "again (HelloRequest)";
    guard->late = guard->deadline.run_us && xr_time_state(guard->deadline) != XR_TIME_LEFT;
    if (guard->late || guard->flood)
        cut_off(ssl);
}

static void on_record(
    int sending, int version, int type, const void *bytes, size_t length, SSL *ssl, void *arg)
{
    struct notice *notice = arg;

    (void)version;
    if (!sending)
        watch_over(&notice->guard, type, bytes, length, ssl);
    if (!sending && type == SSL3_RT_HANDSHAKE && length)
        notice->last_message = *(const unsigned char *)bytes;
    if (sending || type != SSL3_RT_HEADER || notice->header_length ||
        length > sizeof(notice->header))
        return;
    memcpy(notice->header, bytes, length);
    notice->header_length = length;
}

/* A session is what was judged: no other handshake follows on the same connection. */
static void limit(SSL_CTX *ctx)
{
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    /* Else a server that sends session tickets without end keeps one call busy without end. */
    (void)SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_max_cert_list(ctx, CERTIFICATES_BYTES_MAX);
    (void)SSL_CTX_set_tlsext_status_type(ctx, TLSEXT_STATUSTYPE_ocsp);
}

static SSL_CTX *client_ctx(bool permissive)
{
    static const unsigned char http11[] = "\x08http/1.1";
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    (void)SSL_CTX_set_min_proto_version(ctx, permissive ? TLS1_VERSION : TLS1_2_VERSION);
    if (permissive) {
        SSL_CTX_set_security_level(ctx, 0);
        (void)SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT);
        (void)SSL_CTX_set_cipher_list(ctx, "ALL:eNULL:@SECLEVEL=0");
        (void)SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384:P-521:secp224r1:secp192r1");
    }
    limit(ctx);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
    SSL_CTX_set_client_cert_cb(ctx, on_client_certificate);
    (void)SSL_CTX_set_alpn_protos(ctx, http11, sizeof(http11) - 1);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return ctx;
}

static SSL *client_ssl(SSL_CTX *ctx, const char *host, int fd, struct notice *notice)
{
    SSL *ssl = SSL_new(ctx);
    char name[NAME_MAX + 1];

    (void)SSL_set_fd(ssl, fd);
    SSL_set_app_data(ssl, notice);
    SSL_set_msg_callback(ssl, on_record);
    SSL_set_msg_callback_arg(ssl, notice);
    (void)snprintf(name, sizeof(name), "%s", host); /* OpenSSL's macro wants it writable */
    if (*host && strspn(host, "0123456789.") != strlen(host) && !strchr(host, ':'))
        (void)SSL_set_tlsext_host_name(ssl, name);
    return ssl;
}

/* The words of a peer that does not speak TLS, for the report. */
static const char *banner(struct xr_arena *arena, int fd, const struct notice *notice)
{
    char bytes[BANNER_MAX];
    size_t length = notice->header_length;

    memcpy(bytes, notice->header, length);
    ssize_t more = recv(fd, bytes + length, sizeof(bytes) - length, MSG_DONTWAIT);
    length += more > 0 ? (size_t)more : 0;
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == '\r' || bytes[i] == '\n')
            length = i;
    return xr_visible(arena, xr_utf8(arena, bytes, length));
}

static bool is_not_tls(int reason)
{
    return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
           reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_UNEXPECTED_MESSAGE;
}

/* How far the handshake has come, as the server sees to it. */
static const char *stage(const struct notice *notice)
{
    static const char *const after[] = {
        [0] = "after our greeting (ClientHello)",
        [SSL3_MT_SERVER_HELLO] = "after its ServerHello",
        [SSL3_MT_ENCRYPTED_EXTENSIONS] = "after its ServerHello",
        [SSL3_MT_CERTIFICATE] = "after its certificates",
        [SSL3_MT_CERTIFICATE_STATUS] = "after its certificates",
        [SSL3_MT_SERVER_KEY_EXCHANGE] = "after its key exchange",
        [SSL3_MT_CERTIFICATE_REQUEST] = "after it asked for a client certificate",
        [SSL3_MT_CERTIFICATE_VERIFY] = "after its certificates",
        [SSL3_MT_SERVER_DONE] = "after our key exchange",
        [SSL3_MT_FINISHED] = "when all was agreed on",
    };
    size_t at = (size_t)notice->last_message;

    return at < sizeof(after) / sizeof(*after) && after[at] ? after[at] : "half-way through";
}

static const struct xr_err *broken_off(
    struct xr_arena *arena, const struct notice *notice, int code)
{
    return xr_err(arena, XR_FAULT_TLS_HANDSHAKE, code,
        "the server %s the connection in the middle of the handshake, %s",
        code == ECONNRESET || code == EPIPE ? "reset" : "closed", stage(notice));
}

static const struct xr_err *failure(struct xr_arena *arena, const SSL *ssl, int fd,
    const struct notice *notice, int result, int os_code)
{
    unsigned long code = ERR_peek_last_error();
    int reason = ERR_GET_REASON(code);

    if (notice->client_certificate_asked)
        return xr_err(arena, XR_FAULT_TLS_CLIENT_CERTIFICATE, reason,
            "the server demands a client certificate and ended the handshake without one");
    if (is_not_tls(reason))
        return xr_err(arena, XR_FAULT_TLS_NOT_TLS, reason,
            "the port does not speak TLS; it says \"%s\"", banner(arena, fd, notice));
    if (SSL_get_error(ssl, result) == SSL_ERROR_SYSCALL ||
        reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return broken_off(arena, notice, os_code);
    const char *words = ERR_reason_error_string(code);
    if (!words && ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET)
        words = xr_printf(arena, "the server ended it with alert %d, which no standard knows",
            reason - SSL_AD_REASON_OFFSET);
    return xr_err(arena, XR_FAULT_TLS_HANDSHAKE, reason, "the TLS handshake failed: %s",
        words ? words : "for no stated reason");
}

/* Silence that is short beside the time that went by: the server does speak, but slowly. */
static const struct xr_err *time_over(
    struct xr_arena *arena, const struct notice *notice, int64_t started_us)
{
    int64_t now = xr_now_us();
    bool slow = notice->heard_us && (now - notice->heard_us) * 4 < now - started_us;

    return xr_err(arena, XR_FAULT_TLS_HANDSHAKE, ETIMEDOUT,
        slow ? "the server is too slow: its bytes kept coming, but time ran out %s"
             : "the server fell silent in the middle of the handshake, %s",
        stage(notice));
}

static const struct xr_err *shake_hands(
    struct xr_arena *arena, SSL *ssl, int fd, struct notice *notice, struct xr_deadline deadline)
{
    int64_t started = xr_now_us();

    notice->guard.deadline = deadline;
    for (;;) {
        ERR_clear_error();
        errno = 0;
        int result = SSL_connect(ssl), os_code = errno;
        if (result == 1)
            return NULL;
        int want = SSL_get_error(ssl, result);
        if (notice->guard.flood)
            return xr_err(arena, XR_FAULT_TLS_HANDSHAKE, 0, "%s", notice->guard.flood);
        if (notice->guard.late)
            notice->heard_us = xr_now_us();
        else if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE)
            return failure(arena, ssl, fd, notice, result, os_code);
        short event = want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
        const struct xr_err *err =
            xr_tcp_wait(arena, fd, event, deadline, XR_FAULT_TLS_HANDSHAKE, "agreeing on TLS");
        if (err && err->fault == XR_FAULT_TLS_HANDSHAKE)
            return time_over(arena, notice, started);
        if (err)
            return err;
        if (event == POLLIN)
            notice->heard_us = xr_now_us();
    }
}

/* Has the server, having finished the handshake, refused us for want of a certificate? */
static bool refused_afterwards(
    struct xr_arena *arena, SSL *ssl, int fd, struct xr_deadline deadline)
{
    struct xr_deadline soon = xr_deadline_within(deadline, REFUSAL_MS);
    char byte;

    for (;;) {
        int result = SSL_peek(ssl, &byte, 1);
        if (result > 0 || SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ)
            return result <= 0;
        if (xr_tcp_wait(arena, fd, POLLIN, soon, XR_FAULT_TLS_HANDSHAKE, "listening"))
            return false;
    }
}

static const char *group_text(SSL *ssl)
{
    int id = (int)SSL_get_negotiated_group(ssl);

    return id > 0 ? SSL_group_to_name(ssl, id) : NULL;
}

static bool is_forward_secret(const SSL_CIPHER *cipher)
{
    int exchange = SSL_CIPHER_get_kx_nid(cipher);

    return exchange == NID_kx_any || exchange == NID_kx_ecdhe || exchange == NID_kx_dhe;
}

static void note_session(
    struct xr_arena *arena, SSL *ssl, bool asked, struct xr_tls_session *session)
{
    const unsigned char *alpn = NULL;
    unsigned alpn_length = 0;
    const char *group = group_text(ssl);

    session->version = xr_strdup(arena, SSL_get_version(ssl));
    session->cipher = xr_strdup(arena, SSL_get_cipher_name(ssl));
    session->group = group ? xr_strdup(arena, group) : NULL;
    SSL_get0_alpn_selected(ssl, &alpn, &alpn_length);
    session->forward_secret = is_forward_secret(SSL_get_current_cipher(ssl));
    session->authenticated_cipher = SSL_CIPHER_is_aead(SSL_get_current_cipher(ssl));
    session->alpn = alpn_length ? xr_utf8(arena, (const char *)alpn, alpn_length) : NULL;
    if (asked)
        session->client_certificate = XR_CLIENT_CERTIFICATE_REQUESTED;
}

static void judge_session(struct xr_arena *arena, const struct xr_net *net, const char *host,
    SSL *ssl, struct xr_tls_session *session)
{
    const unsigned char *staple = NULL;
    long length = SSL_get_tlsext_status_ocsp_resp(ssl, &staple);

    xr_judge(arena, net, host, SSL_get_peer_cert_chain(ssl), session);
    xr_judge_staple(arena, net, staple, length, session);
}

/* In what the server agreed on with a client that accepts anything: what others refuse. */
static const char *weakness(struct xr_arena *arena, SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    const EVP_PKEY *key = leaf ? X509_get0_pubkey(leaf) : NULL;
    EVP_PKEY *temporary = NULL;
    int dh_bits = 0;

    if (SSL_get_peer_tmp_key(ssl, &temporary) == 1 && EVP_PKEY_is_a(temporary, "DH"))
        dh_bits = EVP_PKEY_get_bits(temporary);
    EVP_PKEY_free(temporary);
    if (SSL_CIPHER_get_cipher_nid(cipher) == NID_undef)
        return xr_printf(arena, "its cipher %s does not encrypt", SSL_CIPHER_get_name(cipher));
    if (!leaf)
        return xr_printf(
            arena, "its cipher %s goes without a certificate", SSL_CIPHER_get_name(cipher));
    if (dh_bits && dh_bits < STRONG_DH_BITS)
        return xr_printf(arena, "its Diffie-Hellman group has %d bits, too few (%d are needed)",
            dh_bits, STRONG_DH_BITS);
    if (key && EVP_PKEY_get_security_bits(key) < 112)
        return xr_printf(arena, "the key of its certificate is too weak: %s",
            xr_certificate_describe(arena, leaf)->key);
    if (SSL_get_secure_renegotiation_support(ssl) != 1)
        return "it does not know secure renegotiation (RFC 5746)";
    return xr_printf(arena, "it agrees on %s alone", SSL_CIPHER_get_name(cipher));
}

static const char *version_words(const SSL *ssl)
{
    switch (SSL_version(ssl)) {
    case TLS1_VERSION:
        return "TLS 1.0";
    case TLS1_1_VERSION:
        return "TLS 1.1";
    case TLS1_2_VERSION:
        return "TLS 1.2";
    case TLS1_3_VERSION:
        return "TLS 1.3";
    default:
        return SSL_get_version(ssl);
    }
}

/* After a failed handshake: what would the server have agreed on? */
static const struct xr_err *look_again(struct xr_arena *arena, const char *host,
    const struct xr_tls_again *again, struct xr_deadline deadline, const struct xr_err *err)
{
    struct notice notice = { 0 };
    int fd = again->connect(again->arg);

    if (fd < 0)
        return err;
    xr_auto_ctx *ctx = client_ctx(true);
    xr_auto_ssl *ssl = client_ssl(ctx, host, fd, &notice);
    bool agreed = !shake_hands(arena, ssl, fd, &notice, deadline);
    if (agreed && SSL_version(ssl) < TLS1_2_VERSION)
        err = xr_err(arena, XR_FAULT_TLS_TOO_OLD, SSL_version(ssl),
            "the server offers nothing newer than %s", version_words(ssl));
    else if (agreed)
        err = xr_err(arena, err->fault, err->native, "%s (the server offers %s, but %s)", err->text,
            version_words(ssl), weakness(arena, ssl));
    (void)close(fd);
    return err;
}

const struct xr_err *xr_tls_handshake(struct xr_arena *arena, const struct xr_net *net,
    const char *host, int fd, const struct xr_tls_again *again, struct xr_deadline deadline,
    struct xr_tls_session *ret)
{
    struct notice notice = { 0 };
    struct xr_tls_session session = { 0 };
    int64_t started = xr_now_us();
    xr_auto_ctx *ctx = client_ctx(false);
    xr_auto_ssl *ssl = client_ssl(ctx, host, fd, &notice);

    const struct xr_err *err = shake_hands(arena, ssl, fd, &notice, deadline);
    if (err && err->fault == XR_FAULT_TLS_HANDSHAKE && again &&
        xr_time_state(deadline) == XR_TIME_LEFT)
        return look_again(arena, host, again, deadline, err);
    if (err)
        return err;
    session.elapsed_us = xr_now_us() - started;
    note_session(arena, ssl, notice.client_certificate_asked, &session);
    if (notice.client_certificate_asked && refused_afterwards(arena, ssl, fd, deadline))
        session.client_certificate = XR_CLIENT_CERTIFICATE_REQUIRED;
    judge_session(arena, net, host, ssl, &session);
    (void)SSL_shutdown(ssl);
    *ret = session;
    return NULL;
}

static int watch_verify(X509_STORE_CTX *context, void *arg)
{
    struct xr_tls_watch *watch = arg;

    watch->seen = NULL;
    watch->session = xr_new(watch->arena, struct xr_tls_session);
    xr_judge(watch->arena, watch->net, watch->host, X509_STORE_CTX_get0_untrusted(context),
        watch->session);
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
}

static void watch_record(
    int sending, int version, int type, const void *bytes, size_t length, SSL *ssl, void *arg)
{
    struct xr_tls_watch *watch = arg;

    (void)version;
    if (!sending)
        watch_over(&watch->guard, type, bytes, length, ssl);
}

void xr_tls_watch_attach(void *ssl_ctx, struct xr_tls_watch *watch)
{
    SSL_CTX *ctx = ssl_ctx;

    watch->session = NULL;
    watch->seen = NULL;
    watch->guard = (struct xr_tls_guard){ .deadline = watch->guard.deadline };
    SSL_CTX_set_msg_callback(ctx, watch_record);
    SSL_CTX_set_msg_callback_arg(ctx, watch);
    limit(ctx);
    SSL_CTX_set_cert_verify_callback(ctx, watch_verify, watch);
}

void xr_tls_watch_finish(struct xr_tls_watch *watch, void *ssl)
{
    const unsigned char *staple = NULL;

    if (!watch->session || watch->session->version)
        return;
    note_session(watch->arena, ssl, false, watch->session);
    long length = SSL_get_tlsext_status_ocsp_resp((SSL *)ssl, &staple);
    xr_judge_staple(watch->arena, watch->net, staple, length, watch->session);
}

bool xr_tls_watch_is_of(struct xr_tls_watch *watch, void *ssl)
{
    X509 *leaf = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
    const char *judged = watch->session ? watch->session->leaf_sha256 : NULL;

    if (!leaf || !judged)
        return false;
    if (watch->seen != ssl && !strcmp(xr_certificate_sha256(watch->arena, leaf), judged))
        watch->seen = ssl;
    return watch->seen == ssl;
}

const struct xr_err *xr_tls_default_certificate(
    struct xr_arena *arena, int fd, struct xr_deadline deadline, const struct xr_certificate **ret)
{
    struct notice notice = { 0 };
    xr_auto_ctx *ctx = client_ctx(false);
    xr_auto_ssl *ssl = client_ssl(ctx, "", fd, &notice);

    *ret = NULL;
    const struct xr_err *err = shake_hands(arena, ssl, fd, &notice, deadline);
    if (err)
        return err;
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    *ret = leaf ? xr_certificate_describe(arena, leaf) : NULL;
    (void)SSL_shutdown(ssl);
    return NULL;
}
