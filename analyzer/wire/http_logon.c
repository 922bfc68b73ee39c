#include "analyzer/wire/http_logon.h"

#include <assert.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/base64.h"
#include "analyzer/wire/challenge.h"
#include "analyzer/wire/http_blob.h"
#include "analyzer/wire/http_err.h"
#include "analyzer/wire/http_ntlm.h"
#include "analyzer/wire/kerberos_error.h"

enum { OK = 200, UNAUTHORIZED = 401, AUTHORIZATION_MAX = 96 * 1024 };

static void proof_done(struct xr_buf *buf)
{
    explicit_bzero(buf->at, buf->capacity);
    xr_buf_done(buf);
}

/* What can be guessed from, or used once more. Overwritten when it goes out of sight. */
#define xr_auto_proof __attribute__((cleanup(proof_done))) struct xr_buf

/* "Authorization: NTLM TlRM..." */
static void put_authorization(
    struct xr_buf *to, const char *scheme, const void *message, size_t length)
{
    (void)xr_buf_printf(to, "Authorization: %s ", scheme);
    bool fits = xr_base64_encode(to, message, length);
    assert(fits); /* the limits of both messages are lower */
    (void)fits;
}

/* The message behind the scheme in the last answer, the first of several; NULL: none. */
static const char *blob_of(const struct xr_http_call *call, const char *scheme, size_t *ret_length)
{
    const char *blob = NULL;

    for (const struct xr_header *at = call->challenges; at; at = at->next) {
        size_t length;
        const char *found = xr_http_blob(at->value, scheme, &length);
        blob = found ? found : blob;
        *ret_length = found ? length : *ret_length;
    }
    return blob;
}

/* A request that only asks for a challenge takes nothing of the body along. */
static const char *no_body(const struct xr_http_call *call)
{
    return call->request->body ? "" : NULL;
}

/* ---- the connection that is logged on ---- */

static bool is_kept_for(const struct xr_http_kept *kept, const struct xr_http_request *request)
{
    return kept->auth == request->auth && kept->unbound == request->unbound;
}

/* A success is what shows that the proof was taken. Until then 401 is the answer to it: a device in
 * front may have said anything else before. */
static bool is_refusal_of_proof(struct xr_http_call *call)
{
    struct xr_http *http = call->http;

    if (call->status == OK) {
        http->taken = true;
        http->unclear = false;
    }
    if (call->status != UNAUTHORIZED || http->taken || call->request->known_right ||
        call->request->auth != XR_HTTP_NTLM)
        return false;
    call->proved = true;
    return true;
}

/* Over it, without a header. false: it is not there, or the server has forgotten it: the dialogue
 * is needed. */
static bool answers_without(struct xr_http_call *call, const struct xr_err **ret_err)
{
    struct xr_http *http = call->http;
    struct xr_http_kept *kept = &http->kept;
    struct xr_http_leg leg = { .body = call->request->body, .only = &kept->place };

    if (!kept->on || kept->every_request || !is_kept_for(kept, call->request) ||
        kept->place.connection != http->connections)
        return false;
    *ret_err = xr_http_go(call, &leg);
    kept->on = !*ret_err && !leg.closes && call->status != UNAUTHORIZED;
    if (leg.misplaced && leg.out && call->request->changes)
        *ret_err = xr_http_lost_err(call->arena, false);
    else if (leg.misplaced)
        return false;
    if (*ret_err || is_refusal_of_proof(call) || call->status != UNAUTHORIZED)
        return true;
    kept->every_request = call->request->auth == XR_HTTP_NEGOTIATE;
    return false;
}

/* Whether it is afterwards: leg is the one with the proof. */
static void keep(struct xr_http_call *call, const struct xr_http_leg *leg, bool taken)
{
    struct xr_http *http = call->http;
    const struct xr_http_request *request = call->request;
    bool every_request = is_kept_for(&http->kept, request) && http->kept.every_request;

    http->kept = (struct xr_http_kept){ .auth = request->auth, .unbound = request->unbound };
    if (!taken)
        return;
    http->kept.on = !leg->closes;
    http->kept.every_request = every_request;
    http->kept.place = http->place;
}

/* ---- what goes out ---- */

/* To the connection that the last leg went over. NULL: unbound. */
static const struct xr_ntlm_binding *bind_to(
    const struct xr_http_call *call, struct xr_ntlm_binding *ret)
{
    const struct xr_certificate *leaf = call->http->watch.session->certificates;
    struct xr_http_logon *logon = call->logon;

    if (call->request->unbound)
        return NULL;
    logon->why_unbound = "the server's certificate was not kept";
    if (!leaf || !xr_ntlm_binding(call->arena, leaf->der, ret, &logon->why_unbound))
        return NULL;
    logon->disputed = ret->is_disputed;
    logon->why_unbound = NULL;
    return ret;
}

static int error_in(const char *blob, size_t length)
{
    int code = 0;
    xr_auto_buf answer;

    xr_buf_init(&answer, AUTHORIZATION_MAX);
    if (xr_base64_decode(&answer, blob, length))
        code = xr_kerberos_error_code((const uint8_t *)answer.at, answer.length);
    return code > 0 ? code : 0;
}

