#ifndef XR_TEST_OFFER_SCRIPT_H
#define XR_TEST_OFFER_SCRIPT_H

/* A server that says what is written down for it, to whoever makes it an offer. */
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "analyzer/wire/offer.h"
#include "tests/unit.h"

enum { STEP_MS = 5000, SHORT_MS = 300, SLACK_MS = 1500, SCRIPT_MAX = 400 * 1024 };

#define BYTES(text) text, sizeof(text) - 1
#define RANDOM      "0123456789abcdef0123456789ABCDEF"
#define SESSION     "\x20UUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUU"

/* TLS 1.2, RSA, AES-128, secure renegotiation: 86 bytes. */
#define GOOD                                                 \
    "\x16\x03\x03\x00\x51"                                   \
    "\x02\x00\x00\x4d\x03\x03" RANDOM SESSION "\x00\x2f\x00" \
    "\x00\x05\xff\x01\x00\x01\x00"

struct script {
    const char *bytes;
    size_t length;
    int kind; /* of socket: SOCK_SEQPACKET sends byte by byte; 0: SOCK_STREAM */
    int fd;
    bool open; /* nothing more comes, but the connection stays */
};

static inline struct script said(const char *bytes, size_t length)
{
    return (struct script){ .bytes = bytes, .length = length };
}

static inline struct xr_deadline within(int64_t ms)
{
    return xr_deadline_within((struct xr_deadline){ INT64_MAX, INT64_MAX, NULL }, ms);
}

static inline void *tell(void *arg)
{
    const struct script *script = arg;
    size_t slice = script->kind == SOCK_SEQPACKET ? 1 : script->length;

    for (size_t at = 0; at < script->length; at += slice)
        if (send(script->fd, script->bytes + at, slice, MSG_NOSIGNAL) != (ssize_t)slice)
            break;
    if (!script->open)
        (void)shutdown(script->fd, SHUT_WR);
    return NULL;
}

static inline struct xr_offer play(
    struct xr_arena *arena, enum xr_question question, struct script script)
{
    int kind = script.kind ? script.kind : SOCK_STREAM;
    struct xr_offer offer;
    pthread_t thread;
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, kind | SOCK_CLOEXEC, 0, pair), 0);
    script.fd = pair[1];
    ck_assert_int_eq(pthread_create(&thread, NULL, tell, &script), 0);
    xr_offer_ask(arena, question, "mail.contoso.test", pair[0],
        within(script.open ? SHORT_MS : STEP_MS), &offer);
    (void)close(pair[0]);
    (void)pthread_join(thread, NULL);
    (void)close(pair[1]);
    ck_assert(offer.answer == XR_ANSWER_YES ? offer.version && offer.cipher && !offer.text
                                            : !offer.version && !offer.cipher && offer.text);
    return offer;
}

#endif
