#include <openssl/x509.h>
#include <string.h>

#include "analyzer/wire/judge.h"
#include "tests/unit.h"
#include "tests/wire/forge.h"

enum { SECOND_MS = 1000 };

/* 2026-01-01 */
static const int64_t moment_ms = INT64_C(1767225600000);

static struct forged root, authority, leaf;
static struct xr_trust trust;
static struct xr_net net;
static struct xr_arena *arena;

static void begin(void)
{
    root = forge(&(struct forge_spec){ .cn = "root", .ca = true }, NULL);
    authority = forge(&(struct forge_spec){ .cn = "authority", .ca = true }, &root);
    leaf = forge(&(struct forge_spec){ .cn = "mail.test", .san = "DNS:mail.test" }, &authority);
    trust = (struct xr_trust){ X509_STORE_new(), true, xr_judge_memo_new() };
    ck_assert_int_eq(X509_STORE_add_cert(trust.store, root.certificate), 1);
    net = (struct xr_net){ .trust = &trust, .at_ms = moment_ms };
    arena = xr_arena_new();
}

static void end(void)
{
    X509_STORE_free(trust.store);
    xr_judge_memo_free(trust.memo);
    xr_arena_free(arena);
    forge_free();
}

static struct xr_tls_session judged_chain(const char *host, X509 *first, X509 *second)
{
    struct xr_tls_session session = { 0 };
    STACK_OF(X509) *sent = sk_X509_new_null();

    (void)sk_X509_push(sent, first);
    if (second)
        (void)sk_X509_push(sent, second);
    xr_judge(arena, &net, host, sent, &session);
    sk_X509_free(sent);
    return session;
}

static struct xr_tls_session judged_again(const char *host)
{
    return judged_chain(host, leaf.certificate, authority.certificate);
}

/* Without its root nothing is trusted any more that is not remembered. */
static void forget_the_root(void)
{
    X509_STORE_free(trust.store);
    trust.store = X509_STORE_new();
}

static void ck_assert_same_certificate(
    const struct xr_certificate *a, const struct xr_certificate *b)
{
    ck_assert_str_eq(a->subject, b->subject);
    ck_assert_str_eq(a->issuer, b->issuer);
    ck_assert_str_eq(a->common_name, b->common_name);
    ck_assert_str_eq(a->serial, b->serial);
    ck_assert_str_eq(a->sha256, b->sha256);
    ck_assert_str_eq(a->key, b->key);
    ck_assert_str_eq(a->signature, b->signature);
    ck_assert_str_eq(a->names, b->names);
    ck_assert_str_eq(a->purposes, b->purposes);
    ck_assert_int_eq(a->position, b->position);
    ck_assert_int_eq(a->depth, b->depth);
    ck_assert_uint_eq(a->der.length, b->der.length);
    ck_assert_mem_eq(a->der.bytes, b->der.bytes, a->der.length);
}

START_TEST(the_same_chain_is_judged_alike_by_memory)
{
    begin();
    struct xr_tls_session first = judged_again("mail.test");
    forget_the_root();
    struct xr_tls_session second = judged_again("mail.test");

    ck_assert(first.trusted && second.trusted);
    ck_assert_int_eq(second.sent_n, 2);
    ck_assert_str_eq(second.leaf_sha256, first.leaf_sha256);
    const struct xr_certificate *a = first.certificates, *b = second.certificates;
    for (; a && b; a = a->next, b = b->next)
        ck_assert_same_certificate(a, b);
    ck_assert(!a && !b);
    end();
}
END_TEST

START_TEST(flaws_are_remembered_with_their_texts)
{
    begin();
    struct xr_tls_session first = judged_again("other.test");
    struct xr_tls_session second = judged_again("other.test");
    const struct xr_tls_flaw *a = first.flaws, *b = second.flaws;

    ck_assert_ptr_nonnull(a);
    for (; a && b; a = a->next, b = b->next) {
        ck_assert_int_eq(a->flaw, b->flaw);
        ck_assert_int_eq(a->depth, b->depth);
        ck_assert_str_eq(a->text, b->text);
        ck_assert_ptr_ne(a->text, b->text);
    }
    ck_assert(!a && !b);
    ck_assert(!xr_tls_may_carry(&second, false));
    end();
}
END_TEST

START_TEST(what_differs_in_anything_is_judged_anew)
{
    begin();
    ck_assert(judged_again("mail.test").trusted);
    forget_the_root();

    net.at_ms = moment_ms + SECOND_MS;
    ck_assert(!judged_again("mail.test").trusted);
    end();

    begin();
    ck_assert(judged_again("mail.test").trusted);
    forget_the_root();
    net.warn_days = 7;
    ck_assert(!judged_again("mail.test").trusted);
    end();

    begin();
    ck_assert(judged_again("mail.test").trusted);
    struct xr_tls_session other = judged_again("other.test");
    ck_assert(!xr_tls_may_carry(&other, false));
    end();
}
END_TEST

START_TEST(another_chain_is_judged_anew)
{
    begin();
    struct forged twin =
        forge(&(struct forge_spec){ .cn = "mail.test", .san = "DNS:mail.test" }, &authority);

    ck_assert(judged_again("mail.test").trusted);
    forget_the_root();
    ck_assert(!judged_chain("mail.test", leaf.certificate, NULL).trusted);
    ck_assert(!judged_chain("mail.test", twin.certificate, authority.certificate).trusted);
    ck_assert(!judged_chain("mail.test", authority.certificate, leaf.certificate).trusted);
    end();
}
END_TEST

/* The memory is that of the last chain; what was handed out lives on its own. */
START_TEST(what_was_handed_out_outlives_the_memory)
{
    begin();
    (void)judged_again("mail.test");
    struct xr_tls_session second = judged_again("mail.test");
    xr_judge_memo_free(trust.memo);
    trust.memo = NULL;

    ck_assert_str_eq(second.certificates->common_name, "mail.test");
    ck_assert_uint_gt(second.certificates->der.length, 100);
    ck_assert_int_eq(second.certificates->der.bytes[0], 0x30);
    end();
}
END_TEST

XR_UNIT_MAIN("judge-memo", the_same_chain_is_judged_alike_by_memory,
    flaws_are_remembered_with_their_texts, what_differs_in_anything_is_judged_anew,
    another_chain_is_judged_anew, what_was_handed_out_outlives_the_memory)
