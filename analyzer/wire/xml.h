#ifndef XR_XML_H
#define XR_XML_H

#include <stddef.h>

#include "analyzer/base/err.h"

/*
 * XML from strangers. The bytes are scanned before a parser sees them (size,
 * attributes per tag), any DOCTYPE is refused, references to characters that
 * XML 1.0 forbids are dropped (real Exchange sends them), no entity is
 * resolved, nothing is loaded; the rest of the limits hold while the tree
 * grows. UTF-8 and UTF-16 are read. Small documents of plain ASCII need neither
 * scan nor parser (wire/xml_plain.h): what is read there the parser would read
 * alike. Facts behind the limits: libxml2 2.9 needs more than 30 s for 100,000
 * attributes on one element, and looks up every prefix by going through all
 * declarations in scope, and keeps all names in a hash table that does not grow
 * beyond 4,608 slots.
 */
enum {
    XR_XML_SIZE_MAX = 8 * 1024 * 1024, /* bytes, as sent and as UTF-8 */
    XR_XML_ATTRIBUTES_MAX = 256,       /* per tag, namespace declarations included */
    XR_XML_TEXT_MAX = 4096,            /* bytes of the text of one element; the rest is cut off */
    XR_XML_DEPTH_MAX = 100,
    XR_XML_NODES_MAX = 200000,   /* elements, attributes, declarations, instructions */
    XR_XML_NAMES_MAX = 20000,    /* different names */
    XR_XML_NAMESPACES_MAX = 128, /* declarations in scope at once */
};

struct xr_attribute {
    struct xr_attribute *next;
    const char *name, *value; /* local name */
};

/* An element. Names are local names; "space" is the namespace URI, "" for none. Prefixes are gone.
 */
struct xr_node {
    struct xr_node *next, *first, *last, *parent;
    const char *name, *space;
    const char *text; /* its character data, children's not included; "" for none */
    struct xr_attribute *attributes;
};

/*
 * Parses all of it into the arena; any number of threads at once. Errors:
 * XR_FAULT_CONTENT, with what and where: "not XML: line 3: ..." when it is not
 * well-formed, "XML that is not accepted: ..." when it breaks a limit or has a
 * DOCTYPE. A prefix that nobody declared is no error, it means no namespace.
 */
xr_must_check const struct xr_err *xr_xml_parse(
    struct xr_arena *arena, const char *bytes, size_t length, const struct xr_node **ret_root);

/* By local name; namespaces are compared only where a caller says so. All accept NULL and return
 * NULL. */
const struct xr_node *xr_xml_child(const struct xr_node *node, const char *name);
const struct xr_node *xr_xml_sibling(
    const struct xr_node *node, const char *name); /* the next one so called */
const struct xr_node *xr_xml_find(
    const struct xr_node *node, const char *name); /* itself or below, document order */
const char *xr_xml_attribute(const struct xr_node *node, const char *name);
/* The trimmed text of the child so called; NULL: no such child, or nothing in it. */
const char *xr_xml_text(struct xr_arena *arena, const struct xr_node *node, const char *child);

#endif
