#include <stdio.h>
#include <string.h>

#include "fixtures/store.h"
#include "tests/sim/bench.h"
#include "tests/unit.h"

/* The operations beyond opening a folder: out of office, free/busy, synchronisation,
 * notifications. tests/envelopes_xsd.sh holds the answers against Microsoft's schema. */

#define AS_ANNA "SmtpAddress", "anna@contoso.test"

#define OOF(address)                                              \
    "<m:GetUserOofSettingsRequest><t:Mailbox><t:Address>" address \
    "</t:Address></t:Mailbox></m:GetUserOofSettingsRequest>"

#define CHANGE                                                                          \
    "<t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</" \
    "t:Month><t:DayOfWeek>Sunday</t:DayOfWeek>"
#define ZONE                                                \
    "<t:TimeZone><t:Bias>0</t:Bias><t:StandardTime>" CHANGE \
    "</t:StandardTime><t:DaylightTime>" CHANGE "</t:DaylightTime></t:TimeZone>"
#define WHO(address)                                                                          \
    "<t:MailboxData><t:Email><t:Address>" address "</t:Address></t:Email>"                    \
    "<t:AttendeeType>Required</t:AttendeeType><t:ExcludeConflicts>false</t:ExcludeConflicts>" \
    "</t:MailboxData>"
#define VIEW(from, to, view)                                                                 \
    "<t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>" from "</t:StartTime><t:EndTime>" to \
    "</t:EndTime></t:TimeWindow><t:MergedFreeBusyIntervalInMinutes>30"                       \
    "</t:MergedFreeBusyIntervalInMinutes><t:RequestedView>" view                             \
    "</t:RequestedView></t:FreeBusyViewOptions>"
#define BUSY(zone, whom, view)                                                                     \
    "<m:GetUserAvailabilityRequest>" zone "<m:MailboxDataArray>" whom "</m:MailboxDataArray>" view \
    "</m:GetUserAvailabilityRequest>"
#define MORNING(view) VIEW("2026-11-23T08:00:00", "2026-11-23T10:00:00", view)

#define SYNC(folder, state, max)                                                          \
    "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"     \
    "<m:SyncFolderId><t:DistinguishedFolderId Id=\"" folder "\"/></m:SyncFolderId>" state \
    "<m:MaxChangesReturned>" max "</m:MaxChangesReturned></m:SyncFolderItems>"

#define TYPES "<t:EventTypes><t:EventType>NewMailEvent</t:EventType></t:EventTypes>"
#define FOLDERS(inner)                                          \
    "<t:FolderIds><t:DistinguishedFolderId Id=\"inbox\">" inner \
    "</t:DistinguishedFolderId></t:FolderIds>"
#define STREAM                                                        \
    "<m:Subscribe><m:StreamingSubscriptionRequest>" FOLDERS("") TYPES \
        "</m:StreamingSubscriptionRequest></m:Subscribe>"
#define PULL                                                     \
    "<m:Subscribe><m:PullSubscriptionRequest>" FOLDERS("") TYPES \
        "<t:Timeout>1</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>"

/* ---- out of office ---- */

static const char people[] =
    "'users': ["
    "  { 'smtp': 'anna@contoso.test', 'aliases': ['a.berg@contoso.test'],"
    "    'oof': { 'state': 'Scheduled', 'audience': 'Known' },"
    "    'availability': { 'events': 2 } },"
    "  { 'smtp': 'boss@contoso.test', 'availability': { 'shown': 'none' } },"
    "  { 'smtp': 'open@contoso.test', 'availability': { 'shown': 'detailed', 'events': 1 } },"
    "  { 'smtp': 'disabled@contoso.test' }, { 'smtp': 'moving@contoso.test' },"
    "  { 'smtp': 'shared@contoso.test' }, { 'smtp': 'library@contoso.test' },"
    "  { 'smtp': 'noews@contoso.test' }, { 'smtp': 'bare@contoso.test' },"
    "  { 'smtp': 'down@contoso.test', 'state': 'unavailable' } ]";

