#include <ctype.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/wire/autodiscover_v2.h"
#include "tests/unit.h"

#define HEALTHY                                                          \
    "{\"Protocol\":\"EWS\",\"Url\":\"https://outlook.office365.com/EWS/" \
    "Exchange.asmx\"}"
#define FAILED(code) "{\"ErrorCode\":\"" code "\",\"ErrorMessage\":\"No.\"}"
#define NOT_OURS     "JSON, but no answer of Autodiscover V2: "

static struct xr_arena *arena;

/* Each test runs in a process of its own, which ends with it. The bytes have no
 * NUL behind them. */
static const struct xr_err *parse(
    int status, const char *location, const char *body, size_t length, struct xr_v2_reply *ret)
{
    char *bytes = malloc(length + !length);

    if (!arena)
        arena = xr_arena_new();
    memcpy(bytes, body, length);
    const struct xr_v2_answer answer = {
        .status = status, .location = location, .body = bytes, .length = length
    };
    const struct xr_err *err = xr_v2_parse(arena, XR_V2_PROTOCOL, &answer, ret);
    free(bytes);
    return err;
}

static struct xr_v2_reply reply_of(int status, const char *location, const char *body)
{
    struct xr_v2_reply reply;
    const struct xr_err *err = parse(status, location, body, strlen(body), &reply);

    ck_assert_msg(!err, "%s", err ? err->text : "");
    return reply;
}

static void assert_refused(int status, const char *body, const char *expected)
{
    struct xr_v2_reply reply = { .error_code = "untouched" };
    const struct xr_err *err = parse(status, NULL, body, strlen(body), &reply);

    ck_assert_msg(err, "not refused: %s", body);
    ck_assert_int_eq(err->fault, XR_FAULT_CONTENT);
    ck_assert_str_eq(err->text, expected);
    ck_assert_str_eq(reply.error_code, "untouched");
}

/* ---- the request ---- */

START_TEST(the_url_is_encoded_and_shows_the_address)
{
    static const struct {
        const char *host, *address, *protocol, *url;
        unsigned redirects;
    } cases[] = {
        { "outlook.office365.com", "anna@contoso.test", "EWS",
            "https://outlook.office365.com/autodiscover/"
            "autodiscover.json?Email=anna@contoso.test"
            "&Protocol=EWS&RedirectCount=0",
            0 },
        { "m.test:8443", "a+b&Protocol=x#?/%@contoso.test", "E S",
            "https://m.test:8443/autodiscover/"
            "autodiscover.json?Email=a%2Bb%26Protocol%3Dx%23%3F%2F"
            "%25@contoso.test&Protocol=E%20S&RedirectCount=3",
            3 },
        { "[::1]", "\xc3\xa4@contoso.test", "EWS",
            "https://[::1]/autodiscover/"
            "autodiscover.json?Email=%C3%A4@contoso.test&Protocol=EWS"
            "&RedirectCount=1",
            1 },
    };

    arena = xr_arena_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_pstr_eq(xr_v2_url(arena, cases[i].host, cases[i].address, cases[i].protocol,
                              cases[i].redirects),
            cases[i].url);
}
END_TEST

START_TEST(what_is_no_host_gives_no_url)
{
    static const char *const hosts[] = { "", "evil.test/x?", "user@evil.test", "evil.test#", "a b",
        "a..b", "m.test:99999", "m.test\r\nX: y", "m.test\\x" };

    arena = xr_arena_new();
    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
        ck_assert_msg(!xr_v2_url(arena, hosts[i], "a@b.test", "EWS", 0), "%s", hosts[i]);
    char *longest = xr_alloc(arena, 3000);
    memset(longest, 'a', 2999);
    ck_assert_ptr_null(xr_v2_url(arena, "m.test", longest, "EWS", 0));
}
END_TEST

/* ---- answers ---- */

START_TEST(settings_are_read)
{
    struct xr_v2_reply reply = reply_of(200, NULL, HEALTHY);
    struct xr_v2_reply other = reply_of(200, "https://ignored.test/",
        "\xef\xbb\xbf { \"x\": [1, {}], \"url\" : \" https://m.test/e "
        "\", \"protocol\": null }\n");

    ck_assert_int_eq(reply.kind, XR_V2_SETTINGS);
    ck_assert_str_eq(reply.url, "https://outlook.office365.com/EWS/Exchange.asmx");
    ck_assert_int_eq(reply.error, XR_V2_NO_ERROR);
    ck_assert_ptr_null(reply.error_code);
    ck_assert_int_eq(other.kind, XR_V2_SETTINGS);
    ck_assert_str_eq(other.url, "https://m.test/e");
}
END_TEST

