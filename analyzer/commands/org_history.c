#include <inttypes.h>
#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/edit.h"
#include "analyzer/commands/shell_word.h"
#include "analyzer/commands/view.h"

enum { PAGE = 500, LINES = 200, TOGETHER_MS = 1000 };

/*
 * Neighbours of the same kind, which are one line for people: an import would be
 * a line for each of its users. Changes come the newest first.
 */
struct group {
    struct xr_arena *arena;  /* NULL: there is no group */
    struct xr_change newest; /* with its values, of a group whose changes all have the same */
    char oldest[XR_FIELD_MAX + 1];
    int64_t oldest_ms, n;
    bool alike;
};

struct telling {
    struct xr_call *call;
    struct xr_json json;
    struct group group;
    int64_t limit, told; /* lines; limit 0: all */
    bool more;           /* than was told */
};

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

static const char *whose(const struct group *group)
{
    const struct xr_change *newest = &group->newest;
    const char *what = strcmp(newest->what, "user") != 0 ? "organisation" : "user";

    if (group->n == 1)
        return xr_printf(group->arena, "%s '%s'", what, newest->name);
    return xr_printf(
        group->arena, "%" PRId64 " users, '%s' to '%s'", group->n, group->oldest, newest->name);
}

static void say_group(const struct group *group)
{
    const struct xr_change *newest = &group->newest;
    bool valued = group->alike && (newest->from || newest->to);

    xr_say("%s  %s  %s: %s%s%s%s%s", xr_rfc3339(group->arena, newest->at_ms), newest->by,
        whose(group), newest->field, valued ? ": " : "",
        newest->from && valued ? newest->from
        : valued               ? "(not set)"
                               : "",
        valued ? " -> " : "",
        newest->to && valued ? newest->to
        : valued             ? "(not set)"
                             : "");
}

static void end_group(struct telling *telling)
{
    if (!telling->group.arena)
        return;
    say_group(&telling->group);
    xr_arena_free(telling->group.arena);
    telling->group.arena = NULL;
    telling->told++;
}

static bool belongs(const struct group *group, const struct xr_change *change)
{
    const struct xr_change *newest = &group->newest;

    return group->arena && group->oldest_ms - change->at_ms < TOGETHER_MS &&
           !strcmp(change->what, "user") && !strcmp(newest->what, "user") &&
           !strcmp(newest->by, change->by) && !strcmp(newest->field, change->field);
}

static const char *kept(struct xr_arena *arena, const char *text)
{
    return text ? xr_strdup(arena, text) : NULL;
}

static void begin_group(struct group *group, const struct xr_change *change)
{
    struct xr_arena *arena = xr_arena_new();

    *group = (struct group){ .arena = arena, .alike = true };
    group->newest = (struct xr_change){
        .at_ms = change->at_ms,
        .by = kept(arena, change->by),
        .what = kept(arena, change->what),
        .name = kept(arena, change->name),
        .field = kept(arena, change->field),
        .from = kept(arena, change->from),
        .to = kept(arena, change->to),
    };
}

static bool is_full(const struct telling *telling)
{
    return telling->limit && telling->told == telling->limit;
}

/* false: no more lines are wanted. */
static bool tell(struct telling *telling, const struct xr_change *change)
{
    struct group *group = &telling->group;
    bool same = belongs(group, change);

    if (!same)
        end_group(telling);
    telling->more = is_full(telling);
    if (telling->more)
        return false;
    if (telling->call->form->json) {
        put_change(&telling->json, change);
        telling->told++;
        return true;
    }
    if (!same)
        begin_group(group, change);
    group->n++;
    group->oldest_ms = change->at_ms;
    group->alike &= xr_edit_same(group->newest.from, change->from) &&
                    xr_edit_same(group->newest.to, change->to);
    (void)snprintf(group->oldest, sizeof(group->oldest), "%s", change->name);
    return true;
}

/* *before: from where on; moves to the oldest that was read. *ret_n 0: that was all. */
static int tell_page(
    struct telling *telling, const char *uid, struct xr_arena *page, int64_t *before, size_t *ret_n)
{
    struct xr_change *changes = xr_new_n(page, struct xr_change, PAGE);
    const struct xr_store_err *err =
        xr_store_changes(telling->call->stored.store, page, uid, *before, PAGE, changes, ret_n);

    if (err)
        return xr_stored_error(err);
    for (size_t i = 0; i < *ret_n; i++) {
        if (!tell(telling, &changes[i])) {
            *ret_n = 0;
            return 0;
        }
        *before = changes[i].id;
    }
    return 0;
}

static int tell_all(struct telling *telling, const char *uid)
{
    int64_t before = 0;
    size_t n = 1;
    int code = 0;

    while (!code && n) {
        struct xr_arena *page = xr_arena_new();
        code = tell_page(telling, uid, page, &before, &n);
        xr_arena_free(page);
    }
    end_group(telling);
    return code;
}

static int tell_json(struct telling *telling, const struct xr_org *org)
{
    struct xr_json *json = &telling->json;

    telling->limit = telling->call->form->limit;
    xr_json_open(json, NULL, '{');
    xr_json_put(json, "schema", "exray.changes/1");
    xr_json_put(json, "organization", org->name);
    xr_json_open(json, "changes", '[');
    int code = tell_all(telling, org->uid);
    xr_json_close(json, ']');
    xr_view_json_end(json);
    return code;
}

int xr_org_history(struct xr_call *call)
{
    struct telling telling = { .call = call, .json = { .out = stdout }, .limit = LINES };
    struct xr_org org;
    int code = xr_stored_org(&call->stored, call->words[0], &org);

    if (code)
        return code;
    if (call->form->json)
        return tell_json(&telling, &org);
    if (call->form->limit)
        telling.limit = call->form->limit;
    code = tell_all(&telling, org.uid);
    if (telling.more)
        xr_note("there are older changes: %s",
            xr_call_command(call, "org history %s --limit %" PRId64,
                xr_shell_word(call->arena, org.name), telling.limit * 10));
    return code;
}
