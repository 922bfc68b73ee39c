#include <string.h>

#include "analyzer/base/pool.h"
#include "analyzer/base/text.h"
#include "probes/autodiscover_parts.h"
#include "probes/faults.h"

enum { CLOUD_MS = 3000 }; /* for records that are no more than a hint */

/* One round over all ways, for one domain. */
struct round {
    struct xr_discovery *discovery;
    struct xr_method *methods;
    struct xr_race race;
    struct xr_ctx ctx; /* for those that run side by side: its deadline ends with the race */
};

/* ---- side by side ---- */

/* The hosts of another domain must be allowed one by one; of the mail domain they are. */
static bool domain_may_be_asked(struct xr_method *method)
{
    const char *host = method->way == XR_WAY_ROOT
                           ? method->domain
                           : xr_printf(method->arena, "autodiscover.%s", method->domain);
    static const enum xr_cargo cargoes[XR_PLACES] = {
        [XR_WAY_ROOT] = XR_CARGO_SECRET,
        [XR_WAY_HOST] = XR_CARGO_SECRET,
        [XR_WAY_REDIRECT] = XR_CARGO_NOTHING,
        [XR_WAY_V2] = XR_CARGO_ADDRESS,
    };
    bool https = method->way != XR_WAY_REDIRECT;
    struct xr_own_hosts own = xr_own_hosts(&method->own);
    struct xr_passage passage = { NULL, XR_NAMED_BY_RULE, https, host, cargoes[method->way] };

    if (method->way == XR_WAY_SRV || xr_policy(&own, &passage).permit != XR_REFUSE)
        return true;
    bool is_root = method->way == XR_WAY_ROOT; /* mostly a web site: not the one to be allowed */
    method->step->host = host;
    (void)xr_method_fail(method, is_root ? XR_GOT_WEB : XR_GOT_SERVICE,
        XR_FINDING_AUTODISCOVER_REDIRECT_NOT_ALLOWED,
        "Autodiscover redirects to the domain %s; its host %s is outside %s, so no address and no "
        "credentials were sent there.",
        method->domain, host, method->own.mail_domain);
    return false;
}

static bool is_settled(const struct xr_discovery *discovery)
{
    const struct xr_ctx *ctx = discovery->ctx;

    return discovery->winner || discovery->next_address || ctx->gate_closed_by ||
           ctx->proof_unclear;
}

static void tell_unasked(struct xr_discovery *discovery, struct xr_method *method)
{
    if (!discovery->waiting)
        discovery->waiting = method;
    (void)xr_warning(method->step, XR_FINDING_AUTODISCOVER_NOT_ASKED,
        "A service answers at %s; it was not asked, for no account was given.",
        method->ready->host);
}

/* Behind the logon, one at a time, by rank. */
static void ask_in_order(struct round *round)
{
    struct xr_discovery *discovery = round->discovery;
    enum xr_way way;

    while ((way = xr_race_next(&round->race)) != XR_PLACES) {
        struct xr_method *method = &round->methods[way];
        if (discovery->ctx->target->account)
            xr_discovery_ask(discovery, method);
        else
            tell_unasked(discovery, method);
        if (is_settled(discovery)) {
            if (discovery->ctx->target->both_protocols) /* all that can be learned is wanted */
                xr_race_wait(&round->race, XR_WAY_MICROSOFT_365);
            xr_race_won(&round->race);
            return;
        }
        xr_race_ended(&round->race, way, false);
    }
}

static void prepare(struct round *round, struct xr_method *method)
{
    if (method->way == XR_WAY_MICROSOFT_365)
        xr_find_cloud_records(method);
    else if (domain_may_be_asked(method))
        xr_method_prepare(method);
    xr_race_ended(&round->race, method->way, method->ready != NULL);
}

/* Each leads a way to where it can be asked; the last one asks. Were there no threads to be had,
 * one after the other would still come to an end. */
static void run_one(void *arg, size_t i)
{
    struct round *round = arg;

    if (i == XR_PLACES)
        ask_in_order(round);
    else if (round->methods[i].race)
        prepare(round, &round->methods[i]);
}

