#include "analyzer/wire/ews.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/soap.h"

/* A whole number of at most "most"; -1: the text is none. */
static int64_t number(const char *text, int64_t most)
{
    char *end;

    if (!text || *text < '0' || *text > '9')
        return -1;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno || *end || value > most ? -1 : value;
}

static int64_t count_in(struct xr_arena *arena, const struct xr_node *node, const char *child)
{
    return number(xr_xml_text(arena, node, child), INT_MAX);
}

/* ---- parts that every answer may have ---- */

static void read_version(const struct xr_node *header, struct xr_ews_reply *reply)
{
    const struct xr_node *info = xr_xml_child(header, "ServerVersionInfo");

    reply->major = (int)number(xr_xml_attribute(info, "MajorVersion"), INT_MAX);
    reply->minor = (int)number(xr_xml_attribute(info, "MinorVersion"), INT_MAX);
    reply->build = (int)number(xr_xml_attribute(info, "MajorBuildNumber"), INT_MAX);
    reply->revision = (int)number(xr_xml_attribute(info, "MinorBuildNumber"), INT_MAX);
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

    reply->back_off_ms = number(value_of(arena, message_xml, "BackOffMilliseconds"), INT_MAX);
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

/* ---- payloads ---- */

static bool is_true(const char *text)
{
    return text && (!strcmp(text, "true") || !strcmp(text, "1"));
}

static struct xr_ews_rights rights_of(struct xr_arena *arena, const struct xr_node *node)
{
    if (!node)
        return (struct xr_ews_rights){ .known = false };
    return (struct xr_ews_rights){
        .known = true,
        .read = is_true(xr_xml_text(arena, node, "Read")),
        .create_contents = is_true(xr_xml_text(arena, node, "CreateContents")),
        .modify = is_true(xr_xml_text(arena, node, "Modify")),
        .remove = is_true(xr_xml_text(arena, node, "Delete")),
    };
}

/* Folder, CalendarFolder, ContactsFolder, SearchFolder or TasksFolder: the first there is. */
static void read_folder(
    struct xr_arena *arena, const struct xr_node *message, struct xr_ews_reply *reply)
{
    const struct xr_node *folders = xr_xml_child(message, "Folders");
    const struct xr_node *folder = folders ? folders->first : NULL;

    if (!folder)
        return;
    reply->folder_id = xr_xml_attribute(xr_xml_child(folder, "FolderId"), "Id");
    reply->folder_name = xr_xml_text(arena, folder, "DisplayName");
    reply->folder_class = xr_xml_text(arena, folder, "FolderClass");
    reply->total = count_in(arena, folder, "TotalCount");
    reply->unread = count_in(arena, folder, "UnreadCount");
    reply->children = count_in(arena, folder, "ChildFolderCount");
    reply->rights = rights_of(arena, xr_xml_child(folder, "EffectiveRights"));
}

static const char *const *proxies_of(struct xr_arena *arena, const struct xr_node *contact)
{
    const struct xr_node *first = xr_xml_child(xr_xml_child(contact, "EmailAddresses"), "Entry");
    size_t n = 0;

    for (const struct xr_node *entry = first; entry; entry = xr_xml_sibling(entry, "Entry"))
        n++;
    const char **proxies = xr_new_n(arena, const char *, n + 1);
    n = 0;
    for (const struct xr_node *entry = first; entry; entry = xr_xml_sibling(entry, "Entry")) {
        const char *text = xr_trimmed(arena, entry->text);
        if (*text)
            proxies[n++] = text;
    }
    return proxies;
}

static struct xr_ews_resolution *resolution_of(struct xr_arena *arena, const struct xr_node *node)
{
    struct xr_ews_resolution *resolution = xr_new(arena, struct xr_ews_resolution);
    const struct xr_node *mailbox = xr_xml_child(node, "Mailbox");

    resolution->name = xr_xml_text(arena, mailbox, "Name");
    resolution->address = xr_xml_text(arena, mailbox, "EmailAddress");
    resolution->routing_type = xr_xml_text(arena, mailbox, "RoutingType");
    resolution->mailbox_type = xr_xml_text(arena, mailbox, "MailboxType");
    resolution->proxies = proxies_of(arena, xr_xml_child(node, "Contact"));
    return resolution;
}

static void read_resolutions(
    struct xr_arena *arena, const struct xr_node *message, struct xr_ews_reply *reply)
{
    const struct xr_node *node = xr_xml_child(xr_xml_child(message, "ResolutionSet"), "Resolution");
    struct xr_ews_resolution **last = &reply->resolutions;

    for (; node; node = xr_xml_sibling(node, "Resolution")) {
        *last = resolution_of(arena, node);
        last = &(*last)->next;
        reply->resolution_count++;
    }
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
 * for; GetUserOofSettings has a single ResponseMessage, and with GetRoomLists
 * the answer itself is the message.
 */
static const struct xr_err *find_message(struct xr_arena *arena, const char *operation,
    const struct xr_node *answer, const struct xr_node **ret)
{
    const struct xr_node *messages = xr_xml_child(answer, "ResponseMessages");
    const struct xr_node *message = messages ? messages->first : NULL;

    if (!is_named(answer->name, operation, "Response"))
        return not_our_answer(arena, operation, answer);
    if (message && !is_named(message->name, operation, "ResponseMessage"))
        return not_our_answer(arena, operation, message);
    if (message && message->next)
        return xr_err(arena, XR_FAULT_CONTENT, 0,
            "SOAP, but the answer to %s has more than one response message", operation);
    if (!messages)
        message = xr_xml_child(answer, "ResponseMessage");
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
    read_folder(arena, message, reply);
    read_resolutions(arena, message, reply);
    return NULL;
}

const struct xr_err *xr_ews_parse(struct xr_arena *arena, const char *operation, const char *body,
    size_t length, struct xr_ews_reply *ret)
{
    struct xr_ews_reply reply = { .text = "", .total = -1, .unread = -1, .children = -1 };
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
