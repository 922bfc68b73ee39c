#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "tests/unit.h"
#include "tests/wire/forge.h"

/* One defect of a leaf, or of the authority or root above it, and what clients make of it. */
struct row {
    const char *what;
    struct forge_spec leaf, authority, root; /* cn NULL: the healthy one */
    const char *host;
    bool usable;
    enum xr_flaw flaw; /* that is told; XR_FLAW_COUNT: none at all */
    int depth;
};

#define LEAF(...)                                              \
    {                                                          \
        .cn = "mail.test", .san = "DNS:mail.test", __VA_ARGS__ \
    }
#define CA(...)                                    \
    {                                              \
        .cn = "authority", .ca = true, __VA_ARGS__ \
    }
#define ROOT(...)                             \
    {                                         \
        .cn = "root", .ca = true, __VA_ARGS__ \
    }
#define USUAL      \
    {              \
        .cn = NULL \
    }
#define EXT(...)    .extensions = { __VA_ARGS__ }
#define BAD(depth)  false, XR_FLAW_BAD_PURPOSE, depth
#define MILD(depth) true, XR_FLAW_NONCONFORMING, depth
#define FINE        true, XR_FLAW_COUNT, 0

static struct verdict judge_row(const struct row *row)
{
    const struct forge_spec root = ROOT(), authority = CA(), leaf = LEAF();
    struct forged top = forge(row->root.ca ? &row->root : &root, NULL);
    struct forged middle = forge(row->authority.cn ? &row->authority : &authority, &top);
    bool given = row->leaf.cn || row->leaf.san || row->leaf.extensions[0].nid;
    struct forged end = forge(given ? &row->leaf : &leaf, &middle);

    return judged(SENT(end, middle), ROOTS(top), row->host ? row->host : "mail.test");
}

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct row *row = &rows[i];
        struct verdict verdict = judge_row(row);
        ck_assert_msg(is_usable(&verdict) == row->usable, "%s:%s", row->what, all_told(&verdict));
        if (row->flaw == XR_FLAW_COUNT)
            ck_assert_msg(!verdict.session.flaws, "%s:%s", row->what, all_told(&verdict));
        else
            ck_assert_msg(told(&verdict, row->flaw, row->depth) != NULL, "%s:%s", row->what,
                all_told(&verdict));
        verdict_free(&verdict);
        forge_free();
    }
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(*(rows)))

START_TEST(what_clients_accept_has_no_flaw)
{
    static const struct row rows[] = {
        { "healthy", .usable = true, .flaw = XR_FLAW_COUNT },
        { "no purposes", LEAF(EXT({ NID_ext_key_usage, NULL })), USUAL, USUAL, NULL, FINE },
        { "any purpose beside", LEAF(EXT({ NID_ext_key_usage, "serverAuth,2.5.29.37.0" })), USUAL,
            USUAL, NULL, FINE },
        { "no key usage", LEAF(EXT({ NID_key_usage, NULL })), USUAL, USUAL, NULL, FINE },
        { "no basic constraints", LEAF(EXT({ NID_basic_constraints, NULL })), USUAL, USUAL, NULL,
            FINE },
        { "root of loose form", USUAL, USUAL, ROOT(EXT({ NID_basic_constraints, "CA:TRUE" })), NULL,
            FINE },
        { "no subject",
            { .san = "DNS:mail.test", EXT({ NID_subject_alt_name, "critical,DNS:mail.test" }) },
            USUAL, USUAL, NULL, FINE },
        { "P-521", LEAF(.key = "P-521"), USUAL, USUAL, NULL, FINE },
        { "RSA", LEAF(.key = "RSA:2048"), USUAL, USUAL, NULL, FINE },
        { "IP address", { .cn = "a", .san = "IP:192.0.2.1" }, USUAL, USUAL, "192.0.2.1", FINE },
        { "wildcard", { .cn = "a", .san = "DNS:*.contoso.test" }, USUAL, USUAL, "mail.contoso.test",
            FINE },
    };

    CHECK_ROWS(rows);
}
END_TEST

