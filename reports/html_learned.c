#include <string.h>

#include "analyzer/base/text.h"
#include "reports/html.h"
#include "reports/subject.h"

static bool is_healthy(const struct xr_page *page)
{
    return page->run->verdict.status == XR_SUCCESS;
}

static void open_tile(const struct xr_page *page, const char *title, bool wide)
{
    (void)fprintf(page->out, "<div class=\"card tile%s\"><h3>%s</h3>", wide ? " w6" : "", title);
}

static void put_note(const struct xr_page *page, const char *text)
{
    (void)fputs("<p class=\"note\">", page->out);
    xr_html_prose(page->out, text ? text : "");
    (void)fputs("</p></div>\n", page->out);
}

static void tile_ews_url(const struct xr_page *page)
{
    const struct xr_facts *facts = &page->run->facts;

    if (!facts->ews_url)
        return;
    open_tile(page, "EWS address", true);
    (void)fputs("<p class=\"url\">", page->out);
    xr_html_remote(page->out, facts->ews_url);
    (void)fputs("</p><p class=\"note\">from ", page->out);
    xr_page_step_link(page, facts->ews_url_from ? facts->ews_url_from : "--ews-url");
    (void)fputs(facts->ews_url_is_internal ? ", for the internal network only" : "", page->out);
    (void)fputs("</p></div>\n", page->out);
}

static void tile_text(
    const struct xr_page *page, const char *title, const char *text, const char *note)
{
    if (!text)
        return;
    open_tile(page, title, true);
    (void)fputs("<p class=\"url\">", page->out);
    xr_html_remote(page->out, text);
    (void)fputs("</p>", page->out);
    put_note(page, note);
}

/* What was tested where there is no mailbox. */
static void tile_place(const struct xr_page *page)
{
    const struct xr_target *target = page->run->target;
    const char *file = xr_file_name(target->chain_file);

    if (!xr_is_of_place(target))
        return;
    open_tile(page, file ? "Certificate file" : "Host", true);
    (void)fputs("<p class=\"url\">", page->out);
    xr_html_remote(page->out, file ? file : target->host);
    (void)fputs("</p>", page->out);
    put_note(page,
        file && target->host ? xr_printf(page->run->arena, "judged for %s", target->host) : NULL);
}

static void tile_tls(const struct xr_page *page)
{
    const struct xr_facts *facts = &page->run->facts;

    if (!facts->tls_protocol || !xr_is_of_place(page->run->target))
        return;
    open_tile(page, "Connection", true);
    (void)fputs("<p class=\"url\">", page->out);
    xr_html_text(page->out, facts->tls_protocol);
    (void)fputs("</p>", page->out);
    put_note(page, facts->tls_cipher);
}

static int count_addresses(const struct xr_page *page, bool good)
{
    const struct xr_fact_address *address = page->run->facts.addresses;
    int count = 0;

    for (; address; address = address->next)
        count += !good || address->status == XR_SUCCESS;
    return count;
}

static void tile_addresses(const struct xr_page *page)
{
    int all = count_addresses(page, false);

    if (!all || !xr_is_of_place(page->run->target))
        return;
    open_tile(page, "Addresses", false);
    (void)fprintf(page->out, "<p class=\"big\">%d <small>of %d</small></p>",
        count_addresses(page, true), all);
    put_note(page, "in order");
}

static void tile_revocation(const struct xr_page *page)
{
    const struct xr_fact_certificate *leaf = xr_page_leaf(page);

    if (!leaf || !leaf->revocation || !xr_is_of_place(page->run->target))
        return;
    open_tile(page, "Revocation", true);
    (void)fprintf(page->out, "<p class=\"url\">%s</p>",
        xr_same(leaf->revocation, "good") ? "Not revoked" : "Not known");
    put_note(page, leaf->revocation_source);
}

static void tile_certificate(const struct xr_page *page)
{
    const struct xr_fact_certificate *leaf = xr_page_leaf(page);
    int64_t expires_ms = page->run->facts.certificate_expires_ms;

    if (!expires_ms)
        return;
    open_tile(page, "Certificate", false);
    (void)fputs("<p class=\"big\">", page->out);
    int64_t days = xr_page_days_left(page, expires_ms);
    xr_html_number(page->out, days);
    (void)fprintf(page->out, " <small>%s left</small></p>", days == 1 ? "day" : "days");
    if (leaf)
        xr_page_life(page, leaf);
    (void)fputs("<p class=\"note\">until ", page->out);
    xr_page_date(page, expires_ms, true);
    (void)fputs("</p></div>\n", page->out);
}

/* The step that asked EWS for the folder, the last that passed among these. */
static const struct xr_step *ews_step(const struct xr_page *page)
{
    for (const struct xr_step *step = page->run->root->first; step; step = step->next)
        if (step->id && !strcmp(step->id, "inbox") && step->status == XR_SUCCESS)
            return step;
    return NULL;
}

static void tile_answer(const struct xr_page *page)
{
    const struct xr_step *step = ews_step(page);

    if (!step)
        return;
    open_tile(page, "Answer of EWS", false);
    (void)fputs("<p class=\"big\">", page->out);
    xr_page_ms(page, step->elapsed_us);
    (void)fputs("</p>", page->out);
    put_note(page, "GetFolder, after the logon");
}

