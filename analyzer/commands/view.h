#ifndef XR_VIEW_H
#define XR_VIEW_H

#include "analyzer/commands/verb.h"
#include "analyzer/org/lint.h"
#include "reports/json_writer.h"

/* Organisations and users as people and programs are shown them. Secrets are told of, never shown.
 */

/* "  label   value", or nothing without a value. */
void xr_view_row(const char *label, const char *value);

/* "stored since T, sealed with key 0123456789abcdef" or "not stored". user NULL: the
 * organisation's. */
const char *xr_view_secret(struct xr_call *call, const struct xr_org *org,
    const struct xr_user *user, enum xr_secret_kind kind);

void xr_view_remarks(const struct xr_remark *remarks);
void xr_view_json_remarks(struct xr_json *json, const struct xr_remark *remarks);

/* The members of an organisation, into an open object. 0, or an exit code. */
int xr_view_json_org(struct xr_call *call, struct xr_json *json, const struct xr_org *org);
/* The same of a user; result: NULL when never checked. org NULL: one of many, of whose secrets it
 * is not searched for when they were stored. */
void xr_view_json_user(struct xr_call *call, struct xr_json *json, const struct xr_org *org,
    const struct xr_user *user, const struct xr_check_user *result);

void xr_view_json_time(
    struct xr_json *json, const char *name, int64_t ms); /* since 1970; 0: null */
void xr_view_json_end(struct xr_json *json);             /* closes the whole */

/* Called for each user with the last result, or NULL; result and user live until it returns. */
typedef void xr_view_each(
    void *arg, const struct xr_user *user, const struct xr_check_user *result);
/* All users of an organisation, page by page: memory stays flat. 0, or an exit code. */
int xr_view_users(struct xr_call *call, int64_t org_id, xr_view_each *each, void *arg);

/* The last result of a user. *ret_there false: never checked. 0, or an exit code. */
int xr_view_result(struct xr_call *call, struct xr_arena *arena, int64_t user_id,
    struct xr_check_user *ret, bool *ret_there);

#endif
