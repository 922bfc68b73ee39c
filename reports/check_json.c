#include <string.h>

#include "analyzer/base/clock.h"
#include "reports/check.h"
#include "reports/check_words.h"

static void put_ms(struct xr_json *json, const char *name, int64_t us)
{
    xr_json_number(json, name, us < 0 ? -1 : us / 1000);
}

static void put_advice(struct xr_json *json, const char *name, const struct xr_advice *advice)
{
    xr_json_open(json, name, '{');
    xr_json_put(json, "text", advice->text);
    xr_json_put(json, "command", advice->command);
    xr_json_put(json, "shell", advice->shell);
    xr_json_put(json, "expect", advice->expect);
    xr_json_close(json, '}');
}

static void put_cause(
    struct xr_json *json, const struct xr_check *check, const struct xr_check_cause *cause)
{
    struct xr_check_told told = xr_check_told(check, cause);

    xr_json_open(json, NULL, '{');
    xr_json_put(json, "finding", told.id);
    xr_json_number(json, "users", cause->users);
    xr_json_put(json, "title", told.title);
    xr_json_put(json, "status", xr_status_name(cause->status));
    xr_json_put(json, "step", cause->step);
    xr_json_put(json, "owner", told.owner);
    xr_json_put(json, "meaning", told.meaning);
    xr_json_put(json, "cause", told.cause);
    if (told.bulk.text)
        put_advice(json, "bulk", &told.bulk);
    else
        xr_json_put(json, "bulk", NULL);
    xr_json_open(json, "remedy", '[');
    for (const struct xr_advice *advice = told.remedy; advice->text; advice++)
        put_advice(json, NULL, advice);
    xr_json_close(json, ']');
    xr_json_put(json, "reference", told.reference);
    xr_json_close(json, '}');
}

static void put_groups(struct xr_json *json, const struct xr_check_group *group)
{
    xr_json_open(json, "groups", '[');
    for (; group; group = group->next) {
        xr_json_open(json, NULL, '{');
        xr_json_put(json, "account", group->account);
        xr_json_put(json, "ews_url", group->ews_url);
        xr_json_put(json, "ews_url_from", group->ews_url_from);
        xr_json_open_flat(json, "server", '{');
        xr_json_put(json, "version", group->server_version);
        xr_json_put(json, "product", group->server_product);
        xr_json_close(json, '}');
        xr_json_put(json, "auth_scheme", group->auth_scheme);
        xr_json_time(json, "certificate_expires", group->certificate_expires_ms);
        xr_json_number(json, "users", group->users);
        xr_json_put(json, "finding", group->finding);
        xr_json_put(json, "status", group->finding ? xr_status_name(group->status) : NULL);
        xr_json_put(json, "message", group->message);
        xr_json_close(json, '}');
    }
    xr_json_close(json, ']');
}

void xr_check_json_remark(struct xr_json *json, const struct xr_remark *remark)
{
    xr_json_put(json, "finding", xr_finding_kind(remark->code)->id);
    xr_json_put(json, "status", xr_status_name(remark->status));
    xr_json_put(json, "field", remark->field);
    xr_json_put(json, "message", remark->message);
}

static void put_remarks(struct xr_json *json, const struct xr_remark *remark)
{
    xr_json_open(json, "remarks", '[');
    for (; remark; remark = remark->next) {
        xr_json_open_flat(json, NULL, '{');
        xr_check_json_remark(json, remark);
        xr_json_close(json, '}');
    }
    xr_json_close(json, ']');
}

static void put_summary(struct xr_json *json, const int64_t summary[XR_STATUS_COUNT])
{
    xr_json_open_flat(json, "summary", '{');
    xr_json_number(json, "success", summary[XR_SUCCESS]);
    xr_json_number(json, "warning", summary[XR_WARNING]);
    xr_json_number(json, "error", summary[XR_ERROR]);
    xr_json_number(json, "skipped", summary[XR_SKIPPED]);
    xr_json_close(json, '}');
}

