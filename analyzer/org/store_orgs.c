#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "analyzer/org/store_sqlite.h"

#define WHAT "organization"

/* Sixty-four names of 253 bytes, with the spaces between them. */
enum { DOMAINS_BYTES_MAX = XR_DOMAINS_MAX * 254 };

/* An organisation as the texts of its fields: what is bound, compared and audited. */
enum { NAME, DOMAINS, ACCESS, ACCOUNT, EWS_URL, FOLDER, GROUP_KIND, SCOPE_NAME, NOTES, FIELDS };

static const char *const names[FIELDS] = { "name", "domains", "access_type", "account", "ews_url",
    "folder", "group_kind", "scope_name", "notes" };

static const size_t limits[FIELDS] = { XR_NAME_MAX, DOMAINS_BYTES_MAX, XR_FIELD_MAX, XR_FIELD_MAX,
    XR_FIELD_MAX, XR_FIELD_MAX, XR_FIELD_MAX, XR_FIELD_MAX, XR_NOTES_MAX };

static const char *given(const char *text)
{
    return text && *text ? text : NULL;
}

static const char *joined(struct xr_arena *arena, const char *const *domains)
{
    const char *text = "";

    for (; *domains; domains++)
        text = xr_printf(arena, "%s%s%s", text, *text ? " " : "", *domains);
    return text;
}

static const char *const *split(struct xr_arena *arena, const char *text)
{
    const char **domains = xr_new_n(arena, const char *, XR_DOMAINS_MAX + 1);

    for (size_t n = 0; n < XR_DOMAINS_MAX; n++) {
        text += strspn(text, " ");
        size_t length = strcspn(text, " ");
        if (!length)
            break;
        domains[n] = xr_strndup(arena, text, length);
        text += length;
    }
    return domains;
}

static void texts_of(struct xr_arena *arena, const struct xr_org *org, const char *ret[FIELDS])
{
    ret[NAME] = org->name;
    ret[DOMAINS] = joined(arena, org->domains);
    ret[ACCESS] = xr_org_access_name(org->access);
    ret[ACCOUNT] = given(org->account);
    ret[EWS_URL] = given(org->ews_url);
    ret[FOLDER] = given(org->folder);
    ret[GROUP_KIND] = xr_group_kind_name(org->group_kind);
    ret[SCOPE_NAME] = given(org->scope_name);
    ret[NOTES] = given(org->notes);
}

static const struct xr_store_err *refuse(
    struct xr_arena *arena, const struct xr_org *org, const char *const *texts)
{
    const struct xr_store_err *err = NULL;
    size_t domains = 0;

    if (!*org->name)
        return xr_store_fail(arena, XR_STORE_REFUSED, "an organisation needs a name");
    while (org->domains[domains])
        domains++;
    if (domains > XR_DOMAINS_MAX)
        return xr_store_fail(arena, XR_STORE_REFUSED, "%s: it has %zu domains, %d are allowed",
            xr_excerpt(arena, org->name, XR_QUOTED_MAX), domains, (int)XR_DOMAINS_MAX);
    for (size_t i = 0; !err && i < FIELDS; i++)
        err = xr_text_fits(arena, org->name, names[i], texts[i], limits[i]);
    return err;
}

#define COLUMNS                                                                          \
    "id, uid, generation, name, domains, access, account, ews_url, folder, group_kind, " \
    "scope_name, notes, changed_ms, changed_by, "                                        \
    "EXISTS (SELECT 1 FROM secret WHERE secret.uid = org.uid AND kind = 'password'), "   \
    "EXISTS (SELECT 1 FROM secret WHERE secret.uid = org.uid AND kind = 'token') "

