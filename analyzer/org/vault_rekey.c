#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/org/vault_parts.h"

enum { PAGE = 64 }; /* secrets that are in memory at a time */

struct rekey {
    struct xr_opening opening;
    struct xr_key old, fresh;
    bool lost;                         /* there is no old key any more */
    unsigned char salt[XR_SALT_BYTES]; /* of a passphrase */
    const char *waiting;               /* the new key file, not in its place yet; NULL: none */
    const char *foreign;               /* the key of a secret that the old one did not open */
    int64_t done, removed;
};

static void rekey_done(struct rekey *rekey)
{
    xr_key_done(&rekey->old);
    xr_key_done(&rekey->fresh);
}

static const struct xr_vault_err *open_old(struct rekey *rekey)
{
    const struct xr_vault_err *err = xr_opening_start(&rekey->opening);

    if (!err)
        err = xr_opening_key(&rekey->opening, &rekey->old);
    rekey->lost = err && rekey->opening.gone;
    return rekey->lost ? NULL : err;
}

static const struct xr_vault_err *open_fresh(struct rekey *rekey, const struct xr_key_source *to)
{
    struct xr_key *fresh = &rekey->fresh;

    if (to->key_file)
        return xr_opening_file(&rekey->opening, to->key_file, XR_KEY_NAMED, fresh);
    if (to->credential)
        return xr_opening_file(&rekey->opening, to->credential, XR_KEY_CREDENTIAL, fresh);
    if (xr_secret_given(to->passphrase)) {
        xr_random(rekey->salt, sizeof(rekey->salt));
        const char *flaw = xr_key_derive(to->passphrase, rekey->salt, fresh);
        return flaw ? xr_vault_fail(rekey->opening.arena, XR_VAULT_NO_KEY, "%s", flaw) : NULL;
    }
    xr_key_random(fresh);
    fresh->kind = XR_KEY_BESIDE;
    fresh->from = rekey->opening.path;
    return NULL;
}

/* Under the lock of the transaction: no other rekey sweeps or writes now. */
static const struct xr_vault_err *lay_down(struct rekey *rekey)
{
    struct xr_opening *opening = &rekey->opening;
    struct xr_own_key own;
    const struct xr_vault_err *err = xr_own_key(opening->store, opening->arena, &own);

    if (err)
        return err;
    if (own.known != opening->own.known || (own.known && strcmp(own.id, opening->own.id) != 0))
        return xr_vault_fail(opening->arena, XR_VAULT_WRONG_KEY,
            "the key of %s was changed by another process meanwhile: run the command again",
            xr_store_path(opening->store));
    if (rekey->fresh.kind != XR_KEY_BESIDE)
        return NULL;
    xr_key_sweep(opening->arena, opening->path, own.id);
    const char *waiting = xr_key_waiting(opening->arena, opening->path, rekey->fresh.id);
    const char *flaw = xr_key_write(opening->arena, waiting, &rekey->fresh);
    if (flaw)
        return xr_vault_fail(opening->arena, XR_VAULT_NO_KEY, "%s", flaw);
    rekey->waiting = waiting;
    return NULL;
}

static const struct xr_vault_err *reseal(
    struct rekey *rekey, struct xr_arena *arena, const struct xr_sealed *sealed)
{
    struct xr_store *store = rekey->opening.store;
    struct xr_seal_label label = { sealed->uid, sealed->kind };
    const struct xr_sealed none = { .uid = sealed->uid, .kind = sealed->kind };
    struct xr_secret secret = { NULL };

    if (!rekey->lost && !strcmp(sealed->key_id, rekey->old.id) &&
        xr_sealed_open(&rekey->old, sealed, &secret)) {
        const struct xr_vault_err *err =
            xr_sealed_put(store, arena, &rekey->fresh, label, secret, true);
        xr_secret_done(&secret);
        rekey->done++;
        return err;
    }
    if (!rekey->foreign)
        rekey->foreign = xr_excerpt(rekey->opening.arena, sealed->key_id, XR_QUOTED_MAX);
    rekey->removed++;
    return xr_vault_of_store(arena, xr_store_put_secret(store, arena, &none));
}

