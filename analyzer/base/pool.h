#ifndef XR_POOL_H
#define XR_POOL_H

#include <stddef.h>

/*
 * A parallel for: calls job(arg, i) for every i below n, on at most "workers"
 * threads, and returns when all are done. Job i writes slot i of the caller's
 * results only, so that results need no lock and come out in input order.
 */
void xr_pool_run(size_t workers, size_t n, void (*job)(void *arg, size_t i), void *arg);

#endif
