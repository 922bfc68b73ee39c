#ifndef XR_SAMPLE_PARTS_H
#define XR_SAMPLE_PARTS_H

#include "tests/reports/sample_run.h"

#define SAMPLE_MAILBOX "anna.kovacs@contoso.example"
#define SAMPLE_ACCOUNT "CONTOSO\\MasterImpersonation"
#define SAMPLE_EWS_URL "https://mail.contoso.example/EWS/Exchange.asmx"
#define SAMPLE_WALL_MS INT64_C(1795291200000) /* 2026-11-21T20:00:00Z */
#define SAMPLE_DAY_MS  INT64_C(86400000)
#define SAMPLE_US      INT64_C(5000000)

/* A run being made. */
struct sample {
    struct xr_arena *arena;
    struct xr_run *run;
    bool hostile;
    int attacks;
};

struct sample sample_begin(struct xr_arena *arena, bool hostile);

/* What a stranger chose: itself, or in a hostile run the next attack in its place. */
const char *sample_said(struct sample *sample, const char *text);

struct xr_step *sample_step(struct sample *sample, struct xr_step *parent, const char *id,
    const char *title, int started_ms, int elapsed_ms);
struct xr_step *sample_passed(struct sample *sample, struct xr_step *parent, const char *id,
    const char *title, int started_ms, int elapsed_ms, const char *message);
void sample_skip(struct sample *sample, struct xr_step *parent, const char *id, const char *title,
    const char *blocked_by);
void sample_detail(struct sample *sample, struct xr_step *to, const char *name, const char *value);
struct xr_exchange *sample_exchange(
    struct sample *sample, int status, const char *decisive, const char *answer);
void sample_certificate(struct sample *sample, struct xr_fact_certificate certificate);
void sample_way(struct sample *sample, struct xr_fact_discovery way);
void sample_address(struct sample *sample, const char *address, enum xr_status status);
void sample_sent(struct sample *sample, const char *to, const char *what, const char *credentials,
    const char *protected_by);

#endif
