#ifndef XR_HTTP_BLOB_H
#define XR_HTTP_BLOB_H

#include <stddef.h>

/*
 * The message of NTLM or Negotiate in the value of a WWW-Authenticate header, which may hold
 * several challenges, separated by commas: up to the next comma, whether it is base64 or not.
 * scheme: in any letter case. NULL: no such scheme, or one without a message.
 */
const char *xr_http_blob(const char *value, const char *scheme, size_t *ret_length);

#endif
