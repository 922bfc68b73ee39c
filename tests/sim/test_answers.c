#include <stdio.h>
#include <string.h>

#include "fixtures/mailbox.h"
#include "tests/sim/bench.h"
#include "tests/unit.h"

/* The shapes of the answers. tests/envelopes_xsd.sh holds them against Microsoft's schema. */

#define SHAPE(base) "<m:FolderShape><t:BaseShape>" base "</t:BaseShape></m:FolderShape>"
#define ITEMS(base) "<m:ItemShape><t:BaseShape>" base "</t:BaseShape></m:ItemShape>"
#define PARENT(id)                                                \
    "<m:ParentFolderIds><t:DistinguishedFolderId Id=\"" id "\"/>" \
    "</m:ParentFolderIds>"
#define FIELD(name) "<t:FieldURI FieldURI=\"folder:" name "\"/>"
#define RESOLVE(entry, full)                                                       \
    "<m:ResolveNames ReturnFullContactData=\"" full "\"><m:UnresolvedEntry>" entry \
    "</m:UnresolvedEntry></m:ResolveNames>"
#define CONVERT(id, mailbox)                                                          \
    "<m:ConvertId DestinationFormat=\"EntryId\"><m:SourceIds><t:AlternateId Id=\"" id \
    "\" Format=\"EwsId\" Mailbox=\"" mailbox "\"/></m:SourceIds></m:ConvertId>"
#define MESSAGE                                                   \
    "<m:Items><t:Message><t:Subject>Left &amp; right</t:Subject>" \
    "<t:Body BodyType=\"Text\">x</t:Body></t:Message></m:Items>"

