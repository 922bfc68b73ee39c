#include "analyzer/wire/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/dns.h"
#include "analyzer/wire/http.h"
#include "analyzer/wire/http_err.h"
#include "analyzer/wire/url.h"

/* A name that no DNS has: libcurl connects to what stands for it in CURLOPT_RESOLVE, or nowhere. */
static const char pinned_name[] = "pinned.invalid";

/* One request and its answer; a redirect is a new one. */
struct transfer {
    struct xr_arena *arena;
    const struct xr_net *net;
    const struct xr_fetch *fetch;
    struct xr_deadline deadline;
    const char *label; /* the URL, as messages quote it */
    struct xr_url url;
    struct curl_slist *connect_to, *resolve, *headers;
    CURL *easy;
    CURLM *multi;
    struct xr_buf body;
    size_t header_bytes, header_lines;
    const char *location; /* of a redirect, as it stands in the answer; NULL: none */
};

static void transfer_done(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    (void)curl_multi_cleanup(transfer->multi);
    curl_slist_free_all(transfer->connect_to);
    curl_slist_free_all(transfer->resolve);
    curl_slist_free_all(transfer->headers);
    xr_buf_done(&transfer->body);
}

static const struct xr_err *labelled(const struct transfer *transfer, const struct xr_err *err)
{
    return xr_err(transfer->arena, err->fault, err->native, "%s: %s", transfer->label, err->text);
}

static const struct xr_err *refused(const struct transfer *transfer, const char *why)
{
    return xr_err(
        transfer->arena, XR_FAULT_CONTENT, 0, "%s: not fetched, because %s", transfer->label, why);
}

static const struct xr_err *parse(struct transfer *transfer, const char *text)
{
    if (!xr_starts(text, "http://"))
        return refused(transfer, "only http addresses are");
    const char *why = xr_url_parse(transfer->arena, text, &transfer->url);
    if (!why && !transfer->url.port)
        why = "its port is 0";
    if (!why)
        why = xr_fetch_port_objection(transfer->url.port);
    return why ? refused(transfer, why) : NULL;
}

static const struct xr_err *refused_address(
    const struct transfer *transfer, const char *address, const char *objection)
{
    const char *text = xr_excerpt(transfer->arena, address, XR_QUOTED_MAX);

    return refused(transfer, xr_printf(transfer->arena, "%s is %s", text, objection));
}

static struct curl_slist *resolve_entry(
    struct xr_arena *arena, const char *name, uint16_t port, const char *addresses)
{
    return curl_slist_append(NULL, xr_printf(arena, "%s:%u:%s", name, port, addresses));
}

static const char *joined(struct xr_arena *arena, const char *list, const char *address)
{
    const char *text = xr_bracketed(arena, address);

    return list ? xr_printf(arena, "%s,%s", list, text) : text;
}

/* Resolves, judges every address, and leaves libcurl none but the good ones. */
static const struct xr_err *pin_host(struct transfer *transfer)
{
    struct xr_arena *arena = transfer->arena;
    struct xr_route route = xr_net_route(transfer->net, transfer->url.host, transfer->url.port);
    const char *good = NULL, *bad = NULL, *objection = NULL;
    struct xr_dns_hosts hosts;

    const struct xr_err *err =
        xr_dns_lookup(arena, transfer->net, route.host, route.port, transfer->deadline, &hosts);
    if (err)
        return labelled(transfer, err);
    for (size_t i = 0; i < hosts.n; i++) {
        const char *address = hosts.addresses[i].text;
        const char *against = xr_fetch_objection(address, transfer->fetch->tested_address);
        if (!against)
            good = joined(arena, good, address);
        else if (!bad) {
            bad = address;
            objection = against;
        }
    }
    if (!good)
        return bad ? refused_address(transfer, bad, objection)
                   : refused(transfer, "its host has no address");
    transfer->connect_to =
        curl_slist_append(NULL, xr_printf(arena, "::%s:%u", pinned_name, route.port));
    transfer->resolve = resolve_entry(arena, pinned_name, route.port, good);
    return NULL;
}

static bool is_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* The proxy asks DNS for itself; what needs no DNS is judged here all the same. */
static const char *objection_by_name(const struct transfer *transfer, const char *host)
{
    if (is_address(host))
        return xr_fetch_objection(host, transfer->fetch->tested_address);
    return xr_is_in_domain(host, "localhost")
               ? xr_fetch_objection("127.0.0.1", transfer->fetch->tested_address)
               : NULL;
}

