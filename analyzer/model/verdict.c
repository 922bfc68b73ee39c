#include "analyzer/model/verdict.h"

#include <string.h>

#include "analyzer/model/expand.h"

/* What a passed step has shown not to be the cause. */
static const struct {
    const char *step, *ruled_out;
    const char *without_impersonation; /* said instead; NULL: the same */
} lessons[] = {
    { "endpoint", "name resolution", NULL },
    { "endpoint", "network and firewall", NULL },
    { "ssl-trust", "certificate", NULL },
    { "logon", "account and password", NULL },
    { "logon", "Exchange is up and EWS is on", NULL },
    { "inbox", "impersonation and access to the mailbox", "access to the mailbox" },
    { "smtp-address", "the mailbox address", NULL },
};

enum { LESSONS = sizeof(lessons) / sizeof(*lessons) };

static const struct xr_step *worst_step(const struct xr_step *first, const struct xr_step *end)
{
    const struct xr_step *worst = NULL;

    for (const struct xr_step *step = first; step != end; step = step->next)
        if (!worst || step->status > worst->status)
            worst = step;
    return worst;
}

/* *ret_host: the host that the innermost step around the finding is about. */
static const struct xr_finding *cause_of(
    const struct xr_step *step, enum xr_status status, const char **ret_host)
{
    const struct xr_finding *found = step->findings;

    while (found && found->status != status)
        found = found->next;
    for (const struct xr_step *child = step->first; child && !found; child = child->next)
        found = cause_of(child, status, ret_host);
    if (found && !*ret_host)
        *ret_host = step->host;
    return found;
}

/* Trust that was ignored on request has shown nothing about the certificate. */
static bool teaches(const struct xr_run *run, const struct xr_step *step)
{
    bool ignored = run->target->ignore_trust && !strcmp(step->id, "ssl-trust");

    return step->status == XR_SUCCESS || (step->status == XR_WARNING && !ignored);
}

static bool passed(const struct xr_run *run, const char *id)
{
    for (const struct xr_step *step = run->root->first; step; step = step->next)
        if (!strcmp(step->id, id))
            return teaches(run, step);
    return false;
}

static const char *lesson(const struct xr_run *run, size_t i)
{
    const char *other = lessons[i].without_impersonation;

    return other && !run->target->impersonation ? other : lessons[i].ruled_out;
}

static const char *const *ruled_out(const struct xr_run *run, const struct xr_step *culprit)
{
    const char **list = xr_new_n(run->arena, const char *, LESSONS + 1);
    size_t n = 0;

    for (size_t i = 0; i < LESSONS; i++)
        if (strcmp(lessons[i].step, culprit->id) && passed(run, lessons[i].step))
            list[n++] = lesson(run, i);
    return list;
}

static const char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');

    return at ? at + 1 : NULL;
}

/* "https://mail.contoso.test/EWS/Exchange.asmx" holds the host that matters most to remedies. */
static const char *host_of(const struct xr_run *run)
{
    const char *url = run->facts.ews_url, *host = url ? strstr(url, "://") : NULL;

    if (!host)
        return domain_of(run->target->mailbox);
    return xr_strndup(run->arena, host + 3, strcspn(host + 3, "/:"));
}

/* The URL to look at: before EWS is found it is Autodiscover that did not answer as it should. */
static const char *url_of(const struct xr_run *run, const char *host)
{
    if (run->facts.ews_url || !host)
        return run->facts.ews_url;
    return xr_printf(run->arena, "https://%s/autodiscover/autodiscover.xml", host);
}

/* Exchange itself complains about an alias only where the ConnectingSID holds one. */
static bool is_about_impersonated(const struct xr_finding *finding)
{
    return finding->code == XR_FINDING_ADDRESS_ALIAS && finding->code_name;
}

static struct xr_slots slots_of(
    const struct xr_run *run, const struct xr_finding *finding, const char *host)
{
    const struct xr_target *target = run->target;

    return (struct xr_slots){
        .mailbox = is_about_impersonated(finding) ? target->impersonate : target->mailbox,
        .account = target->account,
        .domain = domain_of(target->mailbox),
        .host = host ? host : host_of(run),
        .ews_url = url_of(run, host),
        .folder = target->folder ? target->folder : target->folder_id,
        .impersonated = target->impersonate,
        .primary = run->facts.primary_smtp_address,
        .code = finding->code_name,
    };
}

