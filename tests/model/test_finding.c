#include "analyzer/base/arena.h"
#include "analyzer/base/text.h"
#include "analyzer/model/expand.h"
#include "analyzer/model/finding.h"
#include "tests/model/catalogue_text.h"
#include "tests/unit.h"

enum { TITLE_MAX = 140 };

/* What every build must be able to tell. */
static const char *const promised[] = { "input.address-invalid", "input.account-format",
    "input.ews-url-invalid", "input.ews-url-not-https", "input.access-type-mismatch",
    "dns.name-not-found", "dns.no-address", "dns.server-failure", "dns.refused", "dns.timeout",
    "dns.cname-loop", "tcp.refused", "tcp.timeout", "tcp.unreachable", "tcp.some-addresses-failed",
    "tls.handshake-failed", "tls.not-tls", "tls.protocol-too-old",
    "tls.client-certificate-required", "tls.client-certificate-requested", "tls.name-mismatch",
    "tls.expired", "tls.not-yet-valid", "tls.expires-soon", "tls.self-signed", "tls.untrusted-root",
    "tls.chain-incomplete", "tls.chain-disordered", "tls.weak-key", "tls.weak-signature",
    "tls.revoked", "tls.bad-purpose", "tls.addresses-differ", "tls.trust-ignored",
    "autodiscover.no-method", "autodiscover.not-found", "autodiscover.malformed",
    "autodiscover.error-response", "autodiscover.address-not-found", "autodiscover.redirect-loop",
    "autodiscover.redirect-not-allowed", "autodiscover.redirect-insecure",
    "autodiscover.no-ews-url", "autodiscover.srv-foreign-domain", "http.login-page",
    "http.forbidden", "http.not-found", "http.server-error", "http.unexpected-content",
    "http.response-too-large", "http.timeout", "http.redirect", "logon.rejected",
    "logon.locked-out", "logon.scheme-not-offered", "logon.basic-unavailable",
    "logon.extended-protection", "logon.token-rejected", "logon.no-mailbox", "impersonation.denied",
    "impersonation.invalid-identifier", "impersonation.scope-open", "mailbox.not-found",
    "mailbox.disabled", "mailbox.moving", "mailbox.unavailable", "folder.not-found",
    "folder.access-denied", "address.alias", "address.ambiguous", "address.not-resolved",
    "address.is-not-mailbox", "ews.throttled", "ews.disabled", "ews.blocked-by-policy",
    "ews.retired", "ews.version-unsupported", "ews.malformed", "ews.error", "write.leftover",
    "write.denied", "rooms.unavailable", "local.network-unavailable", "local.timeout",
    "local.cancelled", NULL };

#define FOR_EACH_KIND(code, kind)                                        \
    for (enum xr_finding_code code = 0; code < XR_FINDING_COUNT; code++) \
        for (const struct xr_finding_kind *kind = xr_finding_kind(code); kind; kind = NULL)

#define ASSERT_KEPT(kind, what, rule)                                     \
    do {                                                                  \
        const char *wrong_ = (rule);                                      \
        ck_assert_msg(!wrong_, "%s, %s: %s", (kind)->id, (what), wrong_); \
    } while (0)

START_TEST(every_promised_id_exists)
{
    enum xr_finding_code code;

    for (const char *const *id = promised; *id; id++)
        ck_assert_msg(xr_finding_by_id(*id, &code), "%s is not in the catalogue", *id);
    ck_assert(!xr_finding_by_id("impersonation.denie", &code));
    ck_assert(!xr_finding_by_id("", &code));
}
END_TEST

