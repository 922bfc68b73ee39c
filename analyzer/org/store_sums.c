#include <stdlib.h>
#include <string.h>

#include "analyzer/org/store_sqlite.h"

/*
 * The sums of a check: one pass over its results, by address. What they add up
 * to has a place for each finding of the catalogue, so no file can make it grow.
 */
struct sums {
    struct xr_check *check;
    struct xr_arena *scratch; /* the texts of a row */
    struct xr_check_cause causes[XR_FINDING_COUNT];
    int64_t *elapsed; /* of those who were asked */
    size_t n, room;
    const char *last; /* the finding of the row before, mostly the same as that of this row */
    enum xr_finding_code last_code;
};

static const struct xr_store_err *count_selected(
    struct xr_store *store, struct xr_arena *arena, int64_t check, int64_t *ret)
{
    xr_auto_sql sql = xr_sql(store,
        "SELECT (SELECT count(*) FROM check_user NOT INDEXED WHERE check_id = check_run.id)"
        " FROM check_run WHERE id = ?1",
        xr_int(check));

    if (xr_sql_row(&sql)) {
        *ret = xr_sql_int(&sql, 0);
        return NULL;
    }
    const struct xr_store_err *err = xr_sql_err(&sql, arena);
    return err ? err : xr_store_fail(arena, XR_STORE_NOT_FOUND, "there is no such check");
}

static enum xr_finding_code code_of(struct sums *sums, const char *finding)
{
    const char *known = sums->last ? xr_finding_kind(sums->last_code)->id : "";

    if (!strcmp(known, finding))
        return sums->last_code;
    sums->last_code = XR_FINDING_EWS_ERROR;
    (void)xr_finding_by_id(finding, &sums->last_code);
    sums->last = xr_finding_kind(sums->last_code)->id;
    return sums->last_code;
}

static void add_cause(struct sums *sums, struct xr_arena *arena, enum xr_status status,
    const char *finding, const char *step)
{
    enum xr_finding_code code = code_of(sums, finding);
    struct xr_check_cause *cause = &sums->causes[code];

    if (!cause->users || status > cause->status) {
        cause->code = code;
        cause->title = xr_finding_kind(code)->title;
        cause->status = status;
        cause->step = step ? xr_strdup(arena, step) : NULL;
    }
    cause->users++;
}

static void add_row(struct sums *sums, struct xr_arena *arena, struct xr_sql *sql)
{
    int64_t status = xr_sql_int(sql, 0);
    const char *finding = xr_sql_text(sql, sums->scratch, 1, XR_FIELD_MAX);
    const char *step = xr_sql_text(sql, sums->scratch, 2, XR_FIELD_MAX);

    if (status < XR_SKIPPED || status > XR_ERROR)
        sql->flaw = "a result has an unknown status";
    if (!sql->flaw) {
        sums->check->summary[status]++;
        /* Who is switched off took no time. */
        if (status != XR_SKIPPED && sums->n < sums->room)
            sums->elapsed[sums->n++] = xr_sql_int(sql, 3);
        if (finding)
            add_cause(sums, arena, (enum xr_status)status, finding, step);
    } else {
        sql->flaw = xr_strdup(arena, sql->flaw);
    }
    xr_arena_clear(sums->scratch);
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

static void hand_over(struct sums *sums, struct xr_arena *arena)
{
    struct xr_check *check = sums->check;
    struct xr_check_cause *causes = xr_new_n(arena, struct xr_check_cause, XR_FINDING_COUNT);
    size_t n = 0;

    for (size_t i = 0; i < XR_FINDING_COUNT; i++)
        if (sums->causes[i].users)
            causes[n++] = sums->causes[i];
    qsort(causes, n, sizeof(*causes), by_weight);
    qsort(sums->elapsed, sums->n, sizeof(*sums->elapsed), by_size);
    check->causes = causes;
    check->cause_count = n;
    check->median_us = percentile(sums->elapsed, sums->n, 50);
    check->p99_us = percentile(sums->elapsed, sums->n, 99);
}

static const struct xr_store_err *sum_up(
    struct xr_store *store, struct xr_arena *arena, int64_t check, struct xr_check *ret)
{
    struct sums sums = { .check = ret };
    const struct xr_store_err *err = count_selected(store, arena, check, &ret->selected);

    if (err)
        return err;
    sums.room = (size_t)ret->selected;
    sums.elapsed = calloc(sums.room + 1, sizeof(*sums.elapsed));
    if (!sums.elapsed)
        abort();
    sums.scratch = xr_arena_new();
    memset(ret->summary, 0, sizeof(ret->summary));
    xr_auto_sql sql = xr_sql(store,
        "SELECT status, finding, step, elapsed_us FROM check_user NOT INDEXED"
        " WHERE check_id = ?1 AND status IS NOT NULL ORDER BY email",
        xr_int(check));
    while (xr_sql_row(&sql))
        add_row(&sums, arena, &sql);
    err = xr_sql_err(&sql, arena);
    if (!err)
        hand_over(&sums, arena);
    free(sums.elapsed);
    xr_arena_free(sums.scratch);
    return err;
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
