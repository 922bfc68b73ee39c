#include "analyzer/base/pool.h"

#include <pthread.h>
#include <stdatomic.h>

/* TLS, XML and DNS were measured to need 14 KiB of stack; 256 KiB leaves room for long chains. */
enum { STACK_SIZE = 256 * 1024, WORKERS_MAX = 1024 };

struct pool {
    atomic_size_t next;
    size_t n;
    void (*job)(void *arg, size_t i);
    void *arg;
};

static void *work(void *arg)
{
    struct pool *pool = arg;

    for (size_t i; (i = atomic_fetch_add(&pool->next, 1)) < pool->n;)
        pool->job(pool->arg, i);
    return NULL;
}

void xr_pool_run(size_t workers, size_t n, void (*job)(void *arg, size_t i), void *arg)
{
    struct pool pool = { .n = n, .job = job, .arg = arg };
    pthread_t threads[WORKERS_MAX];
    size_t started = 0;
    pthread_attr_t attr;

    if (workers > n)
        workers = n;
    if (workers > WORKERS_MAX)
        workers = WORKERS_MAX;
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
    /* The caller works too: with no thread to be had, it does all the work alone. */
    while (started + 1 < workers && !pthread_create(&threads[started], &attr, work, &pool))
        started++;
    (void)pthread_attr_destroy(&attr);
    (void)work(&pool);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
}
