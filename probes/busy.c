#include "probes/busy.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/base/text.h"

enum { DATE_LENGTH = 29, SECONDS_DIGITS_MAX = 9, SECONDS_MAX = 999999999 };

/* The number that "length" digits make; -1: they are not all digits. */
static int digits(const char *text, size_t length)
{
    int value = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* 0 to 11; -1: no month. */
static int month(const char *text)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++)
        if (!strncmp(text, names + i * 3, 3))
            return i;
    return -1;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), since 1970; -1: not such a date. Read by hand,
 * since strptime() takes the names of days and months from the locale. */
static int64_t date_s(const char *text)
{
    struct tm utc = { 0 };

    if (!text || strlen(text) != DATE_LENGTH || strcmp(text + 25, " GMT") != 0)
        return -1;
    int year = digits(text + 12, 4);
    utc.tm_mday = digits(text + 5, 2);
    utc.tm_mon = month(text + 8);
    utc.tm_hour = digits(text + 17, 2);
    utc.tm_min = digits(text + 20, 2);
    utc.tm_sec = digits(text + 23, 2);
    utc.tm_year = year - 1900;
    bool is_date = year >= 1970 && utc.tm_mday > 0 && utc.tm_mon >= 0 && utc.tm_hour >= 0 &&
                   utc.tm_min >= 0 && utc.tm_sec >= 0;
    return is_date ? (int64_t)timegm(&utc) : -1;
}

/* -1: it says nothing. */
static int64_t retry_after_s(
    const struct xr_http_response *response, const char *value, int64_t now_s)
{
    size_t length = strlen(value);
    int64_t at_s = date_s(value);

    if (length && strspn(value, "0123456789") == length)
        return length <= SECONDS_DIGITS_MAX ? digits(value, length) : SECONDS_MAX;
    if (at_s < 0)
        return -1;
    int64_t sent_s = date_s(xr_http_header(response->headers, "Date"));
    int64_t s = at_s - (sent_s >= 0 ? sent_s : now_s);
    return s < 0 ? 0 : s;
}

struct xr_busy xr_busy_response(const struct xr_http_response *response, int64_t now_ms)
{
    const char *value = xr_http_header(response->headers, "Retry-After");

    if (response->status != 429 && (response->status != 503 || !value))
        return (struct xr_busy){ 0 };
    int64_t s = value ? retry_after_s(response, value, now_ms / 1000) : -1;
    return (struct xr_busy){ true, s >= 0, s > 0 ? s * 1000 : 0 };
}

static bool is_busy_code(const char *code)
{
    static const char *const codes[] = { "ErrorServerBusy", "ErrorExceededConnectionCount",
        "ErrorTooManyObjectsOpened", NULL };

    for (const char *const *name = codes; code && *name; name++)
        if (!strcmp(code, *name))
            return true;
    return false;
}

struct xr_busy xr_busy_reply(const struct xr_ews_reply *reply)
{
    bool failed = reply->fault || (reply->class_ && strcmp(reply->class_, "Success") != 0);
    bool is = is_busy_code(reply->code) || is_busy_code(reply->inner_code) ||
              reply->back_off_ms > 0 || xr_contains(reply->text, "throttling budget") ||
              xr_contains(reply->text, "'MaxConcurrency'");

    if (!failed || !is)
        return (struct xr_busy){ 0 };
    return (struct xr_busy){ true, reply->back_off_ms >= 0,
        reply->back_off_ms > 0 ? reply->back_off_ms : 0 };
}
