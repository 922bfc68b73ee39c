/* A server that forgot an intermediate, and what its certificate's address for it brings. */
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <string.h>

#include "analyzer/wire/chain.h"
#include "analyzer/wire/revocation.h"
#include "analyzer/wire/start.h"
#include "tests/unit.h"
#include "tests/wire/authority.h"
#include "tests/wire/web.h"

static const char host[] = "mail.contoso.test";

/* leaf <- low (at /low) <- high (at /high) <- root */
struct world {
    struct xr_arena *arena;
    struct web web;
    struct xr_net net;
    struct xr_trust *trust;
    struct xr_fetched *fetched;
    struct identity root, high, low, leaf;
    struct web_page *low_page, *high_page;
    int64_t ms; /* time to do it in */
};

static struct identity authority(
    const char *name, const char *issuer_url, const struct identity *issuer)
{
    return identity_make(
        &(struct identity_spec){ .name = name, .authority = true, .issuer_url = issuer_url },
        issuer);
}

static void world_init(struct world *world)
{
    *world = (struct world){ .arena = xr_arena_new(), .ms = 20 * 1000 };
    struct xr_arena *arena = world->arena;
    struct web *web = &world->web;

    xr_wire_start();
    world->low_page = web_add(web, "/low", (struct xr_der){ 0 });
    world->high_page = web_add(web, "/high", (struct xr_der){ 0 });
    web_add(web, "/root", (struct xr_der){ 0 });
    web_start(web);
    world->root = authority("Test Root", NULL, NULL);
    world->high = authority("High CA", web_url(arena, web, "/root"), &world->root);
    world->low = authority("Low CA", web_url(arena, web, "/high"), &world->high);
    world->leaf = identity_make(
        &(struct identity_spec){ .name = host, .issuer_url = web_url(arena, web, "/low") },
        &world->low);
    world->low_page->body = identity_der(arena, world->low.certificate);
    world->high_page->body = identity_der(arena, world->high.certificate);
    web->pages[2].body = identity_der(arena, world->root.certificate);
    world->trust = identity_trust(arena, &world->root);
    world->fetched = xr_fetched_new();
    world->net = (struct xr_net){ .trust = world->trust, .user_agent = "test" };
}

static void world_done(struct world *world)
{
    web_stop(&world->web);
    xr_fetched_free(world->fetched);
    xr_trust_free(world->trust);
    identity_free(&world->root);
    identity_free(&world->high);
    identity_free(&world->low);
    identity_free(&world->leaf);
    xr_arena_free(world->arena);
}

/* Judges and completes what is sent, a NULL-ended list; nothing is remembered from before. */
static struct xr_tls_session complete_at(
    struct world *world, X509 *const *sent, const char *tested_address)
{
    struct xr_tls_session session = { 0 };
    struct xr_der ders[4];
    struct xr_chain chain = { .sent = ders };

    xr_fetched_free(world->fetched);
    world->fetched = xr_fetched_new();
    struct xr_inquiry inquiry = { &world->net, world->fetched, host, tested_address,
        { xr_now_us() + world->ms * 1000, INT64_MAX, NULL } };
    for (; sent[chain.sent_n]; chain.sent_n++)
        ders[chain.sent_n] = identity_der(world->arena, sent[chain.sent_n]);
    xr_chain_judge(world->arena, &world->net, host, &chain, &session);
    ck_assert(!session.trusted);
    web_rest(&world->web);
    xr_complete_chain(world->arena, &inquiry, &session);
    web_rest(&world->web);
    ck_assert(!session.trusted);
    ck_assert_int_eq(session.sent_n, (int)chain.sent_n);
    return session;
}

static struct xr_tls_session complete(struct world *world)
{
    X509 *const sent[] = { world->leaf.certificate, NULL };

    return complete_at(world, sent, "127.0.0.1");
}

static bool has(const struct xr_tls_session *session, enum xr_flaw flaw)
{
    const struct xr_tls_flaw *at = session->flaws;

    while (at && at->flaw != flaw)
        at = at->next;
    return at != NULL;
}

