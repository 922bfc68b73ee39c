/* The questions, asked of real TLS servers. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "analyzer/wire/offer_parts.h"
#include "tests/unit.h"

enum { ASK_MS = 20000 };

/* One server, for one connection. */
struct server {
    int min, max;        /* 0: TLS 1.0, TLS 1.3 */
    const char *ciphers; /* NULL: all */
    int prime_bits;      /* 0: no DHE */
    bool elliptic;       /* the certificate's key */
    bool warns_of_name;  /* answers any name with the warning unrecognized_name */
    int fd;
    char name[64], alpn[64]; /* what the client sent */
};

static EVP_PKEY *server_key(bool elliptic)
{
    static EVP_PKEY *keys[2];

    if (!keys[elliptic])
        keys[elliptic] = elliptic ? EVP_EC_gen("P-384") : EVP_RSA_gen(2048);
    return keys[elliptic];
}

static X509 *server_certificate(EVP_PKEY *key)
{
    X509 *certificate = X509_new();

    (void)X509_set_version(certificate, X509_VERSION_3);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 365L * 86400);
    (void)X509_set_pubkey(certificate, key);
    (void)X509_sign(certificate, key, EVP_sha256());
    return certificate;
}

static EVP_PKEY *prime_of(int bits)
{
    BIGNUM *prime =
        bits == 1024 ? BN_get_rfc2409_prime_1024(NULL) : BN_get_rfc3526_prime_2048(NULL);
    BIGNUM *generator = BN_new();
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    EVP_PKEY *key = NULL;

    (void)BN_set_word(generator, 2);
    (void)OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_P, prime);
    (void)OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_G, generator);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    (void)EVP_PKEY_fromdata_init(context);
    ck_assert_int_eq(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEY_PARAMETERS, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    BN_free(prime);
    BN_free(generator);
    return key;
}

static int on_name(SSL *ssl, int *alert, void *arg)
{
    struct server *server = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    (void)snprintf(server->name, sizeof(server->name), "%s", name ? name : "");
    return server->warns_of_name ? SSL_TLSEXT_ERR_ALERT_WARNING : SSL_TLSEXT_ERR_OK;
}

static int on_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_length,
    const unsigned char *offered, unsigned length, void *arg)
{
    struct server *server = arg;

    (void)ssl;
    (void)snprintf(
        server->alpn, sizeof(server->alpn), "%.*s", (int)length - 1, (const char *)offered + 1);
    *ret = offered + 1;
    *ret_length = offered[0];
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *server_ctx(struct server *server)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = server_key(server->elliptic);
    X509 *certificate = server_certificate(key);

    SSL_CTX_set_security_level(ctx, 0);
    ck_assert_int_eq(
        SSL_CTX_set_cipher_list(ctx, server->ciphers ? server->ciphers : "ALL:@SECLEVEL=0"), 1);
    (void)SSL_CTX_set_min_proto_version(ctx, server->min ? server->min : TLS1_VERSION);
    (void)SSL_CTX_set_max_proto_version(ctx, server->max ? server->max : TLS1_3_VERSION);
    ck_assert_int_eq(SSL_CTX_use_certificate(ctx, certificate), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, key), 1);
    if (server->prime_bits)
        (void)SSL_CTX_set0_tmp_dh_pkey(ctx, prime_of(server->prime_bits));
    (void)SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
    (void)SSL_CTX_set_tlsext_servername_arg(ctx, server);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, server);
    X509_free(certificate);
    return ctx;
}

static void *serve(void *arg)
{
    struct server *server = arg;
    SSL_CTX *ctx = server_ctx(server);
    SSL *ssl = SSL_new(ctx);

    (void)SSL_set_fd(ssl, server->fd);
    (void)SSL_accept(ssl);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    (void)shutdown(server->fd, SHUT_RDWR);
    return NULL;
}

