#include "analyzer/model/target.h"

#include <string.h>
#include <strings.h>

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

/* "DOMAIN\\user" or "user@domain", taken apart. */
struct account_name {
    const char *user, *domain;
    size_t user_length, domain_length;
    bool is_upn;
};

static struct account_name account_name(const char *text)
{
    const char *slash = strchr(text, '\\'), *at = strrchr(text, '@');

    if (slash)
        return (struct account_name){ slash + 1, text, strlen(slash + 1), (size_t)(slash - text),
            false };
    if (at)
        return (struct account_name){ text, at + 1, (size_t)(at - text), strlen(at + 1), true };
    return (struct account_name){ text, "", strlen(text), 0, false };
}

static bool same_part(const char *a, size_t a_length, const char *b, size_t b_length)
{
    return a_length == b_length && !strncasecmp(a, b, a_length);
}

/* CONTOSO and contoso.test: the short name is mostly the first label of the other. */
static bool may_be_same_domain(const struct account_name *a, const struct account_name *b)
{
    bool a_is_short = !memchr(a->domain, '.', a->domain_length);
    bool b_is_short = !memchr(b->domain, '.', b->domain_length);

    if (a_is_short == b_is_short)
        return same_part(a->domain, a->domain_length, b->domain, b->domain_length);
    const struct account_name *longer = a_is_short ? b : a, *other = a_is_short ? a : b;
    const char *dot = memchr(longer->domain, '.', longer->domain_length);
    return same_part(
        longer->domain, (size_t)(dot - longer->domain), other->domain, other->domain_length);
}

bool xr_same_account(const char *a, const char *b)
{
    struct account_name one = account_name(a), other = account_name(b);

    return same_part(one.user, one.user_length, other.user, other.user_length) &&
           (one.is_upn != other.is_upn || may_be_same_domain(&one, &other));
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
