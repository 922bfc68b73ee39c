#ifndef XR_SSL_TRUST_H
#define XR_SSL_TRUST_H

#include "analyzer/wire/offer.h"
#include "probes/legs.h"

/*
 * What the step ssl-trust tells, live and of a file, in parts: each adds child
 * steps of its own. All that is wrong is told, not the first only.
 */

/* A child of the step: "ssl-trust.name". It starts when the step did. */
struct xr_step *xr_trust_part(struct xr_step *step, const char *suffix, const char *title);

/*
 * name, chain, trust, dates, revocation (where it was looked into), purpose and
 * strength; notes the certificates as facts. host NULL: names were not judged.
 */
void xr_tell_chain(struct xr_ctx *ctx, struct xr_step *step, const char *host, bool ignore_trust,
    const struct xr_tls_session *session);

/* The last certificate of the chain that was built, or NULL. */
const struct xr_certificate *xr_chain_end(const struct xr_tls_session *session);

/* After the children: the step's own message is that of its first worst child; "good" when there is
 * none. */
enum xr_status xr_trust_conclude(struct xr_step *step, const char *good);

/* What one address was asked beside the handshake. */
struct xr_scan {
    const char *address;
    struct xr_offer offers[XR_ASK_COUNT];
    const struct xr_certificate *default_certificate; /* shown without SNI; NULL: none was */
};

/* protocols, default-certificate; notes the answers as facts. scan NULL: nothing was asked. */
void xr_tell_scan(struct xr_ctx *ctx, struct xr_step *step, const struct xr_scan *scan,
    const struct xr_tls_session *session);

/* Adds what speaks against another address as findings, each with "where" in front; what speaks
 * against "known" as well is left out. */
void xr_find_scan(struct xr_step *step, const char *where, const struct xr_scan *scan,
    const struct xr_tls_session *session, const struct xr_scan *known);

#endif
