#ifndef XR_USER_VALUES_H
#define XR_USER_VALUES_H

#include "analyzer/commands/edit.h"

/* The options of `user add` and `user set` as values of a user. 0, or an exit code. */
int xr_user_take_values(struct xr_call *call, struct xr_user *user);

/* The access types decide which fields there are (FEATURES D2, E5): refuses options that they have
 * no use for, and a type that does not go with that of the organisation. */
int xr_user_refuse(
    const struct xr_verb_form *form, const struct xr_org *org, const struct xr_user *user);

/* Asks for the user's own password if they need one and have none. */
int xr_user_ask(struct xr_call *call, const struct xr_org *org, const struct xr_user *user,
    struct xr_edit_secrets *secrets);

#endif
