#include <string.h>

#include "fixtures/xml.h"
#include "tests/sim/bench.h"
#include "tests/unit.h"

#define SPACE         "http://schemas.microsoft.com/exchange/2010/Autodiscover"
#define ACTION        SPACE "/Autodiscover/GetUserSettings"
#define USER(address) "<a:User><a:Mailbox>" address "</a:Mailbox></a:User>"
#define SETTINGS                                                                          \
    "<a:Setting>AutoDiscoverSMTPAddress</a:Setting><a:Setting>ExternalEwsUrl</a:Setting>" \
    "<a:Setting>InternalEwsUrl</a:Setting><a:Setting>UserMSOnline</a:Setting>"            \
    "<a:Setting>CasVersion</a:Setting><a:Setting>MailboxDN</a:Setting>"                   \
    "<a:Setting>Nonsense</a:Setting>"

#define SOAP_HOST                                                       \
    "'hosts': [ { 'name': 'mail.contoso.test', 'address': '127.0.0.2'," \
    "  'serves': ['ews', 'autodiscover-pox', 'autodiscover-soap'] } ]"
#define WITH(settings) "'exchange': { 'build': '15.2.1118.7', 'autodiscover': { " settings " } }"

static const char *request_with(struct bench *bench, const char *action, const char *version,
    const char *users, const char *settings)
{
    return xr_printf(bench->arena,
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:a=\"" SPACE
        "\" xmlns:w=\"http://www.w3.org/2005/08/addressing\"><s:Header>"
        "<a:RequestedServerVersion>%s</a:RequestedServerVersion><w:Action>%s</w:Action></s:Header>"
        "<s:Body><a:GetUserSettingsRequestMessage><a:Request><a:Users>%s</a:Users>"
        "<a:RequestedSettings>%s</a:RequestedSettings></a:Request>"
        "</a:GetUserSettingsRequestMessage></s:Body></s:Envelope>",
        version, action, users, settings);
}

static void ask(struct bench *bench, const char *users)
{
    bench_post(bench, BENCH_SVC, BENCH_ACCOUNT,
        request_with(bench, ACTION, "Exchange2013", users, SETTINGS));
}

static const struct sim_element *body(struct bench *bench)
{
    const char *why = "";
    const struct sim_element *root =
        sim_xml_parse(bench->arena, bench->reply.body.at, bench->reply.body.length, &why);

    ck_assert_msg(root != NULL, "%s", why);
    return sim_child(root, "Body")->first;
}

static const struct sim_element *response(struct bench *bench)
{
    ck_assert_int_eq(bench->reply.status, 200);
    ck_assert_str_eq(body(bench)->name, "GetUserSettingsResponseMessage");
    return sim_child(body(bench), "Response");
}

/* The n-th UserResponse, from 0; NULL: there are fewer. */
static const struct sim_element *user_at(struct bench *bench, size_t n)
{
    const struct sim_element *user = sim_child(response(bench), "UserResponses")->first;

    while (user && n--)
        user = user->next;
    return user;
}

static const char *value(const struct sim_element *user, const char *name)
{
    for (const struct sim_element *e = sim_child(user, "UserSettings")->first; e; e = e->next)
        if (!strcmp(sim_child_text(e, "Name"), name))
            return sim_child_text(e, "Value");
    return NULL;
}

static const char *setting_error(const struct sim_element *user, const char *name)
{
    for (const struct sim_element *e = sim_child(user, "UserSettingErrors")->first; e; e = e->next)
        if (!strcmp(sim_child_text(e, "SettingName"), name))
            return sim_child_text(e, "ErrorCode");
    return NULL;
}

static void check_user(struct bench *bench, const char *address, const char *code)
{
    ask(bench, xr_printf(bench->arena, USER("%s"), address));
    ck_assert_str_eq(sim_child_text(response(bench), "ErrorCode"), "NoError");
    ck_assert_str_eq(sim_child_text(user_at(bench, 0), "ErrorCode"), code);
}

