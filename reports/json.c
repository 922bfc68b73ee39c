#include "reports/json.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/base/clock.h"
#include "reports/json_items.h"
#include "reports/json_layout.h"
#include "reports/subject.h"

/* Other tests than those of an access open no folder, whatever the form's default says. */
static void put_access(cJSON *object, const struct xr_run *run)
{
    const struct xr_target *target = run->target;
    bool none = !xr_is_of_access(run);

    xr_item_text(object, "folder",
        none             ? NULL
        : target->folder ? target->folder
                         : target->folder_id);
    if (none || !target->impersonation) {
        xr_item_text(object, "impersonate", NULL);
        return;
    }
    cJSON *impersonate = xr_item_object(object, "impersonate");
    xr_item_text(impersonate, "by", xr_identify_by_name(target->identify_by));
    xr_item_text(impersonate, "id", target->impersonate ? target->impersonate : target->mailbox);
}

static void put_with(cJSON *object, uint32_t with)
{
    cJSON *array = xr_item_array(object, "with");

    for (int i = 0; i < XR_WITH_COUNT; i++)
        if (with & 1u << i)
            (void)xr_item_append(array, cJSON_CreateString(xr_with_name((enum xr_with)i)));
}

static void put_target(cJSON *report, const struct xr_run *run)
{
    const struct xr_target *target = run->target;
    cJSON *object = xr_item_object(report, "target");

    xr_item_text(object, "mailbox", target->mailbox);
    xr_item_text(object, "account", target->account);
    xr_item_text(object, "host", target->host);
    xr_item_text(object, "chain_file", target->chain_file);
    xr_item_time(object, "at", run->arena, target->at_ms, target->at_ms != 0);
    xr_item_text(object, "ews_url", target->ews_url);
    put_access(object, run);
    put_with(object, target->with);
    xr_item_text(object, "outside", target->outside);
    xr_item_bool(object, "ignore_trust", target->ignore_trust);
}

static void put_origin(cJSON *report, const struct xr_origin *origin)
{
    cJSON *object = xr_item_object(report, "origin");

    xr_item_text(object, "host", origin->host);
    xr_item_texts(object, "addresses", origin->addresses);
    xr_item_text(object, "proxy", origin->proxy);
}

static void put_remedy(cJSON *verdict, const struct xr_advice *advice)
{
    cJSON *array = xr_item_array(verdict, "remedy");

    for (; advice->text; advice++) {
        cJSON *line = xr_item_append(array, cJSON_CreateObject());
        xr_item_text(line, "text", advice->text);
        xr_item_text(line, "command", advice->command);
        xr_item_text(line, "shell", advice->shell);
        xr_item_text(line, "expect", advice->expect);
    }
}

static void put_verdict(cJSON *report, const struct xr_verdict *verdict)
{
    cJSON *object = xr_item_object(report, "verdict");

    xr_item_text(object, "status", xr_status_name(verdict->status));
    xr_item_text(object, "finding", verdict->finding);
    xr_item_text(object, "step", verdict->step);
    xr_item_text(object, "title", verdict->title);
    xr_item_text(object, "meaning", verdict->meaning);
    xr_item_text(object, "cause", verdict->cause);
    xr_item_text(object, "owner", verdict->owner);
    put_remedy(object, verdict->remedy);
    xr_item_texts(object, "ruled_out", verdict->ruled_out);
    xr_item_text(object, "reference", verdict->reference);
}

static void put_summary(cJSON *report, const int summary[XR_STATUS_COUNT])
{
    cJSON *object = xr_item_object(report, "summary");

    xr_item_number(object, "success", summary[XR_SUCCESS]);
    xr_item_number(object, "warning", summary[XR_WARNING]);
    xr_item_number(object, "error", summary[XR_ERROR]);
    xr_item_number(object, "skipped", summary[XR_SKIPPED]);
}

static void put_sent(cJSON *report, const struct xr_sent *sent)
{
    cJSON *array = xr_item_array(report, "sent");

    for (; sent; sent = sent->next) {
        cJSON *object = xr_item_append(array, cJSON_CreateObject());
        xr_item_text(object, "to", sent->to);
        xr_item_text(object, "what", sent->what);
        xr_item_text(object, "credentials", sent->credentials);
        xr_item_text(object, "protected_by", sent->protected_by);
    }
}

static void put_findings(cJSON *object, const struct xr_finding *finding)
{
    cJSON *array = xr_item_array(object, "findings");

    for (; finding; finding = finding->next) {
        cJSON *entry = xr_item_append(array, cJSON_CreateObject());
        xr_item_text(entry, "id", xr_finding_kind(finding->code)->id);
        xr_item_text(entry, "status", xr_status_name(finding->status));
        xr_item_text(entry, "message", finding->message);
    }
}

static void put_details(cJSON *object, const struct xr_detail *detail)
{
    cJSON *array = xr_item_array(object, "details");

    for (; detail; detail = detail->next) {
        cJSON *entry = xr_item_append(array, cJSON_CreateObject());
        xr_item_text(entry, "name", detail->name);
        xr_item_text(entry, "value", detail->value ? detail->value : "");
    }
}

