#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/check.h"
#include "tests/reports/sample_check.h"
#include "tests/reports/sample_run.h"
#include "tests/reports/written.h"
#include "tests/unit.h"

enum { FLAT_BYTES = 512 * 1024 };

static cJSON *parsed(const char *text)
{
    cJSON *json = cJSON_Parse(text);

    ck_assert_msg(json != NULL, "no JSON: %.300s", text);
    return json;
}

static const cJSON *member(const cJSON *json, const char *name)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(json, name);

    ck_assert_msg(found != NULL, "%s is absent", name);
    return found;
}

static const char *text(const cJSON *json, const char *name)
{
    return cJSON_GetStringValue(member(json, name));
}

START_TEST(test_holds_what_the_contract_names)
{
    struct xr_arena *arena = xr_arena_new();
    cJSON *json = parsed(check_json(sample_check_small(arena)));
    const cJSON *summary = member(json, "summary"), *users = member(json, "users");
    const cJSON *cause = cJSON_GetArrayItem(member(json, "causes"), 0);
    const cJSON *user = cJSON_GetArrayItem(users, 0);

    ck_assert_str_eq(text(json, "schema"), "exray.check/1");
    ck_assert_str_eq(text(json, "organization"), "Contoso EMEA");
    ck_assert_str_eq(text(json, "started"), "2026-11-21T20:00:00.000Z");
    ck_assert_str_eq(text(json, "end"), "finished");
    ck_assert_int_eq(member(summary, "error")->valueint, 223);
    ck_assert_int_eq(member(json, "fresh")->valueint, 258);
    ck_assert(cJSON_IsFalse(member(json, "candidate")));
    ck_assert_int_eq(cJSON_GetArraySize(users), 258);
    ck_assert_str_eq(text(cause, "finding"), "impersonation.denied");
    ck_assert_int_eq(member(cause, "users")->valueint, 210);
    ck_assert_str_eq(text(cause, "title"),
        "The service account can log on, but it may not open the listed address.");
    ck_assert_str_eq(text(user, "email"), "anna.kovacs0@contoso.example");
    ck_assert_str_eq(text(user, "finding"), "http.server-error");
    ck_assert_int_eq(member(user, "elapsed_ms")->valueint, 48);
    ck_assert_str_eq(text(member(user, "steps"), "inbox"), "error");
    ck_assert_str_eq(text(member(user, "steps"), "smtp-address"), "skipped");
    ck_assert_str_eq(text(member(user, "facts"), "server"), "EX19-MBX09");
    cJSON_Delete(json);
    xr_arena_free(arena);
}
END_TEST

/* A user who is switched off: nothing is known, and every name is there all the same. */
START_TEST(test_unknown_is_null)
{
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_small(arena);
    check->head.median_us = check->head.p99_us = -1;
    check->head.access_type = check->head.account = NULL;
    cJSON *json = parsed(check_json(check));
    const cJSON *user = cJSON_GetArrayItem(member(json, "users"), 5 + 210 + 8 + 12);

    ck_assert_str_eq(text(user, "status"), "skipped");
    static const char *const unknown[] = { "finding", "step", "code", "message", "elapsed_ms",
        "checked_at" };
    for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
        ck_assert_msg(cJSON_IsNull(member(user, unknown[i])), "%s", unknown[i]);
    ck_assert(cJSON_IsNull(member(member(user, "facts"), "account")));
    ck_assert(cJSON_IsNull(member(json, "median_ms")));
    ck_assert(cJSON_IsNull(member(json, "access_type")));
    cJSON_Delete(json);
    xr_arena_free(arena);
}
END_TEST

/* The command for all of them: the group is a quoted word, whatever the alias is. */
START_TEST(test_bulk_command_is_quoted)
{
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_small(arena);
    check->head.slots.group = "R'; Remove-Mailbox *";
    ck_assert_ptr_nonnull(strstr(check_json(check), "-Identity 'R''; Remove-Mailbox *' -Member"));

    check->head.slots.group = NULL;
    ck_assert_ptr_nonnull(strstr(check_json(check), "-Identity 'RIAG' -Member $_.email"));

    check->head.slots.group = "a\nb";
    cJSON *json = parsed(check_json(check));
    const cJSON *cause = cJSON_GetArrayItem(member(json, "causes"), 0);
    ck_assert(cJSON_IsNull(member(member(cause, "bulk"), "command")));
    ck_assert_ptr_nonnull(strstr(text(member(cause, "bulk"), "text"), "control character"));
    cJSON_Delete(json);
    xr_arena_free(arena);
}
END_TEST

