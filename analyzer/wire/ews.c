#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/ews_parts.h"
#include "analyzer/wire/soap.h"

int64_t xr_ews_number(const char *text, int64_t most)
{
    char *end;

    if (!text || *text < '0' || *text > '9')
        return -1;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno || *end || value > most ? -1 : value;
}

/* ---- parts that every answer may have ---- */

static void read_version(const struct xr_node *header, struct xr_ews_reply *reply)
{
    const struct xr_node *info = xr_xml_child(header, "ServerVersionInfo");

    reply->major = (int)xr_ews_number(xr_xml_attribute(info, "MajorVersion"), INT_MAX);
    reply->minor = (int)xr_ews_number(xr_xml_attribute(info, "MinorVersion"), INT_MAX);
    reply->build = (int)xr_ews_number(xr_xml_attribute(info, "MajorBuildNumber"), INT_MAX);
    reply->revision = (int)xr_ews_number(xr_xml_attribute(info, "MinorBuildNumber"), INT_MAX);
    reply->version = xr_xml_attribute(info, "Version");
}

/* The text of the t:Value so named, or NULL. */
static const char *value_of(
    struct xr_arena *arena, const struct xr_node *message_xml, const char *name)
{
    const struct xr_node *value = xr_xml_child(message_xml, "Value");

    for (; value; value = xr_xml_sibling(value, "Value")) {
        const char *text = xr_trimmed(arena, value->text);
        if (xr_same(xr_xml_attribute(value, "Name"), name) && *text)
            return text;
    }
    return NULL;
}

/* Servers name the value "Primary"; what counts here is that it is an address. */
static const char *address_in(struct xr_arena *arena, const struct xr_node *message_xml)
{
    const struct xr_node *value = xr_xml_child(message_xml, "Value");
    struct xr_address address;
    const char *why;

    for (; value; value = xr_xml_sibling(value, "Value")) {
        const char *text = xr_trimmed(arena, value->text);
        if (xr_address_parse(arena, text, &address, &why))
            return text;
    }
    return NULL;
}

static void read_message_xml(
    struct xr_arena *arena, const struct xr_node *message_xml, struct xr_ews_reply *reply)
{
    const char *inner = value_of(arena, message_xml, "InnerErrorResponseCode");

    reply->back_off_ms =
        xr_ews_number(value_of(arena, message_xml, "BackOffMilliseconds"), INT_MAX);
    reply->inner_code = xr_soap_is_code(inner) ? inner : NULL;
    reply->inner_text = value_of(arena, message_xml, "InnerErrorMessageText");
    if (reply->code && !strcmp(reply->code, "ErrorNonPrimarySmtpAddress"))
        reply->other_address = address_in(arena, message_xml);
}

static void read_fault(
    struct xr_arena *arena, const struct xr_node *node, struct xr_ews_reply *reply)
{
    struct xr_soap_fault fault = xr_soap_fault(arena, node);

    reply->fault = true;
    reply->code = fault.code;
    reply->text = fault.text;
    read_message_xml(arena, fault.message_xml, reply);
}

/* ---- response messages ---- */

/* "GetFolderResponseMessage" and so on: is "name" made of the operation and this ending? */
static bool is_named(const char *name, const char *operation, const char *ending)
{
    size_t length = strlen(operation);

    return !strncmp(name, operation, length) && !strcmp(name + length, ending);
}

static const struct xr_err *not_our_answer(
    struct xr_arena *arena, const char *operation, const struct xr_node *node)
{
    return xr_err(arena, XR_FAULT_CONTENT, 0, "SOAP, but not an answer to %s: it holds %s",
        operation, xr_excerpt(arena, node->name, XR_QUOTED_MAX));
}

/*
 * Most answers hold ResponseMessages with one message for each thing asked
 * for; GetUserOofSettings has a single ResponseMessage, GetUserAvailability one
 * in the FreeBusyResponse of each mailbox, and with GetRoomLists the answer
 * itself is the message.
 */
