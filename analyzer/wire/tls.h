#ifndef XR_TLS_H
#define XR_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/err.h"
#include "analyzer/wire/net.h"

/*
 * TLS and the judgement of certificates. Nothing here aborts at the first
 * error: a handshake goes through, all flaws of the certificate are collected
 * (RFC 5280, RFC 6125), and whoever wants to send something asks
 * xr_tls_may_carry() about that very connection.
 */

/* The roots of this machine and those of --ca-file. Shared by threads once made. */
xr_must_check const struct xr_err *xr_trust_new(
    struct xr_arena *arena, const char *const *ca_files, struct xr_trust **ret);
/* The certificates of these files and no others (--root). Each is an anchor, whoever signed it; but
 * one that claims to have signed itself must not name another key as its issuer's. */
xr_must_check const struct xr_err *xr_trust_only(
    struct xr_arena *arena, const char *const *ca_files, struct xr_trust **ret);
void xr_trust_free(struct xr_trust *trust);

enum xr_flaw {
    XR_FLAW_NAME_MISMATCH,
    XR_FLAW_EXPIRED,
    XR_FLAW_NOT_YET_VALID,
    XR_FLAW_EXPIRES_SOON,
    XR_FLAW_SELF_SIGNED,
    XR_FLAW_UNTRUSTED_ROOT,
    XR_FLAW_CHAIN_INCOMPLETE,
    XR_FLAW_CHAIN_DISORDERED,
    XR_FLAW_WEAK_KEY,
    XR_FLAW_WEAK_SIGNATURE,
    XR_FLAW_REVOKED,
    XR_FLAW_BAD_PURPOSE,
    XR_FLAW_CHAIN_EXTRA,        /* sent, but part of no path; or sent twice */
    XR_FLAW_PATH_AMBIGUOUS,     /* trusted, but only by clients that try more than one path */
    XR_FLAW_NONCONFORMING,      /* against RFC 5280 in a way that no client enforces */
    XR_FLAW_KEY_UNUSUAL,        /* a kind of key that some clients cannot use: Ed25519 */
    XR_FLAW_VALIDITY_TOO_LONG,  /* of a public authority, longer than the browsers' rules allow */
    XR_FLAW_STAPLE_MISSING,     /* the certificate demands a stapled OCSP answer (RFC 7633) */
    XR_FLAW_REVOCATION_UNKNOWN, /* nobody could say whether it has been revoked */
    XR_FLAW_INTERCEPTED,        /* its issuer is a product that opens TLS on the way */
    XR_FLAW_COUNT
};

struct xr_tls_flaw {
    struct xr_tls_flaw *next;
    enum xr_flaw flaw;
    int depth;        /* 0: leaf */
    int code;         /* X509_V_ERR_*, 0: none of OpenSSL's */
    const char *text; /* a sentence with the names and dates of this certificate */
};

/* One certificate as it stands in the message; bytes live in an arena. */
struct xr_der {
    const unsigned char *bytes;
    size_t length;
};

struct xr_certificate {
    struct xr_certificate *next;
    const char *subject, *issuer; /* "CN=mail.contoso.test, O=Contoso" */
    const char *common_name;      /* CN, else the subject */
    const char *serial, *sha256;  /* hexadecimal */
    const char *key, *signature;  /* "EC 256 bit (prime256v1)", "ecdsa-with-SHA256" */
    const char *names; /* the DNS names and addresses of the SAN, at most 100; "" for none */
    int64_t not_before_ms, not_after_ms; /* since 1970 */
    int position;                        /* as sent, from 0; -1: not sent, from the trust store */
    int depth;                           /* in the chain that was built, 0: leaf; -1: not in it */
    bool authority, self_issued;         /* may sign others; issuer = subject */
    bool self_signed;                    /* by its own key: self_issued alone is but a name */
    bool fetched;           /* neither sent nor of the trust store: from an issuer's address */
    const char *purposes;   /* "TLS Web Server Authentication, ..."; "" for no limit */
    const char *issuer_url; /* RFC 5280 4.2.2.1 caIssuers, the first over http; NULL: none */
    const char *ocsp_url, *crl_url; /* 4.2.2.1 OCSP, 4.2.1.13: the first over http; NULL: none */
    bool must_staple;               /* RFC 7633 */
    bool is_public;                 /* names a policy of the CA/Browser Forum, or was logged */
    int timestamps;                 /* signed certificate timestamps inside (RFC 6962) */
    struct xr_der der;
};

/* What is known of the revocation of one certificate of the chain; see wire/revocation.h. */
enum xr_revocation_state {
    XR_REVOCATION_GOOD,
    XR_REVOCATION_REVOKED,
    XR_REVOCATION_UNKNOWN,   /* asked, without an answer that counts */
    XR_REVOCATION_NO_SOURCE, /* it names nobody who can be asked over http, or need not be asked */
};

