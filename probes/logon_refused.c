#include <ctype.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "probes/answers.h"
#include "probes/faults.h"
#include "probes/logon_parts.h"

/* What is known about one refusal. */
struct refusal {
    struct xr_ctx *ctx;
    struct xr_arena *arena;
    const struct xr_leg *leg;
    const struct xr_http_logon *logon; /* of NTLM and Negotiate; NULL: another scheme */
    const struct xr_http_response *response;
    enum xr_auth auth;
    const char *domain, *user; /* of "DOMAIN\user"; NULL: it is a UPN */
    const char *upn_domain;    /* NULL: it is no UPN */
};

static struct refusal refusal_of(struct xr_ctx *ctx, const struct xr_leg *leg, struct xr_step *step,
    enum xr_auth auth, const struct xr_http_response *response)
{
    const char *account = ctx->target->account ? ctx->target->account : "";
    const char *slash = strchr(account, '\\'), *at = strrchr(account, '@');
    bool dialogue = auth == XR_AUTH_NTLM || auth == XR_AUTH_NEGOTIATE;

    return (struct refusal){
        .ctx = ctx,
        .arena = step->arena,
        .leg = leg,
        .logon = dialogue && leg ? leg->logon : NULL,
        .response = response,
        .auth = auth,
        .domain = slash ? xr_printf(step->arena, "%.*s", (int)(slash - account), account) : NULL,
        .user = slash ? slash + 1 : account,
        .upn_domain = !slash && at ? at + 1 : NULL,
    };
}

/* ---- what may be the reason, as far as this run shows ---- */

static bool is_one_of(const char *name, const struct xr_http_logon *logon)
{
    const char *const names[] = { logon->netbios_domain, logon->dns_domain, logon->dns_forest };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i] && xr_same(names[i], name))
            return true;
    return false;
}

static bool is_local(const struct refusal *refusal)
{
    return refusal->domain && !strcmp(refusal->domain, ".");
}

/* Another domain may be a trusted one, so that it is a remark and no verdict. */
static bool is_of_other_domain(const struct refusal *refusal)
{
    const struct xr_http_logon *logon = refusal->logon;

    return refusal->domain && !is_local(refusal) && logon &&
           (logon->netbios_domain || logon->dns_domain) && !is_one_of(refusal->domain, logon);
}

static const char *after_proof(const struct refusal *refusal)
{
    const char *by = refusal->ctx->proved_by;

    return refusal->ctx->proved && by
               ? xr_printf(refusal->arena,
                     "The same password was accepted before (%s), so either the account was "
                     "locked or changed in between, or one server of several behind this name "
                     "refuses it.",
                     by)
               : NULL;
}

static const char *local_account(const struct refusal *refusal)
{
    return is_local(refusal) ? "The account names no domain: \".\" stands for the server itself, "
                               "whose own accounts Exchange does not know."
                             : NULL;
}

static const char *upn_of_elsewhere(const struct refusal *refusal)
{
    const char *domain = refusal->upn_domain, *mail = refusal->ctx->mail_domain;
    const struct xr_http_logon *logon = refusal->logon;

    if (!domain || !logon || !logon->dns_domain || is_one_of(domain, logon) ||
        (mail && xr_same(domain, mail)))
        return NULL;
    return xr_printf(refusal->arena,
        "The server is of the domain %s: whether %s is a suffix for logons there is not known.",
        logon->dns_domain, domain);
}

static const char *mail_address_as_upn(const struct refusal *refusal)
{
    const struct xr_ctx *ctx = refusal->ctx;
    bool mail = refusal->upn_domain &&
                ((ctx->mail_domain && xr_same(refusal->upn_domain, ctx->mail_domain)) ||
                    xr_same(ctx->target->account, ctx->target->mailbox));

    return mail ? "The account looks like a mail address: the user principal name of an account "
                  "can be another one; DOMAIN\\user is always right."
                : NULL;
}

static const char *beyond_ascii(const struct refusal *refusal)
{
    if (refusal->auth != XR_AUTH_BASIC || xr_secret_is_ascii(refusal->ctx->password))
        return NULL;
    return "The password has characters beyond ASCII, and servers differ in how they read those in "
           "Basic authentication (exray sends UTF-8): NTLM has one way for them.";
}

