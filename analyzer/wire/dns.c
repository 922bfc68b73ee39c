#include "analyzer/wire/dns.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"

enum {
    FIRST_TRY_MS = 1500, /* doubled for the second: a dead server costs 4.5 s */
    TRIES = 2,
    OTHER_FAMILY_MS = 2000, /* how long the second family may lag behind the first */
    ALIASES_MAX = 12,
    RECORDS_MAX = 64, /* of one answer; a TCP answer could hold 5,000, each with a name of 1 KB */
};

/* What came of one question. */
struct question {
    struct xr_arena *arena;
    const char *name;
    int status; /* ARES_*; -1: still open */
    struct xr_dns_record *records;
    int64_t answered_us;
};

static void ares_done(ares_channel *channel)
{
    ares_destroy(*channel);
}

static const char *name_at(struct xr_arena *arena, ns_msg *message, const unsigned char *at)
{
    char name[NS_MAXDNAME];

    if (ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), at, name, sizeof(name)) < 0)
        return NULL;
    return xr_utf8(arena, name, strlen(name));
}

static const char *address_text(struct xr_arena *arena, int family, const unsigned char *bytes)
{
    char text[INET6_ADDRSTRLEN];

    return inet_ntop(family, bytes, text, sizeof(text)) ? xr_strdup(arena, text) : NULL;
}

/* false: the record is malformed. A record of another type is left alone (data stays NULL). */
static bool read_record(
    struct xr_arena *arena, ns_msg *message, const ns_rr *rr, struct xr_dns_record *ret)
{
    const unsigned char *data = ns_rr_rdata(*rr);
    size_t length = ns_rr_rdlen(*rr);

    *ret = (struct xr_dns_record){ .owner = xr_strdup(arena, ns_rr_name(*rr)),
        .type = (enum xr_dns_type)ns_rr_type(*rr),
        .ttl = ns_rr_ttl(*rr) };
    switch ((int)ns_rr_type(*rr)) {
    case ns_t_a:
        ret->data = length == 4 ? address_text(arena, AF_INET, data) : NULL;
        return ret->data;
    case ns_t_aaaa:
        ret->data = length == 16 ? address_text(arena, AF_INET6, data) : NULL;
        return ret->data;
    case ns_t_cname:
        ret->data = name_at(arena, message, data);
        return ret->data;
    case ns_t_mx:
        if (length < 3)
            return false;
        ret->priority = (uint16_t)ns_get16(data);
        ret->data = name_at(arena, message, data + 2);
        return ret->data;
    case ns_t_srv:
        if (length < 7)
            return false;
        ret->priority = (uint16_t)ns_get16(data);
        ret->weight = (uint16_t)ns_get16(data + 2);
        ret->port = (uint16_t)ns_get16(data + 4);
        ret->data = name_at(arena, message, data + 6);
        return ret->data;
    default:
        return true;
    }
}

static bool read_answer(struct question *question, const unsigned char *bytes, int length)
{
    struct xr_dns_record **end = &question->records;
    ns_msg message;
    ns_rr rr;

    if (ns_initparse(bytes, length, &message))
        return false;
    for (int i = 0; i < ns_msg_count(message, ns_s_an) && i < RECORDS_MAX; i++) {
        struct xr_dns_record record;
        if (ns_parserr(&message, ns_s_an, i, &rr))
            return false;
        if (!read_record(question->arena, &message, &rr, &record))
            return false;
        if (!record.data)
            continue;
        *end = xr_new(question->arena, struct xr_dns_record);
        **end = record;
        end = &(*end)->next;
    }
    return true;
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int length)
{
    struct question *question = arg;

    (void)timeouts;
    question->answered_us = xr_now_us();
    question->status = status;
    if (bytes && !read_answer(question, bytes, length))
        question->status = ARES_EBADRESP;
}

static const struct xr_err *local_err(struct xr_arena *arena, int status)
{
    return xr_err(arena, XR_FAULT_LOCAL_NETWORK, status, "the resolver could not be set up: %s",
        ares_strerror(status));
}

static const struct xr_err *channel_open(
    struct xr_arena *arena, const struct xr_net *net, ares_channel *ret)
{
    struct ares_options options = {
        .flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
        .timeout = FIRST_TRY_MS,
        .tries = TRIES,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    int status = ares_init_options(ret, &options, mask);

