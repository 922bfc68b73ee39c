#ifndef XR_PLAN_TEXT_H
#define XR_PLAN_TEXT_H

#include "analyzer/model/finding.h"
#include "analyzer/org/setup_plan.h"

/* What the parts of the setup plan share; not for others. */

/* A slot of a text, written {{name}}, and what stands for it: quoted already. */
struct xr_plan_word {
    const char *name, *value;
};

enum { XR_PLAN_WORDS_MAX = 40 };

struct xr_plan_words {
    struct xr_plan_word at[XR_PLAN_WORDS_MAX]; /* ends with name NULL */
};

/* The words of one side. Names that end in "_code" are Markdown code, the others PowerShell. */
void xr_plan_words(struct xr_arena *arena, const struct xr_plan *plan, enum xr_plan_side side,
    struct xr_plan_words *ret);

/* Writes the text; a name that is not among the words is a programming error. */
void xr_plan_fill(FILE *out, const char *text, const struct xr_plan_words *words);

/* "1 user", "312 users" */
const char *xr_plan_count(struct xr_arena *arena, int64_t n);

/* `value`, with as many backticks as it needs. */
const char *xr_plan_code(struct xr_arena *arena, const char *value);

/* Prose that may quote a stranger, with what Markdown would take for markup escaped. */
void xr_plan_prose(FILE *out, const char *text);

/* An option of exray with its value; name NULL: a value alone. A list ends with value NULL. */
struct xr_plan_option {
    const char *name, *value;
};

/* A command line of exray for sh, with --store where the plan needs one; every value is quoted.
 * NULL: a value must not stand in a command. */
const char *xr_plan_exray(struct xr_arena *arena, const struct xr_plan *plan, const char *verb,
    const struct xr_plan_option *options);
const char *xr_plan_check_command(struct xr_arena *arena, const struct xr_plan *plan);

/* ---- users ---- */

enum xr_plan_side xr_plan_side_of(
    struct xr_arena *arena, const struct xr_org *org, const struct xr_user *user);
bool xr_plan_is_member(const struct xr_org *org, const struct xr_user *user);

struct xr_plan_visitor {
    /* NULL: go on. scratch lives until the end of the page. */
    const struct xr_plan_err *(*visit)(
        void *arg, struct xr_arena *scratch, const struct xr_user *user);
    void *arg;
};

/* Every user of the organisation, in the order of the addresses. */
xr_must_check const struct xr_plan_err *xr_plan_each_user(struct xr_store *store,
    struct xr_arena *arena, const struct xr_org *org, const struct xr_plan_visitor *visitor);

const struct xr_plan_err *xr_plan_error(struct xr_arena *arena, enum xr_plan_fault fault,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
const struct xr_plan_err *xr_plan_store_error(
    struct xr_arena *arena, const struct xr_store_err *err);

/* ---- the parts ---- */

xr_must_check const struct xr_plan_err *xr_plan_write_ps1(
    struct xr_store *store, struct xr_arena *arena, const struct xr_plan *plan, FILE *out);
xr_must_check const struct xr_plan_err *xr_plan_write_md(
    struct xr_store *store, struct xr_arena *arena, const struct xr_plan *plan, FILE *out);

/* Functions of the scripts, each list ends with NULL: those that add members, those of both sides,
 * those of each side. */
extern const char *const xr_plan_member_ps1[],
    *const xr_plan_common_ps1[], *const xr_plan_on_premises_ps1[], *const xr_plan_online_ps1[];
/* The parameter -Part. */
extern const char xr_plan_one_part_ps1[], xr_plan_both_parts_ps1[];
extern const char *const xr_plan_side_words[XR_PLAN_SIDE_COUNT]; /* "OnPremises", "Online" */
extern const char xr_plan_bom[];                                 /* U+FEFF */

/* The sections of the checklist. */
extern const char xr_plan_md_introduction[], xr_plan_md_hybrid[], xr_plan_md_on_premises_group[],
    xr_plan_md_join_distribution[], xr_plan_md_join_security[], xr_plan_md_on_premises_role[],
    xr_plan_md_online_group[], xr_plan_md_online_role[], xr_plan_md_verify[],
    xr_plan_md_verify_on_premises[], xr_plan_md_verify_online[], xr_plan_md_verify_all[],
    xr_plan_md_undo[], xr_plan_md_undo_on_premises[], xr_plan_md_undo_online[],
    xr_plan_md_read_on[];

/* ---- the report of a check ---- */

/* A user with a finding. */
struct xr_plan_found {
    struct xr_plan_found *next;
    const char *email;
    const char *primary; /* NULL: not known, or no address */
    enum xr_plan_side side;
    enum xr_user_access access; /* what is set for this user, to be taken along */
    const char *user_name, *account, *ews_url;
    bool has_secret;
};

struct xr_plan_cause {
    struct xr_plan_found *first, *last;
    int64_t users;
    int64_t strangers; /* of them: no enabled users of the organisation, and not in the list */
};

struct xr_plan_report {
    int64_t users;   /* all that were read */
    int64_t unknown; /* with a finding that this version does not know */
    struct xr_plan_cause causes[XR_FINDING_COUNT];
};

/* Memory grows with the users that have a finding, up to a limit. */
xr_must_check const struct xr_plan_err *xr_plan_read_report(struct xr_store *store,
    struct xr_arena *arena, const struct xr_plan *plan, const char *path,
    struct xr_plan_report *ret);

#endif