/* Codes of OpenSSL's strict mode alone: told, but nobody is turned away for them. */
START_TEST(what_only_a_strict_reader_minds_is_mild)
{
    static const struct row rows[] = {
        { "leaf without AKI", LEAF(EXT({ NID_authority_key_identifier, NULL })), USUAL, USUAL, NULL,
            MILD(0) },
        { "authority without AKI", USUAL, CA(EXT({ NID_authority_key_identifier, NULL })), USUAL,
            NULL, MILD(1) },
        { "authority without SKI", LEAF(EXT({ NID_authority_key_identifier, NULL })),
            CA(EXT({ NID_subject_key_identifier, NULL })), USUAL, NULL, MILD(1) },
        { "authority without key usage", USUAL, CA(EXT({ NID_key_usage, NULL })), USUAL, NULL,
            MILD(1) },
        { "loose constraints", USUAL, CA(EXT({ NID_basic_constraints, "CA:TRUE" })), USUAL, NULL,
            MILD(1) },
        { "leaf that may sign", LEAF(EXT({ NID_key_usage, "digitalSignature,keyCertSign" })), USUAL,
            USUAL, NULL, MILD(0) },
        { "serial zero", LEAF(.serial = -1), USUAL, USUAL, NULL, MILD(0) },
        { "serial of 22 octets", LEAF(.serial = -3), USUAL, USUAL, NULL, MILD(0) },
        { "leaf with constraints", LEAF(EXT({ NID_name_constraints, "permitted;DNS:test" })), USUAL,
            USUAL, NULL, MILD(0) },
    };

    CHECK_ROWS(rows);
}
END_TEST

