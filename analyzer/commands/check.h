#ifndef XR_COMMANDS_CHECK_H
#define XR_COMMANDS_CHECK_H

#include "analyzer/commands/form.h"
#include "analyzer/commands/stored.h"

/*
 * Checks users of an organisation as it would be when "candidate" were saved
 * (seeds: check precedes save, FEATURES C10, C11, C18). When it passes, its results
 * are those of the users; else nothing of it stays.
 * password, token: the candidate's new secrets; one that is not given is taken from the store.
 * network: the network options. sample: that many users, 0: all.
 * 0: each of them is reachable; else an exit code after telling why.
 */
int xr_check_candidate(struct xr_stored *stored, const struct xr_org *candidate,
    struct xr_secret password, struct xr_secret token, const struct xr_form *network, long sample);

#endif
