#include "analyzer/org/vault_key.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/org/bytes.h"

enum {
    KEY_DIGITS = 2 * XR_KEY_BYTES,
    SCRYPT_N = 1 << 15,
    SCRYPT_R = 8,
    SCRYPT_P = 1,
    SCRYPT_MEMORY = 64 * 1024 * 1024, /* 128 N r bytes, and some */
    LEFT_BEHIND_S = 3600,
};

static void fd_done(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

#define xr_auto_fd __attribute__((cleanup(fd_done))) int

static void folder_done(DIR **folder)
{
    if (*folder)
        (void)closedir(*folder);
}

#define xr_auto_folder __attribute__((cleanup(folder_done))) DIR

bool xr_key_usable(void)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);

    EVP_CIPHER_free(cipher);
    return cipher != NULL;
}

void xr_key_done(struct xr_key *key)
{
    OPENSSL_cleanse(key, sizeof(*key));
}

void xr_random(unsigned char *bytes, size_t length)
{
    if (RAND_bytes(bytes, (int)length) != 1)
        abort();
}

static void make_id(struct xr_key *key)
{
    static const char label[] = "exray key id 1\n";
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) ||
        !EVP_DigestUpdate(ctx, label, sizeof(label) - 1) ||
        !EVP_DigestUpdate(ctx, key->bytes, sizeof(key->bytes)) ||
        !EVP_DigestFinal_ex(ctx, digest, NULL))
        abort();
    EVP_MD_CTX_free(ctx);
    for (size_t i = 0; i < XR_KEY_ID_DIGITS; i++)
        key->id[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
    key->id[XR_KEY_ID_DIGITS] = '\0';
}

void xr_key_random(struct xr_key *ret)
{
    xr_random(ret->bytes, sizeof(ret->bytes));
    make_id(ret);
}

const char *xr_key_derive(
    struct xr_secret passphrase, const unsigned char salt[XR_SALT_BYTES], struct xr_key *ret)
{
    const char *text = xr_reveal(passphrase);

    ret->kind = XR_KEY_PASSPHRASE;
    ret->from = "the passphrase";
    if (EVP_PBE_scrypt(text, strlen(text), salt, XR_SALT_BYTES, SCRYPT_N, SCRYPT_R, SCRYPT_P,
            SCRYPT_MEMORY, ret->bytes, sizeof(ret->bytes)) != 1)
        return "OpenSSL cannot derive a key from the passphrase: scrypt is missing, or memory";
    make_id(ret);
    return NULL;
}

/* ---- reading ---- */

static const char *file_flaw(
    struct xr_arena *arena, const char *path, const struct stat *file, enum xr_key_kind kind)
{
    mode_t others = kind == XR_KEY_CREDENTIAL ? 037 : 077;

    if (!S_ISREG(file->st_mode))
        return xr_printf(arena, "key file %s: it is not a regular file", path);
    if (file->st_uid != geteuid() && file->st_uid != 0)
        return xr_printf(arena,
            "key file %s: it belongs to another user (id %u), who could read and replace it", path,
            (unsigned)file->st_uid);
    if (file->st_mode & others)
        return xr_printf(arena,
            "key file %s: others than its owner may use it (mode %03o): run chmod 600, and if "
            "others could have read it, exray org rekey",
            path, (unsigned)file->st_mode & 0777);
    return NULL;
}

static int digit_value(char digit)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = digit ? strchr(digits, digit) : NULL;

    if (!at)
        return -1;
    return at - digits < 16 ? (int)(at - digits) : (int)(at - digits - 6);
}

