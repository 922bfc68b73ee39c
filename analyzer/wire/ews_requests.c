#include <stdbool.h>
#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/ews.h"
#include "analyzer/wire/soap.h"

const char *const xr_ews_versions[] = {
    "Exchange2013_SP1",
    "Exchange2013",
    "Exchange2010_SP2",
    "Exchange2010_SP1",
    "Exchange2007_SP1",
    NULL,
};

/* Where a version stands among all that there were, oldest first. */
static size_t age_of(const char *version)
{
    static const char *const ages[] = { "Exchange2007", "Exchange2007_SP1", "Exchange2009",
        "Exchange2010", "Exchange2010_SP1", "Exchange2010_SP2", "Exchange2013",
        "Exchange2013_SP1" };
    size_t i = 0;

    while (i < sizeof(ages) / sizeof(*ages) && strcmp(version, ages[i]) != 0)
        i++;
    return i;
}

bool xr_ews_is_older(const char *version, const char *than)
{
    return age_of(version) < age_of(than);
}

/* ---- parts of requests ---- */

static const char *mailbox_element(struct xr_arena *arena, const char *mailbox)
{
    if (!mailbox)
        return "";
    return xr_printf(arena, "<t:Mailbox><t:EmailAddress>%s</t:EmailAddress></t:Mailbox>",
        xr_xml_escape(arena, mailbox));
}

/* An id says by itself whose the folder is; the schema allows no Mailbox there. */
static const char *folder_element(struct xr_arena *arena, const struct xr_ews_folder *folder)
{
    if (folder->id)
        return xr_printf(arena, "<t:FolderId Id=\"%s\"/>", xr_xml_escape(arena, folder->id));
    return xr_printf(arena, "<t:DistinguishedFolderId Id=\"%s\">%s</t:DistinguishedFolderId>",
        xr_xml_escape(arena, folder->name), mailbox_element(arena, folder->mailbox));
}

/* ---- one function for each operation: the content of the Body ---- */

struct asked {
    struct xr_arena *arena;
    const char *version;
    const struct xr_ews_request *request;
};

static const char *get_folder(const struct asked *asked)
{
    return xr_printf(asked->arena,
        "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape>"
        "<t:AdditionalProperties><t:FieldURI FieldURI=\"folder:EffectiveRights\"/>"
        "<t:FieldURI FieldURI=\"folder:FolderClass\"/></t:AdditionalProperties>"
        "</m:FolderShape><m:FolderIds>%s</m:FolderIds></m:GetFolder>",
        folder_element(asked->arena, &asked->request->folder));
}

/* A server refuses the attribute ContactDataShape in a request of a version that did not know it.
 */
static const char *resolve_names(const struct asked *asked)
{
    bool shaped = !xr_ews_is_older(asked->version, "Exchange2010_SP2");

    return xr_printf(asked->arena,
        "<m:ResolveNames ReturnFullContactData=\"true\" SearchScope=\"ActiveDirectory\"%s>"
        "<m:UnresolvedEntry>smtp:%s</m:UnresolvedEntry></m:ResolveNames>",
        shaped ? " ContactDataShape=\"AllProperties\"" : "",
        xr_xml_escape(asked->arena, asked->request->address));
}

static const char *restriction(const struct asked *asked)
{
    const char *subject = xr_xml_escape(asked->arena, asked->request->subject);

    if (asked->request->starts_so)
        return xr_printf(asked->arena,
            "<m:Restriction><t:Contains ContainmentMode=\"Prefixed\""
            " ContainmentComparison=\"Exact\"><t:FieldURI FieldURI=\"item:Subject\"/>"
            "<t:Constant Value=\"%s\"/></t:Contains></m:Restriction>",
            subject);
    return xr_printf(asked->arena,
        "<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI=\"item:Subject\"/>"
        "<t:FieldURIOrConstant><t:Constant Value=\"%s\"/></t:FieldURIOrConstant></t:IsEqualTo>"
        "</m:Restriction>",
        subject);
}

/* Subjects are asked for only where they are known to be ours. */
static const char *find_item(const struct asked *asked)
{
    const char *shown = "<t:AdditionalProperties><t:FieldURI FieldURI=\"item:Subject\"/>"
                        "</t:AdditionalProperties>";

    return xr_printf(asked->arena,
        "<m:FindItem Traversal=\"Shallow\"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>%s"
        "</m:ItemShape><m:IndexedPageItemView MaxEntriesReturned=\"%d\" Offset=\"0\""
        " BasePoint=\"Beginning\"/>%s<m:ParentFolderIds>%s</m:ParentFolderIds></m:FindItem>",
        asked->request->subject ? shown : "", asked->request->subject ? XR_EWS_FOUND_MAX : 1,
        asked->request->subject ? restriction(asked) : "",
        folder_element(asked->arena, &asked->request->folder));
}

static const char *create_item(const struct asked *asked)
{
    return xr_printf(asked->arena,
        "<m:CreateItem MessageDisposition=\"SaveOnly\"><m:SavedItemFolderId>%s"
        "</m:SavedItemFolderId><m:Items><t:Message><t:Subject>%s</t:Subject>"
        "<t:Body BodyType=\"Text\">Written by exray to test the right to write. It may be "
        "deleted.</t:Body></t:Message></m:Items></m:CreateItem>",
        folder_element(asked->arena, &asked->request->folder),
        xr_xml_escape(asked->arena, asked->request->subject));
}

