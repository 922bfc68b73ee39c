#ifndef XR_RUN_H
#define XR_RUN_H

#include <stdint.h>

#include "analyzer/model/facts.h"
#include "analyzer/model/step.h"
#include "analyzer/model/target.h"

/* One receiver of something that left this machine, in the order of first sending. */
struct xr_sent {
    struct xr_sent *next;
    const char *to;           /* "mail.contoso.test (192.0.2.1) port 443" */
    const char *what;         /* "EWS request GetFolder" */
    const char *credentials;  /* "none", "account and password", "account and password (NTLM
                                 response)", "token" */
    const char *protected_by; /* "nothing (DNS over UDP)", "TLS 1.3, certificate verified" */
};

/* A remedy line with its slots filled; a list ends with text NULL. */
struct xr_advice {
    const char *text, *command, *shell, *expect; /* the last three may be NULL */
};

struct xr_verdict {
    enum xr_status status;
    const char *finding, *step; /* ids; NULL on success */
    const char *title, *meaning, *cause, *owner, *owner_title, *reference; /* NULL: none */
    const struct xr_advice *remedy;                                        /* never NULL */
    const char *const *ruled_out; /* NULL-ended; never NULL */
};

/* Where the run started from. */
struct xr_origin {
    const char *host;
    const char *const *addresses; /* NULL-ended; never NULL */
    const char *proxy;            /* NULL: none */
};

/* All that reports see. No field of it, and nothing below it, can hold a secret. */
struct xr_run {
    struct xr_arena *arena; /* sinks may allocate; it dies with the run */
    const char *tool_version;
    const char *test;       /* "service-account" */
    const char *test_title; /* "Service account access" */
    const struct xr_target *target;
    struct xr_origin origin;
    int64_t started_wall_ms, started_us, elapsed_us;
    struct xr_verdict verdict;
    int summary[XR_STATUS_COUNT]; /* top-level steps by status */
    struct xr_sent *sent, *last_sent;
    struct xr_facts facts;
    struct xr_step *root; /* its children are the top-level steps */
};

#endif
