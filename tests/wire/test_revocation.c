/* Who is asked whether a certificate was revoked, and whose word counts. */
#include <openssl/ocsp.h>
#include <string.h>

#include "analyzer/base/pool.h"
#include "analyzer/wire/chain.h"
#include "tests/unit.h"
#include "tests/wire/revocation_world.h"

static struct xr_tls_session check(struct world *world)
{
    struct xr_tls_session session;

    world_check(world, world->arena, (struct xr_der){ 0 }, &session);
    return session;
}

START_TEST(an_ocsp_answer_of_the_issuer_counts)
{
    struct world world;

    world_init(&world, OCSP);
    world_ask(&world, XR_REVOCATION_GOOD, "has not been revoked (OCSP http://127.0.0.1:");
    world.echo_nonce = false;
    world_ask(&world, XR_REVOCATION_GOOD, "has not been revoked");
    world.answer.id_hash = EVP_sha256();
    world_ask(&world, XR_REVOCATION_GOOD, "has not been revoked");
    world.answer.status = V_OCSP_CERTSTATUS_REVOKED;
    world_ask(&world, XR_REVOCATION_REVOKED,
        "The certificate of mail.contoso.test was revoked on 2026-01-02 (keyCompromise), says OCSP "
        "http://127.0.0.1:");
    world.answer.status = V_OCSP_CERTSTATUS_UNKNOWN;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "/ocsp: it does not know this certificate");
    world_done(&world);
}
END_TEST

START_TEST(an_ocsp_answer_counts_within_its_dates_only)
{
    struct world world;

    world_init(&world, OCSP);
    world.answer.from_minutes = -600;
    world.answer.to_minutes = -3;
    world_ask(&world, XR_REVOCATION_GOOD, "has not been revoked");
    world.answer.to_minutes = -8;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "out of date");
    world.answer.from_minutes = 3;
    world.answer.to_minutes = 60;
    world_ask(&world, XR_REVOCATION_GOOD, "has not been revoked");
    world.answer.from_minutes = 8;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "of the future");
    world.answer.no_end = true;
    world.answer.from_minutes = -9 * 24 * 60;
    world_ask(&world, XR_REVOCATION_GOOD, "has not been revoked");
    world.answer.from_minutes = -11 * 24 * 60;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "too old");
    world.net.at_ms = xr_wall_ms() - 5 * 24 * 3600 * 1000LL;
    world_ask(&world, XR_REVOCATION_GOOD, "has not been revoked");
    world_done(&world);
}
END_TEST

START_TEST(an_ocsp_answer_of_somebody_else_does_not_count)
{
    struct identity_spec delegate = { .name = "Responder", .purpose = "OCSPSigning" };
    struct world world;

    world_init(&world, OCSP);
    struct identity appointed = identity_make(&delegate, &world.middle);
    struct identity of_stranger = identity_make(&delegate, &world.stranger);
    struct identity of_root = identity_make(&delegate, &world.root);
    delegate.from_days = -10;
    delegate.to_days = -5;
    struct identity expired = identity_make(&delegate, &world.middle);
    world.answer.signer = &appointed;
    world_ask(&world, XR_REVOCATION_GOOD, "has not been revoked");
    world.answer.signer = &expired;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "or is out of date");
    world.net.at_ms = xr_wall_ms() - 7 * 24 * 3600 * 1000LL; /* when it was in force */
    world.answer.from_minutes = -8 * 24 * 60;
    world.answer.to_minutes = 60;
    world_ask(&world, XR_REVOCATION_GOOD, "has not been revoked");
    world.net.at_ms = 0;
    world.answer.signer = &of_stranger;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "was not issued by the issuer");
    /* This machine trusts its root, but it was not appointed by the issuer of the leaf. */
    world.answer.signer = &of_root;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "was not issued by the issuer");
    world.answer.signer = &world.stranger;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "was not issued by the issuer");
    /* The leaf itself, which the issuer signed as well. */
    world.answer.signer = &world.leaf;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "not meant for signing OCSP answers");
    identity_free(&appointed);
    identity_free(&of_stranger);
    identity_free(&of_root);
    identity_free(&expired);
    world_done(&world);
}
END_TEST

