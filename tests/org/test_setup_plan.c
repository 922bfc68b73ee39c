#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/model/expand.h"
#include "analyzer/org/setup_plan.h"
#include "tests/org/store_world.h"
#include "tests/unit.h"

static const char M365[] = "https://outlook.office365.com/EWS/Exchange.asmx";

static struct xr_org an_org(struct world *world, enum xr_org_access access)
{
    struct xr_org org = sample_org("Contoso");

    org.access = access;
    org.group_kind = XR_GROUP_DISTRIBUTION;
    org.account = access == XR_ORG_IMPERSONATION ? "CONTOSO\\svc" : NULL;
    org.ews_url = NULL;
    fine(xr_store_save_org(world->store, world->arena, &org));
    return org;
}

static void add(struct world *world, const struct xr_org *org, struct xr_user user)
{
    user.org_id = org->id;
    fine(xr_store_save_user(world->store, world->arena, &user));
}

static struct xr_plan plan_of(struct world *world, const struct xr_org *org)
{
    struct xr_plan plan = { 0 };
    const struct xr_plan_err *err = xr_plan_make(world->store, world->arena, org, NULL, &plan);

    ck_assert_msg(!err, "%s", err ? err->text : "");
    return plan;
}

static char *written(struct world *world, const struct xr_plan *plan, enum xr_plan_format format)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    const struct xr_plan_err *err = xr_plan_write(world->store, world->arena, plan, format, out);

    ck_assert_int_eq(fclose(out), 0);
    ck_assert_msg(!err, "%s", err ? err->text : "");
    char *copy = xr_strdup(world->arena, text);
    free(text);
    return copy;
}

static void has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in: %s", part, text);
}

static void lacks(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) == NULL, "'%s' is in: %s", part, text);
}

START_TEST(enabled_impersonated_users_are_the_members)
{
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_IMPERSONATION);

    add(&world, &org, (struct xr_user){ .email = "b@contoso.test", .enabled = true });
    add(&world, &org, (struct xr_user){ .email = "a@contoso.test", .enabled = true });
    add(&world, &org, (struct xr_user){ .email = "off@contoso.test" });
    add(&world, &org,
        (struct xr_user){
            .email = "self@contoso.test", .access = XR_USER_PASSWORD, .enabled = true });
    struct xr_plan plan = plan_of(&world, &org);
    ck_assert_int_eq(plan.members[XR_PLAN_ON_PREMISES], 2);
    ck_assert_int_eq(plan.members[XR_PLAN_ONLINE], 0);
    ck_assert_int_eq(plan.disabled, 1);
    ck_assert_int_eq(plan.by_themselves, 1);
    const char *script = written(&world, &plan, XR_PLAN_PS1);
    has(script, "function Get-OnPremisesMember {\n    'a@contoso.test'\n    'b@contoso.test'\n}\n");
    lacks(script, "off@contoso.test");
    lacks(script, "self@contoso.test");
}
END_TEST

START_TEST(a_direct_organisation_is_planned_for_all_its_enabled_users)
{
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_DIRECT);

    add(&world, &org, (struct xr_user){ .email = "a@contoso.test", .enabled = true });
    struct xr_plan plan = plan_of(&world, &org);
    ck_assert_int_eq(plan.members[XR_PLAN_ON_PREMISES], 1);
    has(written(&world, &plan, XR_PLAN_PS1), "direct logon at present");
}
END_TEST

START_TEST(where_a_mailbox_is_follows_from_its_url_and_token)
{
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_IMPERSONATION);

    add(&world, &org, (struct xr_user){ .email = "a@contoso.test", .enabled = true });
    add(&world, &org,
        (struct xr_user){ .email = "b@contoso.test", .ews_url = M365, .enabled = true });
    struct xr_plan plan = plan_of(&world, &org);
    ck_assert_int_eq(plan.members[XR_PLAN_ON_PREMISES], 1);
    ck_assert_int_eq(plan.members[XR_PLAN_ONLINE], 1);
    ck_assert_str_eq(plan.group_alias[XR_PLAN_ON_PREMISES], "RIAG");
    ck_assert_str_eq(plan.group_alias[XR_PLAN_ONLINE], "RIAGOnline");
    const char *script = written(&world, &plan, XR_PLAN_PS1);
    has(script, "function Get-OnPremisesMember {\n    'a@contoso.test'\n}\n");
    has(script, "function Get-OnlineMember {\n    'b@contoso.test'\n}\n");
}
END_TEST

