#ifndef XR_MD4_H
#define XR_MD4_H

#include <stddef.h>
#include <stdint.h>

/*
 * MD4 (RFC 1320), which is broken as a hash and lives on in the NT hash of a password (MS-NLMP
 * 3.3.1). OpenSSL 3 has it in its legacy provider only, a plug-in that a hardened host may lack.
 * What it digests is a secret: the copies that it makes are overwritten.
 */
enum { XR_MD4_BYTES = 16 };

void xr_md4(const void *bytes, size_t length, uint8_t ret_digest[static XR_MD4_BYTES]);

#endif
