/* What hides a secret from a plain search, and how long the search may take. */
#include <string.h>

#include "analyzer/base/clock.h"
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

XR_UNIT_MAIN("scrub", json_escapes_hide_nothing,
    json_around_or_inside_of_another_encoding_hides_nothing,
    json_escapes_hide_no_other_form_of_the_secret, json_that_does_not_hold_the_secret_stays,
    a_second_secret_is_hidden_like_the_first, a_second_secret_needs_no_first,
    a_secret_that_is_a_part_of_the_other_leaves_nothing_of_it,
    an_answer_made_to_be_slow_is_searched_in_linear_time)
