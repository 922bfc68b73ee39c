#include "reports/html_chain.h"

enum { NAMES_MAX = 50, COLUMNS = 5 };

static void put_term(const struct xr_page *page, const char *label, const char *value)
{
    if (!value || !*value)
        return;
    (void)fprintf(page->out, "<dt>%s</dt><dd>", label);
    xr_html_remote(page->out, value);
    (void)fputs("</dd>", page->out);
}

/* In one piece and without <wbr>: it is there to be copied. */
static void put_fingerprint(const struct xr_page *page, const char *sha256)
{
    if (!sha256)
        return;
    (void)fputs("<dt>SHA-256</dt><dd><code class=\"fp\">", page->out);
    xr_html_text(page->out, sha256);
    (void)fputs("</code></dd>", page->out);
}

/* What is too long for a column stands below its row, as wide as the table. */
static void put_details(const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    (void)fprintf(page->out,
        "<tr role=\"row\" class=\"more\"><td role=\"cell\" colspan=\"%d\"><dl class=\"kv\">",
        COLUMNS);
    put_term(page, "Subject", certificate->subject);
    put_term(page, "Serial number", certificate->serial);
    put_fingerprint(page, certificate->sha256);
    put_term(page, "Key", certificate->key);
    put_term(page, "Signature", certificate->signature);
    put_term(page, "Purposes", xr_chain_purposes(certificate));
    if (certificate->names && *certificate->names) {
        (void)fputs("<dt>Names</dt><dd>", page->out);
        xr_chain_names(page, certificate->names, NAMES_MAX);
        (void)fputs("</dd>", page->out);
    }
    put_term(page, "Issuer is at", certificate->issuer_url);
    put_term(page, "OCSP is at", certificate->ocsp_url);
    put_term(page, "CRL is at", certificate->crl_url);
    if (certificate->must_staple)
        put_term(page, "Demands", "a stapled OCSP answer (must-staple)");
    (void)fputs("</dl></td></tr>", page->out);
}

static void put_row(const struct xr_page *page, const struct xr_chain_link *link)
{
    const struct xr_fact_certificate *certificate = link->certificate;

    (void)fputs("<tbody role=\"rowgroup\"><tr role=\"row\"><th role=\"rowheader\" scope=\"row\">",
        page->out);
    xr_html_remote(page->out, xr_chain_common_name(page->run->arena, certificate->subject));
    (void)fprintf(page->out,
        "<br><span class=\"xs soft\">%s</span></th><td role=\"cell\" data-l=\"Where from\">",
        xr_chain_role(certificate));
    xr_chain_origin(page, link);
    (void)fputs("</td><td role=\"cell\" data-l=\"Valid\">", page->out);
    if (xr_chain_is_known(certificate)) {
        xr_chain_dates(page, certificate);
        (void)fputs(", ", page->out);
        xr_chain_days(page, certificate);
    } else {
        (void)fputs("–", page->out);
    }
    (void)fputs("</td>", page->out);
    xr_page_cell(page, "Signed by", certificate->issuer);
    (void)fputs("<td role=\"cell\" data-l=\"Revocation\">", page->out);
    if (certificate->revocation)
        xr_chain_revocation(page, certificate);
    else
        (void)fputs("–", page->out);
    (void)fputs("</td></tr>\n", page->out);
    put_details(page, certificate);
    (void)fputs("</tbody>\n", page->out);
}

void xr_chain_table(const struct xr_page *page, const struct xr_chain_view *view)
{
    static const char *const heads[COLUMNS] = { "Certificate", "Where from", "Valid", "Signed by",
        "Revocation" };

    (void)fputs("<details class=\"raw card\" id=\"chain-table\"><summary>The same as a table, with "
                "fingerprints, names and purposes</summary>",
        page->out);
    xr_page_table_head(page, "certs", heads, COLUMNS);
    for (size_t i = 0; i < view->count; i++)
        put_row(page, &view->links[i]);
    for (size_t i = 0; i < view->extra_count; i++)
        put_row(page, &view->extras[i]);
    (void)fputs("</table></details>\n", page->out);
}
