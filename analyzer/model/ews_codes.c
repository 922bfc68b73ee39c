#include "analyzer/model/ews_codes.h"

#include <stdlib.h>
#include <string.h>

/* What a code means of which only the class is known: finding, status, cause. */
#define OF_CLASS(about)                                           \
    "Of this code exray knows only the class: it is about " about \
    " The text that Exchange sends with it says more."
#define UNRELATED(about) OF_CLASS(about ", which exray does not ask for.")

#define CLASS_ARCHIVE    EWS_ERROR, ERROR, UNRELATED("archive mailboxes")
#define CLASS_ATTACHMENT EWS_ERROR, ERROR, UNRELATED("attachments")
#define CLASS_AVAILABILITY \
    AVAILABILITY_UNAVAILABLE, WARNING, OF_CLASS("questions for free and busy times.")
#define CLASS_CALENDAR  EWS_ERROR, ERROR, UNRELATED("appointments, meetings and tasks")
#define CLASS_CONTACT   EWS_ERROR, ERROR, UNRELATED("contacts and distribution lists")
#define CLASS_DISCOVERY EWS_ERROR, ERROR, UNRELATED("discovery searches, holds and retention")
#define CLASS_EXTENSION EWS_ERROR, ERROR, UNRELATED("add-ins of Outlook")
#define CLASS_FOLDER \
    EWS_ERROR, ERROR, OF_CLASS("folders that do not fit the request or cannot be saved.")
#define CLASS_GROUP EWS_ERROR, ERROR, UNRELATED("Microsoft 365 groups and site mailboxes")
#define CLASS_ID \
    FOLDER_NOT_FOUND, ERROR, OF_CLASS("ids that Exchange cannot read, cut off or from elsewhere.")
#define CLASS_IDENTITY \
    IMPERSONATION_FAILED, ERROR, OF_CLASS("the identity in whose name the request is made.")
#define CLASS_ITEM           EWS_ERROR, ERROR, OF_CLASS("items that are damaged or do not fit the request.")
#define CLASS_LIMIT          EWS_ERROR, ERROR, OF_CLASS("requests or items that are larger than allowed.")
#define CLASS_MAIL           EWS_ERROR, ERROR, UNRELATED("sending and tracking messages")
#define CLASS_MANAGED_FOLDER EWS_ERROR, ERROR, UNRELATED("managed folders")
#define CLASS_NOTIFICATION \
    SYNC_NOTIFICATIONS_UNAVAILABLE, WARNING, OF_CLASS("subscriptions and their events.")
#define CLASS_OOF           OOF_UNAVAILABLE, WARNING, OF_CLASS("out-of-office settings.")
#define CLASS_PERMISSION    EWS_ERROR, ERROR, UNRELATED("changes of permissions and delegates")
#define CLASS_PROPERTY      EWS_ERROR, ERROR, OF_CLASS("properties that the request names.")
#define CLASS_PROXY         EWS_ERROR, ERROR, OF_CLASS("requests that Exchange passes to another server.")
#define CLASS_PUBLIC_FOLDER EWS_ERROR, ERROR, UNRELATED("public folders")
#define CLASS_REQUEST       EWS_ERROR, ERROR, OF_CLASS("requests with a missing or wrong value.")
#define CLASS_RULE          EWS_ERROR, ERROR, UNRELATED("Inbox rules")
#define CLASS_SEARCH        EWS_ERROR, ERROR, OF_CLASS("searches that Exchange cannot carry out.")
#define CLASS_SERVER        EWS_ERROR, ERROR, OF_CLASS("failures inside Exchange.")
#define CLASS_SERVICE       EWS_ERROR, ERROR, UNRELATED("services beside mail, such as places and photos")
#define CLASS_SHARING       EWS_ERROR, ERROR, UNRELATED("sharing between organisations")
#define CLASS_SUSPENDED \
    EWS_BLOCKED_BY_POLICY, ERROR, OF_CLASS("accounts that Microsoft 365 has suspended.")
#define CLASS_UNIFIED_MESSAGING EWS_ERROR, ERROR, UNRELATED("voice mail and telephony")

#define ROW_OF(known_by_class, code_name, finding, how_bad, reason) \
    { .name = code_name,                                            \
        .code = XR_FINDING_##finding,                               \
        .status = XR_##how_bad,                                     \
        .cause = reason,                                            \
        .by_class = known_by_class },
/* One step more, in which a class becomes the three arguments that it stands for. */
#define ROW(...)                     ROW_OF(__VA_ARGS__)
#define EWS_CODE(code_name, ...)     ROW(false, code_name, __VA_ARGS__)
#define EWS_CLASS(code_name, class_) ROW(true, code_name, CLASS_##class_)

const struct xr_ews_code xr_ews_codes[] = {
#include "analyzer/model/ews_codes.def"
};

const size_t xr_ews_code_count = sizeof(xr_ews_codes) / sizeof(*xr_ews_codes);

static int compare_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct xr_ews_code *)row)->name);
}

const struct xr_ews_code *xr_ews_code_find(const char *name)
{
    if (!name)
        return NULL;
    return bsearch(name, xr_ews_codes, xr_ews_code_count, sizeof(*xr_ews_codes), compare_name);
}