/* libcurl would resolve the name of the proxy by the system, without limit of time. */
static const struct xr_err *resolve_proxy(struct transfer *transfer)
{
    struct xr_arena *arena = transfer->arena;
    const char *addresses = NULL;
    struct xr_dns_hosts hosts;
    struct xr_url proxy;

    const char *why = xr_url_parse(arena, transfer->net->proxy, &proxy);
    if (why)
        return xr_err(
            arena, XR_FAULT_PROXY, 0, "%s: the proxy is not valid: %s", transfer->label, why);
    if (is_address(proxy.host))
        return NULL;
    const struct xr_err *err =
        xr_dns_lookup(arena, transfer->net, proxy.host, proxy.port, transfer->deadline, &hosts);
    if (err)
        return xr_err(arena, err->fault, err->native, "%s: the address of the proxy: %s",
            transfer->label, err->text);
    for (size_t i = 0; i < hosts.n; i++)
        addresses = joined(arena, addresses, hosts.addresses[i].text);
    transfer->resolve = resolve_entry(arena, proxy.host, proxy.port, addresses);
    return NULL;
}

static const struct xr_err *pin_through_proxy(struct transfer *transfer)
{
    const struct xr_url *url = &transfer->url;
    struct xr_route route = xr_net_route(transfer->net, url->host, url->port);
    const char *objection = objection_by_name(transfer, route.host);

    if (objection)
        return refused_address(transfer, route.host, objection);
    /* Only where it differs: libcurl asks for a tunnel then, which proxies often refuse to port 80.
     */
    if (route.port != url->port || !xr_same(route.host, url->host))
        transfer->connect_to =
            curl_slist_append(NULL, xr_printf(transfer->arena, "::%s:%u",
                                        xr_bracketed(transfer->arena, route.host), route.port));
    return resolve_proxy(transfer);
}

/* Of an answer that is not the file, nothing is read: it may be endless. */
static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct transfer *transfer = arg;
    long status = 0;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status == 200 && xr_buf_add(&transfer->body, bytes, size * n) ? size * n : 0;
}

static bool has_too_many_headers(const struct transfer *transfer)
{
    return transfer->header_bytes > XR_HTTP_HEADERS_MAX ||
           transfer->header_lines > XR_HTTP_HEADER_LINES_MAX;
}

/* libcurl tells where a redirect leads to only when its body was read to the end. Interim answers
 * and trailers come here too, and count. */
static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    static const char name[] = "Location:";
    struct transfer *transfer = arg;
    size_t length = size * n, skipped = sizeof(name) - 1;

    transfer->header_bytes += length;
    transfer->header_lines++;
    if (has_too_many_headers(transfer))
        return 0;
    if (length > skipped && !strncasecmp(bytes, name, skipped))
        transfer->location = xr_trimmed(
            transfer->arena, xr_utf8(transfer->arena, bytes + skipped, length - skipped));
    return length;
}

/* Inside of libcurl, where a peer may keep it busy. */
static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up, curl_off_t sent)
{
    const struct transfer *transfer = arg;

    (void)total, (void)now, (void)up, (void)sent;
    return xr_time_state(transfer->deadline) != XR_TIME_LEFT;
}

static void set_callbacks(struct transfer *transfer)
{
    CURL *easy = transfer->easy;

    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
}

static void set_request(struct transfer *transfer)
{
    const struct xr_fetch *fetch = transfer->fetch;
    CURL *easy = transfer->easy;

    transfer->headers = curl_slist_append(NULL, "Expect:");
    (void)curl_easy_setopt(easy, CURLOPT_URL, transfer->url.text);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, transfer->net->user_agent);
    if (fetch->content_type) {
        transfer->headers = curl_slist_append(
            transfer->headers, xr_printf(transfer->arena, "Content-Type: %s", fetch->content_type));
        (void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)fetch->body.length);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, fetch->body.bytes);
    }
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static void set_safety(struct transfer *transfer)
{
    const char *proxy = transfer->net->proxy;
    CURL *easy = transfer->easy;

    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    (void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->fetch->max);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, proxy ? proxy : "");
    /* By the environment's exceptions libcurl would go around the proxy, to an address that nobody
     * has judged. */
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer->connect_to);
    (void)curl_easy_setopt(easy, CURLOPT_RESOLVE, transfer->resolve);
}

/* XR_TIME_LEFT: it ended, *ret_code says how. */
static enum xr_time_state drive(struct transfer *transfer, CURLcode *ret_code)
{
    int running = 1, left;

    (void)curl_multi_add_handle(transfer->multi, transfer->easy);
    enum xr_time_state state = xr_time_state(transfer->deadline);
    while (state == XR_TIME_LEFT) {
        if (curl_multi_perform(transfer->multi, &running) || !running)
            break;
        (void)curl_multi_poll(transfer->multi, NULL, 0, xr_tick_ms(transfer->deadline), NULL);
        state = xr_time_state(transfer->deadline);
    }
    *ret_code = CURLE_OK;
    for (CURLMsg *message; (message = curl_multi_info_read(transfer->multi, &left));)
        *ret_code = message->data.result;
    if (*ret_code == CURLE_ABORTED_BY_CALLBACK)
        state = xr_time_state(transfer->deadline);
    (void)curl_multi_remove_handle(transfer->multi, transfer->easy);
    return state;
}

