#include "tests/reports/sample_discovery.h"

#include <string.h>

#include "analyzer/model/verdict.h"

#define OWA "https://mail.contoso.example/owa/"

static struct sample begin(struct xr_arena *arena, bool hostile, bool with_account)
{
    struct sample sample = sample_begin(arena, hostile);
    struct xr_target *target = xr_new(arena, struct xr_target);

    *target = *sample.run->target;
    target->impersonation = false;
    target->impersonate = NULL;
    target->both_protocols = true;
    if (!with_account)
        target->account = NULL;
    sample.run->target = target;
    sample.run->test = "autodiscover";
    sample.run->test_title = "Autodiscover";
    sample.run->facts.total_count = sample.run->facts.unread_count = -1;
    (void)sample_passed(
        &sample, sample.run->root, "input", "Input", 0, 1, "The address is well formed.");
    return sample;
}

static struct xr_step *begin_search(struct sample *sample)
{
    struct xr_step *step =
        sample_step(sample, sample->run->root, "autodiscover", "Autodiscover", 2, 640);

    (void)xr_skipped(
        xr_step_add(sample->arena, step, "autodiscover.scp", "Service connection point"), NULL,
        "It does not apply: only a machine of the domain can ask the directory.");
    return step;
}

static const char *told(struct sample *sample, const char *text)
{
    return text ? sample_said(sample, text) : NULL;
}

static void add_answer(struct sample *sample, struct xr_fact_settings answer)
{
    struct xr_facts *facts = &sample->run->facts;
    struct xr_fact_settings *made = xr_new(sample->arena, struct xr_fact_settings);

    *made = answer;
    made->address = told(sample, answer.address);
    made->external_ews = told(sample, answer.external_ews);
    made->internal_ews = told(sample, answer.internal_ews);
    made->exhttp_ews = told(sample, answer.exhttp_ews);
    made->interop_ews = told(sample, answer.interop_ews);
    made->external_owa = told(sample, answer.external_owa);
    made->internal_owa = told(sample, answer.internal_owa);
    made->smtp_address = told(sample, answer.smtp_address);
    made->server_version = told(sample, answer.server_version);
    made->online = told(sample, answer.online);
    if (facts->last_settings)
        facts->last_settings->next = made;
    else
        facts->settings = made;
    facts->last_settings = made;
}

/* A way that nobody went to its end: its step and its line in the facts. */
static void add_unused(struct sample *sample, struct xr_step *parent, const char *method,
    const char *url, const char *reason)
{
    struct xr_step *step = xr_step_add(sample->arena, parent,
        xr_printf(sample->arena, "%s.%s", parent->id, method), sample_said(sample, url));

    (void)xr_skipped(step, NULL, "%s", sample_said(sample, reason));
    sample_way(
        sample, (struct xr_fact_discovery){ .method = method, .url = url, .outcome = reason });
}

static struct xr_step *add_legs(struct sample *sample, struct xr_step *way, const char *address)
{
    static const char *const legs[][2] = { { "dns", "Resolve the name" }, { "tcp", "Connect" },
        { "tls", "Agree on TLS" } };
    int at = 3;

    for (size_t i = 0; i < 3; i++, at += 30)
        (void)sample_passed(sample, way, xr_printf(sample->arena, "%s.%s", way->id, legs[i][0]),
            legs[i][1], at, 28, address);
    return sample_step(
        sample, way, xr_printf(sample->arena, "%s.request", way->id), "Ask for settings", at, 300);
}

static void add_host(
    struct sample *sample, struct xr_step *parent, const char *url, const char *led_to)
{
    struct xr_step *host = sample_step(sample, parent,
        xr_printf(sample->arena, "%s.host", parent->id), sample_said(sample, url), 2, 600);

    (void)xr_success(add_legs(sample, host, "198.51.100.24"), "Answered with settings.");
    (void)sample_passed(sample, host, xr_printf(sample->arena, "%s.soap", host->id),
        "Ask for settings, by SOAP", 400, 200, "Answered with settings.");
    (void)xr_success(host, "%s", sample_said(sample, "It answered with the EWS URL."));
    sample_way(sample, (struct xr_fact_discovery){ .method = "host",
                           .url = url,
                           .status = XR_SUCCESS,
                           .outcome = "It answered with the EWS URL.",
                           .led_to = led_to,
                           .won = led_to != NULL });
}

static struct xr_run *judged(struct sample *sample, int elapsed_ms)
{
    sample->run->elapsed_us = elapsed_ms * 1000;
    xr_verdict(sample->run);
    return sample->run;
}

