#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "fixtures/attempts.h"
#include "fixtures/logon.h"
#include "fixtures/pki.h"
#include "tests/sim/ntlm_client.h"
#include "tests/unit.h"

/* The lock-out, and the counters that a test of a client's budget rests on. */

#define SVC "CONTOSO\\svc"

static const struct client right = { .password = "pw" }, wrong = { .password = "PW" };

static struct bench bench_with_threshold(int threshold)
{
    char keys[100];

    snprintf(keys, sizeof(keys), "'exchange': { 'build': '15.2.1544.4', 'lockout_threshold': %d }",
        threshold);
    return bench_new(keys);
}

START_TEST(wrong_passwords_of_every_scheme_lock_the_account)
{
    struct bench bench = bench_with_threshold(2);

    ck_assert(!client_log_on(&bench, BENCH_EWS, &wrong));
    ck_assert(client_log_on(&bench, BENCH_EWS, &right)); /* sets nothing back */
    ck_assert(!client_basic(&bench, BENCH_POX, "svc@contoso.test:PW"));
    ck_assert(!client_log_on(&bench, BENCH_EWS, &right));
    ck_assert(!client_basic(&bench, BENCH_EWS, BENCH_ACCOUNT));
    ck_assert(!client_basic(&bench, BENCH_EWS, "CONTOSO\\svc:PW"));
    ck_assert_int_eq(client_attempts(&bench, SVC, "wrong_password"), 2);
    ck_assert_int_eq(client_attempts(&bench, SVC, "refused_locked"), 3);
    ck_assert_int_eq(client_attempts(&bench, SVC, "accepted"), 1);
    ck_assert(client_basic(&bench, BENCH_EWS, "CONTOSO\\nobox:pw")); /* another account */
    bench_done(&bench);
}
END_TEST

START_TEST(without_a_threshold_nobody_is_locked)
{
    struct bench bench = bench_new("");

    for (int i = 0; i < 50; i++)
        ck_assert(!client_basic(&bench, BENCH_EWS, "CONTOSO\\svc:PW"));
    ck_assert(client_basic(&bench, BENCH_EWS, BENCH_ACCOUNT));
    bench_done(&bench);
}
END_TEST

START_TEST(a_refused_binding_is_no_wrong_password)
{
    struct sim_cert_spec spec = { .cn = "mail.contoso.test" };
    struct sim_cert leaf = sim_pki_issue(&spec, NULL);
    struct bench bench = bench_new("'exchange': { 'build': '15.2.1544.4', 'lockout_threshold': 1,"
                                   " 'extended_protection': 'require' }");
    struct client bound = { .password = "pw" };
    uint8_t binding[SIM_NTLM_KEY_BYTES];

    ck_assert(sim_ntlm_binding(leaf.cert, binding));
    bench.world->hosts[0].leaf = &leaf;
    for (int i = 0; i < 3; i++)
        ck_assert(!client_log_on(&bench, BENCH_EWS, &right));
    ck_assert_int_eq(client_attempts(&bench, SVC, "refused_binding"), 3);
    bound.binding = binding;
    ck_assert(client_log_on(&bench, BENCH_EWS, &bound));
    bench_done(&bench);
    sim_pki_free(&leaf);
}
END_TEST

