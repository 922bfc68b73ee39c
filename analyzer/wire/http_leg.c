#include "analyzer/wire/http_leg.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/capture.h"
#include "analyzer/wire/http_err.h"
#include "analyzer/wire/http_timings.h"

enum { FIRST_STATUS = 100 };

static void slist_done(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

#define xr_auto_slist __attribute__((cleanup(slist_done))) struct curl_slist

void xr_http_hang_up(struct xr_http *http)
{
    if (http->multi)
        (void)curl_multi_cleanup(http->multi);
    http->multi = curl_multi_init();
    if (!http->multi)
        abort();
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, 1L);
    /* What it says of names went with the connections. */
    (void)curl_easy_setopt(http->easy, CURLOPT_RESOLVE, http->setup.proxy);
    http->used_for_logon = http->kept.on = false;
}

void xr_http_forget_raw(struct xr_http *http)
{
    explicit_bzero(http->raw.at, http->raw.capacity);
    xr_buf_clear(&http->raw);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct xr_http_leg *leg = arg;
    struct xr_http_call *call = leg->call;

    call->body_bytes += size * n;
    if (call->body_bytes <= XR_HTTP_BODY_MAX && xr_buf_add(&call->http->body, bytes, size * n))
        return size * n;
    call->too_large = true;
    return 0;
}

/* What came before is history: an interim answer, or the proxy's. */
static void begin_answer(struct xr_http_leg *leg)
{
    leg->received = leg->challenges = NULL;
    leg->received_end = &leg->received;
    leg->closes = false;
    leg->answered = true;
}

static bool has_too_many_headers(const struct xr_http_call *call)
{
    return call->header_bytes > XR_HTTP_HEADERS_MAX ||
           call->header_lines > XR_HTTP_HEADER_LINES_MAX;
}

/* Before it is scrubbed: a challenge is answered as it came, though it may hold what was sent. */
static void keep_challenge(struct xr_http_leg *leg, const char *bytes, size_t length)
{
    static const char name[] = "WWW-Authenticate:";

    if (length < sizeof(name) || strncasecmp(bytes, name, sizeof(name) - 1) != 0)
        return;
    struct xr_header *header = xr_capture_header(leg->call->arena, bytes, length);
    header->next = leg->challenges;
    leg->challenges = header;
}

/* Called for headers, interim answers and trailers alike: all of them count. */
static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct xr_http_leg *leg = arg;
    struct xr_http_call *call = leg->call;
    size_t length = size * n;

    call->header_bytes += length;
    call->header_lines++;
    if (has_too_many_headers(call)) {
        call->too_large = true;
        return 0;
    }
    while (length && (bytes[length - 1] == '\r' || bytes[length - 1] == '\n'))
        length--;
    if (length > 5 && !strncmp(bytes, "HTTP/", 5)) {
        begin_answer(leg);
        return size * n;
    }
    keep_challenge(leg, bytes, length);
    xr_scrub(call->http->setup.scrubber, bytes, length);
    struct xr_header *header = xr_capture_header(call->arena, bytes, length);
    if (!header)
        return size * n;
    *leg->received_end = header;
    leg->received_end = &header->next;
    leg->closes |= xr_same(header->name, "Connection") && xr_contains(header->value, "close");
    return size * n;
}

/* Of an Authorization no more than the scheme, so that no copy of the credential outlives it. */
static size_t shown_length(const char *line, size_t length)
{
    static const char name[] = "Authorization: ";
    size_t head = sizeof(name) - 1;
    bool credential = length > head && !strncasecmp(line, name, head);
    const char *space = credential ? memchr(line + head, ' ', length - head) : NULL;

    return space ? (size_t)(space - line) : length;
}

