#include "analyzer/commands/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/commands/command.h"

static int failed(const char *path, int code)
{
    (void)xr_usage_error("%s cannot be written: %s", path, strerror(code));
    return XR_EXIT_UNAVAILABLE;
}

static int not_a_file(const char *path)
{
    (void)xr_usage_error("%s cannot be written: it is not a regular file", path);
    return XR_EXIT_UNAVAILABLE;
}

static bool is_replaceable(const char *path)
{
    struct stat info;

    return lstat(path, &info) ? errno == ENOENT : S_ISREG(info.st_mode) || S_ISLNK(info.st_mode);
}

/* What is written, and how it ended. */
struct writing {
    int (*write)(FILE *out, void *arg);
    void *arg;
    int told; /* the exit code of a writer that has told its failure itself */
};

/* 0, or an errno. */
static int write_and_sync(int fd, struct writing *writing)
{
    FILE *out = fdopen(fd, "w");

    if (!out) {
        int code = errno;
        (void)close(fd);
        return code;
    }
    errno = 0;
    writing->told = writing->write(out, writing->arg);
    bool bad = fflush(out) || ferror(out) || fsync(fd);
    int code = bad ? (errno ? errno : EIO) : 0;
    if (fclose(out) && !code)
        code = errno;
    return code;
}

bool xr_reader_left(void)
{
    struct pollfd out = { .fd = STDOUT_FILENO };

    return poll(&out, 1, 0) == 1 && out.revents & POLLERR;
}

static int write_stdout(struct writing *writing)
{
    int code = writing->write(stdout, writing->arg);

    if (code)
        return code;
    bool lost = fflush(stdout) || ferror(stdout);
    int why = errno;
    return lost && !xr_reader_left() ? failed("standard output", why) : 0;
}

static int write_beside(const char *path, char *temporary, struct writing *writing)
{
    int fd = mkostemp(temporary, O_CLOEXEC); /* O_EXCL and 0600 */

    if (fd < 0)
        return failed(path, errno);
    int code = write_and_sync(fd, writing);
    if (!code && !writing->told && rename(temporary, path))
        code = errno;
    if (code || writing->told)
        (void)unlink(temporary);
    if (writing->told)
        return writing->told;
    return code ? failed(path, code) : 0;
}

int xr_write_file(const char *path, int (*write)(FILE *out, void *arg), void *arg)
{
    struct writing writing = { .write = write, .arg = arg };

    if (!strcmp(path, "-"))
        return write_stdout(&writing);
    if (!is_replaceable(path))
        return not_a_file(path);
    struct xr_arena *arena = xr_arena_new();
    int code = write_beside(path, xr_printf(arena, "%s.XXXXXX", path), &writing);
    xr_arena_free(arena);
    return code;
}

struct rendering {
    const struct xr_report *report;
    const struct xr_run *run;
};

static int render(FILE *out, void *arg)
{
    const struct rendering *rendering = arg;
    struct xr_style plain = { 0 };

    rendering->report->write(out, rendering->run, &plain);
    return 0;
}

int xr_output(const struct xr_report *report, const struct xr_run *run, const char *path)
{
    struct rendering rendering = { report, run };

    return xr_write_file(path, render, &rendering);
}
