#ifndef XR_CHECK_PARTS_H
#define XR_CHECK_PARTS_H

#include <stdio.h>

#include "analyzer/commands/form.h"
#include "analyzer/commands/progress.h"
#include "analyzer/commands/stored.h"
#include "analyzer/model/check.h"
#include "analyzer/wire/net.h"

/* What the files of `exray check` share; for analyzer/commands/check*.c alone. */

struct xr_check_form {
    struct xr_form form; /* first, so that its option rows fit */
    struct xr_list user, csv;
    const char *jsonl;
    bool only_failed, resume;
    long sample, jobs;
};

/* All that one check owns. */
struct xr_check_session {
    struct xr_arena *arena;
    struct xr_stored *stored;
    struct xr_net net;
    struct xr_target target; /* what holds for every user */
    struct xr_org org;
    struct xr_progress progress;
    FILE *jsonl;
    bool jsonl_lost, candidate;
    struct xr_secret password, token; /* of a candidate; the session does not own them */
};

extern const struct xr_option_group xr_check_options[];

/* Each returns 0, or an exit code after telling why on stderr. */
int xr_check_open_jsonl(const struct xr_check_form *form, FILE **ret);
int xr_check_close_jsonl(const struct xr_check_form *form, struct xr_check_session *session);
/* The summary and every report that was asked for; id: the check's in the store. */
int xr_check_write(const struct xr_check_form *form, struct xr_check_session *session,
    const struct xr_check *check, int64_t id);
/* No output is part of the store, and at most one goes to standard output. */
int xr_check_judge_outputs(const struct xr_check_form *form, const struct xr_stored *stored);

#endif
