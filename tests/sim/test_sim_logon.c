#include <stdio.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "fixtures/pki.h"
#include "tests/sim/ntlm_client.h"
#include "tests/unit.h"

static const struct client right = { .password = "pw" };

START_TEST(the_connection_stays_logged_on)
{
    struct bench bench = bench_new("");

    ck_assert(!client_ask(&bench, BENCH_EWS, NULL));
    ck_assert(client_log_on(&bench, BENCH_EWS, &right));
    ck_assert_str_eq(bench.conn.auth.account->logon, "CONTOSO\\svc");
    ck_assert_str_eq(bench.conn.auth.scheme, "NTLM");
    ck_assert(client_ask(&bench, BENCH_EWS, NULL));
    ck_assert_str_eq(bench.conn.auth.account->logon, "CONTOSO\\svc");
    bench.conn.auth = (struct sim_auth){ .account = NULL }; /* another connection */
    ck_assert(!client_ask(&bench, BENCH_EWS, NULL));
    bench_done(&bench);
}
END_TEST

START_TEST(a_wrong_password_ends_the_handshake)
{
    struct bench bench = bench_new("");
    const struct client wrong = { .password = "PW" };

    ck_assert(!client_log_on(&bench, BENCH_EWS, &wrong));
    ck_assert_int_eq(bench.reply.status, 401);
    ck_assert_str_eq(bench_header(&bench, "WWW-Authenticate"), "Negotiate");
    ck_assert(!client_ask(&bench, BENCH_EWS, NULL));
    bench_done(&bench);
}
END_TEST

START_TEST(a_challenge_is_answered_once_and_in_its_connection)
{
    struct bench bench = bench_new("");

    client_ask(&bench, BENCH_EWS, client_type_1(&bench));
    const char *answer = client_type_3(&bench, &right);
    struct sim_auth challenged = bench.conn.auth;
    bench.conn.auth = (struct sim_auth){ .account = NULL };
    ck_assert(!client_ask(&bench, BENCH_EWS, answer));
    bench.conn.auth = challenged;
    ck_assert(client_ask(&bench, BENCH_EWS, answer));
    ck_assert(!client_ask(&bench, BENCH_EWS, answer));
    ck_assert_int_eq(client_attempts(&bench, "CONTOSO\\svc", "no_context"), 2);
    ck_assert_int_eq(client_attempts(&bench, "CONTOSO\\svc", "wrong_password"), 0);
    bench_done(&bench);
}
END_TEST

START_TEST(nonsense_is_refused)
{
    static const char *const headers[] = { "NTLM", "NTLM ", "NTLM *",
        "NTLM TlRMTVNTUAA=", "NTLM TlRMTVNTUAAJAAAAAAAAAA==", "Negotiate YIIB", "Basic", "Basic *",
        "Bearer", "Bearer x", "Digest x", "", "NTLM TlRMTVNTUAADAAAA" };
    struct bench bench = bench_new("");

    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
        ck_assert_msg(!client_ask(&bench, BENCH_EWS, headers[i]), "%s", headers[i]);
        ck_assert_int_eq(bench.reply.status, 401);
    }
    bench_done(&bench);
}
END_TEST

/* The challenge tells the time, and so a client has to protect the messages. */
START_TEST(a_mic_is_demanded_and_checked)
{
    struct bench bench = bench_new("");
    const struct client bare = { .password = "pw", .mic = CLIENT_MIC_NONE };
    const struct client forged = { .password = "pw", .mic = CLIENT_MIC_WRONG };
    const struct client both = { .password = "PW", .mic = CLIENT_MIC_WRONG };

    ck_assert(!client_log_on(&bench, BENCH_EWS, &bare));
    ck_assert(!client_log_on(&bench, BENCH_EWS, &forged));
    ck_assert(!client_log_on(&bench, BENCH_EWS, &both));
    ck_assert_int_eq(client_attempts(&bench, "CONTOSO\\svc", "refused_mic"), 2);
    ck_assert_int_eq(client_attempts(&bench, "CONTOSO\\svc", "wrong_password"), 1);
    ck_assert(client_log_on(&bench, BENCH_EWS, &right));
    bench_done(&bench);
}
END_TEST

/* ---- names ---- */

