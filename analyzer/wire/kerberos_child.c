/* All of libkrb5 and GSSAPI. */
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/wire/kerberos_account.h"
#include "analyzer/wire/kerberos_session.h"

enum { CLOCK_SKEW_S = 300 };

/* What is being done when libkrb5 fails: the same code means different things. */
enum stage { AT_CACHE, AT_KEYTAB, AT_LOGON, AT_SERVICE };

struct xr_kerberos_session {
    krb5_context context; /* NULL: not yet */
    const char *account, *keytab;
    struct xr_secret password;
    bool by_password;    /* also when it is used up */
    krb5_ccache fetched; /* what the password or the keytab brought; NULL: nothing yet */
};

/* One question. */
struct task {
    struct xr_kerberos_session *session;
    krb5_context context; /* the session's */
    struct xr_arena *arena;
    const char *host;
    struct xr_field binding;
    krb5_ccache cache;
    krb5_principal client, service;
    krb5_creds *ticket;
    struct xr_kerberos_token token;
};

static enum xr_fault fault_of(enum stage stage, krb5_error_code code)
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
static const struct xr_err *failed(
    const struct task *task, enum stage stage, krb5_error_code code, const char *what)
{
    const char *text = krb5_get_error_message(task->context, code);
    const struct xr_err *err =
        xr_err(task->arena, fault_of(stage, code), (int)code, "%s: %s", what, text);

    krb5_free_error_message(task->context, text);
    return err;
}

static const char *name_of(const struct task *task, krb5_const_principal principal)
{
    char *text = NULL;

    if (krb5_unparse_name(task->context, principal, &text))
        return "?";
    const char *name = xr_strdup(task->arena, text);
    krb5_free_unparsed_name(task->context, text);
    return name;
}

/* --- a ticket by password or keytab --- */

/* Of a short domain name, which is no realm, the machine's own realm stands for it. */
static krb5_error_code principal_by_domain(struct task *task, krb5_principal *ret)
{
    struct xr_account_parts parts = xr_account_parts(task->arena, task->session->account);
    char *own = NULL;
    krb5_error_code code = parts.realm ? 0 : krb5_get_default_realm(task->context, &own);
    const char *realm = parts.realm ? parts.realm : own;

    if (!code)
        code = krb5_build_principal(
            task->context, ret, (unsigned)strlen(realm), realm, parts.user, (char *)NULL);
    krb5_free_default_realm(task->context, own);
    return code;
}

static krb5_error_code store(struct task *task, krb5_creds *ticket)
{
    krb5_ccache cache = NULL;
    krb5_error_code code = krb5_cc_new_unique(task->context, "MEMORY", NULL, &cache);

    if (!code)
        code = krb5_cc_initialize(task->context, cache, ticket->client);
    if (!code)
        code = krb5_cc_store_cred(task->context, cache, ticket);
    if (!code)
        task->session->fetched = cache;
    else if (cache)
        (void)krb5_cc_destroy(task->context, cache);
    return code;
}

/* Not krb5_get_init_creds_password(): that one asks a second KDC, the primary one, after a wrong
 * password, and for a new password after one that has expired. */
static krb5_error_code log_on(
    struct task *task, krb5_principal client, krb5_keytab keytab, bool canonicalize)
{
    krb5_context context = task->context;
    krb5_get_init_creds_opt *options = NULL;
    krb5_init_creds_context logon = NULL;
    krb5_creds ticket = { 0 };
    krb5_error_code code = krb5_get_init_creds_opt_alloc(context, &options);

    if (!code) {
        krb5_get_init_creds_opt_set_canonicalize(options, canonicalize);
        krb5_get_init_creds_opt_set_forwardable(options, 0);
        krb5_get_init_creds_opt_set_proxiable(options, 0);
        code = krb5_init_creds_init(context, client, NULL, NULL, 0, options, &logon);
    }
    if (!code)
        code = keytab ? krb5_init_creds_set_keytab(context, logon, keytab)
                      : krb5_init_creds_set_password(
                            context, logon, xr_reveal(task->session->password));
    if (!code)
        code = krb5_init_creds_get(context, logon);
    if (!code)
        code = krb5_init_creds_get_creds(context, logon, &ticket);
    if (!code)
        code = store(task, &ticket);
    krb5_free_cred_contents(context, &ticket);
    krb5_init_creds_free(context, logon);
    krb5_get_init_creds_opt_free(context, options);
    return code;
}

