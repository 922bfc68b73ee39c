#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/judge.h"

enum { EXTRAS_NAMED = 3 };

#define DAY_MS (24 * 3600 * 1000LL)

static void remark(const struct xr_case *judged, enum xr_flaw flaw,
    const struct xr_certificate *certificate, const char *why)
{
    struct xr_told told = { flaw, certificate->depth, X509_V_OK, why };

    xr_flaw_add(judged->arena, judged->session, flaw, certificate->depth, X509_V_OK,
        xr_flaw_text(judged, &told, certificate));
}

/* The links of the chain must come in the order leaf to root (RFC 5246 7.4.2; TLS 1.3 tolerates
 * it). */
static void check_order(const struct xr_case *judged)
{
    int depth = -1;

    for (const struct xr_certificate *at = judged->session->certificates; at; at = at->next) {
        if (at->position < 0 || at->depth < 0)
            continue;
        if (at->depth < depth) {
            remark(judged, XR_FLAW_CHAIN_DISORDERED, judged->session->certificates, NULL);
            return;
        }
        depth = at->depth;
    }
}

static bool is_repeated(STACK_OF(X509) * sent, int n)
{
    for (int i = 0; i < n; i++)
        if (!X509_cmp(sk_X509_value(sent, i), sk_X509_value(sent, n)))
            return true;
    return false;
}

static void mark_issuers(STACK_OF(X509) * sent, X509 *subject, bool *related)
{
    for (int i = 1; i < sk_X509_num(sent); i++) {
        X509 *issuer = sk_X509_value(sent, i);
        if (related[i] || X509_check_issued(issuer, subject) != X509_V_OK)
            continue;
        related[i] = true;
        mark_issuers(sent, issuer, related);
    }
}

/*
 * Marks what hangs together with the leaf: a cross-signed issuer that the chosen path does without
 * is no ballast, other clients may need it.
 */
static void mark_related(const struct xr_case *judged, bool *related)
{
    related[0] = true;
    for (int i = 0; i < sk_X509_num(judged->chain); i++)
        mark_issuers(judged->sent, sk_X509_value(judged->chain, i), related);
}

/* Of what hangs together with the leaf only that is ballast which no client can use any more. */
static const char *reason_of_extra(
    const struct xr_case *judged, const struct xr_certificate *at, bool related, bool repeated)
{
    if (repeated)
        return " (sent twice)";
    if (at->depth >= 0)
        return NULL;
    if (at->not_after_ms / 1000 < judged->at_ms / 1000)
        return xr_printf(judged->arena, " (ended on %s)", xr_date(judged->arena, at->not_after_ms));
    return related ? NULL : "";
}

static void check_extras(const struct xr_case *judged)
{
    bool related[XR_CHAIN_SENT_MAX] = { false };
    const struct xr_certificate *at = judged->session->certificates;
    xr_auto_buf list;
    int extras = 0;

    xr_buf_init(&list, 1024);
    if (xr_is_invalid(sk_X509_value(judged->sent, 0)))
        return;
    mark_related(judged, related);
    for (int i = 0; at && i < sk_X509_num(judged->sent); i++, at = at->next) {
        const char *why = reason_of_extra(judged, at, related[i], is_repeated(judged->sent, i));
        if (why && ++extras <= EXTRAS_NAMED)
            (void)xr_buf_printf(&list, "%s\"%s\"%s", extras > 1 ? ", " : "",
                xr_flaw_quote(judged->arena, at->common_name), why);
    }
    if (extras > EXTRAS_NAMED)
        (void)xr_buf_printf(&list, " and %d more", extras - EXTRAS_NAMED);
    if (extras)
        remark(judged, XR_FLAW_CHAIN_EXTRA, judged->session->certificates,
            xr_strndup(judged->arena, list.at, list.length));
}

/* Turned round, as a file often comes: the authority's first, the server's behind it. */
static bool is_reversed(const struct xr_case *judged)
{
    const struct xr_certificate *first = judged->session->certificates;

    if (!first->authority)
        return false;
    for (const struct xr_certificate *at = first->next; at; at = at->next) {
        if (at->position < 0 || at->authority || !*at->names)
            continue;
        remark(judged, XR_FLAW_CHAIN_DISORDERED, first,
            xr_printf(judged->arena,
                "The first certificate, of \"%s\", is an authority's; the server's must stand "
                "first: that of \"%s\" is number %d.",
                xr_flaw_quote(judged->arena, first->common_name),
                xr_flaw_quote(judged->arena, at->common_name), at->position + 1));
        return true;
    }
    return false;
}

