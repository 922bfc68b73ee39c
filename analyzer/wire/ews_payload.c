#include <limits.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/ews_parts.h"

/* Of one answer; message: its response message, which may be the answer itself. */
struct parts {
    struct xr_arena *arena;
    const struct xr_node *answer, *message;
};

static int64_t count_in(struct xr_arena *arena, const struct xr_node *node, const char *child)
{
    return xr_ews_number(xr_xml_text(arena, node, child), INT_MAX);
}

static int64_t children_of(const struct xr_node *node)
{
    int64_t n = 0;

    for (const struct xr_node *at = node->first; at; at = at->next)
        n++;
    return n;
}

static bool is_true(const char *text)
{
    return text && (!strcmp(text, "true") || !strcmp(text, "1"));
}

/* ---- folders ---- */

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
static void read_folder(const struct parts *parts, struct xr_ews_reply *reply)
{
    const struct xr_node *folders = xr_xml_child(parts->message, "Folders");
    const struct xr_node *folder = folders ? folders->first : NULL;

    if (!folder)
        return;
    reply->folder_id = xr_xml_attribute(xr_xml_child(folder, "FolderId"), "Id");
    reply->folder_name = xr_xml_text(parts->arena, folder, "DisplayName");
    reply->folder_class = xr_xml_text(parts->arena, folder, "FolderClass");
    reply->total = count_in(parts->arena, folder, "TotalCount");
    reply->unread = count_in(parts->arena, folder, "UnreadCount");
    reply->children = count_in(parts->arena, folder, "ChildFolderCount");
    reply->rights = rights_of(parts->arena, xr_xml_child(folder, "EffectiveRights"));
}

/* ---- the directory ---- */

static const char **proxies_of(struct xr_arena *arena, const struct xr_node *contact)
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

static struct xr_ews_resolution *resolution_of(
    struct xr_arena *arena, const struct xr_node *mailbox, const struct xr_node *contact)
{
    struct xr_ews_resolution *resolution = xr_new(arena, struct xr_ews_resolution);

    resolution->name = xr_xml_text(arena, mailbox, "Name");
    resolution->address = xr_xml_text(arena, mailbox, "EmailAddress");
    resolution->routing_type = xr_xml_text(arena, mailbox, "RoutingType");
    resolution->mailbox_type = xr_xml_text(arena, mailbox, "MailboxType");
    resolution->proxies = proxies_of(arena, contact);
    return resolution;
}

static void read_resolutions(const struct parts *parts, struct xr_ews_reply *reply)
{
    const struct xr_node *node =
        xr_xml_child(xr_xml_child(parts->message, "ResolutionSet"), "Resolution");
    struct xr_ews_resolution **last = &reply->resolutions;

    for (; node; node = xr_xml_sibling(node, "Resolution")) {
        *last = resolution_of(
            parts->arena, xr_xml_child(node, "Mailbox"), xr_xml_child(node, "Contact"));
        last = &(*last)->next;
        reply->resolution_count++;
    }
}

static void read_room_lists(const struct parts *parts, struct xr_ews_reply *reply)
{
    const struct xr_node *node = xr_xml_child(xr_xml_child(parts->message, "RoomLists"), "Address");
    struct xr_ews_resolution **last = &reply->resolutions;

    for (; node; node = xr_xml_sibling(node, "Address")) {
        *last = resolution_of(parts->arena, node, NULL);
        last = &(*last)->next;
        reply->resolution_count++;
    }
}

/* ---- items ---- */

/* Message, CalendarItem, Contact and so on; those without an id are of no use. */
static void read_items(
    struct xr_arena *arena, const struct xr_node *items, struct xr_ews_reply *reply)
{
    struct xr_ews_item **last = &reply->items;

    for (const struct xr_node *node = items ? items->first : NULL; node; node = node->next) {
        const char *id = xr_xml_attribute(xr_xml_child(node, "ItemId"), "Id");
        if (!id || !*id)
            continue;
        struct xr_ews_item *item = xr_new(arena, struct xr_ews_item);
        *item = (struct xr_ews_item){ NULL, id, xr_xml_text(arena, node, "Subject") };
        *last = item;
        last = &item->next;
    }
    reply->item_id = reply->items ? reply->items->id : NULL;
}