static void capture_request(struct xr_http_leg *leg, const char *bytes, size_t length)
{
    struct xr_arena *arena = leg->call->arena;

    leg->sent = NULL;
    while (length) {
        const char *end = memchr(bytes, '\n', length);
        size_t line = end ? (size_t)(end - bytes) : length;
        struct xr_header *header = xr_capture_header(arena, bytes, shown_length(bytes, line));
        if (header)
            xr_header_add(&leg->sent, xr_redacted_header(arena, header));
        length -= line + (end != NULL);
        bytes += line + (end != NULL);
    }
}

/* The request line has a colon in its URL at times: it is no header. */
static int on_debug(CURL *easy, curl_infotype type, char *bytes, size_t length, void *arg)
{
    const char *line_end = memchr(bytes, '\n', length);

    (void)easy;
    if (type != CURLINFO_HEADER_OUT || !line_end)
        return 0;
    size_t first = (size_t)(line_end - bytes) + 1;
    capture_request(arg, bytes + first, length - first);
    return 0;
}

/* Inside of libcurl, where a proxy can keep it busy for ever: its answer to CONNECT is read in a
 * loop that ends with the bytes. */
static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up, curl_off_t sent)
{
    const struct xr_http_leg *leg = arg;

    (void)total, (void)now, (void)up, (void)sent;
    return xr_time_state(leg->call->deadline) != XR_TIME_LEFT;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *arg)
{
    const struct xr_http_leg *leg = arg;
    struct xr_http *http = leg->call->http;
    struct xr_tls_watch *watch = &http->watch;

    (void)easy;
    http->connections++;
    http->used_for_logon = false;
    xr_arena_free(watch->arena); /* of the connection before; this one may outlive the call */
    watch->arena = xr_arena_new();
    watch->host = xr_strdup(watch->arena, leg->call->request->url->host);
    xr_tls_watch_attach(ssl_ctx, watch);
    return CURLE_OK;
}

static bool is_misplaced(const struct xr_http_leg *leg, struct xr_http_place here)
{
    const struct xr_tls_session *session = leg->call->http->watch.session;

    if (leg->only && !xr_http_is_there(*leg->only, here))
        return true;
    return leg->only_leaf && strcmp(leg->only_leaf, session->leaf_sha256) != 0;
}

/* One turn is enough for all of a dialogue. */
static int wait_for_turn(struct xr_http_leg *leg)
{
    struct xr_http_call *call = leg->call;
    const struct xr_http_gate *gate = call->request->gate;

    call->goes = call->goes || !gate || gate->open(gate->arg);
    if (!call->goes)
        return CURL_PREREQFUNC_ABORT;
    leg->out = true;
    call->proved |= leg->proves;
    return CURL_PREREQFUNC_OK;
}

/* Over TLS whose certificate was judged, and allows it. */
static bool may_carry(struct xr_http_leg *leg)
{
    struct xr_http *http = leg->call->http;
    struct curl_tlssessioninfo *tls = NULL;

    if (!curl_easy_getinfo(http->easy, CURLINFO_TLS_SSL_PTR, &tls) && tls && tls->internals)
        xr_tls_watch_finish(&http->watch, tls->internals);
    return xr_tls_watch_is_of(&http->watch, tls ? tls->internals : NULL) &&
           xr_tls_may_carry(http->watch.session, leg->call->request->ignore_trust);
}

