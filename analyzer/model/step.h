#ifndef XR_STEP_H
#define XR_STEP_H

#include <stdint.h>

#include "analyzer/base/arena.h"
#include "analyzer/base/exchange.h"
#include "analyzer/model/finding.h"
#include "analyzer/model/status.h"

struct xr_detail {
    struct xr_detail *next;
    const char *name, *value;
};

/*
 * One line of the report, with what is under it. Children keep their order:
 * append only. All of it lives in "arena": the run's, or that of a leg that
 * runs beside others and is attached when it has ended.
 */
struct xr_step {
    struct xr_arena *arena;
    struct xr_step *next, *first, *last;
    const char *id;      /* "autodiscover.host.tls": stable, for machines */
    const char *title;   /* "Agree on TLS" */
    const char *message; /* what was found; one sentence or phrase */
    struct xr_finding *findings, *last_finding;
    struct xr_detail *details, *last_detail;
    struct xr_exchange *exchanges, *last_exchange; /* captured and already redacted */
    const char *host;       /* the host that this step is about, for remedies; NULL: as above it */
    const char *blocked_by; /* id of the step that blocked this one, or NULL */
    enum xr_status status;
    int64_t started_us, elapsed_us; /* started_us: on the scale of xr_now_us() */
};

/* parent NULL: the root of a tree of its own, to be attached later. */
struct xr_step *xr_step_add(
    struct xr_arena *arena, struct xr_step *parent, const char *id, const char *title);
void xr_step_attach(struct xr_step *parent, struct xr_step *child);

void xr_step_detail(struct xr_step *step, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void xr_step_exchange(struct xr_step *step, struct xr_exchange *exchange);
/* Marks a line or value of the step's last answer as what decided the verdict. NULL: nothing. */
void xr_step_decisive(struct xr_step *step, const char *text);

/*
 * The verdict calls. Each sets message and status, adds a finding of that kind
 * and returns the status, so that a failing probe ends with one statement.
 * The message is what happened in this run; the catalogue knows the rest.
 */
enum xr_status xr_success(struct xr_step *step, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
enum xr_status xr_warning(struct xr_step *step, enum xr_finding_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
enum xr_status xr_error(struct xr_step *step, enum xr_finding_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
enum xr_status xr_skipped(struct xr_step *step, const char *blocked_by, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a finding beside others; the step's status becomes the worst of its findings. */
struct xr_finding *xr_find(struct xr_step *step, enum xr_finding_code code, enum xr_status status,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The worst of the step's own findings and its children; what most probes end with. */
enum xr_status xr_step_worst(const struct xr_step *step);

#endif