START_TEST(ids_are_well_formed_and_unique)
{
    FOR_EACH_KIND(code, kind)
    {
        enum xr_finding_code found;
        const char *dot = strchr(kind->id, '.');
        ck_assert_msg(
            strspn(kind->id, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(kind->id) && dot &&
                dot > kind->id && dot[1] && !strchr(dot + 1, '.'),
            "%s is no class.name", kind->id);
        ck_assert(xr_finding_by_id(kind->id, &found));
        ck_assert_msg(found == code, "%s is there twice", kind->id);
    }
}
END_TEST

START_TEST(every_finding_is_told_in_full)
{
    FOR_EACH_KIND(code, kind)
    {
        ASSERT_KEPT(kind, "title", wrong_prose(kind->title));
        ASSERT_KEPT(kind, "meaning", wrong_prose(kind->meaning));
        ASSERT_KEPT(kind, "cause", wrong_prose(kind->cause));
        ck_assert_msg(strlen(kind->title) < TITLE_MAX, "%s: title too long", kind->id);
        ck_assert_msg(kind->title[strlen(kind->title) - 1] == '.', "%s: no full stop", kind->id);
        ck_assert_msg(kind->remedies[0].text, "%s has no remedy", kind->id);
        if (kind->reference)
            ASSERT_KEPT(kind, "reference", wrong_words(kind->reference));
    }
}
END_TEST

START_TEST(every_remedy_can_be_followed)
{
    FOR_EACH_KIND(code, kind)
    {
        for (const struct xr_remedy *remedy = kind->remedies; remedy->text; remedy++) {
            ASSERT_KEPT(kind, remedy->text, wrong_prose(remedy->text));
            ck_assert_msg(!remedy->command == (remedy->shell == XR_SHELL_NONE),
                "%s: command and shell belong together", kind->id);
            ck_assert_msg(
                remedy->command || !remedy->expect, "%s: expect without command", kind->id);
            if (remedy->expect)
                ASSERT_KEPT(kind, remedy->expect, wrong_prose(remedy->expect));
            if (remedy->command)
                ASSERT_KEPT(kind, remedy->command, wrong_command(remedy->command, remedy->shell));
        }
    }
}
END_TEST

START_TEST(every_text_can_be_filled)
{
    static const struct xr_slots nothing, full = { "o'neil@contoso.test", "CONTOSO\\svc",
        "contoso.test", "mail.contoso.test", "https://mail.contoso.test/EWS/Exchange.asmx", "inbox",
        "o'neil@contoso.test", "oneil@contoso.test", "ErrorX" };
    struct xr_arena *arena = xr_arena_new();

    FOR_EACH_KIND(code, kind)
    {
        const char *title = xr_expand(arena, kind->title, &full, XR_SHELL_NONE);
        ck_assert_msg(!strpbrk(title, "<{"), "%s: %s", kind->id, title);
        for (const struct xr_remedy *remedy = kind->remedies; remedy->text; remedy++) {
            if (!remedy->command)
                continue;
            ck_assert(xr_expand(arena, remedy->command, &nothing, remedy->shell));
            ck_assert(xr_expand(arena, remedy->command, &full, remedy->shell));
        }
    }
    xr_arena_free(arena);
}
END_TEST

START_TEST(our_own_failures_accuse_nobody)
{
    int count = 0;

    FOR_EACH_KIND(code, kind)
    {
        if (!xr_finding_is_local(code))
            continue;
        count++;
        ck_assert_int_eq(kind->owner, XR_OWNER_YOU);
        ck_assert(strstr(kind->meaning, "Nothing is said about"));
    }
    ck_assert_int_eq(count, 3);
    ck_assert(!xr_finding_is_local(XR_FINDING_IMPERSONATION_DENIED));
}
END_TEST

START_TEST(the_denied_impersonation_names_the_cmdlets)
{
    const struct xr_finding_kind *kind = xr_finding_kind(XR_FINDING_IMPERSONATION_DENIED);
    static const char *const cmdlets[] = { "Get-ManagementRoleAssignment", "RecipientPreviewFilter",
        "Add-DistributionGroupMember", "New-ManagementRoleAssignment", "exray test" };

    for (size_t i = 0; i < sizeof(cmdlets) / sizeof(*cmdlets); i++)
        ck_assert_msg(
            strstr(kind->remedies[i].command, cmdlets[i]), "step %zu lacks %s", i + 1, cmdlets[i]);
}
END_TEST

START_TEST(names_of_owners_and_shells)
{
    ck_assert_str_eq(xr_owner_name(XR_OWNER_EXCHANGE_ADMIN), "exchange-admin");
    ck_assert_str_eq(xr_owner_name(XR_OWNER_YOU), "you");
    ck_assert_str_eq(xr_owner_title(XR_OWNER_CERTIFICATE_ADMIN), "Certificate administrator");
    ck_assert_ptr_null(xr_shell_title(XR_SHELL_NONE));
    ck_assert_str_eq(xr_shell_title(XR_SHELL_EMS), "Exchange Management Shell");
}
END_TEST

XR_UNIT_MAIN("finding", every_promised_id_exists, ids_are_well_formed_and_unique,
    every_finding_is_told_in_full, every_remedy_can_be_followed, every_text_can_be_filled,
    our_own_failures_accuse_nobody, the_denied_impersonation_names_the_cmdlets,
    names_of_owners_and_shells)
