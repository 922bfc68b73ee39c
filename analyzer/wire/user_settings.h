#ifndef XR_USER_SETTINGS_H
#define XR_USER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/base/err.h"

/*
 * SOAP Autodiscover, the operation GetUserSettings (MS-OXWSADISC): one request for up to a hundred
 * mailboxes, and what an answer says on its three levels: the whole call, a user, a setting of his.
 */

#define XR_USER_SETTINGS_PATH "/autodiscover/autodiscover.svc"
/* Also the value of the header SOAPAction, in quotation marks there. */
#define XR_USER_SETTINGS_ACTION \
    "http://schemas.microsoft.com/exchange/2010/Autodiscover/Autodiscover/GetUserSettings"

enum { XR_USER_SETTINGS_MAX = 100 }; /* mailboxes in one request */

enum xr_user_setting {
    XR_SETTING_SMTP_ADDRESS, /* AutoDiscoverSMTPAddress: the primary address */
    XR_SETTING_DISPLAY_NAME,
    XR_SETTING_EXTERNAL_EWS,
    XR_SETTING_INTERNAL_EWS,
    XR_SETTING_INTEROP_EWS,     /* of a newer server that serves mailboxes of this older one */
    XR_SETTING_EWS_SCHEMAS,     /* "Exchange2007, Exchange2010" */
    XR_SETTING_CAS_VERSION,     /* "15.01.0160.004" */
    XR_SETTING_EWS_VERSION,     /* of the server behind the external EWS URL */
    XR_SETTING_ONLINE,          /* "True": the mailbox is in Exchange Online */
    XR_SETTING_DEPLOYMENT_ID,   /* which forest: differs between the two sides of a hybrid */
    XR_SETTING_INTERNAL_SERVER, /* host name of the mailbox server; a GUID@domain since 2013 */
    XR_SETTING_EXTERNAL_SERVER, /* host name of Outlook Anywhere */
    XR_SETTING_COUNT,
};

/* "ExternalEwsUrl": as the protocol calls it. */
const char *xr_user_setting_name(enum xr_user_setting setting);

/*
 * RequestedServerVersion, newest first; ends with NULL. The last one also leaves out the settings
 * that Exchange 2010 had not from the start: it is for a server that refuses the first.
 */
extern const char *const xr_user_settings_versions[];

/*
 * url: where the request goes (wsa:To). NULL: not 1 to XR_USER_SETTINGS_MAX addresses, or they are
 * longer than addresses are.
 */
const char *xr_user_settings_request(struct xr_arena *arena, const char *version, const char *url,
    const char *const *addresses, size_t n);

/* ErrorCode, on all three levels. */
enum xr_settings_code {
    XR_SETTINGS_NO_ERROR,
    XR_SETTINGS_REDIRECT_ADDRESS,
    XR_SETTINGS_REDIRECT_URL,
    XR_SETTINGS_INVALID_USER, /* there is no such mailbox */
    XR_SETTINGS_INVALID_REQUEST,
    XR_SETTINGS_INVALID_SETTING,
    XR_SETTINGS_NOT_AVAILABLE, /* SettingIsNotAvailable */
    XR_SETTINGS_SERVER_BUSY,
    XR_SETTINGS_INVALID_DOMAIN,
    XR_SETTINGS_NOT_FEDERATED,
    XR_SETTINGS_INTERNAL_ERROR, /* InternalServerError */
    XR_SETTINGS_UNKNOWN,        /* a code that is none of these, or a fault without one */
};

struct xr_settings_error {
    enum xr_settings_code code;
    const char *text;    /* the code as sent, letters and digits only; NULL: none was */
    const char *message; /* on one line; "" for none */
};

struct xr_user_settings {
    const char *address; /* as asked for */
    struct xr_settings_error error;
    const char *redirect; /* of RedirectAddress (a valid address) and RedirectUrl (as sent); NULL:
                             none, and with these codes: the server names none that could be used */
    const char *values[XR_SETTING_COUNT];              /* NULL: not sent */
    struct xr_settings_error errors[XR_SETTING_COUNT]; /* why a setting was not sent */
    const char *ews_url; /* the one for a client outside: external, else interop, else internal */
    bool is_internal;    /* ews_url is the internal one for want of another */
};

struct xr_user_settings_reply {
    bool fault;                     /* a SOAP fault: there are no users then */
    struct xr_settings_error error; /* of the whole call; its users may be answered all the same */
    struct xr_user_settings *users; /* in the order of the addresses */
    size_t users_n; /* at most as many as were asked for; fewer when the server throttles: these are
                       the first of them, and the rest is to be asked for again */
    int major, minor, build, revision; /* ServerVersionInfo; -1: not sent */
    const char *version;               /* its Version, "Exchange2013_SP1"; NULL: not sent */
    const char *deviation; /* namespaces, or settings sent twice, told as a phrase; NULL: none */
};

/*
 * "addresses": the n of the request. The status of HTTP does not matter: a fault comes with 500.
 * Errors: XR_FAULT_CONTENT: not XML, no SOAP, an answer to something else; one for more users than
 * were asked for (whose settings are whose cannot be said); one without an error and without a
 * user.
 */
xr_must_check const struct xr_err *xr_user_settings_parse(struct xr_arena *arena,
    const char *const *addresses, size_t n, const char *body, size_t length,
    struct xr_user_settings_reply *ret);

#endif
