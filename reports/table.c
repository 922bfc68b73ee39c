#include <string.h>

#include "reports/html.h"
#include "reports/json.h"
#include "reports/tree.h"

const struct xr_report *const xr_reports[] = {
    &xr_report_tree,
    &xr_report_json,
    &xr_report_html,
    NULL,
};

const struct xr_report *xr_report_by_name(const char *name)
{
    for (const struct xr_report *const *report = xr_reports; *report; report++)
        if (!strcmp((*report)->name, name))
            return *report;
    return NULL;
}
