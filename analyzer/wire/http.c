#include "analyzer/wire/http.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/http_err.h"
#include "analyzer/wire/http_leg.h"
#include "analyzer/wire/http_logon.h"

enum { SOAP_HEAD_MAX = 4096 };

struct xr_http *xr_http_new(const struct xr_net *net)
{
    struct xr_http *http = calloc(1, sizeof(*http));

    if (!http)
        abort();
    http->net = net;
    http->easy = curl_easy_init();
    http->watch = (struct xr_tls_watch){ .net = net };
    if (!http->easy)
        abort();
    xr_http_hang_up(http);
    xr_buf_init(&http->body, XR_HTTP_BODY_MAX);
    xr_buf_init(&http->raw, XR_HTTP_BODY_MAX);
    http->proofs = xr_proofs_new();
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
    xr_http_forget_raw(http);
    xr_buf_done(&http->raw);
    xr_proofs_free(http->proofs);
    xr_arena_free(http->watch.arena);
    free(http);
}

const char *xr_http_clean(const struct xr_http *http, struct xr_arena *arena, const char *text)
{
    char *copy = xr_strdup(arena, text);

    if (http && http->setup.scrubber)
        xr_scrub(http->setup.scrubber, copy, strlen(copy));
    return copy;
}

const char *xr_http_header(const struct xr_header *headers, const char *name)
{
    for (; headers; headers = headers->next)
        if (xr_same(headers->name, name))
            return headers->value;
    return NULL;
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

/* Everybody but NTLM and Negotiate: one leg. A credential that was taken before may go out again
 * after a hang-up: it is no wrong one. */
static const struct xr_err *directly(struct xr_http_call *call)
{
    const struct xr_http *http = call->http;
    enum xr_http_auth auth = call->request->auth;
    bool proves = auth == XR_HTTP_BASIC || auth == XR_HTTP_BEARER;
    struct xr_http_leg leg = {
        .body = call->request->body,
        .proves = proves,
        .once = (proves && !http->accepted) || call->request->changes,
        .fresh = http->used_for_logon,
    };

    if (auth == XR_HTTP_BASIC && http->unclear && !call->request->known_right)
        return xr_http_unclear_err(call->arena);
    return xr_http_go(call, &leg);
}

/* A password that was taken once, and not refused since, is no wrong one whatever comes back. */
static void note_proof(const struct xr_http_call *call, bool answered)
{
    struct xr_http *http = call->http;
    bool refused = answered && call->status == 401;
    enum xr_http_auth auth = call->request->auth;

    if (!call->proved)
        return;
    http->accepted =
        answered && (call->status == 200 || (call->status == 500 && is_soap(&http->body)));
    if (auth != XR_HTTP_BASIC && auth != XR_HTTP_NTLM)
        return;
    /* By NTLM only the next request over the connection shows it: 200 may hold "busy" as well. */
    bool taken = answered && call->status == 200 && auth == XR_HTTP_BASIC;
    http->taken = taken || (http->taken && !refused);
    http->unclear = !http->taken && !http->accepted && !refused;
}

static void call_done(struct xr_http_call *call)
{
    if (!call->request->repeated)
        xr_http_setup_done(&call->http->setup, call->http->easy);
}

const struct xr_err *xr_http_perform(struct xr_http *http, struct xr_arena *arena,
    const struct xr_http_request *request, struct xr_deadline deadline, struct xr_http_trace *trace,
    struct xr_http_response *ret)
{
    static const struct xr_err *(*const ways[])(struct xr_http_call *) = {
        [XR_HTTP_ANONYMOUS] = directly,
        [XR_HTTP_BASIC] = directly,
        [XR_HTTP_NTLM] = xr_http_by_ntlm,
        [XR_HTTP_NEGOTIATE] = xr_http_by_negotiate,
        [XR_HTTP_BEARER] = directly,
    };
    __attribute__((cleanup(call_done))) struct xr_http_call call = {
        .http = http,
        .arena = arena,
        .request = request,
        .deadline = deadline,
    };

    http->watch.guard.deadline = deadline;
    if (!http->setup.ready)
        xr_http_setup(&http->setup, http->easy, arena, http->net, request);
    xr_scrubber_proofs(http->setup.scrubber, http->proofs);
    const struct xr_err *err = ways[request->auth](&call);
    bool unanswered = call.ntlm_begun && !call.proved;
    *trace = (struct xr_http_trace){ call.exchange, http->watch.session, call.goes, unanswered,
        call.proved, call.logon };
    note_proof(&call, !err);
    if (err)
        return err;
    *ret = (struct xr_http_response){ call.status, call.received, http->body.at, http->body.length,
        http->raw.length ? http->raw.at : NULL, unanswered, call.unasked, http->setup.scrubber };
    return NULL;
}
