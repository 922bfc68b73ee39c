#include "probes/faults.h"

#include <ctype.h>
#include <string.h>

enum xr_finding_code xr_fault_finding(enum xr_fault fault)
{
    static const enum xr_finding_code findings[] = {
        [XR_FAULT_DNS_NAME_NOT_FOUND] = XR_FINDING_DNS_NAME_NOT_FOUND,
        [XR_FAULT_DNS_NO_ADDRESS] = XR_FINDING_DNS_NO_ADDRESS,
        [XR_FAULT_DNS_SERVER_FAILURE] = XR_FINDING_DNS_SERVER_FAILURE,
        [XR_FAULT_DNS_REFUSED] = XR_FINDING_DNS_REFUSED,
        [XR_FAULT_DNS_TIMEOUT] = XR_FINDING_DNS_TIMEOUT,
        [XR_FAULT_DNS_UNREACHABLE] = XR_FINDING_DNS_UNREACHABLE,
        [XR_FAULT_DNS_TCP_BLOCKED] = XR_FINDING_DNS_TCP_BLOCKED,
        [XR_FAULT_DNS_DNSSEC] = XR_FINDING_DNS_DNSSEC_FAILED,
        [XR_FAULT_DNS_CNAME_LOOP] = XR_FINDING_DNS_CNAME_LOOP,
        [XR_FAULT_DNS_MALFORMED] = XR_FINDING_DNS_MALFORMED,
        [XR_FAULT_DNS_BOGUS_ADDRESS] = XR_FINDING_DNS_BOGUS_ADDRESS,
        [XR_FAULT_DNS_SLOW] = XR_FINDING_DNS_SLOW,
        [XR_FAULT_TCP_REFUSED] = XR_FINDING_TCP_REFUSED,
        [XR_FAULT_TCP_TIMEOUT] = XR_FINDING_TCP_TIMEOUT,
        [XR_FAULT_TCP_UNREACHABLE] = XR_FINDING_TCP_UNREACHABLE,
        [XR_FAULT_TCP_RESET] = XR_FINDING_TCP_RESET,
        [XR_FAULT_TCP_REJECTED] = XR_FINDING_TCP_REJECTED,
        [XR_FAULT_TCP_NO_ROUTE] = XR_FINDING_TCP_NO_ROUTE,
        [XR_FAULT_TCP_LOCAL_RULE] = XR_FINDING_TCP_LOCAL_RULE,
        [XR_FAULT_TLS_HANDSHAKE] = XR_FINDING_TLS_HANDSHAKE_FAILED,
        [XR_FAULT_TLS_NOT_TLS] = XR_FINDING_TLS_NOT_TLS,
        [XR_FAULT_TLS_TOO_OLD] = XR_FINDING_TLS_PROTOCOL_TOO_OLD,
        [XR_FAULT_TLS_CLIENT_CERTIFICATE] = XR_FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED,
        [XR_FAULT_TLS_UNTRUSTED] = XR_FINDING_TLS_UNTRUSTED_ROOT,
        [XR_FAULT_HTTP_TIMEOUT] = XR_FINDING_HTTP_TIMEOUT,
        [XR_FAULT_HTTP_TOO_LARGE] = XR_FINDING_HTTP_RESPONSE_TOO_LARGE,
        [XR_FAULT_HTTP_BROKEN] = XR_FINDING_HTTP_BROKEN,
        [XR_FAULT_PROXY] = XR_FINDING_HTTP_PROXY_FAILED,
        [XR_FAULT_LOGON_CONNECTION] = XR_FINDING_LOGON_CONNECTION_LOST,
        [XR_FAULT_KERBEROS_NO_TICKET] = XR_FINDING_LOGON_KERBEROS_NO_TICKET,
        [XR_FAULT_KERBEROS_SERVICE] = XR_FINDING_LOGON_KERBEROS_SERVICE_UNKNOWN,
        [XR_FAULT_KERBEROS_CLOCK] = XR_FINDING_LOGON_KERBEROS_CLOCK_SKEW,
        [XR_FAULT_KERBEROS_UNREACHABLE] = XR_FINDING_LOGON_KERBEROS_KDC_UNREACHABLE,
        [XR_FAULT_KERBEROS_PASSWORD] = XR_FINDING_LOGON_REJECTED,
        [XR_FAULT_KERBEROS_ACCOUNT] = XR_FINDING_LOGON_REJECTED,
        [XR_FAULT_KERBEROS_EXPIRED] = XR_FINDING_LOGON_PASSWORD_EXPIRED,
        [XR_FAULT_KERBEROS_KEYTAB] = XR_FINDING_LOGON_KERBEROS_FAILED,
        [XR_FAULT_KERBEROS_OTHER] = XR_FINDING_LOGON_KERBEROS_FAILED,
        [XR_FAULT_CONTENT] = XR_FINDING_HTTP_UNEXPECTED_CONTENT,
        [XR_FAULT_LOCAL_NETWORK] = XR_FINDING_LOCAL_NETWORK_UNAVAILABLE,
        [XR_FAULT_LOCAL_TIMEOUT] = XR_FINDING_LOCAL_TIMEOUT,
        [XR_FAULT_LOCAL_CANCELLED] = XR_FINDING_LOCAL_CANCELLED,
    };

