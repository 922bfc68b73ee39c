/* Which realms may learn of an account. */
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/kerberos_account.h"
#include "analyzer/wire/kerberos_realms.h"
#include "tests/unit.h"

static struct xr_arena *arena;

/* "CONTOSO.TEST* CONTOSO.TEST": in this order, * where all of the account is the name; behind a
 * stroke the default realm that is not asked. */
static const char *plan_of(const struct xr_realms_known *known)
{
    struct xr_logon_plan plan;
    const char *text = "";

    xr_logon_plan(arena, known, &plan);
    for (size_t i = 0; i < plan.n; i++)
        text = xr_printf(arena, "%s%s%s%s", text, i ? " " : "", plan.names[i].realm,
            plan.names[i].whole ? "*" : "");
    return plan.unrelated ? xr_printf(arena, "%s | %s", text, plan.unrelated) : text;
}

START_TEST(an_account_is_told_to_realms_of_its_own_organisation)
{
    static const struct {
        const char *account, *given[3], *own, *of_host, *plan;
    } rows[] = {
        /* a UPN: its own domain, then the others by the whole name */
        { "svc@contoso.test", { "CONTOSO.TEST" }, NULL, NULL, "CONTOSO.TEST* CONTOSO.TEST" },
        { "svc@contoso.test", { "MAIL.TEST" }, NULL, "", "CONTOSO.TEST* CONTOSO.TEST MAIL.TEST*" },
        { "svc@contoso.test", { "CONTOSO.TEST" }, "CONTOSO.TEST", "",
            "CONTOSO.TEST* CONTOSO.TEST" },
        { "svc@contoso.test", { NULL }, "AD.CONTOSO.TEST", NULL,
            "CONTOSO.TEST* CONTOSO.TEST AD.CONTOSO.TEST*" },
        { "svc@eu.contoso.test", { NULL }, "CONTOSO.TEST", NULL,
            "EU.CONTOSO.TEST* EU.CONTOSO.TEST CONTOSO.TEST*" },
        /* a stranger's default realm, as Debian has it */
        { "svc@contoso.test", { "CONTOSO.TEST" }, "ATHENA.MIT.EDU", "",
            "CONTOSO.TEST* CONTOSO.TEST | ATHENA.MIT.EDU" },
        { "CONTOSO\\svc", { "CONTOSO.TEST" }, "ATHENA.MIT.EDU", NULL,
            "CONTOSO.TEST | ATHENA.MIT.EDU" },
        { "CONTOSO\\svc", { NULL }, "ATHENA.MIT.EDU", NULL, " | ATHENA.MIT.EDU" },
        { "svc@contoso.test", { NULL }, "EVILCONTOSO.TEST", NULL,
            "CONTOSO.TEST* CONTOSO.TEST | EVILCONTOSO.TEST" },
        { "svc@contoso.test", { NULL }, "TEST", NULL, "CONTOSO.TEST* CONTOSO.TEST | TEST" },
        /* but krb5.conf says that the host is in it; no other realm counts by that */
        { "CONTOSO\\svc", { "MAIL.TEST" }, "AD.INTERNAL", "AD.INTERNAL", "AD.INTERNAL MAIL.TEST" },
        { "CONTOSO\\svc", { "MAIL.TEST" }, "AD.INTERNAL", "OTHER.INTERNAL",
            "MAIL.TEST | AD.INTERNAL" },
        /* a short domain: first the realm that begins with it */
        { "CORP\\svc", { "EU.CONTOSO.TEST", "CONTOSO.TEST" }, "CORP.CONTOSO.TEST", NULL,
            "CORP.CONTOSO.TEST EU.CONTOSO.TEST CONTOSO.TEST" },
        { "Contoso\\svc", { "EU.CONTOSO.TEST", "CONTOSO.TEST" }, NULL, NULL,
            "CONTOSO.TEST EU.CONTOSO.TEST" },
        { "CONTOSO\\svc", { "MAIL.TEST" }, "CONTOSO.INTERNAL", NULL, "CONTOSO.INTERNAL MAIL.TEST" },
        { "CON\\svc", { NULL }, "CONTOSO.INTERNAL", NULL, " | CONTOSO.INTERNAL" },
        { "svc@contoso", { NULL }, "CONTOSO.INTERNAL", NULL,
            "CONTOSO* CONTOSO | CONTOSO.INTERNAL" },
        { "CONTOSO\\svc", { NULL }, NULL, NULL, "" },
        /* a long one is the realm, and in another one it would be somebody else */
        { "corp.contoso.test\\svc", { "CONTOSO.TEST" }, "CONTOSO.TEST", NULL, "CORP.CONTOSO.TEST" },
    };

    arena = xr_arena_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct xr_realms_known known = { rows[i].account, rows[i].given, rows[i].own,
            rows[i].of_host };
        ck_assert_msg(!strcmp(plan_of(&known), rows[i].plan), "%zu: '%s'", i, plan_of(&known));
    }
    ck_assert_str_eq(
        plan_of(&(struct xr_realms_known){ .account = "svc@a.test" }), "A.TEST* A.TEST");
    xr_arena_free(arena);
}
END_TEST

