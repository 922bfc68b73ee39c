#include "tests/org/store_check_world.h"

#include <stdlib.h>

void checking_done(struct checking *s)
{
    world_done(&s->world);
}

int64_t begin_check(struct checking *s, enum xr_check_kind kind, int64_t at)
{
    int64_t check = 0;

    fine(xr_store_check_begin(s->world.store, s->world.arena, s->org.id, kind, at, &check));
    return check;
}

void select_users(struct checking *s, int lanes)
{
    struct xr_user page[100];
    struct xr_check_entry entries[100];
    const char *after = NULL;
    size_t n;

    for (;;) {
        fine(xr_store_users(s->world.store, s->world.arena, s->org.id, after, 100, page, &n));
        if (!n)
            return;
        for (size_t i = 0; i < n; i++)
            entries[i] = (struct xr_check_entry){ page[i].id,
                (int)strtol(page[i].email + 1, NULL, 10) % lanes };
        fine(xr_store_check_select(s->world.store, s->world.arena, s->check, entries, n));
        after = page[n - 1].email;
    }
}

struct checking checking(int users, int lanes)
{
    struct checking s = { .world = world_open() };

    s.org = saved_org(&s.world, "Contoso");
    save_users(&s.world, &s.org, 0, users);
    s.check = begin_check(&s, XR_CHECK_ALL, 1000);
    select_users(&s, lanes);
    return s;
}

struct xr_user user_number(struct checking *s, int number)
{
    struct xr_user user = { 0 };
    const char *email = xr_printf(s->world.arena, "u%06d@contoso.test", number);

    fine(xr_store_user(s->world.store, s->world.arena, s->org.id, email, &user));
    return user;
}

struct xr_check_user result(enum xr_status status, const char *finding)
{
    return (struct xr_check_user){ .status = status,
        .finding = finding,
        .step = finding ? "inbox" : NULL,
        .message = finding ? "it said no" : NULL,
        .host = "mail.contoso.test",
        .elapsed_us = 1000,
        .at_wall_ms = 5,
        .steps = "sssss-e" };
}

void put_result(struct checking *s, const char *email, struct xr_check_user user)
{
    struct xr_user found;

    user.email = email;
    fine(xr_store_user(s->world.store, s->world.arena, s->org.id, email, &found));
    fine(xr_store_check_results(s->world.store, s->world.arena, s->check, &found.id, &user, 1));
}

void put_number(struct checking *s, int number, struct xr_check_user user)
{
    put_result(s, xr_printf(s->world.arena, "u%06d@contoso.test", number), user);
}

size_t pending(struct checking *s, int lane, const char *after, struct xr_user *ret, size_t most)
{
    size_t n;

    fine(xr_store_check_pending(
        s->world.store, s->world.arena, s->check, lane, after, most, ret, &n));
    return n;
}
