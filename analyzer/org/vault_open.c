#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/org/bytes.h"
#include "analyzer/org/vault_parts.h"

static const char setting_name[] = "vault.key";

const struct xr_vault_err *xr_vault_fail(
    struct xr_arena *arena, enum xr_vault_fault fault, const char *fmt, ...)
{
    struct xr_vault_err *err = xr_new(arena, struct xr_vault_err);
    va_list args;

    va_start(args, fmt);
    err->fault = fault;
    err->text = xr_vprintf(arena, fmt, args);
    va_end(args);
    return err;
}

const struct xr_vault_err *xr_vault_of_store(
    struct xr_arena *arena, const struct xr_store_err *from)
{
    struct xr_vault_err *err;
    struct xr_store_err *copy;

    if (!from)
        return NULL;
    copy = xr_new(arena, struct xr_store_err);
    *copy = (struct xr_store_err){ from->fault, xr_strdup(arena, from->text) };
    err = xr_new(arena, struct xr_vault_err);
    *err = (struct xr_vault_err){ XR_VAULT_STORE, copy->text, copy };
    return err;
}

/* ---- the setting ---- */

static const char *const kind_names[XR_KEY_KIND_COUNT] = {
    [XR_KEY_NAMED] = "key-file",
    [XR_KEY_CREDENTIAL] = "credential",
    [XR_KEY_PASSPHRASE] = "passphrase",
    [XR_KEY_BESIDE] = "beside",
};

static bool parse_setting(struct xr_arena *arena, const char *text, struct xr_own_key *ret)
{
    size_t kind = strcspn(text, " "), salt_length = 0;
    const char *id = text + kind + (text[kind] == ' ');
    size_t digits = strcspn(id, " ");

    for (int i = 0; i < XR_KEY_KIND_COUNT; i++)
        if (strlen(kind_names[i]) == kind && !strncmp(text, kind_names[i], kind))
            *ret = (struct xr_own_key){ .known = true, .kind = (enum xr_key_kind)i };
    ret->id = xr_strndup(arena, id, digits);
    if (id[digits])
        ret->salt = xr_hex_bytes(arena, id + digits + 1, &salt_length);
    return ret->known && xr_is_hex(ret->id, XR_KEY_ID_DIGITS) &&
           (ret->kind == XR_KEY_PASSPHRASE) == (ret->salt != NULL) &&
           (!ret->salt || salt_length == XR_SALT_BYTES);
}

const struct xr_vault_err *xr_own_key(
    struct xr_store *store, struct xr_arena *arena, struct xr_own_key *ret)
{
    const char *text = NULL;
    const struct xr_store_err *err = xr_store_setting(store, arena, setting_name, &text);

    *ret = (struct xr_own_key){ 0 };
    if (err)
        return xr_vault_of_store(arena, err);
    if (text && !parse_setting(arena, text, ret))
        return xr_vault_fail(arena, XR_VAULT_DAMAGED, "%s: its setting %s is damaged: \"%s\"",
            xr_store_path(store), setting_name, xr_excerpt(arena, text, XR_QUOTED_MAX));
    return NULL;
}

const struct xr_vault_err *xr_own_key_set(struct xr_store *store, struct xr_arena *arena,
    const struct xr_key *key, const unsigned char *salt)
{
    const char *text = xr_printf(arena, "%s %s", kind_names[key->kind], key->id);

    if (salt)
        text = xr_printf(arena, "%s %s", text, xr_hex(arena, salt, XR_SALT_BYTES));
    return xr_vault_of_store(arena, xr_store_put_setting(store, arena, setting_name, text));
}

bool xr_vault_wants_passphrase(struct xr_store *store, struct xr_arena *arena)
{
    struct xr_own_key own;

    return !xr_own_key(store, arena, &own) && own.known && own.kind == XR_KEY_PASSPHRASE;
}

/* ---- opening ---- */

const struct xr_vault_err *xr_opening_file(
    struct xr_opening *opening, const char *path, enum xr_key_kind kind, struct xr_key *ret)
{
    bool missing;
    const char *flaw = xr_key_read(opening->arena, path, kind, ret, &missing);

    return flaw ? xr_vault_fail(opening->arena, XR_VAULT_NO_KEY, "%s", flaw) : NULL;
}

