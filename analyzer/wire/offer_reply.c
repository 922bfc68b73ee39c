#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/offer_parts.h"
#include "analyzer/wire/tcp.h"

/*
 * The server's answer to a ClientHello. All of it is hostile: what is read is
 * bounded by HEARD_MAX, every length in it by what has been read.
 */

enum {
    RECORD_CIPHER_CHANGE = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    RECORD_DATA = 23,
    HELLO_REQUEST = 0,
    SERVER_HELLO = 2,
    SERVER_KEY_EXCHANGE = 12,
    SERVER_HELLO_DONE = 14,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_RENEGOTIATION_INFO = 0xff01,
    WARNING = 1,
    CLOSE_NOTIFY = 0,
    RECORD_HEAD = 5,
    RECORD_MAX = 16384,
    MESSAGE_HEAD = 4,
    RANDOM_LENGTH = 32,
    SESSION_MAX = 32,
    HEARD_MAX = 256 * 1024,
    BANNER_MAX = 80,
};

/* What has been heard of the server so far. */
struct peer {
    struct xr_arena *arena;
    int fd;
    struct xr_deadline deadline;
    size_t heard, record_left; /* in all; of the record that is being read */
    unsigned char chunk[4096];
    size_t at, end;         /* of the chunk: not yet used */
    struct xr_buf messages; /* of handshake, out of their records */
    size_t message_at;      /* in them: not yet used */
    const char *warning;    /* the last alert that did not end it */
    enum xr_answer ended;   /* with "why" */
    const char *why;        /* NULL: not ended */
};

static void peer_done(struct peer *peer)
{
    xr_buf_done(&peer->messages);
}

/* Reads numbers out of bytes, never past their end. */
struct cursor {
    const unsigned char *at;
    size_t left;
    bool bad; /* something was missing */
};

struct hello {
    uint16_t version, cipher;
    unsigned char compression;
    bool secure_renegotiation, retry;
};

static struct cursor take(struct cursor *from, size_t length)
{
    struct cursor part = { from->at, length, false };

    if (from->bad || length > from->left) {
        *from = (struct cursor){ from->at, 0, true };
        return *from;
    }
    from->at += length;
    from->left -= length;
    return part;
}

static size_t number(struct cursor *from, size_t width)
{
    struct cursor bytes = take(from, width);
    size_t value = 0;

    for (size_t i = 0; i < bytes.left; i++)
        value = value << 8 | bytes.at[i];
    return value;
}

static struct cursor vector(struct cursor *from, size_t width)
{
    return take(from, number(from, width));
}

static bool end(struct peer *peer, enum xr_answer answer, const char *why)
{
    peer->ended = answer;
    peer->why = why;
    return false;
}

/* Schannel, so every Exchange, closes or resets where others send an alert: that is a refusal too.
 * In the middle of an answer it is none. */
static bool end_of_stream(struct peer *peer, const char *how)
{
    bool between = !peer->record_left && peer->message_at == peer->messages.length;

    if (!between)
        return end(peer, XR_ANSWER_NONE,
            xr_printf(peer->arena, "the connection was %s in the middle of the answer", how));
    if (peer->warning)
        return end(peer, XR_ANSWER_NO,
            xr_printf(peer->arena, "alert %s, then the connection was %s", peer->warning, how));
    return end(
        peer, XR_ANSWER_NO, xr_printf(peer->arena, "the connection was %s without an alert", how));
}

/* Waits for at least one byte in the chunk, which is empty. */
static bool hear(struct peer *peer)
{
    while (peer->heard < HEARD_MAX) {
        ssize_t n = recv(peer->fd, peer->chunk, sizeof(peer->chunk), MSG_DONTWAIT);
        if (n > 0) {
            peer->at = 0;
            peer->end = (size_t)n;
            peer->heard += (size_t)n;
            return true;
        }
        if (n == 0)
            return end_of_stream(peer, "closed");
        if (errno != EAGAIN && errno != EINTR)
            return end_of_stream(peer, "reset");
        const struct xr_err *err = xr_tcp_wait(peer->arena, peer->fd, POLLIN, peer->deadline,
            XR_FAULT_TLS_HANDSHAKE, "waiting for the answer to an offer of TLS");
        if (err)
            return end(peer, XR_ANSWER_NONE, err->text);
    }
    return end(peer, XR_ANSWER_NONE, "the server sends without end");
}

static bool read_bytes(struct peer *peer, unsigned char *to, size_t length)
{
    while (length) {
        if (peer->at == peer->end && !hear(peer))
            return false;
        size_t most = peer->end - peer->at;
        size_t n = length < most ? length : most;
        memcpy(to, peer->chunk + peer->at, n);
        peer->at += n;
        peer->record_left -= n;
        to += n;
        length -= n;
    }
    return true;
}

