#include <stdio.h>
#include <string.h>

#include "fixtures/store.h"
#include "tests/sim/bench.h"
#include "tests/unit.h"

/* Who may do what: log-on, impersonation, versions, policies, faults. Codes: PROTOCOL.md 3 to 5. */

static void check(const struct bench *bench, const char *what, int status, const char *code)
{
    const char *body = bench->reply.body.at;

    ck_assert_msg(bench->reply.status == status, "%s: %d %s", what, bench->reply.status, body);
    ck_assert_msg(strstr(body, code) != NULL, "%s: no %s in %s", what, code, body);
}

/* ---- log-on ---- */

START_TEST(anonymous_requests_are_challenged_in_order)
{
    static const char *const schemes[] = { "Negotiate", "NTLM",
        "Basic realm=\"mail.contoso.test\"" };
    struct bench bench = bench_new("");

    for (int post = 0; post <= 1; post++) {
        size_t n = 0;
        if (post)
            bench_post(&bench, BENCH_EWS, NULL, "");
        else
            bench_get(&bench, "/ews/exchange.ASMX", NULL);
        ck_assert_int_eq(bench.reply.status, 401);
        ck_assert_ptr_nonnull(bench_header(&bench, "X-FEServer"));
        for (const struct sim_header *h = bench.reply.headers; h; h = h->next)
            if (!strcmp(h->name, "WWW-Authenticate"))
                ck_assert_str_eq(h->value, schemes[n++]);
        ck_assert_uint_eq(n, 3);
    }
    bench_done(&bench);
}
END_TEST

START_TEST(basic_knows_every_form_of_the_name)
{
    static const struct {
        const char *credentials;
        int status;
    } cases[] = {
        { "CONTOSO\\svc:pw", 500 }, /* 500: logged on, and the empty body is no SOAP */
        { "contoso.test\\SVC:pw", 500 },
        { "svc@contoso.test:pw", 500 },
        { "svc:pw", 500 },
        { "FABRIKAM\\svc:pw", 401 },
        { "CONTOSO\\svc:PW", 401 },
        { "CONTOSO\\svc:", 401 },
        { "CONTOSO\\nobody:pw", 401 },
        { "CONTOSO\\locked:pw", 401 },
        { "CONTOSO\\stale:pw", 401 },
        { "no colon", 401 },
    };
    struct bench bench = bench_new("");

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        bench_post(&bench, BENCH_EWS, cases[i].credentials, "");
        ck_assert_msg(bench.reply.status == cases[i].status, "%s: %d", cases[i].credentials,
            bench.reply.status);
    }
    bench_post(&bench, BENCH_EWS, "CONTOSO\\locked:wrong", "");
    check(&bench, "locked", 401, "The referenced account is currently locked out");
    bench_done(&bench);
}
END_TEST

START_TEST(a_scheme_that_is_off_is_not_tried)
{
    struct bench bench =
        bench_new("'exchange': { 'build': '15.2.1118.7', 'schemes': ['Negotiate', 'NTLM'] }");

    bench_post(&bench, BENCH_EWS, BENCH_ACCOUNT, "");
    ck_assert_int_eq(bench.reply.status, 401);
    ck_assert_str_eq(bench_header(&bench, "WWW-Authenticate"), "Negotiate");
    bench_done(&bench);
}
END_TEST

/* ---- impersonation ---- */

