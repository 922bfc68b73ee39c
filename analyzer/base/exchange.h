#ifndef XR_EXCHANGE_H
#define XR_EXCHANGE_H

#include <stdint.h>

/*
 * One HTTP request and its answer, as the report shows it. Redaction has
 * happened before anything enters this structure: no secret is ever in it.
 */
struct xr_header {
    struct xr_header *next;
    const char *name, *value;
};

/* Microseconds; -1: did not happen (a kept connection has no connect, a lost one no wait). */
struct xr_timings {
    int64_t dns_us, connect_us, tls_us, wait_us, receive_us;
};

/* A line or value of the answer that decided the verdict; reports mark it. */
struct xr_decisive {
    struct xr_decisive *next;
    const char *text;
};

enum { XR_CAPTURED_BODY_MAX = 64 * 1024 };

struct xr_exchange {
    struct xr_exchange *next;
    const char *method, *url;
    int status; /* 0: no status line came */
    struct xr_header *request_headers, *response_headers;
    const char *request_body, *response_body; /* NULL: none; cut at XR_CAPTURED_BODY_MAX */
    struct xr_timings timings;
    struct xr_decisive *decisive;
};

#endif
