#include "analyzer/wire/kerberos_account.h"

#include <string.h>

#include "analyzer/base/text.h"

bool xr_account_is_upn(const char *account)
{
    return strchr(account, '@') && !strchr(account, '\\');
}

const char *xr_realm_of(struct xr_arena *arena, const char *domain, size_t length)
{
    char *realm = xr_strndup(arena, domain, length);

    for (char *at = realm; *at; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    return realm;
}

struct xr_account_parts xr_account_parts(struct xr_arena *arena, const char *account)
{
    const char *slash = strchr(account, '\\'), *at = strrchr(account, '@');

    if (slash) {
        const char *realm = xr_realm_of(arena, account, (size_t)(slash - account));
        return (struct xr_account_parts){ slash + 1, strchr(realm, '.') ? realm : NULL };
    }
    if (!at)
        return (struct xr_account_parts){ account, NULL };
    return (struct xr_account_parts){ xr_strndup(arena, account, (size_t)(at - account)),
        xr_realm_of(arena, at + 1, strlen(at + 1)) };
}

int xr_account_fitness(struct xr_arena *arena, const char *account, const char *principal)
{
    struct xr_account_parts parts = xr_account_parts(arena, account);

    if (!xr_starts(principal, parts.user) || principal[strlen(parts.user)] != '@')
        return 0;
    return parts.realm && xr_same(principal + strlen(parts.user) + 1, parts.realm) ? 2 : 1;
}
