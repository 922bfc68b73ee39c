#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixtures/scenario.h"
#include "tests/sim/bench.h"
#include "tests/unit.h"

/* Users by the thousand: what a pattern makes, and that looking one up does not cost the more. */

static const char group[] =
    "'many_users': [ { 'from': 8, 'count': 100000, 'digits': 6,"
    "  'user': { 'smtp': 'user{n}@contoso.test', 'name': 'User {n}', 'scopes': ['mobile'] },"
    "  'sets': [ { 'from': 10, 'to': 12, 'user': { 'scopes': [] } },"
    "    { 'from': 13, 'user': { 'state': 'moving' } },"
    "    { 'from': 20, 'to': 21, 'missing': true },"
    "    { 'from': 30, 'to': 31, 'user': { 'smtp': 'first.last{n}@contoso.test',"
    "      'aliases': ['user{n}@contoso.test', 'u{n}-{n}@contoso.test'] } } ] } ]";

static const char *code_of(struct bench *bench, const char *mailbox)
{
    const char *body = bench_ask(bench, "SmtpAddress", mailbox, BENCH_INBOX);
    const char *at = strstr(body, "ResponseCode");

    ck_assert_msg(at != NULL, "%s: %s", mailbox, body);
    return at;
}

static void expect_code(struct bench *bench, const char *mailbox, const char *code)
{
    const char *at = code_of(bench, mailbox);

    ck_assert_msg(strstr(at, xr_printf(bench->arena, ">%s<", code)) != NULL, "%s: %s, not %s",
        mailbox, at, code);
}

START_TEST(a_group_and_its_sets_become_users)
{
    struct bench bench = bench_new(group);

    ck_assert_uint_eq(bench.world->many_n, 1);
    expect_code(&bench, "user000008@contoso.test", "NoError");
    expect_code(&bench, "USER100007@contoso.test", "NoError");
    expect_code(&bench, "user100008@contoso.test", "ErrorNonExistentMailbox");
    expect_code(&bench, "user000007@contoso.test", "ErrorNonExistentMailbox");
    expect_code(&bench, "user000010@contoso.test", "ErrorImpersonateUserDenied");
    expect_code(&bench, "user000012@contoso.test", "ErrorImpersonateUserDenied");
    expect_code(&bench, "user000013@contoso.test", "ErrorMailboxMoveInProgress");
    expect_code(&bench, "user000014@contoso.test", "NoError");
    expect_code(&bench, "user000020@contoso.test", "ErrorNonExistentMailbox");
    expect_code(&bench, "user000022@contoso.test", "NoError");
    expect_code(&bench, "user000031@contoso.test", "NoError");
    expect_code(&bench, "u000031-000031@contoso.test", "NoError");
    expect_code(&bench, "anna@contoso.test", "NoError");
    bench_done(&bench);
}
END_TEST

START_TEST(generated_users_are_whole)
{
    struct bench bench = bench_new(group);
    const struct sim_user *user = sim_user_by_address(bench.world, "user000030@contoso.test");

    ck_assert_str_eq(user->smtp, "first.last000030@contoso.test");
    ck_assert_str_eq(user->name, "User 000030");
    ck_assert_str_eq(user->upn, "first.last000030@contoso.test");
    ck_assert_ptr_eq(sim_user_by_sid(bench.world, user->sid), user);
    ck_assert_ptr_eq(sim_user_by_upn(bench.world, "First.Last000030@contoso.test"), user);
    bench_ask(&bench, NULL, NULL,
        "<m:ResolveNames ReturnFullContactData=\"true\" SearchScope=\"ActiveDirectory\">"
        "<m:UnresolvedEntry>smtp:user000030@contoso.test</m:UnresolvedEntry></m:ResolveNames>");
    ck_assert_ptr_nonnull(
        strstr(bench.reply.body.at, "<t:EmailAddress>first.last000030@contoso.test<"));
    bench_done(&bench);
}
END_TEST

START_TEST(a_fault_may_count_each_mailbox_by_itself)
{
    struct bench bench =
        bench_new("'many_users': [ { 'count': 20, 'user': { 'smtp': 'user{n}@contoso.test',"
                  "  'scopes': ['mobile'] } } ],"
                  "'faults': [ { 'layer': 'ews', 'at': { 'operation': 'GetFolder',"
                  "  'mailbox': 'user1?@contoso.test', 'request': 1, 'per_mailbox': true },"
                  "  'do': 'fault', 'code': 'ErrorServerBusy', 'back_off_ms': 1 } ]");

    expect_code(&bench, "user10@contoso.test", "ErrorServerBusy");
    expect_code(&bench, "user11@contoso.test", "ErrorServerBusy");
    expect_code(&bench, "user10@contoso.test", "NoError");
    expect_code(&bench, "user11@contoso.test", "NoError");
    expect_code(&bench, "user1@contoso.test", "NoError");
    bench_done(&bench);
}
END_TEST

