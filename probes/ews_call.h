#ifndef XR_EWS_CALL_H
#define XR_EWS_CALL_H

#include "analyzer/wire/ews.h"
#include "probes/ask.h"

enum xr_ews_operation {
    XR_EWS_GET_FOLDER,
    XR_EWS_RESOLVE_NAMES,
};

/* One EWS request as the probes see it. */
struct xr_ews_call {
    enum xr_ews_operation operation;
    bool impersonate;            /* as the target's form says */
    struct xr_ews_folder folder; /* GetFolder */
    const char *address;         /* ResolveNames */
    const char *anchor;          /* X-AnchorMailbox: the mailbox that is opened */
};

/*
 * Sends it as the account, over the session that was judged, stepping down the
 * RequestServerVersion where an old server asks for it. true: *ret holds the
 * answer, which may be an EWS error. false: the step has its verdict.
 */
bool xr_ews_call(struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_call *call,
    struct xr_ews_reply *ret);

/* The verdict for an EWS error code, from the table in analyzer/model/ews_codes.def. */
enum xr_status xr_ews_error(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply);

#endif
