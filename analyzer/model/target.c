#include "analyzer/model/target.h"

#include <string.h>

#include "analyzer/base/text.h"

const char *xr_auth_name(enum xr_auth auth)
{
    static const char *const names[] = {
        [XR_AUTH_NONE] = "none",
        [XR_AUTH_BASIC] = "Basic",
        [XR_AUTH_NTLM] = "NTLM",
        [XR_AUTH_NEGOTIATE] = "Negotiate",
        [XR_AUTH_OAUTH] = "OAuth",
    };

    return names[auth];
}

const char *xr_way_name(enum xr_way way)
{
    static const char *const names[] = {
        [XR_WAY_ROOT] = "root",
        [XR_WAY_HOST] = "host",
        [XR_WAY_REDIRECT] = "redirect",
        [XR_WAY_SRV] = "srv",
        [XR_WAY_V2] = "v2",
        [XR_WAY_MICROSOFT_365] = "microsoft-365",
        [XR_WAY_POX] = "pox",
        [XR_WAY_SOAP] = "soap",
    };

    return names[way];
}

const char *xr_with_name(enum xr_with with)
{
    static const char *const names[XR_WITH_COUNT] = { "write", "rooms", "oof", "availability",
        "sync", "extended-protection" };

    return names[with];
}

const char *xr_identify_by_name(enum xr_identify_by by)
{
    static const char *const names[] = {
        [XR_BY_SMTP_ADDRESS] = "smtp-address",
        [XR_BY_PRIMARY_SMTP_ADDRESS] = "primary-smtp-address",
        [XR_BY_UPN] = "upn",
        [XR_BY_SID] = "sid",
    };

    return names[by];
}

bool xr_is_exchange_online(const char *host)
{
    static const char *const domains[] = { "outlook.office365.com", "outlook.office.com",
        "outlook.office365.us", "outlook-dod.office365.us", "partner.outlook.cn", NULL };

    for (const char *const *domain = domains; *domain; domain++)
        if (xr_is_in_domain(host, *domain))
            return true;
    return false;
}

const char *xr_account_flaw(struct xr_arena *arena, const char *account)
{
    const char *slash = strchr(account, '\\');
    struct xr_address address;
    const char *why;

    for (const char *at = account; *at;)
        if (xr_is_invisible(xr_utf8_next(&at)))
            return "it has a control character or an invisible character";
    if (slash)
        return slash == account || !slash[1] || strchr(slash + 1, '\\') ? "it is not DOMAIN\\user"
                                                                        : NULL;
    if (!strchr(account, '@'))
        return "it is neither DOMAIN\\user nor user@domain";
    return xr_address_parse(arena, account, &address, &why) ? NULL : why;
}
