#include "reports/json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/clock.h"
#include "reports/json_layout.h"
#include "reports/subject.h"

/* What cJSON could not allocate must not be missing from a report in silence. */
static cJSON *must(cJSON *item)
{
    if (!item)
        abort();
    return item;
}

static cJSON *add(cJSON *object, const char *name, cJSON *item)
{
    if (!cJSON_AddItemToObject(object, name, must(item)))
        abort();
    return item;
}

static void put_text(cJSON *object, const char *name, const char *text)
{
    (void)add(object, name, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void put_bool(cJSON *object, const char *name, bool value)
{
    (void)add(object, name, cJSON_CreateBool(value));
}

/* Negative means unknown, for counts, positions and durations alike. */
static void put_number(cJSON *object, const char *name, int64_t value)
{
    (void)add(object, name, value < 0 ? cJSON_CreateNull() : cJSON_CreateNumber((double)value));
}

static void put_ms(cJSON *object, const char *name, int64_t us)
{
    put_number(object, name, us < 0 ? -1 : us / 1000);
}

static cJSON *put_object(cJSON *object, const char *name)
{
    return add(object, name, cJSON_CreateObject());
}

static cJSON *put_array(cJSON *object, const char *name)
{
    return add(object, name, cJSON_CreateArray());
}

static cJSON *append(cJSON *array, cJSON *item)
{
    if (!cJSON_AddItemToArray(array, must(item)))
        abort();
    return item;
}

static void put_texts(cJSON *object, const char *name, const char *const *texts)
{
    cJSON *array = put_array(object, name);

    for (; *texts; texts++)
        (void)append(array, cJSON_CreateString(*texts));
}

static void put_time(
    cJSON *object, const char *name, struct xr_arena *arena, int64_t wall_ms, bool known)
{
    put_text(object, name, known ? xr_rfc3339(arena, wall_ms) : NULL);
}

/* Other tests than those of an access open no folder, whatever the form's default says. */
static void put_access(cJSON *object, const struct xr_run *run)
{
    const struct xr_target *target = run->target;
    bool none = !xr_is_of_access(run);

    put_text(object, "folder", none ? NULL : target->folder ? target->folder : target->folder_id);
    if (none || !target->impersonation) {
        put_text(object, "impersonate", NULL);
        return;
    }
    cJSON *impersonate = put_object(object, "impersonate");
    put_text(impersonate, "by", xr_identify_by_name(target->identify_by));
    put_text(impersonate, "id", target->impersonate ? target->impersonate : target->mailbox);
}

static void put_target(cJSON *report, const struct xr_run *run)
{
    const struct xr_target *target = run->target;
    cJSON *object = put_object(report, "target");

    put_text(object, "mailbox", target->mailbox);
    put_text(object, "account", target->account);
    put_text(object, "host", target->host);
    put_text(object, "chain_file", target->chain_file);
    put_time(object, "at", run->arena, target->at_ms, target->at_ms != 0);
    put_text(object, "ews_url", target->ews_url);
    put_access(object, run);
    put_bool(object, "ignore_trust", target->ignore_trust);
}

static void put_origin(cJSON *report, const struct xr_origin *origin)
{
    cJSON *object = put_object(report, "origin");

    put_text(object, "host", origin->host);
    put_texts(object, "addresses", origin->addresses);
    put_text(object, "proxy", origin->proxy);
}

static void put_remedy(cJSON *verdict, const struct xr_advice *advice)
{
    cJSON *array = put_array(verdict, "remedy");

    for (; advice->text; advice++) {
        cJSON *line = append(array, cJSON_CreateObject());
        put_text(line, "text", advice->text);
        put_text(line, "command", advice->command);
        put_text(line, "shell", advice->shell);
        put_text(line, "expect", advice->expect);
    }
}

static void put_verdict(cJSON *report, const struct xr_verdict *verdict)
{
    cJSON *object = put_object(report, "verdict");

    put_text(object, "status", xr_status_name(verdict->status));
    put_text(object, "finding", verdict->finding);
    put_text(object, "step", verdict->step);
    put_text(object, "title", verdict->title);
    put_text(object, "meaning", verdict->meaning);
    put_text(object, "cause", verdict->cause);
    put_text(object, "owner", verdict->owner);
    put_remedy(object, verdict->remedy);
    put_texts(object, "ruled_out", verdict->ruled_out);
    put_text(object, "reference", verdict->reference);
}

static void put_summary(cJSON *report, const int summary[XR_STATUS_COUNT])
{
    cJSON *object = put_object(report, "summary");

    put_number(object, "success", summary[XR_SUCCESS]);
    put_number(object, "warning", summary[XR_WARNING]);
    put_number(object, "error", summary[XR_ERROR]);
    put_number(object, "skipped", summary[XR_SKIPPED]);
}

static void put_sent(cJSON *report, const struct xr_sent *sent)
{
    cJSON *array = put_array(report, "sent");

    for (; sent; sent = sent->next) {
        cJSON *object = append(array, cJSON_CreateObject());
        put_text(object, "to", sent->to);
        put_text(object, "what", sent->what);
        put_text(object, "credentials", sent->credentials);
        put_text(object, "protected_by", sent->protected_by);
    }
}

static void put_revocation(cJSON *object, const struct xr_fact_certificate *certificate)
{
    put_bool(object, "must_staple", certificate->must_staple);
    put_text(object, "ocsp_url", certificate->ocsp_url);
    put_text(object, "crl_url", certificate->crl_url);
    put_text(object, "revocation", certificate->revocation);
    put_text(object, "revocation_source", certificate->revocation_source);
}

static void put_certificates(
    cJSON *facts, struct xr_arena *arena, const struct xr_fact_certificate *certificate)
{
    cJSON *array = put_array(facts, "certificates");

    for (; certificate; certificate = certificate->next) {
        cJSON *object = append(array, cJSON_CreateObject());
        bool known = !certificate->missing || certificate->fetched;
        put_text(object, "role", certificate->role);
        put_text(object, "subject", certificate->subject);
        put_text(object, "issuer", certificate->issuer);
        put_time(object, "not_before", arena, certificate->not_before_ms, known);
        put_time(object, "not_after", arena, certificate->not_after_ms, known);
        put_bool(object, "sent", certificate->sent);
        put_bool(object, "trusted", certificate->trusted);
        put_bool(object, "used", certificate->used);
        put_bool(object, "missing", certificate->missing);
        put_bool(object, "fetched", certificate->fetched);
        put_number(object, "position", certificate->position);
        put_text(object, "serial", certificate->serial);
        put_text(object, "sha256", certificate->sha256);
        put_text(object, "key", certificate->key);
        put_text(object, "signature", certificate->signature);
        put_text(object, "names", certificate->names);
        put_text(object, "purposes", certificate->purposes);
        put_text(object, "issuer_url", certificate->issuer_url);
        put_revocation(object, certificate);
    }
}

static void put_addresses(cJSON *facts, const struct xr_fact_address *address)
{
    cJSON *array = put_array(facts, "addresses");

    for (; address; address = address->next) {
        cJSON *object = append(array, cJSON_CreateObject());
        put_text(object, "address", address->address);
        put_text(object, "status", xr_status_name(address->status));
        put_ms(object, "connect_ms", address->connect_us);
        put_ms(object, "handshake_ms", address->handshake_us);
        put_text(object, "message", address->message);
        put_text(object, "protocol", address->protocol);
        put_text(object, "leaf_sha256", address->leaf_sha256);
        put_text(object, "verdict", address->verdict);
        put_bool(object, "may_carry_credentials", address->may_carry_credentials);
    }
}

static void put_tls(cJSON *facts_object, const struct xr_facts *facts)
{
    if (!facts->tls_protocol) {
        put_text(facts_object, "tls", NULL);
        return;
    }
    cJSON *object = put_object(facts_object, "tls");
    put_text(object, "protocol", facts->tls_protocol);
    put_text(object, "cipher", facts->tls_cipher);
    put_text(object, "group", facts->tls_group);
    put_text(object, "alpn", facts->tls_alpn);
}

static void put_offers(cJSON *facts, const struct xr_fact_offer *offer)
{
    cJSON *array = put_array(facts, "offers");

    for (; offer; offer = offer->next) {
        cJSON *object = append(array, cJSON_CreateObject());
        put_text(object, "question", offer->question);
        put_text(object, "answer", offer->answer);
        put_text(object, "detail", offer->detail);
        put_text(object, "status", xr_status_name(offer->status));
    }
}

static void put_discovery(cJSON *facts, const struct xr_fact_discovery *discovery)
{
    cJSON *array = put_array(facts, "discovery");

    for (; discovery; discovery = discovery->next) {
        cJSON *object = append(array, cJSON_CreateObject());
        put_text(object, "method", discovery->method);
        put_text(object, "url", discovery->url);
        put_text(object, "status", xr_status_name(discovery->status));
        put_text(object, "outcome", discovery->outcome);
        put_text(object, "led_to", discovery->led_to);
        put_bool(object, "won", discovery->won);
    }
}

static void put_answers(cJSON *facts, const struct xr_fact_settings *answer)
{
    cJSON *array = put_array(facts, "autodiscover_answers");

    for (; answer; answer = answer->next) {
        cJSON *object = append(array, cJSON_CreateObject());
        put_text(object, "step", answer->step);
        put_text(object, "protocol", answer->protocol);
        put_text(object, "address", answer->address);
        put_text(object, "external_ews_url", answer->external_ews);
        put_text(object, "internal_ews_url", answer->internal_ews);
        put_text(object, "exhttp_ews_url", answer->exhttp_ews);
        put_text(object, "interop_ews_url", answer->interop_ews);
        put_text(object, "external_owa_url", answer->external_owa);
        put_text(object, "internal_owa_url", answer->internal_owa);
        put_text(object, "smtp_address", answer->smtp_address);
        put_text(object, "server_version", answer->server_version);
        put_text(object, "online", answer->online);
        put_bool(object, "used", answer->used);
    }
}

static void put_cloud(cJSON *facts_object, const struct xr_fact_cloud *cloud)
{
    if (!cloud->name) {
        put_text(facts_object, "cloud", NULL);
        return;
    }
    cJSON *object = put_object(facts_object, "cloud");
    put_text(object, "name", cloud->name);
    put_text(object, "ews_url", cloud->ews_url);
    put_text(object, "because", cloud->because);
}

static void put_home(cJSON *facts_object, const struct xr_facts *facts)
{
    if (!facts->mailbox_home) {
        put_text(facts_object, "mailbox_home", NULL);
        return;
    }
    cJSON *object = put_object(facts_object, "mailbox_home");
    put_text(object, "where", facts->mailbox_home);
    put_text(object, "because", facts->mailbox_home_because);
}

static void put_facts(cJSON *report, struct xr_arena *arena, const struct xr_facts *facts)
{
    cJSON *object = put_object(report, "facts");

    put_text(object, "ews_url", facts->ews_url);
    put_text(object, "ews_url_from", facts->ews_url_from);
    put_bool(object, "ews_url_is_internal", facts->ews_url_is_internal);
    cJSON *server = put_object(object, "server");
    put_text(server, "version", facts->server_version);
    put_text(server, "product", facts->server_product);
    put_text(server, "name", facts->server_name);
    put_text(object, "primary_smtp_address", facts->primary_smtp_address);
    put_text(object, "autodiscover_smtp_address", facts->autodiscover_smtp_address);
    put_text(object, "display_name", facts->display_name);
    put_text(object, "folder_name", facts->folder_name);
    put_number(object, "total_count", facts->total_count);
    put_number(object, "unread_count", facts->unread_count);
    put_text(object, "auth_scheme", facts->auth_scheme);
    put_time(object, "certificate_expires", arena, facts->certificate_expires_ms,
        facts->certificate_expires_ms != 0);
    put_text(object, "request_id", facts->request_id);
    put_certificates(object, arena, facts->certificates);
    put_addresses(object, facts->addresses);
    put_tls(object, facts);
    put_offers(object, facts->offers);
    put_discovery(object, facts->discovery);
    put_answers(object, facts->settings);
    put_cloud(object, &facts->cloud);
    put_home(object, facts);
}

static void put_findings(cJSON *object, const struct xr_finding *finding)
{
    cJSON *array = put_array(object, "findings");

    for (; finding; finding = finding->next) {
        cJSON *entry = append(array, cJSON_CreateObject());
        put_text(entry, "id", xr_finding_kind(finding->code)->id);
        put_text(entry, "status", xr_status_name(finding->status));
        put_text(entry, "message", finding->message);
    }
}

static void put_details(cJSON *object, const struct xr_detail *detail)
{
    cJSON *array = put_array(object, "details");

    for (; detail; detail = detail->next) {
        cJSON *entry = append(array, cJSON_CreateObject());
        put_text(entry, "name", detail->name);
        put_text(entry, "value", detail->value ? detail->value : "");
    }
}

static void put_headers(cJSON *object, const char *name, const struct xr_header *header)
{
    cJSON *array = put_array(object, name);

    for (; header; header = header->next) {
        cJSON *pair = append(array, cJSON_CreateArray());
        (void)append(pair, cJSON_CreateString(header->name));
        (void)append(pair, cJSON_CreateString(header->value ? header->value : ""));
    }
}

static void put_timings(cJSON *object, const struct xr_timings *timings)
{
    cJSON *entry = put_object(object, "timings");

    put_ms(entry, "dns_ms", timings->dns_us);
    put_ms(entry, "connect_ms", timings->connect_us);
    put_ms(entry, "tls_ms", timings->tls_us);
    put_ms(entry, "wait_ms", timings->wait_us);
    put_ms(entry, "receive_ms", timings->receive_us);
}

static void put_decisive(cJSON *object, const struct xr_decisive *decisive)
{
    if (!decisive)
        return;
    cJSON *array = put_array(object, "decisive");
    for (; decisive; decisive = decisive->next)
        (void)append(array, cJSON_CreateString(decisive->text));
}

static void put_exchanges(cJSON *object, const struct xr_exchange *exchange)
{
    if (!exchange)
        return;
    cJSON *array = put_array(object, "exchanges");
    for (; exchange; exchange = exchange->next) {
        cJSON *entry = append(array, cJSON_CreateObject());
        put_text(entry, "method", exchange->method);
        put_text(entry, "url", exchange->url);
        put_number(entry, "status", exchange->status ? exchange->status : -1);
        put_headers(entry, "request_headers", exchange->request_headers);
        put_headers(entry, "response_headers", exchange->response_headers);
        put_text(entry, "request_body", exchange->request_body);
        put_text(entry, "response_body", exchange->response_body);
        put_timings(entry, &exchange->timings);
        put_decisive(entry, exchange->decisive);
    }
}

/* A step that never ran has no start of its own: it stands where the one before it ended. */
static void put_steps(
    cJSON *object, const struct xr_step *step, const struct xr_run *run, int64_t from_us)
{
    cJSON *array = put_array(object, "steps");

    for (; step; step = step->next) {
        cJSON *entry = append(array, cJSON_CreateObject());
        int64_t started_us =
            step->started_us >= run->started_us ? step->started_us - run->started_us : from_us;
        put_text(entry, "id", step->id);
        put_text(entry, "title", step->title);
        put_text(entry, "status", xr_status_name(step->status));
        put_text(entry, "message", step->message);
        put_ms(entry, "started_ms", started_us);
        put_ms(entry, "elapsed_ms", step->elapsed_us > 0 ? step->elapsed_us : 0);
        if (step->blocked_by)
            put_text(entry, "blocked_by", step->blocked_by);
        put_findings(entry, step->findings);
        put_details(entry, step->details);
        put_exchanges(entry, step->exchanges);
        put_steps(entry, step->first, run, started_us);
        from_us = started_us + (step->elapsed_us > 0 ? step->elapsed_us : 0);
    }
}

static cJSON *make(const struct xr_run *run)
{
    cJSON *report = must(cJSON_CreateObject());

    put_text(report, "schema", "exray.report/1");
    cJSON *tool = put_object(report, "tool");
    put_text(tool, "name", "exray");
    put_text(tool, "version", run->tool_version);
    put_text(report, "test", run->test);
    put_target(report, run);
    put_origin(report, &run->origin);
    put_time(report, "started", run->arena, run->started_wall_ms, true);
    put_ms(report, "elapsed_ms", run->elapsed_us);
    put_verdict(report, &run->verdict);
    put_summary(report, run->summary);
    put_sent(report, run->sent);
    put_facts(report, run->arena, &run->facts);
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
