#ifndef XR_BUF_H
#define XR_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A growing text with a stated maximum: the only container that a remote peer
 * may make grow. What does not fit is not added and "overflow" stays true, so
 * a long series of appends needs one check at its end. "at" always ends in NUL.
 */
struct xr_buf {
    char *at;
    size_t length, capacity, limit;
    bool overflow;
};

/* limit: bytes, the closing NUL not counted. */
void xr_buf_init(struct xr_buf *buf, size_t limit);
void xr_buf_done(struct xr_buf *buf);
void xr_buf_clear(struct xr_buf *buf);

/* false: it did not fit. */
bool xr_buf_add(struct xr_buf *buf, const void *bytes, size_t length);
bool xr_buf_puts(struct xr_buf *buf, const char *text);
bool xr_buf_printf(struct xr_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define xr_auto_buf __attribute__((cleanup(xr_buf_done))) struct xr_buf

#endif
