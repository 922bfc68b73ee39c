#ifndef XR_TESTS_LOGON_USER_H
#define XR_TESTS_LOGON_USER_H

#include "analyzer/wire/certificate.h"
#include "analyzer/wire/http.h"
#include "tests/together/logon_server.h"

/* Somebody who logs on to the server of a test, over one handle. */
struct user {
    struct xr_arena *arena;
    struct xr_trust trust;
    struct xr_net net;
    struct xr_http *http;
    struct xr_secret password;
    struct xr_http_trace trace;
    struct xr_http_response response;
    int64_t within_ms; /* of each request */
};

void user_start(struct user *user, const char *password);
void user_end(struct user *user);

/* POST "<body/>" as "CONTOSO\svc" by NTLM, whatever the certificate, except for what "differs"
 * sets. unbound, gate, kerberos, repeated and auth are taken from it as they are. */
const struct xr_err *user_asks(
    struct user *user, const struct server *server, const struct xr_http_request *differs);

/* By NTLM, bound. */
const struct xr_err *user_logs_on(struct user *user, const struct server *server);

/* All that a report would show of the last request, in one text. */
const char *user_captured(const struct user *user);

#endif
