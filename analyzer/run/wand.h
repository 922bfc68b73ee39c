#ifndef XR_WAND_H
#define XR_WAND_H

#include "analyzer/model/run.h"

/*
 * The magic wand (FEATURES C9): the standard EWS URL of an organisation, and how sure it is.
 */
enum xr_wand_source {
    XR_WAND_AUTODISCOVER,  /* a server of the organisation named it */
    XR_WAND_MICROSOFT_365, /* names lead to Exchange Online, and that is the verdict of the run */
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

/* A line for people: "because", "more" (such as who was asked for), and the verdict. */
const char *xr_wand_line(const struct xr_run *run, const struct xr_wand *wand, const char *more);

/* What was met that is more than the answer "not here", so that the pattern may be wrong. */
struct xr_wand_doubt {
    const char *finding; /* its id; NULL: nothing but negative answers came, or a URL was found */
    const char *message; /* NULL with it */
};

/* Of the same run; pure too. What Autodiscover did not look into raises no doubt. */
struct xr_wand_doubt xr_wand_doubt(const struct xr_run *run);

#endif