static const char *began_anew(const struct refusal *refusal)
{
    return refusal->logon && refusal->logon->challenged_again
               ? "The server did not refuse the proof, but began the NTLM dialogue anew: that is "
                 "what a load balancer does that sends the two halves to different servers (no "
                 "affinity), or a proxy that shares one connection among clients."
               : NULL;
}

static const char *binding(const struct refusal *refusal)
{
    const struct xr_http_logon *logon = refusal->logon;

    if (refusal->auth != XR_AUTH_NTLM || !logon)
        return NULL;
    if (logon->why_unbound)
        return xr_printf(refusal->arena,
            "Also open is Extended Protection: the logon could not be bound to the certificate "
            "(%s), and a server that requires it refuses the right password too.",
            logon->why_unbound);
    return logon->bound
               ? "Also open is Extended Protection: if TLS ends in front of Exchange with another "
                 "certificate, the right password is refused too."
               : "It was tried with and without a binding to the certificate (Extended "
                 "Protection).";
}

static const char *disputed(const struct refusal *refusal)
{
    return refusal->logon && refusal->logon->bound && refusal->logon->disputed
               ? "The certificate is signed with a hash for which descriptions of the binding "
                 "differ (RFC 5929 and Microsoft's), which may be the reason too."
               : NULL;
}

static const char *ticket(const struct refusal *refusal)
{
    return refusal->auth == XR_AUTH_NEGOTIATE
               ? "A Kerberos ticket was sent, no password: the service principal name of this "
                 "address may belong to another account than the one that Exchange runs under."
               : NULL;
}

/* Of Exchange, or of Windows where it may run: what came from there. */
static bool is_of_the_server(const struct xr_leg *leg, const struct xr_http_response *response)
{
    return xr_is_from_exchange(response) || (leg && leg->logon && leg->logon->windows);
}

static const char *proxy_of_windows(const struct refusal *refusal)
{
    const char *server = xr_http_header(refusal->response->headers, "Server");

    return server && xr_starts(server, "Microsoft-HTTPAPI") &&
                   !is_of_the_server(refusal->leg, refusal->response)
               ? "Nothing in the answer is Exchange's own: it calls itself \"Microsoft-HTTPAPI\", "
                 "as a Web Application Proxy in front does too. If that refused, its log tells why."
               : NULL;
}

static const char *(*const reasons[])(const struct refusal *) = { after_proof, local_account,
    upn_of_elsewhere, mail_address_as_upn, beyond_ascii, proxy_of_windows, began_anew, ticket,
    binding, disputed };

/* ---- where the server tells it ---- */

enum { WORKSTATION_MAX = 15 };

/* As the type 3 names it: what event 4625 shows. */
static const char *workstation(const struct xr_ctx *ctx, struct xr_arena *arena)
{
    const char *host = ctx->run->origin.host ? ctx->run->origin.host : "";
    size_t length = strcspn(host, ".");
    char *name = xr_strndup(arena, host, length < WORKSTATION_MAX ? length : WORKSTATION_MAX);

    for (char *at = name; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return *name ? name : "EXRAY";
}

static const char *server(const struct xr_leg *leg, const struct xr_http_response *refusal)
{
    const char *front = xr_http_header(refusal->headers, "X-FEServer");
    const char *name = leg && leg->logon ? leg->logon->server_name : NULL;

    if (front || name)
        return front ? front : name;
    return is_of_the_server(leg, refusal)
               ? "the Exchange server that was asked"
               : "the Exchange server behind this address (if the logon came that far)";
}

static const char *time_of_attempt(struct xr_arena *arena)
{
    char *time = xr_strdup(arena, xr_rfc3339(arena, xr_wall_ms()));

    time[strlen("2026-11-22")] = ' ';
    time[strlen("2026-11-22T10:00:00")] = '\0';
    return time;
}

const char *xr_where_to_look(const struct xr_ctx *ctx, const struct xr_leg *leg,
    struct xr_arena *arena, bool by_ntlm, const char *statuses,
    const struct xr_http_response *refusal)
{
    return xr_printf(arena,
        "The server knows which: event 4625 in the security log of %s at %s UTC%s%s. Status %s.",
        server(leg, refusal), time_of_attempt(arena), by_ntlm ? ", workstation " : "",
        by_ntlm ? workstation(ctx, arena) : "", statuses);
}

static const char *where_to_look(const struct refusal *refusal)
{
    static const char statuses[] =
        "0xC000006A or 0xC000006D is a wrong name or password, 0xC0000234 locked, 0xC0000072 "
        "disabled, 0xC0000071 or 0xC0000224 expired";
    const char *also = refusal->auth == XR_AUTH_BASIC ? "" : ", 0xC000035B Extended Protection";

    return xr_where_to_look(refusal->ctx, refusal->leg, refusal->arena,
        refusal->auth == XR_AUTH_NTLM, xr_printf(refusal->arena, "%s%s", statuses, also),
        refusal->response);
}

static const char *cause_of(const struct refusal *refusal)
{
    const char *text = refusal->auth == XR_AUTH_NEGOTIATE
                           ? "The server refused the ticket."
                           : "The server refused the logon and does not say why. Most likely the "
                             "name or the password is wrong, or the account is locked, disabled "
                             "or expired: Windows answers the same to all of these.";

    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
        const char *reason = reasons[i](refusal);
        if (reason)
            text = xr_printf(refusal->arena, "%s %s", text, reason);
    }
    return xr_printf(refusal->arena, "%s %s", text, where_to_look(refusal));
}

