#include "analyzer/wire/soap.h"

#include <ctype.h>
#include <string.h>

#include "analyzer/base/text.h"

#define SOAP_11  "http://schemas.xmlsoap.org/soap/envelope/"
#define SOAP_12  "http://www.w3.org/2003/05/soap-envelope"
#define SERVICES "http://schemas.microsoft.com/exchange/services/2006/"

enum { CODE_MAX = 100 };

/* ---- requests ---- */

static const char *impersonation(struct xr_arena *arena, const struct xr_ews_caller *caller)
{
    static const char *const elements[] = {
        [XR_EWS_SMTP_ADDRESS] = "SmtpAddress",
        [XR_EWS_PRIMARY_SMTP_ADDRESS] = "PrimarySmtpAddress",
        [XR_EWS_PRINCIPAL_NAME] = "PrincipalName",
        [XR_EWS_SID] = "SID",
    };

    if (caller->identity == XR_EWS_AS_ITSELF)
        return "";
    const char *element = elements[caller->identity];
    return xr_printf(arena,
        "<t:ExchangeImpersonation><t:ConnectingSID><t:%s>%s</t:%s>"
        "</t:ConnectingSID></t:ExchangeImpersonation>",
        element, xr_xml_escape(arena, caller->user), element);
}

const char *xr_soap_request(
    struct xr_arena *arena, const struct xr_ews_caller *caller, const char *operation)
{
    return xr_printf(arena,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<s:Envelope xmlns:s=\"" SOAP_11 "\" xmlns:t=\"" SERVICES "types\" xmlns:m=\"" SERVICES
        "messages\">"
        "<s:Header><t:RequestServerVersion Version=\"%s\"/>%s</s:Header>"
        "<s:Body>%s</s:Body></s:Envelope>",
        xr_xml_escape(arena, caller->version), impersonation(arena, caller), operation);
}

/* ---- answers ---- */

static const struct xr_err *not_soap(struct xr_arena *arena, const struct xr_node *root)
{
    if (strcmp(root->name, "Envelope") != 0)
        return xr_err(arena, XR_FAULT_CONTENT, 0, "XML, but not SOAP: its root element is %s",
            xr_excerpt(arena, root->name, XR_QUOTED_MAX));
    if (!strcmp(root->space, SOAP_12))
        return xr_err(arena, XR_FAULT_CONTENT, 0, "SOAP 1.2, where 1.1 was asked for");
    return xr_err(arena, XR_FAULT_CONTENT, 0,
        "XML, but not SOAP: its Envelope is in the namespace \"%s\"",
        xr_excerpt(arena, root->space, XR_QUOTED_MAX));
}

const struct xr_err *xr_soap_parse(
    struct xr_arena *arena, const char *body, size_t length, struct xr_soap *ret)
{
    const struct xr_node *root;
    const struct xr_err *err = xr_xml_parse(arena, body, length, &root);

    if (err)
        return err;
    if (strcmp(root->name, "Envelope") != 0 || strcmp(root->space, SOAP_11) != 0)
        return not_soap(arena, root);
    const struct xr_node *content = xr_xml_child(root, "Body");
    if (!content)
        return xr_err(arena, XR_FAULT_CONTENT, 0, "SOAP, but its Envelope has no Body");
    if (!content->first)
        return xr_err(arena, XR_FAULT_CONTENT, 0, "SOAP, but its Body is empty");
    *ret = (struct xr_soap){ xr_xml_child(root, "Header"), content->first };
    return NULL;
}

const char *xr_soap_line(struct xr_arena *arena, const struct xr_node *node, const char *child)
{
    const char *text = xr_xml_text(arena, node, child);

    if (!text)
        return "";
    char *line = xr_strdup(arena, text), *to = line;
    for (const char *from = line; *from; to++) {
        size_t blank = strspn(from, " \t\r\n");
        *to = blank ? ' ' : *from;
        from += blank ? blank : 1;
    }
    *to = '\0';
    return line;
}

bool xr_soap_is_code(const char *text)
{
    size_t length = 0;

    if (!text)
        return false;
    while (length <= CODE_MAX && isalnum((unsigned char)text[length]))
        length++;
    return length > 0 && length <= CODE_MAX && text[length] == '\0';
}

static const char *code_of_detail(struct xr_arena *arena, const struct xr_node *detail)
{
    const struct xr_node *node = xr_xml_find(detail, "ResponseCode");
    const char *code = node ? xr_trimmed(arena, node->text) : NULL;

    return xr_soap_is_code(code) ? code : NULL;
}

/* "a:ErrorServerBusy"; but "soap:Client" says nothing. */
static const char *code_of_faultcode(struct xr_arena *arena, const struct xr_node *fault)
{
    const char *code = xr_xml_text(arena, fault, "faultcode");
    const char *colon = code ? strrchr(code, ':') : NULL;

    if (colon)
        code = colon + 1;
    return xr_soap_is_code(code) && !strncmp(code, "Error", 5) ? code : NULL;
}

/* Exchange 2007 sends some faults without any code (PROTOCOL 3.1). */
static const char *code_of_text(const char *text)
{
    static const struct {
        const char *part, *code;
    } known[] = {
        { "User is not mailbox owner", "ErrorAccessDenied" },
        { "The specified server version is invalid", "ErrorInvalidServerVersion" },
        { "The request failed schema validation", "ErrorSchemaValidation" },
        { "does not have permission to impersonate the requested user",
            "ErrorImpersonateUserDenied" },
        { "The SMTP address has no mailbox associated with it", "ErrorNonExistentMailbox" },
        { "The primary SMTP address must be specified when referencing a mailbox",
            "ErrorNonPrimarySmtpAddress" },
        { "The server cannot service this request right now", "ErrorServerBusy" },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (xr_contains(text, known[i].part))
            return known[i].code;
    return NULL;
}

/* An old server holds the name of a newer version against the list of its schema. */
static bool is_about_version(
    struct xr_arena *arena, const struct xr_node *detail, const char *faultstring)
{
    static const char type[] = "ExchangeVersionType";
    const struct xr_node *violation = xr_xml_find(detail, "Violation");

    return xr_contains(faultstring, type) ||
           xr_contains(xr_soap_line(arena, detail, "Message"), type) ||
           (violation && xr_contains(violation->text, type));
}

struct xr_soap_fault xr_soap_fault(struct xr_arena *arena, const struct xr_node *fault)
{
    const struct xr_node *detail = xr_xml_child(fault, "detail");
    const char *text = xr_soap_line(arena, fault, "faultstring");
    const char *code = code_of_detail(arena, detail);

    if (!*text)
        text = xr_soap_line(arena, detail, "Message");
    if (!code)
        code = code_of_faultcode(arena, fault);
    if (!code)
        code = code_of_text(text);
    if (code && !strcmp(code, "ErrorSchemaValidation") && is_about_version(arena, detail, text))
        code = "ErrorInvalidServerVersion";
    return (struct xr_soap_fault){ code, text, xr_xml_find(detail, "MessageXml") };
}