START_TEST(each_identity_has_its_outcome)
{
    static const struct {
        const char *kind, *value;
        int status;
        const char *code;
    } cases[] = {
        { "SmtpAddress", "anna@contoso.test", 200, ">NoError<" },
        { "SmtpAddress", "A.Berg@contoso.test", 200, ">NoError<" },
        { "SmtpAddress", "", 500, "a:ErrorInvalidExchangeImpersonationHeaderData" },
        { "SmtpAddress", "CONTOSO\\anna", 500, "a:ErrorInvalidSmtpAddress" },
        { "SmtpAddress", "an na@contoso.test", 500, "a:ErrorInvalidSmtpAddress" },
        { "SmtpAddress", "nobody@contoso.test", 500, "a:ErrorNonExistentMailbox" },
        { "SmtpAddress", "partner@contoso.test", 500, "a:ErrorNonExistentMailbox" },
        { "SmtpAddress", "staff@contoso.test", 500, "a:ErrorNonExistentMailbox" },
        { "SmtpAddress", "bare@contoso.test", 500, "a:ErrorNonExistentMailbox" },
        { "SmtpAddress", "cloud@contoso.test", 500, "a:ErrorNonExistentMailbox" },
        { "SmtpAddress", "boss@contoso.test", 500, "a:ErrorImpersonateUserDenied" },
        { "SmtpAddress", "disabled@contoso.test", 500, "a:ErrorAccountDisabled" },
        { "SmtpAddress", "moving@contoso.test", 200, ">ErrorMailboxMoveInProgress<" },
        { "SmtpAddress", "down@contoso.test", 200, ">ErrorMailboxStoreUnavailable<" },
        { "PrimarySmtpAddress", "anna@contoso.test", 200, ">NoError<" },
        { "PrimarySmtpAddress", "a.berg@contoso.test", 500,
            "<t:Value Name=\"Primary\">anna@contoso.test</t:Value>" },
        { "PrincipalName", "anna.berg@corp.contoso.test", 200, ">NoError<" },
        { "PrincipalName", "anna@contoso.test", 500, "a:ErrorInvalidUserPrincipalName" },
        { "SID", "S-1-5-21-1-2-3-1101", 200, ">NoError<" },
        { "SID", "S-1-5-21-1-2-3-9", 500, "a:ErrorNonExistentMailbox" },
        { "SID", "anna", 500, "a:ErrorInvalidUserSid" },
        { "SID", "S-1-5-", 500, "a:ErrorInvalidUserSid" },
        { "Nonsense", "x", 500, "a:ErrorInvalidExchangeImpersonationHeaderData" },
    };
    struct bench bench = bench_new("");

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        bench_ask(&bench, cases[i].kind, cases[i].value, BENCH_INBOX);
        check(&bench, xr_printf(bench.arena, "%s %s", cases[i].kind, cases[i].value),
            cases[i].status, cases[i].code);
    }
    bench_done(&bench);
}
END_TEST

START_TEST(an_account_without_a_mailbox_may_still_impersonate)
{
    struct bench bench = bench_new("");

    bench_post(&bench, BENCH_EWS, "CONTOSO\\nobox:pw",
        bench_envelope(&bench, NULL, NULL, NULL, BENCH_INBOX));
    check(&bench, "own inbox", 200, ">ErrorMissingEmailAddress<");
    bench_post(&bench, BENCH_EWS, "CONTOSO\\nobox:pw",
        bench_envelope(&bench, NULL, "SmtpAddress", "boss@contoso.test", BENCH_INBOX));
    check(&bench, "everybody's", 200, ">NoError<");
    bench_post(&bench, BENCH_EWS, "CONTOSO\\lost:pw",
        bench_envelope(&bench, NULL, NULL, NULL, BENCH_INBOX));
    check(&bench, "a mailbox that is gone", 200, ">ErrorNonExistentMailbox<");
    bench_done(&bench);
}
END_TEST

/* ---- without impersonation ---- */

static const char *inbox_of(struct bench *bench, const char *folder, const char *smtp)
{
    return xr_printf(bench->arena,
        "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
        "<m:FolderIds><t:DistinguishedFolderId Id=\"%s\"><t:Mailbox><t:EmailAddress>%s"
        "</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></m:FolderIds></m:GetFolder>",
        folder, smtp);
}

