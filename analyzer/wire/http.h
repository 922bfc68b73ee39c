#ifndef XR_HTTP_H
#define XR_HTTP_H

#include <stddef.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/exchange.h"
#include "analyzer/base/secret.h"
#include "analyzer/wire/scrub.h"
#include "analyzer/wire/tls.h"
#include "analyzer/wire/url.h"

/*
 * HTTP/1.1 by libcurl, with what libcurl 7.88 does not bound by itself bounded
 * here: decoded body, headers and trailers, time. Redirects are never
 * followed. The scheme of authentication is the caller's choice and never
 * grows by what a server asks for. Names are resolved elsewhere: a request
 * goes to the address that it names.
 */
enum {
    XR_HTTP_BODY_MAX = 1024 * 1024,   /* decoded bytes */
    XR_HTTP_HEADERS_MAX = 256 * 1024, /* all header and trailer bytes of one request */
    XR_HTTP_HEADER_LINES_MAX = 2000,  /* their number */
};

enum xr_http_auth {
    XR_HTTP_ANONYMOUS,
    XR_HTTP_BASIC,
    XR_HTTP_NTLM,
    XR_HTTP_NEGOTIATE,
    XR_HTTP_BEARER,
};

/* Who goes on when? Called on the open connection, just before the first byte of a request; it may
 * block, on the thread of the request. false: nobody wants the answer any more. */
struct xr_http_gate {
    bool (*open)(void *arg);
    void *arg;
};

struct xr_http_request {
    const char *method; /* "GET" or "POST" */
    const struct xr_url *url;
    const char
        *address; /* where to connect to, in text; the port is the URL's, after --connect-to */
    const struct xr_header *headers;
    const char *body; /* NULL: none */
    enum xr_http_auth auth;
    const char *account;     /* Basic and NTLM */
    struct xr_secret secret; /* password or token */
    /* Another one of this run, or not given: never sent, but scrubbed from the answer too. */
    struct xr_secret also_hide;
    bool ignore_trust;
    const struct xr_http_gate *gate; /* NULL: none; needs a deadline with no_need */
    int *fd; /* connected to the address (or to the proxy), to be taken over: then it is -1; NULL:
                none */
    /* One of many over this handle, with the same URL, address, identity, secrets and trust; nobody
     * will look at the exchange, so none is captured. */
    bool repeated;
};

struct xr_http_response {
    int status;
    struct xr_header *headers; /* as sent, except that secrets of the request are scrubbed */
    const char *body; /* "" for none; NUL bytes may be inside; until the handle's next request */
    size_t body_length;
    bool ntlm_unanswered; /* see struct xr_http_trace */
    const struct xr_scrubber
        *scrubber; /* of the request's secrets; until the handle's next request */
};

/* What is known even when the request failed. */
struct xr_http_trace {
    struct xr_exchange *exchange; /* redacted; NULL: not captured */
    /* Of the connection used; until the handle's next request. NULL: no TLS, or none seen. */
    const struct xr_tls_session *session;
    bool sent; /* the request was: the certificate allowed it, and it was this one's turn */
    bool ntlm_unanswered; /* NTLM began, but no challenge came: no proof of the password was sent */
    bool proved;          /* the credential went out: Basic, Bearer, or NTLM's third message */
};

/* One handle for one host and one identity, with one connection that is kept between requests. */
struct xr_http;

struct xr_http *xr_http_new(const struct xr_net *net);
void xr_http_free(struct xr_http *http); /* NULL is fine */

/* https requests are sent only when xr_tls_may_carry() says so about that very connection. */
xr_must_check const struct xr_err *xr_http_perform(struct xr_http *http, struct xr_arena *arena,
    const struct xr_http_request *request, struct xr_deadline deadline, struct xr_http_trace *trace,
    struct xr_http_response *ret);

/* The first header so called, or NULL. */
const char *xr_http_header(const struct xr_header *headers, const char *name);

#endif
