#include "reports/check_words.h"

#include <string.h>

#include "analyzer/model/expand.h"

const char XR_CHECK_EACH[] = "<mailbox>";

static const char MICROSOFT_365[] = "m365-oauth-impersonated";

int64_t xr_check_done(const struct xr_check *check)
{
    int64_t done = 0;

    for (int status = 0; status < XR_STATUS_COUNT; status++)
        done += check->summary[status];
    return done;
}

bool xr_check_is_refused(const struct xr_check *check)
{
    const struct xr_remark *remark = check->remarks;

    while (remark && remark->status != XR_ERROR)
        remark = remark->next;
    return remark && !xr_check_done(check);
}

static bool is_unfinished(const struct xr_check *check)
{
    return !xr_check_is_refused(check) &&
           (check->end != XR_CHECK_FINISHED || xr_check_done(check) < check->selected);
}

enum xr_status xr_check_status(const struct xr_check *check)
{
    if (check->summary[XR_ERROR] || xr_check_is_refused(check))
        return XR_ERROR;
    if (check->summary[XR_WARNING] || is_unfinished(check))
        return XR_WARNING;
    return check->summary[XR_SUCCESS] ? XR_SUCCESS : XR_SKIPPED;
}

const char *xr_check_number(struct xr_arena *arena, int64_t number)
{
    if (number < 1000)
        return xr_printf(arena, "%d", (int)number);
    return xr_printf(arena, "%s,%03d", xr_check_number(arena, number / 1000), (int)(number % 1000));
}

const char *xr_check_duration(struct xr_arena *arena, int64_t us)
{
    int64_t ms = us > 0 ? us / 1000 : 0, seconds = ms / 1000, minutes = seconds / 60;

    if (seconds < 10)
        return xr_printf(arena, "%s ms", xr_check_number(arena, ms));
    if (minutes < 2)
        return xr_printf(arena, "%d s", (int)seconds);
    if (minutes < 120)
        return xr_printf(arena, "%d min %d s", (int)minutes, (int)(seconds % 60));
    return xr_printf(
        arena, "%s h %d min", xr_check_number(arena, minutes / 60), (int)(minutes % 60));
}

const char *xr_check_users(struct xr_arena *arena, int64_t users)
{
    return xr_printf(arena, "%s user%s", xr_check_number(arena, users), users == 1 ? "" : "s");
}

const char *xr_check_rate(const struct xr_check *check)
{
    int64_t asked = xr_check_done(check) - check->summary[XR_SKIPPED];
    int64_t us = check->bulk_us > 0 ? check->bulk_us : check->elapsed_us;
    int64_t per_minute = us > 0 ? (int64_t)((double)asked * 6e7 / (double)us) : 0;

    if (per_minute >= 120)
        return xr_printf(
            check->arena, "%s users a second", xr_check_number(check->arena, per_minute / 60));
    return xr_printf(check->arena, "%s a minute", xr_check_users(check->arena, per_minute));
}

static int count_error_causes(const struct xr_check *check)
{
    int count = 0;

    for (size_t i = 0; i < check->cause_count; i++)
        count += check->causes[i].status == XR_ERROR;
    return count;
}

static const char *causes_sentence(const struct xr_check *check)
{
    static const char *const words[] = { "", "One", "Two", "Three", "Four", "Five", "Six", "Seven",
        "Eight", "Nine", "Ten", "Eleven", "Twelve" };
    int count = count_error_causes(check);

    if (!count || check->summary[XR_ERROR] < 2)
        return "";
    if (count == 1)
        return " One cause explains them all.";
    if (count < (int)(sizeof(words) / sizeof(*words)))
        return xr_printf(check->arena, " %s causes explain them all.", words[count]);
    return xr_printf(check->arena, " %d causes explain them all.", count);
}

static const char *nothing_headline(const struct xr_check *check)
{
    if (xr_check_is_refused(check))
        return "Nothing was checked: the settings of the organisation do not allow it.";
    if (!check->selected)
        return "No user was checked: there is none to check.";
    if (!xr_check_done(check))
        return "No user was checked: it ended before the first result.";
    if (check->selected == 1)
        return "No user was checked: the only one is switched off.";
    return xr_printf(check->arena, "No user was checked: all %s are switched off.",
        xr_check_number(check->arena, check->summary[XR_SKIPPED]));
}