/* The request proper, with its proof. */
static const struct xr_err *send_proof(
    struct xr_http_call *call, struct xr_http_leg *leg, bool bound, const char *scheme)
{
    struct xr_http_logon *logon = call->logon;
    size_t length;

    leg->body = call->request->body;
    leg->once = true;
    leg->only_leaf = xr_strdup(call->arena, call->http->watch.session->leaf_sha256);
    const struct xr_err *err = xr_http_go(call, leg);
    bool refused = !err && call->status == UNAUTHORIZED;
    logon->proof_sent = leg->out;
    logon->bound = leg->out && bound;
    const char *blob = refused ? blob_of(call, scheme, &length) : NULL;
    logon->challenged_again = blob && leg->proves;
    logon->server_answered_token = blob && !leg->proves;
    logon->kerberos_error = logon->server_answered_token ? error_in(blob, length) : 0;
    keep(call, leg, !err && !refused);
    return err;
}

static const struct xr_err *answer_challenge(
    struct xr_http_call *call, const char *blob, size_t length)
{
    const struct xr_http_place asked = call->http->place;
    struct xr_ntlm_binding binding;
    const struct xr_ntlm_binding *bound = bind_to(call, &binding);
    const struct xr_http_ntlm ntlm = { call->arena, call->request, call->http->setup.scrubber,
        bound, call->logon };
    xr_auto_proof message, authorization;

    xr_buf_init(&message, XR_NTLM_AUTHENTICATE_MAX);
    xr_buf_init(&authorization, AUTHORIZATION_MAX);
    const struct xr_err *err = xr_http_ntlm_answer(&ntlm, blob, length, &message);
    if (err)
        return err;
    struct xr_http_leg leg = { .proves = true, .only = &asked };
    put_authorization(&authorization, "NTLM", message.at, message.length);
    leg.proof = message.at;
    leg.proof_length = message.length;
    leg.authorization = authorization.at;
    return send_proof(call, &leg, bound != NULL, "NTLM");
}

const struct xr_err *xr_http_by_ntlm(struct xr_http_call *call)
{
    const struct xr_ntlm_message negotiate = xr_ntlm_negotiate();
    struct xr_http_leg first = { .body = no_body(call), .neutral = true };
    const struct xr_err *err;
    xr_auto_buf authorization;
    size_t length;

    xr_buf_init(&authorization, AUTHORIZATION_MAX);
    if (answers_without(call, &err))
        return err;
    call->logon = xr_new(call->arena, struct xr_http_logon);
    if (call->http->unclear && !call->request->known_right)
        return xr_http_unclear_err(call->arena);
    put_authorization(&authorization, "NTLM", negotiate.bytes, negotiate.length);
    first.authorization = authorization.at;
    first.fresh = call->http->used_for_logon;
    err = xr_http_go(call, &first);
    call->ntlm_begun = first.out;
    call->unasked = !err && call->status != UNAUTHORIZED;
    if (err || call->status != UNAUTHORIZED)
        return err;
    const char *blob = blob_of(call, "NTLM", &length);
    return blob ? answer_challenge(call, blob, length) : NULL;
}

/* ret: of the leg. */
static const struct xr_err *send_ticket(struct xr_http_call *call, bool *ret_misplaced)
{
    const struct xr_http_request *request = call->request;
    struct xr_ntlm_binding binding;
    const struct xr_ntlm_binding *bound = bind_to(call, &binding);
    struct xr_http_leg leg = { .proves = false };
    struct xr_kerberos_token token;
    xr_auto_proof authorization;

    *ret_misplaced = false;
    xr_buf_init(&authorization, AUTHORIZATION_MAX);
    const struct xr_err *err = xr_kerberos_token(request->kerberos, call->arena, request->url->host,
        bound ? bound->data : NULL, bound ? bound->data_length : 0, call->deadline, &token);
    if (err)
        return err;
    put_authorization(&authorization, "Negotiate", token.bytes, token.length);
    leg.proof = token.bytes;
    leg.proof_length = token.length;
    leg.authorization = authorization.at;
    err = send_proof(call, &leg, bound != NULL, "Negotiate");
    *ret_misplaced = leg.misplaced;
    return err;
}

static bool offers_negotiate(const struct xr_http_call *call)
{
    struct xr_challenge challenge;

    xr_challenge_parse(call->arena, call->received, &challenge);
    return challenge.negotiate;
}

const struct xr_err *xr_http_by_negotiate(struct xr_http_call *call)
{
    const struct xr_http_kept *kept = &call->http->kept;
    struct xr_http_leg first = { .body = no_body(call), .neutral = true };
    const struct xr_err *err;
    bool misplaced = true;

    assert(call->request->kerberos);
    if (answers_without(call, &err))
        return err;
    call->logon = xr_new(call->arena, struct xr_http_logon);
    if (kept->every_request && is_kept_for(kept, call->request) &&
        kept->place.connection == call->http->connections)
        err = send_ticket(call, &misplaced);
    if (!misplaced)
        return err;
    first.fresh = call->http->used_for_logon;
    err = xr_http_go(call, &first);
    call->unasked = !err && call->status != UNAUTHORIZED;
    if (err || call->status != UNAUTHORIZED || !offers_negotiate(call))
        return err;
    return send_ticket(call, &misplaced);
}