START_TEST(an_ocsp_answer_that_is_none_is_told_in_words)
{
    struct world world;

    world_init(&world, OCSP);
    world.refusal = OCSP_RESPONSE_STATUS_TRYLATER;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "tryLater");
    world.refusal = OCSP_RESPONSE_STATUS_UNAUTHORIZED;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "unauthorized");
    world.refusal = OCSP_RESPONSE_STATUS_MALFORMEDREQUEST;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "malformedRequest");
    world.noise = "<html>Sign in</html>";
    world_ask(&world, XR_REVOCATION_UNKNOWN, "no OCSP answer");
    world.noise = "";
    world_ask(&world, XR_REVOCATION_UNKNOWN, "no OCSP answer");
    world.noise = NULL;
    world.refusal = 0;
    world.echo_nonce = false;
    world.answer.wrong_nonce = true;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "nonce");
    world.answer.wrong_nonce = false;
    struct identity other =
        identity_make(&(struct identity_spec){ .name = world_host }, &world.middle);
    world.answer.subject = &other;
    world_ask(&world, XR_REVOCATION_UNKNOWN, "about another certificate");
    identity_free(&other);
    world.web.pages[0].path = "/elsewhere";
    world_ask(&world, XR_REVOCATION_UNKNOWN, "/ocsp: the answer has status 404");
    struct xr_tls_session session = check(&world);
    ck_assert_ptr_nonnull(strstr(session.revocations->text, "Most clients go on"));
    ck_assert(xr_tls_may_carry(&session, false));
    world_done(&world);
}
END_TEST

/* The leaf anew, with these addresses; OpenSSL's notation takes a list. */
static void name_sources(struct world *world, const char *ocsp_url, const char *crl_url)
{
    identity_free(&world->leaf);
    world->leaf = identity_make(
        &(struct identity_spec){ .name = world_host, .ocsp_url = ocsp_url, .crl_url = crl_url },
        &world->middle);
    world->sent[0] = identity_der(world->arena, world->leaf.certificate);
}

static const char *good_crl(struct world *world)
{
    world->web.pages[1].body =
        crl_make(world->arena, &(struct crl_spec){ .issuer = &world->middle });
    return web_url(world->arena, &world->web, "/crl");
}

START_TEST(the_second_address_is_asked_when_the_first_is_dead)
{
    struct world world;

    world_init(&world, 0);
    const char *second = web_url(world.arena, &world.web, "/ocsp");
    name_sources(
        &world, xr_printf(world.arena, "http://127.0.0.1:1/dead,OCSP;URI:%s", second), NULL);
    struct xr_tls_session session = check(&world);
    expect_row(&session, XR_REVOCATION_GOOD, "has not been revoked (OCSP http://127.0.0.1:", "2nd");
    const struct xr_revocation *row = session.revocations;
    ck_assert_msg(strstr(row->text, "Without an answer that counts: OCSP http://127.0.0.1:1/dead"),
        "%s", row->text);
    ck_assert_str_eq(row->asked.urls[0], "http://127.0.0.1:1/dead");
    ck_assert_str_eq(row->asked.urls[1], second);
    ck_assert_ptr_null(row->asked.urls[2]);
    name_sources(
        &world, NULL, xr_printf(world.arena, "http://127.0.0.1:1/dead,URI:%s", good_crl(&world)));
    world_ask(&world, XR_REVOCATION_GOOD, "has not been revoked (CRL http://127.0.0.1:");
    world_done(&world);
}
END_TEST

START_TEST(who_is_asked_by_other_means_than_http_is_named)
{
    struct world world;

    world_init(&world, 0);
    name_sources(&world, NULL, "ldap:///cn=list");
    world_ask(&world, XR_REVOCATION_NO_SOURCE,
        "was not asked: for that it names \"ldap:///cn=list\", and exray asks over http only");
    name_sources(&world, "https://ocsp.contoso.test/", NULL);
    world_ask(&world, XR_REVOCATION_NO_SOURCE, "names \"https://ocsp.contoso.test/\"");
    world_done(&world);
}
END_TEST

/* With so much time for the whole step; what was fetched before is forgotten. */
static int64_t check_within(struct world *world, int64_t ms, struct xr_tls_session *session)
{
    struct xr_chain chain = { .sent = world->sent, .sent_n = 2 };
    struct xr_inquiry inquiry = { &world->net, NULL, world_host, "127.0.0.1",
        { INT64_MAX, xr_now_us() + ms * 1000, NULL } };

    xr_fetched_free(world->fetched);
    inquiry.fetched = world->fetched = xr_fetched_new();
    *session = (struct xr_tls_session){ 0 };
    xr_chain_judge(world->arena, &world->net, world_host, &chain, session);
    int64_t started = xr_now_us();
    xr_check_revocation(world->arena, &inquiry, session);
    return (xr_now_us() - started) / 1000;
}

