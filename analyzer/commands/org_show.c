#include <inttypes.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/clock.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/view.h"

/* The last results of all users, counted. */
struct results {
    int64_t by_status[XR_STATUS_COUNT], never, newest_ms;
};

static void count(void *arg, const struct xr_user *user, const struct xr_check_user *result)
{
    struct results *results = arg;

    (void)user;
    if (!result) {
        results->never++;
        return;
    }
    results->by_status[result->status]++;
    if (result->at_wall_ms > results->newest_ms)
        results->newest_ms = result->at_wall_ms;
}

static const char *joined(struct xr_arena *arena, const char *const *domains)
{
    if (!*domains)
        return NULL;
    xr_auto_buf text;
    xr_buf_init(&text, (size_t)XR_DOMAINS_MAX * 256);
    for (; *domains; domains++)
        (void)xr_buf_printf(&text, "%s%s", text.length ? ", " : "", *domains);
    return xr_strndup(arena, text.at, text.length);
}

static const char *in_words(struct xr_arena *arena, const struct results *results)
{
    if (!results->newest_ms)
        return "never checked";
    return xr_printf(arena,
        "%" PRId64 " success, %" PRId64 " warning, %" PRId64 " error, %" PRId64 " skipped, %" PRId64
        " never checked; the last one on %s",
        results->by_status[XR_SUCCESS], results->by_status[XR_WARNING],
        results->by_status[XR_ERROR], results->by_status[XR_SKIPPED], results->never,
        xr_rfc3339(arena, results->newest_ms));
}

static void show(struct xr_call *call, const struct xr_org *org, const struct results *results,
    const char *unfinished)
{
    struct xr_arena *arena = call->arena;
    int64_t users = results->never;

    for (int i = 0; i < XR_STATUS_COUNT; i++)
        users += results->by_status[i];
    xr_say("%s", org->name);
    xr_view_row("access type", xr_org_access_name(org->access));
    xr_view_row("domains", joined(arena, org->domains));
    xr_view_row("account", org->account);
    if (xr_org_use(org->access, XR_FIELD_PASSWORD) != XR_USE_REFUSED)
        xr_view_row("password", xr_view_secret(call, org, NULL, XR_SECRET_PASSWORD));
    if (xr_org_use(org->access, XR_FIELD_TOKEN) != XR_USE_REFUSED)
        xr_view_row("token", xr_view_secret(call, org, NULL, XR_SECRET_TOKEN));
    xr_view_row("EWS URL", org->ews_url ? org->ews_url : "found by Autodiscover");
    xr_view_row("folder", org->folder ? org->folder : "inbox");
    xr_view_row("group", xr_group_kind_name(org->group_kind));
    xr_view_row("scope", org->scope_name ? org->scope_name : "RIusersScope");
    xr_view_row("notes", org->notes);
    xr_view_row("changed", xr_printf(arena, "%s by %s", xr_rfc3339(arena, org->changed_ms),
                               org->changed_by ? org->changed_by : "?"));
    xr_view_row("users", xr_printf(arena, "%" PRId64, users));
    xr_view_row("last results", in_words(arena, results));
    xr_view_row("unfinished check", unfinished);
    xr_view_remarks(xr_lint_org(arena, org));
}

static int show_as_json(struct xr_call *call, const struct xr_org *org,
    const struct results *results, const char *unfinished)
{
    struct xr_json json = { .out = stdout };

    xr_json_open(&json, NULL, '{');
    xr_json_put(&json, "schema", "exray.organization/1");
    int code = xr_view_json_org(call, &json, org);
    xr_view_json_remarks(&json, xr_lint_org(call->arena, org));
    xr_json_open(&json, "last_results", '{');
    for (int i = 0; i < XR_STATUS_COUNT; i++)
        xr_json_number(&json, xr_status_name((enum xr_status)i), results->by_status[i]);
    xr_json_number(&json, "never_checked", results->never);
    xr_view_json_time(&json, "newest", results->newest_ms);
    xr_json_close(&json, '}');
    xr_json_put(&json, "unfinished_check", unfinished);
    xr_view_json_end(&json);
    return code;
}

int xr_org_show(struct xr_call *call)
{
    struct results results = { 0 };
    int64_t check, started;
    struct xr_org org;
    int code = xr_stored_org(&call->stored, call->words[0], &org);

    if (!code)
        code = xr_view_users(call, org.id, count, &results);
    if (code)
        return code;
    const struct xr_store_err *err =
        xr_store_check_unfinished(call->stored.store, call->arena, org.id, &check, &started);
    if (err && err->fault != XR_STORE_NOT_FOUND)
        return xr_stored_error(err);
    const char *unfinished = err ? NULL : xr_rfc3339(call->arena, started);
    if (call->form->json)
        return show_as_json(call, &org, &results, unfinished);
    show(call, &org, &results, unfinished);
    return XR_EXIT_OK;
}
