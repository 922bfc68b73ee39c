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
        " AND (SELECT state FROM check_run WHERE id = check_id) <> 'candidate'"
        " ORDER BY turn DESC, check_id LIMIT 1",
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

/* What is sorted is kept small: the key alone, the row is looked up. An index would have to be kept
 * up with every result, for what is read once. */
static const char by_cause[] =
    "SELECT email, user_id FROM check_user NOT INDEXED"
    " WHERE check_id = ?1 AND status IS NOT NULL"
    " ORDER BY CASE status WHEN 3 THEN 0 WHEN 2 THEN 1 WHEN 0 THEN 2 ELSE 3 END, finding, email";
static const char of_key[] =
    "SELECT " XR_RESULT_COLUMNS "FROM check_user"
    " WHERE check_id = ?1 AND email = ?2 AND user_id = ?3 AND status IS NOT NULL";

struct xr_store_rows {
    struct xr_arena *arena; /* of the caller: for the error */
    struct xr_arena *row;   /* the texts of the last row */
    struct xr_sql sql;      /* the rows, or their keys */
    bool keys;
    int64_t check;
    const struct xr_store_err *err;
};

const struct xr_store_err *xr_store_rows_open(struct xr_store *store, struct xr_arena *arena,
    int64_t check, enum xr_rows_order order, struct xr_store_rows **ret)
{
    bool keys = order == XR_ROWS_BY_CAUSE;
    struct xr_store_rows *rows = xr_new(arena, struct xr_store_rows);

    *rows = (struct xr_store_rows){ .arena = arena, .keys = keys, .check = check };
    rows->sql = xr_sql_alone(store, keys ? by_cause : by_email, XR_VALUES(xr_int(check)));
    const struct xr_store_err *err = xr_sql_err(&rows->sql, arena);
    if (err)
        xr_sql_done(&rows->sql);
    else
        rows->row = xr_arena_new();
    *ret = err ? NULL : rows;
    return err;
}

/* false: the row of the key is not there any more. */
static bool look_up(struct xr_store_rows *rows, struct xr_check_user *ret)
{
    const char *email = xr_sql_must(&rows->sql, rows->row, 0, XR_FIELD_MAX);
    xr_auto_sql sql = xr_sql(rows->sql.store, of_key, xr_int(rows->check), xr_text(email),
        xr_int(xr_sql_int(&rows->sql, 1)));
    bool there = xr_sql_row(&sql);

    if (there)
        *ret = xr_result_row(&sql, rows->row);
    rows->err = xr_sql_err(&sql, rows->arena);
    return there && !rows->err;
}

bool xr_store_rows_next(void *arg, struct xr_check_user *ret)
{
    struct xr_store_rows *rows = arg;
    bool there = false;

    xr_arena_clear(rows->row);
    while (!there && !rows->err && xr_sql_row(&rows->sql)) {
        there = !rows->keys || look_up(rows, ret);
        if (!rows->keys)
            *ret = xr_result_row(&rows->sql, rows->row);
    }
    if (!rows->err)
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
