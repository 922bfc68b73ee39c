#include <string.h>

#include "analyzer/base/clock.h"
#include "tests/unit.h"
#include "tests/wire/forge.h"

static struct forged make(const char *cn, const struct forged *issuer)
{
    return forge(&(struct forge_spec){ .cn = cn, .san = "DNS:mail.test" }, issuer);
}

static struct forged authority(const char *cn, const struct forged *issuer)
{
    return forge(&(struct forge_spec){ .cn = cn, .ca = true }, issuer);
}

/* The same name and key, signed by another. */
static struct forged cross(const char *cn, const struct forged *as, const struct forged *issuer)
{
    return forge(&(struct forge_spec){ .cn = cn, .ca = true, .as = as }, issuer);
}

static void expect_ambiguous(struct verdict *verdict, const char *part)
{
    const char *text = told(verdict, XR_FLAW_PATH_AMBIGUOUS, 0);

    ck_assert_msg(is_usable(verdict) && verdict->session.trusted, "%s", all_told(verdict));
    ck_assert_msg(text && strstr(text, part), "%s", all_told(verdict));
    verdict_free(verdict);
}

START_TEST(a_stale_cross_sign_in_front_is_walked_around)
{
    struct forged root = authority("root", NULL), old = authority("old", NULL);
    struct forged good = authority("ca", &root), leaf = make("mail", &good);
    struct forged stale = forge(
        &(struct forge_spec){
            .cn = "ca", .ca = true, .as = &good, .from_s = 1, .to_s = NOW_S - DAYS(1) },
        &old);
    struct forged lost = cross("ca", &good, &old);

    struct verdict verdict = judged(SENT(leaf, stale), ROOTS(old), "mail.test");
    ck_assert(!is_usable(&verdict));
    ck_assert_ptr_nonnull(told(&verdict, XR_FLAW_EXPIRED, 1));
    verdict_free(&verdict);
    verdict = judged(SENT(leaf, lost, good), ROOTS(root), "mail.test");
    expect_ambiguous(&verdict, "no trusted root is reached");
    forge_free();
}
END_TEST

START_TEST(two_issuers_of_one_name_are_told_apart_by_their_keys)
{
    struct forged root = authority("root", NULL);
    struct forged wrong = authority("ca", &root), right = authority("ca", &root);
    struct forged leaf = forge(&(struct forge_spec){ .cn = "mail",
                                   .san = "DNS:mail.test",
                                   .extensions = { { NID_authority_key_identifier, NULL } } },
        &right);

    struct verdict verdict = judged(SENT(leaf, wrong, right), ROOTS(root), "mail.test");
    expect_ambiguous(&verdict, "signature does not fit");
    verdict = judged(SENT(leaf, wrong), ROOTS(root), "mail.test");
    ck_assert(!is_usable(&verdict));
    verdict_free(&verdict);
    forge_free();
}
END_TEST

START_TEST(a_path_that_forbids_the_name_gives_way_to_one_that_does_not)
{
    struct forged root = authority("root", NULL), other = authority("other", NULL);
    struct forged narrow =
        forge(&(struct forge_spec){ .cn = "narrow",
                  .ca = true,
                  .extensions = { { NID_name_constraints, "critical,excluded;DNS:mail.test" } } },
            &root);
    struct forged first = authority("ca", &narrow), second = cross("ca", &first, &other);
    struct forged leaf = make("mail", &first);

    struct verdict verdict =
        judged(SENT(leaf, first, narrow, second), ROOTS(root, other), "mail.test");
    expect_ambiguous(&verdict, "forbidden to issue");
    forge_free();
}
END_TEST

