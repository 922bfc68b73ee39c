#ifndef XR_HTML_CHAIN_H
#define XR_HTML_CHAIN_H

#include "reports/html.h"

/*
 * The certificate chain as the page tells it three times: drawn, in one
 * paragraph, and as a table. All three read what is here, so that none can say
 * what another does not.
 */
enum { XR_CHAIN_DRAWN_MAX = 10 };

/* One place of the chain, or a certificate in no path. */
struct xr_chain_link {
    const struct xr_fact_certificate *certificate;
    const struct xr_fact_certificate *below; /* the one that this one signed; NULL: none */
    enum xr_status status;                   /* the worst that is true of this certificate alone */
    const char *word;                        /* the same in a word or two: "Missing" */
};

struct xr_chain_view {
    struct xr_chain_link *links; /* from the server's certificate to the root */
    struct xr_chain_link *extras;
    size_t count, extra_count;
};

/* html_chain_view.c: in the order of the path, whatever the order of the facts. */
struct xr_chain_view xr_chain_view(const struct xr_page *page);

/* Of a long chain the beginning and the end are drawn; "left out" stands between them. */
size_t xr_chain_left_out(const struct xr_chain_view *view);
bool xr_chain_is_drawn(const struct xr_chain_view *view, size_t i);

/* A place in the chain that the server leaves empty: a root need not be sent. */
bool xr_chain_is_gap(const struct xr_fact_certificate *certificate);
bool xr_chain_is_root(const struct xr_fact_certificate *certificate);
/* Something is known of it: it was sent, or of the trusted roots, or fetched. */
bool xr_chain_is_known(const struct xr_fact_certificate *certificate);

/* It signed itself, or is said to be a root: nothing can come behind it. */
bool xr_chain_is_end(const struct xr_fact_certificate *certificate);
/* This machine trusts it, by a path or as a root of its own; whatever else is wrong with it. */
bool xr_chain_is_trusted(const struct xr_fact_certificate *certificate);

enum xr_status xr_chain_dates_status(
    const struct xr_page *page, const struct xr_fact_certificate *certificate);

/* "mail.contoso.example" of "CN=mail.contoso.example,O=Contoso"; else all of the subject. */
const char *xr_chain_common_name(struct xr_arena *arena, const char *subject);

/* html_chain_text.c: what both the picture and the table say of one. */
const char *xr_chain_role(const struct xr_fact_certificate *certificate);
void xr_chain_origin(const struct xr_page *page, const struct xr_chain_link *link);
void xr_chain_dates(const struct xr_page *page, const struct xr_fact_certificate *certificate);
void xr_chain_days(const struct xr_page *page, const struct xr_fact_certificate *certificate);
void xr_chain_revocation(const struct xr_page *page, const struct xr_fact_certificate *certificate);
const char *xr_chain_purposes(const struct xr_fact_certificate *certificate); /* NULL: unknown */

/* Names of a certificate, "a, b, c": at most so many, then how many more. */
void xr_chain_names(const struct xr_page *page, const char *names, int most);

/* The picture in one paragraph, for those who do not see it. */
void xr_chain_words(const struct xr_page *page, const struct xr_chain_view *view);

/* html_chain_table.c */
void xr_chain_table(const struct xr_page *page, const struct xr_chain_view *view);

#endif
