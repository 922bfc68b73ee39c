#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/org/vault_bench.h"
#include "tests/unit.h"

static const char *const no_domains[] = { NULL };

START_TEST(what_was_put_is_got_again)
{
    static char longest[XR_VAULT_SECRET_MAX + 1];

    set_up();
    memset(longest, 'x', XR_VAULT_SECRET_MAX);
    open_vault(NULL, true);
    put(bench.org.uid, XR_SECRET_PASSWORD, "p\xc3\xa4ss \"w\\rd");
    put(bench.org.uid, XR_SECRET_TOKEN, longest);
    open_vault(NULL, false);
    check_secret(bench.org.uid, XR_SECRET_PASSWORD, "p\xc3\xa4ss \"w\\rd");
    check_secret(bench.org.uid, XR_SECRET_TOKEN, longest);
    put(bench.org.uid, XR_SECRET_PASSWORD, "x");
    check_secret(bench.org.uid, XR_SECRET_PASSWORD, "x");
    tear_down();
}
END_TEST

START_TEST(nothing_and_too_much_are_not_stored)
{
    static char too_long[XR_VAULT_SECRET_MAX + 2];
    struct xr_secret secret = { NULL };

    set_up();
    open_vault(NULL, true);
    check_no_secret(XR_VAULT_NO_SECRET, "no password");
    check_fault(xr_vault_put(bench.vault, bench.arena, bench.org.uid, XR_SECRET_PASSWORD, secret),
        XR_VAULT_NO_SECRET, "0 bytes");
    memset(too_long, 'x', XR_VAULT_SECRET_MAX + 1);
    secret = secret_of(too_long);
    check_fault(xr_vault_put(bench.vault, bench.arena, bench.org.uid, XR_SECRET_PASSWORD, secret),
        XR_VAULT_NO_SECRET, "16385 bytes");
    xr_secret_done(&secret);
    check_no_secret(XR_VAULT_NO_SECRET, "no password");
    tear_down();
}
END_TEST

/* The same password twice does not look the same: the nonce is new each time. */
START_TEST(ciphertext_tells_nothing_but_the_length)
{
    set_up();
    open_vault(NULL, true);
    put(bench.org.uid, XR_SECRET_PASSWORD, "correct horse battery");
    struct xr_sealed a = stored();
    put(bench.org.uid, XR_SECRET_PASSWORD, "correct horse battery");
    struct xr_sealed b = stored();
    ck_assert_uint_eq(a.length, b.length);
    ck_assert_int_ne(memcmp(a.bytes + 1, b.bytes + 1, 12), 0);
    ck_assert_int_ne(memcmp(a.bytes + 13, b.bytes + 13, a.length - 13), 0);
    ck_assert_ptr_null(memmem(a.bytes, a.length, "horse", 5));
    tear_down();
}
END_TEST

START_TEST(any_changed_byte_is_damage_and_not_a_wrong_key)
{
    set_up();
    open_vault(NULL, true);
    put(bench.org.uid, XR_SECRET_PASSWORD, "secret");
    struct xr_sealed sealed = stored();
    unsigned char *bytes = xr_alloc(bench.arena, sealed.length);
    for (size_t i = 0; i < sealed.length; i++) {
        memcpy(bytes, sealed.bytes, sealed.length);
        bytes[i] ^= 1;
        struct xr_sealed bad = sealed;
        bad.bytes = bytes;
        ck_assert_ptr_null(xr_store_put_secret(bench.store, bench.arena, &bad));
        check_no_secret(XR_VAULT_DAMAGED, bench.org.uid);
    }
    for (size_t length = 1; length < sealed.length; length++) {
        struct xr_sealed bad = sealed;
        bad.length = length;
        ck_assert_ptr_null(xr_store_put_secret(bench.store, bench.arena, &bad));
        check_no_secret(XR_VAULT_DAMAGED, bench.org.uid);
    }
    tear_down();
}
END_TEST

