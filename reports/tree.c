#include "reports/tree.h"

#include <string.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/text.h"
#include "reports/occurrence.h"
#include "reports/subject.h"
#include "reports/terminal.h"
#include "reports/wrap.h"

enum { TIME_WIDTH = 11, LABEL_WIDTH = 14, SENT_MAX = 8 };

static const char *thousands(struct xr_arena *arena, int64_t number)
{
    if (number < 1000)
        return xr_printf(arena, "%d", (int)number);
    return xr_printf(arena, "%s,%03d", thousands(arena, number / 1000), (int)(number % 1000));
}

static void put_time(const struct xr_terminal *tree, const struct xr_step *step)
{
    int64_t us = step->elapsed_us > 0 ? step->elapsed_us : 0;

    if (step->status == XR_SKIPPED)
        return;
    xr_paint(tree, XR_DIM);
    (void)fprintf(tree->out, "%*s ms", TIME_WIDTH - 3,
        us > 0 && us < 1000 ? "<1" : thousands(tree->arena, us / 1000));
    xr_paint(tree, XR_PLAIN);
}

static const char *step_text(struct xr_arena *arena, const struct xr_step *step)
{
    const char *message = step->message ? step->message : "";
    bool names_blocker = !step->blocked_by || xr_contains(message, step->blocked_by);

    return xr_printf(arena, "%s%s%s%s%s%s", xr_visible(arena, step->title ? step->title : ""),
        *message ? ": " : "", xr_visible(arena, message), names_blocker ? "" : " (blocked by ",
        names_blocker ? "" : xr_visible(arena, step->blocked_by), names_blocker ? "" : ")");
}

/* Title and message, the time at the right end of the first line. */
static void put_step_text(
    const struct xr_terminal *tree, const struct xr_step *step, int indent, bool dim)
{
    int width = XR_TERMINAL_WIDTH - TIME_WIDTH - indent;
    const char *line = xr_wrapped(tree->arena, step_text(tree->arena, step), width);
    const char *title = xr_visible(tree->arena, step->title ? step->title : "");
    size_t length = strcspn(line, "\n");
    size_t bold = !strncmp(line, title, strlen(title)) ? strlen(title) : 0;

    xr_paint(tree, dim ? XR_DIM : XR_BOLD);
    (void)fprintf(tree->out, "%.*s", (int)bold, line);
    xr_paint(tree, dim ? "" : XR_PLAIN);
    (void)fprintf(tree->out, "%.*s", (int)(length - bold), line + bold);
    xr_paint(tree, XR_PLAIN);
    int columns = xr_columns(xr_strndup(tree->arena, line, length));
    if (step->status != XR_SKIPPED)
        (void)fprintf(tree->out, "%*s", columns < width ? width - columns : 0, "");
    put_time(tree, step);
    (void)fputc('\n', tree->out);
    if (line[length]) {
        xr_paint(tree, dim ? XR_DIM : "");
        for (const char *rest = line + length + 1; rest;) {
            size_t n = strcspn(rest, "\n");
            (void)fprintf(tree->out, "%*s%.*s\n", indent, "", (int)n, rest);
            rest = rest[n] ? rest + n + 1 : NULL;
        }
        xr_paint(tree, XR_PLAIN);
    }
}

static bool says_more(const struct xr_step *step, const struct xr_finding *finding)
{
    return finding->message && (!step->message || strcmp(step->message, finding->message));
}

static void put_findings(const struct xr_terminal *tree, const struct xr_step *step, int indent)
{
    for (const struct xr_finding *finding = step->findings; finding; finding = finding->next) {
        const char *id = xr_finding_kind(finding->code)->id;
        xr_put_indented(tree,
            says_more(step, finding) ? xr_printf(tree->arena, "[%s] %s", id, finding->message)
                                     : xr_printf(tree->arena, "[%s]", id),
            indent);
    }
}

static void put_all_details(const struct xr_terminal *tree, const struct xr_step *step, int indent)
{
    for (const struct xr_detail *detail = step->details; detail; detail = detail->next)
        xr_put_indented(tree,
            xr_printf(tree->arena, "%s: %s", detail->name, detail->value ? detail->value : ""),
            indent);
    for (const struct xr_exchange *x = step->exchanges; x; x = x->next)
        xr_put_indented(tree,
            x->status ? xr_printf(tree->arena, "%s %s → %d", x->method, x->url, x->status)
                      : xr_printf(tree->arena, "%s %s → no answer", x->method, x->url),
            indent);
}

/*
 * What passed takes one line, what did not is opened. An alternative that failed
 * under a parent that passed is one dim line: it is not what the reader looks for.
 */
static void put_step(
    const struct xr_terminal *tree, const struct xr_step *step, int depth, bool dim)
{
    bool verbose = tree->style->verbose > 0;
    bool opened = (step->status >= XR_WARNING && !dim) || verbose;
    int indent = depth * 2 + XR_STATUS_WIDTH;

    (void)fprintf(tree->out, "%*s", depth * 2, "");
    xr_put_status(tree, step->status, dim);
    put_step_text(tree, step, indent, dim);
    if (opened)
        put_findings(tree, step, indent);
    if (verbose)
        put_all_details(tree, step, indent);
    if (dim && !verbose)
        return;
    for (const struct xr_step *child = step->first; child; child = child->next) {
        bool spared = dim || xr_is_made_up_for(step, child);
        if (opened || spared)
            put_step(tree, child, depth + 1, spared);
    }
}

