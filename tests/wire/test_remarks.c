#include <string.h>

#include "analyzer/base/clock.h"
#include "tests/unit.h"
#include "tests/wire/forge.h"

/* 2.23.140.1.2.1: domain validated */
#define PUBLIC_POLICY "DER:30:0A:30:08:06:06:67:81:0C:01:02:01"

static struct forged authority(const char *cn, const struct forged *issuer)
{
    return forge(&(struct forge_spec){ .cn = cn, .ca = true }, issuer);
}

static void expect(struct verdict *verdict, enum xr_flaw flaw, const char *part, bool usable)
{
    const char *text = told(verdict, flaw, 0);

    ck_assert_msg(text && strstr(text, part), "\"%s\":%s", part, all_told(verdict));
    ck_assert_msg(is_usable(verdict) == usable, "%s", all_told(verdict));
    verdict_free(verdict);
}

START_TEST(what_no_path_needs_is_extra_and_a_sent_root_is_not)
{
    struct forged root = authority("root", NULL), stranger = authority("stranger", NULL);
    struct forged ca = authority("ca", &root), old = authority("old", NULL);
    struct forged cross =
        forge(&(struct forge_spec){ .cn = "root", .ca = true, .as = &root }, &old);
    struct forged leaf = forge(&(struct forge_spec){ .cn = "mail", .san = "DNS:mail.test" }, &ca);

    struct verdict verdict = judged(SENT(leaf, ca, root), ROOTS(root), "mail.test");
    ck_assert_msg(!verdict.session.flaws, "%s", all_told(&verdict));
    verdict_free(&verdict);
    verdict = judged(SENT(leaf, ca, cross), ROOTS(root), "mail.test");
    ck_assert_msg(!verdict.session.flaws, "%s", all_told(&verdict));
    verdict_free(&verdict);
    verdict = judged(SENT(leaf, ca, stranger), ROOTS(root), "mail.test");
    expect(&verdict, XR_FLAW_CHAIN_EXTRA, "\"stranger\"", true);
    verdict = judged(SENT(leaf, ca, ca), ROOTS(root), "mail.test");
    expect(&verdict, XR_FLAW_CHAIN_EXTRA, "\"ca\" (sent twice)", true);
    verdict = judged(SENT(leaf, root, ca), ROOTS(root), "mail.test");
    expect(&verdict, XR_FLAW_CHAIN_DISORDERED, "wrong order", true);
    forge_free();
}
END_TEST

START_TEST(a_name_that_nearly_fits_is_explained)
{
    static const struct {
        const char *cn, *san, *host, *part;
    } rows[] = {
        { "mail.test", NULL, "mail.test", "common name (CN) alone, which no longer counts" },
        { "mail.test", "DNS:a.test", "mail.test", "its common name (CN) says so" },
        { "a", "DNS:*.contoso.test", "contoso.test", "names below contoso.test" },
        { "a", "DNS:b.test,DNS:*.contoso.test", "a.b.contoso.test", "one label, not two" },
        { "a", "DNS:ma*.contoso.test", "mail.contoso.test", "whole first label" },
        { "a", "DNS:*.test", "mail.test", "top-level domain" },
        { "a", "IP:2001:db8::1", "mail.test", "is for 2001:db8::1, not for mail.test." },
        { "a", "email:a@b.test", "mail.test", "(none of its alternative names is that of a host)" },
        { "a", "DNS:192.0.2.1", "192.0.2.1", "must be listed as an IP address" },
        { "a", "DNS:other.test", "mail.test", "is for other.test, not for mail.test." },
    };
    struct forged root = authority("root", NULL);

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct forged leaf =
            forge(&(struct forge_spec){ .cn = rows[i].cn, .san = rows[i].san }, &root);
        struct verdict verdict = judged(SENT(leaf), ROOTS(root), rows[i].host);
        expect(&verdict, XR_FLAW_NAME_MISMATCH, rows[i].part, false);
    }
    forge_free();
}
END_TEST

START_TEST(the_certificate_of_exchange_setup_is_recognised)
{
    struct forged root = authority("root", NULL);
    struct forged own = forge(
        &(struct forge_spec){ .cn = "EXCH01", .san = "DNS:EXCH01,DNS:exch01.contoso.test" }, NULL);
    struct forged other =
        forge(&(struct forge_spec){ .cn = "mail.test", .san = "DNS:mail.test" }, NULL);

    struct verdict verdict = judged(SENT(own), ROOTS(root), "exch01.contoso.test");
    expect(&verdict, XR_FLAW_SELF_SIGNED, "Exchange made for itself", false);
    verdict = judged(SENT(other), ROOTS(root), "mail.test");
    expect(&verdict, XR_FLAW_SELF_SIGNED, "mail.test is signed by itself.", false);
    forge_free();
}
END_TEST

