#include "reports/check_words.h"

#include <string.h>

#include "analyzer/model/expand.h"

enum { RATE_LEAST = 50 }; /* of fewer users a rate says nothing */

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

bool xr_check_is_open(const struct xr_check *check)
{
    return xr_check_done(check) < check->selected && !xr_check_is_refused(check);
}

static const struct xr_check_cause *cause_of(
    const struct xr_check *check, enum xr_finding_code code)
{
    for (size_t i = 0; i < check->cause_count; i++)
        if (check->causes[i].code == code)
            return &check->causes[i];
    return NULL;
}

bool xr_check_is_trust_ignored(const struct xr_check *check)
{
    const char *id = xr_finding_kind(XR_FINDING_TLS_TRUST_IGNORED)->id;
    const struct xr_check_group *group = check->groups;

    while (group && (!group->finding || strcmp(group->finding, id) != 0))
        group = group->next;
    return group || cause_of(check, XR_FINDING_TLS_TRUST_IGNORED);
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
    int64_t us = check->bulk_us > 0 ? check->bulk_us : check->elapsed_us;
    int64_t per_minute = us > 0 ? (int64_t)((double)check->fresh * 6e7 / (double)us) : 0;

    if (check->fresh < RATE_LEAST || !per_minute)
        return NULL;
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
    if (check->selected == 2)
        return "No user was checked: both are switched off.";
    return xr_printf(check->arena, "No user was checked: all %s are switched off.",
        xr_check_number(check->arena, check->summary[XR_SKIPPED]));
}

/* Behind "user" or "users", if those who were asked are not all that were selected. */
static const char *which(const struct xr_check *check, int64_t asked)
{
    if (is_unfinished(check))
        return " checked so far";
    if (!check->summary[XR_SKIPPED])
        return "";
    return asked == 1 ? " that is switched on" : " that are switched on";
}

static const char *none_headline(const struct xr_check *check, int64_t asked)
{
    if (asked == 1)
        return xr_printf(check->arena, "The one user%s cannot be reached.", which(check, asked));
    return xr_printf(check->arena, "%s of the %s users%s can be reached.%s",
        asked == 2 ? "Neither" : "None", xr_check_number(check->arena, asked), which(check, asked),
        causes_sentence(check));
}

static const char *failed_headline(const struct xr_check *check, int64_t asked)
{
    bool partial = is_unfinished(check);

    if (check->summary[XR_ERROR] == asked)
        return none_headline(check, asked);
    return xr_printf(check->arena, "%s of %s%s users%s cannot be reached.%s",
        xr_check_number(check->arena, check->summary[XR_ERROR]), partial ? "the " : "",
        xr_check_number(check->arena, xr_check_done(check)), partial ? " checked so far" : "",
        causes_sentence(check));
}

/* With a comma in front; nobody failed. */
static const char *warned_clause(const struct xr_check *check, int64_t asked)
{
    const struct xr_check_cause *trust = cause_of(check, XR_FINDING_TLS_TRUST_IGNORED);
    int64_t warned = check->summary[XR_WARNING];

    if (!warned)
        return "";
    if (warned == asked && trust && trust->users == asked)
        return ", with certificate trust ignored";
    if (asked == 1)
        return ", with a warning";
    if (warned == asked)
        return asked == 2 ? ", both with a warning" : ", all of them with a warning";
    return xr_printf(check->arena, ", %s of them with a warning",
        warned == 1 ? "one" : xr_check_number(check->arena, warned));
}

static const char *passed_headline(const struct xr_check *check, int64_t asked)
{
    const char *all = "The one user";

    if (asked > 1)
        all = asked == 2 ? "Both users"
                         : xr_printf(check->arena, "All %s", xr_check_users(check->arena, asked));
    return xr_printf(check->arena, "%s%s can be reached%s.", all, which(check, asked),
        warned_clause(check, asked));
}

