#include "probes/policy.h"
#include "tests/unit.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The law is CONTRACT section 8, "Credentials". */
static const char *const nobody[] = { NULL };
static const char *const allowed[] = { "partner.example", "10.1.2.3", NULL };
static const struct xr_own_hosts contoso = {
    .mail_domain = "contoso.test",
    .allowed = allowed,
    .named = "ews.hoster.example",
    .vouched = "mail.fabrikam.example",
};

/* ---- the law, written a second time: without the table, from facts that are written by hand ----
 */

struct host {
    const char *name;
    bool is_name, is_own;
};

static const struct host hosts[] = {
    { NULL, false, false },
    { "", false, false },
    { "contoso.test", true, true },
    { "autodiscover.contoso.test", true, true },
    { "AutoDiscover.CONTOSO.Test.", true, true },
    { "partner.example", true, true },
    { "ews.hoster.example", true, true },
    { "mail.fabrikam.example", true, true },
    { "10.1.2.3", true, true },
    { "evil.example", true, false },
    { "evilcontoso.test", true, false },
    { "test", true, false },
    { "10.1.2.4", true, false },
    { "evil.example/.contoso.test", false, false },
};

static enum xr_permit law(const struct host *from, enum xr_named_by by, bool https,
    const struct host *to, enum xr_cargo cargo)
{
    if (!to->is_name)
        return XR_REFUSE;
    if (!https)
        return by == XR_NAMED_BY_RULE && cargo == XR_CARGO_NOTHING && to->is_own
                   ? XR_SEND_ANONYMOUSLY
                   : XR_REFUSE;
    if (!to->is_own && !(by == XR_NAMED_BY_ANSWER && from->is_own))
        return XR_REFUSE;
    return cargo == XR_CARGO_SECRET ? XR_SEND_SECRETS : XR_SEND_ANONYMOUSLY;
}

/* ---- every case there is ---- */

static void for_every_case(
    void (*check)(const struct host *, const struct host *, const struct xr_passage *, void *),
    void *context)
{
    for (size_t from = 0; from < COUNT(hosts); from++)
        for (size_t to = 0; to < COUNT(hosts); to++)
            for (enum xr_named_by by = 0; by < XR_NAMED_BY_COUNT; by++)
                for (enum xr_cargo cargo = 0; cargo < XR_CARGO_COUNT; cargo++)
                    for (int https = 0; https < 2; https++) {
                        struct xr_passage passage = { hosts[from].name, by, https != 0,
                            hosts[to].name, cargo };
                        check(&hosts[from], &hosts[to], &passage, context);
                    }
}

static void check_law(
    const struct host *from, const struct host *to, const struct xr_passage *passage, void *context)
{
    struct xr_ruling ruling = xr_policy(&contoso, passage);

    (void)context;
    ck_assert_msg(ruling.permit == law(from, passage->by, passage->https, to, passage->cargo),
        "from %s, named by %d, https %d, to %s, cargo %d: %d, %s", passage->from, passage->by,
        passage->https, passage->to, passage->cargo, ruling.permit, ruling.why);
    ck_assert_msg(*ruling.why != '\0', "no reason");
}

START_TEST(every_case_follows_the_law)
{
    for_every_case(check_law, NULL);
}
END_TEST

static void mark_row(
    const struct host *from, const struct host *to, const struct xr_passage *passage, void *context)
{
    size_t count;
    bool *reached = context;
    const struct xr_policy_row *row = xr_policy_row(&contoso, passage);

    (void)from;
    (void)to;
    reached[row - xr_policy_rows(&count)] = true;
}

/* A row that nothing reaches would stand in the documentation as a promise of its own. */
START_TEST(every_row_decides_some_case)
{
    enum { ROWS_MAX = 64 };
    bool reached[ROWS_MAX] = { false };
    size_t count;

    (void)xr_policy_rows(&count);
    ck_assert_uint_le(count, ROWS_MAX);
    for_every_case(mark_row, reached);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(reached[i], "row %zu is never reached", i);
}
END_TEST

/* Fail closed: a case outside of the table's columns is refused by its last row. */
START_TEST(what_is_not_in_the_table_is_refused)
{
    const struct xr_passage strange_origin = { NULL, XR_NAMED_BY_COUNT, true, "contoso.test",
        XR_CARGO_NOTHING };
    const struct xr_passage strange_cargo = { NULL, XR_NAMED_BY_RULE, true, "contoso.test",
        XR_CARGO_COUNT };

    ck_assert_int_eq(xr_policy(&contoso, &strange_origin).permit, XR_REFUSE);
    ck_assert_int_eq(xr_policy(&contoso, &strange_cargo).permit, XR_REFUSE);
}
END_TEST

