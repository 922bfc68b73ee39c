#include <string.h>

#include "tests/wire/ews_answer.h"

#define MESSAGES(operation, messages)                                 \
    ENVELOPE("<m:" operation "Response><m:ResponseMessages>" messages \
             "</m:ResponseMessages></m:" operation "Response>")
#define FAULT(inside)  ENVELOPE("<s:Fault>" inside "</s:Fault>")
#define DETAIL(inside) "<detail xmlns:e='" SERVICES "errors'>" inside "</detail>"

static const char folder_answer[] =
    "<x:Envelope xmlns:x='http://schemas.xmlsoap.org/soap/envelope/'><x:Header>"
    "<ServerVersionInfo MajorVersion='15' MinorVersion='2' MajorBuildNumber='1748'"
    " MinorBuildNumber='10' Version='V2017_07_11'/></x:Header><x:Body>"
    "<GetFolderResponse><ResponseMessages><GetFolderResponseMessage ResponseClass='Success'>"
    "<ResponseCode>NoError</ResponseCode><Folders><CalendarFolder>"
    "<FolderId Id='AA&amp;=' ChangeKey='x'/><FolderClass> IPF.Appointment </FolderClass>"
    "<DisplayName>Kalender</DisplayName><TotalCount>7</TotalCount>"
    "<ChildFolderCount>1</ChildFolderCount><EffectiveRights>"
    "<CreateAssociated>true</CreateAssociated><CreateContents>true</CreateContents>"
    "<CreateHierarchy>true</CreateHierarchy><Delete>false</Delete><Modify>1</Modify>"
    "<Read>true</Read></EffectiveRights></CalendarFolder></Folders>"
    "</GetFolderResponseMessage></ResponseMessages></GetFolderResponse></x:Body></x:Envelope>";

START_TEST(a_folder_is_read)
{
    struct xr_ews_reply reply = reply_of("GetFolder", folder_answer);

    ck_assert(!reply.fault);
    ck_assert_str_eq(reply.code, "NoError");
    ck_assert_str_eq(reply.class_, "Success");
    ck_assert_str_eq(reply.text, "");
    ck_assert_str_eq(reply.folder_id, "AA&=");
    ck_assert_str_eq(reply.folder_name, "Kalender");
    ck_assert_str_eq(reply.folder_class, "IPF.Appointment");
    ck_assert_int_eq(reply.total, 7);
    ck_assert_int_eq(reply.children, 1);
    ck_assert_int_eq(reply.unread, -1);
    ck_assert(reply.rights.known && reply.rights.read && reply.rights.create_contents);
    ck_assert(reply.rights.modify && !reply.rights.remove);
    ck_assert_int_eq(reply.back_off_ms, -1);
}
END_TEST

START_TEST(the_version_is_read)
{
    struct xr_ews_reply reply = reply_of("GetFolder", folder_answer);

    ck_assert_int_eq(reply.major, 15);
    ck_assert_int_eq(reply.minor, 2);
    ck_assert_int_eq(reply.build, 1748);
    ck_assert_int_eq(reply.revision, 10);
    ck_assert_str_eq(reply.version, "V2017_07_11");

    reply = reply_of("GetFolder", FAULT("<faultcode>s:Server</faultcode>"));
    ck_assert_int_eq(reply.major, -1);
    ck_assert_int_eq(reply.build, -1);
    ck_assert_ptr_null(reply.version);
}
END_TEST

START_TEST(numbers_that_are_none_count_as_not_sent)
{
    struct xr_ews_reply reply = reply_of("GetFolder",
        MESSAGES("GetFolder",
            "<m:GetFolderResponseMessage ResponseClass='Success'><m:Folders><t:Folder>"
            "<t:TotalCount>99999999999999999999</t:TotalCount><t:UnreadCount>-1</t:UnreadCount>"
            "<t:ChildFolderCount>1x</t:ChildFolderCount></t:Folder></m:Folders>"
            "</m:GetFolderResponseMessage>"));

    ck_assert_str_eq(reply.code, "NoError");
    ck_assert_int_eq(reply.total, -1);
    ck_assert_int_eq(reply.unread, -1);
    ck_assert_int_eq(reply.children, -1);
    ck_assert(!reply.rights.known);
    ck_assert_ptr_null(reply.folder_id);
}
END_TEST

