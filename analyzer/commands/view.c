#include "analyzer/commands/view.h"

#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "reports/check.h"

/* TRAIL_PAGES: how far back the audit trail is searched. */
enum { PAGE = 500, TRAIL_PAGES = 8 };

void xr_view_row(const char *label, const char *value)
{
    if (value)
        xr_say("  %-16s %s", label, value);
}

static bool stores(const struct xr_change *change, const char *user, const char *field)
{
    bool of_user = !strcmp(change->what, "user");

    return change->to && !strcmp(change->field, field) && of_user == (user != NULL) &&
           (!user || xr_same(change->name, user));
}

/* When a secret was stored, as far as the newer end of the audit trail tells. 0: it does not. */
static int64_t stored_since(
    struct xr_call *call, const char *org_uid, const char *user, enum xr_secret_kind kind)
{
    struct xr_change *changes = xr_new_n(call->arena, struct xr_change, PAGE);
    int64_t before = 0;
    size_t n = 1;

    for (int page = 0; page < TRAIL_PAGES && n; page++) {
        if (xr_store_changes(call->stored.store, call->arena, org_uid, before, PAGE, changes, &n))
            return 0;
        for (size_t i = 0; i < n; i++)
            if (stores(&changes[i], user, xr_secret_kind_name(kind)))
                return changes[i].at_ms;
        before = n ? changes[n - 1].id : 0;
    }
    return 0;
}

const char *xr_view_secret(struct xr_call *call, const struct xr_org *org,
    const struct xr_user *user, enum xr_secret_kind kind)
{
    const char *uid = user ? user->uid : org->uid;
    struct xr_sealed sealed;

    if (xr_store_secret(call->stored.store, call->arena, uid, kind, &sealed))
        return "not stored";
    int64_t since = stored_since(call, org->uid, user ? user->email : NULL, kind);
    return xr_printf(call->arena, "stored%s%s, sealed with key %s", since ? " since " : "",
        since ? xr_rfc3339(call->arena, since) : "", sealed.key_id);
}

/* Of the user, or, when that is NULL, of the organisation. */
static void put_secret(struct xr_call *call, struct xr_json *json, const struct xr_org *org,
    const struct xr_user *user, enum xr_secret_kind kind)
{
    const char *name = xr_secret_kind_name(kind), *uid = user ? user->uid : org->uid;
    struct xr_arena *arena = xr_arena_new();
    struct xr_sealed sealed;

    if (xr_store_secret(call->stored.store, arena, uid, kind, &sealed)) {
        xr_json_put(json, name, NULL);
    } else {
        int64_t since = org ? stored_since(call, org->uid, user ? user->email : NULL, kind) : 0;
        xr_json_open_flat(json, name, '{');
        xr_json_put(json, "key_id", sealed.key_id);
        xr_json_time(json, "since", since);
        xr_json_close(json, '}');
    }
    xr_arena_free(arena);
}

static void put_secrets(struct xr_call *call, struct xr_json *json, const struct xr_org *org,
    const struct xr_user *user)
{
    const bool *has = user ? user->has : org->has;

    for (int i = 0; i < XR_SECRET_KIND_COUNT; i++) {
        enum xr_secret_kind kind = (enum xr_secret_kind)i;
        if (has[i])
            put_secret(call, json, org, user, kind);
        else
            xr_json_put(json, xr_secret_kind_name(kind), NULL);
    }
}

void xr_view_remarks(const struct xr_remark *remarks)
{
    for (; remarks; remarks = remarks->next)
        xr_say("  %-16s %s%s%s (exray explain %s)", xr_status_name(remarks->status),
            remarks->field ? remarks->field : "", remarks->field ? ": " : "", remarks->message,
            xr_finding_kind(remarks->code)->id);
}

void xr_view_json_remarks(struct xr_json *json, const struct xr_remark *remarks)
{
    xr_json_open(json, "remarks", '[');
    for (; remarks; remarks = remarks->next) {
        xr_json_open(json, NULL, '{');
        xr_check_json_remark(json, remarks);
        xr_json_close(json, '}');
    }
    xr_json_close(json, ']');
}

