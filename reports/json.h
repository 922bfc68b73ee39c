#ifndef XR_JSON_H
#define XR_JSON_H

#include "analyzer/model/run.h"
#include "reports/report.h"

/*
 * The report as JSON text (exray.report/1, reports/schema/report-1.schema.json),
 * indented, ending in a line feed. Invisible characters are \u escapes, so the
 * text can be shown on a terminal or in a page. Lives in run->arena.
 */
const char *xr_json_text(const struct xr_run *run);

extern const struct xr_report xr_report_json;

#endif
