#ifndef XR_ASK_H
#define XR_ASK_H

#include "probes/legs.h"

/* One HTTP request of a probe: sent over the leg's session, shown in the step, noted among what was
 * sent. */
struct xr_question {
    const char *method;
    const struct xr_url *url;
    const char *what; /* for "what was sent": "EWS request GetFolder" */
    const char *body; /* NULL: none */
    struct xr_header *headers;
    enum xr_auth auth; /* XR_AUTH_NONE: anonymous */
    bool faults;       /* 500 may be an answer: SOAP */
};

/* Errors of the wire only; every HTTP status is an answer. */
xr_must_check const struct xr_err *xr_ask(struct xr_leg *leg, struct xr_step *step,
    const struct xr_question *question, struct xr_http_response *ret);

/* The anonymous question that shows which schemes are offered. Carries no address. */
xr_must_check const struct xr_err *xr_ask_anonymously(struct xr_leg *leg, struct xr_step *step,
    const struct xr_url *url, struct xr_http_response *ret);

/*
 * The first scheme of the target's list that the server offers and that policy
 * allows over this leg. XR_AUTH_NONE: the step has its verdict.
 */
enum xr_auth xr_choose_auth(
    const struct xr_ctx *ctx, struct xr_step *step, const struct xr_challenge *challenge);

/* A secret of the run stands in the text: as it is, or as it may be sent. */
bool xr_shows_secret(const struct xr_ctx *ctx, const char *text);

/* To a credential: 401, or what says that the account is blocked (456) or its password too old
 * (457; MS-ASHTTP 2.2.2.1.1). */
bool xr_is_refusal(const struct xr_http_response *response);

/* Such an answer closes the gate for the whole run and sets the verdict. */
enum xr_status xr_refused(struct xr_ctx *ctx, struct xr_step *step, enum xr_auth auth,
    const struct xr_http_response *response);

#endif
