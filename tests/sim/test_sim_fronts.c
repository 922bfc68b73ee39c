#include <string.h>

#include "analyzer/base/text.h"
#include "fixtures/pki.h"
#include "fixtures/site.h"
#include "tests/sim/ntlm_client.h"
#include "tests/unit.h"

/* What stands in front of Exchange: balancers, devices that ask for the password, http.sys. */

#define SVC "CONTOSO\\svc"

static const struct client right = { .password = "pw" }, wrong = { .password = "PW" };

/* The bench's host with these members more. */
static struct bench bench_with_host(const char *members)
{
    char keys[400];

    snprintf(keys, sizeof(keys),
        "'hosts': [ { 'name': 'mail.contoso.test', 'address': '127.0.0.2',"
        " 'serves': ['ews', 'autodiscover-pox'], %s } ]",
        members);
    return bench_new(keys);
}

static bool is_from_exchange(const struct bench *bench)
{
    return bench_header(bench, "X-FEServer") && bench_header(bench, "request-id");
}

static bool is_challenge(const struct bench *bench)
{
    return xr_starts(bench_header(bench, "WWW-Authenticate"), "NTLM TlRMTVNTUAAC");
}

START_TEST(exchange_says_that_a_refusal_is_its_own)
{
    struct bench bench = bench_new("");

    ck_assert(!client_ask(&bench, BENCH_EWS, NULL));
    ck_assert(is_from_exchange(&bench));
    ck_assert(!client_basic(&bench, BENCH_EWS, "CONTOSO\\svc:PW"));
    ck_assert(is_from_exchange(&bench));
    ck_assert(!client_log_on(&bench, BENCH_EWS, &wrong));
    ck_assert(is_from_exchange(&bench));
    bench_done(&bench);
}
END_TEST

START_TEST(exchange_2010_does_not)
{
    struct bench bench = bench_new("'exchange': { 'build': '14.3.123.4' }");

    ck_assert(!client_ask(&bench, BENCH_EWS, NULL));
    ck_assert(!is_from_exchange(&bench));
    ck_assert_str_eq(bench_header(&bench, "Server"), "Microsoft-IIS/7.5");
    bench_done(&bench);
}
END_TEST

/* ---- balancers ---- */

START_TEST(a_lost_context_is_no_wrong_password)
{
    struct bench bench = bench_with_host("'ntlm_affinity': false");

    ck_assert(!client_log_on(&bench, BENCH_EWS, &right));
    ck_assert_str_eq(bench_header(&bench, "WWW-Authenticate"), "Negotiate");
    ck_assert(!client_log_on(&bench, BENCH_EWS, &wrong));
    ck_assert_int_eq(client_attempts(&bench, SVC, "no_context"), 2);
    ck_assert_int_eq(client_attempts(&bench, SVC, "wrong_password"), 0);
    ck_assert(client_basic(&bench, BENCH_EWS, BENCH_ACCOUNT));
    bench_done(&bench);
}
END_TEST

START_TEST(challenges_may_follow_without_an_end)
{
    struct bench bench = bench_with_host("'ntlm_affinity': 'challenges'");

    ck_assert(!client_log_on(&bench, BENCH_EWS, &right));
    ck_assert(is_challenge(&bench));
    for (int i = 0; i < 3; i++) {
        ck_assert(!client_ask(&bench, BENCH_EWS, client_type_3(&bench, &right)));
        ck_assert(is_challenge(&bench));
    }
    ck_assert_int_eq(client_attempts(&bench, SVC, "no_context"), 4);
    bench_done(&bench);
}
END_TEST

START_TEST(the_connection_may_end_behind_the_challenge)
{
    static const struct {
        const char *members;
        bool close, drop;
    } cases[] = {
        { "'after_challenge': 'keep'", false, false },
        { "'after_challenge': 'close'", true, false },
        { "'after_challenge': 'drop'", false, true },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench bench = bench_with_host(cases[i].members);
        ck_assert(!client_ask(&bench, BENCH_EWS, client_type_1(&bench)));
        ck_assert(is_challenge(&bench));
        ck_assert_int_eq(bench.reply.close, cases[i].close);
        ck_assert_int_eq(bench.reply.drop, cases[i].drop);
        ck_assert(client_ask(&bench, BENCH_EWS, client_type_3(&bench, &right)));
        ck_assert(!bench.reply.close && !bench.reply.drop);
        bench_done(&bench);
    }
}
END_TEST

/* ---- devices ---- */

static const char big_ip[] =
    "'preauthentication': { 'server': 'BigIP', 'scheme': 'Basic', 'realm': 'Welcome' }";

START_TEST(a_device_asks_in_its_own_name)
{
    struct bench bench = bench_with_host(big_ip);

    bench_post(&bench, BENCH_EWS, NULL, "");
    ck_assert_int_eq(bench.reply.status, 401);
    ck_assert_str_eq(bench_header(&bench, "Server"), "BigIP");
    ck_assert_str_eq(bench_header(&bench, "WWW-Authenticate"), "Basic realm=\"Welcome\"");
    ck_assert(!is_from_exchange(&bench));
    ck_assert(!client_ask(&bench, BENCH_EWS, client_type_1(&bench))); /* not offered there */
    ck_assert(!is_challenge(&bench));
    bench_done(&bench);
}
END_TEST

