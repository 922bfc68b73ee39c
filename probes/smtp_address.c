#include <string.h>

#include "analyzer/base/text.h"
#include "probes/ews_call.h"

/* Proxy addresses come as "SMTP:a@b" (primary) and "smtp:c@b". */
static bool has_proxy(const struct xr_ews_resolution *resolution, const char *address)
{
    for (const char *const *proxy = resolution->proxies; proxy && *proxy; proxy++) {
        const char *bare = xr_starts(*proxy, "smtp:") ? *proxy + 5 : *proxy;
        if (xr_same(bare, address))
            return true;
    }
    return xr_same(resolution->address, address);
}

/* The directory matches parts of names too: only who really has the address counts. */
static const struct xr_ews_resolution *only_match(
    const struct xr_ews_reply *reply, const char *address, size_t *ret_matches)
{
    const struct xr_ews_resolution *match = NULL;

    *ret_matches = 0;
    for (const struct xr_ews_resolution *at = reply->resolutions; at; at = at->next)
        if (has_proxy(at, address)) {
            match = at;
            ++*ret_matches;
        }
    if (!match &&
        reply->resolution_count == 1) { /* asked by proxy address, one answer: it is the one */
        *ret_matches = 1;
        return reply->resolutions;
    }
    return match;
}

static enum xr_status is_no_mailbox(
    struct xr_step *step, const struct xr_ews_resolution *match, const char *asked)
{
    return xr_error(step, XR_FINDING_ADDRESS_IS_NOT_MAILBOX, "%s is not a mailbox here, but a %s.",
        asked, match->mailbox_type);
}

static bool is_mailbox(const struct xr_ews_resolution *match)
{
    return !match->mailbox_type || !strcmp(match->mailbox_type, "Mailbox");
}

static enum xr_status compare_sources(struct xr_ctx *ctx, struct xr_step *step, const char *primary)
{
    const char *from_autodiscover = ctx->run->facts.autodiscover_smtp_address;

    if (from_autodiscover && !xr_same(from_autodiscover, primary))
        return xr_warning(step, XR_FINDING_ADDRESS_SOURCES_DISAGREE,
            "Autodiscover calls the primary address %s, the directory calls it %s.",
            from_autodiscover, primary);
    return xr_success(step, "%s is the primary address.", primary);
}

static enum xr_status judge_match(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_resolution *match)
{
    const char *asked = ctx->target->mailbox;
    const char *primary = match->address ? match->address : asked;

    xr_step_detail(step, "Directory", "%s <%s>, %s", match->name ? match->name : "", primary,
        match->mailbox_type ? match->mailbox_type : "type not told");
    ctx->run->facts.primary_smtp_address = primary;
    if (!ctx->run->facts.display_name)
        ctx->run->facts.display_name = match->name;
    if (!is_mailbox(match))
        return is_no_mailbox(step, match, asked);
    if (xr_same(primary, asked))
        return compare_sources(ctx, step, primary);
    xr_step_decisive(step, primary);
    return xr_warning(step, XR_FINDING_ADDRESS_ALIAS, "%s is an alias; the primary address is %s.",
        asked, primary);
}

/* An alias by what Autodiscover says. */
static enum xr_status is_alias(struct xr_ctx *ctx, struct xr_step *step, const char *primary)
{
    xr_step_decisive(step, primary);
    return xr_warning(step, XR_FINDING_ADDRESS_ALIAS,
        "%s is an alias; by Autodiscover the primary address is %s.", ctx->target->mailbox,
        primary);
}

static void note_told(struct xr_ctx *ctx, struct xr_step *step, const char *primary)
{
    ctx->run->facts.primary_smtp_address = primary;
    xr_step_detail(step, "Autodiscover", "%s", primary);
}

/* A check of many has asked Autodiscover about all of them: one more question to the directory, for
 * each of them, would find out the same. */
static enum xr_status judge_told(struct xr_ctx *ctx, struct xr_step *step, const char *primary)
{
    note_told(ctx, step, primary);
    if (!xr_same(primary, ctx->target->mailbox))
        return is_alias(ctx, step, primary);
    return xr_success(step, "%s is the primary address, by Autodiscover.", primary);
}

/* The directory does not tell; perhaps Autodiscover did. */
static enum xr_status not_resolved(struct xr_ctx *ctx, struct xr_step *step)
{
    const char *asked = ctx->target->mailbox;
    const char *from_autodiscover = ctx->run->facts.autodiscover_smtp_address;
    bool opened = ctx->run->facts.known & XR_FACT_MAILBOX;

    if (from_autodiscover)
        note_told(ctx, step, from_autodiscover);
    if (from_autodiscover && !xr_same(from_autodiscover, asked))
        return is_alias(ctx, step, from_autodiscover);
    if (opened)
        return xr_warning(step, XR_FINDING_ADDRESS_NOT_RESOLVED,
            "The directory does not show %s, though its mailbox could be opened: it may be hidden "
            "from address lists.",
            asked);
    return xr_error(step, XR_FINDING_ADDRESS_NOT_RESOLVED, "The directory knows no %s.", asked);
}

static enum xr_status judge(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    size_t matches;
    const struct xr_ews_resolution *match;

    if (reply->code && !strcmp(reply->code, "ErrorNameResolutionNoResults"))
        return not_resolved(ctx, step);
    if (reply->fault || !strcmp(reply->class_ ? reply->class_ : "Error", "Error"))
        return xr_ews_error(ctx, step, reply);
    match = only_match(reply, ctx->target->mailbox, &matches);
    if (!reply->resolution_count)
        return not_resolved(ctx, step);
    if (matches != 1)
        return xr_warning(step, XR_FINDING_ADDRESS_AMBIGUOUS,
            "The directory gives %zu answers for %s, %zu of them with that address.",
            reply->resolution_count, ctx->target->mailbox, matches);
    return judge_match(ctx, step, match);
}

static bool caller_has_no_mailbox(const struct xr_ews_reply *reply)
{
    return reply->code && (!strcmp(reply->code, "ErrorNameResolutionNoMailbox") ||
                              !strcmp(reply->code, "ErrorMissingEmailAddress"));
}

/* Is the address the primary one, an alias, ambiguous, absent, or no mailbox at all? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_ews_call call = {
        .operation = XR_EWS_RESOLVE_NAMES,
        .impersonate = ctx->account_has_no_mailbox && ctx->target->impersonation,
        .address = ctx->target->mailbox,
        .anchor = ctx->target->mailbox,
    };
    struct xr_ews_reply reply;

    if (ctx->gate_closed_by) /* the logon worked once, and was refused since then */
        return xr_skipped(step, ctx->gate_closed_by,
            "Not tried: the credentials were refused meanwhile, and once is enough.");
    if (ctx->repeated && ctx->run->facts.autodiscover_smtp_address)
        return judge_told(ctx, step, ctx->run->facts.autodiscover_smtp_address);
    if (!xr_ews_call(ctx, step, &call, &reply))
        return XR_ERROR;
    if (caller_has_no_mailbox(&reply) && !call.impersonate && ctx->target->impersonation) {
        call.impersonate = true;
        if (!xr_ews_call(ctx, step, &call, &reply))
            return XR_ERROR;
    }
    return judge(ctx, step, &reply);
}

const struct xr_probe xr_probe_smtp_address = {
    .id = "smtp-address",
    .title = "SMTP address",
    .about = "Is the address the primary one, an alias, ambiguous, absent, or no mailbox at all?",
    .needs = XR_FACT_LOGON,
    .run = run,
};
