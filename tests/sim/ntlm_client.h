#ifndef SIM_NTLM_CLIENT_H
#define SIM_NTLM_CLIENT_H

#include "fixtures/ntlm.h"
#include "tests/sim/bench.h"

/* A small NTLM client of the tests' own (MS-NLMP 3.1.5.1), over one connection of a bench. */

enum client_mic { CLIENT_MIC_RIGHT, CLIENT_MIC_WRONG, CLIENT_MIC_NONE };

struct client {
    const char *password;
    const char *domain, *user; /* NULL: those of the bench's account, "Svc" for "svc" */
    const uint8_t *binding;    /* NULL: no such pair */
    const char *target;        /* NULL: no such pair */
    enum client_mic mic;
};

/* Sends only an Authorization header (NULL: none); returns whether an account is logged on. */
bool client_ask(struct bench *bench, const char *path, const char *authorization);
/* The same with "user:password". */
bool client_basic(struct bench *bench, const char *path, const char *credentials);

/* Authorization headers. The type 3 answers the challenge that the connection has. */
const char *client_type_1(struct bench *bench);
const char *client_type_3(struct bench *bench, const struct client *client);

/* A whole dialogue. */
bool client_log_on(struct bench *bench, const char *path, const struct client *client);

/* A member of what the server saw, unformatted; of its attempts, with the account in the way. */
const char *client_seen(struct bench *bench, const char *member);
int client_attempts(struct bench *bench, const char *account, const char *what);

#endif
