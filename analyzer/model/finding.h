#ifndef XR_FINDING_H
#define XR_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/model/status.h"

/*
 * The catalogue: what exray can tell, and for each the cause, who can mend it
 * and how. It is the one source of reports, of `exray explain` and of
 * docs/findings/. Texts may hold slots in braces, {mailbox} or {account}, that
 * xr_expand() fills (model/expand.h).
 */
enum xr_finding_code {
#define FINDING(code, ...) XR_FINDING_##code,
#include "analyzer/model/findings.def"
#undef FINDING
    XR_FINDING_COUNT
};

enum xr_owner {
    XR_OWNER_EXCHANGE_ADMIN,
    XR_OWNER_NETWORK_ADMIN,
    XR_OWNER_CERTIFICATE_ADMIN,
    XR_OWNER_VENDOR,
    XR_OWNER_YOU,
};

/* Where a command is typed; it decides how a slot's value is quoted. */
enum xr_shell {
    XR_SHELL_NONE,
    XR_SHELL_EMS, /* Exchange Management Shell */
    XR_SHELL_EXO, /* Exchange Online PowerShell */
    XR_SHELL_POWERSHELL,
    XR_SHELL_SH,
};

/* What must be so where the finding was made for a remedy to be of use there. */
enum {
    XR_WHEN_NTLM = 1u << 0,  /* NTLM was among the schemes that were refused */
    XR_WHEN_BOUND = 1u << 1, /* at EWS, by NTLM with channel binding, and nothing else was tried */
    XR_WHEN_IMPERSONATED = 1u << 2, /* mailboxes are opened by impersonation: every finding */
    XR_WHEN_DELEGATE = 1u << 3,     /* they are not: every finding */
    XR_WHEN_PASSING = 1u << 4,      /* the next time it may go well */
    XR_WHEN_LASTING = 1u << 5,      /* it was refused, and will be refused again */
};

/* One line of a remedy; a list of them ends with text NULL. */
struct xr_remedy {
    const char *text;    /* what to do and why */
    const char *command; /* NULL: none */
    const char
        *expect; /* what the command should print, or what that means; NULL: nothing to say */
    enum xr_shell shell;
    unsigned when; /* all of these must be so; 0: always of use */
};

struct xr_finding_kind {
    const char *id;        /* "impersonation.denied" */
    enum xr_status status; /* the usual one; a probe may judge milder or harder */
    enum xr_owner owner;
    const char *title;     /* a headline: the verdict sentence */
    const char *meaning;   /* what it means for the application; one or two sentences */
    const char *cause;     /* the likely causes */
    const char *reference; /* where to read on; NULL: nowhere */
    const struct xr_remedy *remedies;
};

/* One occurrence in a run. */
struct xr_finding {
    struct xr_finding *next;
    enum xr_finding_code code;
    enum xr_status status;
    const char *message;
    const char *code_name; /* the wire's own name of the error, for {code}; NULL: none */
    const char *cause; /* what this run knows better than the catalogue; NULL: the catalogue's */
    unsigned when;     /* what of XR_WHEN_* is so here */
};

const struct xr_finding_kind *xr_finding_kind(enum xr_finding_code code);
bool xr_finding_by_id(const char *id, enum xr_finding_code *ret_code); /* false: unknown */
const char *xr_owner_name(enum xr_owner owner);  /* "exchange-admin", as in the JSON */
const char *xr_owner_title(enum xr_owner owner); /* "Exchange administrator" */
const char *xr_shell_title(enum xr_shell shell); /* "Exchange Management Shell"; NULL for none */

/* The local.* class: our own side could not; never the target's fault. */
bool xr_finding_is_local(enum xr_finding_code code);

/* It is about the server as such and not about the access that was tested, so it is never the
 * verdict where anything else is as bad. */
bool xr_finding_is_background(enum xr_finding_code code);

#endif