static struct xr_org row(struct xr_sql *sql, struct xr_arena *arena)
{
    const char *domains = xr_sql_text(sql, arena, 4, DOMAINS_BYTES_MAX);
    struct xr_org org = {
        .id = xr_sql_int(sql, 0),
        .uid = xr_sql_must(sql, arena, 1, XR_NAME_MAX),
        .generation = xr_sql_int(sql, 2),
        .name = xr_sql_must(sql, arena, 3, XR_NAME_MAX),
        .domains = split(arena, domains ? domains : ""),
        .account = given(xr_sql_text(sql, arena, 6, XR_FIELD_MAX)),
        .ews_url = given(xr_sql_text(sql, arena, 7, XR_FIELD_MAX)),
        .folder = given(xr_sql_text(sql, arena, 8, XR_FIELD_MAX)),
        .scope_name = given(xr_sql_text(sql, arena, 10, XR_FIELD_MAX)),
        .notes = given(xr_sql_text(sql, arena, 11, XR_NOTES_MAX)),
        .changed_ms = xr_sql_int(sql, 12),
        .changed_by = xr_sql_must(sql, arena, 13, XR_FIELD_MAX),
        .has = { xr_sql_int(sql, 14), xr_sql_int(sql, 15) },
    };
    const char *access = xr_sql_must(sql, arena, 5, XR_FIELD_MAX);
    const char *group = xr_sql_must(sql, arena, 9, XR_FIELD_MAX);

    if (!sql->flaw && !xr_org_access_by_name(access, &org.access))
        sql->flaw = "an access type of an organisation is unknown";
    if (!sql->flaw && !xr_group_kind_by_name(group, &org.group_kind))
        sql->flaw = "a group kind of an organisation is unknown";
    return org;
}

static struct xr_record record_of(const struct xr_org *org)
{
    return (struct xr_record){ .what = WHAT,
        .id = org->id,
        .org_id = org->id,
        .generation = org->generation,
        .name = org->name,
        .at_ms = org->changed_ms };
}

const struct xr_store_err *xr_store_org(
    struct xr_store *store, struct xr_arena *arena, const char *name, struct xr_org *ret)
{
    xr_auto_sql sql = xr_sql(store, "SELECT " COLUMNS "FROM org WHERE name = ?1", xr_text(name));

    if (xr_sql_row(&sql)) {
        *ret = row(&sql, arena);
        return xr_sql_err(&sql, arena);
    }
    const struct xr_store_err *err = xr_sql_err(&sql, arena);
    if (err)
        return err;
    return xr_store_fail(arena, XR_STORE_NOT_FOUND, "there is no organisation '%s'",
        xr_excerpt(arena, name, XR_QUOTED_MAX));
}

const struct xr_store_err *xr_store_orgs(
    struct xr_store *store, struct xr_arena *arena, struct xr_org **ret, size_t *ret_n)
{
    xr_auto_sql sql = xr_sql_of(store, "SELECT " COLUMNS "FROM org ORDER BY name", NULL, 0);
    size_t room = 0;

    *ret = NULL;
    *ret_n = 0;
    while (xr_sql_row(&sql)) {
        if (*ret_n == room) {
            room = room ? 2 * room : 16;
            struct xr_org *larger = xr_new_n(arena, struct xr_org, room);
            if (*ret_n)
                memcpy(larger, *ret, *ret_n * sizeof(**ret));
            *ret = larger;
        }
        (*ret)[(*ret_n)++] = row(&sql, arena);
    }
    return xr_sql_err(&sql, arena);
}

/* What is stored under the id now; err: not there any more, or not of that generation. */
static const struct xr_store_err *current(
    struct xr_store *store, struct xr_arena *arena, const struct xr_org *org, struct xr_org *ret)
{
    xr_auto_sql sql = xr_sql(store, "SELECT " COLUMNS "FROM org WHERE id = ?1", xr_int(org->id));
    struct xr_record record = record_of(org);

    if (xr_sql_row(&sql))
        *ret = row(&sql, arena);
    return xr_audit_current(&sql, arena, &record, ret->generation);
}

