#ifndef XR_DNS_WITNESS_H
#define XR_DNS_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "analyzer/wire/dns_message.h"

/*
 * The sockets of the resolver library, watched. The library tells "no answer"
 * and keeps to itself what it saw: an ICMP message, an answer that it did not
 * take, one that was cut off before TCP failed. It uses these five calls.
 */
enum { XR_DNS_ASKED_MAX = 8 };

/* Why a datagram is no answer to any question of ours; in the order of what tells most. */
enum xr_dns_misfit {
    XR_DNS_FITS,
    XR_DNS_WRONG_ID,
    XR_DNS_WRONG_QUESTION,
    XR_DNS_TOO_SHORT,
    XR_DNS_MISFITS
};

struct xr_dns_asked {
    unsigned char question[XR_DNS_QUESTION_MAX];
    size_t length;
    uint16_t id;
    bool is_truncated; /* its answer did not fit into UDP */
};

struct xr_dns_witness {
    struct xr_dns_asked asked[XR_DNS_ASKED_MAX]; /* a ring */
    size_t asked_n;
    unsigned misfits[XR_DNS_MISFITS];
    int udp_error; /* errno of the last failure: ICMP, or no route; 0: none */
    int tcp_error;
    bool tcp_connected, tcp_closed; /* closed: by the server, before it had answered */
};

/* Whether an answer of that type was cut off in UDP. */
bool xr_dns_was_truncated(const struct xr_dns_witness *witness, enum xr_dns_type type);

int xr_dns_witness_socket(int family, int type, int protocol, void *witness);
int xr_dns_witness_close(int fd, void *witness);
int xr_dns_witness_connect(int fd, const struct sockaddr *address, socklen_t length, void *witness);
ssize_t xr_dns_witness_receive(int fd, void *to, size_t size, int flags, struct sockaddr *from,
    socklen_t *length, void *witness);
ssize_t xr_dns_witness_send(int fd, const struct iovec *parts, int n, void *witness);

#endif