    if (status != ARES_SUCCESS) {
        *ret = NULL;
        return local_err(arena, status);
    }
    if (net->dns_server)
        status = ares_set_servers_ports_csv(*ret, net->dns_server);
    return status == ARES_SUCCESS ? NULL : local_err(arena, status);
}

static const char *servers_text(struct xr_arena *arena, ares_channel channel)
{
    struct ares_addr_port_node *servers = NULL;
    xr_auto_buf list;

    xr_buf_init(&list, 1024);
    (void)ares_get_servers_ports(channel, &servers);
    for (const struct ares_addr_port_node *server = servers; server; server = server->next) {
        const char *text =
            address_text(arena, server->family, (const unsigned char *)&server->addr);
        (void)xr_buf_printf(&list, "%s%s:%d", list.length ? ", " : "", xr_bracketed(arena, text),
            server->udp_port ? server->udp_port : 53);
    }
    ares_free_data(servers);
    return xr_strndup(arena, list.at, list.length);
}

static void wait_for_sockets(ares_channel channel, int ms)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    struct pollfd polls[ARES_GETSOCK_MAXNUM];
    unsigned bits = (unsigned)ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
    struct timeval limit = { .tv_usec = ms * 1000 }, space;
    struct timeval *next = ares_timeout(channel, &limit, &space);
    nfds_t n = 0;

    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        bool read = bits & 1u << i, write = bits & 1u << (i + ARES_GETSOCK_MAXNUM);
        if (read || write)
            polls[n++] = (struct pollfd){ sockets[i],
                (short)((read ? POLLIN : 0) | (write ? POLLOUT : 0)), 0 };
    }
    if (next)
        ms = (int)(next->tv_sec * 1000 + next->tv_usec / 1000) + 1;
    if (poll(polls, n, ms) <= 0)
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    for (nfds_t i = 0; i < n; i++)
        ares_process_fd(channel, polls[i].revents & ~POLLOUT ? polls[i].fd : ARES_SOCKET_BAD,
            polls[i].revents & POLLOUT ? polls[i].fd : ARES_SOCKET_BAD);
}

static bool has_address(const struct question *question)
{
    for (const struct xr_dns_record *record = question->records; record; record = record->next)
        if (record->type == XR_DNS_A || record->type == XR_DNS_AAAA)
            return true;
    return false;
}

/* One family may answer while the other's question is swallowed: it gets its lag, not the whole
 * time. */
static bool waited_long_enough(const struct question *questions, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (questions[i].status == ARES_SUCCESS && has_address(&questions[i]) &&
            xr_now_us() - questions[i].answered_us > OTHER_FAMILY_MS * 1000)
            return true;
    return false;
}

static void ask_all(
    ares_channel channel, struct question *questions, size_t n, struct xr_deadline deadline)
{
    for (;;) {
        size_t open = 0;
        for (size_t i = 0; i < n; i++)
            open += questions[i].status < 0;
        if (!open)
            return;
        if (xr_time_state(deadline) != XR_TIME_LEFT || waited_long_enough(questions, n))
            break;
        wait_for_sockets(channel, xr_tick_ms(deadline));
    }
    ares_cancel(channel); /* ends every open question with ARES_ECANCELLED */
}

static const struct xr_err *status_err(
    struct xr_arena *arena, const char *name, int status, struct xr_deadline deadline)
{
    static const struct {
        int status;
        enum xr_fault fault;
        const char *text;
    } rows[] = {
        { ARES_ENOTFOUND, XR_FAULT_DNS_NAME_NOT_FOUND, "the name does not exist (NXDOMAIN)" },
        { ARES_ENODATA, XR_FAULT_DNS_NO_ADDRESS, "the name exists, but has no such record" },
        { ARES_ESERVFAIL, XR_FAULT_DNS_SERVER_FAILURE, "the name server failed (SERVFAIL)" },
        { ARES_EREFUSED, XR_FAULT_DNS_REFUSED, "the name server refuses to answer (REFUSED)" },
        { ARES_ETIMEOUT, XR_FAULT_DNS_TIMEOUT, "no name server answered in time" },
        { ARES_ECANCELLED, XR_FAULT_DNS_TIMEOUT, "no name server answered in time" },
        { ARES_ECONNREFUSED, XR_FAULT_DNS_TIMEOUT, "no name server could be contacted" },
        { ARES_EBADRESP, XR_FAULT_DNS_MALFORMED, "the answer of the name server is malformed" },
        { ARES_EFORMERR, XR_FAULT_DNS_MALFORMED, "the name server did not understand (FORMERR)" },
        { ARES_ENOTIMP, XR_FAULT_DNS_SERVER_FAILURE, "the name server cannot do this (NOTIMP)" },
        { ARES_EBADNAME, XR_FAULT_DNS_NAME_NOT_FOUND, "this cannot be a name in DNS" },
    };
    enum xr_time_state time = xr_time_state(deadline);

