#ifndef XR_NTLM_H
#define XR_NTLM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/err.h"
#include "analyzer/base/secret.h"
#include "analyzer/wire/tls.h"

/*
 * The client's three messages of NTLMv2 (MS-NLMP; sections below are its own), bound to the TLS
 * connection (RFC 5929), which libcurl's NTLM is not. Bytes in, bytes out: no network, no clock, no
 * random numbers, no state.
 *
 * A logon of HTTP: xr_ntlm_negotiate() is sent; xr_ntlm_challenge_parse() reads what comes back;
 * xr_ntlm_authenticate() is sent over the same connection. Base64 around them is the caller's.
 *
 * Nothing is signed or sealed behind the logon, so that no session key is exchanged (3.1.5.1.2) and
 * no RC4 is needed. LM and NTLMv1 responses and OEM text do not exist here.
 *
 * The third message lets whoever has it guess the password offline: it belongs in no report, log
 * or capture, and on no connection but the one that the challenge came over.
 */
enum {
    XR_NTLM_CHALLENGE_MAX = 4096,    /* bytes; a real one has some 250 */
    XR_NTLM_AUTHENTICATE_MAX = 8192, /* as base64 it still fits into the headers that IIS takes */
    XR_NTLM_NONCE_BYTES = 8,
    XR_NTLM_BINDING_BYTES = 16,
    XR_NTLM_BINDING_DATA_MAX = 96, /* "tls-server-end-point:" and a hash of at most 64 bytes */
};

/* Points to bytes of somebody else. */
struct xr_ntlm_message {
    const uint8_t *bytes;
    size_t length;
};

/* Type 1 (2.2.1.1), the same for everybody: it names neither user nor machine. Static. */
struct xr_ntlm_message xr_ntlm_negotiate(void);

/* Type 2 (2.2.1.2). Texts are of the server's choice; NULL: not told. */
struct xr_ntlm_challenge {
    struct xr_ntlm_message message; /* all of it: the MIC covers it */
    uint32_t flags;                 /* 2.2.2.5 */
    uint8_t nonce[XR_NTLM_NONCE_BYTES];
    struct xr_ntlm_message pairs; /* 2.2.2.1, without the terminator; length 0: none */
    uint32_t av_flags;            /* MsvAvFlags */
    bool has_time;                /* MsvAvTimestamp: */
    uint64_t filetime;            /* 100 ns since 1601, any number */
    int64_t time_ms;              /* the same, since 1970 */
    const char *target;           /* TargetName: the domain, or the server if it is in none */
    const char *netbios_computer, *netbios_domain, *dns_computer, *dns_domain, *dns_forest;
    const char *windows; /* "10.0.17763" (2.2.2.10) */
};

/*
 * Trusts no length and no offset; takes time in proportion to the length. "message" is not copied:
 * it must live as long as *ret; texts live in the arena. Of pairs that come twice the first counts.
 * Errors: XR_FAULT_CONTENT, for what is malformed and for a server that cannot do what is needed
 * (Unicode, which every Windows has).
 */
xr_must_check const struct xr_err *xr_ntlm_challenge_parse(
    struct xr_arena *arena, struct xr_ntlm_message message, struct xr_ntlm_challenge *ret);

/*
 * MsvAvChannelBindings: MD5 of a gss_channel_bindings_struct without addresses (RFC 2744 3.11)
 * whose application data are "tls-server-end-point:" and the hash of the server's certificate. The
 * hash is that of the certificate's own signature, SHA-256 for MD5 and SHA-1 (RFC 5929 4.1).
 */
struct xr_ntlm_binding {
    uint8_t bytes[XR_NTLM_BINDING_BYTES];
    uint8_t data[XR_NTLM_BINDING_DATA_MAX]; /* what was hashed: GSSAPI wants it so */
    size_t data_length;
    const char *hash; /* "SHA256" */
    /* RSA (PKCS #1) with SHA-384 or another long hash: Microsoft's description can be read as
     * SHA-256 there. A refused logon may be due to that. */
    bool is_disputed;
};

/* leaf: as the server sent it, on this very connection. false: *ret_why says why there is no
 * binding for it (Ed25519 has no hash of its own), as a phrase in the arena. */
bool xr_ntlm_binding(
    struct xr_arena *arena, struct xr_der leaf, struct xr_ntlm_binding *ret, const char **ret_why);

/* All text is UTF-8, at most XR_UTF16_UNITS_MAX units of UTF-16 each. */
struct xr_ntlm_logon {
    /* Of "DOMAIN\user", the two parts; of a user principal name, all of it and the domain "". */
    const char *user, *domain;
    struct xr_secret password; /* none given: the empty one */
    const char *workstation;   /* what event 4624 or 4625 shows for where it came from */
    const char *spn; /* "HTTP/" and the host of the URL (MsvAvTargetName); NULL: no such pair */
    /* NULL: no such pair, which a server that only allows bindings lets pass. Zeroes are no
     * replacement: they stand for a client that could bind and did not, which it refuses. */
    const struct xr_ntlm_binding *binding;
    uint8_t nonce[XR_NTLM_NONCE_BYTES]; /* random, new for every logon */
    int64_t now_ms; /* since 1970; used when the challenge has no time of its own */
};

/*
 * Type 3 (2.2.1.3), added to the empty "to", whose limit is XR_NTLM_AUTHENTICATE_MAX: an NTLMv2
 * response (3.3.2) with the server's pairs, MsvAvFlags, the binding and the target name. The
 * message always has a MIC over all three messages, as Chrome's: 3.1.5.1.2 asks for it when the
 * challenge has a time, but whoever stands between could take the time out. The LM response is 24
 * zeroes when the challenge has a time, else LMv2. Keys are overwritten before it returns.
 *
 * false: *ret_why says which text is invalid or too long, or that OpenSSL refuses MD5 (FIPS), as a
 * phrase in the arena; nothing may be sent.
 */
bool xr_ntlm_authenticate(struct xr_arena *arena, const struct xr_ntlm_logon *logon,
    const struct xr_ntlm_challenge *challenge, struct xr_buf *to, const char **ret_why);

#endif
