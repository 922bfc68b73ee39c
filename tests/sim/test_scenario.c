#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixtures/scenario.h"
#include "tests/unit.h"

/* A folder with scenario files of the test's own making. */
struct place {
    char folder[64];
    struct xr_arena *arena;
    const char *error;
};

static struct place place_new(void)
{
    struct place place = { .folder = "/tmp/exray-scenario.XXXXXX", .arena = xr_arena_new() };

    ck_assert_ptr_nonnull(mkdtemp(place.folder));
    return place;
}

static const char *file_in(const struct place *place, const char *name)
{
    return xr_printf(place->arena, "%s/%s", place->folder, name);
}

static void put(const struct place *place, const char *name, const char *text)
{
    FILE *file = fopen(file_in(place, name), "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void place_done(struct place *place, const char *const *names)
{
    for (; *names; names++)
        unlink(file_in(place, *names));
    rmdir(place->folder);
    xr_arena_free(place->arena);
}

static const char minimal[] =
    "{ \"schema\": \"exray.scenario/1\", \"about\": \"a\", \"domain\": \"contoso.test\","
    "  \"exchange\": { \"build\": \"15.2.1118.7\" },"
    "  \"users\": [ { \"smtp\": \"anna@contoso.test\" } ],"
    "  \"accounts\": [ { \"logon\": \"CONTOSO\\\\svc\", \"password\": \"p\","
    "                  \"mailbox\": \"svc@contoso.test\" } ],"
    "  \"dns\": [],"
    "  \"hosts\": [ { \"name\": \"mail.contoso.test\", \"address\": \"127.0.0.2\","
    "               \"serves\": [\"ews\"] } ] }";

/* The error that the minimal scenario gives with these top-level keys on top; "": none. */
static const char *error_with(struct place *place, const char *keys)
{
    put(place, "base.json", minimal);
    put(place, "over.json",
        xr_printf(place->arena, "{ \"extends\": \"base\"%s%s }", *keys ? ", " : "", keys));
    const char *path = file_in(place, "over.json");
    place->error = "";
    if (sim_scenario_load(place->arena, path, &place->error))
        return "";
    ck_assert_msg(!strncmp(place->error, path, strlen(path)), "%s", place->error);
    return place->error + strlen(path) + 2;
}

static const char *const two_files[] = { "base.json", "over.json", NULL };

START_TEST(defaults_make_a_whole_organisation)
{
    struct place place = place_new();
    put(&place, "base.json", minimal);
    const struct sim_world *world =
        sim_scenario_load(place.arena, file_in(&place, "base.json"), &place.error);

    ck_assert_msg(world != NULL, "%s", place.error);
    ck_assert_int_eq(world->exchange.version[2], 1118);
    ck_assert_str_eq(world->exchange.version_attribute, "V2017_07_11");
    ck_assert_uint_eq(world->exchange.schemes.n, 3);
    ck_assert_uint_eq(world->users_n, 2);
    ck_assert_str_eq(world->users[0].upn, "anna@contoso.test");
    ck_assert_str_eq(world->users[0].name, "anna");
    ck_assert_uint_eq(world->users[0].folders_n, 6);
    ck_assert_str_eq(world->users[1].smtp, "svc@contoso.test");
    ck_assert_str_eq(world->accounts[0].logon_domain, "CONTOSO");
    ck_assert_str_eq(world->accounts[0].logon_user, "svc");
    ck_assert_str_eq(
        world->exchange.autodiscover.ews_url, "https://mail.contoso.test/EWS/Exchange.asmx");
    ck_assert_int_eq(world->hosts[0].tls.min, 12);
    ck_assert_uint_eq(world->hosts[0].certificate.sent_n, 2);
    ck_assert_str_eq(world->hosts[0].certificate.san.at[0], "mail.contoso.test");
    place_done(&place, two_files);
}
END_TEST

START_TEST(mistakes_are_named_with_their_place)
{
    static const struct {
        const char *keys, *error;
    } cases[] = {
        { "", "" },
        { "\"usres\": []", "usres: unknown key (did you mean \"users\"?)" },
        { "\"users\": [{\"smtp\": \"a@b\"}, {\"smtp\": \"c@d\", \"alais\": []}]",
            "users[1].alais: unknown key" },
        { "\"users\": [{}]", "users[0]: \"smtp\" is missing" },
        { "\"users\": {}", "users: must be an array" },
        { "\"users\": [{\"smtp\": 3}]", "users[0].smtp: must be a text" },
        { "\"users\": [{\"smtp\": \"a@b\", \"smtp\": \"c@d\"}]", "users[0].smtp: given twice" },
        { "\"users\": [{\"smtp\": \"a@b\", \"kind\": \"rooom\"}]",
            "users[0].kind: \"rooom\" is unknown (did you mean \"room\"?)" },
        { "\"users\": [{\"smtp\": \"a@b\", \"folders\": {\"inbox\": {\"total\": -1}}}]",
            "users[0].folders.inbox.total: must be a whole number from 0 to 10000" },
        { "\"users\": [{\"smtp\": \"a@b\"}, {\"smtp\": \"c@d\", \"aliases\": [\"A@B\"]},"
          "{\"smtp\": \"A@b\"}]",
            "users[2].smtp: A@b is another user's" },
        { "\"schema\": \"exray.scenario/2\"", "schema: must be \"exray.scenario/1\"" },
        { "\"exchange\": {\"build\": \"15.2\"}", "exchange.build: must be like \"15.2.1118.7\"" },
        { "\"accounts\": [{\"logon\": \"svc\", \"password\": \"p\"}]",
            "accounts[0]: logon must be DOMAIN\\user" },
        { "\"accounts\": [{\"logon\": \"C\\\\s\", \"password\": \"p\","
          "\"may_impersonate\": [\"all\"]}]",
            "accounts[0].may_impersonate[0]: no such scope: all" },
        { "\"scopes\": {\"s\": [\"nobody@contoso.test\"]}",
            "scopes.s: nobody@contoso.test is no user's primary address" },
        { "\"hosts\": []", "hosts: must name one host at least" },
        { "\"hosts\": [{\"name\": \"h\", \"address\": \"192.0.2.1\", \"serves\": []}]",
            "hosts[0].address: 192.0.2.1 is not an address of the loopback" },
        { "\"hosts\": [{\"name\": \"h\", \"address\": \"::1\", \"serves\": [],"
          "\"tls\": {\"min\": \"1.3\", \"max\": \"1.2\"}}]",
            "hosts[0].tls: min is above max" },
        { "\"hosts\": [{\"name\": \"h\", \"address\": \"::1\", \"serves\": [],"
          "\"certificate\": {\"send\": [\"root\"]}}]",
            "hosts[0].certificate.send: must be 1 to 8, the first of them \"leaf\"" },
        { "\"faults\": [{\"layer\": \"tls\"}]", "faults[0].layer: \"tls\" is unknown" },
        { "\"faults\": [{\"layer\": \"wire\", \"at\": {\"host\": \"mail.contoso.test\"},"
          "\"do\": \"rts\"}]",
            "faults[0].do: \"rts\" is unknown" },
        { "\"faults\": [{\"layer\": \"wire\", \"at\": {\"host\": \"x.test\"},"
          "\"do\": \"rst\"}]",
            "faults[0].at.host: no such host: x.test" },
        { "\"faults\": [{\"layer\": \"http\", \"at\": {\"request\": [3, 2]},"
          "\"do\": \"close\"}]",
            "faults[0].at.request: must be a number, or the first and the last of a range" },
        { "\"faults\": [{\"layer\": \"dns\", \"at\": \"contoso.test\", \"do\": \"drop\"}]",
            "faults[0].at: must be \"NAME TYPE\"" },
        { "\"test\": {\"name\": \"service-account\", \"options\": {\"mailbx\": \"a\"}}",
            "test.options.mailbx: unknown key (did you mean \"mailbox\"?)" },
        { "\"expect\": {\"verdict\": {\"status\": \"fine\"}, \"exit\": 0}",
            "expect.verdict.status: \"fine\" is unknown" },
        { "\"expect\": {\"verdict\": {\"status\": \"error\"}, \"exit\": 1,"
          "\"answers\": [{}, 3]}",
            "expect.answers[1]: must be an object" },
        { "\"expect\": {\"verdict\": {\"status\": \"error\"}, \"exit\": 1,"
          "\"times\": {\"input\": {\"mx\": 5}}}",
            "expect.times.input.mx: unknown key (did you mean \"max\"?)" },
        { "\"expect\": {\"verdict\": {\"status\": \"error\"}, \"exit\": 1,"
          "\"server_saw\": {\"logons\": 1}}",
            "expect.server_saw.logons: unknown key" },
    };
    struct place place = place_new();

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_str_eq(error_with(&place, cases[i].keys), cases[i].error);
    place_done(&place, two_files);
}
END_TEST

START_TEST(so_are_mistakes_about_log_ons)
{
    static const struct {
        const char *keys, *error;
    } cases[] = {
        { "\"exchange\": {\"build\": \"15.2.1118.7\", \"extended_protection\": {\"ews\": "
          "\"alow\"}}",
            "exchange.extended_protection.ews: \"alow\" is unknown (did you mean \"allow\"?)" },
        { "\"exchange\": {\"build\": \"15.2.1118.7\", \"extended_protection\": {\"owa\": "
          "\"none\"}}",
            "exchange.extended_protection.owa: unknown key" },
        { "\"exchange\": {\"build\": \"15.2.1118.7\", \"lockout_threshold\": -1}",
            "exchange.lockout_threshold: must be a whole number from 0 to 2147483647" },
        { "\"hosts\": [{\"name\": \"h\", \"address\": \"::1\", \"serves\": [],"
          "\"preauthentication\": {\"server\": \"BigIP\"}}]",
            "hosts[0].preauthentication: \"scheme\" is missing" },
        { "\"hosts\": [{\"name\": \"h\", \"address\": \"::1\", \"serves\": [],"
          "\"preauthentication\": {\"scheme\": \"Digest\"}}]",
            "hosts[0].preauthentication.scheme: \"Digest\" is unknown" },
        { "\"hosts\": [{\"name\": \"h\", \"address\": \"::1\", \"serves\": [],"
          "\"after_challenge\": \"drops\"}]",
            "hosts[0].after_challenge: \"drops\" is unknown (did you mean \"drop\"?)" },
        { "\"hosts\": [{\"name\": \"h\", \"address\": \"::1\", \"serves\": [],"
          "\"ntlm_affinity\": \"lost\"}]",
            "hosts[0].ntlm_affinity: \"lost\" is unknown" },
        { "\"hosts\": [{\"name\": \"h\", \"address\": \"::1\", \"serves\": [],"
          "\"pool_stopped\": [\"oab\"]}]",
            "hosts[0].pool_stopped[0]: \"oab\" is unknown" },
        { "\"expect\": {\"verdict\": {\"status\": \"error\"}, \"exit\": 1,"
          "\"server_saw\": {\"attempts\": {\"C\\\\s\": {\"wrong_pasword\": 1}}}}",
            "expect.server_saw.attempts.C\\s.wrong_pasword: unknown key (did you mean "
            "\"wrong_password\"?)" },
        { "\"expect\": {\"verdict\": {\"status\": \"error\"}, \"exit\": 1,"
          "\"server_saw\": {\"bindings\": {\"good\": 1}}}",
            "expect.server_saw.bindings.good: unknown key" },
    };
    struct place place = place_new();

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_str_eq(error_with(&place, cases[i].keys), cases[i].error);
    place_done(&place, two_files);
}
END_TEST

START_TEST(every_verb_of_the_tables_is_accepted)
{
    struct place place = place_new();
    const char *const *const verbs[] = { sim_dns_verbs, sim_wire_verbs, sim_http_verbs,
        sim_ews_verbs };
    static const char *const ats[] = { "\"contoso.test A\"", "{\"host\": \"mail.contoso.test\"}",
        "{\"path\": \"/ews/*\"}", "{\"operation\": \"GetFolder\"}" };
    static const char *const layers[] = { "dns", "wire", "http", "ews" };

    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; verbs[i][j]; j++)
            ck_assert_str_eq(
                error_with(
                    &place, xr_printf(place.arena,
                                "\"faults\": [{\"layer\": \"%s\", \"at\": %s, \"do\": \"%s\"}]",
                                layers[i], ats[i], verbs[i][j])),
                "");
    place_done(&place, two_files);
}
END_TEST

START_TEST(files_that_are_no_scenarios_are_refused)
{
    struct place place = place_new();
    static const char *const names[] = { "a.json", "b.json", NULL };

    ck_assert_ptr_null(sim_scenario_load(place.arena, file_in(&place, "a.json"), &place.error));
    ck_assert_ptr_nonnull(strstr(place.error, "No such file"));
    put(&place, "a.json", "{\n  \"schema\": 1,\n  oops\n}");
    ck_assert_ptr_null(sim_scenario_load(place.arena, file_in(&place, "a.json"), &place.error));
    ck_assert_ptr_nonnull(strstr(place.error, "line 3: not JSON"));
    put(&place, "a.json", "[]");
    ck_assert_ptr_null(sim_scenario_load(place.arena, file_in(&place, "a.json"), &place.error));
    ck_assert_ptr_nonnull(strstr(place.error, "must be an object"));
    put(&place, "a.json", "{\"extends\": \"b\"}");
    put(&place, "b.json", "{\"extends\": \"a\"}");
    ck_assert_ptr_null(sim_scenario_load(place.arena, file_in(&place, "a.json"), &place.error));
    ck_assert_ptr_nonnull(strstr(place.error, "extends: more than 8 links"));
    put(&place, "a.json", "{\"extends\": \"../b\"}");
    ck_assert_ptr_null(sim_scenario_load(place.arena, file_in(&place, "a.json"), &place.error));
    ck_assert_ptr_nonnull(strstr(place.error, "no such base"));
    place_done(&place, names);
}
END_TEST

START_TEST(a_file_without_end_is_refused)
{
    struct xr_arena *arena = xr_arena_new();
    const char *error = NULL;

    ck_assert_ptr_null(sim_scenario_load(arena, "/dev/zero", &error));
    ck_assert_str_eq(error, "/dev/zero: larger than 1 MiB");
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_host_is_found_by_name_and_address)
{
    struct place place = place_new();
    const char *error = error_with(&place,
        "\"hosts\": [{\"name\": \"a.test\", \"address\": \"127.0.0.2\", \"serves\": []},"
        "{\"name\": \"b.test\", \"aliases\": [\"c.test\"], \"address\": \"127.0.0.3\","
        " \"serves\": []},"
        "{\"name\": \"a.test\", \"address\": [\"127.0.0.4\", \"::1\"], \"serves\": []}]");
    const struct sim_world *world =
        sim_scenario_load(place.arena, file_in(&place, "over.json"), &place.error);

    ck_assert_str_eq(error, "");
    const struct sim_host *hosts = world->hosts;
    ck_assert_ptr_eq(sim_host_for(world, "A.TEST", &hosts[0].addresses[0].at), &hosts[0]);
    ck_assert_ptr_eq(sim_host_for(world, "a.test", &hosts[2].addresses[1].at), &hosts[2]);
    ck_assert_ptr_eq(sim_host_for(world, "c.test", &hosts[0].addresses[0].at), &hosts[1]);
    ck_assert_ptr_eq(sim_host_for(world, "z.test", &hosts[1].addresses[0].at), &hosts[1]);
    ck_assert_ptr_eq(sim_host_for(world, NULL, NULL), &hosts[0]);
    place_done(&place, two_files);
}
END_TEST

START_TEST(globs)
{
    ck_assert(sim_glob("/EWS/*", "/ews/Exchange.asmx"));
    ck_assert(sim_glob("*a*b?", "xxaxxbc"));
    ck_assert(sim_glob("*", ""));
    ck_assert(!sim_glob("/ews/*", "/ews"));
    ck_assert(!sim_glob("a?", "a"));
    ck_assert(!sim_glob("", "a"));
}
END_TEST

XR_UNIT_MAIN("scenario", defaults_make_a_whole_organisation, mistakes_are_named_with_their_place,
    so_are_mistakes_about_log_ons, every_verb_of_the_tables_is_accepted,
    files_that_are_no_scenarios_are_refused, a_file_without_end_is_refused,
    a_host_is_found_by_name_and_address, globs)
