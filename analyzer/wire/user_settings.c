#include "analyzer/wire/user_settings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/soap.h"
#include "analyzer/wire/xml.h"

#define SPACE      "http://schemas.microsoft.com/exchange/2010/Autodiscover"
#define ADDRESSING "http://www.w3.org/2005/08/addressing"
#define SOAP_11    "http://schemas.xmlsoap.org/soap/envelope/"

enum { REQUEST_MAX = 512 * 1024, DIGITS_MAX = 5 };

/* In the order of the enum. */
static const struct {
    const char *name;
    bool is_late; /* Exchange 2010 had it not from the start */
} settings[XR_SETTING_COUNT] = {
    { "AutoDiscoverSMTPAddress", true },
    { "UserDisplayName", false },
    { "ExternalEwsUrl", false },
    { "InternalEwsUrl", false },
    { "InteropExternalEwsUrl", true },
    { "EwsSupportedSchemas", false },
    { "CasVersion", false },
    { "ExternalEwsVersion", true },
    { "UserMSOnline", true },
    { "UserDeploymentId", false },
    { "InternalMailboxServer", false },
    { "ExternalMailboxServer", false },
};

const char *const xr_user_settings_versions[] = { "Exchange2013", "Exchange2010", NULL };

const char *xr_user_setting_name(enum xr_user_setting setting)
{
    return settings[setting].name;
}

/* ---- the request ---- */

static void put_head(
    struct xr_arena *arena, struct xr_buf *body, const char *version, const char *url)
{
    (void)xr_buf_puts(body,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<s:Envelope xmlns:s=\"" SOAP_11 "\" xmlns:a=\"" SPACE "\" xmlns:w=\"" ADDRESSING "\">");
    (void)xr_buf_printf(body,
        "<s:Header><a:RequestedServerVersion>%s</a:RequestedServerVersion>"
        "<w:Action>" XR_USER_SETTINGS_ACTION "</w:Action><w:To>%s</w:To></s:Header>",
        xr_xml_escape(arena, version), xr_xml_escape(arena, url));
}

static void put_settings(struct xr_buf *body, const char *version)
{
    bool is_old = xr_starts(version, "Exchange2010") || xr_starts(version, "Exchange2007");

    for (size_t i = 0; i < XR_SETTING_COUNT; i++)
        if (!is_old || !settings[i].is_late)
            (void)xr_buf_printf(body, "<a:Setting>%s</a:Setting>", settings[i].name);
}

const char *xr_user_settings_request(struct xr_arena *arena, const char *version, const char *url,
    const char *const *addresses, size_t n)
{
    if (!n || n > XR_USER_SETTINGS_MAX)
        return NULL;
    xr_auto_buf body;
    xr_buf_init(&body, REQUEST_MAX);
    put_head(arena, &body, version, url);
    (void)xr_buf_puts(&body, "<s:Body><a:GetUserSettingsRequestMessage><a:Request><a:Users>");
    for (size_t i = 0; i < n; i++)
        (void)xr_buf_printf(&body, "<a:User><a:Mailbox>%s</a:Mailbox></a:User>",
            xr_xml_escape(arena, addresses[i]));
    (void)xr_buf_puts(&body, "</a:Users><a:RequestedSettings>");
    put_settings(&body, version);
    (void)xr_buf_puts(&body,
        "</a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage></s:Body>"
        "</s:Envelope>");
    return body.overflow ? NULL : xr_strndup(arena, body.at, body.length);
}

/* ---- what every level has ---- */

struct reading {
    struct xr_arena *arena;
    const char *const *addresses;
    size_t n;
    struct xr_user_settings_reply *reply;
};

static void deviate(struct reading *reading, const char *phrase)
{
    const char **to = &reading->reply->deviation;

    *to = *to ? xr_printf(reading->arena, "%s; %s", *to, phrase) : phrase;
}

static void compare_space(struct reading *reading, const struct xr_node *node, const char *expected)
{
    if (!strcmp(node->space, expected))
        return;
    deviate(reading, !*node->space
                         ? xr_printf(reading->arena, "%s is in no namespace", node->name)
                         : xr_printf(reading->arena, "%s is in the namespace %s", node->name,
                               xr_excerpt(reading->arena, node->space, XR_QUOTED_MAX)));
}

/* Exchange writes xsi:nil="true" for what it does not say; it holds whatever stands in it. */
static bool is_nil(const struct xr_node *node)
{
    const char *nil = xr_xml_attribute(node, "nil");

    return nil && (!strcmp(nil, "true") || !strcmp(nil, "1"));
}

static const char *text_of(struct reading *reading, const struct xr_node *node, const char *child)
{
    return is_nil(xr_xml_child(node, child)) ? NULL : xr_xml_text(reading->arena, node, child);
}

