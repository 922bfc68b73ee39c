#ifndef XR_AUTODISCOVER_PARTS_H
#define XR_AUTODISCOVER_PARTS_H

#include "analyzer/wire/microsoft_365.h"
#include "analyzer/wire/user_settings.h"
#include "probes/discovery.h"

/* What the files of the probe autodiscover share; for probes/autodiscover*.c alone. */

/* What an answer says, whichever protocol it came by; NULL: not told. */
struct xr_said {
    const char *external_ews, *internal_ews, *exhttp_ews, *interop_ews;
    const char *external_owa, *internal_owa;
    const char *ews_url; /* the one for a client outside, else the internal one */
    bool is_internal;
    const char *smtp_address, *display_name, *server_version, *online;
};

struct xr_discovery {
    struct xr_ctx *ctx;
    struct xr_step *step;           /* of the probe */
    const char *address;            /* asked for now; another one after redirectAddr */
    const char *domain;             /* of it */
    const char *asked[XR_HOPS_MAX]; /* addresses and URLs that answers named */
    const struct xr_method *asked_by[XR_HOPS_MAX]; /* NULL: an address, for all ways */
    int hops;
    struct xr_method *methods;  /* of this round, by enum xr_way */
    struct xr_method *furthest; /* of the failed ones */
    struct xr_method *telling;  /* a host that is there, but could not be trusted or spoken to */
    struct xr_method *cut;      /* ended by our side: time or a signal */
    struct xr_method *winner;
    const struct xr_method *waiting;    /* without an account: a service that could be asked */
    const char *next_address;           /* redirectAddr: start again with this one */
    struct xr_said said;                /* the winner's */
    enum xr_auth auth;                  /* that the last question was asked with */
    const char *disagreement;           /* of POX and SOAP; a phrase, or NULL */
    const struct xr_step *soap_failure; /* SOAP failed where POX answered; or NULL */
    const char *unclear_in;       /* the step in which a credential got no clear answer; or NULL */
    const struct xr_cloud *cloud; /* where the domain's mail is, by what names tell */
    bool cloud_is_sure;           /* not by the MX record alone: that may be a filter for mail */
};

/* ---- autodiscover_ask.c: behind the logon ---- */

/* Asks the place that the method found, and those that the answers lead to. Ends with the method's
 * verdict, a winner, or another address to ask for. */
void xr_discovery_ask(struct xr_discovery *discovery, struct xr_method *method);
/* The URL that was said becomes the one of EWS, and the method the winner. */
void xr_discovery_use(
    struct xr_discovery *discovery, struct xr_method *method, const struct xr_said *said);
/* Ways that wait side by side take no longer than the one that waits most. */
void xr_note_pauses(struct xr_discovery *discovery, const struct xr_method *method);
/* ---- autodiscover_soap.c, autodiscover_pox.c: one question ---- */

/* What became of a question, in rising weight: the weightier answer of the two protocols counts. */
enum xr_told_kind {
    XR_TOLD_UNASKED,
    XR_TOLD_NOTHING, /* no usable answer: the other protocol may know more */
    XR_TOLD_NO,      /* a clear no: the address is not known, or the credentials were refused */
    XR_TOLD_URL,     /* ask there */
    XR_TOLD_ADDRESS, /* ask for this one */
    XR_TOLD_SETTINGS,
};

struct xr_told {
    enum xr_told_kind kind;
    enum xr_progress progress; /* of NOTHING and NO */
    const char *redirect;      /* of URL and ADDRESS, as sent */
    enum xr_named_by by;       /* of URL */
    const char *asked;         /* the URL that was asked */
    struct xr_step *step;      /* of the question; it has its verdict, but for URL and ADDRESS */
    struct xr_said said;       /* of SETTINGS */
    struct xr_fact_settings *fact; /* what is noted of it; NULL: nothing */
};

struct xr_told xr_ask_pox(struct xr_discovery *discovery, struct xr_method *method);
struct xr_told xr_ask_soap(struct xr_discovery *discovery, struct xr_method *method);

/* What both have in common: logs on, asks, and judges all but an answer of the protocol, which is
 * 200, and 500 where it answers with faults. false: *ret is complete. */
bool xr_ask_settings(struct xr_discovery *discovery, struct xr_method *method,
    struct xr_question *question, struct xr_http_response *response, struct xr_told *ret);
/* ret->step has its verdict. */
void xr_told_no(struct xr_told *ret, enum xr_told_kind kind, enum xr_progress progress);
/* The step tells what was said, with the EWS URL as its verdict; or that there is none. */
void xr_told_settings(struct xr_told *ret, struct xr_arena *arena);
/* Text out of an answer, without what the server echoes of the secret; NULL stays NULL. */
const char *xr_clean(
    struct xr_arena *arena, const struct xr_http_response *response, const char *text);
/* The same, also of what becomes of a host name in DNS. What shows the secret then is neither a URL
 * nor an address any more. */
const char *xr_clean_url(
    struct xr_arena *arena, const struct xr_http_response *response, const char *text);
const char *xr_clean_address(
    struct xr_arena *arena, const struct xr_http_response *response, const char *text);

/* ---- autodiscover_hints.c: without a logon ---- */

/* The DNS part of Microsoft 365, beside the other ways. */
void xr_find_cloud_records(struct xr_method *method);
/* What the records, the names and the redirects say, once all have ended. */
void xr_judge_cloud(struct xr_discovery *discovery);
void xr_ask_v2(struct xr_discovery *discovery, struct xr_method *method);
void xr_ask_cloud(struct xr_discovery *discovery, struct xr_method *method);

/* ---- autodiscover_facts.c ---- */

struct xr_fact_settings *xr_note_said(struct xr_discovery *discovery, const struct xr_step *step,
    const char *protocol, const struct xr_said *said);
void xr_note_method(struct xr_discovery *discovery, const struct xr_method *method);
void xr_note_home(struct xr_discovery *discovery);
/* In what two answers differ, as a sentence; NULL: in nothing that matters. */
const char *xr_disagreement(
    struct xr_arena *arena, const struct xr_said *pox, const struct xr_said *soap);

#endif
