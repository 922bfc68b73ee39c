#include <string.h>

#include "tests/sim/bench.h"
#include "tests/unit.h"

#define HOST(v2)                                                        \
    "'hosts': [ { 'name': 'mail.contoso.test', 'address': '127.0.0.2'," \
    "  'serves': ['ews', 'autodiscover-v2'] " v2 " } ]"
#define V2(keys)         ", 'autodiscover_v2': { " keys " }"
#define ANNA             BENCH_V2 "?Email=anna%40contoso.test&Protocol=ews&RedirectCount=2"
#define NOBODY           BENCH_V2 "?Protocol=EWS&Email=nobody@contoso.test"
#define JSON(pairs)      "{" pairs "}"
#define PAIR(key, value) "\"" key "\":\"" value "\""

static void check(struct bench *bench, const char *path, int status, const char *body)
{
    bench_get(bench, path, NULL);
    ck_assert_int_eq(bench->reply.status, status);
    ck_assert_str_eq(bench->reply.body.at, body);
}

static void check_error(struct bench *bench, const char *path, int status, const char *code)
{
    bench_get(bench, path, NULL);
    ck_assert_int_eq(bench->reply.status, status);
    ck_assert_ptr_nonnull(strstr(
        bench->reply.body.at, xr_printf(bench->arena, "{\"ErrorCode\":\"%s\",\"ErrorM", code)));
    ck_assert_str_eq(bench_header(bench, "jsonerror"), "true");
}

START_TEST(who_has_a_mailbox_is_answered_without_a_logon)
{
    struct bench bench = bench_new(HOST(""));
    static const char body[] = JSON(
        PAIR("Protocol", "ews") "," PAIR("Url", "https://mail.contoso.test/EWS/Exchange.asmx"));

    check(&bench, ANNA, 200, body);
    ck_assert_str_eq(bench_header(&bench, "Content-Type"), "application/json; charset=utf-8");
    ck_assert_str_eq(bench.reply.mailbox, "anna@contoso.test");
    ck_assert_str_eq(bench.reply.operation, "AutodiscoverV2");
    check(&bench, BENCH_V2 "/v1.0/anna@contoso.test?Protocol=ews", 200, body);
    bench_done(&bench);
}
END_TEST

START_TEST(requests_have_their_errors)
{
    struct bench bench = bench_new(HOST(""));

    check_error(&bench, NOBODY, 404, "UserNotFound");
    check_error(&bench, BENCH_V2, 400, "MandatoryParameterMissing");
    check_error(&bench, BENCH_V2 "?Email=anna@contoso.test", 400, "MandatoryParameterMissing");
    check_error(&bench, BENCH_V2 "?Email=&Protocol=EWS", 400, "MandatoryParameterMissing");
    check_error(&bench, BENCH_V2 "?Email=anna&Protocol=EWS", 400, "InvalidEmail");
    check_error(
        &bench, BENCH_V2 "?Email=anna@contoso.test&Protocol=%22", 400, "ProtocolNotSupported");
    ck_assert_ptr_nonnull(strstr(bench.reply.body.at, "value '\\\"' is not"));
    bench_post(&bench, ANNA, NULL, "");
    ck_assert_int_eq(bench.reply.status, 405);
    bench_done(&bench);
}
END_TEST

START_TEST(a_host_answers_as_the_scenario_says)
{
    struct bench bench = bench_new(HOST(V2("'url': 'https://x.test/\\\"'")));
    check(&bench, ANNA, 200, JSON(PAIR("Protocol", "ews") "," PAIR("Url", "https://x.test/\\\"")));
    check_error(&bench, NOBODY, 404, "UserNotFound");
    bench_done(&bench);

    bench = bench_new(HOST(V2("'knows_everybody': true")));
    bench_get(&bench, NOBODY, NULL);
    ck_assert_int_eq(bench.reply.status, 200);
    bench_done(&bench);

    bench = bench_new(HOST(V2("'error': 'ServerBusy', 'error_status': 503")));
    check_error(&bench, ANNA, 503, "ServerBusy");
    bench_done(&bench);
}
END_TEST

START_TEST(redirects_lead_elsewhere)
{
    struct bench bench = bench_new(HOST(V2("'redirect': 'other.test'")));
    bench_get(&bench, ANNA, NULL);
    ck_assert_int_eq(bench.reply.status, 302);
    ck_assert_str_eq(bench_header(&bench, "Location"),
        "https://other.test/autodiscover/autodiscover.json?Email=anna@contoso.test&Protocol=ews"
        "&RedirectCount=3");
    bench_done(&bench);

    bench = bench_new(HOST(V2("'redirect': 'http://evil.test/x', 'redirect_status': 307")));
    bench_get(&bench, ANNA, NULL);
    ck_assert_int_eq(bench.reply.status, 307);
    ck_assert_str_eq(bench_header(&bench, "Location"), "http://evil.test/x");
    bench_done(&bench);
}
END_TEST

XR_UNIT_MAIN("sim autodiscover v2", who_has_a_mailbox_is_answered_without_a_logon,
    requests_have_their_errors, a_host_answers_as_the_scenario_says, redirects_lead_elsewhere)