static void tile_server(const struct xr_page *page)
{
    const struct xr_facts *facts = &page->run->facts;
    const char *headline = facts->server_product ? facts->server_product : facts->server_version;

    if (!headline)
        return;
    open_tile(page, "Server", true);
    (void)fputs("<p class=\"big\">", page->out);
    xr_html_text(page->out, headline);
    (void)fputs("</p><p class=\"note\">", page->out);
    xr_html_remote(page->out, facts->server_version);
    if (facts->server_name) {
        (void)fputs(facts->server_version ? ", " : "", page->out);
        xr_html_remote(page->out, facts->server_name);
    }
    if (facts->backend_name) {
        (void)fputs(", back end ", page->out);
        xr_html_remote(page->out, facts->backend_name);
    }
    (void)fputs("</p></div>\n", page->out);
}

static void tile_address(const struct xr_page *page)
{
    const struct xr_facts *facts = &page->run->facts;

    if (!facts->primary_smtp_address) {
        if (xr_is_of_discovery(page->run))
            tile_text(page, "Primary address", facts->autodiscover_smtp_address,
                "as Autodiscover tells it");
        return;
    }
    open_tile(page, "Primary address", true);
    (void)fputs("<p class=\"url\">", page->out);
    xr_html_remote(page->out, facts->primary_smtp_address);
    (void)fputs("</p><p class=\"note\">", page->out);
    xr_html_name(page->out, facts->display_name);
    (void)fputs("</p></div>\n", page->out);
}

static void tile_folder(const struct xr_page *page)
{
    const struct xr_facts *facts = &page->run->facts;

    if (!facts->folder_name || facts->total_count < 0)
        return;
    open_tile(page, "Folder", true);
    (void)fputs("<p class=\"big\">", page->out);
    xr_html_number(page->out, facts->total_count);
    (void)fputs(" <small>items in ", page->out);
    xr_html_name(page->out, facts->folder_name);
    (void)fputs("</small></p><p class=\"note\">", page->out);
    if (facts->unread_count >= 0) {
        xr_html_number(page->out, facts->unread_count);
        (void)fputs(" unread", page->out);
    }
    (void)fputs("</p></div>\n", page->out);
}

static void tile_logon(const struct xr_page *page)
{
    const char *scheme = page->run->facts.auth_scheme;

    if (scheme)
        tile_text(page, "Service account", page->run->target->account,
            xr_printf(page->run->arena, "logged on with %s", scheme));
}

/* The names of a domain may tell of a cloud in which this mailbox is not. */
static void tile_home(const struct xr_page *page)
{
    const struct xr_facts *facts = &page->run->facts;

    tile_text(page, "The mailbox lives", facts->mailbox_home, facts->mailbox_home_because);
    tile_text(page, "Cloud of the domain", facts->cloud.name, facts->cloud.because);
}

static void put_learned(const struct xr_page *page)
{
    xr_page_section(page, "learned", "What was learned", NULL);
    (void)fputs("</div>\n<div class=\"tiles\">\n", page->out);
    tile_place(page);
    tile_ews_url(page);
    tile_certificate(page);
    tile_addresses(page);
    tile_tls(page);
    tile_revocation(page);
    tile_answer(page);
    tile_server(page);
    tile_address(page);
    tile_home(page);
    tile_logon(page);
    tile_folder(page);
    (void)fputs("</div>\n", page->out);
    xr_page_section_end(page);
}

const struct xr_section xr_section_learned = {
    .id = "learned",
    .title = "What was learned",
    .wanted = is_healthy,
    .write = put_learned,
};

/* Nothing to watch in a judgement of another day. */
static bool can_renew(const struct xr_page *page)
{
    return page->run->facts.certificate_expires_ms && !page->run->target->at_ms;
}

static void put_renewal(const struct xr_page *page)
{
    int64_t expires_ms = page->run->facts.certificate_expires_ms;
    int warn_days = page->run->target->warn_days;

    if (!can_renew(page))
        return;
    (void)fputs("<li><span class=\"when\">before ", page->out);
    xr_page_date(page, expires_ms - (int64_t)warn_days * 24 * 60 * 60 * 1000, false);
    (void)fprintf(page->out,
        "</span><div><b>Renew the certificate.</b> <span class=\"soft\">exray warns from %d days "
        "before its end.</span></div></li>\n",
        warn_days);
}

static void put_watch(const struct xr_page *page)
{
    xr_page_section(page, "watch", "What to watch", NULL);
    (void)fputs("</div>\n<div class=\"card\"><ul class=\"watch\">\n", page->out);
    put_renewal(page);
    if (xr_is_of_discovery(page->run))
        (void)fputs("<li><span class=\"when\">each change of DNS or of Exchange</span><div><b>Run "
                    "it again, inside the network and outside.</b> <span class=\"soft\">Names may "
                    "lead elsewhere there, and an answer names one URL for each "
                    "side.</span></div></li>\n",
            page->out);
    else if (page->run->target->mailbox)
        (void)fputs("<li><span class=\"when\">each change of group or scope</span><div><b>Run it "
                    "again with a second mailbox.</b> <span class=\"soft\">This run proves one "
                    "user: a scope may still leave others out.</span></div></li>\n",
            page->out);
    (void)fputs("</ul></div>\n", page->out);
    xr_page_section_end(page);
}

static bool is_watched(const struct xr_page *page)
{
    return is_healthy(page) && (page->run->target->mailbox || can_renew(page));
}

const struct xr_section xr_section_watch = {
    .id = "watch",
    .title = "What to watch",
    .wanted = is_watched,
    .write = put_watch,
};
