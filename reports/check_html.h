#ifndef XR_CHECK_HTML_H
#define XR_CHECK_HTML_H

#include "analyzer/model/check.h"
#include "reports/html.h"

/* The page of a bulk check, section by section. "page" has no run: only what needs none is used. */
struct xr_check_page {
    struct xr_page page;
    FILE *out; /* the same as the page's */
    const struct xr_check *check;
};

void xr_check_page_causes(const struct xr_check_page *page);
void xr_check_page_matrix(const struct xr_check_page *page, struct xr_check_rows by_cause);
void xr_check_page_remarks(const struct xr_check_page *page);
void xr_check_page_once(const struct xr_check_page *page); /* what was learned once for everybody */
void xr_check_page_again(const struct xr_check_page *page);
bool xr_check_page_wants_again(const struct xr_check_page *page);

#endif
