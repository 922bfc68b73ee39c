#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/ews.h"
#include "probes/probe.h"
#include "probes/smtp_address.h"

static bool check_mailbox(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_address address;
    const char *why;

    if (!xr_address_parse(ctx->arena, ctx->target->mailbox, &address, &why)) {
        (void)xr_find(step, XR_FINDING_INPUT_ADDRESS_INVALID, XR_ERROR,
            "\"%s\" is not a mailbox address: %s.", ctx->target->mailbox, why);
        return false;
    }
    ctx->mail_domain = address.domain;
    xr_step_detail(step, "Mailbox", "%s", ctx->target->mailbox);
    return true;
}

static bool check_account(struct xr_ctx *ctx, struct xr_step *step)
{
    const char *account = ctx->target->account;
    const char *why = account ? xr_account_flaw(ctx->arena, account) : NULL;

    if (!account) {
        xr_step_detail(step, "Account", "none: nothing is asked that needs a logon");
        return true;
    }
    if (why) {
        (void)xr_find(step, XR_FINDING_INPUT_ACCOUNT_FORMAT, XR_ERROR,
            "\"%s\" is not an account name: %s.", account, why);
        return false;
    }
    xr_step_detail(step, "Account", "%s (%s)", account,
        strchr(account, '\\') ? "down-level form, DOMAIN\\user" : "UPN");
    return true;
}

static bool check_impersonated(struct xr_ctx *ctx, struct xr_step *step)
{
    const struct xr_target *target = ctx->target;
    bool by_address = target->identify_by == XR_BY_SMTP_ADDRESS ||
                      target->identify_by == XR_BY_PRIMARY_SMTP_ADDRESS;
    struct xr_address address;
    const char *why;

    if (!target->impersonation)
        return true;
    if (by_address && !xr_address_parse(ctx->arena, target->impersonate, &address, &why)) {
        (void)xr_find(step, XR_FINDING_INPUT_ADDRESS_INVALID, XR_ERROR,
            "\"%s\", the user to impersonate, is not a mailbox address: %s.", target->impersonate,
            why);
        return false;
    }
    xr_step_detail(step, "Impersonate", "%s by %s", target->impersonate,
        xr_identify_by_name(target->identify_by));
    return true;
}

/* The negative control would open what the test is to open. */
static bool is_inside(const struct xr_ctx *ctx)
{
    const struct xr_target *target = ctx->target;

    return xr_same_mailbox(ctx->arena, target->outside, target->mailbox) ||
           (target->impersonation &&
               xr_same_mailbox(ctx->arena, target->outside, target->impersonate));
}

static bool check_outside(struct xr_ctx *ctx, struct xr_step *step)
{
    const char *outside = ctx->target->outside;
    struct xr_address address;
    const char *why;

    if (!outside)
        return true;
    xr_step_detail(step, "Must be out of reach", "%s", outside);
    if (!xr_address_parse(ctx->arena, outside, &address, &why)) {
        (void)xr_find(step, XR_FINDING_INPUT_ADDRESS_INVALID, XR_ERROR,
            "\"%s\", the mailbox that must be out of reach, is not a mailbox address: %s.", outside,
            why);
        return false;
    }
    if (!is_inside(ctx))
        return true;
    struct xr_finding *finding = xr_find(step, XR_FINDING_INPUT_ADDRESS_INVALID, XR_ERROR,
        "%s is to be opened and to be out of reach at the same time.", outside);
    finding->cause = "--outside names the mailbox of the test itself. It takes a mailbox that the "
                     "account must not be able to open.";
    return false;
}

static bool check_url(struct xr_ctx *ctx, struct xr_step *step)
{
    const char *text = ctx->target->ews_url;

    xr_step_detail(step, "EWS address", "%s", text ? text : "not given: Autodiscover");
    if (!text)
        return true;
    const char *why = xr_url_parse(ctx->arena, text, &ctx->ews);
    if (why) {
        (void)xr_find(step, XR_FINDING_INPUT_EWS_URL_INVALID, XR_ERROR,
            "\"%s\" is not a usable EWS address: %s.", text, why);
        return false;
    }
    if (!ctx->ews.https) {
        (void)xr_find(step, XR_FINDING_INPUT_EWS_URL_NOT_HTTPS, XR_ERROR,
            "%s is not https: the password would travel in the clear.", text);
        return false;
    }
    ctx->named_host = ctx->ews.host;
    ctx->run->facts.ews_url = ctx->ews.text;
    ctx->run->facts.ews_url_from = "--ews-url";
    return true;
}

static bool check_access_type(struct xr_ctx *ctx, struct xr_step *step)
{
    if (!ctx->named_host || !xr_is_exchange_online(ctx->named_host) || xr_secret_given(ctx->token))
        return true;
    (void)xr_find(step, XR_FINDING_INPUT_ACCESS_TYPE_MISMATCH, XR_ERROR,
        "%s is Exchange Online, which accepts no account and password for EWS, only OAuth.",
        ctx->named_host);
    return false;
}

/* Is what was asked for sound, before a single packet leaves? */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    const struct xr_target *target = ctx->target;
    bool sound = check_mailbox(ctx, step);

    sound &= check_account(ctx, step);
    sound &= check_impersonated(ctx, step);
    sound &= check_outside(ctx, step);
    bool url = check_url(ctx, step);
    sound &= url && check_access_type(ctx, step);
    if (target->folder || target->folder_id)
        xr_step_detail(step, "Folder", "%s", target->folder ? target->folder : target->folder_id);
    if (target->ignore_trust)
        xr_step_detail(step, "Trust for SSL", "ignored on request");
    if (ctx->net->ignored_proxy)
        xr_step_detail(step, "Proxy of the environment", "%s, ignored; --proxy env uses it",
            ctx->net->ignored_proxy);
    if (!sound) {
        step->message = step->findings->message;
        return XR_ERROR;
    }
    ctx->run->facts.known |= XR_FACT_FORM | (target->ews_url ? XR_FACT_EWS_URL : 0u);
    return xr_success(step, "What was asked for is well formed.");
}

const struct xr_probe xr_probe_input = {
    .id = "input",
    .title = "Input",
    .about = "Is what was asked for sound?",
    .provides = XR_FACT_FORM | XR_FACT_EWS_URL,
    .run = run,
};
