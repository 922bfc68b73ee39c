#include "analyzer/org/vault.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/org/vault_parts.h"

enum {
    VERSION = 1,
    NONCE = 12,
    TAG = 16,
    HEAD = 1 + NONCE,
    SEALED_MAX = HEAD + XR_VAULT_SECRET_MAX + TAG,
};

struct xr_vault {
    struct xr_store *store;
    struct xr_key key;
    char own[XR_KEY_ID_DIGITS + 1]; /* the key that the store named at opening; "": none */
};

static void cipher_done(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

#define xr_auto_cipher __attribute__((cleanup(cipher_done))) EVP_CIPHER_CTX

/* The context with key, nonce and additional data. What fails here is memory: that the cipher is
 * there was seen when the key was opened. */
static EVP_CIPHER_CTX *cipher_of(
    const struct xr_key *key, struct xr_seal_label label, const unsigned char *nonce, int encrypts)
{
    const char *kind = xr_secret_kind_name(label.kind);
    const struct {
        const char *bytes;
        size_t length;
    } parts[] = {
        { label.uid, strlen(label.uid) + 1 },
        { kind, strlen(kind) + 1 },
        { key->id, strlen(key->id) },
    };
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;

    if (!ctx || !EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, nonce, encrypts))
        abort();
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (!EVP_CipherUpdate(
                ctx, NULL, &n, (const unsigned char *)parts[i].bytes, (int)parts[i].length))
            abort();
    return ctx;
}

/* ret has room for HEAD, the secret and TAG. Returns the length. */
static size_t seal(const struct xr_key *key, struct xr_seal_label label, struct xr_secret secret,
    unsigned char *ret)
{
    const char *plain = xr_reveal(secret);
    size_t length = strlen(plain);
    int n;

    ret[0] = VERSION;
    xr_random(ret + 1, NONCE);
    xr_auto_cipher *ctx = cipher_of(key, label, ret + 1, 1);
    if (!EVP_CipherUpdate(ctx, ret + HEAD, &n, (const unsigned char *)plain, (int)length) ||
        !EVP_CipherFinal_ex(ctx, ret + HEAD + length, &n) ||
        !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, ret + HEAD + length))
        abort();
    return HEAD + length + TAG;
}

bool xr_sealed_open(const struct xr_key *key, const struct xr_sealed *sealed, struct xr_secret *ret)
{
    unsigned char plain[XR_VAULT_SECRET_MAX], tag[TAG];
    int n = 0;

    if (sealed->length < HEAD + TAG || sealed->length > SEALED_MAX || sealed->bytes[0] != VERSION)
        return false;
    size_t length = sealed->length - HEAD - TAG;
    memcpy(tag, sealed->bytes + HEAD + length, TAG);
    xr_auto_cipher *ctx =
        cipher_of(key, (struct xr_seal_label){ sealed->uid, sealed->kind }, sealed->bytes + 1, 0);
    bool whole = EVP_CipherUpdate(ctx, plain, &n, sealed->bytes + HEAD, (int)length) &&
                 EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) &&
                 EVP_CipherFinal_ex(ctx, plain + length, &n) == 1;
    if (whole)
        *ret = xr_secret_new((const char *)plain, length);
    OPENSSL_cleanse(plain, sizeof(plain));
    return whole;
}

const struct xr_vault_err *xr_sealed_put(struct xr_store *store, struct xr_arena *arena,
    const struct xr_key *key, struct xr_seal_label label, struct xr_secret secret, bool again)
{
    unsigned char bytes[SEALED_MAX];
    const struct xr_sealed sealed = { label.uid, label.kind, key->id, bytes,
        seal(key, label, secret, bytes) };

    return xr_vault_of_store(arena, again ? xr_store_reseal(store, arena, &sealed)
                                          : xr_store_put_secret(store, arena, &sealed));
}