START_TEST(a_loop_of_cross_signs_ends)
{
    struct forged root = authority("root", NULL);
    struct forged a = authority("a", NULL), b = authority("b", NULL);
    struct forged a_by_b = cross("a", &a, &b), b_by_a = cross("b", &b, &a);
    struct forged leaf = make("mail", &a);

    struct verdict verdict = judged(SENT(leaf, a_by_b, b_by_a), ROOTS(root), "mail.test");
    ck_assert(!is_usable(&verdict) && !verdict.session.trusted);
    verdict_free(&verdict);
    struct forged a_by_root = cross("a", &a, &root);
    verdict = judged(SENT(leaf, a_by_b, b_by_a, a_by_root), ROOTS(root), "mail.test");
    ck_assert_msg(is_usable(&verdict), "%s", all_told(&verdict));
    verdict_free(&verdict);
    forge_free();
}
END_TEST

enum { MESH = 10 };

/* Each of ten authorities is signed by each other: a hundred certificates, millions of paths. The
 * root has the name of the one that all want, and never fits. */
START_TEST(a_bomb_of_paths_is_given_up_within_a_second)
{
    struct forged nodes[MESH], sent[MESH * MESH + 2];
    size_t n = 0;

    for (int i = 0; i < MESH; i++)
        nodes[i] = authority((const char[]){ 'n', (char)('0' + i), '\0' }, NULL);
    struct forged root = authority("n9", NULL);
    sent[n++] = make("mail", &nodes[0]);
    for (int i = 0; i < MESH; i++)
        for (int k = 0; k < MESH; k++)
            if (i != k)
                sent[n++] =
                    cross((const char[]){ 'n', (char)('0' + i), '\0' }, &nodes[i], &nodes[k]);
    sent[n] = (struct forged){ NULL, NULL };
    int64_t started = xr_now_us();
    struct verdict verdict = judged(sent, ROOTS(root), "mail.test");
    int64_t took = xr_now_us() - started;
    ck_assert(!verdict.session.trusted);
    ck_assert_msg(took < 1500 * 1000, "%lld us", (long long)took);
    verdict_free(&verdict);
    forge_free();
}
END_TEST

START_TEST(a_hundred_certificates_are_looked_at_and_more_are_counted)
{
    enum { DEEP = 104 };
    struct forged chain[DEEP + 2];

    chain[DEEP] = authority("root", NULL);
    for (int i = DEEP - 1; i > 0; i--) {
        char name[] = { 'd', (char)('a' + i / 26), (char)('a' + i % 26), '\0' };
        chain[i] = authority(name, &chain[i + 1]);
    }
    chain[0] = make("mail", &chain[1]);
    struct forged root = chain[DEEP];
    chain[DEEP] = (struct forged){ NULL, NULL };
    int64_t started = xr_now_us();
    struct verdict verdict = judged(chain, ROOTS(root), "mail.test");
    ck_assert(xr_now_us() - started < 3000 * 1000);
    ck_assert(!is_usable(&verdict)); /* the ones in front of the root are beyond the limit */
    ck_assert_int_eq(verdict.session.sent_n, DEEP);
    size_t kept = 0;
    for (const struct xr_certificate *at = verdict.session.certificates; at; at = at->next)
        kept += at->position >= 0;
    ck_assert_uint_eq(kept, XR_CHAIN_SENT_MAX);
    verdict_free(&verdict);
    verdict = judged(chain + DEEP - 21, ROOTS(root), NULL);
    ck_assert_msg(!verdict.session.trusted, "%s", all_told(&verdict));
    verdict_free(&verdict);
    verdict = judged(chain + DEEP - 20, ROOTS(root), NULL);
    ck_assert_msg(verdict.session.trusted, "%s", all_told(&verdict));
    verdict_free(&verdict);
    forge_free();
}
END_TEST

