/* Negotiate over HTTP. The tickets are the test's own: it stands in for wire/kerberos.c. */
#include <string.h>

#include "tests/together/logon_user.h"
#include "tests/unit.h"

struct xr_kerberos {
    int questions;
    const char *host;
    char binding[128];
    size_t binding_length;
    const struct xr_err *err; /* instead of a ticket */
};

struct xr_kerberos *xr_kerberos_new(const struct xr_kerberos_identity *identity)
{
    (void)identity;
    return NULL;
}

void xr_kerberos_free(struct xr_kerberos *kerberos)
{
    (void)kerberos;
}

bool xr_kerberos_ticket_present(void)
{
    return true;
}

int xr_kerberos_child(void)
{
    return 1;
}

/* Different each time, as a real one is. */
const struct xr_err *xr_kerberos_token(struct xr_kerberos *kerberos, struct xr_arena *arena,
    const char *host, const uint8_t *binding, size_t binding_length, struct xr_deadline deadline,
    struct xr_kerberos_token *ret)
{
    (void)deadline;
    kerberos->questions++;
    kerberos->host = xr_strdup(arena, host);
    kerberos->binding_length = binding_length;
    if (binding_length)
        memcpy(kerberos->binding, binding, binding_length);
    const char *text = xr_printf(arena, "the ticket number %d", kerberos->questions);
    *ret = (struct xr_kerberos_token){ .bytes = (const uint8_t *)text, .length = strlen(text) };
    return kerberos->err;
}

static struct server server;
static struct user user;
static struct xr_kerberos kerberos;

static void begin(struct server how)
{
    server = how;
    server.scheme = server.scheme ? server.scheme : "Negotiate";
    kerberos = (struct xr_kerberos){ 0 };
    server_start(&server, NULL, NULL);
    user_start(&user, "Passw0rd");
}

static void end(void)
{
    user_end(&user);
    server_stop(&server);
}

static const struct xr_err *ask(bool unbound)
{
    const struct xr_http_request request = {
        .auth = XR_HTTP_NEGOTIATE, .kerberos = &kerberos, .unbound = unbound
    };

    return user_asks(&user, &server, &request);
}

static void expect(int status, const char *transcript)
{
    const struct xr_err *err = ask(false);

    ck_assert_msg(!err, "%s", err ? err->text : "");
    ck_assert_int_eq(user.response.status, status);
    ck_assert_str_eq(server_transcript(&server), transcript);
}

START_TEST(a_ticket_is_bound_to_the_connection_that_it_goes_over)
{
    unsigned char hash[32];

    begin((struct server){ .per_request = true });
    expect(200, "|-t");
    ck_assert_str_eq(server.body, "<body/>");
    ck_assert_str_eq(kerberos.host, "mail.test");
    ck_assert_int_eq(X509_digest(server.leaf.cert, EVP_sha256(), hash, NULL), 1);
    ck_assert_uint_eq(kerberos.binding_length, 21 + sizeof(hash));
    ck_assert_mem_eq(kerberos.binding, "tls-server-end-point:", 21);
    ck_assert_mem_eq(kerberos.binding + 21, hash, sizeof(hash));
    ck_assert(user.trace.logon->bound && user.trace.logon->proof_sent);
    ck_assert(!user.trace.proved); /* no password was */
    ck_assert_ptr_null(ask(true));
    ck_assert(!user.trace.logon->bound && user.trace.logon->proof_sent);
    ck_assert_uint_eq(kerberos.binding_length, 0);
    end();
}
END_TEST

/* "Persistent-Auth: true", whether the server says so or not. */
START_TEST(a_connection_that_stays_logged_on_takes_one_ticket)
{
    begin((struct server){ .per_request = false });
    expect(200, "|-t");
    for (int i = 0; i < 3; i++) {
        expect(200, "k");
        ck_assert_ptr_null(user.trace.logon);
    }
    ck_assert_int_eq(kerberos.questions, 1);
    end();
}
END_TEST

START_TEST(a_server_that_wants_a_ticket_with_each_request_gets_it_at_once)
{
    begin((struct server){ .per_request = true });
    expect(200, "|-t");
    expect(200, "=t"); /* here it shows */
    for (int i = 0; i < 3; i++)
        expect(200, "t");
    ck_assert_int_eq(kerberos.questions, 5);
    end();
}
END_TEST

