#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "analyzer/base/text.h"
#include "analyzer/run/bulk_parts.h"

/* A selection under way: entries go to the store by the page. */
struct selection {
    struct state *state;
    const struct xr_bulk_choice *choice;
    struct xr_arena *arena; /* of the page */
    struct xr_check_entry entries[PAGE_MAX];
    size_t n;
    struct xr_check_entry *drawn; /* --sample: at most choice->sample of them; NULL: all */
    int64_t seen;
    bool second_look; /* not all that were chosen are to be asked */
};

static int compare_lanes(const void *a, const void *b)
{
    const struct lane *first = a, *second = b;

    return strcmp(first->key, second->key);
}

static const char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');

    return at ? at + 1 : "";
}

/* Who logs on himself shares the way with others, but no account. */
static const char *lane_key(
    struct xr_arena *arena, const struct xr_user *user, const struct xr_effective *effective)
{
    bool impersonates = xr_mode_impersonates(effective->mode);
    const char *account = effective->account.value ? effective->account.value : "";
    const char *url = effective->ews_url.value;

    return xr_printf(arena, "%d\n%s\n%d\n%s%s", effective->mode, impersonates ? account : "",
        impersonates && effective->secret_from == XR_OF_USER, url ? "" : "@",
        url ? url : domain_of(user->email));
}

static struct lane *add_lane(
    struct state *state, const char *key, const struct xr_effective *effective)
{
    struct lane *lane = xr_new(state->arena, struct lane);
    struct xr_check_group *group = xr_new(state->arena, struct xr_check_group);
    const char *account = effective->account.value ? effective->account.value : "";

    if (state->lane_n == state->lane_room) {
        state->lane_room = state->lane_room ? 2 * state->lane_room : 16;
        state->lanes = reallocarray(state->lanes, state->lane_room, sizeof(*state->lanes));
    }
    if (!state->lanes)
        abort();
    bool impersonates = xr_mode_impersonates(effective->mode);
    group->account = xr_strdup(state->arena, impersonates ? account : "each user's own");
    *lane = (struct lane){ .key = xr_strdup(state->arena, key),
        .number = (int)state->lane_n,
        .impersonates = impersonates,
        .group = group };
    state->lanes[state->lane_n++] = lane;
    return lane;
}

/* Users who were given a service account of their own share it when the secret is the same too. One
 * that cannot be read is that of nobody else. */
static struct lane *lane_with_secret(struct selection *selection, struct lane *lane,
    const struct xr_user *user, const struct xr_effective *effective)
{
    struct xr_secret secret = { NULL };
    enum xr_finding_code code;

    if (xr_bulk_secret(selection->state, selection->arena, user, effective, &secret, &code))
        xr_secret_done(&secret);
    if (!lane->own_known) /* it has just been made */
        lane->own = xr_secret_copy(secret);
    lane->own_known = true;
    while (!xr_secret_equal(lane->own, secret) && lane->next_alike)
        lane = lane->next_alike;
    if (!xr_secret_equal(lane->own, secret)) {
        lane->next_alike = add_lane(selection->state, lane->key, effective);
        lane = lane->next_alike;
        lane->own = xr_secret_copy(secret);
        lane->own_known = true;
    }
    xr_secret_done(&secret);
    return lane;
}

static struct lane *lane_of(struct selection *selection, const struct xr_user *user)
{
    struct state *state = selection->state;
    struct xr_effective access = xr_effective(state->bulk->org, user), *effective = &access;
    struct lane wanted = { .key = lane_key(selection->arena, user, effective) };
    struct lane **found = tfind(&wanted, &state->lane_tree, compare_lanes);
    struct lane *lane = found ? *found : add_lane(state, wanted.key, effective);

    if (!found && !tsearch(lane, &state->lane_tree, compare_lanes))
        abort();
    bool own = xr_mode_impersonates(access.mode) && access.secret_from == XR_OF_USER;
    return own ? lane_with_secret(selection, lane, user, effective) : lane;
}

static const struct xr_store_err *save_entries(struct selection *selection)
{
    const struct xr_store_err *err = xr_store_check_select(selection->state->bulk->store,
        selection->arena, selection->state->check, selection->entries, selection->n);

    selection->n = 0;
    return err;
}

static const struct xr_store_err *add_entry(
    struct selection *selection, struct xr_check_entry entry)
{
    selection->entries[selection->n++] = entry;
    return selection->n == PAGE_MAX ? save_entries(selection) : NULL;
}

static const struct xr_remark *worst_of(const struct xr_remark *remarks)
{
    while (remarks && remarks->status != XR_ERROR)
        remarks = remarks->next;
    return remarks;
}

