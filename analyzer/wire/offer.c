#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "analyzer/wire/offer_parts.h"
#include "analyzer/wire/tcp.h"

enum { HELLO_MAX = 4096 };

/* NULL also when the connection broke: what the server said before that is still to be read. */
static const struct xr_err *send_all(
    struct xr_arena *arena, int fd, const struct xr_buf *hello, struct xr_deadline deadline)
{
    for (size_t sent = 0; sent < hello->length;) {
        ssize_t n = send(fd, hello->at + sent, hello->length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return NULL;
        sent += n > 0 ? (size_t)n : 0;
        if (n >= 0)
            continue;
        const struct xr_err *err =
            xr_tcp_wait(arena, fd, POLLOUT, deadline, XR_FAULT_TLS_HANDSHAKE, "offering TLS");
        if (err)
            return err;
    }
    return NULL;
}

void xr_offer_ask(struct xr_arena *arena, enum xr_question question, const char *host, int fd,
    struct xr_deadline deadline, struct xr_offer *ret)
{
    int64_t started = xr_now_us();
    xr_auto_buf hello;

    *ret = (struct xr_offer){ .answer = XR_ANSWER_NONE };
    xr_buf_init(&hello, HELLO_MAX);
    xr_offer_hello(&hello, question, host);
    const struct xr_err *err = send_all(arena, fd, &hello, deadline);
    if (err)
        ret->text = err->text;
    else
        xr_offer_reply(arena, question, fd, deadline, ret);
    ret->elapsed_us = xr_now_us() - started;
}
