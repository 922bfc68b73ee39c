#ifndef XR_INDENT_H
#define XR_INDENT_H

#include "analyzer/base/arena.h"

/*
 * XML as people read it: one element a line, indented, namespace declarations
 * left out. It only moves white space: it is no parser, and takes what is cut
 * off or not well-formed as it comes. NULL: the text does not look like XML, or
 * grew too long; then it is shown as it was received.
 */
const char *xr_indent_xml(struct xr_arena *arena, const char *text);

#endif
