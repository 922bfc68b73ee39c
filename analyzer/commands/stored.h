#ifndef XR_STORED_H
#define XR_STORED_H

#include <stdbool.h>

#include "analyzer/org/access.h"
#include "analyzer/org/store.h"
#include "analyzer/org/vault.h"

/* The options that all commands on stored organisations take. */
struct xr_stored_options {
    const char *store;           /* --store FILE; NULL: $XDG_STATE_HOME/exray/store.db */
    const char *key_file;        /* --key-file FILE */
    const char *passphrase_file; /* --passphrase-file FILE; else asked, when the store wants one */
    bool no_input;
    bool may_create;     /* a file that is not there is made; else it is an error, */
    bool may_be_missing; /* or the command goes on without a store */
};

/* A store in use by a command. */
struct xr_stored {
    struct xr_arena *arena;
    const struct xr_stored_options *options;
    const char *path;
    struct xr_store *store; /* NULL: may_be_missing, and it is */
    struct xr_vault *vault; /* NULL until xr_stored_vault() */
};

/*
 * Each returns 0, or an exit code after telling why on stderr: 78 for what is
 * wrong with store, key or the name of an organisation or user, 69 for a full disk,
 * 75 for a store that another program keeps locked, 66 for a passphrase file that cannot be
 * read, 64 for usage.
 */
int xr_stored_open(
    struct xr_stored *stored, struct xr_arena *arena, const struct xr_stored_options *options);
void xr_stored_done(struct xr_stored *stored);
int xr_stored_vault(struct xr_stored *stored, bool create); /* once; then it is there */
/* By name; not found: names the nearest one that there is. */
int xr_stored_org(struct xr_stored *stored, const char *name, struct xr_org *ret);
int xr_stored_user(
    struct xr_stored *stored, const struct xr_org *org, const char *email, struct xr_user *ret);
/* The secret that this user's effective access uses. Without one: 78, naming what is missing. */
int xr_stored_secret(struct xr_stored *stored, const struct xr_org *org, const struct xr_user *user,
    const struct xr_effective *effective, struct xr_secret *ret);

/* Where the key of this store comes from; asks for the passphrase if the store wants one. Ends with
 * xr_secret_done(&ret->passphrase). */
int xr_stored_key_source(struct xr_stored *stored, struct xr_key_source *ret);

int xr_stored_error(const struct xr_store_err *err);
int xr_stored_vault_error(const struct xr_vault_err *err);

#endif
