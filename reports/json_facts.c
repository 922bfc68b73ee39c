#include "reports/json_items.h"

static void put_revocation(cJSON *object, const struct xr_fact_certificate *certificate)
{
    xr_item_bool(object, "must_staple", certificate->must_staple);
    xr_item_text(object, "ocsp_url", certificate->ocsp_url);
    xr_item_text(object, "crl_url", certificate->crl_url);
    xr_item_text(object, "revocation", certificate->revocation);
    xr_item_text(object, "revocation_source", certificate->revocation_source);
}

static void put_certificates(
    cJSON *facts, struct xr_arena *arena, const struct xr_fact_certificate *certificate)
{
    cJSON *array = xr_item_array(facts, "certificates");

    for (; certificate; certificate = certificate->next) {
        cJSON *object = xr_item_append(array, cJSON_CreateObject());
        bool known = !certificate->missing || certificate->fetched;
        xr_item_text(object, "role", certificate->role);
        xr_item_text(object, "subject", certificate->subject);
        xr_item_text(object, "issuer", certificate->issuer);
        xr_item_time(object, "not_before", arena, certificate->not_before_ms, known);
        xr_item_time(object, "not_after", arena, certificate->not_after_ms, known);
        xr_item_bool(object, "sent", certificate->sent);
        xr_item_bool(object, "trusted", certificate->trusted);
        xr_item_bool(object, "used", certificate->used);
        xr_item_bool(object, "missing", certificate->missing);
        xr_item_bool(object, "fetched", certificate->fetched);
        xr_item_number(object, "position", certificate->position);
        xr_item_text(object, "serial", certificate->serial);
        xr_item_text(object, "sha256", certificate->sha256);
        xr_item_text(object, "key", certificate->key);
        xr_item_text(object, "signature", certificate->signature);
        xr_item_text(object, "names", certificate->names);
        xr_item_text(object, "purposes", certificate->purposes);
        xr_item_text(object, "issuer_url", certificate->issuer_url);
        put_revocation(object, certificate);
    }
}

static void put_addresses(cJSON *facts, const struct xr_fact_address *address)
{
    cJSON *array = xr_item_array(facts, "addresses");

    for (; address; address = address->next) {
        cJSON *object = xr_item_append(array, cJSON_CreateObject());
        xr_item_text(object, "address", address->address);
        xr_item_text(object, "status", xr_status_name(address->status));
        xr_item_ms(object, "connect_ms", address->connect_us);
        xr_item_ms(object, "handshake_ms", address->handshake_us);
        xr_item_text(object, "message", address->message);
        xr_item_text(object, "protocol", address->protocol);
        xr_item_text(object, "leaf_sha256", address->leaf_sha256);
        xr_item_text(object, "verdict", address->verdict);
        xr_item_bool(object, "may_carry_credentials", address->may_carry_credentials);
    }
}

static void put_tls(cJSON *facts_object, const struct xr_facts *facts)
{
    if (!facts->tls_protocol) {
        xr_item_text(facts_object, "tls", NULL);
        return;
    }
    cJSON *object = xr_item_object(facts_object, "tls");
    xr_item_text(object, "protocol", facts->tls_protocol);
    xr_item_text(object, "cipher", facts->tls_cipher);
    xr_item_text(object, "group", facts->tls_group);
    xr_item_text(object, "alpn", facts->tls_alpn);
}

static void put_offers(cJSON *facts, const struct xr_fact_offer *offer)
{
    cJSON *array = xr_item_array(facts, "offers");

    for (; offer; offer = offer->next) {
        cJSON *object = xr_item_append(array, cJSON_CreateObject());
        xr_item_text(object, "question", offer->question);
        xr_item_text(object, "answer", offer->answer);
        xr_item_text(object, "detail", offer->detail);
        xr_item_text(object, "status", xr_status_name(offer->status));
    }
}

static void put_discovery(cJSON *facts, const struct xr_fact_discovery *discovery)
{
    cJSON *array = xr_item_array(facts, "discovery");

    for (; discovery; discovery = discovery->next) {
        cJSON *object = xr_item_append(array, cJSON_CreateObject());
        xr_item_text(object, "method", discovery->method);
        xr_item_text(object, "url", discovery->url);
        xr_item_text(object, "status", xr_status_name(discovery->status));
        xr_item_text(object, "outcome", discovery->outcome);
        xr_item_text(object, "led_to", discovery->led_to);
        xr_item_bool(object, "won", discovery->won);
    }
}

