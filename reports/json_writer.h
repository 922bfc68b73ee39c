#ifndef XR_JSON_WRITER_H
#define XR_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { XR_JSON_DEPTH_MAX = 8, XR_JSON_ESCAPE_MAX = 16 };

/*
 * JSON that is written as it comes, for reports that are too long to be held:
 * indented by two spaces, but what is opened as "flat" stays on one line.
 */
struct xr_json {
    FILE *out;
    int depth, flat_from; /* flat_from: this depth and all below stand on one line; 0: none does */
    bool filled[XR_JSON_DEPTH_MAX];
};

/* name: the member's; NULL in an array and for the outermost. */
void xr_json_open(struct xr_json *json, const char *name, char bracket); /* '{' or '[' */
void xr_json_open_flat(struct xr_json *json, const char *name, char bracket);
void xr_json_close(struct xr_json *json, char bracket); /* '}' or ']' */

/* NULL: null. Invisible characters become \u escapes. */
void xr_json_put(struct xr_json *json, const char *name, const char *text);
void xr_json_number(struct xr_json *json, const char *name, int64_t number); /* negative: null */
void xr_json_bool(struct xr_json *json, const char *name, bool value);
void xr_json_time(struct xr_json *json, const char *name, int64_t ms); /* since 1970; 0: null */

/* A character as an escape, by two of them above U+FFFF. */
void xr_json_escape(char to[XR_JSON_ESCAPE_MAX], uint32_t code);

#endif
