#ifndef XR_KERBEROS_SESSION_H
#define XR_KERBEROS_SESSION_H

#include "analyzer/wire/kerberos.h"
#include "analyzer/wire/kerberos_frame.h"

/* libkrb5 and GSSAPI, for the child alone: every call may block for minutes. */
struct xr_kerberos_session;

/* As in struct xr_kerberos_identity; the password becomes the session's, which wipes it after its
 * one use. asks is called before each message to the servers of a realm. */
struct xr_kerberos_who {
    const char *account, *keytab;
    const char *const *realms;
    struct xr_secret password;
    void (*asks)(void *arg, enum xr_kerberos_asking asking, const char *realm);
    void *arg;
};

struct xr_kerberos_session *xr_kerberos_session_new(
    struct xr_arena *arena, const struct xr_kerberos_who *who);
void xr_kerberos_session_free(struct xr_kerberos_session *session);

/* The password or the keytab has brought a ticket. */
bool xr_kerberos_session_proved(const struct xr_kerberos_session *session);

xr_must_check const struct xr_err *xr_kerberos_session_token(struct xr_kerberos_session *session,
    struct xr_arena *arena, const char *host, struct xr_field binding,
    struct xr_kerberos_token *ret);

/* The token alone: cache holds the ticket for the service already. */
xr_must_check const struct xr_err *xr_kerberos_gss(struct xr_arena *arena, const char *cache,
    const char *service, struct xr_field binding, struct xr_kerberos_token *ret);

#endif