/* false: the user must be asked. Else his result can be told without traffic. */
static bool is_settled(
    struct selection *selection, const struct xr_user *user, struct xr_check_user *ret)
{
    const struct xr_remark *remark =
        worst_of(xr_lint_user(selection->arena, selection->state->bulk->org, user));

    if (!user->enabled) {
        *ret = xr_bulk_not_asked(user, XR_SKIPPED, NULL, NULL, "Switched off in the user list.");
        return true;
    }
    if (!remark)
        return false;
    *ret = xr_bulk_not_asked(
        user, XR_ERROR, xr_finding_kind(remark->code)->id, "input", remark->message);
    ret->steps[0] = 'e';
    return true;
}

static int64_t below(int64_t n)
{
    uint64_t number = 0;

    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        abort();
    return (int64_t)(number % (uint64_t)n);
}

/* Every one of those seen so far has the same chance to stay (reservoir sampling). */
static void draw(struct selection *selection, struct xr_check_entry entry)
{
    int64_t size = selection->choice->sample;
    int64_t place = selection->seen < size ? selection->seen : below(selection->seen + 1);

    selection->seen++;
    if (place < size)
        selection->drawn[place] = entry;
}

/* Where all that were chosen are to be asked, nobody needs to be looked at a second time. */
static const struct xr_store_err *add_user(struct selection *selection, const struct xr_user *user)
{
    struct lane *lane = lane_of(selection, user);
    struct xr_check_user result;

    selection->second_look = selection->second_look || is_settled(selection, user, &result);
    lane->group->users++;
    return add_entry(selection, (struct xr_check_entry){ user->id, lane->number });
}

/* Is this user wanted at all? */
static const struct xr_store_err *choose(struct selection *selection, const struct xr_user *user)
{
    struct xr_check_user last;

    if (selection->choice->only_failed) {
        const struct xr_store_err *err =
            xr_store_last_result(selection->state->bulk->store, selection->arena, user->id, &last);
        if (err && err->fault != XR_STORE_NOT_FOUND)
            return err;
        if (err || last.status != XR_ERROR)
            return NULL;
    }
    if (!selection->drawn)
        return add_user(selection, user);
    if (user->enabled)
        draw(selection, (struct xr_check_entry){ user->id, lane_of(selection, user)->number });
    return NULL;
}

/* Who needs no traffic has his result now. Lanes are numbered anew when a check goes on. */
static const struct xr_store_err *assign(struct selection *selection, const struct xr_user *user)
{
    struct xr_check_user result;

    if (!is_settled(selection, user, &result)) {
        struct lane *lane = lane_of(selection, user);
        lane->group->users++;
        return selection->choice->resume
                   ? add_entry(selection, (struct xr_check_entry){ user->id, lane->number })
                   : NULL;
    }
    xr_bulk_record(selection->state, user->id, &result);
    return NULL;
}

/* The next page: of all users of the organisation, or of those of the check without a result. */
static const struct xr_store_err *read_page(struct selection *selection, bool of_check,
    const char *after, struct xr_user *page, size_t *ret_n)
{
    const struct xr_bulk *bulk = selection->state->bulk;

    return of_check ? xr_store_check_pending(bulk->store, selection->arena, selection->state->check,
                          -1, after, PAGE_MAX, page, ret_n)
                    : xr_store_users(bulk->store, selection->arena, bulk->org->id, after, PAGE_MAX,
                          page, ret_n);
}

static const struct xr_store_err *do_page(struct selection *selection, const struct xr_user *page,
    size_t n,
    const struct xr_store_err *(*each)(struct selection *selection, const struct xr_user *user))
{
    const struct xr_store_err *err = NULL;

    for (size_t i = 0; i < n && !err; i++)
        err = each(selection, &page[i]);
    return err || !selection->n ? err : save_entries(selection);
}

static const struct xr_store_err *for_all(struct selection *selection, bool of_check,
    const struct xr_store_err *(*each)(struct selection *selection, const struct xr_user *user))
{
    struct xr_user page[PAGE_MAX];
    const struct xr_store_err *err = NULL;
    struct xr_arena *before = xr_arena_new(); /* "after" points into it */
    const char *after = NULL;
    size_t n = 1;

    while (!err && n && !xr_cancelled()) {
        selection->arena = xr_arena_new();
        err = read_page(selection, of_check, after, page, &n);
        if (!err && n)
            err = do_page(selection, page, n, each);
        if (err)
            xr_bulk_store_failed(selection->state, err);
        after = n ? page[n - 1].email : NULL;
        xr_arena_free(before);
        before = selection->arena;
    }
    xr_arena_free(before);
    return err ? selection->state->store_err : NULL;
}

