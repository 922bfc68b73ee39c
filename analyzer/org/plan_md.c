/* The checklist: the same plan for people who click. */
#include "analyzer/base/text.h"
#include "analyzer/org/plan_text.h"

struct page {
    struct xr_store *store;
    struct xr_arena *arena;
    const struct xr_plan *plan;
    FILE *out;
    struct xr_plan_words words[XR_PLAN_SIDE_COUNT];
};

static void fill(const struct page *page, enum xr_plan_side side, const char *text)
{
    xr_plan_fill(page->out, text, &page->words[side]);
}

/* Each side has its text: of the table's column. */
struct side_texts {
    const char *at[XR_PLAN_SIDE_COUNT];
};

static void fill_sides(const struct page *page, const struct side_texts *texts)
{
    for (enum xr_plan_side side = 0; side < XR_PLAN_SIDE_COUNT; side++)
        if (page->plan->has_side[side])
            fill(page, side, texts->at[side]);
}

static enum xr_plan_side first_side(const struct xr_plan *plan)
{
    return plan->has_side[XR_PLAN_ON_PREMISES] ? XR_PLAN_ON_PREMISES : XR_PLAN_ONLINE;
}

static void write_counts(const struct page *page)
{
    const struct xr_plan *plan = page->plan;
    const struct {
        int64_t users;
        const char *text;
    } rows[] = {
        { plan->members[XR_PLAN_ON_PREMISES], "with a mailbox on premises" },
        { plan->members[XR_PLAN_ONLINE], "with a mailbox in Exchange Online" },
        { plan->by_themselves, "logging on by themselves: no members of the group" },
        { plan->disabled, "switched off: no members of the group" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].users)
            (void)fprintf(
                page->out, "- %s %s\n", xr_plan_count(page->arena, rows[i].users), rows[i].text);
    if (plan->other_accounts)
        (void)fprintf(page->out,
            "- %s on premises opened by another account, such as %s: it needs a place in the role "
            "group too\n",
            xr_plan_count(page->arena, plan->other_accounts),
            xr_plan_code(page->arena, plan->other_account));
    if (plan->org->access == XR_ORG_DIRECT)
        (void)fputs("- The organisation uses direct logon at present. The plan is needed only when "
                    "it changes to Exchange Impersonation.\n",
            page->out);
    (void)fputs("\n", page->out);
}

static void write_stage_one(const struct page *page)
{
    static const struct side_texts groups = {
        { [XR_PLAN_ON_PREMISES] = xr_plan_md_on_premises_group,
            [XR_PLAN_ONLINE] = xr_plan_md_online_group },
    };
    static const struct side_texts roles = {
        { [XR_PLAN_ON_PREMISES] = xr_plan_md_on_premises_role,
            [XR_PLAN_ONLINE] = xr_plan_md_online_role },
    };
    bool security = page->plan->org->group_kind == XR_GROUP_SECURITY;

    for (enum xr_plan_side side = 0; side < XR_PLAN_SIDE_COUNT; side++) {
        if (!page->plan->has_side[side])
            continue;
        fill(page, side, groups.at[side]);
        fill(page, side, security ? xr_plan_md_join_security : xr_plan_md_join_distribution);
        fill(page, side, roles.at[side]);
    }
}

/* One mailbox with every detail, as the form of the original test had it. */
static const char *test_command(const struct page *page, enum xr_plan_side side)
{
    const struct xr_plan *plan = page->plan;
    const char *mailbox = plan->first_member[side] ? plan->first_member[side] : "<address>";
    const struct xr_plan_option options[] = { { "mailbox", mailbox },
        { "account", plan->account[side] }, { "ews-url", plan->org->ews_url }, { NULL, NULL } };
    struct xr_plan without_store = *plan;

    without_store.store_path = NULL;
    return xr_plan_exray(page->arena, &without_store, "test service-account", options);
}

static void write_verification(const struct page *page)
{
    static const struct side_texts texts = {
        { [XR_PLAN_ON_PREMISES] = xr_plan_md_verify_on_premises,
            [XR_PLAN_ONLINE] = xr_plan_md_verify_online },
    };
    enum xr_plan_side side = first_side(page->plan);
    struct xr_plan_words words = { {
        { "check_code", xr_plan_code(page->arena, xr_plan_check_command(page->arena, page->plan)) },
        { "test_command", test_command(page, side) },
    } };

    (void)fputs(xr_plan_md_verify, page->out);
    fill_sides(page, &texts);
    xr_plan_fill(page->out, xr_plan_md_verify_all, &words);
}

static void write_roll_back(const struct page *page)
{
    static const struct side_texts texts = {
        { [XR_PLAN_ON_PREMISES] = xr_plan_md_undo_on_premises,
            [XR_PLAN_ONLINE] = xr_plan_md_undo_online },
    };

    (void)fputs(xr_plan_md_undo, page->out);
    fill_sides(page, &texts);
    (void)fputs(xr_plan_md_read_on, page->out);
}

/* ---- members ---- */

struct members {
    const struct page *page;
    enum xr_plan_side side;
    int64_t written;
};

static const struct xr_plan_err full = { .fault = XR_PLAN_VALUE, .text = "the list is full" };

static const struct xr_plan_err *write_member(
    void *arg, struct xr_arena *scratch, const struct xr_user *user)
{
    struct members *members = arg;
    const struct xr_org *org = members->page->plan->org;

    if (!xr_plan_is_member(org, user) || xr_plan_side_of(scratch, org, user) != members->side)
        return NULL;
    if (members->written == XR_PLAN_LISTED)
        return &full;
    (void)fprintf(members->page->out, "%s\n", xr_visible(scratch, user->email));
    members->written++;
    return NULL;
}

static const struct xr_plan_err *write_members(const struct page *page, enum xr_plan_side side)
{
    struct members members = { page, side, 0 };
    struct xr_plan_visitor visitor = { write_member, &members };

    (void)fprintf(page->out, "## Members of `%s`\n\n```text\n", page->plan->group_alias[side]);
    const struct xr_plan_err *err =
        xr_plan_each_user(page->store, page->arena, page->plan->org, &visitor);
    (void)fputs("```\n\n", page->out);
    if (err == &full)
        (void)fprintf(page->out, "And %lld more: the script (`--format ps1`) has them all.\n\n",
            (long long)(page->plan->members[side] - members.written));
    return err == &full ? NULL : err;
}

const struct xr_plan_err *xr_plan_write_md(
    struct xr_store *store, struct xr_arena *arena, const struct xr_plan *plan, FILE *out)
{
    struct page page = { .store = store, .arena = arena, .plan = plan, .out = out };
    const struct xr_plan_err *err = NULL;

    for (enum xr_plan_side side = 0; side < XR_PLAN_SIDE_COUNT; side++)
        xr_plan_words(arena, plan, side, &page.words[side]);
    fill(&page, first_side(plan), xr_plan_md_introduction);
    write_counts(&page);
    if (plan->has_side[XR_PLAN_ON_PREMISES] && plan->has_side[XR_PLAN_ONLINE])
        (void)fputs(xr_plan_md_hybrid, out);
    write_stage_one(&page);
    write_verification(&page);
    write_roll_back(&page);
    for (enum xr_plan_side side = 0; !err && side < XR_PLAN_SIDE_COUNT; side++)
        if (plan->has_side[side])
            err = write_members(&page, side);
    return err;
}