START_TEST(any_certificate_that_is_named_as_a_root_is_an_anchor)
{
    struct forged root = authority("root", NULL), ca = authority("ca", &root);
    struct forged leaf = make("mail", &ca);

    struct verdict verdict = judged(SENT(leaf), ROOTS(ca), "mail.test");
    ck_assert_msg(is_usable(&verdict) && !verdict.session.flaws, "%s", all_told(&verdict));
    verdict_free(&verdict);
    verdict = judged(SENT(leaf, root), ROOTS(ca), "mail.test");
    ck_assert_msg(is_usable(&verdict) && !verdict.session.flaws, "%s", all_told(&verdict));
    verdict_free(&verdict);
    verdict = judged(SENT(leaf), ROOTS(leaf), "mail.test");
    ck_assert_msg(is_usable(&verdict), "%s", all_told(&verdict));
    verdict_free(&verdict);
    forge_free();
}
END_TEST

START_TEST(a_root_that_was_made_anew_under_its_old_name_is_recognised)
{
    struct forged before = authority("Contoso CA", NULL), after = authority("Contoso CA", NULL);
    struct forged leaf = make("mail", &after);

    struct verdict verdict = judged(SENT(leaf), ROOTS(before), "mail.test");
    ck_assert(!is_usable(&verdict));
    const char *text = told(&verdict, XR_FLAW_CHAIN_INCOMPLETE, 0);
    ck_assert_msg(text && strstr(text, "another key"), "%s", all_told(&verdict));
    verdict_free(&verdict);
    forge_free();
}
END_TEST

/* The server's fault stays a flaw, wherever its missing part was found. */
START_TEST(a_fetched_issuer_completes_a_path_and_vouches_for_nothing)
{
    struct forged root = authority("root", NULL), ca = authority("ca", &root);
    struct forged leaf = make("mail", &ca);
    struct xr_arena *arena = xr_arena_new();
    struct xr_trust trust = { X509_STORE_new(), true, NULL };
    struct xr_net net = { .trust = &trust, .at_ms = NOW_MS };
    struct xr_der sent = xr_certificate_describe(arena, leaf.certificate)->der;
    struct xr_der fetched[] = { xr_certificate_describe(arena, ca.certificate)->der,
        xr_certificate_describe(arena, root.certificate)->der };
    struct xr_chain chain = { &sent, 1, fetched, 2 };
    struct xr_tls_session session = { 0 };

    xr_chain_judge(arena, &net, "mail.test", &chain, &session);
    ck_assert(!session.trusted && !xr_tls_may_carry(&session, false));
    ck_assert_int_eq(session.flaws->flaw, XR_FLAW_CHAIN_INCOMPLETE);
    ck_assert_int_eq(session.flaws->next->flaw, XR_FLAW_UNTRUSTED_ROOT);
    (void)X509_STORE_add_cert(trust.store, root.certificate);
    xr_chain_judge(arena, &net, "mail.test", &chain, &session);
    ck_assert(!session.trusted && !xr_tls_may_carry(&session, false));
    ck_assert_int_eq(session.flaws->flaw, XR_FLAW_CHAIN_INCOMPLETE);
    ck_assert_int_eq(session.flaws->depth, 0);
    ck_assert_ptr_null(session.flaws->next);
    const struct xr_certificate *at = xr_certificate_at(&session, 1);
    ck_assert(at->fetched && at->position == -1);
    ck_assert(!xr_certificate_at(&session, 2)->fetched);
    X509_STORE_free(trust.store);
    xr_arena_free(arena);
    forge_free();
}
END_TEST

XR_UNIT_MAIN("path", a_stale_cross_sign_in_front_is_walked_around,
    two_issuers_of_one_name_are_told_apart_by_their_keys,
    a_path_that_forbids_the_name_gives_way_to_one_that_does_not, a_loop_of_cross_signs_ends,
    a_bomb_of_paths_is_given_up_within_a_second,
    a_hundred_certificates_are_looked_at_and_more_are_counted,
    any_certificate_that_is_named_as_a_root_is_an_anchor,
    a_root_that_was_made_anew_under_its_old_name_is_recognised,
    a_fetched_issuer_completes_a_path_and_vouches_for_nothing)
