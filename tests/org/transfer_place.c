#include "tests/org/transfer_place.h"

#include <string.h>

#include "tests/unit.h"

static const char *const no_domains[] = { NULL };

struct xr_org place_add_org(struct place *place, const char *name, enum xr_org_access access)
{
    struct xr_org org = { .name = name, .domains = no_domains, .access = access };

    ck_assert(!xr_store_save_org(place->store, place->arena, &org));
    return org;
}

void place_open(struct place *place, enum xr_org_access access)
{
    *place = (struct place){ .arena = xr_arena_new(), .folder = "/tmp/exray-transfer-XXXXXX" };
    ck_assert(mkdtemp(place->folder));
    ck_assert(!xr_store_open(
        place->arena, xr_printf(place->arena, "%s/store", place->folder), &place->store));
    place->file = xr_printf(place->arena, "%s/file", place->folder);
    place->org = place_add_org(place, "contoso", access);
}

void place_close(struct place *place)
{
    xr_store_close(place->store);
    ck_assert(!system(xr_printf(place->arena, "rm -r %s", place->folder)));
    xr_arena_free(place->arena);
}

void place_write(struct place *place, const char *bytes, size_t length)
{
    FILE *out = fopen(place->file, "w");

    ck_assert(out);
    ck_assert_uint_eq(fwrite(bytes, 1, length, out), length);
    ck_assert(!fclose(out));
}

const struct xr_transfer_err *place_import(struct place *place, const char *text, bool dry_run)
{
    place_write(place, text, strlen(text));
    return xr_import_users(
        place->store, place->arena, &place->org, place->file, dry_run, &place->import);
}

void place_import_well(struct place *place, const char *text)
{
    const struct xr_transfer_err *err = place_import(place, text, false);

    ck_assert_msg(!err, "%s: line %lld: %s", err ? err->text : "",
        (long long)place->import.errors[0].line, place->import.errors[0].text);
}

void place_import_badly(struct place *place, const char *text)
{
    const struct xr_transfer_err *err = place_import(place, text, false);

    ck_assert(err);
    ck_assert_int_eq(err->fault, XR_TRANSFER_LINES);
}

struct xr_user place_user(struct place *place, const char *email)
{
    struct xr_user user = { .id = 0 };
    const struct xr_store_err *err =
        xr_store_user(place->store, place->arena, place->org.id, email, &user);

    ck_assert_msg(!err, "%s: %s", email, err ? err->text : "");
    return user;
}

int64_t place_count_users(struct place *place)
{
    int64_t n = -1;

    ck_assert(!xr_store_user_count(place->store, place->arena, place->org.id, &n));
    return n;
}

void place_expect_error(
    const struct place *place, size_t i, int64_t line, const char *field, const char *words)
{
    ck_assert_uint_lt(i, place->import.error_n);
    const struct xr_import_error *error = &place->import.errors[i];

    ck_assert_msg(strstr(error->text, words), "\"%s\" instead of \"%s\"", error->text, words);
    ck_assert_int_eq(error->line, line);
    ck_assert_pstr_eq(error->field, field);
}

void place_expect_counts(
    const struct place *place, int64_t users, int64_t added, int64_t changed, int64_t unchanged)
{
    ck_assert_int_eq(place->import.users, users);
    ck_assert_int_eq(place->import.added, added);
    ck_assert_int_eq(place->import.changed, changed);
    ck_assert_int_eq(place->import.unchanged, unchanged);
}

char *place_export_csv(struct place *place, const struct xr_org *org)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);

    ck_assert(!xr_export_users_csv(place->store, place->arena, org, out));
    (void)fclose(out);
    char *ret = xr_strndup(place->arena, bytes, length);
    free(bytes);
    return ret;
}

char *place_export_json(struct place *place, const struct xr_org *org, bool with_secrets)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);

    ck_assert(!xr_export_org_json(place->store, place->arena, org, true, with_secrets, out));
    (void)fclose(out);
    char *ret = xr_strndup(place->arena, bytes, length);
    free(bytes);
    return ret;
}