static const struct {
    const char *name, *operation;
    const char *wanted[4]; /* texts of the answer */
    int since;
} cases[] = {
    { "folder-default",
        "<m:GetFolder>" SHAPE("Default") "<m:FolderIds><t:DistinguishedFolderId Id=\"inbox\"/>"
                                         "</m:FolderIds></m:GetFolder>",
        { "<t:DisplayName>Inbox</t:DisplayName><t:TotalCount>2</t:TotalCount>",
            "<t:UnreadCount>1</t:UnreadCount>" },
        0 },
    { "folder-id-only",
        "<m:GetFolder>" SHAPE("IdOnly") "<m:FolderIds><t:DistinguishedFolderId Id=\"root\"/>"
                                        "</m:FolderIds></m:GetFolder>",
        { "<t:Folder><t:FolderId Id=\"AAMk" }, 0 },
    { "folder-all",
        "<m:GetFolder>" SHAPE(
            "AllProperties") "<m:FolderIds><t:DistinguishedFolderId Id=\"inbox\"/>"
                             "<t:DistinguishedFolderId Id=\"contacts\"/>"
                             "<t:DistinguishedFolderId Id=\"tasks\"/>"
                             "<t:DistinguishedFolderId Id=\"root\"/>"
                             "</m:FolderIds></m:GetFolder>",
        { "<t:FolderClass>IPF.Note</t:FolderClass>", "<t:Read>true</t:Read>", "<t:ContactsFolder>",
            "<t:TasksFolder>" },
        14 },
    { "folder-additional",
        "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</"
        "t:BaseShape><t:AdditionalProperties>" FIELD("ChildFolderCount") FIELD("DisplayName") FIELD(
            "EffectiveRights") FIELD("FolderClass") FIELD("ParentFolderId") FIELD("PermissionSet")
            FIELD("TotalCount") FIELD("UnreadCount") FIELD(
                "DistinguishedFolderId") "</t:AdditionalProperties></m:FolderShape><m:FolderIds>"
                                         "<t:DistinguishedFolderId "
                                         "Id=\"msgfolderroot\"/><t:DistinguishedFolderId "
                                         "Id=\"sentitems\"/>"
                                         "</m:FolderIds></m:GetFolder>",
        { "Top of Information Store", "<t:PermissionSet>", "<t:ChildFolderCount>" }, 14 },
    { "folder-errors",
        "<m:GetFolder>" SHAPE(
            "Default") "<m:FolderIds><t:FolderId Id=\"bad\"/><t:FolderId Id=\"\"/>"
                       "<t:DistinguishedFolderId Id=\"calendar\"/><t:DistinguishedFolderId "
                       "Id=\"inbox\"/>"
                       "</m:FolderIds></m:GetFolder>",
        { ">ErrorInvalidIdMalformed<", ">ErrorInvalidIdEmpty<", ">ErrorFolderNotFound<",
            ">NoError<" },
        0 },
    { "find-folder",
        "<m:FindFolder Traversal=\"Shallow\">" SHAPE("Default")
            PARENT("msgfolderroot") "</m:FindFolder>",
        { "IncludesLastItemInRange=\"true\"", ">Drafts<", "<t:ContactsFolder>" }, 0 },
    { "find-folder-deep",
        "<m:FindFolder Traversal=\"Deep\">" SHAPE("AllProperties") PARENT("root") "</m:FindFolder>",
        { ">Recipient Cache<", ">Inbox<" }, 14 },
    { "find-item",
        "<m:FindItem Traversal=\"Shallow\">" ITEMS(
            "IdOnly") "<m:IndexedPageItemView MaxEntriesReturned=\"1\" Offset=\"0\" "
                      "BasePoint=\"Beginning\"/>" PARENT("inbox") "</m:FindItem>",
        { "TotalItemsInView=\"2\"", "IncludesLastItemInRange=\"false\"", "<t:ItemId Id=\"AAMk" },
        0 },
    { "find-item-none",
        "<m:FindItem Traversal=\"Shallow\">" ITEMS("Default") PARENT("drafts") "</m:FindItem>",
        { "TotalItemsInView=\"0\"", "<t:Items></t:Items>" }, 0 },
    { "create-item",
        "<m:CreateItem MessageDisposition=\"SaveOnly\"><m:SavedItemFolderId>"
        "<t:DistinguishedFolderId Id=\"drafts\"/></m:SavedItemFolderId>" MESSAGE "</m:CreateItem>",
        { "<t:Message><t:ItemId Id=\"AAMk", ">NoError<" }, 0 },
    { "create-item-nowhere",
        "<m:CreateItem MessageDisposition=\"SaveOnly\"><m:SavedItemFolderId>"
        "<t:DistinguishedFolderId Id=\"calendar\"/></m:SavedItemFolderId>" MESSAGE
        "</m:CreateItem>",
        { ">ErrorFolderNotFound<", "<m:Items></m:Items>" }, 0 },
    { "delete-item-errors",
        "<m:DeleteItem DeleteType=\"HardDelete\"><m:ItemIds><t:ItemId Id=\"x\"/></m:ItemIds>"
        "</m:DeleteItem>",
        { ">ErrorInvalidIdMalformed<" }, 0 },
    { "resolve-one", RESOLVE("smtp:a.berg@contoso.test", "true"),
        { "<t:EmailAddress>anna@contoso.test</t:EmailAddress>",
            "<t:Entry Key=\"EmailAddress1\">SMTP:anna@contoso.test</t:Entry>",
            "<t:Entry Key=\"EmailAddress2\">smtp:a.berg@contoso.test</t:Entry>",
            "TotalItemsInView=\"1\"" },
        0 },
    { "resolve-several", RESOLVE("an", "false"),
        { "ResponseClass=\"Warning\"", ">ErrorNameResolutionMultipleResults<",
            "Anders &lt;Ny&gt; &amp; Co", "TotalItemsInView=\"2\"" },
        0 },
    { "resolve-alias-without-routing", RESOLVE("a.berg@contoso.test", "true"),
        { ">ErrorNameResolutionNoResults<" }, 0 },
    { "resolve-hidden", RESOLVE("smtp:hidden@contoso.test", "true"),
        { ">ErrorNameResolutionNoResults<" }, 0 },
    { "resolve-surname", RESOLVE("sander", "false"), { ">boss@contoso.test<" }, 0 },
    { "resolve-contact", RESOLVE("partner", "false"), { "<t:MailboxType>Contact</t:MailboxType>" },
        0 },
    { "resolve-list", RESOLVE("staff@contoso.test", "true"),
        { "<t:MailboxType>PublicDL</t:MailboxType>" }, 0 },
    { "room-lists", "<m:GetRoomLists/>", { ">rooms@contoso.test<" }, 14 },
    { "rooms",
        "<m:GetRooms><m:RoomList><t:EmailAddress>rooms@contoso.test</t:EmailAddress></m:RoomList>"
        "</m:GetRooms>",
        { "<t:Room><t:Id><t:Name>" }, 14 },
    { "convert-id", CONVERT("ZmlkLXJvb3Q=", "blah@blah.com"),
        { "Format=\"EntryId\"", "Id=\"ZmlkLXJvb3Q=\"" }, 0 },
    { "convert-id-mailbox", CONVERT("DUMMY", "DUMMY"), { ">ErrorInvalidSmtpAddress<" }, 0 },
    { "convert-id-malformed", CONVERT("*", "a@b"), { ">ErrorInvalidIdMalformed<" }, 0 },
    { "time-zones", "<m:GetServerTimeZones ReturnFullTimeZoneData=\"false\"/>", { "Id=\"UTC\"" },
        14 },
};

