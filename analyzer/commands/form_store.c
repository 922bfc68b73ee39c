#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/form.h"
#include "analyzer/commands/shell_word.h"
#include "analyzer/org/lint.h"

/* What is stored is not typed as well. NULL: nothing was. */
static const char *excluded(const struct xr_form *form)
{
    const struct {
        bool given;
        const char *option;
    } rows[] = {
        { form->account, "--account" },
        { form->password_file, "--password-file" },
        { form->password_fd >= 0, "--password-fd" },
        { form->password_stdin, "--password-stdin" },
        { form->bearer_file, "--bearer-file" },
        { form->ews_url, "--ews-url" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].given)
            return rows[i].option;
    return NULL;
}

/* A mailbox that is not in the list is treated like a user without values of their own. */
static int find_user(
    struct xr_stored *stored, const struct xr_org *org, const char *mailbox, struct xr_user *ret)
{
    const struct xr_store_err *err =
        xr_store_user(stored->store, stored->arena, org->id, mailbox, ret);

    if (!err && !ret->enabled)
        xr_note("%s is disabled in '%s': checks leave them out", ret->email, org->name);
    if (!err)
        return 0;
    if (err->fault != XR_STORE_NOT_FOUND)
        return xr_stored_error(err);
    *ret = (struct xr_user){ .email = mailbox, .org_id = org->id, .enabled = true };
    xr_note(
        "%s is not in the list of '%s': tried with the organisation's values", mailbox, org->name);
    return 0;
}

static int fill(struct xr_form *form, const struct xr_org *org, const struct xr_user *user,
    const struct xr_effective *access)
{
    bool direct = !xr_mode_impersonates(access->mode);
    bool needs_url = !form->finds_url &&
                     xr_user_use(org->access, user->access, XR_FIELD_EWS_URL) == XR_USE_REQUIRED;

    if (!access->account.value)
        return xr_failed(XR_EXIT_CONFIG,
            "no account is stored for %s in '%s': 'exray org set' and 'exray user set' take one "
            "with --account",
            access->mailbox, org->name);
    if (direct && form->impersonate)
        return xr_usage_error(
            "--impersonate has no meaning: %s logs on directly in '%s'", form->mailbox, org->name);
    if (needs_url && !access->ews_url.value)
        return xr_failed(XR_EXIT_CONFIG,
            "no EWS URL is stored for %s in '%s', and the access type requires one: 'exray user "
            "set' takes it with --ews-url",
            access->mailbox, org->name);
    form->account = access->account.value;
    form->ews_url = form->finds_url ? NULL : access->ews_url.value;
    if (!form->folder && !form->folder_id)
        form->folder = access->folder.value;
    form->no_impersonation = form->no_impersonation || direct;
    form->with_token = xr_mode_secret(access->mode) == XR_SECRET_TOKEN;
    return 0;
}

/* What would take the organisation's secret to strangers, or follow one value and ignore another.
 * Faults of address and account are the test's own to tell. */
static bool is_obstacle(const struct xr_remark *remark)
{
    return remark->status == XR_ERROR && (remark->code == XR_FINDING_CONFIG_OUTSIDE_DOMAINS ||
                                             remark->code == XR_FINDING_CONFIG_CONFLICT ||
                                             (remark->field && !strcmp(remark->field, "domain")));
}

bool xr_form_is_inside(struct xr_arena *arena, const struct xr_org *org, const char *mailbox)
{
    struct xr_address address;
    const char *why;

    if (!xr_address_parse(arena, mailbox, &address, &why))
        return false;
    for (const char *const *domain = org->domains; *domain; domain++)
        if (xr_is_in_domain(address.domain, *domain))
            return true;
    return false;
}

/* With a URL stored the address is no matter of credentials; Autodiscover asks its hosts all the
 * same. */
static const char *stranger(
    struct xr_arena *arena, const struct xr_org *org, const struct xr_user *user)
{
    if (xr_effective(org, user).secret_from != XR_OF_ORG ||
        xr_form_is_inside(arena, org, user->email))
        return NULL;
    return xr_printf(arena,
        "Autodiscover would take the organisation's credentials to the hosts of \"%s\", which is "
        "%s; exray org set %s --domain D tells what belongs to the organisation.",
        xr_excerpt(arena, user->email, XR_QUOTED_MAX),
        *org->domains ? "outside of its domains" : "in no domain of it, for none is stored",
        xr_shell_word(arena, org->name));
}

const char *xr_form_obstacle(
    struct xr_arena *arena, const struct xr_org *org, const struct xr_user *user, bool finds_url)
{
    struct xr_org its = *org;
    struct xr_user own = *user;

    if (finds_url)
        its.ews_url = own.ews_url = NULL;
    for (const struct xr_remark *at = xr_lint_user(arena, &its, &own); at; at = at->next)
        if (is_obstacle(at))
            return at->message;
    return finds_url ? stranger(arena, org, user) : NULL;
}

static int take(struct xr_stored *stored, struct xr_form *form, struct xr_secret *ret_password,
    struct xr_secret *ret_token)
{
    struct xr_user user;
    struct xr_org org;
    int code = xr_stored_org(stored, form->org, &org);

    if (!code)
        code = find_user(stored, &org, form->mailbox, &user);
    if (code)
        return code;
    const char *obstacle = xr_form_obstacle(stored->arena, &org, &user, form->finds_url);
    if (obstacle)
        return xr_failed(XR_EXIT_CONFIG, "%s", obstacle);
    struct xr_effective access = xr_effective(&org, &user);
    code = fill(form, &org, &user, &access);
    if (code || (form->keytab && access.secret_from == XR_OF_NONE))
        return code;
    return xr_stored_secret(
        stored, &org, &user, &access, form->with_token ? ret_token : ret_password);
}

int xr_form_from_store(struct xr_arena *arena, struct xr_form *form, struct xr_secret *ret_password,
    struct xr_secret *ret_token)
{
    __attribute__((cleanup(xr_stored_done))) struct xr_stored stored = { 0 };
    const char *option = excluded(form);

    if (option)
        return xr_usage_error("--org and %s exclude one another", option);
    if (!form->mailbox)
        return xr_usage_error("--mailbox is missing: whose mailbox is it about?");
    form->stored.no_input = form->no_input;
    int code = xr_stored_open(&stored, arena, &form->stored);
    return code ? code : take(&stored, form, ret_password, ret_token);
}
