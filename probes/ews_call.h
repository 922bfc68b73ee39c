#ifndef XR_EWS_CALL_H
#define XR_EWS_CALL_H

#include "analyzer/wire/ews.h"
#include "probes/ask.h"

/* One EWS request as the probes see it. */
struct xr_ews_call {
    struct xr_ews_request request;
    bool impersonate;   /* as the target's form says */
    const char *acting; /* instead of that: impersonate this SMTP address; NULL: nobody else */
    const char *anchor; /* X-AnchorMailbox: the mailbox that is opened */
};

/*
 * Sends it as the account, over the session that was judged, stepping down the
 * RequestServerVersion where an old server asks for it, and waiting for a busy
 * one (probes/patience.h). true: *ret holds the answer, which may be an EWS
 * error. false: the step has its verdict.
 */
bool xr_ews_call(struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_call *call,
    struct xr_ews_reply *ret);

/* The anonymous question to the EWS address, with the same patience. false: the step has its
 * verdict. */
bool xr_ews_ask_anonymously(struct xr_ctx *ctx, struct xr_step *step, struct xr_http_response *ret);

/* Ids of items and subscriptions are in a reply as the server gave them. This is what may be shown
 * of one; NULL stays NULL. */
const char *xr_ews_shown_id(const struct xr_ctx *ctx, const char *id);

/* The verdict for an EWS error code, from the table in analyzer/model/ews_codes.def. */
enum xr_status xr_ews_error(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply);

/*
 * Behind an accepted logon: adds ews.server-out-of-support to the step if Microsoft does not
 * support the server any more. Returns the worse of that and "status". Silent in a bulk check where
 * every user logs on by himself, since it would tell each of them.
 */
enum xr_status xr_ews_support(struct xr_ctx *ctx, struct xr_step *step, enum xr_status status);
/* The sentence that says so; NULL: it does, or nothing is known of the server. */
const char *xr_ews_support_ended(struct xr_arena *arena, const struct xr_facts *facts);

#endif