START_TEST(direct_access_needs_a_permission)
{
    static const struct {
        const char *folder, *smtp, *code;
    } cases[] = {
        { "inbox", "svc@contoso.test", ">NoError<" },
        { "inbox", "shared@contoso.test", ">NoError<" },
        { "inbox", "library@contoso.test", ">ErrorFolderNotFound<" },
        { "drafts", "library@contoso.test", ">NoError<" },
        { "inbox", "anna@contoso.test", ">ErrorAccessDenied<" },
        { "inbox", "nobody@contoso.test", ">ErrorNonExistentMailbox<" },
        { "inbox", "nonsense", ">ErrorInvalidSmtpAddress<" },
        { "archiveinbox", "svc@contoso.test", ">ErrorFolderNotFound<" },
    };
    struct bench bench = bench_new("");

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        bench_ask(&bench, NULL, NULL, inbox_of(&bench, cases[i].folder, cases[i].smtp));
        check(&bench, cases[i].smtp, 200, cases[i].code);
    }
    bench_ask(&bench, "SmtpAddress", "anna@contoso.test",
        inbox_of(&bench, "inbox", "shared@contoso.test"));
    check(&bench, "Anna has not the account's permissions", 200, ">ErrorAccessDenied<");
    bench_ask(&bench, "SmtpAddress", "anna@contoso.test",
        inbox_of(&bench, "calendar", "anna@contoso.test"));
    check(&bench, "no calendar", 200, ">ErrorFolderNotFound<");
    ck_assert_str_eq(bench.reply.operation, "GetFolder");
    ck_assert_str_eq(bench.reply.mailbox, "anna@contoso.test");
    bench_done(&bench);
}
END_TEST

/* ---- what is no request ---- */

START_TEST(broken_requests_are_schema_violations)
{
    static const char *const bodies[] = { "", "<a>", "not xml", "<html/>", "<!DOCTYPE a><a/>",
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body/></s:Envelope>",
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body/></s:Envelope>",
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"
        "<GetFolder xmlns=\"urn:other\"/></s:Body></s:Envelope>" };
    static const char *const operations[] = { "<m:GetFolder/>",
        "<m:GetFolder><m:FolderIds/></m:GetFolder>",
        "<m:GetFolder><m:FolderShape><t:BaseShape>Some</t:BaseShape></m:FolderShape><m:FolderIds>"
        "<t:DistinguishedFolderId Id=\"inbox\"/></m:FolderIds></m:GetFolder>",
        "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds>"
        "<t:DistinguishedFolderId Id=\"Inbox\"/></m:FolderIds></m:GetFolder>",
        "<m:GetFolder><t:FolderShape/><m:FolderIds/></m:GetFolder>",
        "<m:FindItem Traversal=\"Shallow\"/>", "<m:CreateItem/>", "<m:DeleteItem/>",
        "<m:ResolveNames ReturnFullContactData=\"true\"><m:UnresolvedEntry/></m:ResolveNames>",
        "<m:ResolveNames><m:UnresolvedEntry>a</m:UnresolvedEntry></m:ResolveNames>" };
    struct bench bench = bench_new("");

    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        bench_post(&bench, BENCH_EWS, BENCH_ACCOUNT, bodies[i]);
        check(&bench, bodies[i], 500, "a:ErrorSchemaValidation");
        ck_assert_ptr_null(bench.reply.operation);
    }
    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        bench_ask(&bench, NULL, NULL, operations[i]);
        check(&bench, operations[i], 500, "a:ErrorSchemaValidation");
        check(&bench, operations[i], 500, "<t:Violation>");
    }
    bench_ask(&bench, NULL, NULL, "<m:Undreamt/>");
    check(&bench, "unknown operation", 500, "a:ErrorInvalidRequest");
    bench_done(&bench);
}
END_TEST

