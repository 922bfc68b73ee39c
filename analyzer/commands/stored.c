#include "analyzer/commands/stored.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "analyzer/commands/command.h"
#include "analyzer/commands/form.h"
#include "analyzer/commands/shell_word.h"

enum { PAGE = 500, NAMES_MAX = 1000 };

int xr_stored_error(const struct xr_store_err *err)
{
    static const enum xr_exit codes[] = {
        [XR_STORE_NOT_FOUND] = XR_EXIT_CONFIG,
        [XR_STORE_EXISTS] = XR_EXIT_CONFIG,
        [XR_STORE_STALE] = XR_EXIT_CONFIG,
        [XR_STORE_UNREADABLE] = XR_EXIT_CONFIG,
        [XR_STORE_FOREIGN] = XR_EXIT_CONFIG,
        [XR_STORE_CORRUPT] = XR_EXIT_CONFIG,
        [XR_STORE_BUSY] = XR_EXIT_THROTTLED,
        [XR_STORE_FULL] = XR_EXIT_UNAVAILABLE,
        [XR_STORE_READ_ONLY] = XR_EXIT_CONFIG,
        [XR_STORE_IO] = XR_EXIT_UNAVAILABLE,
        [XR_STORE_REFUSED] = XR_EXIT_CONFIG,
    };
    const char *more = err->fault == XR_STORE_STALE ? "; look at it and run the command again"
                       : err->fault == XR_STORE_BUSY
                           ? "; try again when the other program has finished"
                           : "";

    return xr_failed((int)codes[err->fault], "%s%s", err->text, more);
}

int xr_stored_vault_error(const struct xr_vault_err *err)
{
    if (err->store)
        return xr_stored_error(err->store);
    return xr_failed(XR_EXIT_CONFIG, "%s", err->text);
}

/* $XDG_STATE_HOME/exray/store.db. The XDG rules have a relative path there ignored. NULL: there is
 * no home. */
static const char *default_path(struct xr_arena *arena)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (state && state[0] == '/')
        return xr_printf(arena, "%s/exray/store.db", state);
    if (home && home[0] == '/')
        return xr_printf(arena, "%s/.local/state/exray/store.db", home);
    return NULL;
}

/* An empty file is none yet either: reading must not make a store of it. */
static bool is_missing(const char *path)
{
    struct stat info;

    if (lstat(path, &info))
        return errno == ENOENT;
    return S_ISREG(info.st_mode) && !info.st_size;
}

/* In the same folder. NULL: none is near. */
static const char *nearest_file(struct xr_arena *arena, const char *path)
{
    const char *names[NAMES_MAX + 1] = { NULL }, *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0, n = 0;
    DIR *open = opendir(folder ? xr_strndup(arena, path, folder) : ".");

    for (struct dirent *entry = open ? readdir(open) : NULL; entry && n < NAMES_MAX;
         entry = readdir(open)) {
        const char *whole = xr_printf(arena, "%.*s%s", (int)folder, path, entry->d_name);
        if (entry->d_type != DT_DIR && !is_missing(whole))
            names[n++] = xr_utf8(arena, entry->d_name, strlen(entry->d_name));
    }
    if (open)
        (void)closedir(open);
    const char *near = xr_nearest(path + folder, names);
    return near ? xr_printf(arena, "%.*s%s", (int)folder, path, near) : NULL;
}

