/* Chains that were made to be judged wrongly, or for ever. */
#include <openssl/ocsp.h>
#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/pool.h"
#include "analyzer/wire/judge.h"
#include "tests/unit.h"
#include "tests/wire/authority.h"
#include "tests/wire/forge.h"

enum { FAKES_MAX = 70, NAMES = 1000, AUTHORITIES = 15, ODD_EXTENSIONS = 300 };

static struct forged authority(const char *cn, const struct forged *issuer)
{
    return forge(&(struct forge_spec){ .cn = cn, .ca = true }, issuer);
}

static struct forged mail(const struct forged *issuer)
{
    return forge(&(struct forge_spec){ .cn = "mail.test", .san = "DNS:mail.test" }, issuer);
}

/* Of flaws that are mild by themselves: neither identifies a key. */
static struct forged loose(int i, bool ca, const struct forged *issuer)
{
    char name[] = { 'f', (char)('a' + i / 26), (char)('a' + i % 26), '\0' };

    return forge(&(struct forge_spec){ .cn = ca ? name : "mail.test",
                     .ca = ca,
                     .san = ca ? NULL : "DNS:mail.test",
                     .extensions = { { NID_subject_key_identifier, NULL },
                         { NID_authority_key_identifier, NULL } } },
        issuer);
}

/* "sent" is filled: a leaf, so many authorities in a row, what "bottom" signed the first of. */
static void pile_up(struct forged *sent, int n, const struct forged *bottom)
{
    const struct forged *above = bottom;

    for (int i = n; i > 0; i--) {
        sent[i] = loose(i, true, above);
        above = &sent[i];
    }
    sent[0] = loose(0, false, above);
}

static void ck_assert_carries_nothing(const struct verdict *verdict, const char *part)
{
    ck_assert_msg(!xr_tls_may_carry(&verdict->session, false), "%s", all_told(verdict));
    ck_assert_msg(!xr_tls_may_carry(&verdict->session, true), "%s", all_told(verdict));
    ck_assert_msg(strstr(all_told(verdict), part) != NULL, "%s", all_told(verdict));
}

/* Somebody's ordinary certificate signs authorities of its own, each with a few mild flaws. */
START_TEST(mild_flaws_never_crowd_out_that_somebody_is_no_authority)
{
    static const int numbers[] = { 1, 15, 30, 66 };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        struct forged root = authority("root", NULL), ca = authority("ca", &root);
        struct forged sent[FAKES_MAX + 3] = { { NULL, NULL } };
        int n = numbers[i];
        sent[n + 1] =
            forge(&(struct forge_spec){ .cn = "attacker", .san = "DNS:attacker.test" }, &ca);
        sent[n + 2] = ca;
        pile_up(sent, n, &sent[n + 1]);
        struct verdict verdict = judged(sent, ROOTS(root), "mail.test");
        ck_assert_carries_nothing(&verdict, n < 20 ? "is no authority" : "longer than clients");
        ck_assert_msg(n < 20 || !verdict.session.trusted, "%s", all_told(&verdict));
        verdict_free(&verdict);
        forge_free();
    }
}
END_TEST

START_TEST(a_full_list_of_flaws_breaks_the_verdict)
{
    struct xr_verdict verdict = { 0 };

    for (int i = 0; i < 3 * XR_TOLD_MAX; i++)
        xr_verdict_tell(&verdict, (struct xr_told){ XR_FLAW_NONCONFORMING, i, 0, "it is odd" });
    ck_assert(!verdict.broken && !verdict.weight);
    xr_verdict_tell(&verdict, (struct xr_told){ XR_FLAW_EXPIRED, 0, 0, NULL });
    ck_assert_int_eq(verdict.told[verdict.told_n - 1].flaw, XR_FLAW_EXPIRED);
    for (int i = 1; i < XR_TOLD_MAX; i++)
        xr_verdict_tell(&verdict, (struct xr_told){ XR_FLAW_EXPIRED, i, 0, NULL });
    ck_assert_int_ne(verdict.broken, 0);
    ck_assert_int_eq(verdict.weight, XR_TOLD_MAX * xr_flaw_weight(XR_FLAW_EXPIRED));
}
END_TEST

START_TEST(twenty_certificates_below_the_root_are_accepted_and_no_more)
{
    struct forged root = authority("root", NULL);
    struct forged sent[XR_CHAIN_DEPTH_MAX + 2] = { { NULL, NULL } };

    pile_up(sent, XR_CHAIN_DEPTH_MAX - 1, &root);
    struct verdict verdict = judged(sent, ROOTS(root), "mail.test");
    ck_assert_msg(is_usable(&verdict) && verdict.session.trusted, "%s", all_told(&verdict));
    verdict_free(&verdict);
    pile_up(sent, XR_CHAIN_DEPTH_MAX, &root);
    verdict = judged(sent, ROOTS(root), "mail.test");
    ck_assert_carries_nothing(&verdict, "longer than clients accept");
    ck_assert(!verdict.session.trusted);
    ck_assert_ptr_null(told(&verdict, XR_FLAW_UNTRUSTED_ROOT, -1));
    verdict_free(&verdict);
    forge_free();
}
END_TEST

