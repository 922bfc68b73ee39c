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
    bool changes;      /* see struct xr_http_request */
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
/* The next such scheme behind this one of the list, without a word about it. XR_AUTH_NONE: none. */
enum xr_auth xr_next_auth(
    const struct xr_ctx *ctx, const struct xr_challenge *challenge, enum xr_auth behind);
/* The list names it, the server offers it, and there is what it needs. */
bool xr_may_use(const struct xr_ctx *ctx, const struct xr_challenge *challenge, enum xr_auth auth);

/* It sends a proof of the password, or the password itself. */
bool xr_auth_is_by_password(enum xr_auth auth);

/* A secret of the run stands in the text: as it is, or as it may be sent. */
bool xr_shows_secret(const struct xr_ctx *ctx, const char *text);

/* To a credential: 401, or what says that the account is blocked (456) or its password too old
 * (457; MS-ASHTTP 2.2.2.1.1). */
bool xr_is_refusal(const struct xr_http_response *response);

/*
 * It shows what became of the credential that the request took along. A device in front may answer
 * anything to a wrong password, and count it all the same. Only Exchange says 401 to it: its other
 * answers come from behind the logon.
 */
bool xr_is_clear(const struct xr_http_response *response);

/* ---- refusals: logon_refused.c ---- */

/* What became of the requests that were made while leg->attempt pointed here. */
struct xr_attempt {
    const struct xr_err *err;         /* of the last one */
    bool proved;                      /* one of them took a credential along */
    bool clear;                       /* the last one's answer shows what became of it */
    bool refused;                     /* 401 to it: no verdict yet */
    struct xr_http_response response; /* of the refusal; until the handle's next request */
};

/* Such an answer closes the gate for the whole run and sets the verdict. */
enum xr_status xr_refused(struct xr_ctx *ctx, struct xr_step *step, enum xr_auth auth,
    const struct xr_http_response *response);
/* The same for a request that did not go to the EWS address; what was seen on the leg counts. */
enum xr_status xr_refused_on(struct xr_ctx *ctx, const struct xr_leg *leg, struct xr_step *step,
    enum xr_auth auth, const struct xr_http_response *response);

/* The request came to nothing on the wire. What says that the credential was refused all the same,
 * by a Kerberos server, closes the gate as well. */
enum xr_status xr_ask_failed(struct xr_ctx *ctx, struct xr_step *step, const struct xr_err *err);
/* No ticket could be had: for reasons that say nothing about the account; or because a Kerberos
 * server refused the account or its password. */
bool xr_is_refused_by_kdc(const struct xr_err *err);
/* None could be had, and no proof of the password went out in vain: the next scheme may be tried.
 */
bool xr_is_without_ticket(const struct xr_ctx *ctx, const struct xr_err *err);

#endif