static void put_headers(cJSON *object, const char *name, const struct xr_header *header)
{
    cJSON *array = xr_item_array(object, name);

    for (; header; header = header->next) {
        cJSON *pair = xr_item_append(array, cJSON_CreateArray());
        (void)xr_item_append(pair, cJSON_CreateString(header->name));
        (void)xr_item_append(pair, cJSON_CreateString(header->value ? header->value : ""));
    }
}

static void put_timings(cJSON *object, const struct xr_timings *timings)
{
    cJSON *entry = xr_item_object(object, "timings");

    xr_item_ms(entry, "dns_ms", timings->dns_us);
    xr_item_ms(entry, "connect_ms", timings->connect_us);
    xr_item_ms(entry, "tls_ms", timings->tls_us);
    xr_item_ms(entry, "wait_ms", timings->wait_us);
    xr_item_ms(entry, "receive_ms", timings->receive_us);
}

static void put_decisive(cJSON *object, const struct xr_decisive *decisive)
{
    if (!decisive)
        return;
    cJSON *array = xr_item_array(object, "decisive");
    for (; decisive; decisive = decisive->next)
        (void)xr_item_append(array, cJSON_CreateString(decisive->text));
}

static void put_exchanges(cJSON *object, const struct xr_exchange *exchange)
{
    if (!exchange)
        return;
    cJSON *array = xr_item_array(object, "exchanges");
    for (; exchange; exchange = exchange->next) {
        cJSON *entry = xr_item_append(array, cJSON_CreateObject());
        xr_item_text(entry, "method", exchange->method);
        xr_item_text(entry, "url", exchange->url);
        xr_item_number(entry, "status", exchange->status ? exchange->status : -1);
        put_headers(entry, "request_headers", exchange->request_headers);
        put_headers(entry, "response_headers", exchange->response_headers);
        xr_item_text(entry, "request_body", exchange->request_body);
        xr_item_text(entry, "response_body", exchange->response_body);
        put_timings(entry, &exchange->timings);
        put_decisive(entry, exchange->decisive);
    }
}

/* A step that never ran has no start of its own: it stands where the one before it ended. */
static void put_steps(
    cJSON *object, const struct xr_step *step, const struct xr_run *run, int64_t from_us)
{
    cJSON *array = xr_item_array(object, "steps");

    for (; step; step = step->next) {
        cJSON *entry = xr_item_append(array, cJSON_CreateObject());
        int64_t started_us =
            step->started_us >= run->started_us ? step->started_us - run->started_us : from_us;
        xr_item_text(entry, "id", step->id);
        xr_item_text(entry, "title", step->title);
        xr_item_text(entry, "status", xr_status_name(step->status));
        xr_item_text(entry, "message", step->message);
        xr_item_ms(entry, "started_ms", started_us);
        xr_item_ms(entry, "elapsed_ms", step->elapsed_us > 0 ? step->elapsed_us : 0);
        if (step->blocked_by)
            xr_item_text(entry, "blocked_by", step->blocked_by);
        put_findings(entry, step->findings);
        put_details(entry, step->details);
        put_exchanges(entry, step->exchanges);
        put_steps(entry, step->first, run, started_us);
        from_us = started_us + (step->elapsed_us > 0 ? step->elapsed_us : 0);
    }
}

static cJSON *make(const struct xr_run *run)
{
    cJSON *report = cJSON_CreateObject();

    if (!report)
        abort();
    xr_item_text(report, "schema", "exray.report/1");
    cJSON *tool = xr_item_object(report, "tool");
    xr_item_text(tool, "name", "exray");
    xr_item_text(tool, "version", run->tool_version);
    xr_item_text(report, "test", run->test);
    put_target(report, run);
    put_origin(report, &run->origin);
    xr_item_time(report, "started", run->arena, run->started_wall_ms, true);
    xr_item_ms(report, "elapsed_ms", run->elapsed_us);
    put_verdict(report, &run->verdict);
    put_summary(report, run->summary);
    put_sent(report, run->sent);
    xr_json_facts(report, run->arena, &run->facts);
    put_steps(report, run->root->first, run, 0);
    return report;
}

const char *xr_json_text(const struct xr_run *run)
{
    cJSON *report = make(run);
    char *printed = cJSON_Print(report);

    if (!printed)
        abort();
    const char *text = xr_json_laid_out(run->arena, printed);
    cJSON_free(printed);
    cJSON_Delete(report);
    return text;
}

static void write_json(FILE *out, const struct xr_run *run, const struct xr_style *style)
{
    (void)style;
    (void)fputs(xr_json_text(run), out);
}

const struct xr_report xr_report_json = {
    .name = "json",
    .about = "all that was learned, for programs (exray.report/1)",
    .media_type = "application/json",
    .write = write_json,
};