static const struct xr_vault_err *open_passphrase(struct xr_opening *opening, struct xr_key *ret)
{
    const char *store = xr_store_path(opening->store);

    if (!xr_secret_given(opening->source->passphrase))
        return xr_vault_fail(opening->arena, XR_VAULT_NO_KEY,
            "the secrets in %s are sealed with a passphrase, and none was given", store);
    const char *flaw = xr_key_derive(opening->source->passphrase, opening->own.salt, ret);
    if (flaw)
        return xr_vault_fail(opening->arena, XR_VAULT_NO_KEY, "%s", flaw);
    if (strcmp(ret->id, opening->own.id) != 0)
        return xr_vault_fail(opening->arena, XR_VAULT_WRONG_KEY,
            "this is not the passphrase that the secrets in %s are sealed with", store);
    return NULL;
}

/* A rekey that was interrupted behind its commit: its key waits under its id. The old key file goes
 * only when a power cut cannot undo the commit any more. */
static bool finish_rekey(struct xr_opening *opening, struct xr_key *ret)
{
    const char *waiting = xr_key_waiting(opening->arena, opening->path, opening->own.id);
    struct xr_key key = { 0 };
    bool missing;
    bool found = !xr_key_read(opening->arena, waiting, XR_KEY_BESIDE, &key, &missing) &&
                 !strcmp(key.id, opening->own.id);

    if (found && xr_key_settle(opening->arena, opening->path) &&
        xr_key_place(opening->arena, waiting, opening->path))
        key.from = opening->path;
    if (found)
        *ret = key;
    xr_key_done(&key);
    return found;
}

static const struct xr_vault_err *make_beside(struct xr_opening *opening, struct xr_key *ret)
{
    bool made = false;

    if (opening->own.known && opening->own.kind != XR_KEY_BESIDE)
        return xr_vault_fail(opening->arena, XR_VAULT_NO_KEY,
            "the secrets in %s are sealed with a key that lies elsewhere (%s, key %s): name it "
            "with --key-file",
            xr_store_path(opening->store), kind_names[opening->own.kind], opening->own.id);
    opening->gone = true;
    if (!opening->create)
        return xr_vault_fail(opening->arena, XR_VAULT_NO_KEY,
            "key file %s is not there; without it the stored secrets cannot be read",
            opening->path);
    const char *flaw = xr_key_make(opening->arena, opening->path, ret, &made);
    opening->made = made ? opening->path : NULL;
    return flaw ? xr_vault_fail(opening->arena, XR_VAULT_NO_KEY, "%s", flaw) : NULL;
}

static const struct xr_vault_err *open_beside(struct xr_opening *opening, struct xr_key *ret)
{
    const struct xr_own_key *own = &opening->own;
    bool missing = false;
    const char *flaw = NULL;

    /* Twice: another process may put its new key in place between the two looks. */
    for (int look = 0; look < 2; look++) {
        flaw = xr_key_read(opening->arena, opening->path, XR_KEY_BESIDE, ret, &missing);
        if (flaw && !missing)
            return xr_vault_fail(opening->arena, XR_VAULT_NO_KEY, "%s", flaw);
        if (!flaw && (!own->known || !strcmp(ret->id, own->id)))
            return NULL;
        if (own->known && finish_rekey(opening, ret))
            return NULL;
    }
    return flaw ? make_beside(opening, ret) : NULL;
}

const struct xr_vault_err *xr_opening_key(struct xr_opening *opening, struct xr_key *ret)
{
    const struct xr_key_source *source = opening->source;

    if (!xr_key_usable())
        return xr_vault_fail(opening->arena, XR_VAULT_NO_KEY, "this OpenSSL has no AES-256-GCM");
    if (source->key_file)
        return xr_opening_file(opening, source->key_file, XR_KEY_NAMED, ret);
    if (source->credential)
        return xr_opening_file(opening, source->credential, XR_KEY_CREDENTIAL, ret);
    if (opening->own.known && opening->own.kind == XR_KEY_PASSPHRASE)
        return open_passphrase(opening, ret);
    return open_beside(opening, ret);
}

const struct xr_vault_err *xr_opening_start(struct xr_opening *opening)
{
    opening->path = xr_printf(opening->arena, "%s.key", xr_store_path(opening->store));
    return xr_own_key(opening->store, opening->arena, &opening->own);
}
