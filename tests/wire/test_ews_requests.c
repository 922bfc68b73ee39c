#include <stdio.h>
#include <string.h>

#include "analyzer/wire/ews.h"
#include "tests/unit.h"

static const struct xr_ews_caller itself = { "Exchange2013_SP1", XR_EWS_AS_ITSELF, NULL };
static const struct xr_ews_request inbox = { .operation = XR_EWS_GET_FOLDER,
    .folder = { .name = "inbox" } };

/* The content of the Body alone. */
static const char *content_of(struct xr_arena *arena, const struct xr_ews_request *request)
{
    const char *envelope = xr_ews_envelope(arena, &itself, request);
    const char *from = strstr(envelope, "<s:Body>"), *to = strstr(envelope, "</s:Body>");

    ck_assert(from && to);
    from += strlen("<s:Body>");
    return xr_strndup(arena, from, (size_t)(to - from));
}

START_TEST(a_request_is_shaped_as_documented)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_ews_caller caller = { "Exchange2010_SP2", XR_EWS_SMTP_ADDRESS, "jane@contoso.test" };
    struct xr_ews_request request = inbox;

    request.folder.mailbox = "joe@contoso.test";
    ck_assert_str_eq(xr_ews_envelope(arena, &caller, &request),
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\""
        " xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\""
        " xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\"><s:Header>"
        "<t:RequestServerVersion Version=\"Exchange2010_SP2\"/><t:ExchangeImpersonation>"
        "<t:ConnectingSID><t:SmtpAddress>jane@contoso.test</t:SmtpAddress></t:ConnectingSID>"
        "</t:ExchangeImpersonation></s:Header><s:Body><m:GetFolder><m:FolderShape>"
        "<t:BaseShape>Default</t:BaseShape><t:AdditionalProperties>"
        "<t:FieldURI FieldURI=\"folder:EffectiveRights\"/>"
        "<t:FieldURI FieldURI=\"folder:FolderClass\"/></t:AdditionalProperties></m:FolderShape>"
        "<m:FolderIds><t:DistinguishedFolderId Id=\"inbox\"><t:Mailbox>"
        "<t:EmailAddress>joe@contoso.test</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>"
        "</m:FolderIds></m:GetFolder></s:Body></s:Envelope>");
    xr_arena_free(arena);
}
END_TEST

