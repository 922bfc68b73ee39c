#ifndef XR_FETCH_H
#define XR_FETCH_H

#include "analyzer/base/clock.h"
#include "analyzer/wire/net.h"
#include "analyzer/wire/tls.h"

/*
 * Fetches what a certificate points to: an issuer, an OCSP answer, a CRL. The
 * address was written by whoever made the certificate, so it is hostile: http
 * only, no user information, at most XR_FETCH_HOPS redirects, each judged like
 * the first; never to loopback, link-local, unspecified or multicast addresses,
 * unless the tested host itself is at such an address (IPv4 in IPv6 counts as
 * IPv4). Names are resolved by wire/dns and pinned. Nothing of the user's goes
 * along: no cookie, no credential, no referer.
 */
enum {
    XR_FETCH_HOPS = 3,
    XR_FETCH_ISSUER_MAX = 256 * 1024,
    XR_FETCH_OCSP_MAX = 64 * 1024,
    XR_FETCH_CRL_MAX = 16 * 1024 * 1024,
};

struct xr_fetch {
    const char *url;
    const char *tested_address; /* of the host under test, in text */
    const char *content_type;   /* of the body; NULL: a GET */
    struct xr_der body;
    size_t max; /* bytes of the answer */
};

/*
 * What is special about an address: "loopback", "link-local", "unspecified" (0.0.0.0/8 too),
 * "multicast", "reserved" (240.0.0.0/4), "malformed" (not an address at all). NULL: nothing.
 * IPv4 inside IPv6 (mapped, compatible, translated, NAT64, 6to4) is what the IPv4 address is.
 */
const char *xr_fetch_class(const char *address);

/* NULL, or why nothing is fetched from this port (a phrase): services listen there that would take
 * the request for commands. */
const char *xr_fetch_port_objection(uint16_t port);

/* NULL, or why this address of a URL may not be connected to (a phrase). An address of a class is
 * allowed to who tests a host at an address of that very class. */
const char *xr_fetch_objection(const char *address, const char *tested_address);

/*
 * Through net->proxy names are resolved there and cannot be judged; addresses in text, and
 * localhost, are judged all the same. Of several addresses of a name those refused are left out;
 * with none left the fetch is refused. A redirect repeats the request, its body included.
 * Errors: XR_FAULT_DNS_*, TCP_*, HTTP_*, PROXY, LOCAL_*, XR_FAULT_CONTENT (refused URL or address,
 * status not 200). Each text is a phrase that begins with the URL, quoted as by xr_excerpt().
 */
xr_must_check const struct xr_err *xr_fetch(struct xr_arena *arena, const struct xr_net *net,
    const struct xr_fetch *fetch, struct xr_deadline deadline, struct xr_der *ret);

#endif