START_TEST(oof_settings_are_the_owners_alone)
{
    struct bench bench = bench_new(people);

    bench_holds(bench_ask(&bench, AS_ANNA, OOF("a.berg@contoso.test")), ">Scheduled<");
    bench_holds(bench.reply.body.at, "<t:ExternalAudience>Known<");
    ck_assert_str_eq(bench.reply.operation, "GetUserOofSettings");
    ck_assert_str_eq(bench.reply.mailbox, "anna@contoso.test");
    bench_keep(&bench, "oof");
    bench_holds(bench_ask(&bench, NULL, NULL, OOF("anna@contoso.test")), ">ErrorAccessDenied<");
    bench_lacks(bench.reply.body.at, "OofState");
    bench_keep(&bench, "oof-denied");
    bench_holds(
        bench_ask(&bench, AS_ANNA, OOF("nobody@contoso.test")), ">ErrorNonExistentMailbox<");
    bench_holds(bench_ask(&bench, NULL, NULL, OOF("svc@contoso.test")), ">Disabled<");
    bench_ask(&bench, NULL, NULL,
        "<m:GetUserOofSettingsRequest><t:Mailbox/></m:GetUserOofSettingsRequest>");
    ck_assert_int_eq(bench.reply.status, 500);
    bench_done(&bench);
}
END_TEST

START_TEST(exchange_2007_denies_oof_settings_without_a_code)
{
    struct bench bench = bench_new("'exchange': { 'build': '8.3.83.6' }");

    bench_holds(
        bench_ask(&bench, NULL, NULL, OOF("anna@contoso.test")), "User is not mailbox owner");
    bench_holds(bench.reply.body.at, ">-2146233088</ErrorCode>");
    bench_lacks(bench.reply.body.at, "ResponseCode");
    ck_assert_int_eq(bench.reply.status, 500);
    bench_done(&bench);
}
END_TEST

/* ---- free/busy ---- */

START_TEST(a_calendar_shows_what_its_owner_lets_others_see)
{
    static const struct {
        const char *name, *request, *wanted, *absent;
    } cases[] = {
        { "own", BUSY(ZONE, WHO("anna@contoso.test"), MORNING("DetailedMerged")),
            "<t:FreeBusyViewType>DetailedMerged<", ">None<" },
        { "merged", BUSY(ZONE, WHO("anna@contoso.test"), MORNING("MergedOnly")),
            "<t:MergedFreeBusy>2020<", "CalendarEvent" },
        { "reduced", BUSY(ZONE, WHO("disabled@contoso.test"), MORNING("DetailedMerged")),
            "<t:FreeBusyViewType>FreeBusyMerged<", "CalendarEvent" },
        { "detailed", BUSY(ZONE, WHO("open@contoso.test"), MORNING("Detailed")),
            "<t:StartTime>2026-11-23T08:00:00<", "MergedFreeBusy" },
        { "closed", BUSY(ZONE, WHO("boss@contoso.test"), MORNING("FreeBusy")),
            ">ErrorNoFreeBusyAccess<", "WorkingHours" },
        { "unknown", BUSY(ZONE, WHO("nobody@contoso.test"), MORNING("FreeBusy")),
            ">ErrorMailRecipientNotFound<", "WorkingHours" },
        { "unavailable", BUSY(ZONE, WHO("down@contoso.test"), MORNING("FreeBusy")),
            ">ErrorMailboxLogonFailed<", "WorkingHours" },
    };
    struct bench bench = bench_new(people);

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *body = bench_ask(&bench, AS_ANNA, cases[i].request);
        ck_assert_int_eq(bench.reply.status, 200);
        bench_holds(body, cases[i].wanted);
        bench_lacks(body, cases[i].absent);
        bench_keep(&bench, xr_printf(bench.arena, "busy-%s", cases[i].name));
    }
    bench_ask(&bench, AS_ANNA,
        BUSY(ZONE, WHO("boss@contoso.test") WHO("anna@contoso.test"), MORNING("FreeBusy")));
    bench_holds(bench.reply.body.at, ">ErrorNoFreeBusyAccess<");
    bench_holds(bench.reply.body.at, ">NoError<");
    bench_done(&bench);
}
END_TEST

