#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/commands/command.h"
#include "analyzer/commands/verb.h"

static int confirm(struct xr_call *call, const struct xr_org *org, int64_t users)
{
    char answer[16] = "";

    if (call->form->yes)
        return 0;
    if (!isatty(STDIN_FILENO) || call->form->form.no_input)
        return xr_usage_error(
            "there is nobody to ask: give --yes to remove the organisation with %" PRId64
            " user%s, all secrets and all results",
            users, users == 1 ? "" : "s");
    (void)fprintf(stderr,
        "Remove '%s' with %" PRId64 " user%s, all secrets and all results? Type yes: ", org->name,
        users, users == 1 ? "" : "s");
    if (fgets(answer, sizeof(answer), stdin) && !strcmp(answer, "yes\n"))
        return 0;
    return xr_failed(XR_EXIT_USAGE, "nothing was removed");
}

int xr_org_remove(struct xr_call *call)
{
    struct xr_store *store = call->stored.store;
    struct xr_org org;
    int64_t users;
    int code = xr_stored_org(&call->stored, call->words[0], &org);

    if (code)
        return code;
    const struct xr_store_err *err = xr_store_user_count(store, call->arena, org.id, &users);
    if (err)
        return xr_stored_error(err);
    code = confirm(call, &org, users);
    if (code)
        return code;
    err = xr_store_remove_org(store, call->arena, &org);
    if (err)
        return xr_stored_error(err);
    xr_say("Removed the organisation '%s' with %" PRId64 " user%s.", org.name, users,
        users == 1 ? "" : "s");
    return XR_EXIT_OK;
}
