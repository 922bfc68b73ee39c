#ifndef XR_WRAP_H
#define XR_WRAP_H

#include "analyzer/base/arena.h"

/* How many columns of a terminal the text takes; East Asian wide letters take two. */
int xr_columns(const char *text);

/*
 * The text with line feeds for some of its spaces, so that no line is wider
 * than "width" columns; a word that is wider has a line of its own. Takes text
 * without controls (see xr_visible()).
 */
const char *xr_wrapped(struct xr_arena *arena, const char *text, int width);

#endif
