#include "tests/reports/sample_parts.h"

#include <string.h>

const char *const sample_attacks[] = {
    "\"><script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "</title></style></script><script>alert(1)</script>",
    "--><svg/onload=alert(1)>",
    "</pre></code></bdi></details></main><h1>owned</h1>",
    "javascript:alert(1)//\"onmouseover=\"alert(1)",
    "&lt;script&gt;alert(1)&#60;/script&#62;",
    "\x1b[2J\x1b]0;owned\a\x1b]52;c;b3duZWQ=\a",
    "\xc2\x9b"
    "31m\xc2\x85\x7f\b\b\b",
    "\xe2\x80\xae"
    "txt.exe\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x80\x81",
    "line one\r\nSet-Cookie: x=1\n<!-- ",
    "]]><?xml version=\"1.0\"?><a b='c'>",
    "\xd8\xa2\xd9\x86\xd8\xa7 \xd9\x83\xd9\x88\xd9\x81\xd8\xa7\xd9\x83\xd8\xb3@\xd7\xa9.example",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    "xx"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    "xx",
    "=cmd|' /C calc'!A0 %s%n%x ${jndi:ldap://x} {{7*7}}",
    "\xef\xbf\xbd\xef\xbf\xbf",
    NULL,
};

/* What a stranger chose: itself, or the next attack in its place. */
const char *sample_said(struct sample *sample, const char *text)
{
    size_t count = sizeof(sample_attacks) / sizeof(*sample_attacks) - 1;

    if (!sample->hostile)
        return text;
    const char *attack = sample_attacks[(size_t)sample->attacks % count];
    return xr_printf(sample->arena, "%s#%d", attack, sample->attacks++);
}

static void time_step(struct xr_step *step, int started_ms, int elapsed_ms)
{
    step->started_us = SAMPLE_US + started_ms * 1000;
    step->elapsed_us = elapsed_ms * 1000;
}

struct xr_step *sample_step(struct sample *sample, struct xr_step *parent, const char *id,
    const char *title, int started_ms, int elapsed_ms)
{
    struct xr_step *made = xr_step_add(sample->arena, parent, id, title);

    time_step(made, started_ms, elapsed_ms);
    return made;
}

struct xr_step *sample_passed(struct sample *sample, struct xr_step *parent, const char *id,
    const char *title, int started_ms, int elapsed_ms, const char *message)
{
    struct xr_step *made = sample_step(sample, parent, id, title, started_ms, elapsed_ms);

    (void)xr_success(made, "%s", sample_said(sample, message));
    return made;
}

void sample_detail(struct sample *sample, struct xr_step *to, const char *name, const char *value)
{
    xr_step_detail(to, name, "%s", sample_said(sample, value));
}

static struct xr_header *header(
    struct sample *sample, struct xr_header *next, const char *name, const char *value)
{
    struct xr_header *made = xr_new(sample->arena, struct xr_header);

    *made = (struct xr_header){ .next = next, .name = sample_said(sample, name), .value = value };
    if (strcmp(value, "[redacted: 2 cookies]"))
        made->value = sample_said(sample, value);
    return made;
}

void sample_skip(struct sample *sample, struct xr_step *parent, const char *id, const char *title,
    const char *blocked_by)
{
    struct xr_step *skipped = xr_step_add(sample->arena, parent, id, title);

    (void)xr_skipped(skipped, blocked_by, "not run: it needs %s, which failed", blocked_by);
}

struct xr_exchange *sample_exchange(
    struct sample *sample, int status, const char *decisive, const char *answer)
{
    struct xr_exchange *made = xr_new(sample->arena, struct xr_exchange);

    *made = (struct xr_exchange){
        .method = "POST",
        .url = sample_said(sample, SAMPLE_EWS_URL),
        .status = status,
        .request_body =
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://"
            "schemas.xmlsoap.org/soap/envelope/\" xmlns:t=\"http://schemas.microsoft.com/exchange/"
            "services/2006/types\"><soap:Header><t:ExchangeImpersonation><t:ConnectingSID>"
            "<t:SmtpAddress>" SAMPLE_MAILBOX "</t:SmtpAddress></t:ConnectingSID>"
            "</t:ExchangeImpersonation></soap:Header><soap:Body/></soap:Envelope>",
        .response_body = xr_printf(
            sample->arena, "%s%s", answer, sample->hostile ? sample_said(sample, "") : ""),
        .timings = { .dns_us = -1,
            .connect_us = -1,
            .tls_us = -1,
            .wait_us = 340000,
            .receive_us = 6000 },
        .decisive = xr_new(sample->arena, struct xr_decisive),
    };
    made->decisive->text = decisive;
    made->request_headers = header(sample, NULL, "Content-Type", "text/xml; charset=utf-8");
    made->request_headers =
        header(sample, made->request_headers, "X-AnchorMailbox", SAMPLE_MAILBOX);
    made->request_headers = header(sample, made->request_headers, "Authorization",
        "NTLM [redacted: NTLM message 3, 482 bytes]");
    made->response_headers = header(sample, NULL, "Set-Cookie", "[redacted: 2 cookies]");
    made->response_headers = header(sample, made->response_headers, "X-DiagInfo", "EX19-MBX04");
    made->response_headers =
        header(sample, made->response_headers, "Content-Type", "text/xml; charset=utf-8");
    return made;
}

