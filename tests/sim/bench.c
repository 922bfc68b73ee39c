#include "tests/sim/bench.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "fixtures/autodiscover.h"
#include "fixtures/autodiscover_v2.h"
#include "fixtures/base64.h"
#include "fixtures/exchange.h"
#include "fixtures/scenario.h"
#include "fixtures/user_settings.h"

static const char organisation[] =
    "{ 'schema': 'exray.scenario/1', 'about': 'the bench', 'domain': 'contoso.test',"
    "  'exchange': { 'build': '15.2.1118.7' },"
    "  'users': ["
    "    { 'smtp': 'anna@contoso.test', 'sid': 'S-1-5-21-1-2-3-1101', 'name': 'Anna Berg',"
    "      'upn': 'anna.berg@corp.contoso.test', 'aliases': ['a.berg@contoso.test'],"
    "      'folders': { 'inbox': { 'total': 2, 'unread': 1 }, 'calendar': null } },"
    "    { 'smtp': 'anders@contoso.test', 'name': 'Anders <Ny> & Co' },"
    "    { 'smtp': 'boss@contoso.test', 'name': 'Bo Sander' },"
    "    { 'smtp': 'disabled@contoso.test', 'state': 'disabled' },"
    "    { 'smtp': 'moving@contoso.test', 'state': 'moving' },"
    "    { 'smtp': 'down@contoso.test', 'state': 'unavailable' },"
    "    { 'smtp': 'bare@contoso.test', 'state': 'no-mailbox' },"
    "    { 'smtp': 'noews@contoso.test', 'ews_enabled': false },"
    "    { 'smtp': 'hidden@contoso.test', 'hidden': true },"
    "    { 'smtp': 'partner@contoso.test', 'kind': 'contact' },"
    "    { 'smtp': 'staff@contoso.test', 'kind': 'distribution-list' },"
    "    { 'smtp': 'cloud@contoso.test', 'kind': 'mail-user',"
    "      'redirect_addr': 'cloud@tenant.test' },"
    "    { 'smtp': 'other@contoso.test', 'redirect_url': 'https://other.test/x' },"
    "    { 'smtp': 'odd@contoso.test', 'autodiscover_error': 602 },"
    "    { 'smtp': 'room1@contoso.test', 'kind': 'room' },"
    "    { 'smtp': 'rooms@contoso.test', 'kind': 'room-list' },"
    "    { 'smtp': 'shared@contoso.test' },"
    "    { 'smtp': 'library@contoso.test', 'folders': {"
    "      'drafts': { 'rights': 'read' }, 'inbox': { 'rights': 'none' } } } ],"
    "  'accounts': ["
    "    { 'logon': 'CONTOSO\\\\svc', 'upn': 'svc@contoso.test', 'password': 'pw',"
    "      'mailbox': 'svc@contoso.test', 'may_impersonate': ['mobile'],"
    "      'may_open': ['shared@contoso.test', 'library@contoso.test'] },"
    "    { 'logon': 'CONTOSO\\\\nobox', 'password': 'pw', 'mailbox': null,"
    "      'may_impersonate': ['*'] },"
    "    { 'logon': 'CONTOSO\\\\lost', 'password': 'pw', 'mailbox': 'bare@contoso.test' },"
    "    { 'logon': 'CONTOSO\\\\locked', 'password': 'pw', 'mailbox': null,"
    "      'state': 'locked-out' },"
    "    { 'logon': 'CONTOSO\\\\stale', 'password': 'pw', 'mailbox': null,"
    "      'state': 'password-expired' } ],"
    "  'scopes': { 'mobile': ['anna@contoso.test', 'disabled@contoso.test',"
    "    'moving@contoso.test', 'down@contoso.test', 'noews@contoso.test'] },"
    "  'dns': [],"
    "  'hosts': [ { 'name': 'mail.contoso.test', 'address': '127.0.0.2',"
    "    'serves': ['ews', 'autodiscover-pox'] } ] }";

