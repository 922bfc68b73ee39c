#ifndef XR_WAND_H
#define XR_WAND_H

#include "analyzer/model/run.h"

/*
 * The magic wand (FEATURES C9): the standard EWS URL of an organisation, and how sure it is.
 */
enum xr_wand_source {
    XR_WAND_AUTODISCOVER,  /* a server of the organisation named it */
    XR_WAND_MICROSOFT_365, /* records of the domain lead to Exchange Online */
    XR_WAND_PATTERN,       /* a guess: https://mail.DOMAIN/EWS/Exchange.asmx; nobody answered */
};

const char *xr_wand_source_name(enum xr_wand_source source); /* "microsoft-365" */

struct xr_wand {
    const char *url; /* NULL: nothing was found, and there is no domain for the pattern */
    enum xr_wand_source source;
    const char *because; /* a phrase: "by Autodiscover: autodiscover.host gave it" */
};

/* run: the test autodiscover, ended. domain: for the pattern: of the mailbox, or the organisation's
 * first; NULL: there is none. A pure function; what it returns lives in run->arena. */
struct xr_wand xr_wand(const struct xr_run *run, const char *domain);

#endif
