/* Our GetUserSettings against the simulator's, which shares no line with it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/user_settings.h"
#include "fixtures/exchange.h"
#include "fixtures/scenario.h"
#include "fixtures/user_settings.h"
#include "tests/unit.h"

static const char scenario[] =
    "{ \"schema\": \"exray.scenario/1\", \"about\": \"a hundred users\", \"domain\": \"c.test\","
    "  \"exchange\": { \"build\": \"%s\", \"autodiscover\": { \"soap_users_max\": %d } },"
    "  \"users\": [], \"many_users\": [ { \"count\": 100, \"user\": { \"smtp\": \"u{n}@c.test\" }, "
    "\"sets\": ["
    "    { \"from\": 7, \"user\": { \"soap_error\": \"ServerBusy\" } },"
    "    { \"from\": 8, \"user\": { \"redirect_addr\": \"u8@cloud.test\" } },"
    "    { \"from\": 9, \"missing\": true },"
    "    { \"from\": 10, \"user\": { \"smtp\": \"first.last@c.test\","
    "      \"aliases\": [\"u10@c.test\"] } } ] } ],"
    "  \"accounts\": [ { \"logon\": \"C\\\\svc\", \"password\": \"pw\", \"mailbox\": null } ],"
    "  \"scopes\": {}, \"dns\": [], \"hosts\": [ { \"name\": \"mail.c.test\","
    "    \"address\": \"127.0.0.2\", \"serves\": [\"ews\", \"autodiscover-soap\"] } ] }";

static struct xr_arena *arena;
static const char *addresses[XR_USER_SETTINGS_MAX];

static struct sim_world *world_of(const char *build, int users_max)
{
    char folder[] = "/tmp/exray-dialogue.XXXXXX";
    const char *error = "";

    ck_assert_ptr_nonnull(mkdtemp(folder));
    const char *path = xr_printf(arena, "%s/s.json", folder);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fprintf(file, scenario, build, users_max);
    fclose(file);
    struct sim_world *world = sim_scenario_load(arena, path, &error);
    unlink(path);
    rmdir(folder);
    ck_assert_msg(world != NULL, "%s", error);
    return world;
}

/* One request of ours about all hundred users, and what we make of the answer. */
static struct xr_user_settings_reply ask(const char *build, int users_max, const char *version)
{
    static const struct sim_header type = { .name = "Content-Type",
        .value = "text/xml; charset=utf-8" };
    static const struct sim_header basic = {
        .next = &type, .name = "Authorization", .value = "Basic Q1xzdmM6cHc="
    };

    arena = xr_arena_new();
    for (size_t i = 0; i < XR_USER_SETTINGS_MAX; i++)
        addresses[i] = xr_printf(arena, "u%zu@c.test", i + 1);
    struct sim_world *world = world_of(build, users_max);
    struct sim_seen *seen = sim_seen_new(world);
    struct sim_conn conn = { .number = 1, .host = &world->hosts[0], .secure = true };
    const char *body = xr_user_settings_request(arena, version,
        "https://mail.c.test" XR_USER_SETTINGS_PATH, addresses, XR_USER_SETTINGS_MAX);
    const struct sim_request request = { .arena = arena,
        .method = "POST",
        .path = XR_USER_SETTINGS_PATH,
        .host = conn.host,
        .headers = &basic,
        .body = body,
        .body_length = strlen(body) };
    struct sim_reply answer = { .arena = arena, .status = 200 };
    struct xr_user_settings_reply reply;

    xr_buf_init(&answer.body, 8 * 1024 * 1024);
    sim_user_settings_answer(world, seen, &conn, &request, &answer);
    ck_assert_int_eq(answer.status, 200);
    const struct xr_err *err = xr_user_settings_parse(
        arena, addresses, XR_USER_SETTINGS_MAX, answer.body.at, answer.body.length, &reply);
    ck_assert_msg(!err, "%s", err ? err->text : "");
    xr_buf_done(&answer.body);
    sim_seen_free(seen);
    return reply;
}

START_TEST(a_hundred_users_are_answered_in_one_request)
{
    struct xr_user_settings_reply reply = ask("15.2.1118.7", 0, xr_user_settings_versions[0]);

    ck_assert_uint_eq(reply.users_n, XR_USER_SETTINGS_MAX);
    ck_assert_ptr_null(reply.deviation);
    ck_assert_int_eq(reply.build, 1118);
    for (size_t i = 0; i < XR_USER_SETTINGS_MAX; i++) {
        const struct xr_user_settings *user = &reply.users[i];
        ck_assert_str_eq(user->address, addresses[i]);
        if (i >= 6 && i <= 8)
            continue;
        ck_assert_int_eq(user->error.code, XR_SETTINGS_NO_ERROR);
        ck_assert_str_eq(user->ews_url, "https://mail.c.test/EWS/Exchange.asmx");
        ck_assert_str_eq(
            user->values[XR_SETTING_SMTP_ADDRESS], i == 9 ? "first.last@c.test" : addresses[i]);
    }
    ck_assert_int_eq(reply.users[6].error.code, XR_SETTINGS_SERVER_BUSY);
    ck_assert_str_eq(reply.users[7].redirect, "u8@cloud.test");
    ck_assert_int_eq(reply.users[8].error.code, XR_SETTINGS_INVALID_USER);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_throttled_answer_is_understood)
{
    struct xr_user_settings_reply reply = ask("15.2.1118.7", 30, xr_user_settings_versions[0]);

    ck_assert_uint_eq(reply.users_n, 30);
    xr_arena_free(arena);
}
END_TEST

START_TEST(exchange_2010_knows_all_that_its_version_asks_for)
{
    struct xr_user_settings_reply old = ask("14.3.513.0", 0, xr_user_settings_versions[1]);

    for (enum xr_user_setting i = 0; i < XR_SETTING_COUNT; i++)
        ck_assert_int_ne(old.users[0].errors[i].code, XR_SETTINGS_INVALID_SETTING);
    ck_assert_ptr_nonnull(old.users[0].ews_url);
    xr_arena_free(arena);

    struct xr_user_settings_reply new = ask("14.3.513.0", 0, xr_user_settings_versions[0]);
    ck_assert_int_eq(new.users[0].errors[XR_SETTING_ONLINE].code, XR_SETTINGS_INVALID_SETTING);
    ck_assert_ptr_nonnull(new.users[0].ews_url);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("user settings dialogue", a_hundred_users_are_answered_in_one_request,
    a_throttled_answer_is_understood, exchange_2010_knows_all_that_its_version_asks_for)
