#ifndef XR_CHALLENGE_H
#define XR_CHALLENGE_H

#include <stdbool.h>

#include "analyzer/base/err.h"
#include "analyzer/base/exchange.h"

/* What a 401 asks for: the WWW-Authenticate headers (RFC 9110 11.6.1), one or merged into one line.
 */
struct xr_challenge {
    bool any; /* there was at least one WWW-Authenticate header */
    bool basic, ntlm, negotiate, bearer;
    const char *realm;     /* of Basic, or NULL */
    const char *authority; /* authorization_uri of Bearer, or NULL */
    const char
        *schemes; /* all scheme names in the order offered, "Negotiate, NTLM, Basic"; "" for none */
};

void xr_challenge_parse(
    struct xr_arena *arena, const struct xr_header *headers, struct xr_challenge *ret);

#endif