/* JSON is written with ' for \" above: it reads better in C. */
static void write_json(struct xr_arena *arena, const char *path, const char *text)
{
    char *json = xr_strdup(arena, text);
    FILE *file = fopen(path, "w");

    for (char *at = json; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    ck_assert_ptr_nonnull(file);
    fputs(json, file);
    fclose(file);
}

struct bench bench_new(const char *keys)
{
    struct bench bench = { .arena = xr_arena_new() };
    char folder[] = "/tmp/exray-bench.XXXXXX";
    const char *error = "";

    ck_assert_ptr_nonnull(mkdtemp(folder));
    const char *base = xr_printf(bench.arena, "%s/base.json", folder);
    const char *over = xr_printf(bench.arena, "%s/over.json", folder);
    write_json(bench.arena, base, organisation);
    write_json(bench.arena, over,
        xr_printf(bench.arena, "{ 'extends': 'base'%s%s }", *keys ? ", " : "", keys));
    bench.world = sim_scenario_load(bench.arena, over, &error);
    unlink(base);
    unlink(over);
    rmdir(folder);
    ck_assert_msg(bench.world != NULL, "%s", error);
    bench.world->store = sim_store_new();
    bench.seen = sim_seen_new(bench.world);
    bench.conn = (struct sim_conn){ .number = 1, .host = &bench.world->hosts[0], .secure = true };
    xr_buf_init(&bench.reply.body, 0);
    return bench;
}

void bench_done(struct bench *bench)
{
    xr_buf_done(&bench->reply.body);
    sim_store_free(bench->world->store);
    sim_seen_free(bench->seen);
    xr_arena_free(bench->arena);
}

static void answer(struct bench *bench, const struct sim_request *request)
{
    static const struct {
        const char *path;
        void (*answer)(const struct sim_world *, struct sim_seen *, struct sim_conn *,
            const struct sim_request *, struct sim_reply *);
    } routes[] = {
        { BENCH_SVC, sim_user_settings_answer },
        { BENCH_V2, sim_autodiscover_v2_answer },
        { "/autodiscover", sim_autodiscover_answer },
        { "", sim_ews_answer },
    };
    size_t i = 0;

    while (!xr_starts(request->path, routes[i].path))
        i++;
    routes[i].answer(bench->world, bench->seen, &bench->conn, request, &bench->reply);
}

static const char *send_request(struct bench *bench, const char *method, const char *path,
    const char *credentials, const char *body)
{
    const struct sim_header *headers = NULL;
    struct sim_header authorization = { .name = "Authorization" };
    struct sim_header type = { .name = "Content-Type", .value = "text/xml; charset=utf-8" };

    if (credentials) {
        xr_auto_buf token;
        xr_buf_init(&token, 1024);
        sim_base64_encode(&token, credentials, strlen(credentials));
        authorization.value = xr_printf(bench->arena, "Basic %s", token.at);
        headers = &authorization;
    }
    type.next = headers;
    const struct sim_request request = { .arena = bench->arena,
        .method = method,
        .path = xr_strndup(bench->arena, path, strcspn(path, "?")),
        .query = strchr(path, '?') ? strchr(path, '?') + 1 : NULL,
        .host = bench->conn.host,
        .headers = &type,
        .body = body,
        .body_length = strlen(body) };
    xr_buf_done(&bench->reply.body);
    bench->reply = (struct sim_reply){ .arena = bench->arena, .status = 200 };
    xr_buf_init(&bench->reply.body, 8 * 1024 * 1024);
    answer(bench, &request);
    return bench->reply.body.at;
}

const char *bench_post(
    struct bench *bench, const char *path, const char *credentials, const char *body)
{
    return send_request(bench, "POST", path, credentials, body);
}

const char *bench_get(struct bench *bench, const char *path, const char *credentials)
{
    return send_request(bench, "GET", path, credentials, "");
}

const char *bench_envelope(struct bench *bench, const char *version, const char *kind,
    const char *value, const char *operation)
{
    const char *server = "", *impersonation = "";

    if (version)
        server = xr_printf(bench->arena, "<t:RequestServerVersion Version=\"%s\"/>", version);
    if (kind)
        impersonation = xr_printf(bench->arena,
            "<t:ExchangeImpersonation><t:ConnectingSID><t:%s>%s</t:%s></t:ConnectingSID>"
            "</t:ExchangeImpersonation>",
            kind, value, kind);
    return xr_printf(bench->arena,
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\""
        " xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\""
        " xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\">"
        "<s:Header>%s%s</s:Header><s:Body>%s</s:Body></s:Envelope>",
        server, impersonation, operation);
}

const char *bench_ask(
    struct bench *bench, const char *kind, const char *value, const char *operation)
{
    return bench_post(
        bench, BENCH_EWS, BENCH_ACCOUNT, bench_envelope(bench, NULL, kind, value, operation));
}

const char *bench_header(const struct bench *bench, const char *name)
{
    for (const struct sim_header *h = bench->reply.headers; h; h = h->next)
        if (xr_same(h->name, name))
            return h->value;
    return NULL;
}

void bench_keep(const struct bench *bench, const char *name)
{
    const char *folder = getenv("EXRAY_WRITE_ENVELOPES");

    if (!folder)
        return;
    FILE *file = fopen(xr_printf(bench->arena, "%s/%s.xml", folder, name), "w");
    ck_assert_ptr_nonnull(file);
    fputs(bench->reply.body.at, file);
    fclose(file);
}

void bench_holds(const char *body, const char *text)
{
    ck_assert_msg(strstr(body, text) != NULL, "no %s in %s", text, body);
}

void bench_lacks(const char *body, const char *text)
{
    ck_assert_msg(strstr(body, text) == NULL, "%s in %s", text, body);
}

const char *bench_element(struct bench *bench, const char *name)
{
    const char *mark = xr_printf(bench->arena, "<%s>", name);
    const char *at = strstr(bench->reply.body.at, mark);

    ck_assert_msg(at != NULL, "no %s in %s", name, bench->reply.body.at);
    at += strlen(mark);
    return xr_strndup(bench->arena, at, strcspn(at, "<"));
}

const char *bench_item_id(struct bench *bench)
{
    const char *at = strstr(bench->reply.body.at, "<t:ItemId Id=\"");

    ck_assert_ptr_nonnull(at);
    at += strlen("<t:ItemId Id=\"");
    return xr_strndup(bench->arena, at, strcspn(at, "\""));
}
