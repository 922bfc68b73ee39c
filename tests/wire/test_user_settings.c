#include <string.h>

#include "analyzer/wire/user_settings.h"
#include "analyzer/wire/xml.h"
#include "tests/unit.h"
#include "tests/wire/samples.h"

#define SOAP  "http://schemas.xmlsoap.org/soap/envelope/"
#define SPACE "http://schemas.microsoft.com/exchange/2010/Autodiscover"

#define VERSION                                                                              \
    "<s:Header><h:ServerVersionInfo xmlns:h='" SPACE "'><h:MajorVersion>15</h:MajorVersion>" \
    "<h:MinorVersion>2</h:MinorVersion><h:MajorBuildNumber>1118</h:MajorBuildNumber>"        \
    "<h:MinorBuildNumber>7</h:MinorBuildNumber><h:Version>Exchange2016</h:Version>"          \
    "</h:ServerVersionInfo></s:Header>"
#define ENVELOPE(inside) \
    "<s:Envelope xmlns:s='" SOAP "'>" VERSION "<s:Body>" inside "</s:Body></s:Envelope>"
#define ANSWER(inside)                                                               \
    ENVELOPE("<GetUserSettingsResponseMessage xmlns='" SPACE "'>"                    \
             "<Response xmlns:i='http://www.w3.org/2001/XMLSchema-instance'>" inside \
             "</Response></GetUserSettingsResponseMessage>")
#define USERS(inside) \
    ANSWER("<ErrorCode>NoError</ErrorCode><UserResponses>" inside "</UserResponses>")
#define USER(inside) "<UserResponse>" inside "</UserResponse>"
#define VALUE(name, value) \
    "<UserSetting><Name>" name "</Name><Value>" value "</Value></UserSetting>"
#define VALUES(inside) USER("<UserSettings>" inside "</UserSettings>")

static const char *const anna[] = { "anna@contoso.test" };
static const char *const three[] = { "anna@contoso.test", "bo@contoso.test", "cy@contoso.test" };

static struct xr_arena *arena;

/* Each test runs in a process of its own, which ends with it. */
static struct xr_user_settings_reply reply_to(
    const char *const *addresses, size_t n, const char *body)
{
    struct xr_user_settings_reply reply;

    if (!arena)
        arena = xr_arena_new();
    const struct xr_err *err =
        xr_user_settings_parse(arena, addresses, n, body, strlen(body), &reply);
    ck_assert_msg(!err, "%s", err ? err->text : "");
    return reply;
}

static void assert_refused(const char *body, const char *expected)
{
    struct xr_user_settings_reply reply = { .users_n = 4711 };

    if (!arena)
        arena = xr_arena_new();
    const struct xr_err *err = xr_user_settings_parse(arena, anna, 1, body, strlen(body), &reply);
    ck_assert_msg(err, "not refused: %s", body);
    ck_assert_int_eq(err->fault, XR_FAULT_CONTENT);
    ck_assert_str_eq(err->text, expected);
    ck_assert_uint_eq(reply.users_n, 4711);
}

/* ---- the request ---- */

START_TEST(the_request_is_shaped_as_documented)
{
    arena = xr_arena_new();
    const char *request = xr_user_settings_request(
        arena, "Exchange2010", "https://m.test/x?a&b", (const char *const[]){ "a&<b@c.test" }, 1);

    ck_assert_str_eq(request,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<s:Envelope xmlns:s=\"" SOAP "\" xmlns:a=\"" SPACE
        "\" xmlns:w=\"http://www.w3.org/2005/08/addressing\"><s:Header>"
        "<a:RequestedServerVersion>Exchange2010</a:RequestedServerVersion>"
        "<w:Action>" SPACE "/Autodiscover/GetUserSettings</w:Action>"
        "<w:To>https://m.test/x?a&amp;b</w:To></s:Header><s:Body>"
        "<a:GetUserSettingsRequestMessage><a:Request><a:Users><a:User><a:Mailbox>"
        "a&amp;&lt;b@c.test</a:Mailbox></a:User></a:Users><a:RequestedSettings>"
        "<a:Setting>UserDisplayName</a:Setting><a:Setting>ExternalEwsUrl</a:Setting>"
        "<a:Setting>InternalEwsUrl</a:Setting><a:Setting>EwsSupportedSchemas</a:Setting>"
        "<a:Setting>CasVersion</a:Setting><a:Setting>UserDeploymentId</a:Setting>"
        "<a:Setting>InternalMailboxServer</a:Setting><a:Setting>ExternalMailboxServer</a:Setting>"
        "</a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage></s:Body>"
        "</s:Envelope>");
}
END_TEST

