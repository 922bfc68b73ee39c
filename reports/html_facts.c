#include "reports/html.h"
#include "reports/subject.h"

static bool is_not_healthy(const struct xr_page *page)
{
    return page->run->verdict.status != XR_SUCCESS;
}

static void open_term(const struct xr_page *page, const char *label, bool wide)
{
    (void)fprintf(page->out, "<div%s><dt>%s</dt><dd>", wide ? " class=\"wide\"" : "", label);
}

static void close_term(const struct xr_page *page)
{
    (void)fputs("</dd></div>\n", page->out);
}

static void put_term(
    const struct xr_page *page, const char *label, const char *value, const char *note)
{
    if (!value)
        return;
    open_term(page, label, false);
    xr_html_remote(page->out, value);
    if (note) {
        (void)fputs("<small>", page->out);
        xr_html_prose(page->out, note);
        (void)fputs("</small>", page->out);
    }
    close_term(page);
}

static const char *folder_note(const struct xr_page *page)
{
    static const char *const identifiers[] = {
        [XR_BY_SMTP_ADDRESS] = "SMTP address",
        [XR_BY_PRIMARY_SMTP_ADDRESS] = "primary SMTP address",
        [XR_BY_UPN] = "user principal name",
        [XR_BY_SID] = "SID",
    };
    const struct xr_target *target = page->run->target;
    const char *folder = target->folder ? target->folder : "given by its id";

    if (!xr_is_of_access(page->run))
        return NULL;
    if (!target->impersonation)
        return xr_printf(page->run->arena, "folder %s, without impersonation", folder);
    return xr_printf(page->run->arena, "folder %s, impersonated by %s", folder,
        identifiers[target->identify_by]);
}

static void put_ews_url(const struct xr_page *page)
{
    const struct xr_facts *facts = &page->run->facts;

    if (!facts->ews_url)
        return;
    open_term(page, "EWS address", true);
    xr_html_remote(page->out, facts->ews_url);
    if (facts->ews_url_from) {
        (void)fputs("<small>from ", page->out);
        xr_page_step_link(page, facts->ews_url_from);
        (void)fputs(facts->ews_url_is_internal ? ", for the internal network only" : "", page->out);
        (void)fputs("</small>", page->out);
    }
    close_term(page);
}

static void put_account(const struct xr_page *page)
{
    const struct xr_run *run = page->run;
    const char *scheme = run->facts.auth_scheme;

    if (run->target->account)
        put_term(page, "Service account", run->target->account,
            scheme ? xr_printf(run->arena, "accepted with %s", scheme) : NULL);
    else if (xr_is_of_discovery(run))
        put_term(page, "Service account", "none given", "nobody was asked behind a logon");
}

/* The address as EWS knows it; where EWS was not asked, as Autodiscover tells it. */
static void put_primary(const struct xr_page *page)
{
    const struct xr_facts *facts = &page->run->facts;

    if (facts->primary_smtp_address || !xr_is_of_discovery(page->run))
        put_term(page, "Primary address", facts->primary_smtp_address, facts->display_name);
    else
        put_term(
            page, "Primary address", facts->autodiscover_smtp_address, "as Autodiscover tells it");
}

static void put_server(const struct xr_page *page)
{
    const struct xr_facts *facts = &page->run->facts;
    const char *headline = facts->server_product ? facts->server_product : facts->server_version;

    if (!headline)
        return;
    open_term(page, "Server", false);
    xr_html_text(page->out, headline);
    (void)fputs("<small>", page->out);
    if (facts->server_product)
        xr_html_remote(page->out, facts->server_version);
    if (facts->server_name) {
        (void)fputs(facts->server_product && facts->server_version ? ", " : "", page->out);
        xr_html_remote(page->out, facts->server_name);
    }
    if (facts->backend_name) {
        (void)fputs(", back end ", page->out);
        xr_html_remote(page->out, facts->backend_name);
    }
    (void)fputs("</small>", page->out);
    close_term(page);
}

