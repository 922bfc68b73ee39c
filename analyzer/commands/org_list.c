#include <inttypes.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/view.h"

static int list_as_json(struct xr_call *call, const struct xr_org *orgs, size_t n)
{
    struct xr_json json = { .out = stdout };
    int code = 0;

    xr_json_open(&json, NULL, '{');
    xr_json_put(&json, "schema", "exray.organizations/1");
    xr_json_open(&json, "organizations", '[');
    for (size_t i = 0; i < n && !code; i++) {
        xr_json_open(&json, NULL, '{');
        code = xr_view_json_org(call, &json, &orgs[i]);
        xr_view_json_end(&json);
    }
    xr_json_close(&json, ']');
    xr_view_json_end(&json);
    return code;
}

int xr_org_list(struct xr_call *call)
{
    struct xr_org *orgs = NULL;
    size_t n = 0;
    const struct xr_store_err *err =
        call->stored.store ? xr_store_orgs(call->stored.store, call->arena, &orgs, &n) : NULL;

    if (err)
        return xr_stored_error(err);
    if (call->form->json)
        return list_as_json(call, orgs, n);
    if (!n)
        xr_note("there is no organisation in %s yet; 'exray org add' adds one", call->stored.path);
    for (size_t i = 0; i < n; i++) {
        int64_t users = 0;
        err = xr_store_user_count(call->stored.store, call->arena, orgs[i].id, &users);
        if (err)
            return xr_stored_error(err);
        xr_say("%-28s %-24s %7" PRId64 " user%s  %s", orgs[i].name,
            xr_org_access_name(orgs[i].access), users, users == 1 ? " " : "s",
            orgs[i].account ? orgs[i].account : "");
    }
    return XR_EXIT_OK;
}
