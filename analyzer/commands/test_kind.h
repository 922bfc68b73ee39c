#ifndef XR_TEST_KIND_H
#define XR_TEST_KIND_H

#include <stdbool.h>

#include "analyzer/commands/form.h"
#include "analyzer/run/engine.h"
#include "analyzer/wire/chain.h"
#include "probes/probe.h"
#include "reports/report.h"

/* What the files of `exray test` share, and the wand, which runs a test too; for
 * analyzer/commands/test*.c and org_wand*.c alone. */

/* All that one run owns outside its arena. */
struct xr_test_session {
    struct xr_arena *arena;
    struct xr_net net;
    struct xr_secret password, token;
    bool offline;                   /* not a single packet leaves */
    struct xr_chain chain;          /* of a file: read once, for a pipe has no more to give */
    const struct xr_err *malformed; /* a certificate in it is; then there is no chain */
};

void xr_test_session_done(struct xr_test_session *session);

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

extern const struct xr_test_kind xr_kind_service_account, xr_kind_autodiscover, xr_kind_ssl_trust;

/* Of xr_tests; NULL: none has that name. */
const struct xr_test *xr_test_named(const char *name);

/* Where stdout goes, and how it looks. */
struct xr_test_screen {
    const struct xr_report *report; /* NULL: nothing */
    struct xr_style style;
    bool progress;
    const char *whole; /* the step that is the test itself: shown with all that is below; NULL */
};

/* Returns 0, or an exit code after telling why on stderr. */
int xr_test_screen(const struct xr_form *form, struct xr_test_screen *ret);

/* Runs. What ret points to lives in session->arena, and in target. listener may be NULL. */
void xr_test_carry_out(const struct xr_test *test, const struct xr_form *form,
    struct xr_test_session *session, const struct xr_target *target,
    const struct xr_listener *listener, struct xr_run *ret);

int xr_test_exit_code(const struct xr_form *form, const struct xr_run *run);

/* --print-ews-url, of a run that ends with this code. Returns the code to end with: what was found
 * decides. */
int xr_test_print_ews_url(const struct xr_form *form, const struct xr_run *run, int code);

/* Runs, shows and writes. Returns the exit code. */
int xr_test_run(const struct xr_test *test, const struct xr_form *form,
    struct xr_test_session *session, const struct xr_target *target, struct xr_test_screen *screen);

#endif