static const struct xr_store_err *choose_drawn(struct selection *selection)
{
    const struct xr_store_err *err = for_all(selection, false, choose);
    int64_t n =
        selection->seen < selection->choice->sample ? selection->seen : selection->choice->sample;

    selection->arena = selection->state->arena;
    for (int64_t i = 0; i < n && !err; i++)
        err = add_entry(selection, selection->drawn[i]);
    return err || !selection->n ? err : save_entries(selection);
}

/* *ret_missing: the address that is not in the list. */
static const struct xr_store_err *choose_named(
    struct selection *selection, const char **ret_missing)
{
    const struct xr_bulk *bulk = selection->state->bulk;
    const struct xr_store_err *err = NULL;
    struct xr_user user;

    selection->arena = selection->state->arena;
    for (const char *const *email = selection->choice->users; *email && !err; email++) {
        err = xr_store_user(bulk->store, selection->arena, bulk->org->id, *email, &user);
        if (err && err->fault == XR_STORE_NOT_FOUND)
            *ret_missing = *email;
        if (!err)
            err = add_user(selection, &user);
    }
    return err || !selection->n ? err : save_entries(selection);
}

static const struct xr_store_err *choose_all(struct selection *selection, const char **ret_missing)
{
    if (selection->choice->users)
        return choose_named(selection, ret_missing);
    if (!selection->choice->sample)
        return for_all(selection, false, choose);
    selection->drawn = calloc((size_t)selection->choice->sample, sizeof(*selection->drawn));
    if (!selection->drawn)
        abort();
    const struct xr_store_err *err = choose_drawn(selection);
    free(selection->drawn);
    selection->drawn = NULL;
    return err;
}

static bool is_refusal(const char *finding)
{
    static const char *const ids[] = { "logon.rejected", "logon.locked-out", "logon.token-rejected",
        "logon.password-expired", NULL };

    for (const char *const *id = ids; finding && *id; id++)
        if (!strcmp(finding, *id))
            return true;
    return false;
}

/* Who was refused before the interruption is not tried again: with a new password there would be no
 * result of it any more. */
static const struct xr_store_err *remember_refusals(struct state *state)
{
    struct xr_store_rows *rows;
    struct xr_check_user user;
    const struct xr_store_err *err =
        xr_store_rows_open(state->bulk->store, state->arena, state->check, XR_ROWS_BY_EMAIL, &rows);

    if (err)
        return err;
    while (xr_store_rows_next(rows, &user))
        if (is_refusal(user.finding) && user.account && !xr_bulk_refused(state, user.account))
            xr_bulk_note_refused(state, user.account, &user);
    return xr_store_rows_done(rows);
}

static enum xr_check_kind kind_of(const struct xr_bulk *bulk, const struct xr_bulk_choice *choice)
{
    if (bulk->candidate)
        return XR_CHECK_CANDIDATE;
    return choice->users || choice->only_failed || choice->sample ? XR_CHECK_PART : XR_CHECK_ALL;
}

/* Whom the check is about, as one transaction: a selection that breaks off leaves nothing. */
static const struct xr_store_err *begin(struct selection *selection, const char **ret_missing)
{
    struct state *state = selection->state;
    const struct xr_bulk *bulk = state->bulk;

    if (selection->choice->resume) {
        const struct xr_store_err *err = xr_store_check_unfinished(
            bulk->store, state->arena, bulk->org->id, &state->check, &state->started_wall_ms);
        return err ? err : remember_refusals(state);
    }
    state->started_wall_ms = xr_wall_ms();
    const struct xr_store_err *err = xr_store_begin(bulk->store, state->arena);
    if (err)
        return err;
    err = xr_store_check_begin(bulk->store, state->arena, bulk->org->id,
        kind_of(bulk, selection->choice), state->started_wall_ms, &state->check);
    if (!err)
        err = choose_all(selection, ret_missing);
    if (!err && !xr_cancelled())
        return xr_store_commit(bulk->store, state->arena);
    xr_store_roll_back(bulk->store);
    return err;
}

enum xr_bulk_outcome xr_bulk_select(
    struct state *state, const struct xr_bulk_choice *choice, const char **ret_text)
{
    struct selection selection = { .state = state, .choice = choice };
    const struct xr_store_err *err = begin(&selection, ret_text);

    if (err && err->fault == XR_STORE_NOT_FOUND)
        return choice->resume ? XR_BULK_NO_CHECK : XR_BULK_NO_USER;
    if (!err && xr_cancelled())
        return XR_BULK_CANCELLED;
    if (err) {
        xr_bulk_store_failed(state, err);
        return XR_BULK_STORE_ERROR;
    }
    if (!selection.second_look && !choice->resume && !choice->sample)
        return XR_BULK_DONE;
    for (size_t i = 0; i < state->lane_n; i++)
        state->lanes[i]->group->users = 0;
    return for_all(&selection, true, assign) ? XR_BULK_STORE_ERROR : XR_BULK_DONE;
}
