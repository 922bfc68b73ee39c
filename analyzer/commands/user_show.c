#include "analyzer/base/clock.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/view.h"

static void say_sourced(
    struct xr_arena *arena, const char *label, struct xr_sourced sourced, const char *without)
{
    static const char *const from[] = {
        [XR_OF_USER] = "the user's own",
        [XR_OF_ORG] = "the organisation's",
        [XR_OF_TYPE] = "default of the access type",
        [XR_OF_NONE] = "nobody set it",
    };

    xr_view_row(label,
        xr_printf(arena, "%s (%s)", sourced.value ? sourced.value : without, from[sourced.from]));
}

static void say_effective(struct xr_arena *arena, const struct xr_org *org,
    const struct xr_user *user, const struct xr_effective *effective)
{
    bool needs_url = xr_user_use(org->access, user->access, XR_FIELD_EWS_URL) == XR_USE_REQUIRED;
    struct xr_sourced mode = { xr_mode_title(effective->mode), effective->mode_from };
    const char *kind = xr_secret_kind_name(xr_mode_secret(effective->mode));
    struct xr_sourced secret = { NULL, effective->secret_from };

    xr_say("What will be used:");
    say_sourced(arena, "access", mode, "");
    say_sourced(arena, "logs on", effective->account, "nobody");
    say_sourced(
        arena, kind, secret, effective->secret_from == XR_OF_NONE ? "none stored" : "stored");
    say_sourced(arena, "EWS URL", effective->ews_url,
        needs_url ? "missing, but required" : "Autodiscover finds it");
    say_sourced(arena, "folder", effective->folder, "inbox");
}

static void put_sourced(struct xr_json *json, const char *name, struct xr_sourced sourced)
{
    xr_json_open(json, name, '{');
    xr_json_put(json, "value", sourced.value);
    xr_json_put(json, "from", xr_origin_of_name(sourced.from));
    xr_json_close(json, '}');
}

static void put_effective(struct xr_json *json, const struct xr_effective *effective)
{
    struct xr_sourced mode = { xr_mode_title(effective->mode), effective->mode_from };

    xr_json_open(json, "effective", '{');
    xr_json_open(json, "access", '{');
    xr_json_put(json, "mode", xr_mode_name(effective->mode));
    xr_json_put(json, "value", mode.value);
    xr_json_put(json, "from", xr_origin_of_name(mode.from));
    xr_json_close(json, '}');
    xr_json_bool(json, "impersonation", xr_mode_impersonates(effective->mode));
    put_sourced(json, "account", effective->account);
    xr_json_open(json, "secret", '{');
    xr_json_put(json, "kind", xr_secret_kind_name(xr_mode_secret(effective->mode)));
    xr_json_put(json, "from", xr_origin_of_name(effective->secret_from));
    xr_json_close(json, '}');
    put_sourced(json, "ews_url", effective->ews_url);
    put_sourced(json, "folder", effective->folder);
    xr_json_close(json, '}');
}

static void say_secrets(struct xr_call *call, const struct xr_org *org, const struct xr_user *user)
{
    for (int i = 0; i < XR_SECRET_KIND_COUNT; i++) {
        enum xr_secret_kind kind = (enum xr_secret_kind)i;
        if (user->has[i])
            xr_view_row(xr_secret_kind_name(kind), xr_view_secret(call, org, user, kind));
    }
    if (user->invalidated_ms)
        xr_view_row("invalidated", xr_rfc3339(call->arena, user->invalidated_ms));
}

static void say_result(struct xr_arena *arena, const struct xr_check_user *result)
{
    if (!result) {
        xr_view_row("last result", "never checked");
        return;
    }
    xr_view_row(
        "last result", xr_printf(arena, "%s%s%s on %s", xr_status_name(result->status),
                           result->finding ? ", " : "", result->finding ? result->finding : "",
                           xr_rfc3339(arena, result->at_wall_ms)));
    xr_view_row("", result->message);
}

static void show(struct xr_call *call, const struct xr_org *org, const struct xr_user *user,
    const struct xr_check_user *result)
{
    struct xr_effective effective = xr_effective(org, user);

    xr_say("%s of '%s'", user->email, org->name);
    xr_view_row("access type", xr_user_access_name(user->access));
    xr_view_row("user name", user->user_name);
    xr_view_row("account", user->account);
    xr_view_row("EWS URL", user->ews_url);
    xr_view_row("state", user->enabled ? "enabled" : "disabled: left out of checks");
    say_secrets(call, org, user);
    say_result(call->arena, result);
    if (call->form->origin)
        say_effective(call->arena, org, user, &effective);
    xr_view_remarks(xr_lint_user(call->arena, org, user));
}

int xr_user_show(struct xr_call *call)
{
    struct xr_check_user result;
    struct xr_user user;
    struct xr_org org;
    bool there = false;
    int code = xr_call_org(call, &org);

    if (!code)
        code = xr_stored_user(&call->stored, &org, call->words[0], &user);
    if (!code)
        code = xr_view_result(call, call->arena, user.id, &result, &there);
    if (code)
        return code;
    if (!call->form->json) {
        show(call, &org, &user, there ? &result : NULL);
        return XR_EXIT_OK;
    }
    struct xr_effective effective = xr_effective(&org, &user);
    struct xr_json json = { .out = stdout };
    xr_json_open(&json, NULL, '{');
    xr_json_put(&json, "schema", "exray.user/1");
    xr_json_put(&json, "organization", org.name);
    xr_view_json_user(call, &json, &org, &user, there ? &result : NULL);
    put_effective(&json, &effective);
    xr_view_json_remarks(&json, xr_lint_user(call->arena, &org, &user));
    xr_view_json_end(&json);
    return XR_EXIT_OK;
}