START_TEST(basic_beyond_ascii_may_count_twice)
{
    static const struct {
        const char *key, *credentials;
        int counts;
    } cases[] = {
        { "false", "CONTOSO\\svc:Ü", 1 },
        { "true", "CONTOSO\\svc:Ü", 2 },
        { "true", "CONTOSO\\svc:PW", 1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char keys[120];
        snprintf(keys, sizeof(keys),
            "'exchange': { 'build': '15.2.1544.4', 'basic_counts_twice_beyond_ascii': %s }",
            cases[i].key);
        struct bench bench = bench_new(keys);
        ck_assert(!client_basic(&bench, BENCH_EWS, cases[i].credentials));
        ck_assert_int_eq(client_attempts(&bench, SVC, "wrong_password"), cases[i].counts);
        bench_done(&bench);
    }
}
END_TEST

/* Windows looks at the state behind the password: a wrong one is a wrong one there too. A locked
 * account's password is not looked at. */
START_TEST(the_state_of_an_account_says_nothing_of_the_password)
{
    static const struct {
        const char *credentials, *account, *counter;
    } cases[] = {
        { "CONTOSO\\stale:pw", "CONTOSO\\stale", "refused_state" },
        { "CONTOSO\\stale:PW", "CONTOSO\\stale", "wrong_password" },
        { "CONTOSO\\locked:pw", "CONTOSO\\locked", "refused_locked" },
        { "CONTOSO\\locked:PW", "CONTOSO\\locked", "refused_locked" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench bench = bench_new("");
        ck_assert(!client_basic(&bench, BENCH_EWS, cases[i].credentials));
        ck_assert_int_eq(bench.reply.status, 401);
        ck_assert_ptr_nonnull(bench_header(&bench, "X-FEServer"));
        ck_assert_int_eq(client_attempts(&bench, cases[i].account, cases[i].counter), 1);
        bench_done(&bench);
    }
}
END_TEST

START_TEST(a_token_is_an_attempt_too)
{
    struct bench bench = bench_new(
        "'exchange': { 'build': '15.2.1544.4', 'schemes': ['Bearer'] }, 'accounts': ["
        " { 'logon': 'CONTOSO\\\\app', 'password': 'pw', 'token': 'abc', 'mailbox': null },"
        " { 'logon': 'CONTOSO\\\\off', 'password': 'pw', 'token': 'def', 'mailbox': null,"
        "   'state': 'disabled' } ]");

    ck_assert(client_ask(&bench, BENCH_EWS, "Bearer abc"));
    ck_assert(!client_ask(&bench, BENCH_EWS, "Bearer def"));
    ck_assert(!client_ask(&bench, BENCH_EWS, "Bearer xyz"));
    ck_assert_int_eq(client_attempts(&bench, "CONTOSO\\app", "accepted"), 1);
    ck_assert_int_eq(client_attempts(&bench, "CONTOSO\\off", "refused_state"), 1);
    bench_done(&bench);
}
END_TEST

/* ---- many at once ---- */

enum { THREADS = 20, ROUNDS = 25, THRESHOLD = 100 };

/* A connection of its own, in the world of another bench. */
static void *hammer(void *given)
{
    const struct bench *shared = given;
    struct bench own = { .arena = xr_arena_new(), .world = shared->world, .seen = shared->seen };

    own.conn = (struct sim_conn){ .host = &own.world->hosts[0], .secure = true };
    xr_buf_init(&own.reply.body, 0);
    for (int i = 0; i < ROUNDS; i++) {
        client_log_on(&own, BENCH_EWS, &wrong);
        client_basic(&own, BENCH_EWS, "CONTOSO\\nobox:pw");
        client_basic(&own, BENCH_EWS, "CONTOSO\\stranger:pw");
    }
    xr_buf_done(&own.reply.body);
    xr_arena_free(own.arena);
    return NULL;
}

START_TEST(many_connections_at_once_are_counted_one_by_one)
{
    struct bench bench = bench_with_threshold(THRESHOLD);
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, &bench), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(client_attempts(&bench, SVC, "wrong_password"), THRESHOLD);
    ck_assert_int_eq(client_attempts(&bench, SVC, "refused_locked"), THREADS * ROUNDS - THRESHOLD);
    ck_assert_int_eq(client_attempts(&bench, "CONTOSO\\nobox", "accepted"), THREADS * ROUNDS);
    ck_assert_int_eq(
        client_attempts(&bench, "CONTOSO\\stranger", "unknown_user"), THREADS * ROUNDS);
    ck_assert_str_eq(
        client_seen(&bench, "bindings"), "{\"none\":500,\"zero\":0,\"right\":0,\"wrong\":0}");
    bench_done(&bench);
}
END_TEST

XR_UNIT_MAIN("sim attempts", wrong_passwords_of_every_scheme_lock_the_account,
    without_a_threshold_nobody_is_locked, a_refused_binding_is_no_wrong_password,
    basic_beyond_ascii_may_count_twice, the_state_of_an_account_says_nothing_of_the_password,
    a_token_is_an_attempt_too, many_connections_at_once_are_counted_one_by_one)
