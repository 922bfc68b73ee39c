/* What hides a secret from a plain search, and how long the search may take. */
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/base64.h"
#include "analyzer/wire/scrub.h"
#include "tests/unit.h"

enum { ANSWER = 1024 * 1024, MOST_MS = 5000 };

struct given {
    const char *account, *secret, *also; /* also NULL: no second one */
};

static void scrub(const struct given *given, char *bytes, size_t length)
{
    struct xr_secret secret = xr_secret_new(given->secret, strlen(given->secret));
    struct xr_secret also = { NULL };

    if (given->also)
        also = xr_secret_new(given->also, strlen(given->also));
    struct xr_scrubber *scrubber = xr_scrubber_new(given->account, secret);
    xr_scrubber_also(scrubber, NULL, also);
    xr_scrub(scrubber, bytes, length);
    xr_scrubber_free(scrubber);
    xr_secret_done(&secret);
    xr_secret_done(&also);
}

static const char *scrubbed(struct xr_arena *arena, const struct given *given, const char *text)
{
    char *copy = xr_strdup(arena, text);

    scrub(given, copy, strlen(copy));
    return copy;
}

static void check_hidden(const char *secret, const char *echo)
{
    struct xr_arena *arena = xr_arena_new();
    struct given given = { "svc", secret, NULL };
    const char *left = scrubbed(arena, &given, echo);

    ck_assert_msg(strspn(left, "*") == strlen(echo), "%s behind %s: %s", secret, echo, left);
    xr_arena_free(arena);
}

START_TEST(json_escapes_hide_nothing)
{
    static const char *const echoes[][2] = {
        { "yak5827", "{\"pw\":\"\\u0079ak\\u0035827\"}" },
        { "jklm\xc3\xb6", "\\u006A\\u006B\\u006c\\u006D\\u00F6" },
        { "a/b\"c\\d", "{\"pw\":\"a\\/b\\\"c\\\\d\"}" },
        { "tab\tline\nend", "\"tab\\tline\\nend\"" },
        { "it's me", "\"it\\'s me\"" },
        { "key\xf0\x9f\x94\x91s", "\"key\\uD83D\\udd11s\"" },
    };

    for (size_t i = 0; i < sizeof(echoes) / sizeof(*echoes); i++)
        check_hidden(echoes[i][0], echoes[i][1]);
}
END_TEST

START_TEST(json_around_or_inside_of_another_encoding_hides_nothing)
{
    check_hidden("p&ss\"w0rd", "<string>{&quot;pw&quot;:&quot;p\\u0026amp;ss\\&quot;w0rd</string>");
    check_hidden("p&ss\"w0rd", "<s>p&amp;ss\\u0022w0rd</s>");
    check_hidden("p&ss\"w0rd", "{\"xml\":\"\\u003cPassword\\u003ep\\u0026amp;ss\\\"w0rd\"}");
    check_hidden("p&ss\"w0rd", "{\"inner\":\"{\\\"pw\\\":\\\"p&ss\\\\\\\"w0rd\\\"}\"}");
    /* Literally "&quot;" within the secret is no reference to whom reads JSON. */
    check_hidden("a&quot;b\"c", "\"a&quot;b\\\"c\"");
}
END_TEST

/* A serializer writes the slash of base64 as "\/"; UTF-16 taken for Latin-1 brings zeros. */
START_TEST(json_escapes_hide_no_other_form_of_the_secret)
{
    check_hidden("\?\?\?>>>", "\"Basic Pz8\\/Pj4+\"");
    check_hidden("pass", "\"p\\u0000a\\u0000s\\u0000s\\u0000\"");
}
END_TEST

START_TEST(json_that_does_not_hold_the_secret_stays)
{
    static const char *const texts[] = { "{\"pw\":\"\\u0079ak\\u0035828\",\"at\":\"C:\\\\x\"}",
        "\\u", "\\", "\\u00", "\\uD83D", "\\uD83D\\u0041", "\\uDD11\\uD83D", "\\u+079ak5827",
        "\\u 79ak5827", "CONTOSO\\yak582" };
    static const struct given given = { "svc", "yak5827", NULL };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        ck_assert_str_eq(scrubbed(arena, &given, texts[i]), texts[i]);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_second_secret_is_hidden_like_the_first)
{
    static const struct given given = { "svc", "hunter22", "eyJ0b2tlbg" };
    static const char escaped[] = "{\"t\":\"\\u0065yJ0b2tlbg\"}";
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(scrubbed(arena, &given, "hunter22 or eyJ0b2tlbg"), "******** or **********");
    ck_assert_str_eq(scrubbed(arena, &given, "ZXlKMGIydGxiZw=="), "*************w==");
    ck_assert_uint_eq(strspn(scrubbed(arena, &given, escaped), "*"), strlen(escaped));
    xr_arena_free(arena);
}
END_TEST

