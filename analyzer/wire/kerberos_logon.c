/* A ticket by password or keytab. */
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/kerberos_account.h"
#include "analyzer/wire/kerberos_realms.h"
#include "analyzer/wire/kerberos_task.h"

enum { LOGON_REQUEST = 0x60 + 10 /* the tag of an AS-REQ */ };

/* The first request of a logon asks how the password is to be proved; what follows it to the same
 * realm has the proof in it. */
krb5_error_code xr_kerberos_on_send(krb5_context context, void *arg, const krb5_data *realm,
    const krb5_data *message, krb5_data **ret_message, krb5_data **ret_reply)
{
    struct xr_kerberos_session *session = arg;
    const char *name = xr_utf8(session->arena, realm->data, realm->length);
    bool logon = message->length && (uint8_t)message->data[0] == LOGON_REQUEST;
    bool proof = logon && xr_same(session->logon_realm, name);

    (void)context;
    *ret_message = *ret_reply = NULL;
    if (logon && session->plan && !xr_logon_plan_allows(session->plan, name)) {
        session->referred = name;
        return KRB5KDC_ERR_WRONG_REALM;
    }
    if (logon)
        session->logon_realm = name;
    session->proof_out |= proof;
    session->who.asks(session->who.arg,
        proof   ? XR_KERBEROS_PROOF
        : logon ? XR_KERBEROS_ACCOUNT
                : XR_KERBEROS_TICKET,
        name);
    return 0;
}

static krb5_error_code store(struct xr_kerberos_task *task, krb5_creds *ticket)
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
    struct xr_kerberos_task *task, krb5_principal client, krb5_keytab keytab, bool canonicalize)
{
    krb5_context context = task->context;
    krb5_get_init_creds_opt *options = NULL;
    krb5_init_creds_context logon = NULL;
    krb5_creds ticket = { 0 };
    krb5_error_code code = krb5_get_init_creds_opt_alloc(context, &options);

    task->session->logon_realm = NULL;
    task->session->proof_out = false;
    if (!code) {
        krb5_get_init_creds_opt_set_canonicalize(options, canonicalize);
        krb5_get_init_creds_opt_set_forwardable(options, 0);
        krb5_get_init_creds_opt_set_proxiable(options, 0);
        code = krb5_init_creds_init(context, client, NULL, NULL, 0, options, &logon);
    }
    if (!code)
        code = keytab ? krb5_init_creds_set_keytab(context, logon, keytab)
                      : krb5_init_creds_set_password(
                            context, logon, xr_reveal(task->session->who.password));
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

/* The domain's part of the name, and no KDC that knows it. */
static bool is_of_realm(krb5_error_code code)
{
    return code == KRB5_REALM_UNKNOWN || code == KRB5_REALM_CANT_RESOLVE ||
           code == KRB5_KDC_UNREACH;
}

/* No KDC compared the password: the name was not found, or there was nobody to ask. */
static bool is_worth_another_name(const struct xr_kerberos_task *task, krb5_error_code code)
{
    if (code == KRB5_KDC_UNREACH)
        return !task->session->proof_out;
    return is_of_realm(code) || code == KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN ||
           code == KRB5KDC_ERR_WRONG_REALM;
}

static krb5_error_code log_on_as(
    struct xr_kerberos_task *task, const struct xr_logon_name *as, const char **ret_name)
{
    const char *account = task->session->who.account;
    const char *user = as->whole ? account : xr_account_parts(task->arena, account).user;
    krb5_principal client = NULL;
    krb5_error_code code = krb5_build_principal(
        task->context, &client, (unsigned)strlen(as->realm), as->realm, user, (char *)NULL);

    if (code)
        return code;
    if (as->whole)
        client->type = KRB5_NT_ENTERPRISE_PRINCIPAL;
    *ret_name = xr_kerberos_name(task, client);
    code = log_on(task, client, NULL, as->whole);
    krb5_free_principal(task->context, client);
    return code;
}

static const struct xr_err *refused(
    const struct xr_kerberos_task *task, krb5_error_code code, const char *secret, const char *name)
{
    bool wrong = xr_kerberos_fault(AT_LOGON, code) == XR_FAULT_KERBEROS_PASSWORD;

    return xr_kerberos_failed(task, AT_LOGON, code,
        wrong ? xr_printf(
                    task->arena, "the Kerberos server does not take the %s for %s", secret, name)
              : xr_printf(task->arena, "no ticket for %s", name));
}

static void plan_logon(const struct xr_kerberos_task *task, struct xr_logon_plan *ret)
{
    const struct xr_kerberos_who *who = &task->session->who;
    char *own = NULL, **of_host = NULL;

    (void)krb5_get_default_realm(task->context, &own);
    (void)krb5_get_host_realm(task->context, task->host, &of_host);
    const struct xr_realms_known known = {
        .account = who->account,
        .given = who->realms,
        .own = own ? xr_strdup(task->arena, own) : NULL,
        .of_host = of_host ? xr_strdup(task->arena, of_host[0]) : NULL,
    };
    krb5_free_default_realm(task->context, own);
    (void)krb5_free_host_realm(task->context, of_host);
    xr_logon_plan(task->arena, &known, ret);
}

/* What a KDC answered, more than that there was none; a silent one more than none at all. */
static bool tells_more(krb5_error_code code, krb5_error_code than)
{
    if (!is_of_realm(code))
        return true;
    return is_of_realm(than) && code == KRB5_KDC_UNREACH && than != KRB5_KDC_UNREACH;
}

/* One error for all names. */
static krb5_error_code log_on_by_plan(
    struct xr_kerberos_task *task, const struct xr_logon_plan *plan, const char **ret_name)
{
    krb5_error_code told = KRB5_REALM_UNKNOWN, code = told;