static struct xr_offer ask_as(
    struct xr_arena *arena, struct server *server, enum xr_question question, const char *host)
{
    struct xr_deadline never = { INT64_MAX, INT64_MAX, NULL };
    struct xr_offer offer;
    pthread_t thread;
    int pair[2];

    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to who has gone */
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    server->fd = pair[1];
    ck_assert_int_eq(pthread_create(&thread, NULL, serve, server), 0);
    xr_offer_ask(arena, question, host, pair[0], xr_deadline_within(never, ASK_MS), &offer);
    (void)shutdown(pair[0], SHUT_RDWR);
    (void)pthread_join(thread, NULL);
    (void)close(pair[0]);
    (void)close(pair[1]);
    ck_assert(offer.answer == XR_ANSWER_YES ? offer.version && offer.cipher && !offer.text
                                            : !offer.version && !offer.cipher && offer.text);
    return offer;
}

static struct xr_offer ask(struct xr_arena *arena, struct server server, enum xr_question question)
{
    return ask_as(arena, &server, question, "mail.contoso.test");
}

START_TEST(each_version_is_told_from_the_others)
{
    static const int versions[] = { TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION };
    struct xr_arena *arena = xr_arena_new();

    for (int low = 0; low < 4; low++)
        for (int high = low; high < 4; high++)
            for (int asked = 0; asked < 4; asked++) {
                struct server server = { .min = versions[low], .max = versions[high] };
                enum xr_question question = XR_ASK_TLS_1_0 + (unsigned)asked;
                struct xr_offer offer = ask(arena, server, question);
                enum xr_answer right = asked >= low && asked <= high ? XR_ANSWER_YES : XR_ANSWER_NO;
                ck_assert_msg(offer.answer == right, "TLS 1.%d to 1.%d, asked for 1.%d: %s", low,
                    high, asked, offer.text ? offer.text : "yes");
                if (right == XR_ANSWER_YES)
                    ck_assert_str_eq(offer.version, xr_question_text(question));
            }
    xr_arena_free(arena);
}
END_TEST

START_TEST(each_class_of_ciphers_is_found_by_its_question_alone)
{
    static const struct {
        const char *server, *name;
        enum xr_question question; /* XR_ASK_COUNT: none finds it */
    } rows[] = {
        { "eNULL:@SECLEVEL=0", NULL, XR_ASK_NO_PROTECTION },
        { "NULL-SHA256:@SECLEVEL=0", "TLS_RSA_WITH_NULL_SHA256", XR_ASK_NO_PROTECTION },
        { "AECDH-AES128-SHA:@SECLEVEL=0", "TLS_ECDH_anon_WITH_AES_128_CBC_SHA",
            XR_ASK_NO_PROTECTION },
        { "ADH-AES256-GCM-SHA384:@SECLEVEL=0", "TLS_DH_anon_WITH_AES_256_GCM_SHA384",
            XR_ASK_NO_PROTECTION },
        { "AES128-SHA:@SECLEVEL=0", "TLS_RSA_WITH_AES_128_CBC_SHA", XR_ASK_NO_SECRECY },
        { "ARIA256-GCM-SHA384", "TLS_RSA_WITH_ARIA_256_GCM_SHA384", XR_ASK_NO_SECRECY },
        { "CAMELLIA256-SHA256", "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256", XR_ASK_NO_SECRECY },
        { "ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", XR_ASK_NO_AEAD },
        { "ECDHE-RSA-AES128-GCM-SHA256", NULL, XR_ASK_COUNT },
        { "ECDHE-RSA-CHACHA20-POLY1305", NULL, XR_ASK_COUNT },
    };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (enum xr_question asked = XR_ASK_NO_PROTECTION; asked <= XR_ASK_NO_AEAD; asked++) {
            struct server server = { .ciphers = rows[i].server, .prime_bits = 2048 };
            struct xr_offer offer = ask(arena, server, asked);
            ck_assert_msg(
                offer.answer == (asked == rows[i].question ? XR_ANSWER_YES : XR_ANSWER_NO),
                "%s, %s", rows[i].server, xr_question_text(asked));
            if (offer.answer == XR_ANSWER_YES && rows[i].name)
                ck_assert_str_eq(offer.cipher, rows[i].name);
            if (offer.answer == XR_ANSWER_NO)
                ck_assert_str_eq(offer.text, "alert handshake_failure");
        }
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_question_of_ciphers_takes_an_old_version_for_an_answer)
{
    struct xr_arena *arena = xr_arena_new();
    struct server server = { .max = TLS1_VERSION, .ciphers = "AES256-SHA:@SECLEVEL=0" };
    struct xr_offer offer = ask(arena, server, XR_ASK_NO_SECRECY);

    ck_assert_int_eq(offer.answer, XR_ANSWER_YES);
    ck_assert_str_eq(offer.version, "TLS 1.0");
    ck_assert_str_eq(offer.cipher, "TLS_RSA_WITH_AES_256_CBC_SHA");
    ck_assert(offer.secure_renegotiation);
    xr_arena_free(arena);
}
END_TEST