START_TEST(redirects_are_read)
{
    static const int statuses[] = { 301, 302, 303, 307, 308 };
    struct xr_v2_reply reply;

    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
        reply = reply_of(statuses[i], " https://autodiscover.contoso.test/x ", "<html>");
        ck_assert_int_eq(reply.kind, XR_V2_REDIRECT);
        ck_assert_str_eq(reply.url, "https://autodiscover.contoso.test/x");
    }
    assert_refused(302, HEALTHY, "no answer of Autodiscover V2: status 302 without a Location");
    ck_assert_ptr_nonnull(parse(302, " ", "", 0, &reply));
    ck_assert_ptr_nonnull(parse(304, "https://m.test/", "", 0, &reply));
}
END_TEST

START_TEST(errors_are_read)
{
    static const struct {
        int status;
        const char *body, *code;
        enum xr_v2_error error;
    } cases[] = {
        { 400, FAILED("ProtocolNotSupported"), "ProtocolNotSupported", XR_V2_BAD_PROTOCOL },
        { 400, FAILED("InvalidProtocol"), "InvalidProtocol", XR_V2_BAD_PROTOCOL },
        { 400, FAILED("Protocol_MissingProtocol"), "Protocol_MissingProtocol", XR_V2_BAD_REQUEST },
        { 400, FAILED("MandatoryParameterMissing"), "MandatoryParameterMissing",
            XR_V2_BAD_REQUEST },
        { 404, FAILED("UserNotFound"), "UserNotFound", XR_V2_USER_NOT_FOUND },
        { 500, FAILED("InternalServerError"), "InternalServerError", XR_V2_OTHER_ERROR },
        { 200, FAILED("UserNotFound"), "UserNotFound", XR_V2_USER_NOT_FOUND },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct xr_v2_reply reply = reply_of(cases[i].status, NULL, cases[i].body);
        ck_assert_int_eq(reply.kind, XR_V2_ERROR);
        ck_assert_int_eq(reply.error, cases[i].error);
        ck_assert_str_eq(reply.error_code, cases[i].code);
        ck_assert_str_eq(reply.error_message, "No.");
        ck_assert_ptr_null(reply.url);
    }
}
END_TEST

START_TEST(a_page_in_place_of_the_service_means_there_is_none)
{
    static const int statuses[] = { 404, 405, 501 };

    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
        ck_assert_int_eq(reply_of(statuses[i], NULL, "<html>404").kind, XR_V2_NO_SERVICE);
        ck_assert_int_eq(reply_of(statuses[i], NULL, "").kind, XR_V2_NO_SERVICE);
        ck_assert_int_eq(reply_of(statuses[i], NULL, HEALTHY).kind, XR_V2_NO_SERVICE);
        ck_assert_ptr_null(reply_of(statuses[i], NULL, HEALTHY).url);
    }
}
END_TEST

START_TEST(what_is_no_answer_is_refused)
{
    assert_refused(200, "", "not JSON: it is empty");
    assert_refused(200, " \r\n", "not JSON: it is empty");
    assert_refused(200, "{\n\"Url\":\n<html>", "not JSON: line 3, near \"<html>\"");
    assert_refused(200, "[]", NOT_OURS "it is no object");
    assert_refused(200, "\"Url\"", NOT_OURS "it is no object");
    assert_refused(200, "{}", NOT_OURS "it has neither an Url nor an ErrorCode");
    assert_refused(200, "{\"Url\":\"\"}", NOT_OURS "it has neither an Url nor an ErrorCode");
    assert_refused(200, "{\"Url\":{\"Url\":\"https://m.test/\"}}", NOT_OURS "its Url is no text");
    assert_refused(400, "{\"ErrorCode\":400}", NOT_OURS "its ErrorCode is no text");
    assert_refused(200, "{\"Protocol\":\"ActiveSync\",\"Url\":\"https://m.test/\"}",
        NOT_OURS "it is about the protocol ActiveSync, where EWS was asked for");
    assert_refused(500, HEALTHY, NOT_OURS "it has no ErrorCode, and its status is 500");
    assert_refused(401, "Unauthorized", "not JSON: line 1, near \"Unauthorized\"");
}
END_TEST