START_TEST(a_silent_responder_leaves_time_for_the_list)
{
    struct xr_tls_session session;
    struct world world;

    world_init(&world, OCSP | CRL);
    world.web.pages[0].silent = true;
    (void)good_crl(&world);
    (void)check_within(&world, 2000, &session);
    expect_row(&session, XR_REVOCATION_GOOD, "has not been revoked (CRL ", "list");
    ck_assert_ptr_nonnull(
        strstr(session.revocations->text, "Without an answer that counts: OCSP "));
    web_rest(&world.web);
    world.web.pages[1].silent = true;
    int64_t took = check_within(&world, 2000, &session);
    expect_row(&session, XR_REVOCATION_UNKNOWN, "Nobody could say", "both silent");
    ck_assert_msg(took < 1600, "%lld ms", (long long)took);
    ck_assert_ptr_null(strstr(session.revocations->text, "not asked"));
    web_rest(&world.web);
    world_done(&world);
}
END_TEST

START_TEST(whom_no_time_was_left_for_is_not_blamed)
{
    struct xr_tls_session session;
    struct world world;

    world_init(&world, OCSP | CRL);
    (void)check_within(&world, 0, &session);
    const struct xr_revocation *row = session.revocations;
    ck_assert(row && row->state == XR_REVOCATION_UNKNOWN && !row->asked.urls[0]);
    ck_assert_msg(strstr(row->text, "Nobody was asked") && strstr(row->text, "no time was left"),
        "%s", row->text);
    ck_assert_ptr_null(flaw_of(&session, XR_FLAW_REVOCATION_UNKNOWN, 0));
    ck_assert_int_eq(world_hits(&world), 0);
    world_done(&world);
}
END_TEST

static struct xr_der staple_of(struct world *world)
{
    struct xr_der made = ocsp_make(&world->answer), ret = made;

    ret.bytes =
        (const unsigned char *)xr_strndup(world->arena, (const char *)made.bytes, made.length);
    free((void *)(uintptr_t)made.bytes);
    return ret;
}

START_TEST(a_staple_that_counts_spares_all_questions)
{
    struct xr_tls_session session;
    struct world world;

    world_init(&world, OCSP | CRL | MUST_STAPLE);
    world_check(&world, world.arena, staple_of(&world), &session);
    expect_row(&session, XR_REVOCATION_GOOD, "(stapled OCSP answer, as of ", "good");
    ck_assert_ptr_null(flaw_of(&session, XR_FLAW_STAPLE_MISSING, 0));
    world.answer.status = V_OCSP_CERTSTATUS_REVOKED;
    world_check(&world, world.arena, staple_of(&world), &session);
    expect_row(&session, XR_REVOCATION_REVOKED, "says stapled OCSP answer", "revoked");
    ck_assert_int_eq(world_hits(&world), 0);
    world_done(&world);
}
END_TEST

START_TEST(a_staple_that_does_not_count_leads_to_a_question)
{
    struct xr_tls_session session;
    struct world world;

    world_init(&world, OCSP | MUST_STAPLE);
    world.answer.signer = &world.stranger;
    struct xr_der forged = staple_of(&world);
    world.answer.signer = NULL;
    world_check(&world, world.arena, forged, &session);
    expect_row(&session, XR_REVOCATION_GOOD, "OCSP http://", "forged staple");
    const struct xr_tls_flaw *flaw = flaw_of(&session, XR_FLAW_STAPLE_MISSING, 0);
    ck_assert(flaw && strstr(flaw->text, "does not count"));
    world_check(&world, world.arena, web_text("noise"), &session);
    expect_row(&session, XR_REVOCATION_GOOD, "OCSP http://", "noise as a staple");
    world_check(&world, world.arena, (struct xr_der){ 0 }, &session);
    flaw = flaw_of(&session, XR_FLAW_STAPLE_MISSING, 0);
    ck_assert(flaw && strstr(flaw->text, "sends none"));
    world_done(&world);
}
END_TEST

START_TEST(on_request_nobody_is_asked)
{
    struct xr_tls_session session;
    struct world world;

    world_init(&world, OCSP | CRL | MIDDLE_CRL | MUST_STAPLE);
    world.net.no_revocation = true;
    session = check(&world);
    ck_assert_ptr_null(session.revocations);
    ck_assert_ptr_null(flaw_of(&session, XR_FLAW_REVOCATION_UNKNOWN, 0));
    ck_assert_ptr_nonnull(flaw_of(&session, XR_FLAW_STAPLE_MISSING, 0));
    world_check(&world, world.arena, staple_of(&world), &session);
    expect_row(&session, XR_REVOCATION_GOOD, "stapled", "staple");
    ck_assert_ptr_null(session.revocations->next);
    ck_assert_int_eq(world_hits(&world), 0);
    world_done(&world);
}
END_TEST