START_TEST(the_prime_of_the_server_is_measured)
{
    struct xr_arena *arena = xr_arena_new();
    struct server server = { .prime_bits = 1024 };

    ck_assert_int_eq(ask(arena, server, XR_ASK_FINITE_FIELD).prime_bits, 1024);
    server.prime_bits = 2048;
    ck_assert_int_eq(ask(arena, server, XR_ASK_FINITE_FIELD).prime_bits, 2048);
    ck_assert_int_eq(ask(arena, server, XR_ASK_TLS_1_2).prime_bits, 0);
    server.prime_bits = 0;
    struct xr_offer offer = ask(arena, server, XR_ASK_FINITE_FIELD);
    ck_assert_int_eq(offer.answer, XR_ANSWER_NO);
    ck_assert_int_eq(offer.prime_bits, 0);
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_key_on_an_elliptic_curve_is_no_hindrance)
{
    struct xr_arena *arena = xr_arena_new();
    struct server server = { .elliptic = true };

    for (enum xr_question asked = XR_ASK_TLS_1_0; asked <= XR_ASK_TLS_1_3; asked++)
        ck_assert_int_eq(ask(arena, server, asked).answer, XR_ANSWER_YES);
    ck_assert_int_eq(ask(arena, server, XR_ASK_NO_SECRECY).answer, XR_ANSWER_NO);
    xr_arena_free(arena);
}
END_TEST

START_TEST(names_are_sent_and_addresses_are_not)
{
    static const struct {
        const char *host, *sent;
    } rows[] = {
        { "mail.contoso.test", "mail.contoso.test" },
        { "1.mail.contoso.test", "1.mail.contoso.test" },
        { "192.0.2.1", "" },
        { "2001:db8::1", "" },
        { "", "" },
    };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (enum xr_question asked = XR_ASK_TLS_1_2; asked <= XR_ASK_TLS_1_3; asked++) {
            struct server server = { 0 };
            struct xr_offer offer = ask_as(arena, &server, asked, rows[i].host);
            ck_assert_int_eq(offer.answer, XR_ANSWER_YES);
            ck_assert_str_eq(server.name, rows[i].sent);
            if (asked == XR_ASK_TLS_1_2)
                ck_assert_str_eq(server.alpn, "http/1.1");
        }
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_warning_does_not_end_the_question)
{
    struct xr_arena *arena = xr_arena_new();
    struct server server = { .max = TLS1_2_VERSION, .warns_of_name = true };
    struct xr_offer offer = ask(arena, server, XR_ASK_TLS_1_2);

    ck_assert_int_eq(offer.answer, XR_ANSWER_YES);
    xr_arena_free(arena);
}
END_TEST

