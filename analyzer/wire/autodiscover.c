#include "analyzer/wire/autodiscover.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/xml.h"

#define SCHEMAS         "http://schemas.microsoft.com/exchange/autodiscover/"
#define REQUEST_SCHEMA  SCHEMAS "outlook/requestschema/2006"
#define SETTINGS_SCHEMA SCHEMAS "outlook/responseschema/2006a"
#define ENVELOPE_SCHEMA SCHEMAS "responseschema/2006"

const char *xr_pox_request(struct xr_arena *arena, const char *address)
{
    return xr_printf(arena,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<Autodiscover xmlns=\"" REQUEST_SCHEMA "\"><Request>"
        "<EMailAddress>%s</EMailAddress>"
        "<AcceptableResponseSchema>" SETTINGS_SCHEMA "</AcceptableResponseSchema>"
        "</Request></Autodiscover>",
        xr_xml_escape(arena, address));
}

/* ---- namespaces ---- */

static const char *deviation_of(
    struct xr_arena *arena, const struct xr_node *node, const char *expected)
{
    if (!strcmp(node->space, expected))
        return NULL;
    if (!*node->space)
        return xr_printf(arena, "%s is in no namespace", node->name);
    return xr_printf(arena, "%s is in the namespace %s", node->name,
        xr_excerpt(arena, node->space, XR_QUOTED_MAX));
}

/* An error has the namespace of the root, everything else that of the settings. */
static const char *deviation(struct xr_arena *arena, const struct xr_node *root,
    const struct xr_node *response, enum xr_pox_kind kind)
{
    const char *outer = deviation_of(arena, root, ENVELOPE_SCHEMA);
    const char *inner =
        deviation_of(arena, response, kind == XR_POX_ERROR ? ENVELOPE_SCHEMA : SETTINGS_SCHEMA);

    if (outer && inner)
        return xr_printf(arena, "%s; %s", outer, inner);
    return outer ? outer : inner;
}

/* ---- errors ---- */

/* The codes of MS-OXDSCLI; anything else is 0. */
static int known_code(const char *text)
{
    static const struct {
        const char *text;
        int code;
    } codes[] = { { "500", 500 }, { "501", 501 }, { "600", 600 }, { "601", 601 }, { "602", 602 },
        { "603", 603 } };

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (text && !strcmp(text, codes[i].text))
            return codes[i].code;
    return 0;
}

static void read_error(
    struct xr_arena *arena, const struct xr_node *error, struct xr_pox_reply *reply)
{
    const char *code = xr_xml_text(arena, error, "ErrorCode");
    const char *message = xr_xml_text(arena, error, "Message");

    reply->kind = XR_POX_ERROR;
    reply->error_code = known_code(code);
    reply->error_message = message;
    if (code && !reply->error_code)
        reply->error_message = xr_printf(arena, "unknown error code %s: %s",
            xr_excerpt(arena, code, XR_QUOTED_MAX), message ? message : "no message");
}

/* MS-ASCMD: what a server says that knows the schema of mobile devices only. */
static void read_mobile_error(
    struct xr_arena *arena, const struct xr_node *error, struct xr_pox_reply *reply)
{
    const char *status = xr_xml_text(arena, error, "Status");
    const char *message = xr_xml_text(arena, error, "Message");

    reply->kind = XR_POX_ERROR;
    reply->error_message =
        xr_printf(arena, "an error in the schema of mobile devices, status %s: %s",
            status ? xr_excerpt(arena, status, XR_QUOTED_MAX) : "missing",
            message ? message : "no message");
}

/* ---- settings ---- */

/* Exchange 2007 sends no EwsUrl; its availability service is the same endpoint. */
static const char *url_of(struct xr_arena *arena, const struct xr_node *protocol)
{
    const char *url = xr_xml_text(arena, protocol, "EwsUrl");

    return url ? url : xr_xml_text(arena, protocol, "ASUrl");
}

/* Outlook on the web has one address for each way to log on there: the first stands for all. */
static void read_web(
    struct xr_arena *arena, const struct xr_node *protocol, struct xr_pox_reply *reply)
{
    if (!reply->internal_owa)
        reply->internal_owa = xr_xml_text(arena, xr_xml_child(protocol, "Internal"), "OWAUrl");
    if (!reply->external_owa)
        reply->external_owa = xr_xml_text(arena, xr_xml_child(protocol, "External"), "OWAUrl");
}

static void read_protocol(
    struct xr_arena *arena, const struct xr_node *protocol, struct xr_pox_reply *reply)
{
    const char *type = xr_xml_text(arena, protocol, "Type");
    const char *url = url_of(arena, protocol);

    if (type && xr_same(type, "WEB"))
        read_web(arena, protocol, reply);
    if (!type || !url)
        return;
    if (xr_same(type, "EXPR") && !reply->external_ews)
        reply->external_ews = url;
    else if (xr_same(type, "EXCH") && !reply->internal_ews)
        reply->internal_ews = url;
    else if (xr_same(type, "EXHTTP")) /* sent twice, first for inside, then for outside */
        reply->exhttp_ews = url;
}

