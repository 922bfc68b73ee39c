#include "analyzer/commands/command.h"
#include "analyzer/commands/org_values.h"
#include "analyzer/commands/shell_word.h"

/* Told before a password is asked for. */
static int judge_name(struct xr_call *call, const char *name)
{
    const char *flaw = xr_edit_name_flaw(name);
    struct xr_org there;

    if (flaw)
        return xr_usage_error("the name of the organisation %s", flaw);
    const struct xr_store_err *err = xr_store_org(call->stored.store, call->arena, name, &there);
    if (!err)
        return xr_failed(XR_EXIT_CONFIG,
            "there is an organisation '%s' in %s already; 'exray org set' changes it", there.name,
            xr_store_path(call->stored.store));
    return err->fault == XR_STORE_NOT_FOUND ? 0 : xr_stored_error(err);
}

static int read_org(struct xr_call *call, struct xr_org *org, struct xr_edit_secrets *secrets)
{
    int code = judge_name(call, org->name);

    if (!code && !call->form->access_type)
        code = xr_usage_error("--access-type is missing: direct-logon, exchange-impersonation or "
                              "m365-oauth-impersonated");
    if (!code)
        code = xr_org_take_values(call, org);
    if (!code)
        code = xr_org_refuse(call->form, org->access);
    if (!code)
        code = xr_edit_read_secrets(call, secrets);
    if (!code && xr_org_use(org->access, XR_FIELD_PASSWORD) == XR_USE_REQUIRED)
        code = xr_edit_ask(call, org->account ? org->account : org->name, secrets);
    return code;
}

int xr_org_add(struct xr_call *call)
{
    static const char *const none[] = { NULL };
    __attribute__((cleanup(xr_edit_done))) struct xr_edit_secrets secrets = { 0 };
    struct xr_org org = { .name = call->words[0], .domains = none };
    int code = read_org(call, &org, &secrets);

    if (code)
        return code;
    xr_edit_foresee(&secrets, org.has);
    code = xr_edit_judge(xr_lint_org(call->arena, &org));
    if (code)
        return code;
    code = xr_edit_save(call, (struct xr_edit_record){ .org = &org }, &secrets, false);
    if (code)
        return code;
    const char *word = xr_shell_word(call->arena, org.name);
    xr_say("Added the organisation '%s' (%s).", org.name, xr_org_access_name(org.access));
    xr_say("Next: %s", xr_call_command(call, "user import --org %s FILE.csv", word));
    xr_say("Then: %s", xr_call_command(call, "check %s", word));
    return XR_EXIT_OK;
}
