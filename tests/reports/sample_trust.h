#ifndef XR_SAMPLE_TRUST_H
#define XR_SAMPLE_TRUST_H

#include "tests/reports/sample_parts.h"

/*
 * Runs of the test ssl-trust, made by hand: no mailbox, no account.
 * missing: a host that leaves out an intermediate, which was fetched; its third
 *     address shows another certificate.
 * trusted: the same host when all is in order.
 * file: certificates of a file, judged as of an earlier day.
 * crowded: a hundred certificates and ten thousand names, each text an attack.
 */
struct xr_run *sample_trust_missing(struct xr_arena *arena);
struct xr_run *sample_trust_trusted(struct xr_arena *arena);
struct xr_run *sample_trust_file(struct xr_arena *arena);
struct xr_run *sample_trust_crowded(struct xr_arena *arena);

enum { SAMPLE_CROWD = 100, SAMPLE_CROWD_PATH = 60, SAMPLE_CROWD_NAMES = 10000 };

#define SAMPLE_HOST  "mail.contoso.example:443"
#define SAMPLE_FILE  "from-a-customer/chain.pem"
#define SAMPLE_AT_MS (SAMPLE_WALL_MS - 100 * SAMPLE_DAY_MS) /* 2026-08-13T20:00:00Z */
#define SAMPLE_LEAF  "9C417E5D0A9C417E5D0A9C417E5D0A9C417E5D0A9C417E5D0A9C417E5D0A1234"
#define SAMPLE_OTHER "51D0C8F7A251D0C8F7A251D0C8F7A251D0C8F7A251D0C8F7A251D0C8F7A25678"

#endif
