#include "probes/legs.h"

#include <string.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "probes/faults.h"

void xr_leg_init(struct xr_leg *leg, const struct xr_ctx *ctx, struct xr_arena *arena,
    struct xr_step *step, const char *host, uint16_t port)
{
    *leg = (struct xr_leg){
        .ctx = ctx, .arena = arena, .step = step, .host = host, .port = port, .fd = -1
    };
    step->host = host;
}

void xr_leg_done(struct xr_leg *leg)
{
    xr_tcp_close(leg->tries, leg->tries_n);
    if (leg->fd >= 0)
        (void)close(leg->fd);
    leg->fd = -1;
    xr_http_free(leg->http);
    leg->http = NULL;
}

const char *xr_leg_title(const char *suffix)
{
    static const struct {
        const char *suffix, *title;
    } rows[] = {
        { "srv", "Look for the service record" },
        { "dns", "Resolve the name" },
        { "tcp", "Connect" },
        { "tls", "Agree on TLS" },
        { "request", "Ask for settings" },
        { "soap", "Ask for settings (SOAP)" },
        { "records", "Look for records of Microsoft 365" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (!strcmp(rows[i].suffix, suffix))
            return rows[i].title;
    return suffix;
}

struct xr_step *xr_leg_step(struct xr_leg *leg, const char *suffix)
{
    const char *id = xr_printf(leg->arena, "%s.%s", leg->step->id, suffix);
    struct xr_step *step = xr_step_add(leg->arena, NULL, id, xr_leg_title(suffix));

    step->started_us = xr_now_us();
    return step;
}

static struct xr_step *child(struct xr_leg *leg, const char *suffix)
{
    struct xr_step *step = xr_leg_step(leg, suffix);

    xr_step_attach(leg->step, step);
    return step;
}

static bool ended(struct xr_step *step)
{
    step->elapsed_us = xr_now_us() - step->started_us;
    return step->status == XR_SUCCESS || step->status == XR_WARNING;
}

void xr_leg_skip(struct xr_leg *leg, const char *const *suffixes, const char *because)
{
    for (; *suffixes; suffixes++) {
        struct xr_step *step = child(leg, *suffixes);
        const char *blocker = xr_printf(leg->arena, "%s.%s", leg->step->id, because);
        (void)xr_skipped(step, blocker, "Not run: %s failed.", blocker);
    }
}

/* With a proxy in between, the proxy is what is resolved and connected to. */
static bool has_proxy(const struct xr_leg *leg, struct xr_arena *arena, struct xr_url *ret)
{
    const char *proxy = leg->ctx->net->proxy;

    return proxy && !xr_url_parse(arena, proxy, ret);
}

/* The arena is the caller's: several threads connect for one leg. */
static struct xr_route route_of(const struct xr_leg *leg, struct xr_arena *arena)
{
    struct xr_url proxy;

    if (has_proxy(leg, arena, &proxy))
        return (struct xr_route){ proxy.host, proxy.port };
    return xr_net_route(leg->ctx->net, leg->host, leg->port);
}

const char *xr_leg_peer(const struct xr_leg *leg)
{
    struct xr_url proxy;

    return has_proxy(leg, leg->arena, &proxy)
               ? xr_printf(leg->arena, "the proxy %s:%u", xr_bracketed(leg->arena, proxy.host),
                     proxy.port)
               : leg->host;
}

const char *xr_leg_peer_host(const struct xr_leg *leg)
{
    struct xr_url proxy;

    return has_proxy(leg, leg->arena, &proxy) ? proxy.host : leg->host;
}

static const char dns_protection[] = "nothing (DNS)";

/* The address that we connected to is the proxy's; which one of the host it takes, it does not
 * say. */
static const char *through_proxy(const struct xr_leg *leg, const char *to)
{
    const char *proxy = leg->ctx->net->proxy;
    size_t length = strlen(leg->host);

    if (!proxy)
        return to;
    if (xr_starts(to, leg->host) && xr_starts(to + length, " ("))
        to = xr_printf(leg->arena, "%s port %u", leg->host, leg->port);
    return xr_printf(leg->arena, "%s through the proxy %s", to, proxy);
}

void xr_leg_sent(struct xr_leg *leg, const char *to, const char *what, const char *credentials,
    const char *protected_by)
{
    struct xr_sent *sent = xr_new(leg->arena, struct xr_sent);

    if (strcmp(protected_by, dns_protection) != 0)
        to = through_proxy(leg, to);
    *sent = (struct xr_sent){ NULL, to, what, credentials, protected_by };
    if (leg->last_sent)
        leg->last_sent->next = sent;
    else
        leg->sent = sent;
    leg->last_sent = sent;
}

void xr_run_add_sent(struct xr_run *run, const struct xr_sent *sent)
{
    for (; sent; sent = sent->next) {
        const struct xr_sent *known = run->sent;
        while (known && (strcmp(known->to, sent->to) || strcmp(known->what, sent->what) ||
                            strcmp(known->credentials, sent->credentials)))
            known = known->next;
        if (known)
            continue;
        struct xr_sent *copy = xr_new(run->arena, struct xr_sent);
        *copy = *sent;
        copy->next = NULL;
        if (run->last_sent)
            run->last_sent->next = copy;
        else
            run->sent = copy;
        run->last_sent = copy;
    }
}

const char *xr_receiver(
    struct xr_arena *arena, const char *host, const char *address, uint16_t port)
{
    return xr_printf(arena, "%s (%s) port %u", host, address, port);
}

/* Behind a proxy it is the proxy that could not be found or reached, not the host. */
static const struct xr_err *blame_proxy(const struct xr_leg *leg, const struct xr_err *err)
{
    bool is_dns = err && err->fault <= XR_FAULT_DNS_SLOW;

    return leg->ctx->net->proxy && err && (is_dns || xr_fault_is_tcp(err->fault))
               ? xr_err(leg->arena, XR_FAULT_PROXY, err->native, "the proxy %s: %s",
                     leg->ctx->net->proxy, err->text)
               : err;
}

const struct xr_err *xr_leg_resolve(struct xr_leg *leg)
{
    struct xr_route route = route_of(leg, leg->arena);
    /* --resolve speaks of the port that was asked for, not of where --connect-to leads. */
    uint16_t port = leg->ctx->net->proxy ? route.port : leg->port;
    const struct xr_err *err =
        xr_dns_lookup(leg->arena, leg->ctx->net, route.host, port, leg->ctx->deadline, &leg->names);

    if (!err && strncmp(leg->names.source, "DNS", 3))
        return NULL;
    const char *to = err ? "the DNS server" : leg->names.source;
    xr_leg_sent(leg, to, xr_printf(leg->arena, "the question for the addresses of %s", route.host),
        "none", dns_protection);
    return blame_proxy(leg, err);
}

static void detail_address(struct xr_step *step, const struct xr_dns_address *address)
{
    const char *note = xr_address_note(address->text);
    const char *ttl =
        address->ttl ? xr_printf(step->arena, ", TTL %u s", (unsigned)address->ttl) : "";

    xr_step_detail(
        step, "Address", "%s%s%s%s", address->text, ttl, note ? ": " : "", note ? note : "");
}

void xr_leg_detail_names(struct xr_leg *leg, struct xr_step *step)
{
    const struct xr_dns_hosts *names = &leg->names;

    if (names->aliases)
        xr_step_detail(step, "Alias of", "%s", names->aliases);
    for (size_t i = 0; i < names->n; i++)
        detail_address(step, &names->addresses[i]);
    if (names->cut)
        xr_step_detail(
            step, "More addresses", "only the first %d are looked at", XR_DNS_ADDRESSES_MAX);
    if (names->oddity)
        xr_step_detail(step, "Oddity", "%s", names->oddity);
    xr_step_detail(step, "Source", "%s", names->source);
}

bool xr_leg_dns(struct xr_leg *leg)
{
    struct xr_step *step = child(leg, "dns");
    const struct xr_err *err = xr_leg_resolve(leg);
    const char *plural = leg->names.n == 1 ? "" : "es";

    if (err) {
        (void)xr_fault_error(step, err);
        return ended(step);
    }
    step->host = xr_leg_peer_host(leg);
    xr_leg_detail_names(leg, step);
    for (size_t i = 0; i < leg->names.warnings_n; i++) {
        const struct xr_err *warning = leg->names.warnings[i];
        (void)xr_find(step, xr_fault_finding(warning->fault), XR_WARNING, "%s",
            xr_sentence(leg->arena, warning->text));
    }
    if (step->findings)
        step->message = step->findings->message;
    else
        (void)xr_success(step, "%s",
            xr_sentence(leg->arena, xr_printf(leg->arena, "%s has %zu address%s", xr_leg_peer(leg),
                                        leg->names.n, plural)));
    return ended(step);
}

static struct xr_deadline time_to_connect(const struct xr_leg *leg)
{
    struct xr_deadline whole = leg->ctx->deadline;
    struct xr_deadline part = xr_deadline_within(whole, leg->connect_ms);

    return leg->connect_ms && part.step_us < whole.step_us ? part : whole;
}

static void keep_first(struct xr_leg *leg)
{
    for (size_t i = 0; i < leg->tries_n && leg->fd < 0; i++)
        if (!leg->tries[i].err) {
            leg->fd = leg->tries[i].fd;
            leg->tries[i].fd = -1;
        }
}

void xr_leg_connect(struct xr_leg *leg)
{
    struct xr_route route = route_of(leg, leg->arena);

    leg->tries_n = leg->names.n;
    for (size_t i = 0; i < leg->tries_n; i++)
        leg->tries[i] =
            (struct xr_tcp_try){ leg->names.addresses[i].text, route.port, NULL, -1, 0 };
    xr_tcp_connect(leg->arena, leg->tries, leg->tries_n, time_to_connect(leg));
    leg->address = NULL;
    for (size_t i = leg->tries_n; i-- > 0;)
        if (leg->tries[i].err)
            leg->tries[i].err = blame_proxy(leg, leg->tries[i].err);
        else
            leg->address = leg->tries[i].address;
    if (leg->keeps)
        keep_first(leg);
    xr_tcp_close(leg->tries, leg->tries_n);
}

bool xr_leg_tcp(struct xr_leg *leg)
{
    struct xr_step *step = child(leg, "tcp");
    size_t failed = 0;

    xr_leg_connect(leg);
    for (size_t i = 0; i < leg->tries_n; i++) {
        const struct xr_tcp_try *try = &leg->tries[i];
        xr_step_detail(step, "Address", "%s port %u: %s", try->address, try->port,
            try->err ? try->err->text : "accepted");
        failed += try->err != NULL;
    }
    if (!leg->address)
        (void)xr_fault_error(step, leg->tries[0].err);
    else if (failed) {
        step->host = xr_leg_peer_host(leg);
        (void)xr_warning(step, XR_FINDING_TCP_SOME_ADDRESSES_FAILED,
            "%zu of %zu addresses of %s do not accept connections.", failed, leg->tries_n,
            xr_leg_peer(leg));
    } else if (leg->ctx->net->proxy)
        (void)xr_success(step, "%s",
            xr_sentence(
                leg->arena, xr_printf(leg->arena, "%s accepts connections", xr_leg_peer(leg))));
    else
        (void)xr_success(step, "%s port %u accepts connections.", leg->address, leg->tries[0].port);
    return ended(step);
}

int xr_leg_connect_one(
    struct xr_leg *leg, struct xr_arena *arena, const char *address, const struct xr_err **ret_err)
{
    struct xr_tcp_try one = { address, route_of(leg, arena).port, NULL, -1, 0 };
    struct xr_route target = xr_net_route(leg->ctx->net, leg->host, leg->port);

    xr_tcp_connect(arena, &one, 1, leg->ctx->deadline);
    *ret_err = one.err;
    if (!one.err && leg->ctx->net->proxy)
        *ret_err = xr_tcp_tunnel(arena, one.fd, target.host, target.port, leg->ctx->deadline);
    if (*ret_err)
        xr_tcp_close(&one, 1);
    return one.fd;
}

struct again {
    struct xr_leg *leg;
    struct xr_arena *arena;
    const char *address;
};

static int connect_again(void *arg)
{
    const struct again *again = arg;
    const struct xr_err *err;

    return xr_leg_connect_one(again->leg, again->arena, again->address, &err);
}

const struct xr_err *xr_leg_handshake(
    struct xr_leg *leg, struct xr_arena *arena, const char *address, struct xr_tls_session *ret)
{
    struct again again = { leg, arena, address };
    struct xr_tls_again second = { connect_again, &again };
    const struct xr_err *err;
    int fd = xr_leg_connect_one(leg, arena, address, &err);

    if (err)
        return err;
    err = xr_tls_handshake(arena, leg->ctx->net, leg->host, fd, &second, leg->ctx->deadline, ret);
    (void)close(fd);
    return err;
}

static bool tls_with(struct xr_leg *leg, const char *address, const struct xr_err **ret_err)
{
    struct xr_tls_session session = { 0 };

    *ret_err = xr_leg_handshake(leg, leg->arena, address, &session);
    if (*ret_err)
        return false;
    leg->session = session;
    leg->address = address;
    return xr_tls_may_carry(&session, leg->ignore_trust) &&
           session.client_certificate != XR_CLIENT_CERTIFICATE_REQUIRED;
}

void xr_leg_tell_tls(struct xr_leg *leg, struct xr_step *step, const struct xr_tls_session *session)
{
    xr_step_detail(step, "Protocol", "%s, %s", session->version, session->cipher);
    if (session->certificates)
        xr_step_detail(step, "Certificate", "%s, issued by %s", session->certificates->subject,
            session->certificates->issuer);
    xr_flaws_find(step, session, leg->ignore_trust, XR_FLAWS_ALL);
    if (session->client_certificate == XR_CLIENT_CERTIFICATE_REQUIRED)
        (void)xr_find(step, XR_FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED, XR_ERROR,
            "The server demands a client certificate.");
    if (!step->findings)
        (void)xr_success(step, "%s with a trusted certificate.", session->version);
    else
        step->message = step->findings->message;
}

bool xr_leg_tls(struct xr_leg *leg)
{
    struct xr_step *step = child(leg, "tls");
    const struct xr_err *err = NULL, *first = NULL;
    bool good = false;

    leg->address = NULL;
    for (size_t i = 0; i < leg->tries_n && !good; i++) {
        if (leg->tries[i].err)
            continue;
        good = tls_with(leg, leg->tries[i].address, &err);
        first = first ? first : err;
    }
    if (leg->address)
        xr_leg_tell_tls(leg, step, &leg->session);
    else
        (void)xr_fault_error(step, first);
    return ended(step) && good;
}
