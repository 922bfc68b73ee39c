#ifndef XR_TESTS_LOGON_CASE_H
#define XR_TESTS_LOGON_CASE_H

#include "tests/together/logon_user.h"

/* One server and one user of it: most tests need no more. */
extern const char password[];
extern struct server server;
extern struct user user;

void begin(struct server how);
void end(void);
void expect_status(const struct xr_err *err, int status);
void expect_came(const char *transcript);

#endif
