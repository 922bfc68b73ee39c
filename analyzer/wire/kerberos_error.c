#include "analyzer/wire/kerberos_error.h"

#include <stdbool.h>

enum { SEQUENCE = 0x30, FIELD = 0xa0, INTEGER = 0x02, KRB_ERROR = 0x60 + 30 };
enum { PVNO = 0, MSG_TYPE = 1, ERROR_CODE = 6, VERSION = 5, TYPE = 30, LENGTH_BYTES_MAX = 3 };

struct der {
    const uint8_t *at, *end;
};

/* The content of the next value, which must have the tag (0: any); "from" goes on behind it. */
static bool take(struct der *from, int tag, struct der *ret)
{
    const uint8_t *at = from->at;
    size_t length;

    if (from->end - at < 2 || (tag && *at != tag))
        return false;
    length = at[1];
    at += 2;
    if (length & 0x80) {
        size_t bytes = length & 0x7f;
        if (!bytes || bytes > LENGTH_BYTES_MAX || (size_t)(from->end - at) < bytes)
            return false;
        for (length = 0; bytes; bytes--)
            length = length << 8 | *at++;
    }
    if ((size_t)(from->end - at) < length)
        return false;
    *ret = (struct der){ at, at + length };
    from->at = ret->end;
    return true;
}

/* [number] INTEGER, of one byte as all that is looked for here; -1: something else. */
static int small_number(struct der *fields, int number)
{
    struct der field, value;

    if (!take(fields, FIELD + number, &field) || !take(&field, INTEGER, &value) ||
        value.end - value.at != 1)
        return -1;
    return *value.at & 0x80 ? -1 : *value.at;
}

static int code_at(struct der from)
{
    struct der error, fields, other;

    if (!take(&from, KRB_ERROR, &error) || !take(&error, SEQUENCE, &fields) ||
        small_number(&fields, PVNO) != VERSION || small_number(&fields, MSG_TYPE) != TYPE)
        return -1;
    while (fields.at < fields.end && *fields.at < FIELD + ERROR_CODE)
        if (!take(&fields, 0, &other))
            return -1;
    return small_number(&fields, ERROR_CODE);
}

int xr_kerberos_error_code(const uint8_t *answer, size_t length)
{
    int code = -1;

    for (const uint8_t *at = answer; at < answer + length && code < 0; at++)
        if (*at == KRB_ERROR)
            code = code_at((struct der){ at, answer + length });
    return code;
}