START_TEST(who_names_nobody_or_lives_shortly_has_no_flaw)
{
    struct world world;

    world_init(&world, 0);
    struct xr_tls_session session = check(&world);
    expect_row(&session, XR_REVOCATION_NO_SOURCE, "names nobody", "no source");
    world_done(&world);
    world_init(&world, OCSP | SHORT_LIVED);
    session = check(&world);
    expect_row(&session, XR_REVOCATION_NO_SOURCE, "valid for 6 days only", "short-lived");
    ck_assert_int_eq(world_hits(&world), 0);
    world_done(&world);
}
END_TEST

START_TEST(an_intermediate_is_asked_about_and_the_root_is_not)
{
    struct world world;

    world_init(&world, OCSP | MIDDLE_CRL);
    world.web.pages[2].body = crl_make(world.arena,
        &(struct crl_spec){ .issuer = &world.root, .revoked = world.middle.certificate });
    struct xr_tls_session session = check(&world);
    expect_row(&session, XR_REVOCATION_GOOD, "OCSP http://", "leaf");
    const struct xr_revocation *row = session.revocations->next;
    ck_assert(row && row->depth == 1 && row->state == XR_REVOCATION_REVOKED);
    ck_assert_ptr_null(row->next);
    ck_assert_ptr_nonnull(flaw_of(&session, XR_FLAW_REVOKED, 1));
    ck_assert(!xr_tls_may_carry(&session, true));
    world_done(&world);
}
END_TEST

struct crowd {
    struct world *world;
    struct xr_arena *arenas[8];
    struct xr_tls_session sessions[8];
};

static void check_one(void *arg, size_t i)
{
    struct crowd *crowd = arg;

    world_check(crowd->world, crowd->arenas[i], (struct xr_der){ 0 }, &crowd->sessions[i]);
}

START_TEST(what_many_threads_ask_is_asked_once)
{
    struct world world;
    struct crowd crowd = { .world = &world };

    world_init(&world, OCSP | MIDDLE_CRL);
    for (size_t i = 0; i < 8; i++)
        crowd.arenas[i] = xr_arena_new();
    xr_pool_run(8, 8, check_one, &crowd);
    for (size_t i = 0; i < 8; i++) {
        expect_row(&crowd.sessions[i], XR_REVOCATION_GOOD, "OCSP http://", "one of many");
        ck_assert_int_eq(crowd.sessions[i].revocations->next->state, XR_REVOCATION_UNKNOWN);
        xr_arena_free(crowd.arenas[i]);
    }
    ck_assert_int_eq(atomic_load(&world.web.pages[0].hits), 1);
    ck_assert_int_eq(atomic_load(&world.web.pages[2].hits), 1); /* its error too */
    world_done(&world);
}
END_TEST

START_TEST(an_address_inside_is_not_asked_for_a_stranger)
{
    struct world world;
    struct xr_tls_session session = { 0 };

    world_init(&world, OCSP);
    struct xr_chain chain = { .sent = world.sent, .sent_n = 2 };
    struct xr_inquiry inquiry = { &world.net, world.fetched, world_host, "192.0.2.1",
        { INT64_MAX, xr_now_us() + 20 * 1000000LL, NULL } };
    xr_chain_judge(world.arena, &world.net, world_host, &chain, &session);
    xr_check_revocation(world.arena, &inquiry, &session);
    expect_row(&session, XR_REVOCATION_UNKNOWN, "127.0.0.1 is a loopback address", "loopback");
    ck_assert_int_eq(world_hits(&world), 0);
    session = check(&world); /* the refusal is not remembered for who may */
    expect_row(&session, XR_REVOCATION_GOOD, "OCSP http://", "tested at loopback");
    world_done(&world);
}
END_TEST

XR_UNIT_MAIN("revocation", the_second_address_is_asked_when_the_first_is_dead,
    who_is_asked_by_other_means_than_http_is_named, a_silent_responder_leaves_time_for_the_list,
    whom_no_time_was_left_for_is_not_blamed, an_ocsp_answer_of_the_issuer_counts,
    an_ocsp_answer_counts_within_its_dates_only, an_ocsp_answer_of_somebody_else_does_not_count,
    an_ocsp_answer_that_is_none_is_told_in_words, a_staple_that_counts_spares_all_questions,
    a_staple_that_does_not_count_leads_to_a_question, on_request_nobody_is_asked,
    who_names_nobody_or_lives_shortly_has_no_flaw,
    an_intermediate_is_asked_about_and_the_root_is_not, what_many_threads_ask_is_asked_once,
    an_address_inside_is_not_asked_for_a_stranger)
