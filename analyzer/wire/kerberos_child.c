/* All of libkrb5, with kerberos_logon.c. */
#include <stdlib.h>
#include <string.h>

#include "analyzer/wire/kerberos_account.h"
#include "analyzer/wire/kerberos_task.h"

enum { CLOCK_SKEW_S = 300 };

enum xr_fault xr_kerberos_fault(enum xr_kerberos_stage stage, krb5_error_code code)
{
    static const enum xr_fault usual[] = {
        [AT_CACHE] = XR_FAULT_KERBEROS_NO_TICKET,
        [AT_KEYTAB] = XR_FAULT_KERBEROS_KEYTAB,
        [AT_LOGON] = XR_FAULT_KERBEROS_OTHER,
        [AT_SERVICE] = XR_FAULT_KERBEROS_OTHER,
    };
    static const struct {
        krb5_error_code code;
        enum xr_fault fault;
    } rows[] = {
        { KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, XR_FAULT_KERBEROS_ACCOUNT },
        { KRB5KDC_ERR_CLIENT_REVOKED, XR_FAULT_KERBEROS_ACCOUNT },
        { KRB5KDC_ERR_NAME_EXP, XR_FAULT_KERBEROS_ACCOUNT },
        { KRB5KDC_ERR_CLIENT_NOTYET, XR_FAULT_KERBEROS_ACCOUNT },
        { KRB5KDC_ERR_KEY_EXP, XR_FAULT_KERBEROS_EXPIRED },
        { KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, XR_FAULT_KERBEROS_SERVICE },
        { KRB5KDC_ERR_PRINCIPAL_NOT_UNIQUE, XR_FAULT_KERBEROS_SERVICE },
        { KRB5KDC_ERR_SERVER_NOMATCH, XR_FAULT_KERBEROS_SERVICE },
        { KRB5KDC_ERR_SERVICE_EXP, XR_FAULT_KERBEROS_SERVICE },
        { KRB5KDC_ERR_SERVICE_REVOKED, XR_FAULT_KERBEROS_SERVICE },
        { KRB5_ERR_HOST_REALM_UNKNOWN, XR_FAULT_KERBEROS_SERVICE },
        { KRB5KRB_AP_ERR_SKEW, XR_FAULT_KERBEROS_CLOCK },
        { KRB5KRB_AP_ERR_TKT_NYV, XR_FAULT_KERBEROS_CLOCK },
        { KRB5_KDCREP_SKEW, XR_FAULT_KERBEROS_CLOCK },
        { KRB5_KDC_UNREACH, XR_FAULT_KERBEROS_UNREACHABLE },
        { KRB5_REALM_UNKNOWN, XR_FAULT_KERBEROS_UNREACHABLE },
        { KRB5_REALM_CANT_RESOLVE, XR_FAULT_KERBEROS_UNREACHABLE },
        { KRB5_CONFIG_NODEFREALM, XR_FAULT_KERBEROS_UNREACHABLE },
        { KRB5KRB_AP_ERR_TKT_EXPIRED, XR_FAULT_KERBEROS_NO_TICKET },
        { KRB5_CC_NOTFOUND, XR_FAULT_KERBEROS_NO_TICKET },
        { KRB5_FCC_NOFILE, XR_FAULT_KERBEROS_NO_TICKET },
        { KRB5_KT_NOTFOUND, XR_FAULT_KERBEROS_KEYTAB },
        { KRB5_KT_KVNONOTFOUND, XR_FAULT_KERBEROS_KEYTAB },
    };

    if (stage == AT_LOGON &&
        (code == KRB5KDC_ERR_PREAUTH_FAILED || code == KRB5KRB_AP_ERR_BAD_INTEGRITY))
        return XR_FAULT_KERBEROS_PASSWORD;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].code == code)
            return rows[i].fault;
    return usual[stage];
}

/* A phrase of ours, then libkrb5's own text. */
const struct xr_err *xr_kerberos_failed(const struct xr_kerberos_task *task,
    enum xr_kerberos_stage stage, krb5_error_code code, const char *what)
{
    const char *text = krb5_get_error_message(task->context, code);
    const struct xr_err *err =
        xr_err(task->arena, xr_kerberos_fault(stage, code), (int)code, "%s: %s", what, text);

    krb5_free_error_message(task->context, text);
    return err;
}

const char *xr_kerberos_name(const struct xr_kerberos_task *task, krb5_const_principal principal)
{
    char *text = NULL;

    if (krb5_unparse_name(task->context, principal, &text))
        return "?";
    const char *name = xr_strdup(task->arena, text);
    krb5_free_unparsed_name(task->context, text);
    return name;
}

/* --- the ticket for the service --- */

/* Whoever else's ticket lies about on this machine, an administrator's mostly, would be logged on
 * under the account's name, with other rights. */
static const struct xr_err *belongs_to_account(struct xr_kerberos_task *task)
{
    const char *account = task->session->who.account, *owner = xr_kerberos_name(task, task->client);

    if (xr_account_fitness(task->arena, account, owner))
        return NULL;
    return xr_err(task->arena, XR_FAULT_KERBEROS_NO_TICKET, 0,
        "the ticket that is present is for %s, not for %s", owner, account);
}

