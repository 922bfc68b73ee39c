#include <string.h>

#include "fixtures/store.h"
#include "tests/sim/bench.h"
#include "tests/unit.h"

/* Items: what is written, found again by its subject, synchronised, and deleted. */

#define AS_ANNA "SmtpAddress", "anna@contoso.test"

#define SYNC(folder, state, max)                                                          \
    "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"     \
    "<m:SyncFolderId><t:DistinguishedFolderId Id=\"" folder "\"/></m:SyncFolderId>" state \
    "<m:MaxChangesReturned>" max "</m:MaxChangesReturned></m:SyncFolderItems>"

#define DRAFTS "<t:DistinguishedFolderId Id=\"drafts\"/>"
#define CREATE(subject)                                                          \
    "<m:CreateItem MessageDisposition=\"SaveOnly\"><m:SavedItemFolderId>" DRAFTS \
    "</m:SavedItemFolderId><m:Items><t:Message><t:Subject>" subject              \
    "</t:Subject><t:Body BodyType=\"Text\">x</t:Body></t:Message></m:Items></m:CreateItem>"
#define FIND(restriction)                                                               \
    "<m:FindItem Traversal=\"Shallow\"><m:ItemShape><t:BaseShape>Default</t:BaseShape>" \
    "</m:ItemShape><m:IndexedPageItemView MaxEntriesReturned=\"2\" Offset=\"0\" "       \
    "BasePoint=\"Beginning\"/>" restriction "<m:ParentFolderIds>" DRAFTS                \
    "</m:ParentFolderIds></m:FindItem>"
#define SUBJECT "<t:FieldURI FieldURI=\"item:Subject\"/>"
#define EQUAL(value)                                                                          \
    "<m:Restriction><t:IsEqualTo>" SUBJECT "<t:FieldURIOrConstant><t:Constant Value=\"" value \
    "\"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>"
#define CONTAINS(mode, how, value)                                                         \
    "<m:Restriction><t:Contains ContainmentMode=\"" mode "\" ContainmentComparison=\"" how \
    "\">" SUBJECT "<t:Constant Value=\"" value "\"/></t:Contains></m:Restriction>"

/* ---- writing ---- */

static const char drafts[] =
    "'users': ["
    "  { 'smtp': 'anna@contoso.test', 'folders': { 'drafts': {"
    "    'total': 3, 'subjects': ['test 1', 'About test 1'] } } },"
    "  { 'smtp': 'disabled@contoso.test', 'quota_exceeded': true },"
    "  { 'smtp': 'moving@contoso.test', 'on_hold': true },"
    "  { 'smtp': 'down@contoso.test' }, { 'smtp': 'noews@contoso.test' },"
    "  { 'smtp': 'shared@contoso.test' }, { 'smtp': 'library@contoso.test' },"
    "  { 'smtp': 'bare@contoso.test' } ]";

