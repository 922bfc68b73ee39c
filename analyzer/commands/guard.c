#include "analyzer/commands/guard.h"

#include <string.h>
#include <sys/stat.h>

#include "analyzer/commands/command.h"

static bool is_same_file(const char *a, const char *b)
{
    struct stat first, second;

    if (!strcmp(a, b))
        return true;
    return !stat(a, &first) && !stat(b, &second) && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

int xr_guard_output(const struct xr_stored *stored, const char *path)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", ".key", ".lock" };
    const char *store = xr_store_path(stored->store);
    const char *key = stored->options->key_file;
    bool taken = path && key && is_same_file(path, key);

    if (!path || !strcmp(path, "-"))
        return 0;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes) && !taken; i++)
        taken = is_same_file(path, xr_printf(stored->arena, "%s%s", store, suffixes[i]));
    return taken ? xr_usage_error(
                       "%s belongs to the store or is its key: it is not overwritten", path)
                 : 0;
}

int xr_guard_outputs(const struct xr_stored *stored, const struct xr_list *paths)
{
    int code = 0;

    for (size_t i = 0; i < paths->n && !code; i++)
        code = xr_guard_output(stored, paths->items[i]);
    return code;
}
