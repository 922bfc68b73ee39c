#include <arpa/inet.h>
#include <string.h>
#include <sys/random.h>

#include "analyzer/wire/offer_parts.h"

/* The ClientHello of RFC 5246 7.4.1.2 and RFC 8446 4.1.2, in a record of its own. */

enum {
    RECORD_HANDSHAKE = 22,
    CLIENT_HELLO = 1,
    RANDOM_LENGTH = 32,
    HOST_MAX = 253,
    /* Old F5 load balancers fall silent at a ClientHello of 256 to 511 bytes (RFC 7685). */
    AWKWARD_FROM = 256,
    AWKWARD_TO = 511,
    EXTENSION_HEAD = 4,
};

enum {
    EXT_SERVER_NAME = 0,
    EXT_SUPPORTED_GROUPS = 10,
    EXT_EC_POINT_FORMATS = 11,
    EXT_SIGNATURE_ALGORITHMS = 13,
    EXT_ALPN = 16,
    EXT_PADDING = 21,
    EXT_EXTENDED_MASTER_SECRET = 23,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_KEY_SHARE = 51,
    SCSV_EMPTY_RENEGOTIATION_INFO = 0x00ff, /* RFC 5746 3.3 */
};

static void put(struct xr_buf *to, size_t width, size_t number)
{
    while (width--) {
        unsigned char byte = (unsigned char)(number >> 8 * width);
        (void)xr_buf_add(to, &byte, 1);
    }
}

/* Leaves room for a length of so many bytes; close_length() fills it in. */
static size_t open_length(struct xr_buf *to, size_t width)
{
    put(to, width, 0);
    return to->length;
}

static void close_length(struct xr_buf *to, size_t width, size_t from)
{
    size_t length = to->length - from;

    if (to->overflow)
        return;
    for (size_t i = 0; i < width; i++)
        to->at[from - 1 - i] = (char)(length >> 8 * i & 0xff);
}

static void put_random(struct xr_buf *to)
{
    unsigned char bytes[RANDOM_LENGTH] = { 0 };

    for (size_t done = 0; done < sizeof(bytes);) {
        ssize_t n = getrandom(bytes + done, sizeof(bytes) - done, 0);
        done += n > 0 ? (size_t)n : 0;
    }
    (void)xr_buf_add(to, bytes, sizeof(bytes));
}

/* An extension whose body is one list of numbers of two bytes. */
static void put_numbers(struct xr_buf *to, uint16_t extension, const uint16_t *numbers, size_t n)
{
    put(to, 2, extension);
    put(to, 2, 2 + 2 * n);
    put(to, 2, 2 * n);
    for (size_t i = 0; i < n; i++)
        put(to, 2, numbers[i]);
}

static void put_bytes(struct xr_buf *to, uint16_t extension, const char *bytes, size_t length)
{
    put(to, 2, extension);
    put(to, 2, length);
    (void)xr_buf_add(to, bytes, length);
}

/* RFC 6066 3: literal addresses are not permitted. */
static bool is_name(const char *host)
{
    struct in_addr four;

    return host && *host && strlen(host) <= HOST_MAX && !strchr(host, ':') &&
           inet_pton(AF_INET, host, &four) != 1;
}

static void put_server_name(struct xr_buf *to, const char *host)
{
    if (!is_name(host))
        return;
    size_t length = strlen(host);
    put(to, 2, EXT_SERVER_NAME);
    put(to, 2, length + 5);
    put(to, 2, length + 3);
    put(to, 1, 0); /* host_name */
    put(to, 2, length);
    (void)xr_buf_add(to, host, length);
}

/*
 * Before TLS 1.3 without the groups ffdhe*: a server that knows RFC 7919 would
 * use one of them instead of the prime it gives to everybody else.
 */
