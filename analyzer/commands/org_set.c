#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/check.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/org_values.h"
#include "analyzer/commands/shell_word.h"

static bool same_list(const char *const *a, const char *const *b)
{
    while (*a && *b && !strcmp(*a, *b)) {
        a++;
        b++;
    }
    return !*a && !*b;
}

/* What a new access type has no place for goes, and is told. */
static void drop_refused(struct xr_org *org, struct xr_edit_secrets *secrets)
{
    const char *type = xr_org_access_name(org->access);

    for (int i = 0; i < XR_SECRET_KIND_COUNT; i++) {
        enum xr_field field = i == XR_SECRET_PASSWORD ? XR_FIELD_PASSWORD : XR_FIELD_TOKEN;
        if (!org->has[i] || xr_org_use(org->access, field) != XR_USE_REFUSED)
            continue;
        secrets->cleared[i] = true;
        xr_note("the stored %s is removed: %s has none", xr_field_name(field), type);
    }
    if (org->account && xr_org_use(org->access, XR_FIELD_ACCOUNT) == XR_USE_REFUSED) {
        xr_note("the account '%s' is removed: %s has none", org->account, type);
        org->account = NULL;
    }
}

static int read_changes(struct xr_call *call, const struct xr_org *before, struct xr_org *org,
    struct xr_edit_secrets *secrets)
{
    int code = xr_org_take_values(call, org);

    if (!code)
        code = xr_org_refuse(call->form, org->access);
    if (!code)
        code = xr_edit_read_secrets(call, secrets);
    if (code)
        return code;
    if (org->access != before->access)
        drop_refused(org, secrets);
    bool another = org->account && !xr_edit_same(org->account, before->account);
    bool takes = xr_org_use(org->access, XR_FIELD_PASSWORD) == XR_USE_REQUIRED;
    if (call->form->form.password_prompt || (another && takes))
        code = xr_edit_ask(call, org->account ? org->account : org->name, secrets);
    if (!code && another && org->has[XR_SECRET_PASSWORD] && !xr_edit_changes_secrets(secrets))
        xr_note("the stored password stays, now as that of '%s'", org->account);
    return code;
}

static bool asks_for_something(const struct xr_verb_form *form)
{
    const struct xr_form *typed = &form->form;

    return form->access_type || form->domain.n || typed->account || typed->ews_url ||
           typed->folder || form->group_kind || form->scope_name || form->notes ||
           typed->password_file || typed->password_fd >= 0 || typed->password_stdin ||
           typed->password_prompt || typed->bearer_file || form->check;
}

static int judge_words(const struct xr_verb_form *form)
{
    if (!asks_for_something(form))
        return xr_usage_error("nothing is to be changed; 'exray org set --help' lists the options");
    if (form->sample && !form->check)
        return xr_usage_error("--sample goes with --check");
    return 0;
}

/* What was found out with the old values says nothing about the new ones (FEATURES C14). */
static bool makes_stale(
    const struct xr_org *before, const struct xr_org *org, const struct xr_edit_secrets *secrets)
{
    return xr_edit_changes_secrets(secrets) || before->access != org->access ||
           !xr_edit_same(before->account, org->account) ||
           !xr_edit_same(before->ews_url, org->ews_url) ||
           !xr_edit_same(before->folder, org->folder) || !same_list(before->domains, org->domains);
}

static int check_first(
    struct xr_call *call, const struct xr_org *org, const struct xr_edit_secrets *secrets)
{
    int code = xr_check_candidate(&call->stored, org, secrets->fresh[XR_SECRET_PASSWORD],
        secrets->fresh[XR_SECRET_TOKEN], &call->form->form, call->form->sample);

    return code ? xr_failed(code, "'%s' was not changed: the check did not pass", org->name) : 0;
}

int xr_org_set(struct xr_call *call)
{
    __attribute__((cleanup(xr_edit_done))) struct xr_edit_secrets secrets = { 0 };
    struct xr_org before, org;
    int code = judge_words(call->form);

    if (!code)
        code = xr_stored_org(&call->stored, call->words[0], &before);
    if (code)
        return code;
    org = before;
    code = read_changes(call, &before, &org, &secrets);
    if (code)
        return code;
    xr_edit_foresee(&secrets, org.has);
    code = xr_edit_judge(xr_lint_org(call->arena, &org));
    if (!code && call->form->check)
        code = check_first(call, &org, &secrets);
    bool stale = makes_stale(&before, &org, &secrets);
    bool checked_all =
        call->form->check && !call->form->sample; /* what is known is of the new values */
    if (!code)
        code = xr_edit_save(
            call, (struct xr_edit_record){ .org = &org }, &secrets, stale && !checked_all);
    if (code)
        return code;
    xr_say("Changed the organisation '%s'.", org.name);
    if (stale && !call->form->check)
        xr_say("Results of earlier checks are forgotten. Check the users now: %s",
            xr_call_command(call, "check %s", xr_shell_word(call->arena, org.name)));
    return XR_EXIT_OK;
}
