#include "analyzer/base/text.h"
#include "probes/logon_parts.h"

/* The certificate of the connection that was used last, as its owner will look for it. */
static const char *certificate(const struct xr_ctx *ctx)
{
    const struct xr_tls_session *session = ctx->ews_leg->seen;
    const struct xr_certificate *leaf = session ? session->certificates : NULL;

    if (!leaf)
        return "the certificate that is seen here";
    return xr_printf(ctx->arena,
        "the certificate that is seen here (%s, serial number %s, SHA-256 %s)", leaf->common_name,
        leaf->serial, leaf->sha256);
}

static const char terminator_cause[] =
    "TLS does not end at Exchange with the certificate that clients see: most likely a load "
    "balancer or proxy ends it with a certificate of its own, or a TLS inspection stands between. "
    "Outlook and other Windows clients, which always bind their logon, are asked for the password "
    "again and again. The setting is Allow, since the logon passes without the binding. SSL "
    "offloading is not supported with Extended Protection.";

static const char required_cause[] =
    "NTLM is refused with the binding to the certificate and without it, while Basic with the same "
    "password works. Most likely Extended Protection is set to Require, and TLS ends in front of "
    "Exchange with another certificate. Otherwise NTLM itself is restricted here, by a policy of "
    "Windows or by a device that does not keep its two halves on one connection. Basic is not "
    "affected by either.";

static const char refused_cause[] =
    "Most likely Extended Protection is set to Require and TLS ends in front of Exchange with "
    "another certificate. Also possible: NTLM is restricted on this server, or the account has no "
    "right to log on to it over the network.";

static const char unbalanced_cause[] =
    "The server did not refuse the proof, but began the NTLM dialogue anew: most likely a load "
    "balancer sends the two halves to different servers (no affinity of the connection), or a "
    "proxy shares one connection among clients. Also possible: Extended Protection is set to "
    "Require and TLS ends in front of Exchange with another certificate.";

static void add_disputed(const struct xr_ctx *ctx, struct xr_finding *finding)
{
    const struct xr_http_logon *logon = ctx->ews_leg->logon;

    if (logon && logon->disputed)
        finding->cause = xr_printf(ctx->arena,
            "%s The certificate is signed with a hash for which descriptions of the binding differ "
            "(RFC 5929 and Microsoft's): one that is signed with SHA-256 rules that out.",
            finding->cause);
}

enum xr_status xr_logon_tell_unbound(
    struct xr_ctx *ctx, struct xr_step *step, const char *proved_by)
{
    const char *before =
        proved_by ? xr_printf(ctx->arena, " (it was accepted in %s)", proved_by) : "";
    enum xr_status status = xr_error(step, XR_FINDING_LOGON_EXTENDED_PROTECTION,
        "The password is right%s. %s refuses the logon when it is bound to %s, and accepts the "
        "same logon unbound: Extended Protection is on.",
        before, ctx->ews.host, certificate(ctx));

    step->last_finding->cause = terminator_cause;
    add_disputed(ctx, step->last_finding);
    return status;
}

static bool began_anew(const struct xr_ctx *ctx)
{
    const struct xr_http_logon *logon = ctx->ews_leg->logon;

    return logon && logon->challenged_again;
}

enum xr_status xr_logon_tell_basic(struct xr_ctx *ctx, struct xr_step *step)
{
    if (began_anew(ctx)) {
        enum xr_status status = xr_error(step, XR_FINDING_LOGON_CONNECTION_LOST,
            "The password is right: %s accepts it with Basic. NTLM's proof of it is answered with "
            "a new challenge each time.",
            ctx->ews.host);
        step->last_finding->cause = unbalanced_cause;
        return status;
    }
    enum xr_status status = xr_error(step, XR_FINDING_LOGON_EXTENDED_PROTECTION,
        "The password is right: %s accepts it with Basic. It refuses NTLM, bound to %s and "
        "unbound.",
        ctx->ews.host, certificate(ctx));

    step->last_finding->cause = required_cause;
    add_disputed(ctx, step->last_finding);
    return status;
}

enum xr_status xr_logon_tell_right(struct xr_ctx *ctx, struct xr_step *step, const char *proved_by,
    const struct xr_http_response *refusal)
{
    bool device = xr_is_by_device(ctx->ews_leg, refusal);
    enum xr_finding_code code =
        device ? XR_FINDING_LOGON_REJECTED_BY_DEVICE : XR_FINDING_LOGON_REFUSED_RIGHT_PASSWORD;
    enum xr_status status = xr_error(step, code,
        "The password was accepted in %s, but %s refuses it in every way that was tried.",
        proved_by, ctx->ews.host);

    xr_close_gate(ctx, step);
    if (device)
        return status;
    step->last_finding->cause =
        xr_printf(ctx->arena, "%s %s", began_anew(ctx) ? unbalanced_cause : refused_cause,
            xr_where_to_look(ctx, ctx->ews_leg, ctx->arena, ctx->auth, refusal));
    return status;
}

enum xr_status xr_logon_tell_ticket(struct xr_ctx *ctx, struct xr_step *step, enum xr_status status,
    const struct xr_http_response *refusal)
{
    const struct xr_http_logon *logon = ctx->ews_leg->logon;

    if (status == XR_ERROR)
        xr_close_gate(ctx, step);
    if (logon && logon->server_answered_token)
        return status == XR_ERROR
                   ? xr_error(step, XR_FINDING_LOGON_KERBEROS_KEY_MISMATCH,
                         "%s refuses the Kerberos ticket and answers with an error token.",
                         ctx->ews.host)
                   : xr_warning(step, XR_FINDING_LOGON_KERBEROS_KEY_MISMATCH,
                         "%s refuses the Kerberos ticket and answers with an error token; the "
                         "logon goes on without it.",
                         ctx->ews.host);
    if (status == XR_ERROR)
        return xr_refused(ctx, step, XR_AUTH_NEGOTIATE, refusal);
    return xr_warning(step, XR_FINDING_LOGON_KERBEROS_KEY_MISMATCH,
        "%s refuses the Kerberos ticket without a word; the logon goes on without it.",
        ctx->ews.host);
}