/* ---- hosts of all kinds ---- */

static enum xr_permit secret_to(const struct xr_own_hosts *own, const char *host)
{
    const struct xr_passage passage = { NULL, XR_NAMED_BY_REDIRECT, true, host, XR_CARGO_SECRET };

    return xr_policy(own, &passage).permit;
}

static void assert_own(const struct xr_own_hosts *own, const char *host)
{
    ck_assert_msg(secret_to(own, host) == XR_SEND_SECRETS, "refused: %s", host);
}

/* Neither a secret nor anything else. */
static void assert_foreign(const struct xr_own_hosts *own, const char *host)
{
    for (enum xr_named_by by = 0; by < XR_NAMED_BY_COUNT; by++)
        for (enum xr_cargo cargo = 0; cargo < XR_CARGO_COUNT; cargo++) {
            const struct xr_passage passage = { "evil.example", by, true, host, cargo };
            ck_assert_msg(xr_policy(own, &passage).permit == XR_REFUSE, "not refused: %s", host);
        }
}

START_TEST(names_are_compared_without_case_and_final_dot)
{
    const struct xr_own_hosts dotted = { .mail_domain = "Contoso.Test.",
        .allowed = (const char *const[]){ "Partner.Example.", NULL },
        .named = "EWS.hoster.example",
        .vouched = "mail.Fabrikam.example." };
    static const char *const names[] = { "contoso.test", "CONTOSO.TEST.", "mail.contoso.test",
        "a.b.Contoso.test.", "partner.example", "partner.EXAMPLE.", "ews.hoster.example.",
        "mail.fabrikam.example" };

    for (size_t i = 0; i < COUNT(names); i++) {
        assert_own(&dotted, names[i]);
        assert_own(&contoso, names[i]);
    }
    assert_foreign(&contoso, "contoso.test..");
    assert_foreign(&contoso, "partner.example..");
}
END_TEST

START_TEST(look_alikes_and_relatives_are_foreign)
{
    static const char *const names[] = { "evilcontoso.test", "contoso.test.evil.example",
        "contoso.test-evil.example", "contoso-test.example", "autodiscover.test", "test", "test.",
        "fabrikam.test", "contoso.com", "c0ntoso.test", "ontoso.test", "mail.contoso.tes",
        "xn--contso-8ya.test", "mail.xn--contso-8ya.test", "localhost", "127.0.0.1", "::1",
        "outlook.office365.com", "autodiscover-s.outlook.com" };

    for (size_t i = 0; i < COUNT(names); i++)
        assert_foreign(&contoso, names[i]);
}
END_TEST

START_TEST(what_was_named_exactly_has_no_relatives)
{
    static const char *const names[] = { "hoster.example", "x.ews.hoster.example",
        "mail.hoster.example", "www.partner.example", "example", "fabrikam.example",
        "x.mail.fabrikam.example", "xmail.fabrikam.example", "evil.10.1.2.3", "110.1.2.3" };

    for (size_t i = 0; i < COUNT(names); i++)
        assert_foreign(&contoso, names[i]);
}
END_TEST

/* They end like a name of the organisation, but a URL made of them leads elsewhere. */
START_TEST(what_is_no_plain_host_name_is_nobodys)
{
    static const char *const names[] = { "evil.example/.contoso.test", "evil.example?.contoso.test",
        "evil.example#.contoso.test", "evil.example\\.contoso.test", "evil.example:1.contoso.test",
        "evil.example@mail.contoso.test", "mail.contoso.test@evil.example",
        "evil.example%2f.contoso.test", "evil.example%00.contoso.test",
        "evil.example\n.contoso.test", "evil.example .contoso.test", " contoso.test",
        "contoso.test ", "contoso.test:443", "[contoso.test]", "b\xc3\xbc.contoso.test",
        ".contoso.test", "a..contoso.test", "https://contoso.test", ".", ".." };

    for (size_t i = 0; i < COUNT(names); i++)
        assert_foreign(&contoso, names[i]);
}
END_TEST

START_TEST(internationalised_names_are_compared_as_a_labels)
{
    static const struct xr_own_hosts buero = { .mail_domain = "xn--bro-hoa.test",
        .allowed = nobody };

    assert_own(&buero, "autodiscover.XN--BRO-HOA.test");
    assert_foreign(&buero, "autodiscover.buero.test");
    assert_foreign(&buero, "autodiscover.b\xc3\xbcro.test");
    assert_foreign(&buero, "xn--bro-hoa.evil.example");
}
END_TEST

