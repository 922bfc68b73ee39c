#include "analyzer/wire/icmp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What a message means when somebody on the way sends it. */
static const struct meaning {
    int origin, type, code; /* code -1: any */
    enum xr_fault fault;
    const char *text;
} meanings[] = {
    { SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, XR_FAULT_TCP_REJECTED,
        "rejected: a firewall says \"port unreachable\"" },
    { SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, XR_FAULT_TCP_REJECTED,
        "rejected: a firewall says \"protocol unreachable\"" },
    { SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_NET_ANO, XR_FAULT_TCP_REJECTED,
        "rejected: a firewall says that this network is prohibited" },
    { SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_HOST_ANO, XR_FAULT_TCP_REJECTED,
        "rejected: a firewall says that this host is prohibited" },
    { SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, XR_FAULT_TCP_REJECTED,
        "rejected: a firewall says that this connection is prohibited" },
    { SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, XR_FAULT_TCP_UNREACHABLE,
        "network unreachable: a router has no route to it" },
    { SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, ICMP_NET_UNKNOWN, XR_FAULT_TCP_UNREACHABLE,
        "network unreachable: a router does not know it" },
    { SO_EE_ORIGIN_ICMP, ICMP_DEST_UNREACH, -1, XR_FAULT_TCP_UNREACHABLE,
        "host unreachable: a router says that no machine answers there" },
    { SO_EE_ORIGIN_ICMP, ICMP_TIME_EXCEEDED, -1, XR_FAULT_TCP_UNREACHABLE,
        "the packets go round in a circle between routers until one throws them away" },
    { SO_EE_ORIGIN_ICMP6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOROUTE, XR_FAULT_TCP_UNREACHABLE,
        "network unreachable: a router has no route to it" },
    { SO_EE_ORIGIN_ICMP6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR, XR_FAULT_TCP_UNREACHABLE,
        "host unreachable: a router says that no machine answers there" },
    { SO_EE_ORIGIN_ICMP6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_BEYONDSCOPE,
        XR_FAULT_TCP_UNREACHABLE, "host unreachable: the address is not valid in this network" },
    { SO_EE_ORIGIN_ICMP6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT, XR_FAULT_TCP_REJECTED,
        "rejected: a firewall says \"port unreachable\"" },
    { SO_EE_ORIGIN_ICMP6, ICMP6_DST_UNREACH, -1, XR_FAULT_TCP_REJECTED,
        "rejected: a firewall says that this connection is prohibited" },
    { SO_EE_ORIGIN_ICMP6, ICMP6_TIME_EXCEEDED, -1, XR_FAULT_TCP_UNREACHABLE,
        "the packets go round in a circle between routers until one throws them away" },
};

void xr_icmp_listen(int fd, int family, bool on)
{
    int value = on;

    if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &value, sizeof(value));
    else
        (void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &value, sizeof(value));
}

/* Only an address of this machine can be bound. */
static bool is_ours(const struct sockaddr_storage *address)
{
    socklen_t length =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    struct sockaddr_storage any_port = *address;
    int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return false;
    ((struct sockaddr_in *)&any_port)->sin_port = 0; /* at the same place in both families */
    bool ours = !bind(fd, (const struct sockaddr *)&any_port, length);
    (void)close(fd);
    return ours;
}

static const char *text_of(struct xr_arena *arena, const struct sockaddr_storage *address)
{
    char text[INET6_ADDRSTRLEN] = "?";

    if (address->ss_family == AF_INET6)
        (void)inet_ntop(
            AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, sizeof(text));
    else
        (void)inet_ntop(
            AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof(text));
    return xr_strdup(arena, text);
}

static const struct meaning *meaning_of(const struct sock_extended_err *seen)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
        if (meanings[i].origin == seen->ee_origin && meanings[i].type == seen->ee_type &&
            (meanings[i].code < 0 || meanings[i].code == seen->ee_code))
            return &meanings[i];
    return NULL;
}

/* This machine reports to itself when nobody in its own network answers for the address. */
static const struct xr_err *tell(
    struct xr_arena *arena, const struct sock_extended_err *seen, const struct sockaddr_storage *by)
{
    const struct meaning *meaning = meaning_of(seen);
    int native = -(256 * seen->ee_type + seen->ee_code);

    if (!meaning)
        return NULL;
    if (by->ss_family != AF_INET && by->ss_family != AF_INET6)
        return xr_err(arena, meaning->fault, native, "%s", meaning->text);
    if (is_ours(by) && meaning->fault == XR_FAULT_TCP_REJECTED)
        return xr_err(arena, XR_FAULT_TCP_LOCAL_RULE, native,
            "the firewall of this machine rejects the connection");
    if (is_ours(by))
        return xr_err(arena, XR_FAULT_TCP_UNREACHABLE, native,
            "host unreachable: no machine answers for this address in this machine's own network "
            "(no neighbour)");
    return xr_err(arena, meaning->fault, native, "%s (told by %s, ICMP type %d code %d)",
        meaning->text, text_of(arena, by), seen->ee_type, seen->ee_code);
}

const struct xr_err *xr_icmp_err(struct xr_arena *arena, int fd)
{
    alignas(struct cmsghdr) char control[512];
    char packet[128];
    struct iovec part = { packet, sizeof(packet) };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
    };

    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
        return NULL;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at)) {
        bool four = at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_RECVERR;
        bool six = at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_RECVERR;
        struct sock_extended_err seen;
        struct sockaddr_storage by = { 0 };
        size_t length = at->cmsg_len - CMSG_LEN(0);
        if ((!four && !six) || length < sizeof(seen))
            continue;
        memcpy(&seen, CMSG_DATA(at), sizeof(seen));
        length -= sizeof(seen);
        memcpy(&by, CMSG_DATA(at) + sizeof(seen), length < sizeof(by) ? length : sizeof(by));
        return tell(arena, &seen, &by);
    }
    return NULL;
}
