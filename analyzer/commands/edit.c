#include "analyzer/commands/edit.h"

#include <string.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"

bool xr_edit_same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static const char *text_flaw(const char *text, size_t limit, bool lines)
{
    if (strlen(text) > limit)
        return "is too long";
    for (const char *at = text; *at;) {
        uint32_t code = xr_utf8_next(&at);
        if (xr_is_invisible(code) && !(lines && (code == '\n' || code == '\t')))
            return "has a control character or an invisible character";
    }
    return NULL;
}

const char *xr_edit_name_flaw(const char *name)
{
    return *name ? text_flaw(name, XR_NAME_MAX, false) : "is empty";
}

int xr_edit_fields(struct xr_call *call, const struct xr_edit_field *fields, void *record)
{
    for (; fields->option; fields++) {
        const char *given =
            *(const char *const *)(const void *)((const char *)call->form + fields->from);
        if (!given)
            continue;
        const char *value = xr_trimmed(call->arena, xr_utf8(call->arena, given, strlen(given)));
        const char *flaw = text_flaw(value, fields->limit, fields->lines);
        if (flaw)
            return xr_usage_error("--%s %s (at most %zu bytes%s)", fields->option, flaw,
                fields->limit, fields->lines ? "" : " in one line");
        *(const char **)(void *)((char *)record + fields->to) = *value ? value : NULL;
    }
    return 0;
}

static bool is_empty(const char *text)
{
    return text && !*text;
}

int xr_edit_read_secrets(struct xr_call *call, struct xr_edit_secrets *ret)
{
    struct xr_form form = call->form->form;

    ret->cleared[XR_SECRET_PASSWORD] = is_empty(form.password_file);
    ret->cleared[XR_SECRET_TOKEN] = is_empty(form.bearer_file);
    if (ret->cleared[XR_SECRET_PASSWORD])
        form.password_file = NULL;
    if (ret->cleared[XR_SECRET_TOKEN])
        form.bearer_file = NULL;
    return xr_form_given_secrets(
        &form, &ret->fresh[XR_SECRET_PASSWORD], &ret->fresh[XR_SECRET_TOKEN]);
}

int xr_edit_ask(struct xr_call *call, const char *account, struct xr_edit_secrets *ret)
{
    const struct xr_form *form = &call->form->form;
    bool wanted = form->password_prompt || (isatty(STDIN_FILENO) && !form->no_input);

    if (!wanted || ret->cleared[XR_SECRET_PASSWORD] ||
        xr_secret_given(ret->fresh[XR_SECRET_PASSWORD]))
        return 0;
    return xr_form_ask("Password", account, &ret->fresh[XR_SECRET_PASSWORD]);
}

void xr_edit_done(struct xr_edit_secrets *secrets)
{
    for (int kind = 0; kind < XR_SECRET_KIND_COUNT; kind++)
        xr_secret_done(&secrets->fresh[kind]);
}

bool xr_edit_changes_secrets(const struct xr_edit_secrets *secrets)
{
    for (int kind = 0; kind < XR_SECRET_KIND_COUNT; kind++)
        if (secrets->cleared[kind] || xr_secret_given(secrets->fresh[kind]))
            return true;
    return false;
}

void xr_edit_foresee(const struct xr_edit_secrets *secrets, bool has[XR_SECRET_KIND_COUNT])
{
    for (int kind = 0; kind < XR_SECRET_KIND_COUNT; kind++) {
        if (secrets->cleared[kind])
            has[kind] = false;
        if (xr_secret_given(secrets->fresh[kind]))
            has[kind] = true;
    }
}

static int clear(struct xr_call *call, const char *uid, enum xr_secret_kind kind)
{
    struct xr_sealed none = { .uid = uid, .kind = kind };
    const struct xr_store_err *err = xr_store_put_secret(call->stored.store, call->arena, &none);

    return err && err->fault != XR_STORE_NOT_FOUND ? xr_stored_error(err) : 0;
}