/* As with a request that is anonymous, whose own secret is none. */
START_TEST(a_second_secret_needs_no_first)
{
    static const struct given given = { NULL, "", "hunter22" };
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(scrubbed(arena, &given, "pw=hunter22."), "pw=********.");
    ck_assert_str_eq(scrubbed(arena, &given, "nothing"), "nothing");
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_secret_that_is_a_part_of_the_other_leaves_nothing_of_it)
{
    static const struct given orders[] = { { NULL, "hunter", "hunter22" },
        { NULL, "hunter22", "hunter" } };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < 2; i++)
        ck_assert_str_eq(scrubbed(arena, &orders[i], "a hunter22 hunter."), "a ******** ******.");
    xr_arena_free(arena);
}
END_TEST

/* Beginnings without an end made the search look to the end of the answer for each. */
START_TEST(an_answer_made_to_be_slow_is_searched_in_linear_time)
{
    static const char *const pieces[] = { "<", "<!--", "<![CDATA[", "&#0", "&#x", "%4", "\\", "\\u",
        "\\u00", "\\\\", "\\uD83D", "&amp;\\u005c%25<" };
    static const struct given given = { "svc", "hunter22", "eyJ0b2tlbg" };
    struct xr_arena *arena = xr_arena_new();
    char *bytes = xr_alloc(arena, ANSWER);

    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        size_t length = strlen(pieces[i]);
        for (size_t at = 0; at < ANSWER; at++)
            bytes[at] = pieces[i][at % length];
        int64_t begin = xr_now_us();
        scrub(&given, bytes, ANSWER);
        ck_assert_msg((xr_now_us() - begin) / 1000 < MOST_MS, "%s", pieces[i]);
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_secret_in_utf_32_is_hidden)
{
    static const struct given given = { "svc", "p\xc3\xa4ss", NULL };
    char little[] = "<\0\0\0p\0\0\0\xe4\0\0\0s\0\0\0s\0\0\0>\0\0";
    char big[] = "\0\0\0<\0\0\0p\0\0\0\xe4\0\0\0s\0\0\0s\0\0\0>";

    scrub(&given, little, sizeof(little));
    ck_assert_mem_eq(little, "<\0\0\0****************>\0\0", sizeof(little));
    scrub(&given, big, sizeof(big));
    ck_assert_mem_eq(big, "\0\0\0<\0\0\0****************>", sizeof(big));
}
END_TEST

/* ---- proofs ---- */

enum { PROOF = 500 };

static struct xr_proofs *proofs;
static unsigned char proof[PROOF];

/* Zeroes and a name in it, as in a real one. */
static void begin_proofs(void)
{
    uint32_t noise = 1;

    for (size_t i = 0; i < PROOF; i++) {
        noise = noise * 1664525 + 1013904223;
        proof[i] = (unsigned char)(noise >> 24);
    }
    memset(proof + 100, 0, 60);
    memcpy(proof + 200, "mail.contoso.example.test", 25);
    proofs = xr_proofs_new();
    xr_proofs_add(proofs, proof, PROOF);
}

static const char *without_proof(struct xr_arena *arena, const char *bytes, size_t length)
{
    struct xr_scrubber *scrubber = xr_scrubber_new(NULL, (struct xr_secret){ NULL });
    char *copy = xr_strndup(arena, bytes, length);

    xr_scrubber_proofs(scrubber, proofs);
    xr_scrub(scrubber, copy, length);
    xr_scrubber_free(scrubber);
    return copy;
}

/* How much of the text is left? */
static size_t left_of(struct xr_arena *arena, const char *text)
{
    const char *copy = without_proof(arena, text, strlen(text));
    size_t left = 0;

    for (; *copy; copy++)
        left += *copy != '*';
    return left;
}

