#ifndef XR_CHECK_H
#define XR_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/base/arena.h"
#include "analyzer/model/finding.h"
#include "analyzer/model/status.h"

/*
 * "Check Users Exchange Impersonated Access": the bulk check as reports and the
 * store see it. No field can hold a secret.
 */

/* The columns of the matrix: the top-level steps of service-account, in their order. */
enum { XR_CHECK_STEPS = 7 };
extern const char *const xr_check_step_ids[XR_CHECK_STEPS];

/* One user of one check. All texts valid UTF-8, maybe with control characters of a stranger. */
struct xr_check_user {
    const char *email;
    enum xr_status status;      /* skipped: switched off in the user list */
    const char *finding;        /* id; NULL: none (success, or switched off) */
    const char *step;           /* the id of the top-level step that decided; NULL with finding */
    const char *code;           /* the wire's own name, "ErrorImpersonateUserDenied"; NULL: none */
    const char *message;        /* what came back, a sentence; NULL: nothing to say */
    const char *account, *host; /* who asked, which EWS host; NULL: not known */
    const char *primary_smtp_address; /* NULL: not learned */
    const char *server;               /* the mailbox server that answered, if it said so; or NULL */
    int64_t elapsed_us, at_wall_ms;
    /* Status of each column as a letter: 's'uccess, 'w'arning, 'e'rror, '-' skipped; NUL-ended. */
    char steps[XR_CHECK_STEPS + 1];
};

/* All users that share a finding; the fix is told once. */
struct xr_check_cause {
    enum xr_finding_code code;
    enum xr_status status; /* the worst among them */
    int64_t users;
    const char *step;  /* of the first of them */
    const char *title; /* the catalogue's, slots left as they are for {mailbox} */
};

/* Users who are opened by the same account on the same host: what was learned once for them all. */
struct xr_check_group {
    struct xr_check_group *next;
    const char *account; /* "each user's own" for direct logon */
    const char *ews_url; /* NULL: not found */
    const char *ews_url_from, *server_product, *server_version, *auth_scheme; /* NULL: not known */
    int64_t certificate_expires_ms; /* since 1970; 0: not known */
    int64_t users;
    const char *finding; /* what stopped the whole group, or is to be known about it; or NULL */
    enum xr_status status;
    const char *message;
};

/* A remark about the configuration, made before any traffic (org/lint.h). */
struct xr_remark {
    struct xr_remark *next;
    enum xr_finding_code code;
    enum xr_status status; /* error: the check will not be tried; warning: it will */
    const char *field;     /* "ews_url"; NULL: none */
    const char *message;   /* one sentence that names the value */
};

enum xr_check_end {
    XR_CHECK_FINISHED,
    XR_CHECK_CANCELLED, /* by a signal */
    XR_CHECK_THROTTLED, /* the server kept asking us to wait */
    XR_CHECK_TIMEOUT,   /* --timeout */
    XR_CHECK_CHANGED,   /* users lost their results meanwhile: their settings were changed */
};

const char *xr_check_end_name(enum xr_check_end end); /* "finished" */

struct xr_check_slots { /* the organisation's values for the slots of remedies */
    const char *account, *host, *ews_url, *domain, *folder, *group;
};

/* The head of a check: everything but its users. */
struct xr_check {
    struct xr_arena *arena; /* sinks may allocate */
    const char *tool_version, *organization, *access_type, *account;
    struct xr_check_slots slots;
    const char *csv; /* the name of the CSV file that was written beside; NULL: none was */
    int64_t started_wall_ms, elapsed_us;
    enum xr_check_end end;
    bool candidate;      /* of values that are not saved: nothing can be resumed or checked again */
    const char *options; /* behind commands that people copy: " --store 's.db'"; NULL: none */
    int64_t fresh;       /* users whose result came in this run; others have theirs from before */
    int64_t selected;    /* users that were to be checked */
    int64_t summary[XR_STATUS_COUNT];    /* users by status; their sum < selected: unfinished */
    const struct xr_check_cause *causes; /* most users first, errors before warnings */
    size_t cause_count;
    const struct xr_check_group *groups;
    const struct xr_remark *remarks; /* of the organisation */
    int64_t bulk_us; /* of elapsed_us: the part in which the users were checked, side by side */
    int64_t requests, back_offs; /* sent; answers that asked us to wait */
    int64_t median_us, p99_us;   /* of the users' elapsed_us; -1: no user */
    int jobs;
};

/* The users of a check, one after the other; memory stays flat however many they are. */
struct xr_check_rows {
    /* true: *ret is the next user, valid until the next call. false: the end, or an error that the
     * owner of arg knows about. */
    bool (*next)(void *arg, struct xr_check_user *ret);
    void *arg;
};

#endif