static const char *repeated(struct xr_arena *arena, const char *first, const char *more, int n)
{
    size_t length = strlen(first), one = strlen(more);
    char *text = xr_alloc(arena, length + one * (size_t)n + 1);

    memcpy(text, first, length);
    for (int i = 0; i < n; i++)
        memcpy(text + length + one * (size_t)i, more, one);
    text[length + one * (size_t)n] = '\0';
    return text;
}

START_TEST(names_and_constraints_cost_no_more_than_one_budget)
{
    struct xr_arena *arena = xr_arena_new();
    const char *excluded = repeated(arena, "critical,excluded;DNS:b", ",excluded;DNS:b", NAMES);
    const char *names = repeated(arena, "DNS:mail.test", ",DNS:a", NAMES);
    struct forged root = authority("root", NULL);
    struct forged sent[AUTHORITIES + 2] = { { NULL, NULL } };
    const struct forged *above = &root;

    for (int i = AUTHORITIES; i >= 0; i--) {
        char name[] = { 'c', (char)('a' + i), '\0' };
        struct forge_spec spec = { .cn = name, .ca = i > 0, .san = names };
        if (i)
            spec.extensions[0] = (struct forged_extension){ NID_name_constraints, excluded };
        sent[i] = forge(&spec, above);
        above = &sent[i];
    }
    int64_t started = xr_thread_us();
    struct verdict verdict = judged(sent, ROOTS(root), "mail.test");
    int64_t took = xr_thread_us() - started;
    ck_assert_msg(took < 2000 * 1000, "%lld us", (long long)took);
    ck_assert_carries_nothing(&verdict, "too many names");
    ck_assert(!verdict.session.trusted);
    verdict_free(&verdict);
    /* What lies beside the path is not compared with anything. */
    struct forged good = authority("ca", &root);
    sent[0] = mail(&good);
    struct forged last = sent[AUTHORITIES];
    sent[AUTHORITIES] = good;
    verdict = judged(sent, ROOTS(root), "mail.test");
    ck_assert_msg(is_usable(&verdict), "%s", all_told(&verdict));
    sent[AUTHORITIES] = last;
    verdict_free(&verdict);
    forge_free();
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_judgement_that_takes_too_long_is_none)
{
    struct xr_verdict verdict = { .until_us = xr_thread_us() + 60 * 1000000LL };

    ck_assert(!xr_verdict_is_late(&verdict) && !verdict.broken);
    verdict.until_us = xr_thread_us();
    ck_assert(xr_verdict_is_late(&verdict));
    ck_assert_int_ne(verdict.broken, 0);
}
END_TEST

/* Each is held against each other one. */
START_TEST(hundreds_of_extensions_are_refused)
{
    struct forged root = authority("root", NULL), leaf = mail(&root);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

    for (int i = 0; i < ODD_EXTENSIONS; i++) {
        unsigned char oid[] = { 6, 5, 0x2a, 3, 4, (unsigned char)(0x81 + i / 100),
            (unsigned char)(i % 100) };
        const unsigned char *at = oid;
        ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &at, sizeof(oid));
        X509_EXTENSION *odd = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value);
        ck_assert_int_eq(X509_add_ext(leaf.certificate, odd, -1), 1);
        X509_EXTENSION_free(odd);
        ASN1_OBJECT_free(object);
    }
    ASN1_OCTET_STRING_free(value);
    ck_assert_int_gt(X509_sign(leaf.certificate, root.key, EVP_sha256()), 0);
    struct verdict verdict = judged(SENT(leaf), ROOTS(root), "mail.test");
    ck_assert_carries_nothing(&verdict, "more than 200 extensions");
    verdict_free(&verdict);
    forge_free();
}
END_TEST

/* An authority with a new key, which its old one certifies under the same name (RFC 4210 4.4). */
START_TEST(a_fetched_certificate_of_a_new_key_leaves_the_chain_incomplete)
{
    struct forged old = authority("Contoso CA", NULL);
    struct forged cross = authority("Contoso CA", &old), leaf = mail(&cross);
    struct xr_arena *arena = xr_arena_new();
    struct xr_trust trust = { X509_STORE_new(), true, NULL };
    struct xr_net net = { .trust = &trust, .at_ms = NOW_MS };
    struct xr_der sent = xr_certificate_describe(arena, leaf.certificate)->der;
    struct xr_der fetched = xr_certificate_describe(arena, cross.certificate)->der;
    struct xr_tls_session session = { 0 };

    (void)X509_STORE_add_cert(trust.store, old.certificate);
    xr_chain_judge(arena, &net, "mail.test", &(struct xr_chain){ &sent, 1, &fetched, 1 }, &session);
    ck_assert(!session.trusted && !xr_tls_may_carry(&session, false));
    ck_assert_int_eq(session.flaws->flaw, XR_FLAW_CHAIN_INCOMPLETE);
    ck_assert_int_eq(session.flaws->depth, 0);
    const struct xr_certificate *at = xr_certificate_at(&session, 1);
    ck_assert(at->fetched && at->self_issued && !at->self_signed);
    ck_assert(xr_certificate_at(&session, 2)->self_signed);
    X509_STORE_free(trust.store);
    xr_arena_free(arena);
    forge_free();
}
END_TEST

