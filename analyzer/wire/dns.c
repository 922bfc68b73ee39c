#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/dns_ask.h"
#include "analyzer/wire/dns_witness.h"

enum {
    FIRST_TRY_MS = 1500, /* doubled for the second: a dead server costs 4.5 s */
    TRIES = 2,
    REASON_MS = 1500, /* for the question why another one failed */
    CHECKING_DISABLED = 0x10,
    EDNS_SIZE = 1232,
};

struct xr_dns_channel {
    struct xr_arena *arena;
    ares_channel ares;
    struct xr_dns_witness witness;
};

/* A question on its way. */
struct open {
    struct xr_arena *arena;
    struct xr_dns_question *question;
    int status; /* ARES_*; -1: no answer yet */
    int64_t started_us;
    struct xr_dns_message message;
    bool has_message;
};

/* ---- the channel ---- */

void xr_dns_done(struct xr_dns_channel **channel)
{
    if (*channel)
        ares_destroy((*channel)->ares);
    *channel = NULL;
}

static const struct xr_err *local_err(struct xr_arena *arena, int status)
{
    return xr_err(arena, XR_FAULT_LOCAL_NETWORK, status, "the resolver could not be set up: %s",
        ares_strerror(status));
}

static const struct ares_socket_functions watched = {
    .asocket = xr_dns_witness_socket,
    .aclose = xr_dns_witness_close,
    .aconnect = xr_dns_witness_connect,
    .arecvfrom = xr_dns_witness_receive,
    .asendv = xr_dns_witness_send,
};

const struct xr_err *xr_dns_open(
    struct xr_arena *arena, const struct xr_net *net, struct xr_dns_channel **ret)
{
    struct ares_options options = {
        .flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
        .timeout = FIRST_TRY_MS,
        .tries = TRIES,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    struct xr_dns_channel *channel = xr_new(arena, struct xr_dns_channel);
    int status = ares_init_options(&channel->ares, &options, mask);