START_TEST(resolutions_are_read_with_their_proxies)
{
    struct xr_ews_reply reply = reply_of("ResolveNames",
        MESSAGES("ResolveNames",
            "<m:ResolveNamesResponseMessage ResponseClass='Warning'>"
            "<m:MessageText>Multiple results\n   were found.</m:MessageText>"
            "<m:ResponseCode>ErrorNameResolutionMultipleResults</m:ResponseCode>"
            "<m:ResolutionSet TotalItemsInView='2'>"
            "<t:Resolution><t:Mailbox><t:Name>Jane</t:Name>"
            "<t:EmailAddress>jane@contoso.test</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType>"
            "<t:MailboxType>Mailbox</t:MailboxType></t:Mailbox><t:Contact><t:EmailAddresses>"
            "<t:Entry Key='EmailAddress1'>SMTP:jane@contoso.test</t:Entry>"
            "<t:Entry Key='EmailAddress2'/>"
            "<t:Entry Key='EmailAddress3'>smtp:j@contoso.test</t:Entry>"
            "</t:EmailAddresses></t:Contact></t:Resolution>"
            "<t:Resolution><t:Mailbox><t:Name>Janet</t:Name></t:Mailbox></t:Resolution>"
            "</m:ResolutionSet></m:ResolveNamesResponseMessage>"));
    const struct xr_ews_resolution *first = reply.resolutions, *second = first->next;

    ck_assert_str_eq(reply.class_, "Warning");
    ck_assert_str_eq(reply.text, "Multiple results were found.");
    ck_assert_uint_eq(reply.resolution_count, 2);
    ck_assert_str_eq(first->name, "Jane");
    ck_assert_str_eq(first->address, "jane@contoso.test");
    ck_assert_str_eq(first->routing_type, "SMTP");
    ck_assert_str_eq(first->mailbox_type, "Mailbox");
    ck_assert_str_eq(first->proxies[0], "SMTP:jane@contoso.test");
    ck_assert_str_eq(first->proxies[1], "smtp:j@contoso.test");
    ck_assert_ptr_null(first->proxies[2]);
    ck_assert_str_eq(second->name, "Janet");
    ck_assert_ptr_null(second->address);
    ck_assert_ptr_null(second->proxies[0]);
    ck_assert_ptr_null(second->next);
}
END_TEST

START_TEST(fault_codes_are_found_in_order)
{
    static const struct {
        const char *body, *code, *text;
    } faults[] = {
        { FAULT("<faultcode>a:ErrorFromFaultcode</faultcode><faultstring>User is not mailbox "
                "owner</faultstring>" DETAIL("<e:ResponseCode>ErrorFromDetail</e:ResponseCode>")),
            "ErrorFromDetail", "User is not mailbox owner" },
        { FAULT("<faultcode>a:ErrorFromFaultcode</faultcode><faultstring>User is not mailbox "
                "owner</faultstring>" DETAIL("<e:ResponseCode>no code</e:ResponseCode>")),
            "ErrorFromFaultcode", "User is not mailbox owner" },
        { FAULT("<s:faultcode>ErrorFromFaultcode</s:faultcode>"), "ErrorFromFaultcode", "" },
        { FAULT("<faultcode>soap11:Client</faultcode><faultstring>x: User is not mailbox owner. "
                "y</faultstring>" DETAIL("<ErrorCode>-2146233088</ErrorCode>")),
            "ErrorAccessDenied", "x: User is not mailbox owner. y" },
        { FAULT("<faultstring>The specified server version is invalid.</faultstring>"),
            "ErrorInvalidServerVersion", "The specified server version is invalid." },
        { FAULT("<faultcode>s:Server</faultcode>" DETAIL("<e:Message>Out of\n\torder</e:Message>")),
            NULL, "Out of order" },
        { ENVELOPE("<s:Fault/>"), NULL, "" },
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        struct xr_ews_reply reply = reply_of("GetFolder", faults[i].body);
        ck_assert(reply.fault);
        ck_assert_ptr_null(reply.class_);
        ck_assert_pstr_eq(reply.code, faults[i].code);
        ck_assert_str_eq(reply.text, faults[i].text);
    }
}
END_TEST

