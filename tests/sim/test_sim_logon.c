#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "fixtures/base64.h"
#include "fixtures/logon.h"
#include "fixtures/ntlm.h"
#include "fixtures/pki.h"
#include "fixtures/utf16.h"
#include "tests/sim/bench.h"
#include "tests/unit.h"

/* NTLM over one connection, with a small client of the test's own (MS-NLMP 3.1.5.1). */

enum { UNICODE_NTLM = 0x00000201, HEADER = 64 };

static void put(struct xr_buf *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        char byte = (char)(uint8_t)(value >> (8 * i));
        xr_buf_add(to, &byte, 1);
    }
}

static const char *header_of(struct bench *bench, const struct xr_buf *message)
{
    xr_auto_buf text;

    xr_buf_init(&text, 8192);
    sim_base64_encode(&text, message->at, message->length);
    return xr_printf(bench->arena, "NTLM %s", text.at);
}

/* Sends only an Authorization header; returns whether the account is logged on. */
static bool log_on(struct bench *bench, const char *path, const char *authorization)
{
    struct sim_header header = { .name = "Authorization", .value = authorization };
    const struct sim_request request = { .arena = bench->arena,
        .method = "POST",
        .path = path,
        .host = bench->conn.host,
        .headers = authorization ? &header : NULL,
        .body = "" };

    xr_buf_done(&bench->reply.body);
    bench->reply = (struct sim_reply){ .arena = bench->arena, .status = 200 };
    xr_buf_init(&bench->reply.body, 65536);
    return sim_logon(bench->world, bench->seen, &bench->conn, &request, &bench->reply);
}

static const char *type_1(struct bench *bench)
{
    xr_auto_buf message;

    xr_buf_init(&message, 64);
    xr_buf_add(&message, "NTLMSSP", 8);
    put(&message, 1, 4);
    put(&message, UNICODE_NTLM, 4);
    put(&message, 0, 8); /* no domain, no workstation */
    put(&message, 0, 8);
    return header_of(bench, &message);
}

/* What the client signs: time and nonce left zero, and the pairs that it adds. */
static void put_blob(struct xr_buf *to, const uint8_t *binding)
{
    put(to, 0x0101, 8);
    put(to, 0, 8);
    put(to, 0, 8);
    put(to, 0, 4);
    if (binding) {
        put(to, 10, 2);
        put(to, SIM_NTLM_KEY_BYTES, 2);
        xr_buf_add(to, binding, SIM_NTLM_KEY_BYTES);
    }
    put(to, 0, 8);
}

static void put_field(struct xr_buf *to, size_t length, size_t *offset)
{
    put(to, length, 2);
    put(to, length, 2);
    put(to, *offset, 4);
    *offset += length;
}

static const char *type_3(
    struct bench *bench, const char *password, const uint8_t *binding, const uint8_t *nonce)
{
    uint8_t key[SIM_NTLM_KEY_BYTES], proof[SIM_NTLM_KEY_BYTES];
    size_t offset = HEADER;
    xr_auto_buf blob, covered, user, domain, message;

    xr_buf_init(&blob, 256);
    xr_buf_init(&covered, 256);
    xr_buf_init(&user, 64);
    xr_buf_init(&domain, 64);
    xr_buf_init(&message, 1024);
    put_blob(&blob, binding);
    xr_buf_add(&covered, nonce, SIM_NTLM_NONCE_BYTES);
    xr_buf_add(&covered, blob.at, blob.length);
    sim_ntlm_key("Svc", "CONTOSO", password, key);
    HMAC(EVP_md5(), key, sizeof(key), (const unsigned char *)covered.at, covered.length, proof,
        NULL);
    sim_utf16_encode(&user, "Svc", false);
    sim_utf16_encode(&domain, "CONTOSO", false);

    xr_buf_add(&message, "NTLMSSP", 8);
    put(&message, 3, 4);
    put_field(&message, 0, &offset);
    put_field(&message, sizeof(proof) + blob.length, &offset);
    put_field(&message, domain.length, &offset);
    put_field(&message, user.length, &offset);
    put_field(&message, 0, &offset);
    put_field(&message, 0, &offset);
    put(&message, UNICODE_NTLM, 4);
    xr_buf_add(&message, proof, sizeof(proof));
    xr_buf_add(&message, blob.at, blob.length);
    xr_buf_add(&message, domain.at, domain.length);
    xr_buf_add(&message, user.at, user.length);
    return header_of(bench, &message);
}

