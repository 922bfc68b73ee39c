#ifndef XR_INBOX_H
#define XR_INBOX_H

#include "analyzer/model/finding.h"
#include "probes/ews_call.h"
#include "probes/smtp_address.h"

/* How Exchange refused the access; what it says about the server itself is no refusal. */
enum xr_refusal {
    XR_REFUSAL_NONE,
    XR_REFUSAL_DENIED,          /* ErrorImpersonateUserDenied: no role, or not in its scope */
    XR_REFUSAL_DENIED_BY_RIGHT, /* ErrorImpersonationDenied: the model of Exchange 2007 */
    XR_REFUSAL_FORBIDDEN,       /* HTTP 403, without a word, by Exchange */
    XR_REFUSAL_NO_MAILBOX,      /* ErrorNonExistentMailbox */
    XR_REFUSAL_MOVING,          /* ErrorMailboxMoveInProgress */
    XR_REFUSAL_NO_RIGHT,        /* ErrorAccessDenied: acted as the user, who may not either */
    XR_REFUSALS
};

/* The answer to one question of the difference; OPEN: not asked, or not told. */
enum xr_reach { XR_REACH_OPEN, XR_REACH_YES, XR_REACH_NO };

/* What was found out beside the refusal. */
struct xr_difference {
    enum xr_refusal refusal;
    enum xr_reach delegate; /* does the folder open without impersonation? */
    enum xr_reach self;     /* may the account act for itself by impersonation? */
    enum xr_reach without;  /* does EWS answer the account without impersonation? */
    enum xr_entry entry;    /* what the directory holds under the address */
    bool in_cloud;          /* the mailbox is in the cloud, and another Exchange was asked */
    bool for_other;         /* another user is impersonated than the one whose folder it is */
};

struct xr_diagnosis {
    enum xr_finding_code code;
    const char *cause; /* with slots (model/expand.h); NULL: the catalogue's, or the code's own */
};

/* What all of it together means. false: nothing more than the answer itself said. */
bool xr_diagnose(const struct xr_difference *difference, struct xr_diagnosis *ret);

/* Exchange refused to let the account act for somebody. */
bool xr_is_denied(const struct xr_ews_reply *reply);

/*
 * The step has its verdict, an access by impersonation that was refused: asks
 * what tells the causes apart, in child steps, while time is left, and makes
 * the finding a finer one. reply NULL: there was no answer of EWS.
 */
void xr_inbox_difference(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply);

#endif
