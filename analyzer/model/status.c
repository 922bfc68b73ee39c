#include "analyzer/model/status.h"

const char *xr_status_name(enum xr_status status)
{
    static const char *const names[] = {
        [XR_SKIPPED] = "skipped",
        [XR_SUCCESS] = "success",
        [XR_WARNING] = "warning",
        [XR_ERROR] = "error",
    };

    return names[status];
}