static enum xr_settings_code code_of(const char *text)
{
    static const char *const codes[] = {
        [XR_SETTINGS_NO_ERROR] = "NoError",
        [XR_SETTINGS_REDIRECT_ADDRESS] = "RedirectAddress",
        [XR_SETTINGS_REDIRECT_URL] = "RedirectUrl",
        [XR_SETTINGS_INVALID_USER] = "InvalidUser",
        [XR_SETTINGS_INVALID_REQUEST] = "InvalidRequest",
        [XR_SETTINGS_INVALID_SETTING] = "InvalidSetting",
        [XR_SETTINGS_NOT_AVAILABLE] = "SettingIsNotAvailable",
        [XR_SETTINGS_SERVER_BUSY] = "ServerBusy",
        [XR_SETTINGS_INVALID_DOMAIN] = "InvalidDomain",
        [XR_SETTINGS_NOT_FEDERATED] = "NotFederated",
        [XR_SETTINGS_INTERNAL_ERROR] = "InternalServerError",
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (!strcmp(text, codes[i]))
            return (enum xr_settings_code)i;
    return XR_SETTINGS_UNKNOWN;
}

/* The schema lets the code be left out; what comes without one is no error. */
static struct xr_settings_error error_of(struct reading *reading, const struct xr_node *node)
{
    const char *code = text_of(reading, node, "ErrorCode");

    return (struct xr_settings_error){
        .code = code ? code_of(code) : XR_SETTINGS_NO_ERROR,
        .text = xr_soap_is_code(code) ? code : NULL,
        .message = is_nil(xr_xml_child(node, "ErrorMessage"))
                       ? ""
                       : xr_soap_line(reading->arena, node, "ErrorMessage"),
    };
}

/* ---- a user ---- */

/* XR_SETTING_COUNT: none that was asked for. */
static size_t setting_named(const char *name)
{
    size_t i = 0;

    while (i < XR_SETTING_COUNT && (!name || strcmp(name, settings[i].name) != 0))
        i++;
    return i;
}

/* The first one counts, as with the protocols of the plain old XML. */
static void read_value(
    struct reading *reading, const struct xr_node *node, struct xr_user_settings *user)
{
    size_t setting = setting_named(text_of(reading, node, "Name"));
    const char *value = text_of(reading, node, "Value");

    if (setting == XR_SETTING_COUNT || !value)
        return;
    if (!user->values[setting]) {
        user->values[setting] = value;
        return;
    }
    if (strcmp(user->values[setting], value) != 0 && !reading->reply->deviation)
        deviate(reading, xr_printf(reading->arena, "%s is sent twice, with different values",
                             settings[setting].name));
}

static void read_setting_error(
    struct reading *reading, const struct xr_node *node, struct xr_user_settings *user)
{
    size_t setting = setting_named(text_of(reading, node, "SettingName"));

    if (setting < XR_SETTING_COUNT && user->errors[setting].code == XR_SETTINGS_NO_ERROR)
        user->errors[setting] = error_of(reading, node);
}

static const char *redirect_of(
    struct reading *reading, const struct xr_node *node, enum xr_settings_code code)
{
    const char *target = text_of(reading, node, "RedirectTarget"), *why;
    struct xr_address address;

    if (code == XR_SETTINGS_REDIRECT_URL)
        return target;
    if (code != XR_SETTINGS_REDIRECT_ADDRESS || !target)
        return NULL;
    return xr_address_parse(reading->arena, target, &address, &why) ? target : NULL;
}

static void choose_ews_url(struct xr_user_settings *user)
{
    const char *outside = user->values[XR_SETTING_EXTERNAL_EWS];

    if (!outside)
        outside = user->values[XR_SETTING_INTEROP_EWS];
    user->ews_url = outside ? outside : user->values[XR_SETTING_INTERNAL_EWS];
    user->is_internal = !outside && user->ews_url;
}

static void read_user(
    struct reading *reading, const struct xr_node *node, struct xr_user_settings *user)
{
    const struct xr_node *value = xr_xml_child(xr_xml_child(node, "UserSettings"), "UserSetting");
    const struct xr_node *error =
        xr_xml_child(xr_xml_child(node, "UserSettingErrors"), "UserSettingError");