/* ---- the verdicts ---- */

/* Before the error, so that the error is the last finding of the step. */
static void remark_domain(struct xr_step *step, const struct refusal *refusal)
{
    const struct xr_http_logon *logon = refusal->logon;

    if (!is_of_other_domain(refusal))
        return;
    (void)xr_find(step, XR_FINDING_LOGON_DOMAIN_DIFFERS, XR_WARNING,
        "The account names the domain %s; the server is of %s%s%s%s.", refusal->domain,
        logon->netbios_domain ? logon->netbios_domain : logon->dns_domain,
        logon->netbios_domain && logon->dns_domain ? " (" : "",
        logon->netbios_domain && logon->dns_domain ? logon->dns_domain : "",
        logon->netbios_domain && logon->dns_domain ? ")" : "");
}

static enum xr_status by_device(struct xr_step *step, const struct refusal *refusal)
{
    const char *name = xr_http_header(refusal->response->headers, "Server");
    const char *from = name ? xr_printf(step->arena, "What answers calls itself \"%s\"", name)
                            : "What answers does not say what it is";

    enum xr_status status = xr_error(step, XR_FINDING_LOGON_REJECTED_BY_DEVICE,
        "%s was refused (%s), and no answer so far shows a sign of Exchange. %s.",
        refusal->ctx->target->account, xr_auth_name(refusal->auth), from);
    step->last_finding->cause = xr_printf(step->arena, "%s %s",
        xr_finding_kind(XR_FINDING_LOGON_REJECTED_BY_DEVICE)->cause, where_to_look(refusal));
    return status;
}

bool xr_is_by_device(const struct xr_leg *leg, const struct xr_http_response *refusal)
{
    return leg && !leg->from_exchange && !xr_may_be_from_exchange(refusal);
}

/* With --second-attempt, what it is for could not be tried. NULL: it was. */
static const char *why_once(const struct refusal *refusal)
{
    if (refusal->leg != refusal->ctx->ews_leg)
        return "not made: it is for a refusal at the EWS address, and this was Autodiscover";
    if (refusal->auth == XR_AUTH_BASIC)
        return "not made: it leaves out the channel binding of NTLM, and Basic has none";
    if (refusal->auth == XR_AUTH_NEGOTIATE)
        return "not made: it is for NTLM, and a Kerberos ticket was refused";
    return refusal->logon && refusal->logon->why_unbound
               ? "not made: the logon had no channel binding that it could leave out"
               : NULL;
}

/* A password that is proven, or was sent twice, needs no second attempt. */
static bool may_be_the_binding(const struct refusal *refusal)
{
    const struct xr_ctx *ctx = refusal->ctx;

    return refusal->leg == ctx->ews_leg && refusal->auth == XR_AUTH_NTLM && refusal->logon &&
           refusal->logon->bound && !ctx->proved && !ctx->target->second_attempt;
}

