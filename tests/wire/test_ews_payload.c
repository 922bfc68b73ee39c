#include <stdlib.h>
#include <string.h>

#include "tests/wire/ews_answer.h"

#define SUCCESS(operation, payload)                                            \
    ENVELOPE("<m:" operation "Response><m:ResponseMessages><m:" operation      \
             "ResponseMessage ResponseClass='Success'><m:ResponseCode>NoError" \
             "</m:ResponseCode>" payload "</m:" operation                      \
             "ResponseMessage></m:ResponseMessages></m:" operation "Response>")
#define VIEW(outcome, payload)                                                       \
    "<m:FreeBusyResponse><m:ResponseMessage " outcome "</m:ResponseMessage>" payload \
    "</m:FreeBusyResponse>"
#define VIEWS(views)                                                          \
    ENVELOPE("<m:GetUserAvailabilityResponse><m:FreeBusyResponseArray>" views \
             "</m:FreeBusyResponseArray></m:GetUserAvailabilityResponse>")
#define GOOD "ResponseClass='Success'><m:ResponseCode>NoError</m:ResponseCode>"

START_TEST(found_items_are_read)
{
    struct xr_ews_reply reply = reply_of("FindItem",
        SUCCESS("FindItem",
            "<m:RootFolder TotalItemsInView='12' IncludesLastItemInRange='false'><t:Items>"
            "<t:Message><t:ItemId Id='A&amp;=' ChangeKey='c'/><t:Subject> one </t:Subject>"
            "</t:Message><t:CalendarItem><t:ItemId Id='B'/></t:CalendarItem></t:Items>"
            "</m:RootFolder>"));

    ck_assert_str_eq(reply.item_id, "A&=");
    ck_assert_str_eq(reply.items->id, "A&=");
    ck_assert_str_eq(reply.items->subject, "one");
    ck_assert_str_eq(reply.items->next->id, "B");
    ck_assert_ptr_null(reply.items->next->subject);
    ck_assert_ptr_null(reply.items->next->next);
    ck_assert_int_eq(reply.item_count, 2);
    ck_assert_int_eq(reply.items_total, 12);
}
END_TEST

START_TEST(nothing_found_is_not_nothing_sent)
{
    struct xr_ews_reply none = reply_of("FindItem",
        SUCCESS("FindItem", "<m:RootFolder TotalItemsInView='0'><t:Items/></m:RootFolder>"));
    struct xr_ews_reply silent = reply_of("FindItem", SUCCESS("FindItem", ""));

    ck_assert_int_eq(none.item_count, 0);
    ck_assert_int_eq(none.items_total, 0);
    ck_assert_ptr_null(none.item_id);
    ck_assert_int_eq(silent.item_count, -1);
    ck_assert_int_eq(silent.items_total, -1);
    ck_assert_ptr_null(silent.items);
}
END_TEST

START_TEST(items_without_an_id_are_counted_only)
{
    struct xr_ews_reply reply = reply_of("FindItem",
        SUCCESS("FindItem",
            "<m:RootFolder TotalItemsInView='99999999999999999999'><t:Items><t:Message/>"
            "<t:Message><t:ItemId Id=''/></t:Message><t:Message><t:ItemId/></t:Message>"
            "<t:Message><t:ItemId Id='C'/></t:Message></t:Items></m:RootFolder>"));

    ck_assert_int_eq(reply.item_count, 4);
    ck_assert_int_eq(reply.items_total, -1);
    ck_assert_str_eq(reply.item_id, "C");
    ck_assert_ptr_null(reply.items->next);
}
END_TEST

START_TEST(a_created_item_has_its_id)
{
    struct xr_ews_reply made = reply_of("CreateItem",
        SUCCESS("CreateItem",
            "<m:Items><t:Message><t:ItemId Id='N=' ChangeKey='c'/></t:Message></m:Items>"));
    struct xr_ews_reply without = reply_of("CreateItem", SUCCESS("CreateItem", "<m:Items/>"));

    ck_assert_str_eq(made.item_id, "N=");
    ck_assert_int_eq(made.item_count, -1);
    ck_assert_ptr_null(without.item_id);
}
END_TEST

/* What an operation carries is not looked for in the answers of others. */
START_TEST(payloads_of_other_operations_are_left_alone)
{
    struct xr_ews_reply reply = reply_of(
        "DeleteItem", SUCCESS("DeleteItem",
                          "<m:Items><t:Message><t:ItemId Id='N='/></t:Message></m:Items>"
                          "<m:SubscriptionId>s</m:SubscriptionId><m:SyncState>s</m:SyncState>"));

    ck_assert_ptr_null(reply.item_id);
    ck_assert_ptr_null(reply.subscription_id);
    ck_assert_ptr_null(reply.sync_state);
}
END_TEST

