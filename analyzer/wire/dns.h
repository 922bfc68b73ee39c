#ifndef XR_DNS_H
#define XR_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/base/clock.h"
#include "analyzer/wire/net.h"

/* Questions to name servers, with answers that tell the six ways of failing apart (RFC 1035, 2782).
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
};

/* One question. Errors: the XR_FAULT_DNS_* and XR_FAULT_LOCAL_* classes. */
xr_must_check const struct xr_err *xr_dns_query(struct xr_arena *arena, const struct xr_net *net,
    const char *name, enum xr_dns_type type, struct xr_deadline deadline,
    struct xr_dns_answer *ret);

struct xr_dns_address {
    const char *text;
    uint32_t ttl;
};

enum { XR_DNS_ADDRESSES_MAX = 16 }; /* more are cut off, and "cut" says so */

struct xr_dns_hosts {
    struct xr_dns_address addresses[XR_DNS_ADDRESSES_MAX];
    size_t n;
    bool cut;
    const char *aliases; /* the CNAME chain, "b.example, c.example"; NULL: none */
    const char *
        source; /* "DNS server 127.0.0.1:53", "/etc/hosts", "--resolve", "the name is an address" */
    const struct xr_err *half; /* one family was answered, the other failed: why; else NULL */
    const char *oddity; /* what is wrong with the answer, yet no failure: a phrase, or NULL */
    int64_t elapsed_us;
};

/*
 * The addresses of a host, IPv4 first, both families asked side by side.
 * --resolve wins, then (unless net->dns_server is set) /etc/hosts, then DNS.
 */
xr_must_check const struct xr_err *xr_dns_lookup(struct xr_arena *arena, const struct xr_net *net,
    const char *host, uint16_t port, struct xr_deadline deadline, struct xr_dns_hosts *ret);

#endif
