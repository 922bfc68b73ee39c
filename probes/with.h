#ifndef XR_WITH_H
#define XR_WITH_H

#include "probes/ews_call.h"

/* What the steps of --with share. */

/* true: a credential was refused since the logon; the step is skipped. */
bool xr_with_gate_closed(struct xr_ctx *ctx, struct xr_step *step);

/* A request for the mailbox of the form, asked as the form says. */
struct xr_ews_call xr_with_call(const struct xr_ctx *ctx, enum xr_ews_operation operation);

/* The same about a folder of that mailbox, by name or id; one of them NULL. */
struct xr_ews_call xr_with_folder_call(
    const struct xr_ctx *ctx, enum xr_ews_operation operation, const char *name, const char *id);

/* Requests for the mailbox are made in the name of its owner; a UPN or a SID is taken to be his. */
bool xr_with_owner(const struct xr_ctx *ctx);

bool xr_with_succeeded(const struct xr_ews_reply *reply);

/*
 * The verdict of an EWS error. A code that says no more than that it was
 * refused, or is not known, becomes the finding "own"; one that says what is
 * wrong with the user, the server or the way keeps its finding.
 */
enum xr_status xr_with_error(struct xr_ctx *ctx, struct xr_step *step,
    const struct xr_ews_reply *reply, enum xr_finding_code own);

/* The last finding of the step becomes another one, with the status that is usual for it. */
enum xr_status xr_with_rename(struct xr_step *step, enum xr_finding_code own);

/* What went wrong on the way to a good end is a warning; not so that the run was ended. */
void xr_with_soften(struct xr_step *step);

/* A child of the step, for one request of several. */
struct xr_step *xr_with_child(
    struct xr_ctx *ctx, struct xr_step *step, const char *suffix, const char *title);
void xr_with_child_done(struct xr_step *child);

/* Behind what was done with grace (xr_deadline_with_grace): if the run ended meanwhile, the step
 * says so. */
void xr_with_grace_end(struct xr_ctx *ctx, struct xr_step *step, struct xr_deadline own);

/* The verdict of a step with children: with the message of the worst, or that for success. */
enum xr_status xr_with_worst(struct xr_step *step, const char *success);

#endif
