#ifndef XR_ORGANISATION_H
#define XR_ORGANISATION_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/base/arena.h"

/*
 * Organisations and their users, as an administrator sets them up (seeds,
 * FEATURES 1.C and 1.D). Plain values: secrets are not in here, only whether
 * there is one. Text fields are NULL when not set, never "".
 */

/* The mailbox access type of an organisation. */
enum xr_org_access {
    XR_ORG_DIRECT,        /* "direct-logon": the users log on as themselves */
    XR_ORG_IMPERSONATION, /* "exchange-impersonation": one service account opens all */
    XR_ORG_M365_OAUTH,    /* "m365-oauth-impersonated" */
};
enum { XR_ORG_ACCESS_COUNT = 3 };

/* The mailbox access type of a user. */
enum xr_user_access {
    XR_USER_INHERIT,       /* "inherit": as the organisation says */
    XR_USER_PASSWORD,      /* "password": logs on as that user */
    XR_USER_OAUTH,         /* "oauth": a token of their own */
    XR_USER_IMPERSONATION, /* "exchange-impersonation": a service account of their own, or the
                              organisation's */
};
enum { XR_USER_ACCESS_COUNT = 4 };

/* The group that the management scope is made of (FEATURES B9). */
enum xr_group_kind {
    XR_GROUP_DISTRIBUTION, /* "distribution", alias RIAG */
    XR_GROUP_SECURITY,     /* "security", alias RISG */
};

enum xr_secret_kind {
    XR_SECRET_PASSWORD, /* "password" */
    XR_SECRET_TOKEN,    /* "token": an OAuth access token */
};
enum { XR_SECRET_KIND_COUNT = 2 };

const char *xr_org_access_name(enum xr_org_access access);
const char *xr_user_access_name(enum xr_user_access access);
const char *xr_group_kind_name(enum xr_group_kind kind);
const char *xr_secret_kind_name(enum xr_secret_kind kind);
/* false: no such word. */
bool xr_org_access_by_name(const char *name, enum xr_org_access *ret);
bool xr_user_access_by_name(const char *name, enum xr_user_access *ret);
bool xr_group_kind_by_name(const char *name, enum xr_group_kind *ret);

/* Limits of the text fields in bytes; a longer value is refused. */
enum { XR_NAME_MAX = 200, XR_FIELD_MAX = 2048, XR_NOTES_MAX = 16 * 1024, XR_DOMAINS_MAX = 64 };

struct xr_org {
    int64_t id;                 /* 0: not stored yet */
    const char *uid;            /* 32 hexadecimal digits, for ever the same, also in exports */
    int64_t generation;         /* one more with every save; 0: not stored yet */
    const char *name;           /* unique, letter case ignored; never NULL */
    const char *const *domains; /* A-labels, NULL-ended; never NULL */
    enum xr_org_access access;
    const char *account, *ews_url;
    const char *folder; /* a distinguished folder; NULL: inbox */
    enum xr_group_kind group_kind;
    const char *scope_name; /* NULL: RIusersScope */
    const char *notes;
    bool has[XR_SECRET_KIND_COUNT]; /* a secret of that kind is stored */
    int64_t changed_ms;             /* since 1970 */
    const char *changed_by;
};

struct xr_user {
    int64_t id; /* 0: not stored yet */
    const char *uid;
    int64_t org_id, generation;
    const char *email; /* unique in the organisation, letter case ignored; never NULL */
    enum xr_user_access access;
    const char *user_name; /* direct logon: who logs on; NULL: the e-mail address */
    const char *account;   /* impersonation: the service account; NULL: the organisation's */
    const char *ews_url;   /* NULL: the organisation's */
    bool enabled;
    bool has[XR_SECRET_KIND_COUNT];
    int64_t invalidated_ms; /* when the secret was invalidated; 0: not, or renewed since */
    int64_t changed_ms;
    const char *changed_by;
};

/* A random uid. */
const char *xr_uid_new(struct xr_arena *arena);

#endif
