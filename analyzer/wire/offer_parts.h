#ifndef XR_OFFER_PARTS_H
#define XR_OFFER_PARTS_H

#include "analyzer/base/buf.h"
#include "analyzer/wire/offer.h"

/* What offer*.c share. */

enum {
    XR_OFFER_SSL_3_0 = 0x0300,
    XR_OFFER_TLS_1_0 = 0x0301,
    XR_OFFER_TLS_1_1 = 0x0302,
    XR_OFFER_TLS_1_2 = 0x0303,
    XR_OFFER_TLS_1_3 = 0x0304,
    /* Some servers refuse 128 ciphers and more. */
    XR_OFFER_CIPHERS_MAX = 120,
};

/* The newest version that the question offers. */
uint16_t xr_offer_version(enum xr_question question);
/* Is it about the version alone, or about a class of ciphers, whatever the version? */
bool xr_offer_is_of_version(enum xr_question question);

/* Fills ret with the ciphers that the question offers, the most usual first; how many they are. */
size_t xr_offer_ciphers(enum xr_question question, uint16_t ret[static XR_OFFER_CIPHERS_MAX]);
/* The name in IANA's registry, or "0xC0,0x2F". */
const char *xr_offer_cipher_name(struct xr_arena *arena, uint16_t id);

/* "handshake_failure", or "number 99". */
const char *xr_offer_alert_name(struct xr_arena *arena, size_t id);
/* Does this fatal alert mean that the server does not agree to what was offered? */
bool xr_offer_alert_refuses(size_t id);

/* The record with the ClientHello of this question. */
void xr_offer_hello(struct xr_buf *to, enum xr_question question, const char *host);

/* Reads the server's answer to it. */
void xr_offer_reply(struct xr_arena *arena, enum xr_question question, int fd,
    struct xr_deadline deadline, struct xr_offer *ret);

#endif