/* A whole handshake. */
static bool shake_hands(
    struct bench *bench, const char *path, const char *password, const uint8_t *binding)
{
    ck_assert(!log_on(bench, path, type_1(bench)));
    ck_assert_int_eq(bench->reply.status, 401);
    ck_assert(xr_starts(bench_header(bench, "WWW-Authenticate"), "NTLM TlRMTVNTUAAC"));
    return log_on(bench, path, type_3(bench, password, binding, bench->conn.auth.challenge + 24));
}

START_TEST(the_connection_stays_logged_on)
{
    struct bench bench = bench_new("");

    ck_assert(!log_on(&bench, BENCH_EWS, NULL));
    ck_assert(shake_hands(&bench, BENCH_EWS, "pw", NULL));
    ck_assert_str_eq(bench.conn.auth.account->logon, "CONTOSO\\svc");
    ck_assert_str_eq(bench.conn.auth.scheme, "NTLM");
    ck_assert(log_on(&bench, BENCH_EWS, NULL));
    ck_assert_str_eq(bench.conn.auth.account->logon, "CONTOSO\\svc");
    bench.conn.auth = (struct sim_auth){ .account = NULL }; /* another connection */
    ck_assert(!log_on(&bench, BENCH_EWS, NULL));
    bench_done(&bench);
}
END_TEST

START_TEST(a_wrong_password_ends_the_handshake)
{
    struct bench bench = bench_new("");

    ck_assert(!shake_hands(&bench, BENCH_EWS, "PW", NULL));
    ck_assert_int_eq(bench.reply.status, 401);
    ck_assert_str_eq(bench_header(&bench, "WWW-Authenticate"), "Negotiate");
    ck_assert(!log_on(&bench, BENCH_EWS, NULL));
    bench_done(&bench);
}
END_TEST

START_TEST(a_challenge_is_answered_once_and_in_its_connection)
{
    struct bench bench = bench_new("");

    log_on(&bench, BENCH_EWS, type_1(&bench));
    const char *answer = type_3(&bench, "pw", NULL, bench.conn.auth.challenge + 24);
    struct sim_auth challenged = bench.conn.auth;
    bench.conn.auth = (struct sim_auth){ .account = NULL };
    ck_assert(!log_on(&bench, BENCH_EWS, answer));
    bench.conn.auth = challenged;
    ck_assert(log_on(&bench, BENCH_EWS, answer));
    ck_assert(!log_on(&bench, BENCH_EWS, answer));
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
        ck_assert_msg(!log_on(&bench, BENCH_EWS, headers[i]), "%s", headers[i]);
        ck_assert_int_eq(bench.reply.status, 401);
    }
    bench_done(&bench);
}
END_TEST

START_TEST(extended_protection_checks_the_binding)
{
    enum { NONE, ZERO, WRONG, RIGHT };
    static const struct {
        const char *policy;
        bool passes[4];
    } cases[] = {
        { "none", { true, true, true, true } },
        { "allow", { true, false, false, true } },
        { "require", { false, false, false, true } },
    };
    struct sim_cert_spec spec = { .cn = "mail.contoso.test" };
    struct sim_cert leaf = sim_pki_issue(&spec, NULL);
    uint8_t bindings[4][SIM_NTLM_KEY_BYTES] = { [WRONG] = { 1 } };

    ck_assert(sim_ntlm_binding(leaf.cert, bindings[RIGHT]));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char keys[100];
        snprintf(keys, sizeof(keys),
            "'exchange': { 'build': '15.2.1544.4', 'extended_protection': '%s' }", cases[i].policy);
        struct bench bench = bench_new(keys);
        bench.world->hosts[0].leaf = &leaf;
        for (int kind = NONE; kind <= RIGHT; kind++) {
            const uint8_t *binding = kind == NONE ? NULL : bindings[kind];
            bool passes = shake_hands(&bench, BENCH_EWS, "pw", binding);
            ck_assert_msg(passes == cases[i].passes[kind], "%s, binding %d", cases[i].policy, kind);
            ck_assert(shake_hands(&bench, BENCH_POX, "pw", binding));
        }
        bench_done(&bench);
    }
    sim_pki_free(&leaf);
}
END_TEST

XR_UNIT_MAIN("sim logon", the_connection_stays_logged_on, a_wrong_password_ends_the_handshake,
    a_challenge_is_answered_once_and_in_its_connection, nonsense_is_refused,
    extended_protection_checks_the_binding)