START_TEST(settings_and_the_version_are_answered)
{
    struct bench bench = bench_new(SOAP_HOST);

    ask(&bench, USER("A.Berg@contoso.test"));
    const struct sim_element *user = user_at(&bench, 0);
    ck_assert_str_eq(sim_child_text(user, "ErrorCode"), "NoError");
    ck_assert_str_eq(sim_attribute(sim_child(user, "RedirectTarget"), "nil"), "true");
    ck_assert_str_eq(value(user, "AutoDiscoverSMTPAddress"), "anna@contoso.test");
    ck_assert_str_eq(value(user, "ExternalEwsUrl"), "https://mail.contoso.test/EWS/Exchange.asmx");
    ck_assert_str_eq(value(user, "UserMSOnline"), "False");
    ck_assert_str_eq(value(user, "CasVersion"), "15.02.1118.007");
    ck_assert_str_eq(setting_error(user, "MailboxDN"), "SettingIsNotAvailable");
    ck_assert_str_eq(setting_error(user, "Nonsense"), "InvalidSetting");
    ck_assert_ptr_nonnull(strstr(bench.reply.body.at, "<h:MajorBuildNumber>1118<"));
    ck_assert_str_eq(bench.reply.operation, "GetUserSettings");
    ck_assert_str_eq(bench.reply.mailbox, "anna@contoso.test");
    bench_done(&bench);
}
END_TEST

START_TEST(users_have_their_errors_and_keep_their_order)
{
    static const char *const pairs[][2] = { { "nobody@contoso.test", "InvalidUser" },
        { "partner@contoso.test", "InvalidUser" }, { "bare@contoso.test", "InvalidUser" },
        { "odd@contoso.test", "InternalServerError" }, { "no address", "InvalidUser" },
        { "cloud@contoso.test", "RedirectAddress" }, { "other@contoso.test", "RedirectUrl" },
        { "anna@contoso.test", "NoError" } };
    enum { PAIRS = sizeof(pairs) / sizeof(*pairs) };
    struct bench bench = bench_new(SOAP_HOST);
    const char *users = "";

    for (size_t i = 0; i < PAIRS; i++)
        users = xr_printf(bench.arena, "%s" USER("%s"), users, pairs[i][0]);
    ask(&bench, users);
    for (size_t i = 0; i < PAIRS; i++)
        ck_assert_str_eq(sim_child_text(user_at(&bench, i), "ErrorCode"), pairs[i][1]);
    ck_assert_ptr_null(user_at(&bench, PAIRS));
    ck_assert_str_eq(sim_child_text(user_at(&bench, 5), "RedirectTarget"), "cloud@tenant.test");
    ck_assert_str_eq(sim_child_text(user_at(&bench, 6), "RedirectTarget"), "https://other.test/x");
    bench_done(&bench);
}
END_TEST

START_TEST(a_url_redirect_names_the_place_of_soap)
{
    struct bench bench = bench_new(SOAP_HOST
        ", 'users': [ { 'smtp': 'anna@contoso.test',"
        "  'redirect_url': 'https://o.test/autodiscover/autodiscover.xml' } ], 'accounts': ["
        "  { 'logon': 'CONTOSO\\\\svc', 'password': 'pw', 'mailbox': null } ], 'scopes': {}");

    check_user(&bench, "anna@contoso.test", "RedirectUrl");
    ck_assert_str_eq(sim_child_text(user_at(&bench, 0), "RedirectTarget"),
        "https://o.test/autodiscover/autodiscover.svc");
    bench_done(&bench);
}
END_TEST

START_TEST(a_host_may_send_everybody_elsewhere)
{
    struct bench bench = bench_new("'hosts': [ { 'name': 'mail.contoso.test',"
                                   "  'address': '127.0.0.2', 'serves': ['autodiscover-soap'],"
                                   "  'redirect_addr': 'anna@there.test' } ]");

    check_user(&bench, "anna@contoso.test", "RedirectAddress");
    ck_assert_str_eq(sim_child_text(user_at(&bench, 0), "RedirectTarget"), "anna@there.test");
    check_user(&bench, "other@contoso.test", "RedirectUrl");
    bench_done(&bench);
}
END_TEST

