#include "probes/write_subject.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/base/clock.h"

enum {
    OVER_MS = 60 * 60 * 1000, /* no test of writing takes that long */
    SLACK_MS = 2000,          /* by which the two clocks may differ that are compared */
    SOURCE_MAX = 128,         /* octets of one thing that tells a machine from others */
    PID_DIGITS_MAX = 10,
    STAT_MAX = 1024,
    STARTED = 19, /* the field "starttime" of /proc/PID/stat, counted behind the name (proc(5)) */
};

/* ---- who writes ---- */

static uint32_t by_chance(void)
{
    uint32_t number;

    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        number = (uint32_t)xr_now_us();
    return number;
}

/* How much of the file fitted, with a NUL behind it. */
static size_t read_start(const char *path, char *to, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t length = file ? fread(to, 1, size - 1, file) : 0;

    if (file)
        (void)fclose(file);
    to[length] = '\0';
    return length;
}

/* FNV-1a. */
static uint32_t mixed(uint32_t hash, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash;
}

/*
 * Two that have the same number can see each other's processes. The id of the
 * boot is a secret of 122 bits by chance: whoever reads the subject learns
 * nothing from 32 bits made of it, and the host's name cannot be guessed from
 * them. Where the system does not tell it, every process is a stranger.
 */
static uint32_t this_machine(void)
{
    char text[SOURCE_MAX];
    size_t length = read_start("/proc/sys/kernel/random/boot_id", text, sizeof(text));

    if (!length)
        return by_chance();
    uint32_t hash = mixed(2166136261u, text, length);
    if (!gethostname(text, sizeof(text)))
        hash = mixed(hash, text, strnlen(text, sizeof(text)));
    ssize_t n = readlink("/proc/self/ns/pid", text, sizeof(text));
    return n > 0 ? mixed(hash, text, (size_t)n) : by_chance();
}

const char *xr_write_subject(struct xr_arena *arena)
{
    return xr_printf(arena, XR_WRITE_SUBJECT "%s %08x-%d-%08x", xr_rfc3339(arena, xr_wall_ms()),
        this_machine(), (int)getpid(), by_chance());
}

/* ---- what a subject tells ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool fits(const char *form, const char *text)
{
    for (; *form; form++, text++) {
        bool is_hex = is_digit(*text) || (*text >= 'a' && *text <= 'f');
        if (*form == '0' ? !is_digit(*text) : *form == 'f' ? !is_hex : *text != *form)
            return false;
    }
    return true;
}

static int number(const char *digits, size_t length)
{
    int value = 0;

    for (size_t i = 0; i < length; i++)
        value = value * 10 + (digits[i] - '0');
    return value;
}

/* "2026-11-22T10:30:00.000Z", since 1970. -1: there is no such moment. */
static int64_t moment(const char *text)
{
    struct tm utc = { .tm_year = number(text, 4) - 1900,
        .tm_mon = number(text + 5, 2) - 1,
        .tm_mday = number(text + 8, 2),
        .tm_hour = number(text + 11, 2),
        .tm_min = number(text + 14, 2),
        .tm_sec = number(text + 17, 2) };
    struct tm same = utc;
    time_t seconds = timegm(&same);
    bool is = same.tm_mon == utc.tm_mon && same.tm_mday == utc.tm_mday &&
              same.tm_hour == utc.tm_hour && same.tm_min == utc.tm_min;

    return is && seconds >= 0 ? (int64_t)seconds * 1000 + number(text + 20, 3) : -1;
}

bool xr_write_origin_of(const char *subject, struct xr_write_origin *ret)
{
    static const char when[] = "0000-00-00T00:00:00.000Z ", who[] = "ffffffff-",
                      chance[] = "-ffffffff";
    size_t start = strlen(XR_WRITE_SUBJECT);

    if (!subject || strncmp(subject, XR_WRITE_SUBJECT, start) != 0 || !fits(when, subject + start))
        return false;
    const char *machine = subject + start + sizeof(when) - 1, *pid = machine + sizeof(who) - 1;
    if (!fits(who, machine))
        return false;
    size_t digits = strspn(pid, "0123456789");
    if (digits < 1 || digits > PID_DIGITS_MAX || !fits(chance, pid + digits) ||
        pid[digits + sizeof(chance) - 1])
        return false;
    long long process = strtoll(pid, NULL, 10);
    *ret = (struct xr_write_origin){ moment(subject + start), (uint32_t)strtoul(machine, NULL, 16),
        process <= INT_MAX ? (int)process : 0 };
    return ret->wall_ms >= 0 && ret->pid > 0;
}

/* ---- is it still at work? ---- */

static int64_t since_boot_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* When the process began, since 1970. -1: the system does not tell. */
static int64_t began_ms(struct xr_arena *arena, int pid)
{
    char text[STAT_MAX];
    long ticks = sysconf(_SC_CLK_TCK);

    if (!read_start(xr_printf(arena, "/proc/%d/stat", pid), text, sizeof(text)) || ticks <= 0)
        return -1;
    const char *at = strrchr(text, ')'); /* the name may hold anything */
    for (int i = 0; at && i <= STARTED; i++)
        at = strchr(at + 1, ' ');
    if (!at)
        return -1;
    return xr_wall_ms() - since_boot_ms() + strtoll(at, NULL, 10) * 1000 / ticks;
}

/* A process that began behind the item has only got the number of the one that wrote it. */
static bool is_gone(const struct xr_write_origin *origin)
{
    if (kill(origin->pid, 0) && errno == ESRCH)
        return true;
    struct xr_arena *arena = xr_arena_new();
    int64_t began = began_ms(arena, origin->pid);
    xr_arena_free(arena);
    return began > origin->wall_ms + SLACK_MS;
}

bool xr_write_is_over(const struct xr_write_origin *origin)
{
    if (xr_wall_ms() - origin->wall_ms > OVER_MS)
        return true;
    return origin->machine == this_machine() && is_gone(origin);
}
