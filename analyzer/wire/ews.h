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

const char *xr_ews_get_folder(
    struct xr_arena *arena, const struct xr_ews_caller *caller, const struct xr_ews_folder *folder);
/* Asks the directory for "smtp:ADDRESS", which matches proxy addresses too. */
const char *xr_ews_resolve_names(
    struct xr_arena *arena, const struct xr_ews_caller *caller, const char *address);

/* Is this one of the distinguished folder names of the schema (DistinguishedFolderIdNameType)? */
bool xr_ews_is_distinguished(const char *name);
extern const char *const xr_ews_distinguished[]; /* all of them; ends with NULL */

struct xr_ews_rights {
    bool known, read, create_contents, modify, remove;
};

struct xr_ews_resolution {
    struct xr_ews_resolution *next;
    const char *name, *address, *routing_type, *mailbox_type;
    const char *const *proxies; /* "SMTP:..." and "smtp:..." entries as sent; NULL-ended */
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
    /* ResolveNames */
    struct xr_ews_resolution *resolutions;
    size_t resolution_count;
};

/*
 * Takes apart the body of an answer to "operation" ("GetFolder"). Any prefix,
 * both fault dialects (2007 and 2010+), fault inside 200 or 500. Error:
 * XR_FAULT_CONTENT when it is not XML, not SOAP, or answers something else.
 */
xr_must_check const struct xr_err *xr_ews_parse(struct xr_arena *arena, const char *operation,
    const char *body, size_t length, struct xr_ews_reply *ret);

/*
 * "Exchange 2019 CU15" from a build number (PROTOCOL facts: the @Version
 * attribute does not tell): the highest cumulative update that is not newer,
 * so read it as "at least". "Exchange 2019" when even the first is newer or no
 * build was sent. NULL: unknown.
 */
const char *xr_exchange_product(
    struct xr_arena *arena, int major, int minor, int build, int revision);

#endif
