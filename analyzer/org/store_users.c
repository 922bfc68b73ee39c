#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "analyzer/org/store_sqlite.h"

#define WHAT "user"

/* A user as the texts of its fields: what is bound, compared and audited. */
enum { EMAIL, ACCESS, USER_NAME, ACCOUNT, EWS_URL, ENABLED, FIELDS };

static const char *const names[FIELDS] = { "email", "access_type", "user_name", "account",
    "ews_url", "enabled" };

static const char *given(const char *text)
{
    return text && *text ? text : NULL;
}

static void texts_of(const struct xr_user *user, const char *ret[FIELDS])
{
    ret[EMAIL] = user->email;
    ret[ACCESS] = xr_user_access_name(user->access);
    ret[USER_NAME] = given(user->user_name);
    ret[ACCOUNT] = given(user->account);
    ret[EWS_URL] = given(user->ews_url);
    ret[ENABLED] = user->enabled ? "true" : "false";
}

static const struct xr_store_err *refuse(
    struct xr_arena *arena, const struct xr_user *user, const char *const *texts)
{
    const struct xr_store_err *err = NULL;

    if (!*user->email)
        return xr_store_fail(arena, XR_STORE_REFUSED, "a user needs an e-mail address");
    for (size_t i = 0; !err && i < FIELDS; i++)
        err = xr_text_fits(arena, user->email, names[i], texts[i], XR_FIELD_MAX);
    return err;
}

struct xr_user xr_user_row(struct xr_sql *sql, struct xr_arena *arena)
{
    struct xr_user user = {
        .id = xr_sql_int(sql, 0),
        .uid = xr_sql_must(sql, arena, 1, XR_NAME_MAX),
        .org_id = xr_sql_int(sql, 2),
        .generation = xr_sql_int(sql, 3),
        .email = xr_sql_must(sql, arena, 4, XR_FIELD_MAX),
        .user_name = given(xr_sql_text(sql, arena, 6, XR_FIELD_MAX)),
        .account = given(xr_sql_text(sql, arena, 7, XR_FIELD_MAX)),
        .ews_url = given(xr_sql_text(sql, arena, 8, XR_FIELD_MAX)),
        .enabled = xr_sql_int(sql, 9),
        .invalidated_ms = xr_sql_int(sql, 10),
        .changed_ms = xr_sql_int(sql, 11),
        .changed_by = xr_sql_must(sql, arena, 12, XR_FIELD_MAX),
        .has = { xr_sql_int(sql, 13), xr_sql_int(sql, 14) },
    };
    const char *access = xr_sql_must(sql, arena, 5, XR_FIELD_MAX);

    if (!sql->flaw && !xr_user_access_by_name(access, &user.access))
        sql->flaw = "an access type of a user is unknown";
    return user;
}

static struct xr_record record_of(const struct xr_user *user)
{
    return (struct xr_record){ .what = WHAT,
        .id = user->id,
        .org_id = user->org_id,
        .generation = user->generation,
        .name = user->email,
        .at_ms = user->changed_ms };
}

const struct xr_store_err *xr_store_user(struct xr_store *store, struct xr_arena *arena,
    int64_t org_id, const char *email, struct xr_user *ret)
{
    xr_auto_sql sql =
        xr_sql(store, "SELECT " XR_USER_COLUMNS "FROM user u WHERE u.org_id = ?1 AND u.email = ?2",
            xr_int(org_id), xr_text(email));

    if (xr_sql_row(&sql)) {
        *ret = xr_user_row(&sql, arena);
        return xr_sql_err(&sql, arena);
    }
    const struct xr_store_err *err = xr_sql_err(&sql, arena);
    if (err)
        return err;
    return xr_store_fail(arena, XR_STORE_NOT_FOUND, "there is no user '%s' in this organisation",
        xr_excerpt(arena, email, XR_QUOTED_MAX));
}

const struct xr_store_err *xr_store_user_count(
    struct xr_store *store, struct xr_arena *arena, int64_t org_id, int64_t *ret)
{
    xr_auto_sql sql = xr_sql(store, "SELECT count(*) FROM user WHERE org_id = ?1", xr_int(org_id));

    *ret = xr_sql_row(&sql) ? xr_sql_int(&sql, 0) : 0;
    return xr_sql_err(&sql, arena);
}

const struct xr_store_err *xr_store_users(struct xr_store *store, struct xr_arena *arena,
    int64_t org_id, const char *after, size_t most, struct xr_user *ret, size_t *ret_n)
{
    xr_auto_sql sql = xr_sql(store,
        "SELECT " XR_USER_COLUMNS
        "FROM user u WHERE u.org_id = ?1 AND u.email > ?2 ORDER BY u.email LIMIT ?3",
        xr_int(org_id), xr_text(after ? after : ""), xr_int((int64_t)most));

    *ret_n = 0;
    while (*ret_n < most && xr_sql_row(&sql))
        ret[(*ret_n)++] = xr_user_row(&sql, arena);
    return xr_sql_err(&sql, arena);
}