START_TEST(odd_questions_about_free_busy_times_are_faults)
{
    static const struct {
        const char *request, *code;
    } cases[] = {
        { BUSY("", WHO("anna@contoso.test"), MORNING("FreeBusy")), "a:ErrorTimeZone<" },
        { BUSY(ZONE, "", MORNING("FreeBusy")), "a:ErrorSchemaValidation<" },
        { BUSY(ZONE, WHO("anna@contoso.test"), ""), "a:ErrorInvalidTimeInterval<" },
        { BUSY(ZONE, WHO("anna@contoso.test"),
              VIEW("2026-11-23T08:00:00", "2026-11-23T08:00:00", "FreeBusy")),
            "a:ErrorInvalidTimeInterval<" },
        { BUSY(ZONE, WHO("anna@contoso.test"),
              VIEW("2026-11-23T08:00:00", "2027-11-23T08:00:00", "FreeBusy")),
            "a:ErrorTimeIntervalTooBig<" },
    };
    struct bench bench = bench_new(people);

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        bench_holds(bench_ask(&bench, AS_ANNA, cases[i].request), cases[i].code);
        ck_assert_int_eq(bench.reply.status, 500);
    }
    bench_done(&bench);
}
END_TEST

/* ---- synchronisation ---- */

START_TEST(a_folder_is_synchronised_in_batches)
{
    struct bench bench = bench_new("");
    const char *first = bench_ask(&bench, AS_ANNA, SYNC("inbox", "", "1"));

    bench_holds(first, "<m:IncludesLastItemInRange>false<");
    bench_holds(first, "<t:Create><t:Message><t:ItemId ");
    bench_keep(&bench, "sync-first");
    const char *id = bench_item_id(&bench), *state = bench_element(&bench, "m:SyncState");
    const char *next =
        xr_printf(bench.arena, SYNC("inbox", "<m:SyncState>%s</m:SyncState>", "1"), state);
    bench_holds(bench_ask(&bench, AS_ANNA, next), "<m:IncludesLastItemInRange>true<");
    ck_assert_str_ne(bench_item_id(&bench), id);
    state = bench_element(&bench, "m:SyncState");
    next = xr_printf(bench.arena, SYNC("inbox", "<m:SyncState>%s</m:SyncState>", "5"), state);
    bench_lacks(bench_ask(&bench, AS_ANNA, next), "<t:Create>");
    bench_keep(&bench, "sync-nothing-new");
    next = xr_printf(bench.arena, SYNC("drafts", "<m:SyncState>%s</m:SyncState>", "5"), state);
    bench_holds(bench_ask(&bench, AS_ANNA, next), ">ErrorInvalidSyncStateData<");
    bench_done(&bench);
}
END_TEST

START_TEST(what_cannot_be_synchronised_is_named)
{
    struct bench bench = bench_new("");

    bench_holds(bench_ask(&bench, AS_ANNA, SYNC("calendar", "", "1")), ">ErrorSyncFolderNotFound<");
    bench_keep(&bench, "sync-folder");
    bench_holds(bench_ask(&bench, AS_ANNA, SYNC("inbox", "<m:SyncState>QUJD</m:SyncState>", "1")),
        ">ErrorInvalidSyncStateData<");
    bench_keep(&bench, "sync-state");
    bench_ask(&bench, AS_ANNA, SYNC("inbox", "", "513"));
    bench_holds(bench.reply.body.at, "a:ErrorSchemaValidation<");
    bench_done(&bench);
}
END_TEST

/* ---- notifications ---- */

static const char *about(struct bench *bench, const char *operation, const char *id)
{
    return xr_printf(bench->arena, "<m:%s><m:SubscriptionId>%s</m:SubscriptionId>%s</m:%s>",
        operation, id, strcmp(operation, "GetEvents") == 0 ? "<m:Watermark>x</m:Watermark>" : "",
        operation);
}