    return findings[fault];
}

enum xr_finding_code xr_flaw_finding(enum xr_flaw flaw)
{
    static const enum xr_finding_code findings[XR_FLAW_COUNT] = {
        [XR_FLAW_NAME_MISMATCH] = XR_FINDING_TLS_NAME_MISMATCH,
        [XR_FLAW_EXPIRED] = XR_FINDING_TLS_EXPIRED,
        [XR_FLAW_NOT_YET_VALID] = XR_FINDING_TLS_NOT_YET_VALID,
        [XR_FLAW_EXPIRES_SOON] = XR_FINDING_TLS_EXPIRES_SOON,
        [XR_FLAW_SELF_SIGNED] = XR_FINDING_TLS_SELF_SIGNED,
        [XR_FLAW_UNTRUSTED_ROOT] = XR_FINDING_TLS_UNTRUSTED_ROOT,
        [XR_FLAW_CHAIN_INCOMPLETE] = XR_FINDING_TLS_CHAIN_INCOMPLETE,
        [XR_FLAW_CHAIN_DISORDERED] = XR_FINDING_TLS_CHAIN_DISORDERED,
        [XR_FLAW_WEAK_KEY] = XR_FINDING_TLS_WEAK_KEY,
        [XR_FLAW_WEAK_SIGNATURE] = XR_FINDING_TLS_WEAK_SIGNATURE,
        [XR_FLAW_REVOKED] = XR_FINDING_TLS_REVOKED,
        [XR_FLAW_BAD_PURPOSE] = XR_FINDING_TLS_BAD_PURPOSE,
        [XR_FLAW_CHAIN_EXTRA] = XR_FINDING_TLS_CHAIN_EXTRA,
        [XR_FLAW_PATH_AMBIGUOUS] = XR_FINDING_TLS_PATH_AMBIGUOUS,
        [XR_FLAW_NONCONFORMING] = XR_FINDING_TLS_NONCONFORMING,
        [XR_FLAW_KEY_UNUSUAL] = XR_FINDING_TLS_KEY_UNUSUAL,
        [XR_FLAW_VALIDITY_TOO_LONG] = XR_FINDING_TLS_VALIDITY_TOO_LONG,
        [XR_FLAW_STAPLE_MISSING] = XR_FINDING_TLS_STAPLE_MISSING,
        [XR_FLAW_REVOCATION_UNKNOWN] = XR_FINDING_TLS_REVOCATION_UNKNOWN,
        [XR_FLAW_INTERCEPTED] = XR_FINDING_TLS_INTERCEPTION_SUSPECTED,
    };

    return findings[flaw];
}

const char *xr_sentence(struct xr_arena *arena, const char *phrase)
{
    char *text = xr_printf(arena, "%s.", phrase);
    size_t length = strlen(text), word = strcspn(phrase, " ");

    if (!memchr(phrase, '.', word)) /* a host name keeps its small letter */
        text[0] = (char)toupper((unsigned char)text[0]);
    if (length > 1 && strchr(".!?", text[length - 2]))
        text[length - 1] = '\0';
    return text;
}

enum xr_status xr_fault_error(struct xr_step *step, const struct xr_err *err)
{
    enum xr_finding_code code = err->fault == XR_FAULT_TLS_UNTRUSTED
                                    ? xr_flaw_finding((enum xr_flaw)err->native)
                                    : xr_fault_finding(err->fault);

    return xr_error(step, code, "%s", xr_sentence(step->arena, err->text));
}

static enum xr_status flaw_status(enum xr_flaw flaw, bool ignore_trust)
{
    bool mild = xr_flaw_is_mild(flaw) || (ignore_trust && xr_flaw_is_trust(flaw));

    return mild ? XR_WARNING : XR_ERROR;
}

void xr_flaws_find(
    struct xr_step *step, const struct xr_tls_session *session, bool ignore_trust, uint32_t kinds)
{
    bool told = false;

    for (const struct xr_tls_flaw *flaw = session->flaws; flaw; flaw = flaw->next) {
        if (!(kinds & XR_FLAW_BIT(flaw->flaw)))
            continue;
        if (ignore_trust && xr_flaw_is_trust(flaw->flaw) && !told) {
            (void)xr_find(step, XR_FINDING_TLS_TRUST_IGNORED, XR_WARNING,
                "On request, the missing trust in this certificate was ignored.");
            told = true;
        }
        (void)xr_find(step, xr_flaw_finding(flaw->flaw), flaw_status(flaw->flaw, ignore_trust),
            "%s", flaw->text);
    }
}
