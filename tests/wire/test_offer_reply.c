/* Answers to an offer, as they stand on the wire. */
#include <string.h>

#include "analyzer/base/buf.h"
#include "tests/wire/offer_script.h"

/* RFC 8446 4.1.3 */
#define RETRY                                                          \
    "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91" \
    "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

START_TEST(a_good_answer_is_understood)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_offer offer = play(arena, XR_ASK_TLS_1_2, said(BYTES(GOOD)));

    ck_assert_int_eq(offer.answer, XR_ANSWER_YES);
    ck_assert_str_eq(offer.version, "TLS 1.2");
    ck_assert_str_eq(offer.cipher, "TLS_RSA_WITH_AES_128_CBC_SHA");
    ck_assert(offer.secure_renegotiation);
    xr_arena_free(arena);
}
END_TEST

START_TEST(slices_of_one_byte_are_put_together)
{
    struct xr_arena *arena = xr_arena_new();
    struct script script = { .bytes = GOOD, .length = sizeof(GOOD) - 1, .kind = SOCK_SEQPACKET };

    ck_assert_int_eq(play(arena, XR_ASK_TLS_1_2, script).answer, XR_ANSWER_YES);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_hello_over_many_records_is_put_together)
{
    struct xr_arena *arena = xr_arena_new();
    xr_auto_buf bytes;

    xr_buf_init(&bytes, SCRIPT_MAX);
    for (size_t at = 5; at < sizeof(GOOD) - 1; at++) {
        (void)xr_buf_add(&bytes, BYTES("\x16\x03\x03\x00\x00\x16\x03\x03\x00\x01"));
        (void)xr_buf_add(&bytes, &GOOD[at], 1);
        if (at == 40)
            (void)xr_buf_add(&bytes, BYTES("\x15\x03\x03\x00\x02\x01\x70"));
    }
    struct script script = said(bytes.at, bytes.length);
    ck_assert_int_eq(play(arena, XR_ASK_TLS_1_2, script).answer, XR_ANSWER_YES);
    script.length -= 11;
    ck_assert_int_eq(play(arena, XR_ASK_TLS_1_2, script).answer, XR_ANSWER_NONE);
    xr_arena_free(arena);
}
END_TEST

