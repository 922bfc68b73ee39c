#ifndef XR_VAULT_H
#define XR_VAULT_H

#include "analyzer/base/secret.h"
#include "analyzer/org/store.h"

/*
 * Secrets at rest: AES-256-GCM (NIST SP 800-38D), a random 96-bit nonce for
 * each, additional data = uid of the record, name of the field, key id, with a
 * NUL between. Sealed bytes: a 1, the nonce, the ciphertext, the tag of 16 bytes.
 * The master key is 32 random bytes from
 *   1. --key-file FILE,
 *   2. the systemd credential "exray-key" ($CREDENTIALS_DIRECTORY/exray-key),
 *   3. a passphrase (scrypt N=2^15, r=8, p=1, salt in the store), when the store says so,
 *   4. the key file beside the store (its path and ".key"), made at first use, mode 0600.
 * Key files are one line of 64 hexadecimal digits (vault_key.h).
 * The key id is derived from the key: a wrong key is told from a damaged secret.
 *
 * The store's setting "vault.key" names the store's own key: what kind it is
 * of, its id and, of a passphrase, the salt. It is written with the first secret.
 * Each secret has its key id too, so a store may hold secrets of several keys.
 *
 * A new key file beside the store is first written, and synced, as
 * STORE.key.ID; then its id is committed to the setting together with the
 * secrets that it seals; then it takes the place of STORE.key. Whoever opens the
 * vault and finds in STORE.key another key than the setting names looks for
 * STORE.key.ID and finishes what was begun. So there is no moment at which a
 * crash, or a power cut, leaves secrets without the key that opens them.
 */
enum xr_vault_fault {
    XR_VAULT_NO_KEY,    /* there is no key, or it cannot be read: mode, owner, length */
    XR_VAULT_WRONG_KEY, /* the secret was sealed with another key */
    XR_VAULT_DAMAGED,   /* the right key, but the bytes have changed */
    XR_VAULT_NO_SECRET, /* none is stored; or what is to be stored is empty or too long */
    XR_VAULT_STORE,     /* the store failed */
};

struct xr_vault_err {
    enum xr_vault_fault fault;
    const char *text;                 /* a phrase that names the key file or the record */
    const struct xr_store_err *store; /* of XR_VAULT_STORE; else NULL */
};

enum { XR_VAULT_SECRET_MAX = 16 * 1024 }; /* bytes of a secret */

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
 * create: a missing default key file is made; else it is XR_VAULT_NO_KEY. It is
 * not made in the place of a key that lies elsewhere (1. and 2.) and was not named.
 * Another key file than the store's own opens: its secrets tell (XR_VAULT_WRONG_KEY).
 * Another passphrase does not.
 */
xr_must_check const struct xr_vault_err *xr_vault_open(struct xr_arena *arena,
    struct xr_store *store, const struct xr_key_source *source, bool create, struct xr_vault **ret,
    const char **ret_made);
void xr_vault_close(struct xr_vault *vault); /* overwrites the key; NULL is fine */

/* Seals and stores; of a record that is stored already. Call it between xr_store_begin() and
 * xr_store_commit(): then no rekey of another process comes between. One that came before, since
 * the vault was opened, is XR_VAULT_WRONG_KEY. */
xr_must_check const struct xr_vault_err *xr_vault_put(struct xr_vault *vault,
    struct xr_arena *arena, const char *uid, enum xr_secret_kind kind, struct xr_secret secret);
/* Ends with xr_secret_done(). */
xr_must_check const struct xr_vault_err *xr_vault_get(struct xr_vault *vault,
    struct xr_arena *arena, const char *uid, enum xr_secret_kind kind, struct xr_secret *ret);

/*
 * Seals every secret anew, as one transaction: with the key of "to", or, when
 * "to" names none, with a new key file (made beside the old one and put in its place
 * only after the commit). Secrets of a lost key, and damaged ones, cannot be
 * opened: they are removed and counted in *ret_lost, their records keep all else.
 * *ret_done: sealed anew. *ret_made: the new key file, NULL: none.
 *
 * A key that opens none of the secrets is more likely a mistake than the rest of
 * a loss: XR_VAULT_WRONG_KEY, nothing is changed. So is a missing --key-file
 * (XR_VAULT_NO_KEY), but not a key file beside the store that is gone: its
 * secrets are lost. A key file that is not used any more is left for old backups, but one
 * beside the store makes room for its successor.
 */
xr_must_check const struct xr_vault_err *xr_vault_rekey(struct xr_arena *arena,
    struct xr_store *store, const struct xr_key_source *from, const struct xr_key_source *to,
    int64_t *ret_done, int64_t *ret_lost, const char **ret_made);

#endif