/* Every request leaves a line of its own: this is how a test proves that nobody is asked twice. */
START_TEST(each_operation_and_each_refusal_is_told)
{
    static const char *const lines[] = {
        ",\"connection\":1,\"account\":\"CONTOSO\\\\svc\",\"operation\":\"GetFolder\","
        "\"impersonated\":\"anna@contoso.test\",\"mailbox\":null}\n",
        ",\"connection\":1,\"account\":\"CONTOSO\\\\svc\",\"operation\":\"ResolveNames\","
        "\"impersonated\":null,\"mailbox\":\"boss@contoso.test\"}\n",
        ",\"connection\":1,\"logon_failure\":\"CONTOSO\\\\svc\"}\n",
        ",\"connection\":1,\"logon_failure\":\"stranger@x.test\"}\n",
    };
    struct bench bench = bench_new("");
    char *told = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&told, &length);

    sim_seen_tell(bench.seen, out);
    bench_ask(&bench, "SmtpAddress", "anna@contoso.test", BENCH_INBOX);
    bench_ask(&bench, NULL, NULL,
        "<m:ResolveNames ReturnFullContactData=\"true\">"
        "<m:UnresolvedEntry>smtp:boss@contoso.test</m:UnresolvedEntry></m:ResolveNames>");
    bench_post(&bench, BENCH_EWS, "CONTOSO\\svc:wrong", "");
    bench_post(&bench, BENCH_EWS, "stranger@x.test:wrong", "");
    fclose(out);
    const char *at = told;
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        ck_assert_msg(!strncmp(at, "{\"ms\":", 6), "%s", at);
        at += strcspn(at, ",");
        ck_assert_msg(!strncmp(at, lines[i], strlen(lines[i])), "%s", at);
        at += strlen(lines[i]);
    }
    ck_assert_str_eq(at, "");
    free(told);
    bench_done(&bench);
}
END_TEST

/* ---- mistakes ---- */

static const char minimal[] =
    "{ \"schema\": \"exray.scenario/1\", \"about\": \"a\", \"domain\": \"contoso.test\","
    "  \"exchange\": { \"build\": \"15.2.1118.7\" }, \"users\": [ { \"smtp\": \"user5@b\" } ],"
    "  \"accounts\": [], \"dns\": [], \"scopes\": { \"all\": [] },"
    "  \"hosts\": [ { \"name\": \"h\", \"address\": \"127.0.0.2\", \"serves\": [] } ],"
    "  \"many_users\": [ %s ] }";

static const char *error_of(struct xr_arena *arena, const char *element)
{
    const char *path = xr_printf(arena, "/tmp/exray-many.%d.json", getpid()), *error = "";
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    for (const char *at = minimal; *at; at++)
        if (*at != '%')
            putc(*at, file);
        else if (at++)
            fputs(element, file);
    fclose(file);
    bool read = sim_scenario_load(arena, path, &error) != NULL;
    unlink(path);
    return read ? "" : error + strlen(path) + 2;
}

#define SETS(sets) \
    "{\"count\": 9, \"from\": 10, \"user\": {\"smtp\": \"user{n}@b\"}, \"sets\": [" sets "]}"

START_TEST(mistakes_are_named_with_their_place)
{
    static const struct {
        const char *element, *error;
    } cases[] = {
        { SETS(""), "" },
        { SETS("{\"from\": 10, \"to\": 12, \"missing\": true}, {\"from\": 13, \"user\": {}}"), "" },
        { "{\"user\": {\"smtp\": \"u{n}@b\"}}", "many_users[0]: \"count\" is missing" },
        { "{\"count\": 2}", "many_users[0]: \"user\" is missing" },
        { "{\"count\": 0, \"user\": {}}",
            "many_users[0].count: must be a whole number from 1 to 1000000" },
        { "{\"count\": 2, \"user\": {\"name\": \"x\"}}",
            "many_users[0].user: \"smtp\" is missing" },
        { "{\"count\": 2, \"user\": {\"smtp\": \"u@b\"}}",
            "many_users[0].user: smtp must hold {n}: each user has one of his own" },
        { "{\"count\": 2, \"user\": {\"smtp\": \"{n}\"}}",
            "many_users[0].user: smtp must be an address" },
        { "{\"count\": 2, \"user\": {\"smtp\": \"u{n}@b\", \"sate\": \"moving\"}}",
            "many_users[0].user.sate: unknown key (did you mean \"state\"?)" },
        { "{\"count\": 2, \"user\": {\"smtp\": \"u{n}@b\", \"scopes\": [\"al\"]}}",
            "u1@b: no such scope: al" },
        { "{\"count\": 9, \"user\": {\"smtp\": \"user{n}@b\"}}",
            "many_users: user5@b is another user's" },
        { SETS("{\"from\": 9, \"missing\": true}"),
            "many_users[0].sets[0]: 9 to 9: must be within 10 to 18" },
        { SETS("{\"from\": 12, \"to\": 11, \"missing\": true}"),
            "many_users[0].sets[0]: 12 to 11: must be within 10 to 18" },
        { SETS("{\"from\": 12, \"to\": 19, \"missing\": true}"),
            "many_users[0].sets[0]: 12 to 19: must be within 10 to 18" },
        { SETS("{\"from\": 12, \"missing\": true}, {\"from\": 12, \"missing\": true}"),
            "many_users[0].sets[1]: 12 to 12: must be within 13 to 18" },
        { SETS("{\"from\": 12}"),
            "many_users[0].sets[0]: either \"missing\" or \"user\" says what differs" },
        { SETS("{\"from\": 12, \"missing\": true, \"user\": {}}"),
            "many_users[0].sets[0]: either \"missing\" or \"user\" says what differs" },
        { SETS("{\"from\": 12, \"to\": 13, \"user\": {\"smtp\": \"a@b\"}}"),
            "many_users[0].sets[0].user: smtp must hold {n}: each user has one of his own" },
        { SETS("{\"from\": 12, \"user\": {\"kind\": \"rom\"}}"),
            "many_users[0].sets[0].user.kind: \"rom\" is unknown (did you mean \"room\"?)" },
    };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_str_eq(error_of(arena, cases[i].element), cases[i].error);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("many", a_group_and_its_sets_become_users, generated_users_are_whole,
    a_fault_may_count_each_mailbox_by_itself, each_operation_and_each_refusal_is_told,
    mistakes_are_named_with_their_place)
