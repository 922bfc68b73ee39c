#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/org/import_member.h"

/* The members of a user: the columns of the CSV, and what only an export has. */
enum { USER_ID = XR_COLUMN_COUNT, USER_SECRETS, USER_MEMBERS };

static const char *const user_names[USER_MEMBERS + 1] = {
    [XR_COLUMN_EMAIL] = "email",
    [XR_COLUMN_ACCESS_TYPE] = "access_type",
    [XR_COLUMN_USER_NAME] = "user_name",
    [XR_COLUMN_ACCOUNT] = "account",
    [XR_COLUMN_EWS_URL] = "ews_url",
    [XR_COLUMN_ENABLED] = "enabled",
    [USER_ID] = "id",
    [USER_SECRETS] = "secrets",
};

static void drop(cJSON **json)
{
    cJSON_Delete(*json);
}

static bool read_columns(struct xr_pass *pass, const cJSON *const *found, struct xr_row *row)
{
    for (enum xr_column i = 0; i < XR_COLUMN_COUNT; i++) {
        row->given[i] = found[i];
        if (i == XR_COLUMN_ENABLED && cJSON_IsBool(found[i]))
            row->text[i] = cJSON_IsTrue(found[i]) ? "true" : "false";
        else if (!xr_member_text(
                     pass, row->line, user_names[i], found[i], XR_FIELD_MAX, &row->text[i]))
            return false;
    }
    return true;
}

/* false: the pass is over. */
static bool read_user(struct xr_pass *pass, const struct xr_json_stream *stream)
{
    __attribute__((cleanup(drop))) cJSON *json = xr_member_parse(pass, stream);
    const cJSON *found[USER_MEMBERS] = { NULL };
    struct xr_row row = { .line = stream->line };
    bool fine = json && xr_members(pass, row.line, json, user_names, found) &&
                read_columns(pass, found, &row) &&
                xr_member_id(pass, row.line, found[USER_ID], &row.uid) &&
                xr_member_sealed(
                    pass, pass->scratch, row.line, found[USER_SECRETS], row.sealed, &row.sealed_n);

    if (fine)
        return xr_import_row(pass, &row);
    pass->ret->users++;
    return true;
}

/* A member beside the users. Of a whole organisation only its form counts here. */
static void judge_member(struct xr_pass *pass, const struct xr_json_stream *stream)
{
    static const char *const names[] = { "schema", "organization", "users", NULL };
    const char *near = xr_nearest(stream->key, names);

    if (!strcmp(stream->key, "schema"))
        xr_import_schema(pass, stream);
    else if (strcmp(stream->key, "organization") != 0)
        xr_import_flaw(pass, stream->line, stream->key,
            "there is no member \"%s\" beside the users%s%s", xr_quoted(pass, stream->key),
            near ? ": did you mean " : "", near ? near : "");
}

bool xr_import_json(struct xr_pass *pass, FILE *in)
{
    __attribute__((cleanup(xr_json_stream_done))) struct xr_json_stream stream;

    xr_json_stream_init(&stream, in, XR_IMPORT_ELEMENT_MAX);
    while (xr_json_stream_next(&stream)) {
        xr_import_clear(pass);
        if (stream.key)
            judge_member(pass, &stream);
        else if (!read_user(pass, &stream))
            return false;
    }
    if (stream.broken)
        xr_import_flaw(pass, stream.line, NULL, "the JSON ends here: %s", stream.broken);
    if (!stream.broken && !ferror(in) && !stream.has_array && !pass->whole)
        xr_import_flaw(pass, 1, "users", "the file has no \"users\"");
    return true;
}
