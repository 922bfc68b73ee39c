#ifndef XR_TARGET_H
#define XR_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/base/arena.h"

/* How ExchangeImpersonation names the user: the ConnectingSID child (MS-OXWSCDATA). */
enum xr_identify_by {
    XR_BY_SMTP_ADDRESS,
    XR_BY_PRIMARY_SMTP_ADDRESS,
    XR_BY_UPN,
    XR_BY_SID,
};

enum xr_auth {
    XR_AUTH_NONE,
    XR_AUTH_BASIC,
    XR_AUTH_NTLM,
    XR_AUTH_NEGOTIATE,
    XR_AUTH_OAUTH,
};

enum { XR_AUTH_COUNT = 5 };

const char *xr_auth_name(enum xr_auth auth);             /* "NTLM" */
const char *xr_identify_by_name(enum xr_identify_by by); /* "smtp-address" */

/* Hosts of Exchange Online, where account and password have not been accepted since 2022. */
bool xr_is_exchange_online(const char *host);

/* DOMAIN\user or a UPN (FEATURES A7): NULL, or why the text is neither (a phrase). */
const char *xr_account_flaw(struct xr_arena *arena, const char *account);

/*
 * May both names stand for one account, whose wrong passwords are counted together? DOMAIN\user and
 * a UPN with the same user part may: which domain is which, only the directory knows.
 */
bool xr_same_account(const char *a, const char *b);

/* The name of a chain that was not read from a file (--chain -). */
#define XR_STANDARD_INPUT "standard input"

/* What --method and --exclude-method speak of: places where Autodiscover is looked for, in their
 * rank, and the two protocols that are spoken there. */
enum xr_way {
    XR_WAY_ROOT,          /* https://DOMAIN */
    XR_WAY_HOST,          /* https://autodiscover.DOMAIN */
    XR_WAY_REDIRECT,      /* http://autodiscover.DOMAIN names another place */
    XR_WAY_SRV,           /* _autodiscover._tcp.DOMAIN names another host */
    XR_WAY_V2,            /* the JSON service, without a logon */
    XR_WAY_MICROSOFT_365, /* the domain's records name Exchange Online */
    XR_PLACES,
    XR_WAY_POX = XR_PLACES,
    XR_WAY_SOAP,
    XR_WAYS
};

const char *xr_way_name(enum xr_way way); /* "root", "microsoft-365", "pox" */

/* What --with speaks of: steps beyond opening the folder, each only when it is asked for. */
enum xr_with {
    XR_WITH_WRITE, /* the only one that changes anything in the mailbox */
    XR_WITH_ROOMS,
    XR_WITH_OOF,
    XR_WITH_AVAILABILITY,
    XR_WITH_SYNC,
    XR_WITH_EXTENDED_PROTECTION,
    XR_WITH_COUNT
};

const char *xr_with_name(enum xr_with with); /* "write" */

/*
 * What was asked: the form of the test, field by field. Constant during a run.
 * No secret is in here (see struct xr_ctx), so reports may see all of it.
 */
struct xr_target {
    const char *mailbox;    /* NULL in a test of a host or of a file */
    const char *account;    /* NULL there too, and where Autodiscover is tested without a logon */
    const char *host;       /* "HOST" or "HOST:PORT" of the test ssl-trust; else NULL */
    const char *chain_file; /* the test ssl-trust of a file; else NULL */
    const char *const *more_chain_files; /* that were put behind it, NULL-ended; NULL: none */
    const char *ews_url;                 /* NULL: use Autodiscover */
    const char *folder; /* distinguished folder name; NULL when folder_id is given */
    const char *folder_id;
    bool impersonation;
    const char *impersonate; /* the impersonated user; the mailbox unless given */
    enum xr_identify_by identify_by;
    const char *outside; /* a mailbox that must not be reachable; NULL: none */
    uint32_t with;       /* bits of enum xr_with */
    bool second_attempt; /* an unproven password may be sent once more, without channel binding */
    bool ignore_trust;
    enum xr_auth auth[XR_AUTH_COUNT];  /* in order of preference, ends with XR_AUTH_NONE */
    bool auth_chosen;                  /* by --auth; else the default order */
    const char *const *allow_redirect; /* hosts, NULL-ended; never NULL itself */
    int warn_days, crit_days;          /* certificate expiry; below crit it is an error; 0: never */
    bool days_as_given;  /* else at most a third, or a tenth, of the certificate's own life */
    uint32_t no_ways;    /* bits of enum xr_way: not to be gone */
    bool both_protocols; /* ask POX and SOAP where one would do, and compare */
    bool scan;           /* ask the server what else it would agree to: old protocols, ciphers */
    bool enquire;        /* ask authorities about revocation and missing issuers */
    int64_t at_ms;       /* judge dates as of this moment; 0: now */
};

#endif
