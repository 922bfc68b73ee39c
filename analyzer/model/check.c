#include "analyzer/model/check.h"

const char *const xr_check_step_ids[XR_CHECK_STEPS] = { "input", "autodiscover", "endpoint",
    "ssl-trust", "logon", "inbox", "smtp-address" };

const char *xr_check_end_name(enum xr_check_end end)
{
    static const char *const names[] = {
        [XR_CHECK_FINISHED] = "finished",
        [XR_CHECK_CANCELLED] = "cancelled",
        [XR_CHECK_THROTTLED] = "throttled",
        [XR_CHECK_TIMEOUT] = "timeout",
        [XR_CHECK_CHANGED] = "changed",
    };

    return names[end];
}
