#include "reports/subject.h"

#include <string.h>

bool xr_is_of_place(const struct xr_target *target)
{
    return !target->mailbox && (target->host || target->chain_file);
}

bool xr_is_of_access(const struct xr_run *run)
{
    return !xr_is_of_place(run->target) && !xr_is_of_discovery(run);
}

const char *xr_file_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    return slash && slash[1] ? slash + 1 : path;
}

const char *xr_subject_of_place(struct xr_arena *arena, const struct xr_target *target)
{
    const char *file = xr_file_name(target->chain_file);

    if (!xr_is_of_place(target))
        return NULL;
    if (file && target->host)
        return xr_printf(arena, "%s for %s", file, target->host);
    return file ? file : target->host;
}

const char *xr_subject(struct xr_arena *arena, const struct xr_target *target)
{
    return target->mailbox ? target->mailbox : xr_subject_of_place(arena, target);
}
