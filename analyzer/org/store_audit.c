#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "analyzer/org/store_sqlite.h"

/* How many saves a message about a stale record names. */
enum { SAVES_TOLD = 5 };

const struct xr_store_err *xr_text_fits(
    struct xr_arena *arena, const char *record, const char *field, const char *text, size_t most)
{
    if (!text || strlen(text) <= most)
        return NULL;
    return xr_store_fail(arena, XR_STORE_REFUSED, "%s: %s has %zu bytes, %zu are allowed",
        xr_excerpt(arena, record, XR_QUOTED_MAX), field, strlen(text), most);
}

const struct xr_store_err *xr_audit(struct xr_store *store, struct xr_arena *arena,
    const struct xr_record *record, const char *field, const char *from, const char *to)
{
    return xr_sql_run(store, arena,
        "INSERT INTO change (at_ms, author, org_uid, what, record_id, generation, name, field, old,"
        " new) VALUES (?1, ?2, (SELECT uid FROM org WHERE id = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        xr_int(record->at_ms), xr_text(xr_store_by(store)), xr_int(record->org_id),
        xr_text(record->what), xr_int(record->id), xr_int(record->generation),
        xr_text(record->name), xr_text(field), xr_text(from), xr_text(to));
}

static bool same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

bool xr_fields_differ(const char *const *a, const char *const *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!same(a[i], b[i]))
            return true;
    return false;
}

const struct xr_store_err *xr_audit_fields(struct xr_store *store, struct xr_arena *arena,
    const struct xr_record *record, const char *const *names, const char *const *from,
    const char *const *to, size_t n)
{
    const struct xr_store_err *err = NULL;

    for (size_t i = 0; !err && i < n; i++)
        if (!same(from[i], to[i]))
            err = xr_audit(store, arena, record, names[i], from[i], to[i]);
    return err;
}

/* "by root@mail at 2026-11-21T20:00:00.000Z (account, notes), by ..." */
static const char *saves_since(struct xr_store *store, struct xr_arena *arena,
    const struct xr_record *record, int64_t since, struct xr_sql *ret_sql)
{
    const char *told = "";

    *ret_sql = xr_sql(store,
        "SELECT author, at_ms, group_concat(field, ', ') FROM change"
        " WHERE what = ?1 AND record_id = ?2 AND generation > ?3"
        " GROUP BY generation ORDER BY generation LIMIT ?4",
        xr_text(record->what), xr_int(record->id), xr_int(since), xr_int(SAVES_TOLD));
    while (xr_sql_row(ret_sql)) {
        const char *author = xr_sql_must(ret_sql, arena, 0, XR_FIELD_MAX);
        const char *fields = xr_sql_must(ret_sql, arena, 2, XR_FIELD_MAX);
        told = xr_printf(arena, "%s%sby %s at %s (%s)", told, *told ? ", " : "",
            xr_excerpt(arena, author, XR_QUOTED_MAX), xr_rfc3339(arena, xr_sql_int(ret_sql, 1)),
            xr_excerpt(arena, fields, XR_QUOTED_MAX));
    }
    return told;
}

static const struct xr_store_err *stale(
    struct xr_store *store, struct xr_arena *arena, const struct xr_record *record, int64_t since)
{
    xr_auto_sql sql = { .store = store };
    const char *told = saves_since(store, arena, record, since, &sql);
    const struct xr_store_err *err = xr_sql_err(&sql, arena);

    if (err)
        return err;
    return xr_store_fail(arena, XR_STORE_STALE, "%s '%s' was changed in the meantime%s%s",
        record->what, xr_excerpt(arena, record->name, XR_QUOTED_MAX), *told ? " " : "", told);
}

static const struct xr_store_err *gone(
    struct xr_store *store, struct xr_arena *arena, const struct xr_record *record)
{
    xr_auto_sql sql = xr_sql(store,
        "SELECT author, at_ms FROM change"
        " WHERE what = ?1 AND record_id = ?2 AND field = 'removed'",
        xr_text(record->what), xr_int(record->id));
    const char *name = xr_excerpt(arena, record->name, XR_QUOTED_MAX);

    if (xr_sql_row(&sql))
        return xr_store_fail(arena, XR_STORE_NOT_FOUND, "%s '%s' was removed by %s at %s",
            record->what, name,
            xr_excerpt(arena, xr_sql_must(&sql, arena, 0, XR_FIELD_MAX), XR_QUOTED_MAX),
            xr_rfc3339(arena, xr_sql_int(&sql, 1)));
    const struct xr_store_err *err = xr_sql_err(&sql, arena);
    if (err)
        return err;
    return xr_store_fail(arena, XR_STORE_NOT_FOUND, "there is no %s '%s'", record->what, name);
}

const struct xr_store_err *xr_audit_current(
    struct xr_sql *sql, struct xr_arena *arena, const struct xr_record *record, int64_t generation)
{
    if (sql->rc == SQLITE_DONE)
        return gone(sql->store, arena, record);
    const struct xr_store_err *err = xr_sql_err(sql, arena);
    if (err || generation == record->generation)
        return err;
    return stale(sql->store, arena, record, record->generation);
}

const struct xr_store_err *xr_audit_removed(
    struct xr_store *store, struct xr_arena *arena, struct xr_record record)
{
    record.at_ms = xr_wall_ms();
    record.generation++;
    return xr_audit(store, arena, &record, "removed", NULL, NULL);
}

const struct xr_store_err *xr_store_changes(struct xr_store *store, struct xr_arena *arena,
    const char *org_uid, int64_t before, size_t most, struct xr_change *ret, size_t *ret_n)
{
    xr_auto_sql sql = xr_sql(store,
        "SELECT id, at_ms, author, what, name, field, old, new FROM change"
        " WHERE org_uid = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
        xr_text(org_uid), xr_int(before ? before : INT64_MAX), xr_int((int64_t)most));

    *ret_n = 0;
    while (*ret_n < most && xr_sql_row(&sql))
        ret[(*ret_n)++] = (struct xr_change){
            .id = xr_sql_int(&sql, 0),
            .at_ms = xr_sql_int(&sql, 1),
            .by = xr_sql_must(&sql, arena, 2, XR_FIELD_MAX),
            .what = xr_sql_must(&sql, arena, 3, XR_FIELD_MAX),
            .name = xr_sql_must(&sql, arena, 4, XR_FIELD_MAX),
            .field = xr_sql_must(&sql, arena, 5, XR_FIELD_MAX),
            .from = xr_sql_text(&sql, arena, 6, XR_NOTES_MAX),
            .to = xr_sql_text(&sql, arena, 7, XR_NOTES_MAX),
        };
    return xr_sql_err(&sql, arena);
}
