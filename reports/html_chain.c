#include <string.h>

#include "analyzer/base/text.h"
#include "reports/html.h"

static bool has_chain(const struct xr_page *page)
{
    return page->run->facts.certificates != NULL;
}

/* Certificates that stand in no path are listed below the picture. */
static bool is_extra(const struct xr_fact_certificate *certificate)
{
    return xr_same(certificate->role, "extra");
}

static const char *role_title(const struct xr_fact_certificate *certificate)
{
    if (xr_same(certificate->role, "leaf"))
        return "Server certificate";
    return xr_same(certificate->role, "root") ? "Root" : "Intermediate";
}

/* What the box says in its corner: the worst that is true of this certificate alone. */
struct judgement {
    enum xr_status status;
    const char *word;
};

static struct judgement judge_dates(
    const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    int64_t days = xr_page_days_left(page, certificate->not_after_ms);
    struct xr_arena *arena = page->run->arena;

    if (days < 0)
        return (struct judgement){ XR_ERROR, "Expired" };
    if (certificate->not_before_ms > page->run->started_wall_ms)
        return (struct judgement){ XR_ERROR, "Not valid yet" };
    if (days <= page->run->target->warn_days)
        return (struct judgement){ XR_WARNING,
            xr_printf(arena, "%d %s left", (int)days, days == 1 ? "day" : "days") };
    return (struct judgement){ XR_SUCCESS, NULL };
}

static struct judgement judge(
    const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    bool root = xr_same(certificate->role, "root");

    if (certificate->missing)
        return (struct judgement){ XR_ERROR, "Missing" };
    struct judgement dates = judge_dates(page, certificate);
    if (dates.word)
        return dates;
    if (!certificate->trusted && (root || !certificate->used))
        return (struct judgement){ page->run->target->ignore_trust ? XR_WARNING : XR_ERROR,
            "Not trusted" };
    return (struct judgement){ XR_SUCCESS, root ? "Trusted" : "In order" };
}

/* CN of an RFC 2253 style subject, or all of it. */
static const char *common_name(struct xr_arena *arena, const char *subject)
{
    const char *at = subject ? subject : "(no subject)";

    for (const char *cn = strcasestr(at, "CN"); cn; cn = strcasestr(cn + 2, "CN")) {
        const char *value = cn + 2 + strspn(cn + 2, " ");
        bool starts_part = cn == at || cn[-1] == ',' || cn[-1] == ' ' || cn[-1] == '/';
        if (!starts_part || *value != '=')
            continue;
        value += 1 + strspn(value + 1, " ");
        size_t length = strcspn(value, ",");
        return length ? xr_strndup(arena, value, length) : at;
    }
    return at;
}

static void put_origin(const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    if (certificate->missing)
        (void)fputs("nobody sent it, nothing here holds it", page->out);
    else if (certificate->sent && certificate->position >= 0)
        (void)fprintf(page->out, "sent by the server, number %d", certificate->position + 1);
    else
        (void)fputs(
            certificate->sent ? "sent by the server" : "from this machine, not sent", page->out);
}

void xr_page_life(const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    int64_t whole = certificate->not_after_ms - certificate->not_before_ms;
    int64_t used = page->run->started_wall_ms - certificate->not_before_ms;

    if (whole <= 0)
        return;
    (void)fprintf(page->out,
        "<svg class=\"life %s\" aria-hidden=\"true\" focusable=\"false\"><rect class=\"all\" "
        "width=\"100%%\" height=\"8\" rx=\"4\"/><rect class=\"used\"",
        xr_status_name(judge_dates(page, certificate).status));
    xr_page_percent(page, "width", used, whole);
    (void)fputs(" height=\"8\" rx=\"4\"/><rect class=\"now\"", page->out);
    xr_page_percent(page, "x", used - whole / 200, whole);
    (void)fputs(" y=\"-2\" width=\"3\" height=\"12\" rx=\"1\"/></svg>", page->out);
}

static void put_row(const struct xr_page *page, const char *label, const char *value)
{
    if (!value || !*value)
        return;
    (void)fprintf(page->out, "<dt>%s</dt><dd>", label);
    xr_html_remote(page->out, value);
    (void)fputs("</dd>", page->out);
}

static void put_dates(const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    xr_page_date(page, certificate->not_before_ms, false);
    (void)fputs(" – ", page->out);
    xr_page_date(page, certificate->not_after_ms, false);
}

/* The ends of a fingerprint tell certificates apart; the whole is in the table below. */
static const char *shortened(struct xr_arena *arena, const char *digest)
{
    size_t length = digest ? strlen(digest) : 0;

    if (length <= 24)
        return digest;
    return xr_printf(arena, "%.8s…%s", digest, digest + length - 5);
}

static const char *key_and_signature(
    struct xr_arena *arena, const struct xr_fact_certificate *certificate)
{
    if (!certificate->key || !certificate->signature)
        return certificate->key ? certificate->key : certificate->signature;
    return xr_printf(arena, "%s, %s", certificate->key, certificate->signature);
}

