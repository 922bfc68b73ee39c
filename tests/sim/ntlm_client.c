#include "tests/sim/ntlm_client.h"

#include <check.h>
#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "fixtures/base64.h"
#include "fixtures/logon.h"
#include "fixtures/utf16.h"

enum { UNICODE_NTLM = 0x00000201, HEADER = 88, MIC_AT = 72, AV_FLAGS = 6, AV_TARGET = 9 };
enum { AV_BINDING = 10, SEEN_MAX = 65536 };

bool client_ask(struct bench *bench, const char *path, const char *authorization)
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

static const char *header_of(
    struct bench *bench, const char *scheme, const char *bytes, size_t length)
{
    xr_auto_buf text;

    xr_buf_init(&text, 8192);
    sim_base64_encode(&text, bytes, length);
    return xr_printf(bench->arena, "%s %s", scheme, text.at);
}

bool client_basic(struct bench *bench, const char *path, const char *credentials)
{
    return client_ask(bench, path, header_of(bench, "Basic", credentials, strlen(credentials)));
}

static void put(struct xr_buf *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        char byte = (char)(uint8_t)(value >> (8 * i));
        xr_buf_add(to, &byte, 1);
    }
}

const char *client_type_1(struct bench *bench)
{
    xr_auto_buf message;

    xr_buf_init(&message, 64);
    xr_buf_add(&message, "NTLMSSP", 8);
    put(&message, 1, 4);
    put(&message, UNICODE_NTLM, 4);
    put(&message, 0, 8); /* no domain, no workstation */
    put(&message, 0, 8);
    return header_of(bench, "NTLM", message.at, message.length);
}

static void put_pair(struct xr_buf *to, unsigned id, const void *value, size_t length)
{
    put(to, id, 2);
    put(to, length, 2);
    xr_buf_add(to, value, length);
}

/* What the client signs: time and nonce left zero, and the pairs that it adds. */
static void put_blob(struct xr_buf *to, const struct client *client)
{
    static const uint8_t mic_present[] = { 2, 0, 0, 0 };
    xr_auto_buf target;

    xr_buf_init(&target, 512);
    put(to, 0x0101, 8);
    put(to, 0, 8);
    put(to, 0, 8);
    put(to, 0, 4);
    if (client->mic != CLIENT_MIC_NONE)
        put_pair(to, AV_FLAGS, mic_present, sizeof(mic_present));
    if (client->binding)
        put_pair(to, AV_BINDING, client->binding, SIM_NTLM_KEY_BYTES);
    if (client->target) {
        sim_utf16_encode(&target, client->target, false);
        put_pair(to, AV_TARGET, target.at, target.length);
    }
    put(to, 0, 8);
}

static void hmac(const uint8_t *key, const struct xr_buf *covered, uint8_t *ret)
{
    HMAC(EVP_md5(), key, SIM_NTLM_KEY_BYTES, (const unsigned char *)covered->at, covered->length,
        ret, NULL);
}

/* Fills the proof and the session key. */
static void prove(const struct bench *bench, const struct client *client, const struct xr_buf *blob,
    uint8_t *ret_proof, uint8_t *ret_session)
{
    uint8_t key[SIM_NTLM_KEY_BYTES];
    xr_auto_buf covered;

    xr_buf_init(&covered, 2048);
    xr_buf_add(&covered, bench->conn.auth.challenge + 24, SIM_NTLM_NONCE_BYTES);
    xr_buf_add(&covered, blob->at, blob->length);
    ck_assert(sim_ntlm_key(client->user, client->domain, client->password, key));
    hmac(key, &covered, ret_proof);
    xr_buf_clear(&covered);
    xr_buf_add(&covered, ret_proof, SIM_NTLM_KEY_BYTES);
    hmac(key, &covered, ret_session);
}

static void put_field(struct xr_buf *to, size_t length, size_t *offset)
{
    put(to, length, 2);
    put(to, length, 2);
    put(to, *offset, 4);
    *offset += length;
}

