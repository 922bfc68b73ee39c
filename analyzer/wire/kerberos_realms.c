#include "analyzer/wire/kerberos_realms.h"

#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/kerberos_account.h"

enum { COUNTRY = 2, SHORT_LABEL = 3, NAMES_MAX = 64 };

/* --- relations --- */

static bool has_parts(const char *realm)
{
    const char *dot = strchr(realm, '.');

    return dot && dot != realm && dot[1];
}

static bool are_related(const char *a, const char *b)
{
    return xr_same(a, b) || (has_parts(b) && xr_is_in_domain(a, b)) ||
           (has_parts(a) && xr_is_in_domain(b, a));
}

/* A short domain name is the first label of its realm, most often. */
static bool begins_with_domain(const char *realm, const char *account)
{
    const char *slash = strchr(account, '\\');
    size_t length = slash ? (size_t)(slash - account) : 0;

    return length && !strncasecmp(realm, account, length) && realm[length] == '.';
}

static bool is_ours(const struct xr_realms_known *known, const char *of_account)
{
    if (of_account ? are_related(known->own, of_account)
                   : begins_with_domain(known->own, known->account))
        return true;
    for (const char *const *at = known->given; at && *at; at++)
        if (are_related(known->own, *at))
            return true;
    return known->of_host && *known->of_host && xr_same(known->own, known->of_host);
}

/* --- the plan --- */

struct draft {
    struct xr_logon_name *names;
    size_t n;
};

static void add(struct draft *draft, const char *realm, bool whole)
{
    for (size_t i = 0; i < draft->n; i++)
        if (draft->names[i].whole == whole && xr_same(draft->names[i].realm, realm))
            return;
    if (draft->n < NAMES_MAX)
        draft->names[draft->n++] = (struct xr_logon_name){ realm, whole };
}

/* The domain behind the @ of a UPN need not be a realm, but the KDC may know the name as it is. */
static void add_for_upn(
    struct draft *draft, const struct xr_realms_known *known, const char *suffix, bool own)
{
    add(draft, suffix, true);
    add(draft, suffix, false);
    if (own)
        add(draft, known->own, true);
    for (const char *const *at = known->given; at && *at; at++)
        add(draft, *at, true);
}

/* The realm that begins with it is asked first: in another one the user may be somebody else. */
static void add_for_short(struct draft *draft, const struct xr_realms_known *known, bool own)
{
    if (own && begins_with_domain(known->own, known->account))
        add(draft, known->own, false);
    for (const char *const *at = known->given; at && *at; at++)
        if (begins_with_domain(*at, known->account))
            add(draft, *at, false);
    if (own)
        add(draft, known->own, false);
    for (const char *const *at = known->given; at && *at; at++)
        add(draft, *at, false);
}

void xr_logon_plan(
    struct xr_arena *arena, const struct xr_realms_known *known, struct xr_logon_plan *ret)
{
    struct xr_account_parts parts = xr_account_parts(arena, known->account);
    struct draft draft = { xr_new_n(arena, struct xr_logon_name, NAMES_MAX), 0 };
    bool own = known->own && is_ours(known, parts.realm);

    if (xr_account_is_upn(known->account))
        add_for_upn(&draft, known, parts.realm, own);
    else if (parts.realm)
        add(&draft, parts.realm, false);
    else
        add_for_short(&draft, known, own);
    *ret = (struct xr_logon_plan){ draft.names, draft.n, own ? NULL : known->own };
}

bool xr_logon_plan_allows(const struct xr_logon_plan *plan, const char *realm)
{
    for (size_t i = 0; i < plan->n; i++)
        if (are_related(plan->names[i].realm, realm))
            return true;
    return false;
}

/* --- what an address says --- */

/* "co.uk", "com.au": under a country's two letters, a label too short to be a name of one's own. */
static bool is_anybodys(const char *domain)
{
    const char *dot = strchr(domain, '.');

    if (!dot || !has_parts(domain))
        return true;
    return !strchr(dot + 1, '.') && strlen(dot + 1) == COUNTRY && dot - domain <= SHORT_LABEL;
}

const char *const *xr_realms_of_address(struct xr_arena *arena, const char *address)
{
    const char **realms = xr_new_n(arena, const char *, NAMES_MAX + 1);
    const char *at = address ? strrchr(address, '@') : NULL, *ignored;
    const char *domain = at ? xr_host_ascii(arena, at + 1, &ignored) : NULL;

    for (size_t n = 0; domain && n < NAMES_MAX; n++) {
        if (n && is_anybodys(domain))
            break;
        realms[n] = xr_realm_of(arena, domain, strlen(domain));
        const char *dot = strchr(domain, '.');
        domain = dot ? dot + 1 : NULL;
    }
    return realms;
}
