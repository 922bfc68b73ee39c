#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixtures/listen.h"
#include "fixtures/scenario.h"
#include "fixtures/statefolder.h"
#include "tests/unit.h"

static const char scenario[] =
    "{ \"schema\": \"exray.scenario/1\", \"about\": \"a\", \"domain\": \"contoso.test\","
    "  \"exchange\": { \"build\": \"15.2.1118.7\" }, \"users\": [], \"accounts\": [], \"dns\": [],"
    "  \"hosts\": ["
    "   { \"name\": \"a.test\", \"address\": \"127.0.0.2\", \"serves\": [\"website\"] },"
    "   { \"name\": \"old.test\", \"address\": \"127.0.0.2\", \"serves\": [\"website\"],"
    "     \"tls\": { \"min\": \"1.2\", \"max\": \"1.2\" }, \"certificate\": { \"send\": [\"leaf\"] "
    "} },"
    "   { \"name\": \"asks.test\", \"address\": \"127.0.0.2\", \"serves\": [\"website\"],"
    "     \"tls\": { \"max\": \"1.2\", \"client_certificate\": \"require\" } },"
    "   { \"name\": \"strict.test\", \"address\": \"127.0.0.3\", \"serves\": [\"website\"],"
    "     \"tls\": { \"name_required\": true, \"staple\": \"revoked\" } } ] }";

struct organisation {
    char folder[64];
    struct xr_arena *arena;
    struct sim_world *world;
    struct sim_seen *seen;
    struct sim_tls *tls;
    struct sim_listen *listen;
    struct sim_ports ports;
};

static void organisation_init(struct organisation *o)
{
    const char *error = NULL;

    *o = (struct organisation){ .folder = "/tmp/exray-tls.XXXXXX", .arena = xr_arena_new() };
    ck_assert_ptr_nonnull(mkdtemp(o->folder));
    const char *path = xr_printf(o->arena, "%s/scenario.json", o->folder);
    FILE *file = fopen(path, "w");
    fputs(scenario, file);
    fclose(file);
    o->world = sim_scenario_load(o->arena, path, &error);
    ck_assert_msg(o->world != NULL, "%s", error);
    o->seen = sim_seen_new(o->world);
    o->tls = sim_tls_new(o->world, o->folder);
    o->listen = sim_listen_start(o->world, o->seen, o->tls, NULL, &o->ports);
    ck_assert_ptr_nonnull(o->listen);
}

static void organisation_done(struct organisation *o)
{
    sim_listen_stop(o->listen);
    sim_tls_free(o->tls);
    sim_seen_free(o->seen);
    sim_statefolder_remove(o->folder);
    xr_arena_free(o->arena);
}

/* What one handshake showed. */
struct shown {
    int error, version, certificates; /* error: the OpenSSL reason; 0: none */
    bool named;                       /* the leaf names what was asked for */
};

static int connect_to(const char *address, int port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, address, &at.sin_addr);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

static struct shown shake_hands(const struct organisation *o, const char *address, const char *name)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    int fd = connect_to(address, o->ports.https);
    struct shown shown = { 0 };

    SSL_set_fd(ssl, fd);
    if (name)
        SSL_set_tlsext_host_name(ssl, name);
    if (SSL_connect(ssl) == 1) {
        X509 *leaf = SSL_get1_peer_certificate(ssl);
        shown.version = SSL_version(ssl);
        shown.certificates = sk_X509_num(SSL_get_peer_cert_chain(ssl));
        shown.named = name && X509_check_host(leaf, name, 0, 0, NULL) == 1;
        X509_free(leaf);
        SSL_shutdown(ssl);
    } else {
        shown.error = ERR_GET_REASON(ERR_peek_last_error());
    }
    ERR_clear_error();
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return shown;
}

START_TEST(the_name_decides_certificate_and_version)
{
    struct organisation o;

    organisation_init(&o);
    struct shown a = shake_hands(&o, "127.0.0.2", "a.test");
    ck_assert(a.named && a.version == TLS1_3_VERSION && a.certificates == 2);
    struct shown old = shake_hands(&o, "127.0.0.2", "old.test");
    ck_assert(old.named && old.version == TLS1_2_VERSION && old.certificates == 1);
    struct shown nameless = shake_hands(&o, "127.0.0.2", NULL);
    ck_assert_int_eq(nameless.version, TLS1_3_VERSION);
    struct shown stranger = shake_hands(&o, "127.0.0.2", "stranger.test");
    ck_assert(stranger.version == TLS1_3_VERSION && !stranger.named);
    organisation_done(&o);
}
END_TEST

START_TEST(refusals_have_their_own_alerts)
{
    struct organisation o;

    organisation_init(&o);
    ck_assert_int_eq(
        shake_hands(&o, "127.0.0.2", "asks.test").error, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
    ck_assert_int_eq(shake_hands(&o, "127.0.0.3", NULL).error, SSL_R_TLSV1_UNRECOGNIZED_NAME);
    ck_assert(shake_hands(&o, "127.0.0.3", "strict.test").named);
    organisation_done(&o);
}
END_TEST

START_TEST(what_is_no_handshake_ends_the_connection)
{
    struct organisation o;
    char answer[64];

    organisation_init(&o);
    int fd = connect_to("127.0.0.2", o.ports.https);
    ck_assert_int_eq(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
    while (recv(fd, answer, sizeof(answer), 0) > 0)
        ;
    close(fd);
    organisation_done(&o);
}
END_TEST

XR_UNIT_MAIN("sim-tls", the_name_decides_certificate_and_version, refusals_have_their_own_alerts,
    what_is_no_handshake_ends_the_connection)
