#include "probes/smtp_address.h"

#include <string.h>

#include "analyzer/base/text.h"
#include "probes/ews_call.h"

enum { SHOWN_MAX = 5 };

bool xr_same_mailbox(struct xr_arena *arena, const char *a, const char *b)
{
    struct xr_address one, other;
    const char *why;

    if (!a || !b)
        return false;
    if (xr_same(a, b))
        return true;
    return xr_address_parse(arena, a, &one, &why) && xr_address_parse(arena, b, &other, &why) &&
           xr_same(one.local, other.local) && xr_same(one.domain, other.domain);
}

/* Proxy addresses come as "SMTP:a@b" (primary) and "smtp:c@b". */
static bool has_address(
    struct xr_arena *arena, const struct xr_ews_resolution *resolution, const char *address)
{
    for (const char *const *proxy = resolution->proxies; proxy && *proxy; proxy++) {
        const char *bare = xr_starts(*proxy, "smtp:") ? *proxy + 5 : *proxy;
        if (xr_same_mailbox(arena, bare, address))
            return true;
    }
    return xr_same_mailbox(arena, resolution->address, address);
}

const struct xr_ews_resolution *xr_who_has(struct xr_arena *arena, const struct xr_ews_reply *reply,
    const char *address, size_t *ret_matches)
{
    const struct xr_ews_resolution *match = NULL;

    *ret_matches = 0;
    for (const struct xr_ews_resolution *at = reply->resolutions; at; at = at->next) {
        if (!has_address(arena, at, address))
            continue;
        match = match ? match : at;
        ++*ret_matches;
    }
    if (match || reply->resolution_count != 1)
        return match;
    *ret_matches = 1; /* asked by proxy address, one answer: it is the one */
    return reply->resolutions;
}

/* An address of another kind, as of the old X.500, names the entry and is no mail address. */
static const char *primary_of(const struct xr_ews_resolution *match)
{
    if (!match->routing_type || xr_same(match->routing_type, "SMTP"))
        return match->address;
    for (const char *const *proxy = match->proxies; proxy && *proxy; proxy++)
        if (!strncmp(*proxy, "SMTP:", 5))
            return *proxy + 5;
    return NULL;
}

/* ---- what an entry is ---- */

static const struct kind {
    const char *type; /* MailboxTypeType of the schema; the last row is for all others */
    enum xr_entry entry;
    const char *what;  /* completes "is ..." */
    const char *cause; /* NULL: the catalogue's */
} kinds[] = {
    { "Mailbox", XR_ENTRY_MAILBOX, "a mailbox", NULL },
    { "Contact", XR_ENTRY_CONTACT,
        "a contact: mail to it goes on to an address elsewhere. Enter the address of a mailbox",
        "{mailbox} is a mail contact, or a mail user whose mailbox is elsewhere. In a hybrid "
        "organisation the mailbox may be in Microsoft 365: then the EWS URL of the other side is "
        "the right one." },
    { "PublicDL", XR_ENTRY_LIST, "a distribution group. Enter the addresses of its members",
        "{mailbox} is a distribution group: mail to it goes to its members, and there is nothing "
        "in it that could be opened." },
    { "PrivateDL", XR_ENTRY_LIST, "a personal distribution list. Enter its members",
        "{mailbox} is a list in somebody's contacts." },
    { "GroupMailbox", XR_ENTRY_OTHER,
        "a group of Microsoft 365. Enter the addresses of its members",
        "{mailbox} is a group of Microsoft 365. Its mailbox belongs to the group and cannot be "
        "opened by impersonation." },
    { "PublicFolder", XR_ENTRY_OTHER, "a mail-enabled public folder",
        "{mailbox} is a public folder that takes mail. It belongs to no user." },
    { NULL, XR_ENTRY_OTHER, NULL, NULL },
};

static const struct kind *kind_of(const char *type)
{
    const struct kind *kind = kinds;

    if (!type) /* old servers may leave it out */
        return kind;
    while (kind->type && strcmp(kind->type, type) != 0)
        kind++;
    return kind;
}

static bool knows_nobody(const struct xr_ews_reply *reply)
{
    return reply->code && !strcmp(reply->code, "ErrorNameResolutionNoResults");
}

static bool has_failed(const struct xr_ews_reply *reply)
{
    return reply->fault || !strcmp(reply->class_ ? reply->class_ : "Error", "Error");
}

enum xr_entry xr_entry_of(
    struct xr_arena *arena, const struct xr_ews_reply *reply, const char *address)
{
    size_t matches;

    if (knows_nobody(reply))
        return XR_ENTRY_NOBODY;
    if (has_failed(reply))
        return XR_ENTRY_OPEN;
    const struct xr_ews_resolution *match = xr_who_has(arena, reply, address, &matches);
    return match && matches == 1 ? kind_of(match->mailbox_type)->entry : XR_ENTRY_OPEN;
}

/* ---- verdicts ---- */

