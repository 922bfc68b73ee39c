#ifndef XR_MARKUP_H
#define XR_MARKUP_H

/*
 * Reads a report page as strictly as a page of ours can be read, and fails the
 * test at what it should not hold: an element or attribute that no template of
 * ours writes, an unquoted attribute, a reference that leaves the page, an id
 * twice, tags that do not nest, a second style or script.
 */
void markup_check(const char *page);

/* The same for the page of a bulk check, which has two of each. */
void markup_check_matrix(const char *page);

#endif