START_TEST(an_organisation_without_users_has_the_side_of_its_own_values)
{
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_M365_OAUTH);
    struct xr_plan plan = plan_of(&world, &org);

    ck_assert(plan.has_side[XR_PLAN_ONLINE]);
    ck_assert(!plan.has_side[XR_PLAN_ON_PREMISES]);
    ck_assert_str_eq(plan.group_alias[XR_PLAN_ONLINE], "RIAG");
    org.access = XR_ORG_IMPERSONATION;
    plan = plan_of(&world, &org);
    ck_assert(plan.has_side[XR_PLAN_ON_PREMISES]);
    ck_assert(!plan.has_side[XR_PLAN_ONLINE]);
}
END_TEST

START_TEST(names_have_the_defaults_of_stage_one)
{
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_IMPERSONATION);

    org.account = NULL;
    struct xr_plan plan = plan_of(&world, &org);
    ck_assert_str_eq(plan.account[XR_PLAN_ON_PREMISES], "MasterImpersonation");
    ck_assert_str_eq(plan.scope_name, "RIusersScope");
    ck_assert_str_eq(plan.group_name[XR_PLAN_ON_PREMISES], "RIapplicationGroup");
    org.group_kind = XR_GROUP_SECURITY;
    org.scope_name = "Mine";
    org.account = "CONTOSO\\svc";
    plan = plan_of(&world, &org);
    ck_assert_str_eq(plan.group_alias[XR_PLAN_ON_PREMISES], "RISG");
    ck_assert_str_eq(plan.scope_name, "Mine");
    ck_assert_str_eq(plan.account_name[XR_PLAN_ON_PREMISES], "svc");
    ck_assert_str_eq(
        plan.account_upn[XR_PLAN_ON_PREMISES], xr_printf(world.arena, "svc@%s", org.domains[0]));
}
END_TEST

/* Under Microsoft 365 the organisation has no account for the servers on premises. */
START_TEST(the_account_on_premises_may_come_from_the_users)
{
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_M365_OAUTH);
    struct xr_user user = { .email = "a@contoso.test",
        .access = XR_USER_IMPERSONATION,
        .account = "CONTOSO\\svc",
        .ews_url = "https://mail.contoso.test/EWS/Exchange.asmx",
        .enabled = true };

    add(&world, &org, user);
    user.email = "b@contoso.test";
    user.account = "CONTOSO\\other";
    add(&world, &org, user);
    struct xr_plan plan = plan_of(&world, &org);
    ck_assert_str_eq(plan.account[XR_PLAN_ON_PREMISES], "CONTOSO\\svc");
    ck_assert_int_eq(plan.other_accounts, 1);
    has(written(&world, &plan, XR_PLAN_PS1), "'CONTOSO\\other'");
}
END_TEST

static void refused(struct world *world, struct xr_org org, const char *part)
{
    struct xr_plan plan;
    const struct xr_plan_err *err = xr_plan_make(world->store, world->arena, &org, NULL, &plan);

    ck_assert_msg(err && err->fault == XR_PLAN_VALUE, "it was not refused");
    if (err)
        has(err->text, part);
}

START_TEST(values_that_must_not_stand_in_a_script_are_refused_and_named)
{
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_IMPERSONATION), bad = org;

    bad.scope_name = "two\nlines";
    refused(&world, bad, "scope name two\\nlines");
    bad = org;
    bad.account = "svc*";
    refused(&world, bad, "pattern");
    bad = org;
    bad.account = "svc\xe2\x80\xaeleft";
    refused(&world, bad, "account");
    bad = org;
    bad.name = "bell\x07";
    refused(&world, bad, "name of the organisation");
    bad = org;
    bad.scope_name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    refused(&world, bad, "64");
}
END_TEST

START_TEST(the_checklist_names_some_members_and_counts_the_others)
{
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_IMPERSONATION);

    save_users(&world, &org, 0, XR_PLAN_LISTED + 701);
    struct xr_plan plan = plan_of(&world, &org);
    const char *page = written(&world, &plan, XR_PLAN_MD);
    has(page, xr_printf(world.arena, "u%06d@", XR_PLAN_LISTED - 1));
    lacks(page, xr_printf(world.arena, "u%06d@", XR_PLAN_LISTED));
    has(page, "And 701 more");
    has(written(&world, &plan, XR_PLAN_PS1),
        xr_printf(world.arena, "u%06d@", XR_PLAN_LISTED + 700));
}
END_TEST

