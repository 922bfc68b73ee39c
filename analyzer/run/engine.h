#ifndef XR_ENGINE_H
#define XR_ENGINE_H

#include "probes/probe.h"

/* Called as each top-level step starts and ends, from the thread of the run. */
struct xr_listener {
    void (*step_started)(void *arg, const struct xr_step *step);
    void (*step_ended)(void *arg, const struct xr_step *step);
    void *arg;
};

/*
 * Runs the probes of a test in order, each with a step deadline of its own; a
 * probe whose needs are unmet is skipped, naming the step that should have
 * provided them. When the run's time is over, or it is cancelled, the rest is
 * skipped. What ctx->run->facts.known holds already counts as provided.
 */
void xr_run_steps(
    struct xr_ctx *ctx, const struct xr_test *test, const struct xr_listener *listener);

/* The same, and the verdict in ctx->run. */
void xr_run_test(
    struct xr_ctx *ctx, const struct xr_test *test, const struct xr_listener *listener);

/* Closes the connection that the run kept. */
void xr_run_done(struct xr_ctx *ctx);

#endif
