#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/clock.h"
#include "analyzer/wire/capture.h"
#include "analyzer/wire/scrub.h"
#include "tests/unit.h"

static const char *redacted(struct xr_arena *arena, const char *line)
{
    return xr_redacted_header(arena, xr_capture_header(arena, line, strlen(line)))->value;
}

START_TEST(credentials_and_cookies_are_never_shown)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(redacted(arena, "Authorization: Basic dXNlcjpwdw=="), "Basic [redacted]");
    ck_assert_str_eq(redacted(arena, "proxy-authorization: NTLM TlRMTVNTUAAD"), "NTLM [redacted]");
    ck_assert_str_eq(redacted(arena, "Set-Cookie: cadata=secret; path=/"), "cadata=[redacted]");
    ck_assert_str_eq(
        redacted(arena, "WWW-Authenticate: NTLM TlRMTVNT"), "NTLM [message of 8 characters]");
    ck_assert_str_eq(redacted(arena, "WWW-Authenticate: Basic realm=\"x\""), "Basic realm=\"x\"");
    ck_assert_str_eq(
        redacted(arena, "WWW-Authenticate: Negotiate, ntlm TlRM TVNT , Basic realm=\"a, NTLM b\""),
        "Negotiate, ntlm [message of 9 characters] , Basic realm=\"a, NTLM b\"");
    ck_assert_str_eq(redacted(arena, "WWW-Authenticate: NTLM a,Negotiate YII=,NTLM bc"),
        "NTLM [message of 1 characters],Negotiate [message of 4 characters],"
        "NTLM [message of 2 characters]");
    ck_assert_str_eq(redacted(arena, "Cookie: a=b"), "[not shown]");
    ck_assert_str_eq(redacted(arena, "X-Anything-Else: secret"), "[not shown]");
    ck_assert_str_eq(redacted(arena, "x-feserver: EX01"), "EX01");
    xr_arena_free(arena);
}
END_TEST