const struct xr_vault_err *xr_vault_open(struct xr_arena *arena, struct xr_store *store,
    const struct xr_key_source *source, bool create, struct xr_vault **ret, const char **ret_made)
{
    struct xr_opening opening = {
        .arena = arena, .store = store, .source = source, .create = create
    };
    struct xr_vault *vault = xr_new(arena, struct xr_vault);
    const struct xr_vault_err *err = xr_opening_start(&opening);

    if (!err)
        err = xr_opening_key(&opening, &vault->key);
    if (err) {
        xr_key_done(&vault->key);
        return err;
    }
    vault->store = store;
    if (opening.own.known)
        memcpy(vault->own, opening.own.id, sizeof(vault->own));
    *ret = vault;
    if (ret_made)
        *ret_made = opening.made;
    return NULL;
}

void xr_vault_close(struct xr_vault *vault)
{
    if (vault)
        xr_key_done(&vault->key);
}

/* A secret sealed with a key that was replaced meanwhile could never be opened again. And the first
 * secret makes its key the store's own; so does the first one of a new key file beside the store,
 * whose former one is lost. */
static const struct xr_vault_err *claim(struct xr_vault *vault, struct xr_arena *arena)
{
    struct xr_own_key own;
    const struct xr_vault_err *err = xr_own_key(vault->store, arena, &own);

    if (err || (own.known && !strcmp(own.id, vault->key.id)))
        return err;
    if (strcmp(own.known ? own.id : "", vault->own) != 0)
        return xr_vault_fail(arena, XR_VAULT_WRONG_KEY,
            "the key of %s was changed by another process meanwhile: run the command again",
            xr_store_path(vault->store));
    if (own.known && vault->key.kind != XR_KEY_BESIDE)
        return NULL;
    return xr_own_key_set(vault->store, arena, &vault->key, NULL);
}

const struct xr_vault_err *xr_vault_put(struct xr_vault *vault, struct xr_arena *arena,
    const char *uid, enum xr_secret_kind kind, struct xr_secret secret)
{
    size_t length = strlen(xr_reveal(secret));

    if (!length || length > XR_VAULT_SECRET_MAX)
        return xr_vault_fail(arena, XR_VAULT_NO_SECRET,
            "a %s of %zu bytes cannot be stored: 1 to %d may be", xr_secret_kind_name(kind), length,
            XR_VAULT_SECRET_MAX);
    const struct xr_vault_err *err = claim(vault, arena);
    return err ? err
               : xr_sealed_put(vault->store, arena, &vault->key,
                     (struct xr_seal_label){ uid, kind }, secret, false);
}

const struct xr_vault_err *xr_vault_get(struct xr_vault *vault, struct xr_arena *arena,
    const char *uid, enum xr_secret_kind kind, struct xr_secret *ret)
{
    const char *name = xr_secret_kind_name(kind);
    struct xr_sealed sealed;
    const struct xr_store_err *err = xr_store_secret(vault->store, arena, uid, kind, &sealed);

    if (err && err->fault == XR_STORE_NOT_FOUND)
        return xr_vault_fail(arena, XR_VAULT_NO_SECRET, "no %s is stored for record %s", name, uid);
    if (err)
        return xr_vault_of_store(arena, err);
    if (strcmp(sealed.key_id, vault->key.id) != 0)
        return xr_vault_fail(arena, XR_VAULT_WRONG_KEY,
            "the %s of record %s was sealed with key %s, and this is key %s (%s)", name, uid,
            xr_excerpt(arena, sealed.key_id, XR_QUOTED_MAX), vault->key.id, vault->key.from);
    if (!xr_sealed_open(&vault->key, &sealed, ret))
        return xr_vault_fail(arena, XR_VAULT_DAMAGED,
            "the %s of record %s is damaged in %s: key %s is the one that it was sealed with, and "
            "does not open it; enter it again",
            name, uid, xr_store_path(vault->store), vault->key.id);
    return NULL;
}
