#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/verb.h"

static int new_source(struct xr_call *call, struct xr_key_source *ret)
{
    const struct xr_verb_form *form = call->form;

    *ret = (struct xr_key_source){ .key_file = form->to_key_file };
    if (form->to_key_file && form->to_passphrase_file)
        return xr_usage_error("--to-key-file and --to-passphrase-file exclude one another");
    if (form->to_passphrase_file)
        return xr_form_secret_file(form->to_passphrase_file, &ret->passphrase);
    return 0;
}

/* The file whose key the store has until now. NULL: there is none. */
static const char *key_file(struct xr_call *call, const struct xr_key_source *from)
{
    const char *beside = xr_printf(call->arena, "%s.key", call->stored.path);

    if (xr_vault_wants_passphrase(call->stored.store, call->arena))
        return NULL;
    const char *path = from->key_file ? from->key_file : from->credential;
    path = path ? path : beside;
    return access(path, F_OK) ? NULL : path;
}

static void tell_old(const char *old, const struct xr_key_source *to)
{
    bool elsewhere = to->key_file || xr_secret_given(to->passphrase);

    if (old && elsewhere && !(to->key_file && !strcmp(old, to->key_file)))
        xr_note("the key file %s is not needed any more; it still opens older copies of the store",
            old);
}

static int rekey(
    struct xr_call *call, const struct xr_key_source *from, const struct xr_key_source *to)
{
    int64_t done = 0, lost = 0;
    const char *made = NULL, *old = key_file(call, from);
    const struct xr_vault_err *err =
        xr_vault_rekey(call->arena, call->stored.store, from, to, &done, &lost, &made);

    if (err)
        return xr_stored_vault_error(err);
    tell_old(old, to);
    if (made)
        xr_note("the new key is in %s; keep a copy of it in a safe place", made);
    xr_say("%" PRId64 " secret%s sealed anew, %" PRId64 " lost.", done, done == 1 ? "" : "s", lost);
    if (lost)
        xr_note("the lost ones could not be opened with the old key and were removed; 'exray org "
                "show' and 'exray user list --json' tell where one is missing");
    return XR_EXIT_OK;
}

int xr_org_rekey(struct xr_call *call)
{
    struct xr_key_source from = { 0 }, to = { 0 };
    int code = new_source(call, &to);

    if (!code)
        code = xr_stored_key_source(&call->stored, &from);
    if (!code)
        code = rekey(call, &from, &to);
    xr_secret_done(&from.passphrase);
    xr_secret_done(&to.passphrase);
    return code;
}