    user->error = error_of(reading, node);
    user->redirect = redirect_of(reading, node, user->error.code);
    for (size_t i = 0; i < XR_SETTING_COUNT; i++)
        user->errors[i].message = "";
    for (; error; error = xr_xml_sibling(error, "UserSettingError"))
        read_setting_error(reading, error, user);
    for (; value; value = xr_xml_sibling(value, "UserSetting"))
        read_value(reading, value, user);
    choose_ews_url(user);
}

/* ---- the answer ---- */

static const struct xr_err *no_answer(struct xr_arena *arena, const char *why)
{
    return xr_err(arena, XR_FAULT_CONTENT, 0, "SOAP, but no answer to GetUserSettings: %s", why);
}

static const struct xr_err *read_users(struct reading *reading, const struct xr_node *responses)
{
    const struct xr_node *node = xr_xml_child(responses, "UserResponse");
    struct xr_user_settings_reply *reply = reading->reply;

    reply->users = xr_new_n(reading->arena, struct xr_user_settings, reading->n + 1);
    for (; node; node = xr_xml_sibling(node, "UserResponse")) {
        if (reply->users_n == reading->n)
            return no_answer(reading->arena,
                xr_printf(reading->arena, "it is about more users than the %zu that were asked for",
                    reading->n));
        struct xr_user_settings *user = &reply->users[reply->users_n];
        user->address = reading->addresses[reply->users_n++];
        read_user(reading, node, user);
    }
    if (!reply->users_n && reply->error.code == XR_SETTINGS_NO_ERROR)
        return no_answer(reading->arena, "it has neither an error nor a UserResponse");
    return NULL;
}

static const struct xr_err *read_answer(struct reading *reading, const struct xr_node *answer)
{
    if (strcmp(answer->name, "GetUserSettingsResponseMessage") != 0)
        return no_answer(
            reading->arena, xr_printf(reading->arena, "it holds %s",
                                xr_excerpt(reading->arena, answer->name, XR_QUOTED_MAX)));
    const struct xr_node *response = xr_xml_child(answer, "Response");
    if (!response)
        return no_answer(reading->arena, "it has no Response");
    compare_space(reading, answer, SPACE);
    if (strcmp(response->space, answer->space) != 0)
        compare_space(reading, response, SPACE);
    reading->reply->error = error_of(reading, response);
    return read_users(reading, xr_xml_child(response, "UserResponses"));
}

/* "a:InternalServiceFault", "s:Client": what stands behind the prefix, if it says more than whose
 * fault it is. */
static void read_fault(struct reading *reading, const struct xr_node *fault)
{
    const char *code = xr_xml_text(reading->arena, fault, "faultcode");
    const char *colon = code ? strrchr(code, ':') : NULL;
    const char *word = colon ? colon + 1 : code;
    bool is_code =
        xr_soap_is_code(word) && strcmp(word, "Client") != 0 && strcmp(word, "Server") != 0;
    enum xr_settings_code known = is_code ? code_of(word) : XR_SETTINGS_UNKNOWN;

    reading->reply->fault = true;
    reading->reply->error = (struct xr_settings_error){
        .code = known == XR_SETTINGS_NO_ERROR ? XR_SETTINGS_UNKNOWN : known,
        .text = is_code ? word : NULL,
        .message = xr_soap_fault(reading->arena, fault).text,
    };
}

/* -1: the text is no such number. */
static int number_in(struct reading *reading, const struct xr_node *node, const char *child)
{
    const char *text = text_of(reading, node, child);

    if (!text || strlen(text) > DIGITS_MAX || text[strspn(text, "0123456789")])
        return -1;
    return (int)strtol(text, NULL, 10);
}

/* Child elements, where EWS has attributes. */
static void read_version(struct reading *reading, const struct xr_node *info)
{
    struct xr_user_settings_reply *reply = reading->reply;

    reply->major = number_in(reading, info, "MajorVersion");
    reply->minor = number_in(reading, info, "MinorVersion");
    reply->build = number_in(reading, info, "MajorBuildNumber");
    reply->revision = number_in(reading, info, "MinorBuildNumber");
    reply->version = text_of(reading, info, "Version");
}

/* Other servers than Exchange get the namespace of the envelope wrong too, and are understood. */
static const struct xr_err *find_content(
    struct reading *reading, const struct xr_node *root, const struct xr_node **ret)
{
    const struct xr_node *body = xr_xml_child(root, "Body");

    if (strcmp(root->name, "Envelope") != 0)
        return xr_err(reading->arena, XR_FAULT_CONTENT, 0,
            "XML, but not SOAP: its root element is %s",
            xr_excerpt(reading->arena, root->name, XR_QUOTED_MAX));
    if (!body || !body->first)
        return no_answer(reading->arena, body ? "its Body is empty" : "its Envelope has no Body");
    compare_space(reading, root, SOAP_11);
    *ret = body->first;
    return NULL;
}

const struct xr_err *xr_user_settings_parse(struct xr_arena *arena, const char *const *addresses,
    size_t n, const char *body, size_t length, struct xr_user_settings_reply *ret)
{
    struct xr_user_settings_reply reply = { .error.message = "" };
    struct reading reading = { .arena = arena, .addresses = addresses, .n = n, .reply = &reply };
    const struct xr_node *root, *content = NULL;
    const struct xr_err *err = xr_xml_parse(arena, body, length, &root);

    if (!err)
        err = find_content(&reading, root, &content);
    if (err)
        return err;
    assert(content); /* find_content() found it, or told why not */
    read_version(&reading, xr_xml_child(xr_xml_child(root, "Header"), "ServerVersionInfo"));
    if (!strcmp(content->name, "Fault"))
        read_fault(&reading, content);
    else
        err = read_answer(&reading, content);
    if (!err)
        *ret = reply;
    return err;
}
