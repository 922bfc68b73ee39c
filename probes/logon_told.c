#include "analyzer/base/text.h"
#include "analyzer/wire/kerberos_error.h"
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

static const char ntlm_refused_cause[] =
    "Most likely Extended Protection is set to Require and TLS ends in front of Exchange with "
    "another certificate. Also possible: NTLM is restricted on this server, or the account has no "
    "right to log on to it over the network.";

static const char basic_refused_cause[] =
    "Basic is refused%s, which neither Extended Protection nor a restriction of NTLM touches. Most "
    "likely the account has no right to log on to this server over the network, or only at other "
    "hours or from other machines. Also possible: the domain controller that this server asks does "
    "not know the password of today yet.";

static const char hidden_cause[] =
    "No answer shows who refuses. Either a device in front checks the password itself and does not "
    "know this account, or only in another form of the name. Or a reverse proxy takes Exchange's "
    "headers out of the answers, and Exchange refuses for a reason that is not the password: the "
    "right to log on over the network%s.";

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

/* The last dialogue of NTLM was. */
static bool is_bound(const struct xr_ctx *ctx)
{
    const struct xr_http_logon *logon = ctx->ews_leg->logon;

    return logon && logon->bound;
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
        "The password is right: %s accepts it with Basic. It refuses NTLM%s.", ctx->ews.host,
        is_bound(ctx) ? xr_printf(ctx->arena, ", bound to %s and unbound", certificate(ctx)) : "");

    step->last_finding->cause = required_cause;
    add_disputed(ctx, step->last_finding);
    return status;
}

enum xr_status xr_logon_tell_unsteady(
    struct xr_ctx *ctx, struct xr_step *step, enum xr_status status)
{
    static const char told[] = "%s refused the logon of %s with NTLM, and accepted the same "
                               "one right afterwards. The tests go on with it.";

    if (status == XR_SUCCESS)
        return xr_warning(
            step, XR_FINDING_LOGON_UNSTEADY, told, ctx->ews.host, ctx->target->account);
    (void)xr_find(
        step, XR_FINDING_LOGON_UNSTEADY, XR_WARNING, told, ctx->ews.host, ctx->target->account);
    return xr_worse(status, XR_WARNING);
}

/* ---- refused, though the password is right ---- */

static const char *statuses(struct xr_arena *arena, bool by_ntlm)
{
    return xr_printf(arena,
        "0xC000015B: the right to log on over the network is missing, 0xC000006F or 0xC0000070: "
        "not at this hour or not from this machine, 0xC000006A: the domain controller knows "
        "another password%s",
        by_ntlm ? ", 0xC0000418: NTLM is blocked, 0xC000035B: Extended Protection" : "");
}

static const char *cause_of_right(
    const struct xr_ctx *ctx, unsigned tried, const struct xr_http_response *refusal)
{
    bool by_ntlm = tried & 1u << XR_AUTH_NTLM, by_basic = tried & 1u << XR_AUTH_BASIC;

    if (xr_is_by_device(ctx->ews_leg, refusal))
        return xr_printf(ctx->arena, hidden_cause,
            by_ntlm && !by_basic ? ", Extended Protection, or a restriction of NTLM" : "");
    if (by_basic)
        return xr_printf(ctx->arena, basic_refused_cause, by_ntlm ? " too" : "");
    return began_anew(ctx) ? unbalanced_cause : ntlm_refused_cause;
}

enum xr_status xr_logon_tell_right(struct xr_ctx *ctx, struct xr_step *step, const char *proved_by,
    unsigned tried, const struct xr_http_response *refusal)
{
    bool by_ntlm = tried & 1u << XR_AUTH_NTLM;
    enum xr_status status = xr_error(step,
        xr_is_by_device(ctx->ews_leg, refusal) ? XR_FINDING_LOGON_REJECTED_BY_DEVICE
                                               : XR_FINDING_LOGON_REFUSED_RIGHT_PASSWORD,
        "The password was accepted in %s, but %s refuses it in every way that was tried.",
        proved_by, ctx->ews.host);

    xr_close_gate(ctx, step);
    step->last_finding->when = by_ntlm ? XR_WHEN_NTLM : 0;
    step->last_finding->cause = xr_printf(ctx->arena, "%s %s", cause_of_right(ctx, tried, refusal),
        xr_where_to_look(
            ctx, ctx->ews_leg, ctx->arena, by_ntlm, statuses(ctx->arena, by_ntlm), refusal));
    return status;
}

static const char server_clock_cause[] =
    "The domain gave a ticket, and Exchange says that its time is wrong: most likely the clock of "
    "the Exchange server (one of several, where it fails only now and then) differs from the "
    "domain's. Otherwise the clock of this machine does, and libkrb5 has made up for it on the way "
    "to the domain.";

/* What came back instead of an answer. */
static enum xr_status tell_error_token(struct xr_ctx *ctx, struct xr_step *step,
    enum xr_status status, const struct xr_http_logon *logon)
{
    int error = logon->kerberos_error;
    bool clock = error == XR_KRB_SKEW || error == XR_KRB_NOT_YET_VALID;
    const char *number = error ? xr_printf(ctx->arena, " (Kerberos error %d%s)", error,
                                     clock ? ": the clocks differ" : "")
                               : "";

    (void)xr_find(step,
        clock ? XR_FINDING_LOGON_KERBEROS_CLOCK_SKEW : XR_FINDING_LOGON_KERBEROS_KEY_MISMATCH,
        status, "%s refuses the Kerberos ticket and answers with an error token%s%s.",
        ctx->ews.host, number, status == XR_ERROR ? "" : "; the logon goes on without it");
    if (clock)
        step->last_finding->cause = server_clock_cause;
    return status;
}

enum xr_status xr_logon_tell_ticket(struct xr_ctx *ctx, struct xr_step *step, enum xr_status status,
    const struct xr_http_response *refusal)
{
    const struct xr_http_logon *logon = ctx->ews_leg->logon;

    if (status == XR_ERROR)
        xr_close_gate(ctx, step);
    if (logon && logon->server_answered_token)
        return tell_error_token(ctx, step, status, logon);
    if (status == XR_ERROR)
        return xr_refused(ctx, step, XR_AUTH_NEGOTIATE, refusal);
    return xr_warning(step, XR_FINDING_LOGON_KERBEROS_KEY_MISMATCH,
        "%s refuses the Kerberos ticket without a word; the logon goes on without it.",
        ctx->ews.host);
}