static const char *hex_of(struct xr_arena *arena, const unsigned char *bytes, size_t n, bool upper)
{
    const char *text = "";

    for (size_t i = 0; i < n; i++)
        text = xr_printf(arena, upper ? "%s%02X" : "%s%02x", text, bytes[i]);
    return text;
}

static char *base64_of(struct xr_arena *arena, const unsigned char *bytes, size_t n)
{
    xr_auto_buf encoded;

    xr_buf_init(&encoded, 4096);
    ck_assert(xr_base64_encode(&encoded, bytes, n));
    return xr_strdup(arena, encoded.at);
}

START_TEST(a_proof_is_hidden_however_it_is_written)
{
    struct xr_arena *arena = xr_arena_new();

    begin_proofs();
    ck_assert_uint_eq(left_of(arena, hex_of(arena, proof, PROOF, false)), 0);
    ck_assert_uint_eq(left_of(arena, hex_of(arena, proof + 301, 16, true)), 0);
    for (size_t from = 0; from < 3; from++) {
        char *text = base64_of(arena, proof + from, PROOF - from);
        ck_assert_uint_le(left_of(arena, text), 4);
        for (char *at = text; *at; at++)
            *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
        ck_assert_uint_le(left_of(arena, text), 4);
        text[60] = '\n'; /* a line break */
        ck_assert_uint_le(left_of(arena, text), 5);
        ck_assert_uint_le(left_of(arena, base64_of(arena, proof + 301 + from, 16)), 4);
    }
    const char *raw = without_proof(arena, (const char *)proof + 300, 16);
    ck_assert_str_eq(raw, "****************");
    ck_assert_uint_eq(left_of(arena, "no piece of one"), 15);
    xr_proofs_free(proofs);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_piece_of_a_proof_that_decoding_shows_takes_the_answer_with_it)
{
    struct xr_arena *arena = xr_arena_new();

    begin_proofs();
    const char *text = hex_of(arena, proof, 16, false);
    ck_assert_uint_eq(left_of(arena, xr_printf(arena, "<a>%.10s<b/>%s</a>", text, text + 10)), 0);
    xr_proofs_free(proofs);
    xr_arena_free(arena);
}
END_TEST

START_TEST(names_and_zeroes_are_no_proof)
{
    static const char name[] = "https://mail.contoso.example.test/";
    struct xr_arena *arena = xr_arena_new();
    char id[] = "AAMkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABBB=";

    begin_proofs();
    ck_assert_uint_eq(left_of(arena, name), strlen(name));
    ck_assert_uint_eq(left_of(arena, id), strlen(id));
    xr_proofs_free(proofs);
    xr_arena_free(arena);
}
END_TEST

START_TEST(the_last_proofs_are_remembered_and_searched_for_in_linear_time)
{
    struct xr_arena *arena = xr_arena_new();
    char *bytes = xr_alloc(arena, ANSWER);

    begin_proofs();
    for (int i = 0; i < 2000; i++) { /* a megabyte of them */
        memcpy(proof, &i, sizeof(i));
        proof[400 + i % 90]++;
        xr_proofs_add(proofs, proof, PROOF);
    }
    const char *text = base64_of(arena, proof, PROOF);
    ck_assert_uint_le(left_of(arena, text), 4);
    for (size_t at = 0; at < ANSWER; at++) /* beginnings of pieces */
        bytes[at] = at % 19 ? text[at % 19 + 60] : '<';
    int64_t begin = xr_now_us();
    (void)without_proof(arena, bytes, ANSWER);
    ck_assert_int_lt((int)((xr_now_us() - begin) / 1000), MOST_MS);
    xr_proofs_free(proofs);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("scrub", a_secret_in_utf_32_is_hidden, a_proof_is_hidden_however_it_is_written,
    a_piece_of_a_proof_that_decoding_shows_takes_the_answer_with_it, names_and_zeroes_are_no_proof,
    the_last_proofs_are_remembered_and_searched_for_in_linear_time, json_escapes_hide_nothing,
    json_around_or_inside_of_another_encoding_hides_nothing,
    json_escapes_hide_no_other_form_of_the_secret, json_that_does_not_hold_the_secret_stays,
    a_second_secret_is_hidden_like_the_first, a_second_secret_needs_no_first,
    a_secret_that_is_a_part_of_the_other_leaves_nothing_of_it,
    an_answer_made_to_be_slow_is_searched_in_linear_time)