static void check_case(struct bench *bench, size_t i, const char *product)
{
    const char *body = bench_ask(bench, "SmtpAddress", "anna@contoso.test", cases[i].operation);

    ck_assert_msg(bench->reply.status == 200, "%s %s: %d %s", product, cases[i].name,
        bench->reply.status, body);
    for (size_t k = 0; k < 4 && cases[i].wanted[k]; k++)
        ck_assert_msg(strstr(body, cases[i].wanted[k]) != NULL, "%s %s: no %s in %s", product,
            cases[i].name, cases[i].wanted[k], body);
    bench_keep(bench, xr_printf(bench->arena, "%s-%s", product, cases[i].name));
}

START_TEST(each_operation_answers_in_each_version)
{
    static const struct {
        const char *name, *keys;
        int major;
    } products[] = {
        { "2007", "'exchange': { 'build': '8.3.83.6' }", 8 },
        { "2010", "'exchange': { 'build': '14.3.123.4' }", 14 },
        { "2013", "'exchange': { 'build': '15.0.1497.2' }", 15 },
        { "2019", "'exchange': { 'build': '15.2.1118.7' }", 15 },
    };

    for (size_t p = 0; p < sizeof(products) / sizeof(*products); p++) {
        struct bench bench = bench_new(products[p].keys);
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
            if (products[p].major >= cases[i].since)
                check_case(&bench, i, products[p].name);
        bench_done(&bench);
    }
}
END_TEST

START_TEST(every_distinguished_folder_is_known)
{
    struct bench bench = bench_new("");

    for (size_t i = 0; sim_known_folder_at(i); i++) {
        const char *id = sim_known_folder_at(i)->id;
        const char *body = bench_ask(&bench, NULL, NULL,
            xr_printf(bench.arena,
                "<m:GetFolder>" SHAPE("AllProperties") "<m:FolderIds>"
                                                       "<t:DistinguishedFolderId "
                                                       "Id=\"%s\"/></m:FolderIds></m:GetFolder>",
                id));
        ck_assert_msg(strstr(body, ">NoError<") != NULL, "%s: %s", id, body);
        bench_keep(&bench, xr_printf(bench.arena, "distinguished-%s", id));
    }
    bench_done(&bench);
}
END_TEST

/* The value of the first attribute Id="..." behind a mark. */
static const char *id_behind(struct bench *bench, const char *mark)
{
    const char *at = strstr(bench->reply.body.at, mark);

    ck_assert_ptr_nonnull(at);
    at = strstr(at, "Id=\"");
    ck_assert_ptr_nonnull(at);
    return xr_strndup(bench->arena, at + 4, strcspn(at + 4, "\""));
}

static const char *drafts_count(struct bench *bench)
{
    return bench_ask(bench, "SmtpAddress", "anna@contoso.test",
        "<m:GetFolder>" SHAPE("Default") "<m:FolderIds><t:DistinguishedFolderId Id=\"drafts\"/>"
                                         "</m:FolderIds></m:GetFolder>");
}

