#include "analyzer/wire/kerberos_frame.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 4 };

static uint8_t *put_number(uint8_t *at, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
    return at + bytes;
}

static uint64_t number_at(const uint8_t *at, size_t bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | at[i];
    return number;
}

struct xr_field xr_field_text(const char *text)
{
    return (struct xr_field){ (const uint8_t *)text, text ? strlen(text) : 0 };
}

void xr_frame_init(struct xr_frame *ret, size_t length)
{
    *ret = (struct xr_frame){ calloc(1, length), length };
    if (!ret->bytes)
        abort();
}

void xr_frame_done(struct xr_frame *frame)
{
    if (frame->bytes)
        explicit_bzero(frame->bytes, frame->length);
    free(frame->bytes);
    *frame = (struct xr_frame){ 0 };
}

/* Allocated once and never grown: a grown one would leave a copy of the password behind. */
bool xr_frame_pack(struct xr_frame *ret, const struct xr_field *fields, size_t n)
{
    size_t length = 0;

    *ret = (struct xr_frame){ 0 };
    for (size_t i = 0; i < n; i++) {
        if (fields[i].length > XR_FRAME_MAX)
            return false;
        length += LENGTH_BYTES + fields[i].length;
    }
    if (length > XR_FRAME_MAX)
        return false;
    xr_frame_init(ret, XR_FRAME_HEAD + length);
    uint8_t *at = put_number(ret->bytes, length, LENGTH_BYTES);
    for (size_t i = 0; i < n; i++) {
        at = put_number(at, fields[i].length, LENGTH_BYTES);
        if (fields[i].length)
            memcpy(at, fields[i].bytes, fields[i].length);
        at += fields[i].length;
    }
    return true;
}

size_t xr_frame_length(const uint8_t head[XR_FRAME_HEAD])
{
    size_t length = number_at(head, LENGTH_BYTES);

    return length <= XR_FRAME_MAX ? length : 0;
}

bool xr_frame_unpack(const struct xr_frame *frame, struct xr_field *ret, size_t n)
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        if (frame->length - at < LENGTH_BYTES)
            return false;
        size_t length = number_at(frame->bytes + at, LENGTH_BYTES);
        at += LENGTH_BYTES;
        if (length > frame->length - at)
            return false;
        ret[i] = (struct xr_field){ frame->bytes + at, length };
        at += length;
    }
    return at == frame->length;
}

void xr_numbers_write(const struct xr_numbers *numbers, uint8_t ret[XR_NUMBERS_LENGTH])
{
    ret = put_number(ret, numbers->fault, 1);
    ret = put_number(ret, numbers->proved, 1);
    ret = put_number(ret, (uint32_t)numbers->native, 4);
    (void)put_number(ret, (uint64_t)numbers->expires_ms, 8);
}

struct xr_numbers xr_numbers_read(const uint8_t bytes[XR_NUMBERS_LENGTH])
{
    return (struct xr_numbers){ bytes[0], bytes[1] != 0, (int32_t)(uint32_t)number_at(bytes + 2, 4),
        (int64_t)number_at(bytes + 6, 8) };
}
