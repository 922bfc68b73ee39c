#include <dirent.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/wire/certificate.h"
#include "analyzer/wire/judge.h"

/* Names like 4a6481c9.0: roots that OpenSSL finds by the hash of their subject. */
static bool has_hashed_roots(const char *path)
{
    DIR *folder = opendir(path);
    bool found = false;

    if (!folder)
        return false;
    for (const struct dirent *entry; !found && (entry = readdir(folder));)
        found = strlen(entry->d_name) == 10 && !strcmp(entry->d_name + 8, ".0");
    (void)closedir(folder);
    return found;
}

/* From a folder each root is read when it is needed; to read the one file with all of them takes
 * longer than the rest of a run. */
static void add_roots_of_machine(X509_STORE *store)
{
    const char *folder = getenv(X509_get_default_cert_dir_env());
    X509_LOOKUP *lookup = NULL;

    if (!folder)
        folder = X509_get_default_cert_dir();
    if (!getenv(X509_get_default_cert_file_env()) && has_hashed_roots(folder))
        lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    if (!lookup || X509_LOOKUP_add_dir(lookup, folder, X509_FILETYPE_PEM) != 1)
        (void)X509_STORE_set_default_paths(store);
}

static const struct xr_err *load_file(struct xr_arena *arena, X509_STORE *store, const char *path)
{
    if (X509_STORE_load_file(store, path) == 1)
        return NULL;
    ERR_clear_error();
    return xr_err(arena, XR_FAULT_LOCAL_NETWORK, 0,
        "%s: no certificates in PEM could be read from this file", path);
}

/* of_machine: its roots as well; else each certificate of the files is an anchor, and nothing else.
 */
static const struct xr_err *make_trust(
    struct xr_arena *arena, bool of_machine, const char *const *ca_files, struct xr_trust **ret)
{
    struct xr_trust *trust = OPENSSL_zalloc(sizeof(*trust));
    const struct xr_err *err = NULL;

    trust->store = X509_STORE_new();
    trust->only = !of_machine;
    trust->memo = xr_judge_memo_new();
    if (of_machine)
        add_roots_of_machine(trust->store);
    for (; !err && ca_files && *ca_files; ca_files++)
        err = load_file(arena, trust->store, *ca_files);
    if (err)
        xr_trust_free(trust);
    else
        *ret = trust;
    return err;
}

const struct xr_err *xr_trust_new(
    struct xr_arena *arena, const char *const *ca_files, struct xr_trust **ret)
{
    return make_trust(arena, true, ca_files, ret);
}

const struct xr_err *xr_trust_only(
    struct xr_arena *arena, const char *const *ca_files, struct xr_trust **ret)
{
    return make_trust(arena, false, ca_files, ret);
}

void xr_trust_free(struct xr_trust *trust)
{
    if (!trust)
        return;
    X509_STORE_free(trust->store);
    xr_judge_memo_free(trust->memo);
    OPENSSL_free(trust);
}
