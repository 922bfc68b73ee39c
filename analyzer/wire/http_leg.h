#ifndef XR_HTTP_LEG_H
#define XR_HTTP_LEG_H

#include <curl/curl.h>

#include "analyzer/base/buf.h"
#include "analyzer/wire/http.h"
#include "analyzer/wire/http_setup.h"

/* One request over libcurl, of which a logon takes several: what wire/http*.c share. */

/* A connection of one handle. libcurl may hold two for a moment, and the port of one that is gone
 * may be used again: the two numbers together tell them apart. */
struct xr_http_place {
    unsigned connection; /* which of the TLS connections of the handle; 0: none */
    int port;            /* our own */
};

static inline bool xr_http_is_there(struct xr_http_place place, struct xr_http_place other)
{
    return place.connection == other.connection && place.port == other.port;
}

/* The connection that is logged on by NTLM or Negotiate. */
struct xr_http_kept {
    bool on;
    bool every_request; /* Negotiate: the server wants a ticket with each */
    struct xr_http_place place;
    enum xr_http_auth auth;
    bool unbound; /* as asked for */
};

struct xr_http {
    const struct xr_net *net;
    CURL *easy;
    CURLM *multi;
    struct xr_tls_watch watch; /* of the connection that this handle keeps */
    struct xr_http_setup setup;
    struct xr_buf body, raw;    /* of the last answer; raw: before it was scrubbed */
    struct xr_proofs *proofs;   /* all that went out */
    bool accepted;              /* the server has taken the credential once: it is no wrong one */
    bool taken;                 /* with 200 even, and has not refused it since */
    bool unclear;               /* what became of the last proof, of one that was never taken */
    struct xr_http_place place; /* of the last request that was let out */
    unsigned connections;       /* TLS connections so far */
    bool used_for_logon;        /* the last of them was: nobody else's request goes over it */
    struct xr_http_kept kept;
};

/* One xr_http_perform(). */
struct xr_http_call {
    struct xr_http *http;
    struct xr_arena *arena;
    const struct xr_http_request *request;
    struct xr_deadline deadline;
    size_t header_bytes, header_lines, body_bytes; /* of all legs */
    bool too_large;
    bool goes;   /* a request was let out */
    bool proved; /* the credential went out: Basic, Bearer, or NTLM's third message */
    bool ntlm_begun;
    bool unasked; /* see struct xr_http_response */
    int status;   /* of the last answer, 0: none; as the headers */
    struct xr_header *received;
    const struct xr_header *challenges; /* WWW-Authenticate as it came, the last first */
    struct xr_exchange *exchange;
    struct xr_http_logon *logon;
};

struct xr_http_leg {
    const char *body;          /* NULL: none */
    const char *authorization; /* the whole header; NULL: none, or libcurl's own */
    const void *proof; /* the message in it, that must not come back in an answer; or NULL */
    size_t proof_length;
    bool neutral;                     /* nothing that tells of the request proper goes along */
    bool proves;                      /* a password, or a token of the caller's */
    bool once;                        /* goes out once, even when the connection dies of it */
    bool fresh;                       /* over a new connection: an old one is closed before */
    const struct xr_http_place *only; /* over this connection or not at all; NULL: any */
    const char *only_leaf;            /* only to this certificate (its SHA-256); NULL: any */
    /* What came of it. */
    bool out;       /* let out, at least once */
    bool misplaced; /* it could not go where it belongs: nothing was sent there */
    bool closes;    /* the server ends the connection behind its answer */
    /* For wire/http_leg.c alone. */
    struct xr_http_call *call;
    struct xr_header *sent, *received, **received_end, *challenges;
    bool adopted;  /* the socket is the request's own, and connected */
    bool stopped;  /* the certificate does not allow it */
    bool hung_up;  /* the server closed the connection on it */
    bool answered; /* a status line came */
};

/* Closes the connection, if there is one. Also makes what a new handle connects with. Unlike
 * CURLOPT_FRESH_CONNECT it leaves no moment with two connections, which some servers do not take.
 */
void xr_http_hang_up(struct xr_http *http);

void xr_http_forget_raw(struct xr_http *http);

/* The set-up of the handle is the caller's. Errors as for xr_http_perform();
 * XR_FAULT_LOGON_CONNECTION when the leg is misplaced. */
xr_must_check const struct xr_err *xr_http_go(struct xr_http_call *call, struct xr_http_leg *leg);

#endif
