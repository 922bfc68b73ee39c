#include "probes/policy.h"
#include "tests/unit.h"

/* The law is CONTRACT section 8, "Credentials". */
static const char *const allowed[] = { "partner.example", NULL };
static const struct xr_target target = { .allow_redirect = allowed };
static const struct xr_ctx ctx = {
    .target = &target,
    .mail_domain = "contoso.test",
    .named_host = "ews.hoster.example",
    .vouched = "mail.fabrikam.example",
};

START_TEST(the_organisations_own_hosts_may_receive_secrets)
{
    static const char *const hosts[] = { "contoso.test", "mail.contoso.test", "a.b.contoso.test",
        "MAIL.CONTOSO.TEST", "mail.contoso.test.", "ews.hoster.example", "partner.example",
        "mail.fabrikam.example" };

    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        ck_assert_msg(xr_policy_may_receive(&ctx, hosts[i]), "%s", hosts[i]);
        ck_assert_ptr_nonnull(xr_policy_reason(&ctx, hosts[i]));
    }
}
END_TEST

/* Look-alikes, parents, siblings, children of what was named exactly: all strangers. */
START_TEST(nobody_else_may)
{
    static const char *const hosts[] = { "evilcontoso.test", "contoso.test.evil.example", "test",
        "autodiscover.test", "contoso.com", "hoster.example", "x.ews.hoster.example",
        "www.partner.example", "fabrikam.example", "outlook.office365.com",
        "autodiscover-s.outlook.com", "127.0.0.1", "", "xn--contso-8ya.test" };

    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
        ck_assert_msg(!xr_policy_may_receive(&ctx, hosts[i]), "%s", hosts[i]);
}
END_TEST

START_TEST(nothing_named_means_the_mail_domain_alone)
{
    static const char *const none[] = { NULL };
    static const struct xr_target plain = { .allow_redirect = none };
    static const struct xr_ctx bare = { .target = &plain, .mail_domain = "contoso.test" };

    ck_assert(xr_policy_may_receive(&bare, "mail.contoso.test"));
    ck_assert(!xr_policy_may_receive(&bare, "partner.example"));
}
END_TEST

XR_UNIT_MAIN("policy", the_organisations_own_hosts_may_receive_secrets, nobody_else_may,
    nothing_named_means_the_mail_domain_alone)