START_TEST(what_could_be_read_in_two_ways_is_refused)
{
    assert_refused(200, "{\"Url\":\"https://a.test/\",\"url\":\"https://b.test/\"}",
        NOT_OURS "it has Url twice");
    assert_refused(200, "{\"Url\":\"https://a.test/\\u0000.b.test/\"}",
        "JSON that is not accepted: it has the character NUL in it");
    assert_refused(200, HEALTHY "{}", "not JSON: line 1, near \"{}\"");
}
END_TEST

START_TEST(urls_that_are_none_are_refused)
{
    static const char *const urls[] = { "/EWS/Exchange.asmx", "//m.test/x", "ftp://m.test/",
        "javascript:alert(1)", "https://user:pw@m.test/", "https://m.test/a b", "https://",
        "https://m.test\\\\@evil.test/", "https://m.test/\\u001b[2J", "https://m.test/\\u202e",
        "https://m.test/\\r\\nX: y" };
    struct xr_v2_reply reply;

    arena = xr_arena_new();
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        const char *body = xr_printf(arena, "{\"Url\":\"%s\"}", urls[i]);
        const struct xr_err *err = parse(200, NULL, body, strlen(body), &reply);
        ck_assert_msg(err, "not refused: %s", urls[i]);
        ck_assert_msg(xr_starts(err->text, "its Url is no address: "), "%s", err->text);
    }
}
END_TEST

/* ---- hostile answers ---- */

static const struct xr_err *parsed_of(const char *before, size_t n, const char *text)
{
    size_t length = strlen(before) + n * strlen(text);
    char *body = xr_alloc(arena, length + 1), *to = body + strlen(before);
    struct xr_v2_reply reply;

    memcpy(body, before, strlen(before));
    for (; n > 0; n--, to += strlen(text))
        memcpy(to, text, strlen(text));
    return parse(200, NULL, body, length, &reply);
}

START_TEST(large_and_deep_answers_are_refused)
{
    arena = xr_arena_new();
    ck_assert_str_eq(parsed_of(HEALTHY, XR_V2_BODY_MAX, " ")->text,
        "JSON that is not accepted: it is larger than 16 KiB");
    ck_assert_ptr_null(parsed_of(HEALTHY, XR_V2_BODY_MAX - strlen(HEALTHY), " "));
    ck_assert_ptr_nonnull(parsed_of("", XR_V2_BODY_MAX, "["));
    ck_assert_ptr_nonnull(parsed_of("", XR_V2_BODY_MAX / 5, "{\"a\":"));
}
END_TEST

START_TEST(bytes_that_are_no_text_do_no_harm)
{
    static const char bytes[] = "{\"ErrorCode\":\"X\xff\",\"ErrorMessage\":\"a\0b\x1b[2J\"}";
    struct xr_v2_reply reply;

    const struct xr_err *err = parse(400, NULL, bytes, sizeof(bytes) - 1, &reply);
    ck_assert_msg(!err, "%s", err ? err->text : "");
    ck_assert_str_eq(reply.error_code, "X\xef\xbf\xbd");
    ck_assert_str_eq(reply.error_message, "a\xef\xbf\xbd"
                                          "b\x1b[2J");
    ck_assert_ptr_nonnull(parse(400, NULL, "\xff\xfe{\0}\0", 6, &reply));
}
END_TEST

START_TEST(answers_that_are_cut_off_are_refused)
{
    struct xr_v2_reply reply;

    for (size_t cut = 0; cut < strlen(HEALTHY); cut++) {
        const struct xr_err *err = parse(200, NULL, HEALTHY, cut, &reply);
        ck_assert_msg(err, "not refused: the first %zu bytes", cut);
        for (const char *at = err->text; *at; at++)
            ck_assert(!iscntrl((unsigned char)*at));
    }
}
END_TEST

XR_UNIT_MAIN("autodiscover-v2", the_url_is_encoded_and_shows_the_address,
    what_is_no_host_gives_no_url, settings_are_read, redirects_are_read, errors_are_read,
    a_page_in_place_of_the_service_means_there_is_none, what_is_no_answer_is_refused,
    what_could_be_read_in_two_ways_is_refused, urls_that_are_none_are_refused,
    large_and_deep_answers_are_refused, bytes_that_are_no_text_do_no_harm,
    answers_that_are_cut_off_are_refused)
