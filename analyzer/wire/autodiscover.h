#ifndef XR_AUTODISCOVER_H
#define XR_AUTODISCOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/base/err.h"

/* Plain old XML Autodiscover (MS-OXDSCLI): the request and what an answer says. */

#define XR_AUTODISCOVER_PATH "/autodiscover/autodiscover.xml"

const char *xr_pox_request(struct xr_arena *arena, const char *address);

enum xr_pox_kind {
    XR_POX_SETTINGS,
    XR_POX_REDIRECT_ADDRESS,
    XR_POX_REDIRECT_URL,
    XR_POX_ERROR,
};

struct xr_pox_reply {
    enum xr_pox_kind kind;
    const char *redirect;      /* address or URL; NULL otherwise */
    int error_code;            /* 500, 501, 600 to 603; 0 otherwise */
    const char *error_message; /* NULL otherwise */
    const char *smtp_address;  /* AutoDiscoverSMTPAddress, or NULL */
    const char *display_name;  /* or NULL */
    const char *external_ews, *internal_ews,
        *exhttp_ews; /* EXPR, EXCH, EXHTTP; EwsUrl, else ASUrl; or NULL */
    const char
        *ews_url;     /* the one for a client outside: EXPR, else EXHTTP, else EXCH; NULL: none */
    bool is_internal; /* ews_url is EXCH's, for want of another */
    const char *external_owa, *internal_owa; /* WEB: Outlook on the web, the first OWAUrl of each */
    const char *online;         /* MicrosoftOnline as sent, "True" or "False"; NULL: not told */
    const char *server_version; /* "15.1.154" decoded from the POX hex word, or NULL */
    const char *deviation;      /* wrong or missing namespaces, told as a phrase; NULL: none */
};

/* Errors: XR_FAULT_CONTENT. "not XML" and "XML, but no Autodiscover answer" are told apart in the
 * text. */
xr_must_check const struct xr_err *xr_pox_parse(
    struct xr_arena *arena, const char *body, size_t length, struct xr_pox_reply *ret);

#endif