static bool is_excluded(const struct xr_ctx *ctx, enum xr_way way)
{
    return ctx->target->no_ways & 1u << way;
}

static void start_one(struct round *round, enum xr_way way, const char *prefix)
{
    struct xr_discovery *discovery = round->discovery;
    struct xr_method *method = &round->methods[way];

    xr_method_init(method, way, &round->ctx, prefix, discovery->domain);
    if (is_excluded(discovery->ctx, way)) {
        (void)xr_skipped(method->step, NULL, "Left out on request.");
        return;
    }
    if (way == XR_WAY_V2)
        return;
    method->race = &round->race;
    xr_race_enter(&round->race, way);
    if (way == XR_WAY_MICROSOFT_365 && method->own.step_ms > CLOUD_MS)
        method->own.deadline = xr_deadline_within(method->own.deadline, CLOUD_MS);
}

/* ---- how each way ended ---- */

static bool was_cancelled(const struct xr_step *step)
{
    return step->last_finding && step->last_finding->code == XR_FINDING_LOCAL_CANCELLED;
}

/* It did not fail: nobody wanted it any more. */
static void tell_cancelled(struct xr_step *step, const char *reason)
{
    for (struct xr_step *child = step->first; child; child = child->next)
        if (was_cancelled(child) || child->blocked_by || child->first)
            tell_cancelled(child, reason);
    if (was_cancelled(step) || step->status == XR_SKIPPED) {
        step->findings = step->last_finding = NULL;
        (void)xr_skipped(step, NULL, "%s", reason);
    }
}

/* Why a way is not gone to its end; NULL: it was. */
static const char *reason_to_stop(const struct xr_discovery *discovery, bool begun)
{
    struct xr_arena *arena = discovery->ctx->arena;
    const char *what = begun ? "Cancelled" : "Not needed";

    if (discovery->winner)
        return xr_printf(arena, "%s: %s has answered.", what, discovery->winner->step->id);
    if (discovery->next_address)
        return xr_printf(arena, "%s: another address is asked for now.", what);
    return NULL;
}

static void end_one(struct xr_discovery *discovery, struct xr_method *method)
{
    struct xr_step *step = method->step;
    const char *refused = discovery->ctx->gate_closed_by;
    const char *unclear = discovery->unclear_in;
    const char *reason = reason_to_stop(discovery, was_cancelled(step));

    if (method == discovery->winner || is_excluded(discovery->ctx, method->way))
        return;
    if (was_cancelled(step) && !xr_cancelled())
        tell_cancelled(step, reason ? reason : "Cancelled: no more credentials are sent.");
    if (step->status == XR_SKIPPED && reason)
        (void)xr_skipped(step, NULL, "%s", reason);
    else if (step->status == XR_SKIPPED && refused)
        (void)xr_skipped(
            step, refused, "Not asked: the credentials were refused once, and once is enough.");
    else if (step->status == XR_SKIPPED && unclear)
        (void)xr_skipped(step, unclear,
            "Not asked: the credentials went out once without a clear answer, which may count as a "
            "failed logon.");
    else if (!step->message)
        (void)xr_skipped(step, NULL, "Not asked: the time was over.");
}

static bool is_local(const struct xr_method *method)
{
    return method->step->last_finding && xr_finding_is_local(method->step->last_finding->code);
}

static void keep_furthest(struct xr_discovery *discovery, struct xr_method *method)
{
    bool further = !discovery->furthest || method->progress > discovery->furthest->progress;

    if (method->step->status != XR_ERROR)
        return;
    if (further)
        discovery->furthest = method;
    if (is_local(method))
        discovery->cut = method;
    /* The root domain is mostly a web site: what is wrong with it tells nothing of Exchange. */
    if (method->way != XR_WAY_ROOT && method->progress == XR_GOT_CONNECTED)
        discovery->telling = method;
}

/* ---- a round ---- */

