#ifndef XR_EWS_H
#define XR_EWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/base/err.h"

/* Exchange Web Services: requests as SOAP 1.1 envelopes, answers taken apart (MS-OXWSFOLD,
 * MS-OXWSRSLNM). */

/* The child of t:ConnectingSID (MS-OXWSCDATA 2.2.4.17); NONE: no ExchangeImpersonation header. */
enum xr_ews_identity {
    XR_EWS_AS_ITSELF,
    XR_EWS_SMTP_ADDRESS,
    XR_EWS_PRIMARY_SMTP_ADDRESS,
    XR_EWS_PRINCIPAL_NAME,
    XR_EWS_SID,
};

struct xr_ews_caller {
    const char *version; /* RequestServerVersion, "Exchange2013_SP1" */
    enum xr_ews_identity identity;
    const char *user; /* whom to impersonate; unused with XR_EWS_AS_ITSELF */
};

/* A folder: distinguished name or id, one of them NULL; mailbox: whose (delegate access), or NULL.
 */
struct xr_ews_folder {
    const char *name, *id, *mailbox;
};

/* Versions to ask for, newest first; ends with NULL. Servers that refuse one are asked for the
 * next. */
extern const char *const xr_ews_versions[];

/* Exchange2010_SP1 brought streaming subscriptions, Exchange2010 room lists. Unknown versions are
 * newer than all others. */
bool xr_ews_is_older(const char *version, const char *than);

enum xr_ews_operation {
    XR_EWS_GET_FOLDER,
    XR_EWS_RESOLVE_NAMES,
    XR_EWS_FIND_ITEM,
    XR_EWS_CREATE_ITEM,
    XR_EWS_DELETE_ITEM, /* for good: HardDelete */
    XR_EWS_GET_ROOM_LISTS,
    XR_EWS_GET_OOF,
    XR_EWS_GET_AVAILABILITY,
    XR_EWS_SYNC_ITEMS,
    XR_EWS_SUBSCRIBE,
    XR_EWS_UNSUBSCRIBE,
    XR_EWS_OPERATIONS
};

const char *xr_ews_operation_name(enum xr_ews_operation operation); /* "GetUserOofSettings" */

/* One request; unused fields NULL or 0. All texts are escaped here. */
struct xr_ews_request {
    enum xr_ews_operation operation;
    /* GetFolder, FindItem, CreateItem (where it is saved), SyncFolderItems, Subscribe */
    struct xr_ews_folder folder;
    const char *address; /* ResolveNames, GetUserOofSettings, GetUserAvailability: whose */
    const char *subject; /* CreateItem; FindItem: only items whose subject it is; NULL: any */
    bool starts_so;      /* FindItem: with the subject, that is; in its letter case */
    const char *item_id; /* DeleteItem */
    const char *subscription_id; /* Unsubscribe */
    bool pull;                   /* Subscribe: to be asked (2007); else streaming (2010 SP1) */
    int64_t from_ms, to_ms;      /* GetUserAvailability: since 1970 */
};

enum { XR_EWS_FOUND_MAX = 10 };

/*
 * The whole SOAP request. ResolveNames asks the directory for "smtp:ADDRESS",
 * which matches proxy addresses too. FindItem asks for ids; with a subject for
 * ids and subjects, of XR_EWS_FOUND_MAX items at most. CreateItem makes a
 * message that is sent to nobody. GetUserAvailability asks when the user is
 * busy, not with what. SyncFolderItems asks for one change. (MS-OXWSFOLD,
 * MS-OXWSRSLNM, MS-OXWSCORE, MS-OXWSSRCH, MS-OXWSGTRM, MS-OXWOOF, MS-OXWAVLS,
 * MS-OXWSSYNC, MS-OXWSNTIF)
 */
const char *xr_ews_envelope(struct xr_arena *arena, const struct xr_ews_caller *caller,
    const struct xr_ews_request *request);

