#ifndef XR_ERR_H
#define XR_ERR_H

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
    XR_FAULT_DNS_CNAME_LOOP,
    XR_FAULT_DNS_MALFORMED,
    XR_FAULT_TCP_REFUSED,
    XR_FAULT_TCP_TIMEOUT,
    XR_FAULT_TCP_UNREACHABLE,
    XR_FAULT_TLS_HANDSHAKE,
    XR_FAULT_TLS_NOT_TLS,
    XR_FAULT_TLS_TOO_OLD,
    XR_FAULT_TLS_CLIENT_CERTIFICATE,
    XR_FAULT_TLS_UNTRUSTED, /* our policy stopped the request: the certificate does not allow it */
    XR_FAULT_HTTP_TIMEOUT,
    XR_FAULT_HTTP_TOO_LARGE,
    XR_FAULT_HTTP_BROKEN, /* cut off, reset, or not HTTP at all */
    XR_FAULT_PROXY,
    XR_FAULT_CONTENT, /* an answer that cannot be understood: XML, SOAP */
    XR_FAULT_LOCAL_NETWORK,
    XR_FAULT_LOCAL_TIMEOUT, /* the time limit of the whole run */
    XR_FAULT_LOCAL_CANCELLED,
};

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