START_TEST(newer_servers_are_asked_for_every_setting)
{
    arena = xr_arena_new();
    const char *request =
        xr_user_settings_request(arena, xr_user_settings_versions[0], "https://m.test/", anna, 1);

    for (enum xr_user_setting i = 0; i < XR_SETTING_COUNT; i++)
        ck_assert_ptr_nonnull(strstr(
            request, xr_printf(arena, "<a:Setting>%s</a:Setting>", xr_user_setting_name(i))));
}
END_TEST

START_TEST(a_hundred_mailboxes_are_asked_about_at_once_and_no_more)
{
    const char *addresses[XR_USER_SETTINGS_MAX + 1];
    const struct xr_node *root;
    size_t users = 0;

    arena = xr_arena_new();
    for (size_t i = 0; i <= XR_USER_SETTINGS_MAX; i++)
        addresses[i] = xr_printf(arena, "user%zu&co@contoso.test", i);
    ck_assert_ptr_null(xr_user_settings_request(arena, "Exchange2013", "u", addresses, 0));
    ck_assert_ptr_null(
        xr_user_settings_request(arena, "Exchange2013", "u", addresses, XR_USER_SETTINGS_MAX + 1));
    const char *request =
        xr_user_settings_request(arena, "Exchange2013", "u", addresses, XR_USER_SETTINGS_MAX);
    const struct xr_err *err = xr_xml_parse(arena, request, strlen(request), &root);
    ck_assert_msg(!err, "%s", err ? err->text : "");
    const struct xr_node *user = xr_xml_child(xr_xml_find(root, "Users"), "User");
    for (; user; user = xr_xml_sibling(user, "User"), users++)
        ck_assert_str_eq(xr_xml_text(arena, user, "Mailbox"), addresses[users]);
    ck_assert_uint_eq(users, XR_USER_SETTINGS_MAX);
}
END_TEST

/* ---- settings ---- */

START_TEST(settings_are_read)
{
    struct xr_user_settings_reply reply = reply_to(anna, 1,
        USERS(VALUES(VALUE("UserDisplayName", " Anna Berg ") VALUE("InternalEwsUrl", "https://i/")
                VALUE("ExternalEwsUrl", "https://e/") VALUE("UserMSOnline", "False")
                    VALUE("AutoDiscoverSMTPAddress", "a.berg@contoso.test") VALUE("UserDN", "/o=x")
                        VALUE("CasVersion", "15.02.1118.007"))));

    ck_assert(!reply.fault);
    ck_assert_int_eq(reply.error.code, XR_SETTINGS_NO_ERROR);
    ck_assert_uint_eq(reply.users_n, 1);
    const struct xr_user_settings *user = &reply.users[0];
    ck_assert_str_eq(user->address, "anna@contoso.test");
    ck_assert_str_eq(user->values[XR_SETTING_DISPLAY_NAME], "Anna Berg");
    ck_assert_str_eq(user->values[XR_SETTING_SMTP_ADDRESS], "a.berg@contoso.test");
    ck_assert_str_eq(user->values[XR_SETTING_ONLINE], "False");
    ck_assert_str_eq(user->values[XR_SETTING_CAS_VERSION], "15.02.1118.007");
    ck_assert_ptr_null(user->values[XR_SETTING_DEPLOYMENT_ID]);
    ck_assert_str_eq(user->ews_url, "https://e/");
    ck_assert(!user->is_internal);
    ck_assert_ptr_null(user->redirect);
    ck_assert_ptr_null(reply.deviation);
}
END_TEST

