#include "tests/reports/sample_run.h"

#include "tests/reports/sample_parts.h"

static void add_input(struct sample *sample)
{
    struct xr_step *input = sample_passed(sample, sample->run->root, "input", "Input", 0, 1,
        "address, account and folder are well formed");

    sample_detail(sample, input, "Mailbox", SAMPLE_MAILBOX);
    sample_detail(sample, input, "Account", SAMPLE_ACCOUNT " (down-level form)");
    sample_detail(sample, input, "Folder", "inbox");
}

static void add_root_method(struct sample *sample, struct xr_step *autodiscover)
{
    struct xr_step *root = sample_step(sample, autodiscover, "autodiscover.root",
        sample_said(sample, "https://contoso.example"), 2, 131);

    (void)sample_passed(sample, root, "autodiscover.root.dns", "Resolve the name", 2, 14,
        "203.0.113.10 (A, TTL 3,600 s)");
    (void)sample_passed(
        sample, root, "autodiscover.root.tcp", "Connect", 16, 23, "203.0.113.10 port 443");
    (void)xr_error(sample_step(sample, root, "autodiscover.root.tls", "Agree on TLS", 39, 94),
        XR_FINDING_TLS_NAME_MISMATCH, "%s",
        sample_said(sample, "The certificate is for *.webhosting-provider.example."));
    sample_skip(
        sample, root, "autodiscover.root.request", "Ask for settings", "autodiscover.root.tls");
    root->status = XR_ERROR;
    root->message =
        sample_said(sample, "this is the public web site; its certificate names another host");
}

static void add_host_method(struct sample *sample, struct xr_step *autodiscover)
{
    struct xr_step *host = sample_passed(sample, autodiscover, "autodiscover.host",
        sample_said(sample, "https://autodiscover.contoso.example"), 2, 912,
        "answered with the EWS address");
    struct xr_step *dns = sample_passed(sample, host, "autodiscover.host.dns", "Resolve the name",
        2, 31, "an alias, then 198.51.100.24");
    struct xr_exchange *exchange = sample_exchange(sample, 200,
        "<EwsUrl>" SAMPLE_EWS_URL "</EwsUrl>",
        "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/"
        "responseschema/2006\"><Response><Account><Protocol><Type>EXPR</"
        "Type><EwsUrl>" SAMPLE_EWS_URL "</EwsUrl></Protocol></Account></Response></Autodiscover>");

    sample_detail(sample, dns, "Alias",
        "autodiscover-geo-emea-frontend-loadbalancer-0000000000000000017.edge.example");
    sample_detail(sample, dns, "Server asked", "10.20.0.53 port 53, UDP");
    (void)sample_passed(sample, host, "autodiscover.host.tcp", "Connect", 33, 19, "198.51.100.24");
    (void)sample_passed(
        sample, host, "autodiscover.host.tls", "Agree on TLS", 52, 74, "TLS 1.2, trusted");
    xr_step_exchange(sample_passed(sample, host, "autodiscover.host.request", "Ask for settings",
                         126, 788, "401, then 200 with settings"),
        exchange);
}

static void add_autodiscover(struct sample *sample)
{
    struct xr_step *autodiscover = sample_passed(sample, sample->run->root, "autodiscover",
        "Autodiscover", 2, 912, "the EWS address was found; 2 of 4 methods answered");

    sample_detail(sample, autodiscover, "Name in the directory",
        "\xd8\xa2\xd9\x86\xd8\xa7 \xd9\x83\xd9\x88\xd9\x81\xd8\xa7\xd9\x83\xd8\xb3");
    add_root_method(sample, autodiscover);
    add_host_method(sample, autodiscover);
    struct xr_step *redirect = sample_passed(sample, autodiscover, "autodiscover.redirect",
        "http://autodiscover.contoso.example", 2, 268, "302 to the https address above");
    (void)sample_passed(
        sample, redirect, "autodiscover.redirect.dns", "Resolve the name", 2, 30, "198.51.100.24");
    (void)sample_passed(sample, redirect, "autodiscover.redirect.request", "Ask for settings", 52,
        218, "302 Found; no credentials were sent");
    struct xr_step *srv = sample_step(
        sample, autodiscover, "autodiscover.srv", "_autodiscover._tcp.contoso.example", 2, 47);
    (void)xr_error(srv, XR_FINDING_DNS_NAME_NOT_FOUND, "%s", sample_said(sample, "no such record"));
}