static void put_head(struct xr_json *json, const struct xr_check *check)
{
    xr_json_put(json, "schema", "exray.check/1");
    xr_json_open_flat(json, "tool", '{');
    xr_json_put(json, "name", "exray");
    xr_json_put(json, "version", check->tool_version);
    xr_json_close(json, '}');
    xr_json_put(json, "organization", check->organization);
    xr_json_put(json, "access_type", check->access_type);
    xr_json_put(json, "account", check->account);
    xr_json_put(json, "started", xr_rfc3339(check->arena, check->started_wall_ms));
    put_ms(json, "elapsed_ms", check->elapsed_us);
    put_ms(json, "bulk_ms", check->bulk_us);
    xr_json_put(json, "end", xr_check_end_name(check->end));
    xr_json_bool(json, "candidate", check->candidate);
    xr_json_number(json, "selected", check->selected);
    xr_json_number(json, "fresh", check->fresh);
    put_summary(json, check->summary);
    xr_json_number(json, "jobs", check->jobs);
    xr_json_number(json, "requests", check->requests);
    xr_json_number(json, "back_offs", check->back_offs);
    put_ms(json, "median_ms", check->median_us);
    put_ms(json, "p99_ms", check->p99_us);
    put_remarks(json, check->remarks);
    put_groups(json, check->groups);
    xr_json_open(json, "causes", '[');
    for (size_t i = 0; i < check->cause_count; i++)
        put_cause(json, check, &check->causes[i]);
    xr_json_close(json, ']');
}

static enum xr_status status_of(char letter)
{
    switch (letter) {
    case 's':
        return XR_SUCCESS;
    case 'w':
        return XR_WARNING;
    case 'e':
        return XR_ERROR;
    default:
        return XR_SKIPPED;
    }
}

static void put_steps(struct xr_json *json, const char *letters)
{
    size_t known = strnlen(letters, XR_CHECK_STEPS);

    xr_json_open(json, "steps", '{');
    for (size_t i = 0; i < XR_CHECK_STEPS; i++)
        xr_json_put(json, xr_check_step_ids[i],
            xr_status_name(i < known ? status_of(letters[i]) : XR_SKIPPED));
    xr_json_close(json, '}');
}

void xr_check_json_result(struct xr_json *json, const struct xr_check_user *result)
{
    xr_json_put(json, "status", xr_status_name(result->status));
    xr_json_put(json, "finding", result->finding);
    xr_json_put(json, "step", result->step);
    xr_json_put(json, "code", result->code);
    xr_json_put(json, "message", result->message);
}

static void put_user(struct xr_json *json, const struct xr_check_user *user)
{
    xr_json_open_flat(json, NULL, '{');
    xr_json_put(json, "email", user->email);
    xr_check_json_result(json, user);
    put_ms(json, "elapsed_ms", user->elapsed_us);
    xr_json_time(json, "checked_at", user->at_wall_ms);
    put_steps(json, user->steps);
    xr_json_open(json, "facts", '{');
    xr_json_put(json, "primary_smtp_address", user->primary_smtp_address);
    xr_json_put(json, "server", user->server);
    xr_json_put(json, "account", user->account);
    xr_json_put(json, "host", user->host);
    xr_json_close(json, '}');
    xr_json_close(json, '}');
}

void xr_check_json(FILE *out, const struct xr_check *check, struct xr_check_rows rows)
{
    struct xr_json json = { .out = out };
    struct xr_check_user user;

    xr_json_open(&json, NULL, '{');
    put_head(&json, check);
    xr_json_open(&json, "users", '[');
    while (rows.next(rows.arg, &user))
        put_user(&json, &user);
    xr_json_close(&json, ']');
    xr_json_close(&json, '}');
    (void)fputc('\n', out);
}

void xr_check_json_user(FILE *out, const struct xr_check_user *user)
{
    struct xr_json json = { .out = out };

    put_user(&json, user);
    (void)fputc('\n', out);
}
