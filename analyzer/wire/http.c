#include "analyzer/wire/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/text.h"
#include "analyzer/wire/capture.h"
#include "analyzer/wire/http_err.h"
#include "analyzer/wire/http_setup.h"
#include "analyzer/wire/http_timings.h"

enum { FIRST_STATUS = 100, SOAP_HEAD_MAX = 4096 };

struct xr_http {
    const struct xr_net *net;
    CURL *easy;
    CURLM *multi;
    struct xr_tls_watch watch; /* of the connection that this handle keeps */
    struct xr_http_setup setup;
    struct xr_buf body; /* of the last answer */
    bool accepted;      /* the server has taken the credential once: it is no wrong one */
};

/* One transfer. */
struct transfer {
    struct xr_http *http;
    struct xr_arena *arena;
    const struct xr_http_request *request;
    struct xr_deadline deadline;
    size_t header_bytes, header_lines;
    struct xr_header *sent, *received, **received_end;
    bool too_large, stopped, ntlm_begun, ntlm_asked_again;
    bool proved;  /* the credential went out: Basic, Bearer, or NTLM's third message */
    bool goes;    /* the request was let out */
    bool hung_up; /* the server closed the connection on it */
    bool adopted; /* the socket is the request's own, and connected */
    int legs;
};

static void slist_done(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

#define xr_auto_slist __attribute__((cleanup(slist_done))) struct curl_slist

struct xr_http *xr_http_new(const struct xr_net *net)
{
    struct xr_http *http = calloc(1, sizeof(*http));

    if (!http)
        abort();
    http->net = net;
    http->easy = curl_easy_init();
    http->multi = curl_multi_init();
    http->watch = (struct xr_tls_watch){ .net = net };
    if (!http->easy || !http->multi)
        abort();
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, 1L);
    xr_buf_init(&http->body, XR_HTTP_BODY_MAX);
    return http;
}

void xr_http_free(struct xr_http *http)
{
    if (!http)
        return;
    xr_http_setup_done(&http->setup, http->easy);
    xr_scrubber_free(http->setup.scrubber);
    curl_easy_cleanup(http->easy);
    (void)curl_multi_cleanup(http->multi);
    xr_buf_done(&http->body);
    xr_arena_free(http->watch.arena);
    free(http);
}

const char *xr_http_header(const struct xr_header *headers, const char *name)
{
    for (; headers; headers = headers->next)
        if (xr_same(headers->name, name))
            return headers->value;
    return NULL;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct transfer *transfer = arg;

    if (xr_buf_add(&transfer->http->body, bytes, size * n))
        return size * n;
    transfer->too_large = true;
    return 0;
}

static void begin_leg(struct transfer *transfer)
{
    transfer->received = NULL;
    transfer->received_end = &transfer->received;
    transfer->legs++;
    xr_buf_clear(&transfer->http->body);
}

/* libcurl would prove the password once more for every further challenge, and each proof of a wrong
 * one counts towards the lock-out of the account. */
static bool is_second_challenge(const struct transfer *transfer, const struct xr_header *header)
{
    return transfer->ntlm_begun && transfer->proved && xr_same(header->name, "WWW-Authenticate") &&
           xr_starts(header->value, "NTLM ");
}

static bool has_too_many_headers(const struct transfer *transfer)
{
    return transfer->header_bytes > XR_HTTP_HEADERS_MAX ||
           transfer->header_lines > XR_HTTP_HEADER_LINES_MAX;
}

/* Called for headers, interim answers and trailers alike: all of them count. */
static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct transfer *transfer = arg;
    size_t length = size * n;

    transfer->header_bytes += length;
    transfer->header_lines++;
    if (has_too_many_headers(transfer)) {
        transfer->too_large = true;
        return 0;
    }
    while (length && (bytes[length - 1] == '\r' || bytes[length - 1] == '\n'))
        length--;
    if (length > 5 && !strncmp(bytes, "HTTP/", 5)) { /* a new leg: what came before is history */
        begin_leg(transfer);
        return size * n;
    }
    xr_scrub(transfer->http->setup.scrubber, bytes, length);
    struct xr_header *header = xr_capture_header(transfer->arena, bytes, length);
    if (!header)
        return size * n;
    *transfer->received_end = header;
    transfer->received_end = &header->next;
    transfer->ntlm_asked_again |= is_second_challenge(transfer, header);
    return transfer->ntlm_asked_again ? 0 : size * n;
}