START_TEST(room_lists_are_read)
{
    struct xr_ews_reply reply = reply_of("GetRoomLists",
        ENVELOPE("<m:GetRoomListsResponse ResponseClass='Success'><m:ResponseCode>NoError"
                 "</m:ResponseCode><m:RoomLists><t:Address><t:Name>Rooms</t:Name>"
                 "<t:EmailAddress>rooms@contoso.test</t:EmailAddress>"
                 "<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>PublicDL</t:MailboxType>"
                 "</t:Address><t:Address/></m:RoomLists></m:GetRoomListsResponse>"));

    ck_assert_uint_eq(reply.resolution_count, 2);
    ck_assert_str_eq(reply.resolutions->name, "Rooms");
    ck_assert_str_eq(reply.resolutions->address, "rooms@contoso.test");
    ck_assert_str_eq(reply.resolutions->mailbox_type, "PublicDL");
    ck_assert_ptr_null(reply.resolutions->proxies[0]);
    ck_assert_ptr_null(reply.resolutions->next->address);
}
END_TEST

START_TEST(oof_settings_stand_beside_the_message)
{
    struct xr_ews_reply reply = reply_of("GetUserOofSettings",
        ENVELOPE("<m:GetUserOofSettingsResponse><m:ResponseMessage " GOOD "</m:ResponseMessage>"
                 "<t:OofSettings><t:OofState>Scheduled</t:OofState>"
                 "<t:ExternalAudience>Known</t:ExternalAudience></t:OofSettings>"
                 "<m:AllowExternalOof>All</m:AllowExternalOof></m:GetUserOofSettingsResponse>"));
    struct xr_ews_reply bare = reply_of("GetUserOofSettings",
        ENVELOPE("<m:GetUserOofSettingsResponse><m:ResponseMessage " GOOD "</m:ResponseMessage>"
                 "</m:GetUserOofSettingsResponse>"));

    ck_assert_str_eq(reply.oof_state, "Scheduled");
    ck_assert_str_eq(reply.oof_audience, "Known");
    ck_assert_ptr_null(bare.oof_state);
    ck_assert_str_eq(bare.code, "NoError");
}
END_TEST

START_TEST(free_busy_times_are_read)
{
    struct xr_ews_reply busy = reply_of("GetUserAvailability",
        VIEWS(VIEW(GOOD, "<m:FreeBusyView><t:FreeBusyViewType>FreeBusyMerged</t:FreeBusyViewType>"
                         "<t:CalendarEventArray><t:CalendarEvent/><t:CalendarEvent/>"
                         "</t:CalendarEventArray></m:FreeBusyView>")));
    struct xr_ews_reply free = reply_of("GetUserAvailability",
        VIEWS(VIEW(GOOD, "<m:FreeBusyView><t:FreeBusyViewType>FreeBusy</t:FreeBusyViewType>"
                         "</m:FreeBusyView>")));
    struct xr_ews_reply refused = reply_of("GetUserAvailability",
        VIEWS(VIEW("ResponseClass='Error'><m:MessageText>No\n access.</m:MessageText>"
                   "<m:ResponseCode>ErrorNoFreeBusyAccess</m:ResponseCode>",
            "<m:FreeBusyView><t:FreeBusyViewType>None</t:FreeBusyViewType></m:FreeBusyView>")));

    ck_assert_str_eq(busy.free_busy, "FreeBusyMerged");
    ck_assert_int_eq(busy.events, 2);
    ck_assert_int_eq(free.events, 0);
    ck_assert_str_eq(refused.code, "ErrorNoFreeBusyAccess");
    ck_assert_str_eq(refused.text, "No access.");
    ck_assert_str_eq(refused.class_, "Error");
    ck_assert_str_eq(refused.free_busy, "None");
}
END_TEST

START_TEST(availability_of_another_shape_is_refused)
{
    struct xr_ews_reply bare = reply_of("GetUserAvailability", VIEWS(VIEW(GOOD, "")));

    ck_assert_ptr_null(bare.free_busy);
    ck_assert_int_eq(bare.events, -1);
    assert_refused("GetUserAvailability", VIEWS(VIEW(GOOD, "") VIEW(GOOD, "")),
        "SOAP, but the answer to GetUserAvailability has more than one response message");
    assert_refused("GetUserAvailability", VIEWS("<m:FreeBusyResponse/>"),
        "SOAP, but the answer to GetUserAvailability has no response message");
    assert_refused("GetUserAvailability", VIEWS(""),
        "SOAP, but the answer to GetUserAvailability has no response message");
    assert_refused("GetUserAvailability", ENVELOPE("<m:GetUserAvailabilityResponse/>"),
        "SOAP, but the answer to GetUserAvailability has no response message");
}
END_TEST

