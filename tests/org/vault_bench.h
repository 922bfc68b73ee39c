#ifndef XR_TESTS_VAULT_BENCH_H
#define XR_TESTS_VAULT_BENCH_H

#include "analyzer/org/vault.h"

/* A store in a folder of its own, with one organisation, and its vault. */
struct bench {
    struct xr_arena *arena;
    struct xr_store *store;
    struct xr_vault *vault;
    struct xr_org org;
    char folder[64];
    const char *path, *key_path;
};

extern struct bench bench;

void set_up(void);
void tear_down(void);
void open_store(void);
/* SQLite must not be carried through a fork. */
void close_store(void);

/* Files of the folder whose names contain this; removes them when told so. */
int files(const char *part, bool removes);
/* A file in the folder that holds the key of this digit alone. */
const char *key_file(const char *name, char digit);
struct xr_secret secret_of(const char *text);

/* source NULL: none is given. A former vault is closed. */
const struct xr_vault_err *try_open(const struct xr_key_source *source, bool create);
void open_vault(const struct xr_key_source *source, bool create);
void put(const char *uid, enum xr_secret_kind kind, const char *text);
void check_fault(const struct xr_vault_err *err, enum xr_vault_fault fault, const char *says);
void check_secret(const char *uid, enum xr_secret_kind kind, const char *text);
/* Of the password of the organisation. */
void check_no_secret(enum xr_vault_fault fault, const char *says);
struct xr_sealed stored(void);

struct rekeyed {
    int64_t done, lost;
    const char *made;
};

/* NULL: no key is named. */
const struct xr_vault_err *try_rekey(
    const struct xr_key_source *from, const struct xr_key_source *to, struct rekeyed *ret);
struct rekeyed rekey(const struct xr_key_source *from, const struct xr_key_source *to);

#endif
