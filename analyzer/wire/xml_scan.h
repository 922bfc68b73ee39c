#ifndef XR_XML_SCAN_H
#define XR_XML_SCAN_H

#include <stddef.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/err.h"

/*
 * What happens to a stranger's document before the XML parser sees it: UTF-16
 * becomes UTF-8 (other encodings are refused), a DOCTYPE and a tag with more
 * than XR_XML_ATTRIBUTES_MAX attributes are refused, references to characters
 * that XML 1.0 forbids are dropped. The number of lines stays the same. Runs
 * in linear time, whatever the bytes are.
 *
 * ret_text: initialised by the caller; its limit is the limit of the text.
 * Errors: XR_FAULT_CONTENT.
 */
xr_must_check const struct xr_err *xr_xml_scan(
    struct xr_arena *arena, const char *bytes, size_t length, struct xr_buf *ret_text);

#endif