/* Is this one of the distinguished folder names of the schema (DistinguishedFolderIdNameType)? */
bool xr_ews_is_distinguished(const char *name);
extern const char *const xr_ews_distinguished[]; /* all of them; ends with NULL */

struct xr_ews_rights {
    bool known, read, create_contents, modify, remove;
};

struct xr_ews_resolution {
    struct xr_ews_resolution *next;
    const char *name, *address, *routing_type, *mailbox_type;
    const char **proxies; /* "SMTP:..." and "smtp:..." entries as sent; NULL-ended, never NULL */
};

struct xr_ews_item {
    struct xr_ews_item *next;
    const char *id, *subject; /* subject NULL: not sent */
};

struct xr_ews_reply {
    bool fault;          /* a SOAP fault; else a response message */
    const char *code;    /* "NoError", "ErrorImpersonateUserDenied"; NULL: a fault without one */
    const char *class_;  /* "Success", "Warning", "Error"; NULL for faults */
    const char *text;    /* MessageText or faultstring; "" for none */
    int64_t back_off_ms; /* -1: none */
    const char *other_address; /* ErrorNonPrimarySmtpAddress: the address to use, or NULL */
    /* MessageXml of ErrorInternalServerError: what really happened; NULL: not told */
    const char *inner_code, *inner_text;
    /* ServerVersionInfo; -1: not sent */
    int major, minor, build, revision;
    const char *version; /* its Version attribute, or NULL */
    /* GetFolder */
    const char *folder_id, *folder_name, *folder_class; /* NULL: none */
    int64_t total, unread, children;                    /* -1: not sent */
    struct xr_ews_rights rights;
    /* ResolveNames; GetRoomLists: name, address and mailbox type of each list */
    struct xr_ews_resolution *resolutions;
    size_t resolution_count;
    /* FindItem, CreateItem: those that have an id; item_id: of the first */
    struct xr_ews_item *items;
    const char *item_id; /* NULL: none */
    int64_t item_count;  /* FindItem: in the answer; items_total: in the folder; -1: not sent */
    int64_t items_total;
    const char *oof_state, *oof_audience; /* "Disabled", "All"; NULL: not told */
    const char *free_busy;                /* FreeBusyViewType, "FreeBusyMerged"; NULL: not told */
    int64_t events;                       /* GetUserAvailability: calendar events; -1: not sent */
    const char *sync_state;               /* SyncFolderItems; NULL: none */
    int64_t changes;                      /* the same: how many; -1: not sent */
    const char *subscription_id;          /* Subscribe; NULL: none */
};

/*
 * Takes apart the body of an answer to "operation" ("GetFolder"). Any prefix,
 * both fault dialects (2007 and 2010+), fault inside 200 or 500. Error:
 * XR_FAULT_CONTENT when it is not XML, not SOAP, or answers something else.
 */
xr_must_check const struct xr_err *xr_ews_parse(struct xr_arena *arena, const char *operation,
    const char *body, size_t length, struct xr_ews_reply *ret);

/*
 * Where the answer's texts stand that the server chose, for who has to look
 * through them or change them (all but the ids of items and subscriptions, which
 * go back to it): into texts[], at most "max". Some point to NULL.
 * Returns how many there are, which may be more.
 */
size_t xr_ews_texts(struct xr_ews_reply *reply, const char **texts[], size_t max);

/*
 * "Exchange 2019 CU15" from a build number (PROTOCOL facts: the @Version
 * attribute does not tell): the highest update that is known and not newer, so
 * read it as "at least". "Exchange 2019" when even the first is newer or no
 * build was sent. NULL: unknown.
 */
const char *xr_exchange_product(
    struct xr_arena *arena, int major, int minor, int build, int revision);

/* The last day of Microsoft's support for the product, "2025-10-14", passed or to come. NULL: it is
 * supported without an end, or unknown. */
const char *xr_exchange_support_end(int major, int minor, int build);

#endif
