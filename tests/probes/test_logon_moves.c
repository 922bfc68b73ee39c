#include "probes/logon_moves.h"
#include "tests/unit.h"

/*
 * The table is played against every server that matters: what the password is worth there, what
 * Extended Protection demands, where TLS ends. Counted is what a domain controller would count.
 */
enum protection { NONE, ALLOW, REQUIRE };

struct server {
    bool right;      /* the password is */
    bool terminator; /* TLS ends in front of it, with another certificate */
    enum protection protection;
    bool keeps;  /* challenge and proof reach one server */
    bool basic;  /* is offered */
    bool device; /* ends every try by something else than 401 */
    int refuses; /* so many tries at first, whatever they send: one server of several is ill */
};

struct game {
    struct server server;
    struct xr_logon_state state;
    int tries, bad; /* all; with a wrong password */
    enum xr_logon_way first;
    enum xr_logon_move end;
};

static bool binding_fits(const struct server *server, bool bound)
{
    if (server->protection == NONE)
        return true;
    if (server->protection == REQUIRE)
        return bound && !server->terminator;
    return !bound || !server->terminator;
}

static enum xr_logon_outcome answer(struct game *game)
{
    const struct server *server = &game->server;
    enum xr_logon_way way = game->state.way == XR_LOGON_BY_SAME ? game->first : game->state.way;
    bool ntlm = way == XR_LOGON_BY_BOUND || way == XR_LOGON_BY_UNBOUND;

    game->tries++;
    if (server->device)
        return XR_LOGON_ENDED;
    if (ntlm && !server->keeps)
        return XR_LOGON_REFUSED;
    game->bad += !server->right;
    if (!server->right || game->tries <= server->refuses)
        return XR_LOGON_REFUSED;
    return !ntlm || binding_fits(server, way == XR_LOGON_BY_BOUND) ? XR_LOGON_ACCEPTED
                                                                   : XR_LOGON_REFUSED;
}

/* false: that was the last try. */
static bool goes_on(struct game *game)
{
    struct xr_logon_state *state = &game->state;

    if (game->end == XR_LOGON_TRY_AGAIN) {
        state->by_basic = state->way == XR_LOGON_BY_BASIC;
        state->way = XR_LOGON_BY_SAME;
        return true;
    }
    if (game->end != XR_LOGON_TRY_UNBOUND && game->end != XR_LOGON_TRY_BASIC)
        return false;
    state->again = true;
    state->way = game->end == XR_LOGON_TRY_BASIC ? XR_LOGON_BY_BASIC : XR_LOGON_BY_UNBOUND;
    return true;
}

static void play(struct game *game, enum xr_logon_way first)
{
    game->first = first;
    game->state.way = first;
    game->state.basic = game->server.basic;
    do {
        game->state.outcome = answer(game);
        game->end = xr_logon_next(&game->state);
    } while (goes_on(game) && game->tries < 9);
}

/* All servers, each with and without a proof, and with and without consent to a second attempt. */
enum { GAMES = 2 * 2 * 3 * 2 * 2 * 2 * 2 * 2 * 3 };

static struct game game_of(int i)
{
    struct game game = { .server = { .right = i & 1,
                             .terminator = i & 2,
                             .keeps = i & 4,
                             .basic = i & 8,
                             .device = i & 16,
                             .protection = (enum protection)((i >> 7) % 3),
                             .refuses = (i >> 7) / 3 },
        .state = { .proved = i & 32, .second = i & 64 } };

    return game;
}

START_TEST(an_unproved_password_is_wrong_once_at_most)
{
    for (int i = 0; i < GAMES; i++)
        for (int first = XR_LOGON_BY_BOUND; first <= XR_LOGON_BY_BASIC; first++) {
            struct game game = game_of(i);
            if (game.state.proved)
                continue;
            bool second = game.state.second;
            play(&game, (enum xr_logon_way)first);
            ck_assert_msg(
                game.bad <= 1 + second, "server %d, way %d: %d bad logons", i, first, game.bad);
            ck_assert_int_le(game.tries, 1 + second + game.server.right);
        }
}
END_TEST

START_TEST(every_dialogue_ends)
{
    for (int i = 0; i < GAMES; i++)
        for (int first = XR_LOGON_BY_BOUND; first <= XR_LOGON_BY_BASIC; first++) {
            struct game game = game_of(i);
            play(&game, (enum xr_logon_way)first);
            ck_assert_int_le(game.tries, 4);
            ck_assert(game.end != XR_LOGON_TRY_NEXT);
        }
}
END_TEST

