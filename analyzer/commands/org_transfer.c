#include "analyzer/commands/command.h"
#include "analyzer/commands/output.h"
#include "analyzer/commands/transferring.h"

int xr_org_import(struct xr_call *call)
{
    const char *path = call->words[0];
    struct xr_import import = { 0 };
    struct xr_org org = { 0 };
    bool dry_run = call->form->dry_run;
    const struct xr_transfer_err *err =
        xr_import_org(call->stored.store, call->arena, path, dry_run, &org, &import);
    int code = xr_transferring_import(path, &import, err);

    if (code)
        return code;
    xr_say("%s the organisation '%s'. %s.", dry_run ? "Would add" : "Added", org.name,
        xr_transferring_sum(call->arena, &import));
    return XR_EXIT_OK;
}

struct exporting {
    struct xr_call *call;
    struct xr_org org;
};

static int write_org(FILE *out, void *arg)
{
    struct exporting *exporting = arg;
    struct xr_call *call = exporting->call;

    return xr_transferring_export(xr_export_org_json(call->stored.store, call->arena,
                                      &exporting->org, true, call->form->with_secrets, out),
        out);
}

int xr_org_export(struct xr_call *call)
{
    struct exporting exporting = { .call = call };
    int code = xr_stored_org(&call->stored, call->words[0], &exporting.org);

    if (code)
        return code;
    if (call->form->with_secrets)
        xr_note("the file holds secrets as ciphertext: they open with the key of %s alone",
            xr_store_path(call->stored.store));
    return xr_write_file(call->words[1] ? call->words[1] : "-", write_org, &exporting);
}
