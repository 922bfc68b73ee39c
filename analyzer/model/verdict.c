#include "analyzer/model/verdict.h"

#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/model/advice.h"

/* What a passed step has shown not to be the cause. */
static const struct {
    const char *step, *leg; /* leg: the same of one way in a test of Autodiscover; NULL: none */
    const char *ruled_out;
    /* Said instead; NULL: the same, "": nothing. A proxy looks the host up and connects by itself.
     */
    const char *without_impersonation, *through_proxy;
} lessons[] = {
    { "endpoint", "dns", "name resolution", NULL, "" },
    { "endpoint", "tcp", "network and firewall", NULL, "the way to the proxy" },
    { "ssl-trust", "tls", "certificate", NULL, NULL },
    { "logon", NULL, "account and password", NULL, NULL },
    { "logon", NULL, "Exchange is up and EWS is on", NULL, NULL },
    { "inbox", NULL, "impersonation and access to the mailbox", "access to the mailbox", NULL },
    { "smtp-address", NULL, "the mailbox address", NULL, NULL },
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
    const struct xr_step *step, enum xr_status status, bool background, const char **ret_host)
{
    const struct xr_finding *found = step->findings;

    while (
        found && (found->status != status || xr_finding_is_background(found->code) != background))
        found = found->next;
    for (const struct xr_step *child = step->first; child && !found; child = child->next)
        found = cause_of(child, status, background, ret_host);
    if (found && !*ret_host)
        *ret_host = step->host;
    return found;
}

static bool is_leg(const struct xr_step *step, const char *leg)
{
    const char *dot = strrchr(step->id, '.');

    return dot && !strcmp(dot + 1, leg);
}

/* Trust that was ignored on request has shown nothing about the certificate. */
static bool teaches(const struct xr_run *run, const struct xr_step *step)
{
    bool ignored =
        run->target->ignore_trust && (!strcmp(step->id, "ssl-trust") || is_leg(step, "tls"));

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

    if (run->origin.proxy && lessons[i].through_proxy)
        return lessons[i].through_proxy;
    return other && !run->target->impersonation ? other : lessons[i].ruled_out;
}

/* A way, and the whole search, repeat the finding of the step that decided. */
static bool bears(const struct xr_step *step, const struct xr_finding *finding)
{
    const struct xr_finding *found = step->findings;

    while (found && (found->code != finding->code || !xr_same(found->message, finding->message)))
        found = found->next;
    return found;
}

/* The step below which the legs of the way stand on which the finding was made; NULL: none. */
static const struct xr_step *way_of(const struct xr_step *step, const struct xr_finding *finding)
{
    for (const struct xr_step *child = step->first; child; child = child->next) {
        const struct xr_step *found = way_of(child, finding);
        if (found)
            return found == child && !child->first ? step : found;
    }
    return bears(step, finding) ? step : NULL;
}

static bool passed_leg(const struct xr_run *run, const struct xr_step *way, const char *leg,
    const struct xr_finding *finding)
{
    for (const struct xr_step *step = way ? way->first : NULL; step && leg; step = step->next)
        if (is_leg(step, leg))
            return teaches(run, step) && !bears(step, finding);
    return false;
}

/* A test of Autodiscover is one step, and what passed in it are parts of the way that failed. */
static const char *const *ruled_out(
    const struct xr_run *run, const struct xr_step *culprit, const struct xr_finding *finding)
{
    const char **list = xr_new_n(run->arena, const char *, LESSONS + 1);
    const struct xr_step *way = xr_is_of_discovery(run) ? way_of(culprit, finding) : NULL;
    /* It was the step's worst: what the step is there for went well. */
    bool is_background = xr_finding_is_background(finding->code);
    size_t n = 0;

    for (size_t i = 0; i < LESSONS; i++) {
        bool elsewhere = strcmp(lessons[i].step, culprit->id) != 0;
        bool before = (elsewhere || is_background) && passed(run, lessons[i].step);
        if (*lesson(run, i) && (before || passed_leg(run, way, lessons[i].leg, finding)))
            list[n++] = lesson(run, i);
    }
    return list;
}

