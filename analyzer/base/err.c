#include "analyzer/base/err.h"

const struct xr_err *xr_err(
    struct xr_arena *arena, enum xr_fault fault, int native, const char *fmt, ...)
{
    struct xr_err *err = xr_new(arena, struct xr_err);
    va_list args;

    va_start(args, fmt);
    *err = (struct xr_err){ fault, native, xr_vprintf(arena, fmt, args) };
    va_end(args);
    return err;
}