static const struct xr_err *time_err(const struct transfer *transfer, enum xr_time_state state)
{
    curl_off_t connected = 0;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_CONNECT_TIME_T, &connected);
    if (state == XR_TIME_STEP_PASSED && !connected)
        return xr_err(
            transfer->arena, XR_FAULT_TCP_TIMEOUT, 0, "%s: no connection in time", transfer->label);
    return labelled(transfer, xr_http_time_err(transfer->arena, state, transfer->header_lines > 0));
}

/* A reference that makes no URL is passed on as it is: the next hop says what is wrong with it. */
static const char *next_url(const struct transfer *transfer, long status)
{
    bool redirects =
        (status >= 301 && status <= 303) || status == 307 || status == 308; /* RFC 9110 15.4 */
    struct xr_url next;

    if (!redirects || !transfer->location)
        return NULL;
    if (xr_url_resolve(transfer->arena, &transfer->url, transfer->location, &next))
        return transfer->location;
    return next.text;
}

/* *ret_next: where a redirect leads to; NULL: nowhere, the body has come. */
static const struct xr_err *outcome(
    struct transfer *transfer, enum xr_time_state state, CURLcode code, const char **ret_next)
{
    struct xr_arena *arena = transfer->arena;
    long status = 0;

    if (has_too_many_headers(transfer))
        return xr_err(arena, XR_FAULT_HTTP_TOO_LARGE, 0,
            "%s: the answer has more than %d lines or %d bytes of headers", transfer->label,
            XR_HTTP_HEADER_LINES_MAX, XR_HTTP_HEADERS_MAX);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    *ret_next = next_url(transfer, status);
    if (*ret_next)
        return NULL;
    if (status > 200) /* its body may have been cut off by ourselves */
        return xr_err(arena, XR_FAULT_CONTENT, (int)status, "%s: the answer has status %ld",
            transfer->label, status);
    if (state != XR_TIME_LEFT)
        return time_err(transfer, state);
    if (transfer->body.overflow || code == CURLE_FILESIZE_EXCEEDED)
        return xr_err(arena, XR_FAULT_HTTP_TOO_LARGE, 0, "%s: the answer has more than %zu bytes",
            transfer->label, transfer->fetch->max);
    return code ? labelled(transfer, xr_http_curl_err(arena, transfer->easy, code)) : NULL;
}

static struct xr_der kept(const struct transfer *transfer)
{
    unsigned char *bytes = xr_alloc(transfer->arena, transfer->body.length + 1);

    if (transfer->body.length)
        memcpy(bytes, transfer->body.at, transfer->body.length);
    return (struct xr_der){ bytes, transfer->body.length };
}

static const struct xr_err *hop(struct transfer *transfer, const char *url, const char **ret_next)
{
    CURLcode code;
    const struct xr_err *err = parse(transfer, url);

    if (!err)
        err = transfer->net->proxy ? pin_through_proxy(transfer) : pin_host(transfer);
    if (err)
        return err;
    transfer->easy = curl_easy_init();
    transfer->multi = curl_multi_init();
    if (!transfer->easy || !transfer->multi)
        abort();
    set_safety(transfer);
    set_callbacks(transfer);
    set_request(transfer);
    enum xr_time_state state = drive(transfer, &code);
    return outcome(transfer, state, code, ret_next);
}

static const char *label(struct xr_arena *arena, const char *first, const char *url)
{
    const char *text = xr_excerpt(arena, first, XR_QUOTED_MAX);

    return url == first ? text
                        : xr_printf(arena, "%s, which redirects to %s", text,
                              xr_excerpt(arena, url, XR_QUOTED_MAX));
}

const struct xr_err *xr_fetch(struct xr_arena *arena, const struct xr_net *net,
    const struct xr_fetch *fetch, struct xr_deadline deadline, struct xr_der *ret)
{
    const char *url = fetch->url;

    for (int hops = 0; hops <= XR_FETCH_HOPS; hops++) {
        __attribute__((cleanup(transfer_done))) struct transfer transfer = {
            .arena = arena,
            .net = net,
            .fetch = fetch,
            .deadline = deadline,
            .label = label(arena, fetch->url, url),
        };
        const char *next = NULL;
        xr_buf_init(&transfer.body, fetch->max);
        const struct xr_err *err = hop(&transfer, url, &next);
        if (err)
            return err;
        if (!next) {
            *ret = kept(&transfer);
            return NULL;
        }
        url = next;
    }
    return xr_err(arena, XR_FAULT_CONTENT, 0, "%s: more than %d redirects",
        xr_excerpt(arena, fetch->url, XR_QUOTED_MAX), XR_FETCH_HOPS);
}
