#include "analyzer/org/import_member.h"

#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/org/bytes.h"

enum { ID_DIGITS = 32, KEY_ID_DIGITS = 16, SEALED_MAX = 64 * 1024 };

cJSON *xr_member_parse(struct xr_pass *pass, const struct xr_json_stream *stream)
{
    const char *end = NULL;

    if (stream->flaw) {
        xr_import_flaw(pass, stream->line, stream->key,
            "the value that begins here cannot be read: %s", stream->flaw);
        return NULL;
    }
    cJSON *json = cJSON_ParseWithLengthOpts(stream->text.at, stream->text.length + 1, &end, true);
    if (!json)
        xr_import_flaw(pass, stream->line, stream->key, "this is not valid JSON, near \"%s\"",
            xr_quoted(pass, end ? end : stream->text.at));
    return json;
}

static int place(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}

static bool tell_unknown(
    struct xr_pass *pass, int64_t line, const char *name, const char *const *names)
{
    const char *near = xr_nearest(name, names);
    const char *shown = xr_quoted(pass, name);

    xr_import_flaw(pass, line, shown, "there is no member \"%s\" here%s%s", shown,
        near ? ": did you mean " : "", near ? near : "");
    return false;
}

bool xr_members(struct xr_pass *pass, int64_t line, const cJSON *object, const char *const *names,
    const cJSON **ret)
{
    if (!cJSON_IsObject(object)) {
        xr_import_flaw(pass, line, NULL, "an object in braces belongs here");
        return false;
    }
    for (const cJSON *member = object->child; member; member = member->next) {
        int at = place(names, member->string);
        if (at < 0)
            return tell_unknown(pass, line, member->string, names);
        if (ret[at]) {
            xr_import_flaw(
                pass, line, names[at], "the member \"%s\" stands there twice", names[at]);
            return false;
        }
        ret[at] = member;
    }
    return true;
}

bool xr_member_text(struct xr_pass *pass, int64_t line, const char *name, const cJSON *member,
    size_t most, const char **ret)
{
    *ret = NULL;
    if (!member || cJSON_IsNull(member))
        return true;
    if (!cJSON_IsString(member)) {
        xr_import_flaw(pass, line, name, "the value is no text in quotation marks");
        return false;
    }
    if (strlen(member->valuestring) > most) {
        xr_import_flaw(pass, line, name, "\"%s\" is longer than %zu bytes",
            xr_quoted(pass, member->valuestring), most);
        return false;
    }
    *ret = *member->valuestring ? member->valuestring : NULL;
    return true;
}

bool xr_member_id(struct xr_pass *pass, int64_t line, const cJSON *member, const char **ret)
{
    if (!xr_member_text(pass, line, "id", member, XR_FIELD_MAX, ret))
        return false;
    if (!*ret || xr_is_hex(*ret, ID_DIGITS))
        return true;
    xr_import_flaw(
        pass, line, "id", "\"%s\" is no id: 32 digits of 0 to 9 and a to f", xr_quoted(pass, *ret));
    return false;
}

static bool kind_by_name(const char *name, enum xr_secret_kind *ret)
{
    for (int i = 0; name && i < XR_SECRET_KIND_COUNT; i++)
        if (!strcmp(name, xr_secret_kind_name((enum xr_secret_kind)i))) {
            *ret = (enum xr_secret_kind)i;
            return true;
        }
    return false;
}

static bool read_sealed(struct xr_pass *pass, struct xr_arena *arena, int64_t line,
    const cJSON *object, struct xr_sealed *ret)
{
    enum { KIND, KEY_ID, BYTES, MEMBERS };
    static const char *const names[MEMBERS + 1] = { "kind", "key_id", "bytes" };
    const cJSON *found[MEMBERS] = { NULL };
    const char *text[MEMBERS];

    if (!xr_members(pass, line, object, names, found))
        return false;
    for (size_t i = 0; i < MEMBERS; i++)
        if (!xr_member_text(pass, line, "secrets", found[i], 2 * SEALED_MAX, &text[i]))
            return false;
    ret->bytes = text[BYTES] ? xr_hex_bytes(arena, text[BYTES], &ret->length) : NULL;
    ret->key_id = text[KEY_ID] ? xr_strdup(arena, text[KEY_ID]) : NULL;
    if (kind_by_name(text[KIND], &ret->kind) && ret->bytes && ret->key_id &&
        xr_is_hex(ret->key_id, KEY_ID_DIGITS))
        return true;
    xr_import_flaw(pass, line, "secrets",
        "a secret has a kind (password or token), a key_id (16 hexadecimal digits) and bytes "
        "(hexadecimal digits, lower case)");
    return false;
}

bool xr_member_sealed(struct xr_pass *pass, struct xr_arena *arena, int64_t line,
    const cJSON *member, struct xr_sealed *ret, size_t *ret_n)
{
    bool met[XR_SECRET_KIND_COUNT] = { false };

    *ret_n = 0;
    if (!member || cJSON_IsNull(member))
        return true;
    if (!cJSON_IsArray(member)) {
        xr_import_flaw(pass, line, "secrets", "the value is no array");
        return false;
    }
    for (const cJSON *item = member->child; item; item = item->next) {
        struct xr_sealed sealed = { .uid = NULL };
        if (!read_sealed(pass, arena, line, item, &sealed))
            return false;
        if (met[sealed.kind]) {
            xr_import_flaw(pass, line, "secrets", "there are two secrets of the kind \"%s\"",
                xr_secret_kind_name(sealed.kind));
            return false;
        }
        met[sealed.kind] = true;
        ret[(*ret_n)++] = sealed;
    }
    return true;
}
