#include "analyzer/model/ews_codes.h"

#include <stdlib.h>
#include <string.h>

#define EWS_CODE(code_name, finding, how_bad, reason) \
    { .name = code_name, .code = XR_FINDING_##finding, .status = XR_##how_bad, .cause = reason },

const struct xr_ews_code xr_ews_codes[] = {
#include "analyzer/model/ews_codes.def"
};

const size_t xr_ews_code_count = sizeof(xr_ews_codes) / sizeof(*xr_ews_codes);

static int compare_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct xr_ews_code *)row)->name);
}

const struct xr_ews_code *xr_ews_code_find(const char *name)
{
    if (!name)
        return NULL;
    return bsearch(name, xr_ews_codes, xr_ews_code_count, sizeof(*xr_ews_codes), compare_name);
}