static void capture_request(struct transfer *transfer, const char *bytes, size_t length)
{
    transfer->sent = NULL;
    while (length) {
        const char *end = memchr(bytes, '\n', length);
        size_t line = end ? (size_t)(end - bytes) : length;
        struct xr_header *header = xr_capture_header(transfer->arena, bytes, line);
        if (header)
            xr_header_add(&transfer->sent, xr_redacted_header(transfer->arena, header));
        length -= line + (end != NULL);
        bytes += line + (end != NULL);
    }
}

/* NTLM's third message alone proves the password (MS-NLMP 2.2.1.3); the heads are base64. */
static void watch_credential(struct transfer *transfer, const char *bytes, size_t length)
{
    static const char *const proofs[] = {
        [XR_HTTP_BASIC] = "\nAuthorization: Basic ",
        [XR_HTTP_NTLM] = "\nAuthorization: NTLM TlRMTVNTUAAD",
        [XR_HTTP_BEARER] = "\nAuthorization: Bearer ",
    };
    static const char first[] = "\nAuthorization: NTLM TlRMTVNTUAAB";
    enum xr_http_auth auth = transfer->request->auth;
    const char *proof = auth < sizeof(proofs) / sizeof(*proofs) ? proofs[auth] : NULL;

    transfer->ntlm_begun |= memmem(bytes, length, first, sizeof(first) - 1) != NULL;
    transfer->proved |= proof && memmem(bytes, length, proof, strlen(proof));
}

static int on_debug(CURL *easy, curl_infotype type, char *bytes, size_t length, void *arg)
{
    struct transfer *transfer = arg;
    const char *line_end = memchr(bytes, '\n', length);

    (void)easy;
    if (type != CURLINFO_HEADER_OUT || !line_end)
        return 0;
    size_t first =
        (size_t)(line_end - bytes) + 1; /* the request line has a colon in its URL at times */
    if (!transfer->request->repeated)
        capture_request(transfer, bytes + first, length - first);
    watch_credential(transfer, bytes, length);
    return 0;
}

/* With its first bytes, not after a challenge. */
static bool sends_secret_at_once(const struct xr_http_request *request)
{
    return request->auth == XR_HTTP_BASIC || request->auth == XR_HTTP_BEARER;
}

/* Inside of libcurl, where a proxy can keep it busy for ever: its answer to CONNECT is read in a
 * loop that ends with the bytes. */
static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up, curl_off_t sent)
{
    const struct transfer *transfer = arg;

    (void)total, (void)now, (void)up, (void)sent;
    return xr_time_state(transfer->deadline) != XR_TIME_LEFT;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *arg)
{
    const struct transfer *transfer = arg;
    struct xr_tls_watch *watch = &transfer->http->watch;

    (void)easy;
    xr_arena_free(watch->arena); /* of the connection before; this one may outlive the transfer */
    watch->arena = xr_arena_new();
    watch->host = xr_strdup(watch->arena, transfer->request->url->host);
    xr_tls_watch_attach(ssl_ctx, watch);
    return CURLE_OK;
}