static void add_hints_not_needed(struct sample *sample, struct xr_step *parent)
{
    static const char reason[] = "Not needed: autodiscover.host has answered.";

    add_unused(sample, parent, "v2", "https://autodiscover.contoso.example", reason);
    add_unused(sample, parent, "microsoft-365", "Records of contoso.example", reason);
}

struct xr_run *sample_discovery_found(struct xr_arena *arena)
{
    struct sample sample = begin(arena, false, true);
    struct xr_step *step = begin_search(&sample);
    struct xr_facts *facts = &sample.run->facts;
    static const char cancelled[] = "Cancelled: autodiscover.host has answered.";
    struct xr_fact_settings answer = { .step = "autodiscover.host.request",
        .protocol = "POX",
        .address = SAMPLE_MAILBOX,
        .external_ews = SAMPLE_EWS_URL,
        .internal_ews = "https://ex01.contoso.example/EWS/Exchange.asmx",
        .external_owa = OWA,
        .internal_owa = "https://ex01.contoso.example/owa/",
        .smtp_address = SAMPLE_MAILBOX,
        .server_version = "15.2.1748.43",
        .used = true };

    add_unused(&sample, step, "root", "https://contoso.example", cancelled);
    add_host(&sample, step, "https://autodiscover.contoso.example", SAMPLE_EWS_URL);
    add_unused(&sample, step, "redirect", "http://autodiscover.contoso.example", cancelled);
    add_unused(&sample, step, "srv", "_autodiscover._tcp.contoso.example", cancelled);
    add_hints_not_needed(&sample, step);
    add_answer(&sample, answer);
    answer.protocol = "SOAP";
    answer.step = "autodiscover.host.soap";
    answer.external_owa = answer.internal_owa = NULL;
    answer.used = false;
    add_answer(&sample, answer);
    facts->ews_url = SAMPLE_EWS_URL;
    facts->ews_url_from = "autodiscover.host";
    facts->autodiscover_smtp_address = SAMPLE_MAILBOX;
    facts->auth_scheme = "NTLM";
    facts->mailbox_home = "on premises";
    facts->mailbox_home_because =
        "the EWS URL leads to mail.contoso.example, which is no host of Microsoft 365";
    (void)xr_success(step, "autodiscover.host gave " SAMPLE_EWS_URL ".");
    sample_sent(&sample, "autodiscover.contoso.example (198.51.100.24) port 443",
        "Autodiscover request", "account and password (NTLM response)",
        "TLS 1.2, certificate verified");
    return judged(&sample, 643);
}

static void add_moved_answers(struct sample *sample)
{
    struct xr_fact_settings answer = { .step = "autodiscover.hop-1.host.request",
        .protocol = "POX",
        .address = SAMPLE_MOVED,
        .external_ews = SAMPLE_EWS_URL,
        .internal_ews = "https://ex01.contoso.example/EWS/Exchange.asmx",
        .exhttp_ews = SAMPLE_EWS_URL,
        .external_owa = OWA,
        .smtp_address = SAMPLE_MOVED,
        .server_version = "15.1.154",
        .online = "False",
        .used = true };

    add_answer(sample, answer);
    answer.step = "autodiscover.hop-1.host.soap";
    answer.protocol = "SOAP";
    answer.external_ews = "https://old.contoso.example/EWS/Exchange.asmx";
    answer.internal_ews = answer.exhttp_ews = answer.online = NULL;
    answer.interop_ews = "https://interop.contoso.example/EWS/Exchange.asmx";
    answer.used = false;
    add_answer(sample, answer);
}

static struct xr_run *make_moved(struct xr_arena *arena, bool hostile)
{
    struct sample sample = begin(arena, hostile, true);
    struct xr_step *step = begin_search(&sample);
    struct xr_facts *facts = &sample.run->facts;

    add_host(&sample, step, "https://autodiscover.contoso.example", NULL);
    struct xr_step *hop = sample_step(&sample, step, "autodiscover.hop-1",
        sample_said(&sample, "Again, for " SAMPLE_MOVED), 300, 340);
    struct xr_step *root = sample_step(&sample, hop, "autodiscover.hop-1.root",
        sample_said(&sample, "https://fabrikam.example"), 300, 90);
    (void)xr_error(root, XR_FINDING_AUTODISCOVER_NOT_FOUND, "%s",
        sample_said(&sample, "A web server answers, but it has no Autodiscover service."));
    sample_way(&sample, (struct xr_fact_discovery){ .method = "root",
                            .url = "https://fabrikam.example",
                            .status = XR_ERROR,
                            .outcome = root->message });
    add_host(&sample, hop, "https://autodiscover.fabrikam.example", SAMPLE_EWS_URL);
    (void)xr_success(hop, "autodiscover.hop-1.host has answered.");
    add_moved_answers(&sample);
    facts->ews_url = sample_said(&sample, SAMPLE_EWS_URL);
    facts->ews_url_from = "autodiscover.hop-1.host";
    facts->ews_url_is_internal = hostile;
    facts->autodiscover_smtp_address = sample_said(&sample, SAMPLE_MOVED);
    facts->cloud =
        (struct xr_fact_cloud){ "Microsoft 365", "https://outlook.office365.com/EWS/Exchange.asmx",
            sample_said(&sample, "the MX record of contoso.example names mail.example") };
    facts->mailbox_home = "on premises";
    facts->mailbox_home_because =
        sample_said(&sample, "the EWS URL leads to mail.contoso.example, after a redirection");
    (void)xr_warning(step, XR_FINDING_AUTODISCOVER_ANSWERS_DISAGREE, "%s",
        sample_said(&sample, "The EWS URL is another one by SOAP than by POX."));
    return judged(&sample, 645);
}

