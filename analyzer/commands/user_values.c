#include "analyzer/commands/user_values.h"

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"

#define FROM(field) offsetof(struct xr_verb_form, field)
#define TO(field)   offsetof(struct xr_user, field)

static int take_access(const struct xr_verb_form *form, struct xr_user *user)
{
    if (!form->access_type)
        return 0;
    if (!*form->access_type)
        user->access = XR_USER_INHERIT;
    else if (!xr_user_access_by_name(form->access_type, &user->access))
        return xr_usage_error(
            "--access-type of a user takes inherit, password, oauth or exchange-impersonation, not "
            "'%s'",
            form->access_type);
    return 0;
}

int xr_user_take_values(struct xr_call *call, struct xr_user *user)
{
    static const struct xr_edit_field fields[] = {
        { "user-name", FROM(user_name), TO(user_name), XR_FIELD_MAX, false },
        { "account", FROM(form.account), TO(account), XR_FIELD_MAX, false },
        { "ews-url", FROM(form.ews_url), TO(ews_url), XR_FIELD_MAX, false },
        { NULL, 0, 0, 0, false },
    };
    const struct xr_verb_form *form = call->form;

    if (form->enabled && form->disabled)
        return xr_usage_error("--enabled and --disabled exclude one another");
    if (form->enabled || form->disabled)
        user->enabled = form->enabled;
    int code = take_access(form, user);
    return code ? code : xr_edit_fields(call, fields, user);
}

int xr_user_refuse(
    const struct xr_verb_form *form, const struct xr_org *org, const struct xr_user *user)
{
    const char *type = xr_user_access_name(user->access);
    const char *of_org = xr_org_access_name(org->access);
    const char *flaw = xr_user_access_flaw(org->access, user->access);

    if (flaw)
        return xr_failed(XR_EXIT_CONFIG, "a user of '%s' (%s) cannot have the access type %s: %s",
            org->name, of_org, type, flaw);
    for (int i = 0; i < XR_FIELD_COUNT; i++) {
        enum xr_field field = (enum xr_field)i;
        const char *option = xr_edit_given(form, field);
        if (option && xr_user_use(org->access, user->access, field) == XR_USE_REFUSED)
            return xr_failed(XR_EXIT_CONFIG,
                "%s has no meaning for %s: the access type %s means %s in '%s' (%s)", option,
                user->email, type, xr_mode_title(xr_effective(org, user).mode), org->name, of_org);
    }
    return 0;
}

int xr_user_ask(struct xr_call *call, const struct xr_org *org, const struct xr_user *user,
    struct xr_edit_secrets *secrets)
{
    struct xr_effective effective = xr_effective(org, user);
    bool own = !xr_mode_impersonates(effective.mode) || effective.account.from == XR_OF_USER;
    bool needs = effective.secret_from == XR_OF_NONE && own &&
                 xr_mode_secret(effective.mode) == XR_SECRET_PASSWORD;

    if (!needs && !call->form->form.password_prompt)
        return 0;
    return xr_edit_ask(
        call, effective.account.value ? effective.account.value : user->email, secrets);
}
