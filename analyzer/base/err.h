#ifndef XR_ERR_H
#define XR_ERR_H

#include <stdbool.h>

#include "analyzer/base/arena.h"

/*
 * What went wrong on the wire, told as finely as the reports need it. Which
 * finding a fault becomes is the business of the probes (probes/faults.c).
 */
enum xr_fault {
    XR_FAULT_DNS_NAME_NOT_FOUND,
    XR_FAULT_DNS_NO_ADDRESS,
    XR_FAULT_DNS_SERVER_FAILURE,
    XR_FAULT_DNS_REFUSED,
    XR_FAULT_DNS_TIMEOUT,
    XR_FAULT_DNS_UNREACHABLE, /* the name server: its port is closed, or there is no way to it */
    XR_FAULT_DNS_TCP_BLOCKED, /* the answer is too long for UDP, and TCP does not work */
    XR_FAULT_DNS_DNSSEC,      /* SERVFAIL that goes away without the check of signatures */
    XR_FAULT_DNS_CNAME_LOOP,
    XR_FAULT_DNS_MALFORMED,
    XR_FAULT_DNS_BOGUS_ADDRESS, /* a warning, as is the next: there are addresses */
    XR_FAULT_DNS_SLOW,
    XR_FAULT_TCP_REFUSED, /* the machine itself says no */
    XR_FAULT_TCP_RESET,   /* opened and cut off at once */
    XR_FAULT_TCP_TIMEOUT,
    XR_FAULT_TCP_UNREACHABLE, /* a router says so, or the machine is missing in its own network */
    XR_FAULT_TCP_REJECTED,    /* a firewall on the way says no, openly (ICMP) */
    XR_FAULT_TCP_NO_ROUTE,    /* this machine has no way there */
    XR_FAULT_TCP_LOCAL_RULE,  /* a firewall or a rule of this machine says no */
    XR_FAULT_TLS_HANDSHAKE,
    XR_FAULT_TLS_NOT_TLS,
    XR_FAULT_TLS_TOO_OLD,
    XR_FAULT_TLS_CLIENT_CERTIFICATE,
    XR_FAULT_TLS_UNTRUSTED, /* our policy stopped the request: the certificate does not allow it */
    XR_FAULT_HTTP_TIMEOUT,
    XR_FAULT_HTTP_TOO_LARGE,
    XR_FAULT_HTTP_BROKEN, /* cut off, reset, or not HTTP at all */
    XR_FAULT_PROXY,
    /* A logon's challenge and answer cannot go over one connection; nothing was proved. */
    XR_FAULT_LOGON_CONNECTION,
    XR_FAULT_KERBEROS_NO_TICKET,   /* none is present, or it has run out */
    XR_FAULT_KERBEROS_SERVICE,     /* the KDC knows no HTTP/host */
    XR_FAULT_KERBEROS_CLOCK,       /* this machine's differs too much from the KDC's */
    XR_FAULT_KERBEROS_UNREACHABLE, /* no KDC answers, or none is known for the realm */
    XR_FAULT_KERBEROS_PASSWORD,    /* wrong: the account has one more failed logon */
    XR_FAULT_KERBEROS_ACCOUNT,     /* unknown, locked or disabled */
    XR_FAULT_KERBEROS_EXPIRED,     /* the password has, or must be changed */
    XR_FAULT_KERBEROS_KEYTAB,      /* cannot be read, or holds no key for the account */
    XR_FAULT_KERBEROS_OTHER,       /* text says what */
    XR_FAULT_CONTENT,              /* an answer that cannot be understood: XML, SOAP */
    XR_FAULT_LOCAL_NETWORK,
    XR_FAULT_LOCAL_TIMEOUT, /* the time limit of the whole run */
    XR_FAULT_LOCAL_CANCELLED,
};

static inline bool xr_fault_is_tcp(enum xr_fault fault)
{
    return fault >= XR_FAULT_TCP_REFUSED && fault <= XR_FAULT_TCP_LOCAL_RULE;
}

/* NULL means success. Lives in the arena of the run; never freed, never changed. */
struct xr_err {
    enum xr_fault fault;
    int native;       /* errno, CURLcode, ares status, enum xr_flaw: as fault says; 0: none */
    const char *text; /* a phrase for people: no capital, no full stop */
};

const struct xr_err *xr_err(struct xr_arena *arena, enum xr_fault fault, int native,
    const char *fmt, ...) __attribute__((format(printf, 4, 5), returns_nonnull));

#define xr_must_check __attribute__((warn_unused_result))

#endif