/* Sets task->cache: closed by task_done() unless it is the session's. */
static const struct xr_err *find_cache(struct xr_kerberos_task *task)
{
    struct xr_kerberos_session *session = task->session;
    const struct xr_err *err = NULL;

    if (!session->fetched && session->who.keytab)
        err = xr_kerberos_by_keytab(task);
    else if (!session->fetched && session->by_password)
        err = xr_kerberos_by_password(task);
    if (err)
        return err;
    task->cache = session->fetched;
    krb5_error_code code = task->cache ? 0 : krb5_cc_default(task->context, &task->cache);
    if (!code)
        code = krb5_cc_get_principal(task->context, task->cache, &task->client);
    if (code)
        return xr_kerberos_failed(task, AT_CACHE, code, "no ticket is present");
    return task->cache == session->fetched ? NULL : belongs_to_account(task);
}

/* "HTTP/host" as it is: other clients ask for the name that their user typed, and what DNS makes of
 * it (dns_canonicalize_hostname, rdns) is for nobody to trust. The realm by krb5.conf, or none. */
static krb5_error_code name_service(struct xr_kerberos_task *task)
{
    char **realms = NULL;
    krb5_error_code code = krb5_get_host_realm(task->context, task->host, &realms);

    if (code)
        return code;
    code = krb5_build_principal(task->context, &task->service, (unsigned)strlen(realms[0]),
        realms[0], "HTTP", task->host, (char *)NULL);
    (void)krb5_free_host_realm(task->context, realms);
    return code;
}

static int64_t since_1970(krb5_timestamp time)
{
    return (uint32_t)time; /* until 2106, as MIT krb5 reads it */
}

/* Some caches keep tickets that a clock gone back has not reached yet. */
static const struct xr_err *check_begin(const struct xr_kerberos_task *task)
{
    const krb5_ticket_times *times = &task->ticket->times;
    int64_t begin = since_1970(times->starttime ? times->starttime : times->authtime);
    krb5_timestamp now;

    if (krb5_timeofday(task->context, &now) || begin <= since_1970(now) + CLOCK_SKEW_S)
        return NULL;
    return xr_kerberos_failed(task, AT_SERVICE, KRB5KRB_AP_ERR_TKT_NYV,
        xr_printf(task->arena, "the ticket for HTTP/%s begins at %s", task->host,
            xr_rfc3339(task->arena, begin * 1000)));
}

static const struct xr_err *fetch_ticket(struct xr_kerberos_task *task)
{
    krb5_creds wanted = { .client = task->client };
    krb5_error_code code = name_service(task);

    wanted.server = task->service;
    if (!code)
        code = krb5_get_credentials(task->context, 0, task->cache, &wanted, &task->ticket);
    if (code)
        return xr_kerberos_failed(
            task, AT_SERVICE, code, xr_printf(task->arena, "no ticket for HTTP/%s", task->host));
    task->token.principal = xr_kerberos_name(task, task->client);
    task->token.service = xr_kerberos_name(task, task->ticket->server);
    task->token.expires_ms = since_1970(task->ticket->times.endtime) * 1000;
    return check_begin(task);
}

/* --- the token --- */

static const struct xr_err *make_token(struct xr_kerberos_task *task)
{
    char *cache = NULL;
    krb5_error_code code = krb5_cc_get_full_name(task->context, task->cache, &cache);

    if (code)
        return xr_kerberos_failed(task, AT_CACHE, code, "the ticket is lost");
    const struct xr_err *err =
        xr_kerberos_gss(task->arena, cache, task->token.service, task->binding, &task->token);
    krb5_free_string(task->context, cache);
    return err;
}

/* --- the session --- */

static void task_done(struct xr_kerberos_task *task)
{
    krb5_free_principal(task->context, task->client);
    krb5_free_principal(task->context, task->service);
    krb5_free_creds(task->context, task->ticket);
    if (task->cache && task->cache != task->session->fetched)
        (void)krb5_cc_close(task->context, task->cache);
}

static krb5_error_code begin(struct xr_kerberos_session *session)
{
    krb5_error_code code = krb5_init_context(&session->context);

    if (!code)
        krb5_set_kdc_send_hook(session->context, xr_kerberos_on_send, session);
    return code;
}

struct xr_kerberos_session *xr_kerberos_session_new(
    struct xr_arena *arena, const struct xr_kerberos_who *who)
{
    struct xr_kerberos_session *session = xr_new(arena, struct xr_kerberos_session);

    session->who = *who;
    session->by_password = xr_secret_given(who->password);
    session->arena = arena;
    return session;
}

void xr_kerberos_session_free(struct xr_kerberos_session *session)
{
    if (session->fetched)
        (void)krb5_cc_destroy(session->context, session->fetched);
    if (session->context)
        krb5_free_context(session->context);
    xr_secret_done(&session->who.password);
}

bool xr_kerberos_session_proved(const struct xr_kerberos_session *session)
{
    return session->fetched != NULL;
}

const struct xr_err *xr_kerberos_session_token(struct xr_kerberos_session *session,
    struct xr_arena *arena, const char *host, struct xr_field binding,
    struct xr_kerberos_token *ret)
{
    krb5_error_code code = session->context ? 0 : begin(session);
    __attribute__((cleanup(task_done))) struct xr_kerberos_task task = {
        .session = session,
        .context = session->context,
        .arena = arena,
        .host = host,
        .binding = binding,
    };

    if (code)
        return xr_kerberos_failed(&task, AT_LOGON, code, "libkrb5 does not start");
    const struct xr_err *err = find_cache(&task);
    if (!err)
        err = fetch_ticket(&task);
    if (!err)
        err = make_token(&task);
    *ret = task.token;
    return err;
}