START_TEST(a_subscription_is_open_until_it_is_closed)
{
    struct bench bench = bench_new("");
    struct sim_store *store = bench.world->store;

    bench_holds(bench_ask(&bench, AS_ANNA, PULL), "<m:Watermark>");
    bench_keep(&bench, "subscribe-pull");
    const char *pull = bench_element(&bench, "m:SubscriptionId");
    bench_lacks(bench_ask(&bench, AS_ANNA, STREAM), "<m:Watermark>");
    bench_keep(&bench, "subscribe-streaming");
    const char *streaming = bench_element(&bench, "m:SubscriptionId");
    ck_assert_uint_eq(sim_store_leftovers(store).open_subscriptions, 2);

    bench_holds(bench_ask(&bench, AS_ANNA, about(&bench, "GetEvents", pull)), "<t:StatusEvent>");
    bench_keep(&bench, "get-events");
    bench_holds(bench_ask(&bench, AS_ANNA, about(&bench, "GetEvents", streaming)),
        ">ErrorInvalidPullSubscriptionId<");
    bench_holds(bench_ask(&bench, NULL, NULL, about(&bench, "Unsubscribe", pull)),
        ">ErrorSubscriptionAccessDenied<");
    bench_holds(bench_ask(&bench, AS_ANNA, about(&bench, "Unsubscribe", pull)), ">NoError<");
    bench_keep(&bench, "unsubscribe");
    bench_holds(bench_ask(&bench, AS_ANNA, about(&bench, "Unsubscribe", pull)),
        ">ErrorSubscriptionNotFound<");
    bench_keep(&bench, "unsubscribe-again");
    bench_holds(bench_ask(&bench, AS_ANNA, about(&bench, "Unsubscribe", "QUJD")),
        ">ErrorInvalidSubscription<");
    ck_assert_uint_eq(sim_store_leftovers(store).open_subscriptions, 1);
    bench_done(&bench);
}
END_TEST

START_TEST(subscriptions_are_refused_for_a_reason)
{
    static const char of_shared[] = "<m:Subscribe><m:PullSubscriptionRequest>" FOLDERS(
        "<t:Mailbox><t:EmailAddress>shared@contoso.test</t:EmailAddress></t:Mailbox>") TYPES
        "<t:Timeout>1</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>";
    static const char of_nothing[] = "<m:Subscribe><m:StreamingSubscriptionRequest>" TYPES
                                     "</m:StreamingSubscriptionRequest></m:Subscribe>";
    struct bench bench = bench_new("");

    bench_holds(
        bench_ask(&bench, NULL, NULL, of_shared), ">ErrorSubscriptionDelegateAccessNotSupported<");
    bench_keep(&bench, "subscribe-delegate");
    bench_holds(bench_ask(&bench, AS_ANNA, of_nothing), ">ErrorInvalidSubscriptionRequest<");
    bench_holds(bench_ask(&bench, AS_ANNA, "<m:Subscribe/>"), "a:ErrorSchemaValidation<");
    ck_assert_uint_eq(sim_store_leftovers(bench.world->store).open_subscriptions, 0);
    bench_done(&bench);
}
END_TEST

START_TEST(a_mailbox_has_so_many_subscriptions)
{
    struct bench bench =
        bench_new("'users': [ { 'smtp': 'anna@contoso.test', 'max_subscriptions': 1 } ],"
                  "'scopes': { 'mobile': ['anna@contoso.test'] },"
                  "'accounts': [ { 'logon': 'CONTOSO\\\\svc', 'password': 'pw',"
                  "  'mailbox': null, 'may_impersonate': ['mobile'] } ]");

    bench_holds(bench_ask(&bench, AS_ANNA, PULL), ">NoError<");
    const char *id = bench_element(&bench, "m:SubscriptionId");
    bench_holds(bench_ask(&bench, AS_ANNA, PULL), ">ErrorExceededSubscriptionCount<");
    bench_keep(&bench, "subscribe-too-many");
    bench_ask(&bench, AS_ANNA, about(&bench, "Unsubscribe", id));
    bench_holds(bench_ask(&bench, AS_ANNA, PULL), ">NoError<");
    bench_done(&bench);
}
END_TEST