START_TEST(an_address_belongs_to_its_domain_and_those_above)
{
    static const struct {
        const char *address, *realms;
    } rows[] = {
        { "jane@contoso.test", "CONTOSO.TEST" },
        { "jane@Mail.Eu.Contoso.test", "MAIL.EU.CONTOSO.TEST EU.CONTOSO.TEST CONTOSO.TEST" },
        { "jane@mail.contoso.co.uk", "MAIL.CONTOSO.CO.UK CONTOSO.CO.UK" },
        { "jane@contoso.com.au", "CONTOSO.COM.AU" },
        { "jane@abb.de", "ABB.DE" },
        { "\"a@b\"@contoso.test", "CONTOSO.TEST" },
        { "jane@b\xc3\xbc"
          "cher.test",
            "XN--BCHER-KVA.TEST" },
        { "jane@no domain", "" },
        { "jane", "" },
        { NULL, "" },
    };

    arena = xr_arena_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *text = "";
        for (const char *const *at = xr_realms_of_address(arena, rows[i].address); *at; at++)
            text = xr_printf(arena, "%s%s%s", text, *text ? " " : "", *at);
        ck_assert_msg(!strcmp(text, rows[i].realms), "%zu: '%s'", i, text);
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(an_account_says_which_principal_it_may_be)
{
    static const struct {
        const char *account, *user, *realm;
    } rows[] = {
        { "svc@contoso.test", "svc", "CONTOSO.TEST" },
        { "CONTOSO\\svc", "svc", NULL },
        { "corp.contoso.test\\svc", "svc", "CORP.CONTOSO.TEST" },
        { "svc", "svc", NULL },
        { "a@b@contoso.test", "a@b", "CONTOSO.TEST" },
    };

    arena = xr_arena_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct xr_account_parts parts = xr_account_parts(arena, rows[i].account);
        ck_assert_str_eq(parts.user, rows[i].user);
        ck_assert_pstr_eq(parts.realm, rows[i].realm);
    }
    ck_assert_int_eq(xr_account_fitness(arena, "Svc@contoso.test", "svc@CONTOSO.TEST"), 2);
    ck_assert_int_eq(xr_account_fitness(arena, "CONTOSO\\svc", "svc@CONTOSO.TEST"), 1);
    ck_assert_int_eq(xr_account_fitness(arena, "svc@contoso.test", "svc@OTHER.TEST"), 1);
    ck_assert_int_eq(xr_account_fitness(arena, "svc@contoso.test", "svc2@CONTOSO.TEST"), 0);
    ck_assert_int_eq(xr_account_fitness(arena, "CONTOSO\\svc", "HTTP/svc@CONTOSO.TEST"), 0);
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("kerberos_realms", an_account_is_told_to_realms_of_its_own_organisation,
    an_address_belongs_to_its_domain_and_those_above, an_account_says_which_principal_it_may_be)
