#include "analyzer/commands/output.h"

#include <errno.h>
#include <fcntl.h>
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

/* 0, or an errno. */
static int write_and_sync(
    int fd, const struct xr_report *report, const struct xr_run *run, const struct xr_style *style)
{
    FILE *out = fdopen(fd, "w");

    if (!out) {
        int code = errno;
        (void)close(fd);
        return code;
    }
    errno = 0;
    report->write(out, run, style);
    bool bad = fflush(out) || ferror(out) || fsync(fd);
    int code = bad ? (errno ? errno : EIO) : 0;
    if (fclose(out) && !code)
        code = errno;
    return code;
}

int xr_output(const struct xr_report *report, const struct xr_run *run, const char *path)
{
    struct xr_style plain = { 0 };

    if (!strcmp(path, "-")) {
        report->write(stdout, run, &plain);
        return fflush(stdout) || ferror(stdout) ? failed("standard output", errno) : 0;
    }
    if (!is_replaceable(path))
        return not_a_file(path);
    char *temporary = xr_printf(run->arena, "%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC); /* O_EXCL and 0600 */
    if (fd < 0)
        return failed(path, errno);
    int code = write_and_sync(fd, report, run, &plain);
    if (!code && rename(temporary, path))
        code = errno;
    if (code)
        (void)unlink(temporary);
    return code ? failed(path, code) : 0;
}
