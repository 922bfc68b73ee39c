#ifndef XR_REVOCATION_H
#define XR_REVOCATION_H

#include "analyzer/wire/chain.h"
#include "analyzer/wire/fetch.h"

/*
 * What only others can say about a chain: its missing issuer, and whether a
 * certificate of it has been revoked. Both ask over http, bounded and side by
 * side; what was fetched once in a run is not fetched again.
 */
/*
 * What this run has fetched, by URL, errors included; shared by threads: one asks, the others wait
 * for its answer. At most 64 addresses, of 5 seconds at most, and none any more after 64 MiB. Free
 * it when no thread asks any more; sessions keep nothing of it.
 */
struct xr_fetched;

struct xr_fetched *xr_fetched_new(void);
void xr_fetched_free(struct xr_fetched *fetched); /* NULL is fine */

struct xr_inquiry {
    const struct xr_net *net;
    struct xr_fetched *fetched;
    const char *host;           /* as it was judged; NULL: names are not judged */
    const char *tested_address; /* decides what may be fetched, see wire/fetch.h; NULL: not known */
    struct xr_deadline deadline; /* of all of it together */
};

/*
 * Each of the two calls takes half of the time that is left, and 5 seconds at most, for all that it
 * asks together. Of the addresses that a certificate names for one purpose the first three over
 * http are tried in turn, each for its share of that time, until one has what is wanted.
 *
 * When the chain of the session misses an issuer (XR_FLAW_CHAIN_INCOMPLETE or
 * XR_FLAW_UNTRUSTED_ROOT): fetches it from where the last certificate says
 * (DER, PEM or PKCS #7, of which ten certificates are looked at), up to 4
 * levels, and judges again after each. What comes counts only when it is the
 * issuer by name and signature, and is never a root for having been fetched:
 *  - the chain then reaches a root of this machine: XR_FLAW_CHAIN_INCOMPLETE alone;
 *  - it ends at another root: XR_FLAW_UNTRUSTED_ROOT, and CHAIN_INCOMPLETE too when more than that
 *    root was missing;
 *  - nothing comes: the flaws stay as they were, and leave open what is missing.
 * Where something came, the flaw's text says from which address. "trusted" stays false. Fills
 * "completion" (NULL: a root was sent, so that nothing is missing) and "asked_for_issuers"; flaws
 * and certificates are those of the last judgement, and a staple is judged again by it.
 */
void xr_complete_chain(
    struct xr_arena *arena, const struct xr_inquiry *inquiry, struct xr_tls_session *session);

/*
 * For every certificate of the built chain but the root, side by side, the first ten of them: the
 * staple (leaf), else OCSP (RFC 6960; with a nonce, which the answer may leave out), else the CRL
 * (RFC 5280 6.3). Answers count when the issuer signed them, or for OCSP somebody whom it
 * appointed, and within their dates as of net->at_ms, give or take 5 minutes. Not used: indirect
 * and delta CRLs. Fills "revocations" and adds
 *  - XR_FLAW_REVOKED;
 *  - XR_FLAW_REVOCATION_UNKNOWN: somebody was asked, and nobody could say (mild: most clients go
 * on);
 *  - XR_FLAW_STAPLE_MISSING: must-staple, and no staple that counts.
 * Who could not say is named in the row's text even when somebody else could.
 * XR_REVOCATION_NO_SOURCE without a flaw: it names nobody over http, or is short-lived (7 days; 10
 * when issued before 2026-03-15) and nobody was asked. XR_REVOCATION_UNKNOWN without a flaw: its
 * issuer's certificate is not known, or no time was left, so nobody was asked. With
 * net->no_revocation nobody is asked: there is a row for a stapled leaf only, or none.
 */
void xr_check_revocation(
    struct xr_arena *arena, const struct xr_inquiry *inquiry, struct xr_tls_session *session);

#endif