static enum xr_status rejected(struct xr_step *step, const struct refusal *refusal)
{
    const char *account = refusal->ctx->target->account;
    const char *once = refusal->ctx->target->second_attempt ? why_once(refusal) : NULL;

    if (once)
        xr_step_detail(step, "Second attempt", "%s", once);
    if (xr_contains(refusal->response->body, "locked out"))
        return xr_error(step, XR_FINDING_LOGON_LOCKED_OUT,
            "The server says that the account %s is locked out.", account);
    if (xr_is_by_device(refusal->leg, refusal->response))
        return by_device(step, refusal);
    remark_domain(step, refusal);
    enum xr_status status = xr_error(step, XR_FINDING_LOGON_REJECTED,
        "The server refused the credentials of %s (%s).", account, xr_auth_name(refusal->auth));
    step->last_finding->cause = cause_of(refusal);
    step->last_finding->when = may_be_the_binding(refusal) ? XR_WHEN_BOUND : 0;
    return status;
}

void xr_close_gate(struct xr_ctx *ctx, const struct xr_step *step)
{
    if (!ctx->gate_closed_by)
        ctx->gate_closed_by = step->id;
}

enum xr_status xr_refused_on(struct xr_ctx *ctx, const struct xr_leg *leg, struct xr_step *step,
    enum xr_auth auth, const struct xr_http_response *response)
{
    if (response->status != 401) {
        xr_close_gate(ctx, step);
        return xr_answer_error(step, "The server", response);
    }
    xr_step_decisive(step, "401");
    if (response->ntlm_unanswered)
        return xr_error(step, XR_FINDING_LOGON_SCHEME_NOT_OFFERED,
            "The server offers NTLM, but does not answer the first NTLM message with a challenge.");
    if (leg && leg->attempt) {
        leg->attempt->refused = true;
        leg->attempt->response = *response;
        return XR_ERROR;
    }
    xr_close_gate(ctx, step);
    if (auth == XR_AUTH_OAUTH)
        return xr_error(step, XR_FINDING_LOGON_TOKEN_REJECTED, "The server refused the token.");
    const struct refusal refusal = refusal_of(ctx, leg, step, auth, response);
    return rejected(step, &refusal);
}

enum xr_status xr_refused(struct xr_ctx *ctx, struct xr_step *step, enum xr_auth auth,
    const struct xr_http_response *response)
{
    return xr_refused_on(ctx, ctx->ews_leg, step, auth, response);
}

/* ---- Kerberos ---- */

bool xr_is_refused_by_kdc(const struct xr_err *err)
{
    return err->fault == XR_FAULT_KERBEROS_PASSWORD || err->fault == XR_FAULT_KERBEROS_ACCOUNT ||
           err->fault == XR_FAULT_KERBEROS_EXPIRED;
}

/* A proof of the password went to a KDC, and nothing that it was taken came back. */
static bool is_proof_open(const struct xr_ctx *ctx)
{
    const struct xr_kerberos_asked *asked = NULL;
    size_t n = ctx->kerberos ? xr_kerberos_asked(ctx->kerberos, &asked) : 0;
    bool proof = false, ticket = false;

    for (size_t i = 0; i < n; i++) {
        proof |= asked[i].asking == XR_KERBEROS_PROOF;
        ticket |= asked[i].asking == XR_KERBEROS_TICKET;
    }
    return proof && !ticket;
}

bool xr_is_without_ticket(const struct xr_ctx *ctx, const struct xr_err *err)
{
    return err->fault >= XR_FAULT_KERBEROS_NO_TICKET && err->fault <= XR_FAULT_KERBEROS_OTHER &&
           !xr_is_refused_by_kdc(err) && !is_proof_open(ctx);
}

enum xr_status xr_ask_failed(struct xr_ctx *ctx, struct xr_step *step, const struct xr_err *err)
{
    if (xr_is_refused_by_kdc(err))
        xr_close_gate(ctx, step);
    if (err->fault == XR_FAULT_CONTENT) /* of NTLM's second message */
        return xr_error(
            step, XR_FINDING_LOGON_SCHEME_NOT_OFFERED, "%s", xr_sentence(step->arena, err->text));
    return xr_fault_error(step, err);
}
