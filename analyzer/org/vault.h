#ifndef XR_VAULT_H
#define XR_VAULT_H

#include "analyzer/base/secret.h"
#include "analyzer/org/store.h"

/*
 * Secrets at rest: AES-256-GCM (NIST SP 800-38D), a random 96-bit nonce for
 * each, additional data = uid of the record, name of the field, key id. The
 * master key is 32 random bytes from
 *   1. --key-file FILE,
 *   2. the systemd credential "exray-key" ($CREDENTIALS_DIRECTORY/exray-key),
 *   3. a passphrase (scrypt N=2^15, r=8, p=1, salt in the store), when the store says so,
 *   4. the key file beside the store, made at first use, mode 0600.
 * The key id is derived from the key: a wrong key is told from a damaged secret.
 */
enum xr_vault_fault {
    XR_VAULT_NO_KEY,    /* there is no key, or it cannot be read: mode, owner, length */
    XR_VAULT_WRONG_KEY, /* the secret was sealed with another key */
    XR_VAULT_DAMAGED,   /* the right key, but the bytes have changed */
    XR_VAULT_NO_SECRET, /* none is stored */
    XR_VAULT_STORE,     /* the store failed */
};

struct xr_vault_err {
    enum xr_vault_fault fault;
    const char *text; /* a phrase that names the key file or the record */
};

/* Where the key comes from. */
struct xr_key_source {
    const char *key_file;        /* --key-file; NULL: not given */
    const char *credential;      /* $CREDENTIALS_DIRECTORY/exray-key; NULL: not there */
    struct xr_secret passphrase; /* given, if the store asks for one */
};

struct xr_vault;

/* Does this store want a passphrase? The caller then asks for it before opening the vault. */
bool xr_vault_wants_passphrase(struct xr_store *store, struct xr_arena *arena);

/*
 * Opens the vault of a store. *ret_made (may be NULL): the path of a key file
 * that was made by this call, to be told to the user; NULL: none was made.
 * create: a missing default key file is made; else it is XR_VAULT_NO_KEY.
 */
xr_must_check const struct xr_vault_err *xr_vault_open(struct xr_arena *arena,
    struct xr_store *store, const struct xr_key_source *source, bool create, struct xr_vault **ret,
    const char **ret_made);
void xr_vault_close(struct xr_vault *vault); /* overwrites the key; NULL is fine */

/* Seals and stores; of a record that is stored already. */
xr_must_check const struct xr_vault_err *xr_vault_put(struct xr_vault *vault,
    struct xr_arena *arena, const char *uid, enum xr_secret_kind kind, struct xr_secret secret);
/* Ends with xr_secret_done(). */
xr_must_check const struct xr_vault_err *xr_vault_get(struct xr_vault *vault,
    struct xr_arena *arena, const char *uid, enum xr_secret_kind kind, struct xr_secret *ret);

/*
 * Seals every secret anew, as one transaction: with the key of "to", or, when
 * "to" names none, with a new key file (made beside the old one and put in its place
 * only after the commit). Secrets of a lost key cannot be opened: they are removed
 * and counted in *ret_lost, their records keep all else. *ret_done: sealed anew.
 */
xr_must_check const struct xr_vault_err *xr_vault_rekey(struct xr_arena *arena,
    struct xr_store *store, const struct xr_key_source *from, const struct xr_key_source *to,
    int64_t *ret_done, int64_t *ret_lost, const char **ret_made);

#endif