static const struct xr_certificate *at_depth(const struct xr_tls_session *session, int depth)
{
    const struct xr_certificate *at = session->certificates;

    while (at && at->depth != depth)
        at = at->next;
    return at;
}

static void tells(const struct xr_tls_session *session, const char *words)
{
    ck_assert_msg(session->completion && strstr(session->completion, words), "%s, not: %s",
        session->completion ? session->completion : "nothing", words);
}

static void completes(struct world *world, const char *words)
{
    struct xr_tls_session session = complete(world);

    tells(&session, words);
    tells(&session, "completes the chain to \"Test Root\", which this machine trusts");
    ck_assert(has(&session, XR_FLAW_CHAIN_INCOMPLETE));
    ck_assert(!has(&session, XR_FLAW_UNTRUSTED_ROOT));
    ck_assert(xr_tls_may_carry(&session, true)); /* that is a flaw of trust alone */
    ck_assert(!xr_tls_may_carry(&session, false));
}

static void fails(struct world *world, const char *words)
{
    struct xr_tls_session session = complete(world);

    tells(&session, words);
    ck_assert(has(&session, XR_FLAW_CHAIN_INCOMPLETE));
}

static const char *text_of(const struct xr_tls_session *session, enum xr_flaw flaw, int depth)
{
    for (const struct xr_tls_flaw *at = session->flaws; at; at = at->next)
        if (at->flaw == flaw && at->depth == depth)
            return at->text;
    return "(not told)";
}

static void expect_text(
    const struct xr_tls_session *session, enum xr_flaw flaw, int depth, const char *part)
{
    const char *text = text_of(session, flaw, depth);

    ck_assert_msg(strstr(text, part) != NULL, "%s, not: %s", text, part);
}

START_TEST(the_flaw_says_what_fetching_proved)
{
    struct world world;

    world_init(&world);
    struct identity other = authority("Other Root", NULL, NULL);
    struct xr_trust *trust = identity_trust(world.arena, &other);
    X509 *const both[] = { world.leaf.certificate, world.low.certificate, NULL };
    X509 *const three[] = { world.leaf.certificate, world.low.certificate, world.high.certificate,
        NULL };

    struct xr_tls_session session = complete(&world);
    expect_text(&session, XR_FLAW_CHAIN_INCOMPLETE, 0,
        "does not send the certificate of \"CN=Low CA\", which signed mail.contoso.test; it is at "
        "http://127.0.0.1:");
    expect_text(&session, XR_FLAW_CHAIN_INCOMPLETE, 0,
        "/low, and with all that is missing the chain ends at a root that this machine trusts.");
    session = complete_at(&world, both, "127.0.0.1");
    expect_text(
        &session, XR_FLAW_CHAIN_INCOMPLETE, 1, "/high, and with it the chain ends at a root");
    world.net.trust = trust;
    session = complete_at(&world, both, "127.0.0.1");
    expect_text(&session, XR_FLAW_CHAIN_INCOMPLETE, 1,
        "/high, but even with it the chain ends at the root \"Test Root\", which this machine does "
        "not trust.");
    session = complete_at(&world, three, "127.0.0.1");
    expect_text(&session, XR_FLAW_UNTRUSTED_ROOT, 3, "; that root is at http://127.0.0.1:");
    world.high_page->path = "/elsewhere";
    session = complete(&world);
    expect_text(&session, XR_FLAW_CHAIN_INCOMPLETE, 0, "/low.");
    expect_text(&session, XR_FLAW_UNTRUSTED_ROOT, 1, "either the server leaves out");
    xr_trust_free(trust);
    identity_free(&other);
    world_done(&world);
}
END_TEST