START_TEST(message_xml_is_read_in_faults_and_messages)
{
    struct xr_ews_reply busy = reply_of(
        "GetFolder", FAULT("<faultcode>a:ErrorServerBusy</faultcode>" DETAIL(
                         "<t:MessageXml><t:Value Name='Policy'>x</t:Value>"
                         "<t:Value Name='BackOffMilliseconds'> 297749 </t:Value></t:MessageXml>")));
    struct xr_ews_reply inner = reply_of("GetFolder",
        MESSAGES("GetFolder",
            "<m:GetFolderResponseMessage ResponseClass='Error'>"
            "<m:ResponseCode>ErrorInternalServerError</m:ResponseCode><m:MessageXml>"
            "<t:Value Name='InnerErrorMessageText'>Down.</t:Value>"
            "<t:Value Name='InnerErrorResponseCode'>ErrorMailboxStoreUnavailable</t:Value>"
            "</m:MessageXml></m:GetFolderResponseMessage>"));

    ck_assert_int_eq(busy.back_off_ms, 297749);
    ck_assert_ptr_null(busy.inner_code);
    ck_assert_str_eq(inner.code, "ErrorInternalServerError");
    ck_assert_str_eq(inner.inner_code, "ErrorMailboxStoreUnavailable");
    ck_assert_str_eq(inner.inner_text, "Down.");
    ck_assert_int_eq(inner.back_off_ms, -1);
}
END_TEST

START_TEST(another_address_is_offered_with_its_code_only)
{
    struct xr_ews_reply offered = reply_of("GetFolder",
        FAULT("<faultcode>a:ErrorNonPrimarySmtpAddress</faultcode>" DETAIL(
            "<e:MessageXml><t:Value Name='Primary'>jane@contoso.test</t:Value></e:MessageXml>")));
    struct xr_ews_reply echoed = reply_of("GetFolder",
        FAULT("<faultcode>a:ErrorNonExistentMailbox</faultcode>" DETAIL(
            "<e:MessageXml><t:Value Name='SmtpAddress'>x@contoso.test</t:Value></e:MessageXml>")));

    ck_assert_str_eq(offered.other_address, "jane@contoso.test");
    ck_assert_ptr_null(echoed.other_address);
}
END_TEST

START_TEST(operations_that_differ_in_shape_are_read)
{
    struct xr_ews_reply rooms = reply_of("GetRoomLists",
        ENVELOPE("<m:GetRoomListsResponse ResponseClass='Success'>"
                 "<m:ResponseCode>NoError</m:ResponseCode></m:GetRoomListsResponse>"));
    struct xr_ews_reply oof = reply_of("GetUserOofSettings",
        ENVELOPE("<m:GetUserOofSettingsResponse><m:ResponseMessage ResponseClass='Error'>"
                 "<m:ResponseCode>ErrorAccessDenied</m:ResponseCode></m:ResponseMessage>"
                 "</m:GetUserOofSettingsResponse>"));

    ck_assert_str_eq(rooms.code, "NoError");
    ck_assert_str_eq(oof.code, "ErrorAccessDenied");
}
END_TEST

