#include <string.h>

#include "probes/host.h"
#include "tests/unit.h"

static struct xr_arena *arena;

#define ASSERT_HOST(text, expected_host, expected_port)               \
    do {                                                              \
        const char *host = NULL;                                      \
        uint16_t port = 0;                                            \
        arena = xr_arena_new();                                       \
        ck_assert_ptr_null(xr_host_parse(arena, text, &host, &port)); \
        ck_assert_str_eq(host, expected_host);                        \
        ck_assert_int_eq(port, expected_port);                        \
        xr_arena_free(arena);                                         \
    } while (0)

static void assert_refused(const char *text, const char *needle)
{
    const char *host;
    uint16_t port;

    arena = xr_arena_new();
    const char *why = xr_host_parse(arena, text, &host, &port);
    ck_assert_msg(why != NULL, "\"%s\" was taken for a host", text);
    ck_assert_msg(why && strstr(why, needle), "%s: %s", text, why ? why : "");
    xr_arena_free(arena);
}

START_TEST(names_become_a_labels_in_lower_case)
{
    ASSERT_HOST("mail.contoso.test", "mail.contoso.test", 443);
    ASSERT_HOST("MAIL.Contoso.Test.", "mail.contoso.test", 443);
    ASSERT_HOST("b\xc3\xbc"
                "cher.test:8443",
        "xn--bcher-kva.test", 8443);
    ASSERT_HOST("ex_01", "ex_01", 443);
}
END_TEST

START_TEST(addresses_are_hosts_too_those_of_ipv6_in_brackets)
{
    ASSERT_HOST("192.0.2.1", "192.0.2.1", 443);
    ASSERT_HOST("192.0.2.1:8443", "192.0.2.1", 8443);
    ASSERT_HOST("[2001:DB8::1]", "2001:db8::1", 443);
    ASSERT_HOST("[2001:db8::1]:65535", "2001:db8::1", 65535);
}
END_TEST

START_TEST(an_ipv6_address_alone_has_one_usual_form)
{
    arena = xr_arena_new();
    ck_assert_str_eq(xr_host_ipv6(arena, "2001:DB8:0::1"), "2001:db8::1");
    ck_assert_ptr_null(xr_host_ipv6(arena, "mail.contoso.test"));
    ck_assert_ptr_null(xr_host_ipv6(arena, "[::1]"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(what_people_write_instead_is_answered_with_what_to_write)
{
    assert_refused("https://mail.contoso.test/EWS/Exchange.asmx", "alone, mail.contoso.test");
    assert_refused("https://mail.contoso.test:8443", "alone, mail.contoso.test:8443");
    assert_refused("mail.contoso.test/EWS", "alone, mail.contoso.test");
    assert_refused("anna@contoso.test", "alone, contoso.test");
    assert_refused("2001:db8::1", "in brackets");
    assert_refused("2001:db8::1:443", "in brackets");
}
END_TEST

START_TEST(ports_are_numbers_from_1_to_65535)
{
    static const char *const texts[] = { "mail.test:", "mail.test:0", "mail.test:65536",
        "mail.test:+443", "mail.test:443x", "mail.test:https", "mail.test:00000000000443",
        "[2001:db8::1]:" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_refused(texts[i], "port");
}
END_TEST

START_TEST(what_is_no_host_is_refused)
{
    static const char *const texts[] = { "", ":443", ".", "a b.test", "mail..test", "[]",
        "[mail.test]", "[2001:db8::1", "[2001:db8::1]443", "[fe80::1%eth0]", "*.contoso.test",
        "mail\n.test",
        "\xe2\x80\xae"
        "mail.test" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_refused(texts[i], "");
}
END_TEST

XR_UNIT_MAIN("host", names_become_a_labels_in_lower_case,
    addresses_are_hosts_too_those_of_ipv6_in_brackets, an_ipv6_address_alone_has_one_usual_form,
    what_people_write_instead_is_answered_with_what_to_write, ports_are_numbers_from_1_to_65535,
    what_is_no_host_is_refused)
