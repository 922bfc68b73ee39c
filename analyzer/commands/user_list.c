#include "analyzer/base/clock.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/view.h"

struct listing {
    struct xr_call *call;
    struct xr_json json;
    bool as_json, failed_only;
};

static void list_one(void *arg, const struct xr_user *user, const struct xr_check_user *result)
{
    struct listing *listing = arg;
    const char *finding = result && result->finding ? result->finding : "";

    if (listing->failed_only && (!result || result->status != XR_ERROR))
        return;
    if (listing->as_json) {
        xr_json_open_flat(&listing->json, NULL, '{');
        xr_view_json_user(listing->call, &listing->json, NULL, user, result);
        xr_json_close(&listing->json, '}');
        return;
    }
    xr_say("%-40s %-22s %-8s  %s%s%s", user->email, xr_user_access_name(user->access),
        user->enabled ? "enabled" : "disabled",
        result ? xr_status_name(result->status) : "never checked", *finding ? ": " : "", finding);
}

int xr_user_list(struct xr_call *call)
{
    struct listing listing = {
        .call = call,
        .json = { .out = stdout },
        .as_json = call->form->json,
        .failed_only = call->form->failed,
    };
    struct xr_org org;
    int code = xr_call_org(call, &org);

    if (code)
        return code;
    if (!listing.as_json)
        return xr_view_users(call, org.id, list_one, &listing);
    xr_json_open(&listing.json, NULL, '{');
    xr_json_put(&listing.json, "schema", "exray.users/1");
    xr_json_put(&listing.json, "organization", org.name);
    xr_json_open(&listing.json, "users", '[');
    code = xr_view_users(call, org.id, list_one, &listing);
    xr_json_close(&listing.json, ']');
    xr_view_json_end(&listing.json);
    return code;
}