/* Clients that went up the tree gave passwords to whoever had registered autodiscover.co.uk. */
START_TEST(parent_domains_are_foreign)
{
    static const struct xr_own_hosts british = { .mail_domain = "contoso.co.uk",
        .allowed = nobody };

    assert_own(&british, "autodiscover.contoso.co.uk");
    assert_foreign(&british, "autodiscover.co.uk");
    assert_foreign(&british, "co.uk");
    assert_foreign(&british, "autodiscover.uk");
    assert_foreign(&british, "uk");
    assert_foreign(&british, "autodiscover");
}
END_TEST

START_TEST(a_single_label_does_not_own_the_world)
{
    static const char *const labels[] = { "com", "com.", "COM" };

    for (size_t i = 0; i < COUNT(labels); i++) {
        struct xr_own_hosts own = { .mail_domain = labels[i], .allowed = nobody };

        assert_own(&own, "com");
        assert_own(&own, "com.");
        assert_foreign(&own, "contoso.com");
        assert_foreign(&own, "autodiscover.com");
        assert_foreign(&own, "autodiscover.com.");
    }
}
END_TEST

START_TEST(without_a_mail_domain_there_are_only_named_hosts)
{
    static const char *const domains[] = { NULL, "", "." };

    for (size_t i = 0; i < COUNT(domains); i++) {
        struct xr_own_hosts own = { .mail_domain = domains[i], .allowed = allowed };

        assert_own(&own, "partner.example");
        assert_foreign(&own, "contoso.test");
        assert_foreign(&own, "");
        assert_foreign(&own, ".");
        assert_foreign(&own, NULL);
    }
}
END_TEST

START_TEST(addresses_lie_below_no_domain)
{
    const struct xr_own_hosts numbers = { .mail_domain = "2.3",
        .allowed = (const char *const[]){ "fd00::1", NULL } };
    static const struct xr_own_hosts zone = { .mail_domain = "contoso.zone1", .allowed = nobody };
    static const struct xr_own_hosts hex = { .mail_domain = "abc.de", .allowed = nobody };

    assert_foreign(&numbers, "10.1.2.3");
    assert_foreign(&numbers, "10.1.2.3.");
    assert_foreign(&hex, "fe80:1.abc.de");
    assert_own(&numbers, "fd00::1");
    assert_own(&numbers, "FD00::1");
    assert_foreign(&numbers, "fd00::2");
    assert_foreign(&numbers, "a:fd00::1");
    assert_own(&contoso, "10.1.2.3");
    assert_own(&contoso, "mail1.contoso.test");
    assert_own(&zone, "mail.contoso.zone1");
}
END_TEST

/* ---- who named it ---- */

static enum xr_permit by_answer_of(const char *from, const char *to)
{
    const struct xr_passage passage = { from, XR_NAMED_BY_ANSWER, true, to, XR_CARGO_SECRET };

    return xr_policy(&contoso, &passage).permit;
}

START_TEST(an_answer_vouches_if_its_host_is_own_itself)
{
    static const char *const own[] = { "contoso.test", "mail.contoso.test.", "partner.example",
        "ews.hoster.example", "mail.fabrikam.example", "10.1.2.3" };
    static const char *const foreign[] = { NULL, "", "evil.example", "new.example",
        "contoso.test.evil.example", "evil.example/.contoso.test", "test" };

    for (size_t i = 0; i < COUNT(own); i++)
        ck_assert_msg(by_answer_of(own[i], "new.example") == XR_SEND_SECRETS, "%s", own[i]);
    for (size_t i = 0; i < COUNT(foreign); i++)
        ck_assert_msg(by_answer_of(foreign[i], "new.example") == XR_REFUSE, "%s", foreign[i]);
    ck_assert_int_eq(by_answer_of("contoso.test", "new.example/x"), XR_REFUSE);
    ck_assert_int_eq(by_answer_of("contoso.test", "new.example:80"), XR_REFUSE);
    ck_assert_int_eq(by_answer_of("contoso.test", "fd00::2"), XR_SEND_SECRETS);
}
END_TEST

/* A redirect, a record and a hint of an own host can be forged; its answer cannot. */
START_TEST(nothing_but_an_answer_vouches)
{
    for (enum xr_named_by by = 0; by < XR_NAMED_BY_COUNT; by++) {
        const struct xr_passage passage = { "contoso.test", by, true, "new.example",
            XR_CARGO_SECRET };
        ck_assert_int_eq(
            xr_policy(&contoso, &passage).permit == XR_SEND_SECRETS, by == XR_NAMED_BY_ANSWER);
    }
}
END_TEST