static void add_endpoint(struct sample *sample)
{
    struct xr_step *endpoint =
        sample_step(sample, sample->run->root, "endpoint", "Endpoint", 916, 1034);

    (void)xr_warning(endpoint, XR_FINDING_TCP_SOME_ADDRESSES_FAILED, "%s",
        sample_said(sample, "2 of 3 addresses of mail.contoso.example accept connections."));
    (void)sample_passed(sample, endpoint, "endpoint.dns",
        sample_said(sample, "mail.contoso.example"), 916, 13, "2 A, 1 AAAA, TTL 300 s");
    (void)sample_passed(sample, endpoint, sample_said(sample, "endpoint.tcp.198.51.100.24"),
        "198.51.100.24 port 443", 929, 18, "accepted; used for the rest of the run");
    (void)xr_error(sample_step(sample, endpoint, "endpoint.tcp.2001-db8-6d61-24",
                       "[2001:db8:6d61:696c::24] port 443", 929, 1021),
        XR_FINDING_TCP_UNREACHABLE, "%s", sample_said(sample, "No route to host."));
}

static void add_ssl_trust(struct sample *sample)
{
    struct xr_step *trust =
        sample_step(sample, sample->run->root, "ssl-trust", "SSL trust", 1951, 143);

    (void)xr_warning(trust, XR_FINDING_TLS_EXPIRES_SOON, "%s",
        sample_said(sample, "The certificate of mail.contoso.example ends in 19 days."));
    (void)sample_passed(sample, trust, "ssl-trust.handshake", "Handshake", 1951, 88,
        "TLS 1.2, ECDHE-RSA-AES256-GCM-SHA384");
    (void)sample_passed(sample, trust, "ssl-trust.chain", "Chain", 2041, 2, "3 sent, 2 used");
    (void)xr_warning(sample_step(sample, trust, "ssl-trust.dates", "Dates", 2049, 1),
        XR_FINDING_TLS_EXPIRES_SOON, "19 days left.");
}

static void add_logon(struct sample *sample)
{
    struct xr_step *logon = sample_passed(sample, sample->run->root, "logon", "Logon", 2096, 171,
        SAMPLE_ACCOUNT " accepted with NTLM");

    sample_detail(sample, logon, "Offered", "Negotiate, NTLM");
    sample_detail(sample, logon, "Server", "15.2.1748.43");
}

static void add_denied_inbox(struct sample *sample)
{
    struct xr_step *inbox =
        sample_step(sample, sample->run->root, "inbox", "Inbox, impersonated", 2268, 346);

    (void)xr_error(inbox, XR_FINDING_IMPERSONATION_DENIED, "%s",
        sample_said(sample, SAMPLE_ACCOUNT " may not impersonate " SAMPLE_MAILBOX
                                           ": Exchange answered ErrorImpersonateUserDenied."));
    sample_detail(
        sample, inbox, "Tried", "GetFolder inbox, ExchangeImpersonation of " SAMPLE_MAILBOX);
    sample_detail(sample, inbox, "Expected", "200 with NoError and the folder");
    xr_step_exchange(inbox,
        sample_exchange(sample, 500, "ErrorImpersonateUserDenied",
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault>"
            "<faultcode xmlns:a=\"http://schemas.microsoft.com/exchange/services/2006/types\">"
            "a:ErrorImpersonateUserDenied</faultcode><faultstring>The account does not have "
            "permission to impersonate the requested user.</faultstring><detail>"
            "<e:ResponseCode xmlns:e=\"http://schemas.microsoft.com/exchange/services/2006/"
            "errors\">ErrorImpersonateUserDenied</e:ResponseCode></detail></s:Fault></s:Body>"
            "</s:Envelope>"));
}

static void add_certificates(struct sample *sample, int days_left)
{
    const int64_t now = SAMPLE_WALL_MS;

    sample_certificate(sample,
        (struct xr_fact_certificate){ .role = "leaf",
            .sent = true,
            .used = true,
            .trusted = true,
            .subject = "CN=mail.contoso.example,O=Contoso",
            .issuer = "CN=Northwind Trust TLS RSA CA 3,O=Northwind",
            .names = sample_said(sample, "mail.contoso.example, autodiscover.contoso.example"),
            .not_before_ms = now - 300 * SAMPLE_DAY_MS,
            .not_after_ms = now + days_left * SAMPLE_DAY_MS });
    sample_certificate(sample, (struct xr_fact_certificate){ .role = "intermediate",
                                   .sent = true,
                                   .used = true,
                                   .trusted = true,
                                   .position = 1,
                                   .subject = "CN=Northwind Trust TLS RSA CA 3,O=Northwind",
                                   .issuer = "CN=Northwind Trust Global Root G2,O=Northwind",
                                   .not_before_ms = now - 2000 * SAMPLE_DAY_MS,
                                   .not_after_ms = now + 1600 * SAMPLE_DAY_MS });
    sample_certificate(sample, (struct xr_fact_certificate){ .role = "root",
                                   .used = true,
                                   .trusted = true,
                                   .position = -1,
                                   .subject = "CN=Northwind Trust Global Root G2,O=Northwind",
                                   .issuer = "CN=Northwind Trust Global Root G2,O=Northwind",
                                   .not_before_ms = now - 5000 * SAMPLE_DAY_MS,
                                   .not_after_ms = now + 4000 * SAMPLE_DAY_MS });
    sample_certificate(
        sample, (struct xr_fact_certificate){ .role = "extra",
                    .sent = true,
                    .position = 2,
                    .subject = "CN=<script>alert('exray')</script>,O=\xe2\x80\xae dtl osotnoC",
                    .issuer = "CN=self",
                    .not_before_ms = now - 3000 * SAMPLE_DAY_MS,
                    .not_after_ms = now - 2600 * SAMPLE_DAY_MS });
    sample->run->facts.certificate_expires_ms = now + days_left * SAMPLE_DAY_MS;
}