/* 128 ciphers or more, or a message of 256 to 511 bytes, and some servers never answer. */
START_TEST(an_offer_has_a_size_that_old_servers_bear)
{
    char longest[254];

    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    for (enum xr_question asked = 0; asked < XR_ASK_COUNT; asked++)
        for (size_t cut = 0; cut < sizeof(longest); cut++) {
            uint16_t ciphers[XR_OFFER_CIPHERS_MAX];
            xr_auto_buf hello;
            xr_buf_init(&hello, 4096);
            xr_offer_hello(&hello, asked, longest + cut);
            ck_assert(!hello.overflow);
            ck_assert(hello.length < 256 + 5 || hello.length > 511 + 5);
            ck_assert_uint_gt(xr_offer_ciphers(asked, ciphers), 0);
            ck_assert_uint_lt(xr_offer_ciphers(asked, ciphers), 127);
        }
}
END_TEST

START_TEST(ciphers_bear_the_names_of_the_registry)
{
    struct xr_arena *arena = xr_arena_new();
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());

    ck_assert_int_eq(SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL:@SECLEVEL=0:-PSK:-SRP"), 1);
    STACK_OF(SSL_CIPHER) *known = SSL_CTX_get_ciphers(ctx);
    ck_assert_int_gt(sk_SSL_CIPHER_num(known), 60);
    for (int i = 0; i < sk_SSL_CIPHER_num(known); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(known, i);
        ck_assert_str_eq(xr_offer_cipher_name(arena, SSL_CIPHER_get_protocol_id(cipher)),
            SSL_CIPHER_standard_name(cipher));
    }
    ck_assert_str_eq(xr_offer_cipher_name(arena, 0x0005), "TLS_RSA_WITH_RC4_128_SHA");
    ck_assert_str_eq(xr_offer_cipher_name(arena, 0xfafa), "0xFA,0xFA");
    SSL_CTX_free(ctx);
    xr_arena_free(arena);
}
END_TEST

/* Which OpenSSL of today cannot serve. */
START_TEST(broken_and_export_ciphers_are_asked_for)
{
    static const struct {
        enum xr_question question;
        uint16_t cipher;
    } rows[] = {
        { XR_ASK_BROKEN, 0x0004 },        /* RSA, RC4, MD5 */
        { XR_ASK_BROKEN, 0x0005 },        /* RSA, RC4, SHA */
        { XR_ASK_BROKEN, 0x0007 },        /* RSA, IDEA */
        { XR_ASK_BROKEN, 0x0009 },        /* RSA, DES */
        { XR_ASK_BROKEN, 0x000a },        /* RSA, 3DES */
        { XR_ASK_BROKEN, 0xc012 },        /* ECDHE, 3DES */
        { XR_ASK_NO_PROTECTION, 0x0003 }, /* RSA_EXPORT, RC4 */
        { XR_ASK_NO_PROTECTION, 0x0014 }, /* DHE_EXPORT, DES */
        { XR_ASK_NO_PROTECTION, 0x0018 }, /* DH_anon, RC4 */
        { XR_ASK_NO_SECRECY, 0x0005 },
        { XR_ASK_NO_SECRECY, 0xc004 }, /* ECDH fixed */
        { XR_ASK_TLS_1_0, 0x0005 },
        { XR_ASK_TLS_1_0, 0x0003 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint16_t ciphers[XR_OFFER_CIPHERS_MAX];
        size_t n = xr_offer_ciphers(rows[i].question, ciphers);
        size_t at = 0;
        while (at < n && ciphers[at] != rows[i].cipher)
            at++;
        ck_assert_msg(at < n, "row %zu", i);
        /* Windows Server 2003 reads no further than the 64th. */
        ck_assert_msg(at < 64, "row %zu stands at %zu", i, at);
    }
}
END_TEST

XR_UNIT_MAIN("offer", each_version_is_told_from_the_others,
    each_class_of_ciphers_is_found_by_its_question_alone,
    a_question_of_ciphers_takes_an_old_version_for_an_answer, the_prime_of_the_server_is_measured,
    a_key_on_an_elliptic_curve_is_no_hindrance, names_are_sent_and_addresses_are_not,
    a_warning_does_not_end_the_question, an_offer_has_a_size_that_old_servers_bear,
    ciphers_bear_the_names_of_the_registry, broken_and_export_ciphers_are_asked_for)
