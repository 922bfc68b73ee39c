#include <stdlib.h>
#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/run/bulk_parts.h"
#include "analyzer/wire/user_settings.h"
#include "probes/ask.h"

enum {
    FAILURES_MAX = 2, /* questions in a row that led to nothing: no more are asked in this lane */
    BUSY_MAX = 2,     /* how often users are asked for again after "too busy" */
    PAUSE_LONGEST_S = 60, /* the directory answers sooner than a server that asks for more */
};

struct settings {
    struct state *state;
    const struct start *start;
    struct xr_http *http;
    int failures; /* in a row */
};

/* The users of one call, and those among them who are still to be asked about. */
struct asking {
    struct settings *settings;
    struct xr_arena *arena; /* of the addresses */
    const struct xr_user *users;
    const char **ret;
    size_t open[XR_USER_SETTINGS_MAX], open_n;
};

enum answered {
    ANSWERED, /* about some of the users at least, and worth going on with the others */
    BUSY,     /* about some, or nobody: the others after a pause */
    FAILED,   /* about nobody, or too few: the directory is asked about the others */
};

/* Whoever impersonates has one account for all; with --ews-url nobody looks for Autodiscover. */
struct settings *xr_bulk_settings_new(struct state *state, const struct start *start)
{
    const char *from = start->run.facts.ews_url_from;

    if (!start->target.impersonation || !start->ctx.settings_place || !from ||
        !xr_starts(from, "autodiscover."))
        return NULL;
    struct settings *settings = calloc(1, sizeof(*settings));
    if (!settings)
        abort();
    settings->state = state;
    settings->start = start;
    return settings;
}

void xr_bulk_settings_free(struct settings *settings)
{
    if (settings)
        xr_http_free(settings->http);
    free(settings);
}

/* ---- one question ---- */

/* A context of its own: other workers read that of the lane meanwhile. */
struct call {
    struct xr_run run;
    struct xr_ctx ctx;
    struct xr_leg leg;
    struct xr_step *step;
    const char *addresses[XR_USER_SETTINGS_MAX];
    size_t n;
    struct xr_http_response response;
};

static void call_init(struct call *call, const struct asking *asking, struct xr_arena *arena)
{
    const struct settings *settings = asking->settings;
    const struct xr_ctx *learned = &settings->start->ctx;
    const struct xr_settings_place *place = learned->settings_place;
    const struct xr_bulk *bulk = settings->state->bulk;

    *call = (struct call){ .run = { .arena = arena }, .ctx = *learned, .n = asking->open_n };
    call->ctx.arena = arena;
    call->ctx.run = &call->run;
    call->ctx.deadline = xr_deadline_within(bulk->deadline, bulk->step_ms);
    call->ctx.repeated = true;
    call->ctx.gate_closed_by = NULL;
    call->ctx.ews_leg = NULL;
    call->step = xr_step_add(arena, NULL, "autodiscover", "Autodiscover");
    xr_leg_init(&call->leg, &call->ctx, arena, call->step, place->url.host, place->url.port);
    call->leg.address = place->address;
    call->leg.ignore_trust = place->ignore_trust;
    call->leg.http = settings->http;
    for (size_t i = 0; i < asking->open_n; i++)
        call->addresses[i] = asking->users[asking->open[i]].email;
}

/* false: there is no answer. */
static bool send_call(struct call *call)
{
    const struct xr_settings_place *place = call->ctx.settings_place;
    struct xr_header headers[] = {
        { &headers[1], "Content-Type", "text/xml; charset=utf-8" },
        { &headers[2], "Accept", "text/xml" },
        { &headers[3], "SOAPAction", "\"" XR_USER_SETTINGS_ACTION "\"" },
        { NULL, "X-AnchorMailbox", call->addresses[0] },
    };
    struct xr_question question = {
        .method = "POST",
        .url = &place->url,
        .what = "the mailbox addresses, to Autodiscover",
        .body = xr_user_settings_request(call->ctx.arena, xr_user_settings_versions[0],
            place->url.text, call->addresses, call->n),
        .headers = headers,
        .auth = place->auth,
    };

    return question.body && !xr_ask(&call->leg, call->step, &question, &call->response);
}

/* One wrong password is enough, wherever it was refused. */
static void note_refusal(struct settings *settings, struct call *call)
{
    (void)xr_refused(&call->ctx, call->step, call->ctx.settings_place->auth, &call->response);
    if (!call->ctx.gate_closed_by)
        return;
    const struct xr_check_user refused = {
        .finding = xr_finding_kind(call->step->last_finding->code)->id,
        .step = call->step->id,
    };
    xr_bulk_note_refused(settings->state, call->ctx.target->account, &refused);
}

/* 0: no pause was asked for; longer than PAUSE_LONGEST_S: not to be waited for. */
static long retry_after_s(const struct xr_http_response *response)
{
    const char *seconds = xr_http_header(response->headers, "Retry-After");
    long value = seconds ? strtol(seconds, NULL, 10) : 0;

    return (response->status == 429 || response->status == 503) && value > 0 ? value : 0;
}

/* ---- one answer ---- */

/* NULL: no address. */
static const char *told(const struct xr_user_settings *user)
{
    return user->error.code == XR_SETTINGS_NO_ERROR ? user->values[XR_SETTING_SMTP_ADDRESS] : NULL;
}

