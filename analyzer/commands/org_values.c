#include "analyzer/commands/org_values.h"

#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/wire/ews.h"

#define FROM(field) offsetof(struct xr_verb_form, field)
#define TO(field)   offsetof(struct xr_org, field)

static int take_access(const struct xr_verb_form *form, struct xr_org *org)
{
    const char *names[XR_ORG_ACCESS_COUNT + 1] = { NULL };

    if (!form->access_type || xr_org_access_by_name(form->access_type, &org->access))
        return 0;
    for (int i = 0; i < XR_ORG_ACCESS_COUNT; i++)
        names[i] = xr_org_access_name((enum xr_org_access)i);
    const char *near = xr_nearest(form->access_type, names);
    return xr_usage_error("--access-type takes %s, %s or %s, not '%s'%s%s%s", names[0], names[1],
        names[2], form->access_type, near ? "; did you mean '" : "", near ? near : "",
        near ? "'?" : "");
}

static int take_group(const struct xr_verb_form *form, struct xr_org *org)
{
    if (!form->group_kind)
        return 0;
    if (!*form->group_kind)
        org->group_kind = XR_GROUP_DISTRIBUTION;
    else if (!xr_group_kind_by_name(form->group_kind, &org->group_kind))
        return xr_usage_error(
            "--group-kind takes distribution or security, not '%s'", form->group_kind);
    return 0;
}

static bool is_listed(const char *const *domains, const char *domain)
{
    for (; *domains; domains++)
        if (xr_same(*domains, domain))
            return true;
    return false;
}

static int take_domains(struct xr_call *call, struct xr_org *org)
{
    const struct xr_list *given = &call->form->domain;
    const char **domains = xr_new_n(call->arena, const char *, given->n + 1);
    size_t n = 0;

    if (!given->n)
        return 0;
    for (size_t i = 0; i < given->n; i++) {
        const char *why, *item = given->items[i];
        if (!*item)
            continue;
        const char *text = xr_utf8(call->arena, item, strlen(item));
        const char *domain = xr_host_ascii(call->arena, text, &why);
        if (!domain)
            return xr_usage_error("--domain %s is not a domain: %s", item, why);
        if (!is_listed(domains, domain))
            domains[n++] = domain;
    }
    org->domains = domains;
    return 0;
}

static int judge_folder(const struct xr_org *org)
{
    if (!org->folder || xr_ews_is_distinguished(org->folder))
        return 0;
    const char *near = xr_nearest(org->folder, xr_ews_distinguished);
    return xr_usage_error("--folder: '%s' is no distinguished folder%s%s%s", org->folder,
        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int xr_org_take_values(struct xr_call *call, struct xr_org *org)
{
    static const struct xr_edit_field fields[] = {
        { "account", FROM(form.account), TO(account), XR_FIELD_MAX, false },
        { "ews-url", FROM(form.ews_url), TO(ews_url), XR_FIELD_MAX, false },
        { "folder", FROM(form.folder), TO(folder), XR_FIELD_MAX, false },
        { "scope-name", FROM(scope_name), TO(scope_name), XR_FIELD_MAX, false },
        { "notes", FROM(notes), TO(notes), XR_NOTES_MAX, true },
        { NULL, 0, 0, 0, false },
    };
    int code = take_access(call->form, org);

    if (!code)
        code = take_group(call->form, org);
    if (!code)
        code = take_domains(call, org);
    if (!code)
        code = xr_edit_fields(call, fields, org);
    return code ? code : judge_folder(org);
}

int xr_org_refuse(const struct xr_verb_form *form, enum xr_org_access access)
{
    static const char *const reasons[XR_ORG_ACCESS_COUNT] = {
        [XR_ORG_DIRECT] = "the users log on as themselves, with values of their own: 'exray user "
                          "set' takes them",
        [XR_ORG_IMPERSONATION] = "the service account logs on with account and password; for "
                                 "tokens there is m365-oauth-impersonated",
        [XR_ORG_M365_OAUTH] = "Microsoft 365 takes OAuth tokens only, Microsoft has removed the "
                              "logon with account and password: --bearer-file takes a token",
    };

    for (int i = 0; i < XR_FIELD_COUNT; i++) {
        enum xr_field field = (enum xr_field)i;
        const char *option = xr_edit_given(form, field);
        if (option && xr_org_use(access, field) == XR_USE_REFUSED)
            return xr_failed(XR_EXIT_CONFIG,
                "%s has no meaning for an organisation with the access type %s: %s", option,
                xr_org_access_name(access), reasons[access]);
    }
    return 0;
}
