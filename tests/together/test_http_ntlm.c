/* The NTLM of HTTP requests against servers that check it, forget it, break it off. */
#include <curl/curl.h>
#include <string.h>

#include "tests/together/logon_case.h"
#include "tests/unit.h"

/* ---- what is proved ---- */

START_TEST(a_bound_logon_passes_every_policy_and_an_unbound_one_not_the_last)
{
    static const enum server_policy policies[] = { POLICY_NONE, POLICY_ALLOW, POLICY_REQUIRE };
    const struct xr_http_request unbound = { .auth = XR_HTTP_NTLM, .unbound = true };

    for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
        bool required = policies[i] == POLICY_REQUIRE;
        begin((struct server){ .policy = policies[i] });
        expect_status(user_logs_on(&user, &server), 200);
        ck_assert(user.trace.proved && user.trace.logon->bound && user.trace.logon->proof_sent);
        ck_assert_ptr_null(user.trace.logon->why_unbound);
        expect_came("|13");
        /* One that is asked for in another way is another logon. */
        expect_status(user_asks(&user, &server, &unbound), required ? 401 : 200);
        ck_assert(user.trace.proved && !user.trace.logon->bound && user.trace.logon->proof_sent);
        ck_assert_ptr_null(user.trace.logon->why_unbound);
        expect_came(required ? "|1x" : "|13");
        end();
    }
}
END_TEST

START_TEST(every_form_of_account_and_any_script_is_let_in)
{
    static const char *const accounts[] = { "CONTOSO\\svc", "svc@contoso.test",
        "Dom\xc3\xa4ne\\j\xc3\xbcrgen", "\xc5\x81ukasz@contoso.test", "CONTOSO\\\xe5\x90\x8d" };

    for (size_t i = 0; i < sizeof(accounts) / sizeof(*accounts); i++) {
        const struct xr_http_request as = { .auth = XR_HTTP_NTLM, .account = accounts[i] };
        begin((struct server){ .policy = POLICY_REQUIRE });
        expect_status(user_asks(&user, &server, &as), 200);
        end();
    }
}
END_TEST

/* "HTTP/mail.test" in UTF-16, and a workstation's name that NetBIOS allows. */
START_TEST(the_proof_names_the_service_and_this_machine)
{
    static const char spn[] = "H\0T\0T\0P\0/\0m\0a\0i\0l\0.\0t\0e\0s\0t";

    begin((struct server){ .policy = POLICY_REQUIRE });
    expect_status(user_logs_on(&user, &server), 200);
    expect_came("|13");
    ck_assert_ptr_nonnull(memmem(server.proof, server.proof_length, spn, sizeof(spn)));
    size_t length = server.proof[44], at = server.proof[48] + 256U * server.proof[49];
    ck_assert(length >= 2 && length <= 30 && at + length <= server.proof_length);
    for (size_t i = 0; i < length; i += 2)
        ck_assert(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", server.proof[at + i]) &&
                  !server.proof[at + i + 1]);
    end();
}
END_TEST

START_TEST(what_the_server_tells_of_itself_is_kept_even_when_it_refuses)
{
    begin((struct server){ .policy = POLICY_REQUIRE });
    xr_secret_done(&user.password);
    user.password = xr_secret_new("CONTOSO", 7);
    expect_status(user_logs_on(&user, &server), 401);
    const struct xr_http_logon *logon = user.trace.logon;
    ck_assert_str_eq(logon->server_name, "ex01.contoso.test");
    ck_assert_str_eq(logon->netbios_domain, "*******"); /* happens to be the secret */
    ck_assert_str_eq(logon->dns_domain, "contoso.test");
    ck_assert_str_eq(logon->dns_forest, "contoso.test");
    ck_assert_str_eq(logon->windows, "10.0.17763");
    ck_assert_int_lt(llabs(logon->server_clock_ms - xr_wall_ms()), 60 * 1000);
    ck_assert(user.trace.proved && !user.response.ntlm_unanswered && !logon->challenged_again);
    expect_came("|1x");
    end();
}
END_TEST

START_TEST(a_certificate_without_a_binding_is_no_obstacle_where_none_is_needed)
{
    server = (struct server){ .policy = POLICY_ALLOW, .password = password };
    server_start(&server, "ED25519", NULL);
    user_start(&user, password);
    expect_status(user_logs_on(&user, &server), 200);
    ck_assert(!user.trace.logon->bound);
    ck_assert_msg(
        strstr(user.trace.logon->why_unbound, "ED25519"), "%s", user.trace.logon->why_unbound);
    end();
}
END_TEST

START_TEST(a_binding_that_microsoft_may_understand_otherwise_is_told)
{
    server = (struct server){ .policy = POLICY_REQUIRE, .password = password };
    server_start(&server, "RSA:2048", "SHA384");
    user_start(&user, password);
    expect_status(user_logs_on(&user, &server), 200);
    ck_assert(user.trace.logon->bound && user.trace.logon->disputed);
    end();
}
END_TEST

/* ---- one connection ---- */

