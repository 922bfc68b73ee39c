#include "tests/together/logon_case.h"

#include <check.h>

const char password[] = "P\xc3\xa4ssw\xc3\xb6rd1";

struct server server;
struct user user;

void begin(struct server how)
{
    server = how;
    server.password = password;
    server_start(&server, NULL, NULL);
    user_start(&user, password);
}

void end(void)
{
    user_end(&user);
    server_stop(&server);
}

void expect_status(const struct xr_err *err, int status)
{
    ck_assert_msg(!err, "%s", err ? err->text : "");
    ck_assert_int_eq(user.response.status, status);
}

void expect_came(const char *transcript)
{
    ck_assert_str_eq(server_transcript(&server), transcript);
}