START_TEST(the_version_is_read_from_child_elements)
{
    struct xr_user_settings_reply reply = reply_to(anna, 1, USERS(VALUES("")));
    struct xr_user_settings_reply none = reply_to(anna, 1,
        "<s:Envelope xmlns:s='" SOAP "'><s:Header><ServerVersionInfo xmlns='" SPACE "'>"
        "<MajorVersion>15x</MajorVersion><MinorVersion>-1</MinorVersion>"
        "<MajorBuildNumber>123456</MajorBuildNumber></ServerVersionInfo></s:Header><s:Body>"
        "<GetUserSettingsResponseMessage xmlns='" SPACE "'><Response><UserResponses><UserResponse/>"
        "</UserResponses></Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>");

    ck_assert_int_eq(reply.major, 15);
    ck_assert_int_eq(reply.minor, 2);
    ck_assert_int_eq(reply.build, 1118);
    ck_assert_int_eq(reply.revision, 7);
    ck_assert_str_eq(reply.version, "Exchange2016");
    ck_assert_int_eq(none.major, -1);
    ck_assert_int_eq(none.minor, -1);
    ck_assert_int_eq(none.build, -1);
    ck_assert_int_eq(none.revision, -1);
    ck_assert_ptr_null(none.version);
}
END_TEST

START_TEST(the_url_for_outside_is_chosen)
{
    static const struct {
        const char *body, *url;
        bool is_internal;
    } cases[] = {
        { USERS(VALUES(VALUE("InternalEwsUrl", "i") VALUE("InteropExternalEwsUrl", "n")
                  VALUE("ExternalEwsUrl", "e"))),
            "e", false },
        { USERS(VALUES(VALUE("InternalEwsUrl", "i") VALUE("InteropExternalEwsUrl", "n"))), "n",
            false },
        { USERS(VALUES(VALUE("InternalEwsUrl", "i") VALUE("ExternalEwsUrl", " "))), "i", true },
        { USERS(VALUES(VALUE("ExternalOABUrl", "o"))), NULL, false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct xr_user_settings_reply reply = reply_to(anna, 1, cases[i].body);
        ck_assert_pstr_eq(reply.users[0].ews_url, cases[i].url);
        ck_assert_int_eq(reply.users[0].is_internal, cases[i].is_internal);
    }
}
END_TEST

START_TEST(of_settings_sent_twice_the_first_counts_and_it_is_told)
{
    struct xr_user_settings_reply differs = reply_to(anna, 1,
        USERS(VALUES(VALUE("ExternalEwsUrl", "https://one/") VALUE("ExternalEwsUrl", "https://2/")
                VALUE("CasVersion", "1") VALUE("CasVersion", "2"))));
    struct xr_user_settings_reply same = reply_to(anna, 1,
        USERS(VALUES(VALUE("ExternalEwsUrl", "https://1/") VALUE("ExternalEwsUrl", "https://1/"))));

    ck_assert_str_eq(differs.users[0].ews_url, "https://one/");
    ck_assert_str_eq(differs.deviation, "ExternalEwsUrl is sent twice, with different values");
    ck_assert_ptr_null(same.deviation);
}
END_TEST

START_TEST(what_is_nil_is_not_there)
{
    struct xr_user_settings_reply reply = reply_to(anna, 1,
        USERS(USER("<ErrorCode>RedirectUrl</ErrorCode><ErrorMessage i:nil='true'>x</ErrorMessage>"
                   "<RedirectTarget i:nil='1'>https://evil.test/</RedirectTarget><UserSettings>"
                   "<UserSetting><Name>CasVersion</Name><Value i:nil='true'>9</Value></UserSetting>"
                   "<UserSetting><Name>UserMSOnline</Name><Value i:nil='false'>True</Value>"
                   "</UserSetting></UserSettings>")));

    ck_assert_int_eq(reply.users[0].error.code, XR_SETTINGS_REDIRECT_URL);
    ck_assert_str_eq(reply.users[0].error.message, "");
    ck_assert_ptr_null(reply.users[0].redirect);
    ck_assert_ptr_null(reply.users[0].values[XR_SETTING_CAS_VERSION]);
    ck_assert_str_eq(reply.users[0].values[XR_SETTING_ONLINE], "True");
}
END_TEST

/* ---- errors ---- */

START_TEST(every_code_is_known)
{
    static const struct {
        const char *text;
        enum xr_settings_code code;
    } codes[] = {
        { "NoError", XR_SETTINGS_NO_ERROR },
        { "RedirectAddress", XR_SETTINGS_REDIRECT_ADDRESS },
        { "RedirectUrl", XR_SETTINGS_REDIRECT_URL },
        { "InvalidUser", XR_SETTINGS_INVALID_USER },
        { "InvalidRequest", XR_SETTINGS_INVALID_REQUEST },
        { "InvalidSetting", XR_SETTINGS_INVALID_SETTING },
        { "SettingIsNotAvailable", XR_SETTINGS_NOT_AVAILABLE },
        { "ServerBusy", XR_SETTINGS_SERVER_BUSY },
        { "InvalidDomain", XR_SETTINGS_INVALID_DOMAIN },
        { "NotFederated", XR_SETTINGS_NOT_FEDERATED },
        { "InternalServerError", XR_SETTINGS_INTERNAL_ERROR },
        { "Noerror", XR_SETTINGS_UNKNOWN },
    };

    arena = xr_arena_new();
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        struct xr_user_settings_reply reply = reply_to(
            anna, 1, xr_printf(arena, USERS(USER("<ErrorCode>%s</ErrorCode>")), codes[i].text));
        ck_assert_int_eq(reply.users[0].error.code, codes[i].code);
        ck_assert_str_eq(reply.users[0].error.text, codes[i].text);
    }
}
END_TEST

