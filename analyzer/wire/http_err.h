#ifndef XR_HTTP_ERR_H
#define XR_HTTP_ERR_H

#include <curl/curl.h>
#include <stdbool.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/err.h"
#include "analyzer/wire/tls.h"

/* What went wrong with a request, in our words: for wire/http*.c and wire/fetch.c. */

/* state: not XR_TIME_LEFT. answered: some of the answer had come. */
const struct xr_err *xr_http_time_err(
    struct xr_arena *arena, enum xr_time_state state, bool answered);

/* headers: it has too many of them; else its body is too long. */
/* The server hung up on what goes out once: credentials, or a request that changes something. */
const struct xr_err *xr_http_lost_err(struct xr_arena *arena, bool credentials);
const struct xr_err *xr_http_unclear_err(struct xr_arena *arena);
const struct xr_err *xr_http_large_err(struct xr_arena *arena, bool headers);

/* The connection may not carry the request. session: NULL if none was judged. native: the enum
 * xr_flaw that forbids it. */
const struct xr_err *xr_http_untrusted_err(
    struct xr_arena *arena, const struct xr_tls_session *session, bool ignore_trust);

/* code: not CURLE_OK. */
const struct xr_err *xr_http_curl_err(struct xr_arena *arena, CURL *easy, CURLcode code);

#endif
