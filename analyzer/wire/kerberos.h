#ifndef XR_KERBEROS_H
#define XR_KERBEROS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/err.h"
#include "analyzer/base/secret.h"

/*
 * Kerberos tickets for HTTP Negotiate (RFC 4559). GSSAPI and libkrb5 block on KDCs for as long as
 * they like, and read the machine's krb5.conf and DNS, not --dns-server. So they run in a child
 * process that can be killed: one per handle, started at the first question, started again after it
 * was killed. The child is this program's own file (/proc/self/exe) with XR_KERBEROS_CHILD as its
 * only argument; secrets go to it through a socket that only the two have, never through arguments
 * or the environment.
 *
 * Safe for several threads: one question at a time.
 */
#define XR_KERBEROS_CHILD "--kerberos-child"

enum { XR_KERBEROS_TOKEN_MAX = 64 * 1024 };

/* Exactly one source: a keytab; else a password; else the ticket that is present. All of it lives
 * as long as the handle. */
struct xr_kerberos_identity {
    const char *account;       /* "DOMAIN\user" or a UPN: the principal for a password or keytab */
    const char *keytab;        /* a file, or NULL */
    struct xr_secret password; /* or none given */
    /* A password: the organisation's realms, NULL-ended, or NULL. Only these, those of the account
     * and those related to them get to know the account. */
    const char *const *realms;
    const char *program; /* the child's file; NULL: /proc/self/exe */
};

struct xr_kerberos;

struct xr_kerberos *xr_kerberos_new(const struct xr_kerberos_identity *identity);
void xr_kerberos_free(struct xr_kerberos *kerberos); /* NULL is fine; ends the child */

struct xr_kerberos_token {
    const uint8_t *bytes; /* in the arena: to be sent as "Negotiate" and its base64 */
    size_t length;
    const char *principal; /* whose ticket it is, "svc-exray@CONTOSO.TEST" */
    const char *service;   /* for whom, "HTTP/mail.contoso.test@CONTOSO.TEST" */
    int64_t expires_ms;    /* of the ticket, since 1970; 0: not told */
};

/*
 * The first token for the service HTTP/host. binding: the application data of a channel binding,
 * "tls-server-end-point:" and the hash (RFC 5929, RFC 2744 3.11); length 0: unbound.
 *
 * A wrong password (or an outdated keytab) costs one failed logon of the account. So one that did
 * not get a ticket, for whatever reason, is not tried again: every further question of this handle
 * is answered by the same error. A ticket that ran out is fetched anew, once a question. Errors:
 * XR_FAULT_KERBEROS_*, each with libkrb5's own text, and XR_FAULT_LOCAL_* when time is up: then the
 * child was killed.
 */
xr_must_check const struct xr_err *xr_kerberos_token(struct xr_kerberos *kerberos,
    struct xr_arena *arena, const char *host, const uint8_t *binding, size_t binding_length,
    struct xr_deadline deadline, struct xr_kerberos_token *ret);

/* What Kerberos servers were asked for a handle. */
enum xr_kerberos_asking {
    XR_KERBEROS_ACCOUNT, /* by the account's name */
    XR_KERBEROS_PROOF,   /* with a proof of the password, or of the key in the keytab, too */
    XR_KERBEROS_TICKET,  /* with the ticket, for one for the service HTTP/host */
    XR_KERBEROS_ASKINGS
};

struct xr_kerberos_asked {
    const char *realm; /* whose servers; which these are, krb5.conf and DNS say */
    enum xr_kerberos_asking asking;
    const char *host; /* XR_KERBEROS_TICKET; else NULL */
};

/* Each once, in the order of first asking, also where the try failed. Until the handle's end; not
 * while a question is being asked. Returns their number. */
size_t xr_kerberos_asked(const struct xr_kerberos *kerberos, const struct xr_kerberos_asked **ret);

/* Is there a ticket in the credential cache of the environment? Without libkrb5: by the file, so it
 * may have run out. */
bool xr_kerberos_ticket_present(void);

/* The child: reads questions from standard input, writes answers to standard output, until its
 * parent is gone. Returns its exit code. */
int xr_kerberos_child(void);

#endif
