#include "analyzer/base/text.h"
#include "probes/autodiscover_parts.h"

struct xr_fact_settings *xr_note_said(struct xr_discovery *discovery, const struct xr_step *step,
    const char *protocol, const struct xr_said *said)
{
    struct xr_facts *facts = &discovery->ctx->run->facts;
    struct xr_fact_settings *fact = xr_new(discovery->ctx->arena, struct xr_fact_settings);

    *fact = (struct xr_fact_settings){
        .step = step->id,
        .protocol = protocol,
        .address = discovery->address,
        .external_ews = said->external_ews,
        .internal_ews = said->internal_ews,
        .exhttp_ews = said->exhttp_ews,
        .interop_ews = said->interop_ews,
        .external_owa = said->external_owa,
        .internal_owa = said->internal_owa,
        .smtp_address = said->smtp_address,
        .server_version = said->server_version,
        .online = said->online,
    };
    if (facts->last_settings)
        facts->last_settings->next = fact;
    else
        facts->settings = fact;
    facts->last_settings = fact;
    return fact;
}

void xr_note_method(struct xr_discovery *discovery, const struct xr_method *method)
{
    struct xr_run *run = discovery->ctx->run;
    struct xr_facts *facts = &run->facts;
    struct xr_fact_discovery *fact = xr_new(discovery->ctx->arena, struct xr_fact_discovery);

    *fact = (struct xr_fact_discovery){
        .method = xr_way_name(method->way),
        .url = method->step->title,
        .status = method->step->status,
        .outcome = method->step->message ? method->step->message : "",
        .led_to = method->led_to,
        .won = discovery->winner == method,
    };
    if (facts->last_discovery)
        facts->last_discovery->next = fact;
    else
        facts->discovery = fact;
    facts->last_discovery = fact;
    xr_run_add_sent(run, method->sent);
    for (size_t i = 0; i < method->legs_n; i++)
        xr_run_add_sent(run, method->legs[i]->sent);
}

static bool is_online(const struct xr_discovery *discovery, const char **ret_name)
{
    const struct xr_cloud *cloud = xr_cloud_of_host(discovery->ctx->ews.host);

    *ret_name = cloud ? cloud->name : discovery->cloud ? discovery->cloud->name : "Microsoft 365";
    return cloud || xr_same(discovery->said.online, "True");
}

/* Nobody answers there without being allowed to, but the redirection itself was behind a logon. */
static void note_redirected_home(struct xr_discovery *discovery)
{
    struct xr_facts *facts = &discovery->ctx->run->facts;
    const struct xr_cloud *cloud = xr_cloud_of_mail_domain(discovery->domain);

    if (!cloud || xr_same(discovery->address, discovery->ctx->target->mailbox))
        return;
    facts->mailbox_home = cloud->name;
    facts->mailbox_home_because = xr_printf(
        discovery->ctx->arena, "Autodiscover redirects to the address %s", discovery->address);
}

/* Where the mailbox lives, and how that is known: in a hybrid organisation the question that
 * matters. */
void xr_note_home(struct xr_discovery *discovery)
{
    struct xr_facts *facts = &discovery->ctx->run->facts;
    struct xr_arena *arena = discovery->ctx->arena;
    const char *name, *host = discovery->ctx->ews.host;
    const char *moved = xr_same(discovery->address, discovery->ctx->target->mailbox)
                            ? ""
                            : xr_printf(arena, ", after a redirection to %s", discovery->address);

    if (!discovery->winner) {
        note_redirected_home(discovery);
        return;
    }
    if (is_online(discovery, &name)) {
        facts->mailbox_home = name;
        facts->mailbox_home_because =
            xr_cloud_of_host(host)
                ? xr_printf(arena, "the EWS URL leads to %s%s", host, moved)
                : xr_printf(arena, "Autodiscover says that the mailbox is in the cloud%s", moved);
        return;
    }
    facts->mailbox_home = "on premises";
    facts->mailbox_home_because =
        discovery->cloud
            ? xr_printf(
                  arena, "the EWS URL leads to %s, though %s%s", host, facts->cloud.because, moved)
            : xr_printf(arena, "the EWS URL leads to %s, which is no host of Microsoft 365%s", host,
                  moved);
}

static const char *or_none(const char *text)
{
    return text ? text : "none";
}

const char *xr_disagreement(
    struct xr_arena *arena, const struct xr_said *pox, const struct xr_said *soap)
{
    const struct {
        const char *what, *pox, *soap;
        bool if_both; /* one protocol may lack it */
    } rows[] = {
        { "the EWS URL", pox->ews_url, soap->ews_url, false },
        { "the internal EWS URL", pox->internal_ews, soap->internal_ews, true },
        { "the primary address", pox->smtp_address, soap->smtp_address, true },
    };
    const char *text = NULL;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (xr_same(rows[i].pox, rows[i].soap) ||
            (rows[i].if_both && !(rows[i].pox && rows[i].soap)))
            continue;
        text = xr_printf(arena, "%s%s%s is %s by POX and %s by SOAP", text ? text : "",
            text ? "; " : "", rows[i].what, or_none(rows[i].pox), or_none(rows[i].soap));
    }
    return text;
}