/* What can be learned without a logon, when nothing better was. */
static void last_resorts(struct xr_discovery *discovery)
{
    struct xr_method *v2 = &discovery->methods[XR_WAY_V2];
    struct xr_method *cloud = &discovery->methods[XR_WAY_MICROSOFT_365];
    const struct xr_method *furthest = discovery->furthest;

    xr_judge_cloud(discovery);
    discovery->ctx->deadline =
        xr_deadline_within(discovery->ctx->deadline, discovery->ctx->step_ms);
    if (is_settled(discovery) || xr_time_state(discovery->ctx->deadline) != XR_TIME_LEFT)
        return;
    if (furthest && furthest->progress >= XR_GOT_ANSWER) {
        (void)xr_skipped(v2->step, NULL, "Not asked: %s gave the answer.", furthest->step->id);
        (void)xr_skipped(cloud->step, NULL, "Not asked: %s gave the answer.", furthest->step->id);
        return;
    }
    if (!is_excluded(discovery->ctx, XR_WAY_V2) && domain_may_be_asked(v2))
        xr_ask_v2(discovery, v2);
    if (!is_excluded(discovery->ctx, XR_WAY_MICROSOFT_365) && !is_settled(discovery))
        xr_ask_cloud(discovery, cloud);
}

/* parent: under which the ways are shown. */
static void round_of(struct xr_discovery *discovery, struct xr_step *parent)
{
    struct xr_ctx *ctx = discovery->ctx;
    struct xr_method *methods = xr_new_n(ctx->arena, struct xr_method, XR_PLACES);
    struct round round = { .discovery = discovery, .methods = methods };

    discovery->methods = methods;
    ctx->deadline = xr_deadline_within(ctx->deadline, ctx->step_ms);
    round.ctx = *ctx;
    round.ctx.deadline.no_need = &round.race.no_need;
    xr_race_init(&round.race);
    for (int way = 0; way < XR_PLACES; way++)
        start_one(&round, (enum xr_way)way, parent->id);
    xr_pool_run(XR_PLACES + 1, XR_PLACES + 1, run_one, &round);
    xr_race_done(&round.race);
    for (int way = 0; way < XR_PLACES; way++)
        xr_arena_absorb(ctx->arena, methods[way].arena);
    for (int way = 0; way < XR_PLACES; way++) {
        keep_furthest(discovery, &methods[way]);
        xr_note_pauses(discovery, &methods[way]);
    }
    last_resorts(discovery);
    for (int way = 0; way < XR_PLACES; way++) {
        end_one(discovery, &methods[way]);
        keep_furthest(discovery, &methods[way]);
        xr_note_pauses(discovery, &methods[way]);
        xr_step_attach(parent, methods[way].step);
        xr_note_method(discovery, &methods[way]);
        xr_method_done(&methods[way]);
    }
}

/* The ways of a hop are alternatives too: one that leads on is enough. */
static void judge_hop(const struct xr_discovery *discovery, struct xr_step *hop)
{
    if (discovery->winner) {
        (void)xr_success(hop, "%s gave the EWS URL.", discovery->winner->step->id);
    } else if (discovery->next_address) {
        (void)xr_success(hop, "Redirects to the address %s.", discovery->next_address);
    } else {
        hop->status = XR_ERROR;
        hop->message =
            discovery->furthest ? discovery->furthest->step->message : "No way led on from here.";
    }
}

static void search(struct xr_discovery *discovery)
{
    struct xr_arena *arena = discovery->ctx->arena;

    round_of(discovery, discovery->step);
    while (discovery->next_address && !discovery->winner && !discovery->ctx->gate_closed_by &&
           !discovery->ctx->proof_unclear) {
        struct xr_address address;
        const char *why;
        discovery->address = discovery->next_address;
        discovery->next_address = NULL;
        discovery->furthest = NULL; /* what counts now is where the redirection leads */
        if (!xr_address_parse(arena, discovery->address, &address, &why))
            return;
        discovery->domain = address.domain;
        const char *id = xr_printf(arena, "autodiscover.hop-%d", discovery->hops);
        struct xr_step *hop = xr_step_add(arena, discovery->step, id, discovery->address);
        hop->started_us = xr_now_us();
        round_of(discovery, hop);
        hop->elapsed_us = xr_now_us() - hop->started_us;
        judge_hop(discovery, hop);
    }
}

/* ---- the verdict ---- */

