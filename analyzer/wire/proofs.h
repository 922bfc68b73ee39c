#ifndef XR_PROOFS_H
#define XR_PROOFS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What proved a password to a server, or a ticket: whoever reads it in a report can guess from it,
 * or use it once more. A server may show it in any later answer, whole or in part.
 */
struct xr_proofs;

struct xr_proofs *xr_proofs_new(void);
void xr_proofs_free(struct xr_proofs *proofs); /* NULL is fine */

/* One more, in bytes. The newest are kept: 256 KiB of them at most, and the last one always. */
void xr_proofs_add(struct xr_proofs *proofs, const void *message, size_t length);

/*
 * Overwrites with asterisks every piece of one: 16 of its bytes or more, 20
 * characters of its base64 (of any alignment, in either alphabet), 24 of its
 * hexadecimal digits. The names that it holds are none, as long as they are
 * text. true: there was a piece. The time is linear in the length. proofs NULL: none.
 */
bool xr_proofs_hide(const struct xr_proofs *proofs, char *bytes, size_t length);

#endif