static void add_discoveries(struct sample *sample)
{
    const char *url = sample->run->facts.ews_url;

    sample_way(sample, (struct xr_fact_discovery){ .method = "root",
                           .status = XR_ERROR,
                           .url = "https://contoso.example",
                           .outcome = "certificate of another host" });
    sample_way(sample, (struct xr_fact_discovery){ .method = "host",
                           .status = XR_SUCCESS,
                           .url = "https://autodiscover.contoso.example",
                           .outcome = "gave the address",
                           .led_to = url,
                           .won = true });
    sample_way(sample, (struct xr_fact_discovery){ .method = "redirect",
                           .status = XR_SUCCESS,
                           .url = "http://autodiscover.contoso.example",
                           .outcome = "302 to the one above",
                           .led_to = url });
    sample_way(sample, (struct xr_fact_discovery){ .method = "srv",
                           .status = XR_ERROR,
                           .url = "_autodiscover._tcp.contoso.example",
                           .outcome = "no such record",
                           .led_to = sample->hostile ? sample_said(sample, "") : NULL });
}

static void add_facts(struct sample *sample)
{
    struct xr_facts *facts = &sample->run->facts;

    *facts = (struct xr_facts){ .ews_url = sample_said(sample, SAMPLE_EWS_URL),
        .ews_url_from = "autodiscover.host",
        .server_version = sample_said(sample, "15.2.1748.43"),
        .server_product = sample_said(sample, "Exchange 2019 CU15"),
        .server_support_end = "2025-10-14",
        .server_name = sample_said(sample, "EX19-CAS02"),
        .backend_name = sample_said(sample, "EX19-MBX01"),
        .backend_target = sample_said(sample, "ex19-mbx01.contoso.example"),
        .backend_status = "200",
        .autodiscover_smtp_address = sample_said(sample, SAMPLE_MAILBOX),
        .display_name = sample_said(sample, "Kov\xc3\xa1"
                                            "cs Anna"),
        .total_count = -1,
        .unread_count = -1,
        .auth_scheme = "NTLM",
        .request_id = sample_said(sample, "4d2b8a57-1f6e-4b58-a7f7-0f2f9f3f6f21") };
    add_discoveries(sample);
    sample_address(sample, "198.51.100.24", XR_SUCCESS);
    sample_address(sample, "198.51.100.25", XR_SUCCESS);
    sample_address(sample, "2001:db8:6d61:696c::24", XR_ERROR);
    sample_sent(sample, "10.20.0.53 port 53", "6 DNS questions", "none", "nothing (DNS over UDP)");
    sample_sent(sample, "contoso.example (203.0.113.10) port 443", "TLS hello", "none", "nothing");
    sample_sent(sample, "mail.contoso.example (198.51.100.24) port 443", "EWS request GetFolder",
        "account and password (NTLM response)", "TLS 1.2, certificate verified");
}

