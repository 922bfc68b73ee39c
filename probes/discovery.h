#ifndef XR_DISCOVERY_H
#define XR_DISCOVERY_H

#include "analyzer/wire/autodiscover.h"
#include "analyzer/wire/microsoft_365.h"
#include "probes/ask.h"
#include "probes/policy.h"
#include "probes/race.h"

/*
 * One way to find the Autodiscover service for a mail domain (MS-OXDISCO; PROTOCOL facts 1.4). The
 * anonymous part, xr_method_prepare(), runs beside the other ways; the credentialed part comes one
 * at a time.
 */

/* How far a method got, in rising order; the verdict follows the one that got furthest. */
enum xr_progress {
    XR_GOT_NOTHING,
    XR_GOT_NAME,      /* resolved */
    XR_GOT_CONNECTED, /* TCP */
    XR_GOT_WEB,       /* something answered, but no discovery service */
    XR_GOT_SERVICE,   /* a discovery service answered: a redirect, a challenge that leads nowhere,
                         nonsense */
    XR_GOT_ANSWER,    /* it answered the question, or refused the credentials */
    XR_GOT_URL,
};

/* Microsoft's own client stops after ten redirections (PROTOCOL facts 1.5). */
enum { XR_HOPS_MAX = 10, XR_LEGS_MAX = 2 * XR_HOPS_MAX + 2 };

struct xr_method {
    enum xr_way way;
    struct xr_ctx own; /* the run's context as this method may use it while others run beside it */
    struct xr_arena *arena;
    struct xr_step *step;
    const char *domain;
    struct xr_race *race;             /* in which it waits for its turn; NULL: it need not */
    struct xr_http_gate gate;         /* there it waits */
    int64_t turn_us;                  /* when it came; 0: not yet */
    struct xr_leg *legs[XR_LEGS_MAX]; /* the method's own host, and the places that were named */
    size_t legs_n;
    struct xr_leg *ready; /* may be asked with credentials; NULL: not */
    struct xr_url url;    /* where to ask */
    struct xr_challenge challenge;
    bool speaks_soap;                 /* the host says so (X-SOAP-Enabled), or has nothing else */
    const char *visited[XR_HOPS_MAX]; /* by HTTP redirects, before the logon */
    size_t visited_n;
    const struct xr_cloud *cloud; /* that a record names */
    bool cloud_by_mx;
    const char *cloud_because; /* a phrase */
    struct xr_sent *sent;      /* what went out beside the legs: questions for records */
    enum xr_progress progress;
    const char *led_to; /* the EWS URL, when it came so far */
};

/* Makes the method's step, id "PREFIX.root", not yet attached to a parent; domain: the mail domain.
 */
void xr_method_init(struct xr_method *method, enum xr_way way, const struct xr_ctx *ctx,
    const char *prefix, const char *domain);
/* Everything that needs no credential: DNS, TCP, TLS, the anonymous question. Of root, host,
 * redirect and srv. */
void xr_method_prepare(struct xr_method *method);
/* The URL that an answer of "base" names (base NULL: it must be absolute). NULL, or why it is none:
 * a phrase. One is none that shows a secret, which wide letters may do only when they are made
 * ready for DNS. */
const char *xr_method_resolve(const struct xr_method *method, const struct xr_url *base,
    const char *reference, struct xr_url *ret);
/* Goes on to another place on behalf of the method, named by an answer; false: it may not or
 * cannot. suffix: "target", of the step. */
bool xr_method_follow(
    struct xr_method *method, const struct xr_url *to, enum xr_named_by by, const char *suffix);
void xr_method_done(struct xr_method *method);

/* A child step, id "METHOD.SUFFIX" ("METHOD.SUFFIX-2" and so on when it is there already). */
struct xr_step *xr_method_place(struct xr_method *method, const char *suffix, const char *title);
/* A leg of its own below "step", not connected yet. */
struct xr_leg *xr_method_leg(
    struct xr_method *method, struct xr_step *step, const char *host, uint16_t port);
/* The place that is ready answers SOAP alone. */
bool xr_method_is_soap(const struct xr_method *method);
/* The answer to the anonymous question is none of Autodiscover's: a verdict, unless SOAP helps. */
void xr_method_no_service(struct xr_method *method, struct xr_leg *leg, const struct xr_url *url,
    const struct xr_http_response *response);
/* The answer shows that a service is there whose application pool is stopped, or that asks for a
 * pause. At the bare domain it shows nothing: that is mostly a web site. */
bool xr_met_stopped_service(const struct xr_method *method, const struct xr_leg *leg);
/* Is SOAP, or POX, to be asked at all? */
bool xr_method_may(const struct xr_method *method, enum xr_way protocol);
/* The anonymous question, and what follows from its answer: ready, a redirect, or a verdict. */
void xr_method_ask_anonymously(
    struct xr_method *method, struct xr_leg *leg, const struct xr_url *url);
/* DNS and TCP of a leg, then a request over that very connection; it also agrees on TLS. question
 * NULL: the anonymous one. NULL: the method has its verdict; else the step of the request. */
bool xr_method_connect(struct xr_method *method, struct xr_leg *leg);
/* The same without TLS in it; the NULL-ended lists name the steps that fall away when DNS, or TCP,
 * fails. */
bool xr_method_reach(struct xr_method *method, struct xr_leg *leg, const char *const *without_dns,
    const char *const *without_tcp);
struct xr_step *xr_method_request(struct xr_method *method, struct xr_leg *leg,
    const struct xr_url *url, const struct xr_question *question, struct xr_http_response *ret);
void xr_method_add_sent(struct xr_method *method, const char *to, const char *what);

/* The method's verdict, on its own step and so for the whole discovery. */
enum xr_status xr_method_fail(struct xr_method *method, enum xr_progress progress,
    enum xr_finding_code code, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Something else is tried: what failed stands below the step. */
void xr_method_forget(struct xr_method *method);
/* The same, taking over what a child step found. */
enum xr_status xr_method_fail_as(
    struct xr_method *method, enum xr_progress progress, const struct xr_step *child);

#endif