static const char *single_headline(const struct xr_check *check)
{
    if (check->summary[XR_ERROR])
        return "The user cannot be reached.";
    return check->summary[XR_WARNING] ? "The user can be reached, with a warning."
                                      : "The user can be reached.";
}

static const char *failed_headline(const struct xr_check *check, int64_t asked)
{
    bool partial = is_unfinished(check);
    bool none = check->summary[XR_ERROR] == asked;
    int64_t whole = none ? asked : xr_check_done(check);
    const char *failed = xr_check_number(check->arena, check->summary[XR_ERROR]);

    return xr_printf(check->arena, "%s of %s%s users%s %s be reached.%s", none ? "None" : failed,
        partial || none ? "the " : "", xr_check_number(check->arena, whole),
        partial ? " checked so far" : "", none ? "can" : "cannot", causes_sentence(check));
}

static const char *passed_headline(const struct xr_check *check, int64_t asked)
{
    const char *which = "";

    if (is_unfinished(check))
        which = " checked so far";
    else if (check->summary[XR_SKIPPED])
        which = " that are switched on";
    const char *all = xr_printf(
        check->arena, "All %s users%s can be reached", xr_check_number(check->arena, asked), which);
    if (!check->summary[XR_WARNING])
        return xr_printf(check->arena, "%s.", all);
    return xr_printf(check->arena, "%s, %s of them with a warning.", all,
        xr_check_number(check->arena, check->summary[XR_WARNING]));
}

const char *xr_check_headline(const struct xr_check *check)
{
    int64_t asked = xr_check_done(check) - check->summary[XR_SKIPPED];

    if (!asked)
        return nothing_headline(check);
    if (asked == 1 && check->selected == 1)
        return single_headline(check);
    return check->summary[XR_ERROR] ? failed_headline(check, asked) : passed_headline(check, asked);
}

static const struct xr_check_group *stopped_group(const struct xr_check *check)
{
    const struct xr_check_group *group = check->groups;

    while (group && (!group->finding || group->status != XR_ERROR))
        group = group->next;
    return group;
}

static const char *stopped_sentence(const struct xr_check *check)
{
    const struct xr_check_group *group = stopped_group(check);

    if (!group || !group->message)
        return NULL;
    if (!group->next && group == check->groups)
        return group->message;
    return xr_printf(
        check->arena, "%s: %s", group->account ? group->account : "One account", group->message);
}

/* Every failure came after the logon: then all before it is known to be in order. */
static bool is_all_behind_the_logon(const struct xr_check *check)
{
    for (size_t i = 0; i < check->cause_count; i++) {
        const char *step = check->causes[i].step;
        if (check->causes[i].status == XR_ERROR &&
            (!step || (strcmp(step, "inbox") != 0 && strcmp(step, "smtp-address") != 0)))
            return false;
    }
    return !stopped_group(check);
}

static const struct xr_check_cause *largest_error(const struct xr_check *check)
{
    const struct xr_check_cause *largest = NULL;

    for (size_t i = 0; i < check->cause_count; i++)
        if (check->causes[i].status == XR_ERROR &&
            (!largest || check->causes[i].users > largest->users))
            largest = &check->causes[i];
    return largest;
}

static const char *repair_sentence(const struct xr_check *check)
{
    const struct xr_check_cause *largest = largest_error(check);
    int64_t failed = check->summary[XR_ERROR];

    if (!largest || count_error_causes(check) < 2 || largest->users * 2 < failed ||
        largest->users >= failed)
        return NULL;
    return xr_printf(check->arena, "One repair brings back %s of the %s.",
        xr_check_number(check->arena, largest->users), xr_check_number(check->arena, failed));
}

static const char *off_sentence(const struct xr_check *check)
{
    int64_t off = check->summary[XR_SKIPPED];

    if (!off || off == xr_check_done(check))
        return NULL;
    return xr_printf(check->arena, "%s switched off in the user list and %s not asked.",
        off == 1 ? "One user is"
                 : xr_printf(check->arena, "%s are", xr_check_users(check->arena, off)),
        off == 1 ? "was" : "were");
}