START_TEST(further_requests_need_no_header)
{
    begin((struct server){ .policy = POLICY_REQUIRE });
    expect_status(user_logs_on(&user, &server), 200);
    for (int i = 0; i < 3; i++) {
        expect_status(user_logs_on(&user, &server), 200);
        ck_assert(!user.trace.proved && !user.trace.logon && user.trace.sent);
    }
    expect_came("|13kkk");
    ck_assert_str_eq(server.body, "<body/>");
    end();
}
END_TEST

START_TEST(an_anonymous_connection_is_good_enough_to_log_on)
{
    begin((struct server){ .policy = POLICY_REQUIRE });
    expect_status(user_asks(&user, &server, &(struct xr_http_request){ .method = "GET" }), 401);
    expect_status(user_logs_on(&user, &server), 200);
    expect_came("|-13");
    end();
}
END_TEST

START_TEST(a_server_that_forgets_is_proved_to_once_more)
{
    begin((struct server){ .policy = POLICY_REQUIRE, .forgets_after = 1 });
    expect_status(user_logs_on(&user, &server), 200);
    expect_status(user_logs_on(&user, &server), 200);
    expect_came("|13k");
    expect_status(user_logs_on(&user, &server), 200);
    ck_assert(user.trace.proved && user.trace.logon);
    expect_came("=|13");
    end();
}
END_TEST

/* The server does not say that it closes: the new connection is seen for what it is before the
 * first byte, and nothing of the request goes over it. */
START_TEST(a_request_goes_over_no_connection_that_nobody_logged_on)
{
    begin((struct server){ .policy = POLICY_REQUIRE, .closes_after_proof = true });
    expect_status(user_logs_on(&user, &server), 200);
    expect_came("|13");
    expect_status(user_logs_on(&user, &server), 200);
    ck_assert(user.trace.proved);
    expect_came("||13");
    end();
}
END_TEST

START_TEST(a_server_that_says_that_it_closes_costs_no_connection)
{
    begin((struct server){ .policy = POLICY_REQUIRE, .closes_after_proof = true, .says_so = true });
    expect_status(user_logs_on(&user, &server), 200);
    expect_status(user_logs_on(&user, &server), 200);
    expect_came("|13|13");
    end();
}
END_TEST

/* Over the one connection of the handle, whoever is asking there. */
START_TEST(nobody_else_goes_over_the_connection_that_is_logged_on)
{
    struct user other;

    begin((struct server){ .policy = POLICY_REQUIRE });
    user_start(&other, password);
    expect_status(user_logs_on(&user, &server), 200);
    expect_came("|13");
    ck_assert_ptr_null(user_asks(&other, &server, &(struct xr_http_request){ .method = "GET" }));
    ck_assert_int_eq(other.response.status, 401);
    expect_came("|-");
    expect_status(user_asks(&user, &server, &(struct xr_http_request){ .method = "GET" }), 401);
    expect_came("|-");
    user_end(&other);
    end();
}
END_TEST

/* ---- connections that die ---- */

START_TEST(no_proof_leaves_over_another_connection_than_the_challenge_came_over)
{
    begin((struct server){ .policy = POLICY_REQUIRE, .drops_after_challenge = true });
    const struct xr_err *err = user_logs_on(&user, &server);
    ck_assert(err && err->fault == XR_FAULT_LOGON_CONNECTION);
    ck_assert(!user.trace.proved && !user.trace.logon->proof_sent && user.trace.sent);
    ck_assert_int_eq(user.trace.exchange->status, 401); /* the challenge is what there is to see */
    expect_came("|1|");
    end();
}
END_TEST

static size_t ignore(char *bytes, size_t size, size_t n, void *arg)
{
    (void)bytes, (void)arg;
    return size * n;
}