    for (size_t i = 0; i < plan->n && is_worth_another_name(task, code); i++) {
        const struct xr_logon_name *as = &plan->names[i];
        const char *name = NULL;
        if (i && is_of_realm(code) && xr_same(as->realm, as[-1].realm))
            continue;
        code = log_on_as(task, as, &name);
        if (!code)
            return 0;
        if (i && !tells_more(code, told))
            continue;
        told = code;
        *ret_name = name ? name : *ret_name;
    }
    return told;
}

static const struct xr_err *not_asked(
    const struct xr_kerberos_task *task, const struct xr_logon_plan *plan, const struct xr_err *err)
{
    return xr_err(task->arena, err->fault, err->native,
        "%s; the default realm of this machine, %s, has nothing to do with %s and was not asked: "
        "give the account as user@REALM, or say in krb5.conf under [domain_realm] which realm %s "
        "is in",
        err->text, plan->unrelated, plan->n ? plan->names[0].realm : "it", task->host);
}

const struct xr_err *xr_kerberos_by_password(struct xr_kerberos_task *task)
{
    struct xr_kerberos_session *session = task->session;
    const char *name = session->who.account;
    struct xr_logon_plan plan;

    if (!xr_secret_given(session->who.password))
        return xr_kerberos_failed(
            task, AT_CACHE, KRB5_CC_NOTFOUND, "the password is not sent a second time");
    plan_logon(task, &plan);
    session->plan = &plan;
    krb5_error_code code = log_on_by_plan(task, &plan, &name);
    session->plan = NULL;
    xr_secret_done(&session->who.password);
    if (!code)
        return NULL;
    const struct xr_err *err = plan.n ? refused(task, code, "password", name)
                                      : xr_err(task->arena, XR_FAULT_KERBEROS_UNREACHABLE, 0,
                                            "no realm is known for %s", name);
    if (session->referred)
        return xr_err(task->arena, err->fault, err->native,
            "%s; a Kerberos server refers to realm %s, which has nothing to do with %s and was not "
            "asked: if it is the account's, give the account as user@%s",
            err->text, session->referred, plan.names[0].realm, session->referred);
    return is_of_realm(code) && plan.unrelated ? not_asked(task, &plan, err) : err;
}

static krb5_error_code choose_in_keytab(
    struct xr_kerberos_task *task, krb5_keytab keytab, krb5_principal *ret)
{
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    int best = 0; /* somebody else's key is no key of the account */
    krb5_error_code code = krb5_kt_start_seq_get(task->context, keytab, &cursor);

    if (code)
        return code;
    while (!(code = krb5_kt_next_entry(task->context, keytab, &entry, &cursor))) {
        int fits = xr_account_fitness(
            task->arena, task->session->who.account, xr_kerberos_name(task, entry.principal));
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

const struct xr_err *xr_kerberos_by_keytab(struct xr_kerberos_task *task)
{
    const char *path = task->session->who.keytab;
    const char *what = xr_printf(task->arena, "the keytab %s cannot be used", path);
    krb5_principal client = NULL;
    krb5_keytab keytab = NULL;
    const struct xr_err *err = NULL;
    krb5_error_code code =
        krb5_kt_resolve(task->context, xr_printf(task->arena, "FILE:%s", path), &keytab);

    if (!code)
        code = choose_in_keytab(task, keytab, &client);
    if (code)
        err = xr_kerberos_failed(task, AT_KEYTAB, code, what);
    else if ((code = log_on(task, client, keytab, false)) != 0)
        err = refused(
            task, code, xr_printf(task->arena, "key in %s", path), xr_kerberos_name(task, client));
    krb5_free_principal(task->context, client);
    if (keytab)
        (void)krb5_kt_close(task->context, keytab);
    return err;
}
