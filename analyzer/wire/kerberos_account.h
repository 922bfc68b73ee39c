#ifndef XR_KERBEROS_ACCOUNT_H
#define XR_KERBEROS_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/base/arena.h"

/* What an account, "DOMAIN\user" or a UPN, says to Kerberos. */
struct xr_account_parts {
    const char *user;
    const char
        *realm; /* the domain in upper case; NULL: none, or a short name, which is no realm */
};

/* By convention a realm is its domain in upper case. */
const char *xr_realm_of(struct xr_arena *arena, const char *domain, size_t length);

bool xr_account_is_upn(const char *account);
struct xr_account_parts xr_account_parts(struct xr_arena *arena, const char *account);

/* How well a principal, "user@REALM", fits the account: 2: it is the account's own name; 1: a user
 * so called of a domain that cannot be compared; 0: somebody else. */
int xr_account_fitness(struct xr_arena *arena, const char *account, const char *principal);

#endif