START_TEST(such_a_server_gets_it_over_a_new_connection_too)
{
    begin((struct server){ .per_request = true });
    expect(200, "|-t");
    expect(200, "=t");
    server.closes_after_proof = true;
    expect(200, "t");
    expect(200, "|t");
    end();
}
END_TEST

START_TEST(no_ticket_goes_to_another_certificate_than_it_is_bound_to)
{
    unsigned char hash[32];

    begin((struct server){ .per_request = true });
    expect(200, "|-t");
    expect(200, "=t");
    server.closes_after_proof = true;
    expect(200, "t");
    server_certify(&server, NULL, NULL);
    expect(200, "||-t");
    ck_assert_int_eq(X509_digest(server.leaf.cert, EVP_sha256(), hash, NULL), 1);
    ck_assert_mem_eq(kerberos.binding + 21, hash, sizeof(hash));
    end();
}
END_TEST

START_TEST(a_connection_that_is_gone_is_logged_on_anew)
{
    begin((struct server){ .closes_after_proof = true });
    expect(200, "|-t");
    expect(200, "||-t");
    server.says_so = true;
    expect(200, "||-t");
    expect(200, "|-t");
    end();
}
END_TEST

START_TEST(without_a_ticket_nothing_is_proved)
{
    begin((struct server){ .per_request = true });
    kerberos.err =
        xr_err(user.arena, XR_FAULT_KERBEROS_CLOCK, 0, "the clocks differ by ten minutes");
    ck_assert_ptr_eq(ask(false), kerberos.err);
    ck_assert(!user.trace.logon->proof_sent && !user.trace.proved);
    ck_assert_int_eq(user.trace.exchange->status, 401);
    ck_assert_str_eq(server_transcript(&server), "|-");
    end();
}
END_TEST

START_TEST(a_refused_ticket_is_told_and_what_the_server_said_to_it)
{
    begin((struct server){ .ticket_says = "YQA=" });
    expect(401, "|-u");
    ck_assert(user.trace.logon->server_answered_token && user.trace.logon->proof_sent);
    ck_assert(!user.trace.logon->challenged_again && !user.trace.logon->kerberos_error);
    expect(401, "|-u"); /* nothing is kept of it */
    end();
    begin((struct server){ .ticket_says = "fhYwFKADAgEFoQMCAR6lAwIBAKYDAgEl" });
    expect(401, "|-u");
    ck_assert_int_eq(user.trace.logon->kerberos_error, 37);
    end();
    begin((struct server){ .ticket_says = "" });
    expect(401, "|-u");
    ck_assert(!user.trace.logon->server_answered_token && user.trace.logon->proof_sent);
    end();
}
END_TEST

START_TEST(nobody_gets_a_ticket_who_does_not_ask_for_one)
{
    begin((struct server){ .scheme = "NTLM" });
    expect(401, "|-");
    ck_assert(!user.trace.logon->proof_sent && !user.trace.ntlm_unanswered);
    end();
    begin((struct server){ .to_first = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" });
    expect(200, "|-");
    ck_assert(!user.trace.logon->proof_sent && user.response.unasked);
    ck_assert_int_eq(kerberos.questions, 0);
    end();
}
END_TEST

/* It could be replayed by whoever reads the report in time. */
START_TEST(no_ticket_is_shown)
{
    begin((struct server){ .echoes = true });
    expect(200, "|-t");
    const char *captured = user_captured(&user);
    ck_assert_ptr_null(strstr(captured, "dGhlIHRpY2tldC")); /* "the ticket" */
    ck_assert_msg(
        strstr(captured, "> Authorization: Negotiate [redacted]\n") != NULL, "%s", captured);
    end();
}
END_TEST

XR_UNIT_MAIN("http_negotiate", a_ticket_is_bound_to_the_connection_that_it_goes_over,
    a_connection_that_stays_logged_on_takes_one_ticket,
    a_server_that_wants_a_ticket_with_each_request_gets_it_at_once,
    such_a_server_gets_it_over_a_new_connection_too,
    no_ticket_goes_to_another_certificate_than_it_is_bound_to,
    a_connection_that_is_gone_is_logged_on_anew, without_a_ticket_nothing_is_proved,
    a_refused_ticket_is_told_and_what_the_server_said_to_it,
    nobody_gets_a_ticket_who_does_not_ask_for_one, no_ticket_is_shown)
