#include "analyzer/run/engine.h"

#include <assert.h>
#include <string.h>

#include "analyzer/model/verdict.h"
#include "probes/legs.h"

/* The step that should have provided what is missing: the latest one that can. */
static const struct xr_probe *provider(
    const struct xr_test *test, const struct xr_probe *before, uint32_t missing)
{
    const struct xr_probe *found = NULL;

    for (const struct xr_probe *const *probe = test->probes; *probe && *probe != before; probe++)
        if ((*probe)->provides & missing)
            found = *probe;
    return found;
}

/* Facts build on one another: the earliest missing one names the real blocker. */
static uint32_t earliest_missing(uint32_t needs, uint32_t known)
{
    for (uint32_t bit = 1; bit && bit <= needs; bit <<= 1)
        if (needs & bit && !(known & bit))
            return bit;
    return 0;
}

/* A step that was blocked itself passes the blame on: the reader looks for what failed. */
static const char *real_blocker(const struct xr_run *run, const char *id)
{
    for (const struct xr_step *step = run->root->first; step; step = step->next)
        if (step->blocked_by && !strcmp(step->id, id))
            return step->blocked_by;
    return id;
}

/* The step that says why the run was cut short; NULL: none yet. */
static const char *told_by(const struct xr_run *run)
{
    for (const struct xr_step *step = run->root->first; step; step = step->next)
        if (step->last_finding && xr_finding_is_local(step->last_finding->code))
            return step->id;
    return NULL;
}

/* A run that was cut short says so once, at the first step that it did not reach. */
static enum xr_status cut_short(struct xr_ctx *ctx, struct xr_step *step, enum xr_time_state state)
{
    const char *told = told_by(ctx->run);

    if (told)
        return xr_skipped(step, told, "Not run: the test had ended.");
    return state == XR_TIME_CANCELLED
               ? xr_error(step, XR_FINDING_LOCAL_CANCELLED, "The test was cancelled.")
               : xr_error(step, XR_FINDING_LOCAL_TIMEOUT, "The time limit of the run passed.");
}

static enum xr_status skip_or_run(struct xr_ctx *ctx, const struct xr_test *test,
    const struct xr_probe *probe, struct xr_step *step)
{
    uint32_t known = ctx->run->facts.known;
    const char *reason = probe->not_needed ? probe->not_needed(ctx) : NULL;

    if (probe->needs & ~known) {
        const struct xr_probe *blocker =
            provider(test, probe, earliest_missing(probe->needs, known));
        assert(blocker); /* tests/probes/test_table.c */
        const char *id = real_blocker(ctx->run, blocker->id);
        return xr_skipped(step, id, "Not run: %s failed.", id);
    }
    if (reason)
        return xr_skipped(step, NULL, "%s", reason);
    enum xr_time_state state = xr_time_state(ctx->deadline);
    if (state != XR_TIME_LEFT)
        return cut_short(ctx, step, state);
    enum xr_status status = probe->run(ctx, step);
    assert(!(ctx->run->facts.known & ~known & ~probe->provides));
    return status;
}

static void run_probe(struct xr_ctx *ctx, const struct xr_test *test, const struct xr_probe *probe,
    const struct xr_listener *listener)
{
    if (probe->applies && !probe->applies(ctx->target))
        return;
    struct xr_step *step = xr_step_add(ctx->arena, ctx->run->root, probe->id, probe->title);

    ctx->deadline = xr_deadline_within(ctx->deadline, ctx->step_ms);
    step->started_us = xr_now_us();
    if (listener)
        listener->step_started(listener->arg, step);
    step->status = skip_or_run(ctx, test, probe, step);
    step->elapsed_us = xr_now_us() - step->started_us;
    if (ctx->ews_leg) {
        xr_run_add_sent(ctx->run, ctx->ews_leg->sent);
        ctx->ews_leg->sent = ctx->ews_leg->last_sent = NULL;
    }
    if (listener)
        listener->step_ended(listener->arg, step);
}

void xr_run_steps(
    struct xr_ctx *ctx, const struct xr_test *test, const struct xr_listener *listener)
{
    struct xr_run *run = ctx->run;

    run->test = test->name;
    run->test_title = test->title;
    run->root = xr_step_add(ctx->arena, NULL, test->name, test->title);
    run->started_us = xr_now_us();
    run->started_wall_ms = xr_wall_ms();
    run->facts.total_count = run->facts.unread_count = -1;
    for (const struct xr_probe *const *probe = test->probes; *probe; probe++)
        run_probe(ctx, test, *probe, listener);
    run->elapsed_us = xr_now_us() - run->started_us;
}

void xr_run_test(struct xr_ctx *ctx, const struct xr_test *test, const struct xr_listener *listener)
{
    xr_run_steps(ctx, test, listener);
    xr_verdict(ctx->run);
}

void xr_run_done(struct xr_ctx *ctx)
{
    if (ctx->ews_leg)
        xr_leg_done(ctx->ews_leg);
    ctx->ews_leg = NULL;
}