START_TEST(the_second_address_of_an_issuer_is_tried_too)
{
    struct world world;

    world_init(&world);
    const char *dead = web_url(world.arena, &world.web, "/nothing");
    const char *good = web_url(world.arena, &world.web, "/low");
    struct identity leaf = identity_make(
        &(struct identity_spec){ .name = host,
            .issuer_url =
                xr_printf(world.arena, "ldap:///x,caIssuers;URI:%s,caIssuers;URI:%s", dead, good) },
        &world.low);
    X509 *const sent[] = { leaf.certificate, NULL };
    struct xr_tls_session session = complete_at(&world, sent, "127.0.0.1");
    tells(&session, "completes the chain to \"Test Root\"");
    expect_text(&session, XR_FLAW_CHAIN_INCOMPLETE, 0, "/low, and with");
    ck_assert_str_eq(session.asked_for_issuers.urls[0], dead);
    ck_assert_str_eq(session.asked_for_issuers.urls[1], good);
    identity_free(&leaf);
    leaf = identity_make(
        &(struct identity_spec){ .name = host, .issuer_url = "ldap:///cn=low" }, &world.low);
    X509 *const again[] = { leaf.certificate, NULL };
    session = complete_at(&world, again, "127.0.0.1");
    tells(&session, "names no http address to fetch it from, but \"ldap:///cn=low\"");
    expect_text(&session, XR_FLAW_CHAIN_INCOMPLETE, 0, "either the server leaves out");
    identity_free(&leaf);
    world_done(&world);
}
END_TEST

START_TEST(two_missing_intermediates_are_fetched_and_marked)
{
    struct world world;

    world_init(&world);
    struct xr_tls_session session = complete(&world);
    tells(&session, "Fetched was \"Low CA\" (http://127.0.0.1:");
    tells(&session, "/low) and \"High CA\" (http://127.0.0.1:");
    const struct xr_certificate *low = at_depth(&session, 1), *high = at_depth(&session, 2);
    const struct xr_certificate *root = at_depth(&session, 3);
    ck_assert(low && low->fetched && low->position == -1 && !strcmp(low->common_name, "Low CA"));
    ck_assert(high && high->fetched && high->position == -1);
    ck_assert(root && !root->fetched && root->position == -1);
    ck_assert_int_eq(atomic_load(&world.web.pages[2].hits), 0); /* the root was at hand */
    completes(&world, "Low CA");
    world_done(&world);
}
END_TEST

/* Servers often send one intermediate and forget the other. */
START_TEST(a_gap_above_what_was_sent_is_found_too)
{
    struct world world;

    world_init(&world);
    X509 *const sent[] = { world.leaf.certificate, world.low.certificate, NULL };
    struct xr_tls_session session = complete_at(&world, sent, "127.0.0.1");
    tells(&session, "Fetched was \"High CA\"");
    ck_assert(has(&session, XR_FLAW_CHAIN_INCOMPLETE));
    ck_assert(!has(&session, XR_FLAW_UNTRUSTED_ROOT));
    ck_assert_int_eq(at_depth(&session, 1)->position, 1);
    ck_assert(!at_depth(&session, 1)->fetched);
    world_done(&world);
}
END_TEST

static struct xr_der from_bio(struct xr_arena *arena, BIO *bio)
{
    char *bytes;
    long length = BIO_get_mem_data(bio, &bytes);
    struct xr_der ret = { (const unsigned char *)xr_strndup(arena, bytes, (size_t)length),
        (size_t)length };

    BIO_free(bio);
    return ret;
}

static struct xr_der bundle(struct world *world, bool pem)
{
    PKCS7 *message = PKCS7_new();
    BIO *bio = BIO_new(BIO_s_mem());

    ck_assert_int_eq(PKCS7_set_type(message, NID_pkcs7_signed), 1);
    ck_assert_int_eq(PKCS7_content_new(message, NID_pkcs7_data), 1);
    ck_assert_int_eq(PKCS7_add_certificate(message, world->high.certificate), 1);
    ck_assert_int_eq(PKCS7_add_certificate(message, world->low.certificate), 1);
    ck_assert_int_eq(pem ? PEM_write_bio_PKCS7(bio, message) : i2d_PKCS7_bio(bio, message), 1);
    PKCS7_free(message);
    return from_bio(world->arena, bio);
}