/* It took gigabytes, and half a minute. */
START_TEST(a_challenge_of_many_messages_costs_little_and_is_cut_off)
{
    enum { N = 14000, SHOWN = 8 * 1024 };
    static const char piece[] = "NTLM a,", name[] = "WWW-Authenticate: ";
    struct xr_arena *arena = xr_arena_new();
    int64_t begin = xr_now_us();
    xr_auto_buf line;

    xr_buf_init(&line, 1024 * 1024);
    xr_buf_puts(&line, name);
    for (int i = 0; i < N; i++)
        xr_buf_puts(&line, piece);
    const char *shown = redacted(arena, line.at);
    ck_assert_int_lt((int)((xr_now_us() - begin) / 1000), 1000);
    ck_assert_uint_lt(strlen(shown), SHOWN + 100);
    ck_assert_ptr_nonnull(strstr(shown + SHOWN - 1, " [cut off: "));
    ck_assert_int_eq(strncmp(shown, "NTLM [message of 1 characters],NTLM [", 37), 0);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_long_value_is_cut_off_between_characters)
{
    enum { N = 5000 };
    struct xr_arena *arena = xr_arena_new();
    xr_auto_buf line;

    xr_buf_init(&line, 1024 * 1024);
    xr_buf_puts(&line, "X-FEServer: a");
    for (int i = 0; i < N; i++)
        xr_buf_puts(&line, "\xc3\xa4");
    const char *shown = redacted(arena, line.at);
    ck_assert_ptr_nonnull(strstr(shown, "\xc3\xa4 [cut off: 10001 bytes in all]"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(what_is_no_header_is_left_out)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_ptr_null(xr_capture_header(arena, "no colon", 8));
    ck_assert_ptr_null(xr_capture_header(arena, ": value", 7));
    xr_arena_free(arena);
}
END_TEST

static void scrub(char *bytes, size_t length, const char *account, struct xr_secret secret)
{
    struct xr_scrubber *scrubber = xr_scrubber_new(account, secret);

    xr_scrub(scrubber, bytes, length);
    xr_scrubber_free(scrubber);
}

/* A server that echoes what it got must not bring the password into a report. */
START_TEST(an_echoed_secret_is_scrubbed)
{
    struct xr_secret secret = xr_secret_new("hunter22", 8);
    char echo[] = "pw=hunter22 again hunter22 Basic c3ZjOmh1bnRlcjIy end";

    scrub(echo, strlen(echo), "svc", secret);
    ck_assert_str_eq(echo, "pw=******** again ******** Basic **************** end");
    char nothing[] = "untouched";
    scrub(nothing, strlen(nothing), NULL, (struct xr_secret){ NULL });
    ck_assert_str_eq(nothing, "untouched");
    xr_secret_done(&secret);
}
END_TEST

static const char *scrubbed(struct xr_arena *arena, const char *text, size_t length)
{
    struct xr_secret secret = xr_secret_new("p&ss<w0rd", 9);
    char *copy = xr_strndup(arena, text, length);

    scrub(copy, length, "svc", secret);
    xr_secret_done(&secret);
    return copy;
}

START_TEST(a_secret_is_found_in_base64_and_utf16)
{
    static const char wide[] = "p\0&\0s\0s\0<\0w\0"
                               "0\0r\0d\0";
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(scrubbed(arena, "a cCZzczx3MHJk b", 16), "a ************ b");
    ck_assert_str_eq(scrubbed(arena, "a eHAmc3M8dzByZA== b", 20), "a eH***********A== b");
    ck_assert_str_eq(scrubbed(arena, "a eHhwJnNzPHcwcmQ= b", 20), "a eHh***********Q= b");
    ck_assert_mem_eq(scrubbed(arena, wide, 18), "*****************", 17);
    xr_arena_free(arena);
}
END_TEST

/* What a reader decodes must not bring the secret back; what is not the secret stays. */
START_TEST(an_encoded_secret_takes_the_whole_answer_with_it)
{
    static const char *const echoes[] = { "p&amp;ss&lt;w0rd", "p&#38;ss&#x3c;w0rd", "p%26ss%3cw0rd",
        "<a>p&amp;s<![CDATA[s<w0]]>rd</a>", "p&amp;s<!-- > -->s&lt;w0rd",
        "<a>p&amp;s<b/>s&lt;w0rd</a>" };
    static const char harmless[] = "&amp; &#38; &#x; &# & %4 % <a b]]> <![CDATA[ <!-- p&amp;ss";
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(echoes) / sizeof(*echoes); i++) {
        const char *left = scrubbed(arena, echoes[i], strlen(echoes[i]));
        ck_assert_uint_eq(strspn(left, "*"), strlen(echoes[i]));
    }
    ck_assert_str_eq(scrubbed(arena, harmless, strlen(harmless)), harmless);
    xr_arena_free(arena);
}
END_TEST

/* "P\u00e4ssw\u00f6rd" as serializers write it, and as UTF-16 of either kind. */
START_TEST(letters_beyond_ascii_are_found_too)
{
    static const char *const echoes[] = { "a P&#228;ssw&#xF6;rd b", "&#x00000050;&#xE4;sswörd",
        "P%C3%A4ssw%c3%b6rd" };
    static const char little[] = "P\0\xe4\0s\0s\0w\0\xf6\0r\0d\0";
    static const char big[] = "\0P\0\xe4\0s\0s\0w\0\xf6\0r\0d";
    struct xr_secret secret = xr_secret_new("Pässwörd", strlen("Pässwörd"));
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(echoes) / sizeof(*echoes); i++) {
        char *copy = xr_strdup(arena, echoes[i]);
        scrub(copy, strlen(copy), "svc", secret);
        ck_assert_uint_eq(strspn(copy, "*"), strlen(echoes[i]));
    }
    char *wide = xr_strndup(arena, little, 16);
    scrub(wide, 16, "svc", secret);
    ck_assert_mem_eq(wide, "****************", 16);
    wide = xr_strndup(arena, big, 16);
    scrub(wide, 16, "svc", secret);
    ck_assert_mem_eq(wide, "****************", 16);
    xr_arena_free(arena);
    xr_secret_done(&secret);
}
END_TEST

XR_UNIT_MAIN("capture", a_secret_is_found_in_base64_and_utf16,
    an_encoded_secret_takes_the_whole_answer_with_it, credentials_and_cookies_are_never_shown,
    a_challenge_of_many_messages_costs_little_and_is_cut_off,
    a_long_value_is_cut_off_between_characters, what_is_no_header_is_left_out,
    an_echoed_secret_is_scrubbed, letters_beyond_ascii_are_found_too)
