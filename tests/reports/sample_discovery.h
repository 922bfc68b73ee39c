#ifndef XR_SAMPLE_DISCOVERY_H
#define XR_SAMPLE_DISCOVERY_H

#include "tests/reports/sample_parts.h"

/*
 * Runs of the test autodiscover, made by hand, with verdicts as the model makes
 * them.
 * found: one host answers in both protocols alike; the other ways are cancelled
 *     or not needed.
 * moved: an answer leads to another address, whose two protocols disagree, in a
 *     domain that Microsoft 365 hosts in part.
 * anonymous: no account; the JSON service gives the EWS URL.
 * lost: no account; a service was found and not asked, and nothing else answers.
 * hostile: as moved, with each text an attack, the answers' too, and some very
 *     long.
 */
struct xr_run *sample_discovery_found(struct xr_arena *arena);
struct xr_run *sample_discovery_moved(struct xr_arena *arena);
struct xr_run *sample_discovery_anonymous(struct xr_arena *arena);
struct xr_run *sample_discovery_lost(struct xr_arena *arena);
struct xr_run *sample_discovery_hostile(struct xr_arena *arena);

enum { SAMPLE_LONG = 10 * 1024 };

#define SAMPLE_MOVED "anna.kovacs@fabrikam.example"

#endif
