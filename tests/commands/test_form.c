#include <stdlib.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/form.h"
#include "analyzer/wire/tls.h"
#include "tests/unit.h"

static struct xr_arena *arena;

static struct xr_net net_with(const char *proxy_option)
{
    struct xr_form form;
    struct xr_net net;

    xr_form_init(&form);
    form.proxy = proxy_option;
    ck_assert_int_eq(xr_form_net(arena, &form, &net), 0);
    return net;
}

static void done(struct xr_net net)
{
    union {
        const struct xr_trust *shared;
        struct xr_trust *own;
    } trust = { net.trust };

    xr_trust_free(trust.own);
}

/* The proxy that is told as ignored. */
static const char *ignored_with(const char *proxy_option)
{
    struct xr_net net = net_with(proxy_option);

    done(net);
    return net.ignored_proxy;
}

START_TEST(the_proxy_of_the_environment_is_named_but_not_used)
{
    arena = xr_arena_new();
    ck_assert_int_eq(setenv("https_proxy", "http://joe:S3cret@proxy.test:3128", 1), 0);
    struct xr_net net = net_with(NULL);
    ck_assert_ptr_null(net.proxy);
    ck_assert_str_eq(net.ignored_proxy, "http://[redacted]@proxy.test:3128");
    ck_assert_ptr_nonnull(ignored_with("none"));
    ck_assert_ptr_nonnull(ignored_with("http://other.test:8080"));
    done(net);
    xr_arena_free(arena);
}
END_TEST

START_TEST(on_request_it_is_used)
{
    arena = xr_arena_new();
    ck_assert_int_eq(setenv("https_proxy", "http://proxy.test:3128", 1), 0);
    struct xr_net net = net_with("env");
    ck_assert_str_eq(net.proxy, "http://proxy.test:3128/");
    ck_assert_ptr_null(net.ignored_proxy);
    done(net);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("form", the_proxy_of_the_environment_is_named_but_not_used, on_request_it_is_used)
