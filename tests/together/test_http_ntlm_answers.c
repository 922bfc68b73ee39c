/* What comes back during the NTLM of an HTTP request, and what becomes of it. */
#include <string.h>

#include "tests/together/logon_case.h"
#include "tests/unit.h"

#define ANSWER(status, headers, length, body) \
    "HTTP/1.1 " status "\r\n" headers "Content-Length: " length "\r\n\r\n" body

/* ---- answers to the first message ---- */

START_TEST(an_answer_without_a_challenge_is_the_answer)
{
    static const struct {
        const char *answer, *body;
        int status;
    } cases[] = {
        { ANSWER("200 OK", "", "3", "yes"), "yes", 200 },
        { ANSWER("302 Away", "Location: https://else.test/\r\n", "0", ""), "", 302 },
        { ANSWER("403 No", "", "2", "no"), "no", 403 },
        { ANSWER("503 Busy", "Retry-After: 5\r\n", "0", ""), "", 503 },
        { ANSWER("401 No", "WWW-Authenticate: NTLM\r\n", "2", "no"), "no", 401 },
        { ANSWER("401 No", "WWW-Authenticate: Basic realm=\"NTLM x\"\r\n", "2", "no"), "no", 401 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        begin((struct server){ .to_first = cases[i].answer });
        expect_status(user_logs_on(&user, &server), cases[i].status);
        ck_assert_str_eq(user.response.body, cases[i].body);
        ck_assert(user.response.ntlm_unanswered && user.trace.ntlm_unanswered);
        ck_assert(!user.trace.proved && !user.trace.logon->proof_sent);
        ck_assert_ptr_null(user.trace.exchange->request_body);
        expect_came("|1");
        end();
    }
}
END_TEST

START_TEST(a_challenge_that_is_none_is_answered_by_nothing)
{
    char huge[8001] = "TlRMTVNTUAACAAAA";
    const struct {
        const char *blob, *says;
    } cases[] = {
        { "TlRMTVNTUAACAAAA/////w==", "cut short" },
        { "TlRMTVNTUAABAAAABYIIogAAAAAoAAAAAAAAACgAAAAKAGNFAAAADw==", "type 2" },
        { "not base64!", "base64" },
        { "TlRMTVNTUAACAAA", "base64" },
        { "=", "base64" },
        { huge, "6000 bytes; at most 4096" },
    };

    memset(huge + strlen(huge), 'A', sizeof(huge) - 1 - strlen(huge));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        begin((struct server){ .challenge = cases[i].blob });
        const struct xr_err *err = user_logs_on(&user, &server);
        ck_assert(err && err->fault == XR_FAULT_CONTENT);
        ck_assert_msg(strstr(err->text, cases[i].says), "%s", err->text);
        ck_assert(!user.trace.proved);
        const char *shown = xr_printf(user.arena, "[message of %zu char", strlen(cases[i].blob));
        ck_assert_msg(strstr(user_captured(&user), shown) != NULL, "%s", user_captured(&user));
        expect_came("|1");
        end();
    }
}
END_TEST

START_TEST(a_challenge_in_one_header_with_others_is_found)
{
    static const char merged[] = ANSWER("401 No",
        "WWW-Authenticate: Negotiate, ntlm TlRMTVNTUAACAAAAAAAAADgAAAAFgomiMTIzNDU2NzgAAAAAAAAA"
        "AAAAAAA4AAAAAAAAAAAAAAA=, Basic realm=\"x\"\r\n",
        "0", "");

    begin((struct server){ .to_first = merged });
    expect_status(user_logs_on(&user, &server), 401);
    ck_assert(user.trace.proved);
    expect_came("|1x");
    end();
}
END_TEST

START_TEST(challenges_without_end_are_one_refusal)
{
    static const char again[] = ANSWER("401 No",
        "WWW-Authenticate: NTLM TlRMTVNTUAACAAAAAAAAADgAAAAFgomiMTIzNDU2NzgAAAAAAAAA"
        "AAAAAAA4AAAAAAAAAAAAAAA=\r\n",
        "2", "no");

    begin((struct server){ .to_proof = again });
    expect_status(user_logs_on(&user, &server), 401);
    ck_assert(user.trace.proved && user.trace.logon->challenged_again);
    ck_assert(!user.trace.logon->server_answered_token && !user.response.ntlm_unanswered);
    expect_came("|13");
    expect_status(user_logs_on(&user, &server), 401);
    expect_came("|13"); /* a refused connection is of no use any more */
    end();
}
END_TEST

