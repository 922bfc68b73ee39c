#include "analyzer/org/organisation.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char *const org_accesses[XR_ORG_ACCESS_COUNT] = {
    [XR_ORG_DIRECT] = "direct-logon",
    [XR_ORG_IMPERSONATION] = "exchange-impersonation",
    [XR_ORG_M365_OAUTH] = "m365-oauth-impersonated",
};

static const char *const user_accesses[XR_USER_ACCESS_COUNT] = {
    [XR_USER_INHERIT] = "inherit",
    [XR_USER_PASSWORD] = "password",
    [XR_USER_OAUTH] = "oauth",
    [XR_USER_IMPERSONATION] = "exchange-impersonation",
};

static const char *const group_kinds[] = {
    [XR_GROUP_DISTRIBUTION] = "distribution",
    [XR_GROUP_SECURITY] = "security",
};

static const char *const secret_kinds[XR_SECRET_KIND_COUNT] = {
    [XR_SECRET_PASSWORD] = "password",
    [XR_SECRET_TOKEN] = "token",
};

const char *xr_org_access_name(enum xr_org_access access)
{
    return org_accesses[access];
}

const char *xr_user_access_name(enum xr_user_access access)
{
    return user_accesses[access];
}

const char *xr_group_kind_name(enum xr_group_kind kind)
{
    return group_kinds[kind];
}

const char *xr_secret_kind_name(enum xr_secret_kind kind)
{
    return secret_kinds[kind];
}

/* Its place in the list, or -1. */
static int place(const char *const *words, int n, const char *word)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(words[i], word))
            return i;
    return -1;
}

bool xr_org_access_by_name(const char *name, enum xr_org_access *ret)
{
    int at = place(org_accesses, XR_ORG_ACCESS_COUNT, name);

    if (at >= 0)
        *ret = (enum xr_org_access)at;
    return at >= 0;
}

bool xr_user_access_by_name(const char *name, enum xr_user_access *ret)
{
    int at = place(user_accesses, XR_USER_ACCESS_COUNT, name);

    if (at >= 0)
        *ret = (enum xr_user_access)at;
    return at >= 0;
}

bool xr_group_kind_by_name(const char *name, enum xr_group_kind *ret)
{
    int at = place(group_kinds, 2, name);

    if (at >= 0)
        *ret = (enum xr_group_kind)at;
    return at >= 0;
}

const char *xr_uid_new(struct xr_arena *arena)
{
    unsigned char bytes[16];
    char *text = xr_alloc(arena, 2 * sizeof(bytes) + 1);

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        abort();
    for (size_t i = 0; i < sizeof(bytes); i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return text;
}