START_TEST(users_differ_where_the_scenario_says_so)
{
    struct bench bench = bench_new(SOAP_HOST
        ", 'users': [ { 'smtp': 'busy@contoso.test', 'soap_error': 'ServerBusy' },"
        "  { 'smtp': 'bare@contoso.test', 'missing_settings': ['ExternalEwsUrl'] },"
        "  { 'smtp': 'far@contoso.test', 'online': true, 'ews_url': 'https://cloud.test/e' },"
        "  { 'smtp': 'new@contoso.test', 'soap_smtp': 'old@contoso.test' } ],"
        " 'accounts': [ { 'logon': 'CONTOSO\\\\svc', 'password': 'pw', 'mailbox': null } ],"
        " 'scopes': {}");

    check_user(&bench, "busy@contoso.test", "ServerBusy");
    check_user(&bench, "bare@contoso.test", "NoError");
    ck_assert_ptr_null(value(user_at(&bench, 0), "ExternalEwsUrl"));
    ck_assert_str_eq(setting_error(user_at(&bench, 0), "ExternalEwsUrl"), "SettingIsNotAvailable");
    check_user(&bench, "far@contoso.test", "NoError");
    ck_assert_str_eq(value(user_at(&bench, 0), "UserMSOnline"), "True");
    ck_assert_str_eq(value(user_at(&bench, 0), "ExternalEwsUrl"), "https://cloud.test/e");
    check_user(&bench, "new@contoso.test", "NoError");
    ck_assert_str_eq(value(user_at(&bench, 0), "AutoDiscoverSMTPAddress"), "old@contoso.test");
    bench_done(&bench);
}
END_TEST

START_TEST(a_throttled_server_answers_the_first_users_only)
{
    struct bench bench = bench_new(SOAP_HOST ", " WITH("'soap_users_max': 2"));

    ask(&bench, USER("anna@contoso.test") USER("boss@contoso.test") USER("shared@contoso.test"));
    ck_assert_ptr_nonnull(user_at(&bench, 1));
    ck_assert_ptr_null(user_at(&bench, 2));
    bench_done(&bench);
}
END_TEST

static void check_call(struct bench *bench, const char *code)
{
    ck_assert_str_eq(sim_child_text(response(bench), "ErrorCode"), code);
    ck_assert_ptr_null(user_at(bench, 0));
}

START_TEST(calls_have_their_errors)
{
    struct bench bench = bench_new(SOAP_HOST);
    xr_auto_buf many;

    ask(&bench, "");
    check_call(&bench, "InvalidRequest");
    bench_post(&bench, BENCH_SVC, BENCH_ACCOUNT,
        request_with(&bench, ACTION, "Exchange2013", USER("anna@contoso.test"), ""));
    check_call(&bench, "InvalidRequest");
    bench_post(&bench, BENCH_SVC, BENCH_ACCOUNT,
        request_with(&bench, ACTION, "Exchange1999", USER("anna@contoso.test"), SETTINGS));
    check_call(&bench, "InvalidRequest");
    xr_buf_init(&many, 65536);
    for (int i = 0; i < 101; i++)
        xr_buf_puts(&many, USER("anna@contoso.test"));
    ask(&bench, many.at);
    check_call(&bench, "InvalidRequest");
    ask(&bench, many.at + strlen(USER("anna@contoso.test")));
    ck_assert_ptr_nonnull(user_at(&bench, 99));
    bench_done(&bench);

    bench = bench_new(SOAP_HOST ", " WITH("'soap_error': 'ServerBusy'"));
    ask(&bench, USER("anna@contoso.test"));
    check_call(&bench, "ServerBusy");
    bench_done(&bench);
}
END_TEST

