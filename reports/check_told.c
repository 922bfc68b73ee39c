#include <string.h>

#include "analyzer/model/expand.h"
#include "reports/check_words.h"

/* The command would be about one user: this stands for the address. */
static const char EACH[] = "<mailbox>";

/* In a sentence about many users a slot becomes what they have in common. */
static struct xr_slots slots_of(const struct xr_check *check, bool prose)
{
    const struct xr_check_slots *known = &check->slots;

    return (struct xr_slots){
        .mailbox = prose ? "the listed address" : NULL,
        .impersonated = prose ? "the listed address" : EACH,
        .primary = prose ? "the one that Exchange names" : NULL,
        .code = prose ? "its code stands with each user" : NULL,
        .account = prose && !known->account ? "the account" : known->account,
        .domain = prose && !known->domain ? "the mail domain" : known->domain,
        .host = prose && !known->host ? "the server" : known->host,
        .ews_url = prose && !known->ews_url ? "the address" : known->ews_url,
        .folder = known->folder,
    };
}

static const char *prose(const struct xr_check *check, const char *text)
{
    struct xr_slots slots = slots_of(check, true);

    if (!text)
        return NULL;
    if (strstr(text, ".{domain}")) /* a part of a name, where no words fit */
        slots.domain = check->slots.domain;
    const char *made = xr_expand(check->arena, text, &slots, XR_SHELL_NONE);
    if (*text != '{' || strncmp(made, "the ", 4) != 0)
        return made;
    return xr_printf(check->arena, "T%s", made + 1);
}

/* Where no EWS URL is known, "the same test" is one with Autodiscover. */
static const char *command(const struct xr_check *check, const struct xr_remedy *remedy)
{
    static const char option[] = " --ews-url {ews_url}";
    struct xr_slots slots = slots_of(check, false);
    const char *text = remedy->command;

    if (!text)
        return NULL;
    const char *at = check->slots.ews_url ? NULL : strstr(text, option);
    if (at)
        text = xr_printf(check->arena, "%.*s%s", (int)(at - text), text, at + strlen(option));
    return xr_expand(check->arena, text, &slots, remedy->shell);
}

static struct xr_advice advice_of(const struct xr_check *check, const struct xr_remedy *remedy)
{
    const char *typed = command(check, remedy);

    return (struct xr_advice){
        .text = prose(check, remedy->text),
        .command = typed,
        .shell = typed ? xr_shell_title(remedy->shell) : NULL,
        .expect = prose(check, remedy->expect),
    };
}

/* It would send a password once more that may be wrong: not for a list of accounts. */
static bool is_for_one(const struct xr_remedy *remedy)
{
    return remedy->when & XR_WHEN_BOUND;
}

static bool is_online(const struct xr_check *check)
{
    return check->access_type && !strcmp(check->access_type, "m365-oauth-impersonated");
}

/* Microsoft 365 has no Exchange Management Shell, and another way to grant the right: it comes
 * first there. */
static size_t put_online(const struct xr_check *check, const struct xr_finding_kind *kind,
    bool granting, struct xr_advice *list)
{
    size_t count = 0;

    for (const struct xr_remedy *remedy = kind->remedies; remedy->text; remedy++)
        if (remedy->shell != XR_SHELL_EMS && (remedy->shell == XR_SHELL_EXO) == granting &&
            !is_for_one(remedy))
            list[count++] = advice_of(check, remedy);
    return count;
}

static const struct xr_advice *remedy_of(
    const struct xr_check *check, const struct xr_finding_kind *kind, bool online)
{
    size_t count = 0;

    while (kind->remedies[count].text)
        count++;
    struct xr_advice *list = xr_new_n(check->arena, struct xr_advice, count + 1);
    if (online) {
        size_t granting = put_online(check, kind, true, list);
        (void)put_online(check, kind, false, list + granting);
        return list;
    }
    size_t told = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_for_one(&kind->remedies[i]))
            list[told++] = advice_of(check, &kind->remedies[i]);
    return list;
}

/* The members of the scope: the one repair that takes a list of users. */
static struct xr_advice add_to_group(
    const struct xr_check *check, const struct xr_check_cause *cause)
{
    enum xr_shell shell = is_online(check) ? XR_SHELL_EXO : XR_SHELL_EMS;
    const char *alias = check->slots.group ? check->slots.group : "RIAG";
    const char *csv = check->csv ? check->csv : "check.csv";
    const char *group = xr_quote(check->arena, alias, shell);
    const char *file = xr_quote(check->arena, xr_printf(check->arena, ".\\%s", csv), shell);

    if (!group || !file)
        return (struct xr_advice){
            .text =
                "Put all of them into the group that the scope is made of. Its alias, or the name "
                "of the CSV file, has a control character, so no command is given.",
        };
    return (struct xr_advice){
        .text = xr_printf(check->arena,
            "Put %s at once into the group that the scope is made of. The file is the CSV of this "
            "check (--csv %s).",
            cause->users == 2
                ? "both"
                : xr_printf(check->arena, "all %s", xr_check_number(check->arena, cause->users)),
            csv),
        .command = xr_printf(check->arena,
            "Import-Csv %s -Encoding UTF8 |\n"
            "  Where-Object finding -eq '%s' | ForEach-Object {\n"
            "    Add-DistributionGroupMember -Identity %s -Member $_.email }",
            file, xr_finding_kind(cause->code)->id, group),
        .shell = xr_shell_title(shell),
        .expect = "Allow minutes, at most about an hour, for the change to reach every server.",
    };
}

static struct xr_advice bulk_of(const struct xr_check *check, const struct xr_check_cause *cause)
{
    if (check->candidate) /* such a check has no CSV and no page */
        return (struct xr_advice){ 0 };
    if (cause->code == XR_FINDING_IMPERSONATION_DENIED && cause->users > 1)
        return add_to_group(check, cause);
    if (cause->code == XR_FINDING_ADDRESS_ALIAS)
        return (struct xr_advice){
            .text = "The primary addresses stand beside the users, and in the CSV of this check as "
                    "primary_smtp_address.",
        };
    return (struct xr_advice){ 0 };
}

struct xr_check_told xr_check_told(const struct xr_check *check, const struct xr_check_cause *cause)
{
    static const char online_cause[] =
        "The role assignment of the application does not cover this mailbox, an application access "
        "policy forbids it, or the right is so new that this server has not seen it yet. From "
        "outside these look the same: step 1 tells them apart.";
    const struct xr_finding_kind *kind = xr_finding_kind(cause->code);
    bool online = cause->code == XR_FINDING_IMPERSONATION_DENIED && is_online(check);

    return (struct xr_check_told){
        .id = kind->id,
        .title = prose(check, cause->title ? cause->title : kind->title),
        .meaning = prose(check, kind->meaning),
        .cause = online ? online_cause : prose(check, kind->cause),
        .owner = xr_owner_name(kind->owner),
        .owner_title = xr_owner_title(kind->owner),
        .reference = kind->reference,
        .remedy = remedy_of(check, kind, online),
        .bulk = bulk_of(check, cause),
    };
}