static void put_groups(struct xr_buf *to, bool new)
{
    static const uint16_t groups[] = { 29, 23, 24, 25, 30, 22, 21, 19, 26, 27, 28, 256, 257, 258,
        259, 260 };
    enum { ALL = sizeof(groups) / sizeof(*groups), FFDHE = 5 };

    put_numbers(to, EXT_SUPPORTED_GROUPS, groups, new ? ALL : ALL - FFDHE);
}

static void put_signature_algorithms(struct xr_buf *to)
{
    static const uint16_t schemes[] = {
        0x0403, 0x0503, 0x0603, 0x0807, 0x0808,                         /* ECDSA, EdDSA */
        0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b,                 /* RSA-PSS */
        0x0401, 0x0501, 0x0601, 0x0303, 0x0301,                         /* RSA; SHA-224 */
        0x0203, 0x0201, 0x0202, 0x0402, 0x0502, 0x0602, 0x0302, 0x0101, /* SHA-1, DSA, MD5 */
    };

    put_numbers(to, EXT_SIGNATURE_ALGORITHMS, schemes, sizeof(schemes) / sizeof(*schemes));
}

static void put_padding(struct xr_buf *to, size_t message_at)
{
    static const char zeros[AWKWARD_TO + 1];
    size_t length = to->length - message_at;

    if (length < AWKWARD_FROM || length > AWKWARD_TO)
        return;
    size_t missing = AWKWARD_TO + 1 - length;
    size_t padding = missing > EXTENSION_HEAD ? missing - EXTENSION_HEAD : 0;
    put_bytes(to, EXT_PADDING, zeros, padding);
}

static void put_extensions(
    struct xr_buf *to, enum xr_question question, const char *host, size_t message_at)
{
    static const char http11[] = "\x00\x09\x08http/1.1", points[] = "\x03\x00\x01\x02";
    uint16_t version = xr_offer_version(question);
    bool new = version == XR_OFFER_TLS_1_3;
    size_t at = open_length(to, 2);

    put_server_name(to, host);
    put_groups(to, new);
    put_bytes(to, EXT_EC_POINT_FORMATS, points, sizeof(points) - 1);
    if (version >= XR_OFFER_TLS_1_2)
        put_signature_algorithms(to);
    put_bytes(to, EXT_ALPN, http11, sizeof(http11) - 1);
    put_bytes(to, EXT_EXTENDED_MASTER_SECRET, "", 0);
    if (new) {
        put_bytes(to, EXT_SUPPORTED_VERSIONS, "\x02\x03\x04", 3);
        /* No share at all: the server asks for one in a HelloRetryRequest (RFC 8446 4.2.8). */
        put_bytes(to, EXT_KEY_SHARE, "\x00\x00", 2);
    }
    put_padding(to, message_at);
    close_length(to, 2, at);
}

static void put_ciphers(struct xr_buf *to, enum xr_question question)
{
    uint16_t ciphers[XR_OFFER_CIPHERS_MAX];
    size_t n = xr_offer_ciphers(question, ciphers);
    size_t at = open_length(to, 2);

    for (size_t i = 0; i < n; i++)
        put(to, 2, ciphers[i]);
    put(to, 2, SCSV_EMPTY_RENEGOTIATION_INFO);
    close_length(to, 2, at);
}

void xr_offer_hello(struct xr_buf *to, enum xr_question question, const char *host)
{
    uint16_t version = xr_offer_version(question);
    bool new = version == XR_OFFER_TLS_1_3;

    put(to, 1, RECORD_HANDSHAKE);
    put(to, 2, XR_OFFER_TLS_1_0);
    size_t record_at = open_length(to, 2);
    put(to, 1, CLIENT_HELLO);
    size_t message_at = open_length(to, 3);
    put(to, 2, new ? XR_OFFER_TLS_1_2 : version);
    put_random(to);
    size_t session_at = open_length(to, 1);
    if (new)
        put_random(to);
    close_length(to, 1, session_at);
    put_ciphers(to, question);
    put(to, 2, 0x0100); /* one compression method: none */
    put_extensions(to, question, host, record_at);
    close_length(to, 3, message_at);
    close_length(to, 2, record_at);
}
