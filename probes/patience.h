#ifndef XR_PATIENCE_H
#define XR_PATIENCE_H

#include "probes/busy.h"
#include "probes/legs.h"

/*
 * Pauses for a server that asks to come again later: two per request, five per
 * run, and only while the run has the time for them and for one more request.
 */
struct xr_patience {
    const struct xr_leg *leg;
    enum xr_auth auth; /* of the last request */
    int64_t asked_us;  /* when it was begun */
    int tries;         /* answers that asked for a pause, so far */
};

enum xr_pause {
    XR_PAUSE_NONE,  /* the answer asks for none */
    XR_PAUSE_OVER,  /* waited: ask again */
    XR_PAUSE_STAYS, /* not waited; the step tells why */
    XR_PAUSE_CUT,   /* ended by time or a signal: the step has its verdict */
};

/*
 * Waits as long as it is asked to; the step's time begins anew then. Never in a
 * bulk check, which waits for all its users. harmless: a repetition proves no
 * password that may just have been counted as a wrong one.
 */
enum xr_pause xr_be_patient(struct xr_ctx *ctx, struct xr_step *step, struct xr_patience *patience,
    struct xr_busy busy, bool harmless);

/* The same for an answer by HTTP. */
enum xr_pause xr_pause_for(struct xr_ctx *ctx, struct xr_step *step, struct xr_patience *patience,
    const struct xr_http_response *response);

/* The verdict for an answer by HTTP that asks for a pause which was not taken; other answers keep
 * theirs. "at": "The EWS address". */
enum xr_status xr_throttled(
    struct xr_step *step, const char *at, const struct xr_http_response *response);

#endif