/* ---- what is shown, and what bounds it ---- */

START_TEST(a_report_shows_the_last_request_and_nothing_to_guess_from)
{
    static const char *const hidden[] = { "TlRMTVNTUAAD", "****************" };

    begin((struct server){ .policy = POLICY_REQUIRE, .echoes = true });
    expect_status(user_logs_on(&user, &server), 200);
    const char *captured = user_captured(&user);
    ck_assert_msg(!strstr(captured, hidden[0]), "%s", captured);
    ck_assert_msg(strstr(captured, hidden[1]) != NULL, "%s", captured);
    ck_assert_msg(strstr(captured, "> Authorization: NTLM [redacted]\n") != NULL, "%s", captured);
    ck_assert_msg(strstr(captured, "200\n<body/>\n") != NULL, "%s", captured);
    ck_assert_ptr_null(strstr(user.response.body, hidden[0]));
    ck_assert_ptr_null(strstr(xr_http_header(user.response.headers, "X-FEServer"), hidden[0]));
    end();
}
END_TEST

START_TEST(no_later_answer_shows_the_proof_either)
{
    char later[4096];

    begin((struct server){ .policy = POLICY_REQUIRE });
    expect_status(user_logs_on(&user, &server), 200);
    const char *shown = strstr(server.head, "NTLM ") + 5;
    int length = (int)strcspn(shown, "\r\n");
    (void)snprintf(later, sizeof(later),
        "HTTP/1.1 200 OK\r\nX-FEServer: %.*s\r\nContent-Length: %d\r\n\r\n%.*s", 64, shown + 40,
        length, length, shown);
    server.to_known = later;
    expect_status(user_logs_on(&user, &server), 200);
    ck_assert_uint_eq(strspn(user.response.body, "*="), (size_t)length);
    ck_assert_ptr_nonnull(strstr(xr_http_header(user.response.headers, "X-FEServer"), "*****"));
    ck_assert_ptr_null(strstr(user_captured(&user), "TlRMTVNTUAAD"));
    end();
}
END_TEST

START_TEST(many_alike_are_captured_never)
{
    const struct xr_http_request repeated = { .auth = XR_HTTP_NTLM, .repeated = true };

    begin((struct server){ .policy = POLICY_REQUIRE, .forgets_after = 2 });
    for (int i = 0; i < 4; i++) {
        expect_status(user_asks(&user, &server, &repeated), 200);
        ck_assert_ptr_null(user.trace.exchange);
    }
    expect_came("|13kk=|13");
    end();
}
END_TEST

/* Two answers of 700,000 bytes are more than one megabyte. */
START_TEST(a_limit_is_of_all_answers_together)
{
    static char first[700200], last[700200];
    const char *challenges =
        "WWW-Authenticate: NTLM TlRMTVNTUAACAAAAAAAAADgAAAAFgomiMTIzNDU2NzgAAAAA"
        "AAAAAAAAAAA4AAAAAAAAAAAAAAA=\r\n";
    int head = snprintf(
        first, sizeof(first), "HTTP/1.1 401 No\r\n%sContent-Length: 700000\r\n\r\n", challenges);

    memset(first + head, 'a', 700000);
    head = snprintf(last, sizeof(last), "HTTP/1.1 200 OK\r\nContent-Length: 700000\r\n\r\n");
    memset(last + head, 'a', 700000);
    begin((struct server){ .to_first = first, .to_proof = last });
    const struct xr_err *err = user_logs_on(&user, &server);
    ck_assert(err && err->fault == XR_FAULT_HTTP_TOO_LARGE);
    end();
    begin((struct server){ .to_proof = last });
    expect_status(user_logs_on(&user, &server), 200);
    end();
}
END_TEST

static bool count(void *arg)
{
    ++*(int *)arg;
    return true;
}