static void tell(struct xr_run *run, const struct xr_step *step, const struct xr_finding *finding,
    const char *host)
{
    const struct xr_finding_kind *kind = xr_finding_kind(finding->code);
    const struct xr_words words = xr_words_of(run, finding, host);
    struct xr_verdict *verdict = &run->verdict;

    verdict->finding = kind->id;
    verdict->step = step->id;
    verdict->title = xr_filled_in(run->arena, kind->title, &words);
    verdict->meaning = xr_filled_in(run->arena, kind->meaning, &words);
    verdict->cause =
        xr_filled_in(run->arena, finding->cause ? finding->cause : kind->cause, &words);
    verdict->owner = xr_owner_name(kind->owner);
    verdict->owner_title = xr_owner_title(kind->owner);
    verdict->reference = kind->reference;
    verdict->remedy = xr_advice(run, finding, &words);
}

static void count_steps(struct xr_run *run)
{
    memset(run->summary, 0, sizeof(run->summary));
    for (const struct xr_step *step = run->root->first; step; step = step->next)
        run->summary[step->status]++;
}

/* V2 answers anybody; what it tells is no answer to the account. */
static bool is_told_to_anybody(const struct xr_facts *facts)
{
    const struct xr_fact_settings *answer = facts->settings;

    while (answer && !answer->used)
        answer = answer->next;
    return answer && xr_same(answer->protocol, "V2");
}

/* EWS was found, and nobody went there: nothing may be said of it. */
static void tell_discovery(const struct xr_run *run, struct xr_verdict *verdict)
{
    const char *from = run->facts.ews_url_from;

    verdict->title = xr_printf(run->arena, "Autodiscover finds Exchange Web Services for %s.",
        run->target->mailbox ? run->target->mailbox : "the mailbox");
    if (from && strstr(from, xr_way_name(XR_WAY_MICROSOFT_365)) && !is_told_to_anybody(&run->facts))
        verdict->meaning = "The mail domain is in Microsoft 365, where EWS has one URL for all. "
                           "Neither the URL nor an account was tried.";
    else if (is_told_to_anybody(&run->facts) || !run->target->account)
        verdict->meaning = "The EWS URL is told without a logon, so no account was tried. The URL "
                           "itself was not tried either.";
    else
        verdict->meaning = "Applications that ask Autodiscover with this account are told the EWS "
                           "URL. The URL itself was not tried.";
}

/* What is in order, in one sentence and with what that means. */
static void tell_success(const struct xr_run *run, struct xr_verdict *verdict)
{
    const struct xr_target *target = run->target;
    const char *folder = run->facts.folder_name ? run->facts.folder_name : "the folder";

    if (xr_is_of_discovery(run)) {
        tell_discovery(run, verdict);
    } else if (target->chain_file) {
        verdict->title = xr_printf(run->arena, "The chain of %s is trusted%s%s.",
            target->chain_file, target->host ? " for " : "", target->host ? target->host : "");
        verdict->meaning = "A server that sends this chain is trusted; no server was asked.";
    } else if (!target->mailbox) {
        verdict->title = xr_printf(run->arena, "The certificate of %s is trusted.", target->host);
        verdict->meaning =
            run->origin.proxy
                ? "The way through the proxy and the certificate are in order. The proxy looks the "
                  "host up by itself, so its name and its other addresses were not tested."
                : "Name, network and certificate are in order at every address.";
    } else {
        verdict->title = xr_printf(run->arena, "%s can open %s of %s%s.", target->account, folder,
            target->mailbox, target->impersonation ? " by impersonation" : "");
        verdict->meaning =
            target->impersonation
                ? "Name, network, certificate, logon and the right to impersonate are in order."
                : "Name, network, certificate, logon and the right to the folder are in order.";
    }
}

const struct xr_finding *xr_verdict_cause(const struct xr_step *first, const struct xr_step *end,
    const struct xr_step **ret_step, const char **ret_host)
{
    const struct xr_step *worst = worst_step(first, end);
    const struct xr_finding *found = NULL;

    *ret_step = worst;
    *ret_host = NULL;
    if (!worst || worst->status < XR_WARNING)
        return NULL;
    for (const struct xr_step *step = worst; step != end && !found; step = step->next) {
        found =
            step->status == worst->status ? cause_of(step, step->status, false, ret_host) : NULL;
        if (found)
            *ret_step = step;
    }
    return found ? found : cause_of(worst, worst->status, true, ret_host);
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
        tell_success(run, &run->verdict);
        return;
    }
    run->verdict.ruled_out = ruled_out(run, step, finding);
    tell(run, step, finding, host);
}