START_TEST(users_are_in_the_order_asked_and_each_has_an_error_of_its_own)
{
    struct xr_user_settings_reply reply = reply_to(three, 3,
        USERS(USER("<ErrorCode>InvalidUser</ErrorCode><ErrorMessage>Invalid\n user: 'anna'"
                   "</ErrorMessage>") VALUES(VALUE("ExternalEwsUrl", "https://e/"))
                USER("<ErrorCode>ServerBusy</ErrorCode>")));

    ck_assert_uint_eq(reply.users_n, 3);
    ck_assert_str_eq(reply.users[0].address, "anna@contoso.test");
    ck_assert_int_eq(reply.users[0].error.code, XR_SETTINGS_INVALID_USER);
    ck_assert_str_eq(reply.users[0].error.message, "Invalid user: 'anna'");
    ck_assert_str_eq(reply.users[1].address, "bo@contoso.test");
    ck_assert_int_eq(reply.users[1].error.code, XR_SETTINGS_NO_ERROR);
    ck_assert_str_eq(reply.users[1].ews_url, "https://e/");
    ck_assert_str_eq(reply.users[2].address, "cy@contoso.test");
    ck_assert_int_eq(reply.users[2].error.code, XR_SETTINGS_SERVER_BUSY);
    ck_assert_str_eq(reply.users[2].error.message, "");
}
END_TEST

START_TEST(a_throttled_answer_has_fewer_users)
{
    struct xr_user_settings_reply reply =
        reply_to(three, 3, USERS(VALUES("") USER("<ErrorCode>InvalidUser</ErrorCode>")));

    ck_assert_uint_eq(reply.users_n, 2);
    ck_assert_str_eq(reply.users[1].address, "bo@contoso.test");
}
END_TEST

START_TEST(more_users_than_asked_for_are_refused)
{
    assert_refused(USERS(VALUES("") VALUES("")),
        "SOAP, but no answer to GetUserSettings: it is about more users than the 1 that were asked "
        "for");
}
END_TEST

START_TEST(settings_have_their_errors)
{
    struct xr_user_settings_reply reply = reply_to(anna, 1,
        USERS(USER("<ErrorCode>NoError</ErrorCode><UserSettingErrors>"
                   "<UserSettingError><ErrorCode>SettingIsNotAvailable</ErrorCode>"
                   "<ErrorMessage>Not here.</ErrorMessage><SettingName>ExternalEwsUrl</SettingName>"
                   "</UserSettingError><UserSettingError><ErrorCode>InvalidSetting</ErrorCode>"
                   "<SettingName>UserMSOnline</SettingName></UserSettingError><UserSettingError>"
                   "<ErrorCode>InvalidSetting</ErrorCode><SettingName>Other</SettingName>"
                   "</UserSettingError></UserSettingErrors><UserSettings>" VALUE(
                       "InternalEwsUrl", "https://i/") "</UserSettings>")));
    const struct xr_user_settings *user = &reply.users[0];

    ck_assert_int_eq(user->errors[XR_SETTING_EXTERNAL_EWS].code, XR_SETTINGS_NOT_AVAILABLE);
    ck_assert_str_eq(user->errors[XR_SETTING_EXTERNAL_EWS].message, "Not here.");
    ck_assert_int_eq(user->errors[XR_SETTING_ONLINE].code, XR_SETTINGS_INVALID_SETTING);
    ck_assert_int_eq(user->errors[XR_SETTING_INTERNAL_EWS].code, XR_SETTINGS_NO_ERROR);
    ck_assert_str_eq(user->errors[XR_SETTING_INTERNAL_EWS].message, "");
    ck_assert_str_eq(user->ews_url, "https://i/");
    ck_assert(user->is_internal);
}
END_TEST

