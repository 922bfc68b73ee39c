#include <openssl/bn.h>
#include <string.h>

#include "analyzer/base/clock.h"
#include "tests/unit.h"
#include "tests/wire/forge.h"

static const struct xr_certificate *describe(struct xr_arena *arena, const struct forge_spec *spec)
{
    struct forged made = forge(spec, NULL);

    return xr_certificate_describe(arena, made.certificate);
}

START_TEST(what_a_certificate_points_to_is_read)
{
    struct xr_arena *arena = xr_arena_new();
    const struct xr_certificate *at = describe(arena,
        &(struct forge_spec){ .cn = "mail.test",
            .san = "DNS:mail.test,IP:192.0.2.1",
            .extensions = {
                { NID_info_access, "caIssuers;URI:ldap:///cn=x,caIssuers;URI:http://a.test/ca.crt,"
                                   "OCSP;URI:http://o.test/,OCSP;URI:http://second.test/" },
                { NID_crl_distribution_points, "URI:ldap:///y,URI:http://c.test/1.crl" },
                { NID_tlsfeature, "status_request" },
                { NID_certificate_policies,
                    "DER:30:11:30:05:06:03:2A:03:04:30:08:06:06:67:81:0C:01:02:02" } } });

    ck_assert_str_eq(at->issuer_url, "http://a.test/ca.crt");
    ck_assert_str_eq(at->ocsp_url, "http://o.test/");
    ck_assert_str_eq(at->crl_url, "http://c.test/1.crl");
    ck_assert_str_eq(at->purposes, "TLS Web Server Authentication");
    ck_assert_str_eq(at->names, "mail.test, 192.0.2.1");
    ck_assert(at->must_staple && at->is_public && !at->timestamps && !at->authority);
    X509 *again = xr_certificate_read(at->der);
    ck_assert_ptr_nonnull(again);
    ck_assert_str_eq(xr_certificate_describe(arena, again)->sha256, at->sha256);
    X509_free(again);
    xr_arena_free(arena);
    forge_free();
}
END_TEST

START_TEST(of_addresses_the_first_three_are_kept_and_none_twice)
{
    struct xr_arena *arena = xr_arena_new();
    struct forged made = forge(
        &(struct forge_spec){
            .extensions = { { NID_info_access,
                                "OCSP;URI:https://s.test/,OCSP;URI:http://o1.test/,"
                                "OCSP;URI:http://o2.test/,OCSP;URI:http://o1.test/" },
                { NID_crl_distribution_points,
                    "URI:http://c1.test,URI:http://c2.test,URI:http://c3.test,"
                    "URI:http://c4.test" } } },
        NULL);

    struct xr_urls urls = xr_certificate_urls(arena, made.certificate, XR_URL_OCSP);
    ck_assert_uint_eq(urls.n, 2);
    ck_assert_str_eq(urls.http[0], "http://o1.test/");
    ck_assert_str_eq(urls.http[1], "http://o2.test/");
    ck_assert_str_eq(urls.other, "https://s.test/");
    urls = xr_certificate_urls(arena, made.certificate, XR_URL_CRL);
    ck_assert_uint_eq(urls.n, 3);
    ck_assert_str_eq(urls.http[2], "http://c3.test");
    ck_assert_ptr_null(urls.other);
    urls = xr_certificate_urls(arena, made.certificate, XR_URL_ISSUER);
    ck_assert(!urls.n && !urls.http[0] && !urls.other);
    xr_arena_free(arena);
    forge_free();
}
END_TEST

START_TEST(addresses_among_the_names_are_written_as_usual)
{
    struct xr_arena *arena = xr_arena_new();
    const struct xr_certificate *at =
        describe(arena, &(struct forge_spec){ .san = "IP:2001:db8::1,IP:::ffff:192.0.2.1" });
    ck_assert_str_eq(at->names, "2001:db8::1, ::ffff:192.0.2.1");
    at = describe(arena, &(struct forge_spec){ .extensions = { { NID_subject_alt_name,
                                                   "DER:30:07:87:05:01:02:03:04:05" } } });
    ck_assert_str_eq(at->names, "a malformed address (of 5 bytes)");
    xr_arena_free(arena);
    forge_free();
}
END_TEST

START_TEST(a_bare_certificate_points_nowhere)
{
    struct xr_arena *arena = xr_arena_new();
    const struct xr_certificate *at = describe(
        arena, &(struct forge_spec){ .extensions = { { NID_ext_key_usage, NULL },
                                         { NID_info_access, "caIssuers;URI:https://a.test/" } } });

    ck_assert_ptr_null(at->issuer_url);
    ck_assert_ptr_null(at->ocsp_url);
    ck_assert_ptr_null(at->crl_url);
    ck_assert_str_eq(at->purposes, "");
    ck_assert_str_eq(at->names, "");
    ck_assert_str_eq(at->common_name, "(no name)");
    ck_assert(!at->must_staple && !at->is_public);
    xr_arena_free(arena);
    forge_free();
}
END_TEST

static const struct {
    const char *what;
    int nid;
} breakable[] = {
    { "names", NID_subject_alt_name },
    { "purposes", NID_ext_key_usage },
    { "access", NID_info_access },
    { "lists", NID_crl_distribution_points },
    { "features", NID_tlsfeature },
    { "policies", NID_certificate_policies },
    { "timestamps", NID_ct_precert_scts },
    { "constraints", NID_basic_constraints },
};

