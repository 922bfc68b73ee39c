#include <stdbool.h>
#include <string.h>

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

const char *xr_ews_get_folder(
    struct xr_arena *arena, const struct xr_ews_caller *caller, const struct xr_ews_folder *folder)
{
    return xr_soap_request(arena, caller,
        xr_printf(arena,
            "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape>"
            "<t:AdditionalProperties><t:FieldURI FieldURI=\"folder:EffectiveRights\"/>"
            "<t:FieldURI FieldURI=\"folder:FolderClass\"/></t:AdditionalProperties>"
            "</m:FolderShape><m:FolderIds>%s</m:FolderIds></m:GetFolder>",
            folder_element(arena, folder)));
}

/* The attribute came with Exchange2010_SP2; a server refuses it in a request of an older version.
 */
static bool knows_contact_data_shape(const char *version)
{
    static const char *const older[] = { "Exchange2007", "Exchange2007_SP1", "Exchange2009",
        "Exchange2010", "Exchange2010_SP1" };

    for (size_t i = 0; i < sizeof(older) / sizeof(*older); i++)
        if (!strcmp(version, older[i]))
            return false;
    return true;
}

const char *xr_ews_resolve_names(
    struct xr_arena *arena, const struct xr_ews_caller *caller, const char *address)
{
    bool shaped = knows_contact_data_shape(caller->version);

    return xr_soap_request(arena, caller,
        xr_printf(arena,
            "<m:ResolveNames ReturnFullContactData=\"true\" SearchScope=\"ActiveDirectory\"%s>"
            "<m:UnresolvedEntry>smtp:%s</m:UnresolvedEntry></m:ResolveNames>",
            shaped ? " ContactDataShape=\"AllProperties\"" : "", xr_xml_escape(arena, address)));
}