    *ret = NULL;
    if (status != ARES_SUCCESS)
        return local_err(arena, status);
    *ret = channel;
    channel->arena = arena;
    ares_set_socket_functions(channel->ares, &watched, &channel->witness);
    if (net->dns_server)
        status = ares_set_servers_ports_csv(channel->ares, net->dns_server);
    return status == ARES_SUCCESS ? NULL : local_err(arena, status);
}

static const char *address_text(struct xr_arena *arena, int family, const void *bytes)
{
    char text[INET6_ADDRSTRLEN];

    return inet_ntop(family, bytes, text, sizeof(text)) ? xr_strdup(arena, text) : "?";
}

const char *xr_dns_servers(const struct xr_dns_channel *channel)
{
    struct ares_addr_port_node *servers = NULL;
    xr_auto_buf list;

    xr_buf_init(&list, 1024);
    (void)ares_get_servers_ports(channel->ares, &servers);
    for (const struct ares_addr_port_node *server = servers; server; server = server->next) {
        const char *text = address_text(channel->arena, server->family, &server->addr);
        (void)xr_buf_printf(&list, "%s%s:%d", list.length ? ", " : "",
            xr_bracketed(channel->arena, text), server->udp_port ? server->udp_port : 53);
    }
    ares_free_data(servers);
    return xr_strndup(channel->arena, list.at, list.length);
}

void xr_dns_hosts_file(struct xr_arena *arena, const char *host,
    void (*add)(struct xr_dns_hosts *, const char *), struct xr_dns_hosts *hosts)
{
    static const int families[] = { AF_INET, AF_INET6 };
    ares_channel ares = NULL;

    if (ares_init(&ares) != ARES_SUCCESS)
        return;
    for (size_t f = 0; f < 2; f++) {
        struct hostent *entry = NULL;
        if (ares_gethostbyname_file(ares, host, families[f], &entry) != ARES_SUCCESS)
            continue;
        for (char **address = entry->h_addr_list; *address; address++)
            add(hosts, address_text(arena, entry->h_addrtype, *address));
        ares_free_hostent(entry);
    }
    ares_destroy(ares);
}

/* ---- waiting for answers ---- */

static void on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int length)
{
    struct open *open = arg;

    open->question->elapsed_us = xr_now_us() - open->started_us;
    open->question->repeats = timeouts;
    open->status = status;
    if (!bytes)
        return;
    open->has_message = xr_dns_message_read(open->arena, bytes, length, &open->message);
    if (!open->has_message)
        open->status = ARES_EBADRESP;
    open->question->records = open->message.records;
    open->question->cut = open->message.cut;
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

bool xr_dns_has_address(const struct xr_dns_question *question)
{
    for (const struct xr_dns_record *at = question->records; at; at = at->next)
        if (at->type == XR_DNS_A || at->type == XR_DNS_AAAA)
            return true;
    return false;
}

/* One family may answer while the other's question is swallowed: it gets its lag, not the whole
 * time. */
static bool waited_long_enough(const struct open *opens, size_t n, int64_t lag_ms)
{
    for (size_t i = 0; lag_ms && i < n; i++) {
        const struct xr_dns_question *question = opens[i].question;
        int64_t answered_us = opens[i].started_us + question->elapsed_us;
        if (opens[i].status == ARES_SUCCESS && xr_dns_has_address(question) &&
            xr_now_us() - answered_us > lag_ms * 1000)
            return true;
    }
    return false;
}

static void wait_for_all(ares_channel channel, const struct open *opens, size_t n, int64_t lag_ms,
    struct xr_deadline deadline)
{
    for (;;) {
        size_t left = 0;
        for (size_t i = 0; i < n; i++)
            left += opens[i].status < 0;
        if (!left)
            return;
        if (xr_time_state(deadline) != XR_TIME_LEFT || waited_long_enough(opens, n, lag_ms))
            break;
        wait_for_sockets(channel, xr_tick_ms(deadline));
    }
    ares_cancel(channel); /* ends every open question with ARES_ECANCELLED */
}

/* ---- what came of it ---- */

static const char *network_words(int error)
{
    static const struct {
        int error;
        const char *words;
    } rows[] = {
        { ECONNREFUSED, "nothing listens on its port (refused)" },
        { EHOSTUNREACH, "a router, a firewall or its own network says that it is unreachable" },
        { ENETUNREACH, "there is no route to its network" },
        { EACCES, "a firewall or a rule forbids the way to it" },
        { EPERM, "a firewall of this machine forbids the way to it" },
        { EINVAL, "a route of this machine throws its packets away" },
        { ECONNRESET, "it resets the connection" },
        { ETIMEDOUT, "it does not answer" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].error == error)
            return rows[i].words;
    return strerrordesc_np(error);
}

static const char *tcp_words(const struct xr_dns_witness *witness)
{
    if (witness->tcp_closed)
        return "the server closes the connection without an answer";
    if (witness->tcp_connected)
        return "the server takes the question and does not answer";
    return network_words(witness->tcp_error ? witness->tcp_error : ETIMEDOUT);
}

static const char *misfit_words(const struct xr_dns_witness *witness)
{
    if (witness->misfits[XR_DNS_WRONG_ID])
        return "only answers with a number that was not asked for came; they may be forged and "
               "were not taken";
    if (witness->misfits[XR_DNS_WRONG_QUESTION])
        return "only answers came that do not repeat the question; they were not taken";
    return witness->misfits[XR_DNS_TOO_SHORT] ? "only answers came that are too short for DNS"
                                              : NULL;
}

/* The library says "no answer"; what its sockets saw says why. */
static const struct xr_err *silence_err(
    const struct xr_dns_channel *channel, const struct xr_dns_question *question, int status)
{
    const struct xr_dns_witness *seen = &channel->witness;
    const char *name = question->name, *servers = xr_dns_servers(channel);

    if (xr_dns_was_truncated(seen, question->type))
        return xr_err(channel->arena, XR_FAULT_DNS_TCP_BLOCKED, seen->tcp_error,
            "%s: the answer is too long for UDP, and over TCP it cannot be had from %s: %s", name,
            servers, tcp_words(seen));
    if (misfit_words(seen))
        return xr_err(channel->arena, XR_FAULT_DNS_MALFORMED, status, "%s: %s (asked: %s)", name,
            misfit_words(seen), servers);
    if (seen->udp_error == EMFILE || seen->udp_error == ENFILE)
        return xr_err(channel->arena, XR_FAULT_LOCAL_NETWORK, seen->udp_error,
            "%s: no name server could be asked: %s", name, strerrordesc_np(seen->udp_error));
    /* Routers send few such messages a second: the first is enough when there is but one server. */
    if (status == ARES_ECONNREFUSED || (seen->udp_error && !strchr(servers, ',')))
        return xr_err(channel->arena, XR_FAULT_DNS_UNREACHABLE, seen->udp_error,
            "%s: the name server %s cannot be reached: %s", name, servers,
            network_words(seen->udp_error ? seen->udp_error : ECONNREFUSED));
    return xr_err(channel->arena, XR_FAULT_DNS_TIMEOUT, status,
        "%s: no name server answered in time (asked: %s)", name, servers);
}

static const struct xr_err *status_err(
    const struct xr_dns_channel *channel, const struct open *open, struct xr_deadline deadline)
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
        { ARES_EBADRESP, XR_FAULT_DNS_MALFORMED, "the answer of the name server is malformed" },
        { ARES_EFORMERR, XR_FAULT_DNS_MALFORMED, "the name server did not understand (FORMERR)" },
        { ARES_ENOTIMP, XR_FAULT_DNS_SERVER_FAILURE, "the name server cannot do this (NOTIMP)" },
        { ARES_EBADNAME, XR_FAULT_DNS_NAME_NOT_FOUND, "this cannot be a name in DNS" },
    };
    struct xr_arena *arena = channel->arena;
    const char *name = open->question->name;
    enum xr_time_state time = xr_time_state(deadline);

    if (time == XR_TIME_CANCELLED)
        return xr_err(arena, XR_FAULT_LOCAL_CANCELLED, 0, "cancelled");
    if (time == XR_TIME_RUN_PASSED)
        return xr_err(arena, XR_FAULT_LOCAL_TIMEOUT, 0, "the time limit of the run passed");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].status == open->status)
            return xr_err(arena, rows[i].fault, open->status, "%s: %s", name, rows[i].text);
    return silence_err(channel, open->question, open->status);
}

