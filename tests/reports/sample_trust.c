#include "tests/reports/sample_trust.h"

#include <string.h>

#include "analyzer/base/buf.h"

#define LEAF  "CN=mail.contoso.example, O=Contoso"
#define INNER "CN=Contoso Issuing CA 2, O=Contoso"
#define ROOT  "CN=Contoso Root CA, O=Contoso"

static const struct xr_advice NOTHING_TO_DO[] = { { .text = NULL } };
static const char *const NOTHING[] = { NULL };

static void add_certificate(struct sample *sample, struct xr_fact_certificate certificate)
{
    struct xr_facts *facts = &sample->run->facts;
    struct xr_fact_certificate *made = xr_new(sample->arena, struct xr_fact_certificate);

    *made = certificate;
    if (facts->last_certificate)
        facts->last_certificate->next = made;
    else
        facts->certificates = made;
    facts->last_certificate = made;
}

static void add_offer(struct sample *sample, const char *question, const char *answer,
    enum xr_status status, const char *detail)
{
    struct xr_facts *facts = &sample->run->facts;
    struct xr_fact_offer *made = xr_new(sample->arena, struct xr_fact_offer);

    *made = (struct xr_fact_offer){ .question = question,
        .answer = answer,
        .detail = detail ? sample_said(sample, detail) : NULL,
        .status = status };
    if (facts->last_offer)
        facts->last_offer->next = made;
    else
        facts->offers = made;
    facts->last_offer = made;
}

static void add_address(struct sample *sample, const char *address, enum xr_status status,
    const char *leaf, const char *verdict)
{
    sample_address(sample, address, status);
    struct xr_fact_address *made = sample->run->facts.last_address;
    if (!leaf)
        return;
    made->connect_us = 18000;
    made->handshake_us = 41700;
    made->protocol = "TLS 1.3";
    made->leaf_sha256 = leaf;
    made->verdict = sample_said(sample, verdict);
}

static struct xr_fact_certificate leaf_of(struct sample *sample)
{
    return (struct xr_fact_certificate){ .role = "leaf",
        .sent = true,
        .used = true,
        .subject = sample_said(sample, LEAF),
        .issuer = INNER,
        .serial = "0A1B2C3D4E5F",
        .sha256 = SAMPLE_LEAF,
        .key = "RSA 2048",
        .signature = "SHA-256",
        .names = "mail.contoso.example, autodiscover.contoso.example, a.contoso.example, "
                 "b.contoso.example, c.contoso.example",
        .purposes = "TLS Web Server Authentication",
        .issuer_url = "http://pki.contoso.example/issuing-2.cer",
        .ocsp_url = "http://ocsp.contoso.example/",
        .crl_url = "http://pki.contoso.example/issuing-2.crl",
        .revocation = "good",
        .revocation_source = "stapled OCSP answer",
        .not_before_ms = SAMPLE_WALL_MS - 200 * SAMPLE_DAY_MS,
        .not_after_ms = SAMPLE_WALL_MS + 165 * SAMPLE_DAY_MS };
}

static struct xr_fact_certificate inner_of(void)
{
    return (struct xr_fact_certificate){ .role = "intermediate",
        .used = true,
        .position = -1,
        .subject = INNER,
        .issuer = ROOT,
        .serial = "77",
        .sha256 = "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDDEEEEEEEEEEFFFFFFFFFF0001",
        .key = "RSA 4096",
        .signature = "SHA-256",
        .purposes = "",
        .revocation = "unknown",
        .revocation_source = "CRL http://pki.contoso.example/root.crl: no answer",
        .not_before_ms = SAMPLE_WALL_MS - 1000 * SAMPLE_DAY_MS,
        .not_after_ms = SAMPLE_WALL_MS + 2600 * SAMPLE_DAY_MS };
}

static struct xr_fact_certificate root_of(void)
{
    return (struct xr_fact_certificate){ .role = "root",
        .used = true,
        .trusted = true,
        .position = -1,
        .subject = ROOT,
        .issuer = ROOT,
        .serial = "01",
        .sha256 = "0000000000111111111122222222223333333333444444444455555555550002",
        .key = "RSA 4096",
        .signature = "SHA-256",
        .not_before_ms = SAMPLE_WALL_MS - 3000 * SAMPLE_DAY_MS,
        .not_after_ms = SAMPLE_WALL_MS + 4000 * SAMPLE_DAY_MS };
}

static struct sample begin(struct xr_arena *arena, bool hostile, const char *host, const char *file)
{
    struct sample sample = sample_begin(arena, hostile);
    struct xr_target *target = xr_new(arena, struct xr_target);