/* No KDC compared the password: the name was not found, or there was nobody to ask. */
static bool is_worth_another_name(krb5_error_code code)
{
    static const krb5_error_code codes[] = { KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN,
        KRB5KDC_ERR_WRONG_REALM, KRB5_REALM_UNKNOWN, KRB5_REALM_CANT_RESOLVE,
        KRB5_CONFIG_NODEFREALM };

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (codes[i] == code)
            return true;
    return false;
}

/* whole: all of the account is the name. The domain behind the @ of a UPN need not be a realm, but
 * the KDC may know the name as it is (RFC 6806 section 5). */
static krb5_error_code log_on_as(struct task *task, bool whole, const char **ret_name)
{
    krb5_principal client = NULL;
    krb5_error_code code = whole ? krb5_parse_name_flags(task->context, task->session->account,
                                       KRB5_PRINCIPAL_PARSE_ENTERPRISE, &client)
                                 : principal_by_domain(task, &client);

    if (code)
        return code;
    *ret_name = name_of(task, client);
    code = log_on(task, client, NULL, whole);
    krb5_free_principal(task->context, client);
    return code;
}

static const struct xr_err *refused(
    const struct task *task, krb5_error_code code, const char *secret, const char *name)
{
    bool wrong = fault_of(AT_LOGON, code) == XR_FAULT_KERBEROS_PASSWORD;

    return failed(task, AT_LOGON, code,
        wrong ? xr_printf(
                    task->arena, "the Kerberos server does not take the %s for %s", secret, name)
              : xr_printf(task->arena, "no ticket for %s", name));
}

static const struct xr_err *log_on_by_password(struct task *task)
{
    const char *account = task->session->account, *name = account;
    bool is_upn = xr_account_is_upn(account);

    if (!xr_secret_given(task->session->password))
        return failed(task, AT_CACHE, KRB5_CC_NOTFOUND, "the password is not sent a second time");
    krb5_error_code code = is_upn ? log_on_as(task, true, &name) : 0;
    if (!is_upn || is_worth_another_name(code))
        code = log_on_as(task, false, &name);
    xr_secret_done(&task->session->password);
    return code ? refused(task, code, "password", name) : NULL;
}

static krb5_error_code choose_in_keytab(struct task *task, krb5_keytab keytab, krb5_principal *ret)
{
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    int best = -1;
    krb5_error_code code = krb5_kt_start_seq_get(task->context, keytab, &cursor);

    if (code)
        return code;
    while (!(code = krb5_kt_next_entry(task->context, keytab, &entry, &cursor))) {
        int fits =
            xr_account_fitness(task->arena, task->session->account, name_of(task, entry.principal));
        if (fits > best) {
            krb5_free_principal(task->context, *ret);
            *ret = NULL;
            best = fits;
            (void)krb5_copy_principal(task->context, entry.principal, ret);
        }
        (void)krb5_free_keytab_entry_contents(task->context, &entry);
    }
    (void)krb5_kt_end_seq_get(task->context, keytab, &cursor);
    return code == KRB5_KT_END ? (*ret ? 0 : KRB5_KT_NOTFOUND) : code;
}

static const struct xr_err *log_on_by_keytab(struct task *task)
{
    const char *path = task->session->keytab;
    const char *what = xr_printf(task->arena, "the keytab %s cannot be used", path);
    krb5_principal client = NULL;
    krb5_keytab keytab = NULL;
    const struct xr_err *err = NULL;
    krb5_error_code code =
        krb5_kt_resolve(task->context, xr_printf(task->arena, "FILE:%s", path), &keytab);

    if (!code)
        code = choose_in_keytab(task, keytab, &client);
    if (code)
        err = failed(task, AT_KEYTAB, code, what);
    else if ((code = log_on(task, client, keytab, false)) != 0)
        err = refused(task, code, xr_printf(task->arena, "key in %s", path), name_of(task, client));
    krb5_free_principal(task->context, client);
    if (keytab)
        (void)krb5_kt_close(task->context, keytab);
    return err;
}

