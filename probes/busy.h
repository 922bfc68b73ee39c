#ifndef XR_BUSY_H
#define XR_BUSY_H

#include "analyzer/wire/ews.h"
#include "analyzer/wire/http.h"

/* An answer that asks to come again later. */
struct xr_busy {
    bool is;
    bool told;  /* how long to wait is told */
    int64_t ms; /* so long; 0: at once, or not told */
};

/*
 * 429, and 503 with any Retry-After: in seconds, or as a date (RFC 9110 10.2.3),
 * which counts from the answer's own Date, else from now_ms since 1970. One that
 * cannot be read tells nothing of how long.
 */
struct xr_busy xr_busy_response(const struct xr_http_response *response, int64_t now_ms);

/* ErrorServerBusy and its like, also as the inner code of another error, a budget that is named in
 * the text, or any BackOffMilliseconds. */
struct xr_busy xr_busy_reply(const struct xr_ews_reply *reply);

#endif