/* The last moment before the first byte of the request: here policy says no. */
static int on_connected(void *arg, char *ip, char *local_ip, int port, int local_port)
{
    struct xr_http_leg *leg = arg;
    struct xr_http *http = leg->call->http;
    const struct xr_http_request *request = leg->call->request;
    struct xr_http_place here = { http->connections, local_port };

    (void)ip, (void)local_ip, (void)port;
    /* libcurl begins anew, several times, after a server that hung up: each could count as a wrong
     * password. */
    leg->hung_up = leg->out && leg->once;
    if (leg->hung_up)
        return CURL_PREREQFUNC_ABORT;
    if (!request->url->https)
        return request->auth == XR_HTTP_ANONYMOUS ? wait_for_turn(leg) : CURL_PREREQFUNC_ABORT;
    leg->stopped = !may_carry(leg);
    leg->misplaced = !leg->stopped && is_misplaced(leg, here);
    if (leg->stopped || leg->misplaced)
        return CURL_PREREQFUNC_ABORT;
    http->place = here;
    http->used_for_logon |= leg->authorization != NULL;
    return wait_for_turn(leg);
}

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct xr_http_leg *leg = arg;
    int *given = leg->call->request->fd, fd = *given;

    (void)purpose;
    *given = -1;
    leg->adopted = fd >= 0;
    return fd >= 0 ? fd
                   : socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    const struct xr_http_leg *leg = arg;

    (void)fd, (void)purpose;
    return leg->adopted ? CURL_SOCKOPT_ALREADY_CONNECTED : CURL_SOCKOPT_OK;
}

static void set_socket(CURL *easy, struct xr_http_leg *leg)
{
    if (!leg->call->request->fd)
        return;
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, leg);
    (void)curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
    (void)curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, leg);
}

static void set_callbacks(CURL *easy, struct xr_http_leg *leg)
{
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, leg);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, leg);
    if (!leg->call->request->repeated) {
        (void)curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);
        (void)curl_easy_setopt(easy, CURLOPT_DEBUGDATA, leg);
        (void)curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    }
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFODATA, leg);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, leg);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, leg);
    set_socket(easy, leg);
}

static void set_request(CURL *easy, const struct xr_http_leg *leg, struct curl_slist *headers)
{
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    if (leg->body) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(leg->body));
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, leg->body);
    }
    (void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, leg->call->request->method);
}

static bool is_neutral(const struct xr_header *header)
{
    return xr_same(header->name, "Content-Type") || xr_same(header->name, "Accept");
}

static struct curl_slist *header_list(const struct xr_http_leg *leg)
{
    const struct xr_header *header = leg->call->request->headers;
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");

    for (; header; header = header->next)
        if (!leg->neutral || is_neutral(header))
            list = curl_slist_append(
                list, xr_printf(leg->call->arena, "%s: %s", header->name, header->value));
    return leg->authorization ? curl_slist_append(list, leg->authorization) : list;
}

/* Drives the transfer until it ends or time is up. XR_TIME_LEFT: it ended, *ret_code says how. */
static enum xr_time_state drive(
    struct xr_http *http, struct xr_deadline deadline, CURLcode *ret_code)
{
    int running = 1, left;

    (void)curl_multi_add_handle(http->multi, http->easy);
    enum xr_time_state state = xr_time_state(deadline);
    while (state == XR_TIME_LEFT) {
        CURLMcode code = curl_multi_perform(http->multi, &running);
        if (code || !running)
            break;
        (void)curl_multi_poll(http->multi, NULL, 0, xr_tick_ms(deadline), NULL);
        state = xr_time_state(deadline);
    }
    *ret_code = CURLE_OK;
    for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left));)
        *ret_code = message->data.result;
    (void)curl_multi_remove_handle(http->multi, http->easy);
    return state;
}

static const char *captured(struct xr_arena *arena, const char *bytes, size_t length)
{
    if (!length)
        return NULL;
    return xr_utf8(arena, bytes, length < XR_CAPTURED_BODY_MAX ? length : XR_CAPTURED_BODY_MAX);
}

/* It may hold what the server told before: an id that is scrubbed in no request. */
static const char *captured_request(const struct xr_http_leg *leg)
{
    struct xr_arena *arena = leg->call->arena;
    char *copy = leg->body ? xr_strdup(arena, leg->body) : NULL;

    if (!copy)
        return NULL;
    xr_scrub(leg->call->http->setup.scrubber, copy, strlen(copy));
    return captured(arena, copy, strlen(copy));
}

