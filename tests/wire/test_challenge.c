#include <string.h>
#include <time.h>

#include "analyzer/wire/challenge.h"
#include "tests/unit.h"
#include "tests/wire/samples.h"

enum { VALUES_MAX = 4 };

/* The answer to the header lines; NULL ends the list. */
static struct xr_challenge challenge_of(struct xr_arena *arena, const char *const *values)
{
    struct xr_header headers[VALUES_MAX + 1] = { { NULL, "Server", "Basic realm=\"no\"" } };
    struct xr_challenge challenge;

    for (size_t i = 0; i < VALUES_MAX && values[i]; i++) {
        headers[i + 1] = (struct xr_header){ NULL, "www-authenticate", values[i] };
        headers[i].next = &headers[i + 1];
    }
    xr_challenge_parse(arena, headers, &challenge);
    return challenge;
}

START_TEST(challenges_are_taken_apart)
{
    static const struct {
        const char *values[VALUES_MAX];
        const char *schemes, *realm, *authority;
        bool any;
    } cases[] = {
        { { NULL }, "", NULL, NULL, false },
        { { "" }, "", NULL, NULL, true },
        { { "Negotiate", "NTLM", "Basic realm=\"mail.contoso.test\"" }, "Negotiate, NTLM, Basic",
            "mail.contoso.test", NULL, true },
        { { "Negotiate, NTLM,Basic realm=\"a, b \\\"c\\\"\" , Digest" },
            "Negotiate, NTLM, Basic, Digest", "a, b \"c\"", NULL, true },
        { { "negotiate NTLM basic Realm=\"\"" }, "negotiate, NTLM, basic", "", NULL, true },
        { { "NTLM TlRMTVNTUAACAAAADAAMADgAAAAFgomi==, Negotiate YII=,Basic realm = x" },
            "NTLM, Negotiate, Basic", "x", NULL, true },
        { { "NTLM TlRMTVNTUAACAAAA" }, "NTLM", NULL, NULL, true },
        { { "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", "
            "trusted_issuers=\"00000001-0000-0000-c000-000000000000@*\", "
            "token_types=\"app_asserted_user_v1 service_asserted_app_v1\", "
            "authorization_uri=\"https://login.windows.net/common/oauth2/authorize\", "
            "error=\"invalid_token\",Basic Realm=\"\"" },
            "Bearer, Basic", "", "https://login.windows.net/common/oauth2/authorize", true },
        { { "Bearer realm=\"not Basic's\", Custom-1 a=b, c=\"d\", X" }, "Bearer, Custom-1, X", NULL,
            NULL, true },
        { { "Basic realm=\"x\"", "Basic realm=\"y\"", "BASIC" }, "Basic", "x", NULL, true },
        { { "Basic realm=\"x\" NTLM" }, "Basic, NTLM", "x", NULL, true },
        { { "Basic realm=\"never closed, NTLM" }, "Basic", "never closed, NTLM", NULL, true },
        { { "Basic realm=\"ends in \\" }, "Basic", "ends in \\", NULL, true },
        { { ",, = \"Basic\" ,=, realm=\"x\"" }, "", NULL, NULL, true },
        { { "<script>, \x1b[31m, Basic" }, "Basic", NULL, NULL, true },
    };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct xr_challenge challenge = challenge_of(arena, cases[i].values);
        ck_assert_str_eq(challenge.schemes, cases[i].schemes);
        ck_assert_pstr_eq(challenge.realm, cases[i].realm);
        ck_assert_pstr_eq(challenge.authority, cases[i].authority);
        ck_assert_int_eq(challenge.any, cases[i].any);
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(schemes_are_told_in_any_letter_case)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_challenge all =
        challenge_of(arena, (const char *const[]){ "BASIC, ntlm", "NEGOTIATE", "bearer", NULL });
    struct xr_challenge other =
        challenge_of(arena, (const char *const[]){ "Basically, NTLM2, Bearers", NULL });

    ck_assert(all.basic && all.ntlm && all.negotiate && all.bearer);
    ck_assert(!other.basic && !other.ntlm && !other.negotiate && !other.bearer);
    ck_assert_str_eq(other.schemes, "Basically, NTLM2, Bearers");
    xr_arena_free(arena);
}
END_TEST

/* 256 KiB of header, the most that is read: quoted strings, schemes, commas without end. */
START_TEST(long_headers_take_little_time_and_room)
{
    static const char *const parts[] = { "a=\"\",", "\"", "S,", ",", "=", "x y z ", "\\\"" };
    enum { HEADER_MAX = 256 * 1024, MILLISECONDS_MAX = 2000 };

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        struct xr_arena *arena = xr_arena_new();
        size_t part = strlen(parts[i]);
        char *value = xr_alloc(arena, HEADER_MAX + 8);
        for (size_t at = 0; at + part < HEADER_MAX; at += part)
            memcpy(value + at, parts[i], part);
        clock_t start = clock();
        struct xr_challenge challenge = challenge_of(arena, (const char *const[]){ value, NULL });
        ck_assert_int_lt((clock() - start) * 1000 / CLOCKS_PER_SEC, MILLISECONDS_MAX);
        ck_assert_uint_le(strlen(challenge.schemes), 400);
        xr_arena_free(arena);
    }
}
END_TEST

START_TEST(random_headers_do_no_harm)
{
    static const char alphabet[] = "Basic NTLM,,==\"\"\\\\ \trealm authorization_uri Bearer";
    struct xr_arena *arena = xr_arena_new();
    uint32_t state = 4711;

    for (int i = 0; i < 20000; i++) {
        char value[64] = "";
        size_t length = next_random(&state) % (sizeof(value) - 1);
        for (size_t k = 0; k < length; k++)
            value[k] = alphabet[next_random(&state) % (sizeof(alphabet) - 1)];
        struct xr_challenge challenge = challenge_of(arena, (const char *const[]){ value, NULL });
        ck_assert(challenge.any);
    }
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("challenge", challenges_are_taken_apart, schemes_are_told_in_any_letter_case,
    long_headers_take_little_time_and_room, random_headers_do_no_harm)