/* The words of a peer that does not speak TLS: its first line, as far as it is here. */
static bool end_as_not_tls(struct peer *peer, const unsigned char *head, size_t head_length)
{
    char bytes[BANNER_MAX];
    size_t here = peer->end - peer->at, room = sizeof(bytes) - head_length;
    size_t length = head_length + (here < room ? here : room);

    memcpy(bytes, head, head_length);
    memcpy(bytes + head_length, peer->chunk + peer->at, length - head_length);
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == '\r' || bytes[i] == '\n')
            length = i;
    return end(peer, XR_ANSWER_NONE,
        xr_printf(peer->arena, "the port does not speak TLS; it says \"%s\"",
            xr_visible(peer->arena, xr_utf8(peer->arena, bytes, length))));
}

/* The type shows first, so that a peer with one short line need not be waited for. */
static bool read_record_head(struct peer *peer, unsigned char *ret_type)
{
    unsigned char head[RECORD_HEAD];

    peer->record_left = 0;
    if (peer->at == peer->end && !hear(peer))
        return false;
    peer->record_left = RECORD_HEAD;
    if (!read_bytes(peer, head, 1))
        return false;
    if (head[0] < RECORD_CIPHER_CHANGE || head[0] > RECORD_DATA)
        return end_as_not_tls(peer, head, 1);
    if (!read_bytes(peer, head + 1, RECORD_HEAD - 1))
        return false;
    if (head[1] != 3)
        return end_as_not_tls(peer, head, sizeof(head));
    *ret_type = head[0];
    peer->record_left = (size_t)head[3] << 8 | head[4];
    if (peer->record_left > RECORD_MAX)
        return end(peer, XR_ANSWER_NONE,
            xr_printf(peer->arena, "malformed: a record of %zu bytes", peer->record_left));
    return true;
}

static bool hear_alert(struct peer *peer, const unsigned char *payload, size_t length)
{
    struct cursor from = { payload, length, false };

    while (from.left) {
        size_t level = number(&from, 1), id = number(&from, 1);
        if (from.bad)
            return end(peer, XR_ANSWER_NONE, "malformed: half an alert");
        const char *name = xr_offer_alert_name(peer->arena, id);
        if (id == CLOSE_NOTIFY)
            return end_of_stream(peer, "closed");
        if (level != WARNING)
            return end(peer, xr_offer_alert_refuses(id) ? XR_ANSWER_NO : XR_ANSWER_NONE,
                xr_printf(peer->arena, "alert %s", name));
        peer->warning = name;
    }
    return true;
}

/* One more record: its handshake messages are collected, its alerts heard. */
static bool read_record(struct peer *peer)
{
    unsigned char payload[RECORD_MAX], type = 0;

    if (!read_record_head(peer, &type))
        return false;
    size_t length = peer->record_left;
    if (!read_bytes(peer, payload, length))
        return false;
    if (type == RECORD_ALERT)
        return hear_alert(peer, payload, length);
    if (type != RECORD_HANDSHAKE)
        return end(peer, XR_ANSWER_NONE,
            xr_printf(peer->arena, "malformed: a record of type %d inside the handshake", type));
    if (!xr_buf_add(&peer->messages, payload, length))
        return end(peer, XR_ANSWER_NONE, "the server sends without end");
    return true;
}

/* The next handshake message that is whole; no HelloRequest, which clients ignore here. */
static bool read_message(struct peer *peer, size_t *ret_type, struct cursor *ret)
{
    for (;;) {
        struct cursor from = { (const unsigned char *)peer->messages.at + peer->message_at,
            peer->messages.length - peer->message_at, false };
        size_t type = number(&from, 1);
        struct cursor body = vector(&from, 3);
        if (from.bad) {
            if (!read_record(peer))
                return false;
            continue;
        }
        peer->message_at += MESSAGE_HEAD + body.left;
        *ret_type = type;
        *ret = body;
        if (type != HELLO_REQUEST)
            return true;
    }
}

static void read_extension(struct hello *hello, size_t id, struct cursor body)
{
    if (id == EXT_RENEGOTIATION_INFO) /* in a first handshake it holds an empty vector */
        hello->secure_renegotiation = body.left == 1 && body.at[0] == 0;
    if (id == EXT_SUPPORTED_VERSIONS && body.left == 2)
        hello->version = (uint16_t)number(&body, 2);
}