static const struct xr_err *find_message(struct xr_arena *arena, const char *operation,
    const struct xr_node *answer, const struct xr_node **ret)
{
    const struct xr_node *messages = xr_xml_child(answer, "ResponseMessages");
    const struct xr_node *message = messages ? messages->first : NULL;
    const struct xr_node *view =
        xr_xml_child(xr_xml_child(answer, "FreeBusyResponseArray"), "FreeBusyResponse");

    if (!is_named(answer->name, operation, "Response"))
        return not_our_answer(arena, operation, answer);
    if (message && !is_named(message->name, operation, "ResponseMessage"))
        return not_our_answer(arena, operation, message);
    if ((message && message->next) || (view && view->next))
        return xr_err(arena, XR_FAULT_CONTENT, 0,
            "SOAP, but the answer to %s has more than one response message", operation);
    if (!messages)
        message = xr_xml_child(view ? view : answer, "ResponseMessage");
    if (!messages && !message && xr_xml_attribute(answer, "ResponseClass"))
        message = answer;
    if (!message)
        return xr_err(arena, XR_FAULT_CONTENT, 0,
            "SOAP, but the answer to %s has no response message", operation);
    *ret = message;
    return NULL;
}

/* Of the schema: Success, Warning or Error; the code may be left out of a success. */
static const struct xr_err *read_outcome(
    struct xr_arena *arena, const struct xr_node *message, struct xr_ews_reply *reply)
{
    const char *class = xr_xml_attribute(message, "ResponseClass");
    const char *code = xr_xml_text(arena, message, "ResponseCode");
    bool succeeded = class && !strcmp(class, "Success");

    if (!class || (!succeeded && strcmp(class, "Warning") != 0 && strcmp(class, "Error") != 0))
        return xr_err(arena, XR_FAULT_CONTENT, 0,
            "SOAP, but the ResponseClass of its response message is \"%s\"",
            xr_excerpt(arena, class ? class : "", XR_QUOTED_MAX));
    if (!code && succeeded)
        code = "NoError";
    if (!xr_soap_is_code(code))
        return xr_err(arena, XR_FAULT_CONTENT, 0,
            "SOAP, but the ResponseCode of its response message is \"%s\"",
            xr_excerpt(arena, code ? code : "", XR_QUOTED_MAX));
    if (strcmp(class, "Warning") != 0 && succeeded != !strcmp(code, "NoError"))
        return xr_err(arena, XR_FAULT_CONTENT, 0,
            "SOAP, but its response message contradicts itself: %s with the code %s", class, code);
    reply->class_ = class;
    reply->code = code;
    return NULL;
}

static const struct xr_err *read_answer(struct xr_arena *arena, const char *operation,
    const struct xr_node *answer, struct xr_ews_reply *reply)
{
    const struct xr_node *message = NULL;
    const struct xr_err *err = find_message(arena, operation, answer, &message);

    if (!err)
        err = read_outcome(arena, message, reply);
    if (err)
        return err;
    reply->text = xr_soap_line(arena, message, "MessageText");
    read_message_xml(arena, xr_xml_child(message, "MessageXml"), reply);
    xr_ews_payload(arena, operation, answer, message, reply);
    return NULL;
}

const struct xr_err *xr_ews_parse(struct xr_arena *arena, const char *operation, const char *body,
    size_t length, struct xr_ews_reply *ret)
{
    struct xr_ews_reply reply = { .text = "",
        .total = -1,
        .unread = -1,
        .children = -1,
        .item_count = -1,
        .items_total = -1,
        .events = -1,
        .changes = -1 };
    struct xr_soap soap;
    const struct xr_err *err = xr_soap_parse(arena, body, length, &soap);

    if (err)
        return err;
    read_version(soap.header, &reply);
    if (!strcmp(soap.content->name, "Fault"))
        read_fault(arena, soap.content, &reply);
    else
        err = read_answer(arena, operation, soap.content, &reply);
    if (!err)
        *ret = reply;
    return err;
}