/* Windows PowerShell takes UTF-8 without a mark for a code page that has quotes at 0x91 and 0x92.
 */
START_TEST(the_script_begins_with_a_mark_and_ends_with_its_calls)
{
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_IMPERSONATION);
    struct xr_plan plan = plan_of(&world, &org);
    const char *script = written(&world, &plan, XR_PLAN_PS1);
    const char *calls = strstr(script, "& \"Install-$Part\"");

    ck_assert_int_eq(strncmp(script, "\xef\xbb\xbf#Requires", 12), 0);
    ck_assert_ptr_nonnull(calls);
    lacks(calls, "function ");
}
END_TEST

/* ---- --fix ---- */

static const struct xr_plan_err *fix(struct world *world, const struct xr_plan *plan,
    const char *report, enum xr_plan_format format, const char **ret)
{
    const char *path = xr_printf(world->arena, "%s/report.json", world->folder);
    char *text = NULL;
    size_t length;
    FILE *file = fopen(path, "we"), *out = open_memstream(&text, &length);

    ck_assert_ptr_nonnull(file);
    (void)fputs(report, file);
    ck_assert_int_eq(fclose(file), 0);
    const struct xr_plan_err *err =
        xr_plan_fix(world->store, world->arena, plan, path, format, out);
    ck_assert_int_eq(fclose(out), 0);
    *ret = xr_strdup(world->arena, text);
    free(text);
    return err;
}

START_TEST(a_file_that_is_no_report_of_this_organisation_is_told_and_writes_nothing)
{
    static const struct {
        const char *file, *part;
    } rows[] = {
        { "", "neither a JSON array nor a JSON object" },
        { "[1,2]", "no \"schema\"" },
        { "{\"users\":[]}", "no \"schema\"" },
        { "{\"schema\":\"exray.report/1\"}", "exray.report/1, not exray.check/1" },
        { "{\"schema\":\"exray.org/1\",\"users\":[7]}", "exray.org/1, not exray.check/1" },
        { "{\"schema\":\"exray.check/1\",\"organization\":\"Contoso\"}", "no \"users\"" },
        { "{\"schema\":\"exray.check/1\",\"organization\":\"Other\",\"users\":[]}", "'Other'" },
        { "{\"schema\":\"exray.check/1\",\"users\":[]}", "not of 'Contoso'" },
        { "{\"schema\":\"exray.check/1\",\n\"users\":[\n{\"status\":\"error\"}]}", "line 3" },
        { "{\"schema\":\"exray.check/1\",\n\"users\":[{\"email\":}]}", "not valid JSON" },
        { "{\"schema\":\"exray.check/1\",\n\"users\":[{\"email\":\"a", "ends in the middle" },
    };
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_IMPERSONATION);
    struct xr_plan plan = plan_of(&world, &org);
    const char *text;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct xr_plan_err *err = fix(&world, &plan, rows[i].file, XR_PLAN_MD, &text);
        ck_assert_msg(err && err->fault == XR_PLAN_REPORT, "taken: %s", rows[i].file);
        if (!err)
            continue;
        has(err->text, "report.json");
        has(err->text, rows[i].part);
        ck_assert_str_eq(text, "");
    }
    const struct xr_plan_err *err =
        xr_plan_fix(world.store, world.arena, &plan, world.folder, XR_PLAN_MD, stdout);
    ck_assert_ptr_nonnull(err);
    has(err->text, "cannot be read");
}
END_TEST

#define USER(email, finding, more)                                                               \
    "{\"email\":\"" email "\",\"status\":\"error\",\"finding\":\"" finding "\",\"facts\":{" more \
    "}}"
#define REPORT(users) \
    "{\"schema\":\"exray.check/1\",\"organization\":\"contoso\",\"users\":[" users "]}"

/* A report could name anybody: who is added to the group can be read by the service account. */
START_TEST(only_enabled_users_of_the_organisation_are_added_to_the_group)
{
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_IMPERSONATION);
    const char *text;

    add(&world, &org, (struct xr_user){ .email = "o'neil@contoso.test", .enabled = true });
    add(&world, &org, (struct xr_user){ .email = "off@contoso.test" });
    struct xr_plan plan = plan_of(&world, &org);
    const struct xr_plan_err *err = fix(&world, &plan,
        REPORT(USER("O'Neil@contoso.test", "impersonation.denied", "") "," USER("ceo@contoso.test",
            "impersonation.denied", "") "," USER("off@contoso.test", "impersonation.denied", "")),
        XR_PLAN_MD, &text);
    ck_assert_ptr_null(err);
    has(text, "impersonation.denied: 3 users");
    has(text, "$addresses = @(\n    'o''neil@contoso.test'\n)\n");
    has(text, "any more): 2 users");
    lacks(text, "ceo@");
    lacks(text, "off@");
}
END_TEST

