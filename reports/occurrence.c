#include "reports/occurrence.h"

#include <string.h>

#include "analyzer/base/buf.h"
#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "reports/subject.h"

enum { TICKET_MAX = 64 * 1024 };

static const char *id_of(const struct xr_finding *finding)
{
    return xr_finding_kind(finding->code)->id;
}

static struct xr_occurrence find_below(const struct xr_step *step, const char *id)
{
    for (const struct xr_finding *finding = step->findings; finding; finding = finding->next)
        if (!strcmp(id_of(finding), id))
            return (struct xr_occurrence){ .finding = finding, .step = step };
    for (const struct xr_step *child = step->first; child; child = child->next) {
        struct xr_occurrence found = find_below(child, id);
        if (found.finding)
            return found;
    }
    return (struct xr_occurrence){ 0 };
}

struct xr_occurrence xr_verdict_occurrence(const struct xr_run *run)
{
    const struct xr_verdict *verdict = &run->verdict;

    if (!verdict->finding || !verdict->step)
        return (struct xr_occurrence){ 0 };
    for (const struct xr_step *step = run->root->first; step; step = step->next)
        if (!strcmp(step->id, verdict->step))
            return find_below(step, verdict->finding);
    return (struct xr_occurrence){ 0 };
}

struct collection {
    struct xr_occurrence *at;
    size_t count;
    const char *verdict;
};

static void collect(struct collection *all, const struct xr_step *step, const struct xr_finding *f)
{
    if (f->status < XR_WARNING || all->count == XR_ALSO_MAX || xr_same(id_of(f), all->verdict))
        return;
    for (size_t i = 0; i < all->count; i++)
        if (all->at[i].finding->code == f->code)
            return;
    all->at[all->count++] = (struct xr_occurrence){ .finding = f, .step = step };
}

static void collect_below(struct collection *all, const struct xr_step *step)
{
    for (const struct xr_finding *finding = step->findings; finding; finding = finding->next)
        collect(all, step, finding);
    for (const struct xr_step *child = step->first; child; child = child->next)
        if (child->status <= step->status)
            collect_below(all, child);
}

size_t xr_verdict_also(const struct xr_run *run, struct xr_occurrence ret[XR_ALSO_MAX])
{
    struct collection all = { .at = ret, .verdict = run->verdict.finding };

    for (const struct xr_step *step = run->root->first; step; step = step->next)
        collect_below(&all, step);
    return all.count;
}

bool xr_is_search(const struct xr_step *step)
{
    static const char search[] = "autodiscover", hop[] = "autodiscover.hop-";

    return step->id && (!strcmp(step->id, search) ||
                           (xr_starts(step->id, hop) && !strchr(step->id + sizeof(hop) - 1, '.')));
}

bool xr_is_made_up_for(const struct xr_step *parent, const struct xr_step *step)
{
    if (!parent || step->status <= parent->status)
        return false;
    return parent->status == XR_SUCCESS || (parent->status == XR_WARNING && xr_is_search(parent));
}

/* One line of the ticket's table; values of strangers must not add lines of their own. */
static void add_row(struct xr_buf *to, struct xr_arena *arena, const char *label, const char *value)
{
    if (value)
        (void)xr_buf_printf(to, "%-16s %s\n", label, xr_visible(arena, value));
}

/* What a test without mailbox was about; its reader looks for the certificate by these. */
static void add_place(struct xr_buf *to, const struct xr_run *run)
{
    const struct xr_fact_certificate *leaf = run->facts.certificates;
    const struct xr_target *target = run->target;

    if (!xr_is_of_place(target))
        return;
    add_row(to, run->arena, "Host", target->host);
    add_row(to, run->arena, "Certificate file", xr_file_name(target->chain_file));
    if (target->at_ms)
        add_row(to, run->arena, "Judged as of", xr_rfc3339(run->arena, target->at_ms));
    while (leaf && !xr_same(leaf->role, "leaf"))
        leaf = leaf->next;
    if (!leaf)
        return;
    add_row(to, run->arena, "Certificate", leaf->subject);
    add_row(to, run->arena, "Serial number", leaf->serial);
    add_row(to, run->arena, "SHA-256", leaf->sha256);
}

static const char *joined(struct xr_arena *arena, const char *const *texts)
{
    const char *all = NULL;

    for (; *texts; texts++)
        all = all ? xr_printf(arena, "%s; %s", all, *texts) : *texts;
    return all;
}

const char *xr_verdict_ticket(const struct xr_run *run)
{
    const struct xr_verdict *verdict = &run->verdict;
    const struct xr_finding *finding = xr_verdict_occurrence(run).finding;
    struct xr_arena *arena = run->arena;
    xr_auto_buf to;

    xr_buf_init(&to, TICKET_MAX);
    if (!verdict->finding || !verdict->owner || !strcmp(verdict->owner, "you"))
        return NULL;
    (void)xr_buf_printf(&to, "exray: %s (%s)\n",
        xr_visible(arena, verdict->title ? verdict->title : run->test_title), verdict->finding);
    add_place(&to, run);
    add_row(&to, arena, "Mailbox", run->target->mailbox);
    add_row(&to, arena, "Service account", run->target->account);
    add_row(
        &to, arena, "EWS address", run->facts.ews_url ? run->facts.ews_url : run->target->ews_url);
    add_row(&to, arena, "What happened", finding ? finding->message : NULL);
    add_row(&to, arena, "Time", xr_rfc3339(arena, run->started_wall_ms));
    add_row(&to, arena, "Server", run->facts.server_name);
    add_row(&to, arena, "request-id", run->facts.request_id);
    add_row(&to, arena, "Asked from", run->origin.host);
    add_row(&to, arena, "Ruled out", joined(arena, verdict->ruled_out));
    (void)xr_buf_puts(&to, "What to do\n");
    for (const struct xr_advice *advice = verdict->remedy; advice->text; advice++)
        (void)xr_buf_printf(
            &to, "%d. %s\n", (int)(advice - verdict->remedy) + 1, xr_visible(arena, advice->text));
    while (to.length && to.at[to.length - 1] == '\n')
        to.at[--to.length] = '\0';
    return xr_strndup(arena, to.at, to.length);
}