START_TEST(one_turn_is_enough_for_a_dialogue)
{
    int turns = 0;
    const struct xr_http_gate gate = { count, &turns };
    const struct xr_http_request waiting = { .auth = XR_HTTP_NTLM, .gate = &gate };

    begin((struct server){ .policy = POLICY_REQUIRE, .forgets_after = 1 });
    for (int i = 1; i <= 3; i++) { /* the third begins with a request that is in vain */
        expect_status(user_asks(&user, &server, &waiting), 200);
        ck_assert_int_eq(turns, i);
    }
    expect_came("|13k=|13");
    end();
}
END_TEST

START_TEST(nothing_is_proved_without_tls)
{
    struct xr_url plain;

    begin((struct server){ .policy = POLICY_NONE });
    ck_assert_ptr_null(xr_url_parse(
        user.arena, xr_printf(user.arena, "http://mail.test:%u/", server.port), &plain));
    const struct xr_http_request request = { .auth = XR_HTTP_NTLM, .url = &plain };
    ck_assert_ptr_nonnull(user_asks(&user, &server, &request));
    ck_assert(!user.trace.sent && !user.trace.proved);
    const char *came = server_transcript(&server);
    ck_assert_uint_eq(strspn(came, "|"), strlen(came));
    end();
}
END_TEST

/* Its name is in no DNS, for the second connection neither. */
START_TEST(a_proxy_learns_nothing_and_changes_nothing)
{
    begin((struct server){ .policy = POLICY_REQUIRE, .forgets_after = 1 });
    user.net.proxy = xr_printf(user.arena, "http://proxy.invalid:%u", server_start_proxy(&server));
    for (int i = 0; i < 3; i++)
        expect_status(user_logs_on(&user, &server), 200);
    expect_came("|13k=|13");
    ck_assert_msg(!strncmp(server.connect, "CONNECT mail.test:", 18), "%s", server.connect);
    ck_assert_msg(!strcasestr(server.connect, "Authorization"), "%s", server.connect);
    user_end(&user);
    server_stop_proxy(&server);
    server_stop(&server);
}
END_TEST

/* As where OpenSSL refuses MD5: whatever stands in the way of an answer, none goes out. */
START_TEST(what_cannot_be_put_into_an_answer_ends_the_dialogue)
{
    const struct xr_http_request as = { .auth = XR_HTTP_NTLM, .account = "CONTOSO\\sv\xff" };

    begin((struct server){ .policy = POLICY_NONE });
    const struct xr_err *err = user_asks(&user, &server, &as);
    ck_assert(err && err->fault == XR_FAULT_CONTENT);
    ck_assert_msg(strstr(err->text, "the user name ") != NULL, "%s", err->text);
    ck_assert(!user.trace.proved && !user.trace.logon->proof_sent);
    expect_came("|1");
    end();
}
END_TEST

START_TEST(who_demands_a_certificate_behind_the_request_is_told_so)
{
    begin((struct server){ .wants_certificate = true });
    const struct xr_err *err = user_logs_on(&user, &server);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(err->fault, XR_FAULT_TLS_CLIENT_CERTIFICATE);
    ck_assert(!user.trace.proved);
    end();
}
END_TEST

/* "Busy" comes with 200 too, from whoever has looked at nothing yet. */
START_TEST(a_refusal_behind_the_first_answer_is_about_the_proof)
{
    begin((struct server){ .to_known = ANSWER("401 No", "WWW-Authenticate: NTLM\r\n", "0", "") });
    expect_status(user_logs_on(&user, &server), 200);
    expect_status(user_logs_on(&user, &server), 401);
    ck_assert(user.trace.proved);
    expect_came("|13k");
    end();
}
END_TEST

XR_UNIT_MAIN("http_ntlm_answers", an_answer_without_a_challenge_is_the_answer,
    a_challenge_that_is_none_is_answered_by_nothing, a_challenge_in_one_header_with_others_is_found,
    challenges_without_end_are_one_refusal,
    a_report_shows_the_last_request_and_nothing_to_guess_from,
    no_later_answer_shows_the_proof_either, many_alike_are_captured_never,
    a_limit_is_of_all_answers_together, one_turn_is_enough_for_a_dialogue,
    nothing_is_proved_without_tls, a_proxy_learns_nothing_and_changes_nothing,
    what_cannot_be_put_into_an_answer_ends_the_dialogue,
    who_demands_a_certificate_behind_the_request_is_told_so,
    a_refusal_behind_the_first_answer_is_about_the_proof)
