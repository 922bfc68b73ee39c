#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "analyzer/org/store_sqlite.h"

/* More than any token with nonce and tag around it. */
enum { SEALED_MAX = 64 * 1024 };

/* Whose secret it is. */
static const struct xr_store_err *owner_of(
    struct xr_store *store, struct xr_arena *arena, const char *uid, struct xr_record *ret)
{
    xr_auto_sql sql = xr_sql(store,
        "SELECT 'organization', id, id, generation, name FROM org WHERE uid = ?1"
        " UNION ALL SELECT 'user', id, org_id, generation, email FROM user WHERE uid = ?1",
        xr_text(uid));

    if (xr_sql_row(&sql))
        *ret = (struct xr_record){
            .what = xr_sql_must(&sql, arena, 0, XR_NAME_MAX),
            .id = xr_sql_int(&sql, 1),
            .org_id = xr_sql_int(&sql, 2),
            .generation = xr_sql_int(&sql, 3),
            .name = xr_sql_must(&sql, arena, 4, XR_FIELD_MAX),
            .at_ms = xr_wall_ms(),
        };
    else if (sql.rc == SQLITE_DONE)
        return xr_store_fail(arena, XR_STORE_NOT_FOUND,
            "there is no organisation or user with uid '%s'",
            xr_excerpt(arena, uid, XR_QUOTED_MAX));
    return xr_sql_err(&sql, arena);
}

static bool is_user(const struct xr_record *record)
{
    return record->what[0] == 'u';
}

static const struct xr_store_err *is_there(struct xr_store *store, struct xr_arena *arena,
    const char *uid, enum xr_secret_kind kind, bool *ret)
{
    xr_auto_sql sql = xr_sql(store, "SELECT 1 FROM secret WHERE uid = ?1 AND kind = ?2",
        xr_text(uid), xr_text(xr_secret_kind_name(kind)));

    *ret = xr_sql_row(&sql);
    return xr_sql_err(&sql, arena);
}

/* The secret is a part of its record, but not of what a save compares: the generation stays. */
static const struct xr_store_err *touch(
    struct xr_store *store, struct xr_arena *arena, const struct xr_record *record, bool renewed)
{
    const char *by = xr_store_by(store);

    if (!is_user(record))
        return xr_sql_run(store, arena,
            "UPDATE org SET changed_ms = ?2, changed_by = ?3 WHERE id = ?1", xr_int(record->id),
            xr_int(record->at_ms), xr_text(by));
    return xr_sql_run(store, arena,
        "UPDATE user SET changed_ms = ?2, changed_by = ?3,"
        " invalidated_ms = CASE WHEN ?4 THEN 0 ELSE invalidated_ms END WHERE id = ?1",
        xr_int(record->id), xr_int(record->at_ms), xr_text(by), xr_int(renewed));
}

static const struct xr_store_err *delete_secret(
    struct xr_store *store, struct xr_arena *arena, const char *uid, enum xr_secret_kind kind)
{
    return xr_sql_run(store, arena, "DELETE FROM secret WHERE uid = ?1 AND kind = ?2", xr_text(uid),
        xr_text(xr_secret_kind_name(kind)));
}

static const struct xr_store_err *insert_secret(struct xr_store *store, struct xr_arena *arena,
    const struct xr_sealed *sealed, const struct xr_record *record)
{
    struct xr_value none = xr_text(NULL), id = xr_int(record->id);

    return xr_sql_run(store, arena,
        "INSERT INTO secret (uid, kind, key_id, bytes, org_id, user_id)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (uid, kind)"
        " DO UPDATE SET key_id = excluded.key_id, bytes = excluded.bytes",
        xr_text(sealed->uid), xr_text(xr_secret_kind_name(sealed->kind)), xr_text(sealed->key_id),
        xr_blob(sealed->bytes, sealed->length), is_user(record) ? none : id,
        is_user(record) ? id : none);
}

static const struct xr_store_err *put(
    struct xr_store *store, struct xr_arena *arena, const struct xr_sealed *sealed)
{
    struct xr_record record;
    bool there = false;
    const struct xr_store_err *err = owner_of(store, arena, sealed->uid, &record);

    if (!err)
        err = is_there(store, arena, sealed->uid, sealed->kind, &there);
    if (err || (!there && !sealed->length))
        return err;
    err = sealed->length ? insert_secret(store, arena, sealed, &record)
                         : delete_secret(store, arena, sealed->uid, sealed->kind);
    if (!err)
        err = touch(store, arena, &record, sealed->length > 0);
    if (err)
        return err;
    return xr_audit(store, arena, &record, xr_secret_kind_name(sealed->kind),
        there ? "changed" : NULL, sealed->length ? "changed" : NULL);
}

static const struct xr_store_err *fits(struct xr_arena *arena, const struct xr_sealed *sealed)
{
    if (sealed->length <= SEALED_MAX)
        return NULL;
    return xr_store_fail(arena, XR_STORE_REFUSED, "the %s has %zu bytes, %d are allowed",
        xr_secret_kind_name(sealed->kind), sealed->length, (int)SEALED_MAX);
}

const struct xr_store_err *xr_store_put_secret(
    struct xr_store *store, struct xr_arena *arena, const struct xr_sealed *sealed)
{
    const struct xr_store_err *err = fits(arena, sealed);

    if (!err)
        err = xr_tx_begin(store, arena);
    if (err)
        return err;
    return xr_tx_end(store, arena, put(store, arena, sealed));
}