START_TEST(reasons_are_told)
{
    static const struct {
        struct xr_passage passage;
        const char *why;
    } cases[] = {
        { { NULL, XR_NAMED_BY_RULE, true, "contoso.test", XR_CARGO_SECRET },
            "it belongs to the mail domain" },
        { { NULL, XR_NAMED_BY_RULE, true, "partner.example", XR_CARGO_ADDRESS }, "you named it" },
        { { NULL, XR_NAMED_BY_RULE, true, "ews.hoster.example", XR_CARGO_SECRET }, "you named it" },
        { { NULL, XR_NAMED_BY_RULE, true, "mail.fabrikam.example", XR_CARGO_SECRET },
            "an authenticated answer of the organisation named it" },
        { { "contoso.test", XR_NAMED_BY_ANSWER, true, "new.example", XR_CARGO_SECRET },
            "an authenticated answer of the organisation named it" },
        { { NULL, XR_NAMED_BY_RULE, false, "autodiscover.contoso.test", XR_CARGO_NOTHING },
            "it is only asked for a redirect, without an address" },
        { { NULL, XR_NAMED_BY_RULE, false, "autodiscover.contoso.test", XR_CARGO_ADDRESS },
            "it is not https" },
        { { "contoso.test", XR_NAMED_BY_REDIRECT, false, "contoso.test", XR_CARGO_NOTHING },
            "it is not https" },
        { { "contoso.test", XR_NAMED_BY_REDIRECT, false, "evil.example", XR_CARGO_NOTHING },
            "it is not https" },
        { { NULL, XR_NAMED_BY_RULE, false, "autodiscover.evil.example", XR_CARGO_NOTHING },
            "it is outside the mail domain" },
        { { NULL, XR_NAMED_BY_RULE, true, "evil.example", XR_CARGO_NOTHING },
            "it is outside the mail domain" },
        { { "contoso.test", XR_NAMED_BY_REDIRECT, true, "evil.example", XR_CARGO_NOTHING },
            "it is outside the mail domain, and only a redirect named it" },
        { { NULL, XR_NAMED_BY_DNS, true, "evil.example", XR_CARGO_NOTHING },
            "it is outside the mail domain, and only DNS named it" },
        { { "contoso.test", XR_NAMED_BY_HINT, true, "evil.example", XR_CARGO_SECRET },
            "it is outside the mail domain, and only an answer without a logon named it" },
        { { "a.example", XR_NAMED_BY_ANSWER, true, "evil.example", XR_CARGO_SECRET },
            "it is outside the mail domain, and so is the host that named it" },
        { { NULL, XR_NAMED_BY_RULE, true, "", XR_CARGO_NOTHING }, "it is no host name" },
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_str_eq(xr_policy(&contoso, &cases[i].passage).why, cases[i].why);
}
END_TEST

/* ---- what probes ask ---- */

START_TEST(probes_ask_with_what_the_run_knows)
{
    static const struct xr_target target = { .allow_redirect = allowed };
    const struct xr_ctx ctx = { .target = &target,
        .mail_domain = "contoso.test",
        .named_host = "ews.hoster.example",
        .vouched = "mail.fabrikam.example" };

    for (size_t i = 0; i < COUNT(hosts); i++) {
        ck_assert_msg(
            xr_policy_may_receive(&ctx, hosts[i].name) == hosts[i].is_own, "%s", hosts[i].name);
        ck_assert_int_eq(xr_policy_reason(&ctx, hosts[i].name) != NULL, hosts[i].is_own);
    }
    ck_assert_str_eq(xr_policy_reason(&ctx, "partner.example"), "you named it");
}
END_TEST

START_TEST(nothing_named_means_the_mail_domain_alone)
{
    static const struct xr_target plain = { .allow_redirect = nobody };
    const struct xr_ctx bare = { .target = &plain, .mail_domain = "contoso.test" };

    ck_assert(xr_policy_may_receive(&bare, "mail.contoso.test"));
    ck_assert(!xr_policy_may_receive(&bare, "partner.example"));
    ck_assert(!xr_policy_may_receive(&bare, "ews.hoster.example"));
}
END_TEST

XR_UNIT_MAIN("policy", every_case_follows_the_law, every_row_decides_some_case,
    what_is_not_in_the_table_is_refused, names_are_compared_without_case_and_final_dot,
    look_alikes_and_relatives_are_foreign, what_was_named_exactly_has_no_relatives,
    what_is_no_plain_host_name_is_nobodys, internationalised_names_are_compared_as_a_labels,
    parent_domains_are_foreign, a_single_label_does_not_own_the_world,
    without_a_mail_domain_there_are_only_named_hosts, addresses_lie_below_no_domain,
    an_answer_vouches_if_its_host_is_own_itself, nothing_but_an_answer_vouches, reasons_are_told,
    probes_ask_with_what_the_run_knows, nothing_named_means_the_mail_domain_alone)