static int wait_for_turn(struct transfer *transfer)
{
    const struct xr_http_gate *gate = transfer->request->gate;
    bool goes = !gate || gate->open(gate->arg);

    transfer->goes = transfer->goes || goes;
    return goes ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* The last moment before the first byte of the request: here policy says no. */
static int on_connected(void *arg, char *ip, char *local_ip, int port, int local_port)
{
    struct transfer *transfer = arg;
    struct xr_tls_watch *watch = &transfer->http->watch;
    struct curl_tlssessioninfo *tls = NULL;

    (void)ip, (void)local_ip, (void)port, (void)local_port;
    /* libcurl begins anew, several times, after a server that hung up: each could count as a wrong
     * password. One that was taken before is none. */
    if (transfer->proved && !transfer->http->accepted) {
        transfer->hung_up = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (!transfer->request->url->https)
        return transfer->request->auth == XR_HTTP_ANONYMOUS ? wait_for_turn(transfer)
                                                            : CURL_PREREQFUNC_ABORT;
    if (!curl_easy_getinfo(transfer->http->easy, CURLINFO_TLS_SSL_PTR, &tls) && tls &&
        tls->internals)
        xr_tls_watch_finish(watch, tls->internals);
    if (xr_tls_watch_is_of(watch, tls ? tls->internals : NULL) &&
        xr_tls_may_carry(watch->session, transfer->request->ignore_trust)) {
        int turn = wait_for_turn(transfer);
        transfer->proved |= turn == CURL_PREREQFUNC_OK && sends_secret_at_once(transfer->request);
        return turn;
    }
    transfer->stopped = true;
    return CURL_PREREQFUNC_ABORT;
}

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = arg;
    int *given = transfer->request->fd, fd = *given;

    (void)purpose;
    *given = -1;
    transfer->adopted = fd >= 0;
    return fd >= 0 ? fd
                   : socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    const struct transfer *transfer = arg;

    (void)fd, (void)purpose;
    return transfer->adopted ? CURL_SOCKOPT_ALREADY_CONNECTED : CURL_SOCKOPT_OK;
}

static void set_socket(CURL *easy, struct transfer *transfer)
{
    if (!transfer->request->fd)
        return;
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
    (void)curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, transfer);
}

static void set_callbacks(CURL *easy, struct transfer *transfer)
{
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    if (!sends_secret_at_once(transfer->request) || !transfer->request->repeated) {
        (void)curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);
        (void)curl_easy_setopt(easy, CURLOPT_DEBUGDATA, transfer);
        (void)curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    }
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    set_socket(easy, transfer);
}

static struct curl_slist *header_list(struct xr_arena *arena, const struct xr_header *headers)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");

    for (; headers; headers = headers->next)
        list = curl_slist_append(list, xr_printf(arena, "%s: %s", headers->name, headers->value));
    return list;
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

static struct xr_exchange *capture(struct transfer *transfer, int status)
{
    if (transfer->request->repeated)
        return NULL;
    struct xr_exchange *exchange = xr_new(transfer->arena, struct xr_exchange);
    const char *body = transfer->request->body;
    const struct xr_buf *answer = &transfer->http->body;
    struct xr_header **end = &exchange->response_headers;

    *exchange = (struct xr_exchange){
        .method = transfer->request->method,
        .url = transfer->request->url->text,
        .status = status,
        .request_headers = transfer->sent,
        .request_body = body ? captured(transfer->arena, body, strlen(body)) : NULL,
        .response_body = captured(transfer->arena, answer->at, answer->length),
        .timings = xr_http_timings(transfer->http->easy),
    };
    for (const struct xr_header *header = transfer->received; header; header = header->next) {
        *end = xr_redacted_header(transfer->arena, header);
        end = &(*end)->next;
    }
    return exchange;
}

/* native: the enum xr_flaw that forbids it. */
static const struct xr_err *untrusted(const struct transfer *transfer)
{
    const struct xr_tls_session *session = transfer->http->watch.session;
    const struct xr_tls_flaw *flaw = session ? session->flaws : NULL;
    bool ignore = transfer->request->ignore_trust;

    while (flaw && (xr_flaw_is_mild(flaw->flaw) || (ignore && xr_flaw_is_trust(flaw->flaw))))
        flaw = flaw->next;
    return xr_err(transfer->arena, XR_FAULT_TLS_UNTRUSTED,
        flaw ? (int)flaw->flaw : XR_FLAW_UNTRUSTED_ROOT,
        "nothing was sent over this connection: %s",
        flaw ? flaw->text : "its certificate was not judged");
}

static const struct xr_err *outcome(
    struct transfer *transfer, enum xr_time_state state, CURLcode code)
{
    struct xr_arena *arena = transfer->arena;