/* What the certificate of the winning host warns of, for instance. */
static bool tell_warnings_below(struct xr_step *to, const struct xr_step *from)
{
    bool any = false;

    for (const struct xr_step *child = from->first; child; child = child->next) {
        for (const struct xr_finding *at = child->findings; at; at = at->next)
            if (at->status == XR_WARNING) {
                (void)xr_find(to, at->code, XR_WARNING, "%s", at->message);
                to->host = to->host ? to->host : from->host;
                any = true;
            }
        any = tell_warnings_below(to, child) || any;
    }
    return any;
}

/* Where Autodiscover is what is tested. On the way to a mailbox it is enough that the URL is known;
 * the next steps show what it is worth. */
static void tell_remarks(struct xr_discovery *discovery)
{
    struct xr_ctx *ctx = discovery->ctx;
    struct xr_step *step = discovery->step;

    if (strcmp(ctx->run->test, "autodiscover") != 0)
        return;
    if (discovery->disagreement)
        (void)xr_find(step, XR_FINDING_AUTODISCOVER_ANSWERS_DISAGREE, XR_WARNING, "%s",
            xr_sentence(ctx->arena, discovery->disagreement));
    if (discovery->soap_failure) {
        const struct xr_finding *why = discovery->soap_failure->last_finding;
        (void)xr_find(step, XR_FINDING_AUTODISCOVER_SOAP_FAILED, XR_WARNING,
            "POX gives settings, SOAP does not: %s", discovery->soap_failure->message);
        step->last_finding->cause = why ? why->cause : NULL;
    }
    if (discovery->said.is_internal)
        (void)xr_find(step, XR_FINDING_AUTODISCOVER_INTERNAL_URL_ONLY, XR_WARNING,
            "%s is the URL for the internal network; no external one is given.", ctx->ews.text);
    if (tell_warnings_below(step, discovery->winner->step))
        discovery->winner->step->status = XR_WARNING;
}

static enum xr_status found(struct xr_discovery *discovery)
{
    struct xr_ctx *ctx = discovery->ctx;
    struct xr_facts *facts = &ctx->run->facts;
    struct xr_step *step = discovery->step;
    const struct xr_said *said = &discovery->said;

    facts->known |= XR_FACT_EWS_URL;
    facts->ews_url = ctx->ews.text;
    facts->ews_url_from = discovery->winner->step->id;
    facts->ews_url_is_internal = said->is_internal;
    facts->autodiscover_smtp_address = said->smtp_address;
    facts->display_name = said->display_name;
    if (discovery->winner->way < XR_WAY_V2) /* somebody had to log on for it */
        ctx->vouched = ctx->ews.host;
    if (said->smtp_address)
        xr_step_detail(step, "Primary address", "%s", said->smtp_address);
    xr_step_detail(step, "EWS URL", "%s, from %s", ctx->ews.text, facts->ews_url_from);
    if (facts->mailbox_home)
        xr_step_detail(step, "Mailbox", "%s: %s", facts->mailbox_home, facts->mailbox_home_because);
    (void)xr_success(step, "%s gave the EWS URL %s.", facts->ews_url_from, ctx->ews.text);
    tell_remarks(discovery);
    return step->status;
}

/* Our side ended the search: what else went wrong meanwhile is no verdict about the target. */
static bool was_cut_short(const struct xr_discovery *discovery)
{
    struct xr_deadline whole = discovery->ctx->deadline;

    whole.step_us = whole.run_us;
    return discovery->cut && xr_time_state(whole) != XR_TIME_LEFT;
}

/* No discovery service answered: the most telling failure first, then what each way met. */
static const char *what_each_met(const struct xr_discovery *discovery)
{
    const struct xr_method *telling = discovery->telling;
    struct xr_arena *arena = discovery->ctx->arena;
    const char *text = discovery->ctx->target->no_ways
                           ? "Some methods were left out on request; none of the others led to a "
                             "service."
                           : "No host of the mail domain answered as an Autodiscover service.";

    if (telling) {
        const struct xr_finding *finding = telling->step->last_finding;
        text = xr_printf(arena,
            "A host for Autodiscover is there, but could not be used: %s (exray explain %s tells "
            "how to mend that.)",
            finding->message, xr_finding_kind(finding->code)->id);
    }
    text = xr_printf(arena, "%s What each method met:", text);
    for (const struct xr_step *at = discovery->step->first; at; at = at->next)
        if (at->status == XR_ERROR)
            text = xr_printf(arena, "%s %s: %s", text, at->id, at->message ? at->message : "");
    return text;
}

