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

static struct xr_wand by_autodiscover(const struct xr_run *run)
{
    const struct xr_facts *facts = &run->facts;

    return (struct xr_wand){ facts->ews_url, XR_WAND_AUTODISCOVER,
        xr_printf(run->arena, "by Autodiscover: %s gave it%s", facts->ews_url_from,
            facts->ews_url_is_internal ? ", for the internal network only" : "") };
}

static struct xr_wand by_microsoft_365(const struct xr_run *run, const char *url)
{
    const struct xr_fact_cloud *cloud = &run->facts.cloud;
    const char *because = cloud->because ? cloud->because : "names of the domain lead there";

    return (struct xr_wand){ url, XR_WAND_MICROSOFT_365,
        xr_printf(run->arena, "by %s: %s; no server was asked with a logon",
            cloud->name ? cloud->name : "Microsoft 365", because) };
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
    if (facts->cloud.name && facts->cloud.ews_url)
        return by_microsoft_365(run, facts->cloud.ews_url);
    return by_pattern(run->arena, domain);
}
