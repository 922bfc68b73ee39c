#ifndef XR_AUTODISCOVER_V2_H
#define XR_AUTODISCOVER_V2_H

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/base/err.h"

/*
 * Autodiscover V2: an anonymous GET that is answered in JSON. Nobody has to log on for it, so an
 * answer is a hint where EWS is, never a proof that the mailbox exists; Exchange Online answers for
 * addresses that do not.
 */

#define XR_V2_PATH     "/autodiscover/autodiscover.json"
#define XR_V2_PROTOCOL "EWS"

enum { XR_V2_BODY_MAX = 16 * 1024 };

/*
 * The URL to GET. host: a host name or an IP address, a port may follow. All that is no plain
 * letter, digit or one of "-._~" is percent-encoded, but for the "@" of the address: what is sent
 * about a mailbox is to be found in the bytes by its address. NULL: the host is none.
 */
const char *xr_v2_url(struct xr_arena *arena, const char *host, const char *address,
    const char *protocol, unsigned redirect_count);

/* What came back. */
struct xr_v2_answer {
    int status;           /* of HTTP */
    const char *location; /* the header so called; NULL: none */
    const char *body;
    size_t length;
};

enum xr_v2_kind {
    XR_V2_SETTINGS,   /* 200: url */
    XR_V2_REDIRECT,   /* 301, 302, 303, 307, 308: url is the Location */
    XR_V2_ERROR,      /* any other status with an ErrorCode: the service is there and says no */
    XR_V2_NO_SERVICE, /* 404, 405, 501 without an ErrorCode: no such service on this host */
};

/* What an ErrorCode is about. */
enum xr_v2_error {
    XR_V2_NO_ERROR,
    XR_V2_BAD_PROTOCOL,   /* the service has no such protocol: asked too much of an old server */
    XR_V2_BAD_REQUEST,    /* a parameter is missing or malformed */
    XR_V2_USER_NOT_FOUND, /* the service does not know the address */
    XR_V2_OTHER_ERROR,
};

struct xr_v2_reply {
    enum xr_v2_kind kind;
    const char *url; /* an absolute http or https URL; of a redirect: as sent, for
                        xr_url_resolve(); NULL for the other kinds */
    enum xr_v2_error error;
    const char *error_code, *error_message; /* as sent; NULL: none. May hold anything: excerpt it */
};

/*
 * "protocol": what was asked for; an answer about another one is none. Errors: XR_FAULT_CONTENT:
 * larger than XR_V2_BODY_MAX, not JSON, no answer of this service (the text says why), a redirect
 * without Location, a URL that is none (xr_url_parse()).
 */
xr_must_check const struct xr_err *xr_v2_parse(struct xr_arena *arena, const char *protocol,
    const struct xr_v2_answer *answer, struct xr_v2_reply *ret);

#endif
