#ifndef XR_TEST_KIND_H
#define XR_TEST_KIND_H

#include <stdbool.h>

#include "analyzer/commands/form.h"
#include "analyzer/wire/chain.h"
#include "probes/probe.h"
#include "reports/report.h"

/* What the files of `exray test` share; for analyzer/commands/test*.c alone. */

/* All that one run owns outside its arena. */
struct xr_test_session {
    struct xr_arena *arena;
    struct xr_net net;
    struct xr_secret password, token;
    bool offline;                   /* not a single packet leaves */
    struct xr_chain chain;          /* of a file: read once, for a pipe has no more to give */
    const struct xr_err *malformed; /* a certificate in it is; then there is no chain */
};

/* What the command line knows of a test: its options, and the way from them to what is asked. */
struct xr_test_kind {
    const char *name; /* as in xr_tests */
    const struct xr_option_group *options;
    long crit_days;   /* where --crit-days does not say */
    const char *sent; /* what leaves this machine: the end of --help */
    /* Fills target and session from the form; *test may become another one of that name. Returns 0,
     * or an exit code after telling why on stderr. */
    int (*prepare)(struct xr_test_session *session, struct xr_form *form, struct xr_target *ret,
        const struct xr_test **test);
};

extern const struct xr_test_kind xr_kind_service_account, xr_kind_ssl_trust;

/* Where stdout goes, and how it looks. */
struct xr_test_screen {
    const struct xr_report *report; /* NULL: nothing */
    struct xr_style style;
    bool progress;
};

/* Returns 0, or an exit code after telling why on stderr. */
int xr_test_screen(const struct xr_form *form, struct xr_test_screen *ret);

/* Runs, shows and writes. Returns the exit code. */
int xr_test_run(const struct xr_test *test, const struct xr_form *form,
    struct xr_test_session *session, const struct xr_target *target, struct xr_test_screen *screen);

#endif