static bool decode(const char *digits, unsigned char bytes[XR_KEY_BYTES])
{
    for (size_t i = 0; i < XR_KEY_BYTES; i++) {
        int high = digit_value(digits[2 * i]), low = digit_value(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/* NULL, or a flaw. Longer files are not read to their end. */
static const char *read_digits(
    struct xr_arena *arena, const char *path, int fd, unsigned char bytes[XR_KEY_BYTES])
{
    char text[KEY_DIGITS + 2];
    size_t length = 0;
    ssize_t got = 1;

    while (got > 0 && length < sizeof(text)) {
        got = read(fd, text + length, sizeof(text) - length);
        length += got > 0 ? (size_t)got : 0;
    }
    const char *flaw = NULL;
    bool ended = length == KEY_DIGITS || (length == KEY_DIGITS + 1 && text[KEY_DIGITS] == '\n');
    if (got < 0)
        flaw = xr_printf(arena, "key file %s cannot be read: %s", path, strerror(errno));
    else if (!ended || !decode(text, bytes))
        flaw = xr_printf(arena,
            "key file %s: it holds no key, which is one line of 64 hexadecimal digits, as 'openssl "
            "rand -hex 32' prints them",
            path);
    OPENSSL_cleanse(text, sizeof(text));
    return flaw;
}

const char *xr_key_read(struct xr_arena *arena, const char *path, enum xr_key_kind kind,
    struct xr_key *ret, bool *ret_missing)
{
    /* A pipe must not make us wait for somebody to write. */
    xr_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat file;

    *ret_missing = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
    if (fd < 0 && errno == ELOOP)
        return xr_printf(
            arena, "key file %s: it is a symbolic link; name the file that it leads to", path);
    if (fd < 0 || fstat(fd, &file))
        return xr_printf(arena, "key file %s cannot be opened: %s", path, strerror(errno));
    const char *flaw = file_flaw(arena, path, &file, kind);
    if (!flaw)
        flaw = read_digits(arena, path, fd, ret->bytes);
    if (flaw)
        return flaw;
    ret->kind = kind;
    ret->from = path;
    make_id(ret);
    return NULL;
}

/* ---- writing ---- */

static const char *folder_of(struct xr_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return ".";
    return slash == path ? "/" : xr_strndup(arena, path, (size_t)(slash - path));
}

static int open_folder(struct xr_arena *arena, const char *path)
{
    return open(folder_of(arena, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void sync_folder(struct xr_arena *arena, const char *path)
{
    xr_auto_fd fd = open_folder(arena, path);

    if (fd >= 0)
        (void)fsync(fd);
}

bool xr_key_settle(struct xr_arena *arena, const char *path)
{
    xr_auto_fd fd = open_folder(arena, path);

    return fd >= 0 && !syncfs(fd);
}

static bool write_digits(int fd, const struct xr_key *key)
{
    char text[KEY_DIGITS + 1];

    for (size_t i = 0; i < KEY_DIGITS; i++)
        text[i] = "0123456789abcdef"[key->bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
    text[KEY_DIGITS] = '\n';
    /* So few bytes are written as a whole, or there is no room for them. */
    ssize_t written = write(fd, text, sizeof(text));
    OPENSSL_cleanse(text, sizeof(text));
    if (written >= 0 && written < (ssize_t)sizeof(text))
        errno = ENOSPC;
    return written == (ssize_t)sizeof(text) && !fchmod(fd, 0600) && !fsync(fd);
}

const char *xr_key_write(struct xr_arena *arena, const char *path, const struct xr_key *key)
{
    xr_auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || !write_digits(fd, key)) {
        int code = errno;
        if (fd >= 0)
            (void)unlink(path);
        return xr_printf(arena, "key file %s cannot be made: %s", path, strerror(code));
    }
    sync_folder(arena, path);
    return NULL;
}

const char *xr_key_waiting(struct xr_arena *arena, const char *path, const char *id)
{
    return xr_printf(arena, "%s.%s", path, id);
}

bool xr_key_place(struct xr_arena *arena, const char *waiting, const char *path)
{
    bool moved = !rename(waiting, path);

    if (moved)
        sync_folder(arena, path);
    return moved;
}

void xr_key_discard(const char *waiting)
{
    (void)unlink(waiting);
}

/* A link is made as a whole or not at all, and never in the place of another file: of several
 * processes one makes the key, and all read it from there. */
const char *xr_key_make(
    struct xr_arena *arena, const char *path, struct xr_key *ret, bool *ret_made)
{
    struct xr_key fresh;
    bool missing;

    xr_key_random(&fresh);
    const char *waiting = xr_key_waiting(arena, path, fresh.id);
    const char *flaw = xr_key_write(arena, waiting, &fresh);
    xr_key_done(&fresh);
    if (flaw)
        return flaw;
    *ret_made = !link(waiting, path);
    int code = errno;
    (void)unlink(waiting);
    sync_folder(arena, path);
    if (!*ret_made && code != EEXIST)
        return xr_printf(arena, "key file %s cannot be made: %s", path, strerror(code));
    return xr_key_read(arena, path, XR_KEY_BESIDE, ret, &missing);
}

static bool is_left_behind(int folder, const char *name)
{
    struct stat file;

    return !fstatat(folder, name, &file, AT_SYMLINK_NOFOLLOW) && S_ISREG(file.st_mode) &&
           file.st_mtime < time(NULL) - LEFT_BEHIND_S;
}

/* What is young may belong to a process that makes its key just now. */
void xr_key_sweep(struct xr_arena *arena, const char *path, const char *used)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    xr_auto_folder *folder = opendir(folder_of(arena, path));
    size_t length = strlen(base);
    struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        if (strncmp(entry->d_name, base, length) || entry->d_name[length] != '.')
            continue;
        const char *id = entry->d_name + length + 1;
        if (!xr_is_hex(id, XR_KEY_ID_DIGITS) || (used && !strcmp(id, used)))
            continue;
        if (is_left_behind(dirfd(folder), entry->d_name))
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
}