START_TEST(whom_the_device_lets_through_exchange_asks_no_more)
{
    struct bench bench = bench_with_host(big_ip);
    const char *ask = bench_envelope(&bench, NULL, "SmtpAddress", "anna@contoso.test", BENCH_INBOX);

    ck_assert_ptr_nonnull(strstr(bench_post(&bench, BENCH_EWS, BENCH_ACCOUNT, ask), "NoError"));
    ck_assert(is_from_exchange(&bench));
    ck_assert_int_eq(client_attempts(&bench, SVC, "accepted"), 1);
    bench_done(&bench);
}
END_TEST

START_TEST(the_device_counts_what_it_refuses)
{
    struct bench bench = bench_with_host("'preauthentication': { 'scheme': 'Basic' }");

    bench.world->exchange.lockout_threshold = 1;
    bench_post(&bench, BENCH_EWS, "CONTOSO\\svc:PW", "");
    ck_assert_int_eq(bench.reply.status, 401);
    ck_assert(!is_from_exchange(&bench));
    ck_assert_ptr_null(bench_header(&bench, "Server"));
    ck_assert_int_eq(client_attempts(&bench, SVC, "device"), 1);
    ck_assert_int_eq(client_attempts(&bench, SVC, "wrong_password"), 0);
    ck_assert(!client_basic(&bench, BENCH_EWS, BENCH_ACCOUNT)); /* it is the domain's password */
    ck_assert_int_eq(client_attempts(&bench, SVC, "refused_locked"), 1);
    ck_assert_uint_eq(bench.reply.body.length, 0); /* no word why */
    bench_done(&bench);
}
END_TEST

/* It ends TLS with the certificate that the client sees, so that Exchange's protection is none of
 * the client's business. */
START_TEST(a_device_may_ask_by_ntlm)
{
    struct sim_cert_spec spec = { .cn = "mail.contoso.test" };
    struct sim_cert leaf = sim_pki_issue(&spec, NULL), own = sim_pki_issue(&spec, NULL);
    struct bench bench = bench_with_host("'preauthentication': { 'scheme': 'NTLM' }");
    uint8_t binding[SIM_NTLM_KEY_BYTES];
    const struct client bound = { .password = "pw", .binding = binding };

    ck_assert(sim_ntlm_binding(leaf.cert, binding));
    bench.world->hosts[0].leaf = &leaf;
    bench.world->hosts[0].behind = &own;
    bench.world->exchange.protection.ews = SIM_EPA_REQUIRE;
    ck_assert(client_log_on(&bench, BENCH_EWS, &bound));
    ck_assert(client_ask(&bench, BENCH_EWS, NULL)); /* the connection is logged on there */
    ck_assert_str_eq(
        client_seen(&bench, "bindings"), "{\"none\":0,\"zero\":0,\"right\":1,\"wrong\":0}");
    bench_done(&bench);
    sim_pki_free(&leaf);
    sim_pki_free(&own);
}
END_TEST

/* ---- http.sys ---- */

static void ask_site(struct bench *bench, const char *path)
{
    const struct sim_request request = {
        .arena = bench->arena, .method = "POST", .path = path, .host = bench->conn.host, .body = ""
    };

    xr_buf_done(&bench->reply.body);
    bench->reply = (struct sim_reply){ .arena = bench->arena, .status = 200 };
    xr_buf_init(&bench->reply.body, 65536);
    sim_site_answer(bench->world, bench->seen, &bench->conn, &request, &bench->reply);
}

START_TEST(http_sys_answers_for_a_stopped_pool)
{
    struct bench bench = bench_with_host("'pool_stopped': ['ews']");

    ask_site(&bench, "/ews/exchange.ASMX");
    ck_assert_int_eq(bench.reply.status, 503);
    ck_assert_str_eq(bench_header(&bench, "Server"), "Microsoft-HTTPAPI/2.0");
    ck_assert(!is_from_exchange(&bench));
    ck_assert_ptr_null(bench_header(&bench, "WWW-Authenticate"));
    ck_assert(bench.reply.close);
    ck_assert_ptr_nonnull(strstr(bench.reply.body.at, "Service Unavailable"));
    ask_site(&bench, BENCH_POX); /* another pool */
    ck_assert_int_eq(bench.reply.status, 401);
    bench_done(&bench);
}
END_TEST

XR_UNIT_MAIN("sim fronts", exchange_says_that_a_refusal_is_its_own, exchange_2010_does_not,
    a_lost_context_is_no_wrong_password, challenges_may_follow_without_an_end,
    the_connection_may_end_behind_the_challenge, a_device_asks_in_its_own_name,
    whom_the_device_lets_through_exchange_asks_no_more, the_device_counts_what_it_refuses,
    a_device_may_ask_by_ntlm, http_sys_answers_for_a_stopped_pool)
