#include <string.h>

#include "analyzer/base/text.h"
#include "analyzer/model/expand.h"
#include "analyzer/org/plan_fix.h"
#include "analyzer/wire/url.h"

enum { NAMED = 5 };

/* ---- impersonation.denied ---- */

static bool has_side(const struct xr_plan_cause *cause, enum xr_plan_side side)
{
    for (const struct xr_plan_found *found = cause->first; found; found = found->next)
        if (found->side == side)
            return true;
    return false;
}

/* A script is for both sides, and it might run in the wrong window. */
static void begin_side(FILE *out, enum xr_plan_side side)
{
    static const struct {
        const char *cmdlet, *window;
    } guards[XR_PLAN_SIDE_COUNT] = {
        [XR_PLAN_ON_PREMISES] = { "Get-ExchangeServer", "the Exchange Management Shell" },
        [XR_PLAN_ONLINE] = { "Test-ServicePrincipalAuthorization",
            "Windows PowerShell, after Connect-ExchangeOnline" },
    };

    (void)fprintf(out,
        "if ($Part -eq '%s') {\n"
        "    if (-not (Get-Command %s -ErrorAction SilentlyContinue)) {\n"
        "        throw 'Run this in %s.'\n"
        "    }\n",
        xr_plan_side_words[side], guards[side].cmdlet, guards[side].window);
}

/* Of a hundred thousand users each takes its memory for one line only. */
static void put_address(FILE *out, const char *indent, const char *email)
{
    struct xr_arena *scratch = xr_arena_new();

    (void)fprintf(out, "%s    %s\n", indent, xr_quote(scratch, email, XR_SHELL_EMS));
    xr_arena_free(scratch);
}

static void add_to_group(
    const struct xr_plan_fixing *fixing, const struct xr_plan_cause *cause, enum xr_plan_side side)
{
    const char *indent = fixing->script ? "    " : "", *alias = fixing->plan->group_alias[side];
    FILE *out = fixing->out;

    if (fixing->script)
        begin_side(out, side);
    (void)fprintf(out, "%s$addresses = @(\n", indent);
    for (const struct xr_plan_found *found = cause->first; found; found = found->next)
        if (found->side == side)
            put_address(out, indent, found->email);
    (void)fprintf(out, "%s)\n", indent);
    if (fixing->script)
        (void)fprintf(out, "    $addresses | Add-PlanMember -Group '%s'\n}\n", alias);
    else
        (void)fprintf(out,
            "$addresses | ForEach-Object {\n"
            "    Add-DistributionGroupMember -Identity '%s' -Member $_ "
            "-BypassSecurityGroupManagerCheck\n}\n",
            alias);
}

static void fix_denied(const struct xr_plan_fixing *fixing, const struct xr_plan_cause *cause)
{
    static const enum xr_shell shells[XR_PLAN_SIDE_COUNT] = { XR_SHELL_EMS, XR_SHELL_EXO };

    for (enum xr_plan_side side = 0; side < XR_PLAN_SIDE_COUNT; side++) {
        if (!has_side(cause, side))
            continue;
        xr_fix_text(fixing,
            xr_printf(fixing->arena,
                "%s: put exactly these users into %s, the group that the scope %s is made of.",
                xr_shell_title(shells[side]), fixing->plan->group_alias[side],
                fixing->plan->scope_name));
        if (!fixing->script)
            xr_fix_begin(fixing, shells[side]);
        add_to_group(fixing, cause, side);
        if (!fixing->script)
            xr_fix_end(fixing);
    }
    xr_fix_text(fixing,
        "If they are members already: the role, its scope or the group is not as planned. The "
        "script of setup-plan with -VerifyOnly shows it; exray explain impersonation.denied has "
        "the steps.");
}

/* ---- the user list of exray ---- */

/* The line is left out when a value must not stand in a command. */
static void put_line(
    const struct xr_plan_fixing *fixing, const char *verb, const struct xr_plan_option *options)
{
    struct xr_arena *scratch = xr_arena_new();
    const char *command = xr_plan_exray(scratch, fixing->plan, verb, options);

    if (command)
        xr_fix_command(fixing, command);
    xr_arena_free(scratch);
}

static void remove_user(const struct xr_plan_fixing *fixing, const struct xr_plan_found *found)
{
    const struct xr_plan_option options[] = { { "org", fixing->plan->org->name },
        { NULL, found->email }, { NULL, NULL } };

    put_line(fixing, "user remove", options);
}

static void remove_users(const struct xr_plan_fixing *fixing, const struct xr_plan_cause *cause)
{
    xr_fix_text(fixing,
        "First see whether the addresses are misspelt. Who has no mailbox any more is removed "
        "from the list:");
    xr_fix_begin(fixing, XR_SHELL_SH);
    for (const struct xr_plan_found *found = cause->first; found; found = found->next)
        remove_user(fixing, found);
    xr_fix_end(fixing);
}

/* Also false when a value of the user's own must not stand in a command: then the user, who cannot
 * be added under the new address, must not be removed either. */
static bool is_renamed(const struct xr_plan_found *found)
{
    const char *const own[] = { found->user_name, found->account, found->ews_url };
    bool renamed = found->primary && !xr_same(found->primary, found->email);
    struct xr_arena *scratch = xr_arena_new();

    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        renamed = renamed && (!own[i] || xr_quote(scratch, own[i], XR_SHELL_SH));
    xr_arena_free(scratch);
    return renamed;
}

