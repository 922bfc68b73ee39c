#ifndef XR_KERBEROS_TASK_H
#define XR_KERBEROS_TASK_H

#include <krb5.h>

#include "analyzer/wire/kerberos_realms.h"
#include "analyzer/wire/kerberos_session.h"

/* Between kerberos_child.c and kerberos_logon.c, who have libkrb5 for themselves. */

/* What is being done when libkrb5 fails: the same code means different things. */
enum xr_kerberos_stage { AT_CACHE, AT_KEYTAB, AT_LOGON, AT_SERVICE };

struct xr_kerberos_session {
    krb5_context context; /* NULL: not yet */
    struct xr_kerberos_who who;
    bool by_password;    /* also when it is used up */
    krb5_ccache fetched; /* what the password or the keytab brought; NULL: nothing yet */
    struct xr_arena *arena;
    const char *logon_realm; /* was sent the last request of the present logon; NULL: none was */
    const struct xr_logon_plan *plan; /* of a logon by password; NULL: not now */
    const char *referred;             /* a KDC referred to it, and it is not asked; NULL: none */
    bool proof_out; /* a proof of the password or the key may have gone out with it */
};

/* One question. */
struct xr_kerberos_task {
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

enum xr_fault xr_kerberos_fault(enum xr_kerberos_stage stage, krb5_error_code code);
/* A phrase of ours, then libkrb5's own text. */
const struct xr_err *xr_kerberos_failed(const struct xr_kerberos_task *task,
    enum xr_kerberos_stage stage, krb5_error_code code, const char *what);
const char *xr_kerberos_name(const struct xr_kerberos_task *task, krb5_const_principal principal);

/* libkrb5 calls it before each message to a KDC; arg is the session. */
krb5_error_code xr_kerberos_on_send(krb5_context context, void *arg, const krb5_data *realm,
    const krb5_data *message, krb5_data **ret_message, krb5_data **ret_reply);

/* Both set what the session has fetched. */
xr_must_check const struct xr_err *xr_kerberos_by_password(struct xr_kerberos_task *task);
xr_must_check const struct xr_err *xr_kerberos_by_keytab(struct xr_kerberos_task *task);

#endif