void sample_certificate(struct sample *sample, struct xr_fact_certificate certificate)
{
    struct xr_facts *facts = &sample->run->facts;
    struct xr_fact_certificate *made = xr_new(sample->arena, struct xr_fact_certificate);

    *made = certificate;
    made->subject = sample_said(sample, certificate.subject);
    made->issuer = certificate.issuer ? sample_said(sample, certificate.issuer) : NULL;
    made->key = sample_said(sample, "RSA 2048");
    made->signature = "SHA-256";
    made->serial = sample_said(sample, "0A1B2C3D");
    made->sha256 = "9C417E5D0A9C417E5D0A9C417E5D0A9C417E5D0A9C417E5D0A9C417E5D0A1234";
    if (facts->last_certificate)
        facts->last_certificate->next = made;
    else
        facts->certificates = made;
    facts->last_certificate = made;
}

void sample_way(struct sample *sample, struct xr_fact_discovery way)
{
    struct xr_facts *facts = &sample->run->facts;
    struct xr_fact_discovery *made = xr_new(sample->arena, struct xr_fact_discovery);

    *made = way;
    made->url = sample_said(sample, way.url);
    made->outcome = sample_said(sample, way.outcome);
    if (facts->last_discovery)
        facts->last_discovery->next = made;
    else
        facts->discovery = made;
    facts->last_discovery = made;
}

void sample_address(struct sample *sample, const char *address, enum xr_status status)
{
    struct xr_facts *facts = &sample->run->facts;
    struct xr_fact_address *made = xr_new(sample->arena, struct xr_fact_address);

    *made = (struct xr_fact_address){ .address = sample_said(sample, address),
        .status = status,
        .connect_us = status == XR_SUCCESS ? 18000 : -1,
        .message = sample_said(sample, status == XR_SUCCESS ? "accepted" : "no route to host"),
        .handshake_us = -1,
        .may_carry_credentials = status == XR_SUCCESS };
    if (facts->last_address)
        facts->last_address->next = made;
    else
        facts->addresses = made;
    facts->last_address = made;
}

void sample_sent(struct sample *sample, const char *to, const char *what, const char *credentials,
    const char *protected_by)
{
    struct xr_sent *made = xr_new(sample->arena, struct xr_sent);

    *made = (struct xr_sent){ .to = sample_said(sample, to),
        .what = sample_said(sample, what),
        .credentials = credentials,
        .protected_by = sample_said(sample, protected_by) };
    if (sample->run->last_sent)
        sample->run->last_sent->next = made;
    else
        sample->run->sent = made;
    sample->run->last_sent = made;
}

static struct xr_target *make_target(struct sample *sample)
{
    static const char *const none[] = { NULL };
    struct xr_target *target = xr_new(sample->arena, struct xr_target);

    *target = (struct xr_target){ .mailbox = sample_said(sample, SAMPLE_MAILBOX),
        .account = sample_said(sample, SAMPLE_ACCOUNT),
        .folder = "inbox",
        .impersonation = true,
        .impersonate = sample_said(sample, SAMPLE_MAILBOX),
        .ignore_trust = sample->hostile,
        .auth = { XR_AUTH_NEGOTIATE, XR_AUTH_NTLM, XR_AUTH_NONE },
        .allow_redirect = none,
        .warn_days = 30,
        .crit_days = 14 };
    return target;
}

struct sample sample_begin(struct xr_arena *arena, bool hostile)
{
    struct sample sample = { .arena = arena, .hostile = hostile };
    const char **addresses = xr_new_n(arena, const char *, 3);
    struct xr_run *run = xr_new(arena, struct xr_run);

    sample.run = run;
    addresses[0] = sample_said(&sample, "192.0.2.61");
    addresses[1] = sample_said(&sample, "2001:db8:40::61");
    *run = (struct xr_run){ .arena = arena,
        .tool_version = "0.1.0",
        .test = "service-account",
        .test_title = "Service account access",
        .target = make_target(&sample),
        .origin = { .host = sample_said(&sample, "diag-07.branch.contoso.example"),
            .addresses = addresses,
            .proxy = hostile ? sample_said(&sample, "") : NULL },
        .started_wall_ms = SAMPLE_WALL_MS,
        .started_us = SAMPLE_US,
        .root = xr_step_add(arena, NULL, "run", "Run") };
    return sample;
}