/* The same two requests by libcurl alone: it would have sent the proof elsewhere. */
START_TEST(libcurl_alone_would_send_it)
{
    static const char *const messages[] = {
        "Authorization: NTLM TlRMTVNTUAABAAAABYIIogAAAAAoAAAAAAAAACgAAAAKAGNFAAAADw==",
        "Authorization: NTLM TlRMTVNTUAADAAAA"
    };
    char url[64];

    begin((struct server){ .policy = POLICY_REQUIRE, .drops_after_challenge = true });
    CURL *easy = curl_easy_init();
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/", server.port);
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
    for (size_t i = 0; i < 2; i++) {
        struct curl_slist *headers = curl_slist_append(NULL, messages[i]);
        (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        ck_assert_int_eq(curl_easy_perform(easy), CURLE_OK);
        curl_slist_free_all(headers);
    }
    curl_easy_cleanup(easy);
    expect_came("|1|x");
    end();
}
END_TEST

START_TEST(a_proof_goes_out_once)
{
    begin((struct server){ .policy = POLICY_REQUIRE, .to_proof = "" });
    const struct xr_err *err = user_logs_on(&user, &server);
    ck_assert(err && err->fault == XR_FAULT_HTTP_BROKEN && user.trace.proved);
    expect_came("|13|");
    ck_assert_ptr_null(strstr(user_captured(&user), "TlRMTVNTUAAD"));
    err = user_logs_on(&user, &server);
    ck_assert(err && err->fault == XR_FAULT_HTTP_BROKEN && !user.trace.proved);
    expect_came("");
    end();
}
END_TEST

/* A device in front says 503, and Exchange counts: nothing is proved a second time. */
START_TEST(what_is_unclear_is_not_proved_again)
{
    static const char busy[] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    static const char over[] =
        "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    const struct xr_http_request known = { .auth = XR_HTTP_NTLM, .known_right = true };

    begin((struct server){ .policy = POLICY_REQUIRE, .to_proof = over });
    expect_status(user_logs_on(&user, &server), 503);
    const struct xr_err *err = user_logs_on(&user, &server);
    ck_assert(err && err->fault == XR_FAULT_HTTP_BROKEN && !user.trace.proved);
    ck_assert_msg(strstr(err->text, "without a clear answer") != NULL, "%s", err->text);
    expect_came("|13");
    server.to_proof = NULL;
    expect_status(user_asks(&user, &server, &known), 200);
    expect_status(user_logs_on(&user, &server), 200);
    expect_came("|13k");
    end();

    begin((struct server){ .policy = POLICY_REQUIRE, .to_proof = busy });
    xr_secret_done(&user.password);
    user.password = xr_secret_new("wrong", 5);
    expect_status(user_logs_on(&user, &server), 503);
    expect_status(user_logs_on(&user, &server), 401);
    ck_assert(user.trace.proved && !user.response.ntlm_unanswered);
    expect_came("|1x=");
    end();
}
END_TEST

START_TEST(what_changes_something_goes_out_once)
{
    const struct xr_http_request change = { .auth = XR_HTTP_NTLM, .changes = true };

    begin((struct server){ .policy = POLICY_REQUIRE, .to_known = "" });
    expect_status(user_logs_on(&user, &server), 200);
    const struct xr_err *err = user_asks(&user, &server, &change);
    ck_assert(err && err->fault == XR_FAULT_HTTP_BROKEN);
    expect_came("|13k|");
    expect_status(user_asks(&user, &server, &change), 200);
    expect_came("|13");
    expect_status(user_logs_on(&user, &server), 200); /* and what does not, twice */
    expect_came("k||13");
    end();
}
END_TEST

START_TEST(who_asks_for_a_challenge_says_nothing_of_what_is_wanted)
{
    struct xr_header anchor = { NULL, "X-AnchorMailbox", "anna@contoso.test" };
    struct xr_header type = { &anchor, "Content-Type", "text/xml" };
    const struct xr_http_request request = { .auth = XR_HTTP_NTLM, .headers = &type };

    begin((struct server){ .to_first = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" });
    expect_status(user_asks(&user, &server, &request), 200);
    ck_assert(user.response.unasked);
    ck_assert_ptr_null(strcasestr(server.head, "anna"));
    ck_assert_ptr_nonnull(strcasestr(server.head, "Content-Type: text/xml"));
    server.to_first = NULL;
    expect_status(user_asks(&user, &server, &request), 200);
    ck_assert(!user.response.unasked);
    ck_assert_ptr_nonnull(strcasestr(server.head, "X-AnchorMailbox: anna"));
    end();
}
END_TEST

START_TEST(a_server_that_says_nothing_to_the_proof_ends_with_the_step)
{
    begin((struct server){ .policy = POLICY_REQUIRE, .to_proof = "HTTP/1.1 200 OK\r\n" });
    user.within_ms = 300;
    const struct xr_err *err = user_logs_on(&user, &server);
    ck_assert(err && err->fault == XR_FAULT_HTTP_TIMEOUT);
    ck_assert(user.trace.proved);
    end();
}
END_TEST

XR_UNIT_MAIN("http_ntlm", a_bound_logon_passes_every_policy_and_an_unbound_one_not_the_last,
    every_form_of_account_and_any_script_is_let_in, the_proof_names_the_service_and_this_machine,
    what_the_server_tells_of_itself_is_kept_even_when_it_refuses,
    a_certificate_without_a_binding_is_no_obstacle_where_none_is_needed,
    a_binding_that_microsoft_may_understand_otherwise_is_told, further_requests_need_no_header,
    an_anonymous_connection_is_good_enough_to_log_on, a_server_that_forgets_is_proved_to_once_more,
    a_request_goes_over_no_connection_that_nobody_logged_on,
    a_server_that_says_that_it_closes_costs_no_connection,
    nobody_else_goes_over_the_connection_that_is_logged_on,
    no_proof_leaves_over_another_connection_than_the_challenge_came_over,
    libcurl_alone_would_send_it, a_proof_goes_out_once, what_is_unclear_is_not_proved_again,
    what_changes_something_goes_out_once, who_asks_for_a_challenge_says_nothing_of_what_is_wanted,
    a_server_that_says_nothing_to_the_proof_ends_with_the_step)