/* Who can write to the store's file must not be able to hand one record's secret to another. */
START_TEST(a_secret_opens_in_its_own_place_only)
{
    set_up();
    struct xr_org other = { .name = "Fabrikam", .domains = no_domains };
    ck_assert_ptr_null(xr_store_save_org(bench.store, bench.arena, &other));
    open_vault(NULL, true);
    put(other.uid, XR_SECRET_PASSWORD, "of another");
    put(bench.org.uid, XR_SECRET_TOKEN, "of another kind");
    struct xr_sealed moved;
    ck_assert_ptr_null(
        xr_store_secret(bench.store, bench.arena, other.uid, XR_SECRET_PASSWORD, &moved));
    moved.uid = bench.org.uid;
    ck_assert_ptr_null(xr_store_put_secret(bench.store, bench.arena, &moved));
    check_no_secret(XR_VAULT_DAMAGED, bench.org.uid);
    ck_assert_ptr_null(
        xr_store_secret(bench.store, bench.arena, bench.org.uid, XR_SECRET_TOKEN, &moved));
    moved.kind = XR_SECRET_PASSWORD;
    ck_assert_ptr_null(xr_store_put_secret(bench.store, bench.arena, &moved));
    check_no_secret(XR_VAULT_DAMAGED, bench.org.uid);
    tear_down();
}
END_TEST

START_TEST(a_wrong_key_is_told_with_both_ids)
{
    set_up();
    struct xr_key_source a = { .key_file = key_file("a", 'a') },
                         b = { .key_file = key_file("b", 'b') };
    open_vault(&a, false);
    put(bench.org.uid, XR_SECRET_PASSWORD, "secret");
    open_vault(&b, false);
    check_no_secret(XR_VAULT_WRONG_KEY, stored().key_id);
    check_no_secret(XR_VAULT_WRONG_KEY, b.key_file);
    open_vault(&a, false);
    check_secret(bench.org.uid, XR_SECRET_PASSWORD, "secret");
    tear_down();
}
END_TEST

START_TEST(the_first_use_makes_a_key_file_for_us_alone)
{
    const char *made = NULL;
    struct xr_key_source none = { 0 };
    struct stat file;

    set_up();
    check_fault(try_open(NULL, false), XR_VAULT_NO_KEY, bench.key_path);
    mode_t before = umask(0);
    ck_assert_ptr_null(xr_vault_open(bench.arena, bench.store, &none, true, &bench.vault, &made));
    (void)umask(before);
    ck_assert_pstr_eq(made, bench.key_path);
    ck_assert_int_eq(stat(made, &file), 0);
    ck_assert_uint_eq(file.st_mode & 07777, 0600);
    ck_assert_int_eq(file.st_size, 65);
    ck_assert_int_eq(files("store.db.key", false), 1);
    xr_vault_close(bench.vault);
    ck_assert_ptr_null(xr_vault_open(bench.arena, bench.store, &none, true, &bench.vault, &made));
    ck_assert_ptr_null(made);
    tear_down();
}
END_TEST

/* Sends the id of the key that its secret was sealed with. */
static void use_first_time(int to)
{
    struct xr_arena *arena = bench.arena;
    struct xr_secret secret = secret_of("secret");
    struct xr_key_source none = { 0 };
    struct xr_store *store;
    struct xr_vault *vault;
    struct xr_sealed sealed;
    bool fine = !xr_store_open(arena, bench.path, &store) &&
                !xr_vault_open(arena, store, &none, true, &vault, NULL) &&
                !xr_vault_put(vault, arena, bench.org.uid, XR_SECRET_PASSWORD, secret) &&
                !xr_store_secret(store, arena, bench.org.uid, XR_SECRET_PASSWORD, &sealed) &&
                write(to, sealed.key_id, 16) == 16;

    _exit(fine ? 0 : 1);
}

START_TEST(processes_that_start_at_once_share_one_key)
{
    char first[16], id[16];
    int ends[2], status;

    set_up();
    ck_assert_int_eq(pipe(ends), 0);
    close_store();
    for (int i = 0; i < 8; i++)
        if (!fork())
            use_first_time(ends[1]);
    for (int i = 0; i < 8; i++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
        ck_assert_int_eq(read(ends[0], i ? id : first, 16), 16);
        ck_assert_int_eq(i ? memcmp(id, first, 16) : 0, 0);
    }
    ck_assert_int_eq(files("store.db.key", false), 1);
    tear_down();
}
END_TEST