/* What a stranger wrote comes back as it was, and nothing invisible stands in the file. */
START_TEST(test_hostile_texts_survive)
{
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_hostile(arena);
    const char *made = check_json(check);
    cJSON *json = parsed(made);
    struct xr_check_rows rows = sample_check_rows(check);
    struct xr_check_user user;

    ck_assert(!has_invisible(made, "\n"));
    ck_assert_str_eq(text(json, "organization"), check->head.organization);
    for (int i = 0; rows.next(rows.arg, &user); i++) {
        const cJSON *read = cJSON_GetArrayItem(member(json, "users"), i);
        ck_assert_str_eq(text(read, "email"), user.email);
        if (user.code)
            ck_assert_str_eq(text(read, "code"), user.code);
    }
    cJSON_Delete(json);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_jsonl_is_one_line_a_user)
{
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_hostile(arena);
    struct xr_check_rows rows = sample_check_rows(check);
    struct xr_check_user user;

    while (rows.next(rows.arg, &user)) {
        char *line;
        size_t length;
        FILE *out = open_memstream(&line, &length);
        xr_check_json_user(out, &user);
        ck_assert_int_eq(fclose(out), 0);
        ck_assert_ptr_eq(strchr(line, '\n'), line + length - 1);
        cJSON *json = parsed(line);
        ck_assert_str_eq(text(json, "email"), user.email);
        cJSON_Delete(json);
        free(line);
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_nobody_is_an_empty_list)
{
    struct xr_arena *arena = xr_arena_new();
    static const struct sample_part nobody[] = { { 0 } };
    struct sample_check *check = sample_check_of(arena, nobody);
    check->head.groups = NULL;
    cJSON *json = parsed(check_json(check));

    ck_assert_int_eq(cJSON_GetArraySize(member(json, "users")), 0);
    ck_assert_int_eq(cJSON_GetArraySize(member(json, "causes")), 0);
    cJSON_Delete(json);
    xr_arena_free(arena);
}
END_TEST

START_TEST(test_a_hundred_thousand_take_no_more_memory)
{
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *check = sample_check_large(arena);
    FILE *out = fopen("/dev/null", "w");

    ck_assert_ptr_nonnull(out);
    xr_check_json(out, &check->head, sample_check_rows(check));
    int64_t json_bytes = check->most_bytes - check->first_bytes;
    xr_check_csv(out, sample_check_rows(check));
    int64_t csv_bytes = check->most_bytes - check->first_bytes;
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_int_lt(json_bytes, FLAT_BYTES);
    ck_assert_int_lt(csv_bytes, FLAT_BYTES);
    xr_arena_free(arena);
}
END_TEST

static void keep(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    (void)fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void keep_lines(const char *path, struct sample_check *check)
{
    struct xr_check_rows rows = sample_check_rows(check);
    struct xr_check_user user;
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    while (rows.next(rows.arg, &user))
        xr_check_json_user(file, &user);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(test_fits_its_schema)
{
    static const char *const names[] = { "small.json", "hostile.json", "empty.json",
        "hostile.jsonl" };
    static const struct sample_part nobody[] = { { 0 } };
    char folder[] = "/tmp/exray-check-XXXXXX";
    const char *source = getenv("EXRAY_SOURCE");

    if (!source || access("/usr/bin/python3", X_OK) != 0)
        return;
    struct xr_arena *arena = xr_arena_new();
    struct sample_check *empty = sample_check_of(arena, nobody);
    empty->head.end = XR_CHECK_CHANGED;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    keep(xr_printf(arena, "%s/%s", folder, names[0]), check_json(sample_check_small(arena)));
    keep(xr_printf(arena, "%s/%s", folder, names[1]), check_json(sample_check_hostile(arena)));
    keep(xr_printf(arena, "%s/%s", folder, names[2]), check_json(empty));
    keep_lines(xr_printf(arena, "%s/%s", folder, names[3]), sample_check_hostile(arena));
    int status = system(xr_printf(arena,
        "cd '%s' && /usr/bin/python3 '%s/tests/check_schema.py' "
        "'%s/reports/schema/check-1.schema.json' %s %s %s %s >&2",
        folder, source, source, names[0], names[1], names[2], names[3]));
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        ck_assert_int_eq(unlink(xr_printf(arena, "%s/%s", folder, names[i])), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    ck_assert(status == 0 || WEXITSTATUS(status) == 77);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("check_json", test_holds_what_the_contract_names, test_unknown_is_null,
    test_bulk_command_is_quoted, test_hostile_texts_survive, test_jsonl_is_one_line_a_user,
    test_nobody_is_an_empty_list, test_a_hundred_thousand_take_no_more_memory, test_fits_its_schema)