START_TEST(alerts_and_endings_are_told)
{
    static const struct {
        const char *bytes;
        size_t length;
        enum xr_answer answer;
        const char *text; /* NULL: none */
    } rows[] = {
        { BYTES(""), XR_ANSWER_NO, "the connection was closed without an alert" },
        { BYTES("\x15\x03\x01\x00\x02\x02\x28"), XR_ANSWER_NO, "alert handshake_failure" },
        { BYTES("\x15\x03\x00\x00\x02\x02\x46"), XR_ANSWER_NO, "alert protocol_version" },
        { BYTES("\x15\x03\x03\x00\x02\x02\x63"), XR_ANSWER_NO, "alert number 99" },
        { BYTES("\x15\x03\x03\x00\x02\x02\x70"), XR_ANSWER_NONE, "alert unrecognized_name" },
        { BYTES("\x15\x03\x03\x00\x02\x01\x00" GOOD), XR_ANSWER_NO,
            "the connection was closed without an alert" },
        { BYTES("\x15\x03\x03\x00\x02\x01\x70"), XR_ANSWER_NO,
            "alert unrecognized_name, then the connection was closed" },
        { BYTES("\x15\x03\x03\x00\x02\x01\x70" GOOD), XR_ANSWER_YES, NULL },
        { BYTES("\x15\x03\x03\x00\x04\x01\x70\x02\x28" GOOD), XR_ANSWER_NO,
            "alert handshake_failure" },
        { BYTES("\x15\x03\x03\x00\x01\x02"), XR_ANSWER_NONE, "malformed: half an alert" },
        { BYTES("\x15\x03\x03\x00\x02\x02"), XR_ANSWER_NONE,
            "the connection was closed in the middle of the answer" },
        { BYTES("\x16\x03\x03\x40\x01"), XR_ANSWER_NONE, "malformed: a record of 16385 bytes" },
        { BYTES("\x14\x03\x03\x00\x01\x01"), XR_ANSWER_NONE,
            "malformed: a record of type 20 inside the handshake" },
        { BYTES("\x16\x03\x03\x00\x04\x0e\x00\x00\x00"), XR_ANSWER_NONE,
            "malformed: a handshake message of type 14 instead of a ServerHello" },
        { BYTES("\x16\x03\x03\x00\x04\x00\x00\x00\x00" GOOD), XR_ANSWER_YES, NULL },
    };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct xr_offer offer = play(arena, XR_ASK_TLS_1_2, said(rows[i].bytes, rows[i].length));
        ck_assert_msg(offer.answer == rows[i].answer, "row %zu: %d", i, offer.answer);
        if (rows[i].text)
            ck_assert_str_eq(offer.text, rows[i].text);
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(who_speaks_something_else_is_quoted)
{
    static const struct {
        const char *bytes, *text;
    } rows[] = {
        { "HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n",
            "the port does not speak TLS; it says \"HTTP/1.1 400 Bad Request\"" },
        { "220 mail ESMTP\r\n", "the port does not speak TLS; it says \"220 mail ESMTP\"" },
        { "SSH-2.0-\x1b[2J\xff\r\n",
            "the port does not speak TLS; it says \"SSH-2.0-\\x1b[2J\xef\xbf\xbd\"" },
        { "\n", "the port does not speak TLS; it says \"\"" },
        { "\x16\x02zz", NULL },
    };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct script script = said(rows[i].bytes, strlen(rows[i].bytes));
        script.open = true;
        struct xr_offer offer = play(arena, XR_ASK_TLS_1_0, script);
        ck_assert_int_eq(offer.answer, XR_ANSWER_NONE);
        if (rows[i].text)
            ck_assert_str_eq(offer.text, rows[i].text);
        else
            ck_assert_int_ge(offer.elapsed_us, SHORT_MS * 1000);
    }
    xr_arena_free(arena);
}
END_TEST

/* A ServerHello in a record. extensions: with their length, or "". */
static struct script hello(struct xr_arena *arena, const char *version, const char *random,
    const char *cipher, const char *extensions, size_t extensions_length)
{
    size_t body = 2 + 32 + 33 + 2 + 1 + extensions_length;
    xr_auto_buf to;

    xr_buf_init(&to, SCRIPT_MAX);
    (void)xr_buf_add(&to, BYTES("\x16\x03\x03\x00"));
    (void)xr_buf_add(&to, &(char){ (char)(body + 4) }, 1);
    (void)xr_buf_add(&to, BYTES("\x02\x00\x00"));
    (void)xr_buf_add(&to, &(char){ (char)body }, 1);
    (void)xr_buf_add(&to, version, 2);
    (void)xr_buf_add(&to, random, 32);
    (void)xr_buf_add(&to, BYTES(SESSION));
    (void)xr_buf_add(&to, cipher, 2);
    (void)xr_buf_add(&to, "", 1);
    (void)xr_buf_add(&to, extensions, extensions_length);
    char *bytes = xr_alloc(arena, to.length);
    memcpy(bytes, to.at, to.length);
    return said(bytes, to.length);
}

