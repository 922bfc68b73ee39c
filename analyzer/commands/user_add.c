#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/shell_word.h"
#include "analyzer/commands/user_values.h"

/* Told before a password is asked for. */
static int judge_address(struct xr_call *call, const struct xr_org *org, const char *email)
{
    struct xr_address address;
    struct xr_user there;
    const char *why;

    if (!xr_address_parse(call->arena, email, &address, &why))
        return xr_failed(XR_EXIT_CONFIG, "email: '%s' is not an e-mail address: %s", email, why);
    const struct xr_store_err *err =
        xr_store_user(call->stored.store, call->arena, org->id, email, &there);
    if (!err)
        return xr_failed(XR_EXIT_CONFIG,
            "%s is a user of '%s' already; 'exray user set' changes what is special about them",
            there.email, org->name);
    return err->fault == XR_STORE_NOT_FOUND ? 0 : xr_stored_error(err);
}

static int read_user(struct xr_call *call, const struct xr_org *org, struct xr_user *user,
    struct xr_edit_secrets *secrets)
{
    int code = judge_address(call, org, user->email);

    if (!code)
        code = xr_user_take_values(call, user);
    if (!code)
        code = xr_user_refuse(call->form, org, user);
    if (!code)
        code = xr_edit_read_secrets(call, secrets);
    if (code)
        return code;
    xr_edit_foresee(secrets, user->has);
    code = xr_user_ask(call, org, user, secrets);
    xr_edit_foresee(secrets, user->has);
    return code ? code : xr_edit_judge(xr_lint_user(call->arena, org, user));
}

int xr_user_add(struct xr_call *call)
{
    __attribute__((cleanup(xr_edit_done))) struct xr_edit_secrets secrets = { 0 };
    struct xr_user user = { .email = call->words[0], .enabled = true };
    struct xr_org org;
    int code = xr_call_org(call, &org);

    if (code)
        return code;
    user.org_id = org.id;
    code = read_user(call, &org, &user, &secrets);
    if (!code)
        code = xr_edit_save(call, (struct xr_edit_record){ .user = &user }, &secrets, false);
    if (code)
        return code;
    xr_say("Added %s to '%s'.", user.email, org.name);
    xr_say("Check: %s",
        xr_call_command(call, "check %s --user %s", xr_shell_word(call->arena, org.name),
            xr_shell_word(call->arena, user.email)));
    return XR_EXIT_OK;
}
