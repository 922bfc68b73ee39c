#include "probes/busy.h"
#include "tests/unit.h"

/* Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110. */
#define NOW_MS INT64_C(784111777000)

static struct xr_busy by_http(int status, const char *retry_after, const char *date)
{
    struct xr_header sent = { NULL, "Date", date };
    struct xr_header retry = { date ? &sent : NULL, "Retry-After", retry_after };
    struct xr_http_response response = { .status = status,
        .headers = retry_after ? &retry : retry.next };

    return xr_busy_response(&response, NOW_MS);
}

enum asked { NOT, A_WHILE, SO_LONG };

static enum asked asked_by(struct xr_busy busy)
{
    if (!busy.is)
        return NOT;
    return busy.told ? SO_LONG : A_WHILE;
}

START_TEST(retry_after_is_read_in_both_forms)
{
    static const struct {
        int status;
        const char *retry_after, *date;
        enum asked asked;
        int64_t ms;
    } rows[] = {
        { 503, "2", NULL, SO_LONG, 2000 },
        { 503, "0", NULL, SO_LONG, 0 },
        { 503, "86400", NULL, SO_LONG, 86400000 },
        { 503, "172800", NULL, SO_LONG, 172800000 },
        { 503, "9999999999999999999999", NULL, SO_LONG, 999999999000 },
        { 503, "-1", NULL, A_WHILE, 0 },
        { 503, "1.5", NULL, A_WHILE, 0 },
        { 503, "soon", NULL, A_WHILE, 0 },
        { 503, "2 ", NULL, A_WHILE, 0 },
        { 503, "", NULL, A_WHILE, 0 },
        { 503, NULL, NULL, NOT, 0 },
        { 429, "7", NULL, SO_LONG, 7000 },
        { 429, NULL, NULL, A_WHILE, 0 },
        { 429, "soon", NULL, A_WHILE, 0 },
        { 500, "7", NULL, NOT, 0 },
        { 200, "7", NULL, NOT, 0 },
        { 503, "Sun, 06 Nov 1994 08:49:40 GMT", NULL, SO_LONG, 3000 },
        { 503, "Sun, 06 Nov 1994 08:49:30 GMT", NULL, SO_LONG, 0 },
        { 503, "Sun, 06 Nov 1994 08:49:40 GMT", "Sun, 06 Nov 1994 08:49:35 GMT", SO_LONG, 5000 },
        { 503, "Sun, 06 Nov 1994 08:49:40 GMT", "yesterday", SO_LONG, 3000 },
        { 503, "Tue, 08 Nov 1994 08:49:37 GMT", NULL, SO_LONG, 172800000 },
        { 503, "Sun, 06 Nix 1994 08:49:40 GMT", NULL, A_WHILE, 0 },
        { 503, "Sun, 06 Nov 1994 0x:49:40 GMT", NULL, A_WHILE, 0 },
        { 503, "Sun, 06 Nov 1994 08:49:40 CET", NULL, A_WHILE, 0 },
        { 503, "Sunday, 06-Nov-94 08:49:37 GMT", NULL, A_WHILE, 0 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct xr_busy busy = by_http(rows[i].status, rows[i].retry_after, rows[i].date);
        ck_assert_msg(asked_by(busy) == rows[i].asked && busy.ms == rows[i].ms,
            "row %zu: %d, %lld ms", i, asked_by(busy), (long long)busy.ms);
    }
}
END_TEST

static const char budget[] =
    "The server cannot service this request right now. The request exceeds the throttling budget "
    "for policy part 'MaxConcurrency', policy value '27', Budget type: 'Ews'. Suggested backoff "
    "time 0 ms.";

START_TEST(busy_answers_are_told_from_others)
{
    static const struct {
        struct xr_ews_reply reply;
        enum asked asked;
        int64_t ms;
    } rows[] = {
        { { .fault = true, .code = "ErrorServerBusy", .text = "", .back_off_ms = 1500 }, SO_LONG,
            1500 },
        { { .fault = true, .code = "ErrorServerBusy", .text = "", .back_off_ms = 0 }, SO_LONG, 0 },
        { { .fault = true, .code = "ErrorServerBusy", .text = "", .back_off_ms = -1 }, A_WHILE, 0 },
        { { .class_ = "Error",
              .code = "ErrorExceededConnectionCount",
              .text = "",
              .back_off_ms = -1 },
            A_WHILE, 0 },
        { { .class_ = "Error",
              .code = "ErrorInternalServerError",
              .inner_code = "ErrorServerBusy",
              .text = "",
              .back_off_ms = 900 },
            SO_LONG, 900 },
        { { .fault = true, .code = "ErrorInternalServerError", .text = budget, .back_off_ms = -1 },
            A_WHILE, 0 },
        { { .fault = true, .text = budget, .back_off_ms = -1 }, A_WHILE, 0 },
        { { .fault = true, .code = "ErrorInternalServerError", .text = "", .back_off_ms = -1 }, NOT,
            0 },
        { { .fault = true, .code = "ErrorAccessDenied", .text = "", .back_off_ms = 0 }, NOT, 0 },
        { { .class_ = "Success", .code = "NoError", .text = budget, .back_off_ms = -1 }, NOT, 0 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct xr_busy busy = xr_busy_reply(&rows[i].reply);
        ck_assert_msg(asked_by(busy) == rows[i].asked && busy.ms == rows[i].ms, "row %zu", i);
    }
}
END_TEST

XR_UNIT_MAIN("busy", retry_after_is_read_in_both_forms, busy_answers_are_told_from_others)
