#include "analyzer/run/wand.h"

#include <string.h>

#include "analyzer/base/text.h"

const char *xr_wand_source_name(enum xr_wand_source source)
{
    static const char *const names[] = {
        [XR_WAND_AUTODISCOVER] = "autodiscover",
        [XR_WAND_MICROSOFT_365] = "microsoft-365",
        [XR_WAND_PATTERN] = "pattern",
    };

    return names[source];
}

/* "autodiscover.microsoft-365", "autodiscover.hop-1.microsoft-365.request" */
static bool is_by_names(const char *step)
{
    const char *way = xr_way_name(XR_WAY_MICROSOFT_365);
    size_t length = strlen(way);

    for (const char *dot = strchr(step, '.'); dot; dot = strchr(dot + 1, '.'))
        if (!strncmp(dot + 1, way, length) && (!dot[1 + length] || dot[1 + length] == '.'))
            return true;
    return false;
}

static bool is_verdict(const struct xr_run *run, enum xr_finding_code code)
{
    return run->verdict.finding && !strcmp(run->verdict.finding, xr_finding_kind(code)->id);
}

static struct xr_wand by_autodiscover(const struct xr_run *run)
{
    const struct xr_facts *facts = &run->facts;

    return (struct xr_wand){ facts->ews_url, XR_WAND_AUTODISCOVER,
        xr_printf(run->arena, "by Autodiscover: %s gave it%s", facts->ews_url_from,
            facts->ews_url_is_internal ? ", for the internal network only" : "") };
}

static bool somebody_logged_on(const struct xr_run *run)
{
    for (const struct xr_sent *sent = run->sent; sent; sent = sent->next)
        if (strcmp(sent->credentials, "none") != 0)
            return true;
    return false;
}

/* An own server may have been asked before, and have sent us on to an address over there. */
static struct xr_wand by_microsoft_365(const struct xr_run *run, const char *url)
{
    const struct xr_fact_cloud *cloud = &run->facts.cloud;
    const char *because = cloud->because ? cloud->because : "names of the domain lead there";

    return (struct xr_wand){ url, XR_WAND_MICROSOFT_365,
        xr_printf(run->arena, "by %s: %s; %s", cloud->name ? cloud->name : "Microsoft 365", because,
            somebody_logged_on(run) ? "no answer behind a logon gave this URL"
                                    : "no server was asked with a logon") };
}

static struct xr_wand by_pattern(struct xr_arena *arena, const char *domain)
{
    return (struct xr_wand){ domain ? xr_printf(arena, "https://mail.%s/EWS/Exchange.asmx", domain)
                                    : NULL,
        XR_WAND_PATTERN, "by the pattern; whether a server answers there was not tested" };
}

struct xr_wand xr_wand(const struct xr_run *run, const char *domain)
{
    const struct xr_facts *facts = &run->facts;
    bool found =
        facts->ews_url && facts->ews_url_from && xr_starts(facts->ews_url_from, "autodiscover.");

    if (found)
        return is_by_names(facts->ews_url_from) ? by_microsoft_365(run, facts->ews_url)
                                                : by_autodiscover(run);
    if (facts->cloud.ews_url && is_verdict(run, XR_FINDING_AUTODISCOVER_MICROSOFT_365))
        return by_microsoft_365(run, facts->cloud.ews_url);
    return by_pattern(run->arena, domain);
}

const char *xr_wand_line(const struct xr_run *run, const struct xr_wand *wand, const char *more)
{
    const struct xr_verdict *verdict = &run->verdict;
    bool said = run->facts.ews_url_is_internal &&
                is_verdict(run, XR_FINDING_AUTODISCOVER_INTERNAL_URL_ONLY);

    if (!verdict->finding)
        return xr_printf(run->arena, "%s%s", wand->because, more);
    return xr_printf(run->arena, "%s%s%s%s (exray explain %s)", wand->because, more,
        said ? "" : ". ", said ? "" : verdict->title, verdict->finding);
}

/* ---- how sure the pattern is ---- */

/* Nobody is there, or who is there has no Autodiscover. */
static bool is_negative(enum xr_finding_code code)
{
    static const enum xr_finding_code negative[] = { XR_FINDING_DNS_NAME_NOT_FOUND,
        XR_FINDING_DNS_NO_ADDRESS, XR_FINDING_AUTODISCOVER_NOT_FOUND, XR_FINDING_HTTP_FORBIDDEN,
        XR_FINDING_HTTP_NOT_FOUND };

    for (size_t i = 0; i < sizeof(negative) / sizeof(*negative); i++)
        if (code == negative[i])
            return true;
    return false;
}

static const struct xr_step *step_of_verdict(const struct xr_run *run)
{
    for (const struct xr_step *step = run->root ? run->root->first : NULL; step; step = step->next)
        if (xr_same(step->id, run->verdict.step))
            return step;
    return NULL;
}

static const struct xr_finding *first_doubt(const struct xr_step *way)
{
    for (const struct xr_finding *at = way->findings; at; at = at->next)
        if (!is_negative(at->code))
            return at;
    return NULL;
}

/* A way without a finding of its own is one that an answer led to, so it was no negative one. */
static const struct xr_step *doubtful_way(const struct xr_step *search)
{
    for (const struct xr_step *way = search->first; way; way = way->next)
        if (way->status >= XR_WARNING && (!way->findings || first_doubt(way)))
            return way;
    return NULL;
}

struct xr_wand_doubt xr_wand_doubt(const struct xr_run *run)
{
    const struct xr_verdict *verdict = &run->verdict;
    const struct xr_step *search = step_of_verdict(run);
    struct xr_wand_doubt whole = { verdict->finding,
        search && search->message ? search->message : verdict->title };

    if (!verdict->finding)
        return (struct xr_wand_doubt){ NULL, NULL };
    if (!search || !is_verdict(run, XR_FINDING_AUTODISCOVER_NO_METHOD))
        return whole;
    const struct xr_step *way = doubtful_way(search);
    if (!way)
        return (struct xr_wand_doubt){ NULL, NULL };
    const struct xr_finding *finding = first_doubt(way);
    return finding ? (struct xr_wand_doubt){ xr_finding_kind(finding->code)->id, finding->message }
                   : whole;
}
