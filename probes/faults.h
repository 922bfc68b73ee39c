#ifndef XR_FAULTS_H
#define XR_FAULTS_H

#include "analyzer/base/err.h"
#include "analyzer/model/step.h"
#include "analyzer/wire/tls.h"

/* Which finding a fault of the wire, or a flaw of a certificate, is told as. */
enum xr_finding_code xr_fault_finding(enum xr_fault fault);
enum xr_finding_code xr_flaw_finding(enum xr_flaw flaw);

/* The fault as the step's verdict: error, with its text as a sentence. */
enum xr_status xr_fault_error(struct xr_step *step, const struct xr_err *err);

/* "no route" becomes "No route."; a host name in front stays as it is. */
const char *xr_sentence(struct xr_arena *arena, const char *phrase);

/* Kinds of flaws as a set. */
#define XR_FLAW_BIT(flaw) (1u << (flaw))
#define XR_FLAWS_ALL      (~0u)

/*
 * Adds the certificate's flaws of these kinds as findings. With ignore_trust
 * the trust flaws become warnings and tls.trust-ignored stands before them.
 */
void xr_flaws_find(
    struct xr_step *step, const struct xr_tls_session *session, bool ignore_trust, uint32_t kinds);

#endif
