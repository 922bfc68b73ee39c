#ifndef XR_ACCESS_H
#define XR_ACCESS_H

#include <stdbool.h>

#include "analyzer/org/organisation.h"

/*
 * Which fields a mailbox access type has, and what will really be used for a
 * user: pure functions over one table, without store or network.
 */

enum xr_field {
    XR_FIELD_ACCOUNT, /* Account Logon */
    XR_FIELD_PASSWORD,
    XR_FIELD_TOKEN,
    XR_FIELD_EWS_URL,
    XR_FIELD_USER_NAME, /* of users only */
};
enum { XR_FIELD_COUNT = 5 };

const char *xr_field_name(enum xr_field field); /* "ews_url", as in CSV and JSON */

enum xr_use {
    XR_USE_REFUSED, /* has no meaning under this type: setting it is an error */
    XR_USE_OPTIONAL,
    XR_USE_REQUIRED, /* by the type itself: what it inherits counts as given */
};

enum xr_use xr_org_use(enum xr_org_access access, enum xr_field field);
/* Of a user under an organisation. A type that is not allowed there refuses every field. */
enum xr_use xr_user_use(enum xr_org_access org, enum xr_user_access user, enum xr_field field);
/* NULL: allowed. Else why not, a phrase. */
const char *xr_user_access_flaw(enum xr_org_access org, enum xr_user_access user);

/* What happens at the mailbox. */
enum xr_mode {
    XR_MODE_DIRECT_PASSWORD,      /* as the user, with the user's password */
    XR_MODE_DIRECT_TOKEN,         /* as the user, with the user's token */
    XR_MODE_IMPERSONATE_PASSWORD, /* as the service account, with its password */
    XR_MODE_IMPERSONATE_TOKEN,    /* as the application or service account, with a token */
};

bool xr_mode_impersonates(enum xr_mode mode);
enum xr_secret_kind xr_mode_secret(enum xr_mode mode);
const char *xr_mode_title(enum xr_mode mode); /* "Exchange Impersonation with a password" */
const char *xr_mode_name(enum xr_mode mode);  /* "impersonate-password", for programs */

enum xr_origin_of {
    XR_OF_USER,
    XR_OF_ORG,
    XR_OF_TYPE, /* the default of the access type */
    XR_OF_NONE, /* nobody set it */
};

const char *xr_origin_of_name(
    enum xr_origin_of origin); /* "user", "organization", "default", "none" */

struct xr_sourced {
    const char *value; /* NULL with XR_OF_NONE; for ews_url that means Autodiscover, unless the
                          user's type requires one: then it is missing */
    enum xr_origin_of from;
};

/* The effective access of a user: what will be used, and where each value came from. */
struct xr_effective {
    enum xr_mode mode;
    enum xr_origin_of mode_from;
    const char *mailbox;       /* the user's address */
    struct xr_sourced account; /* who logs on */
    struct xr_sourced ews_url;
    struct xr_sourced folder;
    enum xr_origin_of secret_from; /* whose secret; XR_OF_NONE: there is none */
};

/*
 * Account and secret come as a pair: a user with an account of their own never
 * gets the organisation's password. Microsoft 365 without a URL uses the one
 * address of Exchange Online. What a type refuses does not count, though it is set.
 *
 * "inherit" means password, exchange-impersonation or the organisation's token;
 * under exchange-impersonation its account, password and URL may be overridden
 * as in the type of that name. A user of type oauth under Microsoft 365 logs on with
 * a token of their own when there is one; once that was invalidated there is none, and
 * the mailbox is not opened with the organisation's instead.
 */
struct xr_effective xr_effective(const struct xr_org *org, const struct xr_user *user);

/* Hosts of Exchange Online, which refuses account and password for EWS (FEATURES C16). */
extern const char xr_m365_ews_url[]; /* "https://outlook.office365.com/EWS/Exchange.asmx" */

#endif