static void judge_broken(struct sample *sample)
{
    static const char *const ruled_out[] = { "name resolution", "network and firewall",
        "certificate trust", "account and password", NULL };
    struct xr_advice *remedy = xr_new_n(sample->arena, struct xr_advice, 4);

    remedy[0] = (struct xr_advice){
        .text = "See whether the role is assigned, and with which scope.",
        .shell = "Exchange Management Shell",
        .command = "Get-ManagementRoleAssignment -Role ApplicationImpersonation "
                   "-GetEffectiveUsers |\n  Where-Object EffectiveUserName -eq "
                   "'MasterImpersonation' |\n  Format-List Name, CustomRecipientWriteScope",
        .expect = "Nothing printed: it was never assigned, go to step 2.",
    };
    remedy[1] = (struct xr_advice){
        .text = "Assign the role, limited to a scope. Without a scope the account may open every "
                "mailbox of the organisation.",
        .shell = "Exchange Management Shell",
        .command = "New-ManagementRoleAssignment -Name 'Impersonation' `\n  -Role "
                   "ApplicationImpersonation -User 'CONTOSO\\MasterImpersonation'",
    };
    remedy[2] = (struct xr_advice){
        .text = "Allow up to an hour for the change to reach every server, then run the same test.",
    };
    if (sample->hostile)
        remedy[1].command = sample_said(sample, "");
    sample->run->verdict = (struct xr_verdict){ .status = XR_ERROR,
        .finding = "impersonation.denied",
        .step = "inbox",
        .title = sample_said(
            sample, "The service account can log on, but it may not open " SAMPLE_MAILBOX "."),
        .meaning = sample_said(sample,
            "Name, network, certificate and password are in order. Exchange refuses one thing: "
            "that " SAMPLE_ACCOUNT " acts as this user."),
        .cause = sample_said(sample,
            "No ApplicationImpersonation assignment of " SAMPLE_ACCOUNT " covers this mailbox. "
            "Either the role was never assigned, or its scope does not contain the mailbox, or "
            "the assignment is so new that the server has not seen it yet."),
        .owner = "exchange-admin",
        .owner_title = "Exchange administrator",
        .reference = "https://learn.microsoft.com/exchange/client-developer/exchange-web-services/"
                     "how-to-configure-impersonation",
        .remedy = remedy,
        .ruled_out = ruled_out };
}

static struct xr_run *make_broken(struct xr_arena *arena, bool hostile)
{
    struct sample sample = sample_begin(arena, hostile);

    add_input(&sample);
    add_autodiscover(&sample);
    add_endpoint(&sample);
    add_ssl_trust(&sample);
    add_logon(&sample);
    add_denied_inbox(&sample);
    sample_skip(&sample, sample.run->root, "smtp-address", "SMTP address", "inbox");
    add_facts(&sample);
    add_certificates(&sample, 19);
    judge_broken(&sample);
    sample.run->elapsed_us = 2614000;
    sample.run->summary[XR_SUCCESS] = 3;
    sample.run->summary[XR_WARNING] = 2;
    sample.run->summary[XR_ERROR] = 1;
    sample.run->summary[XR_SKIPPED] = 1;
    return sample.run;
}

struct xr_run *sample_broken(struct xr_arena *arena)
{
    return make_broken(arena, false);
}

struct xr_run *sample_hostile(struct xr_arena *arena)
{
    return make_broken(arena, true);
}

static void add_healthy_steps(struct sample *sample)
{
    struct xr_step *root = sample->run->root;

    add_input(sample);
    add_autodiscover(sample);
    (void)sample_passed(sample, root, "endpoint", "Endpoint", 916, 17,
        "both addresses of mail.contoso.example accept connections");
    struct xr_step *trust =
        sample_passed(sample, root, "ssl-trust", "SSL trust", 934, 88, "trusted, 214 days left");
    (void)sample_passed(sample, trust, "ssl-trust.dates", "Dates", 1010, 1, "214 days left");
    add_logon(sample);
    struct xr_step *inbox = sample_passed(
        sample, root, "inbox", "Inbox, impersonated", 2268, 96, "opened; 1,204 items, 17 unread");
    xr_step_exchange(inbox, sample_exchange(sample, 200, "NoError",
                                "<m:ResponseCode xmlns:m=\"urn:m\">NoError</m:ResponseCode>"));
    (void)sample_passed(
        sample, root, "smtp-address", "SMTP address", 2364, 113, "is the primary address");
}

struct xr_run *sample_healthy(struct xr_arena *arena)
{
    static const char *const nothing[] = { NULL };
    static const struct xr_advice no_remedy[] = { { .text = NULL } };
    struct sample sample = sample_begin(arena, false);

    add_healthy_steps(&sample);
    add_facts(&sample);
    sample.run->facts.primary_smtp_address = SAMPLE_MAILBOX;
    sample.run->facts.folder_name = "Inbox";
    sample.run->facts.total_count = 1204;
    sample.run->facts.unread_count = 17;
    add_certificates(&sample, 214);
    sample.run->verdict = (struct xr_verdict){ .status = XR_SUCCESS,
        .title = "The service account can open " SAMPLE_MAILBOX ".",
        .meaning = SAMPLE_ACCOUNT " logs on with NTLM, impersonates the user and reads the Inbox.",
        .remedy = no_remedy,
        .ruled_out = nothing };
    sample.run->elapsed_us = 2477000;
    sample.run->summary[XR_SUCCESS] = 7;
    return sample.run;
}