/* Told of another user as well, or it is the very address that another one was asked about. */
static bool belongs_to_another(
    const struct call *call, const struct xr_user_settings_reply *reply, size_t i)
{
    const char *address = told(&reply->users[i]);

    for (size_t j = 0; j < reply->users_n; j++)
        if (j != i &&
            (xr_same(address, told(&reply->users[j])) || xr_same(address, call->addresses[j])))
            return true;
    return false;
}

/* Answers name nobody: whose they are is known by their order alone, and that only when nobody was
 * left out. Who would get another one's address by it is looked for in the directory. */
static bool is_evidence(
    const struct call *call, const struct xr_user_settings_reply *reply, size_t i)
{
    const char *address = told(&reply->users[i]);

    if (!address || xr_same(address, call->addresses[i]))
        return address != NULL;
    return reply->users_n == call->n && !belongs_to_another(call, reply, i);
}

/* NULL: none that could be told. What the server echoes of the secret is no address, and shows as
 * asterisks: in the bytes as they came, or only now that they are decoded. */
static const char *primary_address(struct xr_arena *arena, const struct call *call,
    const struct xr_user_settings_reply *reply, size_t i)
{
    const char *value = told(&reply->users[i]), *why;
    struct xr_address address;

    if (!is_evidence(call, reply, i) || !xr_address_parse(call->ctx.arena, value, &address, &why))
        return NULL;
    char *scrubbed = xr_strdup(arena, value);
    xr_scrub(call->response.scrubber, scrubbed, strlen(scrubbed));
    return strchr(scrubbed, '*') ? NULL : scrubbed;
}

/* What one answer was good for. */
struct gain {
    size_t settled; /* users who were not asked about in vain */
    bool busy;
};

/* Who was answered is open no more, whatever the answer is: but for "too busy", where it is known
 * of whom that was said. */
static struct gain take_answers(
    struct asking *asking, const struct call *call, const struct xr_user_settings_reply *reply)
{
    bool whole = reply->users_n == call->n;
    struct gain gain = { 0, reply->error.code == XR_SETTINGS_SERVER_BUSY };
    size_t left = 0;

    for (size_t i = 0; i < call->n; i++) {
        size_t at = asking->open[i];
        bool there = i < reply->users_n;
        bool busy = there && reply->users[i].error.code == XR_SETTINGS_SERVER_BUSY;
        gain.busy = gain.busy || busy;
        if (!there || (busy && whole)) {
            asking->open[left++] = at;
            continue;
        }
        asking->ret[at] = primary_address(asking->arena, call, reply, i);
        gain.settled += whole || asking->ret[at];
    }
    asking->open_n = left;
    return gain;
}

/* Fewer than a tenth at once are no gain over asking the directory, side by side. */
static bool is_worth_it(size_t asked, size_t answered)
{
    return answered * 10 >= asked;
}

static enum answered understand(struct asking *asking, struct call *call, int64_t *ret_back_off_ms)
{
    const struct xr_http_response *response = &call->response;
    struct xr_user_settings_reply reply;
    long pause_s = retry_after_s(response);

    if (xr_is_refusal(response))
        note_refusal(asking->settings, call);
    *ret_back_off_ms = pause_s <= PAUSE_LONGEST_S ? pause_s * 1000 : 0;
    if (pause_s)
        return *ret_back_off_ms ? BUSY : FAILED;
    if ((response->status != 200 && response->status != 500) ||
        xr_user_settings_parse(call->ctx.arena, call->addresses, call->n, response->body,
            response->body_length, &reply))
        return FAILED;
    struct gain gain = take_answers(asking, call, &reply);
    if (gain.busy)
        return BUSY;
    return is_worth_it(call->n, gain.settled) ? ANSWERED : FAILED;
}

static enum answered ask_once(struct asking *asking, int64_t *ret_back_off_ms)
{
    struct settings *settings = asking->settings;
    struct xr_arena *arena = xr_arena_new();
    enum answered answered = FAILED;
    struct call call;

    call_init(&call, asking, arena);
    if (send_call(&call))
        answered = understand(asking, &call, ret_back_off_ms);
    settings->http = call.leg.http;
    (void)atomic_fetch_add(&settings->state->requests, call.leg.requests);
    xr_arena_free(arena);
    return answered;
}

/* ---- all of them ---- */

static bool goes_on(const struct asking *asking)
{
    const struct settings *settings = asking->settings;

    return asking->open_n && settings->failures < FAILURES_MAX &&
           xr_bulk_may_go_on(settings->state) &&
           !xr_bulk_refused(settings->state, settings->start->target.account);
}

void xr_bulk_settings_ask(struct settings *settings, struct xr_arena *arena,
    const struct xr_user *users, size_t n, const char **ret)
{
    struct asking asking = {
        .settings = settings, .arena = arena, .users = users, .ret = ret, .open_n = n
    };
    enum answered answered = ANSWERED;
    int64_t back_off_ms = 0;

    for (size_t i = 0; i < n; i++)
        asking.open[i] = i;
    for (int busy = 0; answered != FAILED && goes_on(&asking);) {
        answered = ask_once(&asking, &back_off_ms);
        if (answered == BUSY && busy++ == BUSY_MAX)
            answered = FAILED;
        if (answered == BUSY)
            xr_bulk_throttled(settings->state, back_off_ms);
        if (answered != BUSY)
            settings->failures = answered == FAILED ? settings->failures + 1 : 0;
    }
}