/*
 * A step whose parts are what the reader came for: each takes a line. What failed
 * is opened below its line as ever, unless another one made up for it.
 */
static void put_whole(const struct xr_terminal *tree, const struct xr_step *step, int depth)
{
    struct xr_step head = *step;

    head.first = NULL;
    put_step(tree, &head, depth, false);
    for (const struct xr_step *child = step->first; child; child = child->next) {
        if (xr_is_search(child))
            put_whole(tree, child, depth + 1);
        else
            put_step(tree, child, depth + 1, xr_is_made_up_for(step, child));
    }
}

static void tell_live(FILE *out, const struct xr_step *step, const struct xr_style *style,
    void (*put)(const struct xr_terminal *, const struct xr_step *))
{
    struct xr_terminal tree = { .out = out, .arena = xr_arena_new(), .style = style };

    if (style->verbose >= 0)
        put(&tree, step);
    (void)fflush(out);
    xr_arena_free(tree.arena);
}

static void put_folded(const struct xr_terminal *tree, const struct xr_step *step)
{
    put_step(tree, step, 0, false);
}

static void put_unfolded(const struct xr_terminal *tree, const struct xr_step *step)
{
    put_whole(tree, step, 0);
}

static void live(FILE *out, const struct xr_step *step, const struct xr_style *style)
{
    tell_live(out, step, style, put_folded);
}

static void live_whole(FILE *out, const struct xr_step *step, const struct xr_style *style)
{
    tell_live(out, step, style, put_unfolded);
}

/* A test of a host or a file has titles that name neither. */
static const char *headline(const struct xr_terminal *tree, const struct xr_run *run)
{
    const char *title = run->verdict.title ? run->verdict.title : run->test_title;
    const char *place = xr_subject_of_place(tree->arena, run->target);

    return place && !xr_contains(title, place) ? xr_printf(tree->arena, "%s: %s", place, title)
                                               : title;
}

/* What must not be overlooked, in a quiet run neither. */
static void put_caution(const struct xr_terminal *tree, const char *text)
{
    xr_put_status(tree, XR_WARNING, false);
    xr_put_hanging(tree, text, XR_STATUS_WIDTH);
}

static void put_headline(const struct xr_terminal *tree, const struct xr_run *run)
{
    const struct xr_verdict *verdict = &run->verdict;

    (void)fputc('\n', tree->out);
    xr_put_status(tree, verdict->status, false);
    xr_paint(tree, XR_BOLD);
    xr_put_hanging(tree, headline(tree, run), XR_STATUS_WIDTH);
    xr_paint(tree, XR_PLAIN);
    if (verdict->finding)
        xr_put_indented(tree,
            verdict->step
                ? xr_printf(tree->arena, "[%s] in step %s", verdict->finding, verdict->step)
                : xr_printf(tree->arena, "[%s]", verdict->finding),
            XR_STATUS_WIDTH);
    if (run->target->ignore_trust && run->target->mailbox)
        put_caution(tree,
            "CERTIFICATE TRUST WAS IGNORED in this run (--ignore-trust): whoever sits between "
            "could have read what was sent.");
    else if (run->target->ignore_trust)
        put_caution(tree,
            "CERTIFICATE TRUST WAS IGNORED in this run (--ignore-trust): where clients would "
            "refuse, a warning stands. No credentials were sent.");
    if (run->target->at_ms)
        put_caution(tree,
            xr_printf(tree->arena,
                "JUDGED AS OF %s (--at), not as of this run: dates and days left count from then.",
                xr_rfc3339(tree->arena, run->target->at_ms)));
}

/* The catalogue may write a cause in several paragraphs. */
static void put_cause(const struct xr_terminal *tree, const char *cause)
{
    const char *label = "Cause";

    while (cause && *cause) {
        size_t length = strcspn(cause, "\n");
        xr_put_labelled(tree, label, xr_strndup(tree->arena, cause, length));
        cause += length + strspn(cause + length, "\n");
        label = "";
    }
}

static void put_remedy(const struct xr_terminal *tree, const struct xr_advice *advice)
{
    if (!advice->text)
        return;
    xr_paint(tree, XR_BOLD);
    (void)fputs("  What to do\n", tree->out);
    xr_paint(tree, XR_PLAIN);
    for (int number = 1; advice->text; advice++, number++) {
        (void)fprintf(tree->out, "    %d. ", number);
        xr_put_hanging(tree, advice->text, number > 9 ? 8 : 7);
        xr_put_how(tree, advice, 7);
    }
}

static const char *joined(struct xr_arena *arena, const char *const *texts)
{
    const char *all = NULL;

    for (; *texts; texts++)
        all = all ? xr_printf(arena, "%s; %s", all, *texts) : *texts;
    return all;
}