/* --- the ticket for the service --- */

/* Sets task->cache: closed by task_done() unless it is the session's. */
static const struct xr_err *find_cache(struct task *task)
{
    struct xr_kerberos_session *session = task->session;
    const struct xr_err *err = NULL;

    if (!session->fetched && session->keytab)
        err = log_on_by_keytab(task);
    else if (!session->fetched && session->by_password)
        err = log_on_by_password(task);
    if (err)
        return err;
    task->cache = session->fetched;
    krb5_error_code code = task->cache ? 0 : krb5_cc_default(task->context, &task->cache);
    if (!code)
        code = krb5_cc_get_principal(task->context, task->cache, &task->client);
    return code ? failed(task, AT_CACHE, code, "no ticket is present") : NULL;
}

/* "HTTP/host" as it is: other clients ask for the name that their user typed, and what DNS makes of
 * it (dns_canonicalize_hostname, rdns) is for nobody to trust. The realm by krb5.conf, or none. */
static krb5_error_code name_service(struct task *task)
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
static const struct xr_err *check_begin(const struct task *task)
{
    const krb5_ticket_times *times = &task->ticket->times;
    int64_t begin = since_1970(times->starttime ? times->starttime : times->authtime);
    krb5_timestamp now;

    if (krb5_timeofday(task->context, &now) || begin <= since_1970(now) + CLOCK_SKEW_S)
        return NULL;
    return failed(task, AT_SERVICE, KRB5KRB_AP_ERR_TKT_NYV,
        xr_printf(task->arena, "the ticket for HTTP/%s begins at %s", task->host,
            xr_rfc3339(task->arena, begin * 1000)));
}

static const struct xr_err *fetch_ticket(struct task *task)
{
    krb5_creds wanted = { .client = task->client };
    krb5_error_code code = name_service(task);

    wanted.server = task->service;
    if (!code)
        code = krb5_get_credentials(task->context, 0, task->cache, &wanted, &task->ticket);
    if (code)
        return failed(
            task, AT_SERVICE, code, xr_printf(task->arena, "no ticket for HTTP/%s", task->host));
    task->token.principal = name_of(task, task->client);
    task->token.service = name_of(task, task->ticket->server);
    task->token.expires_ms = since_1970(task->ticket->times.endtime) * 1000;
    return check_begin(task);
}

/* --- the token --- */

static gss_OID_desc spnego = { 6, (void *)(uintptr_t) "\x2b\x06\x01\x05\x05\x02" };

static const struct xr_err *gss_failed(const struct task *task, OM_uint32 major, OM_uint32 minor)
{
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 ignored, more = 0;
    bool by_minor = minor != 0;

    (void)gss_display_status(&ignored, by_minor ? minor : major,
        by_minor ? GSS_C_MECH_CODE : GSS_C_GSS_CODE, GSS_C_NO_OID, &more, &text);
    const struct xr_err *err =
        xr_err(task->arena, XR_FAULT_KERBEROS_OTHER, (int)minor, "no token for %s: %.*s",
            task->token.service, (int)text.length, text.length ? (const char *)text.value : "");
    (void)gss_release_buffer(&ignored, &text);
    return err;
}

/* For SPNEGO, but with Kerberos alone in it: where another mechanism is installed, NTLM say, it
 * would go out under the name of Negotiate. */
static OM_uint32 acquire(struct task *task, gss_cred_id_t *ret, OM_uint32 *ret_minor)
{
    gss_OID_set_desc outer = { 1, &spnego }, inner = { 1, (gss_OID)(uintptr_t)gss_mech_krb5 };
    char *cache = NULL;

    *ret_minor = (OM_uint32)krb5_cc_get_full_name(task->context, task->cache, &cache);
    if (*ret_minor)
        return GSS_S_FAILURE;
    gss_key_value_element_desc element = { "ccache", cache };
    gss_key_value_set_desc place = { 1, &element };
    OM_uint32 major = gss_acquire_cred_from(ret_minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &outer,
        GSS_C_INITIATE, &place, ret, NULL, NULL);
    krb5_free_string(task->context, cache);
    return GSS_ERROR(major) ? major : gss_set_neg_mechs(ret_minor, *ret, &inner);
}

