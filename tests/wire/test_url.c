#include "analyzer/wire/url.h"
#include "tests/unit.h"

START_TEST(an_https_url_is_taken_apart)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_url url;

    ck_assert_ptr_null(
        xr_url_parse(arena, "https://MAIL.contoso.test/EWS/Exchange.asmx?a=b", &url));
    ck_assert_str_eq(url.host, "mail.contoso.test");
    ck_assert_str_eq(url.path, "/EWS/Exchange.asmx?a=b");
    ck_assert_uint_eq(url.port, 443);
    ck_assert(url.https);
    ck_assert_ptr_null(xr_url_parse(arena, "http://[2001:db8::1]:8080", &url));
    ck_assert_str_eq(url.host, "2001:db8::1");
    ck_assert_uint_eq(url.port, 8080);
    ck_assert(!url.https);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_name_is_sent_in_a_labels_whatever_the_locale)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_url url;

    ck_assert_ptr_null(xr_url_parse(arena,
        "https://b\xc3\xbc"
        "cher.contoso.test/ews",
        &url));
    ck_assert_str_eq(url.host, "xn--bcher-kva.contoso.test");
    ck_assert_str_eq(url.text, "https://xn--bcher-kva.contoso.test/ews");
    ck_assert_ptr_null(xr_url_parse(arena, "https://[::1]:8443/ews", &url));
    ck_assert_str_eq(url.text, "https://[::1]:8443/ews");
    xr_arena_free(arena);
}
END_TEST

START_TEST(what_could_mislead_is_refused)
{
    static const char *const bad[] = { "", "mail.contoso.test", "ftp://a.test/",
        "file:///etc/passwd", "gopher://a.test/", "javascript:alert(1)", "https://",
        "https:///path", "https://user@a.test/", "https://user:pw@a.test/",
        "https://a.test\\@evil.test/", "https://a.test /x", "https://a..test/",
        "https://a.test/\r\nHost: evil", "https://a.test:0x50/", "https://a.test:99999/",
        "http://127.1./", "http://169.254.43518./", "http://a.0x7f./",
        "https://\xe2\x80\xae"
        "a.test/" };
    struct xr_arena *arena = xr_arena_new();
    struct xr_url url;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(xr_url_parse(arena, bad[i], &url) != NULL, "%s", bad[i]);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_location_is_resolved_against_its_base)
{
    static const struct {
        const char *location, *expected;
    } rows[] = {
        { "/owa/", "https://mail.contoso.test/owa/" },
        { "https://other.test/x", "https://other.test/x" },
        { "//evil.test/x", "https://evil.test/x" },
        { "next.xml", "https://mail.contoso.test/autodiscover/next.xml" },
        { "https://mail.contoso.test:443/y", "https://mail.contoso.test/y" },
    };
    struct xr_arena *arena = xr_arena_new();
    struct xr_url base, url;

    ck_assert_ptr_null(xr_url_parse(arena, "https://mail.contoso.test/autodiscover/a.xml", &base));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        ck_assert_ptr_null(xr_url_resolve(arena, &base, rows[i].location, &url));
        ck_assert_str_eq(url.text, rows[i].expected);
    }
    ck_assert_ptr_nonnull(xr_url_resolve(arena, &base, "file:///etc/passwd", &url));
    ck_assert_ptr_nonnull(xr_url_resolve(arena, &base, "https://u:p@evil.test/", &url));
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("url", an_https_url_is_taken_apart, a_name_is_sent_in_a_labels_whatever_the_locale,
    what_could_mislead_is_refused, a_location_is_resolved_against_its_base)