START_TEST(prefixes_do_not_matter)
{
    struct bench bench = bench_new("");

    bench_post(&bench, BENCH_EWS, BENCH_ACCOUNT,
        "<E:Envelope xmlns:E=\"http://schemas.xmlsoap.org/soap/envelope/\"><E:Body>"
        "<GetFolder xmlns=\"http://schemas.microsoft.com/exchange/services/2006/messages\""
        " xmlns:x=\"http://schemas.microsoft.com/exchange/services/2006/types\"><FolderShape>"
        "<x:BaseShape>IdOnly</x:BaseShape></FolderShape><FolderIds>"
        "<x:DistinguishedFolderId Id=\"root\"/></FolderIds></GetFolder></E:Body></E:Envelope>");
    check(&bench, "default namespace", 200, ">NoError<");
    bench_done(&bench);
}
END_TEST

/* ---- versions ---- */

START_TEST(versions_that_are_too_new_are_refused)
{
    static const struct {
        const char *build, *asked;
        bool known;
    } cases[] = {
        { "8.3.83.6", "Exchange2007_SP1", true },
        { "8.3.83.6", "Exchange2010", false },
        { "14.3.123.4", "Exchange2010_SP2", true },
        { "14.3.123.4", "Exchange2013", false },
        { "15.0.516.32", "Exchange2013_SP1", false },
        { "15.0.1497.2", "Exchange2013_SP1", true },
        { "15.0.1497.2", "Exchange2016", false },
        { "15.1.2507.6", "Exchange2016", true },
        { "15.2.2562.17", "V2017_07_11", true },
        { "15.2.2562.17", "Exchange2019", false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char keys[80];
        snprintf(keys, sizeof(keys), "'exchange': { 'build': '%s' }", cases[i].build);
        struct bench bench = bench_new(keys);
        bench_post(&bench, BENCH_EWS, BENCH_ACCOUNT,
            bench_envelope(&bench, cases[i].asked, NULL, NULL, BENCH_INBOX));
        check(&bench, cases[i].asked, cases[i].known ? 200 : 500,
            cases[i].known ? ">NoError<" : "ErrorInvalidServerVersion");
        bench_done(&bench);
    }
}
END_TEST

START_TEST(exchange_2007_has_a_dialect_of_its_own)
{
    struct bench bench = bench_new("'exchange': { 'build': '8.1.436.0' }");
    const char *body = bench_ask(&bench, NULL, NULL, BENCH_INBOX);

    ck_assert_ptr_nonnull(strstr(body, "<t:ServerVersionInfo MajorVersion=\"8\""));
    ck_assert_ptr_null(strstr(body, " Version=\""));
    ck_assert_ptr_nonnull(strstr(body, "<GetFolderResponse "));
    ck_assert_ptr_null(bench_header(&bench, "X-FEServer"));
    body = bench_ask(&bench, "SmtpAddress", "boss@contoso.test", BENCH_INBOX);
    ck_assert_ptr_nonnull(strstr(body, "<faultcode>soap:Client</faultcode>"));
    ck_assert_ptr_nonnull(strstr(body, ">ErrorImpersonateUserDenied</e:ResponseCode>"));
    bench_ask(&bench, NULL, NULL, "<m:GetFolder/>");
    check(&bench, "violation", 500, "<e:Line ");
    bench_ask(&bench, NULL, NULL, "<m:GetRoomLists/>");
    check(&bench, "operation of 2010", 500, "ErrorInvalidRequest");
    bench_done(&bench);
}
END_TEST

/* ---- policies ---- */

START_TEST(ews_that_is_switched_off_says_403_and_nothing_else)
{
    static const char *const off[] = {
        "'exchange': { 'build': '15.2.1118.7', 'ews_enabled': false }",
        "'exchange': { 'build': '15.2.1118.7', 'ews_allow_list': ['Outlook*'] }"
    };

    for (size_t i = 0; i < 2; i++) {
        struct bench bench = bench_new(off[i]);
        bench_ask(&bench, NULL, NULL, BENCH_INBOX);
        check(&bench, off[i], 403, "");
        ck_assert_uint_eq(bench.reply.body.length, 0);
        ck_assert_str_eq(bench_header(&bench, "X-FEServer"), "EX01");
        bench_done(&bench);
    }
    struct bench bench = bench_new("");
    bench_ask(&bench, "SmtpAddress", "noews@contoso.test", BENCH_INBOX);
    check(&bench, "of one user", 403, "");
    ck_assert_uint_eq(bench.reply.body.length, 0);
    bench_done(&bench);
}
END_TEST

START_TEST(an_account_may_have_so_many_requests_open)
{
    struct bench bench =
        bench_new("'exchange': { 'build': '15.2.1118.7', 'ews_max_concurrency': 1 }");

    bench_ask(&bench, NULL, NULL, BENCH_INBOX);
    check(&bench, "first", 200, ">NoError<");
    ck_assert(sim_store_enter(bench.world->store, 0, 1));
    bench_ask(&bench, NULL, NULL, BENCH_INBOX);
    check(&bench, "second at once", 500, "a:ErrorExceededConnectionCount");
    sim_store_leave(bench.world->store, 0);
    bench_ask(&bench, NULL, NULL, BENCH_INBOX);
    check(&bench, "third", 200, ">NoError<");
    bench_done(&bench);
}
END_TEST

/* ---- faults ---- */

START_TEST(faults_come_in_three_shapes)
{
    struct bench bench = bench_new(
        "'faults': ["
        "  { 'layer': 'ews', 'at': { 'operation': 'GetFolder', 'request': 1 }, 'do': 'fault',"
        "    'code': 'ErrorServerBusy', 'back_off_ms': 2000 },"
        "  { 'layer': 'ews', 'at': { 'operation': 'GetFolder', 'request': 2 }, 'do': 'message',"
        "    'code': 'ErrorInternalServerTransientError' },"
        "  { 'layer': 'ews', 'at': { 'mailbox': 'anna@contoso.test' }, 'do': 'http',"
        "    'status': 503 } ]");

    bench_ask(&bench, NULL, NULL, BENCH_INBOX);
    check(&bench, "fault", 500, "a:ErrorServerBusy");
    check(&bench, "fault", 500, "<t:Value Name=\"BackOffMilliseconds\">2000</t:Value>");
    bench_ask(&bench, NULL, NULL, BENCH_INBOX);
    check(&bench, "message", 200, ">ErrorInternalServerTransientError<");
    bench_keep(&bench, "fault-message");
    bench_ask(&bench, NULL, NULL, BENCH_INBOX);
    check(&bench, "over", 200, ">NoError<");
    bench_ask(&bench, "SmtpAddress", "a.berg@contoso.test", BENCH_INBOX);
    check(&bench, "http", 503, "");
    bench_done(&bench);
}
END_TEST

START_TEST(the_virtual_directory_has_other_pages)
{
    struct bench bench = bench_new("");

    bench_get(&bench, BENCH_EWS, BENCH_ACCOUNT);
    check(&bench, "GET", 200, "<html>");
    bench_get(&bench, "/ews/services.wsdl", BENCH_ACCOUNT);
    check(&bench, "wsdl", 404, "");
    bench_done(&bench);
}
END_TEST

XR_UNIT_MAIN("exchange", anonymous_requests_are_challenged_in_order,
    basic_knows_every_form_of_the_name, a_scheme_that_is_off_is_not_tried,
    each_identity_has_its_outcome, an_account_without_a_mailbox_may_still_impersonate,
    direct_access_needs_a_permission, broken_requests_are_schema_violations, prefixes_do_not_matter,
    versions_that_are_too_new_are_refused, exchange_2007_has_a_dialect_of_its_own,
    ews_that_is_switched_off_says_403_and_nothing_else, an_account_may_have_so_many_requests_open,
    faults_come_in_three_shapes, the_virtual_directory_has_other_pages)