static int no_store(struct xr_arena *arena, const char *path)
{
    const char *near = nearest_file(arena, path);

    return xr_failed(XR_EXIT_CONFIG, "there is no store %s yet: 'exray org add' makes it%s%s%s",
        path, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int xr_stored_open(
    struct xr_stored *stored, struct xr_arena *arena, const struct xr_stored_options *options)
{
    const char *path = options->store ? options->store : default_path(arena);

    *stored = (struct xr_stored){ .arena = arena, .options = options, .path = path };
    if (!path)
        return xr_failed(XR_EXIT_CONFIG,
            "neither XDG_STATE_HOME nor HOME is set, so there is no place for the store: name one "
            "with --store FILE");
    if (!*path)
        return xr_usage_error("--store needs the name of a file");
    if (!options->may_create && is_missing(path))
        return options->may_be_missing ? 0 : no_store(arena, path);
    const struct xr_store_err *err = xr_store_open(arena, path, &stored->store);
    return err ? xr_stored_error(err) : 0;
}

void xr_stored_done(struct xr_stored *stored)
{
    xr_vault_close(stored->vault);
    xr_store_close(stored->store);
    stored->vault = NULL;
    stored->store = NULL;
}

static const char *credential(struct xr_arena *arena)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    const char *path = folder && *folder ? xr_printf(arena, "%s/exray-key", folder) : NULL;

    return path && !access(path, F_OK) ? path : NULL;
}

int xr_stored_key_source(struct xr_stored *stored, struct xr_key_source *ret)
{
    const struct xr_stored_options *options = stored->options;
    const char *path = xr_store_path(stored->store);

    *ret = (struct xr_key_source){
        .key_file = options->key_file,
        .credential = credential(stored->arena),
    };
    bool wanted = xr_vault_wants_passphrase(stored->store, stored->arena);
    if (wanted && options->passphrase_file)
        return xr_form_secret_file(options->passphrase_file, &ret->passphrase);
    if (options->passphrase_file)
        return xr_failed(XR_EXIT_CONFIG,
            "the secrets in %s are not sealed with a passphrase: leave out --passphrase-file, or "
            "run 'exray org rekey --to-passphrase-file F'",
            path);
    if (!wanted || ret->key_file || ret->credential)
        return 0;
    if (options->no_input || !xr_form_can_ask())
        return xr_failed(XR_EXIT_CONFIG,
            "the secrets in %s are sealed with a passphrase: give --passphrase-file", path);
    return xr_form_ask("Passphrase", path, &ret->passphrase);
}

int xr_stored_vault(struct xr_stored *stored, bool create)
{
    struct xr_key_source source = { 0 };
    const char *made = NULL;

    if (stored->vault)
        return 0;
    int code = xr_stored_key_source(stored, &source);
    if (code)
        return code;
    const struct xr_vault_err *err =
        xr_vault_open(stored->arena, stored->store, &source, create, &stored->vault, &made);
    xr_secret_done(&source.passphrase);
    if (made)
        xr_note("a new key was made: %s. The stored passwords cannot be read without it; keep a "
                "copy of it in a safe place, apart from the store",
            made);
    return err ? xr_stored_vault_error(err) : 0;
}

static const char *nearest_org(struct xr_stored *stored, const char *name)
{
    struct xr_org *orgs;
    size_t n;

    if (xr_store_orgs(stored->store, stored->arena, &orgs, &n))
        return NULL;
    const char **names = xr_new_n(stored->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        names[i] = orgs[i].name;
    return xr_nearest(name, names);
}

int xr_stored_org(struct xr_stored *stored, const char *name, struct xr_org *ret)
{
    const char *clean = xr_utf8(stored->arena, name, strlen(name));
    const struct xr_store_err *err = xr_store_org(stored->store, stored->arena, clean, ret);

    if (!err)
        return 0;
    if (err->fault != XR_STORE_NOT_FOUND)
        return xr_stored_error(err);
    const char *near = nearest_org(stored, clean);
    if (near)
        return xr_failed(XR_EXIT_CONFIG, "there is no organisation '%s' in %s; did you mean '%s'?",
            clean, xr_store_path(stored->store), near);
    return xr_failed(XR_EXIT_CONFIG,
        "there is no organisation '%s' in %s; 'exray org list' shows what is there, 'exray org "
        "add' adds one",
        clean, xr_store_path(stored->store));
}

/* A page at a time, because there may be 200,000 of them. */
static const char *nearest_user(struct xr_stored *stored, int64_t org_id, const char *email)
{
    const char *names[PAGE + 2], *best = NULL, *after = NULL;
    struct xr_user users[PAGE];
    size_t n = 1;

    while (n) {
        struct xr_arena *page = xr_arena_new();
        size_t count = 0;
        if (xr_store_users(stored->store, page, org_id, after, PAGE, users, &n))
            n = 0;
        if (best)
            names[count++] = best;
        for (size_t i = 0; i < n; i++)
            names[count++] = users[i].email;
        names[count] = NULL;
        const char *near = xr_nearest(email, names);
        best = near && near != best ? xr_strdup(stored->arena, near) : best;
        after = n ? xr_strdup(stored->arena, users[n - 1].email) : NULL;
        xr_arena_free(page);
    }
    return best;
}

int xr_stored_user(
    struct xr_stored *stored, const struct xr_org *org, const char *email, struct xr_user *ret)
{
    const char *clean = xr_utf8(stored->arena, email, strlen(email));
    const struct xr_store_err *err =
        xr_store_user(stored->store, stored->arena, org->id, clean, ret);

    if (!err)
        return 0;
    if (err->fault != XR_STORE_NOT_FOUND)
        return xr_stored_error(err);
    const char *near = nearest_user(stored, org->id, clean);
    return xr_failed(XR_EXIT_CONFIG, "there is no user '%s' in the organisation '%s'%s%s%s", clean,
        org->name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* What to type to store the secret that is missing. */
static int no_secret(struct xr_stored *stored, const struct xr_org *org, const struct xr_user *user,
    const struct xr_effective *effective)
{
    enum xr_secret_kind kind = xr_mode_secret(effective->mode);
    const char *option = kind == XR_SECRET_TOKEN ? "--bearer-file" : "--password-file";
    const char *word = xr_shell_word(stored->arena, org->name);
    bool of_org = xr_mode_impersonates(effective->mode) && effective->account.from != XR_OF_USER;

    if (of_org)
        return xr_failed(XR_EXIT_CONFIG,
            "no %s is stored for the organisation '%s': exray org set %s %s F",
            xr_secret_kind_name(kind), org->name, word, option);
    return xr_failed(XR_EXIT_CONFIG,
        "no %s is stored for the user %s%s: exray user set --org %s %s %s F",
        xr_secret_kind_name(kind), user->email,
        user->invalidated_ms ? " since it was invalidated" : "", word,
        xr_shell_word(stored->arena, user->email), option);
}

/* A secret that is there and cannot be used: whose it is, and what to do if the key is lost. */
static int unusable_secret(struct xr_stored *stored, const struct xr_org *org,
    const struct xr_user *user, enum xr_origin_of from, const struct xr_vault_err *err)
{
    const char *word = xr_shell_word(stored->arena, org->name);
    bool of_user = from == XR_OF_USER;

    if (err->fault != XR_VAULT_WRONG_KEY && err->fault != XR_VAULT_DAMAGED)
        return xr_stored_vault_error(err);
    return xr_failed(XR_EXIT_CONFIG, "%s '%s': %s. To enter it again: exray %s set %s%s%s%s",
        of_user ? "user" : "organisation", of_user ? user->email : org->name, err->text,
        of_user ? "user" : "org", of_user ? "--org " : "", word, of_user ? " " : "",
        of_user ? xr_shell_word(stored->arena, user->email) : "");
}

int xr_stored_secret(struct xr_stored *stored, const struct xr_org *org, const struct xr_user *user,
    const struct xr_effective *effective, struct xr_secret *ret)
{
    const char *uid = effective->secret_from == XR_OF_USER ? user->uid : org->uid;

    if (effective->secret_from == XR_OF_NONE)
        return no_secret(stored, org, user, effective);
    int code = xr_stored_vault(stored, false);
    if (code)
        return code;
    const struct xr_vault_err *err =
        xr_vault_get(stored->vault, stored->arena, uid, xr_mode_secret(effective->mode), ret);
    return err ? unusable_secret(stored, org, user, effective->secret_from, err) : 0;
}
