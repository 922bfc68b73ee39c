#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/org/access.h"
#include "analyzer/org/import.h"
#include "analyzer/org/lint.h"

enum { USERS_MAX = 5000000 };

const char *const xr_column_names[XR_COLUMN_COUNT + 1] = {
    [XR_COLUMN_EMAIL] = "email",
    [XR_COLUMN_ACCESS_TYPE] = "access_type",
    [XR_COLUMN_USER_NAME] = "user_name",
    [XR_COLUMN_ACCOUNT] = "account",
    [XR_COLUMN_EWS_URL] = "ews_url",
    [XR_COLUMN_ENABLED] = "enabled",
};

/* A row on its way into the store. */
struct judged {
    const struct xr_row *row;
    const char *text[XR_COLUMN_COUNT]; /* NULL: empty or not given */
    struct xr_user old;                /* id 0: the user is new */
    struct xr_user user;
    bool takes_secrets;
};

static void flaw_of(
    struct xr_pass *pass, const struct judged *judged, enum xr_column column, const char *what)
{
    xr_import_flaw(pass, judged->row->line, xr_column_names[column], "\"%s\" %s",
        xr_quoted(pass, judged->text[column]), what);
}

/* Spaces around these can only be an accident; a name's are left to the lint. */
static bool is_word(enum xr_column column)
{
    return column != XR_COLUMN_USER_NAME && column != XR_COLUMN_ACCOUNT;
}

static void read_texts(struct xr_pass *pass, struct judged *judged)
{
    for (enum xr_column i = 0; i < XR_COLUMN_COUNT; i++) {
        const char *text = judged->row->text[i];
        if (text && is_word(i))
            text = xr_trimmed(pass->scratch, text);
        judged->text[i] = text && *text ? text : NULL;
        if (text && strlen(text) > XR_FIELD_MAX)
            flaw_of(pass, judged, i, "is longer than 2048 bytes");
    }
}

/* The address in the one form that all its spellings share. NULL: told. */
static const char *canonical_address(struct xr_pass *pass, const struct judged *judged)
{
    struct xr_address address;
    const char *email = judged->text[XR_COLUMN_EMAIL], *why;

    if (!email) {
        xr_import_flaw(pass, judged->row->line, "email", "the address is missing");
        return NULL;
    }
    if (!xr_address_parse(pass->scratch, email, &address, &why)) {
        xr_import_flaw(pass, judged->row->line, "email", "\"%s\" is no address: %s",
            xr_quoted(pass, email), why);
        return NULL;
    }
    return xr_printf(pass->scratch, "%s@%s", address.local, address.domain);
}

/* false: told. */
static bool judge_address(struct xr_pass *pass, const struct judged *judged)
{
    const char *address = canonical_address(pass, judged);
    int64_t line;

    if (!address)
        return false;
    if (xr_seen_add(&pass->emails, address, judged->row->line, &line))
        return true;
    xr_import_flaw(pass, judged->row->line, "email",
        "\"%s\" stands in line %lld already (letter case does not count)",
        xr_quoted(pass, judged->text[XR_COLUMN_EMAIL]), (long long)line);
    return false;
}

/* false: the store failed. */
static bool find_old(struct xr_pass *pass, struct judged *judged)
{
    struct xr_user *old = &judged->old;

    if (pass->empty)
        return true;
    const struct xr_store_err *err = xr_store_user(
        pass->store, pass->scratch, pass->org->id, judged->text[XR_COLUMN_EMAIL], old);
    if (err && err->fault == XR_STORE_NOT_FOUND) {
        *old = (struct xr_user){ .id = 0 };
        return true;
    }
    pass->err = xr_transfer_store(pass->arena, err);
    return !err;
}

static void read_access(struct xr_pass *pass, struct judged *judged)
{
    const char *word = judged->text[XR_COLUMN_ACCESS_TYPE];

    if (word && !xr_user_access_by_name(word, &judged->user.access))
        flaw_of(pass, judged, XR_COLUMN_ACCESS_TYPE,
            "is no access type of users: inherit, password, oauth or exchange-impersonation");
}

static void read_enabled(struct xr_pass *pass, struct judged *judged)
{
    static const struct {
        const char *word;
        bool enabled;
    } words[] = { { "true", true }, { "false", false }, { "yes", true }, { "no", false },
        { "1", true }, { "0", false }, { "on", true }, { "off", false } };
    const char *word = judged->text[XR_COLUMN_ENABLED];

    if (!word)
        return;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (xr_same(word, words[i].word)) {
            judged->user.enabled = words[i].enabled;
            return;
        }
    flaw_of(pass, judged, XR_COLUMN_ENABLED, "is neither true nor false (yes, no, 1, 0, on, off)");
}

static void put(const struct judged *judged, enum xr_column column, const char **ret)
{
    if (judged->row->given[column])
        *ret = judged->text[column];
}

/* The user that results: who he was, and on top of that what the row says. */
static void resolve(struct xr_pass *pass, struct judged *judged)
{
    const struct xr_row *row = judged->row;
    struct xr_user *user = &judged->user;

    *user = judged->old;
    if (!user->id)
        *user = (struct xr_user){ .uid = row->uid,
            .org_id = pass->org->id,
            .email = judged->text[XR_COLUMN_EMAIL],
            .access = XR_USER_INHERIT,
            .enabled = true };
    put(judged, XR_COLUMN_USER_NAME, &user->user_name);
    put(judged, XR_COLUMN_ACCOUNT, &user->account);
    put(judged, XR_COLUMN_EWS_URL, &user->ews_url);
    read_access(pass, judged);
    read_enabled(pass, judged);
    judged->takes_secrets = row->uid && xr_same(row->uid, user->uid);
    for (size_t i = 0; judged->takes_secrets && i < row->sealed_n; i++)
        user->has[row->sealed[i].kind] = true;
}

