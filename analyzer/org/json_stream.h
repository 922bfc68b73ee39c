#ifndef XR_ORG_JSON_STREAM_H
#define XR_ORG_JSON_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "analyzer/base/buf.h"

/*
 * The outer structure of a file that is too large for a tree: either an array
 * of elements, or an object whose member "users" is that array. Each element,
 * and each other member, comes as its own JSON text. Whether that text is JSON
 * is for its reader to find out.
 */
struct xr_json_stream {
    FILE *in;
    int64_t line;       /* where the value begins, or where the structure broke; from 1 */
    const char *key;    /* of a member, as written; NULL: an element of the array */
    struct xr_buf text; /* of the value */
    const char *flaw;   /* of the value: a phrase; NULL: none. Reading goes on behind it */
    const char *broken; /* the structure itself: a phrase; reading has ended */
    bool has_array;
    /* private */
    struct xr_buf key_;
    int64_t line_;
    int state_;
    bool in_object_, comma_;
};

void xr_json_stream_init(struct xr_json_stream *stream, FILE *in, size_t value_max);
void xr_json_stream_done(struct xr_json_stream *stream);
/* false: the end, or broken, or ferror(in). */
bool xr_json_stream_next(struct xr_json_stream *stream);

#endif
