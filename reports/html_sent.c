#include "analyzer/base/clock.h"
#include "reports/html.h"
#include "reports/json.h"
#include "reports/subject.h"

static bool has_sent(const struct xr_page *page)
{
    return page->run->sent != NULL;
}

static bool always(const struct xr_page *page)
{
    (void)page;
    return true;
}

static void put_sent(const struct xr_page *page)
{
    static const char *const heads[] = { "Receiver", "What was sent", "Credentials",
        "Protected by" };

    xr_page_section(page, "sent", "What was sent, and to whom", "The complete list. No telemetry.");
    (void)fputs("</div>\n<div class=\"card\">", page->out);
    xr_page_table_head(page, "sends", heads, sizeof(heads) / sizeof(*heads));
    (void)fputs("<tbody role=\"rowgroup\">\n", page->out);
    for (const struct xr_sent *sent = page->run->sent; sent; sent = sent->next) {
        (void)fputs("<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">", page->out);
        xr_html_prose(page->out, sent->to);
        (void)fputs("</th>", page->out);
        xr_page_cell(page, heads[1], sent->what);
        xr_page_cell(page, heads[2], sent->credentials);
        xr_page_cell(page, heads[3], sent->protected_by);
        (void)fputs("</tr>\n", page->out);
    }
    (void)fputs("</tbody></table></div>\n", page->out);
    xr_page_section_end(page);
}

const struct xr_section xr_section_sent = {
    .id = "sent",
    .title = "What was sent",
    .wanted = has_sent,
    .write = put_sent,
};

static void put_row(const struct xr_page *page, const char *label, const char *value)
{
    if (!value)
        return;
    (void)fprintf(page->out,
        "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">%s</th><td role=\"cell\">", label);
    xr_html_prose(page->out, value);
    (void)fputs("</td></tr>\n", page->out);
}

static const char *listed(struct xr_arena *arena, const char *const *texts)
{
    const char *all = NULL;

    for (; *texts; texts++)
        all = all ? xr_printf(arena, "%s, %s", all, *texts) : *texts;
    return all;
}

static const char *schemes(struct xr_arena *arena, const struct xr_target *target)
{
    const char *all = NULL;

    for (size_t i = 0; i < XR_AUTH_COUNT && target->auth[i] != XR_AUTH_NONE; i++)
        all = all ? xr_printf(arena, "%s, %s", all, xr_auth_name(target->auth[i]))
                  : xr_auth_name(target->auth[i]);
    return all && !target->auth_chosen ? xr_printf(arena, "%s (the usual order)", all) : all;
}

static const char *authentication(const struct xr_run *run)
{
    if (xr_is_of_discovery(run) && !run->target->account)
        return "none: no account was given";
    return schemes(run->arena, run->target);
}

static const char *extras(struct xr_arena *arena, uint32_t with)
{
    const char *all = NULL;

    for (int i = 0; i < XR_WITH_COUNT; i++)
        if (with & 1u << i)
            all = all ? xr_printf(arena, "%s, %s", all, xr_with_name((enum xr_with)i))
                      : xr_with_name((enum xr_with)i);
    return all;
}

static const char *left_out(struct xr_arena *arena, uint32_t no_ways)
{
    const char *all = NULL;

    for (enum xr_way way = XR_WAY_ROOT; way < XR_WAYS; way++)
        if (no_ways & 1u << way)
            all = all ? xr_printf(arena, "%s, %s", all, xr_way_name(way)) : xr_way_name(way);
    return all;
}

static void put_environment(const struct xr_page *page)
{
    const struct xr_run *run = page->run;
    const struct xr_target *target = run->target;

    xr_page_section(page, "environment", "Environment", NULL);
    (void)fputs("</div>\n<div class=\"card\"><table class=\"tbl kvt\" role=\"table\"><tbody "
                "role=\"rowgroup\">\n",
        page->out);
    put_row(page, "exray", run->tool_version);
    put_row(page, "This machine", run->origin.host);
    put_row(page, "Its addresses", listed(run->arena, run->origin.addresses));
    put_row(page, "Proxy", run->origin.proxy ? run->origin.proxy : "none");
    if (xr_is_of_access(run))
        put_row(page, "EWS address given", target->ews_url ? target->ews_url : "no: Autodiscover");
    if (!xr_is_of_place(target))
        put_row(page, "Authentication", authentication(run));
    put_row(page, "Also tested", extras(run->arena, target->with));
    put_row(page, "Must not be reachable", target->outside);
    put_row(page, "Methods left out", left_out(run->arena, target->no_ways));
    put_row(page, "Hosts allowed by name", listed(run->arena, target->allow_redirect));
    put_row(page, "Certificate trust",
        target->ignore_trust ? "ignored: trust faults did not stop the test" : "required");
    put_row(page, "Dates judged as of",
        target->at_ms ? xr_rfc3339(run->arena, target->at_ms) : "the start of the run");
    (void)fputs("</tbody></table></div>\n", page->out);
    xr_page_section_end(page);
}

const struct xr_section xr_section_environment = {
    .id = "environment",
    .title = "Environment",
    .wanted = always,
    .write = put_environment,
};

static void put_json(const struct xr_page *page)
{
    xr_page_section(page, "json", "The report as JSON",
        "Everything on this page is drawn from it. Bodies are cut at 64 KiB; secrets never enter "
        "it.");
    (void)fputs(
        "</div>\n<details class=\"raw card\"><summary>exray.report/1</summary><pre>", page->out);
    xr_html_pre(page->out, xr_json_text(page->run));
    (void)fputs("</pre></details>\n", page->out);
    xr_page_section_end(page);
}

const struct xr_section xr_section_json = {
    .id = "json",
    .title = "JSON",
    .wanted = always,
    .write = put_json,
};
