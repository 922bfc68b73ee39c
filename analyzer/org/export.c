#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/csv_cell.h"
#include "analyzer/org/bytes.h"
#include "analyzer/org/import.h"

enum { PAGE = 256 };

struct export
{
    struct xr_store *store;
    struct xr_arena *arena;   /* of the caller */
    struct xr_arena *scratch; /* of a page */
    FILE *out;
    bool with_secrets;
    int64_t users;
};

/* NULL: it was written. */
typedef const struct xr_transfer_err *write_user(struct export *export, const struct xr_user *user);

static const struct xr_transfer_err *written(const struct export *export)
{
    if (!ferror(export->out))
        return NULL;
    return xr_transfer_fail(export->arena, XR_TRANSFER_FILE, "the export cannot be written: %s",
        strerrordesc_np(errno));
}

static const struct xr_transfer_err *write_page(
    struct export *export, const struct xr_user *users, size_t n, write_user *write)
{
    const struct xr_transfer_err *err = NULL;

    for (size_t i = 0; !err && i < n; i++)
        err = write(export, &users[i]);
    return err ? err : written(export);
}

static const struct xr_transfer_err *write_users(
    struct export *export, int64_t org_id, write_user *write)
{
    struct xr_user *users = xr_new_n(export->arena, struct xr_user, PAGE);
    struct xr_arena *before = NULL; /* holds the address that the next page begins behind */
    const struct xr_transfer_err *err = NULL;
    const char *after = NULL;

    for (size_t n = 1; !err && n;) {
        export->scratch = xr_arena_new();
        err = xr_transfer_store(export->arena,
            xr_store_users(export->store, export->scratch, org_id, after, PAGE, users, &n));
        if (!err)
            err = write_page(export, users, n, write);
        after = !err && n ? users[n - 1].email : NULL;
        xr_arena_free(before);
        before = export->scratch;
    }
    xr_arena_free(before);
    if (!err && fflush(export->out))
        err = written(export);
    return err;
}

/* ---- CSV ---- */

static const struct xr_transfer_err *write_csv(struct export *export, const struct xr_user *user)
{
    const char *const cells[XR_COLUMN_COUNT] = {
        [XR_COLUMN_EMAIL] = user->email,
        [XR_COLUMN_ACCESS_TYPE] = xr_user_access_name(user->access),
        [XR_COLUMN_USER_NAME] = user->user_name,
        [XR_COLUMN_ACCOUNT] = user->account,
        [XR_COLUMN_EWS_URL] = user->ews_url,
        [XR_COLUMN_ENABLED] = user->enabled ? "true" : "false",
    };

    for (size_t i = 0; i < XR_COLUMN_COUNT; i++) {
        xr_csv_cell(export->out, cells[i]);
        (void)fputs(i + 1 < XR_COLUMN_COUNT ? "," : "\r\n", export->out);
    }
    return NULL;
}

const struct xr_transfer_err *xr_export_users_csv(
    struct xr_store *store, struct xr_arena *arena, const struct xr_org *org, FILE *out)
{
    struct export export = { .store = store, .arena = arena, .out = out };

    for (size_t i = 0; i < XR_COLUMN_COUNT; i++)
        (void)fprintf(out, "%s%s", xr_column_names[i], i + 1 < XR_COLUMN_COUNT ? "," : "\r\n");
    return write_users(&export, org->id, write_csv);
}

/* ---- JSON ---- */

/* What cJSON could not allocate must not be missing from an export in silence. */
static cJSON *must(cJSON *item)
{
    if (!item)
        abort();
    return item;
}

static cJSON *put(cJSON *object, const char *name, cJSON *item)
{
    if (!cJSON_AddItemToObject(object, name, must(item)))
        abort();
    return item;
}