START_TEST(causes_are_grouped_and_each_gets_its_commands)
{
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_IMPERSONATION);
    const char *text;

    save_users(&world, &org, 0, 4);
    struct xr_user user = sample_user(&org, "-x@contoso.test");
    user.access = XR_USER_INHERIT;
    fine(xr_store_save_user(world.store, world.arena, &user));
    struct xr_plan plan = plan_of(&world, &org);
    plan.store_path = "my store.db";
    char *report = xr_printf(world.arena,
        REPORT(USER("%s", "mailbox.not-found", "") "," USER("-x@contoso.test", "address.alias",
            "\"primary_smtp_address\":\"new'one@contoso.test\"") "," USER("q@contoso.test",
            "thing.of-tomorrow", "")),
        "-x@contoso.test");
    ck_assert_ptr_null(fix(&world, &plan, report, XR_PLAN_MD, &text));
    has(text, "exray user remove --store 'my store.db' --org 'Contoso' -- '-x@contoso.test'\n");
    has(text, " 'new'\\''one@contoso.test'\n");
    has(text, "does not know: 1 user");
    has(text, "exray check --only-failed --store 'my store.db' 'Contoso'");
}
END_TEST

/* As a script it may be run as a whole: what is to be decided must not run by itself. */
START_TEST(the_script_of_a_fix_only_adds_members)
{
    auto_world world = world_open();
    struct xr_org org = an_org(&world, XR_ORG_IMPERSONATION);
    const char *text;

    add(&world, &org, (struct xr_user){ .email = "a@contoso.test", .enabled = true });
    struct xr_plan plan = plan_of(&world, &org);
    ck_assert_ptr_null(fix(&world, &plan,
        REPORT(USER("a@contoso.test", "mailbox.unavailable", "") "," USER(
            "a@contoso.test", "mailbox.not-found", "")),
        XR_PLAN_PS1, &text));
    has(text, "#     exray user remove --org 'Contoso' 'a@contoso.test'\n");
    has(text, "#     Mount-Database");
    lacks(text, "\nMount-Database");
    lacks(text, "\n    Mount-Database");
    lacks(text, "\nexray");
}
END_TEST

START_TEST(values_are_quoted_for_the_shell_they_go_to)
{
    struct xr_arena *arena = xr_arena_new();

    ck_assert_str_eq(xr_quote(arena, "a'$`", XR_SHELL_EMS), "'a''$`'");
    ck_assert_str_eq(xr_quote(arena, "a'$`", XR_SHELL_SH), "'a'\\''$`'");
    ck_assert_str_eq(xr_quote(arena, "", XR_SHELL_EMS), "''");
    ck_assert_str_eq(xr_quote(arena, "a\nb", XR_SHELL_NONE), "a\nb");
    ck_assert_ptr_null(xr_quote(arena, "a\nb", XR_SHELL_EMS));
    ck_assert_ptr_null(xr_quote(arena,
        "a\xe2\x80\xa8"
        "b",
        XR_SHELL_SH));
    xr_arena_free(arena);
}
END_TEST

XR_UNIT_MAIN("setup plan", enabled_impersonated_users_are_the_members,
    a_direct_organisation_is_planned_for_all_its_enabled_users,
    where_a_mailbox_is_follows_from_its_url_and_token,
    an_organisation_without_users_has_the_side_of_its_own_values,
    names_have_the_defaults_of_stage_one, the_account_on_premises_may_come_from_the_users,
    values_that_must_not_stand_in_a_script_are_refused_and_named,
    the_checklist_names_some_members_and_counts_the_others,
    the_script_begins_with_a_mark_and_ends_with_its_calls,
    a_file_that_is_no_report_of_this_organisation_is_told_and_writes_nothing,
    only_enabled_users_of_the_organisation_are_added_to_the_group,
    causes_are_grouped_and_each_gets_its_commands, the_script_of_a_fix_only_adds_members,
    values_are_quoted_for_the_shell_they_go_to)
