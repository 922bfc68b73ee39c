#include "analyzer/wire/microsoft_365.h"
#include "tests/unit.h"

static const char *host_of(const struct xr_cloud *cloud)
{
    return cloud ? cloud->host : NULL;
}

START_TEST(mail_exchangers_tell_the_cloud)
{
    static const struct {
        const char *exchange, *host;
    } cases[] = {
        { "contoso-com.mail.protection.outlook.com", "outlook.office365.com" },
        { "Contoso-Com.Mail.Protection.Outlook.COM.", "outlook.office365.com" },
        { "contoso-com.a-v1.mx.microsoft", "outlook.office365.com" },
        { "contoso-com.mail.protection.office365.us", "outlook.office365.us" },
        { "contoso-cn.mail.protection.partner.outlook.cn", "partner.outlook.cn" },
        { "mail.contoso.test", NULL },
        { "outlook.com", NULL },
        { "", NULL },
        { ".", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        ck_assert_pstr_eq(host_of(xr_cloud_of_mx(cases[i].exchange)), cases[i].host);
        ck_assert_int_eq(xr_is_exchange_online_mx(cases[i].exchange), cases[i].host != NULL);
    }
}
END_TEST

START_TEST(look_alikes_are_none)
{
    static const char *const names[] = { "contoso-com.mail.protection.outlook.com.evil.test",
        "contoso-commail.protection.outlook.com", "evilmail.protection.outlook.com",
        "mail.protection.outlook.com", "mx.microsoft", "autodiscover.outlook.com.evil.test",
        "xautodiscover.outlook.com", "a.autodiscover.outlook.com",
        "outlook.office365.com.evil.test", "evil-outlook.office365.com", "evil-outlook.com",
        "outlook.com.evil.test", "onmicrosoft.com", "OnMicrosoft.com.", "onmicrosoft.us",
        "partner.onmschina.cn", "contoso.onmschina.cn", "contoso.onmicrosoft.com.evil.test",
        "contosoonmicrosoft.com", "contoso.onmicrosoft.de", "office365.com", "" };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        ck_assert_msg(!xr_cloud_of_mx(names[i]), "%s", names[i]);
        ck_assert_msg(!xr_cloud_of_cname(names[i]), "%s", names[i]);
        ck_assert_msg(!xr_cloud_of_host(names[i]), "%s", names[i]);
        ck_assert_msg(!xr_cloud_of_mail_domain(names[i]), "%s", names[i]);
    }
}
END_TEST

START_TEST(aliases_of_autodiscover_tell_the_cloud)
{
    static const struct {
        const char *target, *host;
    } cases[] = {
        { "autodiscover.outlook.com.", "outlook.office365.com" },
        { "AUTODISCOVER.office365.us", "outlook.office365.us" },
        { "autodiscover-dod.office365.us", "outlook-dod.office365.us" },
        { "autodiscover.partner.outlook.cn", "partner.outlook.cn" },
        { "outlook.office365.com", NULL },
        { "autodiscover.contoso.test", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_pstr_eq(host_of(xr_cloud_of_cname(cases[i].target)), cases[i].host);
}
END_TEST

START_TEST(hosts_of_urls_tell_the_cloud)
{
    const struct xr_cloud *cloud = xr_cloud_of_host("outlook.office365.com");

    ck_assert_ptr_nonnull(cloud);
    ck_assert_str_eq(cloud->name, "Microsoft 365");
    ck_assert_str_eq(cloud->ews_url, "https://outlook.office365.com/EWS/Exchange.asmx");
    ck_assert_str_eq(cloud->login_host, "login.microsoftonline.com");
    ck_assert_ptr_eq(xr_cloud_of_host("autodiscover-s.outlook.com"), cloud);
    ck_assert_str_eq(host_of(xr_cloud_of_host("webmail.apps.mil")), "outlook-dod.office365.us");
    ck_assert_ptr_null(xr_cloud_of_host("mail.contoso.test"));
}
END_TEST

/* What http://autodiscover.DOMAIN and applications are sent to. */
START_TEST(hosts_of_redirects_tell_the_cloud)
{
    static const struct {
        const char *target, *host;
    } cases[] = {
        { "autodiscover-s.outlook.com", "outlook.office365.com" },
        { "Autodiscover.Outlook.com", "outlook.office365.com" },
        { "outlook.office365.com.", "outlook.office365.com" },
        { "outlook.office.com", "outlook.office365.com" },
        { "outlook.com", "outlook.office365.com" },
        { "autodiscover-s.office365.us", "outlook.office365.us" },
        { "autodiscover-s-dod.office365.us", "outlook-dod.office365.us" },
        { "autodiscover-s.partner.outlook.cn", "partner.outlook.cn" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_pstr_eq(host_of(xr_cloud_of_host(cases[i].target)), cases[i].host);
}
END_TEST

START_TEST(mail_domains_of_tenants_tell_the_cloud)
{
    static const struct {
        const char *domain, *host;
    } cases[] = {
        { "contoso.onmicrosoft.com", "outlook.office365.com" },
        { "contoso.mail.onmicrosoft.com", "outlook.office365.com" },
        { "Contoso.OnMicrosoft.Com.", "outlook.office365.com" },
        { "contoso.onmicrosoft.us", "outlook.office365.us" },
        { "contoso.partner.onmschina.cn", "partner.outlook.cn" },
        { "contoso.mail.partner.onmschina.cn", "partner.outlook.cn" },
        { "contoso.test", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        ck_assert_pstr_eq(host_of(xr_cloud_of_mail_domain(cases[i].domain)), cases[i].host);
        ck_assert_ptr_null(xr_cloud_of_host(cases[i].domain));
    }
}
END_TEST

XR_UNIT_MAIN("microsoft-365", mail_exchangers_tell_the_cloud, look_alikes_are_none,
    aliases_of_autodiscover_tell_the_cloud, hosts_of_urls_tell_the_cloud,
    hosts_of_redirects_tell_the_cloud, mail_domains_of_tenants_tell_the_cloud)