/* Answers that the library takes for good ones. */
static const struct xr_err *disguised_err(struct xr_arena *arena, const struct open *open)
{
    const struct xr_dns_message *message = &open->message;

    if (!open->has_message)
        return NULL;
    if (message->rcode > ns_r_refused) {
        const char *name = xr_dns_rcode_name(message->rcode);
        return xr_err(arena, XR_FAULT_DNS_SERVER_FAILURE, (int)message->rcode,
            "%s: the name server failed with code %u%s%s%s", open->question->name, message->rcode,
            name ? " (" : "", name ? name : "", name ? ")" : "");
    }
    if (message->rcode == ns_r_noerror && message->refers && !message->authoritative &&
        !message->recurses)
        return xr_err(arena, XR_FAULT_DNS_REFUSED, 0,
            "%s: the name server only refers to other name servers: it does not look up names for "
            "its clients",
            open->question->name);
    return NULL;
}

static void conclude(
    const struct xr_dns_channel *channel, const struct open *open, struct xr_deadline deadline)
{
    struct xr_dns_question *question = open->question;
    const struct xr_err *err = disguised_err(channel->arena, open);

    question->over_tcp = xr_dns_was_truncated(&channel->witness, question->type);
    question->end = XR_DNS_FAILED;
    if (err || open->status != ARES_SUCCESS)
        question->err = err ? err : status_err(channel, open, deadline);
    else
        question->end = XR_DNS_ANSWERED;
    if (!err && open->status == ARES_ENODATA)
        question->end = XR_DNS_NO_DATA;
    if (!err && open->status == ARES_ENOTFOUND)
        question->end = XR_DNS_NO_NAME;
}

/* ---- why a server failed ---- */

/*
 * Asked again without the check of signatures, with room for the reason: an answer now means that
 * DNSSEC is what failed.
 */
static bool ask_why(struct xr_dns_channel *channel, const struct xr_dns_question *question,
    struct xr_deadline deadline, struct xr_dns_message *ret)
{
    struct xr_dns_question again = { .name = question->name };
    struct open open = { channel->arena, &again, -1, xr_now_us(), { 0 }, false };
    unsigned short id = 0;
    unsigned char *bytes = NULL;
    int length = 0;

