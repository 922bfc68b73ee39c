#include <stdarg.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/model/expand.h"
#include "analyzer/model/target.h"
#include "analyzer/org/access.h"
#include "analyzer/org/plan_text.h"
#include "analyzer/wire/url.h"

enum { PAGE = 500, SCOPE_NAME_MAX = 64 };

static const char *const format_names[XR_PLAN_FORMAT_COUNT] = {
    [XR_PLAN_PS1] = "ps1",
    [XR_PLAN_MD] = "md",
};

bool xr_plan_format_by_name(const char *name, enum xr_plan_format *ret)
{
    for (enum xr_plan_format format = 0; format < XR_PLAN_FORMAT_COUNT; format++) {
        if (!strcmp(format_names[format], name)) {
            *ret = format;
            return true;
        }
    }
    return false;
}

const struct xr_plan_err *xr_plan_error(
    struct xr_arena *arena, enum xr_plan_fault fault, const char *fmt, ...)
{
    struct xr_plan_err *err = xr_new(arena, struct xr_plan_err);
    va_list args;

    va_start(args, fmt);
    *err = (struct xr_plan_err){ .fault = fault, .text = xr_vprintf(arena, fmt, args) };
    va_end(args);
    return err;
}

const struct xr_plan_err *xr_plan_store_error(
    struct xr_arena *arena, const struct xr_store_err *err)
{
    struct xr_plan_err *ret = xr_new(arena, struct xr_plan_err);

    *ret = (struct xr_plan_err){ .fault = XR_PLAN_STORE, .text = err->text, .store = err };
    return ret;
}

/* ---- users ---- */

enum xr_plan_side xr_plan_side_of(
    struct xr_arena *arena, const struct xr_org *org, const struct xr_user *user)
{
    struct xr_effective access = xr_effective(org, user);
    bool token = xr_mode_secret(access.mode) == XR_SECRET_TOKEN;
    struct xr_url url;

    /* Under Microsoft 365 the type tells it, whatever host the EWS URL names: only who is opened by
     * a service account with a password has the mailbox on premises. */
    if (org->access == XR_ORG_M365_OAUTH)
        return token ? XR_PLAN_ONLINE : XR_PLAN_ON_PREMISES;
    if (access.ews_url.value && !xr_url_parse(arena, access.ews_url.value, &url))
        return xr_is_exchange_online(url.host) ? XR_PLAN_ONLINE : XR_PLAN_ON_PREMISES;
    return token ? XR_PLAN_ONLINE : XR_PLAN_ON_PREMISES;
}

bool xr_plan_is_member(const struct xr_org *org, const struct xr_user *user)
{
    if (!user->enabled)
        return false;
    return org->access == XR_ORG_DIRECT || xr_mode_impersonates(xr_effective(org, user).mode);
}

const struct xr_plan_err *xr_plan_each_user(struct xr_store *store, struct xr_arena *arena,
    const struct xr_org *org, const struct xr_plan_visitor *visitor)
{
    struct xr_arena *page = NULL, *before = NULL;
    const struct xr_plan_err *err = NULL;
    const char *after = NULL;
    size_t n;

    do {
        struct xr_user *users;
        page = xr_arena_new();
        users = xr_new_n(page, struct xr_user, PAGE);
        n = 0;
        const struct xr_store_err *failed =
            xr_store_users(store, page, org->id, after, PAGE, users, &n);
        if (failed)
            err = xr_plan_store_error(page, failed);
        for (size_t i = 0; !err && i < n; i++)
            err = visitor->visit(visitor->arg, page, &users[i]);
        after = n ? users[n - 1].email : NULL;
        xr_arena_free(before);
        before = page;
    } while (!err && n == PAGE);
    if (err)
        xr_arena_absorb(arena, page);
    else
        xr_arena_free(page);
    return err;
}

/* ---- making a plan ---- */

static const char *name_of_account(struct xr_arena *arena, const char *account)
{
    const char *slash = strrchr(account, '\\');
    size_t length = strcspn(account, "@");

    return slash ? xr_strdup(arena, slash + 1) : xr_strndup(arena, account, length);
}

static const char *upn_of_account(
    struct xr_arena *arena, const struct xr_org *org, const char *account)
{
    if (strchr(account, '@'))
        return account;
    if (!org->domains[0])
        return NULL;
    return xr_printf(arena, "%s@%s", name_of_account(arena, account), org->domains[0]);
}

static void name_groups(struct xr_arena *arena, struct xr_plan *plan)
{
    const char *alias = plan->org->group_kind == XR_GROUP_SECURITY ? "RISG" : "RIAG";
    bool hybrid = plan->has_side[XR_PLAN_ON_PREMISES] && plan->has_side[XR_PLAN_ONLINE];

    for (enum xr_plan_side side = 0; side < XR_PLAN_SIDE_COUNT; side++) {
        /* Directory synchronisation brings the group of the other side along under its own name. */
        const char *suffix = hybrid && side == XR_PLAN_ONLINE ? "Online" : "";
        plan->group_alias[side] = xr_printf(arena, "%s%s", alias, suffix);
        plan->group_name[side] = xr_printf(arena, "RIapplicationGroup%s", suffix);
    }
}

struct counting {
    struct xr_arena *arena;
    struct xr_plan *plan;
};

/* In an organisation on Microsoft 365 the users on premises name the account themselves. */
static void count_account(struct counting *counting, const struct xr_user *user)
{
    struct xr_plan *plan = counting->plan;
    const char *account = xr_effective(plan->org, user).account.value;
    const char **ours = &plan->account[XR_PLAN_ON_PREMISES];

    if (!account || plan->org->access == XR_ORG_DIRECT)
        return;
    if (!*ours)
        *ours = xr_strdup(counting->arena, account);
    if (xr_same(account, *ours))
        return;
    if (!plan->other_accounts++)
        plan->other_account = xr_strdup(counting->arena, account);
}