START_TEST(streaming_came_with_exchange_2010_sp1)
{
    static const struct {
        const char *build, *wanted;
    } cases[] = {
        { "8.3.83.6", "ErrorSchemaValidation" },
        { "14.0.639.21", "ErrorSchemaValidation" },
        { "14.1.218.15", ">NoError<" },
        { "15.2.1118.7", ">NoError<" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char keys[80];
        snprintf(keys, sizeof(keys), "'exchange': { 'build': '%s' }", cases[i].build);
        struct bench bench = bench_new(keys);
        bench_holds(bench_ask(&bench, AS_ANNA, STREAM), cases[i].wanted);
        bench_holds(bench_ask(&bench, AS_ANNA, PULL), ">NoError<");
        bench_keep(&bench, xr_printf(bench.arena, "subscribe-%zu", i));
        bench_done(&bench);
    }
}
END_TEST

/* ---- faults ---- */

START_TEST(a_fault_has_the_shape_of_its_operation)
{
    static const struct {
        const char *name, *request, *wanted;
    } cases[] = {
        { "oof", OOF("anna@contoso.test"), "<m:ResponseMessage ResponseClass=\"Error\">" },
        { "busy", BUSY(ZONE, WHO("anna@contoso.test"), MORNING("FreeBusy")),
            "<m:FreeBusyResponse><m:ResponseMessage " },
        { "rooms", "<m:GetRoomLists/>", "<m:GetRoomListsResponse ResponseClass=\"Error\"" },
        { "sync", SYNC("inbox", "", "1"), "<m:SyncFolderItemsResponseMessage " },
        { "subscribe", STREAM, "<m:SubscribeResponseMessage " },
    };
    struct bench bench = bench_new(
        "'faults': [ { 'layer': 'ews', 'at': { 'mailbox': 'anna@contoso.test' }, 'do': 'message',"
        "  'code': 'ErrorInternalServerTransientError' } ]");

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *body = bench_ask(&bench, AS_ANNA, cases[i].request);
        bench_holds(body, ">ErrorInternalServerTransientError<");
        bench_holds(body, cases[i].wanted);
        bench_keep(&bench, xr_printf(bench.arena, "fault-%s", cases[i].name));
    }
    bench_done(&bench);
}
END_TEST

START_TEST(exchange_online_leaves_out_an_empty_list_of_room_lists)
{
    struct bench bench = bench_new("'exchange': { 'build': '15.20.7000.1' },"
                                   "'users': [ { 'smtp': 'svc@contoso.test' } ], 'scopes': {},"
                                   "'accounts': [ { 'logon': 'CONTOSO\\\\svc', 'password': 'pw',"
                                   "  'mailbox': 'svc@contoso.test' } ]");

    bench_lacks(bench_ask(&bench, NULL, NULL, "<m:GetRoomLists/>"), "RoomLists>");
    bench_holds(bench.reply.body.at, ">NoError<");
    bench_done(&bench);
}
END_TEST

XR_UNIT_MAIN("operations", oof_settings_are_the_owners_alone,
    exchange_2007_denies_oof_settings_without_a_code,
    a_calendar_shows_what_its_owner_lets_others_see, odd_questions_about_free_busy_times_are_faults,
    a_folder_is_synchronised_in_batches, what_cannot_be_synchronised_is_named,
    a_subscription_is_open_until_it_is_closed, subscriptions_are_refused_for_a_reason,
    a_mailbox_has_so_many_subscriptions, streaming_came_with_exchange_2010_sp1,

    a_fault_has_the_shape_of_its_operation, exchange_online_leaves_out_an_empty_list_of_room_lists)