START_TEST(changes_are_counted)
{
    struct xr_ews_reply some = reply_of("SyncFolderItems",
        SUCCESS("SyncFolderItems",
            "<m:SyncState>H4sI=</m:SyncState><m:IncludesLastItemInRange>false"
            "</m:IncludesLastItemInRange><m:Changes><t:Create><t:Message/></t:Create>"
            "<t:Delete/></m:Changes>"));
    struct xr_ews_reply none = reply_of(
        "SyncFolderItems", SUCCESS("SyncFolderItems", "<m:SyncState>H</m:SyncState><m:Changes/>"));
    struct xr_ews_reply bare = reply_of("SyncFolderItems", SUCCESS("SyncFolderItems", ""));

    ck_assert_str_eq(some.sync_state, "H4sI=");
    ck_assert_int_eq(some.changes, 2);
    ck_assert_int_eq(none.changes, 0);
    ck_assert_int_eq(bare.changes, -1);
    ck_assert_ptr_null(bare.sync_state);
}
END_TEST

START_TEST(a_subscription_has_its_id)
{
    struct xr_ews_reply open =
        reply_of("Subscribe", SUCCESS("Subscribe", "<m:SubscriptionId> Jg= </m:SubscriptionId>"
                                                   "<m:Watermark>AQ</m:Watermark>"));
    struct xr_ews_reply bare =
        reply_of("Subscribe", SUCCESS("Subscribe", "<m:SubscriptionId> </m:SubscriptionId>"));

    ck_assert_str_eq(open.subscription_id, "Jg=");
    ck_assert_ptr_null(bare.subscription_id);
}
END_TEST

START_TEST(several_messages_are_refused_everywhere)
{
#define TWO(operation)                                                                        \
    ENVELOPE("<m:" operation "Response><m:ResponseMessages><m:" operation "ResponseMessage/>" \
             "<m:" operation "ResponseMessage/></m:ResponseMessages></m:" operation "Response>")
    assert_refused("DeleteItem", TWO("DeleteItem"),
        "SOAP, but the answer to DeleteItem has more than one response message");
    assert_refused("Subscribe", TWO("Subscribe"),
        "SOAP, but the answer to Subscribe has more than one response message");
    assert_refused("FindItem", TWO("FindItem"),
        "SOAP, but the answer to FindItem has more than one response message");
}
END_TEST

static bool stands_in(const char **const *texts, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (*texts[i] && !strcmp(*texts[i], text))
            return true;
    return false;
}

START_TEST(all_texts_are_named)
{
    struct xr_ews_reply found = reply_of("FindItem",
        SUCCESS("FindItem", "<m:RootFolder><t:Items><t:Message><t:ItemId Id='A'/>"
                            "<t:Subject>one</t:Subject></t:Message><t:Message><t:ItemId Id='B'/>"
                            "<t:Subject>two</t:Subject></t:Message></t:Items></m:RootFolder>"));
    const char **texts[100];
    size_t n = xr_ews_texts(&found, texts, 100);

    ck_assert_uint_le(n, 100);
    ck_assert(stands_in(texts, n, "one") && stands_in(texts, n, "two"));
    for (size_t i = 0; i < n; i++)
        *texts[i] = *texts[i] ? "changed" : NULL;
    ck_assert_str_eq(found.items->next->subject, "changed");
    /* They go back to the server as they are. */
    ck_assert_str_eq(found.item_id, "A");
    ck_assert_str_eq(found.items->next->id, "B");
}
END_TEST

START_TEST(texts_of_the_directory_are_named_within_bounds)
{
    struct xr_ews_reply names = reply_of("ResolveNames",
        SUCCESS("ResolveNames",
            "<m:ResolutionSet><t:Resolution><t:Mailbox><t:Name>Jane</t:Name></t:Mailbox>"
            "<t:Contact><t:EmailAddresses><t:Entry>smtp:j@x.test</t:Entry></t:EmailAddresses>"
            "</t:Contact></t:Resolution></m:ResolutionSet>"));
    const char **texts[100] = { NULL };
    size_t n = xr_ews_texts(&names, NULL, 0);

    ck_assert_uint_eq(xr_ews_texts(&names, texts, n - 1), n);
    ck_assert_ptr_null(texts[n - 1]);
    ck_assert_uint_eq(xr_ews_texts(&names, texts, n), n);
    ck_assert(stands_in(texts, n, "Jane") && stands_in(texts, n, "smtp:j@x.test"));
}
END_TEST

XR_UNIT_MAIN("ews-payload", found_items_are_read, nothing_found_is_not_nothing_sent,
    items_without_an_id_are_counted_only, a_created_item_has_its_id,
    payloads_of_other_operations_are_left_alone, room_lists_are_read,
    oof_settings_stand_beside_the_message, free_busy_times_are_read,
    availability_of_another_shape_is_refused, changes_are_counted, a_subscription_has_its_id,
    several_messages_are_refused_everywhere, all_texts_are_named,
    texts_of_the_directory_are_named_within_bounds)
