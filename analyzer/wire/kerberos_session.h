#ifndef XR_KERBEROS_SESSION_H
#define XR_KERBEROS_SESSION_H

#include "analyzer/wire/kerberos.h"
#include "analyzer/wire/kerberos_frame.h"

/* libkrb5 and GSSAPI, for the child alone: every call may block for minutes. */
struct xr_kerberos_session;

/* account, keytab and password as in struct xr_kerberos_identity; the password becomes the
 * session's, which wipes it after its one use. */
struct xr_kerberos_session *xr_kerberos_session_new(
    struct xr_arena *arena, const char *account, const char *keytab, struct xr_secret password);
void xr_kerberos_session_free(struct xr_kerberos_session *session);

/* The password or the keytab has brought a ticket. */
bool xr_kerberos_session_proved(const struct xr_kerberos_session *session);

xr_must_check const struct xr_err *xr_kerberos_session_token(struct xr_kerberos_session *session,
    struct xr_arena *arena, const char *host, struct xr_field binding,
    struct xr_kerberos_token *ret);

#endif
