#include "tests/together/logon_user.h"

#include <check.h>
#include <string.h>

#include "analyzer/wire/start.h"

void user_start(struct user *user, const char *password)
{
    xr_wire_start();
    *user = (struct user){ .arena = xr_arena_new(),
        .trust = { X509_STORE_new(), true, NULL },
        .password = xr_secret_new(password, strlen(password)),
        .within_ms = 5000 };
    user->net =
        (struct xr_net){ .user_agent = "test", .trust = &user->trust, .no_revocation = true };
    user->http = xr_http_new(&user->net);
}

void user_end(struct user *user)
{
    xr_http_free(user->http);
    xr_secret_done(&user->password);
    X509_STORE_free(user->trust.store);
    xr_arena_free(user->arena);
}

const struct xr_err *user_asks(
    struct user *user, const struct server *server, const struct xr_http_request *differs)
{
    int64_t now = xr_now_us();
    struct xr_deadline deadline = { now + user->within_ms * 1000, now + 20000000, NULL };
    struct xr_http_request request = *differs;
    struct xr_url url;

    ck_assert_ptr_null(xr_url_parse(user->arena,
        xr_printf(user->arena, "https://mail.test:%u/EWS/Exchange.asmx", server->port), &url));
    request.method = request.method ? request.method : "POST";
    request.url = request.url ? request.url : &url;
    request.address = "127.0.0.1";
    request.body = strcmp(request.method, "GET") != 0 ? "<body/>" : NULL;
    request.account = request.account ? request.account : "CONTOSO\\svc";
    request.secret = user->password;
    request.ignore_trust = true;
    return xr_http_perform(
        user->http, user->arena, &request, deadline, &user->trace, &user->response);
}

const struct xr_err *user_logs_on(struct user *user, const struct server *server)
{
    return user_asks(user, server, &(struct xr_http_request){ .auth = XR_HTTP_NTLM });
}

const char *user_captured(const struct user *user)
{
    const struct xr_exchange *exchange = user->trace.exchange;
    const char *text = xr_printf(user->arena, "%s %s %d\n%s\n%s\n", exchange->method, exchange->url,
        exchange->status, exchange->request_body ? exchange->request_body : "",
        exchange->response_body ? exchange->response_body : "");

    for (const struct xr_header *at = exchange->request_headers; at; at = at->next)
        text = xr_printf(user->arena, "%s> %s: %s\n", text, at->name, at->value);
    for (const struct xr_header *at = exchange->response_headers; at; at = at->next)
        text = xr_printf(user->arena, "%s< %s: %s\n", text, at->name, at->value);
    return text;
}
