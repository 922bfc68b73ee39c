#ifndef XR_DNS_H
#define XR_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/base/clock.h"
#include "analyzer/wire/net.h"

/*
 * Questions to name servers, with answers that tell the ways of failing apart (RFC 1035, 2782):
 * no name, no record, SERVFAIL (and when it is DNSSEC), REFUSED, silence, an unreachable server, an
 * answer too long for UDP when TCP is blocked, aliases without end, damage.
 */
enum xr_dns_type {
    XR_DNS_A = 1,
    XR_DNS_CNAME = 5,
    XR_DNS_MX = 15,
    XR_DNS_AAAA = 28,
    XR_DNS_SRV = 33,
};

struct xr_dns_record {
    struct xr_dns_record *next;
    const char *owner;
    enum xr_dns_type type;
    uint32_t ttl;                    /* seconds */
    uint16_t priority, weight, port; /* SRV; priority also MX */
    const char *data;                /* address in text, or target name without its closing dot */
};

struct xr_dns_answer {
    struct xr_dns_record *records; /* the answer section, in order, types of the enum only */
    const char *servers;           /* who was asked, "127.0.0.1:53" */
    int64_t elapsed_us;
    bool cut; /* only the first 64 records are here */
};

/* One question. Errors: the XR_FAULT_DNS_* and XR_FAULT_LOCAL_* classes. */
xr_must_check const struct xr_err *xr_dns_query(struct xr_arena *arena, const struct xr_net *net,
    const char *name, enum xr_dns_type type, struct xr_deadline deadline,
    struct xr_dns_answer *ret);

/* What an address is good for. All but the first two are of no use to clients elsewhere. */
enum xr_address_kind {
    XR_ADDRESS_PUBLIC,
    XR_ADDRESS_PRIVATE,     /* RFC 1918, RFC 4193, RFC 6598: only within its own network */
    XR_ADDRESS_LOOPBACK,    /* 127/8, ::1 */
    XR_ADDRESS_UNSPECIFIED, /* 0/8, :: */
    XR_ADDRESS_LINK_LOCAL,  /* 169.254/16, fe80::/10 */
    XR_ADDRESS_MULTICAST,
    XR_ADDRESS_RESERVED,      /* 240/4 and broadcast, discard-only */
    XR_ADDRESS_DOCUMENTATION, /* for examples: 192.0.2/24, 198.51.100/24, 203.0.113/24,
                                 2001:db8::/32 */
};

/* An IPv4 address in an IPv6 one (::ffff:a.b.c.d) is judged as the IPv4 address. */
enum xr_address_kind xr_address_kind(const char *text);
/* "a private address (RFC 1918): it works only within its own network"; NULL: public. */
const char *xr_address_note(const char *text);

struct xr_dns_address {
    const char *text;
    uint32_t ttl;
    enum xr_address_kind kind;
};

enum { XR_DNS_ADDRESSES_MAX = 16 }; /* more are cut off, and "cut" says so */
enum { XR_DNS_SLOW_MS = 2000 };     /* a name server that takes longer is told of */
enum { XR_DNS_WARNINGS_MAX = 4 };

struct xr_dns_hosts {
    struct xr_dns_address addresses[XR_DNS_ADDRESSES_MAX];
    size_t n;
    bool cut;
    bool over_tcp;       /* the answer did not fit into UDP */
    int repeats;         /* questions that were sent again because no answer came */
    const char *aliases; /* the CNAME chain, "b.example, c.example"; NULL: none */
    const char *
        source; /* "DNS server 127.0.0.1:53", "/etc/hosts", "--resolve", "the name is an address" */
    /*
     * What holds although there are addresses, the weightiest first: one family was answered and
     * the other failed; an address that cannot be right (DNS_BOGUS_ADDRESS); a slow name server
     * (DNS_SLOW). Each is a warning of its own.
     */
    const struct xr_err *warnings[XR_DNS_WARNINGS_MAX];
    size_t warnings_n;
    const struct xr_err *half; /* the first of the warnings; NULL: none */
    const char *oddity; /* what is unusual about the answer, yet no failure: phrases, or NULL */
    int64_t elapsed_us; /* until all that was answered had been */
};

/*
 * The addresses of a host, IPv4 first, both families asked side by side.
 * --resolve wins, then (unless net->dns_server is set) /etc/hosts, then DNS.
 *
 * An address is bogus when DNS said it: never one from --resolve, /etc/hosts or typed in. A
 * loopback address is not, when the user named a name server on loopback himself (--dns-server
 * 127.0.0.1:5353: then it is his own test bed) or asked for localhost (RFC 6761).
 */
xr_must_check const struct xr_err *xr_dns_lookup(struct xr_arena *arena, const struct xr_net *net,
    const char *host, uint16_t port, struct xr_deadline deadline, struct xr_dns_hosts *ret);

#endif