static int store_secrets(
    struct xr_call *call, const char *uid, const struct xr_edit_secrets *secrets)
{
    for (int at = 0; at < XR_SECRET_KIND_COUNT; at++) {
        enum xr_secret_kind kind = (enum xr_secret_kind)at;
        int code = secrets->cleared[at] ? clear(call, uid, kind) : 0;
        if (code)
            return code;
        if (!xr_secret_given(secrets->fresh[at]))
            continue;
        const struct xr_vault_err *err =
            xr_vault_put(call->stored.vault, call->arena, uid, kind, secrets->fresh[at]);
        if (err)
            return xr_stored_vault_error(err);
    }
    return 0;
}

static int save_all(struct xr_call *call, struct xr_edit_record record,
    const struct xr_edit_secrets *secrets, bool stale)
{
    struct xr_store *store = call->stored.store;
    const struct xr_store_err *err = record.user
                                         ? xr_store_save_user(store, call->arena, record.user)
                                         : xr_store_save_org(store, call->arena, record.org);

    if (err)
        return xr_stored_error(err);
    int code = store_secrets(call, record.user ? record.user->uid : record.org->uid, secrets);
    if (code || !stale)
        return code;
    int64_t org_id = record.user ? record.user->org_id : record.org->id;
    err = xr_store_forget_results(store, call->arena, org_id, record.user ? record.user->id : 0);
    return err ? xr_stored_error(err) : 0;
}

static bool gives_secrets(const struct xr_edit_secrets *secrets)
{
    for (int kind = 0; kind < XR_SECRET_KIND_COUNT; kind++)
        if (xr_secret_given(secrets->fresh[kind]))
            return true;
    return false;
}

int xr_edit_save(struct xr_call *call, struct xr_edit_record record,
    const struct xr_edit_secrets *secrets, bool stale)
{
    struct xr_store *store = call->stored.store;
    int code = gives_secrets(secrets) ? xr_stored_vault(&call->stored, true) : 0;

    if (code)
        return code;
    const struct xr_store_err *err = xr_store_begin(store, call->arena);
    if (err)
        return xr_stored_error(err);
    code = save_all(call, record, secrets, stale);
    if (code) {
        xr_store_roll_back(store);
        return code;
    }
    err = xr_store_commit(store, call->arena);
    return err ? xr_stored_error(err) : 0;
}

int xr_edit_judge(const struct xr_remark *remarks)
{
    int code = 0;

    for (; remarks; remarks = remarks->next) {
        bool forbids = remarks->status == XR_ERROR && remarks->code != XR_FINDING_CONFIG_INCOMPLETE;
        const char *field = remarks->field ? remarks->field : "";
        const char *colon = remarks->field ? ": " : "";
        if (forbids)
            code = xr_failed(XR_EXIT_CONFIG, "%s%s%s", field, colon, remarks->message);
        else
            xr_note("%s%s%s", field, colon, remarks->message);
    }
    return code;
}

const char *xr_edit_given(const struct xr_verb_form *form, enum xr_field field)
{
    const struct xr_form *typed = &form->form;
    bool password = (typed->password_file && *typed->password_file) || typed->password_fd >= 0 ||
                    typed->password_stdin || typed->password_prompt;
    const struct {
        bool given;
        const char *option;
    } rows[XR_FIELD_COUNT] = {
        [XR_FIELD_ACCOUNT] = { typed->account && *typed->account, "--account" },
        [XR_FIELD_PASSWORD] = { password, "a password" },
        [XR_FIELD_TOKEN] = { typed->bearer_file && *typed->bearer_file, "--bearer-file" },
        [XR_FIELD_EWS_URL] = { typed->ews_url && *typed->ews_url, "--ews-url" },
        [XR_FIELD_USER_NAME] = { form->user_name && *form->user_name, "--user-name" },
    };

    return rows[field].given ? rows[field].option : NULL;
}