static bool parse_hello(struct cursor from, struct hello *ret)
{
    /* RFC 8446 4.1.3 */
    static const unsigned char retry[RANDOM_LENGTH] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61,
        0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
        0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };

    *ret = (struct hello){ .version = (uint16_t)number(&from, 2) };
    struct cursor random = take(&from, RANDOM_LENGTH);
    ret->retry = !random.bad && !memcmp(random.at, retry, sizeof(retry));
    if (vector(&from, 1).left > SESSION_MAX)
        return false;
    ret->cipher = (uint16_t)number(&from, 2);
    ret->compression = (unsigned char)number(&from, 1);
    if (from.bad || !from.left)
        return !from.bad;
    struct cursor extensions = vector(&from, 2);
    while (extensions.left) {
        size_t id = number(&extensions, 2);
        struct cursor body = vector(&extensions, 2);
        if (!extensions.bad)
            read_extension(ret, id, body);
    }
    return !from.bad && !from.left && !extensions.bad;
}

static const char *version_text(struct xr_arena *arena, uint16_t version)
{
    static const char *const names[] = { "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3" };
    size_t i = (size_t)version - XR_OFFER_SSL_3_0;

    return i < sizeof(names) / sizeof(*names) ? names[i]
                                              : xr_printf(arena, "version 0x%04x", version);
}

static bool was_offered(enum xr_question question, uint16_t cipher)
{
    uint16_t ciphers[XR_OFFER_CIPHERS_MAX];
    size_t n = xr_offer_ciphers(question, ciphers);

    for (size_t i = 0; i < n; i++)
        if (ciphers[i] == cipher)
            return true;
    return false;
}

/* What the ServerHello means for the question; false: not what was asked for. */
static bool judge_hello(struct peer *peer, enum xr_question question, const struct hello *hello)
{
    uint16_t asked = xr_offer_version(question);
    const char *version = version_text(peer->arena, hello->version);

    if (hello->version > asked || hello->version < XR_OFFER_SSL_3_0)
        return end(peer, XR_ANSWER_NONE,
            xr_printf(peer->arena, "the server answers with %s, which was not offered", version));
    if (hello->version != asked && xr_offer_is_of_version(question))
        return end(peer, XR_ANSWER_NO,
            xr_printf(peer->arena, "the server answers with %s instead", version));
    if (!was_offered(question, hello->cipher))
        return end(peer, XR_ANSWER_NONE,
            xr_printf(peer->arena, "the server answers with the cipher %s, which was not offered",
                xr_offer_cipher_name(peer->arena, hello->cipher)));
    if (hello->retry != (hello->version == XR_OFFER_TLS_1_3)) /* no share of a key was sent */
        return end(peer, XR_ANSWER_NONE, "malformed: TLS 1.3 without a HelloRetryRequest");
    if (hello->compression)
        return end(
            peer, XR_ANSWER_NONE, "the server answers with a compression, which was not offered");
    return true;
}

static bool read_hello(struct peer *peer, enum xr_question question, struct hello *ret)
{
    struct cursor body;
    size_t type = 0;

    if (!read_message(peer, &type, &body))
        return false;
    if (type != SERVER_HELLO)
        return end(peer, XR_ANSWER_NONE,
            xr_printf(peer->arena,
                "malformed: a handshake message of type %zu instead of a ServerHello", type));
    if (!parse_hello(body, ret))
        return end(peer, XR_ANSWER_NONE, "malformed: a ServerHello whose lengths do not fit");
    return judge_hello(peer, question, ret);
}

/* RFC 5246 7.4.3: prime, generator, public key. 0: the lengths do not fit. */
static int prime_bits(struct cursor from)
{
    struct cursor prime = vector(&from, 2);
    struct cursor generator = vector(&from, 2);
    struct cursor key = vector(&from, 2);

    if (from.bad || !generator.left || !key.left)
        return 0;
    while (prime.left && !prime.at[0])
        (void)take(&prime, 1);
    if (!prime.left)
        return 0;
    int bits = (int)(prime.left - 1) * 8;
    for (unsigned first = prime.at[0]; first; first >>= 1)
        bits++;
    return bits;
}

static int read_prime(struct peer *peer)
{
    struct cursor body;
    size_t type = 0;

    while (read_message(peer, &type, &body) && type != SERVER_HELLO_DONE)
        if (type == SERVER_KEY_EXCHANGE)
            return prime_bits(body);
    return 0;
}

void xr_offer_reply(struct xr_arena *arena, enum xr_question question, int fd,
    struct xr_deadline deadline, struct xr_offer *ret)
{
    __attribute__((
        cleanup(peer_done))) struct peer peer = { .arena = arena, .fd = fd, .deadline = deadline };
    struct hello hello = { 0 };

    xr_buf_init(&peer.messages, HEARD_MAX);
    if (!read_hello(&peer, question, &hello)) {
        ret->answer = peer.ended;
        ret->text = peer.why;
        return;
    }
    ret->answer = XR_ANSWER_YES;
    ret->version = version_text(arena, hello.version);
    ret->cipher = xr_offer_cipher_name(arena, hello.cipher);
    ret->secure_renegotiation = hello.secure_renegotiation;
    if (question == XR_ASK_FINITE_FIELD)
        ret->prime_bits = read_prime(&peer);
}
