#include "analyzer/commands/command.h"
#include "analyzer/commands/shell_word.h"
#include "analyzer/commands/verb.h"
#include "analyzer/org/access.h"

static const char *owned(const struct xr_user *user)
{
    bool password = user->has[XR_SECRET_PASSWORD], token = user->has[XR_SECRET_TOKEN];

    return password && token ? "password and token" : password ? "password" : "token";
}

/* The user has none: whose is it that is used? */
static int nothing_to_invalidate(
    struct xr_call *call, const struct xr_org *org, const struct xr_user *user)
{
    struct xr_effective effective = xr_effective(org, user);
    const char *kind = xr_secret_kind_name(xr_mode_secret(effective.mode));

    if (effective.secret_from == XR_OF_ORG)
        return xr_failed(XR_EXIT_CONFIG,
            "%s has no %s of their own: the one in use is that of the organisation '%s', which "
            "would "
            "be invalid for all its users. To change it there: %s",
            user->email, kind, org->name,
            xr_call_command(call, "org set %s %s F", xr_shell_word(call->arena, org->name),
                xr_mode_secret(effective.mode) == XR_SECRET_TOKEN ? "--bearer-file"
                                                                  : "--password-file"));
    return xr_failed(XR_EXIT_CONFIG, "no %s is stored for %s: there is nothing to invalidate", kind,
        user->email);
}

static const struct xr_store_err *invalidate(struct xr_call *call, struct xr_user *user)
{
    struct xr_store *store = call->stored.store;
    const struct xr_store_err *err = xr_store_begin(store, call->arena);

    if (err)
        return err;
    err = xr_store_invalidate(store, call->arena, user);
    if (!err)
        err = xr_store_forget_results(store, call->arena, user->org_id, user->id);
    if (!err)
        return xr_store_commit(store, call->arena);
    xr_store_roll_back(store);
    return err;
}

int xr_user_invalidate(struct xr_call *call)
{
    struct xr_user user;
    struct xr_org org;
    int code = xr_call_org(call, &org);

    if (!code)
        code = xr_stored_user(&call->stored, &org, call->words[0], &user);
    if (code)
        return code;
    if (!user.has[XR_SECRET_PASSWORD] && !user.has[XR_SECRET_TOKEN])
        return nothing_to_invalidate(call, &org, &user);
    const char *what = owned(&user);
    const struct xr_store_err *err = invalidate(call, &user);
    if (err)
        return xr_stored_error(err);
    xr_say("Successful invalidation: the %s of %s is deleted, and so is the last result.", what,
        user.email);
    xr_say("A new one: %s",
        xr_call_command(call, "user set --org %s %s --password-file F",
            xr_shell_word(call->arena, org.name), xr_shell_word(call->arena, user.email)));
    return XR_EXIT_OK;
}
