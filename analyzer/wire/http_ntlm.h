#ifndef XR_HTTP_NTLM_H
#define XR_HTTP_NTLM_H

#include "analyzer/base/buf.h"
#include "analyzer/wire/http.h"
#include "analyzer/wire/ntlm.h"

/* The messages of NTLM around wire/ntlm.h, for the request that they log on: for
 * wire/http_logon.c alone. */
struct xr_http_ntlm {
    struct xr_arena *arena;
    const struct xr_http_request *request;
    const struct xr_scrubber *scrubber;
    const struct xr_ntlm_binding *binding; /* NULL: unbound */
    struct xr_http_logon *logon;           /* learns what the challenge tells */
};

/* blob: the challenge in base64. Adds the answer to the empty "to", in bytes. Errors:
 * XR_FAULT_CONTENT; nothing may be sent then. */
xr_must_check const struct xr_err *xr_http_ntlm_answer(
    const struct xr_http_ntlm *ntlm, const char *blob, size_t length, struct xr_buf *to);

#endif
