#ifndef XR_TESTS_KERBEROS_KDC_H
#define XR_TESTS_KERBEROS_KDC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#define KDC_REALM    "CONTOSO.TEST"
#define KDC_REFERRED "EVIL.TEST"

/* codes of RFC 4120 7.5.9 */
enum {
    KDC_CLIENT_EXPIRED = 1,
    KDC_CLIENT_UNKNOWN = 6,
    KDC_CLIENT_REVOKED = 18,
    KDC_KEY_EXPIRED = 23,
    KDC_PREAUTH_FAILED = 24,
    KDC_PREAUTH_REQUIRED = 25,
    KDC_SKEW = 37,
    KDC_GENERIC = 60,
    KDC_WRONG_REALM = 68, /* refers to KDC_REFERRED */
    KDC_HANGS_UP = -2,
    KDC_SILENCE = -1, /* keeps the connection and says nothing */
};

/* A Kerberos server on TCP that refuses: with the next code of its script each time, the last one
 * for ever. */
struct kdc {
    const int *codes;
    size_t n;
    unsigned port;
    atomic_int asked;
    atomic_int held; /* the connection that was met with silence; -1: none yet */
    int listener;
    pthread_t thread;
};

void kdc_start(struct kdc *kdc, const char *host, const int *codes, size_t n);
void kdc_stop(struct kdc *kdc);

#endif
