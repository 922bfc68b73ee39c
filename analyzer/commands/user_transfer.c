#include "analyzer/commands/command.h"
#include "analyzer/commands/output.h"
#include "analyzer/commands/shell_word.h"
#include "analyzer/commands/transferring.h"

int xr_user_import(struct xr_call *call)
{
    const char *path = call->words[0];
    struct xr_import import = { 0 };
    bool dry_run = call->form->dry_run;
    struct xr_org org;
    int code = xr_call_org(call, &org);

    if (code)
        return code;
    const struct xr_transfer_err *err =
        xr_import_users(call->stored.store, call->arena, &org, path, dry_run, &import);
    code = xr_transferring_import(path, &import, err);
    if (code)
        return code;
    xr_say("%s%s.", xr_transferring_sum(call->arena, &import),
        dry_run ? "; a dry run, nothing was changed" : "");
    if (!dry_run && import.users)
        xr_say("Next: %s", xr_call_command(call, "check %s", xr_shell_word(call->arena, org.name)));
    return XR_EXIT_OK;
}

struct exporting {
    struct xr_call *call;
    struct xr_org org;
};

static int write_users(FILE *out, void *arg)
{
    struct exporting *exporting = arg;
    struct xr_call *call = exporting->call;

    return xr_transferring_export(
        xr_export_users_csv(call->stored.store, call->arena, &exporting->org, out), out);
}

int xr_user_export(struct xr_call *call)
{
    struct exporting exporting = { .call = call };
    int code = xr_call_org(call, &exporting.org);

    return code ? code
                : xr_write_file(call->words[0] ? call->words[0] : "-", write_users, &exporting);
}
