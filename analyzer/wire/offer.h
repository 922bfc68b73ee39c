#ifndef XR_OFFER_H
#define XR_OFFER_H

#include "analyzer/base/clock.h"
#include "analyzer/base/err.h"

/*
 * What a TLS server would agree to. Each question is one ClientHello, written
 * by hand (RFC 5246 7.4.1.2, RFC 8446 4.1.2), and the server's first answer to
 * it: OpenSSL of today can neither offer RC4 nor export ciphers nor tell that
 * it was refused. No key is made, no handshake is finished, nothing is sent
 * that is worth anything.
 */
enum xr_question {
    XR_ASK_TLS_1_0,
    XR_ASK_TLS_1_1,
    XR_ASK_TLS_1_2,
    XR_ASK_TLS_1_3,
    XR_ASK_NO_PROTECTION, /* ciphers without encryption, without authentication, or export */
    XR_ASK_BROKEN,        /* RC4, DES, 3DES, IDEA, RC2 */
    XR_ASK_NO_SECRECY,    /* RSA or fixed DH key exchange: no forward secrecy */
    XR_ASK_NO_AEAD,       /* CBC mode with forward secrecy */
    XR_ASK_FINITE_FIELD,  /* DHE only: how long is the server's prime? */
    XR_ASK_COUNT
};

enum xr_answer {
    XR_ANSWER_NO, /* refused: by an alert, an older version, or (Schannel does) by closing without
                     a word; so NO counts only where other handshakes get through */
    XR_ANSWER_YES,
    XR_ANSWER_NONE /* neither; text tells: silent, cut off, not TLS, against the protocol */
};

struct xr_offer {
    enum xr_answer answer;
    const char *version;       /* agreed on, "TLS 1.2"; NULL unless YES */
    const char *cipher;        /* "TLS_RSA_WITH_AES_128_CBC_SHA" (IANA); NULL unless YES */
    bool secure_renegotiation; /* RFC 5746; meaningful when YES and the version is below 1.3 */
    int prime_bits;            /* XR_ASK_FINITE_FIELD: of the server's prime; 0: not known */
    const char *text;          /* what came instead: "alert handshake_failure"; NULL when YES */
    int64_t elapsed_us;
};

/* Asks over the connected, non-blocking fd, which is of no use afterwards. host: for SNI. */
void xr_offer_ask(struct xr_arena *arena, enum xr_question question, const char *host, int fd,
    struct xr_deadline deadline, struct xr_offer *ret);

/* "TLS 1.0", "ciphers without encryption": the question in words. */
const char *xr_question_text(enum xr_question question);

#endif