static struct verdict judge_lifetime(
    const struct forged *root, int64_t from_s, int days, bool public)
{
    struct forge_spec spec = {
        .cn = "mail", .san = "DNS:mail.test", .from_s = from_s, .to_s = from_s + DAYS(days) - 1
    };
    if (public)
        spec.extensions[0] = (struct forged_extension){ NID_certificate_policies, PUBLIC_POLICY };
    struct forged leaf = forge(&spec, root);
    return judged_at(SENT(leaf), ROOTS(*root), "mail.test", from_s * 1000, 0);
}

START_TEST(a_public_certificate_may_not_live_longer_than_the_rules_of_its_day)
{
    static const struct {
        int64_t from_s;
        int days;
    } rows[] = { { 1598918400, 398 }, { 1773532800, 200 }, { 1805068800, 100 },
        { 1868227200, 47 } };
    struct forged root = authority("root", NULL);

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct verdict verdict = judge_lifetime(&root, rows[i].from_s, rows[i].days, true);
        ck_assert_msg(!verdict.session.flaws, "%s", all_told(&verdict));
        verdict_free(&verdict);
        verdict = judge_lifetime(&root, rows[i].from_s, rows[i].days + 1, true);
        expect(&verdict, XR_FLAW_VALIDITY_TOO_LONG, "public authorities may issue", true);
        verdict = judge_lifetime(&root, rows[i].from_s, 900, false);
        ck_assert_msg(!verdict.session.flaws, "%s", all_told(&verdict));
        verdict_free(&verdict);
    }
    forge_free();
}
END_TEST

START_TEST(an_inspecting_product_is_named_unless_the_certificate_is_public)
{
    struct forged root = authority("Zscaler Root CA", NULL), other = authority("other", NULL);
    struct forge_spec spec = { .cn = "mail",
        .san = "DNS:mail.test",
        .from_s = NOW_S - DAYS(1),
        .to_s = NOW_S + DAYS(90),
        .extensions = { { NID_certificate_policies, PUBLIC_POLICY } } };
    struct forged public = forge(&spec, &root);
    spec.extensions[0].nid = 0;
    struct forged private = forge(&spec, &root);

    struct verdict verdict = judged(SENT(private), ROOTS(root), "mail.test");
    expect(&verdict, XR_FLAW_INTERCEPTED, "Zscaler", true);
    verdict = judged(SENT(public), ROOTS(other), "mail.test");
    expect(&verdict, XR_FLAW_INTERCEPTED, "Zscaler", false);
    verdict = judged(SENT(public), ROOTS(root), "mail.test");
    ck_assert_msg(!verdict.session.flaws, "%s", all_told(&verdict));
    verdict_free(&verdict);
    forge_free();
}
END_TEST

START_TEST(nothing_of_a_strangers_name_is_told_raw)
{
    struct forged root = authority("root", NULL);
    struct forged leaf = forge(&(struct forge_spec){ .cn = "mail\x1b[31m\xe2\x80\xae"
                                                           "tset\n",
                                   .san = "DNS:other.test" },
        NULL);

    struct verdict verdict = judged(SENT(leaf), ROOTS(root), "mail.test");
    for (const struct xr_tls_flaw *at = verdict.session.flaws; at; at = at->next) {
        ck_assert_ptr_null(strchr(at->text, '\x1b'));
        ck_assert_ptr_null(strchr(at->text, '\n'));
        ck_assert_ptr_null(strstr(at->text, "\xe2\x80\xae"));
    }
    ck_assert_ptr_nonnull(verdict.session.flaws);
    verdict_free(&verdict);
    forge_free();
}
END_TEST

/* Judged by the clock, whose days have other names than those of a moment asked about. */
static void expect_day(
    const struct forged *root, int64_t to_s, int64_t at_ms, enum xr_flaw flaw, const char *part)
{
    struct forged leaf = forge(
        &(struct forge_spec){ .cn = "mail", .san = "DNS:mail.test", .from_s = 1, .to_s = to_s },
        root);
    struct verdict verdict = judged_at(SENT(leaf), ROOTS(*root), "mail.test", at_ms, 30);

    expect(&verdict, flaw, part, flaw == XR_FLAW_EXPIRES_SOON);
}

START_TEST(days_are_told_as_people_say_them)
{
    struct forged root = authority("root", NULL);
    int64_t midnight = xr_wall_ms() / 1000 / DAYS(1) * DAYS(1);

    expect_day(&root, midnight + DAYS(1) - 1, 0, XR_FLAW_EXPIRES_SOON, ", today.");
    expect_day(&root, midnight + DAYS(2) - 1, 0, XR_FLAW_EXPIRES_SOON, ", tomorrow.");
    expect_day(&root, midnight + DAYS(9) - 1, 0, XR_FLAW_EXPIRES_SOON, ", in 8 days.");
    expect_day(&root, midnight - 1, 0, XR_FLAW_EXPIRED, ", yesterday.");
    expect_day(&root, midnight - DAYS(3), 0, XR_FLAW_EXPIRED, ", 3 days ago.");
    int64_t noon = midnight + DAYS(1) / 2;
    expect_day(&root, noon - 60, noon * 1000, XR_FLAW_EXPIRED, ", on the day asked about.");
    expect_day(&root, noon - DAYS(1), noon * 1000, XR_FLAW_EXPIRED, ", 1 day ago.");
    expect_day(&root, noon + DAYS(1), noon * 1000, XR_FLAW_EXPIRES_SOON, ", in 1 day.");
    forge_free();
}
END_TEST

