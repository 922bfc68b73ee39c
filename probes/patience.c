#include "probes/patience.h"

#include <time.h>

#include "analyzer/base/text.h"
#include "probes/answers.h"
#include "probes/ask.h"
#include "probes/faults.h"

enum { TRIES_MAX = 3, PAUSES_MAX = 5, FIRST_WAIT_MS = 1000, ROOM_MIN_MS = 250 };

static const char asked_to_wait[] = "Asked to wait";

static enum xr_time_state wait_ms(struct xr_deadline deadline, int64_t ms)
{
    struct xr_deadline end = xr_deadline_within(deadline, ms);
    enum xr_time_state state = xr_time_state(end);

    for (; state == XR_TIME_LEFT; state = xr_time_state(end))
        (void)nanosleep(&(struct timespec){ 0, xr_tick_ms(end) * 1000000L }, NULL);
    return state;
}

/* The next answer may take as long as the last one did, and twice that to be sure. */
static int64_t room_ms(const struct xr_patience *patience)
{
    int64_t took_ms = (xr_now_us() - patience->asked_us) / 1000;

    return 2 * took_ms > ROOM_MIN_MS ? 2 * took_ms : ROOM_MIN_MS;
}

/* Why the server is not asked again behind the pause that it wants; NULL: it is. */
static const char *why_not(
    const struct xr_ctx *ctx, const struct xr_patience *patience, int64_t ms, bool harmless)
{
    int64_t left_ms = (ctx->deadline.run_us - xr_now_us()) / 1000;

    if (!harmless)
        return "not asked again: nothing shows whether the password was taken";
    if (patience->tries == TRIES_MAX)
        return "not asked again: it stays so";
    if (ctx->pauses == PAUSES_MAX)
        return "not asked again: this test has waited five times already";
    return ms + room_ms(patience) > left_ms ? "longer than this test may still take" : NULL;
}

static const char *told(struct xr_arena *arena, struct xr_busy busy)
{
    if (!busy.told)
        return "without saying how long";
    return busy.ms ? xr_printf(arena, "%lld ms", (long long)busy.ms) : "at once";
}

static enum xr_pause cut_short(struct xr_step *step, enum xr_time_state state)
{
    (void)xr_fault_error(step,
        state == XR_TIME_CANCELLED
            ? xr_err(step->arena, XR_FAULT_LOCAL_CANCELLED, 0, "cancelled")
            : xr_err(step->arena, XR_FAULT_LOCAL_TIMEOUT, 0, "the time limit of the run passed"));
    return XR_PAUSE_CUT;
}

enum xr_pause xr_be_patient(struct xr_ctx *ctx, struct xr_step *step, struct xr_patience *patience,
    struct xr_busy busy, bool harmless)
{
    if (!busy.is)
        return XR_PAUSE_NONE;
    patience->tries++;
    int64_t ms = busy.ms ? busy.ms : FIRST_WAIT_MS << (patience->tries - 1);
    const char *how_long = told(step->arena, busy);
    bool by_itself = ctx->repeated || ctx->of_many; /* the bulk check waits for all its users */
    const char *reason = by_itself ? "" : why_not(ctx, patience, ms, harmless);

    if (reason) {
        ctx->back_off_ms = busy.ms;
        xr_step_detail(step, asked_to_wait, "%s%s%s", how_long, *reason ? "; " : "", reason);
        return XR_PAUSE_STAYS;
    }
    ctx->pauses++;
    enum xr_time_state state = wait_ms(ctx->deadline, ms);
    if (state != XR_TIME_STEP_PASSED) {
        xr_step_detail(step, asked_to_wait, "%s; waiting was cut short", how_long);
        return cut_short(step, state);
    }
    xr_step_detail(step, asked_to_wait, "%s, waited%s", how_long,
        busy.ms ? "" : xr_printf(step->arena, " %lld ms", (long long)ms));
    ctx->deadline = xr_deadline_within(ctx->deadline, ctx->step_ms);
    return XR_PAUSE_OVER;
}

/* ---- answers by HTTP ---- */

/* An answer of Exchange comes from behind the logon; one of a device in front shows nothing of what
 * became of the password. */
static bool is_harmless(const struct xr_ctx *ctx, const struct xr_patience *patience,
    const struct xr_http_response *response)
{
    bool by_password = patience->leg->proved && xr_auth_is_by_password(patience->auth);

    return !by_password || ctx->proved || ctx->run->facts.known & XR_FACT_LOGON ||
           xr_is_from_exchange(response);
}

enum xr_pause xr_pause_for(struct xr_ctx *ctx, struct xr_step *step, struct xr_patience *patience,
    const struct xr_http_response *response)
{
    return xr_be_patient(ctx, step, patience, xr_busy_response(response, xr_wall_ms()),
        is_harmless(ctx, patience, response));
}

static const char by_a_device[] =
    "Nothing in the answer shows that it comes from Exchange. Most likely a load balancer, reverse "
    "proxy or firewall in front limits how many requests it takes from one address or one account, "
    "or keeps clients off while the servers behind it are overloaded or in maintenance. Its log "
    "tells which rule it was.";

enum xr_status xr_throttled(
    struct xr_step *step, const char *at, const struct xr_http_response *response)
{
    enum xr_status status = xr_answer_error(step, at, response);
    struct xr_finding *finding = step->last_finding;
    bool busy = xr_busy_response(response, xr_wall_ms()).is;

    if (busy && finding->code == XR_FINDING_HTTP_SERVER_ERROR)
        finding->code = XR_FINDING_EWS_THROTTLED;
    if (finding->code == XR_FINDING_EWS_THROTTLED && !xr_is_from_exchange(response))
        finding->cause = by_a_device;
    return status;
}
