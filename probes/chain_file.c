#include "analyzer/base/text.h"
#include "analyzer/wire/chain.h"
#include "probes/faults.h"
#include "probes/host.h"
#include "probes/ssl_trust.h"

static void detail_source(const struct xr_ctx *ctx, struct xr_step *step)
{
    const struct xr_target *target = ctx->target;

    xr_step_detail(step, "File", "%s", target->chain_file);
    for (const char *const *more = target->more_chain_files; more && *more; more++)
        xr_step_detail(step, "Behind it", "%s", *more);
    if (target->at_ms)
        xr_step_detail(step, "As of", "%s", xr_rfc3339(ctx->arena, target->at_ms));
}

/* Would clients trust this chain, had a server sent it? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    const struct xr_target *target = ctx->target;
    struct xr_tls_session session = { 0 };
    const char *host = NULL;
    uint16_t unused;

    const char *why = NULL;
    if (target->host)
        host = xr_host_ipv6(ctx->arena, target->host);
    if (target->host && !host)
        why = xr_host_parse(ctx->arena, target->host, &host, &unused);
    if (why)
        return xr_host_refuse(step, target->host, why);
    step->host = host;
    detail_source(ctx, step);
    if (!ctx->chain)
        return xr_error(step, XR_FINDING_TLS_CERTIFICATE_MALFORMED, "%s",
            xr_sentence(step->arena, ctx->malformed->text));
    xr_chain_judge(ctx->arena, ctx->net, host, ctx->chain, &session);
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