static void seal(const struct bench *bench, const struct client *client, const uint8_t *session,
    struct xr_buf *message)
{
    const struct sim_auth *auth = &bench->conn.auth;
    xr_auto_buf covered;

    xr_buf_init(&covered, 8192);
    if (client->mic == CLIENT_MIC_NONE)
        return;
    xr_buf_add(&covered, auth->negotiate, auth->negotiate_length);
    xr_buf_add(&covered, auth->challenge, auth->challenge_length);
    xr_buf_add(&covered, message->at, message->length);
    hmac(session, &covered, (uint8_t *)message->at + MIC_AT);
    if (client->mic == CLIENT_MIC_WRONG)
        message->at[MIC_AT] ^= 1;
}

const char *client_type_3(struct bench *bench, const struct client *given)
{
    struct client client = *given;
    uint8_t proof[SIM_NTLM_KEY_BYTES], session[SIM_NTLM_KEY_BYTES];
    size_t offset = HEADER;
    xr_auto_buf blob, user, domain, message;

    client.user = given->user ? given->user : "Svc";
    client.domain = given->domain ? given->domain : "CONTOSO";
    xr_buf_init(&blob, 1024);
    xr_buf_init(&user, 512);
    xr_buf_init(&domain, 512);
    xr_buf_init(&message, 4096);
    put_blob(&blob, &client);
    prove(bench, &client, &blob, proof, session);
    sim_utf16_encode(&user, client.user, false);
    sim_utf16_encode(&domain, client.domain, false);

    xr_buf_add(&message, "NTLMSSP", 8);
    put(&message, 3, 4);
    put_field(&message, 0, &offset);
    put_field(&message, sizeof(proof) + blob.length, &offset);
    put_field(&message, domain.length, &offset);
    put_field(&message, user.length, &offset);
    put_field(&message, 0, &offset);
    put_field(&message, 0, &offset);
    put(&message, UNICODE_NTLM, 4);
    put(&message, 0, 8); /* version */
    put(&message, 0, 8); /* MIC */
    put(&message, 0, 8);
    xr_buf_add(&message, proof, sizeof(proof));
    xr_buf_add(&message, blob.at, blob.length);
    xr_buf_add(&message, domain.at, domain.length);
    xr_buf_add(&message, user.at, user.length);
    seal(bench, &client, session, &message);
    return header_of(bench, "NTLM", message.at, message.length);
}

bool client_log_on(struct bench *bench, const char *path, const struct client *client)
{
    ck_assert(!client_ask(bench, path, client_type_1(bench)));
    ck_assert_int_eq(bench->reply.status, 401);
    ck_assert(xr_starts(bench_header(bench, "WWW-Authenticate"), "NTLM TlRMTVNTUAAC"));
    return client_ask(bench, path, client_type_3(bench, client));
}

/* ---- what the server saw ---- */

static cJSON *read_seen(struct bench *bench)
{
    char path[] = "/tmp/exray-seen.XXXXXX", text[SEEN_MAX];
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert(sim_seen_write(bench->seen, path));
    ssize_t got = read(fd, text, sizeof(text) - 1);
    close(fd);
    unlink(path);
    ck_assert_int_gt(got, 0);
    text[got] = '\0';
    cJSON *json = cJSON_Parse(text);
    ck_assert_msg(json != NULL, "%s", text);
    return json;
}

const char *client_seen(struct bench *bench, const char *member)
{
    cJSON *json = read_seen(bench);
    char *text = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(json, member));
    const char *kept = xr_strdup(bench->arena, text);

    cJSON_free(text);
    cJSON_Delete(json);
    return kept;
}

int client_attempts(struct bench *bench, const char *account, const char *what)
{
    cJSON *json = read_seen(bench);
    const cJSON *attempts = cJSON_GetObjectItemCaseSensitive(json, "attempts");
    const cJSON *one =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(attempts, account), what);

    ck_assert_msg(cJSON_IsNumber(one), "%s: %s", account, what);
    int n = one->valueint;
    cJSON_Delete(json);
    return n;
}
