#include "analyzer/model/step.h"

#include <stdarg.h>
#include <string.h>

struct xr_step *xr_step_add(
    struct xr_arena *arena, struct xr_step *parent, const char *id, const char *title)
{
    struct xr_step *step = xr_new(arena, struct xr_step);

    step->arena = arena;
    step->id = id;
    step->title = title;
    step->status = XR_SKIPPED;
    if (parent)
        xr_step_attach(parent, step);
    return step;
}

void xr_step_attach(struct xr_step *parent, struct xr_step *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

void xr_step_detail(struct xr_step *step, const char *name, const char *fmt, ...)
{
    struct xr_detail *detail = xr_new(step->arena, struct xr_detail);
    va_list args;

    va_start(args, fmt);
    *detail = (struct xr_detail){ .name = name, .value = xr_vprintf(step->arena, fmt, args) };
    va_end(args);
    if (step->last_detail)
        step->last_detail->next = detail;
    else
        step->details = detail;
    step->last_detail = detail;
}

void xr_step_exchange(struct xr_step *step, struct xr_exchange *exchange)
{
    if (step->last_exchange)
        step->last_exchange->next = exchange;
    else
        step->exchanges = exchange;
    step->last_exchange = exchange;
}

void xr_step_decisive(struct xr_step *step, const char *text)
{
    struct xr_decisive *decisive = xr_new(step->arena, struct xr_decisive);

    if (!step->last_exchange || !text)
        return;
    decisive->text = text;
    decisive->next = step->last_exchange->decisive;
    step->last_exchange->decisive = decisive;
}

static struct xr_finding *add_finding(
    struct xr_step *step, enum xr_finding_code code, enum xr_status status, const char *message)
{
    struct xr_finding *finding = xr_new(step->arena, struct xr_finding);

    *finding = (struct xr_finding){ .code = code, .status = status, .message = message };
    if (step->last_finding)
        step->last_finding->next = finding;
    else
        step->findings = finding;
    step->last_finding = finding;
    return finding;
}

static enum xr_status decide(struct xr_step *step, enum xr_status status, const char *message)
{
    step->message = message;
    step->status = status;
    return status;
}

enum xr_status xr_success(struct xr_step *step, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const char *message = xr_vprintf(step->arena, fmt, args);
    va_end(args);
    return decide(step, XR_SUCCESS, message);
}

enum xr_status xr_warning(struct xr_step *step, enum xr_finding_code code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const char *message = xr_vprintf(step->arena, fmt, args);
    va_end(args);
    (void)add_finding(step, code, XR_WARNING, message);
    return decide(step, XR_WARNING, message);
}

enum xr_status xr_error(struct xr_step *step, enum xr_finding_code code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const char *message = xr_vprintf(step->arena, fmt, args);
    va_end(args);
    (void)add_finding(step, code, XR_ERROR, message);
    return decide(step, XR_ERROR, message);
}

enum xr_status xr_skipped(struct xr_step *step, const char *blocked_by, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const char *message = xr_vprintf(step->arena, fmt, args);
    va_end(args);
    step->blocked_by = blocked_by;
    return decide(step, XR_SKIPPED, message);
}

struct xr_finding *xr_find(
    struct xr_step *step, enum xr_finding_code code, enum xr_status status, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const char *message = xr_vprintf(step->arena, fmt, args);
    va_end(args);
    step->status = xr_worse(step->status, status);
    return add_finding(step, code, status, message);
}

enum xr_status xr_step_worst(const struct xr_step *step)
{
    enum xr_status worst = XR_SKIPPED;

    for (const struct xr_finding *finding = step->findings; finding; finding = finding->next)
        worst = xr_worse(worst, finding->status);
    for (const struct xr_step *child = step->first; child; child = child->next)
        worst = xr_worse(worst, child->status);
    return worst;
}