START_TEST(what_is_not_soap_is_refused)
{
    assert_refused(
        "GetFolder", "<html><body/></html>", "XML, but not SOAP: its root element is html");
    assert_refused("GetFolder", "<Envelope><Body/></Envelope>",
        "XML, but not SOAP: its Envelope is in the namespace \"\"");
    assert_refused("GetFolder",
        "<s:Envelope xmlns:s='https://schemas.xmlsoap.org/soap/envelope/'/>",
        "XML, but not SOAP: its Envelope is in the namespace "
        "\"https://schemas.xmlsoap.org/soap/envelope/\"");
    assert_refused("GetFolder", "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'/>",
        "SOAP 1.2, where 1.1 was asked for");
    assert_refused("GetFolder", "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/>",
        "SOAP, but its Envelope has no Body");
    assert_refused("GetFolder", ENVELOPE(""), "SOAP, but its Body is empty");
    assert_refused(
        "GetFolder", "Service unavailable", "not XML: line 1: start tag expected, '<' not found");
}
END_TEST

START_TEST(what_answers_something_else_is_refused)
{
    assert_refused("GetFolder", MESSAGES("FindFolder", ""),
        "SOAP, but not an answer to GetFolder: it holds FindFolderResponse");
    assert_refused("GetFolder", ENVELOPE("<m:GetFolder/>"),
        "SOAP, but not an answer to GetFolder: it holds GetFolder");
    assert_refused("GetFolder", MESSAGES("GetFolder", "<m:FindItemResponseMessage/>"),
        "SOAP, but not an answer to GetFolder: it holds FindItemResponseMessage");
    assert_refused("GetFolder", MESSAGES("GetFolder", ""),
        "SOAP, but the answer to GetFolder has no response message");
    assert_refused("GetFolder", ENVELOPE("<m:GetFolderResponse/>"),
        "SOAP, but the answer to GetFolder has no response message");
    assert_refused("GetFolder",
        MESSAGES("GetFolder", "<m:GetFolderResponseMessage/><m:GetFolderResponseMessage/>"),
        "SOAP, but the answer to GetFolder has more than one response message");
}
END_TEST

START_TEST(outcomes_that_make_no_sense_are_refused)
{
#define OUTCOME(attribute, code)                                                            \
    MESSAGES("GetFolder", "<m:GetFolderResponseMessage " attribute "><m:ResponseCode>" code \
                          "</m:ResponseCode></m:GetFolderResponseMessage>")
    assert_refused("GetFolder", OUTCOME("", "NoError"),
        "SOAP, but the ResponseClass of its response message is \"\"");
    assert_refused("GetFolder", OUTCOME("ResponseClass='Fine'", "NoError"),
        "SOAP, but the ResponseClass of its response message is \"Fine\"");
    assert_refused("GetFolder", OUTCOME("ResponseClass='Error'", ""),
        "SOAP, but the ResponseCode of its response message is \"\"");
    assert_refused("GetFolder", OUTCOME("ResponseClass='Error'", "Error, sorry"),
        "SOAP, but the ResponseCode of its response message is \"Error, sorry\"");
    assert_refused("GetFolder", OUTCOME("ResponseClass='Error'", "NoError"),
        "SOAP, but its response message contradicts itself: Error with the code NoError");
    assert_refused("GetFolder", OUTCOME("ResponseClass='Success'", "ErrorAccessDenied"),
        "SOAP, but its response message contradicts itself: Success with the code "
        "ErrorAccessDenied");
}
END_TEST

XR_UNIT_MAIN("ews", a_folder_is_read, the_version_is_read, numbers_that_are_none_count_as_not_sent,
    resolutions_are_read_with_their_proxies, fault_codes_are_found_in_order,
    message_xml_is_read_in_faults_and_messages, another_address_is_offered_with_its_code_only,
    operations_that_differ_in_shape_are_read, what_is_not_soap_is_refused,
    what_answers_something_else_is_refused, outcomes_that_make_no_sense_are_refused)