const char *xr_check_lead(const struct xr_check *check)
{
    const char *sentences[4] = { 0 };
    const char *lead = NULL;

    if (!xr_check_done(check))
        return NULL;
    sentences[0] = stopped_sentence(check);
    if (check->summary[XR_ERROR] && count_error_causes(check) && is_all_behind_the_logon(check))
        sentences[1] = "Address, network, certificate and logon are in order.";
    sentences[2] = repair_sentence(check);
    sentences[3] = off_sentence(check);
    for (size_t i = 0; i < sizeof(sentences) / sizeof(*sentences); i++)
        if (sentences[i])
            lead = lead ? xr_printf(check->arena, "%s %s", lead, sentences[i]) : sentences[i];
    return lead;
}

const char *xr_check_unfinished(const struct xr_check *check)
{
    static const char *const reasons[] = {
        [XR_CHECK_FINISHED] = "Not every user was checked.",
        [XR_CHECK_CANCELLED] = "The check was stopped before its end.",
        [XR_CHECK_THROTTLED] = "The check ended itself: the server kept asking to wait.",
        [XR_CHECK_TIMEOUT] = "The check ran into its time limit.",
    };
    int64_t left = check->selected - xr_check_done(check);

    if (!is_unfinished(check))
        return NULL;
    if (left <= 0)
        return xr_printf(
            check->arena, "%s Every user has a result all the same.", reasons[check->end]);
    return xr_printf(check->arena, "%s %s of %s %s no result yet.", reasons[check->end],
        xr_check_number(check->arena, left), xr_check_users(check->arena, check->selected),
        left == 1 ? "has" : "have");
}

const char *xr_check_command(const struct xr_check *check, const char *options)
{
    const char *name = xr_quote(check->arena, check->organization, XR_SHELL_SH);

    return name ? xr_printf(check->arena, "exray check %s %s", name, options) : NULL;
}

/* In a sentence about many users a slot becomes what they have in common. */
static struct xr_slots slots_of(const struct xr_check *check, bool prose)
{
    const struct xr_check_slots *known = &check->slots;

    return (struct xr_slots){
        .mailbox = prose ? "the listed address" : NULL,
        .impersonated = prose ? "the listed address" : XR_CHECK_EACH,
        .primary = prose ? "the one that Exchange names" : NULL,
        .code = prose ? "its code stands with each user" : NULL,
        .account = prose && !known->account ? "the account" : known->account,
        .domain = known->domain,
        .host = known->host,
        .ews_url = known->ews_url,
        .folder = known->folder,
    };
}

static const char *prose(const struct xr_check *check, const char *text)
{
    struct xr_slots slots = slots_of(check, true);

    if (!text)
        return NULL;
    const char *made = xr_expand(check->arena, text, &slots, XR_SHELL_NONE);
    if (strncmp(text, "{mailbox}", strlen("{mailbox}")) != 0)
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

static const struct xr_advice *remedy_of(
    const struct xr_check *check, const struct xr_finding_kind *kind)
{
    size_t count = 0;

    while (kind->remedies[count].text)
        count++;
    struct xr_advice *list = xr_new_n(check->arena, struct xr_advice, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct xr_remedy *remedy = &kind->remedies[i];
        list[i].text = prose(check, remedy->text);
        list[i].command = command(check, remedy);
        list[i].shell = list[i].command ? xr_shell_title(remedy->shell) : NULL;
        list[i].expect = prose(check, remedy->expect);
    }
    return list;
}

/* The members of the scope: the one repair that takes a list of users. */
static struct xr_advice add_to_group(
    const struct xr_check *check, const struct xr_check_cause *cause)
{
    bool online = check->access_type && !strcmp(check->access_type, MICROSOFT_365);
    enum xr_shell shell = online ? XR_SHELL_EXO : XR_SHELL_EMS;
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
            "Put all %s at once into the group that the scope is made of. The file is the CSV of "
            "this check (--csv %s).",
            xr_check_number(check->arena, cause->users), csv),
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
    const struct xr_finding_kind *kind = xr_finding_kind(cause->code);

    return (struct xr_check_told){
        .id = kind->id,
        .title = prose(check, cause->title ? cause->title : kind->title),
        .meaning = prose(check, kind->meaning),
        .cause = prose(check, kind->cause),
        .owner = xr_owner_name(kind->owner),
        .owner_title = xr_owner_title(kind->owner),
        .reference = kind->reference,
        .remedy = remedy_of(check, kind),
        .bulk = bulk_of(check, cause),
    };
}
