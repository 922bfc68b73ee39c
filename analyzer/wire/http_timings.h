#ifndef XR_HTTP_TIMINGS_H
#define XR_HTTP_TIMINGS_H

#include <curl/curl.h>

#include "analyzer/base/exchange.h"

/* libcurl counts from the start of the transfer; reports want each phase by itself. */
struct xr_timings xr_http_timings(CURL *easy);

#endif