START_TEST(broken_extensions_are_read_as_nothing)
{
    static const char *const values[] = { "DER:FF", "DER:30:84:7F:FF:FF:FF", "DER:04:03:FF:FF:FF",
        "DER:30:00", "DER:05:00" };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(breakable) / sizeof(*breakable); i++)
        for (size_t k = 0; k < sizeof(values) / sizeof(*values); k++) {
            const struct xr_certificate *at =
                describe(arena, &(struct forge_spec){ .cn = "mail.test",
                                    .extensions = { { breakable[i].nid, values[k] } } });
            ck_assert_msg(!at->must_staple && !at->is_public && !at->issuer_url && !at->crl_url,
                "%s %s", breakable[i].what, values[k]);
        }
    xr_arena_free(arena);
    forge_free();
}
END_TEST

static GENERAL_NAMES *many_names(int n)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

    for (int i = 0; i < n; i++) {
        char text[] = "a0000.contoso.test";
        for (int digit = 4, rest = i; digit > 0; digit--, rest /= 10)
            text[digit] = (char)('0' + rest % 10);
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *value = ASN1_IA5STRING_new();
        (void)ASN1_STRING_set(value, text, -1);
        GENERAL_NAME_set0_value(name, GEN_DNS, value);
        (void)sk_GENERAL_NAME_push(names, name);
    }
    return names;
}

START_TEST(ten_thousand_names_take_little_time_and_room)
{
    struct xr_arena *arena = xr_arena_new();
    struct forged root =
        forge(&(struct forge_spec){ .cn = "root",
                  .ca = true,
                  .extensions = { { NID_name_constraints, "critical,permitted;DNS:test" } } },
            NULL);
    struct forged leaf = forge(&(struct forge_spec){ .cn = "mail.test" }, &root);
    GENERAL_NAMES *names = many_names(10000);

    ck_assert_int_eq(X509_add1_ext_i2d(leaf.certificate, NID_subject_alt_name, names, 0, 0), 1);
    GENERAL_NAMES_free(names);
    ck_assert_int_gt(X509_sign(leaf.certificate, root.key, EVP_sha256()), 0);
    int64_t started = xr_now_us();
    struct verdict verdict = judged(SENT(leaf), ROOTS(root), "a9999.contoso.test");
    ck_assert(xr_now_us() - started < 2000 * 1000);
    ck_assert_msg(is_usable(&verdict), "%s", all_told(&verdict));
    const char *shown = verdict.session.certificates->names;
    ck_assert_uint_lt(strlen(shown), 3000);
    ck_assert_ptr_nonnull(strstr(shown, " and 9900 more"));
    verdict_free(&verdict);
    verdict = judged(SENT(leaf), ROOTS(root), "mail.test");
    ck_assert_uint_lt(strlen(told(&verdict, XR_FLAW_NAME_MISMATCH, 0)), 1000);
    verdict_free(&verdict);
    xr_arena_free(arena);
    forge_free();
}
END_TEST

/* A key of 16,384 bits takes minutes to make; its public half does not. */
START_TEST(a_huge_key_is_verified_in_bounded_time)
{
    struct forged root = forge(&(struct forge_spec){ .cn = "root", .ca = true }, NULL);
    struct forged leaf = forge(&(struct forge_spec){ .cn = "m", .san = "DNS:mail.test" }, &root);
    BIGNUM *modulus = BN_new(), *exponent = BN_new();
    RSA *rsa;
    EVP_PKEY *key = EVP_PKEY_new();

    ck_assert_int_eq(BN_rand(modulus, 16384, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
    ck_assert_int_eq(BN_set_word(exponent, 65537), 1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    rsa = RSA_new();
    ck_assert_int_eq(RSA_set0_key(rsa, modulus, exponent, NULL), 1);
    ck_assert_int_eq(EVP_PKEY_assign_RSA(key, rsa), 1);
#pragma GCC diagnostic pop
    ck_assert_int_eq(X509_set_pubkey(leaf.certificate, key), 1);
    ck_assert_int_gt(X509_sign(leaf.certificate, root.key, EVP_sha256()), 0);
    struct verdict verdict = judged(SENT(leaf), ROOTS(root), "mail.test");
    ck_assert_msg(is_usable(&verdict), "%s", all_told(&verdict));
    ck_assert_str_eq(verdict.session.certificates->key, "RSA 16384 bit");
    verdict_free(&verdict);
    EVP_PKEY_free(key);
    forge_free();
}
END_TEST

START_TEST(the_year_9999_is_a_year)
{
    struct forged root = forge(&(struct forge_spec){ .cn = "root", .ca = true }, NULL);
    struct forged leaf = forge(
        &(struct forge_spec){
            .cn = "m", .san = "DNS:mail.test", .from_s = NOW_S - 1, .to_s = 253402300799 },
        &root);

    struct verdict verdict = judged(SENT(leaf), ROOTS(root), "mail.test");
    ck_assert_msg(!verdict.session.flaws, "%s", all_told(&verdict));
    ck_assert_int_eq(verdict.session.certificates->not_after_ms, 253402300799000);
    verdict_free(&verdict);
    forge_free();
}
END_TEST

XR_UNIT_MAIN("certificate", of_addresses_the_first_three_are_kept_and_none_twice,
    addresses_among_the_names_are_written_as_usual, what_a_certificate_points_to_is_read,
    a_bare_certificate_points_nowhere, broken_extensions_are_read_as_nothing,
    ten_thousand_names_take_little_time_and_room, a_huge_key_is_verified_in_bounded_time,
    the_year_9999_is_a_year)
