#ifndef XR_STORE_CHECK_WORLD_H
#define XR_STORE_CHECK_WORLD_H

#include "tests/org/store_world.h"

/* A store with an organisation whose users are being checked. */
struct checking {
    struct world world;
    struct xr_org org;
    int64_t check;
};

/* A check of all users, u000000@contoso.test and so on, begun at 1000. */
struct checking checking(int users, int lanes);
void checking_done(struct checking *s);

#define auto_checking __attribute__((cleanup(checking_done))) struct checking

int64_t begin_check(struct checking *s, enum xr_check_kind kind, int64_t at);
/* Every user of the organisation; lane: the number in the address modulo lanes. */
void select_users(struct checking *s, int lanes);
struct xr_user user_number(struct checking *s, int number);

struct xr_check_user result(enum xr_status status, const char *finding);
void put_result(struct checking *s, const char *email, struct xr_check_user user);
void put_number(struct checking *s, int number, struct xr_check_user user);
size_t pending(struct checking *s, int lane, const char *after, struct xr_user *ret, size_t most);

#endif