START_TEST(what_is_created_can_be_found_and_deleted_once)
{
    struct bench bench = bench_new("");
    const char *as = "SmtpAddress", *anna = "anna@contoso.test";

    bench_ask(&bench, as, anna,
        "<m:CreateItem MessageDisposition=\"SaveOnly\">" MESSAGE "</m:CreateItem>");
    const char *id = id_behind(&bench, "<t:ItemId");
    ck_assert_ptr_nonnull(strstr(drafts_count(&bench), "<t:TotalCount>1<"));
    const char *found = bench_ask(&bench, as, anna,
        "<m:FindItem Traversal=\"Shallow\">" ITEMS("Default") PARENT("drafts") "</m:FindItem>");
    ck_assert_ptr_nonnull(strstr(found, "<t:Subject>Left &amp; right</t:Subject>"));
    bench_keep(&bench, "find-item-created");

    const char *deletion = xr_printf(bench.arena,
        "<m:DeleteItem DeleteType=\"HardDelete\"><m:ItemIds><t:ItemId Id=\"%s\"/></m:ItemIds>"
        "</m:DeleteItem>",
        id);
    ck_assert_ptr_nonnull(strstr(bench_ask(&bench, NULL, NULL, deletion), ">ErrorAccessDenied<"));
    ck_assert_ptr_nonnull(strstr(bench_ask(&bench, as, anna, deletion), ">NoError<"));
    bench_keep(&bench, "delete-item");
    ck_assert_ptr_nonnull(strstr(bench_ask(&bench, as, anna, deletion), ">ErrorItemNotFound<"));
    ck_assert_ptr_nonnull(strstr(drafts_count(&bench), "<t:TotalCount>0<"));
    bench_done(&bench);
}
END_TEST

START_TEST(a_folder_is_found_again_by_its_id)
{
    struct bench bench = bench_new("");
    const char *as = "SmtpAddress", *anna = "anna@contoso.test";

    bench_ask(&bench, as, anna, BENCH_INBOX);
    const char *id = id_behind(&bench, "<t:FolderId");
    const char *again = xr_printf(bench.arena,
        "<m:GetFolder>" SHAPE("Default") "<m:FolderIds><t:FolderId Id=\"%s\"/></m:FolderIds>"
                                         "</m:GetFolder>",
        id);
    ck_assert_ptr_nonnull(strstr(bench_ask(&bench, as, anna, again), ">Inbox<"));
    ck_assert_ptr_nonnull(strstr(bench_ask(&bench, NULL, NULL, again), ">ErrorAccessDenied<"));
    bench_done(&bench);
}
END_TEST

START_TEST(a_reader_may_not_write)
{
    struct bench bench = bench_new("");
    const char *body = bench_ask(&bench, NULL, NULL,
        "<m:CreateItem MessageDisposition=\"SaveOnly\"><m:SavedItemFolderId>"
        "<t:DistinguishedFolderId Id=\"drafts\"><t:Mailbox><t:EmailAddress>library@contoso.test"
        "</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></m:SavedItemFolderId>" MESSAGE
        "</m:CreateItem>");

    ck_assert_ptr_nonnull(strstr(body, ">ErrorCreateItemAccessDenied<"));
    bench_keep(&bench, "create-item-denied");
    bench_done(&bench);
}
END_TEST

START_TEST(an_account_without_a_mailbox_resolves_no_names)
{
    static const char *const operations[][3] = {
        { "resolve-no-mailbox", RESOLVE("anna", "true"), ">ErrorNameResolutionNoMailbox<" },
        { "room-lists-no-mailbox", "<m:GetRoomLists/>", ">ErrorMissingEmailAddress<" },
    };
    struct bench bench = bench_new("");

    for (size_t i = 0; i < 2; i++) {
        const char *body = bench_post(&bench, BENCH_EWS, "CONTOSO\\nobox:pw",
            bench_envelope(&bench, NULL, NULL, NULL, operations[i][1]));
        ck_assert_msg(strstr(body, operations[i][2]) != NULL, "%s", body);
        bench_keep(&bench, operations[i][0]);
    }
    bench_done(&bench);
}
END_TEST

XR_UNIT_MAIN("answers", each_operation_answers_in_each_version, every_distinguished_folder_is_known,
    what_is_created_can_be_found_and_deleted_once, a_folder_is_found_again_by_its_id,
    a_reader_may_not_write, an_account_without_a_mailbox_resolves_no_names)
