#ifndef XR_LOGON_PARTS_H
#define XR_LOGON_PARTS_H

#include "probes/ask.h"

/* What the files of the probe logon share; for probes/logon*.c alone. */

/* ---- logon_told.c: what several tries together show. All set the step's verdict. ---- */

/* Accepted without the binding to the certificate, refused with it. proved_by: id of the step in
 * which the password was accepted before; NULL: in none. */
enum xr_status xr_logon_tell_unbound(
    struct xr_ctx *ctx, struct xr_step *step, const char *proved_by);
/* NTLM was refused, Basic with the same password accepted. */
enum xr_status xr_logon_tell_basic(struct xr_ctx *ctx, struct xr_step *step);
/* What NTLM was refused for at first was accepted a moment later. status: of the logon else. */
enum xr_status xr_logon_tell_unsteady(
    struct xr_ctx *ctx, struct xr_step *step, enum xr_status status);
/* The password was accepted in the step proved_by, and is refused here in every way: by the schemes
 * of "tried", a bit for each enum xr_auth. Closes the gate. */
enum xr_status xr_logon_tell_right(struct xr_ctx *ctx, struct xr_step *step, const char *proved_by,
    unsigned tried, const struct xr_http_response *refusal);
/* The ticket was refused: as XR_ERROR it is the end of the run's logons, as XR_WARNING another
 * scheme comes next. */
enum xr_status xr_logon_tell_ticket(struct xr_ctx *ctx, struct xr_step *step, enum xr_status status,
    const struct xr_http_response *refusal);

/* ---- logon_refused.c ---- */

/* No answer of this host so far came from Exchange, or from a Windows that may be its own. */
bool xr_is_by_device(const struct xr_leg *leg, const struct xr_http_response *refusal);
/* "The server knows more: event 4625 ...": where, when, and what its status says ("0xC000006A is a
 * wrong password"). by_ntlm: the event names this machine. */
const char *xr_where_to_look(const struct xr_ctx *ctx, const struct xr_leg *leg,
    struct xr_arena *arena, bool by_ntlm, const char *statuses,
    const struct xr_http_response *refusal);
void xr_close_gate(struct xr_ctx *ctx, const struct xr_step *step);

#endif
