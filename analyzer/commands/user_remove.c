#include "analyzer/commands/command.h"
#include "analyzer/commands/verb.h"

/* Not asked back: one user is typed in again as quickly. */
int xr_user_remove(struct xr_call *call)
{
    struct xr_user user;
    struct xr_org org;
    int code = xr_call_org(call, &org);

    if (!code)
        code = xr_stored_user(&call->stored, &org, call->words[0], &user);
    if (code)
        return code;
    const struct xr_store_err *err = xr_store_remove_user(call->stored.store, call->arena, &user);
    if (err)
        return xr_stored_error(err);
    xr_say("Removed %s from '%s'.", user.email, org.name);
    return XR_EXIT_OK;
}