/* Where no EWS URL is known, "the same test" was one with Autodiscover. */
static const char *command_of(const struct xr_run *run, const char *command)
{
    static const char option[] = " --ews-url {ews_url}";
    const char *at = run->facts.ews_url ? NULL : strstr(command, option);

    return at ? xr_printf(
                    run->arena, "%.*s%s", (int)(at - command), command, at + sizeof(option) - 1)
              : command;
}

static const struct xr_advice *advice(
    const struct xr_run *run, const struct xr_finding_kind *kind, const struct xr_slots *slots)
{
    size_t n = 0;

    while (kind->remedies[n].text)
        n++;
    struct xr_advice *list = xr_new_n(run->arena, struct xr_advice, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct xr_remedy *remedy = &kind->remedies[i];
        list[i].text = xr_expand(run->arena, remedy->text, slots, XR_SHELL_NONE);
        list[i].command = remedy->command ? xr_expand(run->arena, command_of(run, remedy->command),
                                                slots, remedy->shell)
                                          : NULL;
        list[i].shell = list[i].command ? xr_shell_title(remedy->shell) : NULL;
        list[i].expect =
            remedy->expect ? xr_expand(run->arena, remedy->expect, slots, XR_SHELL_NONE) : NULL;
    }
    return list;
}

static void tell(struct xr_run *run, const struct xr_step *step, const struct xr_finding *finding,
    const char *host)
{
    const struct xr_finding_kind *kind = xr_finding_kind(finding->code);
    struct xr_slots slots = slots_of(run, finding, host);
    struct xr_verdict *verdict = &run->verdict;

    verdict->finding = kind->id;
    verdict->step = step->id;
    verdict->title = xr_expand(run->arena, kind->title, &slots, XR_SHELL_NONE);
    verdict->meaning = xr_expand(run->arena, kind->meaning, &slots, XR_SHELL_NONE);
    verdict->cause = finding->cause ? finding->cause : kind->cause;
    verdict->cause = xr_expand(run->arena, verdict->cause, &slots, XR_SHELL_NONE);
    verdict->owner = xr_owner_name(kind->owner);
    verdict->owner_title = xr_owner_title(kind->owner);
    verdict->reference = kind->reference;
    verdict->remedy = advice(run, kind, &slots);
}

static void count_steps(struct xr_run *run)
{
    memset(run->summary, 0, sizeof(run->summary));
    for (const struct xr_step *step = run->root->first; step; step = step->next)
        run->summary[step->status]++;
}

static const char *success_title(const struct xr_run *run)
{
    const char *folder = run->facts.folder_name ? run->facts.folder_name : "the folder";

    return xr_printf(run->arena, "%s can open %s of %s%s.", run->target->account, folder,
        run->target->mailbox, run->target->impersonation ? " by impersonation" : "");
}

const struct xr_finding *xr_verdict_cause(const struct xr_step *first, const struct xr_step *end,
    const struct xr_step **ret_step, const char **ret_host)
{
    const struct xr_step *step = worst_step(first, end);

    *ret_step = step;
    *ret_host = NULL;
    return step && step->status >= XR_WARNING ? cause_of(step, step->status, ret_host) : NULL;
}

void xr_verdict(struct xr_run *run)
{
    static const struct xr_advice nothing_to_do[] = { { NULL, NULL, NULL, NULL } };
    const struct xr_step *step;
    const char *host;
    const struct xr_finding *finding = xr_verdict_cause(run->root->first, NULL, &step, &host);

    count_steps(run);
    run->verdict = (struct xr_verdict){
        .status = step ? step->status : XR_SKIPPED,
        .remedy = nothing_to_do,
        .ruled_out = xr_new_n(run->arena, const char *, 1),
    };
    if (!finding) {
        run->verdict.title = success_title(run);
        run->verdict.meaning =
            run->target->impersonation
                ? "Name, network, certificate, logon and the right to impersonate are in order."
                : "Name, network, certificate, logon and the right to the folder are in order.";
        return;
    }
    run->verdict.ruled_out = ruled_out(run, step);
    tell(run, step, finding, host);
}