static const struct xr_store_err *add(
    struct xr_store *store, struct xr_arena *arena, struct xr_org *org, const char *const *texts)
{
    org->generation = 1;
    org->uid = org->uid ? org->uid : xr_uid_new(arena);
    xr_auto_sql sql = xr_sql(store,
        "INSERT INTO org (uid, generation, name, domains, access, account, ews_url, folder,"
        " group_kind, scope_name, notes, changed_ms, changed_by)"
        " VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        xr_text(org->uid), xr_text(texts[NAME]), xr_text(texts[DOMAINS]), xr_text(texts[ACCESS]),
        xr_text(texts[ACCOUNT]), xr_text(texts[EWS_URL]), xr_text(texts[FOLDER]),
        xr_text(texts[GROUP_KIND]), xr_text(texts[SCOPE_NAME]), xr_text(texts[NOTES]),
        xr_int(org->changed_ms), xr_text(org->changed_by));
    const struct xr_store_err *err = xr_sql_finish_unique(&sql, arena, WHAT, org->name);
    if (err)
        return err;
    org->id = sqlite3_last_insert_rowid(store->db);
    struct xr_record record = record_of(org);
    return xr_audit(store, arena, &record, "added", NULL, NULL);
}

static const struct xr_store_err *change(
    struct xr_store *store, struct xr_arena *arena, struct xr_org *org, const char *const *texts)
{
    const char *old[FIELDS];
    struct xr_org before = { 0 };
    const struct xr_store_err *err = current(store, arena, org, &before);

    if (err)
        return err;
    texts_of(arena, &before, old);
    if (!xr_fields_differ(old, texts, FIELDS)) {
        org->changed_ms = before.changed_ms;
        org->changed_by = before.changed_by;
        return NULL;
    }
    org->generation++;
    xr_auto_sql sql = xr_sql(store,
        "UPDATE org SET generation = ?2, name = ?3, domains = ?4, access = ?5, account = ?6,"
        " ews_url = ?7, folder = ?8, group_kind = ?9, scope_name = ?10, notes = ?11,"
        " changed_ms = ?12, changed_by = ?13 WHERE id = ?1 AND generation = ?2 - 1",
        xr_int(org->id), xr_int(org->generation), xr_text(texts[NAME]), xr_text(texts[DOMAINS]),
        xr_text(texts[ACCESS]), xr_text(texts[ACCOUNT]), xr_text(texts[EWS_URL]),
        xr_text(texts[FOLDER]), xr_text(texts[GROUP_KIND]), xr_text(texts[SCOPE_NAME]),
        xr_text(texts[NOTES]), xr_int(org->changed_ms), xr_text(org->changed_by));
    err = xr_sql_finish_unique(&sql, arena, WHAT, org->name);
    if (err)
        return err;
    struct xr_record record = record_of(org);
    return xr_audit_fields(store, arena, &record, names, old, texts, FIELDS);
}

const struct xr_store_err *xr_store_save_org(
    struct xr_store *store, struct xr_arena *arena, struct xr_org *org)
{
    struct xr_org saved = *org;
    const char *texts[FIELDS];

    texts_of(arena, org, texts);
    const struct xr_store_err *err = refuse(arena, org, texts);
    if (!err)
        err = xr_tx_begin(store, arena);
    if (err)
        return err;
    saved.changed_ms = xr_wall_ms();
    saved.changed_by = xr_strdup(arena, xr_store_by(store));
    err = xr_tx_end(store, arena, (org->id ? change : add)(store, arena, &saved, texts));
    if (!err)
        *org = saved;
    return err;
}

static const struct xr_store_err *take_out(
    struct xr_store *store, struct xr_arena *arena, const struct xr_org *org)
{
    struct xr_org before = { 0 };
    const struct xr_store_err *err = current(store, arena, org, &before);

    if (err)
        return err;
    err = xr_audit_removed(store, arena, record_of(&before));
    if (err)
        return err;
    return xr_sql_run(store, arena, "DELETE FROM org WHERE id = ?1", xr_int(org->id));
}

const struct xr_store_err *xr_store_remove_org(
    struct xr_store *store, struct xr_arena *arena, const struct xr_org *org)
{
    const struct xr_store_err *err = xr_tx_begin(store, arena);

    return err ? err : xr_tx_end(store, arena, take_out(store, arena, org));
}
