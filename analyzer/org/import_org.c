#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/org/import_member.h"

static const char schema_name[] = "exray.org/1";

enum {
    ORG_NAME,
    ORG_ACCOUNT,
    ORG_EWS_URL,
    ORG_FOLDER,
    ORG_SCOPE_NAME,
    ORG_NOTES,
    ORG_ACCESS_TYPE,
    ORG_GROUP_KIND,
    ORG_TEXTS,
    ORG_ID = ORG_TEXTS,
    ORG_DOMAINS,
    ORG_SECRETS,
    ORG_MEMBERS,
};

static const char *const org_names[ORG_MEMBERS + 1] = {
    [ORG_NAME] = "name",
    [ORG_ACCOUNT] = "account",
    [ORG_EWS_URL] = "ews_url",
    [ORG_FOLDER] = "folder",
    [ORG_SCOPE_NAME] = "scope_name",
    [ORG_NOTES] = "notes",
    [ORG_ACCESS_TYPE] = "access_type",
    [ORG_GROUP_KIND] = "group_kind",
    [ORG_ID] = "id",
    [ORG_DOMAINS] = "domains",
    [ORG_SECRETS] = "secrets",
};

static const size_t org_limits[ORG_TEXTS] = {
    [ORG_NAME] = XR_NAME_MAX,
    [ORG_ACCOUNT] = XR_FIELD_MAX,
    [ORG_EWS_URL] = XR_FIELD_MAX,
    [ORG_FOLDER] = XR_FIELD_MAX,
    [ORG_SCOPE_NAME] = XR_FIELD_MAX,
    [ORG_NOTES] = XR_NOTES_MAX,
    [ORG_ACCESS_TYPE] = XR_FIELD_MAX,
    [ORG_GROUP_KIND] = XR_FIELD_MAX,
};

static void drop(cJSON **json)
{
    cJSON_Delete(*json);
}

void xr_import_schema(struct xr_pass *pass, const struct xr_json_stream *stream)
{
    __attribute__((cleanup(drop))) cJSON *json = xr_member_parse(pass, stream);
    const char *schema;

    if (!json || !xr_member_text(pass, stream->line, "schema", json, XR_FIELD_MAX, &schema))
        return;
    if (!schema || strcmp(schema, schema_name) != 0)
        xr_import_flaw(pass, stream->line, "schema",
            "\"%s\" is no format that this version reads; it reads \"%s\"",
            xr_quoted(pass, schema ? schema : ""), schema_name);
}

static const char *keep(struct xr_pass *pass, const char *text)
{
    return text ? xr_strdup(pass->arena, text) : NULL;
}

static bool read_domain(struct xr_pass *pass, int64_t line, const cJSON *item, const char **ret)
{
    const char *name, *why;

    if (!xr_member_text(pass, line, "domains", item, XR_FIELD_MAX, &name))
        return false;
    *ret = xr_host_ascii(pass->arena, name ? name : "", &why);
    if (!*ret)
        xr_import_flaw(pass, line, "domains", "\"%s\" is no domain: %s",
            xr_quoted(pass, name ? name : ""), why);
    return *ret;
}

static void read_domains(
    struct xr_pass *pass, int64_t line, const cJSON *member, struct xr_org *org)
{
    const char **domains = xr_new_n(pass->arena, const char *, XR_DOMAINS_MAX + 1);
    size_t n = 0;

    org->domains = domains;
    if (!member || cJSON_IsNull(member))
        return;
    if (!cJSON_IsArray(member)) {
        xr_import_flaw(pass, line, "domains", "the value is no array");
        return;
    }
    for (const cJSON *item = member->child; item; item = item->next) {
        if (n == XR_DOMAINS_MAX) {
            xr_import_flaw(pass, line, "domains", "there are more than 64 domains");
            return;
        }
        if (!read_domain(pass, line, item, &domains[n++]))
            return;
    }
}

