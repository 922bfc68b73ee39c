
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/org/import.h"

const struct xr_transfer_err *xr_transfer_fail(
    struct xr_arena *arena, enum xr_transfer_fault fault, const char *fmt, ...)
{
    struct xr_transfer_err *err = xr_new(arena, struct xr_transfer_err);
    va_list args;

    va_start(args, fmt);
    *err = (struct xr_transfer_err){ .fault = fault, .text = xr_vprintf(arena, fmt, args) };
    va_end(args);
    return err;
}

const struct xr_transfer_err *xr_transfer_store(
    struct xr_arena *arena, const struct xr_store_err *err)
{
    if (!err)
        return NULL;
    struct xr_store_err *kept = xr_new(arena, struct xr_store_err);
    struct xr_transfer_err *ret = xr_new(arena, struct xr_transfer_err);
    *kept = (struct xr_store_err){ err->fault, xr_strdup(arena, err->text) };
    *ret = (struct xr_transfer_err){ XR_TRANSFER_STORE, kept->text, kept };
    return ret;
}

static void note(
    struct xr_pass *pass, struct xr_import_error *list, size_t *n, struct xr_import_error error)
{
    if (*n == XR_IMPORT_ERRORS_MAX)
        return;
    error.text = xr_strdup(pass->arena, error.text);
    error.field = error.field ? xr_strdup(pass->arena, error.field) : NULL;
    list[(*n)++] = error;
}

void xr_import_flaw(struct xr_pass *pass, int64_t line, const char *field, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const char *text = xr_vprintf(pass->scratch, fmt, args);
    va_end(args);
    pass->ret->error_total++;
    note(pass, pass->ret->errors, &pass->ret->error_n,
        (struct xr_import_error){ line, field, text });
}

void xr_import_warn(struct xr_pass *pass, int64_t line, const char *field, const char *text)
{
    pass->ret->warnings++;
    note(pass, pass->ret->warning, &pass->ret->warning_n,
        (struct xr_import_error){ line, field, text });
}

const char *xr_quoted(struct xr_pass *pass, const char *text)
{
    return xr_excerpt(pass->scratch, text, XR_QUOTED_MAX);
}

void xr_import_clear(struct xr_pass *pass)
{
    xr_arena_free(pass->scratch);
    pass->scratch = xr_arena_new();
}

static bool same_sealed(const struct xr_sealed *a, const struct xr_sealed *b)
{
    return a->length == b->length && !memcmp(a->bytes, b->bytes, a->length) &&
           !strcmp(a->key_id, b->key_id);
}

bool xr_import_sealed(struct xr_pass *pass, const char *uid, const struct xr_sealed *sealed,
    size_t n, bool *ret_changed)
{
    *ret_changed = false;
    for (size_t i = 0; i < n; i++) {
        struct xr_sealed old, new = sealed[i];
        new.uid = uid;
        const struct xr_store_err *err =
            xr_store_secret(pass->store, pass->scratch, uid, new.kind, &old);
        if (!err && same_sealed(&old, &new))
            continue;
        *ret_changed = true;
        if (err && err->fault == XR_STORE_NOT_FOUND)
            err = NULL;
        if (!err && pass->save)
            err = xr_store_put_secret(pass->store, pass->scratch, &new);
        pass->err = xr_transfer_store(pass->arena, err);
        if (err)
            return false;
    }
    return true;
}
