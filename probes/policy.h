#ifndef XR_POLICY_H
#define XR_POLICY_H

#include <stdbool.h>

#include "probes/probe.h"

/*
 * Who may receive a secret or the mailbox address (CONTRACT section 8). The
 * only place that decides it; it does nothing else. A host counts
 *   - when it is the mail domain or lies below it,
 *   - when the user named it exactly (--ews-url, --allow-redirect),
 *   - when an authenticated, verified answer of such a host named it.
 * A host that an HTTP redirect or an SRV record named never counts by itself.
 */
bool xr_policy_may_receive(const struct xr_ctx *ctx, const char *host);

/* Why it may: a phrase for the report. NULL: it may not. */
const char *xr_policy_reason(const struct xr_ctx *ctx, const char *host);

#endif