/* A leg that did not go out must not take the place of one that did. */
static void capture(const struct xr_http_leg *leg)
{
    struct xr_http_call *call = leg->call;

    if (call->request->repeated || (call->exchange && !leg->out))
        return;
    struct xr_exchange *exchange = xr_new(call->arena, struct xr_exchange);
    const struct xr_buf *answer = &call->http->body;
    struct xr_header **end = &exchange->response_headers;

    *exchange = (struct xr_exchange){
        .method = call->request->method,
        .url = call->request->url->text,
        .status = call->status,
        .request_headers = leg->sent,
        .request_body = captured_request(leg),
        .response_body = captured(call->arena, answer->at, answer->length),
        .timings = xr_http_timings(call->http->easy),
    };
    for (const struct xr_header *header = leg->received; header; header = header->next) {
        *end = xr_redacted_header(call->arena, header);
        end = &(*end)->next;
    }
    call->exchange = exchange;
}

static const struct xr_err *outcome(
    const struct xr_http_leg *leg, enum xr_time_state state, CURLcode code)
{
    const struct xr_http_call *call = leg->call;
    const struct xr_http *http = call->http;

    if (leg->stopped)
        return xr_http_untrusted_err(call->arena, http->watch.session, call->request->ignore_trust);
    if (leg->hung_up)
        return xr_http_lost_err(call->arena, leg->authorization || leg->proves);
    if (leg->misplaced)
        return xr_err(call->arena, XR_FAULT_LOGON_CONNECTION, 0,
            "the connection was closed behind the server's challenge, and no other one can take "
            "the answer to it: no password was tried");
    if (call->too_large)
        return xr_http_large_err(call->arena, has_too_many_headers(call));
    if (state != XR_TIME_LEFT)
        return xr_http_time_err(call->arena, state, leg->answered);
    if (code && http->watch.guard.flood)
        return xr_err(
            call->arena, XR_FAULT_TLS_HANDSHAKE, (int)code, "%s", http->watch.guard.flood);
    if (code && http->watch.guard.hello_requests)
        return xr_err(call->arena, XR_FAULT_TLS_CLIENT_CERTIFICATE, (int)code,
            "behind the request the server asks for a new TLS handshake, which IIS does to demand "
            "a "
            "certificate of the client, and ends the connection without one");
    if (code)
        return xr_http_curl_err(call->arena, http->easy, code);
    return call->status >= FIRST_STATUS
               ? NULL
               : xr_err(call->arena, XR_FAULT_HTTP_BROKEN, 0, "the answer has no status line");
}

/* What the server echoes of a proof lets whoever reads the report guess the password. */
static void scrub_body(struct xr_http *http)
{
    xr_http_forget_raw(http);
    (void)xr_buf_add(&http->raw, http->body.at, http->body.length);
    xr_scrub(http->setup.scrubber, http->body.at, http->body.length);
    if (!memcmp(http->raw.at, http->body.at, http->body.length))
        xr_http_forget_raw(http);
}

const struct xr_err *xr_http_go(struct xr_http_call *call, struct xr_http_leg *leg)
{
    struct xr_http *http = call->http;
    CURLcode code;
    long status = 0;

    leg->call = call;
    leg->received_end = &leg->received;
    if (leg->proof)
        xr_proofs_add(http->proofs, leg->proof, leg->proof_length);
    if (leg->fresh)
        xr_http_hang_up(http);
    xr_auto_slist *headers = header_list(leg);
    xr_buf_clear(&http->body);
    set_callbacks(http->easy, leg);
    set_request(http->easy, leg, headers);
    enum xr_time_state state = drive(http, call->deadline, &code);
    if (code == CURLE_ABORTED_BY_CALLBACK || (code && http->watch.guard.late))
        state = xr_time_state(call->deadline);
    (void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
    call->status = (int)status;
    call->received = leg->received;
    call->challenges = leg->challenges;
    scrub_body(http);
    capture(leg);
    return outcome(leg, state, code);
}
