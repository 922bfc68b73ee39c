#ifndef XR_POLICY_H
#define XR_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/probe.h"

/*
 * Who may receive a secret or the mailbox address (CONTRACT section 8). The only place that decides
 * it; it does nothing else. docs/redirect-policy.md is written from its table.
 *
 * The organisation's own hosts are
 *   - the mail domain and every name below it,
 *   - what the user named exactly (--ews-url, --allow-redirect),
 *   - what an authenticated, verified answer of such a host named (EwsUrl, redirectUrl).
 * What an HTTP redirect, a record of DNS or an answer without a logon names never counts by itself.
 *
 * Names are compared label by label, without letter case and one final dot. Nothing but the name
 * itself is own where the mail domain is a single label: no address makes "com" somebody's own.
 * What is no plain host name or address, "evil.test/.contoso.test" for instance, is nobody's.
 */
struct xr_own_hosts {
    const char *mail_domain;    /* as A-labels; NULL: not known yet */
    const char *const *allowed; /* --allow-redirect; NULL-ended, never NULL */
    const char *named;          /* the host of --ews-url; NULL: none */
    const char *vouched;        /* what an authenticated answer named before; NULL: none */
};

/* How the place to go to became known. */
enum xr_named_by {
    XR_NAMED_BY_RULE,     /* derived from the address asked for: DOMAIN, autodiscover.DOMAIN; of a
                             redirectAddr too, and the host of --ews-url */
    XR_NAMED_BY_REDIRECT, /* Location of an HTTP redirect */
    XR_NAMED_BY_DNS,      /* a service record, or records that tell of Exchange Online */
    XR_NAMED_BY_HINT,     /* an answer without a logon: Autodiscover V2 */
    XR_NAMED_BY_ANSWER,   /* an answer behind a logon, over a verified connection */
    XR_NAMED_BY_COUNT
};

enum xr_cargo {
    XR_CARGO_NOTHING, /* a question without an address and without credentials */
    XR_CARGO_ADDRESS, /* the mailbox address */
    XR_CARGO_SECRET,  /* credentials (and the address with them) */
    XR_CARGO_COUNT
};

struct xr_passage {
    const char *from; /* the host that named the place; NULL: none did */
    enum xr_named_by by;
    bool https;
    const char *to; /* host, as in a URL: A-labels; a dot may end it */
    enum xr_cargo cargo;
};

enum xr_permit { XR_REFUSE, XR_SEND_ANONYMOUSLY, XR_SEND_SECRETS };

struct xr_ruling {
    enum xr_permit permit; /* of what is to be sent: XR_SEND_SECRETS for XR_CARGO_SECRET alone */
    const char *why;       /* a phrase: "it is outside the mail domain" */
};

struct xr_ruling xr_policy(const struct xr_own_hosts *own, const struct xr_passage *passage);

/* ---- the table behind it ---- */

/* What a host is to the organisation: the first that fits. */
enum xr_host_kind {
    XR_HOST_NONE,      /* NULL, empty, or no host name */
    XR_HOST_OF_DOMAIN, /* the mail domain or a name below it */
    XR_HOST_NAMED,     /* by the user */
    XR_HOST_VOUCHED,   /* by an authenticated answer before */
    XR_HOST_ANSWERED,  /* by the authenticated answer of an own host that is followed now */
    XR_HOST_FOREIGN,
    XR_HOST_KINDS
};

enum xr_over { XR_OVER_HTTP, XR_OVER_HTTPS, XR_OVER_COUNT };

/* Holds when all four sets have the case in them; the first row that holds decides. */
struct xr_policy_row {
    uint32_t hosts;    /* bits of enum xr_host_kind */
    uint32_t over;     /* bits of enum xr_over */
    uint32_t named_by; /* bits of enum xr_named_by */
    uint32_t cargos;   /* bits of enum xr_cargo */
    enum xr_permit permit;
    const char *why;
};

/* All rows, in their order. The last one refuses whatever no other row decides. */
const struct xr_policy_row *xr_policy_rows(size_t *ret_count);

/* The row that decides a case: never NULL. */
const struct xr_policy_row *xr_policy_row(
    const struct xr_own_hosts *own, const struct xr_passage *passage);

/* ---- what probes ask ---- */

struct xr_own_hosts xr_own_hosts(const struct xr_ctx *ctx);
/* The host is one of the organisation's own. */
bool xr_policy_may_receive(const struct xr_ctx *ctx, const char *host);
/* Why it is: a phrase for the report. NULL: it is not. */
const char *xr_policy_reason(const struct xr_ctx *ctx, const char *host);

#endif
