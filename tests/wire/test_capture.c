#include <string.h>

#include "analyzer/wire/capture.h"
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
    ck_assert_str_eq(redacted(arena, "Cookie: a=b"), "[not shown]");
    ck_assert_str_eq(redacted(arena, "X-Anything-Else: secret"), "[not shown]");
    ck_assert_str_eq(redacted(arena, "x-feserver: EX01"), "EX01");
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

/* A server that echoes what it got must not bring the password into a report. */
START_TEST(an_echoed_secret_is_scrubbed)
{
    struct xr_secret secret = xr_secret_new("hunter22", 8);
    char echo[] = "pw=hunter22 again hunter22 Basic c3ZjOmh1bnRlcjIy end";

    xr_scrub(echo, strlen(echo), "svc", secret);
    ck_assert_str_eq(echo, "pw=******** again ******** Basic **************** end");
    char nothing[] = "untouched";
    xr_scrub(nothing, strlen(nothing), NULL, (struct xr_secret){ NULL });
    ck_assert_str_eq(nothing, "untouched");
    xr_secret_done(&secret);
}
END_TEST

XR_UNIT_MAIN("capture", credentials_and_cookies_are_never_shown, what_is_no_header_is_left_out,
    an_echoed_secret_is_scrubbed)
