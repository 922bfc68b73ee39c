#include "analyzer/commands/command.h"
#include "analyzer/commands/org_values.h"
#include "analyzer/commands/shell_word.h"

/* The address that an Exchange without a custom one has. NULL: there is no domain to make it of. */
static const char *pattern(struct xr_arena *arena, const struct xr_org *org)
{
    if (org->access == XR_ORG_M365_OAUTH)
        return xr_m365_ews_url;
    if (!org->domains[0])
        return NULL;
    return xr_printf(arena, "https://mail.%s/EWS/Exchange.asmx", org->domains[0]);
}

static int apply(struct xr_call *call, struct xr_org *org, const char *url)
{
    struct xr_edit_secrets none = { 0 };

    org->ews_url = url;
    int code = xr_edit_judge(xr_lint_org(call->arena, org));
    return code ? code : xr_edit_save(call, (struct xr_edit_record){ .org = org }, &none, true);
}

int xr_org_wand(struct xr_call *call)
{
    struct xr_org org;
    int code = xr_stored_org(&call->stored, call->words[0], &org);

    if (code)
        return code;
    const char *url = pattern(call->arena, &org), *word = xr_shell_word(call->arena, org.name);
    if (!url)
        return xr_failed(XR_EXIT_CONFIG, "'%s' has no domain to make the standard EWS URL of: %s",
            org.name, xr_call_command(call, "org set %s --domain D", word));
    if (call->form->apply)
        code = apply(call, &org, url);
    if (code)
        return code;
    xr_say("%s", url);
    if (org.access == XR_ORG_M365_OAUTH)
        xr_note("this is the one address of Exchange Online; it was not tested");
    else
        xr_note("this is the standard pattern; whether a server answers there was not tested");
    if (call->form->apply)
        xr_note("saved; check it: %s", xr_call_command(call, "check %s", word));
    return XR_EXIT_OK;
}
