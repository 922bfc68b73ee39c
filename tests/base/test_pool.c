#include <stdatomic.h>
#include <time.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/pool.h"
#include "tests/unit.h"

static void square(void *arg, size_t i)
{
    ((size_t *)arg)[i] = i * i;
}

START_TEST(every_job_runs_once_whatever_the_number_of_workers)
{
    static const size_t workers[] = { 0, 1, 2, 7, 64, 5000 };

    for (size_t w = 0; w < sizeof(workers) / sizeof(*workers); w++) {
        size_t results[300] = { 0 };
        xr_pool_run(workers[w], 300, square, results);
        for (size_t i = 0; i < 300; i++)
            ck_assert_uint_eq(results[i], i * i);
    }
    xr_pool_run(4, 0, square, NULL);
}
END_TEST

static void rest(void *arg, size_t i)
{
    (void)arg, (void)i;
    (void)nanosleep(&(struct timespec){ 0, 100 * 1000 * 1000 }, NULL);
}

START_TEST(jobs_run_side_by_side)
{
    int64_t started = xr_now_us();

    xr_pool_run(8, 8, rest, NULL);
    ck_assert_int_lt(xr_now_us() - started, 600 * 1000); /* not the sum, 800 ms */
}
END_TEST

XR_UNIT_MAIN("pool", every_job_runs_once_whatever_the_number_of_workers, jobs_run_side_by_side)
