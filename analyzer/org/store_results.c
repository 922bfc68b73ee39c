#include <stdlib.h>
#include <string.h>

#include "analyzer/org/store_sqlite.h"

/*
 * A store that a newer exray wrote, or that somebody has edited, may name
 * findings that this catalogue does not have. Reports look findings up: such a
 * one becomes the general one, and keeps its id as the error's own name.
 */
static bool known(const char *finding)
{
    enum xr_finding_code code;

    return !finding || xr_finding_by_id(finding, &code);
}

static const char *general_finding(void)
{
    return xr_finding_kind(XR_FINDING_EWS_ERROR)->id;
}

static bool letters_are_sound(const char *steps)
{
    return strlen(steps) == XR_CHECK_STEPS && strspn(steps, "swe-") == XR_CHECK_STEPS;
}

static enum xr_status status_of(struct xr_sql *sql, int column)
{
    int64_t status = xr_sql_int(sql, column);

    if (status >= XR_SKIPPED && status <= XR_ERROR)
        return (enum xr_status)status;
    sql->flaw = "a result has an unknown status";
    return XR_ERROR;
}

struct xr_check_user xr_result_row(struct xr_sql *sql, struct xr_arena *arena)
{
    struct xr_check_user user = {
        .email = xr_sql_must(sql, arena, 0, XR_FIELD_MAX),
        .finding = xr_sql_text(sql, arena, 2, XR_FIELD_MAX),
        .step = xr_sql_text(sql, arena, 3, XR_FIELD_MAX),
        .code = xr_sql_text(sql, arena, 4, XR_FIELD_MAX),
        .message = xr_sql_text(sql, arena, 5, XR_FIELD_MAX),
        .account = xr_sql_text(sql, arena, 6, XR_FIELD_MAX),
        .host = xr_sql_text(sql, arena, 7, XR_FIELD_MAX),
        .primary_smtp_address = xr_sql_text(sql, arena, 8, XR_FIELD_MAX),
        .server = xr_sql_text(sql, arena, 9, XR_FIELD_MAX),
        .elapsed_us = xr_sql_int(sql, 10),
        .at_wall_ms = xr_sql_int(sql, 11),
    };
    const char *steps = xr_sql_must(sql, arena, 12, XR_CHECK_STEPS);

    user.status = status_of(sql, 1);
    if (!sql->flaw && !letters_are_sound(steps))
        sql->flaw = "the steps of a result are unknown";
    if (sql->flaw)
        return user;
    memcpy(user.steps, steps, XR_CHECK_STEPS);
    if (known(user.finding))
        return user;
    user.code = user.code ? user.code : user.finding;
    user.finding = general_finding();
    return user;
}

const struct xr_store_err *xr_store_last_result(
    struct xr_store *store, struct xr_arena *arena, int64_t user_id, struct xr_check_user *ret)
{
    xr_auto_sql sql = xr_sql(store,
        "SELECT " XR_RESULT_COLUMNS "FROM check_user WHERE user_id = ?1 AND status IS NOT NULL"
        " ORDER BY check_id DESC LIMIT 1",
        xr_int(user_id));

    if (xr_sql_row(&sql)) {
        *ret = xr_result_row(&sql, arena);
        return xr_sql_err(&sql, arena);
    }
    const struct xr_store_err *err = xr_sql_err(&sql, arena);
    if (err)
        return err;
    return xr_store_fail(arena, XR_STORE_NOT_FOUND, "this user has not been checked yet");
}

/* ---- rows, one after the other ---- */

static const char by_email[] = "SELECT " XR_RESULT_COLUMNS "FROM check_user NOT INDEXED"
                               " WHERE check_id = ?1 AND status IS NOT NULL ORDER BY email";
static const char by_cause[] =
    "SELECT " XR_RESULT_COLUMNS "FROM check_user INDEXED BY check_user_by_cause"
    " WHERE check_id = ?1 AND status = ?2 ORDER BY finding, email";

static const enum xr_status worst_first[] = { XR_ERROR, XR_WARNING, XR_SKIPPED, XR_SUCCESS };
enum { STATUSES = sizeof(worst_first) / sizeof(*worst_first) };

struct xr_store_rows {
    struct xr_arena *arena; /* of the caller: for the error */
    struct xr_arena *row;   /* the texts of the last row */
    struct xr_sql sql;
    int64_t check;
    size_t statuses_left; /* by cause: each status is a reading of its own, so nothing is sorted */
    const struct xr_store_err *err;
};

const struct xr_store_err *xr_store_rows_open(struct xr_store *store, struct xr_arena *arena,
    int64_t check, enum xr_rows_order order, struct xr_store_rows **ret)
{
    bool causes = order == XR_ROWS_BY_CAUSE;
    struct xr_store_rows *rows = xr_new(arena, struct xr_store_rows);

    *rows = (struct xr_store_rows){ .arena = arena,
        .sql = xr_sql_alone(store, causes ? by_cause : by_email, XR_VALUES(xr_int(check))),
        .check = check,
        .statuses_left = causes ? STATUSES - 1 : 0 };
    if (causes)
        xr_sql_bind(&rows->sql, XR_VALUES(xr_int(check), xr_int(worst_first[0])));
    const struct xr_store_err *err = xr_sql_err(&rows->sql, arena);
    if (err)
        xr_sql_done(&rows->sql);
    *ret = err ? NULL : rows;
    return err;
}

static bool next_row(struct xr_store_rows *rows)
{
    while (!xr_sql_row(&rows->sql)) {
        if (rows->sql.rc != SQLITE_DONE || !rows->statuses_left)
            return false;
        rows->sql.rc = sqlite3_reset(rows->sql.stmt);
        xr_sql_bind(&rows->sql,
            XR_VALUES(xr_int(rows->check), xr_int(worst_first[STATUSES - rows->statuses_left])));
        rows->statuses_left--;
    }
    return true;
}

bool xr_store_rows_next(void *arg, struct xr_check_user *ret)
{
    struct xr_store_rows *rows = arg;

    xr_arena_free(rows->row);
    rows->row = xr_arena_new();
    if (rows->err)
        return false;
    bool there = next_row(rows);
    if (there)
        *ret = xr_result_row(&rows->sql, rows->row);
    rows->err = xr_sql_err(&rows->sql, rows->arena);
    return there && !rows->err;
}

const struct xr_store_err *xr_store_rows_done(struct xr_store_rows *rows)
{
    xr_sql_done(&rows->sql);
    xr_arena_free(rows->row);
    rows->row = NULL;
    return rows->err;
}
