#include "analyzer/wire/microsoft_365.h"

#include <stddef.h>
#include <string.h>

#include "analyzer/base/text.h"

enum { NAMES_MAX = 5 };

/*
 * Exchange Online in its clouds. The one for Germany was closed in 2021. Inbound mail with DANE
 * has names of its own: contoso-com.a-v1.mx.microsoft. What is known here of the clouds of the
 * United States and of China is no more than documentation tells: a wrong name is corrected here.
 */
static const struct row {
    struct xr_cloud cloud;
    const char *mx[NAMES_MAX];    /* the domains below which the mail exchangers are */
    const char *cname[NAMES_MAX]; /* hosts of Autodiscover */
    const char *hosts[NAMES_MAX]; /* hosts of EWS and of redirects, besides those of Autodiscover */
    const char *tenants[NAMES_MAX]; /* the domains below which tenants have theirs */
} rows[] = {
    {
        { "Microsoft 365", "outlook.office365.com",
            "https://outlook.office365.com/EWS/Exchange.asmx", "login.microsoftonline.com" },
        { "mail.protection.outlook.com", "mx.microsoft" },
        { "autodiscover.outlook.com", "autodiscover-s.outlook.com" },
        { "outlook.office365.com", "outlook.office.com", "outlook.com" },
        { "onmicrosoft.com" },
    },
    {
        { "Microsoft 365 GCC High", "outlook.office365.us",
            "https://outlook.office365.us/EWS/Exchange.asmx", "login.microsoftonline.us" },
        { "mail.protection.office365.us" },
        { "autodiscover.office365.us", "autodiscover-s.office365.us" },
        { "outlook.office365.us" },
        { "onmicrosoft.us" },
    },
    {
        { "Microsoft 365 DoD", "outlook-dod.office365.us",
            "https://outlook-dod.office365.us/EWS/Exchange.asmx", "login.microsoftonline.us" },
        { NULL },
        { "autodiscover-dod.office365.us", "autodiscover-s-dod.office365.us" },
        { "outlook-dod.office365.us", "webmail.apps.mil" },
        { NULL },
    },
    {
        { "Microsoft 365 operated by 21Vianet", "partner.outlook.cn",
            "https://partner.outlook.cn/EWS/Exchange.asmx", "login.partner.microsoftonline.cn" },
        { "mail.protection.partner.outlook.cn" },
        { "autodiscover.partner.outlook.cn", "autodiscover-s.partner.outlook.cn" },
        { "partner.outlook.cn" },
        { "partner.onmschina.cn" },
    },
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

/* Names out of DNS may end with a dot. */
static bool is_name(const char *name, const char *other)
{
    return xr_is_in_domain(name, other) && xr_is_in_domain(other, name);
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (size_t i = 0; i < NAMES_MAX && names[i]; i++)
        if (is_name(name, names[i]))
            return true;
    return false;
}

/* A tenant's exchanger has a label of its own before the domain. */
static bool is_below_one_of(const char *name, const char *const *domains)
{
    for (size_t i = 0; i < NAMES_MAX && domains[i]; i++)
        if (xr_is_in_domain(name, domains[i]) && !is_name(name, domains[i]))
            return true;
    return false;
}

const struct xr_cloud *xr_cloud_of_mx(const char *exchange)
{
    for (size_t i = 0; i < ROWS; i++)
        if (is_below_one_of(exchange, rows[i].mx))
            return &rows[i].cloud;
    return NULL;
}

const struct xr_cloud *xr_cloud_of_cname(const char *target)
{
    for (size_t i = 0; i < ROWS; i++)
        if (is_one_of(target, rows[i].cname))
            return &rows[i].cloud;
    return NULL;
}

const struct xr_cloud *xr_cloud_of_host(const char *host)
{
    for (size_t i = 0; i < ROWS; i++)
        if (is_one_of(host, rows[i].hosts) || is_one_of(host, rows[i].cname))
            return &rows[i].cloud;
    return NULL;
}

const struct xr_cloud *xr_cloud_of_mail_domain(const char *domain)
{
    for (size_t i = 0; i < ROWS; i++)
        if (is_below_one_of(domain, rows[i].tenants))
            return &rows[i].cloud;
    return NULL;
}

bool xr_is_exchange_online_mx(const char *exchange)
{
    return xr_cloud_of_mx(exchange) != NULL;
}