static const char *delete_item(const struct asked *asked)
{
    return xr_printf(asked->arena,
        "<m:DeleteItem DeleteType=\"HardDelete\"><m:ItemIds><t:ItemId Id=\"%s\"/></m:ItemIds>"
        "</m:DeleteItem>",
        xr_xml_escape(asked->arena, asked->request->item_id));
}

static const char *get_room_lists(const struct asked *asked)
{
    (void)asked;
    return "<m:GetRoomLists/>";
}

static const char *get_oof(const struct asked *asked)
{
    return xr_printf(asked->arena,
        "<m:GetUserOofSettingsRequest><t:Mailbox><t:Address>%s</t:Address></t:Mailbox>"
        "</m:GetUserOofSettingsRequest>",
        xr_xml_escape(asked->arena, asked->request->address));
}

/* Whole seconds, without a zone: the request's TimeZone says which. */
static const char *moment(struct xr_arena *arena, int64_t wall_ms)
{
    return xr_printf(arena, "%.19s", xr_rfc3339(arena, wall_ms));
}

/* UTC, which has no summer time: both rules are empty. */
#define EMPTY_RULE                                                                              \
    "<t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month>" \
    "<t:DayOfWeek>Sunday</t:DayOfWeek>"

static const char *get_availability(const struct asked *asked)
{
    return xr_printf(asked->arena,
        "<m:GetUserAvailabilityRequest><t:TimeZone><t:Bias>0</t:Bias><t:StandardTime>" EMPTY_RULE
        "</t:StandardTime><t:DaylightTime>" EMPTY_RULE "</t:DaylightTime></t:TimeZone>"
        "<m:MailboxDataArray><t:MailboxData><t:Email><t:Address>%s</t:Address></t:Email>"
        "<t:AttendeeType>Required</t:AttendeeType><t:ExcludeConflicts>false</t:ExcludeConflicts>"
        "</t:MailboxData></m:MailboxDataArray><t:FreeBusyViewOptions><t:TimeWindow>"
        "<t:StartTime>%s</t:StartTime><t:EndTime>%s</t:EndTime></t:TimeWindow>"
        "<t:MergedFreeBusyIntervalInMinutes>30</t:MergedFreeBusyIntervalInMinutes>"
        "<t:RequestedView>FreeBusy</t:RequestedView></t:FreeBusyViewOptions>"
        "</m:GetUserAvailabilityRequest>",
        xr_xml_escape(asked->arena, asked->request->address),
        moment(asked->arena, asked->request->from_ms), moment(asked->arena, asked->request->to_ms));
}

static const char *sync_items(const struct asked *asked)
{
    return xr_printf(asked->arena,
        "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
        "<m:SyncFolderId>%s</m:SyncFolderId><m:MaxChangesReturned>1</m:MaxChangesReturned>"
        "</m:SyncFolderItems>",
        folder_element(asked->arena, &asked->request->folder));
}

static const char *subscribe(const struct asked *asked)
{
    const char *kind = asked->request->pull ? "Pull" : "Streaming";

    return xr_printf(asked->arena,
        "<m:Subscribe><m:%sSubscriptionRequest><t:FolderIds>%s</t:FolderIds><t:EventTypes>"
        "<t:EventType>CreatedEvent</t:EventType><t:EventType>DeletedEvent</t:EventType>"
        "<t:EventType>ModifiedEvent</t:EventType></t:EventTypes>%s</m:%sSubscriptionRequest>"
        "</m:Subscribe>",
        kind, folder_element(asked->arena, &asked->request->folder),
        asked->request->pull ? "<t:Timeout>1</t:Timeout>" : "", kind);
}

static const char *unsubscribe(const struct asked *asked)
{
    return xr_printf(asked->arena,
        "<m:Unsubscribe><m:SubscriptionId>%s</m:SubscriptionId></m:Unsubscribe>",
        xr_xml_escape(asked->arena, asked->request->subscription_id));
}

/* ---- */

static const struct {
    const char *name;
    const char *(*content)(const struct asked *asked);
} operations[XR_EWS_OPERATIONS] = {
    [XR_EWS_GET_FOLDER] = { "GetFolder", get_folder },
    [XR_EWS_RESOLVE_NAMES] = { "ResolveNames", resolve_names },
    [XR_EWS_FIND_ITEM] = { "FindItem", find_item },
    [XR_EWS_CREATE_ITEM] = { "CreateItem", create_item },
    [XR_EWS_DELETE_ITEM] = { "DeleteItem", delete_item },
    [XR_EWS_GET_ROOM_LISTS] = { "GetRoomLists", get_room_lists },
    [XR_EWS_GET_OOF] = { "GetUserOofSettings", get_oof },
    [XR_EWS_GET_AVAILABILITY] = { "GetUserAvailability", get_availability },
    [XR_EWS_SYNC_ITEMS] = { "SyncFolderItems", sync_items },
    [XR_EWS_SUBSCRIBE] = { "Subscribe", subscribe },
    [XR_EWS_UNSUBSCRIBE] = { "Unsubscribe", unsubscribe },
};

const char *xr_ews_operation_name(enum xr_ews_operation operation)
{
    return operations[operation].name;
}

const char *xr_ews_envelope(struct xr_arena *arena, const struct xr_ews_caller *caller,
    const struct xr_ews_request *request)
{
    struct asked asked = { arena, caller->version, request };

    return xr_soap_request(arena, caller, operations[request->operation].content(&asked));
}
