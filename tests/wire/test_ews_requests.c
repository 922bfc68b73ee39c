#include <stdio.h>
#include <string.h>

#include "analyzer/wire/ews.h"
#include "tests/unit.h"

static const struct xr_ews_caller itself = { "Exchange2013_SP1", XR_EWS_AS_ITSELF, NULL };
static const struct xr_ews_folder inbox = { "inbox", NULL, NULL };

START_TEST(a_request_is_shaped_as_documented)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_ews_caller caller = { "Exchange2010_SP2", XR_EWS_SMTP_ADDRESS, "jane@contoso.test" };
    struct xr_ews_folder folder = { "inbox", NULL, "joe@contoso.test" };

    ck_assert_str_eq(xr_ews_get_folder(arena, &caller, &folder),
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
        ck_assert_ptr_nonnull(strstr(xr_ews_get_folder(arena, &caller, &inbox), forms[i].element));
    }
    ck_assert_ptr_null(strstr(xr_ews_get_folder(arena, &itself, &inbox), "Impersonation"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(everything_is_escaped)
{
    struct xr_arena *arena = xr_arena_new();
    struct xr_ews_caller caller = { "<\"&>", XR_EWS_PRINCIPAL_NAME, "</t:PrincipalName>&\x01" };
    struct xr_ews_folder by_name = { "\"/><x", NULL, "<&>" }, by_id = { NULL, "A\"<&'", NULL };
    const char *named = xr_ews_get_folder(arena, &caller, &by_name);

    ck_assert_ptr_nonnull(strstr(named, "Version=\"&lt;&quot;&amp;&gt;\""));
    ck_assert_ptr_nonnull(strstr(named, ">&lt;/t:PrincipalName&gt;&amp;</t:PrincipalName>"));
    ck_assert_ptr_nonnull(strstr(named, "Id=\"&quot;/&gt;&lt;x\""));
    ck_assert_ptr_nonnull(strstr(named, "<t:EmailAddress>&lt;&amp;&gt;</t:EmailAddress>"));
    ck_assert_ptr_nonnull(strstr(xr_ews_get_folder(arena, &itself, &by_id),
        "<m:FolderIds><t:FolderId Id=\"A&quot;&lt;&amp;&#39;\"/></m:FolderIds>"));
    ck_assert_ptr_nonnull(strstr(xr_ews_resolve_names(arena, &itself, "a&b@contoso.test"),
        "<m:UnresolvedEntry>smtp:a&amp;b@contoso.test</m:UnresolvedEntry>"));
    xr_arena_free(arena);
}
END_TEST

START_TEST(the_contact_shape_is_asked_of_those_who_know_it)
{
    struct xr_arena *arena = xr_arena_new();

    for (const char *const *version = xr_ews_versions; *version; version++) {
        struct xr_ews_caller caller = { *version, XR_EWS_AS_ITSELF, NULL };
        const char *request = xr_ews_resolve_names(arena, &caller, "jane@contoso.test");
        bool old = !strcmp(*version, "Exchange2010_SP1") || !strcmp(*version, "Exchange2007_SP1");
        ck_assert_int_eq(!strstr(request, " ContactDataShape=\"AllProperties\""), old);
        ck_assert_ptr_nonnull(strstr(request,
            "<m:ResolveNames ReturnFullContactData=\"true\" SearchScope=\"ActiveDirectory\""));
    }
    ck_assert_str_eq(xr_ews_versions[0], "Exchange2013_SP1");
    xr_arena_free(arena);
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

/* For tests/envelopes_xsd.sh, which validates them: all shapes of requests, into
 * $EXRAY_WRITE_ENVELOPES. */
START_TEST(requests_are_written_when_asked_for)
{
    const char *to = getenv("EXRAY_WRITE_ENVELOPES");
    struct xr_arena *arena = xr_arena_new();
    struct xr_ews_folder by_id = { NULL, "AQApA=", NULL };
    struct xr_ews_folder of_joe = { "calendar", NULL, "o'joe&co@contoso.test" };

    for (const char *const *version = xr_ews_versions; to && *version; version++) {
        for (int identity = XR_EWS_AS_ITSELF; identity <= XR_EWS_SID; identity++) {
            struct xr_ews_caller caller = { *version, (enum xr_ews_identity)identity,
                "jane&co@contoso.test" };
            const char *tail = xr_printf(arena, "%s-%d", *version, identity);
            write_request(to, xr_printf(arena, "GetFolder-%s", tail),
                xr_ews_get_folder(arena, &caller, &inbox));
            write_request(to, xr_printf(arena, "GetFolder-id-%s", tail),
                xr_ews_get_folder(arena, &caller, &by_id));
            write_request(to, xr_printf(arena, "GetFolder-mailbox-%s", tail),
                xr_ews_get_folder(arena, &caller, &of_joe));
            write_request(to, xr_printf(arena, "ResolveNames-%s", tail),
                xr_ews_resolve_names(arena, &caller, "jane&co@contoso.test"));
        }
    }
    for (const char *const *name = xr_ews_distinguished; to && *name; name++) {
        struct xr_ews_folder folder = { *name, NULL, NULL };
        write_request(to, xr_printf(arena, "GetFolder-%s", *name),
            xr_ews_get_folder(arena, &itself, &folder));
    }
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("ews-requests", a_request_is_shaped_as_documented,
    each_identity_has_its_element_and_no_other, everything_is_escaped,
    the_contact_shape_is_asked_of_those_who_know_it, distinguished_folders_are_known,
    requests_are_written_when_asked_for)