static OM_uint32 import(const struct task *task, gss_name_t *ret, OM_uint32 *ret_minor)
{
    gss_buffer_desc name = { strlen(task->token.service),
        xr_strdup(task->arena, task->token.service) };

    return gss_import_name(ret_minor, &name, (gss_OID)(uintptr_t)GSS_KRB5_NT_PRINCIPAL_NAME, ret);
}

static OM_uint32 init(const struct task *task, gss_cred_id_t cred, gss_name_t name,
    gss_buffer_desc *ret, OM_uint32 *ret_minor)
{
    struct gss_channel_bindings_struct binding = {
        .application_data = { task->binding.length, (void *)(uintptr_t)task->binding.bytes },
    };
    bool bound = task->binding.length > 0;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    OM_uint32 ignored, flags = GSS_C_MUTUAL_FLAG | (bound ? GSS_C_CHANNEL_BOUND_FLAG : 0);
    OM_uint32 major = gss_init_sec_context(ret_minor, cred, &context, name, &spnego, flags, 0,
        bound ? &binding : GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER, NULL, ret, NULL, NULL);

    (void)gss_delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
    return major;
}

static const struct xr_err *take_token(struct task *task, const gss_buffer_desc *token)
{
    if (!token->length || token->length > XR_KERBEROS_TOKEN_MAX)
        return xr_err(task->arena, XR_FAULT_KERBEROS_OTHER, 0,
            "the token for %s has %zu bytes, more than the %d that are sent", task->token.service,
            token->length, XR_KERBEROS_TOKEN_MAX);
    uint8_t *bytes = xr_alloc(task->arena, token->length);
    memcpy(bytes, token->value, token->length);
    task->token.bytes = bytes;
    task->token.length = token->length;
    return NULL;
}

static const struct xr_err *make_token(struct task *task)
{
    gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
    gss_name_t name = GSS_C_NO_NAME;
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor = 0, ignored, major = acquire(task, &cred, &minor);

    if (!GSS_ERROR(major))
        major = import(task, &name, &minor);
    if (!GSS_ERROR(major))
        major = init(task, cred, name, &token, &minor);
    const struct xr_err *err =
        GSS_ERROR(major) ? gss_failed(task, major, minor) : take_token(task, &token);
    (void)gss_release_buffer(&ignored, &token);
    (void)gss_release_name(&ignored, &name);
    (void)gss_release_cred(&ignored, &cred);
    return err;
}

/* --- the session --- */

static void task_done(struct task *task)
{
    krb5_free_principal(task->context, task->client);
    krb5_free_principal(task->context, task->service);
    krb5_free_creds(task->context, task->ticket);
    if (task->cache && task->cache != task->session->fetched)
        (void)krb5_cc_close(task->context, task->cache);
}

struct xr_kerberos_session *xr_kerberos_session_new(
    struct xr_arena *arena, const char *account, const char *keytab, struct xr_secret password)
{
    struct xr_kerberos_session *session = xr_new(arena, struct xr_kerberos_session);

    session->account = account;
    session->keytab = keytab;
    session->password = password;
    session->by_password = xr_secret_given(password);
    return session;
}

void xr_kerberos_session_free(struct xr_kerberos_session *session)
{
    if (session->fetched)
        (void)krb5_cc_destroy(session->context, session->fetched);
    if (session->context)
        krb5_free_context(session->context);
    xr_secret_done(&session->password);
}

bool xr_kerberos_session_proved(const struct xr_kerberos_session *session)
{
    return session->fetched != NULL;
}

const struct xr_err *xr_kerberos_session_token(struct xr_kerberos_session *session,
    struct xr_arena *arena, const char *host, struct xr_field binding,
    struct xr_kerberos_token *ret)
{
    krb5_error_code code = session->context ? 0 : krb5_init_context(&session->context);
    __attribute__((cleanup(task_done))) struct task task = {
        .session = session,
        .context = session->context,
        .arena = arena,
        .host = host,
        .binding = binding,
    };

    if (code)
        return failed(&task, AT_LOGON, code, "libkrb5 does not start");
    const struct xr_err *err = find_cache(&task);
    if (!err)
        err = fetch_ticket(&task);
    if (!err)
        err = make_token(&task);
    *ret = task.token;
    return err;
}