START_TEST(every_usual_form_of_an_answer_is_read)
{
    struct world world;
    BIO *pem = BIO_new(BIO_s_mem());

    world_init(&world);
    ck_assert_int_eq(PEM_write_bio_X509(pem, world.low.certificate), 1);
    world.low_page->body = from_bio(world.arena, pem);
    completes(&world, "/high");
    int asked = atomic_load(&world.high_page->hits);
    world.low_page->body = bundle(&world, false);
    completes(&world, "\"High CA\"");
    world.low_page->body = bundle(&world, true);
    completes(&world, "\"High CA\"");
    ck_assert_int_eq(atomic_load(&world.high_page->hits), asked); /* it was in the bundle */
    world_done(&world);
}
END_TEST

START_TEST(what_is_no_issuer_is_told)
{
    struct world world;

    world_init(&world);
    /* The right name and another key: only the signature tells. */
    struct identity twin = identity_make(
        &(struct identity_spec){ .authority = true, .same_subject = world.low.certificate },
        &world.high);
    world.low_page->body = identity_der(world.arena, twin.certificate);
    fails(&world, "/low: the certificate of \"Low CA\" came, which did not sign it");
    world.low_page->body = identity_der(world.arena, world.high.certificate);
    fails(&world, "/low: the certificate of \"High CA\" came, which did not sign it");
    world.low_page->body = identity_der(world.arena, world.leaf.certificate);
    fails(&world, "\"mail.contoso.test\" came, which did not sign it");
    world.low_page->body = web_text(" \n<!DOCTYPE html><title>Sign in</title>");
    fails(&world, "/low: a web page (HTML) came");
    world.low_page->body = web_text("");
    fails(&world, "an empty answer came");
    world.low_page->body = web_text("0\x82 noise");
    fails(&world, "what came, 8 bytes, is no certificate");
    world.low_page->path = "/elsewhere";
    fails(&world, "/low: the answer has status 404");
    identity_free(&twin);
    world_done(&world);
}
END_TEST

START_TEST(a_hostile_address_brings_nothing)
{
    struct world world;

    world_init(&world);
    X509 *const leaf[] = { world.leaf.certificate, NULL };
    world.low_page->head = "HTTP/1.1 302 Found\r\nLocation: /low";
    fails(&world, "/low: more than 3 redirects");
    world.low_page->head = "HTTP/1.1 302 Found\r\nLocation: file:///etc/ssl/cert.pem";
    fails(&world, "file:///etc/ssl/cert.pem: not fetched");
    world.low_page->head = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/";
    fails(&world, "169.254.169.254 is a link-local address");
    world.low_page->head = "HTTP/1.1 200 OK";
    world.low_page->endless = "0123456789abcdef";
    fails(&world, "more than 262144 bytes");
    struct xr_tls_session session = complete_at(&world, leaf, "192.0.2.1");
    tells(&session, "127.0.0.1 is a loopback address, where the tested host is not");
    world.low_page->silent = true;
    world.ms = 300;
    int64_t before = xr_now_us();
    fails(&world, "/low: no answer came in time");
    ck_assert_int_lt((int)((xr_now_us() - before) / 1000), 900);
    world_done(&world);
}
END_TEST

