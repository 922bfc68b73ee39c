#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "reports/html_chain.h"

static bool is_of_file(const struct xr_page *page)
{
    return page->run->target->chain_file != NULL;
}

const char *xr_chain_role(const struct xr_fact_certificate *certificate)
{
    if (xr_same(certificate->role, "leaf"))
        return "Server certificate";
    if (xr_same(certificate->role, "extra"))
        return "In no path";
    return xr_chain_is_root(certificate) ? "Root" : "Intermediate";
}

/* Fetched only to learn what is missing: nobody trusts a certificate for that. */
static void put_fetched(const struct xr_page *page, const struct xr_chain_link *link)
{
    const char *url = link->below ? link->below->issuer_url : NULL;

    (void)fputs("; fetched", page->out);
    if (url) {
        (void)fputs(" from ", page->out);
        xr_html_remote(page->out, url);
    }
    (void)fputs(" to see", page->out);
}

static void put_sent(const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    (void)fputs(is_of_file(page) ? "in the file" : "sent by the server", page->out);
    if (certificate->position >= 0)
        (void)fprintf(page->out, ", number %d", certificate->position + 1);
    if (xr_chain_is_end(certificate) && certificate->trusted)
        (void)fputs("; it is one of the trusted roots", page->out);
}

void xr_chain_origin(const struct xr_page *page, const struct xr_chain_link *link)
{
    const struct xr_fact_certificate *certificate = link->certificate;
    const char *absent = is_of_file(page) ? "not in the file" : "not sent by the server";

    if (certificate->sent) {
        put_sent(page, certificate);
    } else if (certificate->fetched) {
        (void)fputs(absent, page->out);
        put_fetched(page, link);
    } else if (certificate->missing) {
        (void)fprintf(page->out, "%s; nothing here holds it", absent);
    } else {
        (void)fprintf(page->out, "from the trusted roots %s; %s",
            is_of_file(page) ? "of this run" : "of this machine", absent);
    }
}

void xr_chain_dates(const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    (void)fputs("<span class=\"num\">", page->out);
    xr_page_date(page, certificate->not_before_ms, false);
    (void)fputs(" –</span> <span class=\"num\">", page->out);
    xr_page_date(page, certificate->not_after_ms, false);
    (void)fputs("</span>", page->out);
}

void xr_chain_days(const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    int64_t begins = xr_page_days_left(page, certificate->not_before_ms);
    int64_t days = xr_page_days_left(page, certificate->not_after_ms);

    if (days < 0) {
        (void)fputs("ended ", page->out);
    } else if (begins > 0) {
        (void)fputs("begins in ", page->out);
        xr_html_number(page->out, begins);
        (void)fputs(begins == 1 ? " day" : " days", page->out);
        return;
    }
    xr_page_days(page, days);
}

void xr_chain_revocation(const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    static const struct {
        const char *state, *word;
        enum xr_status status;
    } states[] = {
        { "good", "Good", XR_SUCCESS },
        { "revoked", "Revoked", XR_ERROR },
        { "unknown", "Unknown", XR_WARNING },
        { "no-source", "Nobody to ask", XR_SKIPPED },
    };

    if (!certificate->revocation)
        return;
    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
        if (!xr_same(certificate->revocation, states[i].state))
            continue;
        (void)fprintf(
            page->out, "<span class=\"%s\"><span class=\"st\">", xr_status_name(states[i].status));
        xr_page_icon(page, states[i].status);
        (void)fprintf(page->out, "%s</span></span>", states[i].word);
    }
    if (certificate->revocation_source) {
        (void)fputs(" <span class=\"soft\">", page->out);
        xr_html_prose(page->out, certificate->revocation_source);
        (void)fputs("</span>", page->out);
    }
}

const char *xr_chain_purposes(const struct xr_fact_certificate *certificate)
{
    if (!certificate->purposes)
        return NULL;
    return *certificate->purposes ? certificate->purposes : "any (not limited)";
}

/* A long list of names ends with how many were left out of it: "..., z and 12 more". */
static long left_out_before(const char *last, size_t *length)
{
    static const char tail[] = " more", joint[] = " and ";
    const char *at = strstr(last, joint);
    char *end = NULL;

    if (!at || !strchr("123456789", at[sizeof(joint) - 1]))
        return 0;
    long count = strtol(at + sizeof(joint) - 1, &end, 10);
    if (strcmp(end, tail) != 0)
        return 0;
    *length = (size_t)(at - last);
    return count;
}

void xr_chain_names(const struct xr_page *page, const char *names, int most)
{
    struct xr_arena *arena = page->run->arena;
    long more = 0;

    for (int shown = 0; names && *names; shown++) {
        const char *end = strstr(names, ", ");
        size_t length = end ? (size_t)(end - names) : strlen(names);
        if (!end)
            more += left_out_before(names, &length);
        if (shown < most) {
            (void)fputs(shown ? ", " : "", page->out);
            xr_html_remote(page->out, xr_strndup(arena, names, length));
        } else {
            more++;
        }
        names = end ? end + 2 : NULL;
    }
    if (more <= 0)
        return;
    (void)fputs(" <span class=\"soft\">and ", page->out);
    xr_html_number(page->out, more);
    (void)fputs(" more</span>", page->out);
}

static void put_link(const struct xr_page *page, const struct xr_chain_link *link)
{
    (void)fputs("<b>", page->out);
    xr_html_remote(page->out, xr_chain_common_name(page->run->arena, link->certificate->subject));
    (void)fprintf(page->out, "</b> (%s: ", link->word);
    xr_chain_origin(page, link);
    if (xr_chain_is_known(link->certificate) && !xr_contains(link->word, " left")) {
        (void)fputs("; ", page->out);
        xr_chain_days(page, link->certificate);
    }
    (void)fputs("). ", page->out);
}

static void put_extra_count(const struct xr_page *page, size_t count)
{
    if (!count)
        return;
    xr_html_number(page->out, (int64_t)count);
    (void)fprintf(page->out, " more %s %s that %s in no path.",
        count == 1 ? "certificate" : "certificates",
        is_of_file(page) ? count == 1 ? "is in the file" : "are in the file"
        : count == 1     ? "was sent"
                         : "were sent",
        count == 1 ? "stands" : "stand");
}

static bool is_closed(const struct xr_chain_view *view)
{
    return view->count && xr_chain_is_trusted(view->links[view->count - 1].certificate);
}

void xr_chain_words(const struct xr_page *page, const struct xr_chain_view *view)
{
    (void)fputs("<p class=\"words\" id=\"chain-words\">In words: ", page->out);
    for (size_t i = 0; i < view->count; i++) {
        if (!xr_chain_is_drawn(view, i))
            continue;
        if (i && !xr_chain_is_drawn(view, i - 1)) {
            xr_html_number(page->out, (int64_t)xr_chain_left_out(view));
            (void)fputs(" more follow, which the table lists, and the last of them ", page->out);
        } else if (i) {
            (void)fputs("It ", page->out);
        }
        (void)fputs(i ? "is signed by " : "the chain begins with ", page->out);
        put_link(page, &view->links[i]);
    }
    if (view->count && !is_closed(view))
        (void)fputs("There it ends, without a trusted root. ", page->out);
    put_extra_count(page, view->extra_count);
    (void)fputs("</p>\n", page->out);
}