/* 32 bits in hexadecimal: 4 and 6 of flags and major, 6 of minor, a flag, 15 of build. */
static const char *decoded_version(struct xr_arena *arena, const char *text)
{
    size_t length = text ? strlen(text) : 0;

    if (!length || length > 8 || text[strspn(text, "0123456789abcdefABCDEF")])
        return NULL;
    uint32_t word = (uint32_t)strtoul(text, NULL, 16);
    return xr_printf(arena, "%u.%u.%u", word >> 22 & 0x3f, word >> 16 & 0x3f, word & 0x7fff);
}

static void read_settings(
    struct xr_arena *arena, const struct xr_node *account, struct xr_pox_reply *reply)
{
    const struct xr_node *protocol = xr_xml_child(account, "Protocol");

    reply->kind = XR_POX_SETTINGS;
    reply->online = xr_xml_text(arena, account, "MicrosoftOnline");
    for (; protocol; protocol = xr_xml_sibling(protocol, "Protocol")) {
        read_protocol(arena, protocol, reply);
        if (!reply->server_version)
            reply->server_version =
                decoded_version(arena, xr_xml_text(arena, protocol, "ServerVersion"));
    }
    reply->ews_url = reply->external_ews ? reply->external_ews
                     : reply->exhttp_ews ? reply->exhttp_ews
                                         : reply->internal_ews;
    reply->is_internal = reply->ews_url && reply->ews_url == reply->internal_ews;
}

/* ---- the answer ---- */

static const struct xr_err *no_answer(struct xr_arena *arena, const char *why)
{
    return xr_err(arena, XR_FAULT_CONTENT, 0, "XML, but no Autodiscover answer: %s", why);
}

static const struct xr_err *read_account(
    struct xr_arena *arena, const struct xr_node *account, struct xr_pox_reply *reply)
{
    static const struct {
        const char *action, *element;
        enum xr_pox_kind kind;
    } redirects[] = {
        { "redirectAddr", "RedirectAddr", XR_POX_REDIRECT_ADDRESS },
        { "redirectUrl", "RedirectUrl", XR_POX_REDIRECT_URL },
    };
    const char *action = xr_xml_text(arena, account, "Action");

    if (!action || xr_same(action, "settings")) {
        read_settings(arena, account, reply);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(redirects) / sizeof(*redirects); i++) {
        if (!xr_same(action, redirects[i].action))
            continue;
        reply->kind = redirects[i].kind;
        reply->redirect = xr_xml_text(arena, account, redirects[i].element);
        return reply->redirect
                   ? NULL
                   : no_answer(arena, xr_printf(arena, "its action is %s, but it has no %s",
                                          redirects[i].action, redirects[i].element));
    }
    return no_answer(
        arena, xr_printf(arena, "its action is \"%s\"", xr_excerpt(arena, action, XR_QUOTED_MAX)));
}

static const struct xr_err *read_response(
    struct xr_arena *arena, const struct xr_node *response, struct xr_pox_reply *reply)
{
    const struct xr_node *error = xr_xml_child(response, "Error");
    const struct xr_node *mobile = xr_xml_child(response, "Action");
    const struct xr_node *account = xr_xml_child(response, "Account");
    const struct xr_node *user = xr_xml_child(response, "User");

    if (error) {
        read_error(arena, error, reply);
        return NULL;
    }
    if (xr_xml_child(mobile, "Error")) {
        read_mobile_error(arena, xr_xml_child(mobile, "Error"), reply);
        return NULL;
    }
    if (mobile)
        return no_answer(arena, "it is for mobile devices, which was not asked for");
    if (!account)
        return no_answer(arena, "its Response has neither an Account nor an Error");
    reply->smtp_address = xr_xml_text(arena, user, "AutoDiscoverSMTPAddress");
    reply->display_name = xr_xml_text(arena, user, "DisplayName");
    return read_account(arena, account, reply);
}

const struct xr_err *xr_pox_parse(
    struct xr_arena *arena, const char *body, size_t length, struct xr_pox_reply *ret)
{
    struct xr_pox_reply reply = { .kind = XR_POX_SETTINGS };
    const struct xr_node *root;
    const struct xr_err *err = xr_xml_parse(arena, body, length, &root);

    if (err)
        return err;
    if (strcmp(root->name, "Autodiscover") != 0)
        return no_answer(arena, xr_printf(arena, "its root element is %s",
                                    xr_excerpt(arena, root->name, XR_QUOTED_MAX)));
    const struct xr_node *response = xr_xml_child(root, "Response");
    if (!response)
        return no_answer(arena, "it has no Response");
    err = read_response(arena, response, &reply);
    if (err)
        return err;
    reply.deviation = deviation(arena, root, response, reply.kind);
    *ret = reply;
    return NULL;
}
