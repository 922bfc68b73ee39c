#ifndef XR_VERB_H
#define XR_VERB_H

#include "analyzer/commands/form.h"
#include "analyzer/commands/stored.h"

/*
 * `exray org VERB` and `exray user VERB`: a verb is a row with its words, its
 * options and its function; the same rows make the dispatch, the errors and --help.
 */

/* The options of all verbs, as typed. */
struct xr_verb_form {
    struct xr_form form; /* first, so that its option rows fit; form.org is --org of users */
    const char *access_type, *group_kind, *scope_name, *notes, *user_name;
    const char *to_key_file, *to_passphrase_file;
    struct xr_list domain;
    long sample, limit;
    bool check, json, yes, apply, dry_run, with_secrets, failed, origin, enabled, disabled;
};

enum { XR_VERB_WORDS_MAX = 2 };

struct xr_call {
    struct xr_arena *arena;
    const struct xr_verb_form *form;
    const char *words[XR_VERB_WORDS_MAX]; /* NULL: not given */
    struct xr_stored stored;              /* open, see enum xr_verb_store */
};

/* What the store is to a verb. */
enum xr_verb_store {
    XR_VERB_NEEDS_STORE,
    XR_VERB_MAKES_STORE,
    XR_VERB_MAY_LACK_STORE, /* call->stored.store may be NULL */
};

struct xr_verb {
    const char *name, *words, *about; /* words: "--org NAME ADDR" */
    int at_least, at_most;            /* of the words that are no options */
    const struct xr_option_group *options;
    int (*run)(struct xr_call *call);
    enum xr_verb_store store;
};

/* family: "org" or "user". verbs end with name NULL. */
int xr_verb_main(
    const char *family, const char *about, const struct xr_verb *verbs, int argc, char **argv);

/* Option groups of the verbs; each ends with title NULL. */
extern const struct xr_option_group xr_org_add_options[], xr_org_set_options[],
    xr_org_history_options[], xr_org_remove_options[], xr_org_export_options[],
    xr_org_wand_options[], xr_org_rekey_options[];
extern const struct xr_option_group xr_user_add_options[], xr_user_set_options[],
    xr_user_list_options[], xr_user_show_options[], xr_user_import_options[],
    xr_user_options[]; /* of remove, invalidate and export */
extern const struct xr_option_group xr_listing_options[], xr_import_options[];

/* One file a verb, more or less. */
int xr_org_add(struct xr_call *call);
int xr_org_set(struct xr_call *call);
int xr_org_list(struct xr_call *call);
int xr_org_show(struct xr_call *call);
int xr_org_history(struct xr_call *call);
int xr_org_remove(struct xr_call *call);
int xr_org_import(struct xr_call *call);
int xr_org_export(struct xr_call *call);
int xr_org_wand(struct xr_call *call);
int xr_org_rekey(struct xr_call *call);
int xr_user_add(struct xr_call *call);
int xr_user_set(struct xr_call *call);
int xr_user_list(struct xr_call *call);
int xr_user_show(struct xr_call *call);
int xr_user_remove(struct xr_call *call);
int xr_user_import(struct xr_call *call);
int xr_user_export(struct xr_call *call);
int xr_user_invalidate(struct xr_call *call);

/* The organisation of --org. */
int xr_call_org(struct xr_call *call, struct xr_org *ret);
/* "exray VERB-LINE" and the --store option of this call, if it has one, to be copied by people. */
const char *xr_call_command(struct xr_call *call, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