START_TEST(each_identity_has_its_element_and_no_other)
{
    static const struct {
        enum xr_ews_identity identity;
        const char *element;
    } forms[] = {
        { XR_EWS_SMTP_ADDRESS, "<t:ConnectingSID><t:SmtpAddress>u</t:SmtpAddress></t:Conn" },
        { XR_EWS_PRIMARY_SMTP_ADDRESS,
            "<t:ConnectingSID><t:PrimarySmtpAddress>u</t:PrimarySmtpAddress></t:Conn" },
        { XR_EWS_PRINCIPAL_NAME, "<t:ConnectingSID><t:PrincipalName>u</t:PrincipalName></t:Conn" },
        { XR_EWS_SID, "<t:ConnectingSID><t:SID>u</t:SID></t:Conn" },
    };
    struct xr_arena *arena = xr_arena_new();

    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        struct xr_ews_caller caller = { "Exchange2013_SP1", forms[i].identity, "u" };
        ck_assert_ptr_nonnull(strstr(xr_ews_envelope(arena, &caller, &inbox), forms[i].element));
    }
    ck_assert_ptr_null(strstr(xr_ews_envelope(arena, &itself, &inbox), "Impersonation"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(everything_is_escaped)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_ews_caller caller = { "<\"&>", XR_EWS_PRINCIPAL_NAME, "</t:PrincipalName>&\x01" };
    struct xr_ews_request by_name = { .folder = { "\"/><x", NULL, "<&>" } },
                          by_id = { .folder = { NULL, "A\"<&'", NULL } },
                          address = { .operation = XR_EWS_RESOLVE_NAMES,
                              .address = "a&b@contoso.test" };
    const char *named = xr_ews_envelope(arena, &caller, &by_name);

    ck_assert_ptr_nonnull(strstr(named, "Version=\"&lt;&quot;&amp;&gt;\""));
    ck_assert_ptr_nonnull(strstr(named, ">&lt;/t:PrincipalName&gt;&amp;</t:PrincipalName>"));
    ck_assert_ptr_nonnull(strstr(named, "Id=\"&quot;/&gt;&lt;x\""));
    ck_assert_ptr_nonnull(strstr(named, "<t:EmailAddress>&lt;&amp;&gt;</t:EmailAddress>"));
    ck_assert_ptr_nonnull(strstr(content_of(arena, &by_id),
        "<m:FolderIds><t:FolderId Id=\"A&quot;&lt;&amp;&#39;\"/></m:FolderIds>"));
    ck_assert_ptr_nonnull(strstr(content_of(arena, &address),
        "<m:UnresolvedEntry>smtp:a&amp;b@contoso.test</m:UnresolvedEntry>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(the_contact_shape_is_asked_of_those_who_know_it)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_ews_request jane = { .operation = XR_EWS_RESOLVE_NAMES,
        .address = "jane@contoso.test" };

    for (const char *const *version = xr_ews_versions; *version; version++) {
        struct xr_ews_caller caller = { *version, XR_EWS_AS_ITSELF, NULL };
        const char *request = xr_ews_envelope(arena, &caller, &jane);
        bool old = !strcmp(*version, "Exchange2010_SP1") || !strcmp(*version, "Exchange2007_SP1");
        ck_assert_int_eq(!strstr(request, " ContactDataShape=\"AllProperties\""), old);
        ck_assert_ptr_nonnull(strstr(request,
            "<m:ResolveNames ReturnFullContactData=\"true\" SearchScope=\"ActiveDirectory\""));
    }
    ck_assert_str_eq(xr_ews_versions[0], "Exchange2013_SP1");
    xr_arena_free(arena);
}
END_TEST

START_TEST(an_item_is_looked_for_by_its_subject)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_ews_request request = {
        .operation = XR_EWS_FIND_ITEM, .folder = { .name = "drafts" }, .subject = "a \"<&>"
    };

    ck_assert_str_eq(content_of(arena, &request),
        "<m:FindItem Traversal=\"Shallow\"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>"
        "<t:AdditionalProperties><t:FieldURI FieldURI=\"item:Subject\"/></t:AdditionalProperties>"
        "</m:ItemShape><m:IndexedPageItemView MaxEntriesReturned=\"10\" Offset=\"0\""
        " BasePoint=\"Beginning\"/><m:Restriction><t:IsEqualTo>"
        "<t:FieldURI FieldURI=\"item:Subject\"/><t:FieldURIOrConstant>"
        "<t:Constant Value=\"a &quot;&lt;&amp;&gt;\"/></t:FieldURIOrConstant></t:IsEqualTo>"
        "</m:Restriction><m:ParentFolderIds><t:DistinguishedFolderId Id=\"drafts\">"
        "</t:DistinguishedFolderId></m:ParentFolderIds></m:FindItem>");
    request.starts_so = true;
    ck_assert_ptr_nonnull(strstr(content_of(arena, &request),
        "<m:Restriction><t:Contains ContainmentMode=\"Prefixed\" ContainmentComparison=\"Exact\">"
        "<t:FieldURI FieldURI=\"item:Subject\"/><t:Constant Value=\"a &quot;&lt;&amp;&gt;\"/>"
        "</t:Contains></m:Restriction>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(no_subject_of_strangers_is_asked_for)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_ews_request request = { .operation = XR_EWS_FIND_ITEM,
        .folder = { .name = "inbox" } };
    const char *content = content_of(arena, &request);

    ck_assert_ptr_null(strstr(content, "Subject"));
    ck_assert_ptr_null(strstr(content, "Restriction"));
    ck_assert_ptr_nonnull(strstr(content, "MaxEntriesReturned=\"1\""));
    xr_arena_free(arena);
}
END_TEST

START_TEST(an_item_is_saved_and_deleted_for_good)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_ews_request create = { .operation = XR_EWS_CREATE_ITEM,
        .folder = { "drafts", NULL, "joe@contoso.test" },
        .subject = "a&b" },
                          remove = { .operation = XR_EWS_DELETE_ITEM, .item_id = "A\"&=" };
    const char *created = content_of(arena, &create);

    ck_assert_ptr_eq(
        strstr(created, "<m:CreateItem MessageDisposition=\"SaveOnly\"><m:SavedItemFolderId>"
                        "<t:DistinguishedFolderId Id=\"drafts\"><t:Mailbox>"
                        "<t:EmailAddress>joe@contoso.test</t:EmailAddress></t:Mailbox>"
                        "</t:DistinguishedFolderId></m:SavedItemFolderId><m:Items><t:Message>"
                        "<t:Subject>a&amp;b</t:Subject><t:Body BodyType=\"Text\">"),
        created);
    ck_assert_ptr_null(strstr(created, "Recipients"));
    ck_assert_str_eq(content_of(arena, &remove),
        "<m:DeleteItem DeleteType=\"HardDelete\"><m:ItemIds><t:ItemId Id=\"A&quot;&amp;=\"/>"
        "</m:ItemIds></m:DeleteItem>");
    xr_arena_free(arena);
}
END_TEST

START_TEST(the_free_busy_window_is_in_utc)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_ews_request request = { .operation = XR_EWS_GET_AVAILABILITY,
        .address = "joe&co@contoso.test",
        .from_ms = 1795257045678,
        .to_ms = 1795257045678 + 24LL * 60 * 60 * 1000 };
    const char *content = content_of(arena, &request);

    ck_assert_ptr_nonnull(strstr(content, "<t:TimeZone><t:Bias>0</t:Bias><t:StandardTime>"));
    ck_assert_ptr_nonnull(strstr(content, "<t:Address>joe&amp;co@contoso.test</t:Address>"));
    ck_assert_ptr_nonnull(
        strstr(content, "<t:TimeWindow><t:StartTime>2026-11-21T10:30:45</t:StartTime>"
                        "<t:EndTime>2026-11-22T10:30:45</t:EndTime></t:TimeWindow>"));
    ck_assert_ptr_nonnull(strstr(content, "<t:RequestedView>FreeBusy</t:RequestedView>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(a_subscription_is_pulled_or_streamed)
{
#define EVENTS                                                                       \
    "<t:FolderIds><t:FolderId Id=\"AQ\"/></t:FolderIds><t:EventTypes>"               \
    "<t:EventType>CreatedEvent</t:EventType><t:EventType>DeletedEvent</t:EventType>" \
    "<t:EventType>ModifiedEvent</t:EventType></t:EventTypes>"
    struct xr_arena *arena = xr_arena_new();
    struct xr_ews_request request = { .operation = XR_EWS_SUBSCRIBE, .folder = { .id = "AQ" } };
    struct xr_ews_request end = { .operation = XR_EWS_UNSUBSCRIBE, .subscription_id = "S<=" };

    ck_assert_str_eq(content_of(arena, &request),
        "<m:Subscribe><m:StreamingSubscriptionRequest>" EVENTS
        "</m:StreamingSubscriptionRequest></m:Subscribe>");
    request.pull = true;
    ck_assert_str_eq(content_of(arena, &request),
        "<m:Subscribe><m:PullSubscriptionRequest>" EVENTS
        "<t:Timeout>1</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>");
    ck_assert_str_eq(content_of(arena, &end),
        "<m:Unsubscribe><m:SubscriptionId>S&lt;=</m:SubscriptionId></m:Unsubscribe>");
    xr_arena_free(arena);
}
END_TEST

START_TEST(versions_have_an_age)
{
    ck_assert(xr_ews_is_older("Exchange2007_SP1", "Exchange2010"));
    ck_assert(xr_ews_is_older("Exchange2010", "Exchange2010_SP1"));
    ck_assert(!xr_ews_is_older("Exchange2010_SP1", "Exchange2010_SP1"));
    ck_assert(!xr_ews_is_older("Exchange2013_SP1", "Exchange2013"));
    ck_assert(!xr_ews_is_older("V2017_07_11", "Exchange2013_SP1"));
    for (size_t i = 1; xr_ews_versions[i]; i++)
        ck_assert(xr_ews_is_older(xr_ews_versions[i], xr_ews_versions[i - 1]));
}
END_TEST

START_TEST(distinguished_folders_are_known)
{
    ck_assert(xr_ews_is_distinguished("inbox"));
    ck_assert(xr_ews_is_distinguished("archivemsgfolderroot"));
    ck_assert(!xr_ews_is_distinguished("Inbox"));
    ck_assert(!xr_ews_is_distinguished("posteingang"));
    ck_assert(!xr_ews_is_distinguished(""));
}
END_TEST

static void write_request(const char *folder, const char *name, const char *request)
{
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s/%s.xml", folder, name);

    ck_assert(length > 0 && (size_t)length < sizeof(path));
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(request, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static const struct xr_ews_folder folders[] = { { "inbox", NULL, NULL }, { NULL, "AQApA=", NULL },
    { "calendar", NULL, "o'joe&co@contoso.test" } };

/* Every shape that a request has beside the folder it names. */
static const struct {
    const char *name, *since;
    struct xr_ews_request request;
} shapes[] = {
    { "GetFolder", "Exchange2007", { .operation = XR_EWS_GET_FOLDER } },
    { "ResolveNames", "Exchange2007",
        { .operation = XR_EWS_RESOLVE_NAMES, .address = "j&c@x.test" } },
    { "FindItem", "Exchange2007", { .operation = XR_EWS_FIND_ITEM } },
    { "FindItem-subject", "Exchange2007", { .operation = XR_EWS_FIND_ITEM, .subject = "a \"<b>" } },
    { "FindItem-start", "Exchange2007",
        { .operation = XR_EWS_FIND_ITEM, .subject = "a \"<b>", .starts_so = true } },
    { "CreateItem", "Exchange2007", { .operation = XR_EWS_CREATE_ITEM, .subject = "a \"<b>" } },
    { "DeleteItem", "Exchange2007", { .operation = XR_EWS_DELETE_ITEM, .item_id = "AA&=" } },
    { "GetRoomLists", "Exchange2010", { .operation = XR_EWS_GET_ROOM_LISTS } },
    { "GetUserOofSettings", "Exchange2007",
        { .operation = XR_EWS_GET_OOF, .address = "j&c@x.test" } },
    { "GetUserAvailability", "Exchange2007",
        { .operation = XR_EWS_GET_AVAILABILITY,
            .address = "j&c@x.test",
            .from_ms = 1795257045678,
            .to_ms = 1795343445678 } },
    { "SyncFolderItems", "Exchange2007", { .operation = XR_EWS_SYNC_ITEMS } },
    { "Subscribe", "Exchange2010_SP1", { .operation = XR_EWS_SUBSCRIBE } },
    { "Subscribe-pull", "Exchange2007", { .operation = XR_EWS_SUBSCRIBE, .pull = true } },
    { "Unsubscribe", "Exchange2007",
        { .operation = XR_EWS_UNSUBSCRIBE, .subscription_id = "S<&=" } },
};

enum { SHAPES = sizeof(shapes) / sizeof(*shapes), FOLDERS = sizeof(folders) / sizeof(*folders) };

static void write_shapes(struct xr_arena *arena, const char *to, const struct xr_ews_caller *caller)
{
    for (size_t i = 0; i < SHAPES; i++)
        for (size_t k = 0; !xr_ews_is_older(caller->version, shapes[i].since) && k < FOLDERS; k++) {
            struct xr_ews_request request = shapes[i].request;
            request.folder = folders[k];
            write_request(to,
                xr_printf(arena, "%s-%s-%d-%zu", shapes[i].name, caller->version,
                    (int)caller->identity, k),
                xr_ews_envelope(arena, caller, &request));
        }
}

/* For tests/envelopes_xsd.sh, which validates them: all shapes of requests, into
 * $EXRAY_WRITE_ENVELOPES. */
START_TEST(requests_are_written_when_asked_for)
{
    const char *to = getenv("EXRAY_WRITE_ENVELOPES");
    struct xr_arena *arena = xr_arena_new();

    for (const char *const *version = xr_ews_versions; to && *version; version++)
        for (int identity = XR_EWS_AS_ITSELF; identity <= XR_EWS_SID; identity++) {
            struct xr_ews_caller caller = { *version, (enum xr_ews_identity)identity,
                "jane&co@contoso.test" };
            write_shapes(arena, to, &caller);
        }
    for (const char *const *name = xr_ews_distinguished; to && *name; name++) {
        struct xr_ews_request request = { .folder = { .name = *name } };
        write_request(
            to, xr_printf(arena, "GetFolder-%s", *name), xr_ews_envelope(arena, &itself, &request));
    }
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("ews-requests", a_request_is_shaped_as_documented,
    each_identity_has_its_element_and_no_other, everything_is_escaped,
    the_contact_shape_is_asked_of_those_who_know_it, an_item_is_looked_for_by_its_subject,
    no_subject_of_strangers_is_asked_for, an_item_is_saved_and_deleted_for_good,
    the_free_busy_window_is_in_utc, a_subscription_is_pulled_or_streamed, versions_have_an_age,
    distinguished_folders_are_known, requests_are_written_when_asked_for)