static void put_answers(cJSON *facts, const struct xr_fact_settings *answer)
{
    cJSON *array = xr_item_array(facts, "autodiscover_answers");

    for (; answer; answer = answer->next) {
        cJSON *object = xr_item_append(array, cJSON_CreateObject());
        xr_item_text(object, "step", answer->step);
        xr_item_text(object, "protocol", answer->protocol);
        xr_item_text(object, "address", answer->address);
        xr_item_text(object, "external_ews_url", answer->external_ews);
        xr_item_text(object, "internal_ews_url", answer->internal_ews);
        xr_item_text(object, "exhttp_ews_url", answer->exhttp_ews);
        xr_item_text(object, "interop_ews_url", answer->interop_ews);
        xr_item_text(object, "external_owa_url", answer->external_owa);
        xr_item_text(object, "internal_owa_url", answer->internal_owa);
        xr_item_text(object, "smtp_address", answer->smtp_address);
        xr_item_text(object, "server_version", answer->server_version);
        xr_item_text(object, "online", answer->online);
        xr_item_bool(object, "used", answer->used);
    }
}

static void put_cloud(cJSON *facts_object, const struct xr_fact_cloud *cloud)
{
    if (!cloud->name) {
        xr_item_text(facts_object, "cloud", NULL);
        return;
    }
    cJSON *object = xr_item_object(facts_object, "cloud");
    xr_item_text(object, "name", cloud->name);
    xr_item_text(object, "ews_url", cloud->ews_url);
    xr_item_text(object, "because", cloud->because);
}

static void put_home(cJSON *facts_object, const struct xr_facts *facts)
{
    if (!facts->mailbox_home) {
        xr_item_text(facts_object, "mailbox_home", NULL);
        return;
    }
    cJSON *object = xr_item_object(facts_object, "mailbox_home");
    xr_item_text(object, "where", facts->mailbox_home);
    xr_item_text(object, "because", facts->mailbox_home_because);
}

static void put_server(cJSON *facts_object, const struct xr_facts *facts)
{
    cJSON *server = xr_item_object(facts_object, "server");

    xr_item_text(server, "version", facts->server_version);
    xr_item_text(server, "product", facts->server_product);
    xr_item_text(server, "support_end", facts->server_support_end);
    xr_item_text(server, "name", facts->server_name);
    xr_item_text(server, "backend", facts->backend_name);
    xr_item_text(server, "backend_target", facts->backend_target);
    xr_item_text(server, "backend_status", facts->backend_status);
    xr_item_text(server, "diagnostic", facts->diagnostic_name);
}

void xr_json_facts(cJSON *report, struct xr_arena *arena, const struct xr_facts *facts)
{
    cJSON *object = xr_item_object(report, "facts");

    xr_item_text(object, "ews_url", facts->ews_url);
    xr_item_text(object, "ews_url_from", facts->ews_url_from);
    xr_item_bool(object, "ews_url_is_internal", facts->ews_url_is_internal);
    put_server(object, facts);
    xr_item_text(object, "primary_smtp_address", facts->primary_smtp_address);
    xr_item_text(object, "autodiscover_smtp_address", facts->autodiscover_smtp_address);
    xr_item_text(object, "display_name", facts->display_name);
    xr_item_text(object, "folder_name", facts->folder_name);
    xr_item_number(object, "total_count", facts->total_count);
    xr_item_number(object, "unread_count", facts->unread_count);
    xr_item_text(object, "auth_scheme", facts->auth_scheme);
    xr_item_time(object, "certificate_expires", arena, facts->certificate_expires_ms,
        facts->certificate_expires_ms != 0);
    xr_item_text(object, "request_id", facts->request_id);
    put_certificates(object, arena, facts->certificates);
    put_addresses(object, facts->addresses);
    put_tls(object, facts);
    put_offers(object, facts->offers);
    put_discovery(object, facts->discovery);
    put_answers(object, facts->settings);
    put_cloud(object, &facts->cloud);
    put_home(object, facts);
}
