#include <arpa/inet.h>
#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/dns_ask.h"

enum {
    OTHER_FAMILY_MS = 2000, /* how long the second family may lag behind the first */
    ALIASES_MAX = 12,
};

struct lookup {
    struct xr_arena *arena;
    const struct xr_net *net;
    struct xr_dns_channel *channel;
    struct xr_deadline deadline;
    struct xr_buf aliases;
    const char *name; /* asked for now: host, or where its aliases led to */
    size_t hops;      /* aliases passed so far */
    struct xr_dns_question a, aaaa;
    int64_t answered_us; /* waited for what was answered, over all aliases */
    int repeats;
    bool over_tcp;
};

static void lookup_done(struct lookup *lookup)
{
    xr_dns_done(&lookup->channel);
    xr_buf_done(&lookup->aliases);
}

/* ---- asking along the aliases ---- */

static const struct xr_err *alias_err(const struct lookup *lookup, bool loop)
{
    const char *chain = xr_strndup(lookup->arena, lookup->aliases.at, lookup->aliases.length);

    chain = xr_excerpt(lookup->arena, chain, 2 * XR_QUOTED_MAX);
    if (loop)
        return xr_err(lookup->arena, XR_FAULT_DNS_CNAME_LOOP, 0,
            "%s: the aliases (CNAME) lead round in a circle: %s", lookup->name, chain);
    return xr_err(lookup->arena, XR_FAULT_DNS_CNAME_LOOP, 0,
        "%s: the chain of aliases (CNAME) is longer than %d: %s", lookup->name, (int)ALIASES_MAX,
        chain);
}

static const struct xr_dns_record *alias_of(const struct xr_dns_record *records, const char *name)
{
    while (records && (records->type != XR_DNS_CNAME || !xr_same(records->owner, name)))
        records = records->next;
    return records;
}

/* Follows the aliases of one answer. *ret_end: where they lead to. */
static const struct xr_err *follow_aliases(
    struct lookup *lookup, const struct xr_dns_record *records, const char **ret_end)
{
    const struct xr_dns_record *passed[ALIASES_MAX], *alias;
    size_t n = 0;

    *ret_end = lookup->name;
    while ((alias = alias_of(records, *ret_end))) {
        (void)xr_buf_printf(
            &lookup->aliases, "%s%s", lookup->aliases.length ? ", " : "", alias->data);
        for (size_t i = 0; i < n; i++)
            if (passed[i] == alias)
                return alias_err(lookup, true);
        if (lookup->hops++ >= ALIASES_MAX)
            return alias_err(lookup, xr_same(alias->data, lookup->name));
        passed[n++] = alias;
        *ret_end = alias->data;
    }
    return NULL;
}

static void count_answers(struct lookup *lookup)
{
    const struct xr_dns_question *both[] = { &lookup->a, &lookup->aaaa };
    int64_t longest = 0;

    for (size_t i = 0; i < 2; i++) {
        if (both[i]->end == XR_DNS_FAILED)
            continue;
        longest = both[i]->elapsed_us > longest ? both[i]->elapsed_us : longest;
        lookup->repeats += both[i]->repeats;
        lookup->over_tcp |= both[i]->over_tcp;
    }
    lookup->answered_us += longest;
}

/* Asks for both families. *ret_next: the name to ask for next, when the answer is an alias alone.
 */
static const struct xr_err *ask_both(struct lookup *lookup, const char **ret_next)
{
    struct xr_dns_question both[] = {
        { .name = lookup->name, .type = XR_DNS_A },
        { .name = lookup->name, .type = XR_DNS_AAAA },
    };
    const char *end;

    *ret_next = NULL;
    xr_dns_ask(lookup->channel, both, 2, OTHER_FAMILY_MS, lookup->deadline);
    lookup->a = both[0];
    lookup->aaaa = both[1];
    count_answers(lookup);
    const struct xr_dns_record *records = both[0].records ? both[0].records : both[1].records;
    const struct xr_err *err = follow_aliases(lookup, records, &end);
    if (err)
        return err;
    bool found = xr_dns_has_address(&both[0]) || xr_dns_has_address(&both[1]);
    if (records && !found && !xr_same(end, lookup->name) && both[0].end != XR_DNS_NO_NAME)
        *ret_next = end;
    return NULL;
}