START_TEST(a_short_life_is_no_warning_until_its_last_third)
{
    struct forged root = authority("root", NULL);
    struct forged leaf = forge(
        &(struct forge_spec){
            .cn = "mail", .san = "DNS:mail.test", .from_s = NOW_S, .to_s = NOW_S + DAYS(6) },
        &root);

    struct verdict verdict = judged_at(SENT(leaf), ROOTS(root), "mail.test", NOW_MS, 30);
    ck_assert_msg(!verdict.session.flaws, "%s", all_told(&verdict));
    verdict_free(&verdict);
    verdict = judged_at(SENT(leaf), ROOTS(root), "mail.test", (NOW_S + DAYS(4)) * 1000, 30);
    ck_assert_msg(!verdict.session.flaws, "%s", all_told(&verdict));
    verdict_free(&verdict);
    verdict = judged_at(SENT(leaf), ROOTS(root), "mail.test", (NOW_S + DAYS(4) + 1) * 1000, 30);
    expect(&verdict, XR_FLAW_EXPIRES_SOON, ", in 1 day.", true);
    forge_free();
}
END_TEST

START_TEST(what_is_related_but_has_ended_is_extra)
{
    struct forged root = authority("root", NULL), ca = authority("ca", &root);
    struct forged old = forge(
        &(struct forge_spec){
            .cn = "ca", .ca = true, .as = &ca, .from_s = 1, .to_s = NOW_S - DAYS(10) },
        &root);
    struct forged leaf = forge(&(struct forge_spec){ .cn = "mail", .san = "DNS:mail.test" }, &ca);

    struct verdict verdict = judged(SENT(leaf, ca, old), ROOTS(root), "mail.test");
    expect(&verdict, XR_FLAW_CHAIN_EXTRA, "\"ca\" (ended on 2026-03-10)", true);
    forge_free();
}
END_TEST

START_TEST(a_chain_that_was_turned_round_is_told_so)
{
    struct forged root = authority("root", NULL), ca = authority("ca", &root);
    struct forged leaf = forge(&(struct forge_spec){ .cn = "mail", .san = "DNS:mail.test" }, &ca);

    struct verdict verdict = judged(SENT(root, ca, leaf), ROOTS(root), "mail.test");
    ck_assert_msg(!told(&verdict, XR_FLAW_CHAIN_EXTRA, -1), "%s", all_told(&verdict));
    expect(&verdict, XR_FLAW_CHAIN_DISORDERED,
        "of \"root\", is an authority's; the server's must stand first: that of \"mail\" is number "
        "3.",
        false);
    forge_free();
}
END_TEST

/* Without the issuer nobody can tell a forgetful server from a private root. */
START_TEST(an_unknown_issuer_leaves_two_possibilities)
{
    struct forged root = authority("root", NULL), other = authority("other", NULL);
    struct forged ca = authority("ca", &root);
    struct forged leaf = forge(&(struct forge_spec){ .cn = "mail", .san = "DNS:mail.test" }, &ca);

    struct verdict verdict = judged(SENT(leaf), ROOTS(other), "mail.test");
    expect(&verdict, XR_FLAW_CHAIN_INCOMPLETE,
        "either the server leaves out the certificate of \"CN=ca\", or that is a private root",
        false);
    verdict = judged(SENT(leaf, ca), ROOTS(other), "mail.test");
    const char *text = told(&verdict, XR_FLAW_UNTRUSTED_ROOT, 1);
    ck_assert_msg(text && strstr(text, "leaves out the certificate of \"CN=root\", or that is"),
        "%s", all_told(&verdict));
    verdict_free(&verdict);
    forge_free();
}
END_TEST

XR_UNIT_MAIN("remarks", days_are_told_as_people_say_them,
    a_short_life_is_no_warning_until_its_last_third, what_is_related_but_has_ended_is_extra,
    a_chain_that_was_turned_round_is_told_so, an_unknown_issuer_leaves_two_possibilities,
    what_no_path_needs_is_extra_and_a_sent_root_is_not, a_name_that_nearly_fits_is_explained,
    the_certificate_of_exchange_setup_is_recognised,
    a_public_certificate_may_not_live_longer_than_the_rules_of_its_day,
    an_inspecting_product_is_named_unless_the_certificate_is_public,
    nothing_of_a_strangers_name_is_told_raw)
