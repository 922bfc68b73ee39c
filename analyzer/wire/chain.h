#ifndef XR_CHAIN_H
#define XR_CHAIN_H

#include "analyzer/wire/tls.h"

/*
 * The judgement of a certificate chain, wherever it comes from: a handshake or
 * a file. One code for both (RFC 5280 section 6, RFC 9525). First OpenSSL
 * builds a path as it likes. When that path has a flaw that another one might
 * not have, paths are tried until one holds: OpenSSL 3.0 follows one issuer and
 * gives up, so every path over what was sent, what was fetched and the roots is
 * closed by ourselves, within XR_PATH_NODES_MAX steps (and half a second, for
 * keys that take long), and each is judged by X509_verify_cert (strict, auth
 * level 2, subject never consulted for names) and by the rules that other
 * clients have and OpenSSL has not. The first path without a serious flaw
 * counts, else the one with the least serious ones.
 */
enum {
    XR_PATH_NODES_MAX = 200,
    XR_CHAIN_SENT_MAX = 100, /* certificates that are looked at; of more, the number is told */
    XR_CHAIN_FILE_MAX = 4 * 1024 * 1024, /* bytes */
};

struct xr_chain {
    const struct xr_der *sent; /* leaf first */
    size_t sent_n;
    const struct xr_der
        *fetched; /* issuers from elsewhere: they complete a path, and vouch for nothing */
    size_t fetched_n;
};

/*
 * A path of more than 20 certificates below its root, or of more names and name constraints than a
 * second can compare, is not judged further: a flaw says so, and it is not trusted.
 *
 * Fills certificates, flaws, leaf_sha256, sent_n and trusted of *ret. host NULL: names are not
 * judged. Dates are judged as of net->at_ms, the last second of a certificate included. A chain
 * that needs a fetched issuer keeps its XR_FLAW_CHAIN_INCOMPLETE, and "trusted" stays false.
 */
void xr_chain_judge(struct xr_arena *arena, const struct xr_net *net, const char *host,
    const struct xr_chain *chain, struct xr_tls_session *ret);

/* All certificates of a file in PEM, in their order; without any PEM, those in DER. Errors:
 * XR_FAULT_CONTENT, naming file and place; native EILSEQ: the file is sound, a certificate in it is
 * malformed, which is a verdict on it. */
xr_must_check const struct xr_err *xr_chain_read(
    struct xr_arena *arena, const char *path, struct xr_chain *ret);

#endif