/* Of a certificate that lives for days, the last month is no warning. */
static int64_t warning_ms(const struct xr_net *net, const struct xr_certificate *certificate)
{
    int64_t asked = net->warn_days * DAY_MS;
    int64_t third = (certificate->not_after_ms - certificate->not_before_ms) / 3;

    return net->days_as_given || asked < third ? asked : third;
}

static void check_expiry(const struct xr_case *judged)
{
    for (const struct xr_certificate *at = judged->session->certificates; at; at = at->next)
        if (at->depth >= 0 && at->not_after_ms >= judged->at_ms &&
            at->not_after_ms - judged->at_ms < warning_ms(judged->net, at))
            remark(judged, XR_FLAW_EXPIRES_SOON, at, NULL);
}

/* Ed25519 and Ed448: Schannel cannot use them; other curves: hardly anybody can. */
static void check_key(const struct xr_case *judged)
{
    const EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(judged->sent, 0));
    char group[80] = "";

    if (!key || EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "DSA"))
        return;
    (void)EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
    if (!strcmp(group, "prime256v1") || !strcmp(group, "secp384r1") || !strcmp(group, "secp521r1"))
        return;
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_security_bits(key) < 112)
        return; /* told as too weak */
    remark(judged, XR_FLAW_KEY_UNUSUAL, judged->session->certificates, NULL);
}

/* CA/Browser Forum, ballots 193, SC31 and SC081: by the day of issue. Both ends count. */
static void check_lifetime(const struct xr_case *judged)
{
    static const struct {
        int64_t since_ms;
        int days;
    } rows[] = {
        { 1868227200000, 47 },  /* 2029-03-15 */
        { 1805068800000, 100 }, /* 2027-03-15 */
        { 1773532800000, 200 }, /* 2026-03-15 */
        { 1598918400000, 398 }, /* 2020-09-01 */
        { 1519862400000, 825 }, /* 2018-03-01 */
    };
    const struct xr_certificate *leaf = judged->session->certificates;

    if (!leaf->is_public)
        return;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (leaf->not_before_ms < rows[i].since_ms)
            continue;
        if (leaf->not_after_ms - leaf->not_before_ms + 1000 > rows[i].days * DAY_MS)
            remark(judged, XR_FLAW_VALIDITY_TOO_LONG, leaf,
                xr_printf(judged->arena, "%d", rows[i].days));
        return;
    }
}

/* As they name themselves in the certificates that they make on the way. */
static const char *interceptor(const char *name)
{
    static const char *const products[] = { "Zscaler", "Fortinet", "FortiGate",
        "Palo Alto Networks", "Blue Coat", "Bluecoat", "Netskope", "Forcepoint", "Websense",
        "Cisco Umbrella", "McAfee Web Gateway", "Skyhigh", "Sophos", "WatchGuard", "Check Point",
        "SonicWall", "Barracuda", "Untangle", "Smoothwall", "Lightspeed Systems", "iboss",
        "ContentKeeper", "Menlo Security", "Cato Networks", "Cloudflare Managed", "Trend Micro",
        "Kaspersky", "ESET SSL Filter", "Avast Web/Mail Shield", "AVG Web/Mail Shield",
        "Bitdefender", "Dr.Web", "Kerio Control", "Gigamon", "NetSpark", "Superfish", "eDellRoot",
        "mitmproxy", "Charles Proxy", "DO_NOT_TRUST_Fiddler", "PortSwigger", "Squid Proxy" };

    for (size_t i = 0; i < sizeof(products) / sizeof(*products); i++)
        if (xr_contains(name, products[i]))
            return products[i];
    return NULL;
}

static bool has_trust_flaw(const struct xr_tls_session *session)
{
    for (const struct xr_tls_flaw *flaw = session->flaws; flaw; flaw = flaw->next)
        if (xr_flaw_is_trust(flaw->flaw))
            return true;
    return false;
}

/* Several of these makers have public certificates of their own: theirs are no sign of anything. */
static void check_interception(const struct xr_case *judged)
{
    const struct xr_certificate *leaf = judged->session->certificates;

    if (leaf->is_public && !has_trust_flaw(judged->session))
        return;
    for (const struct xr_certificate *at = leaf; at; at = at->next) {
        const char *product = at->depth < 0 ? NULL : interceptor(at->issuer);
        if (product) {
            remark(judged, XR_FLAW_INTERCEPTED, leaf, product);
            return;
        }
    }
}

void xr_remark(const struct xr_case *judged)
{
    if (!is_reversed(judged)) {
        check_order(judged);
        check_extras(judged);
    }
    check_expiry(judged);
    check_key(judged);
    check_lifetime(judged);
    check_interception(judged);
}