static void put_certificate(const struct xr_page *page)
{
    int64_t expires_ms = page->run->facts.certificate_expires_ms;

    if (!expires_ms)
        return;
    int64_t days = xr_page_days_left(page, expires_ms);
    open_term(page, "Certificate", false);
    (void)fputs(days < 0 ? "ended " : "", page->out);
    xr_page_days(page, days);
    (void)fputs("<small>until ", page->out);
    xr_page_date(page, expires_ms, true);
    (void)fputs("</small>", page->out);
    close_term(page);
}

static void put_folder(const struct xr_page *page)
{
    const struct xr_facts *facts = &page->run->facts;

    if (!facts->folder_name)
        return;
    open_term(page, "Folder", false);
    xr_html_name(page->out, facts->folder_name);
    if (facts->total_count >= 0) {
        (void)fputs("<small>", page->out);
        xr_html_number(page->out, facts->total_count);
        (void)fputs(" items", page->out);
        if (facts->unread_count >= 0) {
            (void)fputs(", ", page->out);
            xr_html_number(page->out, facts->unread_count);
            (void)fputs(" unread", page->out);
        }
        (void)fputs("</small>", page->out);
    }
    close_term(page);
}

static void put_origin(const struct xr_page *page)
{
    const struct xr_origin *origin = &page->run->origin;

    if (!origin->host)
        return;
    open_term(page, "Asked from", false);
    xr_html_remote(page->out, origin->host);
    (void)fputs("<small>", page->out);
    for (const char *const *address = origin->addresses; *address; address++) {
        xr_html_remote(page->out, *address);
        (void)fputs(", ", page->out);
    }
    (void)fputs(origin->proxy ? "proxy " : "no proxy", page->out);
    xr_html_remote(page->out, origin->proxy);
    (void)fputs("</small>", page->out);
    close_term(page);
}

static void put_run(const struct xr_page *page)
{
    const struct xr_run *run = page->run;

    open_term(page, "Run", false);
    xr_page_ms(page, run->elapsed_us);
    (void)fputs("<small>", page->out);
    xr_page_date(page, run->started_wall_ms, false);
    (void)fputs(", ", page->out);
    xr_page_clock(page, run->started_wall_ms);
    (void)fputs("</small>", page->out);
    close_term(page);
    open_term(page, "Steps", false);
    (void)fprintf(page->out, "%d failed, %d with a warning<small>%d passed, %d skipped</small>",
        run->summary[XR_ERROR], run->summary[XR_WARNING], run->summary[XR_SUCCESS],
        run->summary[XR_SKIPPED]);
    close_term(page);
}

/* What was tested where there is no mailbox. */
static void put_place(const struct xr_page *page)
{
    const struct xr_run *run = page->run;
    const struct xr_target *target = run->target;

    if (xr_is_of_place(target)) {
        put_term(
            page, "Host", target->host, target->chain_file ? "the name that was judged" : NULL);
        put_term(page, "Certificate file", xr_file_name(target->chain_file), target->chain_file);
    }
    if (!target->at_ms)
        return;
    open_term(page, "Judged as of", false);
    xr_page_date(page, target->at_ms, true);
    (void)fputs("<small>", page->out);
    xr_page_clock(page, target->at_ms);
    (void)fputs(", not as of the run</small>", page->out);
    close_term(page);
}

static void put_facts(const struct xr_page *page)
{
    const struct xr_run *run = page->run;
    const struct xr_facts *facts = &run->facts;

    xr_page_section(page, "facts", "What was tested", NULL);
    (void)fputs("</div>\n<dl class=\"facts card pad\">\n", page->out);
    put_place(page);
    put_term(page, "Target mailbox", run->target->mailbox, folder_note(page));
    put_primary(page);
    put_term(page, "The mailbox lives", facts->mailbox_home, facts->mailbox_home_because);
    put_account(page);
    put_server(page);
    put_ews_url(page);
    put_term(page, "Cloud of the domain", facts->cloud.name, facts->cloud.because);
    put_folder(page);
    put_certificate(page);
    put_term(page, "request-id", facts->request_id, "for the server’s own logs");
    put_origin(page);
    put_run(page);
    (void)fputs("</dl>\n", page->out);
    xr_page_section_end(page);
}

const struct xr_section xr_section_facts = {
    .id = "facts",
    .title = "What was tested",
    .wanted = is_not_healthy,
    .write = put_facts,
};
