#include <stddef.h>

#include "probes/inbox.h"

static const char right_without_role[] =
    "The folder of {mailbox} opens for {account} without impersonation: a right of its own, such "
    "as FullAccess, is there. The role ApplicationImpersonation is missing, or its scope does not "
    "contain the mailbox; full access does not stand in for it. An application that works as a "
    "delegate needs nothing more, one that impersonates needs the role.";

static const char right_outside_of_scope[] =
    "The role ApplicationImpersonation is assigned, for Exchange lets {account} act for itself. "
    "The scope of the assignment does not contain {impersonated}. Without impersonation the folder "
    "opens, so the account has a right of its own to it, such as FullAccess; an application that "
    "impersonates makes no use of that.";

static const char not_even_itself[] =
    "Open are two causes, and Exchange answers both alike: {account} may not act for itself "
    "either. The role ApplicationImpersonation was never assigned to it, or so lately that this "
    "server has not seen it yet; or it is assigned, and its scope contains neither this mailbox "
    "nor the account's own, as usual for a scope that is made of a group of users. Steps 1 and 2 "
    "tell them apart. Such a scope counts direct members, and keeps the group's old name when the "
    "group is moved or renamed.";

static const char right_of_2007[] =
    "The folder of {mailbox} opens for {account} without impersonation: a right of its own, such "
    "as FullAccess, is there. The right to impersonate is missing: on Exchange 2007 the extended "
    "right ms-Exch-EPI-Impersonation on the Client Access server, on newer ones the role "
    "ApplicationImpersonation.";

static const char forbidden_altogether[] =
    "Exchange answered {account} at the logon, and a moment later forbids EWS even to the account "
    "itself. Most likely EWS was switched off for the organisation or for the account just now, or "
    "the servers behind a load balancer are not set up alike.";

static const char entry_without_mailbox[] =
    "The directory shows {mailbox} as a user with a mailbox, and this Exchange has none for it. "
    "Most likely it is a remote mailbox or a mail user: in a hybrid organisation the mailbox lives "
    "on the other side, in Microsoft 365. Otherwise the mailbox was disabled a short time ago, and "
    "not every server knows it yet.";

static const char entry_is_contact[] =
    "The directory shows {mailbox} as a contact: an entry that passes mail on to an address "
    "elsewhere, and has no mailbox here.";

static const char entry_is_list[] =
    "The directory shows {mailbox} as a distribution group: mail to it goes to its members, and it "
    "has no mailbox of its own.";

static const char entry_is_missing[] =
    "The address lists do not show {mailbox} either. Most likely the address is misspelt or the "
    "user was removed. An entry that is hidden from the address lists cannot be seen in this way.";

static const char moved_already[] =
    "This Exchange still calls the mailbox of {mailbox} moving, and Autodiscover already places it "
    "in the cloud. Most likely the move was completed a short time ago.";

static const char user_has_no_right[] =
    "Impersonation works: Exchange let {account} act as {impersonated}. It is {impersonated} who "
    "has no right to this folder. For a folder of {mailbox}, act as {mailbox}.";

static const char account_has_the_right[] =
    "Impersonation works: Exchange let {account} act as {impersonated}. It is {impersonated} who "
    "has no right to this folder, while {account} itself has one: without impersonation it opens.";

/*
 * The first row that fits decides. What a row leaves out (0, the open answer)
 * does not matter to it.
 */
static const struct {
    struct xr_difference when;
    struct xr_diagnosis then;
} rows[] = {
    { { XR_REFUSAL_DENIED, .self = XR_REACH_YES, .delegate = XR_REACH_YES },
        { XR_FINDING_IMPERSONATION_OUT_OF_SCOPE, right_outside_of_scope } },
    { { XR_REFUSAL_DENIED, .self = XR_REACH_YES },
        { XR_FINDING_IMPERSONATION_OUT_OF_SCOPE, NULL } },
    { { XR_REFUSAL_DENIED, .delegate = XR_REACH_YES },
        { XR_FINDING_IMPERSONATION_DENIED, right_without_role } },
    { { XR_REFUSAL_DENIED, .self = XR_REACH_NO },
        { XR_FINDING_IMPERSONATION_DENIED, not_even_itself } },
    { { XR_REFUSAL_DENIED_BY_RIGHT, .delegate = XR_REACH_YES },
        { XR_FINDING_IMPERSONATION_DENIED, right_of_2007 } },
    { { XR_REFUSAL_FORBIDDEN, .without = XR_REACH_YES },
        { XR_FINDING_MAILBOX_EWS_DISABLED, NULL } },
    { { XR_REFUSAL_FORBIDDEN, .without = XR_REACH_NO },
        { XR_FINDING_EWS_DISABLED, forbidden_altogether } },
    { { XR_REFUSAL_NO_MAILBOX, .in_cloud = true }, { XR_FINDING_MAILBOX_ELSEWHERE, NULL } },
    { { XR_REFUSAL_NO_MAILBOX, .entry = XR_ENTRY_MAILBOX },
        { XR_FINDING_MAILBOX_ELSEWHERE, entry_without_mailbox } },
    { { XR_REFUSAL_NO_MAILBOX, .entry = XR_ENTRY_CONTACT },
        { XR_FINDING_MAILBOX_NOT_FOUND, entry_is_contact } },
    { { XR_REFUSAL_NO_MAILBOX, .entry = XR_ENTRY_LIST },
        { XR_FINDING_MAILBOX_NOT_FOUND, entry_is_list } },
    { { XR_REFUSAL_NO_MAILBOX, .entry = XR_ENTRY_NOBODY },
        { XR_FINDING_MAILBOX_NOT_FOUND, entry_is_missing } },
    { { XR_REFUSAL_MOVING, .in_cloud = true }, { XR_FINDING_MAILBOX_ELSEWHERE, moved_already } },
    { { XR_REFUSAL_NO_RIGHT, .delegate = XR_REACH_YES },
        { XR_FINDING_FOLDER_ACCESS_DENIED, account_has_the_right } },
    { { XR_REFUSAL_NO_RIGHT, .for_other = true },
        { XR_FINDING_FOLDER_ACCESS_DENIED, user_has_no_right } },
};

static bool fits(const struct xr_difference *row, const struct xr_difference *is)
{
    return row->refusal == is->refusal && (!row->delegate || row->delegate == is->delegate) &&
           (!row->self || row->self == is->self) &&
           (!row->without || row->without == is->without) &&
           (!row->entry || row->entry == is->entry) && (!row->in_cloud || is->in_cloud) &&
           (!row->for_other || is->for_other);
}

bool xr_diagnose(const struct xr_difference *difference, struct xr_diagnosis *ret)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (fits(&rows[i].when, difference)) {
            *ret = rows[i].then;
            return true;
        }
    return false;
}
