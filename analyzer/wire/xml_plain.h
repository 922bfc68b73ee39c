#ifndef XR_XML_PLAIN_H
#define XR_XML_PLAIN_H

#include <stdbool.h>

#include "analyzer/wire/xml.h"

/*
 * The quick way for plain documents, which nearly all answers of Exchange are: tags, attributes in
 * double quotation marks and texts, of ASCII alone; no references, comments, CDATA or
 * instructions; small, and far below the limits of wire/xml.h. They are read as the parser reads
 * them. false: the document is not plain, or not well-formed; nothing more is said about it, it is
 * for the parser. For wire/xml.c alone.
 */
bool xr_xml_plain(
    struct xr_arena *arena, const char *bytes, size_t length, const struct xr_node **ret_root);

#endif