/* A new user may bring an id, which nobody else has then. */
static void judge_uid(struct xr_pass *pass, const struct judged *judged)
{
    const struct xr_row *row = judged->row;
    int64_t line;

    if (row->sealed_n && !judged->takes_secrets)
        xr_import_warn(pass, row->line, "secrets",
            "the user's secrets are left out: they are bound to the id of another record");
    if (!row->uid || judged->old.id)
        return;
    pass->brings_ids = true;
    if (xr_seen_add(&pass->uids, row->uid, row->line, &line))
        return;
    if (line)
        xr_import_flaw(pass, row->line, "id", "the id \"%s\" stands in line %lld already", row->uid,
            (long long)line);
    else
        xr_import_flaw(pass, row->line, "id", "the id \"%s\" is that of an organisation", row->uid);
}

/*
 * Secrets are entered after an import, and the organisation's own values often
 * are too: an administrator has the list of users first (FEATURES C18).
 */
static bool may_come_later(
    const struct xr_pass *pass, const struct xr_user *user, const struct xr_remark *remark)
{
    static const enum xr_field his_own[] = { XR_FIELD_ACCOUNT, XR_FIELD_EWS_URL,
        XR_FIELD_USER_NAME };

    for (size_t i = 0; i < sizeof(his_own) / sizeof(*his_own); i++)
        if (xr_same(remark->field, xr_field_name(his_own[i])))
            return remark->code == XR_FINDING_CONFIG_INCOMPLETE &&
                   xr_user_use(pass->org->access, user->access, his_own[i]) != XR_USE_REQUIRED;
    return xr_same(remark->field, xr_field_name(XR_FIELD_PASSWORD)) ||
           xr_same(remark->field, xr_field_name(XR_FIELD_TOKEN));
}

static void judge_values(struct xr_pass *pass, const struct judged *judged)
{
    const struct xr_remark *remark = xr_lint_user(pass->scratch, pass->org, &judged->user);

    for (; remark; remark = remark->next) {
        if (remark->status == XR_WARNING && remark->code == XR_FINDING_CONFIG_OUTSIDE_DOMAINS)
            xr_import_warn(pass, judged->row->line, remark->field, remark->message);
        if (remark->status == XR_ERROR && !may_come_later(pass, &judged->user, remark))
            xr_import_flaw(pass, judged->row->line, remark->field, "%s", remark->message);
    }
}

/* In the first pass only: the second reads the same lines again. */
static void judge_user(struct xr_pass *pass, const struct judged *judged)
{
    judge_uid(pass, judged);
    judge_values(pass, judged);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static bool same_values(const struct xr_user *a, const struct xr_user *b)
{
    return a->access == b->access && a->enabled == b->enabled &&
           same_text(a->user_name, b->user_name) && same_text(a->account, b->account) &&
           same_text(a->ews_url, b->ews_url);
}

/* What only saving finds out: an id that a user of another organisation has. */
static void tell_save(
    struct xr_pass *pass, const struct judged *judged, const struct xr_store_err *err)
{
    if (err->fault == XR_STORE_EXISTS && !judged->old.id && judged->row->uid)
        xr_import_flaw(pass, judged->row->line, "id",
            "the id \"%s\" belongs to another record in the store", judged->row->uid);
    else
        pass->err = xr_transfer_store(pass->arena, err);
}

/* false: told. */
static bool save_values(struct xr_pass *pass, struct judged *judged, bool changed)
{
    if (!pass->save || (judged->old.id && !changed))
        return true;
    const struct xr_store_err *err = xr_store_save_user(pass->store, pass->scratch, &judged->user);

    if (err)
        tell_save(pass, judged, err);
    return !err;
}

static bool take(struct xr_pass *pass, struct judged *judged)
{
    bool changed = judged->old.id && !same_values(&judged->old, &judged->user);
    bool sealed = false;

    if (!save_values(pass, judged, changed))
        return !pass->err;
    if (judged->takes_secrets && !xr_import_sealed(pass, judged->user.uid, judged->row->sealed,
                                     judged->row->sealed_n, &sealed))
        return false;
    pass->ret->added += !judged->old.id;
    pass->ret->changed += judged->old.id && (changed || sealed);
    pass->ret->unchanged += judged->old.id && !changed && !sealed;
    return true;
}

bool xr_import_row(struct xr_pass *pass, const struct xr_row *row)
{
    struct judged judged = { .row = row };
    int64_t before = pass->ret->error_total;

    if (++pass->ret->users > USERS_MAX) {
        xr_import_flaw(pass, row->line, NULL, "the file has more than 5,000,000 users: split it");
        return false;
    }
    read_texts(pass, &judged);
    if (!pass->save && !judge_address(pass, &judged))
        return true;
    if (!find_old(pass, &judged))
        return false;
    resolve(pass, &judged);
    if (!pass->save)
        judge_user(pass, &judged);
    return pass->ret->error_total > before || take(pass, &judged);
}
