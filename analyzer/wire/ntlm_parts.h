#ifndef XR_NTLM_PARTS_H
#define XR_NTLM_PARTS_H

#include "analyzer/wire/ntlm.h"

/* What ntlm*.c share, and what their tests look into. */

/* 2.2.2.5 */
enum xr_ntlm_flag {
    XR_NTLM_UNICODE = 1 << 0,
    XR_NTLM_REQUEST_TARGET = 1 << 2,
    XR_NTLM_NTLM = 1 << 9,
    XR_NTLM_ALWAYS_SIGN = 1 << 15,
    XR_NTLM_EXTENDED_SECURITY = 1 << 19,
    XR_NTLM_TARGET_INFO = 1 << 23,
    XR_NTLM_VERSION = 1 << 25,
    XR_NTLM_128 = 1 << 29,
};
#define XR_NTLM_56 UINT32_C(0x80000000) /* no number of an enum */

/* 2.2.2.1 */
enum xr_ntlm_av {
    XR_NTLM_AV_END,
    XR_NTLM_AV_NETBIOS_COMPUTER,
    XR_NTLM_AV_NETBIOS_DOMAIN,
    XR_NTLM_AV_DNS_COMPUTER,
    XR_NTLM_AV_DNS_DOMAIN,
    XR_NTLM_AV_DNS_FOREST,
    XR_NTLM_AV_FLAGS,
    XR_NTLM_AV_TIME,
    XR_NTLM_AV_SINGLE_HOST,
    XR_NTLM_AV_TARGET_NAME,
    XR_NTLM_AV_BINDING,
};

enum {
    XR_NTLM_SIGNATURE_BYTES = 8,
    XR_NTLM_TYPE_AT = 8,
    XR_NTLM_PAIR_HEAD = 4, /* id and length of an AV pair */
    XR_NTLM_KEY_BYTES = 16,
    XR_NTLM_MIC_AT = 72,     /* in type 3 */
    XR_NTLM_MIC_PRESENT = 2, /* in MsvAvFlags */
};

/* Windows counts in 100 ns since 1601. */
#define XR_NTLM_TICKS_PER_MS    10000
#define XR_NTLM_MS_1601_TO_1970 INT64_C(11644473600000)

extern const uint8_t xr_ntlm_signature[XR_NTLM_SIGNATURE_BYTES];

static inline uint16_t xr_ntlm_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t xr_ntlm_get32(const uint8_t *at)
{
    return xr_ntlm_get16(at) | (uint32_t)xr_ntlm_get16(at + 2) << 16;
}

struct xr_ntlm_pair {
    uint16_t id;
    struct xr_ntlm_message value;
};

/* The pair at *at; moves *at behind it. false: none is left, it is the terminator, or it is cut. */
bool xr_ntlm_next_pair(struct xr_ntlm_message pairs, size_t *at, struct xr_ntlm_pair *ret);

/* A key, or what a password can be guessed from. Overwritten when it goes out of sight. */
struct xr_ntlm_key {
    uint8_t bytes[XR_NTLM_KEY_BYTES];
};

void xr_ntlm_key_done(struct xr_ntlm_key *key);
#define xr_auto_ntlm_key __attribute__((cleanup(xr_ntlm_key_done))) struct xr_ntlm_key

/* HMAC-MD5 over the parts, one behind the other. false: OpenSSL refuses. */
bool xr_ntlm_hmac(const struct xr_ntlm_key *key, const struct xr_ntlm_message *parts, size_t n,
    uint8_t ret[static XR_NTLM_KEY_BYTES]);

/*
 * NTOWFv2 (3.3.2) of user, domain and password: HMAC_MD5(MD4(password), Upper(user) + domain). Only
 * the user's name is mapped, by xr_utf16_upper(): the server does the same with the name that it
 * was sent. false: see xr_ntlm_authenticate().
 */
bool xr_ntlm_key(struct xr_arena *arena, const struct xr_ntlm_logon *logon, struct xr_ntlm_key *ret,
    const char **ret_why);
extern const char xr_ntlm_no_md5[];

/* The NTLMv2 response: proof and client challenge (2.2.2.8, 2.2.2.7). base: the session base key.
 * av_flags 0: no such pair. */
bool xr_ntlm_response(struct xr_arena *arena, const struct xr_ntlm_logon *logon,
    const struct xr_ntlm_challenge *challenge, const struct xr_ntlm_key *key, uint32_t av_flags,
    struct xr_buf *to, struct xr_ntlm_key *ret_base, const char **ret_why);

#endif
