#include <string.h>

#include "analyzer/base/text.h"
#include "reports/html_chain.h"

bool xr_chain_is_root(const struct xr_fact_certificate *certificate)
{
    return xr_same(certificate->role, "root");
}

bool xr_chain_is_gap(const struct xr_fact_certificate *certificate)
{
    return certificate->missing && !xr_chain_is_root(certificate);
}

bool xr_chain_is_known(const struct xr_fact_certificate *certificate)
{
    return !certificate->missing || certificate->fetched;
}

/* What the box says in its corner. */
struct judgement {
    enum xr_status status;
    const char *word;
};

static struct judgement judge_dates(
    const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    const struct xr_target *target = page->run->target;
    int64_t days = xr_page_days_left(page, certificate->not_after_ms);

    if (!xr_chain_is_known(certificate))
        return (struct judgement){ XR_SUCCESS, NULL };
    if (days < 0)
        return (struct judgement){ XR_ERROR, "Expired" };
    if (certificate->not_before_ms > xr_page_now_ms(page))
        return (struct judgement){ XR_ERROR, "Not valid yet" };
    if (days >= target->warn_days && days >= target->crit_days)
        return (struct judgement){ XR_SUCCESS, NULL };
    return (struct judgement){ days < target->crit_days ? XR_ERROR : XR_WARNING,
        xr_printf(page->run->arena, "%d %s left", (int)days, days == 1 ? "day" : "days") };
}

static bool signs_itself(const struct xr_fact_certificate *certificate)
{
    return certificate->subject && certificate->issuer &&
           !strcmp(certificate->subject, certificate->issuer);
}

/* Neither sent nor fetched: it can only be one of the trusted roots. */
static bool is_from_store(const struct xr_fact_certificate *certificate)
{
    return !certificate->sent && !certificate->missing && !certificate->fetched;
}

bool xr_chain_is_end(const struct xr_fact_certificate *certificate)
{
    return xr_chain_is_root(certificate) || signs_itself(certificate);
}

bool xr_chain_is_trusted(const struct xr_fact_certificate *certificate)
{
    return certificate->trusted || is_from_store(certificate);
}

static struct judgement judge_trust(
    const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    bool ends = xr_chain_is_end(certificate);
    enum xr_status bad = page->run->target->ignore_trust ? XR_WARNING : XR_ERROR;

    if (xr_chain_is_gap(certificate))
        return (struct judgement){ bad, "Missing" };
    if (ends && !xr_chain_is_trusted(certificate))
        return (struct judgement){ bad, "Not trusted" };
    return (struct judgement){ XR_SUCCESS, ends ? "Trusted" : "In order" };
}

static struct judgement judge_revocation(const struct xr_fact_certificate *certificate)
{
    if (xr_same(certificate->revocation, "revoked"))
        return (struct judgement){ XR_ERROR, "Revoked" };
    if (certificate->revocation && xr_same(certificate->revocation, "unknown"))
        return (struct judgement){ XR_WARNING, "Revocation unknown" };
    return (struct judgement){ XR_SUCCESS, NULL };
}

/* The worst; of equals the first: what is missing matters more than its dates. */
static struct judgement judge(
    const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    const struct judgement judgements[] = { judge_trust(page, certificate),
        judge_revocation(certificate), judge_dates(page, certificate) };
    struct judgement worst = judgements[0];

    for (size_t i = 1; i < sizeof(judgements) / sizeof(*judgements); i++)
        if (judgements[i].status > worst.status)
            worst = judgements[i];
    return worst;
}

enum xr_status xr_chain_dates_status(
    const struct xr_page *page, const struct xr_fact_certificate *certificate)
{
    return judge_dates(page, certificate).status;
}

const char *xr_chain_common_name(struct xr_arena *arena, const char *subject)
{
    const char *at = subject && *subject ? subject : "(no subject)";

    for (const char *cn = strcasestr(at, "CN"); cn; cn = strcasestr(cn + 2, "CN")) {
        const char *value = cn + 2 + strspn(cn + 2, " ");
        bool starts_part = cn == at || cn[-1] == ',' || cn[-1] == ' ' || cn[-1] == '/';
        if (!starts_part || *value != '=')
            continue;
        value += 1 + strspn(value + 1, " ");
        size_t length = strcspn(value, ",");
        return length ? xr_strndup(arena, value, length) : at;
    }
    return at;
}

/* Certificates that stand in no path are listed below the picture. */
static bool is_extra(const struct xr_fact_certificate *certificate)
{
    return xr_same(certificate->role, "extra");
}

/* Those of the path that have no place yet. */
struct pile {
    const struct xr_fact_certificate **at;
    size_t count;
};

static size_t find_issuer(
    const struct pile *pile, const struct xr_fact_certificate *below, size_t none)
{
    for (size_t i = 0; below->issuer && i < pile->count; i++)
        if (pile->at[i]->subject && !strcmp(pile->at[i]->subject, below->issuer))
            return i;
    return none;
}

static size_t find_role(const struct pile *pile, const char *role, bool wanted, size_t none)
{
    for (size_t i = 0; i < pile->count; i++)
        if (xr_same(pile->at[i]->role, role) == wanted)
            return i;
    return none;
}

/* The issuer by name; where nothing fits, the next that is no root: roots come last. */
static size_t find_next(const struct pile *pile, const struct xr_fact_certificate *below)
{
    size_t none = pile->count;
    size_t found = below ? find_issuer(pile, below, none) : find_role(pile, "leaf", true, none);

    if (found == none)
        found = find_role(pile, "root", false, none);
    return found == none ? 0 : found;
}

static struct xr_chain_link link_of(const struct xr_page *page,
    const struct xr_fact_certificate *certificate, const struct xr_fact_certificate *below)
{
    struct judgement judged = judge(page, certificate);

    return (struct xr_chain_link){
        .certificate = certificate, .below = below, .status = judged.status, .word = judged.word
    };
}

struct xr_chain_view xr_chain_view(const struct xr_page *page)
{
    const struct xr_fact_certificate *certificate = page->run->facts.certificates;
    struct xr_arena *arena = page->run->arena;
    struct xr_chain_view view = { 0 };
    struct pile pile = { 0 };
    size_t all = 0;

    for (const struct xr_fact_certificate *at = certificate; at; at = at->next)
        all++;
    view.links = xr_new_n(arena, struct xr_chain_link, all + 1);
    view.extras = xr_new_n(arena, struct xr_chain_link, all + 1);
    pile.at = xr_new_n(arena, const struct xr_fact_certificate *, all + 1);
    for (; certificate; certificate = certificate->next)
        if (is_extra(certificate))
            view.extras[view.extra_count++] = link_of(page, certificate, NULL);
        else
            pile.at[pile.count++] = certificate;
    for (const struct xr_fact_certificate *below = NULL; pile.count;) {
        size_t i = find_next(&pile, below);
        view.links[view.count++] = link_of(page, pile.at[i], below);
        below = pile.at[i];
        memmove(&pile.at[i], &pile.at[i + 1],
            (--pile.count - i) * sizeof(struct xr_fact_certificate *));
    }
    return view;
}

size_t xr_chain_left_out(const struct xr_chain_view *view)
{
    return view->count > XR_CHAIN_DRAWN_MAX ? view->count - XR_CHAIN_DRAWN_MAX : 0;
}

bool xr_chain_is_drawn(const struct xr_chain_view *view, size_t i)
{
    return !xr_chain_left_out(view) || i < XR_CHAIN_DRAWN_MAX - 1 || i == view->count - 1;
}
