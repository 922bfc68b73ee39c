#ifndef XR_SUBJECT_H
#define XR_SUBJECT_H

#include "analyzer/model/words.h"

/*
 * What a run was about, in a few words: the mailbox; or the host, the file of
 * certificates or both, in a test that knows no mailbox. May hold a stranger's
 * text. NULL: the form names nothing.
 */
const char *xr_subject(struct xr_arena *arena, const struct xr_target *target);

/* The same for a headline of a test without mailbox, which its title does not name; else NULL. */
const char *xr_subject_of_place(struct xr_arena *arena, const struct xr_target *target);

/* A test of a host or of a file: mailbox, account and folder mean nothing in it. */
bool xr_is_of_place(const struct xr_target *target);

/* A test that goes on to EWS with the account and opens a folder; xr_is_of_discovery() does not. */
bool xr_is_of_access(const struct xr_run *run);

/* The last part of a path: what its user calls the file. NULL stays NULL. */
const char *xr_file_name(const char *path);

#endif
