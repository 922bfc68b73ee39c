#include "analyzer/wire/dns_witness.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

enum { TRUNCATED = 2, IS_ANSWER = 0x80 };

static bool is_stream(int fd)
{
    int type = 0;
    socklen_t length = sizeof(type);

    return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) && type == SOCK_STREAM;
}

/* Keeps errno: the library looks at it next. */
static void note_error(struct xr_dns_witness *witness, int fd)
{
    int error = errno;

    if (error == EAGAIN || error == EINPROGRESS || error == EINTR)
        return;
    if (is_stream(fd))
        witness->tcp_error = error;
    else
        witness->udp_error = error;
    errno = error;
}

/* The type is the last but one number of the question. */
static unsigned type_of(const struct xr_dns_asked *asked)
{
    const unsigned char *end = asked->question + asked->length;

    return (unsigned)end[-4] << 8 | end[-3];
}

bool xr_dns_was_truncated(const struct xr_dns_witness *witness, enum xr_dns_type type)
{
    for (size_t i = 0; i < XR_DNS_ASKED_MAX; i++)
        if (witness->asked[i].is_truncated && type_of(&witness->asked[i]) == (unsigned)type)
            return true;
    return false;
}

static void note_question(struct xr_dns_witness *witness, const unsigned char *bytes, size_t length)
{
    size_t question = xr_dns_question_length(bytes, length);

    if (!question)
        return;
    struct xr_dns_asked *asked = &witness->asked[witness->asked_n++ % XR_DNS_ASKED_MAX];
    *asked =
        (struct xr_dns_asked){ .length = question, .id = (uint16_t)(bytes[0] << 8 | bytes[1]) };
    memcpy(asked->question, bytes + XR_DNS_HEADER, question);
}

static bool same_question(
    const struct xr_dns_asked *asked, const unsigned char *bytes, size_t length)
{
    if (xr_dns_question_length(bytes, length) != asked->length)
        return false;
    for (size_t i = 0; i < asked->length; i++)
        if (tolower(asked->question[i]) != tolower(bytes[XR_DNS_HEADER + i]))
            return false;
    return true;
}

static void note_datagram(struct xr_dns_witness *witness, const unsigned char *bytes, size_t length)
{
    enum xr_dns_misfit misfit = XR_DNS_WRONG_ID;

    if (length < XR_DNS_HEADER) {
        witness->misfits[XR_DNS_TOO_SHORT]++;
        return;
    }
    for (size_t i = 0; i < XR_DNS_ASKED_MAX && misfit != XR_DNS_FITS; i++) {
        struct xr_dns_asked *asked = &witness->asked[i];
        if (!asked->length || asked->id != (bytes[0] << 8 | bytes[1]))
            continue;
        misfit = XR_DNS_WRONG_QUESTION;
        if (!(bytes[2] & IS_ANSWER) || !same_question(asked, bytes, length))
            continue;
        misfit = XR_DNS_FITS;
        asked->is_truncated |= (bytes[2] & TRUNCATED) != 0;
    }
    witness->misfits[misfit]++;
}

/* With RECVERR every ICMP message about the name server ends the wait, not only "port closed". */
int xr_dns_witness_socket(int family, int type, int protocol, void *witness)
{
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol), on = 1;
    struct xr_dns_witness *seen = witness;

    if (fd < 0) {
        *(type == SOCK_STREAM ? &seen->tcp_error : &seen->udp_error) = errno;
        return fd;
    }
    if (type == SOCK_STREAM)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    else if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
    else
        (void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
    return fd;
}

int xr_dns_witness_close(int fd, void *witness)
{
    (void)witness;
    return close(fd);
}

int xr_dns_witness_connect(int fd, const struct sockaddr *address, socklen_t length, void *witness)
{
    int result = connect(fd, address, length);

    if (result)
        note_error(witness, fd);
    return result;
}

ssize_t xr_dns_witness_receive(
    int fd, void *to, size_t size, int flags, struct sockaddr *from, socklen_t *length, void *arg)
{
    struct xr_dns_witness *witness = arg;
    ssize_t got = recvfrom(fd, to, size, flags, from, length);

    if (got < 0)
        note_error(witness, fd);
    else if (is_stream(fd))
        witness->tcp_closed |= got == 0;
    else
        note_datagram(witness, to, (size_t)got);
    return got;
}

ssize_t xr_dns_witness_send(int fd, const struct iovec *parts, int n, void *arg)
{
    struct xr_dns_witness *witness = arg;
    struct iovec copies[4];
    struct msghdr message = { .msg_iov = copies, .msg_iovlen = n < 4 ? (size_t)n : 4 };

    memcpy(copies, parts, message.msg_iovlen * sizeof(*parts));
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0)
        note_error(witness, fd);
    else if (is_stream(fd))
        witness->tcp_connected = true;
    else
        note_question(witness, parts->iov_base, parts->iov_len);
    return sent;
}