START_TEST(the_whole_call_may_fail)
{
    struct xr_user_settings_reply busy = reply_to(three, 3,
        ANSWER("<ErrorCode>ServerBusy</ErrorCode><ErrorMessage>Later.</ErrorMessage>"
               "<UserResponses i:nil='true'/>"));
    struct xr_user_settings_reply odd =
        reply_to(three, 3, ANSWER("<ErrorCode>No way, sorry</ErrorCode>"));

    ck_assert(!busy.fault);
    ck_assert_int_eq(busy.error.code, XR_SETTINGS_SERVER_BUSY);
    ck_assert_str_eq(busy.error.message, "Later.");
    ck_assert_uint_eq(busy.users_n, 0);
    ck_assert_int_eq(odd.error.code, XR_SETTINGS_UNKNOWN);
    ck_assert_ptr_null(odd.error.text);
}
END_TEST

START_TEST(redirects_are_read)
{
#define REDIRECT(code, target)                   \
    USERS(USER("<ErrorCode>" code "</ErrorCode>" \
               "<RedirectTarget>" target "</RedirectTarget>"))
    static const struct {
        const char *body, *target;
    } cases[] = {
        { REDIRECT("RedirectAddress", " anna@tenant.test "), "anna@tenant.test" },
        { REDIRECT("RedirectAddress", "https://tenant.test/"), NULL },
        { REDIRECT("RedirectAddress", "@tenant.test"), NULL },
        { REDIRECT("RedirectAddress", ""), NULL },
        { REDIRECT("RedirectUrl", "https://other.test/x.svc"), "https://other.test/x.svc" },
        { REDIRECT("NoError", "https://other.test/x.svc"), NULL },
        { REDIRECT("InvalidUser", "anna@tenant.test"), NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_pstr_eq(reply_to(anna, 1, cases[i].body).users[0].redirect, cases[i].target);
}
END_TEST

START_TEST(faults_are_read)
{
#define FAULT(code, text) \
    ENVELOPE(             \
        "<s:Fault><faultcode>" code "</faultcode><faultstring>" text "</faultstring></s:Fault>")
    static const struct {
        const char *body, *text, *message;
        enum xr_settings_code code;
    } cases[] = {
        { FAULT("a:ActionNotSupported", "Action\r\n mismatch."), "ActionNotSupported",
            "Action mismatch.", XR_SETTINGS_UNKNOWN },
        { FAULT("ServerBusy", "Later."), "ServerBusy", "Later.", XR_SETTINGS_SERVER_BUSY },
        { FAULT("s:Client", "No."), NULL, "No.", XR_SETTINGS_UNKNOWN },
        { FAULT("a:NoError", ""), "NoError", "", XR_SETTINGS_UNKNOWN },
        { FAULT("a:b c", ""), NULL, "", XR_SETTINGS_UNKNOWN },
        { ENVELOPE("<s:Fault/>"), NULL, "", XR_SETTINGS_UNKNOWN },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct xr_user_settings_reply reply = reply_to(three, 3, cases[i].body);
        ck_assert(reply.fault);
        ck_assert_uint_eq(reply.users_n, 0);
        ck_assert_pstr_eq(reply.error.text, cases[i].text);
        ck_assert_str_eq(reply.error.message, cases[i].message);
        ck_assert_int_eq(reply.error.code, cases[i].code);
        ck_assert_int_eq(reply.major, 15);
    }
}
END_TEST

START_TEST(wrong_namespaces_are_told_and_forgiven)
{
    struct xr_user_settings_reply none = reply_to(anna, 1,
        "<Envelope><Body><GetUserSettingsResponseMessage><Response><UserResponses><UserResponse/>"
        "</UserResponses></Response></GetUserSettingsResponseMessage></Body></Envelope>");
    struct xr_user_settings_reply other = reply_to(anna, 1,
        ENVELOPE("<GetUserSettingsResponseMessage xmlns='" SPACE "'><Response xmlns='urn:x'>"
                 "<UserResponses><UserResponse/></UserResponses></Response>"
                 "</GetUserSettingsResponseMessage>"));

    ck_assert_str_eq(none.deviation,
        "Envelope is in no namespace; GetUserSettingsResponseMessage is in no namespace");
    ck_assert_str_eq(other.deviation, "Response is in the namespace urn:x");
}
END_TEST

START_TEST(what_is_no_answer_is_refused)
{
#define NONE "SOAP, but no answer to GetUserSettings: "
    assert_refused("<html/>", "XML, but not SOAP: its root element is html");
    assert_refused("", "not XML: line 1: it is empty");
    assert_refused("<!DOCTYPE html>\n<html></html>", "not XML: line 1: it is an HTML page");
    assert_refused("<s:Envelope xmlns:s='" SOAP "'/>", NONE "its Envelope has no Body");
    assert_refused(ENVELOPE(""), NONE "its Body is empty");
    assert_refused(ENVELOPE("<GetDomainSettingsResponseMessage/>"),
        NONE "it holds GetDomainSettingsResponseMessage");
    assert_refused(ENVELOPE("<GetUserSettingsResponseMessage/>"), NONE "it has no Response");
    assert_refused(ANSWER(""), NONE "it has neither an error nor a UserResponse");
    assert_refused(USERS(""), NONE "it has neither an error nor a UserResponse");
}
END_TEST

/* ---- recorded answers ---- */

START_TEST(recorded_answers_are_read)
{
    size_t length;

    arena = xr_arena_new();
    if (!samples_are_here(arena))
        return;
    struct xr_user_settings_reply settings =
        reply_to(anna, 1, sample(arena, "soapad_settings_2013.xml", &length));
    const struct xr_user_settings *user = &settings.users[0];
    ck_assert_int_eq(settings.build, 160);
    ck_assert_str_eq(settings.version, "Exchange2013");
    ck_assert_ptr_null(settings.deviation);
    ck_assert_str_eq(user->ews_url, "https://mail.contoso.com/EWS/Exchange.asmx");
    ck_assert_str_eq(user->values[XR_SETTING_DISPLAY_NAME], "Mara Whitley");
    ck_assert_str_eq(user->values[XR_SETTING_CAS_VERSION], "15.01.0160.004");
    ck_assert_str_eq(user->values[XR_SETTING_EXTERNAL_SERVER], "mail.contoso.com");
    ck_assert_ptr_null(user->values[XR_SETTING_SMTP_ADDRESS]);
    ck_assert_ptr_null(user->redirect);

    struct xr_user_settings_reply redirect =
        reply_to(anna, 1, sample(arena, "soapad_redirect_address.xml", &length));
    ck_assert_int_eq(redirect.major, 14);
    ck_assert_int_eq(redirect.users[0].error.code, XR_SETTINGS_REDIRECT_ADDRESS);
    ck_assert_str_eq(redirect.users[0].redirect, "elvin@mail.contoso.com");
}
END_TEST

XR_UNIT_MAIN("user-settings", the_request_is_shaped_as_documented,
    newer_servers_are_asked_for_every_setting,
    a_hundred_mailboxes_are_asked_about_at_once_and_no_more, settings_are_read,
    the_version_is_read_from_child_elements, the_url_for_outside_is_chosen,
    of_settings_sent_twice_the_first_counts_and_it_is_told, what_is_nil_is_not_there,
    every_code_is_known, users_are_in_the_order_asked_and_each_has_an_error_of_its_own,
    a_throttled_answer_has_fewer_users, more_users_than_asked_for_are_refused,
    settings_have_their_errors, the_whole_call_may_fail, redirects_are_read, faults_are_read,
    wrong_namespaces_are_told_and_forgiven, what_is_no_answer_is_refused, recorded_answers_are_read)
