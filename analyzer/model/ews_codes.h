#ifndef XR_EWS_CODES_H
#define XR_EWS_CODES_H

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/model/finding.h"

/*
 * What a ResponseCode of Exchange Web Services means to us: which finding it
 * becomes, and how bad that is where it stopped the step. Names as in
 * MS-OXWSCDATA ResponseCodeType, all but NoError. A step may know better: the
 * same code about the service account itself is a milder or another finding.
 */
struct xr_ews_code {
    const char *name; /* "ErrorImpersonateUserDenied" */
    enum xr_finding_code code;
    enum xr_status status;
    const char *cause; /* of this very code, with slots (model/expand.h); NULL: the finding's */
    bool by_class;     /* only what it is about is known, and the cause says so */
};

extern const struct xr_ews_code xr_ews_codes[]; /* sorted by name (strcmp) */
extern const size_t xr_ews_code_count;

/* By exact name. NULL: unknown, or name is NULL. */
const struct xr_ews_code *xr_ews_code_find(const char *name);

#endif