/* What is stored under the id now; err: not there any more, or not of that generation. */
static const struct xr_store_err *current(
    struct xr_store *store, struct xr_arena *arena, const struct xr_user *user, struct xr_user *ret)
{
    xr_auto_sql sql =
        xr_sql(store, "SELECT " XR_USER_COLUMNS "FROM user u WHERE u.id = ?1", xr_int(user->id));
    struct xr_record record = record_of(user);

    if (xr_sql_row(&sql))
        *ret = xr_user_row(&sql, arena);
    return xr_audit_current(&sql, arena, &record, ret->generation);
}

static const struct xr_store_err *add(
    struct xr_store *store, struct xr_arena *arena, struct xr_user *user, const char *const *texts)
{
    user->generation = 1;
    user->invalidated_ms = 0;
    user->uid = user->uid ? user->uid : xr_uid_new(arena);
    xr_auto_sql sql = xr_sql(store,
        "INSERT INTO user (uid, org_id, generation, email, access, user_name, account, ews_url,"
        " enabled, invalidated_ms, changed_ms, changed_by)"
        " VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10)",
        xr_text(user->uid), xr_int(user->org_id), xr_text(texts[EMAIL]), xr_text(texts[ACCESS]),
        xr_text(texts[USER_NAME]), xr_text(texts[ACCOUNT]), xr_text(texts[EWS_URL]),
        xr_int(user->enabled), xr_int(user->changed_ms), xr_text(user->changed_by));
    const struct xr_store_err *err = xr_sql_finish_unique(&sql, arena, WHAT, user->email);
    if (err)
        return err;
    user->id = sqlite3_last_insert_rowid(store->db);
    struct xr_record record = record_of(user);
    return xr_audit(store, arena, &record, "added", NULL, NULL);
}

static const struct xr_store_err *update(struct xr_store *store, struct xr_arena *arena,
    const struct xr_user *user, const char *const *texts)
{
    xr_auto_sql sql = xr_sql(store,
        "UPDATE user SET generation = ?2, email = ?3, access = ?4, user_name = ?5, account = ?6,"
        " ews_url = ?7, enabled = ?8, changed_ms = ?9, changed_by = ?10"
        " WHERE id = ?1 AND generation = ?2 - 1",
        xr_int(user->id), xr_int(user->generation), xr_text(texts[EMAIL]), xr_text(texts[ACCESS]),
        xr_text(texts[USER_NAME]), xr_text(texts[ACCOUNT]), xr_text(texts[EWS_URL]),
        xr_int(user->enabled), xr_int(user->changed_ms), xr_text(user->changed_by));

    return xr_sql_finish_unique(&sql, arena, WHAT, user->email);
}

static const struct xr_store_err *change(
    struct xr_store *store, struct xr_arena *arena, struct xr_user *user, const char *const *texts)
{
    const char *old[FIELDS];
    struct xr_user before = { 0 };
    const struct xr_store_err *err = current(store, arena, user, &before);

    if (err)
        return err;
    texts_of(&before, old);
    user->invalidated_ms = before.invalidated_ms;
    if (!xr_fields_differ(old, texts, FIELDS)) {
        user->changed_ms = before.changed_ms;
        user->changed_by = before.changed_by;
        return NULL;
    }
    user->org_id = before.org_id;
    user->generation++;
    err = update(store, arena, user, texts);
    if (err)
        return err;
    struct xr_record record = record_of(user);
    err = xr_audit_fields(store, arena, &record, names, old, texts, FIELDS);
    if (err || !strcmp(old[EMAIL], texts[EMAIL]))
        return err;
    /* A check under way pages through its users by address. */
    return xr_sql_run(store, arena,
        "UPDATE check_user SET email = ?2 WHERE user_id = ?1 AND status IS NULL", xr_int(user->id),
        xr_text(texts[EMAIL]));
}

const struct xr_store_err *xr_store_save_user(
    struct xr_store *store, struct xr_arena *arena, struct xr_user *user)
{
    struct xr_user saved = *user;
    const char *texts[FIELDS];

    texts_of(user, texts);
    const struct xr_store_err *err = refuse(arena, user, texts);
    if (!err)
        err = xr_tx_begin(store, arena);
    if (err)
        return err;
    saved.changed_ms = xr_wall_ms();
    saved.changed_by = xr_strdup(arena, xr_store_by(store));
    err = xr_tx_end(store, arena, (user->id ? change : add)(store, arena, &saved, texts));
    if (!err)
        *user = saved;
    return err;
}

static const struct xr_store_err *take_out(
    struct xr_store *store, struct xr_arena *arena, const struct xr_user *user)
{
    struct xr_user before = { 0 };
    const struct xr_store_err *err = current(store, arena, user, &before);

    if (err)
        return err;
    err = xr_audit_removed(store, arena, record_of(&before));
    if (!err)
        err = xr_sql_run(store, arena,
            "DELETE FROM check_user WHERE user_id = ?1 AND status IS NULL", xr_int(user->id));
    if (err)
        return err;
    return xr_sql_run(store, arena, "DELETE FROM user WHERE id = ?1", xr_int(user->id));
}

const struct xr_store_err *xr_store_remove_user(
    struct xr_store *store, struct xr_arena *arena, const struct xr_user *user)
{
    const struct xr_store_err *err = xr_tx_begin(store, arena);

    return err ? err : xr_tx_end(store, arena, take_out(store, arena, user));
}