/* Every round passes an alias, so that their limit ends it. */
static const struct xr_err *ask_along_aliases(struct lookup *lookup)
{
    for (;;) {
        const char *next;
        const struct xr_err *err = ask_both(lookup, &next);
        if (err || !next)
            return err;
        lookup->name = next;
    }
}

/* ---- judging what came ---- */

/* Of two failures the one that says more: a name that does not exist beats a lost answer. */
static const struct xr_err *telling_err(struct lookup *lookup)
{
    const struct xr_dns_question *a = &lookup->a, *aaaa = &lookup->aaaa;

    if (a->end == XR_DNS_NO_NAME || aaaa->end == XR_DNS_NO_NAME)
        return a->end == XR_DNS_NO_NAME ? a->err : aaaa->err;
    if (a->end == XR_DNS_FAILED || aaaa->end == XR_DNS_FAILED)
        return a->end == XR_DNS_FAILED ? a->err : aaaa->err;
    return xr_err(lookup->arena, XR_FAULT_DNS_NO_ADDRESS, 0,
        "%s: the name exists, but has neither an IPv4 (A) nor an IPv6 address (AAAA)",
        lookup->name);
}

static void warn(struct xr_dns_hosts *hosts, const struct xr_err *err)
{
    if (err && hosts->warnings_n < XR_DNS_WARNINGS_MAX)
        hosts->warnings[hosts->warnings_n++] = err;
    hosts->half = hosts->warnings_n ? hosts->warnings[0] : NULL;
}

static const struct xr_err *other_family_err(const struct lookup *lookup)
{
    bool has_four = xr_dns_has_address(&lookup->a);
    const struct xr_dns_question *bad = has_four ? &lookup->aaaa : &lookup->a;

    if (bad->end != XR_DNS_FAILED)
        return NULL;
    return xr_err(lookup->arena, bad->err->fault, bad->err->native,
        "%s; this is the question for %s, the one for %s was answered", bad->err->text,
        has_four ? "AAAA (IPv6)" : "A (IPv4)", has_four ? "A (IPv4)" : "AAAA (IPv6)");
}

/* A name server that the user put on loopback himself may well speak of loopback. */
static bool is_own_test_bed(const struct lookup *lookup, const char *host)
{
    char address[INET6_ADDRSTRLEN + 2] = "";
    const char *server = lookup->net->dns_server;

    if (xr_is_in_domain(host, "localhost"))
        return true;
    if (!server)
        return false;
    bool bracketed = *server == '[';
    size_t length = bracketed ? strcspn(++server, "]") : strcspn(server, ":");
    if (!bracketed && strchr(server, ':') != strrchr(server, ':'))
        length = strlen(server); /* a bare IPv6 address */
    memcpy(address, server, length < sizeof(address) ? length : sizeof(address) - 1);
    return xr_address_kind(address) == XR_ADDRESS_LOOPBACK;
}

static bool is_bogus(enum xr_address_kind kind, bool loopback_is_fine)
{
    if (kind == XR_ADDRESS_LOOPBACK)
        return !loopback_is_fine;
    return kind != XR_ADDRESS_PUBLIC && kind != XR_ADDRESS_PRIVATE;
}

static const struct xr_err *bogus_err(
    const struct lookup *lookup, const struct xr_dns_hosts *hosts, const char *host)
{
    bool loopback_is_fine = is_own_test_bed(lookup, host);
    const char *first = NULL;
    size_t n = 0;

    for (size_t i = 0; i < hosts->n; i++) {
        if (!is_bogus(hosts->addresses[i].kind, loopback_is_fine))
            continue;
        first = first ? first : hosts->addresses[i].text;
        n++;
    }
    if (!n)
        return NULL;
    const char *more =
        n > 1 ? xr_printf(lookup->arena, " (and %zu more addresses are as useless)", n - 1) : "";
    return xr_err(lookup->arena, XR_FAULT_DNS_BOGUS_ADDRESS, (int)xr_address_kind(first),
        "%s: the name server gives %s, %s%s", host, first, xr_address_note(first), more);
}

static const struct xr_err *slow_err(const struct lookup *lookup, const char *host)
{
    int64_t ms = lookup->answered_us / 1000;

    if (ms <= XR_DNS_SLOW_MS)
        return NULL;
    return xr_err(lookup->arena, XR_FAULT_DNS_SLOW, (int)ms,
        "%s: the name server %s took %.1f s to answer", host, xr_dns_servers(lookup->channel),
        (double)ms / 1000);
}

