#ifndef XR_TESTS_LOGON_SERVER_H
#define XR_TESTS_LOGON_SERVER_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdint.h>

#include "analyzer/base/buf.h"
#include "fixtures/pki.h"

/*
 * A server of one test: TLS, and a logon by NTLM that it checks for real with the simulator's, or
 * by tickets "ticket". It misbehaves as it is told and keeps a transcript of what came:
 *
 *   |  a connection          1  type 1            !  type 1 with a body
 *   3  type 3, accepted      x  type 3, refused   t  a ticket, accepted     u  refused
 *   -  no header and no body, by nobody           =  the same with a body
 *   k  no header, on a connection that is logged on
 */
enum server_policy { POLICY_NONE, POLICY_ALLOW, POLICY_REQUIRE };

struct server {
    const char *password;
    enum server_policy policy;
    const char *scheme; /* what is offered; NULL: "NTLM" */
    /* Whole answers instead of what is right; "": none, the connection is closed. */
    const char *to_first; /* type 1, or nobody's request under Negotiate */
    const char *to_proof;
    const char *to_known;       /* to a request on a connection that is logged on */
    const char *challenge;      /* in base64, instead of the right one */
    bool drops_after_challenge; /* closes, without saying so before */
    bool closes_after_proof, says_so;
    int forgets_after;       /* requests on a connection that is logged on; 0: never */
    bool per_request;        /* tickets log no connection on */
    const char *ticket_says; /* behind "Negotiate " in the 401 to a ticket; NULL: it is accepted */
    bool wants_certificate;  /* late, as IIS: by a second handshake, before it answers */
    bool echoes;             /* shows the request in the answer */
    /* What came. */
    char transcript[64];
    char body[64];        /* of the last request */
    char head[16 * 1024]; /* of the last request */
    uint8_t proof[2048];  /* the last type 3, */
    size_t proof_length;
    char connect[1024]; /* what the proxy was asked */
    /* Its own. */
    struct sim_cert leaf;
    SSL_CTX *ctx;
    int listener;
    uint16_t port;
    pthread_mutex_t lock;
    pthread_t thread;
    int busy; /* connections on which something is being done */
    int proxy_listener;
    pthread_t proxy;
    pthread_t connections[16];
    size_t connections_n;
};

/* From the next connection on it shows another certificate. key, digest: NULL: as fixtures/pki.h.
 */
void server_certify(struct server *server, const char *key, const char *digest);

/* The rest of *server is set already. key, digest: as above. */
void server_start(struct server *server, const char *key, const char *digest);
void server_stop(struct server *server);

/* What came since the last time, in order. */
const char *server_transcript(struct server *server);

/* A proxy in front of it that understands CONNECT, for one connection at a time. Returns its port.
 */
uint16_t server_start_proxy(struct server *server);
void server_stop_proxy(struct server *server);

#endif
