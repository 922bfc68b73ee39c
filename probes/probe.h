#ifndef XR_PROBE_H
#define XR_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/base/clock.h"
#include "analyzer/base/secret.h"
#include "analyzer/model/run.h"
#include "analyzer/wire/challenge.h"
#include "analyzer/wire/http.h"
#include "analyzer/wire/net.h"

struct xr_chain;
struct xr_ews_reply;
struct xr_kerberos;
struct xr_leg;

/* A host that answers GetUserSettings, and how it was asked. */
struct xr_settings_place {
    struct xr_url url;   /* https://HOST/autodiscover/autodiscover.svc */
    const char *address; /* the IP address in use */
    bool ignore_trust;
    enum xr_auth auth; /* the scheme that was accepted there */
};

/* What one run works with. The public side of it (facts, sent, steps) is in "run". */
struct xr_ctx {
    struct xr_arena *arena;
    const struct xr_target *target;
    const struct xr_net *net;
    struct xr_secret password, token;
    struct xr_kerberos *kerberos; /* where tickets come from; NULL: there are none */
    struct xr_run *run;
    struct xr_deadline deadline; /* step_us is the step that runs now */
    int64_t step_ms;             /* how long one step may take */
    bool repeated;               /* one of many alike: struct xr_http_request */

    const char *mail_domain; /* of the target mailbox, as A-labels; filled by input */
    struct xr_url ews;       /* filled by input or autodiscover */
    const char *named_host;  /* the host of --ews-url, or NULL; filled by input */
    const char *vouched;     /* host that an authenticated, verified answer named; NULL: none */
    const struct xr_chain *chain; /* ssl-trust of a file: what it holds; NULL: malformed says why */
    const struct xr_err *malformed;

    const struct xr_settings_place *settings_place; /* found by autodiscover; NULL: none */
    struct xr_leg *ews_leg; /* the way to the EWS host and the session with it; from endpoint on */
    struct xr_challenge challenge; /* what the EWS address asks for; not "any": not asked yet */
    enum xr_auth auth;             /* the scheme in use */
    bool proved; /* the password (not a ticket, not a token) was accepted once in this run */
    const char *proved_by; /* id of the step in which it was; NULL: not yet */
    /* What the server that accepted it told of itself, by NTLM; NULL: it was by Basic. */
    const struct xr_http_logon *proved_at;
    bool unbound; /* NTLM goes without channel binding: bound it was refused, unbound accepted */
    const char *const *version;  /* the RequestServerVersion in use: points into xr_ews_versions */
    bool account_has_no_mailbox; /* noticed by logon */
    const struct xr_ews_reply *directory; /* ResolveNames of the mailbox, if inbox asked; or NULL */
    const char *inbox_id; /* of the mailbox, if the test opened its Inbox; NULL: it did not */
    bool of_many;         /* first of a check of many: two requests for a mailbox must do */

    int64_t back_off_ms; /* how long the server asked us to wait, in this run; 0: it did not */
    int pauses;          /* taken in this run because a server was busy */
    bool proof_unclear;  /* a credential went out, and nothing shows that it was taken or refused */
    const char *gate_closed_by; /* id of the step in which a credential was refused; NULL: open */
};

/* The declarative part of a probe; what is known at run time lives in the context and the step. */
struct xr_probe {
    const char *id, *title, *about;
    uint32_t needs, provides; /* bits of enum xr_fact */
    bool (*applies)(
        const struct xr_target *); /* false: no trace of it in the report; NULL: always */
    const char *(*not_needed)(
        const struct xr_ctx *); /* why it does not apply, or NULL; NULL: always applies */
    enum xr_status (*run)(struct xr_ctx *, struct xr_step *);
};

/* A kind of test: an ordered list of probes. The order is the plan, the run and the report. */
struct xr_test {
    const char *name, *title, *about;
    const struct xr_probe *const *probes; /* ends with NULL */
};

extern const struct xr_test *const xr_tests[]; /* ends with NULL */

/* ssl-trust of a chain in a file: no packet is sent. */
extern const struct xr_test xr_test_chain;

/* The parts of service-account that differ from user to user, for the bulk check: by
 * impersonation; of a user who logs on himself; of one whose folder is not the Inbox. */
extern const struct xr_test xr_test_mailbox, xr_test_own_mailbox, xr_test_own_folder;

#endif
