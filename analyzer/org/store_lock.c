#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/base/text.h"
#include "analyzer/org/store_sqlite.h"

/*
 * One file for all organisations, each with a record of its own in it. The
 * record is what is locked, and says by whom. The lock belongs to the open
 * file, not to the process: two threads exclude each other too, and the kernel
 * lets go of it however the process ends. The file is never removed: whoever
 * waits to lock one that is gone would lock nothing.
 */
enum { RECORD = 16, FILE_MAX = 1024 * 1024 };

struct xr_check_lock {
    int file;
    off_t at;
};

static off_t place_of(int64_t org_id)
{
    off_t at = 0;

    return __builtin_mul_overflow(org_id, RECORD, &at) || at < 0 ? 0 : at;
}

/* An edited store may have any ids: the file does not grow with them, only its locks go there. */
static bool has_room(off_t at)
{
    return at < FILE_MAX;
}

static void write_owner(const struct xr_check_lock *lock, const char *text)
{
    if (has_room(lock->at))
        (void)!pwrite(lock->file, text, strlen(text), lock->at);
}

static long read_owner(const struct xr_check_lock *lock)
{
    char text[RECORD + 1] = "";

    if (!has_room(lock->at) || pread(lock->file, text, RECORD, lock->at) != RECORD)
        return 0;
    return strtol(text, NULL, 10);
}

static const struct xr_store_err *os_err(
    struct xr_store *store, struct xr_arena *arena, const char *did)
{
    int error = errno;

    return xr_store_os_err(arena, error, xr_printf(arena, "%s.lock: %s", store->path, did));
}

/* What root makes beside the store of somebody else is for him to use, too. */
static void hand_over(const struct xr_store *store, int file)
{
    struct stat facts;

    if (!geteuid() && !lstat(store->real, &facts))
        (void)!fchown(file, facts.st_uid, facts.st_gid);
}

static const struct xr_store_err *open_file(
    struct xr_store *store, struct xr_arena *arena, int *ret)
{
    struct stat facts;
    const char *path = xr_printf(arena, "%s.lock", store->real);

    *ret = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (*ret < 0)
        return os_err(store, arena, "the lock of the store cannot be opened");
    /* Under a second name it may be anything that only root can write. */
    if (fstat(*ret, &facts) || !S_ISREG(facts.st_mode) || facts.st_nlink != 1)
        return xr_store_fail(arena, XR_STORE_UNREADABLE,
            "%s.lock: this is not a file of its own: move it away", store->path);
    if (!facts.st_size)
        hand_over(store, *ret);
    return NULL;
}

static const struct xr_store_err *take(
    struct xr_store *store, struct xr_arena *arena, const struct xr_check_lock *lock)
{
    struct flock range = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = lock->at, .l_len = RECORD
    };

    if (!fcntl(lock->file, F_OFD_SETLK, &range))
        return NULL;
    if (errno != EAGAIN && errno != EACCES)
        return os_err(store, arena, "the lock of the store cannot be taken");
    long owner = read_owner(lock);
    return xr_store_fail(arena, XR_STORE_BUSY, "a check of this organisation is running%s",
        owner > 0 ? xr_printf(arena, " (process %ld)", owner) : "");
}

const struct xr_store_err *xr_store_check_lock(
    struct xr_store *store, struct xr_arena *arena, int64_t org_id, struct xr_check_lock **ret)
{
    struct xr_check_lock *lock = xr_new(arena, struct xr_check_lock);

    *ret = NULL;
    *lock = (struct xr_check_lock){ -1, place_of(org_id) };
    const struct xr_store_err *err = xr_store_writable(store, arena);
    if (!err)
        err = open_file(store, arena, &lock->file);
    if (!err)
        err = take(store, arena, lock);
    if (err) {
        if (lock->file >= 0)
            (void)close(lock->file);
        return err;
    }
    write_owner(lock, xr_printf(arena, "%*d\n", RECORD - 1, (int)getpid()));
    *ret = lock;
    return NULL;
}

void xr_store_check_unlock(struct xr_check_lock *lock)
{
    if (!lock || lock->file < 0)
        return;
    write_owner(lock, "              0\n");
    (void)close(lock->file);
    lock->file = -1;
}
