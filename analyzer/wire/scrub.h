#ifndef XR_SCRUB_H
#define XR_SCRUB_H

#include <stddef.h>

#include "analyzer/base/secret.h"
#include "analyzer/wire/proofs.h"

/* Takes out of an answer what a server echoes of secrets, in plain text or as they were sent. */
struct xr_scrubber;

/* account: whom Basic would name before the secret; NULL: nobody. A secret that is not given, or
 * shorter than 4 bytes, is looked for in nothing. */
struct xr_scrubber *xr_scrubber_new(const char *account, struct xr_secret secret);
/* One more secret to be hidden, in the same way. */
void xr_scrubber_also(struct xr_scrubber *scrubber, const char *account, struct xr_secret secret);
/* And what proved one, as long as it exists: what is added to it later counts too. */
void xr_scrubber_proofs(struct xr_scrubber *scrubber, const struct xr_proofs *proofs);
void xr_scrubber_free(struct xr_scrubber *scrubber);

/*
 * Overwrites with asterisks every occurrence of a secret: as it is, in base64 (alone, or as Basic
 * sends it behind the account), in UTF-16 and UTF-32; and every piece of a proof. When it shows
 * only after decoding (character references, percent-encoding, JSON's escapes, split by markup),
 * all of the bytes are overwritten: where it stood is not known. The time is linear in the length.
 */
void xr_scrub(const struct xr_scrubber *scrubber, char *bytes, size_t length);

#endif