static enum xr_status is_no_mailbox(
    struct xr_step *step, const struct xr_ews_resolution *match, const char *asked)
{
    const struct kind *kind = kind_of(match->mailbox_type);
    enum xr_status status =
        xr_error(step, XR_FINDING_ADDRESS_IS_NOT_MAILBOX, "%s is not a mailbox here, but %s%s.",
            asked, kind->what ? kind->what : "of the type ", kind->what ? "" : match->mailbox_type);

    step->last_finding->cause = kind->cause;
    return status;
}

static enum xr_status compare_sources(struct xr_ctx *ctx, struct xr_step *step, const char *primary)
{
    const char *from_autodiscover = ctx->run->facts.autodiscover_smtp_address;

    if (from_autodiscover && !xr_same_mailbox(ctx->arena, from_autodiscover, primary))
        return xr_warning(step, XR_FINDING_ADDRESS_SOURCES_DISAGREE,
            "Autodiscover calls the primary address %s, the directory calls it %s.",
            from_autodiscover, primary);
    /* inbox asked the directory because Exchange knows of no mailbox: nobody is told that all is
     * well. */
    return xr_success(step, "%s is the primary address%s.", primary,
        ctx->directory ? " of this entry, whose mailbox is not here" : "");
}

static const char *shown(const struct xr_ews_resolution *entry, struct xr_arena *arena)
{
    const char *address = primary_of(entry);

    return xr_printf(arena, "%s <%s>, %s", entry->name ? entry->name : "", address ? address : "",
        entry->mailbox_type ? entry->mailbox_type : "type not told");
}

static enum xr_status judge_match(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_resolution *match)
{
    const char *asked = ctx->target->mailbox, *told = primary_of(match);
    const char *primary = told ? told : asked;

    xr_step_detail(step, "Directory", "%s", shown(match, ctx->arena));
    ctx->run->facts.primary_smtp_address = primary;
    if (!ctx->run->facts.display_name)
        ctx->run->facts.display_name = match->name;
    if (kind_of(match->mailbox_type)->entry != XR_ENTRY_MAILBOX)
        return is_no_mailbox(step, match, asked);
    if (xr_same_mailbox(ctx->arena, primary, asked))
        return compare_sources(ctx, step, primary);
    xr_step_decisive(step, primary);
    return xr_warning(step, XR_FINDING_ADDRESS_ALIAS,
        "%s is an alias; the primary address is %s. Use that one.", asked, primary);
}

/* The entries by name, those first that have the address. */
static void list_entries(struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply)
{
    const char *asked = ctx->target->mailbox;
    size_t n = 0;

    for (int with = 1; with >= 0; with--)
        for (const struct xr_ews_resolution *at = reply->resolutions; at; at = at->next)
            if (has_address(ctx->arena, at, asked) == (with == 1) && n++ < SHOWN_MAX)
                xr_step_detail(step, with ? "Has the address" : "Has another address", "%s",
                    shown(at, ctx->arena));
    if (n > SHOWN_MAX)
        xr_step_detail(step, "Not listed here", "%zu more", n - SHOWN_MAX);
}

static enum xr_status is_ambiguous(
    struct xr_ctx *ctx, struct xr_step *step, const struct xr_ews_reply *reply, size_t matches)
{
    list_entries(ctx, step, reply);
    return xr_warning(step, XR_FINDING_ADDRESS_AMBIGUOUS,
        "The directory gives %zu answers for %s, %zu of them with that address.",
        reply->resolution_count, ctx->target->mailbox, matches);
}

/* An alias by what Autodiscover says. */
static enum xr_status is_alias(struct xr_ctx *ctx, struct xr_step *step, const char *primary)
{
    xr_step_decisive(step, primary);
    return xr_warning(step, XR_FINDING_ADDRESS_ALIAS,
        "%s is an alias; by Autodiscover the primary address is %s. Use that one.",
        ctx->target->mailbox, primary);
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
    if (!xr_same_mailbox(ctx->arena, primary, ctx->target->mailbox))
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
    if (from_autodiscover && !xr_same_mailbox(ctx->arena, from_autodiscover, asked))
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

    if (knows_nobody(reply))
        return not_resolved(ctx, step);
    if (has_failed(reply))
        return xr_ews_error(ctx, step, reply);
    match = xr_who_has(ctx->arena, reply, ctx->target->mailbox, &matches);
    if (!reply->resolution_count)
        return not_resolved(ctx, step);
    return matches == 1 ? judge_match(ctx, step, match) : is_ambiguous(ctx, step, reply, matches);
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
        .request = { .operation = XR_EWS_RESOLVE_NAMES, .address = ctx->target->mailbox },
        .impersonate = ctx->account_has_no_mailbox && ctx->target->impersonation,
        .anchor = ctx->target->mailbox,
    };
    struct xr_ews_reply reply;

    if (ctx->gate_closed_by) /* the logon worked once, and was refused since then */
        return xr_skipped(step, ctx->gate_closed_by,
            "Not tried: the credentials were refused meanwhile, and once is enough.");
    if (ctx->directory && !ctx->repeated) /* inbox asked, when it looked for a reason */
        return judge(ctx, step, ctx->directory);
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
