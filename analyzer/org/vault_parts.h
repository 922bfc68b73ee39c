#ifndef XR_VAULT_PARTS_H
#define XR_VAULT_PARTS_H

#include "analyzer/org/vault.h"
#include "analyzer/org/vault_key.h"

/* What the vault*.c files share, and nobody else sees. */

const struct xr_vault_err *xr_vault_fail(struct xr_arena *arena, enum xr_vault_fault fault,
    const char *fmt, ...) __attribute__((format(printf, 3, 4), returns_nonnull));
/* A copy: the store's error may live in a shorter arena. NULL stays NULL. */
const struct xr_vault_err *xr_vault_of_store(
    struct xr_arena *arena, const struct xr_store_err *from);

/* ---- sealing (vault.c) ---- */

/* To whom a sealed secret belongs: moved to another record or field it does not open. */
struct xr_seal_label {
    const char *uid;
    enum xr_secret_kind kind;
};

/* Seals and stores; the secret has at most XR_VAULT_SECRET_MAX bytes. again: it is there already,
 * under another key. */
const struct xr_vault_err *xr_sealed_put(struct xr_store *store, struct xr_arena *arena,
    const struct xr_key *key, struct xr_seal_label label, struct xr_secret secret, bool again);
/* false: the bytes are not as they were sealed with this key. */
bool xr_sealed_open(
    const struct xr_key *key, const struct xr_sealed *sealed, struct xr_secret *ret);

/* ---- the store's own key (vault_open.c) ---- */

/* The setting "vault.key": "KIND ID", or "passphrase ID SALT". */
struct xr_own_key {
    bool known; /* else nothing was ever sealed here */
    enum xr_key_kind kind;
    const char *id;
    const unsigned char *salt; /* XR_SALT_BYTES of a passphrase; else NULL */
};

const struct xr_vault_err *xr_own_key(
    struct xr_store *store, struct xr_arena *arena, struct xr_own_key *ret);
/* salt: of a passphrase; else NULL. */
const struct xr_vault_err *xr_own_key_set(struct xr_store *store, struct xr_arena *arena,
    const struct xr_key *key, const unsigned char *salt);

struct xr_opening {
    struct xr_arena *arena;
    struct xr_store *store;
    const struct xr_key_source *source;
    bool create; /* the key file beside the store, when it is not there */
    /* set by these functions: */
    struct xr_own_key own;
    const char *path; /* of the key file beside the store */
    const char *made; /* the same, once it was made */
    bool gone;        /* it is not there */
};

/* Sets own and path. */
const struct xr_vault_err *xr_opening_start(struct xr_opening *opening);
/* The key that the source names, or the store's own. */
const struct xr_vault_err *xr_opening_key(struct xr_opening *opening, struct xr_key *ret);
const struct xr_vault_err *xr_opening_file(
    struct xr_opening *opening, const char *path, enum xr_key_kind kind, struct xr_key *ret);

#endif
