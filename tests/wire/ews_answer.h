#ifndef XR_TESTS_EWS_ANSWER_H
#define XR_TESTS_EWS_ANSWER_H

#include <string.h>

#include "analyzer/wire/ews.h"
#include "tests/unit.h"

/* Answers of EWS as a test writes them, and as they are read. */

#define SERVICES "http://schemas.microsoft.com/exchange/services/2006/"
#define ENVELOPE(body)                                                                   \
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:t='" SERVICES \
    "types' xmlns:m='" SERVICES "messages'><s:Body>" body "</s:Body></s:Envelope>"

static struct xr_arena *arena;

/* Each test runs in a process of its own, which ends with it. */
static struct xr_ews_reply reply_of(const char *operation, const char *body)
{
    struct xr_ews_reply reply;

    if (!arena)
        arena = xr_arena_new();
    const struct xr_err *err = xr_ews_parse(arena, operation, body, strlen(body), &reply);
    ck_assert_msg(!err, "%s", err ? err->text : "");
    return reply;
}

static void assert_refused(const char *operation, const char *body, const char *expected)
{
    struct xr_ews_reply reply = { .major = 4711 };

    if (!arena)
        arena = xr_arena_new();
    const struct xr_err *err = xr_ews_parse(arena, operation, body, strlen(body), &reply);
    ck_assert_msg(err, "not refused: %s", body);
    ck_assert_int_eq(err->fault, XR_FAULT_CONTENT);
    ck_assert_str_eq(err->text, expected);
    ck_assert_int_eq(reply.major, 4711);
}

#endif
