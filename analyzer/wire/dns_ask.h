#ifndef XR_DNS_ASK_H
#define XR_DNS_ASK_H

#include "analyzer/wire/dns_message.h"

/* Questions side by side over one set of sockets: what xr_dns_query() and xr_dns_lookup() share. */
enum xr_dns_end {
    XR_DNS_OPEN,
    XR_DNS_ANSWERED,
    XR_DNS_NO_DATA, /* the name exists without such records */
    XR_DNS_NO_NAME,
    XR_DNS_FAILED,
};

struct xr_dns_question {
    const char *name;
    enum xr_dns_type type;
    enum xr_dns_end end;
    const struct xr_err *err; /* unless answered: why there are no records */
    struct xr_dns_record *records;
    bool cut;           /* there were more than XR_DNS_RECORDS_MAX */
    bool over_tcp;      /* the answer did not fit into UDP */
    int repeats;        /* how often it was sent again because nothing came */
    int64_t elapsed_us; /* until it was answered, or given up */
};

struct xr_dns_channel;

xr_must_check const struct xr_err *xr_dns_open(
    struct xr_arena *arena, const struct xr_net *net, struct xr_dns_channel **ret);
void xr_dns_done(struct xr_dns_channel **channel);
#define xr_auto_dns __attribute__((cleanup(xr_dns_done))) struct xr_dns_channel

/*
 * Ends each of the questions. Once one of them has brought addresses, the others get lag_ms more
 * and no longer (0: the whole time).
 */
void xr_dns_ask(struct xr_dns_channel *channel, struct xr_dns_question *questions, size_t n,
    int64_t lag_ms, struct xr_deadline deadline);

/* "127.0.0.1:53, [2001:db8::1]:53" */
const char *xr_dns_servers(const struct xr_dns_channel *channel);
/* One of several servers could not be reached; a phrase, or NULL. */
const char *xr_dns_silent_server(const struct xr_dns_channel *channel);

bool xr_dns_has_address(const struct xr_dns_question *question);

/* Calls add() with every address of the host in /etc/hosts. */
void xr_dns_hosts_file(struct xr_arena *arena, const char *host,
    void (*add)(struct xr_dns_hosts *, const char *), struct xr_dns_hosts *hosts);

#endif