/* At the bare domain it may be a web site of the company; where nothing else is known of Exchange,
 * it is the best that can be told. */
static bool is_stopped(const struct xr_discovery *discovery, const struct xr_method *furthest)
{
    const struct xr_finding *finding = furthest->step->last_finding;

    return !discovery->telling && finding &&
           (finding->code == XR_FINDING_HTTP_POOL_STOPPED ||
               finding->code == XR_FINDING_EWS_THROTTLED);
}

static enum xr_status failed(struct xr_discovery *discovery)
{
    struct xr_method *furthest = was_cut_short(discovery) ? discovery->cut : discovery->furthest;
    struct xr_step *step = discovery->step;
    bool answered = furthest && (furthest->progress >= XR_GOT_ANSWER || is_local(furthest));
    bool told = furthest && (furthest->progress >= XR_GOT_SERVICE || is_local(furthest) ||
                                is_stopped(discovery, furthest));

    if (discovery->waiting && !answered) {
        step->host = discovery->waiting->step->host;
        return xr_warning(
            step, XR_FINDING_AUTODISCOVER_NOT_ASKED, "%s", discovery->waiting->step->message);
    }
    if (!told) {
        enum xr_status status = xr_error(step, XR_FINDING_AUTODISCOVER_NO_METHOD,
            discovery->ctx->target->no_ways
                ? "None of the methods that were asked for found an Autodiscover service for %s."
                : "No method found an Autodiscover service for %s.",
            discovery->ctx->mail_domain);
        step->last_finding->cause = what_each_met(discovery);
        return status;
    }
    const struct xr_finding *finding = furthest->step->last_finding;
    if (finding->code == XR_FINDING_EWS_THROTTLED && furthest->progress >= XR_GOT_SERVICE)
        discovery->ctx->back_off_ms = furthest->own.back_off_ms;
    enum xr_status status = xr_error(step, finding->code, "%s", finding->message);
    step->last_finding->cause = finding->cause;
    if (finding->code == XR_FINDING_AUTODISCOVER_ADDRESS_NOT_FOUND && discovery->cloud)
        step->last_finding->cause = xr_printf(discovery->ctx->arena,
            "This service does not know the address. Mail of %s comes in at %s (%s): it may live "
            "there. Otherwise the address is misspelt, or it belongs to nobody here.",
            discovery->domain, discovery->cloud->name, discovery->ctx->run->facts.cloud.because);
    step->host = furthest->step->host;
    return status;
}

static void tell_scp(struct xr_step *parent)
{
    struct xr_step *step = xr_step_add(
        parent->arena, parent, "autodiscover.scp", "Service connection points in Active Directory");

    step->started_us = xr_now_us();
    (void)xr_skipped(step, NULL,
        "Not applicable: only Windows clients of the domain look there, and the vendor's engine is "
        "none.");
}

static const char *not_needed(const struct xr_ctx *ctx)
{
    return ctx->target->ews_url ? "Not needed: the EWS URL was given." : NULL;
}

/* Where is Exchange Web Services for this mailbox? All ways are alternatives: one success is
 * enough. */
static enum xr_status run(struct xr_ctx *ctx, struct xr_step *step)
{
    struct xr_discovery discovery = {
        .ctx = ctx, .step = step, .address = ctx->target->mailbox, .domain = ctx->mail_domain
    };

    tell_scp(step);
    search(&discovery);
    xr_note_home(&discovery);
    return discovery.winner ? found(&discovery) : failed(&discovery);
}

const struct xr_probe xr_probe_autodiscover = {
    .id = "autodiscover",
    .title = "Autodiscover",
    .about = "Where is Exchange Web Services for this mailbox?",
    .needs = XR_FACT_FORM,
    .provides = XR_FACT_EWS_URL,
    .not_needed = not_needed,
    .run = run,
};