static void put_text(cJSON *object, const char *name, const char *text)
{
    (void)put(object, name, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void drop(cJSON **json)
{
    cJSON_Delete(*json);
}

static const struct xr_transfer_err *put_sealed(
    struct export *export, cJSON *array, const char *uid, enum xr_secret_kind kind)
{
    struct xr_sealed sealed;
    const struct xr_store_err *err =
        xr_store_secret(export->store, export->scratch, uid, kind, &sealed);

    if (err && err->fault == XR_STORE_NOT_FOUND)
        return NULL; /* removed meanwhile */
    if (err)
        return xr_transfer_store(export->arena, err);
    cJSON *object = must(cJSON_CreateObject());
    if (!cJSON_AddItemToArray(array, object))
        abort();
    put_text(object, "kind", xr_secret_kind_name(kind));
    put_text(object, "key_id", sealed.key_id);
    put_text(object, "bytes", xr_hex(export->scratch, sealed.bytes, sealed.length));
    return NULL;
}

static const struct xr_transfer_err *put_secrets(
    struct export *export, cJSON *object, const char *uid, const bool *has)
{
    const struct xr_transfer_err *err = NULL;

    if (!export->with_secrets)
        return NULL;
    cJSON *array = put(object, "secrets", cJSON_CreateArray());
    for (int kind = 0; !err && kind < XR_SECRET_KIND_COUNT; kind++)
        if (has[kind])
            err = put_sealed(export, array, uid, (enum xr_secret_kind)kind);
    return err;
}

static void write_json(const struct export *export, const cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);

    if (!text)
        abort();
    (void)fputs(text, export->out);
    cJSON_free(text);
}

static const struct xr_transfer_err *write_json_user(
    struct export *export, const struct xr_user *user)
{
    __attribute__((cleanup(drop))) cJSON *object = must(cJSON_CreateObject());

    put_text(object, "email", user->email);
    put_text(object, "id", user->uid);
    put_text(object, "access_type", xr_user_access_name(user->access));
    put_text(object, "user_name", user->user_name);
    put_text(object, "account", user->account);
    put_text(object, "ews_url", user->ews_url);
    (void)put(object, "enabled", cJSON_CreateBool(user->enabled));
    const struct xr_transfer_err *err = put_secrets(export, object, user->uid, user->has);
    (void)fputs(export->users++ ? ",\n" : "\n", export->out);
    write_json(export, object);
    return err;
}

static const struct xr_transfer_err *write_json_org(struct export *export, const struct xr_org *org)
{
    __attribute__((cleanup(drop))) cJSON *object = must(cJSON_CreateObject());

    put_text(object, "name", org->name);
    put_text(object, "id", org->uid);
    cJSON *domains = put(object, "domains", cJSON_CreateArray());
    for (const char *const *domain = org->domains; *domain; domain++)
        if (!cJSON_AddItemToArray(domains, must(cJSON_CreateString(*domain))))
            abort();
    put_text(object, "access_type", xr_org_access_name(org->access));
    put_text(object, "account", org->account);
    put_text(object, "ews_url", org->ews_url);
    put_text(object, "folder", org->folder);
    put_text(object, "group_kind", xr_group_kind_name(org->group_kind));
    put_text(object, "scope_name", org->scope_name);
    put_text(object, "notes", org->notes);
    const struct xr_transfer_err *err = put_secrets(export, object, org->uid, org->has);
    write_json(export, object);
    return err;
}

const struct xr_transfer_err *xr_export_org_json(struct xr_store *store, struct xr_arena *arena,
    const struct xr_org *org, bool users, bool with_secrets, FILE *out)
{
    struct export export = {
        .store = store, .arena = arena, .scratch = arena, .out = out, .with_secrets = with_secrets
    };

    (void)fputs("{\"schema\":\"exray.org/1\",\n\"organization\":", out);
    const struct xr_transfer_err *err = write_json_org(&export, org);
    if (!err && users) {
        (void)fputs(",\n\"users\":[", out);
        err = write_users(&export, org->id, write_json_user);
        (void)fputs("\n]", out);
    }
    (void)fputs("}\n", out);
    if (!err && fflush(out))
        err = written(&export);
    return err ? err : written(&export);
}