START_TEST(what_is_no_call_is_a_fault_or_a_status)
{
    struct bench bench = bench_new(SOAP_HOST);

    bench_post(&bench, BENCH_SVC, BENCH_ACCOUNT,
        request_with(&bench, "urn:dance", "Exchange2013", USER("a@contoso.test"), SETTINGS));
    ck_assert_int_eq(bench.reply.status, 500);
    ck_assert_str_eq(sim_child_text(body(&bench), "faultcode"), "a:ActionNotSupported");
    bench_post(&bench, BENCH_SVC, BENCH_ACCOUNT, "<x");
    ck_assert_int_eq(bench.reply.status, 400);
    bench_get(&bench, BENCH_SVC, BENCH_ACCOUNT);
    ck_assert_int_eq(bench.reply.status, 405);
    bench_done(&bench);

    bench = bench_new(SOAP_HOST ", " WITH("'soap_fault': 'InternalServiceFault'"));
    ask(&bench, USER("anna@contoso.test"));
    ck_assert_int_eq(bench.reply.status, 500);
    ck_assert_str_eq(sim_child_text(body(&bench), "faultcode"), "a:InternalServiceFault");
    bench_done(&bench);

    bench = bench_new(SOAP_HOST ", 'exchange': { 'build': '8.3.298.3' }");
    ask(&bench, USER("anna@contoso.test"));
    ck_assert_int_eq(bench.reply.status, 404);
    bench_done(&bench);
}
END_TEST

START_TEST(an_older_server_does_not_understand_a_newer_version)
{
    static const char *const versions[] = { "Exchange2010", "Exchange2010_SP2" };
    struct bench bench = bench_new(SOAP_HOST ", " WITH("'soap_version': 'Exchange2010_SP2'"));

    ask(&bench, USER("anna@contoso.test"));
    ck_assert_int_eq(bench.reply.status, 500);
    ck_assert_str_eq(sim_child_text(body(&bench), "faultcode"), "a:DeserializationFailed");
    for (size_t i = 0; i < 2; i++) {
        bench_post(&bench, BENCH_SVC, BENCH_ACCOUNT,
            request_with(&bench, ACTION, versions[i], USER("anna@contoso.test"), SETTINGS));
        ck_assert_ptr_nonnull(user_at(&bench, 0));
    }
    bench_done(&bench);
}
END_TEST

START_TEST(who_has_not_logged_on_learns_of_the_service)
{
    struct bench bench = bench_new(SOAP_HOST);

    bench_post(&bench, BENCH_SVC, NULL,
        request_with(&bench, ACTION, "Exchange2013", USER("anna@contoso.test"), SETTINGS));
    ck_assert_int_eq(bench.reply.status, 401);
    ck_assert_str_eq(bench_header(&bench, "X-SOAP-Enabled"), "True");
    ck_assert_str_eq(bench_header(&bench, "X-OAuth-Enabled"), "True");
    bench_get(&bench, BENCH_POX, NULL);
    ck_assert_str_eq(bench_header(&bench, "X-SOAP-Enabled"), "True");
    bench_done(&bench);
    bench = bench_new("");
    bench_get(&bench, BENCH_POX, NULL);
    ck_assert_ptr_null(bench_header(&bench, "X-SOAP-Enabled"));
    bench_done(&bench);
}
END_TEST

