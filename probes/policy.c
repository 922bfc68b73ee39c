#include "probes/policy.h"

#include <stddef.h>

#include "analyzer/base/text.h"

static bool named_by_user(const struct xr_ctx *ctx, const char *host)
{
    for (const char *const *allowed = ctx->target->allow_redirect; *allowed; allowed++)
        if (xr_same(*allowed, host))
            return true;
    return ctx->named_host && xr_same(ctx->named_host, host);
}

const char *xr_policy_reason(const struct xr_ctx *ctx, const char *host)
{
    if (ctx->mail_domain && xr_is_in_domain(host, ctx->mail_domain))
        return "it belongs to the mail domain";
    if (named_by_user(ctx, host))
        return "you named it";
    if (ctx->vouched && xr_same(ctx->vouched, host))
        return "an authenticated answer of the organisation named it";
    return NULL;
}

bool xr_policy_may_receive(const struct xr_ctx *ctx, const char *host)
{
    return xr_policy_reason(ctx, host) != NULL;
}
