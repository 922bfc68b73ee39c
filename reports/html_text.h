#ifndef XR_HTML_TEXT_H
#define XR_HTML_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "analyzer/base/arena.h"
#include "analyzer/base/exchange.h"

/*
 * One escaper for each place of a page where text can stand. All of them take
 * text that a stranger may have written, in UTF-8 (what is not well-formed
 * becomes U+FFFD); none lets it become markup, and none prints an invisible or
 * bidirectional control raw. NULL prints nothing.
 */

/* Between tags. Invisible characters become <span class="ctl">U+202E</span>. */
void xr_html_text(FILE *out, const char *text);

/* Inside <pre>: as xr_html_text(), but tabs and line feeds stay. */
void xr_html_pre(FILE *out, const char *text);

/* Inside a quoted attribute or <title>, where no element can stand. */
void xr_html_attribute(FILE *out, const char *text);

/* A display name or a certificate's subject: in a <bdi>, in its own direction. */
void xr_html_name(FILE *out, const char *text);

/*
 * An address, host, URL or account: in a <bdi>, left to right, so that @ and
 * dots stay in place; long ones may break behind them.
 */
void xr_html_remote(FILE *out, const char *text);

/* A sentence of ours that may quote the above: each word is treated as what it looks like. */
void xr_html_prose(FILE *out, const char *text);

/*
 * Captured text inside <pre>: as xr_html_pre(), with what decided the verdict
 * in <mark> and "[redacted: ...]" told apart. decisive may be NULL.
 */
void xr_html_captured(FILE *out, const char *text, const struct xr_decisive *decisive);

/* A step id as an element's id: what is not [A-Za-z0-9.-] becomes a hyphen. */
const char *xr_html_slug(struct xr_arena *arena, const char *text);

/* "12,345": the same in every locale. */
void xr_html_number(FILE *out, int64_t number);

#endif
