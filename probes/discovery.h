#ifndef XR_DISCOVERY_H
#define XR_DISCOVERY_H

#include "analyzer/wire/autodiscover.h"
#include "probes/ask.h"

/*
 * One method of finding the Autodiscover service for a mail domain
 * (MS-OXDISCO; PROTOCOL facts 1.4). The anonymous part, xr_method_prepare(),
 * runs beside the other methods; the credentialed part comes one at a time.
 */
enum xr_method_kind {
    XR_METHOD_ROOT,     /* https://DOMAIN/autodiscover/autodiscover.xml */
    XR_METHOD_HOST,     /* https://autodiscover.DOMAIN/... */
    XR_METHOD_REDIRECT, /* http://autodiscover.DOMAIN/... names another place */
    XR_METHOD_SRV,      /* _autodiscover._tcp.DOMAIN names another host */
    XR_METHOD_COUNT
};

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

struct xr_method {
    enum xr_method_kind kind;
    const struct xr_ctx *ctx;
    struct xr_arena *arena;
    struct xr_step *step;
    const char *domain;
    struct xr_leg legs[2]; /* the method's own host, and the place that it names */
    size_t legs_n;
    struct xr_leg *ready; /* may be asked with credentials; NULL: not */
    struct xr_url url;    /* where to ask */
    struct xr_challenge challenge;
    struct xr_sent *sent; /* what went out beside the legs: the question for the record */
    enum xr_progress progress;
    const char *led_to; /* the EWS URL, when it came so far */
};

const char *xr_method_name(enum xr_method_kind kind); /* "root", "host", "redirect", "srv" */

/* Makes the method's step, id "PREFIX.root", not yet attached to a parent; domain: the mail domain.
 */
void xr_method_init(struct xr_method *method, enum xr_method_kind kind, const struct xr_ctx *ctx,
    const char *prefix, const char *domain);
/* Everything that needs no credential: DNS, TCP, TLS, the anonymous question. */
void xr_method_prepare(struct xr_method *method);
/* Goes on to another place on behalf of the method, named by an answer; false: it may not or
 * cannot. */
bool xr_method_follow(struct xr_method *method, const struct xr_url *to, const char *suffix);
void xr_method_done(struct xr_method *method);

/* The method's verdict, on its own step and so for the whole discovery. */
enum xr_status xr_method_fail(struct xr_method *method, enum xr_progress progress,
    enum xr_finding_code code, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same, taking over what a child step found. */
enum xr_status xr_method_fail_as(
    struct xr_method *method, enum xr_progress progress, const struct xr_step *child);

#endif