    if (getrandom(&id, sizeof(id), 0) != sizeof(id) ||
        ares_create_query(again.name, ns_c_in, (int)question->type, id, 1, &bytes, &length,
            EDNS_SIZE) != ARES_SUCCESS)
        return false;
    bytes[3] |= CHECKING_DISABLED;
    ares_send(channel->ares, bytes, length, on_answer, &open);
    ares_free_string(bytes);
    wait_for_all(channel->ares, &open, 1, 0, xr_deadline_within(deadline, REASON_MS));
    *ret = open.message;
    return open.has_message;
}

static void explain_failure(
    struct xr_dns_channel *channel, struct xr_dns_question *question, struct xr_deadline deadline)
{
    struct xr_dns_message why;
    struct xr_arena *arena = channel->arena;

    if (!ask_why(channel, question, deadline, &why))
        return;
    const char *name = why.is_explained ? xr_dns_reason_name(why.reason) : NULL;
    const char *words = why.reason_text ? xr_printf(arena, ": %s",
                                              xr_excerpt(arena, why.reason_text, XR_QUOTED_MAX))
                                        : "";
    const char *reason = why.is_explained
                             ? xr_printf(arena, "; it gives the reason %u%s%s%s%s", why.reason,
                                   name ? " (" : "", name ? name : "", name ? ")" : "", words)
                             : "";
    bool unsigned_works = why.rcode == ns_r_noerror && why.records;
    if (unsigned_works)
        question->err = xr_err(arena, XR_FAULT_DNS_DNSSEC, ARES_ESERVFAIL,
            "%s: the name server failed (SERVFAIL), yet answers when it need not check the "
            "signatures: DNSSEC validation fails%s",
            question->name, reason);
    else if (*reason)
        question->err = xr_err(arena, question->err->fault, question->err->native, "%s%s",
            question->err->text, reason);
}

static bool is_servfail(const struct open *open)
{
    return open->has_message && open->message.rcode == ns_r_servfail;
}

void xr_dns_ask(struct xr_dns_channel *channel, struct xr_dns_question *questions, size_t n,
    int64_t lag_ms, struct xr_deadline deadline)
{
    struct open *opens = xr_new_n(channel->arena, struct open, n);
    bool found = false;

    channel->witness = (struct xr_dns_witness){ 0 };
    for (size_t i = 0; i < n; i++) {
        opens[i] = (struct open){ channel->arena, &questions[i], -1, xr_now_us(), { 0 }, false };
        ares_query(channel->ares, questions[i].name, ns_c_in, (int)questions[i].type, on_answer,
            &opens[i]);
    }
    wait_for_all(channel->ares, opens, n, lag_ms, deadline);
    for (size_t i = 0; i < n; i++) {
        conclude(channel, &opens[i], deadline);
        found |= questions[i].end == XR_DNS_ANSWERED;
    }
    for (size_t i = 0; i < n && !found; i++)
        if (is_servfail(&opens[i])) {
            explain_failure(channel, &questions[i], deadline);
            return;
        }
}

const char *xr_dns_silent_server(const struct xr_dns_channel *channel)
{
    int error = channel->witness.udp_error;

    return error ? xr_printf(channel->arena, "one of the name servers %s cannot be reached: %s",
                       xr_dns_servers(channel), network_words(error))
                 : NULL;
}

const struct xr_err *xr_dns_query(struct xr_arena *arena, const struct xr_net *net,
    const char *name, enum xr_dns_type type, struct xr_deadline deadline, struct xr_dns_answer *ret)
{
    xr_auto_dns *channel = NULL;
    struct xr_dns_question question = { .name = name, .type = type };
    const struct xr_err *err = xr_dns_open(arena, net, &channel);

    if (err)
        return err;
    xr_dns_ask(channel, &question, 1, 0, deadline);
    if (question.err)
        return question.err;
    *ret = (struct xr_dns_answer){ question.records, xr_dns_servers(channel), question.elapsed_us,
        question.cut };
    return NULL;
}
