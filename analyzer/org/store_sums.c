#include <stdlib.h>
#include <string.h>

#include "analyzer/org/store_sqlite.h"

/* The sums of a check, from the index by cause. */

static const struct xr_store_err *count_selected(
    struct xr_store *store, struct xr_arena *arena, int64_t check, int64_t *ret)
{
    xr_auto_sql sql = xr_sql(store,
        "SELECT (SELECT count(*) FROM check_user WHERE check_id = check_run.id) FROM check_run"
        " WHERE id = ?1",
        xr_int(check));

    if (xr_sql_row(&sql)) {
        *ret = xr_sql_int(&sql, 0);
        return NULL;
    }
    const struct xr_store_err *err = xr_sql_err(&sql, arena);
    return err ? err : xr_store_fail(arena, XR_STORE_NOT_FOUND, "there is no such check");
}

/* The step of the first user, by address, among the worst ones of a finding. */
static const char *first_step(struct xr_store *store, struct xr_arena *arena, int64_t check,
    enum xr_status status, const char *finding, const struct xr_store_err **ret_err)
{
    xr_auto_sql sql = xr_sql(store,
        "SELECT step FROM check_user INDEXED BY check_user_by_cause"
        " WHERE check_id = ?1 AND status = ?2 AND finding = ?3 ORDER BY email LIMIT 1",
        xr_int(check), xr_int(status), xr_text(finding));
    const char *step = xr_sql_row(&sql) ? xr_sql_text(&sql, arena, 0, XR_FIELD_MAX) : NULL;

    *ret_err = xr_sql_err(&sql, arena);
    return step;
}

static const struct xr_store_err *add_cause(struct xr_store *store, struct xr_arena *arena,
    int64_t check, struct xr_check_cause *causes, enum xr_status status, const char *finding,
    int64_t users)
{
    const struct xr_store_err *err = NULL;
    enum xr_finding_code code = XR_FINDING_EWS_ERROR;

    (void)xr_finding_by_id(finding, &code);
    struct xr_check_cause *cause = &causes[code];
    if (!cause->users || status > cause->status) {
        cause->status = status;
        cause->step = first_step(store, arena, check, status, finding, &err);
    }
    cause->code = code;
    cause->title = xr_finding_kind(code)->title;
    cause->users += users;
    return err;
}

/* causes: one for each finding of the catalogue, so that no file can make it grow. */
static const struct xr_store_err *count_causes(struct xr_store *store, struct xr_arena *arena,
    int64_t check, struct xr_check *ret, struct xr_check_cause *causes)
{
    const struct xr_store_err *err = NULL;
    xr_auto_sql sql = xr_sql(store,
        "SELECT status, finding, count(*) FROM check_user INDEXED BY check_user_by_cause"
        " WHERE check_id = ?1 AND status IS NOT NULL GROUP BY status, finding",
        xr_int(check));

    while (!err && xr_sql_row(&sql)) {
        int64_t status = xr_sql_int(&sql, 0), users = xr_sql_int(&sql, 2);
        const char *finding = xr_sql_text(&sql, arena, 1, XR_FIELD_MAX);
        if (status < XR_SKIPPED || status > XR_ERROR)
            sql.flaw = "a result has an unknown status";
        if (sql.flaw)
            break;
        ret->summary[status] += users;
        if (finding)
            err = add_cause(store, arena, check, causes, (enum xr_status)status, finding, users);
    }
    return err ? err : xr_sql_err(&sql, arena);
}

/* Errors before warnings, most users first; then in the order of the catalogue. */
static int by_weight(const void *left, const void *right)
{
    const struct xr_check_cause *a = left, *b = right;

    if (a->status != b->status)
        return a->status < b->status ? 1 : -1;
    if (a->users != b->users)
        return a->users < b->users ? 1 : -1;
    return a->code < b->code ? -1 : a->code > b->code;
}

static int by_size(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

/* The value below which (or at which) so many per cent lie: nearest rank. */
static int64_t percentile(const int64_t *sorted, size_t n, size_t percent)
{
    size_t rank = (n * percent + 99) / 100;

    return n ? sorted[rank ? rank - 1 : 0] : -1;
}

/* Of those who were asked: who is switched off took no time. */
static const struct xr_store_err *measure(
    struct xr_store *store, struct xr_arena *arena, int64_t check, struct xr_check *ret)
{
    size_t room = (size_t)ret->selected, n = 0;
    int64_t *elapsed = calloc(room + 1, sizeof(*elapsed));
    xr_auto_sql sql = xr_sql(store,
        "SELECT elapsed_us FROM check_user WHERE check_id = ?1 AND status IS NOT NULL"
        " AND status <> 0 AND elapsed_us IS NOT NULL",
        xr_int(check));

    if (!elapsed)
        abort();
    while (n < room && xr_sql_row(&sql))
        elapsed[n++] = xr_sql_int(&sql, 0);
    qsort(elapsed, n, sizeof(*elapsed), by_size);
    ret->median_us = percentile(elapsed, n, 50);
    ret->p99_us = percentile(elapsed, n, 99);
    free(elapsed);
    return xr_sql_err(&sql, arena);
}

static const struct xr_store_err *sum_up(
    struct xr_store *store, struct xr_arena *arena, int64_t check, struct xr_check *ret)
{
    struct xr_check_cause *causes = xr_new_n(arena, struct xr_check_cause, XR_FINDING_COUNT);
    const struct xr_store_err *err = count_selected(store, arena, check, &ret->selected);
    size_t n = 0;

    memset(ret->summary, 0, sizeof(ret->summary));
    if (!err)
        err = count_causes(store, arena, check, ret, causes);
    if (!err)
        err = measure(store, arena, check, ret);
    if (err)
        return err;
    for (size_t i = 0; i < XR_FINDING_COUNT; i++)
        if (causes[i].users)
            causes[n++] = causes[i];
    qsort(causes, n, sizeof(*causes), by_weight);
    ret->causes = causes;
    ret->cause_count = n;
    return NULL;
}

/* One reading transaction, so that the sums fit each other. */
const struct xr_store_err *xr_store_check_sums(
    struct xr_store *store, struct xr_arena *arena, int64_t check, struct xr_check *ret)
{
    bool alone = sqlite3_get_autocommit(store->db);
    const struct xr_store_err *err = alone ? xr_sql_run_of(store, arena, "BEGIN", NULL, 0) : NULL;

    if (err)
        return err;
    err = sum_up(store, arena, check, ret);
    if (!alone)
        return err;
    const struct xr_store_err *end = xr_sql_run_of(store, arena, "ROLLBACK", NULL, 0);
    return err ? err : end;
}