START_TEST(items_are_found_by_their_subject)
{
    static const struct {
        const char *request, *total, *subject, *absent;
    } cases[] = {
        { FIND(""), "TotalItemsInView=\"4\" IncludesLastItemInRange=\"false\"", ">Test 2<",
            ">test 1<" },
        { FIND(EQUAL("test 1")), "TotalItemsInView=\"1\"", ">test 1<", ">About test 1<" },
        { FIND(EQUAL("TEST 1")), "TotalItemsInView=\"0\"", "<t:Items></t:Items>", ">test 1<" },
        { FIND(CONTAINS("Prefixed", "Exact", "test ")), "TotalItemsInView=\"1\"", ">test 1<",
            ">Test 2<" },
        { FIND(CONTAINS("Prefixed", "IgnoreCase", "test ")), "TotalItemsInView=\"2\"", ">Test 2<",
            ">About test 1<" },
        { FIND(CONTAINS("Substring", "Exact", "test 1")), "TotalItemsInView=\"2\"",
            ">About test 1<", ">Test 2<" },
        { FIND(CONTAINS("FullString", "IgnoreCase", "TEST 1")), "TotalItemsInView=\"1\"",
            ">test 1<", ">Test 2<" },
        { FIND(CONTAINS("ExactPhrase", "Exact", "test")), ">ErrorInvalidRestriction<", "Error",
            "<t:ItemId" },
        { FIND("<m:Restriction><t:Exists>" SUBJECT "</t:Exists></m:Restriction>"),
            ">ErrorInvalidRestriction<", "Error", "<t:ItemId" },
    };
    struct bench bench = bench_new(drafts);

    bench_ask(&bench, AS_ANNA, CREATE("Test 2"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *body = bench_ask(&bench, AS_ANNA, cases[i].request);
        bench_holds(body, cases[i].total);
        bench_holds(body, cases[i].subject);
        bench_lacks(body, cases[i].absent);
        bench_keep(&bench, xr_printf(bench.arena, "find-%zu", i));
    }
    bench_done(&bench);
}
END_TEST

static const char *deletion(struct bench *bench, const char *type, const char *id)
{
    return xr_printf(bench->arena,
        "<m:DeleteItem DeleteType=\"%s\"><m:ItemIds><t:ItemId Id=\"%s\"/></m:ItemIds>"
        "</m:DeleteItem>",
        type, id);
}

START_TEST(an_item_of_the_mailbox_can_be_lost_and_that_is_seen)
{
    struct bench bench = bench_new(drafts);

    bench_ask(&bench, AS_ANNA, FIND(EQUAL("test 1")));
    const char *delete_it = deletion(&bench, "HardDelete", bench_item_id(&bench));
    bench_holds(bench_ask(&bench, AS_ANNA, delete_it), ">NoError<");
    bench_holds(bench_ask(&bench, AS_ANNA, delete_it), ">ErrorItemNotFound<");
    bench_holds(bench_ask(&bench, AS_ANNA, FIND("")), "TotalItemsInView=\"2\"");
    ck_assert_uint_eq(sim_store_leftovers(bench.world->store).items_removed, 1);
    bench_done(&bench);
}
END_TEST

START_TEST(only_a_hard_deletion_leaves_nothing)
{
    struct bench bench = bench_new(drafts);

    bench_ask(&bench, AS_ANNA, CREATE("a"));
    const char *id = bench_item_id(&bench);
    bench_holds(bench_ask(&bench, AS_ANNA, deletion(&bench, "SoftDelete", id)), ">NoError<");
    bench_holds(bench_ask(&bench, AS_ANNA, FIND(EQUAL("a"))), "TotalItemsInView=\"0\"");
    ck_assert_uint_eq(sim_store_leftovers(bench.world->store).items_left, 1);
    bench_holds(bench_ask(&bench, AS_ANNA, deletion(&bench, "HardDelete", id)), ">NoError<");
    ck_assert_uint_eq(sim_store_leftovers(bench.world->store).items_left, 0);
    bench_done(&bench);
}
END_TEST

START_TEST(quota_and_hold_refuse)
{
    struct bench bench = bench_new(drafts);

    bench_holds(bench_ask(&bench, "SmtpAddress", "disabled@contoso.test", CREATE("a")),
        ">ErrorQuotaExceeded<");
    bench_keep(&bench, "create-quota");
    bench_holds(bench_ask(&bench, "SmtpAddress", "moving@contoso.test", CREATE("a")), ">NoError<");
    bench_ask(&bench, "SmtpAddress", "moving@contoso.test",
        deletion(&bench, "HardDelete", bench_item_id(&bench)));
    bench_holds(bench.reply.body.at, ">ErrorCannotDeleteObject<");
    bench_keep(&bench, "delete-hold");
    ck_assert_uint_eq(sim_store_leftovers(bench.world->store).items_left, 1);
    bench_done(&bench);
}
END_TEST

/* ---- synchronisation ---- */

START_TEST(what_was_created_since_the_state_is_a_change)
{
    struct bench bench = bench_new("");

    bench_ask(&bench, AS_ANNA, SYNC("drafts", "", "512"));
    const char *state = bench_element(&bench, "m:SyncState");
    bench_ask(&bench, AS_ANNA, CREATE("new"));
    const char *id = bench_item_id(&bench);
    bench_holds(
        bench_ask(&bench, AS_ANNA,
            xr_printf(bench.arena, SYNC("drafts", "<m:SyncState>%s</m:SyncState>", "5"), state)),
        id);
    bench_done(&bench);
}
END_TEST

XR_UNIT_MAIN("items", items_are_found_by_their_subject,
    an_item_of_the_mailbox_can_be_lost_and_that_is_seen, only_a_hard_deletion_leaves_nothing,
    quota_and_hold_refuse, what_was_created_since_the_state_is_a_change)