struct xr_run *sample_discovery_moved(struct xr_arena *arena)
{
    return make_moved(arena, false);
}

static void make_long(struct xr_arena *arena, const char **text, const char *attack)
{
    char *made = xr_alloc(arena, SAMPLE_LONG + 1);

    for (size_t i = 0; i < SAMPLE_LONG; i++)
        made[i] = attack[i % strlen(attack)];
    made[SAMPLE_LONG] = '\0';
    *text = made;
}

struct xr_run *sample_discovery_hostile(struct xr_arena *arena)
{
    struct xr_run *run = make_moved(arena, true);
    struct xr_fact_settings *answer = run->facts.last_settings;

    for (size_t i = 0; sample_attacks[i]; i++, answer = answer->next) {
        answer->next = xr_new(arena, struct xr_fact_settings);
        *answer->next = (struct xr_fact_settings){ .step = "autodiscover.host.request",
            .protocol = i % 2 ? "SOAP" : "V2",
            .address = sample_attacks[i],
            .online = sample_attacks[i] };
        make_long(arena, &answer->next->external_ews, sample_attacks[i]);
        make_long(arena, &answer->next->internal_owa, sample_attacks[i]);
        make_long(arena, &answer->next->smtp_address, "x");
    }
    make_long(arena, &run->facts.mailbox_home_because, "<b>\x1b[31m");
    make_long(arena, &run->facts.discovery->outcome, "</li></ol>\xe2\x80\xae");
    return run;
}

struct xr_run *sample_discovery_anonymous(struct xr_arena *arena)
{
    struct sample sample = begin(arena, false, false);
    struct xr_step *step = begin_search(&sample);
    struct xr_facts *facts = &sample.run->facts;
    struct xr_step *v2 = sample_step(
        &sample, step, "autodiscover.v2", "https://autodiscover.contoso.example", 300, 120);

    add_answer(&sample, (struct xr_fact_settings){ .step = "autodiscover.v2.request",
                            .protocol = "V2",
                            .address = SAMPLE_MAILBOX,
                            .external_ews = SAMPLE_EWS_URL,
                            .used = true });
    (void)xr_success(add_legs(&sample, v2, "198.51.100.24"), "Answered with " SAMPLE_EWS_URL ".");
    (void)xr_success(v2, "It answered with the EWS URL.");
    sample_way(&sample, (struct xr_fact_discovery){ .method = "v2",
                            .url = "https://autodiscover.contoso.example",
                            .status = XR_SUCCESS,
                            .outcome = "It answered with the EWS URL.",
                            .led_to = SAMPLE_EWS_URL,
                            .won = true });
    facts->ews_url = SAMPLE_EWS_URL;
    facts->ews_url_from = "autodiscover.v2";
    (void)xr_success(step, "autodiscover.v2 gave " SAMPLE_EWS_URL ".");
    return judged(&sample, 431);
}

struct xr_run *sample_discovery_lost(struct xr_arena *arena)
{
    struct sample sample = begin(arena, false, false);
    struct xr_step *step = begin_search(&sample);
    struct xr_step *host = sample_step(
        &sample, step, "autodiscover.host", "https://autodiscover.contoso.example", 2, 500);

    host->host = "autodiscover.contoso.example";
    (void)xr_error(add_legs(&sample, host, "198.51.100.24"), XR_FINDING_HTTP_SERVER_ERROR,
        "It answered with 500.");
    host->status = XR_ERROR;
    host->message = "It answered with 500.";
    sample_way(&sample, (struct xr_fact_discovery){ .method = "host",
                            .url = "https://autodiscover.contoso.example",
                            .status = XR_ERROR,
                            .outcome = "It answered with 500." });
    step->status = XR_ERROR;
    step->message = "No way led to an EWS URL.";
    return judged(&sample, 505);
}