    if (time == XR_TIME_CANCELLED)
        return xr_err(arena, XR_FAULT_LOCAL_CANCELLED, 0, "cancelled");
    if (time == XR_TIME_RUN_PASSED)
        return xr_err(arena, XR_FAULT_LOCAL_TIMEOUT, 0, "the time limit of the run passed");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].status == status)
            return xr_err(arena, rows[i].fault, status, "%s: %s", name, rows[i].text);
    return xr_err(
        arena, XR_FAULT_DNS_SERVER_FAILURE, status, "%s: %s", name, ares_strerror(status));
}

const struct xr_err *xr_dns_query(struct xr_arena *arena, const struct xr_net *net,
    const char *name, enum xr_dns_type type, struct xr_deadline deadline, struct xr_dns_answer *ret)
{
    __attribute__((cleanup(ares_done))) ares_channel channel = NULL;
    struct question question = { .arena = arena, .name = name, .status = -1 };
    const struct xr_err *err = channel_open(arena, net, &channel);
    int64_t started = xr_now_us();

    if (err)
        return err;
    ares_query(channel, name, ns_c_in, (int)type, on_answer, &question);
    ask_all(channel, &question, 1, deadline);
    if (question.status != ARES_SUCCESS)
        return status_err(arena, name, question.status, deadline);
    *ret = (struct xr_dns_answer){ question.records, servers_text(arena, channel),
        xr_now_us() - started };
    return NULL;
}

/* Where the CNAMEs among the records lead from name; NULL: they lead round in a circle. */
static const char *follow_aliases(
    struct xr_buf *aliases, const struct xr_dns_record *records, const char *name)
{
    for (int hops = 0; hops < ALIASES_MAX; hops++) {
        const struct xr_dns_record *record = records;
        while (record && (record->type != XR_DNS_CNAME || !xr_same(record->owner, name)))
            record = record->next;
        if (!record)
            return name;
        name = record->data;
        (void)xr_buf_printf(aliases, "%s%s", aliases->length ? ", " : "", name);
    }
    return NULL;
}

static void collect(struct xr_dns_hosts *hosts, const struct question *question)
{
    for (const struct xr_dns_record *record = question->records; record; record = record->next) {
        if (record->type != XR_DNS_A && record->type != XR_DNS_AAAA)
            continue;
        if (hosts->n == XR_DNS_ADDRESSES_MAX) {
            hosts->cut = true;
            return;
        }
        hosts->addresses[hosts->n++] = (struct xr_dns_address){ record->data, record->ttl };
    }
}

/* Of two failures the one that says more: a name that does not exist beats a lost answer. */
static int telling_status(const struct question *a, const struct question *b)
{
    if (a->status == ARES_ENOTFOUND || b->status == ARES_ENOTFOUND)
        return ARES_ENOTFOUND;
    if (a->status == ARES_SUCCESS || a->status == ARES_ENODATA)
        return b->status == ARES_SUCCESS ? ARES_ENODATA : b->status;
    return a->status;
}

struct lookup {
    struct xr_arena *arena;
    ares_channel channel;
    struct xr_deadline deadline;
    struct xr_buf aliases;
    const char *name;
    struct question a, aaaa;
};

static void lookup_done(struct lookup *lookup)
{
    ares_destroy(lookup->channel);
    xr_buf_done(&lookup->aliases);
}

/* Asks for both families. Returns the name to ask for next when the answer is an alias alone. */
static const struct xr_err *ask_both(struct lookup *lookup, const char **ret_next)
{
    struct question both[2] = {
        { .arena = lookup->arena, .name = lookup->name, .status = -1 },
        { .arena = lookup->arena, .name = lookup->name, .status = -1 },
    };

    *ret_next = NULL;
    ares_query(lookup->channel, lookup->name, ns_c_in, ns_t_a, on_answer, &both[0]);
    ares_query(lookup->channel, lookup->name, ns_c_in, ns_t_aaaa, on_answer, &both[1]);
    ask_all(lookup->channel, both, 2, lookup->deadline);
    lookup->a = both[0];
    lookup->aaaa = both[1];
    const struct xr_dns_record *records = both[0].records ? both[0].records : both[1].records;
    const char *end = follow_aliases(&lookup->aliases, records, lookup->name);
    if (!end)
        return xr_err(lookup->arena, XR_FAULT_DNS_CNAME_LOOP, 0,
            "%s: the aliases (CNAME) lead round in a circle", lookup->name);
    bool found = has_address(&both[0]) || has_address(&both[1]);
    if (records && !found && !xr_same(end, lookup->name) && both[0].status != ARES_ENOTFOUND)
        *ret_next = end;
    return NULL;
}

