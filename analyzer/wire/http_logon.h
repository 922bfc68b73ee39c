#ifndef XR_HTTP_LOGON_H
#define XR_HTTP_LOGON_H

#include "analyzer/wire/http_leg.h"

/*
 * The dialogues of NTLM (MS-NTHT) and Negotiate (RFC 4559): for wire/http.c alone. libcurl's own
 * are bound to no TLS connection, and take one byte of a name for one character.
 *
 * NTLM logs a connection on. So its answer goes over the connection that the challenge came over
 * and no other; what follows goes over it without a header. Kerberos logs a request on, and some
 * servers the connection with it: which of both, the first answer shows.
 *
 * The answer of the last leg is that of the call. Errors as for xr_http_perform().
 */
xr_must_check const struct xr_err *xr_http_by_ntlm(struct xr_http_call *call);
/* The request names the source of its tickets. */
xr_must_check const struct xr_err *xr_http_by_negotiate(struct xr_http_call *call);

#endif
