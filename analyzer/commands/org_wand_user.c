#include "analyzer/commands/org_wand.h"

enum { PAGE = 500 };

/* The addresses of the users who come into question; NULL: none yet. */
struct candidates {
    const char *first, *with_logon, *after;
};

/* Hosts of strangers have nothing to say about the organisation. */
static bool may_be_asked(
    struct xr_arena *arena, const struct xr_org *org, const struct xr_user *user)
{
    bool inside = !*org->domains || xr_form_is_inside(arena, org, user->email);

    return user->enabled && inside && !xr_form_obstacle(arena, org, user, true);
}

static bool can_log_on(const struct xr_effective *access)
{
    return access->account.value && access->secret_from != XR_OF_NONE;
}

/* *ret_n 0: there was no page left. */
static int look_at_page(struct xr_call *call, struct xr_arena *page, const struct xr_org *org,
    struct candidates *candidates, size_t *ret_n)
{
    struct xr_user *users = xr_new_n(page, struct xr_user, PAGE);
    const struct xr_store_err *err =
        xr_store_users(call->stored.store, page, org->id, candidates->after, PAGE, users, ret_n);

    if (err)
        return xr_stored_error(err);
    for (size_t i = 0; i < *ret_n && !candidates->with_logon; i++) {
        if (!may_be_asked(page, org, &users[i]))
            continue;
        struct xr_effective access = xr_effective(org, &users[i]);
        if (!candidates->first)
            candidates->first = xr_strdup(call->arena, users[i].email);
        if (can_log_on(&access))
            candidates->with_logon = xr_strdup(call->arena, users[i].email);
    }
    if (*ret_n)
        candidates->after = xr_strdup(call->arena, users[*ret_n - 1].email);
    return 0;
}

int xr_wand_choose_user(struct xr_call *call, const struct xr_org *org, struct xr_wand_user *ret)
{
    struct candidates candidates = { NULL, NULL, NULL };
    size_t n = 1;
    int code = 0;

    *ret = (struct xr_wand_user){ .found = false };
    while (!code && n && !candidates.with_logon) {
        struct xr_arena *page = xr_arena_new();
        code = look_at_page(call, page, org, &candidates, &n);
        xr_arena_free(page);
    }
    const char *chosen = candidates.with_logon ? candidates.with_logon : candidates.first;
    if (code || !chosen)
        return code;
    code = xr_stored_user(&call->stored, org, chosen, &ret->user);
    ret->found = !code;
    if (!code)
        ret->access = xr_effective(org, &ret->user);
    ret->logs_on = !code && can_log_on(&ret->access);
    return code;
}