static void put_also(const struct xr_terminal *tree, const struct xr_run *run)
{
    struct xr_occurrence also[XR_ALSO_MAX];
    size_t count = xr_verdict_also(run, also);

    for (size_t i = 0; i < count; i++)
        xr_put_labelled(tree, i ? "" : "Also found",
            xr_printf(tree->arena, "[%s] %s", xr_finding_kind(also[i].finding->code)->id,
                also[i].finding->message ? also[i].finding->message : ""));
}

/* Who got credentials; the receivers of anything else are counted, and listed with -v. */
static void put_sent(const struct xr_terminal *tree, const struct xr_sent *sent)
{
    bool all = tree->style->verbose > 0;
    int shown = 0, left_out = 0;

    for (; sent; sent = sent->next) {
        if (!all && (!strcmp(sent->credentials, "none") || shown == SENT_MAX)) {
            left_out++;
            continue;
        }
        xr_put_labelled(tree, shown++ ? "" : "Was sent",
            xr_printf(tree->arena, "to %s: %s; credentials: %s; protected by: %s", sent->to,
                sent->what, sent->credentials, sent->protected_by));
    }
    if (left_out)
        xr_put_labelled(tree, shown ? "" : "Was sent",
            xr_printf(tree->arena, "%s%d %s without credentials (-v lists them)",
                shown ? "and " : "", left_out, left_out == 1 ? "question" : "questions"));
}

static void put_summary(const struct xr_terminal *tree, const struct xr_run *run)
{
    xr_put_labelled(tree, "Steps",
        xr_printf(tree->arena, "%d failed, %d with a warning, %d passed, %d skipped, in %s ms",
            run->summary[XR_ERROR], run->summary[XR_WARNING], run->summary[XR_SUCCESS],
            run->summary[XR_SKIPPED], thousands(tree->arena, run->elapsed_us / 1000)));
}

static void put_place(const struct xr_terminal *tree, const struct xr_run *run)
{
    const struct xr_facts *facts = &run->facts;

    if (!xr_is_of_place(run->target))
        return;
    xr_put_labelled(tree, "Host", run->target->host);
    xr_put_labelled(tree, "File", run->target->chain_file);
    for (const char *const *more = run->target->more_chain_files; more && *more; more++)
        xr_put_labelled(tree, "", *more);
    if (facts->tls_protocol)
        xr_put_labelled(tree, "Agreed on",
            xr_printf(tree->arena, "%s%s%s", facts->tls_protocol, facts->tls_cipher ? ", " : "",
                facts->tls_cipher ? facts->tls_cipher : ""));
}

/* Where the mailbox is, of which a test of EWS itself tells more than Autodiscover does. */
static void put_home(const struct xr_terminal *tree, const struct xr_run *run)
{
    const struct xr_facts *facts = &run->facts;
    const char *home = facts->mailbox_home, *because = facts->mailbox_home_because;

    if (!xr_is_of_discovery(run))
        return;
    if (home)
        xr_put_labelled(tree, "Mailbox",
            xr_printf(tree->arena, "%s%s%s", home, because ? ": " : "", because ? because : ""));
    if (facts->cloud.name)
        xr_put_labelled(tree, "Cloud",
            xr_printf(tree->arena, "%s%s%s", facts->cloud.name, facts->cloud.because ? ": " : "",
                facts->cloud.because ? facts->cloud.because : ""));
}

static const char *ews_address(const struct xr_terminal *tree, const struct xr_facts *facts)
{
    if (!facts->ews_url || !facts->ews_url_is_internal)
        return facts->ews_url;
    return xr_printf(tree->arena, "%s (for the internal network only)", facts->ews_url);
}

static void write_tree(FILE *out, const struct xr_run *run, const struct xr_style *style)
{
    struct xr_terminal tree = {
        .out = out, .arena = xr_arena_new(), .style = style, .label_width = LABEL_WIDTH
    };
    const struct xr_verdict *verdict = &run->verdict;

    put_headline(&tree, run);
    if (style->verbose >= 0) {
        xr_put_indented(&tree, verdict->meaning, XR_STATUS_WIDTH);
        (void)fputc('\n', out);
        put_cause(&tree, verdict->cause);
        xr_put_labelled(&tree, "Who", verdict->owner_title);
        put_remedy(&tree, verdict->remedy);
        xr_put_labelled(&tree, "Ruled out", joined(tree.arena, verdict->ruled_out));
        put_also(&tree, run);
        xr_put_labelled(&tree, "Reference", verdict->reference);
        put_place(&tree, run);
        xr_put_labelled(&tree, "EWS address", ews_address(&tree, &run->facts));
        put_home(&tree, run);
        xr_put_labelled(&tree, "Server", run->facts.server_product);
        if (!run->target->chain_file)
            xr_put_labelled(&tree, "Proxy", run->origin.proxy);
        put_sent(&tree, run->sent);
        put_summary(&tree, run);
    }
    xr_arena_free(tree.arena);
}

const struct xr_report xr_report_tree = {
    .name = "tree",
    .about = "for people at a terminal, as the steps end",
    .media_type = "text/plain; charset=utf-8",
    .live = live,
    .live_whole = live_whole,
    .write = write_tree,
};