static bool is_mixed(const struct xr_dns_hosts *hosts)
{
    bool public_too = false, private_too = false;

    for (size_t i = 0; i < hosts->n; i++) {
        public_too |= hosts->addresses[i].kind == XR_ADDRESS_PUBLIC;
        private_too |= hosts->addresses[i].kind == XR_ADDRESS_PRIVATE;
    }
    return public_too && private_too;
}

static const char *oddities(const struct lookup *lookup, const struct xr_dns_hosts *hosts)
{
    const char *const phrases[] = {
        lookup->a.end == XR_DNS_NO_NAME || lookup->aaaa.end == XR_DNS_NO_NAME
            ? "the name server calls the name non-existent for the other address family; some "
              "resolvers then forget its addresses (RFC 4074 4.2)"
            : NULL,
        lookup->over_tcp ? "the answer does not fit into UDP and was fetched over TCP" : NULL,
        lookup->repeats ? "a question had to be sent again: the first was lost or answered late"
                        : NULL,
        is_mixed(hosts) ? "private and public addresses are mixed: which of them work depends on "
                          "where the client is"
                        : NULL,
        xr_dns_silent_server(lookup->channel),
    };
    xr_auto_buf list;

    xr_buf_init(&list, 4096);
    for (size_t i = 0; i < sizeof(phrases) / sizeof(*phrases); i++)
        if (phrases[i])
            (void)xr_buf_printf(&list, "%s%s", list.length ? "; " : "", phrases[i]);
    return list.length ? xr_strndup(lookup->arena, list.at, list.length) : NULL;
}

static void add_address(struct xr_dns_hosts *hosts, const char *text, uint32_t ttl)
{
    if (hosts->n == XR_DNS_ADDRESSES_MAX)
        hosts->cut = true;
    else
        hosts->addresses[hosts->n++] = (struct xr_dns_address){ text, ttl, xr_address_kind(text) };
}

static void collect(struct xr_dns_hosts *hosts, const struct xr_dns_question *question)
{
    for (const struct xr_dns_record *at = question->records; at; at = at->next)
        if (at->type == XR_DNS_A || at->type == XR_DNS_AAAA)
            add_address(hosts, at->data, at->ttl);
    hosts->cut |= question->cut;
}

static const struct xr_err *lookup_dns(struct xr_arena *arena, const struct xr_net *net,
    const char *host, struct xr_deadline deadline, struct xr_dns_hosts *ret)
{
    __attribute__((cleanup(lookup_done))) struct lookup lookup = {
        .arena = arena, .net = net, .deadline = deadline, .name = host
    };

    xr_buf_init(&lookup.aliases, 4096);
    const struct xr_err *err = xr_dns_open(arena, net, &lookup.channel);
    if (!err)
        err = ask_along_aliases(&lookup);
    if (err)
        return err;
    struct xr_dns_hosts hosts = {
        .elapsed_us = lookup.answered_us, .over_tcp = lookup.over_tcp, .repeats = lookup.repeats
    };
    collect(&hosts, &lookup.a);
    collect(&hosts, &lookup.aaaa);
    if (!hosts.n)
        return telling_err(&lookup);
    warn(&hosts, other_family_err(&lookup));
    warn(&hosts, bogus_err(&lookup, &hosts, host));
    warn(&hosts, slow_err(&lookup, host));
    hosts.oddity = oddities(&lookup, &hosts);
    if (lookup.aliases.length)
        hosts.aliases = xr_strndup(arena, lookup.aliases.at, lookup.aliases.length);
    hosts.source = xr_printf(arena, "DNS server %s", xr_dns_servers(lookup.channel));
    *ret = hosts;
    return NULL;
}

static void add_fixed(struct xr_dns_hosts *hosts, const char *address)
{
    add_address(hosts, address, 0);
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
    if (!hosts.n && !net->dns_server) {
        xr_dns_hosts_file(arena, host, add_fixed, &hosts);
        hosts.source = "/etc/hosts";
    }
    if (!hosts.n)
        return lookup_dns(arena, net, host, deadline, ret);
    *ret = hosts;
    return NULL;
}