START_TEST(what_was_not_offered_is_no_agreement)
{
    static const struct {
        enum xr_question question;
        const char *version, *random, *cipher, *extensions;
        size_t length;
        enum xr_answer answer;
        const char *text;
    } rows[] = {
        { XR_ASK_TLS_1_2, "\x03\x02", RANDOM, "\x00\x2f", BYTES(""), XR_ANSWER_NO,
            "the server answers with TLS 1.1 instead" },
        { XR_ASK_TLS_1_0, "\x03\x00", RANDOM, "\x00\x2f", BYTES(""), XR_ANSWER_NO,
            "the server answers with SSL 3.0 instead" },
        { XR_ASK_NO_SECRECY, "\x03\x00", RANDOM, "\x00\x2f", BYTES(""), XR_ANSWER_YES, NULL },
        { XR_ASK_TLS_1_0, "\x03\x03", RANDOM, "\x00\x2f", BYTES(""), XR_ANSWER_NONE,
            "the server answers with TLS 1.2, which was not offered" },
        { XR_ASK_TLS_1_2, "\x7f\x00", RANDOM, "\x00\x2f", BYTES(""), XR_ANSWER_NONE,
            "the server answers with version 0x7f00, which was not offered" },
        { XR_ASK_TLS_1_2, "\x02\x00", RANDOM, "\x00\x2f", BYTES(""), XR_ANSWER_NONE,
            "the server answers with version 0x0200, which was not offered" },
        { XR_ASK_NO_SECRECY, "\x03\x03", RANDOM, "\xc0\x2f", BYTES(""), XR_ANSWER_NONE,
            "the server answers with the cipher TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, which was "
            "not offered" },
        { XR_ASK_TLS_1_2, "\x03\x03", RANDOM, "\xfa\xfa", BYTES(""), XR_ANSWER_NONE,
            "the server answers with the cipher 0xFA,0xFA, which was not offered" },
        { XR_ASK_TLS_1_2, "\x03\x03", RANDOM, "\x00\xff", BYTES(""), XR_ANSWER_NONE,
            "the server answers with the cipher 0x00,0xFF, which was not offered" },
        { XR_ASK_TLS_1_3, "\x03\x03", RETRY, "\x13\x02", BYTES("\x00\x06\x00\x2b\x00\x02\x03\x04"),
            XR_ANSWER_YES, NULL },
        { XR_ASK_TLS_1_3, "\x03\x03", RANDOM, "\x13\x02", BYTES("\x00\x06\x00\x2b\x00\x02\x03\x04"),
            XR_ANSWER_NONE, "malformed: TLS 1.3 without a HelloRetryRequest" },
        { XR_ASK_TLS_1_3, "\x03\x03", RANDOM, "\x00\x2f", BYTES(""), XR_ANSWER_NO,
            "the server answers with TLS 1.2 instead" },
        { XR_ASK_TLS_1_2, "\x03\x03", RETRY, "\x00\x2f", BYTES("\x00\x06\x00\x2b\x00\x02\x03\x04"),
            XR_ANSWER_NONE, "the server answers with TLS 1.3, which was not offered" },
        { XR_ASK_BROKEN, "\x03\x01", RANDOM, "\x00\x05", BYTES(""), XR_ANSWER_YES, NULL },
        { XR_ASK_NO_PROTECTION, "\x03\x01", RANDOM, "\x00\x03", BYTES(""), XR_ANSWER_YES, NULL },
        /* A renegotiation's extension, though nothing has been negotiated before. */
        { XR_ASK_BROKEN, "\x03\x01", RANDOM, "\x00\x05", BYTES("\x00\x06\xff\x01\x00\x02\x01\x61"),
            XR_ANSWER_YES, NULL },
    };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct xr_offer offer = play(arena, rows[i].question,
            hello(arena, rows[i].version, rows[i].random, rows[i].cipher, rows[i].extensions,
                rows[i].length));
        ck_assert_msg(offer.answer == rows[i].answer, "row %zu: %s", i, offer.text);
        if (rows[i].text)
            ck_assert_str_eq(offer.text, rows[i].text);
        ck_assert(!offer.secure_renegotiation);
    }
    xr_arena_free(arena);
}
END_TEST

static void add_message(struct xr_buf *to, char type, const char *body, size_t length)
{
    char head[] = { type, (char)(length >> 16 & 0xff), (char)(length >> 8 & 0xff),
        (char)(length & 0xff) };

    (void)xr_buf_add(to, head, sizeof(head));
    (void)xr_buf_add(to, body, length);
}

static void add_records(struct xr_buf *to, const struct xr_buf *messages)
{
    for (size_t at = 0, n; at < messages->length; at += n) {
        n = messages->length - at < 16384 ? messages->length - at : 16384;
        char head[] = { 0x16, 3, 3, (char)(n >> 8), (char)(n & 0xff) };
        (void)xr_buf_add(to, head, sizeof(head));
        (void)xr_buf_add(to, messages->at + at, n);
    }
}

