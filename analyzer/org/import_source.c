#include "analyzer/org/import_source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/org/import.h"

enum { SIZE_MAX_MIB = 1024, BLOCK = 64 * 1024 };

static const int64_t size_max = (int64_t)SIZE_MAX_MIB * 1024 * 1024;

static void close_file(FILE **file)
{
    if (*file)
        (void)fclose(*file);
}

static const struct xr_transfer_err *too_large(struct xr_arena *arena, const char *name)
{
    return xr_transfer_fail(arena, XR_TRANSFER_FILE, "%s: the file is larger than %d MiB: split it",
        name, (int)SIZE_MAX_MIB);
}

static const struct xr_transfer_err *system_err(
    struct xr_arena *arena, const char *name, const char *what)
{
    return xr_transfer_fail(
        arena, XR_TRANSFER_FILE, "%s: %s: %s", name, what, strerrordesc_np(errno));
}

/* A pipe can be read once only. The copy has no name, so nobody finds it, and it ends with us. */
static const struct xr_transfer_err *copy(
    struct xr_arena *arena, const char *name, FILE *from, FILE **ret)
{
    char block[BLOCK];
    int64_t total = 0;
    FILE *to = tmpfile();

    *ret = to;
    if (!to)
        return system_err(arena, name, "a temporary copy cannot be made");
    for (size_t n; (n = fread(block, 1, sizeof(block), from)) > 0;) {
        total += (int64_t)n;
        if (total > size_max)
            return too_large(arena, name);
        if (fwrite(block, 1, n, to) != n)
            return system_err(arena, name, "the temporary copy cannot be written");
    }
    if (ferror(from))
        return system_err(arena, name, "it cannot be read");
    return fflush(to) ? system_err(arena, name, "the temporary copy cannot be written") : NULL;
}

static int64_t changed_ns(const struct stat *facts)
{
    return (int64_t)facts->st_mtim.tv_sec * 1000000000 + facts->st_mtim.tv_nsec;
}

static const struct xr_transfer_err *open_path(
    struct xr_arena *arena, struct xr_source *source, const char *path)
{
    __attribute__((cleanup(close_file))) FILE *file = NULL;
    bool standard = !strcmp(path, "-");
    struct stat facts;

    /* Of its own, so that closing it leaves the standard input to others. */
    file = standard ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "re");
    if (!file || fstat(fileno(file), &facts))
        return system_err(arena, source->name, "it cannot be opened");
    if (S_ISDIR(facts.st_mode))
        return xr_transfer_fail(arena, XR_TRANSFER_FILE, "%s: this is a folder", source->name);
    if (!S_ISREG(facts.st_mode) || standard)
        return copy(arena, source->name, file, &source->in);
    if (facts.st_size > size_max)
        return too_large(arena, source->name);
    source->size_ = facts.st_size;
    source->changed_ns_ = changed_ns(&facts);
    source->in = file;
    file = NULL;
    return NULL;
}

static bool is_json(FILE *in)
{
    int c = getc(in);

    for (const char *mark = "\xef\xbb\xbf"; *mark && c == (unsigned char)*mark; mark++)
        c = getc(in);
    while (c == ' ' || c == '\t' || c == '\r' || c == '\n')
        c = getc(in);
    return c == '[' || c == '{';
}

const struct xr_transfer_err *xr_source_open(
    struct xr_arena *arena, const char *path, struct xr_source *ret)
{
    *ret = (struct xr_source){ .name = strcmp(path, "-") != 0 ? path : "the standard input" };
    const struct xr_transfer_err *err = open_path(arena, ret, path);
    if (err)
        return err;
    xr_source_rewind(ret);
    ret->json = is_json(ret->in);
    return xr_source_err(arena, ret);
}

void xr_source_close(struct xr_source *source)
{
    close_file(&source->in);
    source->in = NULL;
}

void xr_source_rewind(const struct xr_source *source)
{
    rewind(source->in);
}

static bool has_changed(const struct xr_source *source)
{
    struct stat facts;

    /* A copy of our own has no time to compare with. */
    return source->changed_ns_ && !fstat(fileno(source->in), &facts) &&
           (facts.st_size != source->size_ || changed_ns(&facts) != source->changed_ns_);
}

const struct xr_transfer_err *xr_source_err(struct xr_arena *arena, const struct xr_source *source)
{
    if (ferror(source->in))
        return system_err(arena, source->name, "it cannot be read");
    if (has_changed(source))
        return xr_transfer_fail(arena, XR_TRANSFER_FILE,
            "%s: somebody wrote to the file while it was read: try again", source->name);
    return NULL;
}
