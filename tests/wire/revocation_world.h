#ifndef XR_TESTS_REVOCATION_WORLD_H
#define XR_TESTS_REVOCATION_WORLD_H

#include "analyzer/wire/revocation.h"
#include "tests/wire/authority.h"
#include "tests/wire/web.h"

/* A root, an authority below it and a leaf, whose addresses lead to the web server of the test. */
struct world {
    struct xr_arena *arena;
    struct web web; /* pages: /ocsp, /crl, /root.crl */
    struct xr_net net;
    struct xr_trust *trust;
    struct xr_fetched *fetched;
    struct identity root, middle, leaf, stranger;
    struct xr_der sent[2];
    struct ocsp_spec answer; /* what /ocsp says; signer and status are the test's */
    bool echo_nonce;
    int refusal;       /* of /ocsp; 0: none */
    const char *noise; /* what /ocsp says instead; NULL: nothing */
};

extern const char world_host[];

/* What the leaf is and names; MIDDLE_CRL: the authority names /root.crl. */
enum names { OCSP = 1, CRL = 2, MUST_STAPLE = 4, SHORT_LIVED = 8, MIDDLE_CRL = 16 };

void world_init(struct world *world, int names);
void world_done(struct world *world);

/* Judges the chain, which must be trusted, and asks about it. */
void world_check(struct world *world, struct xr_arena *arena, struct xr_der staple,
    struct xr_tls_session *session);

/* The same without a staple, remembering nothing from before; "words" stand in the leaf's row. */
void world_ask(struct world *world, enum xr_revocation_state state, const char *words);

/* Of all pages. */
int world_hits(struct world *world);

/* NULL: there is none. */
const struct xr_tls_flaw *flaw_of(
    const struct xr_tls_session *session, enum xr_flaw flaw, int depth);

/* The leaf's row, and the flaw that belongs to its state. */
void expect_row(const struct xr_tls_session *session, enum xr_revocation_state state,
    const char *words, const char *why);

#endif
