#include "analyzer/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

void xr_buf_init(struct xr_buf *buf, size_t limit)
{
    *buf = (struct xr_buf){ .limit = limit, .capacity = FIRST_CAPACITY };
    buf->at = calloc(1, buf->capacity);
    if (!buf->at)
        abort();
}

void xr_buf_done(struct xr_buf *buf)
{
    free(buf->at);
    *buf = (struct xr_buf){ 0 };
}

void xr_buf_clear(struct xr_buf *buf)
{
    buf->length = 0;
    buf->overflow = false;
    buf->at[0] = '\0';
}

static void reserve(struct xr_buf *buf, size_t need)
{
    if (need <= buf->capacity)
        return;
    while (buf->capacity < need)
        buf->capacity *= 2;
    buf->at = realloc(buf->at, buf->capacity);
    if (!buf->at)
        abort();
}

bool xr_buf_add(struct xr_buf *buf, const void *bytes, size_t length)
{
    if (buf->overflow || length > buf->limit - buf->length) {
        buf->overflow = true;
        return false;
    }
    reserve(buf, buf->length + length + 1);
    if (length)
        memcpy(buf->at + buf->length, bytes, length);
    buf->length += length;
    buf->at[buf->length] = '\0';
    return true;
}

bool xr_buf_puts(struct xr_buf *buf, const char *text)
{
    return xr_buf_add(buf, text, strlen(text));
}

bool xr_buf_printf(struct xr_buf *buf, const char *fmt, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, fmt);
    int length = vasprintf(&text, fmt, args);
    va_end(args);
    if (length < 0)
        abort();
    bool added = xr_buf_add(buf, text, (size_t)length);
    free(text);
    return added;
}