/* ServerHello, a certificate of so many bytes, and a key exchange. */
static struct script flight(struct xr_buf *bytes, struct xr_arena *arena, size_t certificate,
    const char *exchange, size_t length)
{
    struct script first = hello(arena, "\x03\x03", RANDOM, "\x00\x33", "", 0);
    xr_auto_buf messages;

    xr_buf_init(&messages, SCRIPT_MAX);
    xr_buf_clear(bytes);
    (void)xr_buf_add(&messages, first.bytes + 5, first.length - 5);
    add_message(&messages, 11, xr_alloc(arena, certificate), certificate);
    add_message(&messages, 12, exchange, length);
    add_message(&messages, 14, "", 0);
    add_records(bytes, &messages);
    return said(bytes->at, bytes->length);
}

START_TEST(the_prime_is_found_behind_the_certificate)
{
    static const struct {
        const char *exchange;
        size_t length;
        int bits;
    } rows[] = {
        { BYTES("\x00\x03\x01\x00\x01\x00\x01\x02\x00\x01\x05"), 17 },
        { BYTES("\x00\x05\x00\x00\x7f\x00\x01\x00\x01\x02\x00\x01\x05"), 23 },
        { BYTES("\x00\x02\x00\x00\x00\x01\x02\x00\x01\x05"), 0 },
        { BYTES("\x00\x00\x00\x01\x02\x00\x01\x05"), 0 },
        { BYTES("\xff\xff\x01\x00\x01\x00\x01\x02\x00\x01\x05"), 0 },
        { BYTES("\x00\x03\x01\x00\x01\x00\x01\x02\x00\x02\x05"), 0 },
        { BYTES("\x00\x03\x01\x00\x01\x00\x01\x02"), 0 },
        { BYTES("\x00"), 0 },
        { BYTES(""), 0 },
    };
    struct xr_arena *arena = xr_arena_new();
    xr_auto_buf bytes;

    xr_buf_init(&bytes, SCRIPT_MAX);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct script script = flight(&bytes, arena, 20000, rows[i].exchange, rows[i].length);
        struct xr_offer offer = play(arena, XR_ASK_FINITE_FIELD, script);
        ck_assert_int_eq(offer.answer, XR_ANSWER_YES);
        ck_assert_msg(offer.prime_bits == rows[i].bits, "row %zu: %d", i, offer.prime_bits);
    }
    /* More than anybody's certificates: it is agreed on, but the prime stays unknown. */
    struct script script = flight(&bytes, arena, 300 * 1024, rows[0].exchange, rows[0].length);
    struct xr_offer offer = play(arena, XR_ASK_FINITE_FIELD, script);
    ck_assert_int_eq(offer.answer, XR_ANSWER_YES);
    ck_assert_int_eq(offer.prime_bits, 0);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_flight_cut_anywhere_ends)
{
    static const char exchange[] = "\x00\x03\x01\x00\x01\x00\x01\x02\x00\x01\x05";
    struct xr_arena *arena = xr_arena_new();
    xr_auto_buf bytes;

    xr_buf_init(&bytes, SCRIPT_MAX);
    struct script script = flight(&bytes, arena, 100, exchange, sizeof(exchange) - 1);
    for (size_t whole = script.length--; script.length; script.length--) {
        struct xr_offer offer = play(arena, XR_ASK_FINITE_FIELD, script);
        ck_assert_int_eq(offer.answer, XR_ANSWER_NONE);
        ck_assert_uint_lt(script.length, whole);
    }
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("offer_reply", a_good_answer_is_understood, slices_of_one_byte_are_put_together,
    a_hello_over_many_records_is_put_together, alerts_and_endings_are_told,
    who_speaks_something_else_is_quoted, what_was_not_offered_is_no_agreement,
    the_prime_is_found_behind_the_certificate, a_flight_cut_anywhere_ends)
