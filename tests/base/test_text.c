#include <string.h>

#include "analyzer/base/text.h"
#include "tests/unit.h"

static struct xr_arena *arena;

static void check_utf8(const char *bytes, size_t length, const char *expected)
{
    ck_assert_str_eq(xr_utf8(arena, bytes, length), expected);
}

START_TEST(what_is_no_utf8_becomes_the_replacement_character)
{
    arena = xr_arena_new();
    check_utf8("plain", 5, "plain");
    check_utf8("a\0b", 3,
        "a\xef\xbf\xbd"
        "b");
    check_utf8("\xc0\xaf", 2, "\xef\xbf\xbd\xef\xbf\xbd");                 /* an overlong slash */
    check_utf8("\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
    check_utf8("\xe2\x82", 2, "\xef\xbf\xbd\xef\xbf\xbd");                 /* cut off */
    check_utf8("\xf4\x90\x80\x80", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check_utf8("\xe2\x82\xac\xf0\x9f\x98\x80", 7, "\xe2\x82\xac\xf0\x9f\x98\x80");
    xr_arena_free(arena);
}
END_TEST

START_TEST(nothing_invisible_is_shown_raw)
{
    arena = xr_arena_new();
    ck_assert_str_eq(xr_visible(arena, "a\x1b[2Jb\nc\td"), "a\\x1b[2Jb\\nc\\td");
    ck_assert_str_eq(xr_visible(arena, "\xe2\x80\xae"
                                       "evil\xc2\x9b"),
        "\\u202eevil\\x9b");
    ck_assert_str_eq(xr_visible(arena, "J\xc3\xbcrgen"), "J\xc3\xbcrgen");
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_domain_holds_itself_and_what_lies_below)
{
    ck_assert(xr_is_in_domain("contoso.test", "contoso.test"));
    ck_assert(xr_is_in_domain("Mail.Contoso.TEST.", "contoso.test"));
    ck_assert(!xr_is_in_domain("evilcontoso.test", "contoso.test"));
    ck_assert(!xr_is_in_domain("contoso.test.evil.test", "contoso.test"));
    ck_assert(!xr_is_in_domain("test", "contoso.test"));
    ck_assert(!xr_is_in_domain("contoso.test", ""));
}
END_TEST

START_TEST(host_names_become_a_labels)
{
    const char *why;

    arena = xr_arena_new();
    ck_assert_str_eq(xr_host_ascii(arena, "MAIL.Contoso.test.", &why), "mail.contoso.test");
    ck_assert_str_eq(xr_host_ascii(arena,
                         "b\xc3\xbc"
                         "cher.test",
                         &why),
        "xn--bcher-kva.test");
    ck_assert_str_eq(xr_host_ascii(arena, "ex_01.corp", &why), "ex_01.corp");
    ck_assert_str_eq(xr_host_ascii(arena, "2001:db8::1", &why), "2001:db8::1");
    static const char *const bad[] = { "", ".", "a..b", "a b.test", "a/b", "a@b", "-\x01.test" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        ck_assert_msg(!xr_host_ascii(arena, bad[i], &why), "%s", bad[i]);
        ck_assert_ptr_nonnull(why);
    }
    char label[80];
    memset(label, 'a', 70);
    memcpy(label + 64, ".test", 6);
    ck_assert_ptr_null(xr_host_ascii(arena, label, &why));
    xr_arena_free(arena);
}
END_TEST

START_TEST(addresses_are_told_from_what_is_none)
{
    static const char *const good[] = { "anna@contoso.test", "a.b+c@sub.contoso.test",
        "o'neil@contoso.test", "\"a b\"@contoso.test",
        "anna@b\xc3\xbc"
        "cher.test" };
    static const char *const bad[] = { "", "anna", "@contoso.test", "anna@", "anna@localhost",
        "a b@contoso.test", "anna@contoso..test", ".anna@contoso.test", "anna.@contoso.test",
        "a..b@contoso.test", "anna@127.0.0.1", "CONTOSO\\anna", "anna@con toso.test",
        "anna\n@contoso.test", "anna@@contoso.test", "<anna@contoso.test>",
        "anna@contoso.test\xe2\x80\xae" };
    struct xr_address address;
    const char *why;

    arena = xr_arena_new();
    for (size_t i = 0; i < 3; i++)
        ck_assert_msg(xr_address_parse(arena, good[i], &address, &why), "%s: %s", good[i], why);
    ck_assert(xr_address_parse(arena, good[4], &address, &why));
    ck_assert_str_eq(address.domain, "xn--bcher-kva.test");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(!xr_address_parse(arena, bad[i], &address, &why), "%s", bad[i]);
    xr_arena_free(arena);
}
END_TEST

START_TEST(xml_is_escaped_and_controls_are_left_out)
{
    arena = xr_arena_new();
    ck_assert_str_eq(
        xr_xml_escape(arena, "<a b=\"c\">&'\x01\x1b"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
    xr_arena_free(arena);
}
END_TEST

START_TEST(the_nearest_word_is_suggested)
{
    static const char *const words[] = { "mailbox", "account", "json", "html", "M", NULL };

    ck_assert_str_eq(xr_nearest("mailbx", words), "mailbox");
    ck_assert_str_eq(xr_nearest("acount", words), "account");
    ck_assert_ptr_null(xr_nearest("something", words));
    ck_assert_ptr_null(xr_nearest("", words));
    ck_assert_ptr_null(xr_nearest("X", words)); /* no more like M than like any other */
    ck_assert_str_eq(xr_nearest("m", words), "M");
    ck_assert_str_eq(xr_nearest("jsno", words), "json");
}
END_TEST

XR_UNIT_MAIN("text", what_is_no_utf8_becomes_the_replacement_character,
    nothing_invisible_is_shown_raw, a_domain_holds_itself_and_what_lies_below,
    host_names_become_a_labels, addresses_are_told_from_what_is_none,
    xml_is_escaped_and_controls_are_left_out, the_nearest_word_is_suggested)
