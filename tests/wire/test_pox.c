#include "analyzer/wire/autodiscover.h"
#include "tests/unit.h"
#include "tests/wire/samples.h"

#define SCHEMAS "http://schemas.microsoft.com/exchange/autodiscover/"
#define ROOT    "<Autodiscover xmlns='" SCHEMAS "responseschema/2006'>"
#define ANSWER(inside)                                                       \
    ROOT "<Response xmlns='" SCHEMAS "outlook/responseschema/2006a'>" inside \
         "</Response></Autodiscover>"
#define ACCOUNT(inside) ANSWER("<Account>" inside "</Account>")

static struct xr_arena *arena;

/* Each test runs in a process of its own, which ends with it. */
static struct xr_pox_reply reply_of(const char *body)
{
    struct xr_pox_reply reply;

    if (!arena)
        arena = xr_arena_new();
    const struct xr_err *err = xr_pox_parse(arena, body, strlen(body), &reply);
    ck_assert_msg(!err, "%s", err ? err->text : "");
    return reply;
}

static void assert_refused(const char *body, const char *expected)
{
    struct xr_pox_reply reply = { .error_code = 4711 };

    if (!arena)
        arena = xr_arena_new();
    const struct xr_err *err = xr_pox_parse(arena, body, strlen(body), &reply);
    ck_assert_msg(err, "not refused: %s", body);
    ck_assert_int_eq(err->fault, XR_FAULT_CONTENT);
    ck_assert_str_eq(err->text, expected);
    ck_assert_int_eq(reply.error_code, 4711);
}

START_TEST(the_request_is_shaped_as_documented)
{
    arena = xr_arena_new();
    ck_assert_str_eq(xr_pox_request(arena, "a&<b@contoso.test"),
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<Autodiscover xmlns=\"" SCHEMAS "outlook/requestschema/2006\"><Request>"
        "<EMailAddress>a&amp;&lt;b@contoso.test</EMailAddress><AcceptableResponseSchema>" SCHEMAS
        "outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>");
}
END_TEST

START_TEST(settings_are_read)
{
    struct xr_pox_reply reply = reply_of(
        ANSWER("<User><DisplayName>Jane</DisplayName>"
               "<AutoDiscoverSMTPAddress> jane@contoso.test </AutoDiscoverSMTPAddress></User>"
               "<Account><AccountType>email</AccountType><Action>settings</Action>"
               "<Protocol><Type>EXCH</Type><ServerVersion>73C1809A</ServerVersion>"
               "<ASUrl>https://as.test/</ASUrl><EwsUrl>https://in.test/</EwsUrl></Protocol>"
               "<Protocol><Type>WEB</Type><External><Protocol><Type>EXPR</Type>"
               "<ASUrl>https://web.test/</ASUrl></Protocol></External></Protocol>"
               "<Protocol><Type>expr</Type><EwsUrl>https://out.test/</EwsUrl></Protocol>"
               "<Protocol><Type>EXHTTP</Type><EwsUrl>https://h1.test/</EwsUrl></Protocol>"
               "<Protocol><Type>EXHTTP</Type><EwsUrl>https://h2.test/</EwsUrl></Protocol>"
               "</Account>"));

    ck_assert_int_eq(reply.kind, XR_POX_SETTINGS);
    ck_assert_str_eq(reply.display_name, "Jane");
    ck_assert_str_eq(reply.smtp_address, "jane@contoso.test");
    ck_assert_str_eq(reply.internal_ews, "https://in.test/");
    ck_assert_str_eq(reply.external_ews, "https://out.test/");
    ck_assert_str_eq(reply.exhttp_ews, "https://h2.test/");
    ck_assert_str_eq(reply.ews_url, "https://out.test/");
    ck_assert_str_eq(reply.server_version, "15.1.154");
    ck_assert_ptr_null(reply.deviation);
    ck_assert_ptr_null(reply.redirect);
}
END_TEST