START_TEST(a_fetched_root_is_not_trusted_for_it)
{
    struct world world;

    world_init(&world);
    struct identity other = authority("Other Root", NULL, NULL);
    struct xr_trust *trust = identity_trust(world.arena, &other);
    world.net.trust = trust;
    struct xr_tls_session session = complete(&world);
    tells(&session, "the chain then ends at \"Test Root\", which this machine does not trust");
    ck_assert(has(&session, XR_FLAW_UNTRUSTED_ROOT));
    ck_assert(has(&session, XR_FLAW_CHAIN_INCOMPLETE));
    ck_assert(at_depth(&session, 3)->fetched);
    /* A server that leaves out nothing but the root does what it should. */
    X509 *const sent[] = { world.leaf.certificate, world.low.certificate, world.high.certificate,
        NULL };
    session = complete_at(&world, sent, "127.0.0.1");
    tells(&session, "which this machine does not trust");
    ck_assert(has(&session, XR_FLAW_UNTRUSTED_ROOT));
    ck_assert(!has(&session, XR_FLAW_CHAIN_INCOMPLETE));
    xr_trust_free(trust);
    identity_free(&other);
    world_done(&world);
}
END_TEST

START_TEST(authorities_that_sign_each_other_end_the_search)
{
    struct world world;

    world_init(&world);
    /* "low" again, signed by a "high" that "low" signed. */
    struct identity high =
        identity_make(&(struct identity_spec){ .authority = true,
                          .same_subject = world.high.certificate,
                          .key = world.high.key,
                          .issuer_url = web_url(world.arena, &world.web, "/low") },
            &world.low);
    world.high_page->body = identity_der(world.arena, high.certificate);
    fails(&world, "the chain leads round in a circle");
    identity_free(&high);
    world_done(&world);
}
END_TEST

START_TEST(a_ladder_without_end_is_climbed_four_steps)
{
    static const char *const paths[] = { "/0", "/1", "/2", "/3", "/4", "/5" };
    enum { STEPS = sizeof(paths) / sizeof(*paths) };
    struct identity ladder[STEPS];
    struct world world;

    world_init(&world);
    for (int i = STEPS - 1; i >= 0; i--) {
        ladder[i] = authority(xr_printf(world.arena, "Step %d", i),
            i + 1 < STEPS ? web_url(world.arena, &world.web, paths[i + 1]) : NULL,
            i + 1 < STEPS ? &ladder[i + 1] : NULL);
        web_add(&world.web, paths[i], identity_der(world.arena, ladder[i].certificate));
    }
    struct identity leaf = identity_make(&(struct identity_spec){ .name = host,
                                             .issuer_url = web_url(world.arena, &world.web, "/0") },
        &ladder[0]);
    X509 *const sent[] = { leaf.certificate, NULL };
    struct xr_tls_session session = complete_at(&world, sent, "127.0.0.1");
    tells(&session, "does not end even there, at \"Step 3\"");
    identity_free(&leaf);
    for (int i = 0; i < STEPS; i++)
        identity_free(&ladder[i]);
    world_done(&world);
}
END_TEST

START_TEST(who_names_no_address_is_told_and_a_root_is_not_looked_for)
{
    struct world world;

    world_init(&world);
    struct identity leaf = identity_make(&(struct identity_spec){ .name = host }, &world.low);
    X509 *const sent[] = { leaf.certificate, NULL };
    struct xr_tls_session session = complete_at(&world, sent, "127.0.0.1");
    tells(&session, "names no http address to fetch it from");
    struct identity lone = identity_make(&(struct identity_spec){ .name = host }, NULL);
    X509 *const alone[] = { lone.certificate, NULL };
    session = complete_at(&world, alone, "127.0.0.1");
    ck_assert_ptr_null(session.completion);
    identity_free(&leaf);
    identity_free(&lone);
    world_done(&world);
}
END_TEST

XR_UNIT_MAIN("revocation_issuer", the_flaw_says_what_fetching_proved,
    the_second_address_of_an_issuer_is_tried_too, two_missing_intermediates_are_fetched_and_marked,
    a_gap_above_what_was_sent_is_found_too, every_usual_form_of_an_answer_is_read,
    what_is_no_issuer_is_told, a_hostile_address_brings_nothing,
    a_fetched_root_is_not_trusted_for_it, authorities_that_sign_each_other_end_the_search,
    a_ladder_without_end_is_climbed_four_steps,
    who_names_no_address_is_told_and_a_root_is_not_looked_for)
