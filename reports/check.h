#ifndef XR_REPORTS_CHECK_H
#define XR_REPORTS_CHECK_H

#include <stdio.h>

#include "analyzer/model/check.h"
#include "reports/json_writer.h"
#include "reports/report.h"

/*
 * The reports of the bulk check. All of them read the users as a stream: memory
 * stays flat however many there are. What is made of the head (a text for each
 * cause) lives in check->arena.
 */

/*
 * exray.check/1 (reports/schema/check-1.schema.json): the head, then the users
 * in the order given, one a line. Invisible characters are \u escapes.
 */
void xr_check_json(FILE *out, const struct xr_check *check, struct xr_check_rows rows);

/* One user as a line of JSON: what stands in "users" of exray.check/1. */
void xr_check_json_user(FILE *out, const struct xr_check_user *user);

/*
 * Members that other JSON has as well, into an open object: those of a remark,
 * and of a user's result "status", "finding", "step", "code" and "message".
 */
void xr_check_json_remark(struct xr_json *json, const struct xr_remark *remark);
void xr_check_json_result(struct xr_json *json, const struct xr_check_user *result);

/* RFC 4180 with a header line; no cell is a formula to a spreadsheet. */
void xr_check_csv(FILE *out, struct xr_check_rows rows);

/* For a terminal: the sentence, the causes with their users, each fix once, what to do next. */
void xr_check_summary(FILE *out, const struct xr_check *check, const struct xr_style *style);

/*
 * One self-contained page: the causes with one remedy each, and the matrix of
 * all users by all steps. The rows come by cause, as XR_ROWS_BY_CAUSE of
 * org/store.h: by status, within it by finding.
 */
void xr_check_html(FILE *out, const struct xr_check *check, struct xr_check_rows by_cause);

#endif
