#ifndef XR_STATUS_H
#define XR_STATUS_H

/* Ordered by severity: the worst child decides, with a plain comparison. */
enum xr_status {
    XR_SKIPPED,
    XR_SUCCESS,
    XR_WARNING,
    XR_ERROR,
};

enum { XR_STATUS_COUNT = 4 };

const char *xr_status_name(enum xr_status status); /* "skipped", "success", "warning", "error" */

static inline enum xr_status xr_worse(enum xr_status a, enum xr_status b)
{
    return a > b ? a : b;
}

#endif