/* Refused by at least one of OpenSSL, Go, Java, NSS or Schannel. */
START_TEST(what_a_client_refuses_is_an_error)
{
    static const struct row rows[] = {
        { "for clients", LEAF(EXT({ NID_ext_key_usage, "clientAuth" })), USUAL, USUAL, NULL,
            BAD(0) },
        { "authority for clients", USUAL, CA(EXT({ NID_ext_key_usage, "clientAuth" })), USUAL, NULL,
            BAD(1) },
        { "no authority", USUAL, CA(EXT({ NID_basic_constraints, "CA:FALSE" })), USUAL, NULL,
            BAD(1) },
        { "silent on being one", USUAL, CA(EXT({ NID_basic_constraints, NULL })), USUAL, NULL,
            BAD(1) },
        { "may not sign", USUAL, CA(EXT({ NID_key_usage, "digitalSignature" })), USUAL, NULL,
            BAD(1) },
        { "root that may not sign", USUAL, USUAL, ROOT(EXT({ NID_key_usage, "digitalSignature" })),
            NULL, BAD(2) },
        { "version 1 authority", LEAF(EXT({ NID_authority_key_identifier, NULL })),
            CA(.version = 1), USUAL, NULL, BAD(1) },
        { "unknown critical", LEAF(EXT({ NID_netscape_comment, "critical,DER:05:00" })), USUAL,
            USUAL, NULL, BAD(0) },
        { "root with unknown critical", USUAL, USUAL,
            ROOT(EXT({ NID_netscape_comment, "critical,DER:05:00" })), NULL, BAD(2) },
        { "authority shown by a server", LEAF(EXT({ NID_basic_constraints, "critical,CA:TRUE" })),
            USUAL, USUAL, NULL, BAD(0) },
        { "negative serial", LEAF(.serial = -2), USUAL, USUAL, NULL, BAD(0) },
        { "malformed AIA", LEAF(EXT({ NID_info_access, "DER:6d:61" })), USUAL, USUAL, NULL,
            BAD(0) },
        { "malformed CRL points", LEAF(EXT({ NID_crl_distribution_points, "DER:6d:61" })), USUAL,
            USUAL, NULL, BAD(0) },
        { "malformed names", LEAF(EXT({ NID_subject_alt_name, "DER:6d:61" })), USUAL, USUAL, NULL,
            BAD(0) },
        { "empty names", LEAF(EXT({ NID_subject_alt_name, "DER:30:00" })), USUAL, USUAL, NULL,
            BAD(0) },
        { "NUL in a name",
            LEAF(EXT({ NID_subject_alt_name,
                "DER:30:10:82:09:6d:61:69:6c:2e:74:65:73:74:82:03:61:00:62" })),
            USUAL, USUAL, NULL, BAD(0) },
        { "an address of five bytes",
            LEAF(EXT({ NID_subject_alt_name,
                "DER:30:12:82:09:6d:61:69:6c:2e:74:65:73:74:87:05:01:02:03:04:05" })),
            USUAL, USUAL, NULL, BAD(0) },
        { "no subject, names not critical", { .san = "DNS:mail.test" }, USUAL, USUAL, NULL,
            BAD(0) },
        { "the same extension twice",
            LEAF(EXT({ NID_netscape_comment, "one" }, { NID_netscape_comment, "two" })), USUAL,
            USUAL, NULL, BAD(0) },
        { "critical key identifier", USUAL,
            CA(EXT({ NID_subject_key_identifier, "critical,hash" })), USUAL, NULL, BAD(1) },
        { "path too long", USUAL, CA(),
            ROOT(EXT({ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" })), NULL, BAD(2) },
    };

    CHECK_ROWS(rows);
}
END_TEST

START_TEST(weak_keys_and_signatures_are_errors)
{
    static const struct row rows[] = {
        { "RSA 1024", LEAF(.key = "RSA:1024"), USUAL, USUAL, NULL, false, XR_FLAW_WEAK_KEY, 0 },
        { "P-192", LEAF(.key = "P-192"), USUAL, USUAL, NULL, false, XR_FLAW_WEAK_KEY, 0 },
        { "DSA", LEAF(.key = "DSA"), USUAL, USUAL, NULL, false, XR_FLAW_WEAK_KEY, 0 },
        { "authority with RSA 1024", USUAL, CA(.key = "RSA:1024"), USUAL, NULL, false,
            XR_FLAW_WEAK_KEY, 1 },
        { "SHA-1", LEAF(.digest = "SHA1"), USUAL, USUAL, NULL, false, XR_FLAW_WEAK_SIGNATURE, 0 },
        { "authority with SHA-1", USUAL, CA(.digest = "SHA1"), USUAL, NULL, false,
            XR_FLAW_WEAK_SIGNATURE, 1 },
        { "root with SHA-1", USUAL, USUAL, ROOT(.digest = "SHA1"), NULL, FINE },
        { "Ed25519", LEAF(.key = "ED25519"), USUAL, USUAL, NULL, true, XR_FLAW_KEY_UNUSUAL, 0 },
        { "secp256k1", LEAF(.key = "secp256k1"), USUAL, USUAL, NULL, true, XR_FLAW_KEY_UNUSUAL, 0 },
    };

    CHECK_ROWS(rows);
}
END_TEST

/* Of the authority above the leaf. */
START_TEST(name_constraints_bind_every_kind_of_name)
{
#define NC(value) CA(EXT({ NID_name_constraints, "critical," value }))
#define NAMED(names)            \
    {                           \
        .cn = "x", .san = names \
    }
    static const struct row rows[] = {
        { "permitted", NAMED("DNS:mail.test"), NC("permitted;DNS:test"), USUAL, NULL, FINE },
        { "not permitted", NAMED("DNS:mail.test"), NC("permitted;DNS:b.test"), USUAL, NULL,
            BAD(0) },
        { "excluded", NAMED("DNS:mail.test"), NC("excluded;DNS:test"), USUAL, NULL, BAD(0) },
        { "excluded by the second name", NAMED("DNS:mail.test,DNS:b.test"),
            NC("excluded;DNS:b.test"), USUAL, NULL, BAD(0) },
        { "permitted range", NAMED("IP:192.0.2.1"), NC("permitted;IP:192.0.2.0/255.255.255.0"),
            USUAL, "192.0.2.1", FINE },
        { "outside of the range", NAMED("IP:192.0.3.1"), NC("permitted;IP:192.0.2.0/255.255.255.0"),
            USUAL, "192.0.3.1", BAD(0) },
        { "excluded range", NAMED("IP:192.0.2.1"), NC("excluded;IP:192.0.2.0/255.255.255.0"), USUAL,
            "192.0.2.1", BAD(0) },
        { "another kind", NAMED("DNS:mail.test"), NC("permitted;IP:192.0.2.0/255.255.255.0"), USUAL,
            NULL, FINE },
        { "an invalid name", NAMED("DNS:.test,DNS:mail.test"), NC("permitted;DNS:test"), USUAL,
            NULL, BAD(0) },
        { "a wildcard over what is excluded", NAMED("DNS:*.example.test"),
            NC("excluded;DNS:bar.example.test"), USUAL, "foo.example.test", BAD(0) },
        { "a wildcard beside it", NAMED("DNS:*.example.test"),
            NC("excluded;DNS:a.bar.example.test"), USUAL, "foo.example.test", FINE },
        { "empty", USUAL, NC("DER:30:00"), USUAL, NULL, BAD(1) },
        { "empty lists", USUAL, NC("DER:30:04:A0:00:A1:00"), USUAL, NULL, BAD(1) },
        { "a mask with gaps", USUAL, NC("DER:30:0E:A0:0C:30:0A:87:08:7F:00:00:01:FF:00:FF:00"),
            USUAL, NULL, BAD(1) },
        { "an address without a mask", USUAL, NC("DER:30:0A:A0:08:30:06:87:04:7F:00:00:01"), USUAL,
            NULL, BAD(1) },
        { "a kind that nobody compares", NAMED("DNS:mail.test,RID:1.2.3.4"),
            NC("excluded;RID:1.2.3.4"), USUAL, NULL, BAD(0) },
        { "that kind, and no such name", NAMED("DNS:mail.test"), NC("excluded;RID:1.2.3.4"), USUAL,
            NULL, FINE },
    };

    CHECK_ROWS(rows);
}
END_TEST

struct edge {
    const char *what;
    int64_t at_ms;
    enum xr_flaw flaw;
};

/* RFC 5280 4.1.2.5: from the first second through the last one. */
START_TEST(dates_are_judged_to_the_second)
{
    static const struct edge edges[] = {
        { "a millisecond before", NOW_MS - 1, XR_FLAW_NOT_YET_VALID },
        { "the first second", NOW_MS, XR_FLAW_COUNT },
        { "the last second", (NOW_S + DAYS(30)) * 1000, XR_FLAW_COUNT },
        { "a part of the last second", (NOW_S + DAYS(30)) * 1000 + 999, XR_FLAW_COUNT },
        { "a second late", (NOW_S + DAYS(30) + 1) * 1000, XR_FLAW_EXPIRED },
    };
    struct forged root = forge(&(struct forge_spec)ROOT(), NULL);
    struct forged leaf =
        forge(&(struct forge_spec)LEAF(.from_s = NOW_S, .to_s = NOW_S + DAYS(30)), &root);

    for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
        struct verdict verdict = judged_at(SENT(leaf), ROOTS(root), "mail.test", edges[i].at_ms, 0);
        ck_assert_msg(is_usable(&verdict) == (edges[i].flaw == XR_FLAW_COUNT), "%s:%s",
            edges[i].what, all_told(&verdict));
        if (edges[i].flaw != XR_FLAW_COUNT)
            ck_assert_msg(told(&verdict, edges[i].flaw, 0) != NULL, "%s", edges[i].what);
        verdict_free(&verdict);
    }
    const int64_t later_ms = NOW_MS + DAYS(25) * 1000;
    struct verdict soon = judged_at(SENT(leaf), ROOTS(root), "mail.test", later_ms, 31);
    ck_assert_str_eq(told(&soon, XR_FLAW_EXPIRES_SOON, 0),
        "The certificate of mail.test ends on 2026-04-19, in 5 days.");
    ck_assert(is_usable(&soon));
    verdict_free(&soon);
    forge_free();
}
END_TEST

START_TEST(all_flaws_are_told_at_once)
{
    struct forged root = forge(&(struct forge_spec)ROOT(), NULL);
    struct forged authority =
        forge(&(struct forge_spec)CA(.to_s = NOW_S - DAYS(1), .from_s = 1), &root);
    struct forged leaf = forge(&(struct forge_spec)LEAF(.key = "RSA:1024", .to_s = NOW_S - DAYS(2),
                                   .from_s = 1, EXT({ NID_ext_key_usage, "clientAuth" })),
        &authority);
    struct verdict verdict = judged(SENT(leaf, authority), ROOTS(leaf), "other.test");
    static const struct {
        enum xr_flaw flaw;
        int depth;
    } expected[] = { { XR_FLAW_EXPIRED, 0 }, { XR_FLAW_WEAK_KEY, 0 }, { XR_FLAW_BAD_PURPOSE, 0 },
        { XR_FLAW_NAME_MISMATCH, 0 } };

    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
        ck_assert_msg(told(&verdict, expected[i].flaw, expected[i].depth) != NULL, "%zu:%s", i,
            all_told(&verdict));
    verdict_free(&verdict);
    verdict = judged(SENT(leaf, authority), ROOTS(authority), NULL);
    ck_assert_msg(told(&verdict, XR_FLAW_EXPIRED, 0) && told(&verdict, XR_FLAW_EXPIRED, 1), "%s",
        all_told(&verdict));
    ck_assert_ptr_null(told(&verdict, XR_FLAW_NAME_MISMATCH, -1));
    verdict_free(&verdict);
    forge_free();
}
END_TEST

/* When OpenSSL gives up without telling a flaw, silence must not pass for a good certificate. */
START_TEST(a_verification_that_breaks_off_carries_nothing)
{
    struct forged root = forge(&(struct forge_spec)ROOT(), NULL);
    struct forged leaf = forge(&(struct forge_spec)LEAF(), &root);
    X509_PUBKEY *key = X509_get_X509_PUBKEY(leaf.certificate);

    /* A key that no library can read: an algorithm nobody knows. */
    ck_assert_int_eq(X509_PUBKEY_set0_param(key, OBJ_txt2obj("1.3.6.1.4.1.55555.9", 1),
                         V_ASN1_UNDEF, NULL, OPENSSL_memdup("\0\1\2", 3), 3),
        1);
    ck_assert_int_gt(X509_sign(leaf.certificate, root.key, EVP_sha256()), 0);
    struct verdict verdict = judged(SENT(leaf), ROOTS(root), "mail.test");
    ck_assert_ptr_nonnull(verdict.session.certificates);
    ck_assert(!verdict.session.trusted);
    ck_assert(!is_usable(&verdict));
    ck_assert(!xr_tls_may_carry(&verdict.session, true));
    ck_assert_msg(strstr(told(&verdict, XR_FLAW_BAD_PURPOSE, 0), "cannot be read") != NULL, "%s",
        all_told(&verdict));
    verdict_free(&verdict);
    forge_free();
}
END_TEST

START_TEST(without_a_certificate_nothing_is_trusted)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_trust trust = { X509_STORE_new(), true, NULL };
    struct xr_net net = { .trust = &trust };
    struct xr_der garbage = { (const unsigned char *)"0\3\1\1\377", 5 };
    struct xr_tls_session session = { .trusted = true };

    xr_chain_judge(arena, &net, "mail.test", &(struct xr_chain){ 0 }, &session);
    ck_assert(!session.trusted && !xr_tls_may_carry(&session, true));
    session.trusted = true;
    xr_chain_judge(arena, &net, "mail.test", &(struct xr_chain){ &garbage, 1, NULL, 0 }, &session);
    ck_assert(!session.trusted && !xr_tls_may_carry(&session, true));
    ck_assert_int_eq(session.sent_n, 1);
    X509_STORE_free(trust.store);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("judge", what_clients_accept_has_no_flaw, what_only_a_strict_reader_minds_is_mild,
    what_a_client_refuses_is_an_error, weak_keys_and_signatures_are_errors,
    name_constraints_bind_every_kind_of_name, dates_are_judged_to_the_second,
    all_flaws_are_told_at_once, a_verification_that_breaks_off_carries_nothing,
    without_a_certificate_nothing_is_trusted)