    if (transfer->stopped)
        return untrusted(transfer);
    if (transfer->hung_up)
        return xr_err(arena, XR_FAULT_HTTP_BROKEN, 0,
            "the server closed the connection on the credentials, which are not sent twice");
    if (transfer->too_large && has_too_many_headers(transfer))
        return xr_err(arena, XR_FAULT_HTTP_TOO_LARGE, 0,
            "the answer has more than %d lines or %d bytes of headers", XR_HTTP_HEADER_LINES_MAX,
            XR_HTTP_HEADERS_MAX);
    if (transfer->too_large)
        return xr_err(arena, XR_FAULT_HTTP_TOO_LARGE, 0, "the answer has more than %d bytes",
            XR_HTTP_BODY_MAX);
    if (transfer->ntlm_asked_again) /* a refusal like any other */
        return NULL;
    if (state != XR_TIME_LEFT)
        return xr_http_time_err(arena, state, transfer->legs > 0);
    if (code && transfer->http->watch.guard.flood)
        return xr_err(
            arena, XR_FAULT_TLS_HANDSHAKE, (int)code, "%s", transfer->http->watch.guard.flood);
    return code ? xr_http_curl_err(arena, transfer->http->easy, code) : NULL;
}

/* Exchange answers 500 to whom it has let in too, but then with a SOAP fault; 500 with anything
 * else may come from what stands before the check of the credential. */
static bool is_soap(const struct xr_buf *body)
{
    static const char *const heads[] = { "<Envelope", ":Envelope" };
    static const char bom[] = "\xef\xbb\xbf";
    size_t length = body->length < SOAP_HEAD_MAX ? body->length : SOAP_HEAD_MAX;
    size_t from = length >= 3 && !memcmp(body->at, bom, 3) ? 3 : 0;

    while (from < length && strchr(" \t\r\n", body->at[from]) && body->at[from])
        from++;
    if (from == length || body->at[from] != '<')
        return false;
    return memmem(body->at, length, heads[0], strlen(heads[0])) ||
           memmem(body->at, length, heads[1], strlen(heads[1]));
}

static void transfer_done(struct transfer *transfer)
{
    if (!transfer->request->repeated)
        xr_http_setup_done(&transfer->http->setup, transfer->http->easy);
}

const struct xr_err *xr_http_perform(struct xr_http *http, struct xr_arena *arena,
    const struct xr_http_request *request, struct xr_deadline deadline, struct xr_http_trace *trace,
    struct xr_http_response *ret)
{
    __attribute__((cleanup(transfer_done))) struct transfer transfer = {
        .http = http,
        .arena = arena,
        .request = request,
        .deadline = deadline,
    };
    xr_auto_slist *headers = header_list(arena, request->headers);
    CURL *easy = http->easy;
    CURLcode code;
    long status = 0;

    transfer.received_end = &transfer.received;
    http->watch.guard.deadline = deadline;
    xr_buf_clear(&http->body);
    if (!http->setup.ready)
        xr_http_setup(&http->setup, easy, arena, http->net, request);
    set_callbacks(easy, &transfer);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    if (request->body) {
        (void)curl_easy_setopt(
            easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->body));
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    }
    (void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    enum xr_time_state state = drive(http, deadline, &code);
    if (code == CURLE_ABORTED_BY_CALLBACK || (code && http->watch.guard.late))
        state = xr_time_state(deadline);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    xr_scrub(http->setup.scrubber, http->body.at, http->body.length);
    bool unanswered = transfer.ntlm_begun && !transfer.proved;
    *trace = (struct xr_http_trace){ capture(&transfer, (int)status), http->watch.session,
        transfer.goes, unanswered, transfer.proved };
    const struct xr_err *err = outcome(&transfer, state, code);
    if (err)
        return err;
    if (transfer.proved)
        http->accepted = status == 200 || (status == 500 && is_soap(&http->body));
    *ret = (struct xr_http_response){ (int)status, transfer.received, http->body.at,
        http->body.length, unanswered, http->setup.scrubber };
    return status >= FIRST_STATUS
               ? NULL
               : xr_err(arena, XR_FAULT_HTTP_BROKEN, 0, "the answer has no status line");
}
