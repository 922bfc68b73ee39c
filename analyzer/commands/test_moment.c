#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "analyzer/commands/form.h"

/* So many digits and then one of the closing characters. Moves *at behind it; -1: it is not so. */
static int take(const char **at, size_t digits, const char *closing)
{
    int value = 0;

    if (strspn(*at, "0123456789") < digits)
        return -1;
    for (size_t i = 0; i < digits; i++)
        value = 10 * value + (*at)[i] - '0';
    char end = (*at)[digits];
    if (*closing && (!end || !strchr(closing, end)))
        return -1;
    *at += digits + (*closing != '\0');
    return value;
}

static bool is_between(int value, int min, int max)
{
    return value >= min && value <= max;
}

/* A 30th of February is none: the library would go on to March. A leap second is the first of the
 * next minute. */
static bool is_real(const struct tm *local)
{
    struct tm normal = *local;

    normal.tm_sec = 0;
    (void)timegm(&normal);
    return is_between(local->tm_sec, 0, 60) && normal.tm_min == local->tm_min &&
           normal.tm_hour == local->tm_hour && normal.tm_mday == local->tm_mday &&
           normal.tm_mon == local->tm_mon;
}

static bool take_date_and_time(const char **at, struct tm *ret)
{
    int year = take(at, 4, "-");
    int month = year < 0 ? -1 : take(at, 2, "-");
    int day = month < 0 ? -1 : take(at, 2, "Tt");
    int hour = day < 0 ? -1 : take(at, 2, ":");
    int minute = hour < 0 ? -1 : take(at, 2, ":");
    int second = minute < 0 ? -1 : take(at, 2, "");

    *ret = (struct tm){ .tm_year = year - 1900,
        .tm_mon = month - 1,
        .tm_mday = day,
        .tm_hour = hour,
        .tm_min = minute,
        .tm_sec = second };
    return second >= 0 && is_real(ret);
}

/* Any number of digits may follow the dot; what is finer than a millisecond is left out. */
static bool take_fraction(const char **at, int64_t *ret_ms)
{
    int64_t weight = 100;

    *ret_ms = 0;
    if (**at != '.')
        return true;
    size_t digits = strspn(++*at, "0123456789");
    for (size_t i = 0; i < digits; i++, weight /= 10)
        *ret_ms += weight * ((*at)[i] - '0');
    *at += digits;
    return digits > 0;
}

static bool take_offset(const char **at, int64_t *ret_ms)
{
    char sign = **at;

    *ret_ms = 0;
    if (!sign || !strchr("Zz+-", sign))
        return false;
    ++*at;
    if (sign == 'Z' || sign == 'z')
        return true;
    int hours = take(at, 2, ":");
    int minutes = hours < 0 ? -1 : take(at, 2, "");
    *ret_ms = (hours * 60 + minutes) * 60000LL * (sign == '-' ? -1 : 1);
    return is_between(hours, 0, 23) && is_between(minutes, 0, 59);
}

const char *xr_form_moment(const char *text, int64_t *ret_ms)
{
    int64_t fraction, offset;
    struct tm local;

    if (!take_date_and_time(&text, &local))
        return "it does not begin with a date and a time that exist, as in 2026-12-01T12:00:00Z";
    if (!take_fraction(&text, &fraction) || !take_offset(&text, &offset) || *text)
        return "it does not end with Z or an offset such as +01:00";
    *ret_ms = (int64_t)timegm(&local) * 1000 + fraction - offset;
    return NULL;
}
