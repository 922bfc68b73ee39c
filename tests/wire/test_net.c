#include "analyzer/wire/net.h"
#include "tests/unit.h"

START_TEST(connect_to_follows_curls_syntax)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_net net = { 0 };

    ck_assert_ptr_null(xr_net_add_connect_to(arena, &net, "mail.contoso.test:443:other.test:8443"));
    ck_assert_ptr_null(xr_net_add_connect_to(arena, &net, ":80::8080"));
    ck_assert_ptr_null(xr_net_add_connect_to(arena, &net, "v6.test::[2001:db8::1]:"));
    struct xr_route route = xr_net_route(&net, "MAIL.contoso.test", 443);
    ck_assert_str_eq(route.host, "other.test");
    ck_assert_uint_eq(route.port, 8443);
    route = xr_net_route(&net, "any.test", 80);
    ck_assert_str_eq(route.host, "any.test");
    ck_assert_uint_eq(route.port, 8080);
    route = xr_net_route(&net, "v6.test", 993);
    ck_assert_str_eq(route.host, "2001:db8::1");
    ck_assert_uint_eq(route.port, 993);
    ck_assert_uint_eq(xr_net_route(&net, "any.test", 443).port, 443);
    xr_arena_free(arena);
}
END_TEST

START_TEST(resolve_takes_addresses_only)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_net net = { 0 };

    ck_assert_ptr_null(xr_net_add_resolve(arena, &net, "mail.test:443:192.0.2.1,[2001:db8::1]"));
    const char *const *addresses = xr_net_resolved(&net, "Mail.test", 443);
    ck_assert_str_eq(addresses[0], "192.0.2.1");
    ck_assert_str_eq(addresses[1], "2001:db8::1");
    ck_assert_ptr_null(addresses[2]);
    ck_assert_ptr_null(xr_net_resolved(&net, "mail.test", 80));
    xr_arena_free(arena);
}
END_TEST

START_TEST(what_is_not_of_the_syntax_is_refused)
{
    static const char *const resolves[] = { "", "a", "a:1", "a:x:1.2.3.4", "a:1:name",
        "a:1:", ":1:1.2.3.4", "a:70000:1.2.3.4", "a:1:1.2.3.4," };
    static const char *const rules[] = { "", "a", "a:1:b", "a:x:b:1", "a:1:b:1:c", "[::1:1:b:1" };
    struct xr_arena *arena = xr_arena_new();
    struct xr_net net = { 0 };

    for (size_t i = 0; i < sizeof(resolves) / sizeof(*resolves); i++)
        ck_assert_msg(xr_net_add_resolve(arena, &net, resolves[i]) != NULL, "%s", resolves[i]);
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
        ck_assert_msg(xr_net_add_connect_to(arena, &net, rules[i]) != NULL, "%s", rules[i]);
    ck_assert_ptr_null(xr_dns_server_flaw(arena, "127.0.0.1:5353"));
    ck_assert_ptr_null(xr_dns_server_flaw(arena, "[::1]:53"));
    ck_assert_ptr_nonnull(xr_dns_server_flaw(arena, "dns.example"));
    ck_assert_ptr_nonnull(xr_dns_server_flaw(arena, "127.0.0.1:0"));
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("net", connect_to_follows_curls_syntax, resolve_takes_addresses_only,
    what_is_not_of_the_syntax_is_refused)
