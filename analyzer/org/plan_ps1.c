/* The script. Its functions come first and the calls last: what was cut off does nothing. */
#include "analyzer/base/text.h"
#include "analyzer/model/expand.h"
#include "analyzer/org/plan_text.h"

static const char head[] =
    "#Requires -Version 3.0\n"
    "# Stage I of Exchange Impersonation: service account, group, scope and role.\n"
    "# Written by exray setup-plan. No secret is in here, but addresses of users are.\n"
    "#\n"
    "# Read it before you run it. Keep it UTF-8 with its byte order mark. Then:\n"
    "#   .\\plan.ps1{{part_option}} -WhatIf       shows what would be done\n"
    "#   .\\plan.ps1{{part_option}}               does it; what is there already stays\n"
    "#   .\\plan.ps1{{part_option}} -VerifyOnly   only looks whether all is in place\n"
    "#   .\\plan.ps1{{part_option}} -Undo         takes it back in reverse order, and asks\n";

static const char hybrid_head[] =
    "#\n"
    "# Hybrid: each side opens its own mailboxes only. Run both parts, in two windows:\n"
    "#   -Part OnPremises   Exchange Management Shell; the mailboxes on your servers\n"
    "#   -Part Online       Windows PowerShell; the mailboxes in Exchange Online\n";

static const char account_rules[] =
    "#\n"
    "# The service account (MasterImpersonation unless you chose another name):\n"
    "#   - a dedicated mailbox, used for impersonation and for nothing else;\n"
    "#   - a mailbox licence of its own. Microsoft 365: E1, E3, E5, Business Basic or Business\n"
    "#     Standard. It needs no extra licence of the application;\n"
    "#   - without mailbox or licence, rooms and other resources are not found through EWS.\n"
    "# It owns the group, so whoever has its password can add mailboxes to the scope. If that\n"
    "# must not be, name an administrator with -Owner.\n";

static const char parameters[] = ",\n    [switch] $VerifyOnly,\n"
                                 "    [switch] $Undo,\n"
                                 "    # Owner of the group; without it the service account.\n"
                                 "    [string] $Owner";

const char xr_plan_one_part_ps1[] = "    [ValidateSet('{{part}}')]\n"
                                    "    [string] $Part = '{{part}}'";

const char xr_plan_both_parts_ps1[] = "    [Parameter(Mandatory = $true)]\n"
                                      "    [ValidateSet('OnPremises', 'Online')]\n"
                                      "    [string] $Part";

static const char on_premises_parameter[] =
    ",\n"
    "    # Creates the mailbox of the service account when it is not there; asks for a password.\n"
    "    [switch] $CreateAccount";

static const char online_parameters[] =
    ",\n"
    "    # Of the enterprise application in Microsoft Entra ID, not of the app registration.\n"
    "    [string] $AppId,\n"
    "    [string] $ObjectId";

static const char values[] = ")\n"
                             "\n"
                             "$ErrorActionPreference = 'Stop'\n"
                             "$dryRun = [bool] $WhatIfPreference\n"
                             "$organization = {{organization}}\n"
                             "$scopeName = {{scope}}\n"
                             "$roleGroup = {{role_group}}\n"
                             "$checkCommand = {{check}}\n";

static const char on_premises_values[] = "$account = {{account}}\n"
                                         "$accountName = {{account_name}}\n"
                                         "$accountUpn = {{account_upn}}\n";

static const char online_values[] = "$onlineAccount = {{account}}\n"
                                    "$onlineUser = {{first_member}}\n";

static const char calls[] = "Write-Host ('Organisation: {0}' -f $organization)\n"
                            "if ($VerifyOnly) {\n"
                            "    & \"Test-$Part\"\n"
                            "}\n"
                            "elseif ($Undo) {\n"
                            "    & \"Undo-$Part\"\n"
                            "}\n"
                            "else {\n"
                            "    & \"Install-$Part\"\n"
                            "}\n";

struct side_text {
    const char *parameters, *values;
    const char *const *functions; /* NULL-ended */
};

static const struct side_text side_texts[XR_PLAN_SIDE_COUNT] = {
    [XR_PLAN_ON_PREMISES] = { on_premises_parameter, on_premises_values, xr_plan_on_premises_ps1 },
    [XR_PLAN_ONLINE] = { online_parameters, online_values, xr_plan_online_ps1 },
};

struct script {
    struct xr_store *store;
    struct xr_arena *arena;
    const struct xr_plan *plan;
    FILE *out;
    enum xr_plan_side first; /* the only one, unless it is a hybrid organisation */
    bool hybrid;
    struct xr_plan_words words[XR_PLAN_SIDE_COUNT];
};

static void fill(const struct script *script, enum xr_plan_side side, const char *text)
{
    xr_plan_fill(script->out, text, &script->words[side]);
}

static void fill_for_sides(const struct script *script, bool is_values)
{
    for (enum xr_plan_side side = 0; side < XR_PLAN_SIDE_COUNT; side++)
        if (script->plan->has_side[side])
            fill(script, side, is_values ? side_texts[side].values : side_texts[side].parameters);
}