static const struct xr_plan_err *count(
    void *arg, struct xr_arena *scratch, const struct xr_user *user)
{
    struct counting *counting = arg;
    struct xr_plan *plan = counting->plan;

    if (!user->enabled)
        plan->disabled++;
    else if (!xr_plan_is_member(plan->org, user))
        plan->by_themselves++;
    if (!xr_plan_is_member(plan->org, user))
        return NULL;
    if (!xr_quote(scratch, user->email, XR_SHELL_EMS))
        return xr_plan_error(scratch, XR_PLAN_VALUE,
            "the address %s has a control or invisible character: correct it before it goes into "
            "a script",
            xr_excerpt(scratch, user->email, XR_QUOTED_MAX));
    enum xr_plan_side side = xr_plan_side_of(scratch, plan->org, user);
    if (!plan->members[side]++)
        plan->first_member[side] = xr_strdup(counting->arena, user->email);
    if (side == XR_PLAN_ON_PREMISES)
        count_account(counting, user);
    return NULL;
}

/* Cmdlets of Exchange take * in an identity for a pattern, and so would act on more than is meant.
 */
static const struct xr_plan_err *flaw_of(
    struct xr_arena *arena, const char *field, const char *value, bool identity)
{
    if (!value)
        return NULL;
    if (!xr_quote(arena, value, XR_SHELL_EMS))
        return xr_plan_error(arena, XR_PLAN_VALUE,
            "the %s %s has a control or invisible character, or is too long: correct it with "
            "exray org set before it goes into a script",
            field, xr_excerpt(arena, value, XR_QUOTED_MAX));
    if (identity && strchr(value, '*'))
        return xr_plan_error(arena, XR_PLAN_VALUE,
            "the %s %s has a '*', which Exchange takes for a pattern: correct it with exray org "
            "set",
            field, xr_excerpt(arena, value, XR_QUOTED_MAX));
    return NULL;
}

static const struct xr_plan_err *plan_flaw(struct xr_arena *arena, const struct xr_plan *plan)
{
    const struct {
        const char *field, *value;
        bool identity;
    } rows[] = {
        { "name of the organisation", plan->org->name, false },
        { "account", plan->account[XR_PLAN_ON_PREMISES], true },
        { "account", plan->account[XR_PLAN_ONLINE], true },
        { "scope name", plan->scope_name, true },
        { "domain", plan->org->domains[0], false },
        { "EWS URL", plan->org->ews_url, false },
        { "path of the store", plan->store_path, false },
        { "account of a user", plan->other_account, false },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct xr_plan_err *err =
            flaw_of(arena, rows[i].field, rows[i].value, rows[i].identity);
        if (err)
            return err;
    }
    if (strlen(plan->scope_name) > SCOPE_NAME_MAX)
        return xr_plan_error(arena, XR_PLAN_VALUE,
            "the scope name %s is longer than the %d characters that Exchange allows",
            xr_excerpt(arena, plan->scope_name, XR_QUOTED_MAX), (int)SCOPE_NAME_MAX);
    return NULL;
}

static void name_accounts(struct xr_arena *arena, struct xr_plan *plan)
{
    const char *usual = plan->org->account ? plan->org->account : "MasterImpersonation";

    for (enum xr_plan_side side = 0; side < XR_PLAN_SIDE_COUNT; side++) {
        if (!plan->account[side])
            plan->account[side] = usual;
        plan->account_name[side] = name_of_account(arena, plan->account[side]);
        plan->account_upn[side] = upn_of_account(arena, plan->org, plan->account[side]);
    }
}

const struct xr_plan_err *xr_plan_make(struct xr_store *store, struct xr_arena *arena,
    const struct xr_org *org, const char *store_path, struct xr_plan *ret)
{
    struct xr_plan plan = {
        .org = org,
        .scope_name = org->scope_name ? org->scope_name : "RIusersScope",
        .role_group = "RIimpersonation",
        .store_path = store_path,
    };
    struct counting counting = { arena, &plan };
    struct xr_plan_visitor visitor = { count, &counting };

    if (org->access != XR_ORG_M365_OAUTH)
        plan.account[XR_PLAN_ON_PREMISES] = org->account;
    const struct xr_plan_err *err = xr_plan_each_user(store, arena, org, &visitor);

    if (err)
        return err;
    for (enum xr_plan_side side = 0; side < XR_PLAN_SIDE_COUNT; side++)
        plan.has_side[side] = plan.members[side] > 0;
    if (!plan.has_side[XR_PLAN_ON_PREMISES] && !plan.has_side[XR_PLAN_ONLINE]) {
        struct xr_user nobody = { .email = "", .access = XR_USER_INHERIT, .enabled = true };
        plan.has_side[xr_plan_side_of(arena, org, &nobody)] = true;
    }
    name_groups(arena, &plan);
    name_accounts(arena, &plan);
    err = plan_flaw(arena, &plan);
    if (!err)
        *ret = plan;
    return err;
}

const struct xr_plan_err *xr_plan_write(struct xr_store *store, struct xr_arena *arena,
    const struct xr_plan *plan, enum xr_plan_format format, FILE *out)
{
    return format == XR_PLAN_PS1 ? xr_plan_write_ps1(store, arena, plan, out)
                                 : xr_plan_write_md(store, arena, plan, out);
}