START_TEST(the_url_for_outside_is_chosen)
{
#define PROTOCOL(type, element) "<Protocol><Type>" type "</Type>" element "</Protocol>"
    static const struct {
        const char *body, *url;
    } cases[] = {
        { ACCOUNT(PROTOCOL("EXHTTP", "<EwsUrl>h</EwsUrl>") PROTOCOL("EXCH", "<EwsUrl>i</EwsUrl>")),
            "h" },
        { ACCOUNT(PROTOCOL("EXPR", "<EwsUrl> </EwsUrl>") PROTOCOL("EXCH", "<EwsUrl>i</EwsUrl>")),
            "i" },
        { ACCOUNT(PROTOCOL("EXPR", "<ASUrl>a</ASUrl>") PROTOCOL("EXCH", "<EwsUrl>i</EwsUrl>")),
            "a" },
        { ACCOUNT(PROTOCOL("EXPR", "<OOFUrl>o</OOFUrl>") "<Protocol><EwsUrl>x</EwsUrl></Protocol>"),
            NULL },
        { ACCOUNT(""), NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_pstr_eq(reply_of(cases[i].body).ews_url, cases[i].url);
}
END_TEST

START_TEST(server_versions_are_decoded)
{
    static const struct {
        const char *body, *version;
    } cases[] = {
        { ACCOUNT("<Protocol><ServerVersion>72008287</ServerVersion></Protocol>"), "8.0.647" },
        { ACCOUNT("<Protocol><ServerVersion>0x720082</ServerVersion></Protocol>"), NULL },
        { ACCOUNT("<Protocol><ServerVersion>172008287</ServerVersion></Protocol>"), NULL },
        { ACCOUNT("<Protocol><ServerVersion/></Protocol>"), NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_pstr_eq(reply_of(cases[i].body).server_version, cases[i].version);
}
END_TEST

START_TEST(redirects_are_read)
{
    struct xr_pox_reply address = reply_of(
        ACCOUNT("<Action>redirectAddr</Action><RedirectAddr>j@contoso.test</RedirectAddr>"));
    struct xr_pox_reply url =
        reply_of(ACCOUNT("<Action>redirectUrl</Action><RedirectUrl>https://x/</RedirectUrl>"));

    ck_assert_int_eq(address.kind, XR_POX_REDIRECT_ADDRESS);
    ck_assert_str_eq(address.redirect, "j@contoso.test");
    ck_assert_ptr_null(address.deviation);
    ck_assert_int_eq(url.kind, XR_POX_REDIRECT_URL);
    ck_assert_str_eq(url.redirect, "https://x/");
    assert_refused(ACCOUNT("<Action>redirectUrl</Action><RedirectAddr>j@x</RedirectAddr>"),
        "XML, but no Autodiscover answer: its action is redirectUrl, but it has no RedirectUrl");
    assert_refused(ACCOUNT("<Action>dance</Action>"),
        "XML, but no Autodiscover answer: its action is \"dance\"");
}
END_TEST

START_TEST(errors_are_read)
{
    struct xr_pox_reply known =
        reply_of(ROOT "<Response><Error Time='1' Id='2'><ErrorCode>500</ErrorCode>"
                      "<Message>The e-mail address cannot be found.</Message><DebugData/></Error>"
                      "</Response></Autodiscover>");
    struct xr_pox_reply unknown = reply_of(
        ROOT "<Response><Error><ErrorCode>799</ErrorCode></Error></Response></Autodiscover>");
    struct xr_pox_reply bare = reply_of(ROOT "<Response><Error/></Response></Autodiscover>");

    ck_assert_int_eq(known.kind, XR_POX_ERROR);
    ck_assert_int_eq(known.error_code, 500);
    ck_assert_str_eq(known.error_message, "The e-mail address cannot be found.");
    ck_assert_ptr_null(known.deviation);
    ck_assert_int_eq(unknown.error_code, 0);
    ck_assert_str_eq(unknown.error_message, "unknown error code 799: no message");
    ck_assert_int_eq(bare.kind, XR_POX_ERROR);
    ck_assert_ptr_null(bare.error_message);
}
END_TEST

START_TEST(the_schema_of_mobile_devices_is_told_apart)
{
#define MOBILE(inside)                                                                 \
    ROOT "<Response xmlns='" SCHEMAS "mobilesync/responseschema/2006'><Action>" inside \
         "</Action></Response></Autodiscover>"
    struct xr_pox_reply reply = reply_of(
        MOBILE("<Error><Status>2</Status><Message>The directory is down</Message></Error>"));

    ck_assert_int_eq(reply.kind, XR_POX_ERROR);
    ck_assert_int_eq(reply.error_code, 0);
    ck_assert_str_eq(reply.error_message,
        "an error in the schema of mobile devices, status 2: The directory is down");
    ck_assert_ptr_nonnull(reply.deviation);
    assert_refused(MOBILE("<Settings/>"),
        "XML, but no Autodiscover answer: it is for mobile devices, which was not asked for");
}
END_TEST

START_TEST(wrong_namespaces_are_told_and_forgiven)
{
    struct xr_pox_reply none =
        reply_of("<Autodiscover><Response><Account><Action>settings</Action></Account></Response>"
                 "</Autodiscover>");
    struct xr_pox_reply secure =
        reply_of("<Autodiscover xmlns='https://schemas.microsoft.com/exchange/autodiscover/"
                 "responseschema/2006'><Response xmlns='" SCHEMAS
                 "outlook/responseschema/2006a'><Account/></Response></Autodiscover>");
    struct xr_pox_reply inherited = reply_of(ROOT "<Response><Account/></Response></Autodiscover>");

    ck_assert_str_eq(
        none.deviation, "Autodiscover is in no namespace; Response is in no namespace");
    ck_assert_str_eq(secure.deviation,
        "Autodiscover is in the namespace "
        "https://schemas.microsoft.com/exchange/autodiscover/responseschema/2006");
    ck_assert_str_eq(inherited.deviation,
        "Response is in the namespace "
        "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006");
}
END_TEST

START_TEST(what_is_no_answer_is_refused)
{
    assert_refused("<!DOCTYPE html>\n<html></html>", "not XML: line 1: it is an HTML page");
    assert_refused("<html><br></html>",
        "not XML: line 1: opening and ending tag mismatch: br line 1 and html");
    assert_refused("<html/>", "XML, but no Autodiscover answer: its root element is html");
    assert_refused(
        "<a\xc2\xb7/>", "XML, but no Autodiscover answer: its root element is a\xc2\xb7");
    assert_refused(ROOT "</Autodiscover>", "XML, but no Autodiscover answer: it has no Response");
    assert_refused(ANSWER("<User/>"),
        "XML, but no Autodiscover answer: its Response has neither an Account nor an Error");
    assert_refused("", "not XML: line 1: it is empty");
}
END_TEST

START_TEST(an_internal_url_is_told_as_such)
{
    static const struct {
        const char *body, *url;
        bool is_internal;
    } cases[] = {
        { ACCOUNT(PROTOCOL("EXCH", "<EwsUrl>i</EwsUrl>")), "i", true },
        { ACCOUNT(PROTOCOL("EXCH", "<ASUrl>i</ASUrl>") PROTOCOL("EXPR", "<Server>s</Server>")), "i",
            true },
        { ACCOUNT(PROTOCOL("EXCH", "<EwsUrl>i</EwsUrl>") PROTOCOL("EXHTTP", "<EwsUrl/>")), "i",
            true },
        { ACCOUNT(PROTOCOL("EXCH", "<EwsUrl>u</EwsUrl>") PROTOCOL("EXPR", "<EwsUrl>u</EwsUrl>")),
            "u", false },
        { ACCOUNT(PROTOCOL("EXCH", "<EwsUrl>i</EwsUrl>") PROTOCOL("EXHTTP", "<EwsUrl>h</EwsUrl>")),
            "h", false },
        { ACCOUNT(PROTOCOL("WEB", "<Internal><OWAUrl>w</OWAUrl></Internal>")), NULL, false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct xr_pox_reply reply = reply_of(cases[i].body);
        ck_assert_pstr_eq(reply.ews_url, cases[i].url);
        ck_assert_int_eq(reply.is_internal, cases[i].is_internal);
    }
}
END_TEST

START_TEST(the_outer_of_two_exhttp_wins)
{
    static const struct {
        const char *body, *url;
    } cases[] = {
        { ACCOUNT(PROTOCOL("EXHTTP", "<EwsUrl>inside</EwsUrl>")
                  PROTOCOL("EXHTTP", "<EwsUrl>outside</EwsUrl>")),
            "outside" },
        { ACCOUNT(PROTOCOL("EXHTTP", "<EwsUrl>inside</EwsUrl>")
                  PROTOCOL("EXHTTP", "<ASUrl>outside</ASUrl>")),
            "outside" },
        { ACCOUNT(PROTOCOL("EXHTTP", "<EwsUrl>only</EwsUrl>")), "only" },
        { ACCOUNT(PROTOCOL("EXHTTP", "<EwsUrl>h</EwsUrl>") PROTOCOL("EXHTTP", "<SSL>On</SSL>")),
            "h" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct xr_pox_reply reply = reply_of(cases[i].body);
        ck_assert_str_eq(reply.exhttp_ews, cases[i].url);
        ck_assert_str_eq(reply.ews_url, cases[i].url);
    }
}
END_TEST

START_TEST(outlook_on_the_web_is_read)
{
#define OWA(side, urls) "<" side ">" urls "</" side ">"
    struct xr_pox_reply both = reply_of(ACCOUNT(PROTOCOL("WEB",
        OWA("External", "<OWAUrl AuthenticationMethod='Fba'>https://out.test/owa</OWAUrl>"
                        "<Protocol><Type>EXPR</Type><ASUrl>https://web.test/</ASUrl></Protocol>")
            OWA("Internal", "<OWAUrl>https://in.test/owa</OWAUrl><OWAUrl>https://in2/</OWAUrl>"))));
    struct xr_pox_reply inner =
        reply_of(ACCOUNT(PROTOCOL("web", OWA("Internal", "<OWAUrl> https://in.test/ </OWAUrl>"))));
    struct xr_pox_reply stray = reply_of(ACCOUNT(PROTOCOL("WEB", "<OWAUrl>x</OWAUrl>")
            PROTOCOL("EXPR", OWA("External", "<OWAUrl>y</OWAUrl>"))));

    ck_assert_str_eq(both.external_owa, "https://out.test/owa");
    ck_assert_str_eq(both.internal_owa, "https://in.test/owa");
    ck_assert_ptr_null(both.ews_url);
    ck_assert_str_eq(inner.internal_owa, "https://in.test/");
    ck_assert_ptr_null(inner.external_owa);
    ck_assert_ptr_null(stray.external_owa);
    ck_assert_ptr_null(stray.internal_owa);
}
END_TEST

START_TEST(the_home_of_the_mailbox_is_read_as_sent)
{
    static const struct {
        const char *body, *online;
    } cases[] = {
        { ACCOUNT("<MicrosoftOnline>True</MicrosoftOnline>"), "True" },
        { ACCOUNT("<MicrosoftOnline> False </MicrosoftOnline>"), "False" },
        { ACCOUNT("<MicrosoftOnline/>"), NULL },
        { ACCOUNT("<Protocol><MicrosoftOnline>True</MicrosoftOnline></Protocol>"), NULL },
        { ACCOUNT(""), NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_pstr_eq(reply_of(cases[i].body).online, cases[i].online);
}
END_TEST

static struct xr_pox_reply sample_reply(const char *file)
{
    size_t length;
    struct xr_pox_reply reply;
    const char *body = sample(arena, file, &length);

    ck_assert_msg(body, "%s is not here", file);
    const struct xr_err *err = xr_pox_parse(arena, body, length, &reply);
    ck_assert_msg(!err, "%s: %s", file, err ? err->text : "");
    return reply;
}

/* A recorded Exchange 2007: four addresses inside, none outside, no word about the cloud. */
START_TEST(recorded_answers_tell_inside_from_outside)
{
    arena = xr_arena_new();
    if (!samples_are_here(arena))
        return;
    struct xr_pox_reply settings = sample_reply("pox_2007_settings.xml");
    struct xr_pox_reply redirect = sample_reply("pox_redirect_addr.xml");

    ck_assert_str_eq(settings.internal_owa, "https://cas-01-server.mail.internal.contoso.com/owa");
    ck_assert_ptr_null(settings.external_owa);
    ck_assert_ptr_null(settings.online);
    ck_assert(!settings.is_internal);
    ck_assert_str_eq(settings.ews_url, "https://mail.contoso.com/ews/exchange.asmx");
    ck_assert(!redirect.is_internal);
    ck_assert_ptr_null(redirect.internal_owa);
}
END_TEST

XR_UNIT_MAIN("pox", the_request_is_shaped_as_documented, settings_are_read,
    the_url_for_outside_is_chosen, an_internal_url_is_told_as_such, the_outer_of_two_exhttp_wins,
    outlook_on_the_web_is_read, the_home_of_the_mailbox_is_read_as_sent,
    server_versions_are_decoded, redirects_are_read, errors_are_read,
    the_schema_of_mobile_devices_is_told_apart, wrong_namespaces_are_told_and_forgiven,
    what_is_no_answer_is_refused, recorded_answers_tell_inside_from_outside)