static void write_counts(const struct script *script)
{
    const struct xr_plan *plan = script->plan;

    (void)fputs("#\n", script->out);
    if (plan->by_themselves)
        (void)fprintf(script->out, "# Left out, because they log on as themselves: %s.\n",
            xr_plan_count(script->arena, plan->by_themselves));
    if (plan->disabled)
        (void)fprintf(script->out, "# Left out, because they are switched off: %s.\n",
            xr_plan_count(script->arena, plan->disabled));
    if (plan->org->access == XR_ORG_DIRECT)
        (void)fputs("# The organisation uses direct logon at present: this is needed only when it "
                    "changes to\n# Exchange Impersonation.\n",
            script->out);
}

static void write_head(const struct script *script)
{
    (void)fputs(xr_plan_bom, script->out);
    struct xr_plan_words words = { {
        { "part_option", script->hybrid ? " -Part OnPremises" : "" },
    } };
    xr_plan_fill(script->out, head, &words);
    if (script->hybrid)
        (void)fputs(hybrid_head, script->out);
    (void)fputs(account_rules, script->out);
    write_counts(script);
}

static void write_parameters(const struct script *script)
{
    (void)fputs("\n[CmdletBinding(SupportsShouldProcess = $true)]\nparam(\n", script->out);
    fill(script, script->first, script->hybrid ? xr_plan_both_parts_ps1 : xr_plan_one_part_ps1);
    (void)fputs(parameters, script->out);
    fill_for_sides(script, false);
    (void)fputs("\n", script->out);
    fill(script, script->first, values);
    fill_for_sides(script, true);
    (void)fputs("\n", script->out);
}

static void write_functions(
    const struct script *script, enum xr_plan_side side, const char *const *functions)
{
    for (; *functions; functions++)
        fill(script, side, *functions);
}

/* ---- members ---- */

struct members {
    const struct script *script;
    enum xr_plan_side side;
};

static const struct xr_plan_err *write_member(
    void *arg, struct xr_arena *scratch, const struct xr_user *user)
{
    const struct members *members = arg;
    const struct xr_org *org = members->script->plan->org;

    if (!xr_plan_is_member(org, user) || xr_plan_side_of(scratch, org, user) != members->side)
        return NULL;
    const char *quoted = xr_quote(scratch, user->email, XR_SHELL_EMS);
    if (!quoted)
        return xr_plan_error(scratch, XR_PLAN_VALUE,
            "the address %s has a control or invisible character",
            xr_excerpt(scratch, user->email, XR_QUOTED_MAX));
    (void)fprintf(members->script->out, "    %s\n", quoted);
    return NULL;
}

static const struct xr_plan_err *write_members(const struct script *script, enum xr_plan_side side)
{
    struct members members = { script, side };
    struct xr_plan_visitor visitor = { write_member, &members };

    (void)fprintf(script->out, "function Get-%sMember {\n", xr_plan_side_words[side]);
    const struct xr_plan_err *err =
        xr_plan_each_user(script->store, script->arena, script->plan->org, &visitor);
    (void)fputs(err ? "" : "}\n\n", script->out);
    return err;
}

static void write_calls(const struct script *script)
{
    const struct xr_plan *plan = script->plan;

    if (plan->other_accounts)
        (void)fprintf(script->out,
            "Write-Warning ('Opened by another account, such as {1}: {0}. It needs a place in "
            "the role group too.' -f '%s', %s)\n",
            xr_plan_count(script->arena, plan->other_accounts),
            xr_quote(script->arena, plan->other_account, XR_SHELL_EMS));
    (void)fputs(calls, script->out);
}

const struct xr_plan_err *xr_plan_write_ps1(
    struct xr_store *store, struct xr_arena *arena, const struct xr_plan *plan, FILE *out)
{
    struct script script = {
        .store = store,
        .arena = arena,
        .plan = plan,
        .out = out,
        .first = plan->has_side[XR_PLAN_ON_PREMISES] ? XR_PLAN_ON_PREMISES : XR_PLAN_ONLINE,
        .hybrid = plan->has_side[XR_PLAN_ON_PREMISES] && plan->has_side[XR_PLAN_ONLINE],
    };
    const struct xr_plan_err *err = NULL;

    for (enum xr_plan_side side = 0; side < XR_PLAN_SIDE_COUNT; side++)
        xr_plan_words(arena, plan, side, &script.words[side]);
    write_head(&script);
    write_parameters(&script);
    write_functions(&script, script.first, xr_plan_member_ps1);
    write_functions(&script, script.first, xr_plan_common_ps1);
    for (enum xr_plan_side side = 0; !err && side < XR_PLAN_SIDE_COUNT; side++) {
        if (!plan->has_side[side])
            continue;
        write_functions(&script, side, side_texts[side].functions);
        err = write_members(&script, side);
    }
    if (!err)
        write_calls(&script);
    return err;
}
