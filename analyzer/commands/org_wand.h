#ifndef XR_ORG_WAND_H
#define XR_ORG_WAND_H

#include "analyzer/commands/verb.h"

/* What the files of `exray org wand` share. */

/* Whose mailbox the servers are asked about. */
struct xr_wand_user {
    struct xr_user user;
    struct xr_effective access;
    bool found;   /* else the organisation has no enabled user within its domains */
    bool logs_on; /* account and secret are stored for this one */
};

/* The first enabled user for whom account and secret are stored; if there is none, the first
 * enabled one. Returns 0, or an exit code after telling why on stderr. */
int xr_wand_choose_user(struct xr_call *call, const struct xr_org *org, struct xr_wand_user *ret);

#endif