/* The http addresses that were asked, in their order; NULL behind the last. */
enum { XR_ASKED_MAX = 12 };

struct xr_asked {
    const char *urls[XR_ASKED_MAX + 1];
};

struct xr_revocation {
    struct xr_revocation *next;
    int depth; /* of the certificate; 0: leaf */
    enum xr_revocation_state state;
    const char *source; /* "stapled OCSP answer", "OCSP http://...", "CRL http://..."; NULL: none */
    const char *text;   /* a sentence */
    struct xr_asked asked; /* "source" names who answered, or who could not say; this, all */
};

enum xr_client_certificate {
    XR_CLIENT_CERTIFICATE_NOT_ASKED,
    XR_CLIENT_CERTIFICATE_REQUESTED,
    XR_CLIENT_CERTIFICATE_REQUIRED,
};

struct xr_tls_session {
    const char *version, *cipher, *group, *alpn; /* NULL: not known */
    enum xr_client_certificate client_certificate;
    const char *staple; /* what the stapled OCSP answer says, or NULL: none */
    struct xr_der staple_der;
    bool forward_secret, authenticated_cipher; /* the cipher in use: (EC)DHE; AEAD */
    struct xr_certificate
        *certificates; /* as sent, leaf first, then those fetched or of the store that were used */
    struct xr_revocation *revocations; /* by depth; NULL: not looked into */
    const char
        *completion; /* what fetching the missing issuer brought: a sentence; NULL: not tried */
    struct xr_asked asked_for_issuers; /* by xr_complete_chain(), whatever came of it */
    int sent_n; /* how many the server sent; "certificates" holds the first 100 */
    struct xr_tls_flaw *flaws;
    const char *leaf_sha256;
    bool trusted; /* none of the flaws of the trust class */
    int64_t elapsed_us;
};

/* Flaws that --ignore-trust covers: an unknown issuer. Never name, dates, purpose, strength,
 * revocation. */
bool xr_flaw_is_trust(enum xr_flaw flaw);
/* Flaws that leave the connection usable: those that clients tolerate, and nearing expiry. */
bool xr_flaw_is_mild(enum xr_flaw flaw);

/* May secrets, or a mailbox address, travel over this connection? */
bool xr_tls_may_carry(const struct xr_tls_session *session, bool ignore_trust);

/*
 * Handshake with SNI over the connected, non-blocking fd; nothing is sent over
 * it. Flaws of the certificate are no error. Errors: XR_FAULT_TLS_* and local.
 * When the handshake fails, "again" (NULL: not wanted) is called for a second
 * connection, on which a permissive handshake looks for an old protocol.
 */
struct xr_tls_again {
    int (*connect)(void *arg); /* a connected fd, or -1 */
    void *arg;
};

xr_must_check const struct xr_err *xr_tls_handshake(struct xr_arena *arena,
    const struct xr_net *net, const char *host, int fd, const struct xr_tls_again *again,
    struct xr_deadline deadline, struct xr_tls_session *ret);

/* The certificate that is shown to a client that names no host (no SNI, RFC 6066 3). fd as above.
 */
xr_must_check const struct xr_err *xr_tls_default_certificate(
    struct xr_arena *arena, int fd, struct xr_deadline deadline, const struct xr_certificate **ret);

/*
 * OpenSSL reads on inside of one call for as long as a server sends what it
 * skips. Whoever goes too far, or past the deadline, is cut off from within.
 */
struct xr_tls_guard {
    struct xr_deadline deadline; /* all 0: none */
    int hello_requests;          /* so far */
    bool late;                   /* cut off for the deadline, or cancelled */
    const char *flood;           /* cut off for what the server did: a phrase; NULL: it was not */
};

/*
 * The same judgement for a connection that libcurl opens: attached to its
 * SSL_CTX, it records instead of aborting. "session" is empty until the
 * handshake has been seen; xr_tls_watch_finish() adds protocol and cipher.
 */
struct xr_tls_watch {
    struct xr_arena *arena; /* lives as long as the connection */
    const struct xr_net *net;
    const char *host;
    struct xr_tls_session *session; /* NULL: no handshake yet */
    const void *seen;               /* the SSL that was found to be the judged one, or NULL */
    struct xr_tls_guard guard;      /* whoever drives the connection sets the deadline */
};

void xr_tls_watch_attach(void *ssl_ctx, struct xr_tls_watch *watch);
void xr_tls_watch_finish(struct xr_tls_watch *watch, void *ssl);

/* Is the certificate that was judged the one of this connection? */
bool xr_tls_watch_is_of(struct xr_tls_watch *watch, void *ssl);

#endif
