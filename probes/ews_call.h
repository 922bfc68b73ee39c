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
 * RequestServerVersion where an old server asks for it. Where the server is busy
 * it waits as long as it is asked to and asks again, three times at most, while
 * the run has time for that: the step's time begins anew then. It does not in a
 * bulk check, which waits for all its users. true: *ret holds the answer, which
 * may be an EWS error. false: the step has its verdict.
 */
bool xr_ews_call(struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_call *call,
    struct xr_ews_reply *ret);

/* The verdict for an EWS error code, from the table in analyzer/model/ews_codes.def. */
enum xr_status xr_ews_error(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply);

/*
 * Behind an accepted logon: adds ews.server-out-of-support to the step if Microsoft does not
 * support the server any more. Returns the worse of that and "status". Silent in a bulk check where
 * every user logs on by himself, since it would tell each of them.
 */
enum xr_status xr_ews_support(struct xr_ctx *ctx, struct xr_step *step, enum xr_status status);

#endif