START_TEST(a_key_file_that_is_not_ours_alone_or_no_key_is_refused)
{
    static const struct {
        const char *bytes, *says;
        mode_t mode;
    } rows[] = {
        { "", "holds no key", 0600 },
        { "0123", "holds no key", 0600 },
        { "g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", "holds no key",
            0600 },
        { "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n\n", "holds no key",
            0600 },
        { "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0", "holds no key",
            0600 },
        { "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", "chmod 600", 0640 },
        { "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", NULL, 0400 },
    };

    set_up();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct xr_key_source source = { .key_file = key_file("key", '0') };
        ck_assert_int_eq(truncate(source.key_file, 0), 0);
        int fd = open(source.key_file, O_WRONLY);
        ck_assert_int_ge(write(fd, rows[i].bytes, strlen(rows[i].bytes)), 0);
        ck_assert_int_eq(fchmod(fd, rows[i].mode), 0);
        (void)close(fd);
        const struct xr_vault_err *err = try_open(&source, true);
        if (rows[i].says)
            check_fault(err, XR_VAULT_NO_KEY, rows[i].says);
        else
            ck_assert_ptr_null(err);
        (void)unlink(source.key_file);
    }
    tear_down();
}
END_TEST

START_TEST(a_link_a_pipe_and_a_folder_are_no_key_files)
{
    set_up();
    struct xr_key_source source = { .key_file = key_file("real", 'a') };
    const char *link = xr_printf(bench.arena, "%s/link", bench.folder);
    const char *pipe = xr_printf(bench.arena, "%s/pipe", bench.folder);
    ck_assert_int_eq(symlink(source.key_file, link), 0);
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    source.key_file = link;
    check_fault(try_open(&source, true), XR_VAULT_NO_KEY, "symbolic link");
    source.key_file = pipe;
    check_fault(try_open(&source, true), XR_VAULT_NO_KEY, "regular file");
    source.key_file = bench.folder;
    check_fault(try_open(&source, true), XR_VAULT_NO_KEY, "regular file");
    source.key_file = "/nonexistent/key";
    check_fault(try_open(&source, true), XR_VAULT_NO_KEY, "/nonexistent/key");
    tear_down();
}
END_TEST

/* systemd shows an access list as rights of the group. */
START_TEST(of_a_credential_the_group_may_read)
{
    set_up();
    struct xr_key_source source = { .credential = key_file("exray-key", 'c') };
    ck_assert_int_eq(chmod(source.credential, 0440), 0);
    open_vault(&source, false);
    put(bench.org.uid, XR_SECRET_PASSWORD, "secret");
    ck_assert_int_eq(chmod(source.credential, 0444), 0);
    check_fault(try_open(&source, false), XR_VAULT_NO_KEY, "others");
    /* Called by hand, without systemd: no other key is made that would hide the mistake. */
    check_fault(try_open(NULL, true), XR_VAULT_NO_KEY, "credential");
    tear_down();
}
END_TEST

START_TEST(after_a_loss_all_else_can_be_read_and_secrets_entered_anew)
{
    set_up();
    open_vault(NULL, true);
    put(bench.org.uid, XR_SECRET_PASSWORD, "lost");
    ck_assert_int_eq(unlink(bench.key_path), 0);
    check_fault(try_open(NULL, false), XR_VAULT_NO_KEY, "not there");
    ck_assert_ptr_null(xr_store_org(bench.store, bench.arena, "contoso", &bench.org));
    ck_assert(bench.org.has[XR_SECRET_PASSWORD]);
    open_vault(NULL, true);
    check_no_secret(XR_VAULT_WRONG_KEY, "was sealed with key");
    put(bench.org.uid, XR_SECRET_PASSWORD, "new");
    open_vault(NULL, false);
    check_secret(bench.org.uid, XR_SECRET_PASSWORD, "new");
    tear_down();
}
END_TEST

XR_UNIT_MAIN("vault", what_was_put_is_got_again, nothing_and_too_much_are_not_stored,
    ciphertext_tells_nothing_but_the_length, any_changed_byte_is_damage_and_not_a_wrong_key,
    a_secret_opens_in_its_own_place_only, a_wrong_key_is_told_with_both_ids,
    the_first_use_makes_a_key_file_for_us_alone, processes_that_start_at_once_share_one_key,
    a_key_file_that_is_not_ours_alone_or_no_key_is_refused,
    a_link_a_pipe_and_a_folder_are_no_key_files, of_a_credential_the_group_may_read,
    after_a_loss_all_else_can_be_read_and_secrets_entered_anew)
