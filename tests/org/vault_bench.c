#include "tests/org/vault_bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit.h"

struct bench bench;

static const char *const no_domains[] = { NULL };

void open_store(void)
{
    ck_assert_ptr_null(xr_store_open(bench.arena, bench.path, &bench.store));
}

void close_store(void)
{
    xr_vault_close(bench.vault);
    bench.vault = NULL;
    xr_store_close(bench.store);
    bench.store = NULL;
}

void set_up(void)
{
    memset(&bench, 0, sizeof(bench));
    bench.arena = xr_arena_new();
    (void)snprintf(bench.folder, sizeof(bench.folder), "/tmp/exray-vault-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(bench.folder));
    bench.path = xr_printf(bench.arena, "%s/store.db", bench.folder);
    bench.key_path = xr_printf(bench.arena, "%s.key", bench.path);
    open_store();
    bench.org =
        (struct xr_org){ .name = "Contoso", .domains = no_domains, .access = XR_ORG_IMPERSONATION };
    ck_assert_ptr_null(xr_store_save_org(bench.store, bench.arena, &bench.org));
}

int files(const char *part, bool removes)
{
    DIR *folder = opendir(bench.folder);
    struct dirent *entry;
    int n = 0;

    ck_assert_ptr_nonnull(folder);
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.' || !strstr(entry->d_name, part))
            continue;
        n++;
        if (removes)
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    (void)closedir(folder);
    return n;
}

void tear_down(void)
{
    close_store();
    (void)files("", true);
    (void)rmdir(bench.folder);
    xr_arena_free(bench.arena);
}

struct xr_secret secret_of(const char *text)
{
    return xr_secret_new(text, strlen(text));
}

const char *key_file(const char *name, char digit)
{
    const char *path = xr_printf(bench.arena, "%s/%s", bench.folder, name);
    char digits[65];

    memset(digits, digit, 64);
    digits[64] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, digits, 65), 65);
    (void)close(fd);
    return path;
}

const struct xr_vault_err *try_open(const struct xr_key_source *source, bool create)
{
    static const struct xr_key_source none;

    xr_vault_close(bench.vault);
    bench.vault = NULL;
    return xr_vault_open(
        bench.arena, bench.store, source ? source : &none, create, &bench.vault, NULL);
}

void open_vault(const struct xr_key_source *source, bool create)
{
    const struct xr_vault_err *err = try_open(source, create);

    ck_assert_msg(!err, "%s", err ? err->text : "");
}

void put(const char *uid, enum xr_secret_kind kind, const char *text)
{
    struct xr_secret secret = secret_of(text);
    const struct xr_vault_err *err = xr_vault_put(bench.vault, bench.arena, uid, kind, secret);

    ck_assert_msg(!err, "%s", err ? err->text : "");
    xr_secret_done(&secret);
}

void check_fault(const struct xr_vault_err *err, enum xr_vault_fault fault, const char *says)
{
    ck_assert_ptr_nonnull(err);
    ck_assert_msg(err->fault == fault, "fault %d: %s", (int)err->fault, err->text);
    ck_assert_msg(strstr(err->text, says) != NULL, "\"%s\" in: %s", says, err->text);
}

void check_secret(const char *uid, enum xr_secret_kind kind, const char *text)
{
    struct xr_secret secret = { NULL };
    const struct xr_vault_err *err = xr_vault_get(bench.vault, bench.arena, uid, kind, &secret);

    ck_assert_msg(!err, "%s", err ? err->text : "");
    ck_assert_str_eq(xr_reveal(secret), text);
    xr_secret_done(&secret);
}

void check_no_secret(enum xr_vault_fault fault, const char *says)
{
    struct xr_secret secret = { NULL };

    check_fault(xr_vault_get(bench.vault, bench.arena, bench.org.uid, XR_SECRET_PASSWORD, &secret),
        fault, says);
    ck_assert(!xr_secret_given(secret));
}

struct xr_sealed stored(void)
{
    struct xr_sealed sealed;

    ck_assert_ptr_null(
        xr_store_secret(bench.store, bench.arena, bench.org.uid, XR_SECRET_PASSWORD, &sealed));
    return sealed;
}

const struct xr_vault_err *try_rekey(
    const struct xr_key_source *from, const struct xr_key_source *to, struct rekeyed *ret)
{
    static const struct xr_key_source none;

    return xr_vault_rekey(bench.arena, bench.store, from ? from : &none, to ? to : &none,
        &ret->done, &ret->lost, &ret->made);
}

struct rekeyed rekey(const struct xr_key_source *from, const struct xr_key_source *to)
{
    struct rekeyed rekeyed = { 0 };
    const struct xr_vault_err *err = try_rekey(from, to, &rekeyed);

    ck_assert_msg(!err, "%s", err ? err->text : "");
    return rekeyed;
}