    *target = (struct xr_target){ .host = host,
        .chain_file = file,
        .folder = "inbox",
        .impersonation = true,
        .allow_redirect = NOTHING,
        .warn_days = 30,
        .crit_days = 7,
        .scan = !file };
    sample.run->target = target;
    sample.run->test = "ssl-trust";
    sample.run->test_title = "SSL trust";
    sample.run->facts = (struct xr_facts){ .total_count = -1, .unread_count = -1 };
    sample.run->elapsed_us = 212000;
    return sample;
}

static void judge(struct sample *sample, enum xr_status status, const char *finding,
    const char *title, const char *meaning)
{
    sample->run->verdict = (struct xr_verdict){ .status = status,
        .finding = finding,
        .step = finding ? "ssl-trust" : NULL,
        .title = title,
        .meaning = meaning,
        .cause = finding ? meaning : NULL,
        .owner = finding ? "certificate-admin" : NULL,
        .owner_title = finding ? "Certificate administrator" : NULL,
        .remedy = NOTHING_TO_DO,
        .ruled_out = NOTHING };
    sample->run->summary[status]++;
}

static void add_connection(struct sample *sample)
{
    struct xr_facts *facts = &sample->run->facts;

    facts->certificate_expires_ms = SAMPLE_WALL_MS + 165 * SAMPLE_DAY_MS;
    facts->tls_protocol = "TLS 1.3";
    facts->tls_cipher = "TLS_AES_256_GCM_SHA384";
    facts->tls_group = "X25519";
    facts->tls_alpn = sample_said(sample, "http/1.1");
    (void)sample_passed(
        sample, sample->run->root, "input", "Input", 0, 1, "the host is well formed");
    (void)sample_passed(sample, sample->run->root, "endpoint", "Endpoint", 1, 31, "3 addresses");
    add_offer(sample, "TLS 1.0", "no", XR_SUCCESS, "alert protocol_version");
    add_offer(sample, "TLS 1.1", "no", XR_SUCCESS, "alert protocol_version");
    add_offer(sample, "TLS 1.2", "yes", XR_SUCCESS, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
    add_offer(sample, "TLS 1.3", "yes", XR_SUCCESS, NULL);
}

struct xr_run *sample_trust_missing(struct xr_arena *arena)
{
    struct sample sample = begin(arena, false, SAMPLE_HOST, NULL);
    struct xr_fact_certificate inner = inner_of();

    add_connection(&sample);
    add_offer(&sample, "ciphers that are broken: RC4, 3DES", "yes", XR_WARNING,
        "TLS_RSA_WITH_3DES_EDE_CBC_SHA");
    add_offer(&sample, "ciphers without encryption", "unknown", XR_SKIPPED, "the connection ended");
    add_address(&sample, "198.51.100.24", XR_SUCCESS, SAMPLE_LEAF, "its chain is incomplete");
    add_address(&sample, "2001:db8:6d61:696c::24", XR_SUCCESS, SAMPLE_LEAF, "the same");
    add_address(&sample, "198.51.100.25", XR_WARNING, SAMPLE_OTHER, "it expired 3 days ago");
    add_address(&sample, "198.51.100.26", XR_ERROR, NULL, NULL);
    inner.missing = inner.fetched = true;
    /* The root before the place that is missing: the page must find their order. */
    add_certificate(&sample, leaf_of(&sample));
    add_certificate(&sample, root_of());
    add_certificate(&sample, inner);
    add_certificate(&sample, (struct xr_fact_certificate){ .role = "extra",
                                 .sent = true,
                                 .position = 1,
                                 .subject = "CN=Contoso Issuing CA 1 (2019), O=Contoso",
                                 .issuer = ROOT,
                                 .not_before_ms = SAMPLE_WALL_MS - 2500 * SAMPLE_DAY_MS,
                                 .not_after_ms = SAMPLE_WALL_MS - 300 * SAMPLE_DAY_MS });
    struct xr_step *trust =
        sample_step(&sample, sample.run->root, "ssl-trust", "SSL trust", 33, 170);
    (void)xr_error(trust, XR_FINDING_TLS_CHAIN_INCOMPLETE,
        "The server does not send \"Contoso Issuing CA 2\".");
    judge(&sample, XR_ERROR, "tls.chain-incomplete",
        "The server does not send a certificate that clients need to trust it.",
        "Some clients fetch the missing certificate by themselves and work; others fail.");
    sample.run->summary[XR_SUCCESS] = 2;
    return sample.run;
}

struct xr_run *sample_trust_trusted(struct xr_arena *arena)
{
    struct sample sample = begin(arena, false, SAMPLE_HOST, NULL);
    struct xr_fact_certificate leaf = leaf_of(&sample), inner = inner_of();

    add_connection(&sample);
    add_address(&sample, "198.51.100.24", XR_SUCCESS, SAMPLE_LEAF, "trusted");
    add_address(&sample, "2001:db8:6d61:696c::24", XR_SUCCESS, SAMPLE_LEAF, "trusted");
    leaf.trusted = inner.trusted = inner.sent = true;
    inner.position = 1;
    inner.revocation = "good";
    add_certificate(&sample, leaf);
    add_certificate(&sample, inner);
    add_certificate(&sample, root_of());
    (void)sample_passed(
        &sample, sample.run->root, "ssl-trust", "SSL trust", 33, 80, "trusted, 165 days left");
    judge(&sample, XR_SUCCESS, NULL, NULL, NULL);
    sample.run->summary[XR_SUCCESS] = 3;
    return sample.run;
}

struct xr_run *sample_trust_file(struct xr_arena *arena)
{
    struct sample sample = begin(arena, false, "mail.contoso.example", SAMPLE_FILE);
    struct xr_fact_certificate leaf = leaf_of(&sample), inner = inner_of(), root = root_of();
    struct xr_target *target = xr_new(arena, struct xr_target);

    *target = *sample.run->target;
    target->at_ms = SAMPLE_AT_MS;
    sample.run->target = target;
    leaf.trusted = inner.trusted = inner.sent = root.sent = true;
    leaf.not_after_ms = SAMPLE_AT_MS + 12 * SAMPLE_DAY_MS;
    leaf.revocation = inner.revocation = leaf.revocation_source = inner.revocation_source = NULL;
    inner.position = 1;
    root.position = 2;
    add_certificate(&sample, leaf);
    add_certificate(&sample, inner);
    add_certificate(&sample, root);
    sample.run->facts.certificate_expires_ms = leaf.not_after_ms;
    (void)xr_warning(sample_step(&sample, sample.run->root, "ssl-trust", "SSL trust", 0, 3),
        XR_FINDING_TLS_EXPIRES_SOON, "The certificate ends in 12 days.");
    judge(&sample, XR_WARNING, "tls.expires-soon", "The certificate ends soon.",
        "After that day no client trusts it.");
    return sample.run;
}

static const char *many_names(struct sample *sample)
{
    xr_auto_buf names;

    xr_buf_init(&names, 1024 * 1024);
    for (int i = 0; i < SAMPLE_CROWD_NAMES; i++)
        (void)xr_buf_printf(
            &names, "%s%s%d.example", i ? ", " : "", i < 8 ? sample_said(sample, "") : "host", i);
    return xr_strndup(sample->arena, names.at, names.length);
}

static void add_crowd(struct sample *sample)
{
    const char *issuer = sample_said(sample, "");

    for (int i = 0; i < SAMPLE_CROWD; i++) {
        bool extra = i >= SAMPLE_CROWD_PATH;
        struct xr_fact_certificate made = leaf_of(sample);
        made.role = extra ? "extra" : i ? "intermediate" : "leaf";
        made.subject = i ? issuer : sample_said(sample, "");
        made.issuer = issuer = sample_said(sample, "");
        made.position = i;
        made.serial = sample_said(sample, "");
        made.key = sample_said(sample, "");
        made.purposes = sample_said(sample, "");
        made.issuer_url = sample_said(sample, "");
        made.ocsp_url = sample_said(sample, "");
        made.crl_url = sample_said(sample, "");
        made.revocation_source = sample_said(sample, "");
        made.must_staple = true;
        made.names = i ? sample_said(sample, "") : many_names(sample);
        made.missing = made.fetched = i == 1;
        made.sent = i != 1;
        made.not_after_ms = i == 2 ? INT64_C(253402300799000) : made.not_after_ms; /* 9999 */
        add_certificate(sample, made);
    }
}

struct xr_run *sample_trust_crowded(struct xr_arena *arena)
{
    struct sample sample = begin(arena, true, NULL, NULL);
    struct xr_target *target = xr_new(arena, struct xr_target);

    *target = *sample.run->target;
    target->host = sample_said(&sample, "");
    target->chain_file = sample_said(&sample, "");
    target->ignore_trust = true;
    target->at_ms = SAMPLE_AT_MS;
    sample.run->target = target;
    add_connection(&sample);
    for (int i = 0; i < 30; i++) {
        add_address(&sample, "", XR_WARNING, xr_printf(arena, "%064d", i), "");
        sample.run->facts.last_address->protocol = sample_said(&sample, "");
    }
    add_crowd(&sample);
    (void)xr_error(sample_step(&sample, sample.run->root, "ssl-trust", "SSL trust", 33, 170),
        XR_FINDING_TLS_SELF_SIGNED, "%s", sample_said(&sample, ""));
    judge(&sample, XR_ERROR, "tls.self-signed", sample_said(&sample, ""), sample_said(&sample, ""));
    return sample.run;
}
