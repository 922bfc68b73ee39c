#ifndef XR_HTTP_SETUP_H
#define XR_HTTP_SETUP_H

#include <curl/curl.h>
#include <stdbool.h>

#include "analyzer/wire/http.h"

/* What libcurl is told about a request before its headers and body: for wire/http.c alone. */
struct xr_http_setup {
    bool ready;
    struct curl_slist *address, *proxy;
    struct xr_scrubber *scrubber; /* stays until the next set-up, or xr_http_free() */
};

/* Safety, identity, URL and where to connect. Ends with xr_http_setup_done(). */
void xr_http_setup(struct xr_http_setup *setup, CURL *easy, struct xr_arena *arena,
    const struct xr_net *net, const struct xr_http_request *request);
void xr_http_setup_done(struct xr_http_setup *setup, CURL *easy);

#endif
