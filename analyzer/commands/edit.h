#ifndef XR_EDIT_H
#define XR_EDIT_H

#include "analyzer/commands/verb.h"
#include "analyzer/org/lint.h"

/*
 * What `add` and `set` of organisations and users share: options become fields
 * of a record, secrets go into the vault, remarks decide whether it is saved.
 * Functions that return an int return 0, or an exit code after telling why on stderr.
 */

/* An option that is a text field of a record. */
struct xr_edit_field {
    const char *option;
    size_t from, to; /* offsets of a const char * in struct xr_verb_form and in the record */
    size_t limit;    /* bytes */
    bool lines;      /* may have more than one line */
};

/* Fields end with option NULL. An option that was not given changes nothing, an empty one clears.
 */
int xr_edit_fields(struct xr_call *call, const struct xr_edit_field *fields, void *record);

/* Are two values of a field the same? NULL equals NULL only; letter case counts. */
bool xr_edit_same(const char *a, const char *b);

/* NULL: fine. Else what is wrong with the name, a phrase. */
const char *xr_edit_name_flaw(const char *name);

/* New secrets of a record. Ends with xr_edit_done(). */
struct xr_edit_secrets {
    struct xr_secret fresh[XR_SECRET_KIND_COUNT];
    bool cleared[XR_SECRET_KIND_COUNT]; /* an empty file name, or refused by a new access type */
};

int xr_edit_read_secrets(struct xr_call *call, struct xr_edit_secrets *ret);
/* Asks for the password of "account" when there is somebody to ask; else leaves it out. */
int xr_edit_ask(struct xr_call *call, const char *account, struct xr_edit_secrets *ret);
void xr_edit_done(struct xr_edit_secrets *secrets);
bool xr_edit_changes_secrets(const struct xr_edit_secrets *secrets);
/* How "has" of the record will be. */
void xr_edit_foresee(const struct xr_edit_secrets *secrets, bool has[XR_SECRET_KIND_COUNT]);

/* A record that is to be saved: one of both. */
struct xr_edit_record {
    struct xr_org *org;
    struct xr_user *user;
};

/* Saves the record and its secrets, and, when "stale", forgets its results (an organisation's:
 * those of all its users): as one. A new secret opens the vault, and makes the key if there is
 * none. */
int xr_edit_save(struct xr_call *call, struct xr_edit_record record,
    const struct xr_edit_secrets *secrets, bool stale);

/* Tells the remarks. 0 when none of them forbids saving: what is missing may come later. */
int xr_edit_judge(const struct xr_remark *remarks);

/* Which option of "form" gives this field; NULL: none does. */
const char *xr_edit_given(const struct xr_verb_form *form, enum xr_field field);

#endif
