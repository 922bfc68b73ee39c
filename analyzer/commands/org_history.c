#include "analyzer/base/clock.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/view.h"

enum { PAGE = 500 };

static void put_change(struct xr_json *json, const struct xr_change *change)
{
    xr_json_open_flat(json, NULL, '{');
    xr_view_json_time(json, "at", change->at_ms);
    xr_json_put(json, "by", change->by);
    xr_json_put(json, "what", change->what);
    xr_json_put(json, "name", change->name);
    xr_json_put(json, "field", change->field);
    xr_json_put(json, "from", change->from);
    xr_json_put(json, "to", change->to);
    xr_json_close(json, '}');
}

static void say_change(struct xr_arena *arena, const struct xr_change *change)
{
    bool valued = change->from || change->to;

    xr_say("%s  %s  %s '%s': %s%s%s%s%s", xr_rfc3339(arena, change->at_ms), change->by,
        change->what, change->name, change->field, valued ? ": " : "",
        change->from ? change->from
        : valued     ? "(not set)"
                     : "",
        valued ? " -> " : "",
        change->to ? change->to
        : valued   ? "(not set)"
                   : "");
}

/* *before: from where on; moves to the oldest that was told. */
static int tell_page(struct xr_call *call, struct xr_json *json, const char *uid,
    struct xr_arena *page, int64_t *before, size_t *ret_n)
{
    struct xr_change *changes = xr_new_n(page, struct xr_change, PAGE);
    const struct xr_store_err *err =
        xr_store_changes(call->stored.store, page, uid, *before, PAGE, changes, ret_n);

    if (err)
        return xr_stored_error(err);
    for (size_t i = 0; i < *ret_n; i++) {
        if (call->form->json)
            put_change(json, &changes[i]);
        else
            say_change(page, &changes[i]);
        *before = changes[i].id;
    }
    return 0;
}

int xr_org_history(struct xr_call *call)
{
    struct xr_json json = { .out = stdout };
    struct xr_org org;
    int64_t before = 0;
    size_t n = 1;
    int code = xr_stored_org(&call->stored, call->words[0], &org);

    if (code)
        return code;
    if (call->form->json) {
        xr_json_open(&json, NULL, '{');
        xr_json_put(&json, "schema", "exray.changes/1");
        xr_json_put(&json, "organization", org.name);
        xr_json_open(&json, "changes", '[');
    }
    while (!code && n) {
        struct xr_arena *page = xr_arena_new();
        code = tell_page(call, &json, org.uid, page, &before, &n);
        xr_arena_free(page);
    }
    if (call->form->json) {
        xr_json_close(&json, ']');
        xr_view_json_end(&json);
    }
    return code;
}
