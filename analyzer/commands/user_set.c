#include "analyzer/commands/command.h"
#include "analyzer/commands/shell_word.h"
#include "analyzer/commands/user_values.h"

/* What a new access type has no place for goes, and is told. */
static void drop_refused(
    const struct xr_org *org, struct xr_user *user, struct xr_edit_secrets *secrets)
{
    const struct {
        enum xr_field field;
        const char **value;
    } texts[] = {
        { XR_FIELD_ACCOUNT, &user->account },
        { XR_FIELD_USER_NAME, &user->user_name },
        { XR_FIELD_EWS_URL, &user->ews_url },
    };
    const char *type = xr_user_access_name(user->access);

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        if (!*texts[i].value ||
            xr_user_use(org->access, user->access, texts[i].field) != XR_USE_REFUSED)
            continue;
        xr_note("%s '%s' is removed: the access type %s has none", xr_field_name(texts[i].field),
            *texts[i].value, type);
        *texts[i].value = NULL;
    }
    for (int i = 0; i < XR_SECRET_KIND_COUNT; i++) {
        enum xr_field field = i == XR_SECRET_PASSWORD ? XR_FIELD_PASSWORD : XR_FIELD_TOKEN;
        if (!user->has[i] || xr_user_use(org->access, user->access, field) != XR_USE_REFUSED)
            continue;
        secrets->cleared[i] = true;
        xr_note(
            "the stored %s is removed: the access type %s has none", xr_field_name(field), type);
    }
}

static bool asks_for_something(const struct xr_verb_form *form)
{
    const struct xr_form *typed = &form->form;

    return form->access_type || form->user_name || typed->account || typed->ews_url ||
           form->enabled || form->disabled || typed->password_file || typed->password_fd >= 0 ||
           typed->password_stdin || typed->password_prompt || typed->bearer_file;
}

static int read_changes(struct xr_call *call, const struct xr_org *org,
    const struct xr_user *before, struct xr_user *user, struct xr_edit_secrets *secrets)
{
    int code = xr_user_take_values(call, user);

    if (!code)
        code = xr_user_refuse(call->form, org, user);
    if (!code)
        code = xr_edit_read_secrets(call, secrets);
    if (code)
        return code;
    if (user->access != before->access)
        drop_refused(org, user, secrets);
    xr_edit_foresee(secrets, user->has);
    bool another = user->access != before->access || !xr_edit_same(user->account, before->account);
    if (another || call->form->form.password_prompt)
        code = xr_user_ask(call, org, user, secrets);
    xr_edit_foresee(secrets, user->has);
    return code ? code : xr_edit_judge(xr_lint_user(call->arena, org, user));
}

static bool makes_stale(
    const struct xr_user *before, const struct xr_user *user, const struct xr_edit_secrets *secrets)
{
    return xr_edit_changes_secrets(secrets) || before->access != user->access ||
           !xr_edit_same(before->account, user->account) ||
           !xr_edit_same(before->user_name, user->user_name) ||
           !xr_edit_same(before->ews_url, user->ews_url);
}

int xr_user_set(struct xr_call *call)
{
    __attribute__((cleanup(xr_edit_done))) struct xr_edit_secrets secrets = { 0 };
    struct xr_user before, user;
    struct xr_org org;
    int code = xr_call_org(call, &org);

    if (!code && !asks_for_something(call->form))
        code =
            xr_usage_error("nothing is to be changed; 'exray user set --help' lists the options");
    if (!code)
        code = xr_stored_user(&call->stored, &org, call->words[0], &before);
    if (code)
        return code;
    user = before;
    code = read_changes(call, &org, &before, &user, &secrets);
    bool stale = makes_stale(&before, &user, &secrets);
    if (!code && xr_edit_changes_secrets(&secrets))
        user.invalidated_ms = 0;
    if (!code)
        code = xr_edit_save(call, (struct xr_edit_record){ .user = &user }, &secrets, stale);
    if (code)
        return code;
    xr_say("Changed %s of '%s'.", user.email, org.name);
    if (stale)
        xr_say("The result of earlier checks is forgotten. Check again: %s",
            xr_call_command(call, "check %s --user %s", xr_shell_word(call->arena, org.name),
                xr_shell_word(call->arena, user.email)));
    return XR_EXIT_OK;
}
