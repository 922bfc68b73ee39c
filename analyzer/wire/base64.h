#ifndef XR_BASE64_H
#define XR_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/base/buf.h"

/* RFC 4648 section 4, with padding. Both add to "to"; false: it did not fit. */
bool xr_base64_encode(struct xr_buf *to, const void *bytes, size_t length);

/* Also false for what is no base64: a foreign character, white space, no or wrong padding, bits in
 * the last character that belong to no byte. Some bytes may have been added by then. */
bool xr_base64_decode(struct xr_buf *to, const char *text, size_t length);

#endif