static void read_kinds(
    struct xr_pass *pass, int64_t line, const char *const *text, struct xr_org *org)
{
    const char *access = text[ORG_ACCESS_TYPE], *group = text[ORG_GROUP_KIND];

    if (!access || !xr_org_access_by_name(access, &org->access))
        xr_import_flaw(pass, line, "access_type",
            "\"%s\" is no access type of organisations: direct-logon, exchange-impersonation or "
            "m365-oauth-impersonated",
            xr_quoted(pass, access ? access : ""));
    if (group && !xr_group_kind_by_name(group, &org->group_kind))
        xr_import_flaw(pass, line, "group_kind",
            "\"%s\" is no group kind: distribution or security", xr_quoted(pass, group));
}

static void read_org(
    struct xr_pass *pass, const struct xr_json_stream *stream, struct xr_org_file *ret)
{
    __attribute__((cleanup(drop))) cJSON *json = xr_member_parse(pass, stream);
    const cJSON *found[ORG_MEMBERS] = { NULL };
    const char *text[ORG_TEXTS] = { NULL }, *uid;
    struct xr_org *org = &ret->org;

    ret->line = stream->line;
    if (!json || !xr_members(pass, ret->line, json, org_names, found))
        return;
    for (size_t i = 0; i < ORG_TEXTS; i++)
        (void)xr_member_text(pass, ret->line, org_names[i], found[i], org_limits[i], &text[i]);
    if (xr_member_id(pass, ret->line, found[ORG_ID], &uid))
        org->uid = keep(pass, uid);
    if (!text[ORG_NAME])
        xr_import_flaw(pass, ret->line, "name", "the organisation has no name");
    org->name = keep(pass, text[ORG_NAME]);
    org->account = keep(pass, text[ORG_ACCOUNT]);
    org->ews_url = keep(pass, text[ORG_EWS_URL]);
    org->folder = keep(pass, text[ORG_FOLDER]);
    org->scope_name = keep(pass, text[ORG_SCOPE_NAME]);
    org->notes = keep(pass, text[ORG_NOTES]);
    read_kinds(pass, ret->line, text, org);
    read_domains(pass, ret->line, found[ORG_DOMAINS], org);
    (void)xr_member_sealed(
        pass, pass->arena, ret->line, found[ORG_SECRETS], ret->sealed, &ret->sealed_n);
}

/* What stands before, between and behind; the users are passed over. */
static void read_head(struct xr_pass *pass, struct xr_json_stream *stream, struct xr_org_file *ret)
{
    bool schema = false, org = false;

    while (xr_json_stream_next(stream)) {
        xr_import_clear(pass);
        const char *key = stream->key;
        bool *met = !key ? NULL : !strcmp(key, "schema") ? &schema : &org;
        if (!key || (met == &org && strcmp(key, "organization") != 0))
            continue; /* the passes over the users tell of strangers */
        if (*met)
            xr_import_flaw(pass, stream->line, key, "\"%s\" stands there twice", key);
        else if (met == &schema)
            xr_import_schema(pass, stream);
        else
            read_org(pass, stream, ret);
        *met = true;
    }
    if (stream->broken || ferror(stream->in))
        return;
    if (!schema)
        xr_import_flaw(pass, 1, "schema", "the file does not say \"schema\": \"%s\"", schema_name);
    if (!org)
        xr_import_flaw(pass, 1, "organization", "the file has no \"organization\"");
}

void xr_import_json_org(struct xr_pass *pass, FILE *in, struct xr_org_file *ret)
{
    __attribute__((cleanup(xr_json_stream_done))) struct xr_json_stream stream;

    xr_json_stream_init(&stream, in, XR_IMPORT_ELEMENT_MAX);
    read_head(pass, &stream, ret);
    if (stream.broken)
        xr_import_flaw(pass, stream.line, NULL, "the JSON ends here: %s", stream.broken);
}
