#ifndef XR_HTTP_H
#define XR_HTTP_H

#include <stddef.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/exchange.h"
#include "analyzer/base/secret.h"
#include "analyzer/wire/kerberos.h"
#include "analyzer/wire/scrub.h"
#include "analyzer/wire/tls.h"
#include "analyzer/wire/url.h"

/*
 * HTTP/1.1 by libcurl, with what libcurl 7.88 does not bound by itself bounded
 * here: decoded body, headers and trailers, time. Redirects are never
 * followed. The scheme of authentication is the caller's choice and never
 * grows by what a server asks for. Names are resolved elsewhere: a request
 * goes to the address that it names.
 *
 * The dialogues of NTLM and Negotiate are held here, not by libcurl: bound to
 * the TLS connection, with names of any script, and never proving anything to
 * another connection than the one that asked. One call may take several
 * requests: a first one without body, and the one proper. The connection is
 * kept as logged on: further requests go over it as they are, and begin the
 * dialogue anew when the server has forgotten, or the connection is gone.
 *
 * What asks for a challenge only takes neither the body nor the headers of the
 * request along, except for those that say nothing of it. A password is not
 * proved a second time when the first proof had no clear end: neither 401 nor
 * 200 nor SOAP.
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

/* Who goes on when? Called once, on the open connection, just before the first byte of a request;
 * it may block, on the thread of the request. false: nobody wants the answer any more. */
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
    const char *account;          /* Basic and NTLM: "DOMAIN\\user", or all of a UPN */
    struct xr_kerberos *kerberos; /* Negotiate: where the tickets come from */
    /* NTLM and Negotiate: the logon is not bound to the TLS connection (RFC 5929). Else it is,
     * wherever a binding is defined for the certificate. */
    bool unbound;
    struct xr_secret secret; /* password or token */
    /* Another one of this run, or not given: never sent, but scrubbed from the answer too. */
    struct xr_secret also_hide;
    /* The secret was accepted elsewhere in this run: to prove it again is no bad logon, whatever
     * became of it here. */
    bool known_right;
    bool changes; /* something at the server: it goes out once, even when the connection dies */
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
    /* The body as it came, as long: for what goes back to that server and is shown to nobody. NULL:
     * it is the same. */
    const char *raw;
    bool ntlm_unanswered; /* see struct xr_http_trace */
    bool unasked;         /* other than 401, and before the server was told who asks */
    const struct xr_scrubber
        *scrubber; /* of the request's secrets; until the handle's next request */
};

/*
 * What a logon by NTLM or Negotiate learned on the way. Texts are of the server's choice, made
 * valid UTF-8 and scrubbed; NULL: not told.
 */
struct xr_http_logon {
    const char *server_name, *netbios_domain, *dns_domain, *dns_forest, *windows; /* type 2 */
    int64_t server_clock_ms; /* since 1970, of the type 2; 0: not told */
    bool proof_sent;         /* type 3 or the ticket went out */
    bool bound;              /* what went out was */
    bool disputed;           /* struct xr_ntlm_binding: is_disputed */
    const char *why_unbound; /* asked to bind, but not defined for this certificate; NULL: bound */
    /* What came with the 401 to the proof: a challenge to begin anew with, as from another server
     * behind the same name; or Negotiate's answer to the ticket, which the server could not use. */
    bool challenged_again, server_answered_token;
    int kerberos_error; /* the code in that answer, see wire/kerberos_error.h; 0: none seen */
};

/* What is known even when the request failed. */
struct xr_http_trace {
    struct xr_exchange *exchange; /* the last that went out, redacted; NULL: not captured */
    /* Of the connection used; until the handle's next request. NULL: no TLS, or none seen. */
    const struct xr_tls_session *session;
    bool sent; /* the request was: the certificate allowed it, and it was this one's turn */
    bool
        ntlm_unanswered; /* NTLM began, but nothing came of it: no proof of the password was sent */
    bool proved;         /* the credential went out: Basic, Bearer, or NTLM's third message */
    const struct xr_http_logon *logon; /* NULL: no such dialogue in this request */
};

/* One handle for one host and one identity, with one connection that is kept between requests. */
struct xr_http;

struct xr_http *xr_http_new(const struct xr_net *net);
void xr_http_free(struct xr_http *http); /* NULL is fine */

/* https requests are sent only when xr_tls_may_carry() says so about that very connection. */
xr_must_check const struct xr_err *xr_http_perform(struct xr_http *http, struct xr_arena *arena,
    const struct xr_http_request *request, struct xr_deadline deadline, struct xr_http_trace *trace,
    struct xr_http_response *ret);

/* The text without the secrets of the handle's last request, and what proved them. */
const char *xr_http_clean(const struct xr_http *http, struct xr_arena *arena, const char *text);

/* The first header so called, or NULL. */
const char *xr_http_header(const struct xr_header *headers, const char *name);

#endif
