/* Reads what `exray check --json` wrote: who has which finding. The file may come from anywhere. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/model/expand.h"
#include "analyzer/org/json_stream.h"
#include "analyzer/org/plan_text.h"

enum { USER_TEXT_MAX = 64 * 1024, FOUND_MAX = 1000 * 1000 };

static void close_file(FILE **file)
{
    if (*file)
        (void)fclose(*file);
}

static void delete_json(cJSON **json)
{
    cJSON_Delete(*json);
}

#define AUTO_FILE   __attribute__((cleanup(close_file))) FILE *
#define AUTO_JSON   __attribute__((cleanup(delete_json))) cJSON *
#define AUTO_STREAM __attribute__((cleanup(xr_json_stream_done))) struct xr_json_stream

struct reading {
    struct xr_store *store;
    struct xr_arena *arena;
    const struct xr_plan *plan;
    const char *path;
    struct xr_plan_report *report;
    const char *schema, *organisation; /* NULL: not met yet */
    int64_t found;
};

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text && *text ? text : NULL;
}

static const struct xr_plan_err *bad_user(
    const struct reading *reading, const struct xr_json_stream *stream, const char *why)
{
    return xr_plan_error(reading->arena, XR_PLAN_REPORT,
        "%s cannot be used: the user in line %lld: %s", reading->path, (long long)stream->line,
        why);
}

/* Only who is an enabled user of the organisation gets commands: the file could name anybody. */
static const struct xr_plan_err *look_up(const struct reading *reading, struct xr_arena *scratch,
    const char *email, struct xr_user *ret, bool *ret_ours)
{
    const struct xr_store_err *err =
        xr_store_user(reading->store, scratch, reading->plan->org->id, email, ret);

    *ret_ours = !err && ret->enabled && xr_quote(scratch, ret->email, XR_SHELL_EMS);
    return err && err->fault != XR_STORE_NOT_FOUND ? xr_plan_store_error(reading->arena, err)
                                                   : NULL;
}

/* NULL: it is none, or it must not stand in a command. */
static const char *address(struct xr_arena *arena, struct xr_arena *scratch, const char *text)
{
    struct xr_address parts;
    const char *why;

    if (!text || !xr_address_parse(scratch, text, &parts, &why))
        return NULL;
    return xr_quote(scratch, text, XR_SHELL_SH) ? xr_strdup(arena, text) : NULL;
}

static const char *copy(struct xr_arena *arena, const char *text)
{
    return text ? xr_strdup(arena, text) : NULL;
}

static struct xr_plan_found *found_user(
    const struct reading *reading, struct xr_arena *scratch, const struct xr_user *user)
{
    struct xr_arena *arena = reading->arena;
    struct xr_plan_found *found = xr_new(arena, struct xr_plan_found);

    found->email = xr_strdup(arena, user->email);
    found->side = xr_plan_side_of(scratch, reading->plan->org, user);
    found->access = user->access;
    found->user_name = copy(arena, user->user_name);
    found->account = copy(arena, user->account);
    found->ews_url = copy(arena, user->ews_url);
    found->has_secret = user->has[XR_SECRET_PASSWORD] || user->has[XR_SECRET_TOKEN];
    return found;
}

static const struct xr_plan_err *add_found(
    struct reading *reading, struct xr_arena *scratch, const cJSON *json, enum xr_finding_code code)
{
    struct xr_plan_cause *cause = &reading->report->causes[code];
    const cJSON *facts = cJSON_GetObjectItemCaseSensitive(json, "facts");
    struct xr_user user;
    bool ours;
    const struct xr_plan_err *err = look_up(reading, scratch, text_of(json, "email"), &user, &ours);

    if (err)
        return err;
    cause->users++;
    if (!ours) {
        cause->strangers++;
        return NULL;
    }
    struct xr_plan_found *found = found_user(reading, scratch, &user);
    found->primary = address(reading->arena, scratch, text_of(facts, "primary_smtp_address"));
    if (cause->last)
        cause->last->next = found;
    else
        cause->first = found;
    cause->last = found;
    return NULL;
}

static const struct xr_plan_err *read_user(
    struct reading *reading, struct xr_arena *scratch, const struct xr_json_stream *stream)
{
    AUTO_JSON json = stream->flaw ? NULL
                                  : cJSON_ParseWithLengthOpts(
                                        stream->text.at, stream->text.length + 1, NULL, true);
    enum xr_finding_code code;

