#include <errno.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/chain.h"
#include "probes/faults.h"
#include "probes/host.h"
#include "probes/ssl_trust.h"

/* Would clients trust this chain, had a server sent it? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    const struct xr_target *target = ctx->target;
    struct xr_tls_session session = { 0 };
    struct xr_chain chain;
    const char *host = NULL;
    uint16_t unused;

    const char *why = target->host ? xr_host_parse(ctx->arena, target->host, &host, &unused) : NULL;
    if (why)
        return xr_host_refuse(step, target->host, why);
    step->host = host;
    xr_step_detail(step, "File", "%s", target->chain_file);
    if (target->at_ms)
        xr_step_detail(step, "As of", "%s", xr_rfc3339(ctx->arena, target->at_ms));
    const struct xr_err *err = xr_chain_read(ctx->arena, target->chain_file, &chain);
    if (err)
        return xr_error(step,
            err->native == EILSEQ ? XR_FINDING_TLS_CERTIFICATE_MALFORMED
                                  : XR_FINDING_INPUT_FILE_UNREADABLE,
            "%s", xr_sentence(step->arena, err->text));
    xr_chain_judge(ctx->arena, ctx->net, host, &chain, &session);
    xr_tell_chain(ctx, step, host, target->ignore_trust, &session);
    return xr_trust_conclude(step, host
                                       ? xr_printf(ctx->arena, "The chain is trusted for %s.", host)
                                       : "The chain is trusted; no host name was asked for.");
}

const struct xr_probe xr_probe_chain_file = {
    .id = "ssl-trust",
    .title = "SSL trust",
    .about = "Would clients trust this chain, had a server sent it?",
    .run = run,
};
