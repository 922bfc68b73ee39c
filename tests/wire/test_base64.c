#include <string.h>

#include "analyzer/wire/base64.h"
#include "analyzer/wire/http_blob.h"
#include "tests/unit.h"

/* RFC 4648 10, and the two digits that are neither letter nor number. */
static const struct {
    const char *plain, *encoded;
} vectors[] = {
    { "", "" },
    { "f", "Zg==" },
    { "fo", "Zm8=" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" },
    { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" },
    { "\xfb\xff\xfe", "+//+" },
};

enum { LIMIT = 8 };

START_TEST(the_vectors_of_the_standard_hold_both_ways)
{
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        xr_auto_buf encoded, plain;
        xr_buf_init(&encoded, LIMIT);
        xr_buf_init(&plain, LIMIT);
        ck_assert(xr_base64_encode(&encoded, vectors[i].plain, strlen(vectors[i].plain)));
        ck_assert_str_eq(encoded.at, vectors[i].encoded);
        ck_assert(xr_base64_decode(&plain, encoded.at, encoded.length));
        ck_assert_str_eq(plain.at, vectors[i].plain);
    }
}
END_TEST

START_TEST(every_byte_comes_back)
{
    char bytes[256];
    xr_auto_buf encoded, plain;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    for (size_t length = sizeof(bytes) - 3; length <= sizeof(bytes); length++) {
        xr_buf_init(&encoded, sizeof(bytes) * 2);
        xr_buf_init(&plain, length);
        ck_assert(xr_base64_encode(&encoded, bytes, length));
        ck_assert(xr_base64_decode(&plain, encoded.at, encoded.length));
        ck_assert_uint_eq(plain.length, length);
        ck_assert_mem_eq(plain.at, bytes, length);
        xr_buf_done(&encoded);
        xr_buf_done(&plain);
    }
    xr_buf_init(&encoded, 0);
    xr_buf_init(&plain, 0);
}
END_TEST

START_TEST(what_is_no_base64_is_refused)
{
    static const char *const others[] = { "Z", "Zg",
        "Zg=", "Zg===", "====", "Z===", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm-_",
        "Zm9vZ*==", "=Zg=", "Z=g=", "Zm9\xff" };

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        xr_auto_buf plain;
        xr_buf_init(&plain, 2 * LIMIT);
        ck_assert_msg(!xr_base64_decode(&plain, others[i], strlen(others[i])), "%s", others[i]);
    }
}
END_TEST

START_TEST(nothing_grows_beyond_its_limit)
{
    xr_auto_buf encoded, plain;

    xr_buf_init(&encoded, 7);
    xr_buf_init(&plain, 5);
    ck_assert(!xr_base64_encode(&encoded, "foob", 4));
    ck_assert(!xr_base64_decode(&plain, "Zm9vYmFy", 8));
}
END_TEST

/* ---- where it stands in a challenge ---- */

static void expect_blob(const char *value, const char *wanted)
{
    size_t length = 0;
    const char *blob = xr_http_blob(value, "NTLM", &length);

    ck_assert_msg((blob != NULL) == (wanted != NULL), "%s", value);
    if (wanted) {
        ck_assert_msg(length == strlen(wanted), "%s: %zu", value, length);
        ck_assert_msg(!strncmp(blob, wanted, length), "%s", value);
    }
}

START_TEST(the_message_is_found_among_several_challenges)
{
    expect_blob("NTLM TlRM", "TlRM");
    expect_blob("ntlm \t TlRM \t", "TlRM");
    expect_blob("Negotiate, NTLM TlRM==, Basic realm=\"x\"", "TlRM==");
    expect_blob("NTLM, NTLM TlRM", "TlRM");
    expect_blob("NTLM not base64, Basic", "not base64");
    expect_blob("Basic realm=\"a, NTLM b\\\", NTLM c\", NTLM d", "d");
}
END_TEST

START_TEST(a_challenge_without_a_message_has_none)
{
    static const char *const none[] = { "", "NTLM", "NTLM ", "NTLM , Negotiate YII=", "NTLMX TlRM",
        "Negotiate NTLM TlRM", "Basic realm=\"a, NTLM b\"", "Basic realm=\"a, NTLM b", ",,," };

    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        expect_blob(none[i], NULL);
}
END_TEST

XR_UNIT_MAIN("base64", the_vectors_of_the_standard_hold_both_ways, every_byte_comes_back,
    what_is_no_base64_is_refused, nothing_grows_beyond_its_limit,
    the_message_is_found_among_several_challenges, a_challenge_without_a_message_has_none)