static void put_box(const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    struct xr_arena *arena = page->run->arena;
    struct judgement judged = judge(page, certificate);

    (void)fprintf(page->out,
        "<li><div class=\"cert %s%s\"><p class=\"role\"><span>%s</span><span class=\"st\">",
        xr_status_name(judged.status), certificate->missing ? " gone" : "",
        role_title(certificate));
    xr_page_icon(page, judged.status);
    (void)fprintf(page->out, "%s</span></p><h3>", judged.word);
    xr_html_remote(page->out, common_name(arena, certificate->subject));
    (void)fputs("</h3><p class=\"xs soft\">", page->out);
    put_origin(page, certificate);
    (void)fputs("</p>", page->out);
    if (!certificate->missing) {
        xr_page_life(page, certificate);
        (void)fputs("<dl><dt>Valid</dt><dd>", page->out);
        put_dates(page, certificate);
        (void)fputs("</dd>", page->out);
        put_row(page, "Names", certificate->names);
        put_row(page, "Key", key_and_signature(arena, certificate));
        put_row(page, "SHA-256", shortened(arena, certificate->sha256));
        (void)fputs("</dl>", page->out);
    }
    (void)fputs("</div></li>\n", page->out);
}

static void put_extras(const struct xr_page *page)
{
    const struct xr_fact_certificate *certificate = page->run->facts.certificates;
    int count = 0;

    for (; certificate; certificate = certificate->next) {
        if (!is_extra(certificate))
            continue;
        if (!count++)
            (void)fputs("<div class=\"extra\"><b>Sent as well, but part of no path.</b> Harmless; "
                        "better removed from the server’s binding.<ul>",
                page->out);
        (void)fputs("<li><code>", page->out);
        xr_html_name(page->out, certificate->subject);
        (void)fputs("</code> <span class=\"soft\">", page->out);
        put_dates(page, certificate);
        (void)fputs("</span></li>", page->out);
    }
    if (count)
        (void)fputs("</ul></div>\n", page->out);
}

static void put_cell(const struct xr_page *page, const char *label, const char *value)
{
    (void)fprintf(page->out, "<td role=\"cell\" data-l=\"%s\">", label);
    if (value)
        xr_html_remote(page->out, value);
    else
        (void)fputs("–", page->out);
    (void)fputs("</td>", page->out);
}

static void put_table_row(const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    (void)fputs("<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">", page->out);
    xr_html_name(page->out, certificate->subject ? certificate->subject : "(no subject)");
    (void)fputs("</th><td role=\"cell\" data-l=\"Where from\">", page->out);
    put_origin(page, certificate);
    (void)fputs("</td><td role=\"cell\" data-l=\"Valid\">", page->out);
    if (certificate->missing)
        (void)fputs("–", page->out);
    else
        put_dates(page, certificate);
    (void)fputs("</td>", page->out);
    put_cell(page, "Signed by", certificate->issuer);
    (void)fputs("<td role=\"cell\" data-l=\"Serial number, SHA-256\">", page->out);
    xr_html_remote(page->out, certificate->serial);
    (void)fputs("<br>", page->out);
    xr_html_remote(page->out, certificate->sha256);
    (void)fputs("</td></tr>\n", page->out);
}

static void put_table(const struct xr_page *page)
{
    static const char *const heads[] = { "Certificate", "Where from", "Valid", "Signed by",
        "Serial number, SHA-256" };
    const struct xr_fact_certificate *certificate = page->run->facts.certificates;

    (void)fputs("<details class=\"raw card\" id=\"chain-table\"><summary>The same as a "
                "table</summary><table class=\"tbl\" role=\"table\"><thead role=\"rowgroup\"><tr "
                "role=\"row\">",
        page->out);
    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
        (void)fprintf(page->out, "<th role=\"columnheader\" scope=\"col\">%s</th>", heads[i]);
    (void)fputs("</tr></thead><tbody role=\"rowgroup\">\n", page->out);
    for (; certificate; certificate = certificate->next)
        put_table_row(page, certificate);
    (void)fputs("</tbody></table></details>\n", page->out);
}

static void put_chain(const struct xr_page *page)
{
    const struct xr_fact_certificate *certificate = page->run->facts.certificates;

    xr_page_section(page, "chain", "Certificate chain",
        "As the EWS host showed it, from the server’s certificate to the root.");
    (void)fputs("</div>\n<ol class=\"chain\">\n", page->out);
    for (; certificate; certificate = certificate->next)
        if (!is_extra(certificate))
            put_box(page, certificate);
    (void)fputs("</ol>\n", page->out);
    put_extras(page);
    put_table(page);
    xr_page_section_end(page);
}

const struct xr_section xr_section_chain = {
    .id = "chain",
    .title = "Certificate chain",
    .wanted = has_chain,
    .write = put_chain,
};