/* With a right and proven password: what is told must be what the server is. */
START_TEST(the_verdict_names_what_the_server_does)
{
    for (int i = 0; i < GAMES; i++) {
        struct game game = game_of(i);
        const struct server *server = &game.server;
        if (!server->right || !game.state.proved || server->device || server->refuses)
            continue;
        bool bound = server->keeps && binding_fits(server, true);
        bool unbound = server->keeps && binding_fits(server, false);
        enum xr_logon_move expected = bound           ? XR_LOGON_DONE
                                      : unbound       ? XR_LOGON_TELL_UNBOUND
                                      : server->basic ? XR_LOGON_TELL_BASIC
                                                      : XR_LOGON_TELL_RIGHT;
        play(&game, XR_LOGON_BY_BOUND);
        ck_assert_msg(
            game.end == expected, "server %d: move %d, not %d", i, (int)game.end, (int)expected);
    }
}
END_TEST

/* It accepts what it refused before: then its setting is not the reason. */
START_TEST(an_accident_is_not_called_a_setting)
{
    for (int i = 0; i < GAMES; i++) {
        struct game game = game_of(i);
        const struct server *server = &game.server;
        if (!server->right || !game.state.proved || server->device || !server->refuses ||
            !server->keeps || !binding_fits(server, true))
            continue;
        play(&game, XR_LOGON_BY_BOUND);
        bool heard = (server->refuses == 1 && binding_fits(server, false)) || server->basic;
        ck_assert_msg(game.end == (heard ? XR_LOGON_TELL_UNSTEADY : XR_LOGON_TELL_RIGHT),
            "server %d: move %d", i, (int)game.end);
    }
}
END_TEST

START_TEST(an_unproved_refusal_stays_open)
{
    struct game game = { .server = { .right = true,
                             .keeps = true,
                             .terminator = true,
                             .basic = true,
                             .protection = ALLOW } };

    play(&game, XR_LOGON_BY_BOUND);
    ck_assert_int_eq(game.end, XR_LOGON_TELL_REJECTED);
    game.tries = 0;
    game.state = (struct xr_logon_state){ .second = true };
    play(&game, XR_LOGON_BY_BOUND);
    ck_assert_int_eq(game.end, XR_LOGON_TELL_UNBOUND);
}
END_TEST

/* A ticket is no password: what becomes of it decides nothing about the next scheme. */
START_TEST(a_ticket_costs_nothing)
{
    struct xr_logon_state state = { .way = XR_LOGON_BY_TICKET, .next = true };

    for (int outcome = XR_LOGON_REFUSED; outcome <= XR_LOGON_FAILED_HERE; outcome++) {
        state.outcome = (enum xr_logon_outcome)outcome;
        ck_assert_int_eq(xr_logon_next(&state), XR_LOGON_TRY_NEXT);
    }
    state.next = false;
    ck_assert_int_eq(xr_logon_next(&state), XR_LOGON_STOP);
    state.outcome = XR_LOGON_REFUSED;
    ck_assert_int_eq(xr_logon_next(&state), XR_LOGON_TELL_TICKET);
}
END_TEST

static bool fits(enum xr_logon_if wanted, bool is)
{
    return wanted == XR_LOGON_EITHER || (wanted == XR_LOGON_YES) == is;
}

static bool is_row(const struct xr_logon_row *row, const struct xr_logon_state *state)
{
    return row->way == state->way && row->outcome == state->outcome &&
           fits(row->proved, state->proved) && fits(row->again, state->again) &&
           fits(row->second, state->second) && fits(row->basic, state->basic) &&
           fits(row->next, state->next) && fits(row->by_basic, state->by_basic);
}

/* Else the order of the rows would be part of the law, and one of them never read. */
START_TEST(exactly_one_row_holds)
{
    size_t n;
    const struct xr_logon_row *rows = xr_logon_rows(&n);

    for (int way = XR_LOGON_BY_TOKEN; way <= XR_LOGON_BY_SAME; way++)
        for (int i = 0; i < 128; i++) {
            struct xr_logon_state state = { (enum xr_logon_way)way,
                i & 32 ? XR_LOGON_REFUSED : XR_LOGON_ACCEPTED, i & 1, i & 2, i & 64, i & 4, i & 8,
                i & 16 };
            int found = 0;
            for (size_t row = 0; row < n; row++)
                found += is_row(&rows[row], &state);
            ck_assert_msg(found == 1, "way %d, case %d: %d rows", way, i, found);
        }
}
END_TEST

XR_UNIT_MAIN("logon moves", an_unproved_password_is_wrong_once_at_most, every_dialogue_ends,
    the_verdict_names_what_the_server_does, an_accident_is_not_called_a_setting,
    an_unproved_refusal_stays_open, a_ticket_costs_nothing, exactly_one_row_holds)