int xr_view_json_org(struct xr_call *call, struct xr_json *json, const struct xr_org *org)
{
    int64_t users = 0;
    const struct xr_store_err *err =
        xr_store_user_count(call->stored.store, call->arena, org->id, &users);

    if (err)
        return xr_stored_error(err);
    xr_json_put(json, "name", org->name);
    xr_json_put(json, "id", org->uid);
    xr_json_put(json, "access_type", xr_org_access_name(org->access));
    xr_json_open_flat(json, "domains", '[');
    for (const char *const *domain = org->domains; *domain; domain++)
        xr_json_put(json, NULL, *domain);
    xr_json_close(json, ']');
    xr_json_put(json, "account", org->account);
    put_secrets(call, json, org, NULL);
    xr_json_put(json, "ews_url", org->ews_url);
    xr_json_put(json, "folder", org->folder);
    xr_json_put(json, "group_kind", xr_group_kind_name(org->group_kind));
    xr_json_put(json, "scope_name", org->scope_name);
    xr_json_put(json, "notes", org->notes);
    xr_json_number(json, "users", users);
    xr_json_time(json, "changed", org->changed_ms);
    xr_json_put(json, "changed_by", org->changed_by);
    return 0;
}

static void put_result(struct xr_json *json, const struct xr_check_user *result)
{
    if (!result) {
        xr_json_put(json, "last_result", NULL);
        return;
    }
    xr_json_open(json, "last_result", '{');
    xr_check_json_result(json, result);
    xr_json_put(json, "primary_smtp_address", result->primary_smtp_address);
    xr_json_time(json, "at", result->at_wall_ms);
    xr_json_close(json, '}');
}

void xr_view_json_user(struct xr_call *call, struct xr_json *json, const struct xr_org *org,
    const struct xr_user *user, const struct xr_check_user *result)
{
    xr_json_put(json, "email", user->email);
    xr_json_put(json, "id", user->uid);
    xr_json_put(json, "access_type", xr_user_access_name(user->access));
    xr_json_put(json, "user_name", user->user_name);
    xr_json_put(json, "account", user->account);
    xr_json_put(json, "ews_url", user->ews_url);
    xr_json_bool(json, "enabled", user->enabled);
    put_secrets(call, json, org, user);
    xr_json_time(json, "invalidated", user->invalidated_ms);
    xr_json_time(json, "changed", user->changed_ms);
    xr_json_put(json, "changed_by", user->changed_by);
    put_result(json, result);
}

int xr_view_result(struct xr_call *call, struct xr_arena *arena, int64_t user_id,
    struct xr_check_user *ret, bool *ret_there)
{
    const struct xr_store_err *err = xr_store_last_result(call->stored.store, arena, user_id, ret);

    *ret_there = !err;
    return err && err->fault != XR_STORE_NOT_FOUND ? xr_stored_error(err) : 0;
}

void xr_view_json_time(struct xr_json *json, const char *name, int64_t ms)
{
    xr_json_time(json, name, ms);
}

void xr_view_json_end(struct xr_json *json)
{
    xr_json_close(json, '}');
    (void)fputc('\n', json->out);
}

/* *after is replaced by the last address of this page; *ret_n 0: there was none. */
static int view_page(struct xr_call *call, struct xr_arena *page, int64_t org_id, char *after,
    xr_view_each *each, void *arg, size_t *ret_n)
{
    struct xr_user *users = xr_new_n(page, struct xr_user, PAGE);
    const struct xr_store_err *err =
        xr_store_users(call->stored.store, page, org_id, *after ? after : NULL, PAGE, users, ret_n);

    if (err)
        return xr_stored_error(err);
    for (size_t i = 0; i < *ret_n; i++) {
        struct xr_check_user result;
        bool there;
        int code = xr_view_result(call, page, users[i].id, &result, &there);
        if (code)
            return code;
        each(arg, &users[i], there ? &result : NULL);
    }
    if (*ret_n)
        (void)snprintf(after, XR_FIELD_MAX + 1, "%s", users[*ret_n - 1].email);
    return 0;
}

int xr_view_users(struct xr_call *call, int64_t org_id, xr_view_each *each, void *arg)
{
    char after[XR_FIELD_MAX + 1] = "";
    size_t n = 1;
    int code = 0;

    while (!code && n) {
        struct xr_arena *page = xr_arena_new();
        code = view_page(call, page, org_id, after, each, arg, &n);
        xr_arena_free(page);
    }
    return code;
}