/* Memory stays flat: a page goes when the one behind it is there. */
static const struct xr_vault_err *reseal_all(struct rekey *rekey)
{
    struct xr_sealed page[PAGE], last;
    struct xr_arena *before = NULL;
    const struct xr_vault_err *err = NULL;
    size_t n = PAGE;

    while (!err && n == PAGE) {
        struct xr_arena *arena = xr_arena_new();
        err = xr_vault_of_store(rekey->opening.arena,
            xr_store_secrets(rekey->opening.store, arena, before ? &last : NULL, PAGE, page, &n));
        for (size_t i = 0; !err && i < n; i++)
            err = reseal(rekey, arena, &page[i]);
        if (err)
            err = err->store ? xr_vault_of_store(rekey->opening.arena, err->store) : err;
        if (!err && n)
            last = page[n - 1];
        xr_arena_free(before);
        before = arena;
    }
    xr_arena_free(before);
    return err;
}

/* Nothing is removed because of a key that was not named. That of the store itself is known to be
 * lost when its file is gone; of imported secrets nobody knows. */
static const struct xr_vault_err *judge(const struct rekey *rekey)
{
    struct xr_arena *arena = rekey->opening.arena;

    if (rekey->done || !rekey->removed || (rekey->lost && rekey->opening.own.known))
        return NULL;
    if (rekey->lost)
        return xr_vault_fail(arena, XR_VAULT_NO_KEY,
            "the stored secrets were sealed with key %s, which was never the key of this store: "
            "name it with --key-file; nothing was changed",
            rekey->foreign);
    return xr_vault_fail(arena, XR_VAULT_WRONG_KEY,
        "none of the stored secrets was sealed with key %s (%s), but with key %s, for example; "
        "nothing was changed. If that one is lost, enter at least one password anew with this key "
        "and run the command again: then the others are removed",
        rekey->old.id, rekey->old.from, rekey->foreign);
}

static const struct xr_vault_err *within_transaction(struct rekey *rekey)
{
    struct xr_opening *opening = &rekey->opening;
    const struct xr_vault_err *err = lay_down(rekey);

    if (!err)
        err = reseal_all(rekey);
    if (!err)
        err = judge(rekey);
    if (!err)
        err = xr_own_key_set(opening->store, opening->arena, &rekey->fresh,
            rekey->fresh.kind == XR_KEY_PASSPHRASE ? rekey->salt : NULL);
    return err;
}

/* As in finish_rekey(): where this fails, whoever opens the vault finds the new key waiting. */
static const char *settle(const struct rekey *rekey)
{
    const struct xr_opening *opening = &rekey->opening;
    bool placed = rekey->waiting && xr_key_settle(opening->arena, opening->path) &&
                  xr_key_place(opening->arena, rekey->waiting, opening->path);

    return placed ? opening->path : rekey->waiting;
}

static const struct xr_vault_err *run(struct rekey *rekey, const struct xr_key_source *to)
{
    struct xr_opening *opening = &rekey->opening;
    const struct xr_vault_err *err = open_old(rekey);

    if (!err)
        err = open_fresh(rekey, to);
    if (!err)
        err = xr_vault_of_store(opening->arena, xr_store_begin(opening->store, opening->arena));
    if (err)
        return err;
    err = within_transaction(rekey);
    if (!err) /* one that fails may still have been kept, so its key file must stay */
        return xr_vault_of_store(opening->arena, xr_store_commit(opening->store, opening->arena));
    xr_store_roll_back(opening->store);
    if (rekey->waiting)
        xr_key_discard(rekey->waiting);
    return err;
}

const struct xr_vault_err *xr_vault_rekey(struct xr_arena *arena, struct xr_store *store,
    const struct xr_key_source *from, const struct xr_key_source *to, int64_t *ret_done,
    int64_t *ret_lost, const char **ret_made)
{
    struct rekey rekey = { .opening = { .arena = arena, .store = store, .source = from } };
    const struct xr_vault_err *err = run(&rekey, to);

    if (!err) {
        *ret_done = rekey.done;
        *ret_lost = rekey.removed;
        *ret_made = settle(&rekey);
    }
    rekey_done(&rekey);
    return err;
}