static void read_found(const struct parts *parts, struct xr_ews_reply *reply)
{
    const struct xr_node *root = xr_xml_child(parts->message, "RootFolder");
    const struct xr_node *items = xr_xml_child(root, "Items");

    if (!root)
        return;
    read_items(parts->arena, items, reply);
    reply->item_count = items ? children_of(items) : 0;
    reply->items_total = xr_ews_number(xr_xml_attribute(root, "TotalItemsInView"), INT_MAX);
}

static void read_created(const struct parts *parts, struct xr_ews_reply *reply)
{
    read_items(parts->arena, xr_xml_child(parts->message, "Items"), reply);
}

/* ---- the calendar assistants ---- */

/* The settings stand beside the response message. */
static void read_oof(const struct parts *parts, struct xr_ews_reply *reply)
{
    const struct xr_node *settings = xr_xml_child(parts->answer, "OofSettings");

    reply->oof_state = xr_xml_text(parts->arena, settings, "OofState");
    reply->oof_audience = xr_xml_text(parts->arena, settings, "ExternalAudience");
}

/* So does the view; without events there is no CalendarEventArray. */
static void read_availability(const struct parts *parts, struct xr_ews_reply *reply)
{
    const struct xr_node *view = xr_xml_child(parts->message->parent, "FreeBusyView");
    const struct xr_node *events = xr_xml_child(view, "CalendarEventArray");

    if (!view)
        return;
    reply->free_busy = xr_xml_text(parts->arena, view, "FreeBusyViewType");
    reply->events = events ? children_of(events) : 0;
}

/* ---- synchronisation ---- */

static void read_changes(const struct parts *parts, struct xr_ews_reply *reply)
{
    const struct xr_node *changes = xr_xml_child(parts->message, "Changes");

    reply->sync_state = xr_xml_text(parts->arena, parts->message, "SyncState");
    if (changes)
        reply->changes = children_of(changes);
}

static void read_subscription(const struct parts *parts, struct xr_ews_reply *reply)
{
    reply->subscription_id = xr_xml_text(parts->arena, parts->message, "SubscriptionId");
}

void xr_ews_payload(struct xr_arena *arena, const char *operation, const struct xr_node *answer,
    const struct xr_node *message, struct xr_ews_reply *reply)
{
    static const struct {
        enum xr_ews_operation operation;
        void (*read)(const struct parts *parts, struct xr_ews_reply *reply);
    } readers[] = {
        { XR_EWS_GET_FOLDER, read_folder },
        { XR_EWS_RESOLVE_NAMES, read_resolutions },
        { XR_EWS_FIND_ITEM, read_found },
        { XR_EWS_CREATE_ITEM, read_created },
        { XR_EWS_GET_ROOM_LISTS, read_room_lists },
        { XR_EWS_GET_OOF, read_oof },
        { XR_EWS_GET_AVAILABILITY, read_availability },
        { XR_EWS_SYNC_ITEMS, read_changes },
        { XR_EWS_SUBSCRIBE, read_subscription },
    };
    struct parts parts = { arena, answer, message };

    for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++)
        if (!strcmp(operation, xr_ews_operation_name(readers[i].operation)))
            readers[i].read(&parts, reply);
}

/* ---- all texts ---- */

struct texts {
    const char ***to;
    size_t n, max;
};

static void add_text(struct texts *texts, const char **text)
{
    if (texts->n < texts->max)
        texts->to[texts->n] = text;
    texts->n++;
}

static void add_resolution(struct texts *texts, struct xr_ews_resolution *resolution)
{
    add_text(texts, &resolution->name);
    add_text(texts, &resolution->address);
    add_text(texts, &resolution->routing_type);
    add_text(texts, &resolution->mailbox_type);
    for (const char **proxy = resolution->proxies; *proxy; proxy++)
        add_text(texts, proxy);
}

size_t xr_ews_texts(struct xr_ews_reply *reply, const char **texts[], size_t max)
{
    const char **const own[] = { &reply->code, &reply->text, &reply->other_address,
        &reply->inner_code, &reply->inner_text, &reply->version, &reply->folder_id,
        &reply->folder_name, &reply->folder_class, &reply->oof_state, &reply->oof_audience,
        &reply->free_busy, &reply->sync_state };
    struct texts all = { texts, 0, max };

    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        add_text(&all, own[i]);
    for (struct xr_ews_resolution *at = reply->resolutions; at; at = at->next)
        add_resolution(&all, at);
    for (struct xr_ews_item *at = reply->items; at; at = at->next)
        add_text(&all, &at->subject);
    return all.n;
}
