#include "analyzer/commands/transferring.h"

#include <inttypes.h>
#include <stdio.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/output.h"

/* Like a compiler's messages, so that editors find the line. */
static void tell(const char *path, const struct xr_import_error *error, const char *what)
{
    struct xr_arena *arena = xr_arena_new();
    const char *field = error->field ? error->field : "";

    (void)fprintf(stderr, "%s:%" PRId64 ": %s%s%s%s\n", xr_visible(arena, path), error->line, what,
        xr_visible(arena, field), *field ? ": " : "", xr_visible(arena, error->text));
    xr_arena_free(arena);
}

static void tell_more(const char *path, int64_t total, size_t told, const char *what)
{
    if (total > (int64_t)told)
        (void)fprintf(stderr, "%s: and %" PRId64 " more %s\n", path, total - (int64_t)told, what);
}

int xr_transferring_import(
    const char *path, const struct xr_import *import, const struct xr_transfer_err *err)
{
    for (size_t i = 0; i < import->error_n; i++)
        tell(path, &import->errors[i], "");
    tell_more(path, import->error_total, import->error_n, "errors");
    for (size_t i = 0; i < import->warning_n; i++)
        tell(path, &import->warning[i], "warning: ");
    tell_more(path, import->warnings, import->warning_n, "warnings");
    if (!err)
        return 0;
    if (err->fault == XR_TRANSFER_STORE)
        return xr_stored_error(err->store);
    if (err->fault == XR_TRANSFER_LINES)
        return xr_failed(XR_EXIT_INPUT, "%s has %" PRId64 " error%s; nothing was changed", path,
            import->error_total, import->error_total == 1 ? "" : "s");
    return xr_failed(XR_EXIT_INPUT, "%s", err->text);
}

int xr_transferring_export(const struct xr_transfer_err *err, const FILE *out)
{
    if (!err)
        return 0;
    if (err->fault == XR_TRANSFER_STORE)
        return xr_stored_error(err->store);
    if (out == stdout && xr_reader_left())
        return 0;
    return xr_failed(XR_EXIT_UNAVAILABLE, "%s", err->text);
}

const char *xr_transferring_sum(struct xr_arena *arena, const struct xr_import *import)
{
    const char *warnings = import->warnings
                               ? xr_printf(arena, "; %" PRId64 " warning%s", import->warnings,
                                     import->warnings == 1 ? "" : "s")
                               : "";

    return xr_printf(arena,
        "%" PRId64 " user%s: %" PRId64 " added, %" PRId64 " changed, %" PRId64 " unchanged%s",
        import->users, import->users == 1 ? "" : "s", import->added, import->changed,
        import->unchanged, warnings);
}