/* A leaf below a root, as a connection shows it. */
struct shown {
    struct xr_arena *arena;
    struct identity root, leaf;
    struct xr_net net;
};

static struct shown show(void)
{
    struct shown shown = { .arena = xr_arena_new() };

    shown.root = identity_make(&(struct identity_spec){ .name = "Root", .authority = true }, NULL);
    shown.leaf = identity_make(&(struct identity_spec){ .name = "mail.test" }, &shown.root);
    shown.net = (struct xr_net){ .trust = identity_trust(shown.arena, &shown.root) };
    return shown;
}

static void shown_done(struct shown *shown)
{
    identity_free(&shown->root);
    identity_free(&shown->leaf);
    xr_trust_free((struct xr_trust *)(uintptr_t)shown->net.trust);
    xr_arena_free(shown->arena);
}

static void expect_staple(const struct shown *shown, const struct ocsp_spec *spec, const char *part)
{
    struct xr_tls_session session = { 0 };
    STACK_OF(X509) *sent = sk_X509_new_null();
    struct xr_der staple = ocsp_make(spec);
    bool revoked = !strcmp(part, "revoked");

    (void)sk_X509_push(sent, shown->leaf.certificate);
    xr_judge(shown->arena, &shown->net, "mail.test", sent, &session);
    ck_assert(xr_tls_may_carry(&session, false));
    xr_judge_staple(shown->arena, &shown->net, staple.bytes, (long)staple.length, &session);
    ck_assert_msg(strstr(session.staple, part) != NULL, "%s, not %s", session.staple, part);
    ck_assert_int_eq(xr_tls_may_carry(&session, true), !revoked);
    sk_X509_free(sent);
    free((void *)(uintptr_t)staple.bytes);
}

enum { THREADS = 8, ROUNDS = 60 };

/* With its own copies of what was sent, as each connection has them. */
static void judge_one(void *arg, size_t i)
{
    const struct shown *shown = arg;
    struct xr_arena *arena = xr_arena_new();
    struct xr_tls_session session = { 0 };
    struct xr_der sent = identity_der(arena, shown->leaf.certificate);

    (void)i;
    xr_chain_judge(arena, &shown->net, "mail.test",
        &(struct xr_chain){ .sent = &sent, .sent_n = 1 }, &session);
    ck_assert(session.trusted);
    xr_arena_free(arena);
}

/* ThreadSanitizer is the judge: OpenSSL fills in a root when it is first used. */
START_TEST(threads_share_a_root_that_nobody_has_used_yet)
{
    struct shown shown = show();
    const struct xr_trust *one_by_one = shown.net.trust;

    for (int i = 0; i < ROUNDS; i++) {
        struct xr_trust trust = { X509_STORE_new(), false, NULL };
        X509 *fresh = xr_certificate_read(identity_der(shown.arena, shown.root.certificate));
        (void)X509_STORE_add_cert(trust.store, fresh);
        X509_free(fresh);
        shown.net.trust = &trust;
        xr_pool_run(THREADS, THREADS, judge_one, &shown);
        X509_STORE_free(trust.store);
    }
    shown.net.trust = one_by_one;
    shown_done(&shown);
}
END_TEST

/* As every connection that carries something reads it. */
START_TEST(a_staple_counts_by_the_word_of_the_issuer_alone)
{
    struct shown shown = show();
    struct identity sibling =
        identity_make(&(struct identity_spec){ .name = "sibling.test" }, &shown.root);
    struct identity former = identity_make(
        &(struct identity_spec){
            .name = "Responder", .purpose = "OCSPSigning", .from_days = -10, .to_days = -5 },
        &shown.root);
    struct ocsp_spec spec = {
        .subject = &shown.leaf, .issuer = &shown.root, .status = V_OCSP_CERTSTATUS_REVOKED
    };

    expect_staple(&shown, &spec, "revoked");
    spec.id_hash = EVP_sha256();
    expect_staple(&shown, &spec, "revoked");
    spec.signer = &sibling;
    expect_staple(&shown, &spec, "not meant for signing OCSP answers");
    spec.signer = &former;
    expect_staple(&shown, &spec, "or is out of date");
    spec.signer = NULL;
    spec.status = V_OCSP_CERTSTATUS_GOOD;
    expect_staple(&shown, &spec, "good");
    identity_free(&sibling);
    identity_free(&former);
    shown_done(&shown);
}
END_TEST

XR_UNIT_MAIN("judge-hostile", mild_flaws_never_crowd_out_that_somebody_is_no_authority,
    a_full_list_of_flaws_breaks_the_verdict,
    twenty_certificates_below_the_root_are_accepted_and_no_more,
    names_and_constraints_cost_no_more_than_one_budget, a_judgement_that_takes_too_long_is_none,
    hundreds_of_extensions_are_refused,
    a_fetched_certificate_of_a_new_key_leaves_the_chain_incomplete,
    threads_share_a_root_that_nobody_has_used_yet, a_staple_counts_by_the_word_of_the_issuer_alone)