    reading->report->users++;
    if (stream->flaw)
        return bad_user(reading, stream, stream->flaw);
    if (!json)
        return bad_user(reading, stream, "it is not valid JSON");
    if (!text_of(json, "email"))
        return bad_user(reading, stream, "it has no \"email\"");
    const char *finding = text_of(json, "finding"), *status = text_of(json, "status");
    if (!finding || !status || !strcmp(status, "success"))
        return NULL;
    if (++reading->found > FOUND_MAX)
        return bad_user(reading, stream, "more than a million users have findings");
    if (xr_finding_by_id(finding, &code))
        return add_found(reading, scratch, json, code);
    reading->report->unknown++;
    return NULL;
}

static const struct xr_plan_err *take_user(
    struct reading *reading, const struct xr_json_stream *stream)
{
    struct xr_arena *scratch = xr_arena_new();
    const struct xr_plan_err *err = read_user(reading, scratch, stream);

    if (err)
        xr_arena_absorb(reading->arena, scratch);
    else
        xr_arena_free(scratch);
    return err;
}

/* Members that are not needed may be as they like: another version may have written them. */
static void take_member(struct reading *reading, const struct xr_json_stream *stream)
{
    bool is_schema = !strcmp(stream->key, "schema");

    if (stream->flaw || (!is_schema && strcmp(stream->key, "organization") != 0))
        return;
    AUTO_JSON json =
        cJSON_ParseWithLengthOpts(stream->text.at, stream->text.length + 1, NULL, true);
    const char *text = cJSON_GetStringValue(json);
    const char **at = is_schema ? &reading->schema : &reading->organisation;
    if (text)
        *at = xr_strdup(reading->arena, text);
}

static const struct xr_plan_err *wrong_schema(const struct reading *reading)
{
    static const char hint[] = "exray check --json FILE writes one";

    if (!reading->schema)
        return xr_plan_error(reading->arena, XR_PLAN_REPORT,
            "%s is not a report of exray check: it has no \"schema\"; %s", reading->path, hint);
    if (strcmp(reading->schema, "exray.check/1") != 0)
        return xr_plan_error(reading->arena, XR_PLAN_REPORT,
            "%s is not a report of exray check: its schema is %s, not exray.check/1; %s",
            reading->path, xr_excerpt(reading->arena, reading->schema, XR_QUOTED_MAX), hint);
    return NULL;
}

static const struct xr_plan_err *wrong_content(const struct reading *reading, bool has_array)
{
    const struct xr_plan_err *err = wrong_schema(reading);
    const char *of = reading->organisation ? reading->organisation : "";

    if (err)
        return err;
    if (!has_array)
        return xr_plan_error(reading->arena, XR_PLAN_REPORT,
            "%s cannot be used: it has no \"users\"", reading->path);
    if (!xr_same(of, reading->plan->org->name))
        return xr_plan_error(reading->arena, XR_PLAN_REPORT,
            "%s is a check of the organisation '%s', not of '%s'", reading->path,
            xr_excerpt(reading->arena, of, XR_QUOTED_MAX), reading->plan->org->name);
    return NULL;
}

static const struct xr_plan_err *read_all(struct reading *reading, FILE *in)
{
    AUTO_STREAM stream;
    const struct xr_plan_err *err = NULL;

    xr_json_stream_init(&stream, in, USER_TEXT_MAX);
    while (!err && xr_json_stream_next(&stream)) {
        if (stream.key)
            take_member(reading, &stream);
        else
            err = take_user(reading, &stream);
    }
    /* Of a file of another kind it is said that it is one, not what its users lack. */
    if (err && err->fault == XR_PLAN_REPORT && wrong_schema(reading))
        return wrong_schema(reading);
    if (err)
        return err;
    if (ferror(in))
        return xr_plan_error(reading->arena, XR_PLAN_REPORT, "%s cannot be read: %s", reading->path,
            strerror(errno));
    if (stream.broken)
        return xr_plan_error(reading->arena, XR_PLAN_REPORT, "%s cannot be used: line %lld: %s",
            reading->path, (long long)stream.line, stream.broken);
    return wrong_content(reading, stream.has_array);
}

const struct xr_plan_err *xr_plan_read_report(struct xr_store *store, struct xr_arena *arena,
    const struct xr_plan *plan, const char *path, struct xr_plan_report *ret)
{
    AUTO_FILE in = fopen(path, "re");
    struct xr_plan_report report = { 0 };
    struct reading reading = { store, arena, plan, path, &report, NULL, NULL, 0 };

    if (!in)
        return xr_plan_error(arena, XR_PLAN_REPORT, "%s cannot be read: %s", path, strerror(errno));
    const struct xr_plan_err *err = read_all(&reading, in);
    if (!err)
        *ret = report;
    return err;
}