static const struct xr_store_err *reseal(
    struct xr_store *store, struct xr_arena *arena, const struct xr_sealed *sealed)
{
    xr_auto_sql sql =
        xr_sql(store, "UPDATE secret SET key_id = ?3, bytes = ?4 WHERE uid = ?1 AND kind = ?2",
            xr_text(sealed->uid), xr_text(xr_secret_kind_name(sealed->kind)),
            xr_text(sealed->key_id), xr_blob(sealed->bytes, sealed->length));
    const struct xr_store_err *err = xr_sql_finish(&sql, arena);

    if (err || sqlite3_changes64(store->db))
        return err;
    return xr_store_fail(arena, XR_STORE_NOT_FOUND, "the %s of this record was removed",
        xr_secret_kind_name(sealed->kind));
}

const struct xr_store_err *xr_store_reseal(
    struct xr_store *store, struct xr_arena *arena, const struct xr_sealed *sealed)
{
    const struct xr_store_err *err = fits(arena, sealed);

    if (!err)
        err = xr_tx_begin(store, arena);
    if (err)
        return err;
    return xr_tx_end(store, arena, reseal(store, arena, sealed));
}

#define COLUMNS "uid, kind, key_id, bytes "

static struct xr_sealed row(struct xr_sql *sql, struct xr_arena *arena)
{
    const char *kind = xr_sql_must(sql, arena, 1, XR_NAME_MAX);
    const void *bytes = sqlite3_column_blob(sql->stmt, 3);
    int length = sqlite3_column_bytes(sql->stmt, 3);
    struct xr_sealed sealed = {
        .uid = xr_sql_must(sql, arena, 0, XR_NAME_MAX),
        .kind = strcmp(kind, "token") == 0 ? XR_SECRET_TOKEN : XR_SECRET_PASSWORD,
        .key_id = xr_sql_must(sql, arena, 2, XR_NAME_MAX),
    };

    if (sql->flaw)
        return sealed;
    if (strcmp(kind, xr_secret_kind_name(sealed.kind)) != 0 || !bytes || length > SEALED_MAX) {
        sql->flaw = "a secret is empty, too long or of an unknown kind";
        return sealed;
    }
    sealed.length = (size_t)length;
    sealed.bytes = memcpy(xr_alloc(arena, sealed.length), bytes, sealed.length);
    return sealed;
}

const struct xr_store_err *xr_store_secret(struct xr_store *store, struct xr_arena *arena,
    const char *uid, enum xr_secret_kind kind, struct xr_sealed *ret)
{
    xr_auto_sql sql = xr_sql(store, "SELECT " COLUMNS "FROM secret WHERE uid = ?1 AND kind = ?2",
        xr_text(uid), xr_text(xr_secret_kind_name(kind)));

    if (xr_sql_row(&sql)) {
        *ret = row(&sql, arena);
        return xr_sql_err(&sql, arena);
    }
    const struct xr_store_err *err = xr_sql_err(&sql, arena);
    if (err)
        return err;
    return xr_store_fail(
        arena, XR_STORE_NOT_FOUND, "no %s is stored for this record", xr_secret_kind_name(kind));
}

const struct xr_store_err *xr_store_secrets(struct xr_store *store, struct xr_arena *arena,
    const struct xr_sealed *after, size_t most, struct xr_sealed *ret, size_t *ret_n)
{
    xr_auto_sql sql = xr_sql(store,
        "SELECT " COLUMNS "FROM secret WHERE (uid, kind) > (?1, ?2) ORDER BY uid, kind LIMIT ?3",
        xr_text(after ? after->uid : ""), xr_text(after ? xr_secret_kind_name(after->kind) : ""),
        xr_int((int64_t)most));

    *ret_n = 0;
    while (*ret_n < most && xr_sql_row(&sql))
        ret[(*ret_n)++] = row(&sql, arena);
    return xr_sql_err(&sql, arena);
}

static const struct xr_store_err *invalidate(
    struct xr_store *store, struct xr_arena *arena, struct xr_user *user)
{
    struct xr_record record;
    bool any = false;
    const struct xr_store_err *err = owner_of(store, arena, user->uid, &record);

    for (int kind = 0; !err && kind < XR_SECRET_KIND_COUNT; kind++) {
        bool there = false;
        err = is_there(store, arena, user->uid, (enum xr_secret_kind)kind, &there);
        if (!err && there)
            err = delete_secret(store, arena, user->uid, (enum xr_secret_kind)kind);
        if (!err && there)
            err = xr_audit(store, arena, &record, xr_secret_kind_name((enum xr_secret_kind)kind),
                "changed", NULL);
        any = any || there;
    }
    if (err)
        return err;
    if (!any)
        return xr_store_fail(arena, XR_STORE_NOT_FOUND, "user '%s' has no secret of their own",
            xr_excerpt(arena, record.name, XR_QUOTED_MAX));
    user->invalidated_ms = user->changed_ms = record.at_ms;
    user->changed_by = xr_strdup(arena, xr_store_by(store));
    return xr_sql_run(store, arena,
        "UPDATE user SET invalidated_ms = ?2, changed_ms = ?2, changed_by = ?3 WHERE id = ?1",
        xr_int(record.id), xr_int(record.at_ms), xr_text(user->changed_by));
}

const struct xr_store_err *xr_store_invalidate(
    struct xr_store *store, struct xr_arena *arena, struct xr_user *user)
{
    struct xr_user after = *user;
    const struct xr_store_err *err = xr_tx_begin(store, arena);

    if (!err)
        err = xr_tx_end(store, arena, invalidate(store, arena, &after));
    if (err)
        return err;
    memset(after.has, 0, sizeof(after.has));
    *user = after;
    return NULL;
}