const char *xr_check_headline(const struct xr_check *check)
{
    int64_t asked = xr_check_done(check) - check->summary[XR_SKIPPED];

    if (!asked)
        return nothing_headline(check);
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

/* Of the classes that are about the way to the mailbox, not about what was found there. */
static bool is_about_the_way(const char *finding)
{
    static const char *const classes[] = { "autodiscover", "config", "dns", "http", "input",
        "local", "logon", "tcp", "tls" };
    size_t length = strcspn(finding, ".");

    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
        if (strlen(classes[i]) == length && !strncmp(classes[i], finding, length))
            return true;
    return false;
}

static bool is_behind_the_logon(const struct xr_check_cause *cause)
{
    return cause->step && (!strcmp(cause->step, "inbox") || !strcmp(cause->step, "smtp-address")) &&
           !is_about_the_way(xr_finding_kind(cause->code)->id);
}

/* Whatever was found, for one user or for many, came after the logon and is not about the way
 * there: only then is all before it known to be in order. */
static bool is_all_behind_the_logon(const struct xr_check *check)
{
    for (size_t i = 0; i < check->cause_count; i++)
        if (!is_behind_the_logon(&check->causes[i]))
            return false;
    for (const struct xr_check_group *group = check->groups; group; group = group->next)
        if (group->finding && (group->status == XR_ERROR || is_about_the_way(group->finding)))
            return false;
    return true;
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
    const char *sentences[5] = { 0 };
    const char *lead = NULL;

    if (!xr_check_done(check))
        return NULL;
    sentences[0] = stopped_sentence(check);
    if (check->summary[XR_ERROR] && count_error_causes(check) && is_all_behind_the_logon(check))
        sentences[1] = "Address, network, certificate and logon are in order.";
    sentences[2] = repair_sentence(check);
    sentences[3] = off_sentence(check);
    if (xr_check_is_trust_ignored(check))
        sentences[4] = "A client that checks certificates may fail where this check did not.";
    for (size_t i = 0; i < sizeof(sentences) / sizeof(*sentences); i++)
        if (sentences[i])
            lead = lead ? xr_printf(check->arena, "%s %s", lead, sentences[i]) : sentences[i];
    return lead;
}

static const char *changed_sentence(const struct xr_check *check, int64_t left)
{
    return xr_printf(check->arena,
        "Settings were changed while the check ran: %s %s no result any more.",
        xr_check_users(check->arena, left), left == 1 ? "has" : "have");
}

const char *xr_check_unfinished(const struct xr_check *check)
{
    static const char *const reasons[] = {
        [XR_CHECK_FINISHED] = "Not every user was checked.",
        [XR_CHECK_CANCELLED] = "The check was stopped before its end.",
        [XR_CHECK_THROTTLED] = "The check ended itself: the server kept asking to wait.",
        [XR_CHECK_TIMEOUT] = "The check ran into its time limit.",
        [XR_CHECK_CHANGED] = "Settings were changed while the check ran.",
    };
    int64_t left = check->selected - xr_check_done(check);

    if (!is_unfinished(check))
        return NULL;
    if (left <= 0)
        return xr_printf(
            check->arena, "%s Every user has a result all the same.", reasons[check->end]);
    if (check->end == XR_CHECK_CHANGED)
        return changed_sentence(check, left);
    return xr_printf(check->arena, "%s %s of %s %s no result yet.", reasons[check->end],
        xr_check_number(check->arena, left), xr_check_users(check->arena, check->selected),
        left == 1 ? "has" : "have");
}

/* "exray VERB 'Contoso EMEA' OPTIONS", and what leads to the same store. */
static const char *command_of(const struct xr_check *check, const char *verb, const char *options)
{
    const char *name = xr_quote(check->arena, check->organization, XR_SHELL_SH);

    if (!name || check->candidate)
        return NULL;
    return xr_printf(check->arena, "exray %s %s %s%s", verb, name, options,
        check->options ? check->options : "");
}

const char *xr_check_command(const struct xr_check *check, const char *options)
{
    return command_of(check, "check", options);
}

const char *xr_check_list_command(const struct xr_check *check)
{
    return command_of(check, "user list --org", "--failed");
}