static const struct xr_err *ask_along_aliases(struct lookup *lookup)
{
    for (int hops = 0; hops < ALIASES_MAX; hops++) {
        const char *next;
        const struct xr_err *err = ask_both(lookup, &next);
        if (err || !next)
            return err;
        lookup->name = next;
    }
    return xr_err(lookup->arena, XR_FAULT_DNS_CNAME_LOOP, 0,
        "%s: the chain of aliases (CNAME) is longer than %d", lookup->name, (int)ALIASES_MAX);
}

static const struct xr_err *other_family_err(const struct lookup *lookup)
{
    const struct question *bad = has_address(&lookup->a) ? &lookup->aaaa : &lookup->a;
    const char *family = bad == &lookup->a ? "A (IPv4)" : "AAAA (IPv6)";

    if (bad->status == ARES_SUCCESS || bad->status == ARES_ENODATA || bad->status == ARES_ENOTFOUND)
        return NULL;
    const struct xr_err *err =
        status_err(lookup->arena, lookup->name, bad->status, lookup->deadline);
    return xr_err(
        lookup->arena, err->fault, err->native, "%s, asked for %s records", err->text, family);
}

static const struct xr_err *lookup_dns(struct xr_arena *arena, const struct xr_net *net,
    const char *host, struct xr_deadline deadline, struct xr_dns_hosts *ret)
{
    __attribute__((cleanup(lookup_done))) struct lookup lookup = {
        .arena = arena, .deadline = deadline, .name = host
    };
    int64_t started = xr_now_us();

    xr_buf_init(&lookup.aliases, 4096);
    const struct xr_err *err = channel_open(arena, net, &lookup.channel);
    if (!err)
        err = ask_along_aliases(&lookup);
    if (err)
        return err;
    struct xr_dns_hosts hosts = { .elapsed_us = xr_now_us() - started };
    collect(&hosts, &lookup.a);
    collect(&hosts, &lookup.aaaa);
    if (!hosts.n)
        return status_err(arena, lookup.name, telling_status(&lookup.a, &lookup.aaaa), deadline);
    hosts.half = other_family_err(&lookup);
    if (lookup.a.status == ARES_ENOTFOUND || lookup.aaaa.status == ARES_ENOTFOUND)
        hosts.oddity = "the name server calls the name non-existent for the other address family; "
                       "some resolvers then forget its addresses (RFC 4074 4.2)";
    if (lookup.aliases.length)
        hosts.aliases = xr_strndup(arena, lookup.aliases.at, lookup.aliases.length);
    hosts.source = xr_printf(arena, "DNS server %s", servers_text(arena, lookup.channel));
    *ret = hosts;
    return NULL;
}

static void add_fixed(struct xr_dns_hosts *hosts, const char *address)
{
    if (hosts->n == XR_DNS_ADDRESSES_MAX)
        hosts->cut = true;
    else
        hosts->addresses[hosts->n++] = (struct xr_dns_address){ address, 0 };
}

static void lookup_hosts_file(struct xr_arena *arena, const char *host, struct xr_dns_hosts *ret)
{
    static const int families[] = { AF_INET, AF_INET6 };
    __attribute__((cleanup(ares_done))) ares_channel channel = NULL;

    if (ares_init(&channel) != ARES_SUCCESS)
        return;
    for (size_t f = 0; f < 2; f++) {
        struct hostent *entry = NULL;
        if (ares_gethostbyname_file(channel, host, families[f], &entry) != ARES_SUCCESS)
            continue;
        for (char **address = entry->h_addr_list; *address; address++)
            add_fixed(ret, address_text(arena, entry->h_addrtype, (const unsigned char *)*address));
        ares_free_hostent(entry);
    }
    ret->source = "/etc/hosts";
}

const struct xr_err *xr_dns_lookup(struct xr_arena *arena, const struct xr_net *net,
    const char *host, uint16_t port, struct xr_deadline deadline, struct xr_dns_hosts *ret)
{
    const char *const *fixed = xr_net_resolved(net, host, port);
    struct xr_dns_hosts hosts = { .source = "--resolve" };
    unsigned char bytes[16];

    for (; fixed && *fixed; fixed++)
        add_fixed(&hosts, *fixed);
    if (!hosts.n &&
        (inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1)) {
        hosts.source = "the name is an address";
        add_fixed(&hosts, host);
    }
    if (!hosts.n && !net->dns_server)
        lookup_hosts_file(arena, host, &hosts);
    if (!hosts.n)
        return lookup_dns(arena, net, host, deadline, ret);
    *ret = hosts;
    return NULL;
}