START_TEST(shapes_hold_for_both_protocols)
{
    struct bench bench = bench_new(SOAP_HOST ", " WITH("'shape': 'internal-only'"));
    check_user(&bench, "anna@contoso.test", "NoError");
    ck_assert_ptr_null(value(user_at(&bench, 0), "ExternalEwsUrl"));
    ck_assert_ptr_nonnull(value(user_at(&bench, 0), "InternalEwsUrl"));
    bench_done(&bench);

    bench = bench_new(SOAP_HOST ", " WITH("'shape': 'wrong-namespace'"));
    check_user(&bench, "anna@contoso.test", "NoError");
    ck_assert_str_ne(body(&bench)->space, SPACE);
    bench_done(&bench);

    bench = bench_new(SOAP_HOST ", " WITH("'shape': 'no-protocols'"));
    check_user(&bench, "anna@contoso.test", "NoError");
    ck_assert_ptr_null(sim_child(user_at(&bench, 0), "UserSettings")->first);
    bench_done(&bench);

    bench = bench_new(SOAP_HOST ", " WITH("'soap_ews_url': 'https://s.test/'"));
    check_user(&bench, "anna@contoso.test", "NoError");
    ck_assert_str_eq(value(user_at(&bench, 0), "ExternalEwsUrl"), "https://s.test/");
    ck_assert_str_eq(
        value(user_at(&bench, 0), "InternalEwsUrl"), "https://mail.contoso.test/EWS/Exchange.asmx");
    bench_done(&bench);

    bench =
        bench_new(SOAP_HOST ", " WITH("'shape': 'no-ews-url', 'soap_ews_url': 'https://s.test/'"));
    check_user(&bench, "anna@contoso.test", "NoError");
    ck_assert_str_eq(value(user_at(&bench, 0), "ExternalEwsUrl"), "https://s.test/");
    ck_assert_ptr_null(value(user_at(&bench, 0), "InternalEwsUrl"));
    bench_done(&bench);

    bench = bench_new(SOAP_HOST ", 'exchange': { 'build': '14.3.513.0' }");
    check_user(&bench, "anna@contoso.test", "NoError");
    ck_assert_str_eq(setting_error(user_at(&bench, 0), "UserMSOnline"), "InvalidSetting");
    bench_done(&bench);
}
END_TEST

#define FAULT(at, verb, more) \
    SOAP_HOST ", 'faults': [ { 'layer': 'ews', 'at': { " at " }, 'do': '" verb "'" more " } ]"

START_TEST(faults_that_name_the_operation_apply)
{
    struct bench bench = bench_new(
        FAULT("'operation': 'GetUserSettings', 'request': 1", "message", ", 'code': 'ServerBusy'"));
    ask(&bench, USER("anna@contoso.test"));
    check_call(&bench, "ServerBusy");
    check_user(&bench, "anna@contoso.test", "NoError");
    bench_done(&bench);

    bench = bench_new(FAULT("'operation': 'GetUserSettings'", "fault", ", 'code': 'Broken'"));
    ask(&bench, USER("anna@contoso.test"));
    ck_assert_int_eq(bench.reply.status, 500);
    ck_assert_str_eq(sim_child_text(body(&bench), "faultcode"), "a:Broken");
    bench_done(&bench);

    bench = bench_new(FAULT("'operation': 'GetUserSettings', 'mailbox': 'anna@*', 'request': 1,"
                            " 'per_mailbox': true",
        "message", ", 'code': 'ServerBusy'"));
    ask(&bench, USER("boss@contoso.test") USER("anna@contoso.test"));
    ck_assert_str_eq(sim_child_text(user_at(&bench, 0), "ErrorCode"), "NoError");
    ck_assert_str_eq(sim_child_text(user_at(&bench, 1), "ErrorCode"), "ServerBusy");
    check_user(&bench, "anna@contoso.test", "NoError");
    bench_done(&bench);
}
END_TEST

START_TEST(faults_of_ews_leave_autodiscover_alone)
{
    struct bench bench = bench_new(FAULT("'account': 'CONTOSO\\\\svc'", "http", ", 'status': 503"));

    check_user(&bench, "anna@contoso.test", "NoError");
    bench_ask(&bench, NULL, NULL, BENCH_INBOX);
    ck_assert_int_eq(bench.reply.status, 503);
    bench_done(&bench);
}
END_TEST

XR_UNIT_MAIN("sim user settings", settings_and_the_version_are_answered,
    users_have_their_errors_and_keep_their_order, a_url_redirect_names_the_place_of_soap,
    a_host_may_send_everybody_elsewhere, users_differ_where_the_scenario_says_so,
    a_throttled_server_answers_the_first_users_only, calls_have_their_errors,
    an_older_server_does_not_understand_a_newer_version, what_is_no_call_is_a_fault_or_a_status,
    who_has_not_logged_on_learns_of_the_service, shapes_hold_for_both_protocols,
    faults_that_name_the_operation_apply, faults_of_ews_leave_autodiscover_alone)