START_TEST(an_account_is_named_as_windows_takes_it)
{
    static const struct {
        const char *domain, *user;
        bool passes;
    } cases[] = {
        { "CONTOSO", "svc", true },
        { "contoso", "SVC", true },
        { "contoso.test", "svc", true }, /* the domain's DNS name */
        { "", "svc@contoso.test", true },
        { "", "svc", true },
        { "FABRIKAM", "svc", false },
        { ".", "svc", false },
        { "", "nobox@contoso.test", false }, /* it has no UPN */
        { "", "service@contoso.test", false },
        { "CONTOSO", "svc@contoso.test", false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench bench = bench_new("");
        const char *domain = cases[i].domain, *user = cases[i].user;
        const char *name =
            *domain ? xr_printf(bench.arena, "%s\\%s", domain, user) : xr_strdup(bench.arena, user);
        const struct client client = { .password = "pw", .domain = domain, .user = user };
        const char *basic = xr_printf(bench.arena, "%s:pw", name);

        ck_assert_msg(client_log_on(&bench, BENCH_EWS, &client) == cases[i].passes, "%s", name);
        bench.conn.auth = (struct sim_auth){ .account = NULL };
        ck_assert_msg(client_basic(&bench, BENCH_EWS, basic) == cases[i].passes, "%s", name);
        if (!cases[i].passes)
            ck_assert_int_eq(client_attempts(&bench, name, "unknown_user"), 2);
        ck_assert_int_eq(client_attempts(&bench, "CONTOSO\\svc", "wrong_password"), 0);
        bench_done(&bench);
    }
}
END_TEST

START_TEST(letter_case_is_ignored_beyond_ascii)
{
    struct bench bench = bench_new("'accounts': [ { 'logon': 'CONTOSO\\\\jürgen',"
                                   " 'password': 'Zażółć', 'mailbox': null } ]");
    const struct client client = { .password = "Zażółć", .user = "JÜRGEN" };

    ck_assert(client_log_on(&bench, BENCH_EWS, &client));
    ck_assert(client_basic(&bench, BENCH_EWS, "contoso\\JüRGEN:Zażółć"));
    ck_assert_int_eq(client_attempts(&bench, "CONTOSO\\jürgen", "accepted"), 2);
    bench_done(&bench);
}
END_TEST

/* ---- Extended Protection ---- */

enum { NONE, ZERO, WRONG, RIGHT, KINDS };

static const struct {
    const char *policy;
    bool passes[KINDS];
} policies[] = {
    { "none", { true, true, true, true } },
    { "allow", { true, false, false, true } },
    { "require", { false, false, false, true } },
};
enum { POLICIES = sizeof(policies) / sizeof(*policies) };

/* protection: JSON. */
static struct bench protected_bench(const char *protection, const struct sim_cert *leaf)
{
    char keys[200];

    snprintf(keys, sizeof(keys),
        "'exchange': { 'build': '15.2.1544.4', 'extended_protection': %s }", protection);
    struct bench bench = bench_new(keys);
    bench.world->hosts[0].leaf = leaf;
    return bench;
}

static bool passes_with(struct bench *bench, const char *path, const uint8_t *binding)
{
    const struct client client = { .password = "pw", .binding = binding };

    bench->conn.auth = (struct sim_auth){ .account = NULL };
    return client_log_on(bench, path, &client);
}

static void check_policy(struct bench *bench, size_t policy, const char *path,
    uint8_t bindings[KINDS][SIM_NTLM_KEY_BYTES])
{
    for (int kind = NONE; kind < KINDS; kind++) {
        bool passes = passes_with(bench, path, kind == NONE ? NULL : bindings[kind]);
        ck_assert_msg(passes == policies[policy].passes[kind], "%s at %s, binding %d",
            policies[policy].policy, path, kind);
    }
}

START_TEST(extended_protection_checks_the_binding)
{
    struct sim_cert_spec spec = { .cn = "mail.contoso.test" };
    struct sim_cert leaf = sim_pki_issue(&spec, NULL);
    uint8_t bindings[KINDS][SIM_NTLM_KEY_BYTES] = { [WRONG] = { 1 } };

    ck_assert(sim_ntlm_binding(leaf.cert, bindings[RIGHT]));
    for (size_t i = 0; i < POLICIES; i++) {
        char word[20];
        snprintf(word, sizeof(word), "'%s'", policies[i].policy);
        struct bench bench = protected_bench(word, &leaf);
        check_policy(&bench, i, BENCH_EWS, bindings);
        check_policy(&bench, 0, BENCH_POX, bindings); /* a word leaves Autodiscover alone */
        ck_assert_str_eq(
            client_seen(&bench, "bindings"), "{\"none\":2,\"zero\":2,\"right\":2,\"wrong\":2}");
        bench_done(&bench);
    }
    sim_pki_free(&leaf);
}
END_TEST

START_TEST(every_virtual_directory_has_its_own_protection)
{
    struct sim_cert_spec spec = { .cn = "mail.contoso.test" };
    struct sim_cert leaf = sim_pki_issue(&spec, NULL);
    uint8_t bindings[KINDS][SIM_NTLM_KEY_BYTES] = { [WRONG] = { 1 } };

    ck_assert(sim_ntlm_binding(leaf.cert, bindings[RIGHT]));
    for (size_t i = 0; i < POLICIES * POLICIES; i++) {
        size_t autodiscover = i / POLICIES, ews = i % POLICIES;
        char words[80];
        snprintf(words, sizeof(words), "{ 'autodiscover': '%s', 'ews': '%s' }",
            policies[autodiscover].policy, policies[ews].policy);
        struct bench bench = protected_bench(words, &leaf);
        check_policy(&bench, autodiscover, BENCH_POX, bindings);
        check_policy(&bench, autodiscover, BENCH_SVC, bindings);
        check_policy(&bench, ews, BENCH_EWS, bindings);
        bench_done(&bench);
    }
    sim_pki_free(&leaf);
}
END_TEST

/* A client binds to the certificate that it sees, and Exchange has another one. */
START_TEST(a_terminator_makes_the_right_binding_a_wrong_one)
{
    static const bool bound_passes[POLICIES] = { true, false, false };
    static const bool unbound_passes[POLICIES] = { true, true, false };
    struct sim_cert_spec spec = { .cn = "mail.contoso.test" };
    struct sim_cert seen = sim_pki_issue(&spec, NULL), own = sim_pki_issue(&spec, NULL);
    uint8_t binding[SIM_NTLM_KEY_BYTES];

    ck_assert(sim_ntlm_binding(seen.cert, binding));
    for (size_t i = 0; i < POLICIES; i++) {
        char word[20];
        snprintf(word, sizeof(word), "'%s'", policies[i].policy);
        struct bench bench = protected_bench(word, &seen);
        bench.world->hosts[0].behind = &own;
        ck_assert_int_eq(passes_with(&bench, BENCH_EWS, binding), bound_passes[i]);
        ck_assert_int_eq(passes_with(&bench, BENCH_EWS, NULL), unbound_passes[i]);
        ck_assert_str_eq(
            client_seen(&bench, "bindings"), "{\"none\":1,\"zero\":0,\"right\":0,\"wrong\":1}");
        bench_done(&bench);
    }
    sim_pki_free(&seen);
    sim_pki_free(&own);
}
END_TEST

/* MS-NLMP 3.2.5.1.2: the response, the bindings, the MIC; what fails first is what is counted. */
START_TEST(the_password_is_judged_before_the_binding)
{
    struct sim_cert_spec spec = { .cn = "mail.contoso.test" };
    struct sim_cert leaf = sim_pki_issue(&spec, NULL);
    struct bench bench = protected_bench("'require'", &leaf);
    const struct client wrong = { .password = "PW", .mic = CLIENT_MIC_WRONG };
    const struct client unbound = { .password = "pw", .mic = CLIENT_MIC_WRONG };

    ck_assert(!client_log_on(&bench, BENCH_EWS, &wrong));
    ck_assert(!client_log_on(&bench, BENCH_EWS, &unbound));
    ck_assert_int_eq(client_attempts(&bench, "CONTOSO\\svc", "wrong_password"), 1);
    ck_assert_int_eq(client_attempts(&bench, "CONTOSO\\svc", "refused_binding"), 1);
    ck_assert_int_eq(client_attempts(&bench, "CONTOSO\\svc", "refused_mic"), 0);
    bench_done(&bench);
    sim_pki_free(&leaf);
}
END_TEST

START_TEST(the_target_name_is_seen)
{
    struct bench bench = bench_new("");
    const struct client named = { .password = "pw", .target = "HTTP/mail.contoso.test" };
    const struct client other = { .password = "PW", .target = "HTTP/bücher.example" };

    client_log_on(&bench, BENCH_EWS, &named);
    client_log_on(&bench, BENCH_EWS, &named);
    client_log_on(&bench, BENCH_EWS, &other);
    client_log_on(&bench, BENCH_EWS, &right);
    ck_assert_str_eq(
        client_seen(&bench, "targets"), "[\"HTTP/mail.contoso.test\",\"HTTP/bücher.example\"]");
    bench_done(&bench);
}
END_TEST

XR_UNIT_MAIN("sim logon", the_connection_stays_logged_on, a_wrong_password_ends_the_handshake,
    a_challenge_is_answered_once_and_in_its_connection, nonsense_is_refused,
    a_mic_is_demanded_and_checked, an_account_is_named_as_windows_takes_it,
    letter_case_is_ignored_beyond_ascii, extended_protection_checks_the_binding,
    every_virtual_directory_has_its_own_protection,
    a_terminator_makes_the_right_binding_a_wrong_one, the_password_is_judged_before_the_binding,
    the_target_name_is_seen)
