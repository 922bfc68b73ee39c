#ifndef XR_TERMINAL_H
#define XR_TERMINAL_H

#include "analyzer/base/arena.h"
#include "reports/report.h"

/* XR_STATUS_WIDTH: the columns that xr_put_status() takes. */
enum { XR_TERMINAL_WIDTH = 100, XR_STATUS_WIDTH = 11 };

extern const char XR_BOLD[], XR_DIM[], XR_PLAIN[];

/* Where something is told to people. "arena" is for this one call. */
struct xr_terminal {
    FILE *out;
    struct xr_arena *arena;
    const struct xr_style *style;
    int label_width; /* of xr_put_labelled(), its indentation included */
};

void xr_paint(const struct xr_terminal *to, const char *code); /* nothing without colours */

/* Icon and word. dim: of what the reader need not look for. */
void xr_put_status(const struct xr_terminal *to, enum xr_status status, bool dim);

/*
 * Visible, wrapped, each line behind the first indented. The cursor is at the
 * indentation already. NULL: an empty line.
 */
void xr_put_hanging(const struct xr_terminal *to, const char *text, int indent);
void xr_put_indented(
    const struct xr_terminal *to, const char *text, int indent); /* NULL: nothing */
void xr_put_labelled(
    const struct xr_terminal *to, const char *label, const char *text); /* NULL or "": nothing */

/* As it is to be typed: never wrapped, only made harmless. NULL: nothing. */
void xr_put_command(const struct xr_terminal *to, const char *command, int indent);
/* Where the command of an advice is typed, the command, and what is to be seen then. */
void xr_put_how(const struct xr_terminal *to, const struct xr_advice *advice, int indent);

#endif
