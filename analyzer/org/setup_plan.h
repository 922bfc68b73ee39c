#ifndef XR_SETUP_PLAN_H
#define XR_SETUP_PLAN_H

#include <stdio.h>

#include "analyzer/org/store.h"

/*
 * Stage I (FEATURES 1.B) as a script and a checklist, from the organisation's
 * own values. Every value is quoted for PowerShell; one that cannot be is told
 * and the script refused.
 */
enum xr_plan_format {
    XR_PLAN_PS1, /* the script, for people to read and to run */
    XR_PLAN_MD,  /* the checklist */
    XR_PLAN_FORMAT_COUNT,
};

bool xr_plan_format_by_name(const char *name, enum xr_plan_format *ret); /* false: no such word */

/* Where a mailbox is. Each side has a script of its own: the role ApplicationImpersonation is gone
 * from Exchange Online. */
enum xr_plan_side {
    XR_PLAN_ON_PREMISES,
    XR_PLAN_ONLINE,
    XR_PLAN_SIDE_COUNT,
};

enum xr_plan_fault {
    XR_PLAN_VALUE,  /* a value of the organisation or of a user must not stand in a script */
    XR_PLAN_STORE,  /* the store failed */
    XR_PLAN_REPORT, /* the file of --fix cannot be used */
};

struct xr_plan_err {
    enum xr_plan_fault fault;
    const char *text;                 /* a sentence that names the file or the value */
    const struct xr_store_err *store; /* of XR_PLAN_STORE */
};

struct xr_plan {
    const struct xr_org *org;
    /* Members of the group: enabled users who are opened by impersonation. In an organisation with
     * direct logon: all enabled users, for the day when it changes. */
    int64_t members[XR_PLAN_SIDE_COUNT];
    bool has_side[XR_PLAN_SIDE_COUNT]; /* both: hybrid (FEATURES B28) */
    int64_t by_themselves;             /* enabled, but they log on as themselves: no members */
    int64_t disabled;
    int64_t other_accounts;    /* members on premises who are opened by another account than ours */
    const char *other_account; /* the first of those accounts; NULL: none */
    const char *group_alias[XR_PLAN_SIDE_COUNT]; /* RIAG, RISG; hybrid: online with a suffix */
    const char *group_name[XR_PLAN_SIDE_COUNT];  /* RIapplicationGroup */
    const char *scope_name, *role_group;         /* RIusersScope, RIimpersonation */
    /* The service account: the organisation's, else that of the first member on premises, else
     * MasterImpersonation. */
    const char *account[XR_PLAN_SIDE_COUNT];
    const char *account_name[XR_PLAN_SIDE_COUNT]; /* without domain */
    const char *account_upn[XR_PLAN_SIDE_COUNT];  /* NULL: not known */
    const char *first_member[XR_PLAN_SIDE_COUNT]; /* to try it with; NULL: none */
    const char *store_path; /* to be named in commands of exray; NULL: the default one */
};

/*
 * Counts the users and fills the names. Streams; memory stays flat. Every value
 * is tried, so that a script is refused before its first line.
 * store_path: what --store named, or NULL.
 */
xr_must_check const struct xr_plan_err *xr_plan_make(struct xr_store *store, struct xr_arena *arena,
    const struct xr_org *org, const char *store_path, struct xr_plan *ret);

/*
 * The script has all members, one a line, in the order of their addresses; the
 * checklist has the first XR_PLAN_LISTED and the number of the others. The script
 * begins with a byte order mark: without one Windows PowerShell reads UTF-8 as
 * a code page in which some letters become quotes. What stops early has no calls
 * at its end, so that half a script does nothing.
 */
enum { XR_PLAN_LISTED = 200 };
xr_must_check const struct xr_plan_err *xr_plan_write(struct xr_store *store,
    struct xr_arena *arena, const struct xr_plan *plan, enum xr_plan_format format, FILE *out);

/*
 * The commands for the causes that a check found, grouped: from a file of
 * exray.check/1 of this organisation. Who is no user of the organisation any more
 * gets no command. Nothing is written when the file cannot be used. As a script
 * it only does what is safe to do for all (adding users to the group); the rest is
 * comments.
 */
xr_must_check const struct xr_plan_err *xr_plan_fix(struct xr_store *store, struct xr_arena *arena,
    const struct xr_plan *plan, const char *report_path, enum xr_plan_format format, FILE *out);

#endif