static void rename_user(const struct xr_plan_fixing *fixing, const struct xr_plan_found *found)
{
    const struct xr_plan_option own[] = { { "user-name", found->user_name },
        { "account", found->account }, { "ews-url", found->ews_url } };
    struct xr_plan_option add[8] = { { "org", fixing->plan->org->name },
        { "access-type", xr_user_access_name(found->access) } };
    size_t n = 2;

    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        if (own[i].value)
            add[n++] = own[i];
    add[n] = (struct xr_plan_option){ NULL, found->primary };
    put_line(fixing, "user add", add);
    remove_user(fixing, found);
}

static void rename_users(const struct xr_plan_fixing *fixing, const struct xr_plan_cause *cause)
{
    int64_t renamed = 0, secrets = 0;

    for (const struct xr_plan_found *found = cause->first; found; found = found->next) {
        renamed += is_renamed(found);
        secrets += is_renamed(found) && found->has_secret;
    }
    if (renamed) {
        xr_fix_text(fixing, "Enter the primary address in place of the alias:");
        xr_fix_begin(fixing, XR_SHELL_SH);
        for (const struct xr_plan_found *found = cause->first; found; found = found->next)
            if (is_renamed(found))
                rename_user(fixing, found);
        xr_fix_end(fixing);
    }
    if (secrets)
        xr_fix_text(
            fixing, xr_printf(fixing->arena,
                        "%s of them: a password or token is stored, and has to be entered again.",
                        xr_plan_count(fixing->arena, secrets)));
    if (!renamed)
        xr_fix_text(fixing, "The report does not tell the primary addresses: check again.");
}

/* ---- all others ---- */

static const struct xr_slots *slots_of(
    const struct xr_plan_fixing *fixing, const struct xr_plan_cause *cause)
{
    const struct xr_plan *plan = fixing->plan;
    struct xr_slots *slots = xr_new(fixing->arena, struct xr_slots);
    enum xr_plan_side side = cause->first ? cause->first->side : XR_PLAN_ON_PREMISES;
    struct xr_url url;

    slots->account = plan->account[side];
    slots->domain = plan->org->domains[0];
    slots->ews_url = plan->org->ews_url;
    slots->folder = plan->org->folder ? plan->org->folder : "inbox";
    if (slots->ews_url && !xr_url_parse(fixing->arena, slots->ews_url, &url))
        slots->host = url.host;
    if (cause->users == 1 && cause->first) {
        slots->mailbox = slots->impersonated = cause->first->email;
        slots->primary = cause->first->primary;
    }
    return slots;
}

static void name_some(const struct xr_plan_fixing *fixing, const struct xr_plan_cause *cause)
{
    const char *names = "";
    int n = 0;

    for (const struct xr_plan_found *found = cause->first; found && n < NAMED; found = found->next)
        names = xr_printf(fixing->arena, "%s%s%s", names, n++ ? ", " : "", found->email);
    if (n)
        xr_fix_text(fixing, xr_printf(fixing->arena, "Concerned: %s%s.", names,
                                cause->users > n ? ", ... (the report has them all)" : ""));
}

static void fix_by_catalogue(const struct xr_plan_fixing *fixing, const struct xr_slots *slots,
    const struct xr_remedy *remedy)
{
    int number = 1;

    for (; remedy->text; remedy++) {
        const char *text = xr_expand(fixing->arena, remedy->text, slots, XR_SHELL_NONE);
        const char *command = remedy->command
                                  ? xr_expand(fixing->arena, remedy->command, slots, remedy->shell)
                                  : NULL;
        xr_fix_text(fixing, xr_printf(fixing->arena, "%d. %s", number++, text));
        if (command) {
            xr_fix_begin(fixing, remedy->shell);
            xr_fix_command(fixing, command);
            xr_fix_end(fixing);
        }
        if (remedy->expect)
            xr_fix_text(fixing, xr_expand(fixing->arena, remedy->expect, slots, XR_SHELL_NONE));
    }
}

static const struct own_fix {
    enum xr_finding_code code;
    void (*write)(const struct xr_plan_fixing *fixing, const struct xr_plan_cause *cause);
} own_fixes[] = {
    { XR_FINDING_IMPERSONATION_DENIED, fix_denied },
    { XR_FINDING_MAILBOX_NOT_FOUND, remove_users },
    { XR_FINDING_ADDRESS_ALIAS, rename_users },
};

static const struct own_fix *own_fix_of(enum xr_finding_code code)
{
    for (size_t i = 0; i < sizeof(own_fixes) / sizeof(*own_fixes); i++)
        if (own_fixes[i].code == code)
            return &own_fixes[i];
    return NULL;
}

void xr_fix_cause(const struct xr_plan_fixing *fixing, enum xr_finding_code code)
{
    const struct xr_finding_kind *kind = xr_finding_kind(code);
    const struct xr_plan_cause *cause = &fixing->report->causes[code];
    const struct xr_slots *slots = slots_of(fixing, cause);
    const struct own_fix *own = own_fix_of(code);

    xr_fix_heading(fixing, 2,
        xr_printf(fixing->arena, "%s: %s", kind->id, xr_plan_count(fixing->arena, cause->users)));
    xr_fix_text(fixing, xr_expand(fixing->arena, kind->title, slots, XR_SHELL_NONE));
    xr_fix_text(fixing, xr_expand(fixing->arena, kind->cause, slots, XR_SHELL_NONE));
    if (cause->strangers)
        xr_fix_text(fixing,
            xr_printf(fixing->arena,
                "Left out, because they are no enabled users of the organisation (any more): %s.",
                xr_plan_count(fixing->arena, cause->strangers)));
    if (own && cause->first) {
        own->write(fixing, cause);
        return;
    }
    name_some(fixing, cause);
    fix_by_catalogue(fixing, slots, kind->remedies);
}
