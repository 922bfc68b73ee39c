#ifndef XR_HTTP_ERR_H
#define XR_HTTP_ERR_H

#include <curl/curl.h>
#include <stdbool.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/err.h"

/* The part of wire/http that translates what libcurl says. Included by http.c only. */

/* state: not XR_TIME_LEFT. answered: some of the answer had come. */
const struct xr_err *xr_http_time_err(
    struct xr_arena *arena, enum xr_time_state state, bool answered);

/* code: not CURLE_OK. */
const struct xr_err *xr_http_curl_err(struct xr_arena *arena, CURL *easy, CURLcode code);

#endif
